"""Is there a better sharing of the patients? Reckoned again from the document, by another solver.

The plan's own sharing is found by whole-number shortest paths over all aims at once
(:mod:`planner.hospitals.patients`); here HiGHS is asked for one aim after the other, from what the document
says of each hospital. Nothing is taken over from how the plan was made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, milp

from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.doctrine import Transport
from planner.model import Casualties, HospitalOption, HospitalStatus, WalkIns
from planner.terms import TRIAGE, TraumaLevel

Floats = NDArray[np.float64]

_KINDS = tuple((colour, child) for child in (False, True) for colour in TRIAGE)
FULL_CARE = (TraumaLevel.I, TraumaLevel.II)
_AIMS = (
    "patients without a place",
    "patients beyond the golden hour, the badly hurt weighing more",
    "reds below the highest levels",
    "reds beyond the first wave",
    "seconds of driving, with what is driven further to spare or to suit",
    "minutes of yellow patients",
)
_SAME = 1e-6


@dataclass(frozen=True)
class _Cell:
    """So many patients of one kind at one place of a hospital; ``place`` is (hospital, kind, later)."""

    kind: int
    place: tuple[int, str, bool]
    room: int
    price: tuple[float, ...]


def check_sharing(scene: Scene) -> Iterator[Check]:
    """Judge what is kept for walk-ins, and whether fewer seconds or a better place was to be had."""
    hospitals, rules = scene.plan.hospitals, scene.doctrine.transport
    problems = list(_walk_in_problems(scene, rules))
    kept = sum(h.walk_ins.red + h.walk_ins.child_red + h.walk_ins.others for h in hospitals)
    yield judge("walk_ins", "hospitals", problems, f"{kept} places are kept for those who come by themselves")
    yield judge("sharing", "hospitals", list(_better(scene, rules)), "no better sharing is to be had")


# --- walk-ins -------------------------------------------------------------------------------------


def _walk_in_problems(scene: Scene, rules: Transport) -> Iterator[str]:
    hospitals = scene.plan.hospitals
    count = dict(zip(_KINDS, _people(scene), strict=True))
    others = sum(n for (colour, _), n in count.items() if colour != "red")
    open_to_walk_ins = [h for h in hospitals if h.time_s is not None and not h.closed]
    nearest = sorted(open_to_walk_ins, key=lambda h: (h.time_s, hospitals.index(h)))[
        : rules.walk_in_hospitals
    ]
    for hospital in hospitals:
        wanted: tuple[int, ...] = (0, 0, 0)
        if hospital in nearest:
            share = len(nearest)
            wanted = (
                math.ceil(rules.walk_in_red * count["red", False] / share),
                math.ceil(rules.walk_in_red * count["red", True] / share),
                math.ceil(rules.walk_in_others * others / share),
            )
        status = said_of(scene, hospital)
        if status and not status.closed:
            said = (status.keep.red, status.keep.child_red, status.keep.others)
            wanted = tuple(n if word is None else word for n, word in zip(wanted, said, strict=True))
        due = tuple(map(min, wanted, _full(hospital)))
        if hospital.walk_ins != WalkIns(*due):
            kept = hospital.walk_ins
            told = f"{kept.red}, {kept.child_red}, {kept.others}"
            yield f"{hospital.name} keeps {told} places for walk-ins, not {', '.join(map(str, due))}"


def said_of(scene: Scene, hospital: HospitalOption) -> HospitalStatus | None:
    """Return what the coordinator said last of a hospital: of its name, near its place."""
    reach_m = scene.doctrine.transport.same_hospital_m
    said = [
        status
        for status in scene.plan.incident.hospitals
        if status.name.casefold() == hospital.name.casefold()
        and scene.point(status.location).distance(scene.point(hospital.location)) <= reach_m
    ]
    return said[-1] if said else None


def _full(hospital: HospitalOption) -> tuple[int, int, int]:
    """Whole patients an hour: red adults, red children, others."""
    adults = 0.0 if hospital.children_only else hospital.red_per_h or 0.0
    return (
        math.floor(adults),
        math.floor(hospital.child_red_per_h or 0.0),
        math.floor(hospital.others_per_h or 0.0),
    )


def _people(scene: Scene) -> list[int]:
    """Red, yellow and green adults, then children; more children than casualties are casualties too."""
    said = scene.plan.incident.casualties or Casualties()
    young = scene.plan.incident.children or Casualties()
    grown = [max(0, getattr(said, c) - getattr(young, c)) for c in TRIAGE]
    return grown + [getattr(young, c) for c in TRIAGE]


def _still_here(scene: Scene) -> list[int]:
    """Leave out who is said to be sent already: adults first, to a hospital for children children first."""
    people = _people(scene)
    for hospital in sorted(scene.plan.hospitals, key=lambda h: not h.children_only):
        for k, colour in enumerate(TRIAGE):
            gone = getattr(hospital.sent, colour)
            for kind in (k + 3, k) if hospital.children_only else (k, k + 3):
                less = min(gone, people[kind])
                people[kind] -= less
                gone -= less
    return people


# --- the best sharing -------------------------------------------------------------------------------


def _better(scene: Scene, rules: Transport) -> Iterator[str]:
    people = _still_here(scene)
    planned = _planned(scene.plan.hospitals)
    sent = [sum(row[kind] for row in planned) for kind in range(len(_KINDS))]
    if any(n > most for n, most in zip(sent, people, strict=True)):
        return  # judged by the check of all patients
    cells = list(_cells(scene.plan.hospitals, people, rules))
    best = _least(cells, people)
    found = _least(cells, people, planned)
    if found is None or best is None:
        yield "what is sent exceeds what the hospitals take"
        return
    for aim, least, value in zip(_AIMS, best, found, strict=True):
        if value > least + max(_SAME, _SAME * abs(least)):
            yield f"{aim}: {value:g} planned, {least:g} would do"
            return


def _planned(hospitals: Sequence[HospitalOption]) -> list[list[int]]:
    """Patients of each kind at each hospital, as the document says."""
    return [
        [
            getattr(h.children, c) if child else getattr(h.assigned, c) - getattr(h.children, c)
            for c, child in _KINDS
        ]
        for h in hospitals
    ]


def _cells(hospitals: Sequence[HospitalOption], people: Sequence[int], rules: Transport) -> Iterator[_Cell]:
    nowhere = -1
    drives_s = [h.time_s for h in hospitals if h.time_s is not None and not (h.closed or h.diversion)]
    unknown_s = [
        h.time_s
        for h in hospitals
        if h.time_s is not None
        and not (h.closed or h.diversion or h.children_only or h.red_per_h is not None)
    ]
    red_s = min(unknown_s, default=math.inf) + 60 * rules.reds_further_min
    others_s = min(drives_s, default=0.0) + 60 * rules.others_further_min
    for kind, (colour, child) in enumerate(_KINDS):
        for k, hospital in enumerate(hospitals):
            if hospital.time_s is None or hospital.closed or hospital.diversion:
                continue
            if hospital.time_s > (red_s if colour == "red" else others_s):
                continue  # hours further than the nearest: rather wait
            for place, room in _rooms(k, hospital, rules):
                price = _price(colour, child, hospital, place, rules)
                if room and price is not None:
                    yield _Cell(kind, place, room, price)
        left_out = (3.0 - TRIAGE.index(colour), 0.0, 0.0, 0.0, 0.0, 0.0)
        yield _Cell(kind, (nowhere, colour, child), people[kind], left_out)


def _rooms(k: int, hospital: HospitalOption, rules: Transport) -> Iterator[tuple[tuple[int, str, bool], int]]:
    kept, gone = hospital.walk_ins, hospital.sent
    red, child_red, others = (
        max(0, n - held)
        for n, held in zip(_full(hospital), (kept.red, kept.child_red, kept.others), strict=True)
    )
    child_red = max(0, child_red - max(0, gone.red - red))
    red, others = max(0, red - gone.red), max(0, others - gone.yellow - gone.green)
    for name, room in (("red", red), ("child_red", child_red)):
        first = min(room, rules.first_wave_red)
        yield (k, name, False), first
        yield (k, name, True), room - first
    yield (k, "others", False), others


def _price(
    colour: str, child: bool, hospital: HospitalOption, place: tuple[int, str, bool], rules: Transport
) -> tuple[float, ...] | None:
    """Return what one patient there adds to each aim, None where none of this kind may be."""
    _, room, later = place
    if (colour == "red") is (room == "others") or (room == "child_red" and not child):
        return None
    if colour != "red" and hospital.children_only and not child:
        return None
    time_s = hospital.time_s or 0.0
    further_min = rules.second_choice_min if hospital.spared else 0.0
    steps = 0
    if colour == "red":
        level = hospital.pediatric_level if room == "child_red" else hospital.adult_level
        steps = (level not in FULL_CARE) + (child and room == "red")
    else:
        further_min += _suits_min(colour, child, hospital, rules)
    driven_s = round(time_s + 60 * further_min)
    return (
        0.0,
        float(time_s > 60 * rules.golden_hour_min) * _weight(colour, child),
        float(steps),
        float(later),
        float(driven_s),
        float(math.ceil(driven_s / 60)) if colour == "yellow" else 0.0,
    )


def _weight(colour: str, child: bool) -> float:
    """Return how much it weighs that one comes late: of reds, children are kept within the hour first."""
    return 3.0 - TRIAGE.index(colour) + (colour == "red" and child)


def _suits_min(colour: str, child: bool, hospital: HospitalOption, rules: Transport) -> float:
    further_min = 0.0
    if colour == "yellow" and hospital.adult_level is None and hospital.pediatric_level is None:
        further_min += rules.yellow_level_min
    if hospital.spared or (colour == "green" and hospital.adult_level in FULL_CARE):
        further_min += rules.green_spare_min
    if child and not hospital.children_only and hospital.pediatric_level is None:
        further_min += rules.child_spare_min
    return further_min


def _least(
    cells: Sequence[_Cell], people: Sequence[int], fixed: Sequence[Sequence[int]] | None = None
) -> list[float] | None:
    """Return the least of each aim, one after the other; with what each hospital gets fixed if given."""
    rows, low, high = _limits(cells, people, fixed)
    upper = np.array([cell.room for cell in cells], dtype=float)
    least: list[float] = []
    for aim in range(len(_AIMS)):
        price = np.array([cell.price[aim] for cell in cells])
        solved = milp(
            price,
            integrality=np.ones(len(cells), dtype=np.int64),
            bounds=Bounds(np.zeros(len(cells)), upper),
            constraints=(np.array(rows), low, high),
        )
        if not solved.success:
            return None
        least.append(float(price @ np.rint(solved.x)))
        rows, low, high = [*rows, price], [*low, -np.inf], [*high, least[-1] + _SAME]
    return least


def _limits(
    cells: Sequence[_Cell], people: Sequence[int], fixed: Sequence[Sequence[int]] | None
) -> tuple[list[Floats], list[float], list[float]]:
    """Everybody is somewhere, no place holds more than it has room for, and what is fixed is kept."""
    rows: list[Floats] = []
    low: list[float] = []
    high: list[float] = []

    def limit(chosen: Sequence[bool], least: float, most: float) -> None:
        rows.append(np.array(chosen, dtype=float))
        low.append(least)
        high.append(most)

    for kind, n in enumerate(people):
        limit([cell.kind == kind for cell in cells], n, n)
    for place, room in {cell.place: cell.room for cell in cells}.items():
        limit([cell.place == place for cell in cells], 0, room)
    for k, count in enumerate(fixed or ()):
        for kind, n in enumerate(count):
            limit([cell.kind == kind and cell.place[0] == k for cell in cells], n, n)
    return rows, low, high
