"""How far many shapes lie from a ground, compiled: most of them are told by a few sides of either."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.geo import corners
from planner.streets.snapping import to_side

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]
Line = tuple[float, float, float, float]
"""From one end to the other: x0, y0, x1, y1."""

HAIR_M = 1e-6
"""What is nearer than this meets: metres come out no finer where ground was cut."""
_POLYGON = 3
_RUN = 16
"""So many sides of a shape are told to be far off at once."""


@dataclass(frozen=True, eq=False)
class Outlines:
    """Shapes laid out to be measured from, to one ground after the other.

    Parameters
    ----------
    shapes : (n,) array of geometry
    polygon : (n,) bool array
        Which of them are measured by their corners: polygons, not empty.
    xy_m : (p, 2) float array
        Corners of these, ring after ring, each ring's first one again at its end.
    ends_ring : (p,) bool array
        Which corners are the last of a ring.
    start : (m + 1,) int array
        Where the corners of each polygon begin.
    """

    shapes: Shapes
    polygon: Bools
    xy_m: Floats
    ends_ring: Bools
    start: Ints

    @classmethod
    def of(cls, shapes: Shapes) -> Outlines:
        """Lay out some shapes."""
        polygon = (shapely.get_type_id(shapes) == _POLYGON) & ~shapely.is_empty(shapes)
        some = shapes[polygon]
        xy_m, start = corners(some)
        return cls(shapes, polygon, xy_m, _ring_ends(some, start), start)

    def apart_m(self, ground_m: BaseGeometry, rows: Ints | None = None) -> Floats:
        """Return how far shapes lie from a ground, as :func:`shapely.distance` does but for a hair.

        Parameters
        ----------
        ground_m : geometry
        rows : (k,) int array or None
            Of which shapes; all where not said.

        Returns
        -------
        (k,) float array
            In metres; 0 within :data:`HAIR_M`, NaN of what is empty.
        """
        rows = np.arange(len(self.shapes)) if rows is None else rows
        parts = shapely.get_parts(ground_m)
        other = Outlines.of(parts[~shapely.is_empty(parts)])
        own = self.polygon[rows] if len(other.shapes) and other.polygon.all() else np.zeros(len(rows), bool)
        metres = np.empty(len(rows))
        metres[~own] = shapely.distance(self.shapes[rows[~own]], ground_m)
        if own.any():
            sides = np.hstack([other.xy_m[:-1], other.xy_m[1:]])[~other.ends_ring[:-1]]
            which = (np.cumsum(self.polygon) - 1)[rows[own]]
            metres[own] = _apart(
                which, self.xy_m, self.ends_ring, self.start, sides, other.xy_m[other.start[:-1]]
            )
        metres[metres < HAIR_M] = 0.0
        return metres

    def to_lines(self, shape: Ints, line: Ints, xy_m: Floats, first: Ints, reach_m: float) -> Floats:
        """Return how far some shapes lie from some lines, pair by pair.

        Parameters
        ----------
        shape, line : (k,) int arrays
            Rows of the shapes, and which line of each is asked about; fastest where the shapes ascend.
        xy_m : (p, 2) float array
            Points of many lines, one after the other.
        first : (E + 1,) int array
            Where the points of each begin.
        reach_m : float

        Returns
        -------
        (k,) float array
            In metres, 0 where they meet; anything beyond reach where they lie no nearer than that.
        """
        own = self.polygon[shape]
        metres = np.empty(len(shape))
        which = (np.cumsum(self.polygon) - 1)[shape[own]]
        metres[own] = _to_lines(
            which, line[own], self.xy_m, self.ends_ring, self.start, xy_m, first, float(reach_m)
        )
        for k in np.flatnonzero(~own).tolist():
            points = xy_m[first[line[k]] : first[line[k] + 1]]
            metres[k] = shapely.LineString(points).distance(self.shapes[shape[k]])
        return metres


def _ring_ends(polygons: Shapes, start: Ints) -> Bools:
    """Tell which corners of polygons are the last of a ring: only of the few with holes are rings made."""
    ends = np.zeros(start[-1], dtype=bool)
    ends[start[1:] - 1] = True
    for k in np.flatnonzero(shapely.get_num_interior_rings(polygons)).tolist():
        corners = shapely.get_num_coordinates(shapely.get_rings(polygons[k]))
        ends[start[k] + np.cumsum(corners) - 1] = True
    return ends


@njit(cache=True, nogil=True)
def _apart(
    rows: Ints, xy: Floats, ends_ring: Bools, start: Ints, ground: Floats, corners: Floats
) -> Floats:  # pragma: no cover - compiled
    """Measure from some shapes to the sides of a ground: 0 where they meet, else between the nearest two.

    ``corners`` are one of each part of the ground.
    """
    metres = np.empty(len(rows))
    least = np.empty(len(ground))
    for k in range(len(rows)):
        span = slice(start[rows[k]], start[rows[k] + 1])
        own, ends = xy[span], ends_ring[span]
        box = _around(own)
        first = 0
        for g in range(len(ground)):
            x0, y0, x1, y1 = ground[g]
            least[g] = _boxes_apart2(box, _box(x0, y0, x1, y1))
            if least[g] < least[first]:
                first = g
        nearest = _to_side(own, ends, ground[first], np.inf)
        for g in range(len(ground)):
            if g != first and least[g] < nearest * nearest:
                nearest = _to_side(own, ends, ground[g], nearest)
        # Where no sides cross, one lies wholly within the other, or beside it.
        if nearest > 0.0 and _in_sides(own[0, 0], own[0, 1], ground):
            nearest = 0.0
        for g in range(len(corners)):
            if nearest > 0.0 and _in_rings(corners[g, 0], corners[g, 1], own, ends, box):
                nearest = 0.0
        metres[k] = nearest
    return metres


@njit(cache=True, nogil=True)
def _to_lines(
    shapes: Ints,
    lines: Ints,
    xy: Floats,
    ends_ring: Bools,
    start: Ints,
    line_xy: Floats,
    first: Ints,
    reach: float,
) -> Floats:  # pragma: no cover - compiled
    """Measure between pairs of a shape and a line: infinite beyond reach.

    Of a shape's sides only those are looked at that lie in a run of sides whose box is near enough.
    """
    metres, last = np.empty(len(shapes)), -1
    own, ends, runs, around = xy[:0], ends_ring[:0], np.empty((0, 4)), _around(xy[:0])
    for k in range(len(shapes)):
        if shapes[k] != last:
            last = shapes[k]
            own, ends = xy[start[last] : start[last + 1]], ends_ring[start[last] : start[last + 1]]
            runs, around = _runs(own), _around(own)
        line = line_xy[first[lines[k]] : first[lines[k] + 1]]
        box, nearest, limit = _around(line), np.inf, reach
        for run in range(len(runs)):
            west, south, east, north = runs[run]
            if _boxes_apart2((west, south, east, north), box) > limit * limit:
                continue
            for s in range(run * _RUN, min((run + 1) * _RUN, len(own) - 1)):
                if ends[s]:
                    continue
                side = own[s, 0], own[s, 1], own[s + 1, 0], own[s + 1, 1]
                if _boxes_apart2(_box(side[0], side[1], side[2], side[3]), box) > limit * limit:
                    continue
                for p in range(len(line) - 1):
                    nearest = min(
                        nearest, _between(side, (line[p, 0], line[p, 1], line[p + 1, 0], line[p + 1, 1]))
                    )
                limit = min(limit, nearest)
        if nearest > 0.0 and _in_rings(line[0, 0], line[0, 1], own, ends, around):
            nearest = 0.0
        metres[k] = nearest
    return metres


@njit(cache=True, nogil=True)
def _runs(own: Floats) -> Floats:  # pragma: no cover - compiled
    """Return the boxes of a shape's sides, so many sides at a time."""
    runs = np.empty((max(len(own) - 1, 0) // _RUN + 1, 4))
    for run in range(len(runs)):
        runs[run] = _around(own[run * _RUN : (run + 1) * _RUN + 1])
    return runs


@njit(cache=True, nogil=True)
def _to_side(own: Floats, ends: Bools, side: Floats, nearest: float) -> float:  # pragma: no cover - compiled
    """Measure from the sides of a shape to one side of the ground; ``nearest`` where none is nearer."""
    cx, cy, dx, dy = side[0], side[1], side[2], side[3]
    box = _box(cx, cy, dx, dy)
    for s in range(len(own) - 1):
        if ends[s]:
            continue
        ax, ay, bx, by = own[s, 0], own[s, 1], own[s + 1, 0], own[s + 1, 1]
        if _boxes_apart2(_box(ax, ay, bx, by), box) < nearest * nearest:
            nearest = min(nearest, _between((ax, ay, bx, by), (cx, cy, dx, dy)))
    return nearest


@njit(cache=True, nogil=True)
def _box(x0: float, y0: float, x1: float, y1: float) -> Line:  # pragma: no cover - compiled
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


@njit(cache=True, nogil=True)
def _around(xy: Floats) -> Line:  # pragma: no cover - compiled
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for k in range(len(xy)):
        west, south = min(west, xy[k, 0]), min(south, xy[k, 1])
        east, north = max(east, xy[k, 0]), max(north, xy[k, 1])
    return west, south, east, north


@njit(cache=True, nogil=True)
def _boxes_apart2(a: Line, b: Line) -> float:  # pragma: no cover - compiled
    """Square of how far two boxes lie apart."""
    dx = max(a[0] - b[2], b[0] - a[2], 0.0)
    dy = max(a[1] - b[3], b[1] - a[3], 0.0)
    return dx * dx + dy * dy


@njit(cache=True, nogil=True)
def _between(a: Line, b: Line) -> float:  # pragma: no cover - compiled
    """Measure between two sides: 0 where they cross."""
    ax, ay, bx, by = a
    cx, cy, dx, dy = b
    turn = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if turn != 0.0:
        along = ((ay - cy) * (dx - cx) - (ax - cx) * (dy - cy)) / turn
        across = ((ay - cy) * (bx - ax) - (ax - cx) * (by - ay)) / turn
        if 0.0 <= along <= 1.0 and 0.0 <= across <= 1.0:
            return 0.0
    return min(
        to_side(ax, ay, cx, cy, dx, dy),
        to_side(bx, by, cx, cy, dx, dy),
        to_side(cx, cy, ax, ay, bx, by),
        to_side(dx, dy, ax, ay, bx, by),
    )


@njit(cache=True, nogil=True)
def _in_sides(x: float, y: float, sides: Floats) -> bool:  # pragma: no cover - compiled
    """Whether a point lies in a ground: a ray from it crosses an odd number of sides."""
    odd = False
    for k in range(len(sides)):
        if _crossed(x, y, sides[k, 0], sides[k, 1], sides[k, 2], sides[k, 3]):
            odd = not odd
    return odd


@njit(cache=True, nogil=True)
def _in_rings(x: float, y: float, own: Floats, ends: Bools, box: Line) -> bool:  # pragma: no cover - compiled
    """Whether a point lies in a shape."""
    odd = False
    if x < box[0] or x > box[2] or y < box[1] or y > box[3]:
        return odd
    for k in range(len(own) - 1):
        if not ends[k] and _crossed(x, y, own[k, 0], own[k, 1], own[k + 1, 0], own[k + 1, 1]):
            odd = not odd
    return odd


@njit(cache=True, nogil=True)
def _crossed(
    x: float, y: float, x0: float, y0: float, x1: float, y1: float
) -> bool:  # pragma: no cover - compiled
    """Whether the ray eastward from a point crosses a side."""
    return (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
