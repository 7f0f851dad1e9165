"""Places on the streets: the nearest stretch that may be used, or a junction."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike

from planner.errors import AreaError
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays

_SNAP_REACH_M = 100.0
_TILE_M = 1000.0


@dataclass(frozen=True)
class Snap:
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
    points = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise AreaError("a place to find on the streets is not a number", "Give places within the area")
    found: list[Snap | None] = [None] * len(points)
    pending, reach = np.arange(len(points) if usable.any() else 0), _SNAP_REACH_M
    while len(pending):
        # Edges outside a tile's box lie further than `reach` from its points: nearer ones are proved.
        far: list[int] = []
        for members in _by_tile(points, pending, max(_TILE_M, reach)):
            snaps, proved_m = _snap_near(streets, points[members], usable, reach)
            for k, snap in zip(members.tolist(), snaps, strict=False):
                found[k] = snap
            far += [k for k in members.tolist() if (s := found[k]) is None or s.offset_m > proved_m]
        pending, reach = np.array(sorted(far), dtype=np.int64), reach * 4
    return found


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


def _snap_near(
    streets: StreetArrays, points: Floats, usable: Bools, reach: float
) -> tuple[list[Snap], float]:
    """Snap among the usable edges within reach; and how far off an edge found is proved the nearest."""
    (xmin, ymin), (xmax, ymax) = points.min(axis=0), points.max(axis=0)
    near = streets.edges_in_box((xmin - reach, ymin - reach, xmax + reach, ymax + reach))
    near = near[usable[near]]
    snaps = _snap_among(streets, points, near) if len(near) else []
    if all(found.offset_m <= reach for found in snaps):
        return snaps, reach
    return snaps, math.inf if len(near) == np.count_nonzero(usable) else reach


def _snap_among(streets: StreetArrays, points: Floats, edges: Ints) -> list[Snap]:
    lines = streets.lines(edges)
    tree = shapely.STRtree(lines)
    targets = shapely.points(points)
    # Beyond a corner both its edges are nearest, and the tree's own choice depends on what else it holds.
    (asked, found) = tree.query_nearest(targets, all_matches=True)
    chosen = np.full(len(points), len(edges))
    np.minimum.at(chosen, asked, found)
    along = shapely.line_locate_point(lines[chosen], targets)
    offset = shapely.distance(lines[chosen], targets)
    where = shapely.get_coordinates(shapely.line_interpolate_point(lines[chosen], along))
    return [
        Snap(int(edges[i]), float(a), float(x), float(y), float(o))
        for i, a, (x, y), o in zip(chosen, along, where, offset, strict=True)
    ]


def _by_tile(points: Floats, chosen: Ints, side_m: float) -> list[Ints]:
    """Group the chosen points by square tiles, so that few far apart do not ask for all between them."""
    if len(chosen) == 1:
        return [chosen]
    _, tile = np.unique(np.floor(points[chosen] / side_m), axis=0, return_inverse=True)
    order = np.argsort(tile.ravel(), kind="stable")
    cuts = np.flatnonzero(np.diff(tile.ravel()[order])) + 1
    return np.split(chosen[order], cuts)
