"""How far candidates lie from each other: most are told apart by their boxes, the rest measured once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

Shapes = NDArray[np.object_]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Gaps:
    """Metres between candidates, by their rows.

    Parameters
    ----------
    shapes : (n,) array of geometry
    known_m : dict of (int, int) to float
        Of those that were measured, the lower row first.
    """

    shapes: Shapes
    known_m: dict[tuple[int, int], float] = field(default_factory=dict)

    def and_of(self, further: Gaps) -> Gaps:
        """Return the gaps between these candidates and further ones, in one row."""
        return Gaps(np.concatenate([self.shapes, further.shapes]), dict(self.known_m))

    def metres(self, a: int, b: int) -> float:
        """Return the distance between two candidates, 0 where they overlap."""
        key = (a, b) if a < b else (b, a)
        if key not in self.known_m:
            self.known_m[key] = float(shapely.distance(self.shapes[a], self.shapes[b]))
        return self.known_m[key]

    def between(self, rows: Ints, others: Ints) -> Floats:
        """Return the distances between candidates, pair by pair; those not known yet are measured at once."""
        pairs = list(zip(np.minimum(rows, others).tolist(), np.maximum(rows, others).tolist(), strict=True))
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self.known_m]
        if new:
            one, other = np.array(new).T
            gaps_m = shapely.distance(self.shapes[one], self.shapes[other]).tolist()
            self.known_m.update(zip(new, gaps_m, strict=True))
        return np.array([self.known_m[pair] for pair in pairs], dtype=np.float64)

    def keep(self, a: int, b: int, least_m: float) -> bool:
        """Whether two candidates lie at least so far apart."""
        p, q = self._box_lists[a], self._box_lists[b]
        dx, dy = max(p[0] - q[2], q[0] - p[2], 0.0), max(p[1] - q[3], q[1] - p[3], 0.0)
        return dx * dx + dy * dy >= least_m * least_m or self.metres(a, b) >= least_m

    def keeping(self, rows: Ints, least_m: Floats) -> Bools:
        """Return which of some candidates, (n,), lie at least so far from which, (n, n), both ways alike."""
        keeps: Bools = self.boxes_m(rows, rows) >= least_m
        a, b = np.nonzero(np.triu(~keeps))
        keeps[a, b] = keeps[b, a] = self.between(rows[a], rows[b]) >= least_m[a, b]
        return keeps

    def boxes_m(self, rows: Ints, others: Ints) -> Floats:
        """Return how far the boxes of some candidates lie from those of others, (n, m)."""
        return _apart_m(self._boxes[rows], self._boxes[others])

    @cached_property
    def _boxes(self) -> Floats:
        return np.asarray(shapely.bounds(self.shapes), dtype=np.float64).reshape(-1, 4)

    @cached_property
    def _box_lists(self) -> list[list[float]]:
        boxes: list[list[float]] = self._boxes.tolist()
        return boxes


@njit(cache=True, nogil=True)
def _apart_m(boxes: Floats, others: Floats) -> Floats:  # pragma: no cover - compiled
    """Measure between each of some boxes and each of others: xmin, ymin, xmax, ymax."""
    metres = np.empty((len(boxes), len(others)))
    for i in range(len(boxes)):
        for j in range(len(others)):
            dx = max(boxes[i, 0] - others[j, 2], others[j, 0] - boxes[i, 2], 0.0)
            dy = max(boxes[i, 1] - others[j, 3], others[j, 1] - boxes[i, 3], 0.0)
            metres[i, j] = np.sqrt(dx * dx + dy * dy)
    return metres
