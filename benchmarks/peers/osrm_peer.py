"""OSRM asked on its own Python: prepares an extract (car profile, contracted) and answers on stdout.

Where a zone is closed it is asked by its multi-level Dijkstra instead, for which closing streets means to
customize the whole map anew with them at no speed, and to load it: that is timed as ``closing_s``.
"""

import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import osrm
from answering import NO_WAY, Leg, alone, answer, question

_PROFILE = Path(osrm.__file__).parent / "share" / "profiles" / "car.lua"


def prepare(extract: Path, prepared: Path, then: tuple[str, ...]) -> Path:
    """Extract once, and do the steps that an algorithm asks for."""
    graph = prepared / "map.osrm"
    with alone(prepared):
        if not (prepared / "done").is_file():
            copy = prepared / "map.osm.pbf"
            copy.write_bytes(extract.read_bytes())
            _step("extract", "-p", str(_PROFILE), str(copy))
            for step in then:
                _step(step, str(graph))
            (prepared / "done").touch()
    return graph


def _step(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "osrm", *words], check=True, stdout=sys.stderr)


def closing(extract: Path, prepared: Path, closed: list[list[int]]) -> tuple[Any, float, float]:
    """Close streets, by the OSM nodes of each: the router; processor and wall seconds that it takes."""
    graph = prepare(extract, prepared, ("partition", "customize"))
    speeds = prepared / "closed.csv"
    speeds.write_text("".join(f"{a},{b},0\n{b},{a},0\n" for nodes in closed for a, b in pairwise(nodes)))
    began, wall = _spent_s(), time.perf_counter()
    _step("customize", str(graph), "--segment-speed-file", str(speeds))
    router = osrm.OSRM(storage_config=str(graph), use_shared_memory=False, algorithm="MLD")
    return router, _spent_s() - began, time.perf_counter() - wall


def _spent_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Answer the question on standard input."""
    asked, extract, prepared = question(), Path(sys.argv[1]), Path(sys.argv[2])
    told: dict[str, float] = {}
    if asked["closed"]:
        own = prepared.with_name(f"{prepared.name}-mld")
        router, told["closing_s"], told["closing_wall_s"] = closing(extract, own, asked["closed"])
    else:
        graph = prepare(extract, prepared, ("contract",))
        router = osrm.OSRM(storage_config=str(graph), use_shared_memory=False)
    places = [tuple(p) for p in asked["places"]]

    def route(pair: list[int], parts: bool) -> Leg:
        asked_route = osrm.RouteParameters(
            coordinates=[places[k] for k in pair],
            overview="false",
            annotations=["nodes", "duration", "distance"] if parts else [],
        )
        try:
            best = router.Route(asked_route)["routes"][0]
        except (RuntimeError, KeyError, IndexError):
            return NO_WAY
        driven = []
        if parts:
            said = best["legs"][0]["annotation"]
            ends = pairwise(int(node) for node in said["nodes"])
            driven = [
                (list(pair), float(seconds), float(metres))
                for pair, seconds, metres in zip(ends, said["duration"], said["distance"], strict=True)
            ]
        return float(best["duration"]), float(best["distance"]), driven

    chosen = [places[k] for k in asked["starts"] + asked["ends"]]
    count = len(asked["starts"])
    table = osrm.TableParameters(
        coordinates=chosen, sources=list(range(count)), destinations=list(range(count, len(chosen)))
    )
    answer(asked, route, lambda: router.Table(table), told, "osrm-bindings")


main()
