"""Which of many boxes lie wholly within a region, and which wholly outside it, and lines cut to it, compiled.

Of the grounds and streets about a scene most do: only for the others is it asked what of them lies where.
"""

from __future__ import annotations

from typing import NamedTuple

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
        As GEOS lays ground together: with no corner twice in a row.
    """
    return _where(np.ascontiguousarray(bounds_m), *_laid_out(shapely.get_coordinates(region_m)))


class LineParts(NamedTuple):
    """Parts of lines, point after point.

    Parameters
    ----------
    xy_m : (p, 2) float array
    start : (n + 1,) int array
        Where the points of each part begin.
    line : (n,) int array
        Of which of the lines that were asked about each is a part, ascending.
    """

    xy_m: Floats
    start: Ints
    line: Ints


def lines_within(
    xy_m: Floats, first: Ints, lines: Ints, bounds_m: Floats, region_m: BaseGeometry
) -> LineParts:
    """Cut lines to a region: as :func:`shapely.intersection` does but for a hair, without what only touches.

    Parameters
    ----------
    xy_m : (p, 2) float array
        Points of many lines, one after the other.
    first : (E + 1,) int array
        Where the points of each begin.
    lines : (k,) int array
        Those that are asked about.
    bounds_m : (E, 4) float array
        Boxes of the lines: xmin, ymin, xmax, ymax.
    region_m : polygonal geometry
        As for :func:`where_boxes_lie`.
    """
    sides = _laid_out(shapely.get_coordinates(region_m))
    lie = _where(bounds_m[lines], *sides)
    return LineParts(*_cut_lines(xy_m, first, lines, lie, *sides))


def cut_to(shapes: Shapes, region_m: BaseGeometry) -> Shapes:
    """Cut shapes to a region; those that lie wholly in it stay as they are."""
    cut = shapes.copy()
    shapely.prepare(region_m)
    across = np.flatnonzero(~shapely.covers(region_m, shapes))
    cut[across] = shapely.intersection(shapes[across], region_m)
    return cut


@njit(cache=True, nogil=True)
def _laid_out(xy: Floats) -> tuple[Floats, float, float, Ints, Ints]:  # pragma: no cover - compiled
    """Lay out the sides of a region by its corners, and which lie in each strip of it, from west to east.

    Returns
    -------
    sides : (s, 4) float array
        From one end to the other: x0, y0, x1, y1. None of an empty region.
    low, high_m : float
        Where the lowest strip begins, and how high each is.
    start : (strips + 1,) int array
        Where the sides of each strip begin in ``among``.
    among : (m,) int array
    """
    sides, count, first = np.empty((len(xy), 4)), 0, 0
    for k in range(1, len(xy)):
        if k == first:
            continue
        sides[count, :2], sides[count, 2:] = xy[k - 1], xy[k]
        count += 1
        if xy[k, 0] == xy[first, 0] and xy[k, 1] == xy[first, 1]:  # a ring ends where it began
            first = k + 1
    sides, low, high_m = sides[:count], 0.0, _NEAR_M
    if count:
        low = xy[:, 1].min()
        high_m = max((xy[:, 1].max() - low) / _STRIPS, _NEAR_M)
    start, among = _in_strips(sides, _STRIPS, low, high_m)
    return sides, low, high_m, start, among


@njit(cache=True, nogil=True)
def _where(
    bounds: Floats, sides: Floats, low: float, high_m: float, start: Ints, among: Ints
) -> Ints:  # pragma: no cover - compiled
    """Ask of each box only the sides that lie in the strips over which it lies."""
    lie, strips = np.zeros(len(bounds), dtype=np.int64), len(start) - 1
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
def _cut_lines(
    xy: Floats,
    first: Ints,
    lines: Ints,
    lie: Ints,
    sides: Floats,
    low: float,
    high_m: float,
    start: Ints,
    among: Ints,
) -> tuple[Floats, Ints, Ints]:  # pragma: no cover - compiled
    """Cut lines where they cross a side, and leave out what of them lies outside, told by its middle."""
    points, count = np.empty((4 * len(lines) + 2, 2)), 0
    begins, line, parts = np.empty(len(lines) + 1, dtype=np.int64), np.empty(len(lines), dtype=np.int64), 0
    for k in range(len(lie)):
        if lie[k] == OUTSIDE:
            continue
        own, marks = xy[first[lines[k]] : first[lines[k] + 1]], np.empty(0)
        if lie[k] == ACROSS:
            marks = _crossings(own, sides, low, high_m, start, among)
        for m in range(len(marks) + 1):
            since = marks[m - 1] if m > 0 else 0.0
            until = marks[m] if m < len(marks) else len(own) - 1.0
            if not since < until:
                continue
            middle = _on(own, (since + until) / 2)
            if lie[k] == ACROSS and not _inside(middle, sides, low, high_m, start, among):
                continue
            if parts == len(line):  # each is as long again, and one more
                begins, line = _longer(begins), _longer(line)
            if count + len(own) + 2 > len(points):
                more = np.empty((2 * len(points) + len(own), 2))
                more[:count] = points[:count]
                points = more
            begins[parts], line[parts] = count, k
            parts += 1
            points[count] = _on(own, since)
            count += 1
            for p in range(int(np.floor(since)) + 1, int(np.ceil(until))):
                points[count] = own[p]
                count += 1
            points[count] = _on(own, until)
            count += 1
    begins[parts] = count
    return points[:count].copy(), begins[: parts + 1].copy(), line[:parts].copy()


@njit(cache=True, nogil=True)
def _longer(numbers: Ints) -> Ints:  # pragma: no cover - compiled
    """Return numbers with room for twice as many."""
    more = np.empty(2 * len(numbers) + 1, dtype=np.int64)
    more[: len(numbers)] = numbers
    return more


@njit(cache=True, nogil=True)
def _on(own: Floats, mark: float) -> tuple[float, float]:  # pragma: no cover - compiled
    """Return the place on a line at a mark: the number of a point of it, and the share of the way onward."""
    p = min(int(mark), len(own) - 1)
    share, q = mark - p, min(p + 1, len(own) - 1)
    return own[p, 0] + share * (own[q, 0] - own[p, 0]), own[p, 1] + share * (own[q, 1] - own[p, 1])


@njit(cache=True, nogil=True)
def _crossings(
    own: Floats, sides: Floats, low: float, high_m: float, start: Ints, among: Ints
) -> Floats:  # pragma: no cover - compiled
    """Return the marks at which a line crosses a side, ascending; some may be told twice."""
    marks, strips = [0.0 for _ in range(0)], len(start) - 1
    for p in range(len(own) - 1):
        x, y = own[p]
        dx, dy = own[p + 1, 0] - x, own[p + 1, 1] - y
        lowest = _strip(min(y, y + dy), strips, low, high_m)
        for strip in range(lowest, _strip(max(y, y + dy), strips, low, high_m) + 1):
            for n in range(start[strip], start[strip + 1]):
                x0, y0, x1, y1 = sides[among[n]]
                if max(x0, x1) < min(x, x + dx) or min(x0, x1) > max(x, x + dx):
                    continue
                turn = dx * (y1 - y0) - dy * (x1 - x0)
                if turn != 0.0:
                    share = ((x0 - x) * (y1 - y0) - (y0 - y) * (x1 - x0)) / turn
                    across = ((x0 - x) * dy - (y0 - y) * dx) / turn
                    if 0.0 <= share <= 1.0 and 0.0 <= across <= 1.0:
                        marks.append(p + share)
    return np.sort(np.array(marks))


@njit(cache=True, nogil=True)
def _inside(
    spot: tuple[float, float], sides: Floats, low: float, high_m: float, start: Ints, among: Ints
) -> bool:  # pragma: no cover - compiled
    """Whether a place lies within the region: a ray eastward crosses an odd number of sides."""
    x, y = spot
    odd, strip = False, _strip(y, len(start) - 1, low, high_m)
    for n in range(start[strip], start[strip + 1]):
        x0, y0, x1, y1 = sides[among[n]]
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            odd = not odd
    return odd


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
