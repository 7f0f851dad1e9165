"""Civil travel times beside OSRM's and Valhalla's on the same extract: how they differ, where, and why.

``python -m benchmarks.civil_times FILE.osm.pbf``, with a python3.12 on the PATH, for their wheels.
All three find ways between the same places for the same profile, a private car. Each way is taken apart into
what is spent on streets, by class, and at junctions; with the work of the routing benchmark in the same run.

Places on tracks and service roads are left out: OSRM does not drive tracks and starts on the next road
instead, and Valhalla drives them at walking pace.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import Point

from benchmarks import peers
from benchmarks.routing import ENDS, ROUTES, STARTS, TRAVELLING, ZONE_M, draw_zone, places, reopen, work
from benchmarks.rows import timed
from planner.area import Area
from planner.streets.network import Path as Way
from planner.streets.network import Snap, StreetNetwork, Timing
from planner.terms import RoadClass, Travel

PAIRS, LEAST_S, WORST = 100, 60.0, 5
LEAST_KM = 1.0
"""Classes of which less is driven in all are not listed."""
_NO_CLASS = -1


@dataclass(frozen=True)
class Spent:
    """What a way takes: seconds and metres on streets by class, and seconds at junctions."""

    streets: dict[int, tuple[float, float]]
    junctions_s: float

    @property
    def streets_s(self) -> float:
        """Seconds on streets."""
        return sum(seconds for seconds, _ in self.streets.values())


def question(area: Area, snaps: list[Snap], pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Write what the peers are asked: the same places."""
    spots = [area.frame.place(snap.x_m, snap.y_m) for snap in snaps]
    starts = list(range(STARTS))
    return {
        "places": [[place.lon_deg, place.lat_deg] for place in spots],
        "pairs": list(pairs),
        "starts": starts,
        "ends": list(range(len(starts), len(starts) + ENDS)),
        "repeat": 3,
        "parts": True,
        "ring": None,
        "closed": None,
    }


def with_zone(area: Area, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the question with the zone closed, and only the pairs that are timed."""
    network = area.network
    ring = Point(*np.median(network.node_xy_m, axis=0)).buffer(ZONE_M).exterior
    shut = np.flatnonzero(draw_zone(network) & network.drivable).tolist()
    return {
        **asked,
        "pairs": asked["pairs"][:ROUTES],
        "parts": False,
        "ring": [[float(lon), float(lat)] for lon, lat in area.frame.to_deg(np.asarray(ring.coords))],
        "closed": [network.shape(edge)[1].tolist() for edge in shut],
    }


# --- ways taken apart ---------------------------------------------------------------------------------


def own_parts(way: Way, network: StreetNetwork, timing: Timing) -> Spent:
    """Take one of our ways apart."""
    arcs = way.edges + np.where(way.forward, 0, network.edge_count)
    metres = way.span_m[:, 1] - way.span_m[:, 0]
    seconds = timing.arc_s[arcs] * metres / network.length_m[way.edges]
    streets: dict[int, tuple[float, float]] = {}
    for kind in np.unique(network.road_class[way.edges]).tolist():
        own = network.road_class[way.edges] == kind
        streets[kind] = float(seconds[own].sum()), float(metres[own].sum())
    return Spent(streets, way.time_s - float(seconds.sum()))


def their_parts(parts: Sequence[tuple[list[int], float, float]], time_s: float, classes: Classes) -> Spent:
    """Take a peer's way apart."""
    streets: dict[int, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for key, seconds, metres in parts:
        kind = classes.get(tuple(sorted(key)), _NO_CLASS)
        before_s, before_m = streets[kind]
        streets[kind] = before_s + seconds, before_m + metres
    return Spent(dict(streets), time_s - sum(part[1] for part in parts))


Classes = dict[tuple[int, ...], int]


def classes_of(network: StreetNetwork) -> Classes:
    """Class of the street between each two nodes, and of each OSM way."""
    known: Classes = {}
    for edge in np.flatnonzero(network.drivable).tolist():
        kind = int(network.road_class[edge])
        known[(int(network.way_id[edge]),)] = kind
        for pair in pairwise(network.shape(edge)[1].tolist()):
            known[tuple(sorted(pair))] = kind
    return known


# --- the comparison -----------------------------------------------------------------------------------


def compare(area: Area, extract: Path) -> Iterator[str]:
    """Tell how times differ, where, and how long each router's work takes."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, TRAVELLING)
    snaps = places(network, Travel.PUBLIC, 2 * PAIRS, 5, RoadClass.RESIDENTIAL)
    pairs = list(zip(range(0, len(snaps) - 1, 2), range(1, len(snaps), 2), strict=True))
    ways = [network.find_path(snaps[a], snaps[b], timing, network.no_closures()) for a, b in pairs]
    ours = [None if way is None else own_parts(way, network, timing) for way in ways]
    asked, classes = question(area, snaps, pairs), classes_of(network)
    yield from _work(area, asked)
    for router in peers.ROUTERS:
        answer = peers.ask(router, extract, asked)
        if answer is None:
            yield f"{router}: no {peers.PYTHON} here"
            continue
        theirs = [
            None if time_s is None else their_parts(parts, time_s, classes)
            for time_s, parts in zip(answer["seconds"], answer["parts"], strict=True)
        ]
        yield from _differences(router, ours, theirs)
        yield from _by_class(router, ours, theirs)
        yield from _tail(router, ours, theirs, area, snaps)
        yield f"{router}, nothing closed: {_told(answer)}"
        yield f"{router}, zone closed: {_told(peers.ask(router, extract, with_zone(area, asked)))}"


def _told(answer: dict[str, Any] | None) -> str:
    assert answer is not None
    matrix, routes = 1000 * answer["matrix_s"], 1000 * answer["routes_s"]
    closing = 1000 * answer.get("closing_s", 0.0)
    first = f"closing it {closing:.0f} ms + " if closing else ""
    return (
        f"{first}matrix {STARTS} x {ENDS} {matrix:.1f} ms + {ROUTES} routes {routes:.1f} ms = "
        f"{closing + matrix + routes:.1f} ms of processor time"
    )


def _work(area: Area, asked: dict[str, Any]) -> Iterator[str]:
    """Do the routing benchmark's work between the places that the peers are asked about."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, TRAVELLING)
    snaps = places(network, Travel.PUBLIC, 2 * PAIRS, 5, RoadClass.RESIDENTIAL)
    starts, ends = ([snaps[k] for k in asked[name]] for name in ("starts", "ends"))
    spent = timed(
        lambda: work(network, timing, starts, ends), before=lambda: reopen(network, timing, starts, ends)
    )
    yield (
        f"ours, zone closed: closing it + matrix {STARTS} x {ENDS} + {ROUTES} routes = "
        f"{1000 * spent.cpu_s:.1f} ms of processor time, {1000 * spent.wall_s:.1f} ms of wall"
    )


Both = list[tuple[int, Spent, Spent]]


def _both(ours: Sequence[Spent | None], theirs: Sequence[Spent | None]) -> Both:
    """Pairs that both find a way for, long enough to be compared."""
    rows = enumerate(zip(ours, theirs, strict=True))
    return [(k, own, other) for k, (own, other) in rows if own and other and _whole_s(other) > LEAST_S]


def _whole_s(spent: Spent) -> float:
    return spent.streets_s + spent.junctions_s


def _differences(router: str, ours: Sequence[Spent | None], theirs: Sequence[Spent | None]) -> Iterator[str]:
    both = _both(ours, theirs)
    by_s = np.array([_whole_s(own) / _whole_s(other) - 1 for _, own, other in both])
    by_m = np.array([_metres(own) / _metres(other) - 1 for _, own, other in both])
    low, near, median, further, high = np.percentile(by_s, [5, 25, 50, 75, 95])
    lone = sum((own is None) != (other is None) for own, other in zip(ours, theirs, strict=True))
    yield (
        f"{router}: {len(both)} pairs; time, ours against theirs: median {median:+.1%}, half within "
        f"{near:+.1%} to {further:+.1%}, 90 of 100 within {low:+.1%} to {high:+.1%}, all within "
        f"{by_s.min():+.0%} to {by_s.max():+.0%}; length: median {np.median(by_m):+.1%}; "
        f"only one finds a way: {lone}"
    )


def _metres(spent: Spent) -> float:
    return sum(metres for _, metres in spent.streets.values())


def _by_class(router: str, ours: Sequence[Spent | None], theirs: Sequence[Spent | None]) -> Iterator[str]:
    """Tell the speeds on each class of road, and what junctions take, over all pairs."""
    both = _both(ours, theirs)
    yield f"| class | ours km | ours km/h | {router} km | {router} km/h | makes of the whole time |"
    yield "|---|---|---|---|---|---|"
    whole_s = sum(_whole_s(other) for _, _, other in both)
    kinds = {kind for _, own, other in both for kind in (*own.streets, *other.streets)}
    for kind in sorted(kinds, key=lambda kind: (kind == _NO_CLASS, kind)):
        own_s, own_m = _of_class(kind, [own for _, own, _ in both])
        their_s, their_m = _of_class(kind, [other for _, _, other in both])
        if max(own_m, their_m) < 1000 * LEAST_KM:
            continue
        name = "not on our map" if kind == _NO_CLASS else RoadClass(kind).name.lower()
        share = (own_s - their_s) / whole_s
        yield (
            f"| {name} | {own_m / 1000:.0f} | {_kmh(own_m, own_s)} | {their_m / 1000:.0f} | "
            f"{_kmh(their_m, their_s)} | {share:+.1%} |"
        )
    own_s = sum(own.junctions_s for _, own, _ in both)
    their_s = sum(other.junctions_s for _, _, other in both)
    yield (
        f"| junctions | {own_s / len(both):.0f} s a way | | {their_s / len(both):.0f} s a way | | "
        f"{(own_s - their_s) / whole_s:+.1%} |"
    )


def _of_class(kind: int, ways: Sequence[Spent]) -> tuple[float, float]:
    """Seconds and metres of some ways on streets of one class."""
    rows = [way.streets.get(kind, (0.0, 0.0)) for way in ways]
    return sum(seconds for seconds, _ in rows), sum(metres for _, metres in rows)


def _kmh(length_m: float, time_s: float) -> str:
    return f"{3.6 * length_m / time_s:.0f}" if time_s else "-"


def _tail(
    router: str,
    ours: Sequence[Spent | None],
    theirs: Sequence[Spent | None],
    area: Area,
    snaps: Sequence[Snap],
) -> Iterable[str]:
    """Tell of the pairs that differ most what makes the difference."""
    both = _both(ours, theirs)
    both.sort(key=lambda row: -abs(math.log(_whole_s(row[1]) / _whole_s(row[2]))))
    for k, own, other in both[:WORST]:
        whole_s = _whole_s(other)
        streets, junctions = own.streets_s - other.streets_s, own.junctions_s - other.junctions_s
        a, b = (area.frame.place(snaps[n].x_m, snaps[n].y_m) for n in (2 * k, 2 * k + 1))
        yield (
            f"  {router} {_whole_s(own) / whole_s - 1:+.0%}: streets {streets / whole_s:+.0%}, junctions "
            f"{junctions / whole_s:+.0%} ({own.junctions_s:.0f} s against {other.junctions_s:.0f} s); "
            f"{_metres(own) / 1000:.1f} km against {_metres(other) / 1000:.1f}; "
            f"{a.lat_deg:.5f},{a.lon_deg:.5f} to {b.lat_deg:.5f},{b.lon_deg:.5f}"
        )


def main() -> int:
    """Compare."""
    from benchmarks.__main__ import open_or_import

    parser = argparse.ArgumentParser(prog="python -m benchmarks.civil_times", description=__doc__)
    parser.add_argument("extracts", nargs="+", type=Path)
    for extract in parser.parse_args().extracts:
        for line in compare(open_or_import(str(extract)), extract):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
