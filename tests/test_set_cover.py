"""Fewest sets: as few, and as cheap, as an independent solver finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from planner.perimeters.set_cover import least_cover


@st.composite
def problems(draw):
    members = draw(st.integers(1, 9))
    sets = draw(st.lists(st.integers(0, 2**members - 1), max_size=9))
    prices = draw(st.lists(st.integers(0, 50), min_size=len(sets), max_size=len(sets)))
    weights = draw(st.lists(st.integers(1, 4), min_size=members, max_size=members))
    spare = draw(st.integers(0, 3))
    return sets, prices, [float(w) for w in weights], float(spare)


def solved(sets, prices, weights, spare):
    """The same by mixed-integer programming: choice of sets, then of members left out."""
    held = [m for m in range(len(weights)) if any(s >> m & 1 for s in sets)]
    n, k = len(sets), len(held)
    if n == 0 or k == 0:
        return 0, 0
    holds = np.array([[s >> m & 1 for s in sets] + [int(m == h) for h in held] for m in held])
    left = np.array([[0.0] * n + [weights[m] for m in held]])
    limits = [LinearConstraint(holds, lb=1), LinearConstraint(left, ub=spare)]
    each = 1 + sum(prices)
    answer = milp(
        np.array([each + p for p in prices] + [0] * k),
        constraints=limits,
        integrality=np.ones(n + k, dtype=np.int64),
        bounds=Bounds(0, 1),
    )
    assert answer.success
    number = round(answer.x[:n].sum())
    return number, round(answer.fun) - number * each


@given(problems())
def test_the_choice_is_as_small_and_as_cheap_as_an_independent_solver_finds(problem):
    sets, prices, weights, spare = problem
    cover = least_cover(sets, prices, weights, spare)
    assert cover.proved
    number, price = solved(sets, prices, weights, spare)
    assert len(cover.chosen) == number
    assert sum(prices[s] for s in cover.chosen) == price


@given(problems())
def test_what_is_left_out_is_within_what_may_be(problem):
    sets, prices, weights, spare = problem
    chosen = least_cover(sets, prices, weights, spare).chosen
    all_held = held = 0
    for s, members in enumerate(sets):
        all_held |= members
        held |= members if s in chosen else 0
    missed = all_held & ~held
    assert sum(w for m, w in enumerate(weights) if missed >> m & 1) <= spare


def test_nothing_to_hold_needs_nothing():
    assert least_cover([], [], []).chosen == ()
    assert least_cover([0, 0], [1, 1], [1.0]).chosen == ()


def test_a_search_that_ends_early_says_so_and_still_holds_everything():
    rng = np.random.default_rng(7)
    table = rng.random((140, 150)) < 0.04
    sets = [int("".join("1" if x else "0" for x in row), 2) for row in table]
    cover = least_cover(sets, [0] * len(sets), [1.0] * 150)
    union = np.zeros(150, dtype=bool)
    for s in cover.chosen:
        union |= table[s]
    assert not cover.proved
    assert (union == table.any(axis=0)).all()
