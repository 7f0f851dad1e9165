"""The line of a perimeter: the shortest simple ring around the core that crosses streets only at its gates.

Streets are laid out as points, each on the scene's side or the far one, and triangulated. The triangles that
have points of both sides form one closed sleeve around the scene's; the line is the string pulled tight in
it, through every gate (funnel method: Lee and Preparata 1984).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from planner.perimeters.mesh import Mesh, adding, triangulate
from planner.perimeters.steps import meets, stretches, turns
from planner.streets.joined import joined_through

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Lines = NDArray[np.object_]

_STEP_M = 20.0
"""Streets are laid out as points this far apart, closer where others run beside them."""
_CLEAR_M = 3.0
"""The line passes no nearer than this to a street, where there is room."""
_CORE_MARGIN_M = 0.1
"""The line passes no nearer than this to the core: rounding to 7 decimals moves it by a centimetre."""
_GAP_M = 0.6
"""Half the gap in a street, about a gate, through which the line must pass."""
_MOST_SHARE = 0.4
"""Of a narrow passage, so much is left free on either side."""
_BRIDGE_M = 12.0
"""The line may cross a street this near to where it passes over or under one of the inside."""
_ON_M = 1.0
"""A street runs on another where it is no further off than this for longer than ``_BRIDGE_M``."""
_CLEARANCE_M = 0.03
"""Corners rounded to 7 decimals move by less than a centimetre: a ring as open as this stays simple."""
_FRAME_M = 80.0
"""The triangulation reaches this far beyond what the line must go around."""
_ROUNDS = 8
"""Rounds in which points are added to streets that the triangulation does not follow."""
_SAME_M = 0.01
"""Points nearer than this are one."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Stretches of streets that are cut by gates at one or both of their ends.

    Parameters
    ----------
    line : (n,) object array of LineString
        From end to end, gates included.
    gate_first, gate_last : (n,) bool arrays
        Which ends are gates.
    """

    line: Lines
    gate_first: Bools
    gate_last: Bools

    @cached_property
    def trimmed(self) -> Lines:
        """The lines less a gap at each gate, at most a third of each."""
        length = shapely.length(self.line)
        gap = np.minimum(_GAP_M, length / 3)
        return stretches(self.line, gap * self.gate_first, length - gap * self.gate_last)


@dataclass(frozen=True, eq=False)
class Core:
    """The ground that a line contains: polygonal, the same for all lines that are tried around it."""

    ground_m: BaseGeometry

    @cached_property
    def margin_m(self) -> Polygon:
        """The ground that the line passes no nearer than."""
        margin_m = _largest(self.ground_m.buffer(_CORE_MARGIN_M, quad_segs=4))
        shapely.prepare(margin_m)
        return margin_m


@dataclass(frozen=True, eq=False)
class Sides:
    """What the line must part.

    Parameters
    ----------
    inner, outer : object arrays of LineString
        Streets on the scene's side and on the far side.
    pieces : Pieces
        Of streets that are cut by gates.
    pieces_inner : (n,) bool array
        Which of them are on the scene's side.
    gates_xy_m : (n, 2) float array
        Where the line crosses streets: the posts, and barriers that streets of both sides end at.
    core : Core
    """

    inner: Lines
    outer: Lines
    pieces: Pieces
    pieces_inner: Bools
    gates_xy_m: Floats
    core: Core


def draw_line(sides: Sides) -> Polygon:
    """Draw the line.

    Returns
    -------
    Polygon
        Simple, without holes, containing the core. It crosses streets at the gates; where streets of both
        sides cross each other without meeting (bridges, tunnels) it must cross one of them elsewhere too.
        No line that does so is shorter, but for the distance that it keeps from streets.
    """
    points = _lay_out(sides)
    mesh = triangulate(points.xy_m)
    for _ in range(_ROUNDS):
        sleeve = _sleeve(points, mesh, sides.gates_xy_m)
        ring = _tight(sleeve, _CLEAR_M)
        wrong = _crossed(points, ring) | sleeve.broken
        if not wrong.any():
            break
        points = points.split(wrong)
        mesh = adding(mesh, points.xy_m, int(wrong.sum()))
    for clear_m in (_CLEAR_M, _CLEAR_M / 4):
        drawn = Polygon(_apart(ring if clear_m == _CLEAR_M else _tight(sleeve, clear_m)))
        if _sound(drawn, sides.core.ground_m):
            return drawn
    whole = Polygon(sleeve.middles).union(sides.core.margin_m).buffer(0)
    return _largest(shapely.set_precision(whole, _CLEARANCE_M))


def _crossed(points: _Points, ring: Floats) -> Bools:
    """Mask of the stretches of street that a ring crosses: there the triangulation does not follow them."""
    first, last = points.xy_m[points.link[:, 0]], points.xy_m[points.link[:, 1]]
    return np.asarray(meets(np.vstack([ring, ring[:1]]), first, last, 4 * _SAME_M))


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


def _largest(ground: BaseGeometry) -> Polygon:
    parts = [p for p in shapely.get_parts(ground) if p.geom_type == "Polygon"]
    return Polygon(max(parts, key=lambda p: p.area).exterior)


def _array(geometries: Sequence[BaseGeometry]) -> Lines:
    out = np.empty(len(geometries), dtype=object)
    out[:] = geometries
    return out


# --- streets as points --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Points:
    """Streets and the core laid out as points.

    Parameters
    ----------
    xy_m : (n, 2) float array
    inner : (n,) bool array
        Which lie on the scene's side.
    link : (k, 2) int array
        Pairs of points that follow each other on a street or on the border of the core.
    gate : (n,) int array
        Which gate a point stands beside, as the end of a piece of street; -1 for all others.
    core, frame : int
        A point of the core, and one of the frame around everything.
    """

    xy_m: Floats
    inner: Bools
    link: Ints
    gate: Ints
    core: int
    frame: int

    def split(self, links: Bools) -> _Points:
        """Return the points with more in the middle of some stretches of street."""
        first, last = self.link[links].T
        new = len(self.xy_m) + np.arange(len(first))
        return replace(
            self,
            xy_m=np.vstack([self.xy_m, (self.xy_m[first] + self.xy_m[last]) / 2]),
            inner=np.append(self.inner, self.inner[first]),
            gate=np.append(self.gate, np.full(len(first), -1)),
            link=np.vstack([self.link[~links], np.column_stack([first, new]), np.column_stack([new, last])]),
        )


def _lay_out(sides: Sides) -> _Points:
    """Lay out what the line must part, so that the triangulation follows each street."""
    core = sides.core.margin_m
    inner = np.concatenate([sides.inner, sides.pieces.trimmed[sides.pieces_inner]])
    inner = inner[~shapely.contains_properly(core, inner)]
    hull = shapely.convex_hull(shapely.geometrycollections([core, *inner])).buffer(_CLEAR_M, quad_segs=2)
    outer = np.concatenate([sides.outer, sides.pieces.trimmed[~sides.pieces_inner]])
    shapely.prepare(hull)
    outer = _less_crossings(outer[shapely.intersects(hull, outer)], inner)
    frame = shapely.box(*hull.buffer(_FRAME_M).bounds).exterior
    # two OSM nodes at one place make a street without length, which nothing can follow
    inner, outer = inner[shapely.length(inner) > _SAME_M], outer[shapely.length(outer) > _SAME_M]
    lines = shapely.segmentize(np.concatenate([_array([frame, core.exterior]), inner, outer]), _STEP_M)
    xy, of = shapely.get_coordinates(lines, return_index=True)
    on_inner = (of > 0) & (of <= 1 + len(inner))
    # a point of both sides can only be where the map lays streets on each other: the scene's side has it
    order = np.argsort(~on_inner, kind="stable")
    key = np.round(xy / _SAME_M).astype(np.int64)
    x, y = key[:, 0] - key[:, 0].min(), key[:, 1] - key[:, 1].min()
    cell = x * (int(y.max()) + 1) + y
    _, first, same = np.unique(cell[order], return_index=True, return_inverse=True)
    number = np.empty(len(xy), dtype=np.int64)
    number[order] = same
    keep = order[first]
    link = np.column_stack([number[:-1], number[1:]])[of[:-1] == of[1:]]
    link = link[(link[:, 0] != link[:, 1]) & (on_inner[keep][link[:, 0]] == on_inner[keep][link[:, 1]])]
    at_core = number[np.flatnonzero(of == 1)[0]]
    gate = _beside_gates(xy[keep], sides)
    return _Points(xy[keep], on_inner[keep], link, gate, int(at_core), int(number[0]))


def _beside_gates(xy_m: Floats, sides: Sides) -> Ints:
    """Tell which points are ends of pieces of street beside gates, and beside which."""
    gate = np.full(len(xy_m), -1, dtype=np.int64)
    row, last = np.nonzero(np.column_stack([sides.pieces.gate_first, sides.pieces.gate_last]))
    if not len(row) or not len(sides.gates_xy_m):
        return gate
    order = np.lexsort((row, last, ~sides.pieces_inner[row]))  # where two ends are one point, the last counts
    row, last = row[order], last[order]
    whole, trimmed = (
        shapely.get_coordinates(shapely.get_point(lines[row], -last))
        for lines in (sides.pieces.line, sides.pieces.trimmed)
    )
    which, _ = _nearest(whole, sides.gates_xy_m)
    point, off = _nearest(trimmed, xy_m)
    near = off < 2 * _SAME_M
    gate[point[near]] = which[near]
    return gate


@njit(cache=True, nogil=True)
def _nearest(xy_m: Floats, others_m: Floats) -> tuple[Ints, Floats]:  # pragma: no cover - compiled
    """Find the nearest of other points to each of a few, and how far off it is."""
    which, off = np.empty(len(xy_m), dtype=np.int64), np.empty(len(xy_m))
    for i in range(len(xy_m)):
        x, y = xy_m[i]
        least2 = np.inf
        for k in range(len(others_m)):
            off2 = (others_m[k, 0] - x) ** 2 + (others_m[k, 1] - y) ** 2
            if off2 < least2:
                which[i], least2 = k, off2
        off[i] = np.sqrt(least2)
    return which, off


def _less_crossings(outer: Lines, inner: Lines) -> Lines:
    """Outer streets, less what is near to where they pass over or under inner ones: the line may cross.

    And less what runs on an inner one, as a tunnel below a street does, or a way that the map has twice.
    """
    over, under = shapely.STRtree(inner).query(outer, predicate="dwithin", distance=_SAME_M)
    if not len(over):
        return outer
    meets = shapely.intersects(outer[over], inner[under])
    beside = shapely.buffer(inner[under], _ON_M, quad_segs=2)
    along = shapely.length(shapely.intersection(outer[over], beside)) > _BRIDGE_M
    spots = shapely.buffer(shapely.intersection(outer[over], inner[under]), _BRIDGE_M, quad_segs=2)
    spots[along] = shapely.union(spots[along], beside[along])
    over, spots = over[meets | along], spots[meets | along]
    crossing = np.unique(over)
    whole = np.delete(outer, crossing)
    left = shapely.get_parts(
        _array([outer[k] - shapely.union_all(spots[over == k]) for k in crossing.tolist()])
    )
    return np.concatenate([whole, left[shapely.length(left) > _GAP_M]])


# --- the sleeve between the sides ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Sleeve:
    """The closed row of triangle sides that the line crosses, counter-clockwise around the scene.

    Parameters
    ----------
    inner_m, outer_m : (n, 2) float arrays
        Ends of each on the scene's side and on the far side.
    gate : (n,) bool array
        Where both ends are one place, a gate.
    broken : (k,) bool array
        Stretches of street that the triangulation does not follow, and so cuts off from their own side.
    """

    inner_m: Floats
    outer_m: Floats
    gate: Bools
    broken: Bools

    @property
    def middles(self) -> Floats:
        return (self.inner_m + self.outer_m) / 2


def _sleeve(points: _Points, mesh: Mesh, gates_m: Floats) -> _Sleeve:
    triangles, neighbours = mesh
    inner = _two_parts(points.inner, triangles, points.core, points.frame)
    row = _walk(triangles, neighbours, inner)
    left, right = points.xy_m[row[:, 0]], points.xy_m[row[:, 1]]
    beside = points.gate[row]
    gate = (beside[:, 0] == beside[:, 1]) & (beside[:, 0] >= 0)
    left[gate] = right[gate] = gates_m[beside[gate, 0]]
    return _Sleeve(left, right, gate, _broken(points, inner, triangles))


def _broken(points: _Points, inner: Bools, triangles: Ints) -> Bools:
    first, last = points.link.T
    wrong = points.inner != inner
    lost = wrong[first] | wrong[last]
    if not lost.any():
        return np.asarray(lost)
    ends = points.xy_m[points.link[lost]]
    asked = np.sort(points.link[lost], axis=1)
    n = len(inner)
    asks = np.zeros(n, dtype=bool)
    asks[asked] = True
    triangles = triangles[asks[triangles].any(axis=1)]
    sides = np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    missing = ~np.isin(asked[:, 0] * n + asked[:, 1], sides[:, 0] * n + sides[:, 1])
    lost[lost] = missing & (np.hypot(*(ends[:, 0] - ends[:, 1]).T) > 4 * _SAME_M)
    return np.asarray(lost)


def _two_parts(inner: Bools, triangles: Ints, core: int, frame: int) -> Bools:
    """Count what is cut off from its own side to the other: then one closed row of triangles parts them."""
    low, high = triangles.reshape(-1), triangles[:, [1, 2, 0]].reshape(-1)
    for side, home in ((True, core), (False, frame)):
        label = joined_through(low, high, inner == side)
        inner = np.where((inner == side) & (label != label[home]), not side, inner)
    return inner


@njit(cache=True)
def _walk(triangles: Ints, neighbours: Ints, inner: Bools) -> Ints:  # pragma: no cover - compiled
    """Follow the triangles of both sides once around; return the sides crossed, (n, 2): inner, outer end."""
    count = len(triangles)
    first = -1
    for t in range(count):
        a, b, c = inner[triangles[t, 0]], inner[triangles[t, 1]], inner[triangles[t, 2]]
        if (a or b or c) and not (a and b and c):
            first = t
            break
    row = np.empty((count + 1, 2), dtype=np.int64)
    n, t = 0, first
    while True:
        # triangles run counter-clockwise: leave by the side whose ends, in that order, are outer and inner
        for k in range(3):
            a, b = triangles[t, (k + 1) % 3], triangles[t, (k + 2) % 3]
            if inner[b] and not inner[a]:
                row[n, 0], row[n, 1] = b, a
                n += 1
                t = neighbours[t, k]
                break
        if t == first or t < 0 or n > count:
            break
    return row[:n]


# --- pulling tight ------------------------------------------------------------------------------


def _tight(sleeve: _Sleeve, clear_m: float) -> Floats:
    """Pull a closed string tight in a sleeve, keeping away from its sides where there is room."""
    across = sleeve.outer_m - sleeve.inner_m
    width = np.maximum(np.hypot(*across.T), 1e-9)[:, None]
    off = across / width * np.minimum(clear_m, _MOST_SHARE * width)
    left, right = sleeve.inner_m + off, sleeve.outer_m - off
    if sleeve.gate.any():
        first = int(np.argmax(sleeve.gate))
    else:  # the tight string touches what lies farthest out
        first = int(np.argmax(left[:, 0]))
        right[first] = left[first]
    gate = sleeve.gate.copy()
    gate[first] = True
    around = np.append(np.arange(first, len(gate)), np.arange(first + 1))
    return np.asarray(_pull(left[around], right[around], gate[around]))


@njit(cache=True)
def _pull(left: Floats, right: Floats, gate: Bools) -> Floats:  # pragma: no cover - compiled
    """Shortest way through all openings in order, from the first to the last, through every gate."""
    n = len(left)
    out = np.empty((4 * n, 2))
    out[0] = left[0]
    size = 1
    start = 0
    while start < n - 1:
        end = start + 1
        while not gate[end]:
            end += 1
        apex, low, high = start, start, start  # indices of the apex, and of the funnel's left and right
        tx, ty = left[start, 0], left[start, 1]
        ax, ay, bx, by = tx, ty, tx, ty
        i = start + 1
        while i <= end:
            px, py, qx, qy = left[i, 0], left[i, 1], right[i, 0], right[i, 1]
            cx, cy, corner = 0.0, 0.0, -1
            if turns(tx, ty, bx, by, qx, qy) >= 0:  # the right side moves in
                if _same(tx, ty, bx, by) or turns(tx, ty, ax, ay, qx, qy) < 0:
                    bx, by, high = qx, qy, i
                else:  # it crosses the left: the left is a corner
                    cx, cy, corner = ax, ay, low
            if corner < 0 and turns(tx, ty, ax, ay, px, py) <= 0:
                if _same(tx, ty, ax, ay) or turns(tx, ty, bx, by, px, py) > 0:
                    ax, ay, low = px, py, i
                else:
                    cx, cy, corner = bx, by, high
            if corner >= 0:
                apex = low = high = corner
                tx, ty, ax, ay, bx, by = cx, cy, cx, cy, cx, cy
                out[size, 0], out[size, 1] = tx, ty
                size += 1
                i = apex + 1
                continue
            i += 1
            if size >= 4 * n - 2:
                break
        out[size] = left[end]
        size += 1
        start = end
    return out[: size - 1]


@njit(cache=True)
def _same(ax: float, ay: float, bx: float, by: float) -> bool:  # pragma: no cover - compiled
    return bool((ax - bx) ** 2 + (ay - by) ** 2 < 1e-12)


def _apart(ring: Floats) -> Floats:
    """Leave out corners that lie on the one before."""
    step = np.hypot(*(ring - np.roll(ring, 1, axis=0)).T)
    return np.asarray(ring[step > 2 * _CLEARANCE_M])
