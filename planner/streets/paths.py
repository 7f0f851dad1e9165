"""Ways along the streets: where one leaves and arrives, the line driven, how long it takes.

A place within a millimetre of a junction is the junction: all streets that meet there lead to it and away
from it, and nothing is lost for passing it. Only at a barrier a place stays on its own side, and a place on
a street that is closed is nowhere one can come to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import numpy as np
from numba import njit

from planner.streets.search import BARRED
from planner.streets.snapping import Snap
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays, point_along, read_only
from planner.streets.timing import Timing, Weights, part_ms
from planner.streets.turns import Turns

_AT_END_M = 1e-3
_HAIR_M = 1e-6
"""A shape point this near to where one begins or ends is driven."""


@dataclass(frozen=True, eq=False)
class Path:
    """A way along the network.

    Parameters
    ----------
    edges : (n,) int array
        Edges in order of travel, the first and last perhaps only in part.
    forward : (n,) bool array
        Whether each is travelled from ``u`` to ``v``.
    share : (n,) float array
        How much of each edge is travelled, 0..1; 0 only where a way begins before a barrier or goes nowhere.
    span_m : (n, 2) float array
        From where to where each edge is travelled, in metres from its ``u`` end, lower first.
    xy_m : (k, 2) float array
        The line travelled.
    nodes : tuple of int
        OSM node ids passed, in order.
    time_s, length_m : float
        Sums over the edges travelled; ``time_s`` includes what is lost at junctions and in turns.
    against_signs : tuple of int
        OSM node ids at which a turn is made that a sign forbids to all but emergency vehicles.
    rows : (k,) int array
        Which shape point of the streets each point of ``xy_m`` is, -1 where it is none; of no entries where
        that is not known.
    """

    edges: Ints
    forward: Bools
    share: Floats
    span_m: Floats
    xy_m: Floats
    nodes: tuple[int, ...]
    time_s: float
    length_m: float
    against_signs: tuple[int, ...] = ()
    rows: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def driven(self) -> Ints:
        """The edges of which any part is travelled, in order of travel."""
        return self.edges[self.share > 0]


class Ends(NamedTuple):
    """Where a search begins or ends: states, and milliseconds before the first or not driven in the last.

    ``state`` and ``ms`` are (k,) int arrays. ``after`` holds, for a way that comes round to where it began,
    the state that follows ``state``, else -1; ``ms`` is then what that last street adds, below zero.
    """

    state: Ints
    ms: Ints
    after: Ints


def share_at(streets: StreetArrays, place: Snap) -> float:
    """How far along its edge a place lies, 0..1; exactly 0 or 1 within a millimetre of an end."""
    length = float(streets.length_m[place.edge])
    if place.along_m <= _AT_END_M:
        return 0.0
    return 1.0 if place.along_m >= length - _AT_END_M else place.along_m / length


def junction_at(streets: StreetArrays, place: Snap) -> int:
    """Return the junction that a place is, -1 where it lies along a street or at a barrier."""
    share = share_at(streets, place)
    if 0.0 < share < 1.0:
        return -1
    node = int((streets.edge_v if share else streets.edge_u)[place.edge])
    return -1 if streets.blocked_node[node] else node


def leaving(streets: StreetArrays, place: Snap, timing: Timing, closed: Bools) -> Ends:
    """States in which one can be first after leaving a place, and what each has cost when it is through."""
    return _ends(streets, place, timing, closed, streets.arc_tail, rest=True)


def arriving(streets: StreetArrays, place: Snap, timing: Timing, closed: Bools) -> Ends:
    """States in which one comes to a place, and what of each is not driven any more."""
    return _ends(streets, place, timing, closed, streets.arc_head, rest=True)


def leaving_back(streets: StreetArrays, place: Snap, timing: Timing, closed: Bools) -> Ends:
    """States in which one comes to a place, and what of each is driven: where a search backwards begins."""
    return _ends(streets, place, timing, closed, streets.arc_head, rest=False)


def _ends(
    streets: StreetArrays, place: Snap, timing: Timing, closed: Bools, end_of_arc: Ints, *, rest: bool
) -> Ends:
    """Find the states at a place; ``rest`` asks for the part of the street after it, else before it."""
    count, node = streets.edge_count, junction_at(streets, place)
    if closed[place.edge]:
        return Ends(*np.empty((3, 0), dtype=np.int64))
    if node < 0:
        share = share_at(streets, place)
        arcs, along = [place.edge, place.edge + count], [share, 1.0 - share]
    else:
        around = streets.arcs_at(node)
        arcs = around[end_of_arc[around] == node].tolist()
        along = [0.0 if end_of_arc is streets.arc_tail else 1.0] * len(arcs)
    state: list[int] = []
    cost: list[int] = []
    driven = np.array(arcs)
    of_arcs, sizes = timing.turns.states_of_all(driven)
    laid = iter(of_arcs.tolist())
    for arc, share, whole, size in zip(
        arcs, along, timing.ms_along(driven).tolist(), sizes.tolist(), strict=True
    ):
        states = list(islice(laid, size))
        if whole >= BARRED or closed[arc % count]:
            continue
        part = part_ms(whole, share)
        if end_of_arc is streets.arc_tail:
            states = states[:1]  # nobody who begins here came along a restriction
        state += states
        cost += [whole - part if rest else part] * len(states)
    return Ends(
        np.array(state, dtype=np.int64), np.array(cost, dtype=np.int64), np.full(len(state), -1, np.int64)
    )


def meeting(first: Ends, last: Ends, turns: Turns, weights: Weights) -> Ends:
    """Return the ends for one beginning: a place behind it on the same street is reached by coming round.

    A way that ends in the state in which it begins has to leave it and come back if the place lies behind;
    the states before it then stand for it.
    """
    began = {int(s): int(ms) for s, ms in zip(first.state, first.ms, strict=True)}
    state, add, after = [], [], []
    for s, ms in zip(last.state.tolist(), last.ms.tolist(), strict=True):
        if began.get(s, ms) >= ms:
            state.append(s)
            add.append(-ms)
            after.append(-1)
            continue
        indptr, order = turns.into
        into = order[indptr[s] : indptr[s + 1]].astype(np.int64)
        for k, weight_ms in zip(into.tolist(), weights.of_turns(into).tolist(), strict=True):
            if weight_ms < BARRED:
                state.append(int(turns.origins(k)))
                add.append(weight_ms - ms)
                after.append(s)
    return Ends(*(np.array(values, dtype=np.int64) for values in (state, add, after)))


def time_of(streets: StreetArrays, start: Snap, end: Snap, states: Ints, timing: Timing) -> float:
    """Return the seconds of the way through states, without writing it out."""
    arcs, made = timing.turns.arcs(states), timing.turns.along(states)
    return _time_ms(streets, start, end, arcs, made, timing) / 1000.0


def path_of(streets: StreetArrays, start: Snap, end: Snap, states: Ints, timing: Timing) -> Path:
    """Write the way through states, in order, from one place to another."""
    arcs, made = timing.turns.arcs(states), timing.turns.along(states)
    edges, forward = arcs % streets.edge_count, arcs < streets.edge_count
    spans = _spans(streets, start, end, arcs)
    rows, line = _drawn(streets, edges, forward, spans)
    nodes = streets.shape_node[rows[rows >= 0]]
    nodes = nodes[np.diff(nodes, prepend=nodes[:1] - 1) != 0]
    steps_m = np.diff(line, axis=0)
    moves = (steps_m[:, 0] != 0) | (steps_m[:, 1] != 0)
    kept = np.flatnonzero(np.append(True, moves))
    whole_m = np.maximum(streets.length_m[edges], _AT_END_M)
    return Path(
        edges=edges,
        forward=forward,
        share=np.minimum((spans[:, 1] - spans[:, 0]) / whole_m, 1.0),
        span_m=spans,
        xy_m=line[kept],
        nodes=tuple(nodes.tolist()),
        time_s=_time_ms(streets, start, end, arcs, made, timing) / 1000.0,
        length_m=float(np.hypot(*steps_m[moves].T).sum()),
        against_signs=tuple(streets.node_id[timing.turns.nodes(made[timing.turns.rule[made] > 0])].tolist()),
        rows=rows[kept],
    )


def standing(streets: StreetArrays, place: Snap) -> Path:
    """Return the way from a place to itself."""
    along = min(max(place.along_m, 0.0), float(streets.length_m[place.edge]))
    span = np.array([[along, along]])
    line = np.array([[place.x_m, place.y_m]])
    edge = np.array([place.edge], dtype=np.int64)
    return Path(edge, np.ones(1, dtype=bool), np.zeros(1), span, line, (), 0.0, 0.0, rows=np.array([-1]))


def _spans(streets: StreetArrays, start: Snap, end: Snap, arcs: Ints) -> Floats:
    """From where to where each arc's edge is travelled (n, 2) in metres from u."""
    edges, forward = arcs % streets.edge_count, arcs < streets.edge_count
    spans = np.column_stack([np.zeros(len(arcs)), streets.length_m[edges]])
    if junction_at(streets, start) < 0:
        spans[0, 0 if forward[0] else 1] = start.along_m
    if junction_at(streets, end) < 0:
        spans[-1, 1 if forward[-1] else 0] = end.along_m
    return spans


def _time_ms(streets: StreetArrays, start: Snap, end: Snap, arcs: Ints, made: Ints, timing: Timing) -> int:
    """Milliseconds of a way: its arcs, less what of the first and last is not driven, and its turns."""
    whole = timing.ms_along(arcs)
    total = int(whole.sum() + timing.lost_ms[made].sum())
    for place, arc, ms, before in ((start, arcs[0], whole[0], True), (end, arcs[-1], whole[-1], False)):
        if junction_at(streets, place) < 0:
            share = share_at(streets, place)
            share = share if arc < streets.edge_count else 1.0 - share
            part = part_ms(int(ms), share)
            total -= part if before else int(ms) - part
    return total


def _drawn(streets: StreetArrays, edges: Ints, forward: Bools, spans: Floats) -> tuple[Ints, Floats]:
    """Lay the points of the edges driven end to end: which shape points they are (or -1), and where."""
    begin = streets.shape_start
    room = int((begin[edges + 1] - begin[edges]).sum()) + 2 * len(edges)
    rows, xy = np.empty(room, dtype=np.int64), np.empty((room, 2))
    size = _lay(read_only(streets.shape_xy_m), begin, streets.length_m, edges, forward, spans, rows, xy)
    return rows[:size], xy[:size]


@njit(cache=True, nogil=True)
def _lay(
    shape_xy: Floats,
    begin: Ints,
    length_m: Floats,
    edges: Ints,
    forward: Bools,
    spans: Floats,
    rows: Ints,
    xy: Floats,
) -> int:  # pragma: no cover - compiled
    """Write the points of edges, each from one distance from u to another; returns how many there are.

    An edge driven in part begins and ends with a point of its own, which is no shape point.
    """
    size = 0
    for k in range(len(edges)):
        first, last = begin[edges[k]], begin[edges[k] + 1] - 1
        low_m, high_m, done = spans[k, 0], spans[k, 1], size
        whole = low_m <= 0.0 and high_m >= length_m[edges[k]]
        if not whole:
            rows[size] = -1
            xy[size, 0], xy[size, 1] = point_along(shape_xy, first, last, low_m)
            size += 1
        mark = 0.0
        for point in range(first, last + 1):
            if point > first:
                mark += np.hypot(
                    shape_xy[point, 0] - shape_xy[point - 1, 0], shape_xy[point, 1] - shape_xy[point - 1, 1]
                )
            if whole or low_m - _HAIR_M <= mark <= high_m + _HAIR_M:
                rows[size], xy[size, 0], xy[size, 1] = point, shape_xy[point, 0], shape_xy[point, 1]
                size += 1
        if not whole:
            rows[size] = -1
            xy[size, 0], xy[size, 1] = point_along(shape_xy, first, last, high_m)
            size += 1
        if not forward[k]:
            rows[done:size] = rows[done:size][::-1].copy()
            xy[done:size] = xy[done:size][::-1].copy()
    return size
