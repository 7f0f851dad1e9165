"""The line of a perimeter: a simple polygon around the core that crosses streets only where posts stand.

Drawn first close around the streets of the scene's side, which parts the sides whatever the map holds; then
pulled straight as far as no street and not the core comes in its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

_HUG_M = 8.0
"""How close around the inner streets the first line runs, where no outer street is nearer."""
_SHY_M = 1.0
"""How far the first line keeps from outer streets."""
_THREAD_M = 0.4
"""Half the width of the strip that always belongs to an inner street: it passes under a bridge."""
_CLEAR_M = 3.0
"""The pulled line passes no nearer than this to a street, where there is room."""
_CORE_MARGIN_M = 0.1
"""The line passes no nearer than this to the core: rounding to 7 decimals moves it by a centimetre."""
_GAP_M = 0.6
"""Half the gap in a street, about a gate, through which the line must pass."""
_APART_M = 0.1
"""Sides of the line that are no neighbours stay this far apart, where its first course did."""
_BRIDGE_M = 12.0
"""The line may cross a street this near to where it passes over or under one of the inside."""
_CLEARANCE_M = 0.03
"""Corners rounded to 7 decimals move by less than a centimetre: a ring as open as this stays simple."""
_SETTLINGS = 3
"""Rounds in which groups adrift that the line crosses are left out."""
_PULLS = 4
"""Rounds of pulling; each at least halves what slack is left."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a street that is cut by a gate at one or both of its ends.

    Parameters
    ----------
    line : LineString
        From end to end, gates included.
    gate_first, gate_last : bool
        Which ends are gates.
    """

    line: LineString
    gate_first: bool
    gate_last: bool

    def trimmed(self, gap_m: float) -> LineString:
        """Return the line less a gap at each gate, at most a third of it."""
        gap = min(gap_m, self.line.length / 3)
        return stretch(self.line, gap * self.gate_first, self.line.length - gap * self.gate_last)


@dataclass(frozen=True, eq=False)
class Sides:
    """What the line must part.

    Parameters
    ----------
    inner, outer : object arrays of LineString
        Streets on the scene's side and on the far side.
    inner_pieces, outer_pieces : tuple of Piece
        The same for streets that are cut by gates.
    islands : object array of MultiLineString
        Groups of streets that are joined to neither side, but lie nearer to the scene's: taken in where the
        line can go around them, else left out.
    gates_xy_m : (n, 2) float array
        Where the line crosses streets: the posts, and barriers that streets of both sides end at.
    core_m : polygonal geometry
        The line contains it.
    """

    inner: Lines
    outer: Lines
    inner_pieces: tuple[Piece, ...]
    outer_pieces: tuple[Piece, ...]
    islands: Lines
    gates_xy_m: Floats
    core_m: BaseGeometry


def draw_line(sides: Sides) -> Polygon:
    """Draw the line.

    Returns
    -------
    Polygon
        Simple, without holes, containing the core. It crosses streets at the gates; where streets of both
        sides cross each other without meeting (bridges, tunnels) it must cross one of them elsewhere too.
    """
    core = _largest(sides.core_m.buffer(_CORE_MARGIN_M, quad_segs=4))
    hugging = _hug(sides, core)
    for ring in reversed(_pull(hugging, _Obstacles.of(sides, core), sides.gates_xy_m)):
        pulled = Polygon(ring)
        if _sound(pulled, sides.core_m):
            return pulled
    return _largest(shapely.set_precision(hugging, _CLEARANCE_M))


def _sound(polygon: Polygon, core: BaseGeometry) -> bool:
    """Whether a ring stays simple and around the core when its corners are rounded to 7 decimals."""
    return bool(
        polygon.is_valid and shapely.minimum_clearance(polygon) > _CLEARANCE_M and polygon.covers(core)
    )


def nearer_inner(groups: Lines, inner: Lines, outer: Lines) -> Bools:
    """Mask of the groups of streets that lie nearer to streets of the inside than of the outside."""
    return _away_m(groups, inner) <= _away_m(groups, outer)


def _away_m(lines: Lines, others: Lines) -> Floats:
    """Distance of each line to the nearest of the others."""
    away = np.full(len(lines), np.inf)
    (mine, _), least = shapely.STRtree(others).query_nearest(lines, all_matches=False, return_distance=True)
    away[mine] = least
    return away


def stretch(line: LineString, low_m: float, high_m: float) -> LineString:
    """Return the part of a line between two distances from its start."""
    xy = shapely.get_coordinates(line)
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    within = (marks > low_m) & (marks < high_m)
    ends = [[np.interp(m, marks, xy[:, 0]), np.interp(m, marks, xy[:, 1])] for m in (low_m, high_m)]
    return LineString(np.vstack([ends[:1], xy[within], ends[1:]]))


# --- close around the inner streets -------------------------------------------------------------


def _hug(sides: Sides, core: Polygon) -> Polygon:
    """Return the ground close around the core and the inner streets, less what is close to outer streets."""
    core = _with_blocks(core, sides.inner)
    shapely.prepare(core)
    beyond = sides.inner[~shapely.contains_properly(core, sides.inner)]
    threads = _ribbons(beyond, sides.inner_pieces, _THREAD_M)
    wide = np.concatenate([[core], _ribbons(np.append(beyond, sides.islands), sides.inner_pieces, _HUG_M)])
    near = shapely.union_all(wide)
    shapely.prepare(near)
    beside = sides.outer[shapely.dwithin(near, sides.outer, _SHY_M)]
    ground = near - shapely.union_all(_ribbons(beside, sides.outer_pieces, _SHY_M))
    region = _around(core, ground, threads)
    for _ in range(_SETTLINGS):
        crossing = sides.islands[shapely.crosses(region.exterior, sides.islands)]
        if not len(crossing):
            break
        ground = region - shapely.union_all(shapely.buffer(crossing, _SHY_M, quad_segs=1))
        region = _around(core, ground, threads)
    return region


def _with_blocks(core: Polygon, inner: Lines) -> Polygon:
    """Add the blocks that inner streets close in: no line runs there, and what follows is quicker."""
    shapely.prepare(core)
    noded = shapely.get_parts(shapely.union_all(inner[~shapely.contains_properly(core, inner)]))
    blocks = shapely.coverage_union_all(shapely.get_parts(shapely.polygonize(noded)))
    filled = [Polygon(block.exterior) for block in shapely.get_parts(blocks)]
    return _around(core, shapely.union_all(_array(filled)), _no_lines())


def _ribbons(streets: Lines, pieces: Sequence[Piece], half_m: float) -> Lines:
    """Return strips along streets, round at their ends; square and flush at gates."""
    ends = _array([shapely.get_point(p.line, k) for p in pieces for k in _plain_ends(p)])
    return np.concatenate(
        [
            shapely.buffer(streets, half_m, quad_segs=2),
            shapely.buffer(_array([p.line for p in pieces]), half_m, cap_style="flat", quad_segs=2),
            shapely.buffer(ends, half_m, quad_segs=2),
        ]
    )


def _plain_ends(piece: Piece) -> list[int]:
    return [k for k, gate in ((0, piece.gate_first), (-1, piece.gate_last)) if not gate]


def _around(core: Polygon, ground: BaseGeometry, threads: Lines) -> Polygon:
    """Return the part of the ground around the core, with the threads that hold far inner streets to it."""
    whole = shapely.union_all(np.concatenate([[core, ground], threads]))
    parts = shapely.get_parts(whole)
    return Polygon(parts[shapely.intersects(parts, core.representative_point())][0].exterior)


def _largest(ground: BaseGeometry) -> Polygon:
    parts = [p for p in shapely.get_parts(ground) if p.geom_type == "Polygon"]
    return Polygon(max(parts, key=lambda p: p.area).exterior)


def _array(geometries: Sequence[BaseGeometry]) -> Lines:
    out = np.empty(len(geometries), dtype=object)
    out[:] = geometries
    return out


def _no_lines() -> Lines:
    return np.empty(0, dtype=object)


# --- pulling straight ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Obstacles:
    """What the line may not cross: streets, with gaps about the gates, and the core."""

    core: Polygon
    hard: shapely.STRtree
    soft: shapely.STRtree

    @classmethod
    def of(cls, sides: Sides, core: Polygon) -> _Obstacles:
        whole = [sides.inner, _less_bridges(sides), shapely.get_parts(sides.islands)]
        pieces = [*sides.inner_pieces, *sides.outer_pieces]
        shapely.prepare(core)
        return cls(
            core,
            shapely.STRtree(np.concatenate([*whole, _array([p.trimmed(_GAP_M) for p in pieces])])),
            shapely.STRtree(np.concatenate([*whole, _array([p.trimmed(2 * _CLEAR_M) for p in pieces])])),
        )

    @property
    def centre(self) -> Floats:
        """A point of the core: the line must keep going around it."""
        return np.array(self.core.representative_point().coords[0])

    def bar(self, starts: Floats, ends: Floats) -> Bools:
        """Mask of the straight lines between points that come too near to something."""
        lines = shapely.linestrings(np.stack([starts, ends], axis=1))
        barred = np.asarray(shapely.intersects(self.core, lines))
        barred[self.hard.query(lines, predicate="intersects")[0]] = True
        barred[self.soft.query(lines, predicate="dwithin", distance=_CLEAR_M)[0]] = True
        return barred


def _less_bridges(sides: Sides) -> Lines:
    """Outer streets, less what is near to where they pass over or under inner ones: the line may cross."""
    inner = np.concatenate([sides.inner, _array([p.line for p in sides.inner_pieces])])
    over, under = shapely.STRtree(inner).query(sides.outer, predicate="intersects")
    if not len(over):
        return sides.outer
    spots = shapely.buffer(shapely.intersection(sides.outer[over], inner[under]), _BRIDGE_M, quad_segs=2)
    lines = sides.outer.copy()
    for k in np.unique(over):
        lines[k] = lines[k] - shapely.union_all(spots[over == k])
    return lines


def _turns(starts: Floats, ends: Floats, centre: Floats) -> Floats:
    """Angle, in radians within a half turn, by which each straight line passes around a point."""
    a, b = starts - centre, ends - centre
    return np.asarray(np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(axis=1)))


def _pull(region: Polygon, obstacles: _Obstacles, gates: Floats) -> list[Floats]:
    """Replace the border by ever straighter ones that still part the sides and pass the gates."""
    ring, fixed = _with_gates(np.asarray(region.exterior.coords)[:-1], gates)
    ring, fixed = _spaced(ring, fixed)
    rings = [ring]
    ring, fixed = _shortcut(ring, fixed, obstacles)
    rings.append(ring)
    tangled = _tangled(ring).sum()
    for _ in range(_PULLS):
        dropped, stay = _drop(ring, fixed, obstacles)
        moved = _tighten(dropped, stay, obstacles)
        if _tangled(moved).sum() > tangled or np.array_equal(moved, ring):
            break
        ring, fixed = moved, stay
        rings.append(ring)
    return rings


def _with_gates(ring: Floats, gates: Floats) -> tuple[Floats, Bools]:
    """Add the gates on the ring as points that stay; at least three points stay."""
    line = shapely.LinearRing(ring)
    points = np.asarray(shapely.points(gates))
    near = shapely.distance(line, points) < 0.05 if len(gates) else np.zeros(0, dtype=bool)
    spots = shapely.line_locate_point(line, points[near]) if near.any() else np.zeros(0)
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(ring, axis=0).T))])
    along = np.concatenate([marks, spots])
    order = np.argsort(along, kind="stable")
    merged = np.vstack([ring, gates[near]] if near.any() else [ring])[order]
    fixed = np.concatenate([np.zeros(len(ring), dtype=bool), np.ones(len(spots), dtype=bool)])[order]
    if fixed.sum() < 3:
        fixed[[0, len(ring) // 3, 2 * len(ring) // 3]] = True
    return merged, fixed


def _spaced(ring: Floats, fixed: Bools) -> tuple[Floats, Bools]:
    """Leave out points that lie on their successor, but for those that stay."""
    step = np.hypot(*(np.roll(ring, -1, axis=0) - ring).T)
    before = np.roll(step, 1)
    kept = fixed | ((step >= _APART_M) & ((before >= _APART_M) | ~np.roll(fixed, 1)))
    return ring[kept], fixed[kept]


def _shortcut(ring: Floats, fixed: Bools, obstacles: _Obstacles) -> tuple[Floats, Bools]:
    """Keep as few points as leave all chords free: split at the farthest point, a level of chords at once."""
    n = len(ring)
    steps = _turns(ring, np.roll(ring, -1, axis=0), obstacles.centre)
    turned = np.concatenate([[0.0], np.cumsum(np.concatenate([steps, steps]))])
    kept = fixed.copy()
    new = _chords(kept)
    while len(new):
        first, last = new.T
        barred = obstacles.bar(ring[first], ring[last % n])
        # a chord on the other side of the core than its stretch of the line would leave the core outside
        turn = _turns(ring[first], ring[last % n], obstacles.centre)
        barred |= np.abs(turned[last] - turned[first] - turn) > np.pi
        new = _split(ring, kept, new[barred & (last - first > 1)])
        if not len(new):  # chords that cross each other are split as if a street were in the way
            all_chords = _chords(kept)
            tangled = all_chords[_tangled(ring[kept])]
            new = _split(ring, kept, tangled[tangled[:, 1] - tangled[:, 0] > 1])
    return ring[kept], fixed[kept]


def _chords(kept: Bools) -> Ints:
    """First and last index of the chords between points that are kept, (k, 2); the last chord runs past n."""
    stay = np.flatnonzero(kept)
    return np.column_stack([stay, np.append(stay[1:], stay[0] + len(kept))])


def _split(ring: Floats, kept: Bools, chords: Ints) -> Ints:
    """Keep the farthest point under each chord; return the new chords."""
    n = len(ring)
    halves: list[tuple[int, int]] = []
    for first, last in chords.tolist():
        between = ring[np.arange(first + 1, last) % n]
        middle = first + 1 + _farthest(ring[first], ring[last % n], between)
        kept[middle % n] = True
        halves += (
            [(first, middle), (middle, last)] if middle < n else [(first, middle), (middle - n, last - n)]
        )
    return np.array(halves, dtype=np.int64).reshape(-1, 2)


def _tangled(ring: Floats) -> Bools:
    """Mask of the sides of a ring that meet sides which are not their neighbours."""
    n = len(ring)
    mask = np.zeros(n, dtype=bool)
    lines = np.asarray(shapely.linestrings(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)))
    a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=_APART_M)
    apart = (b - a) % n
    mask[a[(apart > 1) & (apart < n - 1)]] = True
    return mask


def _farthest(start: Floats, end: Floats, points: Floats) -> int:
    along = end - start
    reach = float(np.hypot(*along))
    if reach < 1e-9:
        return int(np.argmax(np.hypot(*(points - start).T)))
    offset = np.abs(along[0] * (points[:, 1] - start[1]) - along[1] * (points[:, 0] - start[0])) / reach
    return int(np.argmax(offset))


def _drop(ring: Floats, fixed: Bools, obstacles: _Obstacles) -> tuple[Floats, Bools]:
    """Leave out points between whose neighbours a straight line is free."""
    for _ in range(_PULLS):
        before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
        free = ~fixed & ~obstacles.bar(before, after) & _same_side(before, ring, after, obstacles.centre)
        # neighbours are not dropped together: the chord was tested against the points that stay
        for i in np.flatnonzero(free):
            free[i] = not free[i - 1]
        if not free.any() or len(ring) - free.sum() < 4:
            break
        ring, fixed = ring[~free], fixed[~free]
    return ring, fixed


def _same_side(before: Floats, points: Floats, after: Floats, centre: Floats) -> Bools:
    """Mask of the points that can be left out without passing a centre on its other side."""
    way = _turns(before, points, centre) + _turns(points, after, centre)
    return np.abs(way - _turns(before, after, centre)) < np.pi


def _tighten(ring: Floats, fixed: Bools, obstacles: _Obstacles) -> Floats:
    """Move points towards the middle of their neighbours as far as the way is free, every other at a time."""
    ring, centre = ring.copy(), obstacles.centre
    for parity in (0, 1):
        moving = np.flatnonzero(~fixed & (np.arange(len(ring)) % 2 == parity))
        moving = moving[moving < len(ring) - 1]  # the last may neighbour the first of the same parity
        for share in (0.8, 0.3):
            before, after = ring[moving - 1], ring[moving + 1]
            target = ring[moving] + share * ((before + after) / 2 - ring[moving])
            barred = obstacles.bar(np.vstack([before, target]), np.vstack([target, after]))
            free = ~barred.reshape(2, -1).any(axis=0)
            old = _turns(before, ring[moving], centre) + _turns(ring[moving], after, centre)
            new = _turns(before, target, centre) + _turns(target, after, centre)
            free &= np.abs(old - new) < np.pi
            ring[moving[free]] = target[free]
            moving = moving[~free]
    return ring
