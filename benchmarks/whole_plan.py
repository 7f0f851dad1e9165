"""The whole plan and each of its steps, warm, beside what scripts take for the same incidents."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np

import planner.plan
from benchmarks.rows import Row, Timed, median_of
from benchmarks.script import SCRIPTS, ExpertScript, Map, graph_of
from planner import packs
from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Casualties, Incident
from planner.terms import ThreatName

TAPS, ROUNDS, SCRIPT_TAPS = 9, 3, 3
_CITY = 80_000
STEPS = {
    "draw_zones": "zones",
    "trace_perimeters": "both perimeters",
    "choose_sites": "sites",
    "send_patients": "hospitals, patients",
    "keep_routes_open": "routes",
    "watch_target": "observation posts",
}
WHOLE = "whole plan"
METRO = 500_000
"""From so many edges on a whole plan may take longer."""
Spent = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of pieces of work, by their names."""


def target_s(work: str, edges: int) -> float | None:
    """Return how long the whole plan, or a step of it, may take on a map of some size."""
    if work == WHOLE:
        return 0.3 if edges < METRO else 0.4
    return {"both perimeters": 0.150, "sites": 0.100}.get(work)


def places(area: Area, count: int) -> list[int]:
    """Return junctions where many streets meet about the middle of a map, always the same ones of it."""
    network = area.network
    degree = np.bincount(
        np.concatenate([network.edge_u[network.drivable], network.edge_v[network.drivable]]),
        minlength=network.node_count,
    )
    far_m = np.hypot(*(network.node_xy_m - np.median(network.node_xy_m, axis=0)).T)
    middle = np.argsort(far_m, kind="stable")[:_CITY]  # of a tiled metro, the city in its middle alone
    good = middle[(degree[middle] >= 4) & (far_m[middle] < np.percentile(far_m[middle], 60))]
    return [int(node) for node in np.random.default_rng(7).choice(np.sort(good), count, replace=False)]


def incident_at(area: Area, node: int, number: int) -> Incident:
    """Return an incident at a junction, of one threat after the other."""
    threats = (ThreatName.HANDGUN, ThreatName.RIFLE, ThreatName.KNIFE)
    return Incident(
        location=area.frame.place(*area.network.node_xy_m[node]),
        threat=threats[number % len(threats)],
        casualties=Casualties(red=10, yellow=15, green=25),
    )


def measure(area: Area) -> Iterator[Row]:
    """Plan at several places; then let the scripts plan at some of them."""
    ours, edges = plans(area), area.network.edge_count
    on = Map(area, graph_of(area, packs.shipped_doctrine()))
    for peer, script_of in SCRIPTS.items():
        theirs = script_plans(script_of, on, area, SCRIPT_TAPS)
        for work, spent in ours.items():
            yield Row(work, spent, peer, theirs.get(work), target_s(work, edges))


def plans(area: Area, taps: int = TAPS) -> dict[str, Timed]:
    """Plan at several places, each tapped several times as if never before, threats in turn.

    The whole plan comes first, then its steps: of each place the median round, of these the median place.
    A step that a plan takes several times counts with all of them.
    """
    nodes, doctrine = places(area, taps), packs.shipped_doctrine()
    for number, node in enumerate(nodes[:3]):  # compiled, laid out and cached from here on
        planner.plan.make_plan(incident_at(area, node, number), area, doctrine)
    gc.collect()
    gc.freeze()  # as the page does: what a map holds is not looked through for garbage while one plans
    of_taps: dict[str, list[Timed]] = defaultdict(list)
    for number, node in enumerate(nodes):
        rounds: Spent = defaultdict(list)
        for _ in range(ROUNDS):
            area.memory.forget()
            gc.collect()
            for work, spent in _plan_once(incident_at(area, node, number), area, doctrine).items():
                rounds[work].append(spent)
        for work, runs in rounds.items():
            of_taps[work].append(_timed(runs))
    gc.unfreeze()
    told = (WHOLE, *STEPS.values())
    return {work: median_of(of_taps[work]) for work in told if work in of_taps}


def _plan_once(incident: Incident, area: Area, doctrine: Doctrine) -> dict[str, tuple[float, float]]:
    spent: Spent = defaultdict(list)
    with ExitStack() as stack:
        for name, told in STEPS.items():
            step = clock(told, spent, getattr(planner.plan, name))
            stack.enter_context(patch.object(planner.plan, name, step))
        clock(WHOLE, spent, planner.plan.make_plan)(incident, area, doctrine)
    return {work: tuple(map(sum, zip(*runs, strict=True))) for work, runs in spent.items()}  # type: ignore[misc]


def clock(name: str, spent: Spent, work: Callable[..., Any]) -> Callable[..., Any]:
    """Return some work that keeps note, under a name, of the wall and processor time it takes."""

    def run(*words: Any, **more: Any) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*words, **more)
        spent[name].append((time.perf_counter() - wall, time.process_time() - cpu))
        return result

    return run


def _timed(runs: list[tuple[float, float]]) -> Timed:
    walls, cpus = [wall for wall, _ in runs], [cpu for _, cpu in runs]
    return Timed(median(walls), median(cpus), max(walls))


def script_plans(
    script_of: Callable[[Map, int], ExpertScript], on: Map, area: Area, taps: int
) -> dict[str, Timed]:
    """Let a script plan at the first of the same places."""
    spent: Spent = defaultdict(list)
    for node in places(area, TAPS)[:taps]:
        gc.collect()
        script = script_of(on, on.nearest(on.xy_m[node])[0])
        script.run()
        spent[WHOLE].append((sum(script.wall_s.values()), sum(script.cpu_s.values())))
        for work in script.wall_s:
            spent[work].append((script.wall_s[work], script.cpu_s[work]))
    return {work: _timed(runs) for work, runs in spent.items()}
