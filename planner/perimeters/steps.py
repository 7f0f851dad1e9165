"""Lines as straight steps: parts of them, how far off they are and where they meet; mostly compiled."""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from planner.geo import corners

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

_STEPS = 8
"""So many steps of a line are passed over at once where they are far off."""


def stretches(lines: Lines, low_m: Floats, high_m: Floats) -> Lines:
    """Return the parts of lines between two distances from the start of each."""
    if not len(lines):
        return lines
    xy, start = corners(lines)
    parts, owner = _cut_out(xy, start, low_m, high_m)
    return np.asarray(shapely.linestrings(parts, indices=owner))


@njit(cache=True)
def _cut_out(
    xy: Floats, start: Ints, low_m: Floats, high_m: Floats
) -> tuple[Floats, Ints]:  # pragma: no cover - compiled
    """Corners of the part of each line between two distances from its start, and whose they are."""
    out, owner = np.empty((len(xy) + 2 * len(low_m), 2)), np.empty(len(xy) + 2 * len(low_m), dtype=np.int64)
    size = 0
    for k in range(len(low_m)):
        mark, begun, before = 0.0, False, size
        for i in range(start[k], start[k + 1] - 1):
            step = np.hypot(xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1])
            after = mark + step
            last = i + 2 == start[k + 1]
            if not begun and (low_m[k] < after or last):
                out[size] = _along(xy[i], xy[i + 1], low_m[k] - mark, step)
                size, begun = size + 1, True
            if begun and (high_m[k] <= after or last):
                out[size] = _along(xy[i], xy[i + 1], high_m[k] - mark, step)
                size += 1
                break
            if begun and after > low_m[k]:
                out[size] = xy[i + 1]
                size += 1
            mark = after
        owner[before:size] = k
    return out[:size], owner[:size]


@njit(cache=True)
def _along(
    first: Floats, last: Floats, off_m: float, length_m: float
) -> Floats:  # pragma: no cover - compiled
    share = min(max(off_m / length_m, 0.0), 1.0) if length_m > 0 else 0.0
    return first + share * (last - first)


@njit(cache=True)
def distances(xy_m: Floats, line_m: Floats) -> Floats:  # pragma: no cover - compiled
    """Return how far each point, (n, 2), lies from a line given by its corners, (k, 2)."""
    boxes = _boxes(line_m)
    off2 = np.empty(len(boxes))
    away = np.empty(len(xy_m))
    for i in range(len(xy_m)):
        x, y = xy_m[i]
        least, nearest, first = np.inf, np.inf, 0
        for n in range(len(boxes)):
            off_x = max(boxes[n, 0] - x, x - boxes[n, 2], 0.0)
            off_y = max(boxes[n, 1] - y, y - boxes[n, 3], 0.0)
            off2[n] = off_x * off_x + off_y * off_y
            if off2[n] < nearest:
                nearest, first = off2[n], n
        for step in range(-1, len(boxes)):  # the nearest box first: most others need no look then
            n = first if step < 0 else step
            if off2[n] >= least:
                continue
            for k in range(n * _STEPS, min((n + 1) * _STEPS, len(line_m) - 1)):
                ax, ay = line_m[k]
                dx, dy = line_m[k + 1, 0] - ax, line_m[k + 1, 1] - ay
                length2 = dx * dx + dy * dy
                share = ((x - ax) * dx + (y - ay) * dy) / length2 if length2 > 0 else 0.0
                share = min(max(share, 0.0), 1.0)
                least = min(least, (ax + share * dx - x) ** 2 + (ay + share * dy - y) ** 2)
        away[i] = np.sqrt(least)
    return away


@njit(cache=True)
def touches(
    xy_m: Floats, start: Ints, ring_m: Floats, goes_on: Bools
) -> tuple[Floats, Floats]:  # pragma: no cover - compiled
    """Where lines first and last meet rings, in metres from the start of each; inf, -inf where they do not.

    Parameters
    ----------
    xy_m : (n, 2) float array
        Corners of all lines, one after the other.
    start : (L + 1,) int array
        Where in it each begins.
    ring_m : (m, 2) float array
        Corners of the rings.
    goes_on : (m,) bool array
        Whether the next corner is one of the same ring.
    """
    boxes = _boxes(ring_m)
    first, last = np.full(len(start) - 1, np.inf), np.full(len(start) - 1, -np.inf)
    for k in range(len(first)):
        mark = 0.0
        for i in range(start[k], start[k + 1] - 1):
            ax, ay, bx, by = xy_m[i, 0], xy_m[i, 1], xy_m[i + 1, 0], xy_m[i + 1, 1]
            step = np.hypot(bx - ax, by - ay)
            west, east = min(ax, bx), max(ax, bx)
            south, north = min(ay, by), max(ay, by)
            for n in range(len(boxes)):
                if boxes[n, 2] < west or boxes[n, 0] > east or boxes[n, 3] < south or boxes[n, 1] > north:
                    continue
                for j in range(n * _STEPS, min((n + 1) * _STEPS, len(ring_m) - 1)):
                    px, py, qx, qy = ring_m[j, 0], ring_m[j, 1], ring_m[j + 1, 0], ring_m[j + 1, 1]
                    if not goes_on[j] or turns(ax, ay, bx, by, px, py) * turns(ax, ay, bx, by, qx, qy) > 0:
                        continue
                    of_a, of_b = turns(px, py, qx, qy, ax, ay), turns(px, py, qx, qy, bx, by)
                    if of_a * of_b <= 0 and of_a != of_b:
                        along = mark + step * of_a / (of_a - of_b)
                        first[k], last[k] = min(first[k], along), max(last[k], along)
            mark += step
    return first, last


@njit(cache=True)
def meets(ring: Floats, first: Floats, last: Floats, least_m: float) -> Bools:  # pragma: no cover - compiled
    """Mask of the straight stretches, longer than so much, that a closed line meets."""
    met = np.zeros(len(first), dtype=np.bool_)
    boxes = _boxes(ring)
    for k in range(len(first)):
        ax, ay, bx, by = first[k, 0], first[k, 1], last[k, 0], last[k, 1]
        if (ax - bx) ** 2 + (ay - by) ** 2 <= least_m**2:
            continue
        west, east = min(ax, bx), max(ax, bx)
        south, north = min(ay, by), max(ay, by)
        for n in range(len(boxes)):
            if boxes[n, 2] < west or boxes[n, 0] > east or boxes[n, 3] < south or boxes[n, 1] > north:
                continue
            for i in range(n * _STEPS, min((n + 1) * _STEPS, len(ring) - 1)):
                px, py, qx, qy = ring[i, 0], ring[i, 1], ring[i + 1, 0], ring[i + 1, 1]
                if turns(px, py, qx, qy, ax, ay) * turns(px, py, qx, qy, bx, by) > 0:
                    continue
                if turns(ax, ay, bx, by, px, py) * turns(ax, ay, bx, by, qx, qy) > 0:
                    continue
                beside = min(px, qx) <= east and max(px, qx) >= west
                met[k] |= beside and min(py, qy) <= north and max(py, qy) >= south
            if met[k]:
                break
    return met


@njit(cache=True)
def may_meet(bounds_m: Floats, line_m: Floats) -> Bools:  # pragma: no cover - compiled
    """Mask of the boxes, (n, 4), that one around a few steps of a line meets: what others hold, it does not.

    The line may be several, one after the other.
    """
    boxes = _boxes(line_m)
    met = np.zeros(len(bounds_m), dtype=np.bool_)
    for k in range(len(bounds_m)):
        west, south, east, north = bounds_m[k]
        for n in range(len(boxes)):
            if boxes[n, 0] <= east and boxes[n, 2] >= west and boxes[n, 1] <= north and boxes[n, 3] >= south:
                met[k] = True
                break
    return met


@njit(cache=True)
def _boxes(line_m: Floats) -> Floats:  # pragma: no cover - compiled
    """Bounding boxes of each few steps of a line, so that what is far off is passed over at once."""
    boxes = np.empty(((len(line_m) + _STEPS - 2) // _STEPS, 4))
    for n in range(len(boxes)):
        west, south = line_m[n * _STEPS]
        east, north = west, south
        for k in range(n * _STEPS + 1, min((n + 1) * _STEPS + 1, len(line_m))):
            x, y = line_m[k]
            west, south, east, north = min(west, x), min(south, y), max(east, x), max(north, y)
        boxes[n, 0], boxes[n, 1], boxes[n, 2], boxes[n, 3] = west, south, east, north
    return boxes


@njit(cache=True)
def turns(
    ox: float, oy: float, ax: float, ay: float, bx: float, by: float
) -> float:  # pragma: no cover - compiled
    """Twice the area of a triangle, above zero where it turns left."""
    return float((ax - ox) * (by - oy) - (ay - oy) * (bx - ox))
