"""Which hospitals a plan lists: the near ones, those that its patients may need, and those spoken of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shapely.geometry import Point

from planner.doctrine import Transport as Rules
from planner.hospitals.known import KnownHospital
from planner.hospitals.patients import HIGH_LEVELS, others_rate, red_rate
from planner.model import UNNAMED_HOSPITAL, Casualties, HospitalStatus, Incident
from planner.terms import TraumaLevel

_HIGHEST = (TraumaLevel.I, TraumaLevel.II, TraumaLevel.III)
_MOST_MORE = 12
Spot = tuple[float, float]


@dataclass(frozen=True)
class Wanted:
    """What is asked of the hospitals that are listed.

    Parameters
    ----------
    start : Point
        Whence they are near, in a straight line.
    here : Casualties
        Patients who are not sent yet.
    by_self_red, by_self_others : int
        For whom a place is kept, at each of the nearest hospitals, as they come by themselves.
    said : mapping from KnownHospital to HospitalStatus
        What the coordinator says of some.
    rules : Transport
    """

    start: Point
    here: Casualties
    by_self_red: int
    by_self_others: int
    said: Mapping[KnownHospital, HospitalStatus]
    rules: Rules

    def takes_ambulances(self, hospital: KnownHospital) -> bool:
        """Whether nobody says that it is closed or on diversion."""
        told = self.said.get(hospital)
        return told is None or not (told.closed or told.diversion)

    def red_room(self, hospital: KnownHospital) -> int:
        """Places of the first hour for reds, less those who are sent and those that are kept by word."""
        told = self.said.get(hospital)
        rate = red_rate(told.red_per_h if told else None, hospital.adult_level, self.rules) or 0.0
        gone = told.sent.red + (told.keep.red or 0) if told else 0
        return max(0, math.floor(rate) - gone) if self.takes_ambulances(hospital) else 0

    def other_room(self, hospital: KnownHospital) -> int:
        """Places of the first hour for yellow and green adults, less those who are sent and those kept."""
        if hospital.for_children or not self.takes_ambulances(hospital):
            return 0
        told = self.said.get(hospital)
        rate = others_rate(told.others_per_h if told else None, hospital.beds, self.rules)
        gone = told.sent.yellow + told.sent.green + (told.keep.others or 0) if told else 0
        return max(0, math.floor(rate) - gone)

    def away_m(self, hospital: KnownHospital) -> float:
        """Return how far off it lies, in a straight line."""
        return math.hypot(hospital.x_m - self.start.x, hospital.y_m - self.start.y)


def wanted(
    incident: Incident, start: Point, said: Mapping[KnownHospital, HospitalStatus], rules: Rules
) -> Wanted:
    """Count who needs a place, and for whom places are kept."""
    patients, children = incident.casualties or Casualties(), incident.children or Casualties()
    everybody = [max(n, k) for n, k in zip(vars(patients).values(), vars(children).values(), strict=True)]
    gone = [sum(getattr(one.sent, colour) for one in said.values()) for colour in vars(patients)]
    nearest = rules.walk_in_hospitals or 1
    return Wanted(
        start=start,
        here=Casualties(*(max(0, n - sent) for n, sent in zip(everybody, gone, strict=True))),
        by_self_red=math.ceil(rules.walk_in_red * everybody[0] / nearest),
        by_self_others=math.ceil(rules.walk_in_others * sum(everybody[1:]) / nearest),
        said=said,
        rules=rules,
    )


def said_of(
    hospitals: Sequence[KnownHospital],
    statuses: Sequence[HospitalStatus],
    spots_m: Sequence[Spot],
    reach_m: float,
) -> tuple[dict[int, HospitalStatus], list[HospitalStatus]]:
    """Find of which hospitals the coordinator speaks: by name, near the place; of two words the last counts.

    Parameters
    ----------
    hospitals : sequence of KnownHospital
    statuses : sequence of HospitalStatus
    spots_m : sequence of (float, float)
        Their places in the frame.
    reach_m : float
        How far off a hospital of that name may lie.

    Returns
    -------
    said : dict from int to HospitalStatus
        By the hospital's number.
    unknown : list of HospitalStatus
        Of hospitals that are not among these.
    """
    said: dict[int, HospitalStatus] = {}
    unknown = []
    for status, spot_m in zip(statuses, spots_m, strict=True):
        near = [
            (gap_m, k)
            for k, h in enumerate(hospitals)
            if (gap_m := math.dist((h.x_m, h.y_m), spot_m)) <= reach_m and _is_called(h, status.name)
        ]
        if near:
            said[min(near)[1]] = status
        else:
            unknown.append(status)
    return said, unknown


def _is_called(hospital: KnownHospital, name: str) -> bool:
    """Whether a name is a hospital's; one without a name is called by its street, which nobody knows yet."""
    if name.casefold() == hospital.name.casefold():
        return True
    if name == UNNAMED_HOSPITAL:
        return hospital.name.startswith(UNNAMED_HOSPITAL) or not hospital.name
    return not hospital.name and name.startswith(UNNAMED_HOSPITAL)


def seconds_beyond(straight_m: float, rules: Rules) -> float:
    """Estimate the seconds of a drive of which only the straight line is known."""
    return straight_m * rules.off_map_detour / (rules.off_map_kmh / 3.6)


def worth_asking(on_map: Sequence[KnownHospital], reached: Sequence[bool], asked: Wanted) -> list[int]:
    """Choose of the hospitals on the map the nearest, if there are more than anybody reads through.

    Parameters
    ----------
    on_map : sequence of KnownHospital
    reached : sequence of bool
        Whether a street leads there from the scene.
    asked : Wanted
        Those of which the coordinator says something stay; ``listed_hospitals`` of its rules says how many
        are listed, with all that have a stated trauma level beside, and more where patients need the room.

    Returns
    -------
    list of int
        Which of them, ascending.
    """
    most = asked.rules.listed_hospitals
    if len(on_map) <= most:
        return list(range(len(on_map)))
    away_m = [asked.away_m(hospital) for hospital in on_map]
    order = sorted(range(len(on_map)), key=lambda k: (away_m[k], on_map[k].name))
    near = [k for k in order if reached[k] and asked.takes_ambulances(on_map[k])][:most]
    reach_m = away_m[near[-1]] if len(near) == most else math.inf
    chosen = {
        k
        for k in order
        if away_m[k] <= reach_m or (reached[k] and on_map[k].has_level) or on_map[k] in asked.said
    }
    rest = [on_map[k] for k in order if reached[k] and k not in chosen]
    listed = [on_map[k] for k in order if reached[k] and k in chosen]
    more = set(_enough_others(rest, listed, asked, len(rest)))
    return sorted(chosen | {k for k in order if on_map[k] in more})


def worth_listing(
    beyond: Sequence[KnownHospital], on_map: Sequence[KnownHospital], asked: Wanted
) -> list[KnownHospital]:
    """Choose the nearest of what the map lacks: trauma centres, a Level I, a paediatric one, any hospital.

    More of them where the patients need more places than are known on the map, and all of which the
    coordinator says something. Further than ``reds_further_min`` only the nearest of Level I or II, the
    nearest of Level I, the nearest such for children, and those that reds need who are driven past none of
    unknown level; where no hospital for adults is left, the nearest.

    Parameters
    ----------
    beyond : sequence of KnownHospital
    on_map : sequence of KnownHospital
        Those that are listed, are reached, and take ambulances: where they do not, others have to be known.
    asked : Wanted
    """
    rules = asked.rules
    by_distance = sorted(beyond, key=lambda h: (asked.away_m(h), h.name))
    everywhere = [h for h in by_distance if asked.takes_ambulances(h)]
    near = [h for h in everywhere if seconds_beyond(asked.away_m(h), rules) <= 60 * rules.reds_further_min]
    far = everywhere[len(near) :]
    centres = [h for h in near if h.adult_level in _HIGHEST]
    highest = centres + [h for h in far if h.adult_level in HIGH_LEVELS]
    lacking = max(0, rules.off_map_hospitals - sum(h.adult_level in _HIGHEST for h in on_map))
    chosen = centres[:lacking]
    if not any(h.adult_level in HIGH_LEVELS for h in on_map):
        chosen += [h for h in highest if h.adult_level in HIGH_LEVELS][:1]
    if not any(h.adult_level is TraumaLevel.I for h in on_map):
        chosen += [h for h in highest if h.adult_level is TraumaLevel.I][:1]
    if not any(h.pediatric_level in HIGH_LEVELS for h in on_map):
        chosen += [h for h in everywhere if h.pediatric_level in HIGH_LEVELS][:1]
    if not on_map:
        chosen += near[: rules.off_map_hospitals]
    chosen += [h for h in by_distance if h in asked.said]
    ask_first = any(h.adult_level is None and not h.for_children for h in (*on_map, *chosen))
    chosen += _enough_reds(centres if ask_first else highest, (*on_map, *chosen), asked)
    chosen += _enough_others(near, (*on_map, *chosen), asked)
    if all(h.for_children for h in (*on_map, *chosen)):
        chosen += [h for h in everywhere if not h.for_children][:1]
    return list(dict.fromkeys(chosen))


def _enough_reds(
    near: Sequence[KnownHospital], known: Sequence[KnownHospital], asked: Wanted
) -> list[KnownHospital]:
    return _enough(near, known, asked, (asked.here.red, asked.by_self_red), asked.red_room)


def _enough_others(
    near: Sequence[KnownHospital], known: Sequence[KnownHospital], asked: Wanted, most: int = _MOST_MORE
) -> list[KnownHospital]:
    counts = asked.here.yellow + asked.here.green, asked.by_self_others
    return _enough(near, known, asked, counts, asked.other_room, most)


def _enough(
    near: Sequence[KnownHospital],
    known: Sequence[KnownHospital],
    asked: Wanted,
    counts: tuple[int, int],
    room_of: Callable[[KnownHospital], int],
    most: int = _MOST_MORE,
) -> list[KnownHospital]:
    """Take further hospitals, nearest first, until there is room for the patients, or a page is full.

    Room that is kept for those who come by themselves is none for others. Which hospitals they come to is by
    the drive, known later: of those that are near in a straight line the ones that keep most.
    """
    patients, by_self = counts
    here = sorted(dict.fromkeys(known), key=asked.away_m)
    coming = asked.rules.walk_in_hospitals
    kept = sorted((min(by_self, room_of(h)) for h in here[: 2 * coming]), reverse=True)[:coming]
    room = sum(map(room_of, here)) - sum(kept)
    there, more = set(here), list[KnownHospital]()
    for hospital in near:
        if room >= patients or len(more) == most:
            break
        if hospital not in there and room_of(hospital):
            more.append(hospital)
            room += room_of(hospital)
    return more
