"""Which hospitals a plan lists: the near ones, and those that its patients may need."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from shapely.geometry import Point

from planner.doctrine import Transport as Rules
from planner.hospitals.known import KnownHospital
from planner.hospitals.patients import HIGH_LEVELS
from planner.model import Casualties
from planner.terms import TraumaLevel

_HIGHEST = (TraumaLevel.I, TraumaLevel.II, TraumaLevel.III)
_MOST_MORE = 12


def seconds_beyond(straight_m: float, rules: Rules) -> float:
    """Estimate the seconds of a drive of which only the straight line is known."""
    return straight_m * rules.off_map_detour / (rules.off_map_kmh / 3.6)


def worth_asking(
    on_map: Sequence[KnownHospital],
    reached: Sequence[bool],
    said_m: Sequence[tuple[float, float]],
    start: Point,
    patients: Casualties,
    rules: Rules,
) -> list[int]:
    """Choose of the hospitals on the map the nearest, if there are more than anybody reads through.

    Parameters
    ----------
    on_map : sequence of KnownHospital
    reached : sequence of bool
        Whether a street leads there from the scene.
    said_m : sequence of (float, float)
        Where the coordinator has said something of a hospital, in the frame: it stays.
    start : Point
        Whence they are near, in a straight line.
    patients : Casualties
        For whom there has to be room.
    rules : Transport
        ``listed_hospitals`` says how many; all with a stated trauma level are listed beside.

    Returns
    -------
    list of int
        Which of them, ascending.
    """
    most = rules.listed_hospitals
    if len(on_map) <= most:
        return list(range(len(on_map)))
    away_m = [_apart_m(hospital, start) for hospital in on_map]
    order = sorted(range(len(on_map)), key=lambda k: (away_m[k], on_map[k].name))
    near = [k for k in order if reached[k]][:most]
    reach_m = away_m[near[-1]] if len(near) == most else math.inf
    chosen = [
        k
        for k in order
        if away_m[k] <= reach_m
        or (reached[k] and on_map[k].has_level)
        or _is_near(on_map[k], said_m, rules.same_hospital_m)
    ]
    rest = [on_map[k] for k in order if reached[k] and k not in chosen]
    listed = [on_map[k] for k in chosen if reached[k]]
    others = patients.yellow + patients.green
    more = _enough(rest, listed, others, lambda h: _other_room(h, rules), len(rest))
    return sorted({*chosen, *(k for k in order if on_map[k] in more)})


def worth_listing(
    beyond: Sequence[KnownHospital],
    on_map: Sequence[KnownHospital],
    start: Point,
    patients: Casualties,
    rules: Rules,
) -> list[KnownHospital]:
    """Choose the nearest of what the map lacks: trauma centres, a Level I, a paediatric one, any hospital.

    More of them where the patients need more places than are known on the map. Further than
    ``reds_further_min`` only the nearest of Level I or II, the nearest of Level I, the nearest such for
    children, and those that reds need who are driven past none of unknown level; where no hospital for adults
    is left, the nearest.
    """
    everywhere = sorted(beyond, key=lambda h: (_apart_m(h, start), h.name))
    near = [h for h in everywhere if seconds_beyond(_apart_m(h, start), rules) <= 60 * rules.reds_further_min]
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
    ask_first = any(h.adult_level is None and not h.for_children for h in (*on_map, *chosen))
    chosen += _enough(
        centres if ask_first else highest, (*on_map, *chosen), patients.red, lambda h: _red_room(h, rules)
    )
    others = patients.yellow + patients.green
    chosen += _enough(near, (*on_map, *chosen), others, lambda h: _other_room(h, rules))
    if all(h.for_children for h in (*on_map, *chosen)):
        chosen += [h for h in everywhere if not h.for_children][:1]
    return list(dict.fromkeys(chosen))


def _enough(
    near: Sequence[KnownHospital],
    known: Sequence[KnownHospital],
    patients: int,
    room_of: Callable[[KnownHospital], float],
    most: int = _MOST_MORE,
) -> list[KnownHospital]:
    """Take further hospitals, nearest first, until there is room for the patients, or a page is full."""
    room = sum(map(room_of, dict.fromkeys(known)))
    more: list[KnownHospital] = []
    for hospital in near:
        if room >= patients or len(more) == most:
            break
        if hospital not in known and room_of(hospital) >= 1:
            more.append(hospital)
            room += room_of(hospital)
    return more


def _red_room(hospital: KnownHospital, rules: Rules) -> float:
    return rules.red_per_h(hospital.adult_level) if hospital.adult_level else 0.0


def _other_room(hospital: KnownHospital, rules: Rules) -> float:
    if hospital.for_children:
        return 0.0
    beds = rules.assumed_beds if hospital.beds is None else hospital.beds
    return rules.others_per_100_beds * beds / 100


def _apart_m(hospital: KnownHospital, start: Point) -> float:
    return math.hypot(hospital.x_m - start.x, hospital.y_m - start.y)


def _is_near(hospital: KnownHospital, spots_m: Sequence[tuple[float, float]], reach_m: float) -> bool:
    return any(math.dist((hospital.x_m, hospital.y_m), spot_m) <= reach_m for spot_m in spots_m)
