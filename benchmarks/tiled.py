"""``python -m benchmarks.tiled FILE.osm.pbf OUT.osm.pbf --times N``: a metro out of a city.

The same streets N times, in rows as near to a square as may be, with ids of their own; neighbours are joined
by a trunk road, so that it is one network. Nothing that people would read as a map: only its size is real.

Ids are counted anew from 1, in the order of the old ones: OSRM keeps 34 bits of a node's id, and would not
know which streets are to be closed.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import osmium.osm.mutable
import shapely

from benchmarks import peers
from benchmarks.cut_extract import cut

_GAP_DEG = 0.005
_AMID = 0.13
"""Of the nodes so great a share lies beyond each side of what is a map's middle."""
_JOINT_TAGS = {"highway": "trunk", "maxspeed": "90", "name": "Joint"}


@dataclass(frozen=True)
class _City:
    """What is tiled: how wide and high it is, where its main roads end at each side, all its ids."""

    step_deg: tuple[float, float]
    west: int
    east: int
    south: int
    north: int
    ids: dict[str, dict[int, int]]

    def id_of(self, kind: str, old: int, copy: int) -> int:
        """Return the id that a thing has in one of the copies."""
        known = self.ids[kind]
        return copy * len(known) + known[old]


def tile(source: Path, target: Path, times: int) -> None:
    """Write the tiled map."""
    city, columns = _city(source), math.ceil(math.sqrt(times))
    target.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(target)) as writer:
        for kind in ("n", "w", "r"):
            for copy in range(times):
                row, column = divmod(copy, columns)
                aside_deg = (column * city.step_deg[0], row * city.step_deg[1])
                things: Any = osmium.FileProcessor(str(source), _KINDS[kind])
                for thing in things:
                    getattr(writer, _ADD[kind])(_moved(thing, city, copy, aside_deg))
            if kind == "w":
                for number, nodes in enumerate(_joints(city, times, columns), times * len(city.ids["w"]) + 1):
                    writer.add_way(_road(number, nodes))


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")


def laid_out(source: Path, times: int, tell: Callable[[str], None] | None = None) -> Path:
    """Return the tiled map, made once and kept beside what the peers have made."""
    name, told = f"tiled-{{}}-{times}.osm.pbf", f"laying out {times} times {source.name}"
    return _kept(source, name, told, tell, lambda part: tile(source, part, times))


def amid(source: Path, tell: Callable[[str], None] | None = None) -> Path:
    """Return the middle of a map, half of its streets: tiled once, as OSRM could not read its ids else."""
    told = f"cutting the middle out of {source.name}"
    return _kept(source, "amid-{}.osm.pbf", told, tell, lambda part: _cut_middle(source, part))


def _cut_middle(source: Path, target: Path) -> None:
    nodes: Any = osmium.FileProcessor(str(source), osmium.osm.NODE)
    lonlat_deg = np.array([(node.location.lon, node.location.lat) for node in nodes])
    west, south, east, north = np.quantile(lonlat_deg, [_AMID, 1 - _AMID], axis=0).ravel()
    middle = target.with_name(f"middle-{target.name}")
    cut(source, middle, shapely.box(west, south, east, north), whole_ways=True)
    tile(middle, target, 1)
    middle.unlink()


def _kept(
    source: Path, name: str, told: str, tell: Callable[[str], None] | None, make: Callable[[Path], None]
) -> Path:
    """Return a map made of another, known by what that one holds, made once; half a one is none."""
    file = peers.folder() / name.format(hashlib.sha256(source.read_bytes()).hexdigest()[:16])
    if not file.is_file():
        (tell or _tell)(told)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"part-{file.name}")
        make(part)
        part.rename(file)
    return file


_KINDS = {"n": osmium.osm.NODE, "w": osmium.osm.WAY, "r": osmium.osm.RELATION}
_ADD = {"n": "add_node", "w": "add_way", "r": "add_relation"}


def _moved(thing: Any, city: _City, copy: int, aside_deg: tuple[float, float]) -> Any:
    kind = thing.type_str()
    new = city.id_of(kind, thing.id, copy)
    if kind == "n":
        place = (thing.location.lon + aside_deg[0], thing.location.lat + aside_deg[1])
        return thing.replace(id=new, location=place)
    if kind == "w":
        return thing.replace(id=new, nodes=[city.id_of("n", node.ref, copy) for node in thing.nodes])
    return thing.replace(
        id=new, members=[(m.type, city.id_of(m.type, m.ref, copy), m.role) for m in thing.members]
    )


def _joints(city: _City, times: int, columns: int) -> list[list[int]]:
    """Return the two nodes of each road between neighbours."""
    joints = []
    for copy in range(times):
        if copy % columns and copy > 0:
            joints.append([city.id_of("n", city.east, copy - 1), city.id_of("n", city.west, copy)])
        if copy >= columns:
            joints.append([city.id_of("n", city.north, copy - columns), city.id_of("n", city.south, copy)])
    return joints


def _road(number: int, nodes: list[int]) -> Any:
    """Return a road between copies; its id is above all others, for a file is in the order of ids."""
    return osmium.osm.mutable.Way(id=number, version=1, nodes=nodes, tags=_JOINT_TAGS)


def _city(source: Path) -> _City:
    """Measure a map; its ends are nodes of two-way main roads, which one may join and leave."""
    things: Any = osmium.FileProcessor(str(source)).with_locations()
    ends, spots, corners = [], [], []
    ids: dict[str, set[int]] = {"n": set(), "w": set(), "r": set()}  # of things, and of what they refer to
    for thing in things:
        ids[thing.type_str()].add(thing.id)
        if thing.is_node():
            corners.append((thing.location.lon, thing.location.lat))
        elif thing.is_way():
            ids["n"].update(node.ref for node in thing.nodes)
            if _leads_somewhere(thing.tags):
                for node in thing.nodes:
                    if node.location.valid():
                        ends.append(node.ref)
                        spots.append((node.location.lon, node.location.lat))
        else:
            for member in thing.members:
                ids[member.type].add(member.ref)
    lon, lat = np.transpose(spots)
    width, height = np.ptp(corners, axis=0) + _GAP_DEG
    west, east, south, north = (ends[k] for k in (lon.argmin(), lon.argmax(), lat.argmin(), lat.argmax()))
    numbers = {kind: {old: new for new, old in enumerate(sorted(known), 1)} for kind, known in ids.items()}
    return _City((float(width), float(height)), west, east, south, north, numbers)


def _leads_somewhere(tags: Any) -> bool:
    return tags.get("highway") in {"primary", "secondary", "tertiary"} and tags.get("oneway") in {None, "no"}


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tiled", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--times", type=int, default=9)
    asked = parser.parse_args()
    tile(asked.source, asked.target, asked.times)


if __name__ == "__main__":
    main()
