"""The base map of an area as two small vector-tile files, made once and kept beside the packs.

``near`` holds everything at one zoom (14, half a metre a step, drawn larger from there on), ``far`` only
water, green and main streets for the view of the whole area. Both are PMTiles, drawn by
``incident_map/basemap.js``; nothing of them goes through a rerun.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from planner.area import Area
from planner.geo import LonLat, run_on
from planner.streets.network import StreetNetwork
from planner.terms import ObstacleKind, PlaceKind, RoadClass

STYLE = 1
"""Part of the file name: raise it when what the files hold changes."""
SPLIT_ZOOM = 14
"""The same as ``SPLIT_ZOOM`` in basemap.js: from here on the near file is shown."""
FAR_ZOOM = 9
_FAR_KINDS = frozenset(
    {"water", "green", "wood", "motorway", "major", "middle", "railway", "name of motorway"}
)

_STREET_KINDS = {
    RoadClass.MOTORWAY: "motorway",
    RoadClass.MOTORWAY_LINK: "motorway",
    RoadClass.TRUNK: "motorway",
    RoadClass.TRUNK_LINK: "motorway",
    RoadClass.PRIMARY: "major",
    RoadClass.PRIMARY_LINK: "major",
    RoadClass.SECONDARY: "middle",
    RoadClass.SECONDARY_LINK: "middle",
    RoadClass.TERTIARY: "middle",
    RoadClass.TERTIARY_LINK: "middle",
    RoadClass.UNCLASSIFIED: "minor",
    RoadClass.RESIDENTIAL: "minor",
    RoadClass.LIVING_STREET: "minor",
    RoadClass.PEDESTRIAN: "minor",
    RoadClass.ROAD: "minor",
    RoadClass.BUSWAY: "service",
    RoadClass.SERVICE: "service",
    RoadClass.TRACK: "track",
}
_PLACE_KINDS = {
    PlaceKind.PARK: "green",
    PlaceKind.PITCH: "green",
    PlaceKind.OPEN_GROUND: "green",
    PlaceKind.PARKING: "paved",
    PlaceKind.SCHOOL: "plot",
    PlaceKind.KINDERGARTEN: "plot",
    PlaceKind.COLLEGE: "plot",
    PlaceKind.STADIUM: "plot",
    PlaceKind.MALL: "plot",
    PlaceKind.HOSPITAL: "health",
    PlaceKind.CLINIC: "health",
}
_LANDMARKS = frozenset(
    {
        PlaceKind.SCHOOL,
        PlaceKind.COLLEGE,
        PlaceKind.MALL,
        PlaceKind.STADIUM,
        PlaceKind.HOSPITAL,
        PlaceKind.BUS_STATION,
        PlaceKind.STATION,
        PlaceKind.FIRE_STATION,
        PlaceKind.POLICE,
        PlaceKind.TOWNHALL,
    }
)
_OBSTACLE_KINDS = {
    ObstacleKind.WATER: "water",
    ObstacleKind.WOOD: "wood",
    ObstacleKind.WATERWAY: "waterway",
    ObstacleKind.RAILWAY: "railway",
}
_HALF_TURN_DEG, _POLE_DEG = 180.0, 90.0
_LABEL_M = 220.0
_LABEL_EVERY_M = 350.0


@dataclass(frozen=True)
class BaseMapFiles:
    """Where an area's base map lies: two files in one folder."""

    near: Path
    far: Path

    def there(self) -> bool:
        """Whether both have been made."""
        return self.near.is_file() and self.far.is_file()


def base_map_files(area: Area, folder: Path) -> BaseMapFiles:
    """Return where an area's base map is kept, made or not."""
    stem = f"{area.name}-{area.digest[:12]}-{STYLE}"
    return BaseMapFiles(folder / f"{stem}-near.pmtiles", folder / f"{stem}-far.pmtiles")


def base_map(area: Area, folder: Path) -> BaseMapFiles:
    """Return an area's base map, made now if it is not there yet.

    Parameters
    ----------
    area : Area
    folder : Path
        Where base maps are kept; files of older contents of the same area are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = base_map_files(area, folder)
    if not files.there():
        features = map_features(area)
        _write(features, files.near, SPLIT_ZOOM, SPLIT_ZOOM)
        _write(features[features["kind"].isin(_FAR_KINDS)], files.far, FAR_ZOOM, SPLIT_ZOOM - 1)
        _remove_older(area.name, files, folder)
    return files


def map_features(area: Area) -> gpd.GeoDataFrame:
    """Return what the base map shows: ``kind``, ``name`` and geometry in degrees, in drawing order."""
    parts = [
        *_ground(area),
        _buildings(area),
        _streets(area.network),
        _street_names(area.network),
        _place_names(area),
    ]
    rows = pd.concat(parts, ignore_index=True)
    west, _, east, _ = area.bbox_deg
    about = LonLat((west + east) / 2, 0.0)
    geometry = shapely.transform(
        rows["geometry"].to_numpy(), lambda xy_m: run_on(area.frame.to_deg(xy_m), about)
    )
    made = gpd.GeoDataFrame(rows[["kind", "name"]], geometry=geometry, crs="EPSG:4326")
    return made if west >= -_HALF_TURN_DEG and east <= _HALF_TURN_DEG else _cut_at_180(made)


def _cut_at_180(features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut what runs on past longitude 180 off there, and put it where tiles have it: beyond -180."""
    parts = []
    for turn in (-1, 0, 1):
        middle = 360.0 * turn
        ground = shapely.box(middle - _HALF_TURN_DEG, -_POLE_DEG, middle + _HALF_TURN_DEG, _POLE_DEG)
        here = features[features.intersects(ground)]
        moved = here.intersection(ground).translate(xoff=-middle)
        parts.append(here.set_geometry(moved))
    return pd.concat(parts)


def _ground(area: Area) -> Iterator[pd.DataFrame]:
    for table, kinds in ((area.obstacles, _OBSTACLE_KINDS), (area.places, _PLACE_KINDS)):
        shown = table.rows(table.among("kind", kinds))
        shapes = shown.shapes
        extended = shapely.get_dimensions(shapes) > 0
        kind = np.array([kinds[text] for text in shown["kind"]], dtype=object)
        yield _rows(kind[extended], "", shapes[extended])


def _buildings(area: Area) -> pd.DataFrame:
    shapes = area.buildings.shapes
    shapes = shapes[shapely.get_dimensions(shapes) == 2]
    return _rows("building", "", shapes)


def _kinds_of_streets(network: StreetNetwork) -> NDArray[np.object_]:
    kinds = np.full(256, "foot", dtype=object)
    for road, kind in _STREET_KINDS.items():
        kinds[road] = kind
    found: NDArray[np.object_] = kinds[network.road_class]
    return found


def _streets(network: StreetNetwork) -> pd.DataFrame:
    """Merge the streets of each kind: few long lines make small tiles (``ui.md``: 2.6 MB instead of 5.5)."""
    kinds = _kinds_of_streets(network)
    parts = []
    for kind in sorted(set(kinds)):
        lines = network.lines(np.flatnonzero(kinds == kind))
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
        parts.append(_rows(kind, "", merged))
    return pd.concat(parts, ignore_index=True)


def _street_names(network: StreetNetwork) -> pd.DataFrame:
    """Short straight lines to write names along: a name on one long line would be drawn once, or never."""
    named = np.flatnonzero(network.name_index > 0)
    kinds = _kinds_of_streets(network)[named]
    groups = pd.DataFrame({"kind": kinds, "name": network.name_index[named], "edge": named})
    found: list[tuple[str, str, shapely.LineString]] = []
    for key, edges in groups.groupby(["kind", "name"], sort=True)["edge"]:
        kind, name = cast("tuple[str, int]", key)
        merged = shapely.line_merge(shapely.multilinestrings(network.lines(edges.to_numpy())))
        for line in shapely.get_parts(merged):
            found += [(f"name of {kind}", network.names[name], label) for label in _label_lines(line)]
    kinds_found, names, lines = zip(*found, strict=True) if found else ((), (), ())
    return _rows(
        np.array(kinds_found, dtype=object), np.array(names, dtype=object), np.array(lines, dtype=object)
    )


def _label_lines(line: shapely.LineString) -> list[shapely.LineString]:
    count = max(1, int(line.length // _LABEL_EVERY_M))
    middles = (np.arange(count) + 0.5) * line.length / count
    # Half of a loop at most: all of it begins where it ends, and has no direction to write along.
    half = min(_LABEL_M, line.length / 2 if line.is_ring else line.length) / 2
    starts = shapely.get_coordinates(shapely.line_interpolate_point(line, middles - half))
    ends = shapely.get_coordinates(shapely.line_interpolate_point(line, middles + half))
    pairs = np.stack([starts, ends], axis=1)
    return [shapely.LineString(pair) for pair in pairs]


def _place_names(area: Area) -> pd.DataFrame:
    named = area.places.rows(area.places["name"] != "")
    kinds = np.where(named.among("kind", _LANDMARKS), "landmark", "place").astype(object)
    points = shapely.point_on_surface(named.shapes)
    return _rows(kinds, named["name"], points)


def _rows(
    kind: str | NDArray[np.object_], name: str | NDArray[np.object_], geometry: NDArray[np.object_]
) -> pd.DataFrame:
    return pd.DataFrame({"geometry": pd.Series(geometry, dtype=object), "kind": kind, "name": name})


def _write(features: gpd.GeoDataFrame, target: Path, low: int, high: int) -> None:
    """Write one file beside its place and rename it, so that a half-written one is never served."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        draft = Path(folder) / target.name
        pyogrio.write_dataframe(
            features,
            draft,
            driver="PMTiles",
            layer="map",
            geometry_type="Unknown",
            dataset_options={"MINZOOM": low, "MAXZOOM": high, "MAX_SIZE": 8_000_000, "MAX_FEATURES": 500_000},
        )
        draft.replace(target)


def _remove_older(name: str, kept: BaseMapFiles, folder: Path) -> None:
    for old in sorted(folder.glob(f"{name}-????????????-*.pmtiles")):
        if old not in (kept.near, kept.far):
            old.unlink(missing_ok=True)
