"""The line of a perimeter: a simple polygon around the core that crosses streets only where posts stand.

Streets on either side of the cut are sampled, the samples triangulated, and the line drawn midway between
neighbours of different sides; then it is pulled straight as far as no street comes in its way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

_SPACING_M = 18.0
"""Samples along streets; finer where a first line crosses a street away from a post."""
_FINEST_M = 1.0
_ROUNDS = 4
_CLEAR_M = 0.3
"""The line passes no nearer than this to a street that it does not cross: rounding is a centimetre."""
_CORE_MARGIN_M = 0.5
"""The line passes no nearer than this to the core."""


@dataclass(frozen=True, eq=False)
class Sides:
    """What the line must part.

    Parameters
    ----------
    inner, outer : object arrays of LineString
        Stretches of street on the scene's side and on the far side; a street that a post closes is given in
        two pieces that leave a small gap about the post.
    gates_xy_m : (n, 2) float array
        Where the line may cross a street: the posts and other ends of the gaps.
    core_m : polygonal geometry
        The line contains it.
    open_m : float
        How far from the inner streets the line runs over open ground.
    """

    inner: Lines
    outer: Lines
    gates_xy_m: Floats
    core_m: BaseGeometry
    open_m: float


def draw_line(sides: Sides) -> Polygon:
    """Draw the line.

    Returns
    -------
    Polygon
        Simple, without holes, containing the core. It crosses streets at the gates; where streets of both
        sides cross each other without meeting (bridges, tunnels) it must cross one of them elsewhere too.
    """
    core = sides.core_m.buffer(_CORE_MARGIN_M, quad_segs=4)
    core = max(shapely.get_parts(core), key=lambda p: p.area)
    core = Polygon(core.exterior)
    samples = _Samples.take(sides, core)
    streets = np.concatenate([sides.inner, sides.outer])
    tree = shapely.STRtree(streets)
    ring = samples.contour(core)
    for _ in range(_ROUNDS):
        bad = tree.query(ring, predicate="intersects")
        if not len(bad) or not samples.refine(streets[bad], bad < len(sides.inner), ring):
            break
        ring = samples.contour(core)
    region = _largest(Polygon(ring).union(core))
    return _pull_straight(region, core, sides, tree)


class _Samples:
    """Points with the side that they lie on."""

    def __init__(self, xy_m: Floats, inner: Bools) -> None:
        self.xy_m = xy_m
        self.inner = inner

    @classmethod
    def take(cls, sides: Sides, core: Polygon) -> _Samples:
        inside = np.vstack(
            [_along(sides.inner, _SPACING_M), _along(np.array([core.exterior], dtype=object), _SPACING_M)]
        )
        outside = _along(sides.outer, _SPACING_M)
        near = cKDTree(inside)
        if len(outside):
            outside = outside[near.query(outside, distance_upper_bound=2.5 * sides.open_m)[0] < np.inf]
            outside = outside[~shapely.contains_xy(core, outside)]
        xy = np.vstack([inside, outside, _far_lattice(inside, near, sides.open_m)])
        samples = cls(xy, np.arange(len(xy)) < len(inside))
        samples._drop_twins()
        return samples

    def refine(self, streets: Lines, inner: Bools, ring: shapely.LinearRing) -> bool:
        """Add samples where streets are crossed; False when they are as fine as they get."""
        before = len(self.xy_m)
        near = shapely.intersection(streets, shapely.buffer(ring, _SPACING_M))
        spacing = max(_FINEST_M, _SPACING_M / 4)
        added = [
            (_along(np.array([g], dtype=object), spacing), side) for g, side in zip(near, inner, strict=True)
        ]
        self.xy_m = np.vstack([self.xy_m, *(xy for xy, _ in added)])
        self.inner = np.concatenate([self.inner, *(np.full(len(xy), side) for xy, side in added)])
        self._drop_twins()
        return len(self.xy_m) > before

    def contour(self, core: Polygon) -> shapely.LinearRing:
        """Return the line midway between the sides that runs around the core."""
        triangles = Delaunay(self.xy_m).simplices
        loops = _loops(triangles, self.inner, self.xy_m)
        here = core.representative_point()
        around = [ring for ring in loops if Polygon(ring).contains(here)]
        return max(around, key=lambda ring: Polygon(ring).area)

    def _drop_twins(self) -> None:
        """Keep one of equal points, none where both sides meet in one point."""
        keys = np.round(self.xy_m, 2)
        _, first, group = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        group = group.ravel()
        count = np.bincount(group)
        mixed = (np.bincount(group, weights=self.inner) % count) != 0
        kept = np.sort(first[~mixed])
        self.xy_m, self.inner = self.xy_m[kept], self.inner[kept]


def _along(lines: Lines, spacing_m: float) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.segmentize(lines, spacing_m)))


def _far_lattice(inside: Floats, near: cKDTree, open_m: float) -> Floats:
    """Points of a lattice just beyond reach of all inner samples: the far side over open ground."""
    low, high = inside.min(axis=0) - 3 * open_m, inside.max(axis=0) + 3 * open_m
    step = open_m / 2
    x, y = np.meshgrid(np.arange(low[0], high[0] + step, step), np.arange(low[1], high[1] + step, step))
    # every other row is shifted: no four points lie on a circle, so the triangles are the same everywhere
    x = x + (np.arange(len(x)) % 2)[:, None] * step / 2
    points = np.column_stack([x.ravel(), y.ravel()])
    distance, _ = near.query(points, distance_upper_bound=3 * open_m)
    border = np.zeros(x.shape, dtype=bool)
    border[[0, -1], :] = border[:, [0, -1]] = True
    return points[((distance > open_m) & (distance < 2 * open_m)) | border.ravel()]


def _loops(triangles: Ints, inner: Bools, xy_m: Floats) -> list[shapely.LinearRing]:
    """Closed lines through the midpoints of triangle sides that join the two sides."""
    label = inner[triangles]
    mixed = triangles[label.any(axis=1) & ~label.all(axis=1)]
    label = inner[mixed]
    odd = np.where(label.sum(axis=1) == 1, label.argmax(axis=1), label.argmin(axis=1))
    rows = np.arange(len(mixed))
    apex = mixed[rows, odd]
    sides = np.stack(
        [np.sort(np.column_stack([apex, mixed[rows, (odd + k) % 3]]), axis=1) for k in (1, 2)], axis=1
    )
    names, index = np.unique(sides.reshape(-1, 2), axis=0, return_inverse=True)
    steps = index.reshape(-1, 2)
    middle = (xy_m[names[:, 0]] + xy_m[names[:, 1]]) / 2
    return [shapely.LinearRing(middle[loop]) for loop in _walk(steps, len(names)) if len(loop) >= 3]


def _walk(steps: Ints, count: int) -> list[list[int]]:
    """Split steps, in which every point occurs exactly twice, into closed walks."""
    beside: list[list[int]] = [[] for _ in range(count)]
    for a, b in steps.tolist():
        beside[a].append(b)
        beside[b].append(a)
    walks: list[list[int]] = []
    seen = [False] * count
    for start in range(count):
        if seen[start]:
            continue
        walk, here = [], start
        while not seen[here]:
            seen[here] = True
            walk.append(here)
            here = next((k for k in beside[here] if not seen[k]), start)
        walks.append(walk)
    return walks


def _largest(ground: BaseGeometry) -> Polygon:
    parts = [p for p in shapely.get_parts(ground) if p.geom_type == "Polygon"]
    return Polygon(max(parts, key=lambda p: p.area).exterior)


# --- pulling straight ---------------------------------------------------------------------------


def _pull_straight(region: Polygon, core: Polygon, sides: Sides, tree: shapely.STRtree) -> Polygon:
    """Replace stretches between posts by straight ones that meet no street and not the core."""
    ring = np.asarray(region.exterior.coords)[:-1]
    fixed = _fixed(ring, sides.gates_xy_m)
    keep = _straighten(ring, fixed, core, tree)
    pulled = Polygon(ring[keep])
    if pulled.is_valid and pulled.contains(sides.core_m):
        return pulled
    return region


def _fixed(ring: Floats, gates: Floats) -> Ints:
    """Indices of ring points that must stay: those at gates, and at least two."""
    chosen: set[int] = set()
    if len(gates):
        distance, index = cKDTree(ring).query(gates)
        chosen |= {int(i) for i, d in zip(index, distance, strict=True) if d < 1.0}
    if len(chosen) < 3:
        centre = ring.mean(axis=0)
        angle = np.arctan2(*(ring - centre).T[::-1])
        chosen |= {int(np.argmin(np.abs(angle - a))) for a in (-2.0, 0.0, 2.0)}
    return np.array(sorted(chosen))


def _straighten(ring: Floats, fixed: Ints, core: Polygon, tree: shapely.STRtree) -> Ints:
    """Split chords at their farthest point until none meets anything; all chords of a level at once."""
    n = len(ring)
    shapely.prepare(core)
    kept = set(fixed.tolist())
    chords = [(int(a), int(b)) for a, b in zip(fixed, np.append(fixed[1:], fixed[0] + n), strict=True)]
    while chords:
        ends = np.array([[ring[a % n], ring[b % n]] for a, b in chords])
        lines = shapely.linestrings(ends)
        hit = shapely.intersects(core, lines)
        hit[tree.query(lines, predicate="dwithin", distance=_CLEAR_M)[0]] = True
        split: list[tuple[int, int]] = []
        for (a, b), bad in zip(chords, hit, strict=True):
            if not bad or b - a < 2:
                continue
            between = ring[np.arange(a + 1, b) % n]
            middle = a + 1 + _farthest(ring[a % n], ring[b % n], between)
            kept.add(middle % n)
            split += [(a, middle), (middle, b)]
        chords = split
    return np.array(sorted(kept))


def _farthest(start: Floats, end: Floats, points: Floats) -> int:
    along = end - start
    reach = float(np.hypot(*along))
    if reach < 1e-9:
        return int(np.argmax(np.hypot(*(points - start).T)))
    offset = np.abs(along[0] * (points[:, 1] - start[1]) - along[1] * (points[:, 0] - start[0])) / reach
    return int(np.argmax(offset))
