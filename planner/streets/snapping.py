"""Places on the streets: the nearest stretch that may be used, or a junction."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike

from planner.errors import AreaError
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays, read_only

_SNAP_REACH_M = 100.0
_A_HAIR_MORE = 1.0 + 1e-12
"""So much more than the nearest a box may be off: rounding loses no edge."""


class Snap(NamedTuple):
    """A place on the network.

    Parameters
    ----------
    edge : int
        The edge it lies on.
    along_m : float
        Metres from the edge's ``u`` end along its shape.
    x_m, y_m : float
        The place itself, in the area's frame.
    offset_m : float
        How far the place that was asked for lies from the edge.
    """

    edge: int
    along_m: float
    x_m: float
    y_m: float
    offset_m: float


def snap(streets: StreetArrays, xy_m: ArrayLike, usable: Bools) -> list[Snap | None]:
    """Find the nearest place on a usable edge for each point.

    Parameters
    ----------
    xy_m : (n, 2) array
        Points in the frame.
    usable : (E,) bool
        Edges that may be chosen.

    Returns
    -------
    list of Snap or None
        None only where no edge is usable at all. Of edges equally near, the one of the lowest index.

    Raises
    ------
    AreaError
        If a point is not finite.
    """
    points = np.array(xy_m, dtype=np.float64, order="C").reshape(-1, 2)  # ours: compiled once, whatever comes
    if not np.isfinite(points).all():
        raise AreaError("a place to find on the streets is not a number", "Give places within the area")
    if not len(points) or not usable.any():
        return [None] * len(points)
    grid = streets.box_grid
    edge = _nearest(
        points,
        read_only(usable),
        streets.bounds_m,
        streets.shape_xy_m,
        streets.shape_start,
        grid.origin_m,
        grid.cell_m,
        grid.columns,
        grid.rows,
        grid.start,
        grid.boxes,
        grid.wide,
        _SNAP_REACH_M,
    )
    lines, targets = streets.lines(edge), shapely.points(points)
    along = shapely.line_locate_point(lines, targets)
    offset = shapely.distance(lines, targets)
    where = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    return [
        Snap(e, a, x, y, o)
        for e, a, (x, y), o in zip(
            edge.tolist(), along.tolist(), where.tolist(), offset.tolist(), strict=True
        )
    ]


def at_node(streets: StreetArrays, node: int, edges: ArrayLike) -> Snap | None:
    """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
    chosen = np.asarray(edges, dtype=np.int64)
    meets = chosen[(streets.edge_u[chosen] == node) | (streets.edge_v[chosen] == node)]
    if len(meets) == 0:
        return None
    edge = int(meets[0])
    along_m = 0.0 if streets.edge_u[edge] == node else float(streets.length_m[edge])
    x_m, y_m = streets.node_xy_m[node]
    return Snap(edge, along_m, float(x_m), float(y_m), 0.0)


@njit(cache=True, nogil=True)
def _nearest(
    points: Floats,
    usable: Bools,
    bounds_m: Floats,
    xy: Floats,
    first: Ints,
    low: Floats,
    cell_m: float,
    columns: int,
    rows: int,
    start: Ints,
    boxes: Ints,
    wide: Ints,
    reach: float,
) -> Ints:  # pragma: no cover - compiled
    """Return the nearest usable edge of each point; of edges equally near the lowest."""
    found = np.full(len(points), -1, dtype=np.int64)
    for k in range(len(points)):
        x, y = points[k]
        # None as yet, but typed as edges are: for a plain -1 all this would be compiled twice.
        nearest, edge = np.inf, found[k]
        for at in range(len(wide)):
            nearest, edge = _nearer(wide[at], x, y, usable, bounds_m, xy, first, nearest, edge)
        within = reach
        while True:
            left, right = _cells(x, within, low[0], cell_m, columns)
            south, north = _cells(y, within, low[1], cell_m, rows)
            for column in range(left, right + 1):
                for at in range(start[column * rows + south], start[column * rows + north + 1]):
                    nearest, edge = _nearer(boxes[at], x, y, usable, bounds_m, xy, first, nearest, edge)
            # What lies in none of these cells is further off than was looked.
            whole = left == 0 and right == columns - 1 and south == 0 and north == rows - 1
            if nearest <= within or whole:
                break
            within *= 4
        found[k] = edge
    return found


@njit(cache=True, nogil=True)
def _cells(
    at: float, within: float, low: float, cell_m: float, count: int
) -> tuple[int, int]:  # pragma: no cover
    """Return the first and the last column (or row) of a grid within some way of a place."""
    first = min(max(np.floor((at - within - low) / cell_m), 0.0), count - 1.0)
    last = min(max(np.floor((at + within - low) / cell_m), 0.0), count - 1.0)
    return int(first), int(last)


@njit(cache=True, nogil=True)
def _nearer(
    one: int,
    x: float,
    y: float,
    usable: Bools,
    bounds_m: Floats,
    xy: Floats,
    first: Ints,
    nearest: float,
    edge: int,
) -> tuple[float, int]:  # pragma: no cover - compiled
    """Return how far the nearer of two edges lies, and which that is; ``one`` only if it may be used."""
    if not usable[one] or one == edge:
        return nearest, edge
    dx = max(bounds_m[one, 0] - x, x - bounds_m[one, 2], 0.0)
    dy = max(bounds_m[one, 1] - y, y - bounds_m[one, 3], 0.0)
    if dx * dx + dy * dy > nearest * nearest * _A_HAIR_MORE:
        return nearest, edge
    for p in range(first[one], first[one + 1] - 1):
        metres = to_side(x, y, xy[p, 0], xy[p, 1], xy[p + 1, 0], xy[p + 1, 1])
        if metres < nearest or (metres == nearest and one < edge):
            nearest, edge = metres, one
    return nearest, edge


@njit(cache=True, nogil=True)
def to_side(
    x: float, y: float, ax: float, ay: float, bx: float, by: float
) -> float:  # pragma: no cover - compiled
    """Measure from a point to a side: to its foot on it, or to the nearer end."""
    ux, uy = bx - ax, by - ay
    length2 = ux * ux + uy * uy
    share = ((x - ax) * ux + (y - ay) * uy) / length2 if length2 > 0.0 else 0.0
    if share <= 0.0:
        return float(np.sqrt((x - ax) * (x - ax) + (y - ay) * (y - ay)))
    if share >= 1.0:
        return float(np.sqrt((x - bx) * (x - bx) + (y - by) * (y - by)))
    return float(abs(((ay - y) * ux - (ax - x) * uy) / length2) * np.sqrt(length2))
