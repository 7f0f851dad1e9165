"""Usable ground: what the map shows, less buildings, water, woods, trees and rails. Once for an area."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.targets import tidy
from planner.terms import ObstacleKind, PlaceKind

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

GROUND_KINDS = (
    PlaceKind.PARKING,
    PlaceKind.SCHOOL,
    PlaceKind.KINDERGARTEN,
    PlaceKind.COLLEGE,
    PlaceKind.MALL,
    PlaceKind.SUPERMARKET,
    PlaceKind.PARK,
    PlaceKind.PITCH,
    PlaceKind.STADIUM,
    PlaceKind.SPORTS_CENTRE,
    PlaceKind.WORSHIP,
    PlaceKind.COMMUNITY_CENTRE,
    PlaceKind.CONFERENCE_CENTRE,
    PlaceKind.LIBRARY,
    PlaceKind.THEATRE,
    PlaceKind.HOTEL,
    PlaceKind.FUEL,
    PlaceKind.BUS_STATION,
    PlaceKind.OPEN_GROUND,
    PlaceKind.TOWNHALL,
    PlaceKind.MARKETPLACE,
    PlaceKind.FIRE_STATION,
    PlaceKind.POLICE,
)
"""Ground and halls that a site may use. Hospitals are not among them: they have their own work."""

HALL_KINDS = (
    PlaceKind.SCHOOL,
    PlaceKind.COLLEGE,
    PlaceKind.WORSHIP,
    PlaceKind.COMMUNITY_CENTRE,
    PlaceKind.CONFERENCE_CENTRE,
    PlaceKind.STADIUM,
    PlaceKind.SPORTS_CENTRE,
    PlaceKind.HOTEL,
    PlaceKind.LIBRARY,
    PlaceKind.THEATRE,
    PlaceKind.TOWNHALL,
)
"""Where many people can wait under a roof (``domain.md`` 2.9)."""

MEDIA_KINDS = (
    PlaceKind.PARKING,
    PlaceKind.PARK,
    PlaceKind.PITCH,
    PlaceKind.OPEN_GROUND,
    PlaceKind.MARKETPLACE,
    PlaceKind.BUS_STATION,
    PlaceKind.FUEL,
    PlaceKind.MALL,
    PlaceKind.SUPERMARKET,
)
"""Open ground for broadcast vehicles, none of it a hall: halls are for families."""

_STACKED = ("underground", "multi-storey", "garage", "garage_boxes", "rooftop", "carports", "sheds")
"""``parking`` values under a roof or on one: no vehicle taller than a car gets in (``domain.md`` 2.5)."""
NO_ENTRY = ("private", "no", "permit", "military")
"""``access`` values of ground that the public may not enter."""

LEAST_M2 = 60.0
"""Ground smaller than this is not looked at."""

THIN_M = 2.0
"""Strips narrower than twice this are no ground to stand on."""

_FENCE_M2 = 25.0

BESIDE_M = 10.0
"""Things this near to each other are beside each other."""


@dataclass(frozen=True, eq=False)
class Grounds:
    """Usable ground of an area.

    Parameters
    ----------
    kind, name, surface, access : (n,) object array of str
        As the area's place table has them, names tidied.
    stalls : (n,) float array
        Marked stalls, NaN where the map does not count them.
    open_m : (n,) array of geometry
        Usable open ground; may be empty where a building fills the place.
    whole_m : (n,) array of geometry
        The mapped ground, or the building that holds a place mapped as a point.
    shelter_m2 : (n,) float array
    near : tuple of str
        Name of a gathering place beside or around each nameless car park.
    tree : STRtree
        Over ``whole_m``.
    beside : (E,) bool array
        Streets within reach of any of it.
    parking_m2 : (n,) float array
        Open ground of car parks for the public on it or within a family's walk of it.
    care : (n,) bool array
        Whether a hospital, or for the greater part a clinic, is on it.
    """

    kind: Shapes
    name: Shapes
    surface: Shapes
    access: Shapes
    stalls: Floats
    open_m: Shapes
    whole_m: Shapes
    shelter_m2: Floats
    near: tuple[str, ...]
    tree: shapely.STRtree
    beside: Bools
    parking_m2: Floats
    care: Bools


@lru_cache(maxsize=8)
def grounds_of(area: Area, siting: Siting) -> Grounds:
    """Work out the usable ground of an area, once."""
    kinds = area.places["kind"].isin(GROUND_KINDS) & ~area.places["parking"].isin(_STACKED)
    rows = np.flatnonzero(kinds.to_numpy())
    buildings = shapely.make_valid(np.asarray(area.buildings.geometry.array, dtype=object))
    buildings = buildings[shapely.get_dimensions(buildings) == 2]
    whole = _whole(shapely.make_valid(np.asarray(area.places.geometry.array, dtype=object)[rows]), buildings)
    kept = shapely.area(whole) >= LEAST_M2
    rows, whole = rows[kept], whole[kept]
    roofs = _covering(whole, buildings)
    shelter = shapely.area(shapely.intersection(whole, roofs))
    blocked = _covering(whole, _unusable(area, siting))
    bare = shapely.difference(shapely.difference(whole, roofs), blocked)
    table = area.places.iloc[rows]
    tree = shapely.STRtree(whole)
    name = np.array([tidy(name) for name in table["name"]], dtype=object)
    access = table["access"].to_numpy(dtype=object)
    open_m = _broad(bare)
    kind = table["kind"].to_numpy(dtype=object)
    return Grounds(
        kind=kind,
        name=name,
        surface=table["surface"].to_numpy(dtype=object),
        access=access,
        stalls=table["capacity"].to_numpy(np.float64),
        open_m=open_m,
        whole_m=whole,
        shelter_m2=shelter,
        near=_belongs_to(kind, name, whole),
        tree=tree,
        beside=_beside(tree, area, siting),
        parking_m2=_parking(whole, open_m, (kind == PlaceKind.PARKING) & ~np.isin(access, NO_ENTRY), siting),
        care=_care(whole, area),
    )


def _care(whole: Shapes, area: Area) -> Bools:
    """Tell which grounds hold a hospital, or are for the greater part a clinic."""
    places, buildings = area.places, area.buildings
    hospitals = _shapes_of(places, PlaceKind.HOSPITAL), _shapes_of(buildings, PlaceKind.HOSPITAL)
    clinics = _shapes_of(places, PlaceKind.CLINIC), _shapes_of(buildings, PlaceKind.CLINIC)
    held = np.zeros(len(whole), dtype=bool)
    for shapes, share in ((np.concatenate(hospitals), 0.0), (np.concatenate(clinics), 0.5)):
        if len(shapes) == 0:
            continue
        ground, other = shapely.STRtree(shapes).query(whole, predicate="intersects")
        common_m2 = shapely.area(shapely.intersection(whole[ground], shapes[other]))
        point = (share == 0.0) & (shapely.get_dimensions(shapes[other]) == 0)
        # Neighbours share a fence or wall: that is not to be on the same ground.
        inside = common_m2 > np.maximum(share * shapely.area(whole[ground]), _FENCE_M2)
        held[ground[inside | point]] = True
    return held


def _shapes_of(table: gpd.GeoDataFrame, kind: str) -> Shapes:
    rows = np.flatnonzero((table["kind"] == kind).to_numpy())
    return shapely.make_valid(np.asarray(table.geometry.array, dtype=object)[rows])


def _parking(whole: Shapes, open_m: Shapes, is_lot: Bools, siting: Siting) -> Floats:
    total = np.zeros(len(whole))
    lots = np.flatnonzero(is_lot)
    if len(lots):
        tree = shapely.STRtree(whole[lots])
        ground, lot = tree.query(whole, predicate="dwithin", distance=siting.family_walk_m)
        np.add.at(total, ground, shapely.area(open_m[lots[lot]]))
    return total


def _beside(tree: shapely.STRtree, area: Area, siting: Siting) -> Bools:
    mask = area.network.no_closures()
    streets = np.flatnonzero(area.network.drivable)
    near, _ = tree.query(area.network.lines(streets), predicate="dwithin", distance=siting.street_reach_m)
    mask[streets[near]] = True
    return mask


@lru_cache(maxsize=8)
def building_spots(area: Area) -> Floats:
    """Return the middles of all buildings of an area, (n, 2)."""
    shapes = np.asarray(area.buildings.geometry.array, dtype=object)
    return shapely.get_coordinates(shapely.centroid(shapes)).reshape(-1, 2)


def _whole(shapes: Shapes, buildings: Shapes) -> Shapes:
    """Polygons stay; a place mapped as a point becomes the building that holds it."""
    shapes = shapes.copy()
    points = np.flatnonzero(shapely.get_type_id(shapes) == 0)
    if len(points) and len(buildings):
        found = shapely.STRtree(buildings).query(shapes[points], predicate="within")
        for point, building in zip(*found, strict=True):
            shapes[points[point]] = buildings[building]
    return shapes


def _covering(grounds: Shapes, others: Shapes) -> Shapes:
    """For each ground, the union of the other shapes that meet it."""
    result = np.full(len(grounds), shapely.from_wkt("POLYGON EMPTY"), dtype=object)
    if len(grounds) == 0 or len(others) == 0:
        return result
    ground, other = shapely.STRtree(others).query(grounds, predicate="intersects")
    order = np.argsort(ground, kind="stable")
    ground, other = ground[order], other[order]
    for chunk in np.split(np.arange(len(ground)), np.flatnonzero(np.diff(ground)) + 1):
        if len(chunk):
            result[ground[chunk[0]]] = shapely.union_all(others[other[chunk]])
    return result


def _unusable(area: Area, siting: Siting) -> Shapes:
    """Water, woods, trees and rails as polygons."""
    clear_m = {
        ObstacleKind.WATER: 0.0,
        ObstacleKind.WOOD: 0.0,
        ObstacleKind.TREE: siting.tree_clear_m,
        ObstacleKind.TREE_ROW: siting.tree_clear_m,
        ObstacleKind.MAST: siting.tree_clear_m,
        ObstacleKind.WATERWAY: siting.rail_clear_m,
        ObstacleKind.RAILWAY: siting.rail_clear_m,
    }
    kinds = area.obstacles["kind"].map(clear_m)
    rows = np.flatnonzero(kinds.notna().to_numpy())
    shapes = shapely.make_valid(np.asarray(area.obstacles.geometry.array, dtype=object)[rows])
    return shapely.buffer(shapes, kinds.to_numpy(np.float64)[rows], quad_segs=2)


def _broad(shapes: Shapes) -> Shapes:
    """Return the largest piece of each shape, without strips too thin to stand on."""
    # Few corners on the way out keep the result inside the shape to within millimetres: no intersection needed.
    opened = shapely.buffer(shapely.buffer(shapes, -THIN_M), THIN_M, quad_segs=1)
    return np.array([largest(shape) for shape in opened], dtype=object)


def largest(shape: BaseGeometry) -> BaseGeometry:
    """Return the largest polygon of a shape, an empty one where it has none."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return max(parts, key=lambda part: part.area) if parts else Polygon()


def _belongs_to(kind: Shapes, name: Shapes, whole: Shapes) -> tuple[str, ...]:
    """Name of the named ground that each nameless car park lies in or beside."""
    is_lot, is_named = kind == PlaceKind.PARKING, name != ""
    named, lots = np.flatnonzero(is_named & ~is_lot), np.flatnonzero(is_lot & ~is_named)
    near = [""] * len(kind)
    if len(named) and len(lots):
        at = shapely.STRtree(whole[named]).query_nearest(
            whole[lots], max_distance=BESIDE_M, all_matches=False
        )
        for lot, other in zip(*at, strict=True):
            near[lots[lot]] = name[named[other]]
    return tuple(near)
