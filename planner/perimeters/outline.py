"""How neat the line of a perimeter is: needles that it runs out and back along, and slits that it leaves."""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

_HALF_M = 7.5
"""What is narrower than twice this is a needle or a slit."""
_LEAST_M = 30.0
"""Shorter ones are corners."""
_EDGE_M = 0.5
"""Rounding of corners by less than this is none."""
_STRIDE_M = 2.0
"""An outline is followed in strides of this length to see whether it comes back to itself."""


def ragged_m(polygon: Polygon) -> float:
    """Return the length of needles and slits of ground without holes; most has none, which is soon told."""
    if not comes_back(shapely.get_coordinates(polygon.exterior), 2 * _HALF_M, _LEAST_M):
        return 0.0
    return needles_m(polygon) + slits_m(polygon)


def needles_m(polygon: BaseGeometry) -> float:
    """Return the length of the parts of some ground narrower than 15 m, in metres, less those under 30 m."""
    opened = polygon.buffer(-_HALF_M, quad_segs=4).buffer(_HALF_M + _EDGE_M, quad_segs=4)
    return _length_m(polygon.difference(opened))


def slits_m(polygon: BaseGeometry) -> float:
    """Return the length of the gaps narrower than 15 m in some ground, in metres, less those under 30 m."""
    closed = polygon.buffer(_HALF_M, quad_segs=4).buffer(-_HALF_M, quad_segs=4)
    return _length_m(closed.difference(polygon.buffer(_EDGE_M, quad_segs=4)))


def _length_m(parts: BaseGeometry) -> float:
    lengths = shapely.length(shapely.get_parts(parts)) / 2
    return float(lengths[lengths > _LEAST_M].sum())


@njit(cache=True, nogil=True)
def comes_back(ring_m: Floats, near_m: float, after_m: float) -> bool:  # pragma: no cover - compiled
    """Whether a closed line may come so near to itself again after it has run so far: False is sure.

    The sides of a needle or a slit lie on a disc as wide as it may be; if the line between is shorter than a
    long one's half, it is a corner.
    """
    spots = _strides(ring_m)
    apart = int(after_m / _STRIDE_M) - 1
    for k in range(len(spots) - apart):
        n, until = k + apart, min(len(spots), k + len(spots) - apart + 1)
        while n < until:
            dx, dy = spots[n, 0] - spots[k, 0], spots[n, 1] - spots[k, 1]
            off_m = np.sqrt(dx * dx + dy * dy)  # no hypot: it takes as long as all the rest
            if off_m < near_m + _STRIDE_M:
                return True
            n += max(int((off_m - near_m) / _STRIDE_M), 1)  # no spot before can be so near
    return False


@njit(cache=True, nogil=True)
def _strides(ring_m: Floats) -> Floats:  # pragma: no cover - compiled
    """Return spots along a line, each a stride after the one before, along it."""
    whole_m = 0.0
    for k in range(len(ring_m) - 1):
        whole_m += np.hypot(ring_m[k + 1, 0] - ring_m[k, 0], ring_m[k + 1, 1] - ring_m[k, 1])
    spots, count, over_m = np.empty((int(whole_m / _STRIDE_M) + 2, 2)), 0, 0.0
    for k in range(len(ring_m) - 1):
        dx, dy = ring_m[k + 1, 0] - ring_m[k, 0], ring_m[k + 1, 1] - ring_m[k, 1]
        length_m = np.hypot(dx, dy)
        while over_m < length_m:
            spots[count] = ring_m[k, 0] + over_m / length_m * dx, ring_m[k, 1] + over_m / length_m * dy
            count += 1
            over_m += _STRIDE_M
        over_m -= length_m
    return spots[:count]
