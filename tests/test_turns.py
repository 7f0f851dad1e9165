"""Turn restrictions of every kind, made one by one; what turns cost; on which side one drives."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
import pytest

from planner.streets.driving_side import find_driving_side
from planner.streets.network import Snap, StreetNetwork
from planner.streets.search import BARRED
from planner.streets.turns import (
    FAR_SIDE,
    FOUND_AS,
    NEAR_SIDE,
    RESTRICTED,
    STRAIGHT,
    U_TURN,
    KeptTurns,
    find_turns,
    of_kept,
    to_keep,
)
from planner.terms import RoadClass, Travel, TurnRule
from tests.plain_ways import TRAVELLING
from tests.streets import draw_streets
from tests.town import left_hand_town, town

# A crossing: 0 in the middle, 1 north, 2 east, 3 south, 4 west; street k leads from the middle to k + 1.
CROSSING = [(0, 0), (0, 100), (100, 0), (0, -100), (-100, 0)]
NORTH, EAST, SOUTH, WEST = range(4)
ARMS = [{"u": 0, "v": k} for k in (1, 2, 3, 4)]
BACK_S = 2 * 100 / (30 / 3.6)

Sign = tuple[list[tuple[int, bool]], int]


def turn(enter: int, leave: int, rule: int = 0) -> Sign:
    """A restriction at the middle: in along one street, out along another."""
    return [(enter, False), (leave, True)], rule


def crossing(*signs: Sign) -> StreetNetwork:
    return draw_streets(CROSSING, ARMS, signs=signs)


def seconds(network: StreetNetwork, travel: Travel, start: int, end: int, share: float = 0.5) -> float:
    """Time from the middle of one street to the middle of another."""
    places = []
    for edge in (start, end):
        along = float(network.length_m[edge]) * share
        places.append(Snap(edge, along, *network.at(edge, along), 0.0))
    timing = network.timing(travel, TRAVELLING)
    return float(network.times(places[:1], places[1:], timing, network.no_closures())[0, 0])


def plain(extra_s: float) -> object:
    """Half of one street, half of another, and a turn."""
    return pytest.approx(100 / (30 / 3.6) + extra_s, abs=2e-3)


@pytest.mark.parametrize(
    ("leave", "kind", "extra_s"),
    [
        (WEST, NEAR_SIDE, TRAVELLING.turn_near_s),
        (SOUTH, STRAIGHT, 0.0),
        (EAST, FAR_SIDE, TRAVELLING.turn_far_s),
    ],
)
def test_a_turn_costs_by_its_side_and_on_the_left_the_other_way_round(
    leave: int, kind: int, extra_s: float
) -> None:
    network = crossing()
    assert seconds(network, Travel.PUBLIC, NORTH, leave) == plain(extra_s)
    swapped = {NEAR_SIDE: FAR_SIDE, FAR_SIDE: NEAR_SIDE, STRAIGHT: STRAIGHT}
    for left_hand, expected in ((False, kind), (True, swapped[kind])):
        turns = find_turns(network, network.drivable, left_hand=left_hand)
        k = turns.between(NORTH + network.edge_count, leave)
        assert turns.kind[k] == expected
    assert turns.kind[turns.between(NORTH + network.edge_count, NORTH)] == U_TURN


def test_a_bend_without_a_junction_is_no_turn_and_neither_is_going_round_a_roundabout() -> None:
    bend = draw_streets([(0, 100), (0, 0), (100, 0)], [{"u": 0, "v": 1}, {"u": 1, "v": 2}])
    assert seconds(bend, Travel.PUBLIC, 0, 1) == plain(0.0)
    ring = [{"u": a, "v": b, "roundabout": True, "oneway": 1} for a, b in ((0, 1), (1, 2), (2, 0))]
    spokes = [{"u": k, "v": k + 3} for k in range(3)]
    places = [(0, 0), (50, 0), (25, 40), (-50, -30), (100, -30), (25, 90)]
    network = draw_streets(places, ring + spokes)
    inside = network.turns.kind[network.turns.between(0, 1)]
    assert inside == STRAIGHT


@pytest.mark.parametrize(("leave", "legal_s"), [(WEST, 3.0), (SOUTH, 0.0), (EAST, 7.0)])
def test_no_turn_sends_the_public_another_way_and_costs_an_ambulance_seconds(
    leave: int, legal_s: float
) -> None:
    network = crossing(turn(NORTH, leave))
    others = [k for k in (WEST, SOUTH, EAST) if k != leave]
    detour = seconds(network, Travel.PUBLIC, NORTH, leave)
    # To turn in another street at least: out and back over one of 100 m, or in the street one came by.
    assert detour > 100 / (30 / 3.6) + legal_s + TRAVELLING.u_turn_s - 1e-6
    assert seconds(network, Travel.EMERGENCY, NORTH, leave) == plain(legal_s + TRAVELLING.restricted_turn_s)
    for other in others:
        assert seconds(network, Travel.PUBLIC, NORTH, other) == seconds(
            crossing(), Travel.PUBLIC, NORTH, other
        )
    assert seconds(network, Travel.PUBLIC, leave, NORTH) == seconds(crossing(), Travel.PUBLIC, leave, NORTH)


def test_only_forbids_every_other_turn_even_back() -> None:
    network = crossing(turn(NORTH, SOUTH, TurnRule.ONLY))
    assert seconds(network, Travel.PUBLIC, NORTH, SOUTH) == plain(0.0)
    for other in (EAST, WEST):
        assert seconds(network, Travel.PUBLIC, NORTH, other) > BACK_S
        free_s = seconds(crossing(), Travel.EMERGENCY, NORTH, other)
        assert seconds(network, Travel.EMERGENCY, NORTH, other) == pytest.approx(free_s + 10.0)
    assert math.isfinite(seconds(network, Travel.PUBLIC, EAST, WEST))


def test_no_u_turn_holds_at_its_node_only() -> None:
    network = crossing(turn(NORTH, NORTH))
    state, back = NORTH + network.edge_count, NORTH
    assert network.turns.rule[network.turns.between(state, back)]
    assert not network.turns.rule[network.turns.between(back, state)]
    timing = network.timing(Travel.PUBLIC, TRAVELLING)
    assert timing.lost_ms[network.turns.between(state, back)] == BARRED


def test_a_sign_that_spares_emergency_vehicles_costs_them_nothing() -> None:
    for rule in (TurnRule.SPARES_EMERGENCY, TurnRule.SPARES_EMERGENCY | TurnRule.ONLY):
        sign = turn(NORTH, EAST if not rule & TurnRule.ONLY else WEST, rule)
        network = crossing(sign)
        assert seconds(network, Travel.EMERGENCY, NORTH, EAST) == plain(TRAVELLING.turn_far_s)
        assert seconds(network, Travel.PUBLIC, NORTH, EAST) > BACK_S


def test_the_harder_of_two_signs_holds() -> None:
    network = crossing(turn(NORTH, EAST, TurnRule.SPARES_EMERGENCY), turn(NORTH, EAST))
    assert seconds(network, Travel.EMERGENCY, NORTH, EAST) == plain(TRAVELLING.turn_far_s + 10.0)


# Two carriageways and what joins them: in 0-1, joint 1-2, then 2-3 on, 2-4 back; 5-1 comes in from the side.
DIVIDED = [(0, 0), (100, 0), (100, 20), (200, 20), (0, 20), (100, -100)]
LINKS = [{"u": 0, "v": 1}, {"u": 1, "v": 2}, {"u": 2, "v": 3}, {"u": 2, "v": 4}, {"u": 5, "v": 1}]
IN, JOINT, ON, BACK, SIDE = range(5)


def divided(*signs: Sign) -> StreetNetwork:
    return draw_streets(DIVIDED, LINKS, signs=signs)


def test_no_via_way_binds_those_who_came_along_it_and_nobody_else() -> None:
    sign = ([(IN, True), (JOINT, True), (BACK, True)], 0)
    network, free = divided(sign), divided()
    assert seconds(network, Travel.PUBLIC, IN, BACK) > seconds(free, Travel.PUBLIC, IN, BACK) + 15
    for start, end in ((SIDE, BACK), (JOINT, BACK), (IN, ON), (BACK, IN), (IN, JOINT)):
        assert seconds(network, Travel.PUBLIC, start, end) == seconds(free, Travel.PUBLIC, start, end)
    slow_s = seconds(network, Travel.EMERGENCY, IN, BACK) - seconds(free, Travel.EMERGENCY, IN, BACK)
    assert slow_s == pytest.approx(TRAVELLING.restricted_turn_s)


def test_only_via_way_holds_those_who_entered_it_to_its_end() -> None:
    sign = ([(IN, True), (JOINT, True), (ON, True)], TurnRule.ONLY)
    network, free = divided(sign), divided()
    assert seconds(network, Travel.PUBLIC, IN, ON) == seconds(free, Travel.PUBLIC, IN, ON)
    assert seconds(network, Travel.PUBLIC, IN, BACK) > seconds(free, Travel.PUBLIC, IN, BACK) + 15
    for start, end in ((SIDE, BACK), (IN, SIDE)):
        assert seconds(network, Travel.PUBLIC, start, end) == seconds(free, Travel.PUBLIC, start, end)


def test_an_ambulances_path_tells_where_it_turns_against_signs() -> None:
    network = crossing(turn(NORTH, EAST))
    timing = network.timing(Travel.EMERGENCY, TRAVELLING)
    start, end = (Snap(e, 50.0, *network.at(e, 50.0), 0.0) for e in (NORTH, EAST))
    path = network.find_path(start, end, timing, network.no_closures())
    assert path is not None
    assert path.against_signs == (100,)


# --- on which side one drives ---------------------------------------------------------------------


def roundabout(*, clockwise: bool, drawn_along: bool) -> StreetNetwork:
    places = [(0, 0), (50, 0), (50, 50), (0, 50)]
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0)]
    if clockwise is drawn_along:
        pairs = [(b, a) for a, b in pairs]
    way = 1 if drawn_along else -1
    return draw_streets(places, [{"u": a, "v": b, "roundabout": True, "oneway": way} for a, b in pairs])


@pytest.mark.parametrize("drawn_along", [True, False])
@pytest.mark.parametrize("clockwise", [True, False])
def test_a_roundabout_tells_the_side(clockwise: bool, drawn_along: bool) -> None:
    side = find_driving_side(roundabout(clockwise=clockwise, drawn_along=drawn_along))
    assert side.left is clockwise
    assert side.votes_left + side.votes_right == 1


@pytest.mark.parametrize("left", [True, False])
def test_a_divided_street_tells_the_side(left: bool) -> None:
    way = -1 if left else 1
    streets = [
        {"u": 0, "v": 1, "name": "Broad", "oneway": way, "road_class": RoadClass.PRIMARY},
        {"u": 2, "v": 3, "name": "Broad", "oneway": -way, "road_class": RoadClass.PRIMARY},
        {"u": 0, "v": 2, "name": "Cross"},
    ]
    side = find_driving_side(draw_streets([(0, 0), (300, 0), (0, 20), (300, 20)], streets))
    assert side.left is left
    assert side.votes_left + side.votes_right == 2


@pytest.mark.parametrize("left", [True, False])
def test_a_divided_street_whose_sides_are_cut_at_other_places_tells_the_side(left: bool) -> None:
    way = -1 if left else 1
    broad = {"name": "Broad", "oneway": way, "road_class": RoadClass.PRIMARY}
    streets = [
        {"u": 0, "v": 1, **broad},
        {"u": 1, "v": 2, **broad},
        {"u": 3, "v": 4, **broad},
        {"u": 0, "v": 4, "name": "Cross"},
        {"u": 2, "v": 3, "name": "Cross"},
    ]
    places = [(0, 0), (300, 0), (700, 0), (700, 20), (0, 20)]
    side = find_driving_side(draw_streets(places, streets))
    assert side.left is left
    assert max(side.votes_left, side.votes_right) >= 20
    assert min(side.votes_left, side.votes_right) == 0


@pytest.mark.parametrize("travel", [Travel.EMERGENCY, Travel.PUBLIC])
def test_in_a_mirror_one_drives_on_the_left_and_every_drive_takes_as_long(travel: Travel) -> None:
    """Turns, signs, motorway and ramps of a whole town: what is a left turn there is a right turn here."""
    right, left = town().network, left_hand_town().network
    assert (right.driving_side.left, left.driving_side.left) == (False, True)
    assert right.edge_count == left.edge_count
    dice = np.random.default_rng(4)
    edges = dice.choice(np.flatnonzero(right.drivable), 60, replace=False).tolist()
    times_s = []
    for network in (right, left):
        places = []
        for edge in edges:
            along_m = float(network.length_m[edge]) / 3
            places.append(Snap(edge, along_m, *network.at(edge, along_m), 0.0))
        timing = network.timing(travel, TRAVELLING)
        times_s.append(network.times(places, places, timing, network.no_closures()))
    assert np.isfinite(times_s[0]).any(axis=1).sum() > 40
    np.testing.assert_allclose(times_s[1], times_s[0], rtol=1e-3, atol=0.1)


def test_without_a_clue_one_drives_on_the_right() -> None:
    assert find_driving_side(crossing()) == (False, 0, 0)
    assert np.isfinite(seconds(crossing(), Travel.PUBLIC, NORTH, EAST))


# --- turns that are kept --------------------------------------------------------------------------


def signed() -> tuple[StreetNetwork, KeptTurns]:
    """Streets with a sign via a way, and their turns as they are kept: one state is a copy."""
    network = divided(([(IN, True), (JOINT, True), (BACK, True)], 0))
    return network, to_keep(network.turns)


def test_turns_that_are_kept_are_those_that_are_found() -> None:
    for network in (town().network, left_hand_town().network, signed()[0]):
        found = of_kept(network, network.drivable, to_keep(network.turns))
        assert found is not None
        for name in ("state_arc", "state_node", "start", "to", "kind", "rule", "edge_count"):
            assert np.array_equal(getattr(found, name), getattr(network.turns, name)), name


def at(array: np.ndarray[Any, Any], row: int, value: int) -> np.ndarray[Any, Any]:
    changed = array.copy()
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    "spoil",
    [
        lambda kept: {"found_as": kept.found_as + 1},
        lambda kept: {"found_as": kept.found_as[:0]},
        lambda kept: {"start": kept.start[:-1]},
        lambda kept: {"start": kept.start.astype(np.int64)},
        lambda kept: {"start": kept.start + np.int32(1)},
        lambda kept: {"start": at(kept.start, 1, 2**31 - 1)},
        lambda kept: {"start": at(kept.start, 1, -(2**31))},
        lambda kept: {"to": kept.to[:-1]},
        lambda kept: {"to": at(kept.to, 0, -1)},
        lambda kept: {"to": at(kept.to, 0, 2**31 - 1)},
        lambda kept: {"to": at(kept.to, 0, kept.to[1])},
        lambda kept: {"to": np.roll(kept.to, 1)},
        lambda kept: {"kind": kept.kind[:-1]},
        lambda kept: {"kind": at(kept.kind, 0, U_TURN + 1)},
        lambda kept: {"rule": at(kept.rule, 0, RESTRICTED + 1)},
        lambda kept: {"copied": kept.copied[:-1]},
        lambda kept: {"copied": at(kept.copied, 0, -1)},
        lambda kept: {"copied": at(kept.copied, 0, 2**31 - 1)},
        lambda kept: {"copied": at(kept.copied, 0, IN)},
    ],
)
def test_turns_that_are_not_those_of_the_streets_are_passed_over(spoil: Any) -> None:
    network, kept = signed()
    assert len(kept.copied) == 1
    wrong = kept._replace(**spoil(kept))
    assert of_kept(network, network.drivable, wrong) is None
    again = divided(([(IN, True), (JOINT, True), (BACK, True)], 0))
    again.keep_turns(wrong)
    assert np.array_equal(again.turns.to, kept.to)


def test_turns_of_streets_that_are_closed_to_vehicles_are_none() -> None:
    network, kept = signed()
    driven = network.drivable.copy()
    driven[SIDE] = False
    assert of_kept(network, driven, kept) is None


def test_whoever_finds_other_turns_counts_up_what_tells_those_that_are_kept() -> None:
    """If this fails because turns are found otherwise on purpose, count up ``FOUND_AS``, and tell it here."""
    sha = hashlib.sha256()
    for network in (town().network, left_hand_town().network, signed()[0]):
        for array in to_keep(network.turns)[1:]:
            sha.update(array.tobytes())
    assert (FOUND_AS, sha.hexdigest()[:16]) == (1, "bb5c1e67044f7b7b")
