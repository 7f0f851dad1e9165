"""The whole plan and each of its steps, warm, beside a competent script's for the same incident."""

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
from benchmarks.rows import Row, Timed
from benchmarks.script import ScriptPlan, graph_of
from planner import packs
from planner.area import Area
from planner.model import Casualties, Incident
from planner.terms import ThreatName

TAPS, SCRIPT_TAPS = 9, 2
_CITY = 80_000
STEPS = {
    "draw_zones": "zones",
    "trace_perimeters": "both perimeters",
    "choose_sites": "sites",
    "send_patients": "hospitals, patients",
    "keep_routes_open": "routes",
    "watch_target": "observation posts",
}
_TARGETS_S = {"both perimeters": 0.150, "sites": 0.100}
_WHOLE_S = 0.3


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


def measure(area: Area, script_taps: int = SCRIPT_TAPS) -> Iterator[Row]:
    """Plan at several places; then let the script plan at some of them."""
    taps = places(area, TAPS)
    doctrine = packs.shipped_doctrine()
    for number, node in enumerate(taps[:3]):  # compiled, laid out and cached from here on
        planner.plan.make_plan(incident_at(area, node, number), area, doctrine)
    area.memory.forget()
    gc.freeze()  # as the page does: what a map holds is not looked through for garbage while one plans
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        for name in STEPS:
            stack.enter_context(patch.object(planner.plan, name, _clocked(name, spent)))
        for number, node in enumerate(taps):
            plan = clock("whole", spent, planner.plan.make_plan)
            plan(incident_at(area, node, number), area, doctrine)
    theirs = _script(area, taps[:script_taps]) if script_taps else {}
    yield Row(f"whole plan, {TAPS} taps", _timed(spent["whole"]), "script", theirs.get("whole"), _WHOLE_S)
    for name, told in STEPS.items():
        yield Row(told, _timed(spent[name]), "script", theirs.get(told), _TARGETS_S.get(told))


def _clocked(name: str, spent: dict[str, list[tuple[float, float]]]) -> Callable[..., Any]:
    return clock(name, spent, getattr(planner.plan, name))


def clock(
    name: str, spent: dict[str, list[tuple[float, float]]], work: Callable[..., Any]
) -> Callable[..., Any]:
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


def _script(area: Area, taps: list[int]) -> dict[str, Timed]:
    graph = graph_of(area, packs.shipped_doctrine())
    spent: dict[str, list[float]] = defaultdict(list)
    for node in taps:
        if node in graph:
            steps = ScriptPlan(area, graph, node).run().steps
            spent["whole"].append(sum(steps.values()))
            for name, ours in {"both perimeters": "both perimeters", "routes": "routes"}.items():
                spent[ours].append(steps[name])
            spent["sites"].append(steps["sites in sight"])
            spent["hospitals, patients"].append(steps["matrix"] + steps["patients"])
    return {name: Timed(median(runs), median(runs), max(runs)) for name, runs in spent.items()}
