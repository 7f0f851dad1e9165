"""The joint choice against an exact optimum, and its laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.doctrine import Siting, read_doctrine
from planner.sites.gaps import Gaps
from planner.sites.selection import Choice, choose_together, runners_up, separation_m
from planner.terms import Purpose
from tests.optimum import best_total

SITING: Siting = read_doctrine(Path(__file__).parents[1] / "data" / "doctrine.toml").siting
PURPOSES = (
    Purpose.COMMAND_POST,
    Purpose.CASUALTY_COLLECTION,
    Purpose.AMBULANCE_EXCHANGE,
    Purpose.STAGING,
    Purpose.EVACUATION,
    Purpose.REUNIFICATION,
    Purpose.MEDIA,
)


@st.composite
def choices(draw, pins=0, sides=False):
    count = draw(st.integers(2, 14))
    xy = draw(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=count, max_size=count))
    shapes = np.array([shapely.box(x, y, x + 30, y + 30) for x, y in xy], dtype=object)
    scores = {
        p: np.array(draw(st.lists(st.integers(0, 100), min_size=count, max_size=count))) / 100
        for p in PURPOSES
    }
    pools = {}
    for p in PURPOSES:
        rows = draw(st.lists(st.integers(0, count - 1), unique=True, max_size=6))
        pools[p] = [r for _, r in sorted((-float(scores[p][r]), r) for r in rows)]
    pinned = draw(st.dictionaries(st.sampled_from(PURPOSES), st.integers(0, count - 1), max_size=pins))
    pools |= {p: [row] for p, row in pinned.items()}
    return Choice(
        pools=pools,
        scores=scores,
        gaps=Gaps(shapes),
        siting=SITING,
        exchange_weight=8.0,
        held=pinned,
        side=np.array(draw(st.lists(st.integers(-1, 1), min_size=count, max_size=count))) if sides else None,
    )


@settings(max_examples=150)
@given(choices())
def test_the_joint_choice_is_within_one_percent_of_the_optimum(choice):
    chosen = choose_together(choice)
    for purpose, row in chosen.items():
        assert row in choice.pools[purpose]
        assert choice.fits(purpose, row, chosen)
    assert choice.total(chosen) >= 0.99 * best_total(choice) - 1e-6


@settings(max_examples=100)
@given(choices(pins=2, sides=True))
def test_an_exchange_point_is_joined_to_staging_wherever_that_leaves_no_purpose_unserved(choice):
    chosen = choose_together(choice)
    assert choice.total(chosen) >= 0.99 * best_total(choice) - 1e-6


@given(choices(), st.integers(0, 200))
def test_which_candidates_keep_apart_is_told_alike_however_many_gaps_are_known(choice, least_m):
    rows = np.concatenate([np.array(pool, dtype=np.int64) for pool in choice.pools.values()])
    apart_m = shapely.distance(choice.gaps.shapes[rows][:, None], choice.gaps.shapes[rows])
    keeps = apart_m >= least_m
    some = rows[::2]
    choice.gaps.keeping(some, np.full((len(some), len(some)), float(least_m)))
    for _ in range(2):
        assert (choice.gaps.keeping(rows, np.full(keeps.shape, float(least_m))) == keeps).all()
    assert all(
        gap == shapely.distance(*choice.gaps.shapes[list(pair)]) for pair, gap in choice.gaps.known_m.items()
    )


def test_where_there_is_ground_for_one_only_it_goes_to_what_lives_hang_on():
    shapes = np.array([shapely.box(0, 0, 30, 30)], dtype=object)
    order = [
        Purpose.CASUALTY_COLLECTION,
        Purpose.COMMAND_POST,
        Purpose.EVACUATION,
    ]
    for first, rest in zip(order, (order, order[1:], order[2:]), strict=True):
        scores = {purpose: np.array([0.0 if purpose is first else 1.0]) for purpose in rest}
        choice = Choice({purpose: [0] for purpose in rest}, scores, Gaps(shapes), SITING, 8.0)
        assert choose_together(choice) == {first: 0}


def test_a_worse_exchange_point_that_ambulances_can_drive_to_beats_the_best_one_that_they_cannot():
    shapes = np.array([shapely.box(x, 0, x + 30, 30) for x in (0, 1000, 2000)], dtype=object)
    scores = {Purpose.STAGING: np.array([1.0, 0, 0]), Purpose.AMBULANCE_EXCHANGE: np.array([0, 1.0, 0.1])}
    pools = {Purpose.STAGING: [0], Purpose.AMBULANCE_EXCHANGE: [1, 2]}
    for side, best in (([0, 0, 0], 1), ([0, 1, 0], 2), ([0, -1, 0], 2), ([0, 1, 1], 1)):
        choice = Choice(pools, scores, Gaps(shapes), SITING, 8.0, side=np.array(side))
        assert choose_together(choice) == {Purpose.STAGING: 0, Purpose.AMBULANCE_EXCHANGE: best}


class Minutes:
    """Drives as told, in minutes."""

    def __init__(self, rows):
        self.rows = np.array(rows, dtype=float)

    def seconds(self, start):
        return 60 * self.rows[start]


def test_a_staging_area_near_by_road_beats_a_better_one_across_the_city():
    shapes = np.array([shapely.box(x, 0, x + 30, 30) for x in (0, 1000, 2000)], dtype=object)
    scores = {Purpose.STAGING: np.array([1.0, 0.8, 0]), Purpose.AMBULANCE_EXCHANGE: np.array([0, 0, 1.0])}
    pools = {Purpose.STAGING: [0, 1], Purpose.AMBULANCE_EXCHANGE: [2]}
    choice = Choice(pools, scores, Gaps(shapes), SITING, 8.0)
    for far, near, best in ((15, 1, 1), (2, 1, 0), (15, 15, 0), (np.inf, 3, 1)):
        drives = Minutes([[0, 9, far], [9, 0, near], [far, near, 0]])
        chosen = choose_together(replace(choice, drives=drives))
        assert chosen[Purpose.STAGING] == best


@settings(max_examples=100)
@given(choices(pins=2, sides=True), st.integers(0, 2**32 - 1))
def test_with_drives_between_the_choice_is_within_one_percent_of_the_optimum(choice, seed):
    minutes = np.random.default_rng(seed).uniform(0, 20, (len(choice.gaps.shapes),) * 2)
    choice = replace(choice, drives=Minutes(minutes))
    assert choice.total(choose_together(choice)) >= 0.99 * best_total(choice) - 1e-6


@settings(max_examples=100)
@given(choices(pins=7))
def test_a_pin_is_always_chosen_and_the_rest_is_the_best_that_keeps_off_all_pins(choice):
    chosen = choose_together(choice)
    assert choice.held.items() <= chosen.items()
    for purpose, row in chosen.items():
        for other, beside in chosen.items():
            both_pinned = purpose in choice.held and other in choice.held
            if purpose is not other and not both_pinned:
                assert choice.gaps.metres(row, beside) >= separation_m(purpose, other, SITING)
    assert choice.total(chosen) >= 0.99 * best_total(choice) - 1e-6


@settings(max_examples=60)
@given(choices())
def test_runners_up_fit_beside_everything_and_come_in_order(choice):
    chosen = choose_together(choice)
    for purpose in choice.pools:
        others = {p: r for p, r in chosen.items() if p is not purpose}
        rows = runners_up(choice, purpose, chosen, 3)
        assert len(rows) == len(set(rows)) <= 3
        assert chosen.get(purpose) not in rows
        scores = [choice.score(purpose, row, others) for row in rows]
        assert scores == sorted(scores, reverse=True)
        assert all(choice.fits(purpose, row, others) for row in rows)


@settings(max_examples=60)
@given(choices())
def test_boxes_tell_apart_what_distance_tells_apart(choice):
    for a in range(len(choice.gaps.shapes)):
        for b in range(a):
            gap = float(shapely.distance(choice.gaps.shapes[a], choice.gaps.shapes[b]))
            for least in (0.0, 10.0, 60.0, 300.0):
                assert choice.gaps.keep(a, b, least) == (gap >= least)


@pytest.mark.parametrize("a", PURPOSES)
@pytest.mark.parametrize("b", PURPOSES)
def test_separation_has_no_order(a, b):
    assert separation_m(a, b, SITING) == separation_m(b, a, SITING) >= SITING.site_gap_m
