"""GeoPackage: a layer for each kind of thing, with the colours and labels that QGIS shows on opening.

GDAL writes the layers. The looks stand in ``layer_styles``, the table that QGIS looks into (QML) and that
other programs read too (SLD): see :mod:`planner.exports.qgis`.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.exports.exporter import Options
from planner.exports.features import LAYERS, TEXT_LENGTH, Item, items
from planner.exports.qgis import layer_qml, layer_sld
from planner.model import Plan, Shape
from planner.seam import cut_at_180
from planner.words import ADVICE, plain

# The file is temporary: nobody waits for a disk to have it. Set once, for GDAL keeps it for the process.
pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF", "OGR_SQLITE_JOURNAL": "MEMORY"})

GEOMETRY = "geom"
_UNLABELLED = frozenset({"sites", "perimeters", "routes"})
"""Sites are named at their entrances, lines by the posts on them."""
_VERSION = {"VERSION": "1.2"}
"""Of the standard: read without a word by programs of the last ten years."""
_INTEGERS = frozenset({"rank", "officers", "posts", "capacity", "red", "yellow", "green"})
_BOOLEANS = frozenset({"drawn", "sealed", "in_sight", "helipad", "off_map"})
_UNITS = ("_m", "_m2", "_s")
_FAMILIES = {"points": "Point", "lines": "LineString", "polygons": "Polygon"}


def export_gpkg(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write a GeoPackage: the same bytes for the same plan and time."""
    layers = list(_layers(items(plan, options.units)))
    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        file = Path(folder) / "plan.gpkg"
        for name, family, chosen in layers:
            _write_layer(file, name, family, chosen)
        _write_table(file, "plan", _about(plan, options))
        if layers:
            _write_table(file, "layer_styles", _styles(layers), fid="id")
        _set_clock(file, options)
        return _uncounted(file.read_bytes())


Layer = tuple[str, str, list[Item]]


def _layers(found: Sequence[Item]) -> Iterable[Layer]:
    """Part the items by layer and kind of geometry: a table holds one kind, and programs count on it."""
    for layer in LAYERS:
        own = [item for item in found if item.layer == layer]
        families = {family: [one for one in own if getattr(one.shape, family)] for family in _FAMILIES}
        filled = [family for family, chosen in families.items() if chosen]
        main = "polygons" if "polygons" in filled and layer != "scene" else next(iter(filled), "")
        for family in filled:
            name = layer if family == main else f"{layer}_{family}"
            yield name, family, families[family]


def _write_layer(file: Path, name: str, family: str, chosen: Sequence[Item]) -> None:
    geometries = [_geometry(item.shape) for item in chosen]
    several = any(geometry.geom_type.startswith("Multi") for geometry in geometries)
    columns: dict[str, Any] = {
        "style": _column("style", [item.style for item in chosen]),
        "label": _column("label", [item.label for item in chosen]),
        "title": _column("title", [item.title for item in chosen]),
        "about": _column("about", ["\n".join(item.lines) for item in chosen]),
    }
    for number, (fact, _) in enumerate(chosen[0].facts):
        columns[fact] = _column(fact, [item.facts[number][1] for item in chosen])
    table = gpd.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4326")
    kind = _FAMILIES[family]
    pyogrio.write_dataframe(
        table,
        file,
        layer=name,
        driver="GPKG",
        append=file.exists(),
        geometry_type=f"Multi{kind}" if several else kind,
        promote_to_multi=several,
        layer_options={"GEOMETRY_NAME": GEOMETRY},
        dataset_options=None if file.exists() else _VERSION,
    )


def _column(name: str, values: Sequence[Any]) -> Any:
    if name in _INTEGERS:
        return pd.array(values, dtype="Int64")
    if name in _BOOLEANS:
        return pd.array(values, dtype="boolean")
    if name.endswith(_UNITS):
        return pd.array(values, dtype="Float64")
    return pd.Series(values, dtype=object)


def _geometry(shape: Shape) -> BaseGeometry:
    """Return the shape in degrees as GDAL takes it."""
    shape = cut_at_180(shape)
    parts: list[BaseGeometry] = [shapely.Point(place) for place in shape.points]
    parts += [shapely.LineString(line) for line in shape.lines]
    parts += [shapely.Polygon(rings[0], rings[1:]) for rings in shape.polygons]
    if len(parts) == 1:
        return parts[0]
    if shape.points:
        return shapely.MultiPoint(shapely.get_coordinates(parts))
    several: Any = shapely.multilinestrings(parts) if shape.lines else shapely.multipolygons(parts)
    made: BaseGeometry = several
    return made


def _about(plan: Plan, options: Options) -> pd.DataFrame:
    """Say what this is, in a table of its own."""
    rows = [
        ("advice", ADVICE),
        ("incident", plan.incident.name),
        ("plan", plan.id),
        ("written", options.time()),
        ("software", plan.software),
        ("map", plan.area.name),
        ("map data of", plan.area.data_date),
        ("map source", plan.area.source),
        ("attribution", plan.area.attribution),
        ("doctrine", plan.doctrine.name),
        *((f"notice, {notice.level.value}", notice.text) for notice in plan.notices),
    ]
    texts = [plain(text, TEXT_LENGTH) for _, text in rows]
    return pd.DataFrame({"what": [what for what, _ in rows], "text": texts})


def _styles(layers: Sequence[Layer]) -> pd.DataFrame:
    rows = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": name,
            "f_geometry_column": GEOMETRY,
            "styleName": "planner",
            "styleQML": layer_qml(family, [item.style for item in chosen], labelled=name not in _UNLABELLED),
            "styleSLD": layer_sld(name, family, [item.style for item in chosen]),
            "useAsDefault": True,
            "description": f"{LAYERS.get(name, name)}, as planned",
            "owner": "",
            "ui": "",
        }
        for name, family, chosen in layers
    ]
    return pd.DataFrame(rows)


def _write_table(file: Path, name: str, table: pd.DataFrame, fid: str = "fid") -> None:
    pyogrio.write_dataframe(table, file, layer=name, driver="GPKG", append=file.exists(), FID=fid)


def _uncounted(content: bytes) -> bytes:
    """Set how often SQLite has written the file to once: GDAL's threads make it differ from run to run."""
    once = (1).to_bytes(4, "big")
    return content[:24] + once + content[28:92] + once + content[96:]  # both the same, as SQLite wants it


def _set_clock(file: Path, options: Options) -> None:
    """Put the time of the export where GDAL has put its own clock's."""
    moment = options.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("UPDATE gpkg_contents SET last_change = ?", (moment,))
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'").fetchone():
            database.execute("ALTER TABLE layer_styles ADD COLUMN update_time DATETIME")
            database.execute("UPDATE layer_styles SET update_time = ?", (moment,))
