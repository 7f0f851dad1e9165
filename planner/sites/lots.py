"""One ground marked out among several users: strips one behind the other, seen from the entrance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]

_TRIALS = 24


def mark_out(
    ground_m: BaseGeometry, entrance_m: tuple[float, float], needs_m2: Sequence[float]
) -> list[Polygon]:
    """Cut a ground into one part for each need, in proportion, the first by the entrance.

    The cuts lie across the line from the entrance to the middle of the ground, so that whoever stands in the
    first part leaves without passing the others. Where one enters in the middle, as along a kerb, they lie
    across its length.

    Parameters
    ----------
    ground_m : geometry
    entrance_m : tuple of float
        x, y.
    needs_m2 : sequence of float
        Ground that each user needs; the whole ground is shared out in these proportions.

    Returns
    -------
    list of Polygon
        One for each need: the largest piece between its cuts, empty for a need of nothing.
    """
    x, y = _along(ground_m, entrance_m)
    angle_deg = float(np.degrees(np.arctan2(y, x)))
    turned = shapely.affinity.rotate(ground_m, -angle_deg, origin=entrance_m)
    total, sides = float(sum(needs_m2)), _sides(turned)
    west, _, east, _ = turned.bounds
    parts, done, near = [], 0.0, west
    for need_m2 in needs_m2:
        done += need_m2
        far = _mark(sides, west, east, done / total) if total > 0 else near
        parts.append(shapely.affinity.rotate(_between(turned, near, far), angle_deg, origin=entrance_m))
        near = far
    return [_largest(part) for part in parts]


def _along(ground: BaseGeometry, entrance_m: tuple[float, float]) -> Floats:
    """Return which way the parts of a ground follow each other."""
    corners = shapely.get_coordinates(shapely.oriented_envelope(ground))
    inward: Floats = shapely.get_coordinates(ground.centroid)[0] - entrance_m
    narrow, long = sorted(np.diff(corners[:3], axis=0), key=lambda side: float(np.hypot(*side)))
    if np.hypot(*inward) >= np.hypot(*narrow) / 2 or not ground.contains(Point(entrance_m)):
        return inward
    way: Floats = long * np.sign(long[np.argmax(np.abs(long))])  # east or north, whichever corner comes first
    return way


def _sides(ground: BaseGeometry) -> Floats:
    """Return the sides of a ground, (n, 4), each with the ground on its left."""
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(ground)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on = np.flatnonzero(ring[1:] == ring[:-1])
    return np.ascontiguousarray(np.hstack([xy[on], xy[on + 1]]))


@njit(cache=True)
def _mark(sides: Floats, low: float, high: float, share: float) -> float:  # pragma: no cover - compiled
    """Return the x up to which the share of a ground lies, between its western and its eastern end."""
    if share >= 1.0:
        return high
    needed_m2 = share * _up_to(sides, high)
    for _ in range(_TRIALS):
        mark = (low + high) / 2
        if _up_to(sides, mark) < needed_m2:
            low = mark
        else:
            high = mark
    return (low + high) / 2


@njit(cache=True)
def _up_to(sides: Floats, mark: float) -> float:  # pragma: no cover - compiled
    """Return how much of a ground lies up to some x: what is under its sides up to there (Green's theorem).

    The cut at that x adds nothing: it runs straight up.
    """
    area = 0.0
    for k in range(len(sides)):
        x0, y0, x1, y1 = sides[k]
        a, b = min(x0, mark), min(x1, mark)
        if a != b:
            slope = (y1 - y0) / (x1 - x0)
            area -= (b - a) * (y0 + slope * ((a + b) / 2 - x0))
    return area


def _between(ground: BaseGeometry, near: float, far: float) -> BaseGeometry:
    _, south, _, north = ground.bounds
    return shapely.intersection(ground, box(near, south, far, north))


def _largest(shape: BaseGeometry) -> Polygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area) if parts else Polygon()
