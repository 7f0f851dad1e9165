"""Are random incidents sealed, and by how few posts: ``python -m benchmarks.seals [--zones N] AREA ...``.

Every perimeter is judged by networkx on the ways as OSM has them: no way may lead out when the posts are
held, and there must be no fewer posts than the maximum flow from the core to the limit of the search. Beside
it: how many streets a plain circle of as much ground crosses.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from statistics import median

import numpy as np
import shapely

from benchmarks.__main__ import open_or_import
from benchmarks.independent_cut import RawWays, leaks, limit_of_search, max_flow
from benchmarks.made_incidents import made_incidents
from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.ground.zones import Ground
from planner.perimeters.rings import Ring, hold_by_doctrine, inner_ground, inner_ring, outer_ring
from planner.perimeters.tracing import JUNCTION_MARGIN_M, TracedPerimeter, trace_perimeters
from planner.settings import shipped
from planner.terms import PerimeterName, PostMode, RingSize

_TOLD_MORE = re.compile(r"(\d+) more than the fewest")
"""A reason that tells how many posts more there are than could be: so many, and not one more, are allowed."""
FAULTS = ("leak", "core outside", "post in core", "fewer can")


def judge(area: Area, doctrine: Doctrine, count: int, out: Counter[str]) -> list[str]:
    """Judge so many incidents of an area; return the table's rows, one for each perimeter."""
    ways = RawWays(area.network)
    posts: dict[PerimeterName, list[int]] = {name: [] for name in PerimeterName}
    circle: dict[PerimeterName, list[int]] = {name: [] for name in PerimeterName}
    tally: dict[PerimeterName, Counter[str]] = {name: Counter() for name in PerimeterName}
    for kind, incident, ground in made_incidents(area, doctrine, count):
        lines = trace_perimeters(ground, area, doctrine, area.network.no_closures(), incident)
        rings = _rings(ground, lines[0], doctrine)
        out[kind] += 1
        for traced, ring in zip(lines, rings, strict=True):
            name = traced.record.perimeter
            vehicle = sum(post.mode is PostMode.VEHICLE for post in traced.posts)
            posts[name].append(vehicle)
            circle[name].append(_crossed_by_circle(area, traced))
            verdict = _verdict(ways, traced, ring, vehicle, area)
            tally[name] += verdict
            if any(verdict[fault] for fault in FAULTS):
                sys.stderr.write(f"{area.name} {kind} {name} {incident}: {dict(verdict)}\n")
    return [_row(area, name, posts[name], circle[name], tally[name]) for name in PerimeterName]


def _rings(ground: Ground, inner: TracedPerimeter, doctrine: Doctrine) -> tuple[Ring, Ring]:
    rules = doctrine.perimeters
    held = inner_ground(ground, hold_by_doctrine(rules))
    return (
        inner_ring(held, RingSize.STANDARD, rules),
        outer_ring(ground, inner.polygon_m, RingSize.STANDARD, rules),
    )


def _verdict(ways: RawWays, traced: TracedPerimeter, ring: Ring, vehicle: int, area: Area) -> Counter[str]:
    core = ring.core_m.buffer(JUNCTION_MARGIN_M)
    found: Counter[str] = Counter()
    found["sealed"] += traced.record.sealed
    at_m = area.frame.to_m([p.location for p in traced.posts]).reshape(-1, 2)
    found["leak"] += traced.record.sealed and leaks(ways, core, traced.polygon_m, traced.posts, at_m)
    found["core outside"] += not traced.polygon_m.buffer(0.02).contains(ring.core_m)
    found["post in core"] += bool(shapely.intersects_xy(ring.core_m.buffer(-0.05), at_m).any())
    limit = limit_of_search(ways, ring.core_m, ring.reach_m)
    if area.extent_m.buffer(-30).contains(limit):  # at the edge of the map, streets are taken to go on
        flow = max_flow(ways, core, limit)
        if flow > vehicle:  # a tunnel or bridge that is followed over the limit to its end counts as out here
            flow = max_flow(ways, core, traced.polygon_m.buffer(0.05))
        found["compared"] += 1
        found["equal"] += flow == vehicle
        told = _TOLD_MORE.search(traced.record.reason)
        more = int(told[1]) if told else 0
        found["told more"] += 0 < more == vehicle - flow
        found["fewer can"] += more != vehicle - flow
    return found


def _crossed_by_circle(area: Area, traced: TracedPerimeter) -> int:
    """How often drivable streets cross a circle about the same middle that takes in as much ground."""
    circle = traced.polygon_m.centroid.buffer(float(np.sqrt(traced.polygon_m.area / np.pi))).exterior
    edges = area.network.edges_in_box(circle.bounds)
    lines = area.network.lines(edges[area.network.drivable[edges]])
    return int(shapely.get_num_coordinates(shapely.intersection(lines, circle)).sum())


def _row(area: Area, name: PerimeterName, posts: list[int], circle: list[int], tally: Counter[str]) -> str:
    ours, plain = median(posts), median(circle)
    cells = [
        area.name,
        name.value,
        str(len(posts)),
        f"{ours:g}",
        f"{plain:g}",
        f"{plain / ours:.1f}" if ours else "",
        str(tally["sealed"]),
        str(tally["leak"]),
        f"{tally['equal']} of {tally['compared']}"
        + (f" ({tally['told more']} told)" if tally["told more"] else ""),
        str(tally["core outside"] + tally["post in core"] + tally["fewer can"]),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Judge the areas named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.seals", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo"])
    parser.add_argument("--zones", type=int, default=200)
    asked = parser.parse_args()
    doctrine = read_doctrine(shipped("data", "doctrine.toml"))
    print(
        "| place | line | zones | posts | plain circle | ratio | said sealed | leaks | as max-flow | faults |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for area in map(open_or_import, asked.areas):
        kinds: Counter[str] = Counter()
        for row in judge(area, doctrine, asked.zones, kinds):
            print(row, flush=True)
        sys.stderr.write(f"{area.name}: {dict(kinds)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
