"""``python -m benchmarks.tiled FILE.osm.pbf OUT.osm.pbf --times N``: a metro out of a city.

The same streets N times, in rows as near to a square as may be, with ids of their own; neighbours are joined
by a trunk road, so that it is one network. Nothing that people would read as a map: only its size is real.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import osmium.osm.mutable

ID_STEP = 100_000_000_000
_GAP_DEG = 0.005
_JOINT_TAGS = {"highway": "trunk", "maxspeed": "90", "name": "Joint"}


@dataclass(frozen=True)
class _City:
    """What is tiled: how wide and high it is, and where its main roads end towards each neighbour."""

    step_deg: tuple[float, float]
    west: int
    east: int
    south: int
    north: int


def tile(source: Path, target: Path, times: int) -> None:
    """Write the tiled map."""
    city, columns = _city(source), math.ceil(math.sqrt(times))
    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(target)) as writer:
        for kind in ("n", "w", "r"):
            for copy in range(times):
                row, column = divmod(copy, columns)
                aside_deg = (column * city.step_deg[0], row * city.step_deg[1])
                things: Any = osmium.FileProcessor(str(source))
                for thing in things:
                    if thing.type_str() == kind:
                        getattr(writer, _ADD[kind])(_moved(thing, kind, copy * ID_STEP, aside_deg))
            if kind == "w":
                for number, nodes in enumerate(_joints(city, times, columns)):
                    writer.add_way(_road(number, nodes))


_ADD = {"n": "add_node", "w": "add_way", "r": "add_relation"}


def _moved(thing: Any, kind: str, ids: int, aside_deg: tuple[float, float]) -> Any:
    if kind == "n":
        place = (thing.location.lon + aside_deg[0], thing.location.lat + aside_deg[1])
        return thing.replace(id=thing.id + ids, location=place)
    if kind == "w":
        return thing.replace(id=thing.id + ids, nodes=[node.ref + ids for node in thing.nodes])
    return thing.replace(id=thing.id + ids, members=[(m.type, m.ref + ids, m.role) for m in thing.members])


def _joints(city: _City, times: int, columns: int) -> list[list[int]]:
    """Return the two nodes of each road between neighbours."""
    joints = []
    for copy in range(times):
        if copy % columns and copy > 0:
            joints.append([city.east + (copy - 1) * ID_STEP, city.west + copy * ID_STEP])
        if copy >= columns:
            joints.append([city.north + (copy - columns) * ID_STEP, city.south + copy * ID_STEP])
    return joints


def _road(number: int, nodes: list[int]) -> Any:
    """Return a road between copies; its id is above all others, for a file is in the order of ids."""
    return osmium.osm.mutable.Way(id=90 * ID_STEP + number, version=1, nodes=nodes, tags=_JOINT_TAGS)


def _city(source: Path) -> _City:
    """Measure a map; its ends are nodes of two-way main roads, which one may join and leave."""
    things: Any = osmium.FileProcessor(str(source)).with_locations()
    ends, spots, corners = [], [], []
    for thing in things:
        if thing.is_node():
            corners.append((thing.location.lon, thing.location.lat))
        elif thing.is_way() and _leads_somewhere(thing.tags):
            for node in thing.nodes:
                if node.location.valid():
                    ends.append(node.ref)
                    spots.append((node.location.lon, node.location.lat))
    lon, lat = np.transpose(spots)
    width, height = np.ptp(corners, axis=0) + _GAP_DEG
    west, east, south, north = (ends[k] for k in (lon.argmin(), lon.argmax(), lat.argmin(), lat.argmax()))
    return _City((float(width), float(height)), west, east, south, north)


def _leads_somewhere(tags: Any) -> bool:
    return tags.get("highway") in {"primary", "secondary", "tertiary"} and tags.get("oneway") in {None, "no"}


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
