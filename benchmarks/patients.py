"""Sharing out 100 patients of three colours among 15 hospitals; the target is 5 ms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import networkx as nx
import numpy as np
from scipy.optimize import linprog, milp

from benchmarks.rows import Row, timed
from planner import packs
from planner.area import Area
from planner.hospitals.allotment import allot
from planner.hospitals.patients import Ward, share_patients
from planner.model import Casualties
from planner.terms import TraumaLevel

_PATIENTS = Casualties(20, 35, 45)
_CHILDREN = Casualties(4, 5, 6)
_TARGET_S = 0.005


def _wards(dice: random.Random, count: int = 15) -> list[Ward]:
    levels = [None, None, *TraumaLevel]
    return [
        Ward(
            time_s=float(dice.randrange(240, 4200)),
            adult_level=dice.choice(levels),
            beds=dice.choice([None, 200, 400, 800]),
            pediatric_level=dice.choice([None, None, TraumaLevel.I]),
        )
        for _ in range(count)
    ]


def measure(area: Area) -> Iterator[Row]:
    """Time the whole sharing, and its solver beside HiGHS and networkx on the same matrix."""
    del area  # no street is in it
    rules = packs.shipped_doctrine().transport
    wards = _wards(random.Random(5))
    whole = timed(lambda: share_patients(_PATIENTS, wards, rules, _CHILDREN), repeat=50, warm=3)
    yield Row("100 patients, 15 hospitals, 3 colours, children apart: all", whole, target_s=_TARGET_S)
    # One cost for everybody: HiGHS in doubles does not hold six aims in one number.
    count = np.array([20, 35, 45], dtype=np.int64)
    seconds = np.array([round(w.time_s or 0) for w in wards for _ in range(2)], dtype=np.int64)
    cost = np.stack([seconds, seconds + 7, seconds + 13])
    room = np.array([4 if k % 2 else 6 for k in range(len(seconds))], dtype=np.int64)
    own = timed(lambda: allot(count, room, cost), repeat=50, warm=3)
    work = "the solver alone: 3 kinds, 30 places, one aim"
    yield Row(work, own, "scipy milp (HiGHS)", timed(lambda: _by_milp(count, room, cost), repeat=50, warm=3))
    yield Row(
        work, own, "scipy linprog (HiGHS)", timed(lambda: _by_linprog(count, room, cost), repeat=50, warm=3)
    )
    yield Row(work, own, "networkx", timed(lambda: _by_networkx(count, room, cost), repeat=9))
    taken = int((allot(count, room, cost) * cost).sum())
    assert taken == round(_by_milp(count, room, cost)) == round(_by_linprog(count, room, cost))
    assert taken == _by_networkx(count, room, cost)
    many = _wards(random.Random(6), 200)
    city = Casualties(300, 500, 700)
    yield Row(
        "1,500 patients, 200 hospitals: all",
        timed(lambda: share_patients(city, many, replace(rules, walk_in_hospitals=2)), repeat=9),
    )


def _limits(count: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that sum by kind, and rows that sum by place."""
    kinds, places = len(count), len(room)
    return np.kron(np.eye(kinds), np.ones(places)), np.kron(np.ones(kinds), np.eye(places))


def _by_milp(count: np.ndarray, room: np.ndarray, cost: np.ndarray) -> float:
    by_kind, by_place = _limits(count, room)
    solved = milp(
        cost.ravel(),
        integrality=np.ones(cost.size, dtype=np.int64),
        constraints=[(by_kind, count, count), (by_place, 0, room)],
    )
    assert solved.fun is not None
    return float(solved.fun)


def _by_linprog(count: np.ndarray, room: np.ndarray, cost: np.ndarray) -> float:
    by_kind, by_place = _limits(count, room)
    solved = linprog(cost.ravel(), A_ub=by_place, b_ub=room, A_eq=by_kind, b_eq=count, method="highs")
    assert solved.fun is not None
    return float(solved.fun)


def _by_networkx(count: np.ndarray, room: np.ndarray, cost: np.ndarray) -> int:
    graph = nx.DiGraph()
    graph.add_node("end", demand=int(count.sum()))
    for g, n in enumerate(count.tolist()):
        graph.add_node(("kind", g), demand=-n)
        for p, price in enumerate(cost[g].tolist()):
            graph.add_edge(("kind", g), ("place", p), weight=price)
    for p, n in enumerate(room.tolist()):
        graph.add_edge(("place", p), "end", capacity=n)
    return int(nx.min_cost_flow_cost(graph))
