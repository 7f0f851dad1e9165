"""The whole plan and each of its steps, warm, beside what scripts take for the same incidents."""

from __future__ import annotations

import gc
import itertools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import planner.plan
from benchmarks.rows import Row, Timed, median_of
from benchmarks.script import SCRIPTS, ExpertScript, Map, graph_of
from planner import packs
from planner.area import Area
from planner.doctrine import Doctrine
from planner.geo import LonLat
from planner.ground.gatherings import KINDS, find_gatherings
from planner.memory import collect_seldom
from planner.model import Casualties, Incident
from planner.streets.search import BARRED
from planner.terms import ThreatName, Travel

TAPS, SCRIPT_TAPS, ROUNDS, FEWER_TAPS = 27, 9, 3, 3
"""Places planned at, and the first of them at which scripts plan too, as they take longer.

Places differ by a factor of three: of nine, the median of one draw lay a third above that of another.
"""
_COMPILED_AT = 3
_LARGE = 200_000
_CITY, _SEED = 80_000, 7
STEPS = {
    "zones": ("draw_zones",),
    "both perimeters": ("trace_perimeters",),
    "sites": ("command_without_room", "choose_sites"),
    "hospitals, patients": ("send_patients",),
    "routes": ("keep_routes_open",),
    "observation posts": ("watch_target",),
}
"""What is told of each step, and the names in the planner of the work that it is."""
WHOLE = "whole plan"
FIRST, SLOWEST = "whole plan, a place's first", "whole plan, slowest place"
METRO = 500_000
"""From so many edges on a whole plan may take longer."""
Spent = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of pieces of work, by their names."""


def edge_count(area: Area) -> int:
    """Return how many edges the streets of an area are, as osmnx counts them: each way that may be driven.

    A street that ambulances drive both ways is two. So the sizes were counted for which targets were told.
    """
    timing = area.network.timing(Travel.EMERGENCY, packs.shipped_doctrine().travelling)
    return int(np.count_nonzero(timing.arc_ms < BARRED))


def target_s(work: str, edges: int) -> float | None:
    """Return how long the whole plan, or a step of it, may take on a map of some size."""
    if work in (WHOLE, FIRST):
        return 0.3 if edges < METRO else 0.4
    return {"both perimeters": 0.150, "sites": 0.100}.get(work)


def places(area: Area, count: int) -> list[LonLat]:
    """Return where people gather about the middle of a map, a place of each kind in turn.

    Always the same ones of a map; where it has too few, junctions where many streets meet.
    """
    network, frame = area.network, area.frame
    in_turn = _gathered(area)
    if len(in_turn) >= count:
        return list(in_turn[:count])
    middle, far_m, reach_m = _about_the_middle(area)
    degree = np.bincount(
        np.concatenate([network.edge_u[network.drivable], network.edge_v[network.drivable]]),
        minlength=network.node_count,
    )
    good = np.sort(middle[(degree[middle] >= 4) & (far_m[middle] < reach_m)])
    besides = np.random.default_rng(_SEED).choice(good, count - len(in_turn), replace=False)
    return [*in_turn, *(frame.place(*network.node_xy_m[node]) for node in besides)]


def _about_the_middle(area: Area) -> tuple[NDArray[np.intp], NDArray[np.float64], float]:
    """Return the junctions of the city amid a map, how far off each of the map is, and how far is amid."""
    far_m = np.hypot(*(area.network.node_xy_m - _middle_m(area)).T)
    middle = np.argsort(far_m, kind="stable")[:_CITY]  # of a tiled metro, the city in its middle alone
    return middle, far_m, float(np.percentile(far_m[middle], 60))


def _middle_m(area: Area) -> NDArray[np.float64]:
    return np.asarray(np.median(area.network.node_xy_m, axis=0))


@lru_cache(maxsize=1)
def _gathered(area: Area) -> tuple[LonLat, ...]:
    """Return where people gather amid a map, of each kind one in turn; on a metro that takes a minute."""
    frame, max_m2 = area.frame, packs.shipped_doctrine().zones.target_max_m2
    middle_m, (_, _, reach_m) = _middle_m(area), _about_the_middle(area)
    dice, of_kinds = np.random.default_rng(_SEED), []
    for kind in KINDS:
        found = [place.location for place in find_gatherings(kind, area, max_m2)]
        near = [place for place in found if math.dist(frame.point_m(place), middle_m) < reach_m]
        of_kinds.append([near[k] for k in dice.permutation(len(near))])
    return tuple(place for row in itertools.zip_longest(*of_kinds) for place in row if place is not None)


def incident_at(place: LonLat, number: int) -> Incident:
    """Return an incident at a place, of one threat after the other."""
    threats = (ThreatName.HANDGUN, ThreatName.RIFLE, ThreatName.KNIFE)
    return Incident(
        location=place,
        threat=threats[number % len(threats)],
        casualties=Casualties(red=10, yellow=15, green=25),
    )


def measure(area: Area) -> Iterator[Row]:
    """Plan at several places; then let the scripts plan at some of them."""
    ours, edges = plans(area), edge_count(area)
    on = Map(area, graph_of(area, packs.shipped_doctrine()))
    for peer, script_of in SCRIPTS.items():
        theirs = script_plans(script_of, on, area, script_taps(edges))
        for work, spent in ours.items():
            yield Row(work, spent, peer, theirs.get(work), target_s(work, edges))


def plans(area: Area, taps: int = TAPS) -> dict[str, Timed]:
    """Plan at several places, each tapped several times as if never before, threats in turn.

    The whole plan comes first, then its steps: of each place the median round, of these the median place.
    Of the first plan at a place, for which the map's shapes there are made, the median is told besides, and
    the place that takes longest.
    A step that a plan takes several times counts with all of them.
    """
    spots, doctrine = places(area, taps), packs.shipped_doctrine()
    for number, place in enumerate(spots[:_COMPILED_AT]):  # compiled, laid out and cached from here on
        planner.plan.make_plan(incident_at(place, number), area, doctrine)
    gc.collect()
    gc.freeze()  # as the page does, these two: what a map holds is not looked through while one plans
    collect_seldom()
    of_taps: dict[str, list[Timed]] = defaultdict(list)
    for number, place in enumerate(spots):
        rounds: Spent = defaultdict(list)
        for _ in range(ROUNDS):
            area.memory.forget()
            gc.collect()
            for work, spent in _plan_once(incident_at(place, number), area, doctrine).items():
                rounds[work].append(spent)
        for work, runs in rounds.items():
            of_taps[work].append(_timed(runs))
        if number >= _COMPILED_AT:
            of_taps[FIRST].append(_timed(rounds[WHOLE][:1]))
    gc.unfreeze()
    of_taps[SLOWEST] = [max(of_taps[WHOLE], key=lambda spent: min(spent.wall_s, spent.cpu_s))]
    told = (WHOLE, FIRST, SLOWEST, *STEPS)
    return {work: median_of(of_taps[work]) for work in told if of_taps[work]}


def _plan_once(incident: Incident, area: Area, doctrine: Doctrine) -> dict[str, tuple[float, float]]:
    spent: Spent = defaultdict(list)
    with ExitStack() as stack:
        for told, names in STEPS.items():
            for name in names:
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


def script_taps(edges: int) -> int:
    """Return at how many of the places a script plans: the first, on a large map fewer."""
    return SCRIPT_TAPS if edges < _LARGE else FEWER_TAPS


def script_plans(
    script_of: Callable[[Map, int], ExpertScript], on: Map, area: Area, taps: int
) -> dict[str, Timed]:
    """Let a script plan at the first of the same places."""
    of_taps: dict[str, list[Timed]] = defaultdict(list)
    for place in places(area, TAPS)[:taps]:
        gc.collect()
        script = script_of(on, on.nearest(area.frame.point_m(place))[0])
        script.run()
        of_taps[WHOLE].append(_timed([(sum(script.wall_s.values()), sum(script.cpu_s.values()))]))
        for work in script.wall_s:
            of_taps[work].append(_timed([(script.wall_s[work], script.cpu_s[work])]))
    return {work: median_of(runs) for work, runs in of_taps.items()}
