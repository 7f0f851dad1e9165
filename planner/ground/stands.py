"""Where an officer may stand to watch a building: at corners of other buildings, on streets, in the open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Containment
from planner.terms import ObstacleKind, RoadClass

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# How many places of each kind are asked at most, evenly around the target, and what each costs in preference.
_CORNERS, _ON_STREETS, _OPPOSITE, _ON_RING = 96, 72, 24, 24
_STREET_PRICE, _OPEN_PRICE = 50, 80
_ASKED = 6
"""Of so many times the places kept is it asked whether one may stand there; in a dense town few are free."""
_CORNER, _OPEN = "Corner of a building", "Open ground, way in not known"
_CORNER_GAP_M = 1.0
"""An officer at a corner stands so far from both its walls."""
_STREET_STEP_M = 10.0
_CORNER_TOLERANCE_M = 0.5
_HAIR_M = 0.01
_SHARP = 0.2
"""Sine of the least turn that makes a corner: less is a bend in a wall, and hides nobody."""


@dataclass(frozen=True, eq=False)
class Stands:
    """Places to watch from.

    Parameters
    ----------
    xy_m : (n, 2) array
    distance_m : (n,) array
        To the target's outline.
    price : (n,) int array
        What a place costs in preference, where it has no cover.
    words : tuple of str
        What each is: "Corner of a building", "Elm Street".
    beside : (n, 2) int array
        Rows of ``step_back_m``, both sides of the corner; -1 where there is no corner.
    step_back_m : (k, 2) array
        Where an officer at a corner steps to get behind it.
    """

    xy_m: Floats
    distance_m: Floats
    price: Ints
    words: tuple[str, ...]
    beside: Ints
    step_back_m: Floats

    def covered(self, hidden: Bools) -> Bools:
        """Return which stands have cover, given which of ``step_back_m`` is hidden from the target."""
        asked = np.append(hidden, False)
        return np.asarray(asked[self.beside].any(axis=1))


def find_stands(outline_m: BaseGeometry, barred_m: BaseGeometry, area: Area, rules: Containment) -> Stands:
    """Find places to watch an outline from, at the distances of doctrine.

    Parameters
    ----------
    outline_m : polygonal geometry
        The target.
    barred_m : geometry
        Where nobody may stand.
    area : Area
    rules : Containment

    Returns
    -------
    Stands
        On the map, in no building, not in water; corners first, then streets, then open ground.
    """
    field = _Field(outline_m, barred_m, area, rules)
    corners, backs = _corners(field)
    rows = field.kept(corners, _CORNERS)
    corners, backs = corners[rows], backs[rows].reshape(-1, 2)
    along, edges = _along_streets(field)
    rows = field.kept(along, _ON_STREETS)
    along, edges = along[rows], edges[rows]
    opposite, ring = _opposite(outline_m, rules), _ring(outline_m, rules)
    open_m = np.vstack([opposite[field.kept(opposite, _OPPOSITE)], ring[field.kept(ring, _ON_RING)]])

    beside = np.full((len(corners) + len(along) + len(open_m), 2), -1, dtype=np.int64)
    beside[: len(corners)] = np.where(field.clear(backs), np.arange(len(backs)), -1).reshape(-1, 2)
    kinds = [len(corners) + len(along), len(open_m)]
    words = [_CORNER] * len(corners) + [area.network.street(e) for e in edges.tolist()]
    xy = np.vstack([corners, along, open_m])
    return Stands(
        xy_m=xy,
        distance_m=np.asarray(shapely.distance(outline_m, shapely.points(xy))),
        price=np.repeat(np.array([_STREET_PRICE, _OPEN_PRICE]), kinds),
        words=(*words, *[_OPEN] * len(open_m)),
        beside=beside,
        step_back_m=backs,
    )


class _Field:
    """The ground around a target, and whether one may stand there."""

    def __init__(
        self, outline_m: BaseGeometry, barred_m: BaseGeometry, area: Area, rules: Containment
    ) -> None:
        self.outline_m, self.barred_m, self.area, self.rules = outline_m, barred_m, area, rules
        self.reach_m = outline_m.buffer(rules.far_m)
        near = np.sort(area.buildings.tree.query(self.reach_m, predicate="intersects"))
        self.buildings = area.buildings.shapes[near]
        self.solid = [*self.buildings, *self._water()]  # each is asked once, about all places
        shapely.prepare(self.outline_m)

    def _water(self) -> list[BaseGeometry]:
        obstacles = self.area.obstacles
        near = np.sort(obstacles.tree.query(self.reach_m, predicate="intersects"))
        wet = near[(obstacles["kind"][near] == ObstacleKind.WATER)]
        return list(obstacles.shapes[wet])

    def kept(self, xy_m: Floats, most: int) -> Ints:
        """Return the rows of places where one may stand, at most so many, clockwise around the target."""
        near = self._at_distance(xy_m)
        dx, dy = (xy_m[near] - shapely.get_coordinates(self.outline_m.centroid)[0]).T
        order = _thin(near[np.lexsort((np.hypot(dx, dy), np.arctan2(dx, dy)))], _ASKED * most)
        return _thin(order[self.clear(xy_m[order])], most)

    def _at_distance(self, xy_m: Floats) -> Ints:
        """Return the rows of places at the distances of doctrine, and on the map."""
        west, south, east, north = self.reach_m.bounds
        x, y = xy_m.T
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        away = shapely.distance(self.outline_m, shapely.points(xy_m[near]))
        near = near[(away >= self.rules.near_m) & (away <= self.rules.far_m)]
        shapely.prepare(self.area.extent_m)
        rows: Ints = near[shapely.intersects_xy(self.area.extent_m, xy_m[near])]
        return rows

    def clear(self, xy_m: Floats) -> Bools:
        """Return where neither a building, nor water, nor barred ground is in the way."""
        points = np.asarray(shapely.points(xy_m), dtype=object)
        clear = np.array(~shapely.intersects(self.barred_m, points), dtype=bool).reshape(-1)
        clear[shapely.STRtree(points).query(self.solid, predicate="intersects")[1]] = False
        return np.asarray(clear)


def _thin(rows: Ints, most: int) -> Ints:
    """Return at most so many of the rows, evenly along their order."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64))]


def _corners(field: _Field) -> tuple[Floats, Floats]:
    """Places (n, 2) just off the convex corners of other buildings, and (n, 2, 2) those to step back to."""
    rings = shapely.get_exterior_ring(shapely.get_parts(field.buildings))
    rings = rings[~shapely.is_missing(rings)]
    rings = shapely.simplify(rings, _CORNER_TOLERANCE_M)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return np.empty((0, 2)), np.empty((0, 2, 2))
    ccw = shapely.is_ccw(rings)[ring_of]
    last = np.append(ring_of[1:] != ring_of[:-1], True)
    first = np.roll(last, 1)
    here = np.flatnonzero(~last)  # a ring's last place is its first
    before = np.where(first[here], 0, here - 1)
    ends = np.flatnonzero(last)
    before[first[here]] = ends[ring_of[here][first[here]]] - 1
    came, goes = _unit(xy[here] - xy[before]), _unit(xy[here + 1] - xy[here])
    turn = np.where(ccw[here], 1.0, -1.0)
    sharp = turn * (came[:, 0] * goes[:, 1] - came[:, 1] * goes[:, 0]) > _SHARP
    at, came, goes, turn = xy[here][sharp], came[sharp], goes[sharp], turn[sharp, None]
    off_came, off_goes = turn * _right(came), turn * _right(goes)
    spots = at + _CORNER_GAP_M * (off_came + off_goes)
    back = field.rules.step_back_m
    steps = np.stack(
        [at + _CORNER_GAP_M * off_came - back * came, at + _CORNER_GAP_M * off_goes + back * goes], axis=1
    )
    return spots, steps


def _unit(vectors: Floats) -> Floats:
    length = np.hypot(*vectors.T)
    return vectors / np.where(length > 0, length, 1.0)[:, None]


def _right(ways: Floats) -> Floats:
    return np.column_stack([ways[:, 1], -ways[:, 0]])


def _along_streets(field: _Field) -> tuple[Floats, Ints]:
    """Places (n, 2) along streets and footways, junctions among them, and the edge that each lies on.

    Not on motorways, on bridges or in tunnels.
    """
    network = field.area.network
    edges = network.edges_in_box(field.reach_m.bounds)
    edges = edges[(network.road_class[edges] > RoadClass.MOTORWAY_LINK)]
    edges = edges[~network.tunnel[edges] & ~network.bridge[edges]]
    lines = shapely.segmentize(network.lines(edges), _STREET_STEP_M)
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    xy, first = np.unique(xy.round(2), axis=0, return_index=True)
    return xy, edges[line_of[first]]


def _distances_m(rules: Containment) -> tuple[float, float]:
    return rules.near_m + _HAIR_M, (rules.near_m + rules.far_m) / 2


def _opposite(outline_m: BaseGeometry, rules: Containment) -> Floats:
    """Places (n, 2) straight out from the corners of the box around each part: the diagonal rule's own."""
    spots = []
    for part in shapely.get_parts(outline_m):
        corners = shapely.get_coordinates(shapely.oriented_envelope(part))[:4]
        ways = _unit(np.diff(corners[:3], axis=0))
        out = corners - corners.mean(axis=0)
        step = sum(np.sign(out @ way)[:, None] * way for way in ways)
        spots += [corners + away * step for away in _distances_m(rules)]
    return np.vstack(spots)


def _ring(outline_m: BaseGeometry, rules: Containment) -> Floats:
    """Places (n, 2) evenly along lines around the target."""
    share = np.arange(_ON_RING) / _ON_RING
    lines = [shapely.get_parts(outline_m.buffer(away)) for away in _distances_m(rules)]
    rings = shapely.get_exterior_ring(np.concatenate(lines))
    return shapely.get_coordinates(
        shapely.line_interpolate_point(rings[:, None], share, normalized=True).ravel()
    )
