"""Usable ground: what the map shows, less buildings, water, woods, trees and rails."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.ground.targets import HALL_KINDS, tidy
from planner.memory import kept_with, kept_with_tables
from planner.table import Table
from planner.terms import ObstacleKind, PlaceKind

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

GROUND_KINDS = (
    *HALL_KINDS,
    PlaceKind.KINDERGARTEN,
    PlaceKind.MALL,
    PlaceKind.SUPERMARKET,
    PlaceKind.PARKING,
    PlaceKind.PARK,
    PlaceKind.PITCH,
    PlaceKind.FUEL,
    PlaceKind.BUS_STATION,
    PlaceKind.OPEN_GROUND,
    PlaceKind.MARKETPLACE,
    PlaceKind.FIRE_STATION,
    PlaceKind.POLICE,
)
"""Ground and halls that a site may use. Hospitals are not among them: they have their own work."""

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
    """Grounds of an area. What is usable of one is worked out when first asked for, and kept.

    An incident meets few of a city's grounds; cutting all of them to what is usable would take a second.

    Parameters
    ----------
    area : Area
    siting : Siting
    kind, name, surface, access : (n,) object array of str
        As the area's place table has them, names tidied.
    stalls : (n,) float array
        Marked stalls, NaN where the map does not count them.
    whole_m : (n,) array of geometry
        The mapped ground, or the building that holds a place mapped as a point.
    near : tuple of str
        Name of a gathering place beside or around each nameless car park.
    tree : STRtree
        Over ``whole_m``.
    care : (n,) bool array
        Whether a hospital, or for the greater part a clinic, is on it.
    """

    area: Area
    siting: Siting
    kind: Shapes
    name: Shapes
    surface: Shapes
    access: Shapes
    stalls: Floats
    whole_m: Shapes
    near: tuple[str, ...]
    tree: shapely.STRtree
    care: Bools
    _usable: dict[int, tuple[BaseGeometry, float]] = field(default_factory=dict)
    _parking: dict[int, float] = field(default_factory=dict)
    _among: dict[tuple[str, ...], Bools] = field(default_factory=dict)

    @cached_property
    def bounds_m(self) -> Floats:
        """Boxes of the grounds, (n, 4) as xmin, ymin, xmax, ymax."""
        bounds_m: Floats = shapely.bounds(self.whole_m).reshape(-1, 4)
        return bounds_m

    def among(self, kinds: tuple[str, ...]) -> Bools:
        """Return which grounds are of some kinds."""
        if kinds not in self._among:
            self._among[kinds] = np.isin(self.kind, kinds)
        return self._among[kinds]

    def open_m(self, rows: Ints) -> Shapes:
        """Return the usable open ground of some; empty where a building fills the place."""
        return np.array([open_m for open_m, _ in self._worked_out(rows)], dtype=object)

    def shelter_m2(self, rows: Ints) -> Floats:
        """Return the footprint of the buildings on some."""
        return np.array([shelter_m2 for _, shelter_m2 in self._worked_out(rows)], dtype=np.float64)

    def parking_m2(self, rows: Ints) -> Floats:
        """Return the open ground of car parks for the public on some or within a family's walk of them."""
        asked = rows.tolist()
        new = np.array(sorted(row for row in set(asked) if row not in self._parking), dtype=np.int64)
        self._parking.update(zip(new.tolist(), self._parking_near(new).tolist(), strict=True))
        return np.array([self._parking[row] for row in asked], dtype=np.float64)

    def _parking_near(self, rows: Ints) -> Floats:
        total = np.zeros(len(rows))
        if len(rows):
            lots, tree = self._lots
            found = tree.query(self.whole_m[rows], predicate="dwithin", distance=self.siting.family_walk_m)
            at, lot = found[:, np.lexsort(found[::-1])]
            np.add.at(total, at, shapely.area(self.open_m(lots[lot])))
        return total

    @cached_property
    def _lots(self) -> tuple[Ints, shapely.STRtree]:
        """Car parks for the public, and a tree over them."""
        lots = np.flatnonzero((self.kind == PlaceKind.PARKING) & ~np.isin(self.access, NO_ENTRY))
        return lots, shapely.STRtree(self.whole_m[lots])

    def _worked_out(self, rows: Ints) -> list[tuple[BaseGeometry, float]]:
        asked = rows.tolist()
        # A set less a dictionary's keys goes through all of these: of a city thousands are kept.
        new = np.array(sorted(row for row in set(asked) if row not in self._usable), dtype=np.int64)
        if len(new):
            whole = self.whole_m[new]
            roofs = _covering(whole, *_roofs_near(whole, self.area))
            blocked = _covering(whole, *_unusable_near(whole, self.area, self.siting))
            shelter = shapely.area(shapely.intersection(whole, roofs))
            bare = shapely.difference(shapely.difference(whole, roofs), blocked)
            for row, open_m, shelter_m2 in zip(new.tolist(), _broad(bare), shelter.tolist(), strict=True):
                self._usable[row] = (open_m, shelter_m2)
        return [self._usable[row] for row in asked]


@kept_with
def grounds_of(area: Area, siting: Siting) -> Grounds:
    """Find the grounds of an area, once."""
    rows = np.flatnonzero(area.places.among("kind", GROUND_KINDS) & ~area.places.among("parking", _STACKED))
    whole = _whole(shapely.make_valid(area.places.shapes[rows]), area)
    kept = shapely.area(whole) >= LEAST_M2
    rows, whole = rows[kept], whole[kept]
    table = area.places.rows(rows)
    name = np.array([tidy(name) for name in table["name"]], dtype=object)
    kind = table["kind"]
    return Grounds(
        area=area,
        siting=siting,
        kind=kind,
        name=name,
        surface=table["surface"],
        access=table["access"],
        stalls=table["capacity"],
        whole_m=whole,
        near=_belongs_to(kind, name, whole),
        tree=shapely.STRtree(whole),
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


def _shapes_of(table: Table, kind: str) -> Shapes:
    rows = np.flatnonzero(table["kind"] == kind)
    return shapely.make_valid(table.shapes[rows])


@kept_with_tables
def building_spots(area: Area) -> Floats:
    """Return the middles of all buildings of an area, (n, 2)."""
    shapes = area.buildings.shapes
    return shapely.get_coordinates(shapely.centroid(shapes)).reshape(-1, 2)


def _whole(shapes: Shapes, area: Area) -> Shapes:
    """Polygons stay; a place mapped as a point becomes the building that holds it."""
    shapes = shapes.copy()
    points = np.flatnonzero(shapely.get_type_id(shapes) == 0)
    buildings, _, point, building = _met(shapes[points], area.buildings)
    solid = shapely.get_dimensions(buildings[building]) == 2
    holds = solid & shapely.within(shapes[points[point]], buildings[building])
    shapes[points[point[holds]]] = buildings[building[holds]]
    return shapes


def _met(shapes: Shapes, table: Table, wider_m: float = 0.0) -> tuple[Shapes, Ints, Ints, Ints]:
    """Return what boxes of shapes meet of a table, its rows, and pairs: which shape, which of the met."""
    none = np.empty(0, dtype=np.int64)
    if len(shapes) == 0 or len(table) == 0:
        return np.empty(0, dtype=object), none, none, none
    boxes = shapely.box(*(shapely.bounds(shapes) + np.array([-1, -1, 1, 1]) * wider_m).T)
    shape, row = table.tree.query(boxes)
    order = np.lexsort((row, shape))
    rows, at = np.unique(row[order], return_inverse=True)
    found = shapely.make_valid(table.shapes[rows])
    return found, rows, shape[order], at


def _covering(grounds: Shapes, others: Shapes, ground: Ints, other: Ints) -> Shapes:
    """For each ground, the union of the other shapes that meet it, of the pairs given in order."""
    result = np.full(len(grounds), shapely.from_wkt("POLYGON EMPTY"), dtype=object)
    meets = shapely.intersects(grounds[ground], others[other])
    ground, other = ground[meets], other[meets]
    for chunk in np.split(np.arange(len(ground)), np.flatnonzero(np.diff(ground)) + 1):
        if len(chunk):
            result[ground[chunk[0]]] = shapely.union_all(others[other[chunk]])
    return result


def _roofs_near(grounds: Shapes, area: Area) -> tuple[Shapes, Ints, Ints]:
    """Return the buildings that may meet grounds, and pairs: which ground, which of them."""
    buildings, _, ground, building = _met(grounds, area.buildings)
    solid = shapely.get_dimensions(buildings[building]) == 2
    return buildings, ground[solid], building[solid]


def _unusable_near(grounds: Shapes, area: Area, siting: Siting) -> tuple[Shapes, Ints, Ints]:
    """Water, woods, trees and rails that may meet grounds, as polygons, and pairs as for roofs."""
    clear_m = {
        ObstacleKind.WATER: 0.0,
        ObstacleKind.WOOD: 0.0,
        ObstacleKind.TREE: siting.tree_clear_m,
        ObstacleKind.TREE_ROW: siting.tree_clear_m,
        ObstacleKind.MAST: siting.tree_clear_m,
        ObstacleKind.WATERWAY: siting.rail_clear_m,
        ObstacleKind.RAILWAY: siting.rail_clear_m,
    }
    shapes, rows, ground, other = _met(grounds, area.obstacles, max(clear_m.values()))
    gaps_m = np.array([clear_m.get(kind, np.nan) for kind in area.obstacles["kind"][rows]], dtype=np.float64)
    counts = np.isfinite(gaps_m)
    shapes[counts] = shapely.buffer(shapes[counts], gaps_m[counts], quad_segs=2)
    return shapes, ground[counts[other]], other[counts[other]]


def _broad(shapes: Shapes) -> Shapes:
    """Return the largest piece of each shape, without strips too thin to stand on."""
    # Few corners on the way out keep the result inside the shape to within millimetres.
    opened = shapely.buffer(shapely.buffer(shapes, -THIN_M), THIN_M, quad_segs=1)
    return np.array([largest(shape) for shape in opened], dtype=object)


def largest(shape: BaseGeometry) -> BaseGeometry:
    """Return the largest polygon of a shape, an empty one where it has none."""
    if isinstance(shape, Polygon):
        return shape
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
