"""Where a helicopter can come down: level squares clear of what it may hit, with two ways to fly in.

``domain.md`` 2.7. Squares are the same in every incident, so each ground is worked out once; an incident only
picks among them. Slope is on no map, and wires often are not: the pilot has the final say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Landing, Siting
from planner.geo import widened
from planner.ground.sightline import heights_m
from planner.memory import kept_with
from planner.model import Hazard
from planner.sites.grounds import Grounds, grounds_of
from planner.terms import ObstacleKind, PlaceKind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

LANDING_KINDS = (
    PlaceKind.PITCH,
    PlaceKind.PARK,
    PlaceKind.OPEN_GROUND,
    PlaceKind.SCHOOL,
    PlaceKind.COLLEGE,
    PlaceKind.SPORTS_CENTRE,
)
"""Ground that may take a helicopter. Car parks are not among it: vehicles keep away (``domain.md`` 2.7)."""

_DUST = ("gravel", "fine_gravel", "dirt", "earth", "ground", "sand", "mud", "pebblestone", "unpaved")
"""Surfaces that fly up and blind the pilot."""

_ANGLES_DEG = (0.0, 15.0, 30.0, 45.0, 60.0, 75.0)
_GRID = 3
_TRIALS = 80
_PER_GROUND = 3
_STEP_DEG = 5
_OUTLINE_M = 10.0
_HAIR_M = 0.01
_HOSPITAL_PAD_M = 60.0
"""A helipad this near to a hospital's ground is the hospital's."""
_NEAREST, _ASIDE_DEG = 2, 60
_LISTED = (
    ObstacleKind.POWER_LINE,
    ObstacleKind.POWER_POLE,
    ObstacleKind.MAST,
    ObstacleKind.TREE,
    ObstacleKind.TREE_ROW,
    ObstacleKind.WOOD,
    "building",
)


class LandingSpot(NamedTuple):
    """A square that a helicopter can use.

    Parameters
    ----------
    ground : int
        Row of the grounds it lies on; -1 for a mapped helipad.
    square_m : Polygon
    side_m : float
    approaches_deg : tuple of float
        The two best bearings to come from or leave by, far enough apart.
    hazards : tuple of Hazard
    """

    ground: int
    square_m: Polygon
    side_m: float
    approaches_deg: tuple[float, ...]
    hazards: tuple[Hazard, ...]


@dataclass(frozen=True, eq=False)
class LandingGrounds:
    """The landing spots of an area, each ground worked out when first asked for."""

    area: Area
    siting: Siting
    rules: Landing
    grounds: Grounds
    standing: _Standing
    _found: dict[tuple[int, float], tuple[LandingSpot, ...]] = field(default_factory=dict)
    _clear: dict[int, BaseGeometry] = field(default_factory=dict)

    def on(self, row: int, side_m: float) -> tuple[LandingSpot, ...]:
        """Return the spots of one ground for a square of a side, at most a few and apart."""
        if (row, side_m) not in self._found:
            self._found[row, side_m] = self._work_out(row, side_m)
        return self._found[row, side_m]

    def rows_near(self, where: BaseGeometry) -> Ints:
        """Return the grounds that meet a region and may take a helicopter, nearest to its middle first."""
        rows, tree = self._large
        rows = rows[np.sort(tree.query(where, predicate="intersects"))]
        far_m = shapely.distance(self.grounds.whole_m[rows], where.centroid)
        return rows[np.argsort(far_m, kind="stable")]

    @cached_property
    def _large(self) -> tuple[Ints, shapely.STRtree]:
        """The grounds of a kind and size for it, ascending, and a tree over them."""
        grounds = self.grounds
        fit = np.isin(grounds.kind, LANDING_KINDS) & ~np.isin(grounds.surface, _DUST)
        rows = np.flatnonzero(fit & (shapely.area(grounds.whole_m) >= self.rules.day_m**2))
        return rows, shapely.STRtree(grounds.whole_m[rows])

    def pads_near(self, where: BaseGeometry, side_m: float) -> list[LandingSpot]:
        """Return the mapped helipads in a region that a square of a side fits on, clear and with two ways in.

        Not those of hospitals, which patients are flown to, nor those on roofs.
        """
        pads = self._pads
        rows = np.flatnonzero(shapely.intersects(where, pads)).tolist()
        return [spot for row in rows if (spot := self._on_pad(row, side_m)) is not None]

    @cached_property
    def _pads(self) -> Shapes:
        """Middles of the mapped helipads, without those of hospitals."""
        pads = shapely.centroid(self.area.places_of(PlaceKind.HELIPAD).shapes)
        hospitals = self.area.places_of(PlaceKind.HOSPITAL)
        near = hospitals.tree.query(pads, predicate="dwithin", distance=_HOSPITAL_PAD_M)[0]
        return np.asarray(np.delete(pads, np.unique(near)), dtype=object)

    def _on_pad(self, row: int, side_m: float) -> LandingSpot | None:
        if (-1 - row, side_m) not in self._found:
            middle = self._pads[row]
            square = box(
                middle.x - side_m / 2, middle.y - side_m / 2, middle.x + side_m / 2, middle.y + side_m / 2
            )
            kept_off = _kept_off(square, self.standing, self.area, self.rules)
            around = _around((middle.x, middle.y), self.standing, self.rules)
            ways = () if square.intersects(kept_off) else _approaches(around, side_m, self.rules)
            spot = LandingSpot(-1, square, side_m, ways, _hazards(around))
            self._found[-1 - row, side_m] = (spot,) if ways else ()
        return next(iter(self._found[-1 - row, side_m]), None)

    def _work_out(self, row: int, side_m: float) -> tuple[LandingSpot, ...]:
        ground, (west, south, east, north) = self.grounds.whole_m[row], self.grounds.bounds_m[row].tolist()
        if min(east - west, north - south) < side_m or ground.buffer(-side_m / 2).is_empty:
            return ()  # too narrow, whatever stands on it
        if row not in self._clear:
            kept_off = _kept_off(ground, self.standing, self.area, self.rules)
            self._clear[row] = ground.difference(kept_off)
        spots = []
        for square in _squares(self._clear[row], side_m):
            middle = square.centroid
            around = _around((middle.x, middle.y), self.standing, self.rules)
            ways = _approaches(around, side_m, self.rules)
            if ways:
                spots.append(LandingSpot(row, square, side_m, ways, _hazards(around)))
        return tuple(spots)


@kept_with
def landing_grounds(area: Area, siting: Siting, rules: Landing) -> LandingGrounds:
    """Return the landing grounds of an area, kept while it lives."""
    return LandingGrounds(area, siting, rules, grounds_of(area, siting), _Standing.on(area, siting))


# --- ground that is clear -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Standing:
    """What stands on an area, laid out once."""

    buildings: Shapes
    building_tree: shapely.STRtree
    building_top_m: Floats
    building_assumed: NDArray[np.bool_]
    obstacles: Shapes
    obstacle_tree: shapely.STRtree
    obstacle_bounds_m: Floats
    obstacle_kind: Shapes
    obstacle_height_m: Floats
    lots: Shapes
    lot_tree: shapely.STRtree

    @classmethod
    def on(cls, area: Area, siting: Siting) -> _Standing:
        """Lay out an area's buildings, obstacles and car parks."""
        buildings = area.buildings.shapes
        obstacles = area.obstacles.shapes
        lots = area.places_of(PlaceKind.PARKING).shapes
        top_m, assumed = heights_m(area.buildings, siting)
        return cls(
            buildings=buildings,
            building_tree=area.buildings.tree,
            building_top_m=top_m,
            building_assumed=assumed,
            obstacles=obstacles,
            obstacle_tree=area.obstacles.tree,
            obstacle_bounds_m=shapely.bounds(obstacles).reshape(-1, 4),
            obstacle_kind=area.obstacles["kind"],
            obstacle_height_m=area.obstacles["height_m"],
            lots=lots,
            lot_tree=shapely.STRtree(lots),
        )


def _kept_off(ground: BaseGeometry, standing: _Standing, area: Area, rules: Landing) -> BaseGeometry:
    """Return what a helicopter keeps off around a ground: buildings, trees, wires, poles, fences, roads.

    Of that which comes near enough to touch it. Each is widened by its gap, and all are laid together once.
    """
    buildings = standing.buildings[np.sort(standing.building_tree.query(_grown(ground, rules.building_m)))]
    lots = standing.lots[np.sort(standing.lot_tree.query(_grown(ground, rules.vehicles_m)))]
    obstacles, gaps_m = _obstacles_near(ground, standing, rules)
    edges = area.network.edges_in_box(ground.bounds, rules.road_m)
    lines = area.network.lines(edges[area.network.drivable[edges]])
    shapes = shapely.make_valid(np.concatenate([buildings, obstacles, lines, lots]))
    of_kind = [np.full(len(buildings), rules.building_m), gaps_m]
    of_kind += [np.full(len(lines), rules.road_m), np.full(len(lots), rules.vehicles_m)]
    gap_m = np.concatenate(of_kind)
    reach_m: Any = gap_m + _HAIR_M  # the stubs know of one number only
    touch = shapely.dwithin(ground, shapes, reach_m)
    return shapely.union_all(shapely.buffer(shapes[touch], gap_m[touch], quad_segs=4))


def _obstacles_near(ground: BaseGeometry, standing: _Standing, rules: Landing) -> tuple[Shapes, Floats]:
    """Return the obstacles that may come near a ground, and how far off each a helicopter keeps."""
    clearances = _clearances(rules)
    near = np.sort(standing.obstacle_tree.query(_grown(ground, max(*clearances.values(), rules.reach_m))))
    kinds, height_m = standing.obstacle_kind[near], standing.obstacle_height_m[near]
    gaps_m = np.array([clearances.get(kind, np.nan) for kind in kinds], dtype=np.float64)
    reach_m = np.where(kinds == ObstacleKind.MAST, np.maximum(gaps_m, rules.reach_m), gaps_m)
    kept = _meet(standing.obstacle_bounds_m[near], ground.bounds, reach_m)
    tall = np.isfinite(height_m) & ((kinds == ObstacleKind.MAST) | (kinds == ObstacleKind.POWER_POLE))
    gaps_m[tall] = rules.mast_times * height_m[tall]
    return standing.obstacles[near[kept]], gaps_m[kept]


def _meet(bounds_m: Floats, box_m: tuple[float, float, float, float], reach_m: Floats) -> NDArray[np.bool_]:
    """Tell which boxes come within a reach of one, none where that is NaN."""
    xmin, ymin, xmax, ymax = box_m
    aside = np.maximum(xmin - bounds_m[:, 2], bounds_m[:, 0] - xmax)
    meets: NDArray[np.bool_] = np.maximum(aside, ymin - bounds_m[:, 3]) <= reach_m
    return meets & (bounds_m[:, 1] - ymax <= reach_m)


def _clearances(rules: Landing) -> dict[ObstacleKind, float]:
    return {
        ObstacleKind.TREE: rules.tree_m,
        ObstacleKind.TREE_ROW: rules.tree_m,
        ObstacleKind.WOOD: rules.tree_m,
        ObstacleKind.POWER_LINE: rules.wire_m,
        ObstacleKind.POWER_POLE: rules.mast_times * rules.assumed_wire_m,
        ObstacleKind.MAST: rules.mast_times * rules.assumed_mast_m,
        ObstacleKind.FENCE: rules.fence_m,
        ObstacleKind.WALL: rules.fence_m,
        ObstacleKind.RAILWAY: rules.road_m,
        ObstacleKind.WATER: 0.0,
        ObstacleKind.WATERWAY: rules.fence_m,
    }


def _grown(ground: BaseGeometry, by_m: float) -> Polygon:
    return box(*widened(ground.bounds, by_m))


def _squares(clear: BaseGeometry, side_m: float) -> list[Polygon]:
    """Return a few squares of a side that lie on clear ground, apart from each other, at any angle."""
    core = clear.buffer(-side_m / 2)  # where a circle as wide as the square fits, and no less does
    if core.is_empty:
        return []
    shapely.prepare(clear)
    found: list[Polygon] = []
    left = _centres(core, side_m)
    while len(left) and len(found) < _PER_GROUND:
        turned = _turned(left[0].x, left[0].y, side_m)
        fits = np.flatnonzero(shapely.covers(clear, turned))
        left = left[1:]
        if len(fits):
            found.append(turned[int(fits[0])])
            left = left[shapely.distance(left, found[-1]) >= side_m]
    return found


_TURNS = np.array([(math.cos(angle), math.sin(angle)) for angle in np.radians(_ANGLES_DEG)])


def _turned(x: float, y: float, side_m: float) -> Shapes:
    """Return squares of a side about a place, one at each angle."""
    west, south, east, north = x - side_m / 2, y - side_m / 2, x + side_m / 2, y + side_m / 2
    across = np.array([east, east, west, west, east])
    along = np.array([south, north, north, south, south])
    x0, y0 = (east + west) / 2.0, (north + south) / 2.0
    cos, sin = _TURNS[:, :1], _TURNS[:, 1:]
    xy = [cos * across - sin * along + (x0 - x0 * cos + y0 * sin)]
    xy.append(sin * across + cos * along + (y0 - x0 * sin - y0 * cos))
    turned: Shapes = np.asarray(shapely.polygons(np.stack(xy, axis=-1)), dtype=object)
    return turned


def _centres(core: BaseGeometry, side_m: float) -> Shapes:
    """Return places to try: well inside each piece first, then a grid."""
    pieces = [part for part in shapely.get_parts(core) if part.area > 0] or [core]
    inner = shapely.point_on_surface(pieces)
    xmin, ymin, xmax, ymax = core.bounds
    step_m = max(side_m / _GRID, float(np.sqrt((xmax - xmin) * (ymax - ymin) / _TRIALS)), 1.0)
    x, y = np.meshgrid(np.arange(xmin, xmax, step_m), np.arange(ymin, ymax, step_m))
    grid = shapely.points(x.ravel(), y.ravel())
    shapely.prepare(core)
    return np.concatenate([inner, grid[shapely.covers(core, grid)]])


# --- what stands around -------------------------------------------------------------------------


class _Around(NamedTuple):
    """Corners of what stands within reach of a place: distance, bearing, height (NaN unknown), kind.

    The kind as its place in :data:`_LISTED`.
    """

    distance_m: Floats
    bearing_deg: Floats
    height_m: Floats
    planned_m: Floats
    kind: Ints


def _around(middle_m: tuple[float, float], standing: _Standing, rules: Landing) -> _Around:
    x, y = middle_m
    zone = box(x - rules.reach_m, y - rules.reach_m, x + rules.reach_m, y + rules.reach_m)
    rows = np.sort(standing.building_tree.query(zone))
    tops_m = standing.building_top_m[rows]
    known_m = np.where(standing.building_assumed[rows], np.nan, tops_m)
    shapes, kind = standing.buildings[rows], np.full(len(rows), _LISTED.index("building"))
    rows = np.sort(standing.obstacle_tree.query(zone))
    kinds, heights = standing.obstacle_kind[rows], _assumed_heights(rules)
    tall = np.array([kind in heights for kind in kinds], dtype=bool)
    rows, kinds = rows[tall], kinds[tall].tolist()
    stated_m = standing.obstacle_height_m[rows]
    assumed_m = np.array([heights[kind] for kind in kinds], dtype=np.float64)
    planned_m = np.concatenate([tops_m, np.where(np.isfinite(stated_m), stated_m, assumed_m)])
    shapes = np.concatenate([shapes, standing.obstacles[rows]])
    kind = np.concatenate([kind, np.array([_LISTED.index(one) for one in kinds], dtype=np.int64)])
    known_m = np.concatenate([known_m, stated_m])
    xy, owner = shapely.get_coordinates(shapely.segmentize(shapes, _OUTLINE_M), return_index=True)
    dx, dy = xy[:, 0] - x, xy[:, 1] - y
    distance = np.hypot(dx, dy)
    near = np.flatnonzero(distance <= rules.reach_m)
    bearing = np.degrees(np.arctan2(dx[near], dy[near])) % 360
    owner = owner[near]
    return _Around(distance[near], bearing, known_m[owner], planned_m[owner], kind[owner])


def _assumed_heights(rules: Landing) -> dict[str, float]:
    return {
        ObstacleKind.TREE: rules.assumed_tree_m,
        ObstacleKind.TREE_ROW: rules.assumed_tree_m,
        ObstacleKind.WOOD: rules.assumed_tree_m,
        ObstacleKind.POWER_LINE: rules.assumed_wire_m,
        ObstacleKind.POWER_POLE: rules.assumed_wire_m,
        ObstacleKind.MAST: rules.assumed_mast_m,
    }


def _approaches(around: _Around, side_m: float, rules: Landing) -> tuple[float, ...]:
    """Return two bearings, far enough apart, over which nothing known rises above the slope; else none."""
    count = 360 // _STEP_DEG
    slope = np.zeros(count)
    from_edge = np.maximum(around.distance_m - side_m / 2, 1.0)
    np.maximum.at(
        slope, (around.bearing_deg // _STEP_DEG).astype(np.int64) % count, around.planned_m / from_edge
    )
    half = round(rules.sector_deg / 2 / _STEP_DEG)
    best = _lowest_two(slope, half, 1.0 / rules.slope, float(rules.apart_deg))
    return tuple((k + 0.5) * _STEP_DEG for k in best if k >= 0)


@njit(cache=True, nogil=True)
def _lowest_two(
    slope: Floats, half: int, most: float, apart_deg: float
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Return the two bearings, by their numbers, over whose sectors least rises, far enough apart; else -1.

    Of those alike the lowest numbers.
    """
    count = len(slope)
    worst = np.empty(count)
    for k in range(count):
        worst[k] = slope[k]
        for turn in range(-half, half + 1):
            worst[k] = max(worst[k], slope[(k + turn) % count])
    best, first, second = np.inf, -1, -1
    for a in range(count):
        for b in range(a + 1, count):
            turn_deg = min((b - a) * _STEP_DEG, 360 - (b - a) * _STEP_DEG)
            fit = turn_deg >= apart_deg and worst[a] <= most and worst[b] <= most
            if fit and worst[a] + worst[b] < best:
                best, first, second = worst[a] + worst[b], a, b
    return first, second


def _hazards(around: _Around) -> tuple[Hazard, ...]:
    """Return the nearest of each kind, nearest first, far enough apart: not all of a wood's trees."""
    listed: list[Hazard] = []
    for kind in np.unique(around.kind).tolist():
        rows = np.flatnonzero(around.kind == kind)
        for _ in range(_NEAREST):
            if len(rows):
                nearest = int(rows[np.argmin(around.distance_m[rows])])
                listed.append(_hazard(around, nearest))
                turn = np.abs((around.bearing_deg[rows] - around.bearing_deg[nearest] + 180) % 360 - 180)
                rows = rows[turn > _ASIDE_DEG]
    return tuple(sorted(listed, key=lambda hazard: (hazard.distance_m, hazard.kind)))


def _hazard(around: _Around, row: int) -> Hazard:
    height_m = float(around.height_m[row])
    return Hazard(
        kind=str(_LISTED[around.kind[row]]).replace("_", " "),
        bearing_deg=float(round(float(around.bearing_deg[row])) % 360),
        distance_m=round(float(around.distance_m[row]), 1),
        height_m=round(height_m, 1) if np.isfinite(height_m) else None,
    )


def sides_m(rules: Landing, by_night: bool | None) -> Sequence[float]:
    """Return the sides of square to try, best first: the larger one, and unless it is night the smaller."""
    return (rules.night_m,) if by_night else (rules.night_m, rules.day_m)
