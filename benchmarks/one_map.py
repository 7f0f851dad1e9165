"""What is measured on one map, each part in a process of its own: ``python -m benchmarks.one_map PART ...``.

Each part writes what it found as one line of JSON: ``{work: {who: {"s": wall seconds, "cpu_s": ...}}}``, with
``mb`` for memory. :mod:`benchmarks.scale` puts them together.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import civil_times, peers, routing
from benchmarks.listed import LIST_SCRIPT, LISTED, ListedScript, asked, listed, osmnx_graph
from benchmarks.peers.answering import peak_mb
from benchmarks.pieces import pieces
from benchmarks.rows import Timed, median_of, timed
from benchmarks.script import INNER_M, SCRIPTS, ExpertScript, Map, graph_of
from benchmarks.whole_plan import (
    METRO,
    TAPS,
    WHOLE,
    Spent,
    clock,
    edge_count,
    incident_at,
    places,
    plans,
    script_plans,
    script_taps,
)
from planner import packs
from planner.area import Area
from planner.streets.network import Snap
from planner.terms import RoadClass, Travel

OURS, MACHINE = "planner", "this machine"
NETWORKX, PLAIN, _ = SCRIPTS
BARE, BARER = "bare osmium", "bare osmium, nothing taken"
IMPORT, READ, ORDER, WRITE = "import, whole", "import: reading", "import: order", "import: writing"
IMPORT_MB, OPEN, HOLD_MB = "import, peak memory", "open", "memory with the map"
YARDSTICK, SEARCH = "yardstick: a million sums in a loop", "yardstick: from one place to all, by scipy"
ROUTE = "one route, nothing closed"
MATRIX = f"matrix {routing.STARTS} x {routing.ENDS}, nothing closed"
ZONE = f"zone closed + matrix + {routing.ROUTES} routes"

Figures = dict[str, dict[str, dict[str, Any]]]
"""What was found for each work, by whom."""

SIZE, VERSION, FAILED = "size", "version", "failed"
"""What else is told: of the map, of a peer, why it does not answer."""


def importing(file: str, name: str) -> Figures:
    """Import a map as ``planner area import`` does the first time, and tell its parts apart.

    Over an older map of that name the older one is opened, too, to tell what changed.
    """
    from planner.cli import main

    if any(listing.name == name for listing in packs.list_areas()):
        packs.delete_area(name)
    spent: Spent = defaultdict(list)
    with ExitStack() as stack:
        for module, of, what in (
            ("planner.sources.pbf", "read_osm", READ),
            ("planner.streets.network", "StreetNetwork.find_order", ORDER),
            ("planner.packs", "write_area", WRITE),
        ):
            _keep_time(stack, module, of, what, spent)
        began, cpu = time.perf_counter(), time.process_time()
        main(["area", "import", file, "--name", name], standalone_mode=False)
        spent[IMPORT].append((time.perf_counter() - began, time.process_time() - cpu))
    figures = {what: {OURS: _seconds(spent[what])} for what in (IMPORT, READ, ORDER, WRITE) if what in spent}
    if ORDER in figures and WRITE in figures:  # the order is found while the pack is written
        order, write = figures[ORDER][OURS], figures[WRITE][OURS]
        figures[WRITE][OURS] = {kind: write[kind] - order[kind] for kind in write}
    return {**figures, IMPORT_MB: {OURS: {"mb": peak_mb()}}}


def _keep_time(stack: ExitStack, module: str, of: str, what: str, spent: Spent) -> None:
    """Take the time of a part of the import where it still has that name; else it is not told apart."""
    owner: Any = importlib.import_module(module)
    *within, name = of.split(".")
    for part in within:
        owner = getattr(owner, part)
    if hasattr(owner, name):
        stack.enter_context(patch.object(owner, name, clock(what, spent, getattr(owner, name))))


def _seconds(runs: list[tuple[float, float]]) -> dict[str, Any]:
    return {"s": sum(wall for wall, _ in runs), "cpu_s": sum(cpu for _, cpu in runs)}


def reading(file: str) -> Figures:
    """Read the same file by osmium alone: same filters, tags, nodes, shapes; nothing is kept."""
    import osmium
    import osmium.filter
    import osmium.geom

    from planner.sources.pbf import _AREA_KEYS, KEYS

    def things() -> Any:
        every: Any = osmium.FileProcessor(file).with_areas(osmium.filter.KeyFilter(*_AREA_KEYS))
        return every.with_filter(osmium.filter.KeyFilter(*KEYS))

    def read() -> None:
        wkb = osmium.geom.WKBFactory()
        for thing in things():
            dict(thing.tags)
            try:
                if thing.is_way():
                    wkb.create_linestring(thing)
                    [node.ref for node in thing.nodes]
                elif thing.is_area():
                    wkb.create_multipolygon(thing)
            except (osmium.InvalidLocationError, RuntimeError):
                continue  # a way that leaves the extract: the import clips it

    def pass_over() -> None:
        for _thing in things():
            pass

    passed = _told(timed(pass_over, repeat=1, warm=0))
    spent = _told(timed(read, repeat=1, warm=0))
    found = {IMPORT: {BARE: spent}, READ: {BARE: spent, BARER: passed}}
    return {**found, IMPORT_MB: {BARE: {"mb": peak_mb()}}}


def planning(name: str) -> Figures:
    """Open a map, plan on it, find ways; with the size of the map."""
    speeds = [timed(_a_million_sums)]
    opened = timed(lambda: packs.open_area(name), repeat=7)
    area = packs.open_area(name)
    found: Figures = {work: {OURS: _told(spent)} for work, spent in plans(area).items()}
    network = area.network
    timing = network.timing(Travel.PUBLIC, routing.TRAVELLING)
    starts, ends = _ends(area)
    free = network.no_closures()
    gc.freeze()
    ways = timed(lambda: [network.find_path(*pair, timing, free) for pair in _pairs(starts, ends)])
    found[ROUTE] = {OURS: _told(ways, routing.ROUTES)}
    found[MATRIX] = {OURS: _told(timed(lambda: network.times(starts, ends, timing, free)))}
    zone = timed(
        lambda: routing.work(network, timing, starts, ends),
        before=lambda: routing.reopen(network, timing, starts, ends),
    )
    found[ZONE] = {OURS: _told(zone)}
    size = {"edges": edge_count(area), "streets": network.edge_count, "nodes": network.node_count}
    found[HOLD_MB] = {OURS: {"mb": peak_mb()}}
    for piece, spent in pieces(area, packs.shipped_doctrine()):  # some hold the streets twice
        found[piece] = {OURS: _told(spent)}
    speeds.append(timed(_a_million_sums))
    found[YARDSTICK] = {MACHINE: _told(median_of(speeds))}
    found[SEARCH] = {MACHINE: _told(timed(routing.search_by_scipy(network, timing)))}
    found[LISTED] = {OURS: _told(_listed(area))}  # last: it holds the map of a script as well
    return {OPEN: {OURS: _told(opened)}, **found, SIZE: {OURS: size}}


def _a_million_sums() -> int:
    """Do what takes as long on any map: how quick the machine is just now."""
    total = 0
    for number in range(1_000_000):
        total += number
    return total


def _listed(area: Area) -> Timed:
    """Do the list of work at the same places, the median of them."""
    doctrine, network = packs.shipped_doctrine(), area.network
    on = Map(area, graph_of(area, doctrine))
    timing, gone = network.timing(Travel.EMERGENCY, doctrine.travelling), network.no_closures()
    starts, ends = _ends(area)

    def anew() -> None:
        area.memory.forget()
        network.times(starts[:1], ends[:1], timing, gone)

    spent = []
    for number, place in enumerate(places(area, TAPS)[: script_taps(edge_count(area))]):
        at = on.nearest(area.frame.point_m(place))[0]
        work = partial(
            listed,
            *(area, doctrine, incident_at(place, number), at),
            asked(on, at, set(on.near(on.xy_m[at], INNER_M))),
        )
        spent.append(timed(work, repeat=3, before=anew))
    return median_of(spent)


def _ends(area: Area) -> tuple[list[Snap], list[Snap]]:
    """Where the ways begin and end about which everybody is asked."""
    count = routing.STARTS + routing.ENDS
    snaps = routing.places(area.network, Travel.PUBLIC, count, 5, RoadClass.RESIDENTIAL)
    return snaps[: routing.STARTS], snaps[routing.STARTS :]


def _pairs(starts: list[Snap], ends: list[Snap]) -> list[tuple[Snap, Snap]]:
    return list(zip(starts, ends, strict=False))[: routing.ROUTES]


def scripting(name: str) -> Figures:
    """Let the scripts plan at some of the same places; that of networkx finds the same ways, too."""
    area = packs.open_area(name)
    area.network.timing(Travel.EMERGENCY, packs.shipped_doctrine().travelling)  # of ours, not of the script's
    before_mb = peak_mb()
    on = Map(area, graph_of(area, packs.shipped_doctrine()))
    gc.collect()
    gc.freeze()
    edges = edge_count(area)
    metro, most = edges >= METRO, script_taps(edges)
    found: Figures = {work: {NETWORKX: _told(*spent)} for work, spent in _ways(area, on).items()}
    for peer in SCRIPTS:
        taps = 1 if metro and peer == PLAIN else most
        for work, spent in script_plans(SCRIPTS[peer], on, area, taps).items():
            found.setdefault(work, {})[peer] = _told(spent)
        if peer == NETWORKX:  # the first draft, which comes next, has a second graph in memory
            found[HOLD_MB] = {NETWORKX: {"mb": peak_mb() - before_mb}}
    of_osmnx = osmnx_graph(area, packs.shipped_doctrine())
    gc.collect()
    gc.freeze()
    by_list = partial(ListedScript, graph=of_osmnx)
    whole = script_plans(by_list, on, area, 1 if metro else most)[WHOLE]
    found[WHOLE][LIST_SCRIPT] = _told(whole)
    found[LISTED] = {LIST_SCRIPT: _told(whole)}
    return found


def _ways(area: Area, on: Map) -> dict[str, tuple[Timed, int]]:
    """Find the ways by the script of networkx: what it took, and for how many."""
    starts, ends = ([on.nearest((snap.x_m, snap.y_m))[0] for snap in snaps] for snaps in _ends(area))
    middle = on.nearest(routing.middle_m(area.network))[0]
    script = ExpertScript(on, middle)

    def matrix() -> None:
        for start in starts:
            script.search([start], ends)

    def ways() -> None:
        for start, end in list(zip(starts, ends, strict=False))[: routing.ROUTES]:
            script.way(start, end)

    def zone() -> None:
        script.inside = set(on.near(on.xy_m[middle], routing.ZONE_M))
        matrix()
        ways()

    script.inside = set()
    return {
        ROUTE: (timed(ways, repeat=3), routing.ROUTES),
        MATRIX: (timed(matrix, repeat=1, warm=0), 1),
        ZONE: (timed(zone, repeat=1, warm=0), 1),
    }


def asking(name: str, router: str, file: str, limit_s: str) -> Figures:
    """Ask a peer for the same ways, with nothing and with the zone closed; or why it does not answer."""
    area = packs.open_area(name)
    starts, ends = _ends(area)
    pairs = [(k, len(starts) + k) for k in range(routing.ROUTES)]
    asked = {**civil_times.question(area, [*starts, *ends], pairs), "parts": False}
    found: Figures = {}

    def answer(what: str, question: dict[str, Any]) -> dict[str, Any] | None:
        try:
            told = peers.ask(router, Path(file), question, float(limit_s))
        except RuntimeError as error:
            found.setdefault(FAILED, {}).setdefault(router, {})[what] = str(error).splitlines()[-1]
            return None
        if told is None:
            found[FAILED] = {router: {what: f"no {peers.PYTHON} here, for which it comes"}}
            return None
        found[HOLD_MB] = {router: {"mb": told["peak_mb"]}}
        found[VERSION] = {router: {"version": told["version"]}}
        return told

    free = answer("nothing closed", asked)
    if free is not None:
        found[ROUTE] = {router: _of_peer(free, "routes", routing.ROUTES)}
        found[MATRIX] = {router: _of_peer(free, "matrix")}
    shut = answer("zone closed", civil_times.with_zone(area, asked))
    if shut is not None:
        found[ZONE] = {router: _sum(*(_of_peer(shut, kind) for kind in ("closing", "matrix", "routes")))}
    return found


def _of_peer(answer: dict[str, Any], kind: str, count: int = 1) -> dict[str, Any]:
    wall, cpu = answer.get(f"{kind}_wall_s", 0.0), answer.get(f"{kind}_s", 0.0)
    return {"s": wall / count, "cpu_s": cpu / count}


def _sum(*parts: dict[str, Any]) -> dict[str, Any]:
    return {kind: sum(part[kind] for part in parts) for kind in ("s", "cpu_s")}


def _told(spent: Timed, count: int = 1) -> dict[str, Any]:
    told: dict[str, Any] = {"s": spent.wall_s / count, "cpu_s": spent.cpu_s / count}
    return {**told, "each_s": spent.each_s} if spent.each_s else told


PARTS: dict[str, Callable[..., Figures]] = {
    "import": importing,
    "read": reading,
    "plan": planning,
    "script": scripting,
    "ask": asking,
}


def main() -> None:
    """Measure one part."""
    part, *words = sys.argv[1:]
    sys.stdout.write("\n" + json.dumps(PARTS[part](*words)) + "\n")


if __name__ == "__main__":
    main()
