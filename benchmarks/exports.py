"""What each export of a plan costs, and its size; beside other libraries' writing of the same records.

The peers write names, descriptions and geometries alone: no styles, no schema order, no feed.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import fastkml
import geopandas as gpd
import gpxpy.gpx
import shapely
from shapely.geometry.base import BaseGeometry

from benchmarks.rows import Row, timed
from benchmarks.whole_plan import incident_at, places
from planner import packs
from planner.area import Area
from planner.exports import EXPORTERS, Options, export_plan
from planner.exports.features import LAYERS, Item, items
from planner.geo import LonLat
from planner.geojson import geometry
from planner.model import Incident, Plan
from planner.plan import make_plan
from planner.terms import ThreatName

_TARGET_S, _PRINT_TARGET_S = 0.5, 3.0
_PRINTED = (".pdf", ".png")
_TRES_CRUCES = LonLat(-56.1665, -34.8945)
"""A shopping centre and bus station in the middle of Montevideo: the plan that the targets are of."""


def plan_of(area: Area) -> Plan:
    """Return the plan to export: of a busy place."""
    tables = packs.shipped_doctrine()
    if area.covers(_TRES_CRUCES):
        return make_plan(Incident(_TRES_CRUCES, ThreatName.HANDGUN, name="Tres Cruces"), area, tables)
    said = incident_at(places(area, 1)[0], 0)
    return make_plan(replace(said, name="Benchmark"), area, tables)


def measure(area: Area) -> Iterator[Row]:
    """Measure every format."""
    plan = plan_of(area)
    found = items(plan, "m")
    options = Options(datetime(2024, 5, 14, 9, 32, tzinfo=UTC), valid_min=240)
    for to, exporter in EXPORTERS.items():
        printed = exporter.suffix in _PRINTED
        content = export_plan(plan, to, options, area)
        peer, theirs = _PEERS.get(to, ("", None))
        yield Row(
            f"export {to}, {len(found)} items, {max(1, len(content) // 1000)} kB",
            timed(partial(export_plan, plan, to, options, area), repeat=5),
            peer=peer,
            theirs=timed(partial(theirs, found), repeat=5) if theirs else None,
            target_s=_PRINT_TARGET_S if printed else _TARGET_S,
        )


def _shape(item: Item) -> BaseGeometry:
    made: BaseGeometry = shapely.geometry.shape(geometry(item.shape))
    return made


def _geopandas_gpkg(found: tuple[Item, ...]) -> None:
    """Write the same layers with geopandas, without looks."""
    with tempfile.TemporaryDirectory() as folder:
        for layer in LAYERS:
            own = [item for item in found if item.layer == layer]
            if own:
                columns = {"label": [i.label for i in own], "about": ["\n".join(i.lines) for i in own]}
                table = gpd.GeoDataFrame(columns, geometry=[_shape(i) for i in own], crs="EPSG:4326")
                table.to_file(Path(folder) / "plan.gpkg", layer=layer, driver="GPKG")


def _fastkml(found: tuple[Item, ...]) -> None:
    kml: Any = fastkml
    document = kml.Document(name="plan")
    for layer in LAYERS:
        folder = kml.Folder(name=layer)
        for item in found:
            if item.layer == layer:
                mark = kml.Placemark(name=item.label, description=" ".join(item.lines), geometry=_shape(item))
                folder.append(mark)
        document.append(folder)
    whole = kml.KML()
    whole.append(document)
    whole.to_string()


def _gpxpy(found: tuple[Item, ...]) -> None:
    whole = gpxpy.gpx.GPX()
    for item in found:
        for place in item.shape.points:
            point = gpxpy.gpx.GPXWaypoint(place.lat_deg, place.lon_deg, name=item.label)
            point.description = " ".join(item.lines)
            whole.waypoints.append(point)
        rings = [ring for polygon in item.shape.polygons for ring in polygon]
        for line in (*item.shape.lines, *rings):
            route = gpxpy.gpx.GPXRoute(name=item.label, description=" ".join(item.lines))
            route.points = [gpxpy.gpx.GPXRoutePoint(at.lat_deg, at.lon_deg) for at in line]
            whole.routes.append(route)
    whole.to_xml()


def _geopandas_geojson(found: tuple[Item, ...]) -> None:
    columns = {"label": [i.label for i in found], "about": ["\n".join(i.lines) for i in found]}
    table = gpd.GeoDataFrame(columns, geometry=[_shape(i) for i in found], crs="EPSG:4326")
    table.to_file(io.BytesIO(), driver="GeoJSON")


Peer = Callable[[tuple[Item, ...]], None]
_PEERS: dict[str, tuple[str, Peer]] = {
    "geojson": ("geopandas (GDAL)", _geopandas_geojson),
    "gpkg": ("geopandas (GDAL)", _geopandas_gpkg),
    "kml": ("fastkml", _fastkml),
    "gpx": ("gpxpy", _gpxpy),
}
