"""How many ambulances it takes, in how many waves, and when the last red patient is at a hospital."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from planner.doctrine import Transport as Rules
from planner.hospitals.drives import Drive
from planner.hospitals.patients import Shares
from planner.model import AmbulanceNeed, Casualties, Incident
from planner.sites.demand import Agency, agency_of


def ambulances_for(
    incident: Incident, drives: Sequence[Drive], shares: Shares, rules: Rules
) -> AmbulanceNeed | None:
    """Reckon the ambulances for red and yellow patients still to be driven; green ones go by bus or car.

    A red patient goes alone, yellow ones together (``domain.md`` 3.4). Trips are made reds first, one to each
    hospital before a second to any, soonest first; whoever is back soonest drives next. A round trip is twice
    the drive and the turnaround, which is no shorter at best. Nobody says when those who are sent left: the
    ambulances that took them, as many as there are, have just gone, and to the furthest of these hospitals.

    Returns
    -------
    AmbulanceNeed or None
        None where no casualties are said, or none of them red or yellow.
    """
    patients, children = incident.casualties or Casualties(), incident.children or Casualties()
    sent = [drive.status.sent for drive in drives if drive.status]
    red = max(0, max(patients.red, children.red) - sum(n.red for n in sent))
    yellow = max(0, max(patients.yellow, children.yellow) - sum(n.yellow for n in sent))
    needed = red + math.ceil(yellow / rules.yellow_per_ambulance)
    if not needed:
        return None
    counted = [count for name, count in incident.units if is_ambulance(name)]
    at_hand = sum(counted) if counted else None
    fleet = needed if at_hand is None else at_hand
    trips = list(_trips(drives, shares, rules))
    left = _left(drives, rules)
    just_gone = 0 if at_hand is None else min(at_hand, sum(count for _, count in left))
    away = list(_away(left, just_gone, len(trips)))

    def reckoned(time_s: Callable[[_Trip], float]) -> tuple[float, float, int]:
        away_s = [time_s(trip) for trip in away]
        return _reckon([(trip.is_red, time_s(trip)) for trip in trips], (fleet - just_gone, away_s), rules)

    _, _, waves = reckoned(lambda trip: trip.time_s)
    waves = max(waves, math.ceil(needed / fleet)) if fleet else 0  # who finds no place is to be driven, too
    soon_red_s, soon_s, _ = reckoned(lambda trip: trip.time_s * rules.best_case)
    late_red_s, late_s, _ = reckoned(lambda trip: trip.late_s)
    placed_red, placed = not shares.left.red, not (shares.left.red or shares.left.yellow)
    return AmbulanceNeed(
        needed=needed,
        at_hand=at_hand,
        waves=waves,
        last_red_min=_span(soon_red_s, late_red_s, rules) if placed_red and late_red_s else None,
        last_min=_span(soon_s, late_s, rules) if placed and late_s else None,
        reason=(
            f"a red patient goes alone, {rules.yellow_per_ambulance} yellow together, green by bus or car; "
            f"a round trip is twice the drive and {rules.turnaround_min:.0f} min; no traffic data"
            + (f"; {just_gone} counted as just gone with those sent" if just_gone else "")
        ),
        just_gone=just_gone,
    )


def _span(soon_s: float, late_s: float, rules: Rules) -> tuple[int, int]:
    """Return whole minutes, rounded as those of a drive are."""
    low = max(1, math.floor(soon_s / 60))
    return low, max(low, math.ceil((late_s + rules.load_out_s) / 60))


def is_ambulance(unit: str) -> bool:
    """Whether a unit, as an incident's ``units`` name it, is an ambulance."""
    return agency_of(unit) is Agency.EMS


class _Trip(NamedTuple):
    """One ambulance's way to a hospital; late, as an estimate off the map may be."""

    is_red: bool
    time_s: float
    late_s: float


def _trips(drives: Sequence[Drive], shares: Shares, rules: Rules) -> Iterator[_Trip]:
    """Yield the trips in the order in which they are made: reds first, hospital by hospital in turn."""
    rounds = []
    for k, (drive, sent) in enumerate(zip(drives, shares.assigned, strict=True)):
        if drive.time_s is None:
            continue
        rounds += [(False, n, drive.time_s, k) for n in range(sent.red)]
        rounds += [
            (True, n, drive.time_s, k) for n in range(math.ceil(sent.yellow / rules.yellow_per_ambulance))
        ]
    for later, _, time_s, k in sorted(rounds):
        yield _Trip(not later, time_s, _late_s(drives[k], time_s, rules))


def _late_s(drive: Drive, time_s: float, rules: Rules) -> float:
    return time_s * (rules.off_map_late if drive.beyond_m else 1.0)


def _left(drives: Sequence[Drive], rules: Rules) -> list[tuple[_Trip | None, int]]:
    """Return by what trips, and how often, those who are sent left, the longest first; None: no way known."""
    left: list[tuple[_Trip | None, int]] = []
    for drive in drives:
        sent = drive.status.sent if drive.status else Casualties()
        count = sent.red + math.ceil(sent.yellow / rules.yellow_per_ambulance)
        time_s = drive.time_s
        trip = None if time_s is None else _Trip(False, time_s, _late_s(drive, time_s, rules))
        left += [(trip, count)] if count else []
    return sorted(left, key=lambda one: -one[0].late_s if one[0] else -math.inf)


def _away(left: Sequence[tuple[_Trip | None, int]], fleet: int, most: int) -> Iterator[_Trip]:
    """Yield the trips that a fleet has just left for, of each kind as many as matter to so many trips more.

    The longest are taken first. From where no drive is known none is back.
    """
    for trip, count in left:
        gone = min(fleet, count)
        fleet -= gone
        if trip is not None:
            yield from [trip] * min(gone, most)


def _reckon(
    trips: Sequence[tuple[bool, float]], fleet: tuple[int, Sequence[float]], rules: Rules
) -> tuple[float, float, int]:
    """Return when the last red, and the last of all, arrives, and the most trips of one ambulance.

    The fleet is how many ambulances are here, and the drives of those that have just left, each on a trip.
    """
    here, away_s = fleet
    free = [(0.0, k, 0) for k in range(min(here, len(trips)))]
    free += [(2 * s + rules.turnaround_min * 60, here + k, 1) for k, s in enumerate(away_s)]
    heapq.heapify(free)
    if not free or not trips:
        return 0.0, 0.0, 0
    last_red_s = last_s = 0.0
    most = 0
    for is_red, time_s in trips:
        leaves_s, ambulance, made = heapq.heappop(free)
        there_s = leaves_s + time_s
        last_s = max(last_s, there_s)
        last_red_s = max(last_red_s, there_s) if is_red else last_red_s
        most = max(most, made + 1)
        heapq.heappush(free, (there_s + time_s + rules.turnaround_min * 60, ambulance, made + 1))
    return last_red_s, last_s, most
