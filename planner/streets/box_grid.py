"""Boxes laid in a grid: those near a place are found without looking at all the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import floor

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CELL_M = 250.0
"""Side of a cell: about a block or two, so that few boxes lie in many cells."""
_MOST_CELLS = 1_000_000
"""A huge area gets wider cells rather than a huge grid."""
_WIDE = 64
"""A box over more cells than this is kept apart, and looked at each time."""
_FEW = 32
"""Numbers are few where there could be so many times as many."""


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
    count : int
        How many boxes there are.
    """

    origin_m: Floats
    cell_m: float
    columns: int
    rows: int
    start: Ints
    boxes: Ints
    wide: Ints
    count: int

    def near(self, box_m: tuple[float, float, float, float]) -> Ints:
        """Return all boxes that meet a box, and some that lie close to it, ascending."""
        west, south, east, north = box_m
        x, y = self._origin_m
        left, right = max((west - x) / self.cell_m, 0.0), min((east - x) / self.cell_m, self.columns - 1.0)
        low, high = max((south - y) / self.cell_m, 0.0), min((north - y) / self.cell_m, self.rows - 1.0)
        over = floor(left) <= right and floor(low) <= high if west <= east and south <= north else False
        if not over or right < 0 or high < 0:  # beside the grid, or no box at all
            return self.wide
        columns, first, last = range(floor(left), floor(right) + 1), floor(low), floor(high) + 1
        spans = [
            self.boxes[self.start[c * self.rows + first] : self.start[c * self.rows + last]] for c in columns
        ]
        return _each_once([self.wide, *spans], self.count)

    @cached_property
    def _origin_m(self) -> tuple[float, float]:
        x, y = self.origin_m.tolist()
        return x, y


def _each_once(some: list[Ints], count: int) -> Ints:
    """Return numbers below a count ascending, each once: sorted where they are few, else marked."""
    found = np.concatenate(some)
    if len(found) * _FEW < count:
        found.sort()
        return found[np.append(True, found[1:] != found[:-1])] if len(found) else found
    marked = np.zeros(count, dtype=bool)
    marked[found] = True
    return np.flatnonzero(marked)


def lay_boxes(bounds_m: Floats) -> BoxGrid:
    """Lay boxes, (n, 4) as xmin, ymin, xmax, ymax, in a grid."""
    if not len(bounds_m):
        none = np.empty(0, dtype=np.int64)
        return BoxGrid(np.zeros(2), _CELL_M, 1, 1, np.zeros(2, dtype=np.int64), none, none, 0)
    low, high = bounds_m[:, :2].min(axis=0), bounds_m[:, 2:].max(axis=0)
    cell_m = max(_CELL_M, float(np.sqrt(np.prod(high - low + _CELL_M) / _MOST_CELLS)))
    columns, rows = (int(k) + 1 for k in np.floor((high - low) / cell_m))
    start, boxes, wide = _lay(bounds_m, low, cell_m, columns, rows)
    return BoxGrid(low, cell_m, columns, rows, start, boxes, np.flatnonzero(wide), len(bounds_m))


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
