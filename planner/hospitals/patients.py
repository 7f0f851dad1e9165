"""Who takes how many: a first hour's patients shared out by level, hourly capacity and walk-in reserve.

Red patients go to trauma centres of a known level only, not for hours past hospitals of unknown level;
yellow and green to any hospital that is not hours further than the nearest; children apart. Everybody who
can be placed is; then, in this order: as few as can be beyond the golden hour, where a red weighs as three
greens and a yellow as two, and of reds the children come first (an adults' centre within the hour treats a
child before a children's centre beyond it: highest level within reach, then transfer; ``domain.md`` 3.2
[ACS21], 3.4); reds at the highest levels, a first wave everywhere before a second, least total time. Solved
exactly (:mod:`planner.hospitals.allotment`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Transport
from planner.hospitals.allotment import allot, ranked_costs
from planner.model import Casualties, KeptPlaces, WalkIns
from planner.terms import TraumaLevel

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HIGH_LEVELS = (TraumaLevel.I, TraumaLevel.II)
"""Levels that give a red patient full care; others are for when these are full or too far."""
_NOBODY = Casualties()
_AS_DOCTRINE = KeptPlaces()
_MOST_S = 36_000.0
"""Drives longer than this are all alike."""
_COLOUR, _CHILD = np.array([0, 1, 2, 0, 1, 2])[:, None], np.array([0, 0, 0, 1, 1, 1])[:, None] > 0
"""The kinds of patients: red, yellow and green adults, then children."""
_RED, _YELLOW, _GREEN = (k == _COLOUR for k in range(3))
_FOR_RED, _FOR_RED_CHILD, _FOR_OTHERS = range(3)
"""The kinds of room at a hospital."""


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
        Takes children only: no adults, nor patients whose ages nobody knows, are planned there.
    detour_s : float
        How much further patients are driven to spare them this one.
    pediatric_level : TraumaLevel or None
    closed, diversion : bool
        Takes nobody at all; takes no ambulances.
    red, child_red, others : float or None
        Patients an hour as the coordinator says; None = by level, beds and doctrine.
    sent : Casualties
        Already there or on the way; they take their places.
    keep : KeptPlaces
        Places to keep for walk-ins, as the coordinator says.
    """

    time_s: float | None
    adult_level: TraumaLevel | None
    beds: int | None
    for_children: bool = False
    detour_s: float = 0.0
    pediatric_level: TraumaLevel | None = None
    closed: bool = False
    diversion: bool = False
    red: float | None = None
    child_red: float | None = None
    others: float | None = None
    sent: Casualties = _NOBODY
    keep: KeptPlaces = _AS_DOCTRINE

    @property
    def takes_ambulances(self) -> bool:
        """Whether it can be reached and is open to ambulances."""
        return self.time_s is not None and not self.closed and not self.diversion


class Caps(NamedTuple):
    """Places of one hospital in the first hour."""

    red: int
    child_red: int
    others: int


@dataclass(frozen=True)
class Shares:
    """Who takes whom, in the order of the wards, and who finds no place within the first hour.

    Parameters
    ----------
    assigned, children : tuple of Casualties
        Everybody sent to each ward, and how many of them are children.
    caps : tuple of Caps
        Places for ambulances: after what is kept for walk-ins.
    walk_ins : tuple of WalkIns
        What is kept for those who come by themselves.
    left : Casualties
        Patients beyond all capacity.
    assumed_children : Casualties
        Children still here by assumption: adults and children were there, and of those sent to hospitals
        that take both nobody tells the age. They are taken for adults.
    """

    assigned: tuple[Casualties, ...]
    children: tuple[Casualties, ...]
    caps: tuple[Caps, ...]
    walk_ins: tuple[WalkIns, ...]
    left: Casualties
    assumed_children: Casualties = _NOBODY

    @property
    def red_caps(self) -> tuple[int, ...]:
        """Places for red adults after the reserve."""
        return tuple(cap.red for cap in self.caps)

    @property
    def other_caps(self) -> tuple[int, ...]:
        """Places for yellow and green patients after the reserve."""
        return tuple(cap.others for cap in self.caps)


def red_rate(said: float | None, level: TraumaLevel | None, rules: Transport) -> float | None:
    """Reds an hour: what somebody says, else by the level; None where nobody states it: never guessed."""
    if said is not None:
        return said
    return None if level is None else rules.red_per_h(level)


def others_rate(said: float | None, beds: int | None, rules: Transport) -> float:
    """Yellow and green patients an hour: what somebody says, else by the beds, assumed where not stated."""
    if said is not None:
        return said
    return rules.others_per_100_beds * (rules.assumed_beds if beds is None else beds) / 100


def red_per_h(ward: Ward, rules: Transport) -> float | None:
    """Red adults an hour, None where nobody states a level or a number."""
    return red_rate(ward.red, ward.adult_level, rules)


def child_red_per_h(ward: Ward, rules: Transport) -> float | None:
    """Red children an hour beside the adults, None where nobody states a paediatric level or a number."""
    return red_rate(ward.child_red, ward.pediatric_level, rules)


def others_per_h(ward: Ward, rules: Transport) -> float:
    """Yellow and green patients an hour."""
    return others_rate(ward.others, ward.beds, rules)


def share_patients(
    patients: Casualties, wards: Sequence[Ward], rules: Transport, children: Casualties | None = None
) -> Shares:
    """Share out the patients of the first hour, by least total time within capacity.

    Parameters
    ----------
    patients : Casualties
        Everybody; where more children are said than patients, there are so many patients.
    wards : sequence of Ward
    rules : Transport
    children : Casualties or None
        How many of the patients are children; None = ages are not known, and all are planned as adults.
    """
    everybody = _counts(patients, children or Casualties())
    caps, walk_ins = _caps(everybody, wards, rules)
    count = _still_here(everybody, wards)
    places = _places(caps, rules)
    taken = allot(count, np.append(places.room, count.sum()), _costs(places, wards, rules))
    sent = np.zeros((len(wards), len(count)), dtype=np.int64)
    np.add.at(sent, places.ward, taken[:, :-1].T)
    return Shares(
        assigned=tuple(_casualties(by) for by in sent[:, :3] + sent[:, 3:]),
        children=tuple(_casualties(by) for by in sent[:, 3:]),
        caps=caps,
        walk_ins=walk_ins,
        left=_casualties(taken[:3, -1] + taken[3:, -1]),
        assumed_children=_casualties(_by_assumption(everybody, count, wards)),
    )


def walk_ins_by_doctrine(
    patients: Casualties, wards: Sequence[Ward], rules: Transport, children: Casualties | None = None
) -> tuple[WalkIns, ...]:
    """Return what would be kept for walk-ins at each ward if the coordinator said nothing of it."""
    silent = [replace(ward, keep=_AS_DOCTRINE) for ward in wards]
    return _caps(_counts(patients, children or Casualties()), silent, rules)[1]


# --- who there is, and where there is room ------------------------------------------------------------


def _counts(patients: Casualties, children: Casualties) -> Ints:
    """Return the red, yellow and green adults, then children."""
    everybody = np.array([patients.red, patients.yellow, patients.green], dtype=np.int64)
    young = np.array([children.red, children.yellow, children.green], dtype=np.int64)
    return np.concatenate([np.maximum(everybody - young, 0), young])


def _still_here(count: Ints, wards: Sequence[Ward]) -> Ints:
    """Take off who is sent already: children first who went to children's hospitals, elsewhere adults first.

    A running count tells no ages. One above what there is of these is taken off the others.
    """
    to_childrens = _gone([ward for ward in wards if ward.for_children])
    to_any = _gone([ward for ward in wards if not ward.for_children])
    grown, young = _less(count[3:], count[:3], to_childrens)[::-1]
    return np.concatenate(_less(grown, young, to_any))


def _gone(wards: Sequence[Ward]) -> Ints:
    sent = np.array([(w.sent.red, w.sent.yellow, w.sent.green) for w in wards], dtype=np.int64)
    gone: Ints = sent.reshape(-1, 3).sum(axis=0)
    return gone


def _less(first: Ints, then: Ints, gone: Ints) -> tuple[Ints, Ints]:
    """Take some off two counts: off the first as long as there are any."""
    return np.maximum(first - gone, 0), np.maximum(then - np.maximum(gone - first, 0), 0)


def _by_assumption(count: Ints, here: Ints, wards: Sequence[Ward]) -> Ints:
    """Return the children still here of whose colour adults were there, too, and some left for any age."""
    asked = (_gone([ward for ward in wards if not ward.for_children]) > 0) & (count[:3] > 0)
    return np.where(asked, here[3:], 0)


def _casualties(counts: Ints) -> Casualties:
    red, yellow, green = counts.tolist()
    return Casualties(red, yellow, green)


def _caps(
    count: Ints, wards: Sequence[Ward], rules: Transport
) -> tuple[tuple[Caps, ...], tuple[WalkIns, ...]]:
    """Places of the first hour at each hospital, less those kept for walk-ins.

    Kept is what the coordinator says, else doctrine's share of the patients at the nearest ones; never more
    than there are.
    """
    reached = sorted((w.time_s, k) for k, w in enumerate(wards) if w.time_s is not None and not w.closed)
    nearest = {k for _, k in reached[: rules.walk_in_hospitals]}
    kept = _walk_ins(count, len(nearest), rules)
    full = [_full_caps(ward, rules) for ward in wards]
    walk_ins = [
        Caps(*map(min, _as_said(kept if k in nearest else Caps(0, 0, 0), ward), cap))
        for k, (ward, cap) in enumerate(zip(wards, full, strict=True))
    ]
    free = [
        _after_sent(Caps(*(n - held for n, held in zip(cap, by_self, strict=True))), ward)
        if ward.takes_ambulances
        else Caps(0, 0, 0)
        for ward, cap, by_self in zip(wards, full, walk_ins, strict=True)
    ]
    return tuple(free), tuple(WalkIns(*held) for held in walk_ins)


def _walk_ins(count: Ints, hospitals: int, rules: Transport) -> Caps:
    """Who comes by themselves to each of the nearest hospitals, rounded up."""
    if not hospitals:
        return Caps(0, 0, 0)
    red, _, _, child_red, _, _ = count.tolist()
    others = int(count.sum()) - red - child_red
    return Caps(
        math.ceil(rules.walk_in_red * red / hospitals),
        math.ceil(rules.walk_in_red * child_red / hospitals),
        math.ceil(rules.walk_in_others * others / hospitals),
    )


def _as_said(kept: Caps, ward: Ward) -> Caps:
    """Put what the coordinator says in place of doctrine's share; a closed one keeps nothing for anybody."""
    said = (0, 0, 0) if ward.closed else (ward.keep.red, ward.keep.child_red, ward.keep.others)
    return Caps(*(n if word is None else word for n, word in zip(kept, said, strict=True)))


def _full_caps(ward: Ward, rules: Transport) -> Caps:
    red = 0.0 if ward.for_children else red_per_h(ward, rules) or 0.0
    child_red = child_red_per_h(ward, rules) or 0.0
    return Caps(*map(math.floor, (red, child_red, others_per_h(ward, rules))))


def _after_sent(cap: Caps, ward: Ward) -> Caps:
    """Take off the places of those who are sent already; reds beyond the adults' places take children's."""
    over = max(0, ward.sent.red - cap.red)
    return Caps(
        max(0, cap.red - ward.sent.red),
        max(0, cap.child_red - over),
        max(0, cap.others - ward.sent.yellow - ward.sent.green),
    )


class _Places(NamedTuple):
    """Room at the wards: of which ward, for whom, whether beyond the first wave, for how many."""

    ward: Ints
    kind: Ints
    later: Ints
    room: Ints


def _places(caps: Sequence[Caps], rules: Transport) -> _Places:
    """Every kind of room of every ward, in their order; the first wave of reds apart from later ones."""
    rows = []
    for k, cap in enumerate(caps):
        for kind, room in enumerate(cap):
            first = room if kind == _FOR_OTHERS else min(room, rules.first_wave_red)
            rows += [(k, kind, 0, first), (k, kind, 1, room - first)]
    table = np.array([row for row in rows if row[3]], dtype=np.int64).reshape(-1, 4)
    return _Places(*table.T)


# --- aims -------------------------------------------------------------------------------------------


def _costs(places: _Places, wards: Sequence[Ward], rules: Transport) -> Ints:
    """Return what a patient of each kind costs in each place, and last what leaving one unplaced costs."""
    time_s = np.array([0.0 if w.time_s is None else w.time_s for w in wards])[places.ward]
    late = time_s > rules.golden_hour_min * 60
    driven_s = np.rint(np.minimum(time_s + _detours_s(places, wards, rules), _MOST_S))
    minutes = np.ceil(driven_s / 60)
    aims = [
        np.zeros(len(time_s)) * _COLOUR,
        late * (3 - _COLOUR + (_RED & _CHILD)),  # the lightly hurt go far before the badly hurt do
        _steps_down(places, wards),
        places.later + 0 * _COLOUR,
        driven_s,
        minutes * _YELLOW,  # of equal sums, the one with yellows nearer, and at what suits, than greens
    ]
    unplaced = [3 - _COLOUR, *[np.zeros_like(_COLOUR)] * (len(aims) - 1)]
    whole = [np.hstack([aim, last]).astype(np.int64) for aim, last in zip(aims, unplaced, strict=True)]
    return ranked_costs(whole, np.hstack([_allowed(places, wards, rules), _COLOUR >= 0]))


def _allowed(places: _Places, wards: Sequence[Ward], rules: Transport) -> Bools:
    """Reds to trauma places, children also to those of adults; others to any, adults to none for children.

    Nobody is driven hours past one that takes ambulances, a red past one that may be a trauma centre.
    """
    drives_s = {k: w.time_s for k, w in enumerate(wards) if w.takes_ambulances and w.time_s is not None}
    unknown_s = [time_s for k, time_s in drives_s.items() if _may_take_reds(wards[k], rules)]
    red_s = min(unknown_s, default=math.inf) + 60 * rules.reds_further_min
    others_s = min(drives_s.values(), default=0.0) + 60 * rules.others_further_min
    times_s = np.array([math.inf if w.time_s is None else w.time_s for w in wards])[places.ward]
    in_reach = times_s <= np.where(_RED, red_s, others_s)
    childrens = np.array([w.for_children for w in wards], dtype=bool)[places.ward]
    allowed: Bools = in_reach & np.where(
        _RED,
        (places.kind == _FOR_RED) | (_CHILD & (places.kind == _FOR_RED_CHILD)),
        (places.kind == _FOR_OTHERS) & (_CHILD | ~childrens),
    )
    return allowed


def _may_take_reds(ward: Ward, rules: Transport) -> bool:
    """Whether nobody says how many red adults a hospital takes: ask it, it may be a trauma centre."""
    return not ward.for_children and red_per_h(ward, rules) is None


def _steps_down(places: _Places, wards: Sequence[Ward]) -> Ints:
    """How far a place is from the best for a red: Level I or II; for a child also a paediatric one."""
    adult = np.array([w.adult_level in HIGH_LEVELS for w in wards], dtype=bool)[places.ward]
    young = np.array([w.pediatric_level in HIGH_LEVELS for w in wards], dtype=bool)[places.ward]
    of_adults = np.where(places.kind == _FOR_RED, ~adult + 0, ~young + 0)
    return np.where(_RED, of_adults + (_CHILD & (places.kind == _FOR_RED)), 0)


def _detours_s(places: _Places, wards: Sequence[Ward], rules: Transport) -> NDArray[np.float64]:
    """Return what a drive may be longer: to spare a hospital, or to reach one that suits better.

    One that is spared gains nothing by it that greens leave the trauma centres free.
    """
    spared_s = np.array([w.detour_s for w in wards], dtype=float)[places.ward]
    has_level = [w.adult_level is not None or w.pediatric_level is not None for w in wards]
    trauma = np.array(has_level, dtype=bool)[places.ward]
    high = np.array([w.adult_level in HIGH_LEVELS for w in wards], dtype=bool)[places.ward]
    young = np.array([w.for_children or w.pediatric_level is not None for w in wards], dtype=bool)[
        places.ward
    ]
    minutes = (
        rules.yellow_level_min * (_YELLOW & ~trauma)
        + rules.green_spare_min * ((_GREEN & high) | (~_RED & (spared_s > 0)))
        + rules.child_spare_min * (_CHILD & ~_RED & ~young)
    )
    detours_s: NDArray[np.float64] = spared_s + 60 * minutes
    return detours_s
