"""Boxes laid in a grid: those near a place are found without looking at all the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.ticking import ticked

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CELL_M = 250.0
"""Side of a cell: about a block or two, so that few boxes lie in many cells."""
_MOST_CELLS = 1_000_000
"""A huge area gets wider cells rather than a huge grid."""
_WIDE = 64
"""A box over more cells than this is kept apart, and looked at each time."""


@dataclass(frozen=True, eq=False)
class BoxGrid:
    """Which boxes lie over each cell.

    Parameters
    ----------
    origin_m : (2,) float array
        South-west corner of the grid.
    cell_m : float
        Side of a cell.
    columns, rows : int
    start : (columns * rows + 1,) int array
    boxes : (K,) int array
        Boxes over cell ``column * rows + row`` are ``boxes[start[c]:start[c + 1]]``, ascending.
    wide : (W,) int array
        Boxes in no cell, as they lie over too many.
    bounds_m : (n, 4) float array
        The boxes.
    """

    origin_m: Floats
    cell_m: float
    columns: int
    rows: int
    start: Ints
    boxes: Ints
    wide: Ints
    bounds_m: Floats

    def meeting(self, box_m: tuple[float, float, float, float]) -> Ints:
        """Return the boxes that meet a box, ascending."""
        west, south, east, north = map(float, box_m)
        found: Ints = _meeting(
            *(self.bounds_m, self.origin_m, self.cell_m, self.columns, self.rows, self.start, self.boxes),
            self.wide,
            *(west, south, east, north),
        )
        return found

    def pairs(self, asked_m: Floats, wanted: Bools) -> tuple[Ints, Ints]:
        """Return which of some boxes meet which of those laid here, as pairs.

        Parameters
        ----------
        asked_m : (k, 4) float array
            NaN of what has no box.
        wanted : (n,) bool array
            Which of those laid here are asked about.

        Returns
        -------
        two (m,) int arrays
            Rows of ``asked_m``, ascending, and numbers of boxes, ascending for each.
        """
        asked, found = _pairs(
            *(self.bounds_m, self.origin_m, self.cell_m, self.columns, self.rows, self.start, self.boxes),
            *(self.wide, asked_m, wanted),
        )
        return asked, found


@njit(cache=True, nogil=True)
def _meeting(
    bounds_m: Floats,
    low: Floats,
    cell_m: float,
    columns: int,
    rows: int,
    start: Ints,
    boxes: Ints,
    wide: Ints,
    west: float,
    south: float,
    east: float,
    north: float,
) -> Ints:  # pragma: no cover - compiled
    """Tick off the boxes in cells that meet a box, a bit for each: so each is told once, and in order.

    What lies over a cell within the box meets it; only along its rim the boxes themselves are looked at.
    """
    if not (west <= east and south <= north):  # no box at all
        return np.empty(0, dtype=np.int64)
    one, span = np.uint64(1), (len(bounds_m), int(np.int64(-1)))
    left, right = np.floor((west - low[0]) / cell_m), np.floor((east - low[0]) / cell_m)
    first, last = np.floor((south - low[1]) / cell_m), np.floor((north - low[1]) / cell_m)
    across = range(_within(left, columns), _within(right + 1, columns))
    up = range(_within(first, rows), _within(last + 1, rows))
    for column in across:
        for row in up:
            span = _spanning(span, boxes[start[column * rows + row] : start[column * rows + row + 1]])
    for box in wide:
        if _meets(bounds_m[box], west, south, east, north):
            span = min(span[0], box), max(span[1], box)
    base = span[0] >> 6
    bits = np.zeros(max((span[1] >> 6) - base + 1, 0), dtype=np.uint64)
    for column in across:
        for row in up:
            whole = left < column < right and first < row < last
            for at in range(start[column * rows + row], start[column * rows + row + 1]):
                box = boxes[at]
                if whole or _meets(bounds_m[box], west, south, east, north):
                    bits[(box >> 6) - base] |= one << np.uint64(box & 63)
    for box in wide:
        if _meets(bounds_m[box], west, south, east, north):
            bits[(box >> 6) - base] |= one << np.uint64(box & 63)
    return ticked(bits, base)


@njit(cache=True, nogil=True)
def _pairs(
    bounds_m: Floats,
    low: Floats,
    cell_m: float,
    columns: int,
    rows: int,
    start: Ints,
    boxes: Ints,
    wide: Ints,
    asked_m: Floats,
    wanted: Bools,
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    pairs, count = np.empty((2, 256), dtype=np.int64), 0
    for k in range(len(asked_m)):
        west, south, east, north = asked_m[k]
        for box in _meeting(
            bounds_m, low, cell_m, columns, rows, start, boxes, wide, west, south, east, north
        ):
            if wanted[box]:
                pairs, count = _paired(pairs, count, k, box)
    return pairs[0, :count].copy(), pairs[1, :count].copy()


@njit(cache=True, nogil=True)
def _paired(pairs: Ints, count: int, one: int, other: int) -> tuple[Ints, int]:  # pragma: no cover - compiled
    """Write a pair after so many others; where they do not hold it, into twice as many."""
    if count == pairs.shape[1]:
        more = np.empty((2, 2 * count), dtype=np.int64)
        more[:, :count] = pairs
        pairs = more
    pairs[0, count], pairs[1, count] = one, other
    return pairs, count + 1


@njit(cache=True, nogil=True)
def _within(cell: float, count: int) -> int:  # pragma: no cover - compiled
    """Return the number of a cell; the first one's or that past the last where it lies beyond them."""
    return int(min(max(cell, 0.0), float(count)))


@njit(cache=True, nogil=True)
def _spanning(span: tuple[int, int], boxes: Ints) -> tuple[int, int]:  # pragma: no cover - compiled
    """Return the least and the largest number in a span and among some boxes, which ascend."""
    return (min(span[0], boxes[0]), max(span[1], boxes[-1])) if len(boxes) else span


@njit(cache=True, nogil=True)
def _meets(
    bounds_m: Floats, west: float, south: float, east: float, north: float
) -> bool:  # pragma: no cover - compiled
    """Whether two boxes meet."""
    xmin, ymin, xmax, ymax = bounds_m
    return bool(xmin <= east and xmax >= west and ymin <= north and ymax >= south)


def lay_boxes(bounds_m: Floats) -> BoxGrid:
    """Lay boxes, (n, 4) as xmin, ymin, xmax, ymax, in a grid."""
    if not len(bounds_m):
        none = np.empty(0, dtype=np.int64)
        return BoxGrid(np.zeros(2), _CELL_M, 1, 1, np.zeros(2, dtype=np.int64), none, none, bounds_m)
    low, high = bounds_m[:, :2].min(axis=0), bounds_m[:, 2:].max(axis=0)
    cell_m = max(_CELL_M, float(np.sqrt(np.prod(high - low + _CELL_M) / _MOST_CELLS)))
    columns, rows = (int(k) + 1 for k in np.floor((high - low) / cell_m))
    start, boxes, wide = _lay(bounds_m, low, cell_m, columns, rows)
    return BoxGrid(low, cell_m, columns, rows, start, boxes, np.flatnonzero(wide), bounds_m)


@njit(cache=True, nogil=True)
def _lay(
    bounds_m: Floats, low: Floats, cell_m: float, columns: int, rows: int
) -> tuple[Ints, Ints, Bools]:  # pragma: no cover - compiled
    """Count, then list, the boxes over each cell; tell which are over too many."""
    span, wide = np.empty((len(bounds_m), 4), dtype=np.int32), np.zeros(len(bounds_m), dtype=np.bool_)
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for k in range(len(bounds_m)):
        for side in range(4):
            span[k, side] = np.floor((bounds_m[k, side] - low[side % 2]) / cell_m)
        west, south, east, north = span[k]
        wide[k] = (east - west + 1) * (north - south + 1) > _WIDE
        if not wide[k]:
            for c in range(west, east + 1):
                start[c * rows + south + 1 : c * rows + north + 2] += 1
    start = np.cumsum(start)
    free = start[:-1].copy()
    boxes = np.empty(start[-1], dtype=np.int64)
    for k in range(len(bounds_m)):
        if wide[k]:
            continue
        west, south, east, north = span[k]
        for c in range(west, east + 1):
            for cell in range(c * rows + south, c * rows + north + 1):
                boxes[free[cell]] = k
                free[cell] += 1
    return start, boxes, wide
