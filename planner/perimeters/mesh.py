"""A Delaunay triangulation to which a few points at a time are added, without triangulating all again.

Each point splits the triangle that it lies in, and sides are flipped until the circle around no triangle
holds a point (Lawson 1977). Qhull, by scipy, makes the first; its own incremental mode leaves out points that
lie on a circle with others.
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


def triangulate(xy_m: Floats) -> Mesh:
    """Triangulate points, (n, 2)."""
    mesh = Delaunay(xy_m)
    return mesh.simplices.astype(np.int64), mesh.neighbors.astype(np.int64)


def adding(mesh: Mesh, xy_m: Floats, new: int) -> Mesh:
    """Return a triangulation of all points, (n, 2), from one of all but the last ``new`` of them."""
    old = len(mesh[0])
    room = np.full((2 * new, 3), -1, dtype=np.int64)
    triangles, neighbours = (np.vstack([part, room]) for part in mesh)
    if not _add(triangles, neighbours, old, xy_m, len(xy_m) - new):
        return triangulate(xy_m)
    return triangles, neighbours


def make_ready() -> None:
    """Compile what adds points: only some lines need it, and none should wait for it at an incident."""
    xy_m = np.array([(0, 0), (2, 0), (2, 2.5), (0, 2), (1, 0.5)], dtype=np.float64)
    adding(triangulate(xy_m[:-1]), xy_m, 1)


@njit(cache=True)
def _add(
    triangles: Ints, neighbours: Ints, count: int, xy: Floats, first: int
) -> bool:  # pragma: no cover - compiled
    """Add the points from the first on; return whether each lay in a triangle."""
    todo = np.empty(len(triangles) + 3, dtype=np.int64)
    t = 0
    for p in range(first, len(xy)):
        t = _holder(triangles, neighbours, count, xy, p, t)
        if t < 0:
            return False
        a, b, c = triangles[t]
        by_a, by_b, by_c = neighbours[t]
        second, third = count, count + 1
        count += 2
        triangles[t] = np.array([p, b, c])
        neighbours[t] = np.array([by_a, second, third])
        triangles[second] = np.array([p, c, a])
        neighbours[second] = np.array([by_b, third, t])
        triangles[third] = np.array([p, a, b])
        neighbours[third] = np.array([by_c, t, second])
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
            while neighbours[n, j] != k:
                j += 1
            far = triangles[n, j]
            b, c = triangles[k, 1], triangles[k, 2]
            if _in_circle(xy[p], xy[b], xy[c], xy[far]) <= 0:
                continue
            beyond_b, beyond_c = neighbours[n, (j + 1) % 3], neighbours[n, (j + 2) % 3]
            by_b, by_c = neighbours[k, 1], neighbours[k, 2]
            triangles[k] = np.array([p, b, far])
            neighbours[k] = np.array([beyond_b, n, by_c])
            triangles[n] = np.array([p, far, c])
            neighbours[n] = np.array([beyond_c, by_b, k])
            _rename(neighbours, beyond_b, n, k)
            _rename(neighbours, by_b, k, n)
            if size + 2 > len(todo):
                return False
            todo[size], todo[size + 1] = k, n
            size += 2
    return True


@njit(cache=True)
def _holder(
    triangles: Ints, neighbours: Ints, count: int, xy: Floats, p: int, t: int
) -> int:  # pragma: no cover - compiled
    """Walk from a triangle to that which a point lies in; -1 where it lies in none."""
    for _ in range(count):
        ahead = -2
        for k in range(3):
            a, b = xy[triangles[t, (k + 1) % 3]], xy[triangles[t, (k + 2) % 3]]
            if (b[0] - a[0]) * (xy[p, 1] - a[1]) - (b[1] - a[1]) * (xy[p, 0] - a[0]) < 0:
                ahead = neighbours[t, k]
                break
        if ahead < 0:
            return t if ahead == -2 else -1
        t = ahead
    return -1


@njit(cache=True)
def _rename(neighbours: Ints, of: int, before: int, after: int) -> None:  # pragma: no cover - compiled
    if of >= 0:
        for k in range(3):
            if neighbours[of, k] == before:
                neighbours[of, k] = after


@njit(cache=True)
def _in_circle(a: Floats, b: Floats, c: Floats, d: Floats) -> float:  # pragma: no cover - compiled
    """Above zero where a point lies within the circle around a triangle that runs counter-clockwise."""
    ax, ay = a[0] - d[0], a[1] - d[1]
    bx, by = b[0] - d[0], b[1] - d[1]
    cx, cy = c[0] - d[0], c[1] - d[1]
    aa, bb, cc = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    return float(ax * (by * cc - bb * cy) - ay * (bx * cc - bb * cx) + aa * (bx * cy - by * cx))
