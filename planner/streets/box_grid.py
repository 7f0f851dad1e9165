"""Boxes laid in a grid: those near a place are found without looking at all the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

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
        last = np.array([self.columns - 1, self.rows - 1])
        low, high = np.floor((np.array(box_m).reshape(2, 2) - self.origin_m) / self.cell_m)
        if not ((low <= high) & (low <= last) & (high >= 0)).all():  # beside the grid, or no box at all
            return self.wide
        (left, south), (right, north) = (np.clip(k, 0, last).astype(int).tolist() for k in (low, high))
        cells = np.arange(left, right + 1) * self.rows
        spans = zip(self.start[cells + south], self.start[cells + north + 1], strict=True)
        found = np.zeros(self.count, dtype=bool)
        found[self.wide] = True
        for a, b in spans:
            found[self.boxes[a:b]] = True
        return np.flatnonzero(found)


def lay_boxes(bounds_m: Floats) -> BoxGrid:
    """Lay boxes, (n, 4) as xmin, ymin, xmax, ymax, in a grid."""
    if not len(bounds_m):
        none = np.empty(0, dtype=np.int64)
        return BoxGrid(np.zeros(2), _CELL_M, 1, 1, np.zeros(2, dtype=np.int64), none, none, 0)
    low, high = bounds_m[:, :2].min(axis=0), bounds_m[:, 2:].max(axis=0)
    cell_m = max(_CELL_M, float(np.sqrt(np.prod(high - low + _CELL_M) / _MOST_CELLS)))
    columns, rows = (int(k) + 1 for k in np.floor((high - low) / cell_m))
    span = np.floor((bounds_m - np.tile(low, 2)) / cell_m).astype(np.int64)
    over = (span[:, 2] - span[:, 0] + 1) * (span[:, 3] - span[:, 1] + 1)
    narrow = np.flatnonzero(over <= _WIDE)
    start, boxes = _lay(span[narrow], narrow, columns, rows)
    return BoxGrid(low, cell_m, columns, rows, start, boxes, np.flatnonzero(over > _WIDE), len(bounds_m))


@njit(cache=True)
def _lay(span: Ints, box: Ints, columns: int, rows: int) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Count, then list, the boxes over each cell."""
    start = np.zeros(columns * rows + 1, dtype=np.int64)
    for k in range(len(box)):
        for c in range(span[k, 0], span[k, 2] + 1):
            for r in range(span[k, 1], span[k, 3] + 1):
                start[c * rows + r + 1] += 1
    start = np.cumsum(start)
    free = start[:-1].copy()
    boxes = np.empty(start[-1], dtype=np.int64)
    for k in range(len(box)):
        for c in range(span[k, 0], span[k, 2] + 1):
            for r in range(span[k, 1], span[k, 3] + 1):
                boxes[free[c * rows + r]] = box[k]
                free[c * rows + r] += 1
    return start, boxes
