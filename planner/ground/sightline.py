"""What can be seen from where, over building footprints and heights: a map estimate, never "safe".

Buildings are upright walls on flat ground, each with a foot and a top. Two points see each other when no wall
that the line between them touches (in plan) stands, there, between its foot and its top at the line's height.
Walls lie in a uniform grid, so a line asks only the walls of the cells that it passes (``engine.md``).
Trees and fences hide nothing: vegetation is never cover (``domain.md`` 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from planner.area import Area
from planner.doctrine import Siting
from planner.memory import kept_with_tables
from planner.table import Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Line = tuple[float, float, float, float, float, float]
"""From p to q, each x, y and z."""

OPEN_KINDS = ("roof", "carport", "canopy")
"""``building`` values that have a roof but no walls: one sees through beneath."""

_CELL_M = 20.0
_MAX_CELLS = 4_000_000
# A line is looked for this far outside the cells it passes, so that rounding never skips a wall.
_EPS_M = 1e-6


@dataclass(frozen=True, eq=False)
class Walls:
    """Walls of buildings laid in a uniform grid, to be asked many times.

    Parameters
    ----------
    count : int
        Number of buildings with walls.
    assumed_heights : int
        How many of them have neither ``height`` nor ``building:levels`` in the map.
    segment_m : (W, 4) float array
        Ends of each wall: x0, y0, x1, y1.
    span_m : (W, 2) float array
        Height of each wall's foot and top above ground.
    owner : (W,) int array
        Row of the building table that each wall belongs to.
    assumed : (W,) bool array
        Whether the wall's height is only assumed.
    origin_m : (2,) float array
        South-west corner of the grid.
    cell_m : float
        Side of a grid cell.
    shape : tuple of int
        Columns and rows of the grid.
    cell_start : (columns * rows + 1,) int array
    cell_wall : (K,) int array
        Walls that pass cell c: ``cell_wall[cell_start[c]:cell_start[c + 1]]``.
    """

    count: int
    assumed_heights: int
    segment_m: Floats
    span_m: Floats
    owner: Ints
    assumed: Bools
    origin_m: Floats
    cell_m: float
    shape: tuple[int, int]
    cell_start: Ints
    cell_wall: Ints

    @cached_property
    def bounds_m(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Western, southern, eastern and northern end of each wall."""
        x0, y0, x1, y1 = self.segment_m.T
        return np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1)

    def count_within(self, xmin: float, ymin: float, xmax: float, ymax: float) -> int:
        """Return how many buildings have a wall that meets a box."""
        return int(np.count_nonzero(np.bincount(self.owner[self._within(xmin, ymin, xmax, ymax)])))

    def any_within(self, xmin: float, ymin: float, xmax: float, ymax: float) -> bool:
        """Return whether any wall meets a box."""
        west, south, east, north = self.bounds_m
        return any(
            bool(((west[k] <= xmax) & (east[k] >= xmin) & (south[k] <= ymax) & (north[k] >= ymin)).any())
            for k in self._by_column(xmin, ymin, xmax, ymax)
        )

    def assumed_within(self, xmin: float, ymin: float, xmax: float, ymax: float) -> int:
        """Return how many of them have a height that is only assumed."""
        near = self._within(xmin, ymin, xmax, ymax)
        return int(np.count_nonzero(np.bincount(self.owner[near[self.assumed[near]]])))

    def _within(self, xmin: float, ymin: float, xmax: float, ymax: float) -> Ints:
        """Return the walls that pass the cells of a box and whose own box meets it, ascending."""
        passing = np.zeros(len(self.segment_m), dtype=bool)
        for walls in self._by_column(xmin, ymin, xmax, ymax):
            passing[walls] = True
        near = np.flatnonzero(passing)
        west, south, east, north = (ends[near] for ends in self.bounds_m)
        return np.asarray(near[(west <= xmax) & (east >= xmin) & (south <= ymax) & (north >= ymin)])

    def _by_column(self, xmin: float, ymin: float, xmax: float, ymax: float) -> Iterator[Ints]:
        """Yield the walls that pass the cells of a box, column by column."""
        columns, rows = self.shape
        first = np.maximum(np.floor((np.array([xmin, ymin]) - self.origin_m) / self.cell_m), 0)
        last = np.minimum(np.floor((np.array([xmax, ymax]) - self.origin_m) / self.cell_m), [columns, rows])
        if not (first <= last).all():  # beside the grid, or no box at all
            return
        (left, low), (right, high) = first.astype(int).tolist(), last.astype(int).tolist()
        for column in range(left, min(right, columns - 1) + 1):
            a = self.cell_start[column * rows + low]
            b = self.cell_start[column * rows + min(high, rows - 1) + 1]
            yield self.cell_wall[a:b]


@kept_with_tables
def walls_of(area: Area, siting: Siting) -> Walls:
    """Return the walls of an area, laid once and kept while the area lives."""
    return build_walls(area.buildings, siting)


def heights_m(buildings: Table, siting: Siting) -> tuple[Floats, Bools]:
    """Return the height of each building above ground, and which are only assumed.

    ``height``, else ``building:levels`` times a level's height, else the assumed height (``domain.md`` 2.1).
    """
    tagged = buildings["height_m"]
    by_level = buildings["levels"] * siting.level_height_m
    known = np.where(tagged > 0, tagged, np.where(by_level > 0, by_level, np.nan))
    assumed = np.isnan(known)
    return np.where(assumed, siting.assumed_height_m, known), assumed


def build_walls(buildings: Table, siting: Siting) -> Walls:
    """Lay the walls of an area's building table in a grid.

    Parameters
    ----------
    buildings : Table
        With the columns of :data:`planner.area.BUILDING_COLUMNS`, in metres.
    siting : Siting
        Doctrine for heights that the map does not state.
    """
    shapes = buildings.shapes
    solid = (shapely.get_dimensions(shapes) == 2) & ~buildings.among("kind", OPEN_KINDS)
    rows = np.flatnonzero(solid)
    top_m, assumed = heights_m(buildings, siting)
    foot_m = np.nan_to_num(buildings["min_height_m"], nan=0.0)
    segment_m, part = _segments(shapes[rows])
    owner = rows[part]
    span_m = np.column_stack([foot_m[owner], np.maximum(top_m, foot_m)[owner]])
    origin_m, cell_m, shape = _grid(segment_m)
    start, cell_wall = _lay(segment_m, origin_m, cell_m, *shape)
    return Walls(
        count=len(rows),
        assumed_heights=int(assumed[rows].sum()),
        segment_m=segment_m,
        span_m=np.ascontiguousarray(span_m),
        owner=owner,
        assumed=assumed[owner],
        origin_m=origin_m,
        cell_m=cell_m,
        shape=shape,
        cell_start=start,
        cell_wall=cell_wall,
    )


def sees(walls: Walls, from_xyz_m: ArrayLike, to_xyz_m: ArrayLike, limit_m: float = np.inf) -> Bools:
    """Return the (n, m) table of which of n points sees which of m points. Symmetric.

    Parameters
    ----------
    walls : Walls
    from_xyz_m, to_xyz_m : (n, 3) and (m, 3) array
        In the frame, z above ground. A line that touches a wall is stopped by it, so a point *on* a facade
        sees nothing: put it a hair outside.
    limit_m : float
        Points further apart than this count as not seen.
    """
    a = np.ascontiguousarray(from_xyz_m, dtype=np.float64).reshape(-1, 3)
    b = np.ascontiguousarray(to_xyz_m, dtype=np.float64).reshape(-1, 3)
    return _sees(a, b, float(limit_m), *_arrays(walls))


def seen_by_any(
    walls: Walls, groups: Ints, points_xyz_m: ArrayLike, eyes_xyz_m: ArrayLike, limit_m: float
) -> Bools:
    """Return, for each group of points, whether any eye sees any of them.

    Parameters
    ----------
    walls : Walls
    groups : (g + 1,) int array
        Points of group k are rows ``groups[k]:groups[k + 1]``.
    points_xyz_m, eyes_xyz_m : (n, 3) and (m, 3) array
        In the frame, z above ground.
    limit_m : float
        Points further apart than this count as not seen.
    """
    points = np.ascontiguousarray(points_xyz_m, dtype=np.float64).reshape(-1, 3)
    eyes = np.ascontiguousarray(eyes_xyz_m, dtype=np.float64).reshape(-1, 3)
    starts = np.ascontiguousarray(groups, dtype=np.int64)
    return _seen_by_any(starts, points, eyes, float(limit_m), *_arrays(walls))


def clear_lines(walls: Walls, from_xyz_m: ArrayLike, to_xyz_m: ArrayLike) -> Bools:
    """Return whether each of n points sees the point of the same row, (n,); see :func:`sees`."""
    a = np.ascontiguousarray(from_xyz_m, dtype=np.float64).reshape(-1, 3)
    b = np.ascontiguousarray(to_xyz_m, dtype=np.float64).reshape(-1, 3)
    return _clear_lines(a, b, *_arrays(walls))


def anything_beside(spots_m: Floats, lines_m: Floats, within_m: float) -> Bools:
    """Return whether any of the spots lies within a distance of each straight line, (n,).

    Parameters
    ----------
    spots_m : (m, 2) float array
    lines_m : (n, 4) float array
        Ends of each line: x0, y0, x1, y1.
    within_m : float
    """
    return _anything_beside(spots_m, lines_m, float(within_m))


def reach_m(
    walls: Walls, from_xyz_m: ArrayLike, bearings_deg: ArrayLike, limit_m: float, *, to_z_m: float
) -> Floats:
    """Return how far each of n points sees along each of k bearings, (n, k), at most ``limit_m``.

    Parameters
    ----------
    walls : Walls
    from_xyz_m : (n, 3) array
        In the frame, z above ground.
    bearings_deg : (k,) array
        Clockwise from the frame's north.
    limit_m : float
    to_z_m : float
        Height above ground of what may be seen. From a height one looks over low walls: the answer is the
        *furthest* visible distance, and what is hidden nearer by counts as seen.
    """
    a = np.ascontiguousarray(from_xyz_m, dtype=np.float64).reshape(-1, 3)
    bearings = np.radians(np.ascontiguousarray(bearings_deg, dtype=np.float64).reshape(-1))
    ways = np.column_stack([np.sin(bearings), np.cos(bearings)])
    return _reach(a, ways, float(limit_m), float(to_z_m), *_arrays(walls))


def _arrays(walls: Walls) -> tuple[Floats, Floats, Floats, float, int, int, Ints, Ints]:
    columns, rows = walls.shape
    return (
        walls.segment_m,
        walls.span_m,
        walls.origin_m,
        walls.cell_m,
        columns,
        rows,
        walls.cell_start,
        walls.cell_wall,
    )


def _segments(shapes: NDArray[np.object_]) -> tuple[Floats, Ints]:
    """Walls (W, 4) of polygons, and which polygon (0..) each belongs to."""
    rings, polygon_of = shapely.get_rings(shapes, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    same = ring_of[1:] == ring_of[:-1] if len(ring_of) else np.zeros(0, dtype=bool)
    moved = (xy[1:] != xy[:-1]).any(axis=1) if len(xy) else np.zeros(0, dtype=bool)
    keep = np.flatnonzero(same & moved)
    if len(keep) == 0:
        return np.empty((0, 4)), np.empty(0, dtype=np.int64)
    return np.ascontiguousarray(np.hstack([xy[keep], xy[keep + 1]])), polygon_of[ring_of[keep]].astype(
        np.int64
    )


def _grid(segment_m: Floats) -> tuple[Floats, float, tuple[int, int]]:
    if len(segment_m) == 0:
        return np.zeros(2), _CELL_M, (1, 1)
    points = segment_m.reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    # A huge area gets wider cells rather than a huge grid.
    cell_m = max(_CELL_M, float(np.sqrt(np.prod(high - low + _CELL_M) / _MAX_CELLS)))
    columns, rows = (int(k) + 1 for k in (high - low) // cell_m)
    return low, cell_m, (columns, rows)


# --- compiled -----------------------------------------------------------------------------------


@njit(cache=True)
def _column_span(
    x0: float, y0: float, x1: float, y1: float, column: int, ox: float, oy: float, cell: float, rows: int
) -> tuple[int, int]:  # pragma: no cover - compiled
    """First and last row of a grid column that a segment passes; first > last where it passes none."""
    left, right = ox + column * cell - _EPS_M, ox + (column + 1) * cell + _EPS_M
    low, high = min(y0, y1), max(y0, y1)
    if abs(x1 - x0) > _EPS_M:
        a = y0 + (left - x0) / (x1 - x0) * (y1 - y0)
        b = y0 + (right - x0) / (x1 - x0) * (y1 - y0)
        low, high = max(low, min(a, b)), min(high, max(a, b))
    first = int(np.floor((low - _EPS_M - oy) / cell))
    last = int(np.floor((high + _EPS_M - oy) / cell))
    return max(first, 0), min(last, rows - 1)


@njit(cache=True)
def _columns(
    x0: float, x1: float, ox: float, cell: float, columns: int
) -> tuple[int, int]:  # pragma: no cover
    """First and last grid column that a segment passes."""
    first = int(np.floor((min(x0, x1) - _EPS_M - ox) / cell))
    last = int(np.floor((max(x0, x1) + _EPS_M - ox) / cell))
    return max(first, 0), min(last, columns - 1)


@njit(cache=True)
def _lay(
    segment: Floats, origin: Floats, cell: float, columns: int, rows: int
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Count, then list, the walls of each cell."""
    ox, oy = origin[0], origin[1]
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for fill in range(2):
        if fill == 1:
            cell_wall = np.empty(start[-1], dtype=np.int64)
            at = start[:-1].copy()
        for w in range(len(segment)):
            x0, y0, x1, y1 = segment[w]
            c0, c1 = _columns(x0, x1, ox, cell, columns)
            for c in range(c0, c1 + 1):
                r0, r1 = _column_span(x0, y0, x1, y1, c, ox, oy, cell, rows)
                for r in range(r0, r1 + 1):
                    k = c * rows + r
                    if fill == 1:
                        cell_wall[at[k]] = w
                        at[k] += 1
                    else:
                        start[k + 1] += 1
        if fill == 0:
            start = np.cumsum(start)
    return start, cell_wall


@njit(cache=True)
def _meets(
    px: float, py: float, qx: float, qy: float, ax: float, ay: float, bx: float, by: float
) -> float:  # pragma: no cover - compiled
    """Where along p-q (0..1) the wall a-b touches it, or -1."""
    da = (qx - px) * (ay - py) - (qy - py) * (ax - px)
    db = (qx - px) * (by - py) - (qy - py) * (bx - px)
    if da * db > 0.0 or (da == 0.0 and db == 0.0):
        # All on one side; or along one line, and then the neighbouring walls stop it.
        return -1.0
    dp = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    dq = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    if dp * dq > 0.0:
        return -1.0
    return dp / (dp - dq)


@njit(cache=True)
def _sees(
    a: Floats,
    b: Floats,
    limit: float,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> Bools:  # pragma: no cover - compiled
    table = np.zeros((len(a), len(b)), dtype=np.bool_)
    # What hid a point from the one before, or the point before from this one, most often hides it again.
    hid, last = np.full(len(b), -1, dtype=np.int64), int(np.int64(-1))
    for i in range(len(a)):
        for j in range(len(b)):
            line = a[i, 0], a[i, 1], a[i, 2], b[j, 0], b[j, 1], b[j, 2]
            if (line[0] - line[3]) ** 2 + (line[1] - line[4]) ** 2 > limit * limit:
                continue
            if hid[j] >= 0 and _hides(line, hid[j], segment, span):
                continue
            if last >= 0 and _hides(line, last, segment, span):
                continue
            hid[j] = _first_hiding(line, segment, span, origin, cell, columns, rows, start, cell_wall)
            table[i, j] = hid[j] < 0
            if hid[j] >= 0:
                last = hid[j]
    return table


@njit(cache=True)
def _clear_lines(
    a: Floats,
    b: Floats,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> Bools:  # pragma: no cover - compiled
    clear = np.zeros(len(a), dtype=np.bool_)
    for i in range(len(a)):
        line = a[i, 0], a[i, 1], a[i, 2], b[i, 0], b[i, 1], b[i, 2]
        clear[i] = _first_hiding(line, segment, span, origin, cell, columns, rows, start, cell_wall) < 0
    return clear


@njit(cache=True)
def _seen_by_any(
    groups: Ints,
    points: Floats,
    eyes: Floats,
    limit: float,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> Bools:  # pragma: no cover - compiled
    seen = np.zeros(len(groups) - 1, dtype=np.bool_)
    # What hid one point from an eye most often hides the next one too, or hides it from the next eye: those
    # two walls are asked first.
    hid, last = np.full(len(eyes), -1, dtype=np.int64), int(np.int64(-1))
    for g in range(len(groups) - 1):
        for i in range(groups[g], groups[g + 1]):
            for j in range(len(eyes)):
                line = points[i, 0], points[i, 1], points[i, 2], eyes[j, 0], eyes[j, 1], eyes[j, 2]
                if (line[0] - line[3]) ** 2 + (line[1] - line[4]) ** 2 > limit * limit:
                    continue
                if hid[j] >= 0 and _hides(line, hid[j], segment, span):
                    continue
                if last >= 0 and _hides(line, last, segment, span):
                    continue
                hid[j] = _first_hiding(line, segment, span, origin, cell, columns, rows, start, cell_wall)
                if hid[j] < 0:
                    seen[g] = True
                    break
                last = hid[j]
            if seen[g]:
                break
    return seen


@njit(cache=True)
def _anything_beside(spots: Floats, lines: Floats, within: float) -> Bools:  # pragma: no cover - compiled
    found = np.zeros(len(lines), dtype=np.bool_)
    for i in range(len(lines)):
        x0, y0, x1, y1 = lines[i]
        dx, dy = x1 - x0, y1 - y0
        length2 = max(dx * dx + dy * dy, 1e-9)
        for s in range(len(spots)):
            px, py = spots[s, 0] - x0, spots[s, 1] - y0
            share = min(1.0, max(0.0, (px * dx + py * dy) / length2))
            mx, my = px - share * dx, py - share * dy
            if mx * mx + my * my <= within * within:
                found[i] = True
                break
    return found


@njit(cache=True)
def _hides(line: Line, w: int, segment: Floats, span: Floats) -> bool:  # pragma: no cover - compiled
    """Whether a wall stands in a line from p to q, between its foot and its top."""
    px, py, pz, qx, qy, qz = line
    # One order for both directions: the answer is symmetric to the last bit.
    if qx < px or (qx == px and qy < py):
        px, py, pz, qx, qy, qz = qx, qy, qz, px, py, pz
    t = _meets(px, py, qx, qy, segment[w, 0], segment[w, 1], segment[w, 2], segment[w, 3])
    if t < 0.0:
        return False
    z = pz + t * (qz - pz)
    return bool(span[w, 0] <= z < span[w, 1])


@njit(cache=True)
def _first_hiding(
    line: Line,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> int:  # pragma: no cover - compiled
    """Return the first wall found that stands in a line from p to q, -1 where none does."""
    px, py, _, qx, qy, _ = line
    ox, oy = origin[0], origin[1]
    c0, c1 = _columns(px, qx, ox, cell, columns)
    for c in range(c0, c1 + 1):
        r0, r1 = _column_span(px, py, qx, qy, c, ox, oy, cell, rows)
        for r in range(r0, r1 + 1):
            k = c * rows + r
            for s in range(start[k], start[k + 1]):
                if _hides(line, cell_wall[s], segment, span):
                    return int(cell_wall[s])
    return -1


@njit(cache=True)
def _reach(
    a: Floats,
    ways: Floats,
    limit: float,
    to_z: float,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> Floats:  # pragma: no cover - compiled
    table = np.empty((len(a), len(ways)))
    for i in range(len(a)):
        for j in range(len(ways)):
            reach = limit
            # Each pass looks for a shadow in which the reach lies, and moves the reach to where it begins.
            while True:
                nearer = _shadow(
                    a[i], ways[j], reach, to_z, segment, span, origin, cell, columns, rows, start, cell_wall
                )
                if nearer >= reach:
                    break
                reach = nearer
            table[i, j] = reach
    return table


@njit(cache=True)
def _shadow(
    p: Floats,
    way: Floats,
    reach: float,
    to_z: float,
    segment: Floats,
    span: Floats,
    origin: Floats,
    cell: float,
    columns: int,
    rows: int,
    start: Ints,
    cell_wall: Ints,
) -> float:  # pragma: no cover - compiled
    """Nearest wall whose shadow covers a point at ``reach``, or ``reach`` where none does.

    The cells are asked from ``p`` on, and none beyond the nearest wall found so far.
    """
    qx, qy = p[0] + way[0] * reach, p[1] + way[1] * reach
    nearest = reach
    ox, oy = origin[0], origin[1]
    c0, c1 = _columns(p[0], qx, ox, cell, columns)
    for i in range(c1 - c0 + 1):
        c = c0 + i if way[0] >= 0.0 else c1 - i
        if _off(p[0] - ox, way[0], c, cell) > nearest + _EPS_M:
            break
        r0, r1 = _column_span(p[0], p[1], qx, qy, c, ox, oy, cell, rows)
        for j in range(r1 - r0 + 1):
            r = r0 + j if way[1] >= 0.0 else r1 - j
            if _off(p[1] - oy, way[1], r, cell) > nearest + _EPS_M:
                break
            k = c * rows + r
            for s in range(start[k], start[k + 1]):
                w = cell_wall[s]
                # A part that hangs above both heights hides nothing at street level.
                if span[w, 0] > min(p[2], to_z):
                    continue
                t = _meets(p[0], p[1], qx, qy, segment[w, 0], segment[w, 1], segment[w, 2], segment[w, 3])
                if t < 0.0 or t * reach >= nearest:
                    continue
                if p[2] + t * (to_z - p[2]) < span[w, 1]:
                    nearest = t * reach
    return nearest


@njit(cache=True)
def _off(at: float, way: float, number: int, cell: float) -> float:  # pragma: no cover - compiled
    """How far a ray goes before it comes to a column or row of the grid; 0 where it runs along."""
    if abs(way) < _EPS_M:
        return 0.0
    near = number * cell if way > 0.0 else (number + 1) * cell
    return (near - at) / way - _EPS_M / abs(way)
