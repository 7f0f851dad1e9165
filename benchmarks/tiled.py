"""``python -m benchmarks.tiled FILE.osm.pbf OUT.osm.pbf --times N``: a metro out of a city.

The same streets N times, side by side from west to east, with ids of their own; neighbours are joined by
a road, so that it is one network. Nothing that people would read as a map: only its size is real.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import osmium
import osmium.osm.mutable

ID_STEP = 100_000_000_000
_GAP_DEG = 0.005


def tile(source: Path, target: Path, times: int) -> None:
    """Write the tiled map."""
    west, east = _width(source)
    step_deg = east - west + _GAP_DEG
    ends = _ends_of_main_roads(source)
    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(target)) as writer:
        for kind in ("n", "w", "r"):
            for copy in range(times):
                things: Any = osmium.FileProcessor(str(source))
                for thing in things:
                    if thing.type_str() == kind:
                        getattr(writer, _ADD[kind])(_moved(thing, kind, copy * ID_STEP, copy * step_deg))
            if kind == "w":
                for copy in range(1, times):
                    writer.add_way(_road_between(ends, copy))


_ADD = {"n": "add_node", "w": "add_way", "r": "add_relation"}


def _moved(thing: Any, kind: str, ids: int, lon_deg: float) -> Any:
    if kind == "n":
        place = (thing.location.lon + lon_deg, thing.location.lat)
        return thing.replace(id=thing.id + ids, location=place)
    if kind == "w":
        return thing.replace(id=thing.id + ids, nodes=[node.ref + ids for node in thing.nodes])
    return thing.replace(id=thing.id + ids, members=[(m.type, m.ref + ids, m.role) for m in thing.members])


def _road_between(ends: tuple[int, int], copy: int) -> Any:
    """Return a primary road from the east end of the copy before to the west end of a copy."""
    west, east = ends
    nodes = [east + (copy - 1) * ID_STEP, west + copy * ID_STEP]
    ident = _road_id(copy)
    return osmium.osm.mutable.Way(
        id=ident, version=1, nodes=nodes, tags={"highway": "primary", "name": "Joint"}
    )


def _road_id(copy: int) -> int:
    """Id of a road between copies: above all others, for a file is in the order of ids."""
    return 90 * ID_STEP + copy


def _ends_of_main_roads(source: Path) -> tuple[int, int]:
    """Ids of the westernmost and easternmost node of the roads that lead somewhere."""
    things: Any = osmium.FileProcessor(str(source)).with_locations()
    nodes = {
        node.ref: node.location.lon
        for thing in things
        if thing.is_way() and thing.tags.get("highway") in {"primary", "secondary", "tertiary"}
        for node in thing.nodes
        if node.location.valid()
    }
    return min(nodes, key=lambda ref: nodes[ref]), max(nodes, key=lambda ref: nodes[ref])


def _width(source: Path) -> tuple[float, float]:
    things: Any = osmium.FileProcessor(str(source), osmium.osm.NODE)
    lons = [thing.location.lon for thing in things]
    return min(lons), max(lons)


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiled", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args()
    tile(asked.source, asked.target, asked.times)


if __name__ == "__main__":
    main()
