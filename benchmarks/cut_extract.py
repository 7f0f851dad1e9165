"""``python -m benchmarks.cut_extract FILE.osm.pbf``: what is said of perimeters by an extract's border.

The map is cut along a slanted, concave border as tools cut extracts: with whole ways (``osmium extract``'s
default), with no node beyond (its ``simple`` strategy), and with whole ways again but with the border known
(``--within``). At places near it a plan is made on the part and judged on the whole map: somebody would rely
on a perimeter that is said to be sealed, and that the whole map shows open. At places amid the part, further
from the border, what is not said to be sealed and is not open is a false alarm.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import shapely
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.audit import audit_plan
from planner.errors import PlannerError
from planner.geo import LonLat
from planner.model import Incident
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.sources.pbf import read_osm
from planner.terms import ThreatName

_BORDER = ((0.12, 0.2), (0.62, 0.05), (0.9, 0.62), (0.55, 0.48), (0.45, 0.9), (0.2, 0.8))
"""Corners, as shares of the width and height of the map."""
_NEAR_M = 1000.0
_AMID_M = 1500.0
_THREATS = (ThreatName.KNIFE, ThreatName.RIFLE, ThreatName.VEHICLE, ThreatName.SEDAN_BOMB)


def cut(source: Path, target: Path, ground_deg: shapely.Polygon, *, whole_ways: bool) -> None:
    """Write the part of a map that lies on a ground."""
    nodes: Any = osmium.FileProcessor(str(source), osmium.osm.NODE)
    place = {node.id: (node.location.lon, node.location.lat) for node in nodes}
    within = shapely.contains_xy(ground_deg, np.array(list(place.values())))
    inside = {ident for ident, there in zip(place, within.tolist(), strict=True) if there}
    ways: Any = osmium.FileProcessor(str(source), osmium.osm.WAY)
    listed = {way.id: [node.ref for node in way.nodes] for way in ways}
    kept = {ident: refs for ident, refs in listed.items() if not inside.isdisjoint(refs)}
    needed = inside.union(*kept.values()) if whole_ways else inside
    things: Any = osmium.FileProcessor(str(source))
    with osmium.SimpleWriter(str(target), overwrite=True) as writer:
        for thing in things:
            if thing.is_relation():
                wanted = any(member.type == "w" and member.ref in kept for member in thing.members)
            else:
                wanted = thing.id in (needed if thing.is_node() else kept)
            if wanted:
                writer.add(thing)


def scenes(whole: Area, ground_deg: shapely.Polygon, count: int, *, near: bool = True) -> Iterator[Incident]:
    """Yield incidents within 1 km of the border, inside it; else amid, and amid the whole map as well."""
    rng = np.random.default_rng(5)
    rim_m = shapely.transform(ground_deg.exterior, whole.frame.to_m)
    inside_m: BaseGeometry = shapely.transform(ground_deg, whole.frame.to_m)
    if near:
        inside_m = inside_m.intersection(rim_m.buffer(_NEAR_M))
    else:
        inside_m = inside_m.buffer(-_AMID_M).intersection(whole.extent_m.buffer(-_AMID_M))
    xy_m = whole.network.node_xy_m[shapely.contains_xy(inside_m, whole.network.node_xy_m)]
    for number, spot in enumerate(rng.choice(xy_m, min(count, len(xy_m)), replace=False)):
        lon, lat = whole.frame.to_deg(spot[None])[0].tolist()
        yield Incident(LonLat(lon, lat).rounded(), _THREATS[number % len(_THREATS)])


def judged(part: Area, whole: Area, incidents: list[Incident]) -> Counter[str]:
    """Count what perimeters say on a part of a map, and what the whole of it shows."""
    found: Counter[str] = Counter()
    doctrine = shipped_doctrine()
    for incident in incidents:
        try:
            plan = make_plan(incident, part, doctrine)
        except PlannerError:
            found["refused"] += 1
            continue
        failures = audit_plan(plan, whole, doctrine).failures
        leaky = {failure.about for failure in failures if failure.check == "seal"}
        for line in plan.perimeters:
            is_open = line.perimeter in leaky
            found[f"{line.perimeter} {'said sealed' if line.sealed else 'not said'}{', open' * is_open}"] += 1
    return found


def main() -> None:
    """Cut, plan, judge, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cut_extract", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--scenes", type=int, default=40)
    asked = parser.parse_args()
    whole = read_osm(asked.file, "whole")
    west, south, east, north = whole.bbox_deg
    corners = [(west + x * (east - west), south + y * (north - south)) for x, y in _BORDER]
    ground_deg = shapely.Polygon(corners)
    shapely.prepare(ground_deg)
    places = {
        where: list(scenes(whole, ground_deg, asked.scenes, near=where == "near"))
        for where in ("near", "amid")
    }
    with tempfile.TemporaryDirectory() as folder:
        for told, whole_ways, border in (
            ("whole ways", True, None),
            ("no node beyond", False, None),
            ("whole ways, border known", True, ground_deg),
        ):
            file = Path(folder) / "part.osm.pbf"
            cut(asked.file, file, ground_deg, whole_ways=whole_ways)
            part = read_osm(file, "part", within_deg=border)
            for where, incidents in places.items():
                found = judged(part, whole, incidents)
                line = ", ".join(f"{what}: {count}" for what, count in sorted(found.items()))
                sys.stdout.write(f"{asked.file.name}, {told}, {len(incidents)} scenes {where}: {line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
