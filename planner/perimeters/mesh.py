"""A Delaunay triangulation, and one to which a few points at a time are added without doing all again.

Each point splits the triangle that it lies in, and sides are flipped until the circle around no triangle
holds a point (Lawson 1977). The first is made so as well, within a frame far off, point by point along
Hilbert's curve, where the next one lies beside the last. Where rounding turns a triangle over, Qhull, by
scipy, makes all of them; its own incremental mode leaves out points that lie on a circle with others.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.spatial import Delaunay

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mesh = tuple[Ints, Ints]
"""Corners of each triangle, (t, 3), counter-clockwise; and its neighbour opposite each, -1 for none."""

_FAR = 50.0
"""The frame lies so many times further off than the points lie apart."""
_TURNED_M2 = 1e-6
"""A triangle turned over by less than this is flat: points in a row, rounded."""
_SAME2_M2 = 1e-18
"""Square of the distance at which two points are one."""
_CURVE = 1024
"""Hilbert's curve passes through a grid of so many cells on either side; a power of two."""


def triangulate(xy_m: Floats) -> Mesh:
    """Triangulate points, (n, 2); of points at one place only one is a corner."""
    size = len(xy_m)
    columns = np.ascontiguousarray(xy_m.T)  # along rows of two, numpy takes thirty times as long
    low, high = columns.min(axis=1), columns.max(axis=1)
    apart = max(float((high - low).max()), 1.0)
    frame = (low + high) / 2 + _FAR * apart * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    triangles, neighbours = np.full((2, 2 * size + 2, 3), -1, dtype=np.int64)
    triangles[:2] = [(size, size + 1, size + 2), (size, size + 2, size + 3)]
    neighbours[0, 1], neighbours[1, 2] = 1, 0
    cell = ((xy_m - low) / apart * (_CURVE - 1)).astype(np.int64)
    order = np.argsort(_along_curve(cell), kind="stable")
    count = _add(triangles, neighbours, 2, np.vstack([xy_m, frame]), order)
    if count >= 0:
        kept, least_m2 = _less_frame(triangles, neighbours, count, xy_m)
        if least_m2 >= -_TURNED_M2:
            return triangles[:kept], neighbours[:kept]
    mesh = Delaunay(xy_m)
    return mesh.simplices.astype(np.int64), mesh.neighbors.astype(np.int64)


def adding(mesh: Mesh, xy_m: Floats, new: int) -> Mesh:
    """Return a triangulation of all points, (n, 2), from one of all but the last ``new`` of them."""
    old = len(mesh[0])
    room = np.full((2 * new, 3), -1, dtype=np.int64)
    triangles, neighbours = (np.vstack([part, room]) for part in mesh)
    count = _add(triangles, neighbours, old, xy_m, np.arange(len(xy_m) - new, len(xy_m)))
    if count < 0:
        return triangulate(xy_m)
    return triangles[:count], neighbours[:count]


def make_ready() -> None:
    """Compile what adds points: only some lines need it, and none should wait for it at an incident."""
    xy_m = np.array([(0, 0), (2, 0), (2, 2.5), (0, 2), (1, 0.5)], dtype=np.float64)
    adding(triangulate(xy_m[:-1]), xy_m, 1)


@njit(cache=True, nogil=True)
def _less_frame(
    triangles: Ints, neighbours: Ints, count: int, xy: Floats
) -> tuple[int, float]:  # pragma: no cover - compiled
    """Leave out the triangles, of so many, that have a corner beyond the points: those left come first.

    Returns
    -------
    count : int
        How many are left.
    least_m2 : float
        Twice the area of the smallest, below zero where one is turned over.
    """
    number = np.full(count, -1, dtype=np.int64)
    kept, least_m2 = 0, 0.0
    for t in range(count):
        a, b, c = triangles[t]
        if max(a, b, c) < len(xy):
            number[t] = kept
            kept += 1
            bx, by = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
            cx, cy = xy[c, 0] - xy[a, 0], xy[c, 1] - xy[a, 1]
            least_m2 = min(least_m2, bx * cy - by * cx)
    for t in range(count):
        if number[t] >= 0:
            for k in range(3):
                beyond = neighbours[t, k]
                triangles[number[t], k] = triangles[t, k]
                neighbours[number[t], k] = number[beyond] if beyond >= 0 else -1
    return kept, least_m2


@njit(cache=True)
def _along_curve(cell: Ints) -> Ints:  # pragma: no cover - compiled
    """How far along Hilbert's curve each cell, (n, 2), lies."""
    along = np.zeros(len(cell), dtype=np.int64)
    for k in range(len(cell)):
        x, y = cell[k]
        half = _CURVE // 2
        while half > 0:
            right, up = (x & half) > 0, (y & half) > 0
            along[k] += half * half * (3 * right ^ up)
            if not up:  # turn the quarter so that the curve goes on where it left the one before
                if right:
                    x, y = _CURVE - 1 - x, _CURVE - 1 - y
                x, y = y, x
            half //= 2
    return along


@njit(cache=True)
def _add(
    triangles: Ints, neighbours: Ints, count: int, xy: Floats, order: Ints
) -> int:  # pragma: no cover - compiled
    """Add points in some order to the first so many triangles; return how many there are then.

    -1 where a point lies in none of them, or rounding leaves no triangulation.
    """
    todo = np.empty(len(triangles) + 3, dtype=np.int64)
    t = int(np.int64(0))  # of the kind that a holder is, so that it is looked for by one compiled piece
    for p in order:
        t = _holder(triangles, neighbours, count, xy, p, t)
        if t < 0:
            return -1
        a, b, c = triangles[t]
        if min(_off2(xy, p, a), _off2(xy, p, b), _off2(xy, p, c)) < _SAME2_M2:
            continue
        by_a, by_b, by_c = neighbours[t]
        second, third = count, count + 1
        count += 2
        _set(triangles, t, p, b, c)
        _set(neighbours, t, by_a, second, third)
        _set(triangles, second, p, c, a)
        _set(neighbours, second, by_b, third, t)
        _set(triangles, third, p, a, b)
        _set(neighbours, third, by_c, t, second)
        _rename(neighbours, by_b, t, second)
        _rename(neighbours, by_c, t, third)
        todo[0], todo[1], todo[2] = t, second, third
        size = 3
        while size > 0:  # the point is the first corner of each of these
            size -= 1
            k = todo[size]
            n = neighbours[k, 0]
            if n < 0:
                continue
            j = 0
            while j < 3 and neighbours[n, j] != k:
                j += 1
            if j == 3:  # a side was flipped whose triangles rounding had laid over each other
                return -1
            far = triangles[n, j]
            b, c = triangles[k, 1], triangles[k, 2]
            if _in_circle(xy, p, b, c, far) <= 0:
                continue
            beyond_b, beyond_c = neighbours[n, (j + 1) % 3], neighbours[n, (j + 2) % 3]
            by_b, by_c = neighbours[k, 1], neighbours[k, 2]
            _set(triangles, k, p, b, far)
            _set(neighbours, k, beyond_b, n, by_c)
            _set(triangles, n, p, far, c)
            _set(neighbours, n, beyond_c, by_b, k)
            _rename(neighbours, beyond_b, n, k)
            _rename(neighbours, by_b, k, n)
            if size + 2 > len(todo):
                return -1
            todo[size], todo[size + 1] = k, n
            size += 2
    return count


@njit(cache=True)
def _holder(
    triangles: Ints, neighbours: Ints, count: int, xy: Floats, p: int, t: int
) -> int:  # pragma: no cover - compiled
    """Walk from a triangle to that which a point lies in; -1 where it lies in none."""
    for _ in range(count):
        ahead = -2
        for k in range(3):
            a, b = triangles[t, (k + 1) % 3], triangles[t, (k + 2) % 3]
            ax, ay = xy[a, 0], xy[a, 1]
            if (xy[b, 0] - ax) * (xy[p, 1] - ay) - (xy[b, 1] - ay) * (xy[p, 0] - ax) < 0:
                ahead = neighbours[t, k]
                break
        if ahead < 0:
            return t if ahead == -2 else -1
        t = ahead
    return -1


@njit(cache=True)
def _set(rows: Ints, at: int, first: int, second: int, third: int) -> None:  # pragma: no cover - compiled
    rows[at, 0], rows[at, 1], rows[at, 2] = first, second, third


@njit(cache=True)
def _rename(neighbours: Ints, of: int, before: int, after: int) -> None:  # pragma: no cover - compiled
    if of >= 0:
        for k in range(3):
            if neighbours[of, k] == before:
                neighbours[of, k] = after


@njit(cache=True)
def _in_circle(xy: Floats, a: int, b: int, c: int, d: int) -> float:  # pragma: no cover - compiled
    """Above zero where the last point lies within the circle around a triangle, counter-clockwise."""
    ax, ay = xy[a, 0] - xy[d, 0], xy[a, 1] - xy[d, 1]
    bx, by = xy[b, 0] - xy[d, 0], xy[b, 1] - xy[d, 1]
    cx, cy = xy[c, 0] - xy[d, 0], xy[c, 1] - xy[d, 1]
    aa, bb, cc = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    return float(ax * (by * cc - bb * cy) - ay * (bx * cc - bb * cx) + aa * (bx * cy - by * cx))


@njit(cache=True)
def _off2(xy: Floats, a: int, b: int) -> float:  # pragma: no cover - compiled
    return float((xy[a, 0] - xy[b, 0]) ** 2 + (xy[a, 1] - xy[b, 1]) ** 2)
