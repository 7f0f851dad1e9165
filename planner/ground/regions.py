"""Which of many boxes lie wholly within a region, and which wholly outside it, compiled.

Of the grounds and streets about a scene most do: only for the others is it asked what of them lies where.
"""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

OUTSIDE, WITHIN, ACROSS = 0, 1, 2
"""Where a box lies; across the rim of a region, or so near to it that it might be."""
_NEAR_M = 1e-3
_STRIPS = 64


def where_boxes_lie(bounds_m: Floats, region_m: BaseGeometry) -> Ints:
    """Tell of boxes whether they lie :data:`WITHIN` a region, :data:`OUTSIDE` it, or maybe :data:`ACROSS`.

    Parameters
    ----------
    bounds_m : (n, 4) float array
        As xmin, ymin, xmax, ymax; NaN of what is empty, which lies outside.
    region_m : polygonal geometry
    """
    rings = shapely.get_rings(shapely.get_parts(region_m))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on = np.flatnonzero(ring[1:] == ring[:-1])
    return _where(np.ascontiguousarray(bounds_m), np.hstack([xy[on], xy[on + 1]]), _STRIPS)


def cut_to(shapes: Shapes, bounds_m: Floats, region_m: BaseGeometry) -> Shapes:
    """Cut shapes, of given boxes, to a region; most lie wholly in it or out of it, told by their boxes."""
    lie, cut = where_boxes_lie(bounds_m, region_m), shapes.copy()
    shapely.prepare(region_m)
    across = np.flatnonzero(lie == ACROSS)
    meets = shapely.intersects(region_m, shapes[across])
    cut[lie == OUTSIDE] = shapely.Polygon()
    cut[across[~meets]] = shapely.Polygon()
    across = across[meets]
    across = across[~shapely.covers(region_m, shapes[across])]
    cut[across] = shapely.intersection(shapes[across], region_m)
    return cut


@njit(cache=True, nogil=True)
def _where(bounds: Floats, sides: Floats, strips: int) -> Ints:  # pragma: no cover - compiled
    """Ask of each box only the sides that lie in the strips, from west to east, over which it lies."""
    lie = np.zeros(len(bounds), dtype=np.int64)
    if not len(sides):
        return lie
    low = min(sides[:, 1].min(), sides[:, 3].min())
    high_m = max((max(sides[:, 1].max(), sides[:, 3].max()) - low) / strips, _NEAR_M)
    start, among = _in_strips(sides, strips, low, high_m)
    for k in range(len(bounds)):
        west, south = bounds[k, 0] - _NEAR_M, bounds[k, 1] - _NEAR_M
        east, north = bounds[k, 2] + _NEAR_M, bounds[k, 3] + _NEAR_M
        if not west <= east:
            continue
        first, last = _strip(south, strips, low, high_m), _strip(north, strips, low, high_m)
        odd = False
        for n in range(start[first], start[last + 1]):
            x0, y0, x1, y1 = sides[among[n]]
            if _passes(x0, y0, x1, y1, west, south, east, north):
                lie[k] = ACROSS
                break
            # A ray eastward from a corner crosses the rim so often; all that it may cross lie in its strip.
            over = n < start[first + 1] and (y0 > south) != (y1 > south)
            if over and west < x0 + (south - y0) * (x1 - x0) / (y1 - y0):
                odd = not odd
        if lie[k] != ACROSS and odd:
            lie[k] = WITHIN
    return lie


@njit(cache=True, nogil=True)
def _in_strips(
    sides: Floats, strips: int, low: float, high_m: float
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Count, then list, the sides in each strip."""
    start = np.zeros(strips + 1, dtype=np.int64)
    for fill in range(2):
        if fill == 1:
            start = np.cumsum(start)
            among, at = np.empty(start[-1], dtype=np.int64), start[:-1].copy()
        for s in range(len(sides)):
            y0, y1 = sides[s, 1], sides[s, 3]
            first = _strip(min(y0, y1), strips, low, high_m)
            for strip in range(first, _strip(max(y0, y1), strips, low, high_m) + 1):
                if fill == 0:
                    start[strip + 1] += 1
                else:
                    among[at[strip]] = s
                    at[strip] += 1
    return start, among


@njit(cache=True, nogil=True)
def _strip(y: float, strips: int, low: float, high_m: float) -> int:  # pragma: no cover - compiled
    """Return the strip that a height lies in; the first or the last one beyond them."""
    return int(min(max(np.floor((y - low) / high_m), 0.0), strips - 1.0))


@njit(cache=True, nogil=True)
def _passes(
    x0: float, y0: float, x1: float, y1: float, west: float, south: float, east: float, north: float
) -> bool:  # pragma: no cover - compiled
    """Whether a side meets a box: their boxes meet, and not all corners lie on one hand of it."""
    if max(x0, x1) < west or min(x0, x1) > east or max(y0, y1) < south or min(y0, y1) > north:
        return False
    dx, dy = x1 - x0, y1 - y0
    a = dx * (south - y0) - dy * (west - x0)
    b = dx * (south - y0) - dy * (east - x0)
    c = dx * (north - y0) - dy * (west - x0)
    d = dx * (north - y0) - dy * (east - x0)
    return not (min(a, b, c, d) > 0.0 or max(a, b, c, d) < 0.0)
