"""Where a helicopter can come down: level squares clear of what it may hit, with two ways to fly in.

``domain.md`` 2.7. Squares are the same in every incident, so each ground is worked out once; an incident only
picks among them. Slope is on no map, and wires often are not: the pilot has the final say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Landing, Siting
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
_NEAREST = 2
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
        grounds = self.grounds
        rows = np.sort(grounds.tree.query(where, predicate="intersects"))
        fit = np.isin(grounds.kind[rows], LANDING_KINDS) & ~np.isin(grounds.surface[rows], _DUST)
        rows = rows[fit & (shapely.area(grounds.whole_m[rows]) >= self.rules.day_m**2)]
        return rows[np.argsort(shapely.distance(grounds.whole_m[rows], where.centroid), kind="stable")]

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
            around = _around(middle, self.standing, self.rules)
            ways = () if square.intersects(kept_off) else _approaches(around, side_m, self.rules)
            spot = LandingSpot(-1, square, side_m, ways, _hazards(around))
            self._found[-1 - row, side_m] = (spot,) if ways else ()
        return next(iter(self._found[-1 - row, side_m]), None)

    def _work_out(self, row: int, side_m: float) -> tuple[LandingSpot, ...]:
        ground = self.grounds.whole_m[row]
        if ground.buffer(-side_m / 2).is_empty:  # too narrow, whatever stands on it
            return ()
        if row not in self._clear:
            self._clear[row] = ground.difference(_kept_off(ground, self.standing, self.area, self.rules))
        spots = []
        for square in _squares(self._clear[row], side_m):
            middle = square.centroid
            around = _around(middle, self.standing, self.rules)
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
    """Return what a helicopter keeps off around a ground: buildings, trees, wires, poles, fences, roads."""
    parts = [_wider(standing.buildings, standing.building_tree, ground, rules.building_m)]
    clearances = _clearances(rules)
    furthest_m = max(*clearances.values(), rules.reach_m)
    near = np.sort(standing.obstacle_tree.query(_grown(ground, furthest_m)))
    near_kind = standing.obstacle_kind[near]
    for kind, clear_m in clearances.items():
        rows = near[near_kind == kind]
        if not len(rows):
            continue
        reach_m = max(clear_m, rules.reach_m) if kind is ObstacleKind.MAST else clear_m
        rows = rows[_meet(standing.obstacle_bounds_m[rows], _grown(ground, reach_m).bounds)]
        if not len(rows):
            continue
        gaps = np.full(len(rows), clear_m)
        if kind in (ObstacleKind.MAST, ObstacleKind.POWER_POLE):
            height_m = standing.obstacle_height_m[rows]
            known = np.isfinite(height_m)
            gaps[known] = rules.mast_times * height_m[known]
        parts.append(_widened(standing.obstacles[rows], ground, gaps))
    edges = area.network.edges_in_box(_grown(ground, rules.road_m).bounds)
    edges = edges[area.network.drivable[edges]]
    parts.append(_widened(area.network.lines(edges), ground, np.full(len(edges), rules.road_m)))
    parts.append(_wider(standing.lots, standing.lot_tree, ground, rules.vehicles_m))
    return shapely.union_all(parts)


def _meet(bounds_m: Floats, box_m: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Tell which boxes meet one."""
    xmin, ymin, xmax, ymax = box_m
    beside = (bounds_m[:, 2] < xmin) | (bounds_m[:, 0] > xmax)
    meets: NDArray[np.bool_] = ~(beside | (bounds_m[:, 3] < ymin) | (bounds_m[:, 1] > ymax))
    return meets


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
    xmin, ymin, xmax, ymax = ground.bounds
    return box(xmin - by_m, ymin - by_m, xmax + by_m, ymax + by_m)


def _wider(shapes: Shapes, tree: shapely.STRtree, ground: BaseGeometry, by_m: float) -> BaseGeometry:
    rows = np.sort(tree.query(_grown(ground, by_m)))
    return _widened(shapes[rows], ground, np.full(len(rows), by_m))


def _widened(shapes: Shapes, ground: BaseGeometry, gaps_m: Floats) -> BaseGeometry:
    """Return the union of shapes, each widened by its gap; those too far to touch the ground are left out."""
    shapes = shapely.make_valid(shapes)
    touch = shapely.dwithin(ground, shapes, float(gaps_m.max(initial=0.0)) + _HAIR_M)
    return shapely.union_all(shapely.buffer(shapes[touch], gaps_m[touch], quad_segs=4))


def _squares(clear: BaseGeometry, side_m: float) -> list[Polygon]:
    """Return a few squares of a side that lie on clear ground, apart from each other, at any angle."""
    core = clear.buffer(-side_m / 2)  # where a circle as wide as the square fits, and no less does
    if core.is_empty:
        return []
    shapely.prepare(clear)
    found: list[Polygon] = []
    for centre in _centres(core, side_m):
        if len(found) == _PER_GROUND:
            break
        if any(centre.distance(other) < side_m for other in found):
            continue
        square = box(
            centre.x - side_m / 2, centre.y - side_m / 2, centre.x + side_m / 2, centre.y + side_m / 2
        )
        turned = [shapely.affinity.rotate(square, angle_deg) for angle_deg in _ANGLES_DEG]
        fits = np.flatnonzero(shapely.covers(clear, np.array(turned, dtype=object)))
        if len(fits):
            found.append(turned[int(fits[0])])
    return found


def _centres(core: BaseGeometry, side_m: float) -> list[Point]:
    """Return places to try: well inside each piece first, then a grid."""
    pieces = [part for part in shapely.get_parts(core) if part.area > 0] or [core.representative_point()]
    inner = [part.representative_point() for part in pieces]
    xmin, ymin, xmax, ymax = core.bounds
    step_m = max(side_m / _GRID, float(np.sqrt((xmax - xmin) * (ymax - ymin) / _TRIALS)), 1.0)
    x, y = np.meshgrid(np.arange(xmin, xmax, step_m), np.arange(ymin, ymax, step_m))
    grid = shapely.points(x.ravel(), y.ravel())
    return inner + list(grid[shapely.covers(core, grid)])


# --- what stands around -------------------------------------------------------------------------


class _Around(NamedTuple):
    """Corners of what stands within reach of a place: distance, bearing, height (NaN unknown), kind."""

    distance_m: Floats
    bearing_deg: Floats
    height_m: Floats
    planned_m: Floats
    kind: Shapes


def _around(middle: Point, standing: _Standing, rules: Landing) -> _Around:
    zone = middle.buffer(rules.reach_m)
    columns: list[tuple[Floats, Floats, Floats, Shapes]] = []
    rows = np.sort(standing.building_tree.query(zone))
    tops_m, assumed = standing.building_top_m[rows], standing.building_assumed[rows]
    shapes = standing.buildings[rows]
    known = np.where(assumed, np.nan, tops_m)
    columns.append(_corners(shapes, known, tops_m, np.full(len(rows), "building", dtype=object)))
    rows = np.sort(standing.obstacle_tree.query(zone))
    kinds = standing.obstacle_kind[rows]
    heights = _assumed_heights(rules)
    tall = np.array([kind in heights for kind in kinds], dtype=bool)
    rows, kinds = rows[tall], kinds[tall]
    stated = standing.obstacle_height_m[rows]
    planned = np.where(np.isfinite(stated), stated, [heights[kind] for kind in kinds] if len(kinds) else 0.0)
    shapes = standing.obstacles[rows]
    columns.append(_corners(shapes, stated, planned, kinds))
    xy, known_m, planned_m, kind = (np.concatenate(column) for column in zip(*columns, strict=True))
    dx, dy = xy[:, 0] - middle.x, xy[:, 1] - middle.y
    distance = np.hypot(dx, dy)
    near = distance <= rules.reach_m
    bearing = np.degrees(np.arctan2(dx, dy)) % 360
    return _Around(distance[near], bearing[near], known_m[near], planned_m[near], kind[near])


def _assumed_heights(rules: Landing) -> dict[str, float]:
    return {
        ObstacleKind.TREE: rules.assumed_tree_m,
        ObstacleKind.TREE_ROW: rules.assumed_tree_m,
        ObstacleKind.WOOD: rules.assumed_tree_m,
        ObstacleKind.POWER_LINE: rules.assumed_wire_m,
        ObstacleKind.POWER_POLE: rules.assumed_wire_m,
        ObstacleKind.MAST: rules.assumed_mast_m,
    }


def _corners(
    shapes: Shapes, known_m: Floats, planned_m: Floats, kind: Shapes
) -> tuple[Floats, Floats, Floats, Shapes]:
    if len(shapes) == 0:
        return np.empty((0, 2)), np.empty(0), np.empty(0), np.empty(0, dtype=object)
    xy, owner = shapely.get_coordinates(shapely.segmentize(shapes, _OUTLINE_M), return_index=True)
    return xy, known_m[owner], planned_m[owner], kind[owner]


def _approaches(around: _Around, side_m: float, rules: Landing) -> tuple[float, ...]:
    """Return two bearings, far enough apart, over which nothing known rises above the slope; else none."""
    count = 360 // _STEP_DEG
    slope = np.zeros(count)
    from_edge = np.maximum(around.distance_m - side_m / 2, 1.0)
    np.maximum.at(
        slope, (around.bearing_deg // _STEP_DEG).astype(np.int64) % count, around.planned_m / from_edge
    )
    half = round(rules.sector_deg / 2 / _STEP_DEG)
    worst = np.max([np.roll(slope, k) for k in range(-half, half + 1)], axis=0)
    free = np.flatnonzero(worst <= 1.0 / rules.slope)
    first, second = free[np.column_stack(np.triu_indices(len(free), 1))].T
    turn_deg = (second - first) * _STEP_DEG
    fit = np.minimum(turn_deg, 360 - turn_deg) >= rules.apart_deg
    if not fit.any():
        return ()
    first, second = first[fit], second[fit]
    best = np.lexsort((second, first, worst[first] + worst[second]))[0]
    return tuple((int(k) + 0.5) * _STEP_DEG for k in (first[best], second[best]))


def _hazards(around: _Around) -> tuple[Hazard, ...]:
    """Return the nearest of each kind, nearest first: not all of a wood's trees."""
    listed: list[Hazard] = []
    for kind in _LISTED:
        rows = np.flatnonzero(around.kind == kind)
        rows = rows[np.argsort(around.distance_m[rows], kind="stable")]
        taken: list[int] = []
        for row in rows.tolist():
            turn = [abs((around.bearing_deg[row] - around.bearing_deg[t] + 180) % 360 - 180) for t in taken]
            if all(degrees > 60 for degrees in turn):
                taken.append(row)
            if len(taken) == _NEAREST:
                break
        listed += [_hazard(around, row) for row in taken]
    return tuple(sorted(listed, key=lambda hazard: (hazard.distance_m, hazard.kind)))


def _hazard(around: _Around, row: int) -> Hazard:
    height_m = float(around.height_m[row])
    return Hazard(
        kind=str(around.kind[row]).replace("_", " "),
        bearing_deg=float(round(float(around.bearing_deg[row])) % 360),
        distance_m=round(float(around.distance_m[row]), 1),
        height_m=round(height_m, 1) if np.isfinite(height_m) else None,
    )


def sides_m(rules: Landing, by_night: bool | None) -> Sequence[float]:
    """Return the sides of square to try, best first: the larger one, and unless it is night the smaller."""
    return (rules.night_m,) if by_night else (rules.night_m, rules.day_m)
