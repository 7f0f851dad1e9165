"""Who takes how many: nobody above a cap, walk-ins kept, and no better sharing to be found."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import milp

from planner.hospitals.allotment import FORBIDDEN, allot, ranked_costs
from planner.hospitals.patients import (
    Shares,
    Ward,
    child_red_per_h,
    others_per_h,
    red_per_h,
    share_patients,
    walk_ins_by_doctrine,
)
from planner.model import Casualties, KeptPlaces, WalkIns
from planner.packs import shipped_doctrine
from planner.terms import TraumaLevel

RULES = shipped_doctrine().transport
NO_WALK_INS = replace(RULES, walk_in_hospitals=0)
ONE, TWO, THREE = TraumaLevel.I, TraumaLevel.II, TraumaLevel.III
COLOURS = ("red", "yellow", "green")
KINDS = [(colour, child) for child in (False, True) for colour in COLOURS]

RATES = st.one_of(st.none(), st.floats(0, 6))
KEPT = st.one_of(st.none(), st.none(), st.integers(0, 8))
WARDS = st.lists(
    st.builds(
        Ward,
        time_s=st.one_of(st.none(), st.integers(60, 7200).map(float)),
        adult_level=st.one_of(st.none(), st.sampled_from(TraumaLevel)),
        beds=st.one_of(st.none(), st.integers(0, 400)),
        for_children=st.booleans(),
        detour_s=st.sampled_from([0.0, 0.0, 900.0]),
        pediatric_level=st.one_of(st.none(), st.sampled_from(TraumaLevel)),
        closed=st.sampled_from([False, False, False, True]),
        diversion=st.sampled_from([False, False, False, True]),
        red=RATES,
        child_red=RATES,
        others=RATES,
        keep=st.builds(KeptPlaces, KEPT, KEPT, KEPT),
    ),
    max_size=7,
)
PATIENTS = st.builds(Casualties, st.integers(0, 14), st.integers(0, 20), st.integers(0, 30))
CHILDREN = st.one_of(
    st.none(), st.builds(Casualties, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
)


# --- the solver -------------------------------------------------------------------------------------

MATRICES = st.integers(1, 5).flatmap(
    lambda kinds: st.integers(1, 7).flatmap(
        lambda places: st.tuples(
            st.lists(st.integers(0, 8), min_size=kinds, max_size=kinds),
            st.lists(st.integers(0, 6), min_size=places, max_size=places),
            st.lists(
                st.lists(st.integers(-1, 9), min_size=places, max_size=places),
                min_size=kinds,
                max_size=kinds,
            ),
        )
    )
)


@settings(max_examples=60, deadline=None)
@given(MATRICES)
def test_an_allotment_costs_what_two_other_solvers_need(
    problem: tuple[list[int], list[int], list[list[int]]],
) -> None:
    count, room, told = problem
    nowhere = 1000
    cost = np.array([[*row, nowhere] for row in told], dtype=np.int64)
    places = np.array([*room, sum(count)], dtype=np.int64)
    taken = allot(np.array(count, dtype=np.int64), places, cost)
    assert (taken >= 0).all()
    assert taken.sum(axis=1).tolist() == count
    assert (taken.sum(axis=0) <= places).all()
    assert not taken[cost == FORBIDDEN].any()
    least = int((taken * cost).sum())
    arcs = [(g, p) for g, p in product(*map(range, cost.shape)) if cost[g, p] >= 0]
    assert least == flow_cost(count, places.tolist(), {arc: int(cost[arc]) for arc in arcs})
    assert least == pytest.approx(milp_cost(count, places.tolist(), cost, arcs))


def flow_cost(count: Sequence[int], room: Sequence[int], price: dict[tuple[int, int], int]) -> int:
    """Least cost by networkx, in whole numbers of any size."""
    graph = nx.DiGraph()
    graph.add_node("end", demand=sum(count))
    for g, n in enumerate(count):
        graph.add_node(("kind", g), demand=-n)
    for p, n in enumerate(room):
        graph.add_edge(("place", p), "end", capacity=n)
    for (g, p), cost in price.items():
        graph.add_edge(("kind", g), ("place", p), weight=cost)
    return int(nx.cost_of_flow(graph, nx.min_cost_flow(graph)))


def milp_cost(
    count: Sequence[int], room: Sequence[int], cost: np.ndarray, arcs: list[tuple[int, int]]
) -> float:
    """Least cost by HiGHS."""
    of_kind = np.array([[g == arc[0] for arc in arcs] for g in range(len(count))], dtype=float)
    of_place = np.array([[p == arc[1] for arc in arcs] for p in range(len(room))], dtype=float)
    solved = milp(
        [cost[arc] for arc in arcs],
        integrality=np.ones(len(arcs), dtype=np.int64),
        constraints=[(of_kind, count, count), (of_place, 0, room)],
    )
    assert solved.success
    return float(solved.fun)


def test_an_earlier_aim_is_never_traded_for_later_ones() -> None:
    allowed = np.ones((2, 2), dtype=bool)
    first, second = np.array([[1, 0], [0, 0]]), np.array([[0, 900], [0, 900]])
    cost = ranked_costs([first, second], allowed)
    assert cost[0, 0] > cost[0, 1] > cost[1, 0] == 0


def test_aims_too_large_for_whole_numbers_are_refused() -> None:
    with pytest.raises(OverflowError):
        ranked_costs([np.array([[2**40]]), np.array([[2**40]])], np.array([[True]]))


# --- caps -------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(WARDS, PATIENTS, CHILDREN)
def test_nobody_is_sent_above_a_cap_and_nobody_is_lost(
    wards: list[Ward], patients: Casualties, children: Casualties | None
) -> None:
    shares = share_patients(patients, wards, RULES, children)
    for ward, taken, young, kept in zip(
        wards, shares.assigned, shares.children, shares.walk_ins, strict=True
    ):
        grown = {c: getattr(taken, c) - getattr(young, c) for c in COLOURS}
        assert min([*grown.values(), *vars(young).values(), *vars(kept).values()]) >= 0
        adult_red = 0 if ward.for_children else red_per_h(ward, RULES) or 0
        assert grown["red"] <= max(0, adult_red - kept.red)
        child_red = child_red_per_h(ward, RULES) or 0
        assert taken.red <= max(0, adult_red - kept.red) + max(0, child_red - kept.child_red)
        assert taken.yellow + taken.green <= max(0, others_per_h(ward, RULES) - kept.others)
        if ward.for_children:
            assert not any(grown.values())
        if ward.time_s is None or ward.closed or ward.diversion:
            assert taken == Casualties()
    for colour in COLOURS:
        sent = sum(getattr(taken, colour) for taken in shares.assigned)
        said = max(getattr(patients, colour), getattr(children or Casualties(), colour))
        assert sent + getattr(shares.left, colour) == said


@settings(max_examples=100, deadline=None)
@given(WARDS, PATIENTS)
def test_walk_ins_are_kept_at_the_nearest_that_are_not_closed(
    wards: list[Ward], patients: Casualties
) -> None:
    wards = [replace(ward, keep=KeptPlaces()) for ward in wards]
    shares = share_patients(patients, wards, RULES)
    near = sorted((w.time_s, k) for k, w in enumerate(wards) if w.time_s is not None and not w.closed)
    nearest = [k for _, k in near[: RULES.walk_in_hospitals]]
    for k, (ward, kept) in enumerate(zip(wards, shares.walk_ins, strict=True)):
        if k not in nearest:
            assert kept == WalkIns()
            continue
        others = RULES.walk_in_others * (patients.yellow + patients.green) / len(nearest)
        assert kept.others >= min(others, int(others_per_h(ward, RULES)))
        red = 0 if ward.for_children else int(red_per_h(ward, RULES) or 0)
        assert kept.red >= min(RULES.walk_in_red * patients.red / len(nearest), red)


# --- the best sharing ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_no_sharing_is_better_by_the_rules_as_networkx_finds(seed: int) -> None:
    wards, patients, children = busy_scene(random.Random(seed))
    shares = share_patients(patients, wards, RULES, children)
    places = list(rooms(shares))
    assert cost_of(shares, wards, places) == least_cost(people(patients, children, wards), wards, places)


def busy_scene(dice: random.Random) -> tuple[list[Ward], Casualties, Casualties | None]:
    """Make hospitals of all kinds, nearly full: what Hypothesis draws is mostly empty, and proves little."""
    levels = [None, *TraumaLevel]
    wards = [
        Ward(
            time_s=dice.choice([None, *[float(dice.randrange(120, 5400)) for _ in range(9)]]),
            adult_level=dice.choices(levels, (3, 2, 2, 2, 1, 1))[0],
            beds=dice.choice([None, 150, 300, 600]),
            for_children=dice.random() < 0.15,
            detour_s=dice.choice([0.0, 0.0, 900.0]),
            pediatric_level=dice.choice([None, None, TraumaLevel.I, TraumaLevel.III]),
            closed=dice.random() < 0.1,
            diversion=dice.random() < 0.1,
            red=dice.choice([None, None, 5.0]),
            others=dice.choice([None, None, 8.0]),
            sent=Casualties(*(dice.choice([0, 0, 0, 1, 3]) for _ in range(3))),
        )
        for _ in range(dice.randrange(3, 10))
    ]
    most = len(wards)
    patients = Casualties(*(dice.randrange(most * n + 1) for n in (2, 3, 4)))
    young = Casualties(*(dice.randrange(n // 2 + 1) for n in vars(patients).values()))
    return wards, patients, dice.choice([None, young])


def rooms(shares: Shares) -> Iterator[tuple[int, str, bool, int]]:
    """Yield ward, kind, whether beyond the first wave, room."""
    for k, caps in enumerate(shares.caps):
        for kind in ("red", "child_red"):
            room = getattr(caps, kind)
            yield k, kind, False, min(room, RULES.first_wave_red)
            yield k, kind, True, max(0, room - RULES.first_wave_red)
        yield k, "others", False, caps.others


class Reach(NamedTuple):
    """Seconds that reds, and others, are driven at most."""

    red: float
    others: float


def price(colour: str, child: bool, ward: Ward, kind: str, later: bool, reach_s: Reach) -> int | None:
    """Cost of one patient in one place by the rules, None where none may be: in whole numbers of any size."""
    assert ward.time_s is not None
    high = ward.adult_level in (ONE, TWO)
    if ward.time_s > (reach_s.red if colour == "red" else reach_s.others):
        return None
    if colour == "red":
        if kind == "others" or (kind == "child_red" and not child):
            return None
        if kind == "child_red":
            steps = 0 if ward.pediatric_level in (ONE, TWO) else 1
        else:
            steps = (0 if high else 1) + (1 if child else 0)
        detour_s = ward.detour_s
    else:
        if kind != "others" or (ward.for_children and not child):
            return None
        steps = 0
        has_level = ward.adult_level is not None or ward.pediatric_level is not None
        detour_s = ward.detour_s
        if colour == "yellow" and not has_level:
            detour_s += 60 * RULES.yellow_level_min
        if ward.detour_s > 0 or (colour == "green" and high):
            detour_s += 60 * RULES.green_spare_min
        if child and not ward.for_children and ward.pediatric_level is None:
            detour_s += 60 * RULES.child_spare_min
    weight = 4 if (colour, child) == ("red", True) else 3 - COLOURS.index(colour)
    late = weight * (ward.time_s > 60 * RULES.golden_hour_min)
    driven_s = round(ward.time_s + detour_s)
    nearer = -(-driven_s // 60) if colour == "yellow" else 0
    return digits(0, late, steps, later, driven_s, nearer)


def digits(*aims: int) -> int:
    total = 0
    for aim in aims:
        total = total * 10**9 + int(aim)
    return total


def least_cost(count: list[int], wards: list[Ward], places: list[tuple[int, str, bool, int]]) -> int:
    prices = {}
    drives_s = [w.time_s for w in wards if w.time_s is not None and not w.closed and not w.diversion]
    unknown_s = [
        w.time_s
        for w in wards
        if w.time_s is not None
        and not (w.closed or w.diversion or w.for_children)
        and w.red is None
        and w.adult_level is None
    ]
    reach_s = Reach(
        min(unknown_s, default=float("inf")) + 60 * RULES.reds_further_min,
        min(drives_s, default=0.0) + 60 * RULES.others_further_min,
    )
    for g, (colour, child) in enumerate(KINDS):
        for p, (k, kind, later, room) in enumerate(places):
            cost = price(colour, child, wards[k], kind, later, reach_s) if room else None
            if cost is not None:
                prices[g, p] = cost
        prices[g, len(places)] = digits(3 - COLOURS.index(colour), 0, 0, 0, 0, 0)
    return flow_cost(count, [*(room for *_, room in places), sum(count)], prices)


def cost_of(shares: Shares, wards: list[Ward], places: list[tuple[int, str, bool, int]]) -> int:
    """Cost of a sharing: ward by ward, each with its own patients spread over its own places."""
    total = 0
    for k, count in enumerate(counts(shares)):
        own = [place for place in places if place[0] == k]
        if sum(count):
            total += least_cost(count, wards, own)
    for colour in COLOURS:
        total += digits(3 - COLOURS.index(colour), 0, 0, 0, 0, 0) * getattr(shares.left, colour)
    return total


def counts(shares: Shares) -> list[list[int]]:
    """Patients of each kind at each ward."""
    return [
        [getattr(young, c) if child else getattr(taken, c) - getattr(young, c) for c, child in KINDS]
        for taken, young in zip(shares.assigned, shares.children, strict=True)
    ]


def people(patients: Casualties, children: Casualties | None, wards: list[Ward]) -> list[int]:
    """Who is still to be driven: those sent already are taken for adults as long as there are any.

    Those who are sent to hospitals for children alone are children, as long as there are any.
    """
    here: dict[bool, list[int]] = {False: [], True: []}
    for colour in COLOURS:
        young = getattr(children or Casualties(), colour)
        everybody = max(getattr(patients, colour), young)
        left = max(0, everybody - sum(getattr(ward.sent, colour) for ward in wards))
        young = max(0, young - sum(getattr(ward.sent, colour) for ward in wards if ward.for_children))
        here[True].append(min(young, left))
        here[False].append(left - min(young, left))
    return here[False] + here[True]


def test_reds_go_to_the_highest_levels_before_others_within_the_hour() -> None:
    wards = [Ward(300.0, THREE, None), Ward(1500.0, ONE, None), Ward(4000.0, TWO, None)]
    for reds, sent in ((1, [0, 1, 0]), (4, [0, 4, 0]), (5, [1, 4, 0]), (6, [1, 4, 1])):
        shares = share_patients(Casualties(red=reds), wards, NO_WALK_INS)
        assert [s.red for s in shares.assigned] == sent


def test_a_red_child_goes_to_a_paediatric_centre_and_to_one_of_adults_when_it_is_full() -> None:
    wards = [Ward(300.0, ONE, None), Ward(1200.0, None, None, for_children=True, pediatric_level=ONE)]
    shares = share_patients(Casualties(red=6), wards, NO_WALK_INS, Casualties(red=5))
    assert [s.red for s in shares.children] == [1, 4]
    assert [s.red for s in shares.assigned] == [2, 4]


def test_adults_are_never_sent_to_a_hospital_for_children() -> None:
    wards = [Ward(300.0, None, 900, for_children=True, pediatric_level=ONE)]
    shares = share_patients(Casualties(2, 2, 2), wards, NO_WALK_INS)
    assert shares.left == Casualties(2, 2, 2)
    young = share_patients(Casualties(2, 2, 2), wards, NO_WALK_INS, Casualties(2, 2, 2))
    assert young.left == Casualties()


def test_yellows_prefer_a_trauma_centre_and_greens_leave_it_free() -> None:
    wards = [Ward(600.0, ONE, 900), Ward(300.0, None, 900), Ward(900.0, None, 900)]
    shares = share_patients(Casualties(0, 3, 3), wards, NO_WALK_INS)
    assert shares.assigned == (Casualties(0, 3, 0), Casualties(0, 0, 3), Casualties())


def test_what_the_coordinator_says_outranks_level_and_beds() -> None:
    wards = [Ward(300.0, ONE, 900, red=1.0, others=2.0), Ward(900.0, None, None, red=5.0)]
    shares = share_patients(Casualties(4, 3, 0), wards, NO_WALK_INS)
    assert [(s.red, s.yellow) for s in shares.assigned] == [(1, 2), (3, 1)]


def test_who_is_sent_already_takes_a_place_and_is_not_sent_again() -> None:
    wards = [Ward(300.0, ONE, 100), Ward(900.0, ONE, 400)]
    shares = share_patients(Casualties(6, 3, 0), wards, NO_WALK_INS)
    assert [(s.red, s.yellow) for s in shares.assigned] == [(4, 2), (2, 1)]
    gone = [replace(wards[0], sent=Casualties(3, 1, 0)), wards[1]]
    shares = share_patients(Casualties(6, 3, 0), gone, NO_WALK_INS)
    assert [(s.red, s.yellow) for s in shares.assigned] == [(1, 1), (2, 1)]
    over = [replace(wards[0], sent=Casualties(9, 9, 9)), wards[1]]
    shares = share_patients(Casualties(6, 3, 0), over, NO_WALK_INS)
    assert shares.assigned == (Casualties(), Casualties())
    assert shares.left == Casualties()


def test_who_is_sent_to_a_hospital_for_children_is_a_child_and_elsewhere_an_adult_first() -> None:
    wards = [Ward(300.0, ONE, 900), Ward(600.0, None, 200, for_children=True, pediatric_level=ONE)]
    patients, children = Casualties(8, 4, 3), Casualties(3, 1, 2)
    before = share_patients(patients, wards, NO_WALK_INS, children)
    assert before.children == (Casualties(), children)
    gone = [wards[0], replace(wards[1], sent=Casualties(3, 1, 0))]
    after = share_patients(patients, gone, NO_WALK_INS, children)
    assert after.children == (Casualties(), Casualties(green=2)), "children who left are planned again"
    assert after.assumed_children == Casualties()
    gone = [replace(wards[0], sent=Casualties(2, 3, 1)), wards[1]]
    after = share_patients(patients, gone, NO_WALK_INS, children)
    assert after.children == before.children
    assert after.assumed_children == children, "adults may be here instead: nobody counts ages"
    every = share_patients(Casualties(red=3), gone, NO_WALK_INS, Casualties(red=3))
    assert every.assumed_children == Casualties(), "there were no adults"
    too_many = [wards[0], replace(wards[1], sent=Casualties(red=5))]
    over = share_patients(patients, too_many, NO_WALK_INS, children)
    assert sum(n.red for n in over.assigned) + over.left.red == 3
    assert sum(n.red for n in over.children) == 0


@settings(max_examples=80, deadline=None)
@given(WARDS, PATIENTS, CHILDREN, st.lists(PATIENTS, min_size=7, max_size=7))
def test_who_is_here_and_who_is_sent_are_all_there_are(
    wards: list[Ward], patients: Casualties, children: Casualties | None, sent: list[Casualties]
) -> None:
    wards = [replace(ward, sent=gone) for ward, gone in zip(wards, sent, strict=False)]
    shares = share_patients(patients, wards, RULES, children)
    for colour in COLOURS:
        young = getattr(children or Casualties(), colour)
        everybody = max(getattr(patients, colour), young)
        here = sum(getattr(n, colour) for n in shares.assigned) + getattr(shares.left, colour)
        assert here + min(everybody, sum(getattr(w.sent, colour) for w in wards)) == everybody
        to_childrens = sum(getattr(w.sent, colour) for w in wards if w.for_children)
        most = max(0, young - to_childrens)
        assert sum(getattr(n, colour) for n in shares.children) <= most
        assert getattr(shares.assumed_children, colour) <= most


def test_one_on_diversion_keeps_its_walk_ins_and_a_closed_one_does_not() -> None:
    wards = [Ward(300.0 * k, ONE, 900) for k in (1, 2, 3)]
    patients = Casualties(4, 4, 4)
    diverted = share_patients(patients, [replace(wards[0], diversion=True), *wards[1:]], RULES)
    assert [kept.others for kept in diverted.walk_ins] == [2, 2, 0]
    closed = share_patients(patients, [replace(wards[0], closed=True), *wards[1:]], RULES)
    assert [kept.others for kept in closed.walk_ins] == [0, 2, 2]
    for shares in (diverted, closed):
        assert shares.assigned[0] == Casualties()


def test_patients_are_driven_a_little_further_to_spare_a_hospital_by_the_danger() -> None:
    rules = replace(RULES, walk_in_red=0.0, walk_in_others=0.0)
    spare_s = rules.second_choice_min * 60
    by_danger = Ward(60.0, TraumaLevel.I, 200, detour_s=spare_s)
    further_s = spare_s + rules.green_spare_min * 60
    for away_s, red, yellow in (
        (spare_s, (0, 1), (0, 1)),
        (spare_s + 120.0, (1, 0), (0, 1)),
        (further_s + 120.0, (1, 0), (1, 0)),
    ):
        wards = [by_danger, Ward(away_s, TraumaLevel.I, 200)]
        shares = share_patients(Casualties(1, 1, 1), wards, rules)
        assert tuple(s.red for s in shares.assigned) == red
        assert tuple(s.yellow for s in shares.assigned) == yellow


def test_greens_go_to_a_trauma_centre_before_a_hospital_that_may_take_no_emergencies() -> None:
    doubtful = Ward(300.0, None, 900, detour_s=RULES.second_choice_min * 60)
    centre, plain = Ward(600.0, TWO, 900), Ward(900.0, None, 100)
    shares = share_patients(Casualties(0, 0, 9), [doubtful, centre, plain], NO_WALK_INS)
    assert [taken.green for taken in shares.assigned] == [0, 7, 2], "first where no reds go"


def test_what_the_coordinator_keeps_for_walk_ins_outranks_doctrine_near_and_far() -> None:
    near, far = Ward(300, TWO, 300), Ward(900, ONE, 300)
    other = Ward(600, None, 300)
    everybody = Casualties(4, 4, 4)
    by_rule = share_patients(everybody, [near, other, far], RULES)
    assert by_rule.walk_ins == (WalkIns(1, 0, 2), WalkIns(0, 0, 2), WalkIns())
    said = [
        replace(near, keep=KeptPlaces(red=3, others=0)),
        replace(other, keep=KeptPlaces(red=2)),  # of unknown level: there is no place to keep
        replace(far, keep=KeptPlaces(others=99)),
    ]
    shares = share_patients(everybody, said, RULES)
    assert shares.walk_ins == (WalkIns(3, 0, 0), WalkIns(0, 0, 2), WalkIns(0, 0, 6))
    assert shares.red_caps == (0, 0, 4)
    assert shares.other_caps[2] == 0, "more than there is cannot be kept"
    assert shares.assigned[2] == Casualties(4, 0, 0)
    assert walk_ins_by_doctrine(everybody, said, RULES) == by_rule.walk_ins
    shut = share_patients(everybody, [replace(ward, closed=True) for ward in said], RULES)
    assert shut.walk_ins == (WalkIns(),) * 3
    diverted = share_patients(everybody, [replace(ward, diversion=True) for ward in said], RULES)
    assert diverted.walk_ins == shares.walk_ins, "people still come by themselves"


def test_of_equal_sums_the_yellows_are_where_patients_are_best_sent_and_the_greens_where_less_is_known() -> (
    None
):
    doubtful = Ward(300.0, None, 300, detour_s=900.0)
    sure = Ward(600.0, None, 300)
    shares = share_patients(Casualties(0, 6, 6), [doubtful, sure], NO_WALK_INS)
    assert shares.assigned == (Casualties(0, 0, 6), Casualties(0, 6, 0))


def test_capacity_is_kept_for_those_who_walk_in_at_the_nearest() -> None:
    wards = [Ward(100.0 * k, TraumaLevel.I, 1000) for k in (1, 2, 3)]
    shares = share_patients(Casualties(10, 10, 10), wards, RULES)
    # 20 % of 10 reds, 50 % of 20 others, half at each of the two nearest
    assert shares.red_caps == (3, 3, 4)
    assert shares.other_caps == (15, 15, 20)


def test_the_first_wave_spreads_before_anyone_gets_a_third() -> None:
    wards = [Ward(t, TraumaLevel.I, None) for t in (100.0, 200.0, 300.0)]
    rules = replace(RULES, walk_in_red=0.0)
    reds = [s.red for s in share_patients(Casualties(red=5), wards, rules).assigned]
    assert reds == [2, 2, 1]
    assert [s.red for s in share_patients(Casualties(red=9), wards, rules).assigned] == [4, 3, 2]


def test_greens_go_beyond_the_golden_hour_before_yellow_children_do() -> None:
    near = Ward(2700.0, ONE, None, others=5.0)
    far = Ward(6000.0, TWO, None, pediatric_level=TWO, others=20.0)
    rules = replace(RULES, walk_in_others=0.0)
    sent = share_patients(Casualties(0, 4, 6), [near, far], rules, Casualties(0, 2, 0)).assigned
    assert [(n.yellow, n.green) for n in sent] == [(4, 1), (0, 5)]


def test_of_reds_the_children_are_kept_within_the_hour_even_where_a_centre_for_them_lies_beyond_it() -> None:
    near = Ward(2700.0, ONE, None)
    far = Ward(5400.0, TWO, None, pediatric_level=TWO)
    shares = share_patients(Casualties(red=6), [near, far], NO_WALK_INS, Casualties(red=2))
    assert [n.red for n in shares.assigned] == [4, 2]
    assert [n.red for n in shares.children] == [2, 0]


def test_reds_go_beyond_the_golden_hour_only_when_nearer_centres_are_full() -> None:
    rules = replace(RULES, walk_in_red=0.0)
    wards = [Ward(600.0, TraumaLevel.III, None), Ward(4000.0, TraumaLevel.I, None)]
    assert [s.red for s in share_patients(Casualties(red=1), wards, rules).assigned] == [1, 0]
    assert [s.red for s in share_patients(Casualties(red=3), wards, rules).assigned] == [1, 2]


def test_nobody_lightly_hurt_rides_for_hours_past_the_nearest_hospital() -> None:
    near, far, remote = Ward(600.0, THREE, None, others=2.0), Ward(4100.0, ONE, 900), Ward(9000.0, ONE, 900)
    shares = share_patients(Casualties(2, 6, 9), [near, far, remote], NO_WALK_INS)
    assert [(a.yellow, a.green) for a in shares.assigned][2] == (0, 0)
    assert sum(a.yellow + a.green for a in shares.assigned) + shares.left.yellow + shares.left.green == 15
    only_remote = share_patients(Casualties(2, 6, 9), [remote], NO_WALK_INS)
    assert only_remote.left == Casualties()


def test_reds_go_however_far_where_no_nearer_centre_takes_them() -> None:
    wards = [Ward(600.0, None, 900, red=0.0), Ward(9000.0, ONE, 900)]
    assert share_patients(Casualties(red=2), wards, NO_WALK_INS).assigned[1].red == 2


def test_nobody_badly_hurt_is_driven_for_hours_past_hospitals_of_unknown_level():
    city, hours_away = Ward(240.0, None, 400), Ward(240.0 + 60 * RULES.reds_further_min + 1, ONE, 500)
    shares = share_patients(Casualties(3, 0, 0), [city, hours_away], NO_WALK_INS)
    assert shares.left.red == 3
    nearer = replace(hours_away, time_s=240.0 + 60 * RULES.reds_further_min)
    assert share_patients(Casualties(3, 0, 0), [city, nearer], NO_WALK_INS).assigned[1].red == 3
