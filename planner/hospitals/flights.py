"""The flight to a hospital beside the drive, and where it is worth asking for.

Air is an option to ask for, never a plan: how long a helicopter takes to come, whether it flies, and how
long loading takes, nothing here knows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from shapely.geometry import Point

from planner import words
from planner.doctrine import Transport as Rules
from planner.hospitals.drives import Drive
from planner.hospitals.known import KnownHospital
from planner.hospitals.patients import HIGH_LEVELS, Shares
from planner.model import Notice
from planner.terms import NoticeLevel, TraumaLevel

UNKNOWN_OF_AIR = "flight time only: load, launch and weather unknown"
_ABOUT = "hospitals"
_MOST_NAMES = 4


def with_flights(drives: Sequence[Drive], take_off: Point, rules: Rules) -> list[Drive]:
    """Give the drives to hospitals with a helipad the time in a straight line through the air as well."""
    return [
        replace(drive, air_range_min=_flight_min(drive.hospital, take_off, rules))
        if drive.hospital.helipad
        else drive
        for drive in drives
    ]


def _flight_min(hospital: KnownHospital, take_off: Point, rules: Rules) -> tuple[int, int]:
    straight_m = math.hypot(hospital.x_m - take_off.x, hospital.y_m - take_off.y)
    flight_min = straight_m / 1000 / rules.air_kmh * 60
    return max(1, math.floor(flight_min)), max(1, math.ceil(flight_min + rules.air_extra_min))


def air_offer(drive: Drive, reds: int, helispot: str, rules: Rules) -> str:
    """Say what a flight of reds takes where the drive is far and a flight is shorter, "" elsewhere.

    Far is: no way by road, the late end beyond the golden hour, or a Level I that lies off the map. Only to
    hospitals with a known helipad that take ambulances at all: of Level I or II for adults or children, or of
    any known level where reds are planned or no road leads.

    Parameters
    ----------
    drive : Drive
        With its flight, from :func:`with_flights`.
    reds : int
        Reds that are planned to be driven there.
    helispot : str
        Name of the site from which it takes off, "" where none is chosen.
    rules : Transport
    """
    air = drive.air_range_min
    hospital = drive.hospital
    if air is None or drive.shut or not hospital.has_level:
        return ""
    high = hospital.adult_level in HIGH_LEVELS or hospital.pediatric_level in HIGH_LEVELS
    if not (high or reds or drive.time_s is None):
        return ""
    if not _is_far(drive, rules) or (drive.time_s is not None and air[1] >= drive.time_s / 60):
        return ""
    whence = f"from {helispot}" if helispot else "no helispot is chosen yet"
    return f"consider air for reds: {words.minutes(air)} in flight, {whence}; {UNKNOWN_OF_AIR}"


def _is_far(drive: Drive, rules: Rules) -> bool:
    if drive.range_min is None:
        return True
    first_off_map = drive.beyond_m > 0 and drive.hospital.adult_level is TraumaLevel.I
    return first_off_map or drive.range_min[1] > rules.golden_hour_min


def air_notices(drives: Sequence[Drive], offers: Sequence[str], shares: Shares, rules: Rules) -> list[Notice]:
    """Say for which planned reds a flight may be shorter, and which trauma centres only air reaches."""
    offered = [(d, n.red) for d, offer, n in zip(drives, offers, shares.assigned, strict=True) if offer]
    notices = []
    sent = [d for d, reds in offered if reds]
    if sent:
        late = any(d.range_min is not None and d.range_min[1] > rules.golden_hour_min for d in sent)
        text = f"Reds are driven far to {_named(sent)}: consider air; {UNKNOWN_OF_AIR}"
        notices.append(Notice(NoticeLevel.CAUTION if late else NoticeLevel.INFO, text, _ABOUT))
    cut_off = [d for d, _ in offered if d.range_min is None]
    if cut_off:
        text = f"No way by road, and a helipad at {_named(cut_off)}: consider air; {UNKNOWN_OF_AIR}"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices


def _named(drives: Sequence[Drive]) -> str:
    told = [f"{d.hospital.name} ({words.minutes(d.air_range_min)} in flight)" for d in drives]
    more = f" and {len(told) - _MOST_NAMES} more" if len(told) > _MOST_NAMES else ""
    return ", ".join(told[:_MOST_NAMES]) + more
