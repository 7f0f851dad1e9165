"""Live edits: a post moved, removed or added, a street kept open or blocked, and the plan made anew for it.

As the page does it: the scene is held, then the plan made with it. Each edit is the next word on a plan that
is shown already, so whatever is kept from that plan counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from statistics import median
from unittest.mock import patch

import numpy as np

import planner.plan
from benchmarks.rows import Row, Timed
from benchmarks.whole_plan import STEPS, clock, incident_at, places
from planner import packs
from planner.area import Area
from planner.geo import LonLat
from planner.model import Closure, Incident, Plan, PostEdit, Shape
from planner.routes.alternatives import middle_points
from planner.terms import PerimeterName, PostEditKind, PostMode

TAPS = 20
TARGET_S = 0.300
_MOVED_M = 25.0
_NEAR_M = 40.0
_STEPS = {**STEPS, "duties of the outer perimeter": ("outer_duties",)}
_REST = "all else: sites beside the ways, and what is said of them"


def measure(area: Area, taps: int = TAPS) -> Iterator[Row]:
    """Make each edit on plans of several places; then say how long all of them took, step by step."""
    spots = places(area, taps)
    whole: dict[str, list[tuple[float, float]]] = defaultdict(list)
    steps: dict[str, list[tuple[float, float]]] = defaultdict(list)
    replan(incident_at(spots[-1], 1), area)  # compiled and laid out from here on
    for number, place in enumerate(spots):
        incident = incident_at(place, number)
        plan = replan(incident, area)
        for edit, said in edits(incident, plan, area, number):
            mine: dict[str, list[tuple[float, float]]] = defaultdict(list)
            with ExitStack() as stack:
                for told, names in _STEPS.items():
                    for name in names:
                        work = clock(told, mine, getattr(planner.plan, name))
                        stack.enter_context(patch.object(planner.plan, name, work))
                clock(edit, whole, replan)(said, area)
            spent = [_total(mine[told]) for told in _STEPS]  # nothing, where it is as in the plan before
            (wall_s, cpu_s), (steps_wall_s, steps_cpu_s) = whole[edit][-1], _total(spent)
            for told, run in zip(_STEPS, spent, strict=True):
                steps[told].append(run)
            steps[_REST].append((wall_s - steps_wall_s, cpu_s - steps_cpu_s))
    for edit, runs in whole.items():
        yield _row(f"{edit}, the whole plan anew", runs, TARGET_S)
    every = [run for runs in whole.values() for run in runs]
    yield _row("all edits", every, TARGET_S)
    for told in (*_STEPS, _REST):
        yield _row(f"of which {told}", steps[told], None)


def replan(incident: Incident, area: Area) -> Plan:
    """Plan as the page does."""
    doctrine = packs.shipped_doctrine()
    held = planner.plan.hold_scene(planner.plan.before_patients(incident), area, doctrine)
    return planner.plan.make_plan(incident, area, doctrine, held=held)


def edits(incident: Incident, plan: Plan, area: Area, number: int) -> Iterator[tuple[str, Incident]]:
    """Yield the incident with one edit after the other; which post or street, the number decides."""
    network, frame = area.network, area.frame
    posts = [post for post in plan.posts if post.mode is PostMode.VEHICLE]
    if not posts:
        return
    post = posts[number % len(posts)]
    x, y = frame.point_m(post.location)
    (at,) = network.snap([(x, y)], network.drivable)
    assert at is not None
    along_m = at.along_m + (_MOVED_M if at.along_m < network.length_m[at.edge] / 2 else -_MOVED_M)
    moved = frame.place(*network.at(at.edge, along_m))
    outer = next(line for line in plan.perimeters if line.perimeter is PerimeterName.OUTER)
    box = frame.to_m(outer.rings[0])
    near = network.edges_in_box((*box.min(axis=0).tolist(), *box.max(axis=0).tolist()))
    near = near[network.drivable[near] & (network.length_m[near] > 2 * _NEAR_M)]
    street = int(np.random.default_rng(number).choice(near)) if len(near) else at.edge
    middle = frame.place(*network.at(street, float(network.length_m[street]) / 2))

    def said(kind: PostEditKind, *shape: LonLat, perimeter: PerimeterName | None = None) -> Incident:
        where = Shape(points=shape) if len(shape) == 1 else Shape(lines=(shape,))
        return replace(incident, post_edits=(PostEdit(where, kind, perimeter),))

    yield "post moved", said(PostEditKind.MOVE, post.location, moved, perimeter=post.perimeter)
    yield "post removed", said(PostEditKind.REMOVE, post.location, perimeter=post.perimeter)
    yield "post added", said(PostEditKind.ADD, middle, perimeter=post.perimeter)
    yield "street kept open", said(PostEditKind.OPEN, post.location)
    yield "street blocked", replace(incident, closures=(Closure(Shape(points=(middle,))),))
    on_way = street_of_a_way(plan, area, number)
    if on_way is not None:
        yield "street of a way blocked", replace(incident, closures=(Closure(Shape(points=(on_way,))),))


def street_of_a_way(plan: Plan, area: Area, number: int) -> LonLat | None:
    """Return the middle of a street that one of a plan's ways drives, None where there is none."""
    dice = np.random.default_rng(number)
    for k in dice.permutation(len(plan.routes)).tolist():
        for street in dice.permutation(plan.routes[k].streets).tolist():
            places = middle_points(plan.routes[k], street, area)
            if places:
                return places[0]
    return None


def _total(runs: list[tuple[float, float]]) -> tuple[float, float]:
    """Wall and processor time of several runs together."""
    return sum(wall for wall, _ in runs), sum(cpu for _, cpu in runs)


def _row(work: str, runs: list[tuple[float, float]], target_s: float | None) -> Row:
    walls, cpus = [wall for wall, _ in runs], [cpu for _, cpu in runs]
    timed = Timed(median(walls), median(cpus), float(np.percentile(walls, 95)))
    told = f"{work}, {len(runs)} (cpu: 95 of 100 under {1000 * np.percentile(cpus, 95):.0f} ms)"
    return Row(told, timed, target_s=target_s)
