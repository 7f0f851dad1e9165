"""Points about the rims of many shapes, compiled: a hair outside, at the corners that matter and between."""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from planner.geo import corners
from planner.streets.snapping import to_side

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

_POLYGON, _MULTIPOLYGON = 3, 6
_RING_LEAST = 4
"""Corners of a ring, the first one again at its end, of which none is left out any more."""
_SHARP = 0.08
"""One more than the cosine of a turn at which a corner would move out by more than five times as far."""


def points_around(
    shapes: Shapes, tolerance_m: float, out_m: float, spacing_m: float, most: int
) -> tuple[Floats, Ints]:
    """Take points of the rims of shapes, evenly along their order, a little outside.

    They are those of :func:`shapely.simplify`, a mitred :func:`shapely.buffer` and
    :func:`shapely.segmentize`, one after the other, but where a rim so moved would come to meet itself.

    Parameters
    ----------
    shapes : (n,) array of geometry
        What is no polygon is taken as wide as ``out_m``.
    tolerance_m : float
        Corners that matter less are left out.
    out_m : float
        How far outside.
    spacing_m : float
        How far the points that are chosen from lie apart at most.
    most : int
        So many points of each shape at most.

    Returns
    -------
    (p, 2) float array and (n + 1,) int array
        The points, and where those of each shape begin.
    """
    kind = shapely.get_type_id(shapes)
    wide = (kind == _POLYGON) | (kind == _MULTIPOLYGON)
    solid = shapes.copy()
    solid[~wide] = shapely.buffer(shapes[~wide], out_m)
    parts, shape = shapely.get_parts(solid, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    shell = np.append(True, part[1:] != part[:-1])[: len(part)]
    xy, start = corners(rings)
    of_shape = np.searchsorted(shape[part], np.arange(len(shapes) + 1))
    return _points(xy, start, shell, of_shape, tolerance_m, out_m, spacing_m, most)


@njit(cache=True, nogil=True)
def _points(
    xy: Floats,
    start: Ints,
    shell: Bools,
    of_shape: Ints,
    tolerance: float,
    out: float,
    spacing: float,
    most: int,
) -> tuple[Floats, Ints]:  # pragma: no cover - compiled
    groups = np.zeros(len(of_shape), dtype=np.int64)
    points = np.empty(((len(of_shape) - 1) * most, 2))
    for k in range(len(of_shape) - 1):
        around, count = np.empty((4 * most, 2)), 0
        for ring in range(of_shape[k], of_shape[k + 1]):
            corners = _moved_out(_simpler(xy[start[ring] : start[ring + 1]], tolerance), shell[ring], out)
            for c in range(len(corners) - 1):
                (x, y), (to_x, to_y) = corners[c], corners[c + 1]
                steps = max(int(np.ceil(np.hypot(to_x - x, to_y - y) / spacing)), 1)
                if count + steps + 1 > len(around):
                    more = np.empty((2 * (count + steps + 1), 2))
                    more[:count] = around[:count]
                    around = more
                for step in range(steps):
                    around[count] = x + step / steps * (to_x - x), y + step / steps * (to_y - y)
                    count += 1
            around[count] = corners[-1]
            count += 1
        taken = min(count, most)
        for nth in range(taken):
            place = int(np.rint(nth * ((count - 1) / max(taken - 1, 1)))) if nth < taken - 1 else count - 1
            points[groups[k] + nth] = around[place]
        groups[k + 1] = groups[k] + taken
    return points[: groups[-1]].copy(), groups


@njit(cache=True, nogil=True)
def _simpler(ring: Floats, tolerance: float) -> Floats:  # pragma: no cover - compiled
    """Leave out of a ring the corners nearer to what is left than a tolerance (Douglas and Peucker 1973).

    In the order of GEOS, which keeps at least four: a stretch becomes one side only where enough others are
    left even if each of them does.
    """
    kept, count = np.empty((len(ring), 2)), 0
    stack = np.empty((len(ring) + 1, 3), dtype=np.int64)
    stack[0] = 0, len(ring) - 1, 1
    height = 1
    while height:
        height -= 1
        i, j, depth = stack[height]
        furthest, most = i, -1.0
        for k in range(i + 1, j):
            metres = to_side(ring[k, 0], ring[k, 1], ring[i, 0], ring[i, 1], ring[j, 0], ring[j, 1])
            if metres > most:
                furthest, most = k, metres
        left = count + 1 if count else 0
        if j - i > 1 and (most > tolerance or (left < _RING_LEAST and depth + 1 < _RING_LEAST)):
            stack[height] = furthest, j, depth + 1
            stack[height + 1] = i, furthest, depth + 1
            height += 2
        else:
            kept[count] = ring[i]
            count += 1
    kept[count] = ring[-1]
    if count + 1 > _RING_LEAST:
        before, after = kept[count - 1], kept[1]
        if to_side(ring[0, 0], ring[0, 1], before[0], before[1], after[0], after[1]) <= tolerance:
            kept[0] = before
            count -= 1
    return kept[: count + 1]


@njit(cache=True, nogil=True)
def _moved_out(ring: Floats, shell: bool, out: float) -> Floats:  # pragma: no cover - compiled
    """Move all sides of a ring out, so that its corners are mitred; a shell clockwise, a hole against it."""
    last = len(ring) - 1
    area = 0.0
    for k in range(last):
        area += ring[k, 0] * ring[k + 1, 1] - ring[k + 1, 0] * ring[k, 1]
    if (area < 0.0) != shell:
        ring = ring[::-1].copy()
    moved = np.empty_like(ring)
    for k in range(last):
        nx, ny = _left_of(ring[(k + last - 1) % last], ring[k])
        mx, my = _left_of(ring[k], ring[k + 1])
        scale = out / max(1.0 + nx * mx + ny * my, _SHARP)
        moved[k] = ring[k, 0] + scale * (nx + mx), ring[k, 1] + scale * (ny + my)
    moved[last] = moved[0]
    return moved


@njit(cache=True, nogil=True)
def _left_of(a: Floats, b: Floats) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return the way to the left of a side, one metre long: out of the ground, as rings run here."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = max(np.hypot(dx, dy), 1e-9)
    return -dy / length, dx / length
