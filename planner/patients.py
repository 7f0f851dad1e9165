"""Who takes how many: a first hour's patients shared out by level, hourly capacity and walk-in reserve.

Red patients go to trauma centres of a known level only; yellow and green to any hospital. Time is the only
cost and each hospital's capacity the only limit, so taking the cheapest place again and again is the optimum
(a transportation problem with one kind of goods); the tests hold it to a linear program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planner.doctrine import Transport
from planner.model import Casualties
from planner.terms import TraumaLevel


@dataclass(frozen=True)
class Ward:
    """What the sharing needs to know of one hospital.

    Parameters
    ----------
    time_s : float or None
        Planning time; None where it cannot be reached.
    adult_level : TraumaLevel or None
    beds : int or None
    for_children : bool
        Takes children only: none of the patients, whose ages nobody knows, are planned there.
    detour_s : float
        How much further patients are driven to spare them this one.
    """

    time_s: float | None
    adult_level: TraumaLevel | None
    beds: int | None
    for_children: bool = False
    detour_s: float = 0.0


@dataclass(frozen=True)
class Shares:
    """Who takes whom, in the order of the wards, and who finds no place within the first hour.

    Parameters
    ----------
    assigned : tuple of Casualties
    red_caps, other_caps : tuple of int
        Places of the first hour after the walk-in reserve.
    left : Casualties
        Patients beyond all capacity.
    """

    assigned: tuple[Casualties, ...]
    red_caps: tuple[int, ...]
    other_caps: tuple[int, ...]
    left: Casualties


def red_per_h(ward: Ward, rules: Transport) -> float | None:
    """Critical patients an hour, None where no source states an adult level: it is never guessed."""
    return None if ward.adult_level is None else rules.red_per_h(ward.adult_level)


def share_patients(patients: Casualties, wards: Sequence[Ward], rules: Transport) -> Shares:
    """Share out the patients of the first hour, by least total time within capacity.

    Each trauma centre gets a first wave of reds before one gets more; a place beyond the golden hour is taken
    only when all nearer ones are. Capacity for those who will come by themselves is kept at the nearest
    hospitals (``domain.md`` 3.4).
    """
    red_caps, other_caps = _caps(patients, wards, rules)
    reds = _fill(patients.red, _red_places(wards, red_caps, rules))
    near_first = [(_turn(w, rules), k) for k, w in enumerate(wards) for _ in range(other_caps[k])]
    yellows = _fill(patients.yellow, near_first)
    rest = sorted(near_first)[len(yellows) :]
    greens = _fill(patients.green, rest)
    assigned = tuple(Casualties(reds.count(k), yellows.count(k), greens.count(k)) for k in range(len(wards)))
    left = Casualties(patients.red - len(reds), patients.yellow - len(yellows), patients.green - len(greens))
    return Shares(assigned, red_caps, other_caps, left)


def _caps(
    patients: Casualties, wards: Sequence[Ward], rules: Transport
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Places of the first hour at each hospital, less those kept for walk-ins at the nearest ones."""
    red = [math.floor(red_per_h(w, rules) or 0.0) if w.time_s is not None else 0 for w in wards]
    others = [_other_places(w, rules) for w in wards]
    reached = [(w.time_s, k) for k, w in enumerate(wards) if w.time_s is not None]
    nearest = [k for _, k in sorted(reached)[: rules.walk_in_hospitals]]
    if nearest:
        kept_red = math.ceil(rules.walk_in_red * patients.red / len(nearest))
        kept_others = math.ceil(rules.walk_in_others * (patients.yellow + patients.green) / len(nearest))
        for k in nearest:
            red[k], others[k] = max(0, red[k] - kept_red), max(0, others[k] - kept_others)
    return tuple(red), tuple(others)


def _other_places(ward: Ward, rules: Transport) -> int:
    if ward.time_s is None or ward.for_children:
        return 0
    beds = rules.assumed_beds if ward.beds is None else ward.beds
    return math.floor(rules.others_per_100_beds * beds / 100)


def _red_places(
    wards: Sequence[Ward], caps: Sequence[int], rules: Transport
) -> list[tuple[tuple[float, ...], int]]:
    """Every place for a red patient with its cost: within the hour, wave by wave, then by time."""
    places: list[tuple[tuple[float, ...], int]] = []
    for k, ward in enumerate(wards):
        for place in range(caps[k]):
            later = 0.0 if place < rules.first_wave_red else 1.0
            late, time_s = _turn(ward, rules)
            places.append(((late, later, time_s), k))
    return places


def _turn(ward: Ward, rules: Transport) -> tuple[float, float]:
    """In which turn a ward is filled: within the hour, then by time and what is driven to spare it."""
    time_s = math.inf if ward.time_s is None else ward.time_s
    return (1.0 if time_s > rules.golden_hour_min * 60 else 0.0, time_s + ward.detour_s)


def _fill(count: int, places: Sequence[tuple[tuple[float, ...], int]]) -> list[int]:
    """Take the cheapest places, ties by the order of the hospitals; returns the hospital of each."""
    return [k for _, k in sorted(places)[:count]]
