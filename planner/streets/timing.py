"""How long streets and turns take: an ambulance, the public, people on foot (``domain.md`` 3.3).

Times are kept to the millisecond, as whole numbers are added up exactly (:mod:`planner.streets.search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from planner.doctrine import Travelling
from planner.streets.search import BARRED, Ints32
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.streets.turns import EXEMPT, FAR_SIDE, NEAR_SIDE, RESTRICTED, U_TURN, Turns
from planner.terms import Access, Barrier, RoadClass, Service, Travel

_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Timing:
    """How long one traveller takes, or what a search minimizes.

    Parameters
    ----------
    turns : Turns
        Between the streets that this traveller may meet.
    along_ms : (2E,) int32 array
        Whole milliseconds along each arc, but for what is ``changed``; ``BARRED`` where none may or can go.
    node_s : (N,) float array
        Seconds lost when passing *through* a junction (signals, gates); infinite at a barrier. A place on
        the street before the barrier can still be reached: only going on is barred, not turning back.
    turn_s : (4, 3) float array
        Seconds lost in a turn by its kind and rule; infinite where a sign forbids it.
    changed : (k,) int array
        Edges, ascending, that take other times than ``along_ms`` says: this is :meth:`weighted`. So that a
        jam around a scene costs nothing on streets far from it, only these are kept.
    changed_ms : (2, k) int array
        Whole milliseconds along them and against them; ``BARRED`` where none may go.
    plain : Timing or None
        What was weighted.
    """

    turns: Turns
    along_ms: Ints32
    node_s: Floats
    turn_s: Floats
    changed: Ints = field(default_factory=lambda: _NONE)
    changed_ms: Ints = field(default_factory=lambda: _NONE.reshape(2, 0))
    plain: Timing | None = None

    @property
    def base(self) -> Timing:
        """The plain timing: what was weighted, or this one itself."""
        return self.plain or self

    @property
    def arc_s(self) -> Floats:
        """Seconds along each arc, (2E,), made anew each time; infinite where none may or can go."""
        return _seconds(self.arc_ms)

    def seconds_along(self, arcs: Ints) -> Floats:
        """Return :attr:`arc_s` of some arcs."""
        return _seconds(self.ms_along(arcs))

    @property
    def open_arcs(self) -> Bools:
        """Mask (2E,) of the arcs that can be driven."""
        if not len(self.changed):
            return self._open_arcs
        mask = self.base._open_arcs.copy()
        mask[self.changed], mask[self.changed + len(mask) // 2] = self.changed_ms < BARRED
        return mask

    @property
    def open_edges(self) -> Bools:
        """Mask (E,) of edges that can be used in at least one direction."""
        along, against = np.split(self.open_arcs, 2)
        either: Bools = along | against
        return either

    @cached_property
    def _open_arcs(self) -> Bools:
        mask = self.along_ms < BARRED
        mask.flags.writeable = False
        return mask

    @cached_property
    def arc_ms(self) -> Ints32:
        """Whole milliseconds along each arc, (2E,); ``BARRED`` where none may go."""
        if self.plain is None:
            return self.along_ms
        arc_ms = self.plain.arc_ms.copy()
        arc_ms[self.changed], arc_ms[self.changed + len(arc_ms) // 2] = self.changed_ms
        return arc_ms

    def ms_along(self, arcs: Ints) -> Ints:
        """Return :attr:`arc_ms` of some arcs."""
        return _changed_ms(self.base.arc_ms, arcs, self.changed, self.changed_ms)

    @cached_property
    def lost_ms(self) -> Ints32:
        """Whole milliseconds lost in each turn and at its junction, (T,); ``BARRED`` where it is barred."""
        if self.plain is not None:
            return self.plain.lost_ms
        turns = self.turns
        return _lost_ms(turns.kind, turns.rule, turns.start, turns.state_node, self.node_s, self.turn_s)

    def closing(self, closed: Bools) -> Weights:
        """Return what a search goes by where some edges are closed; ``closed`` is (E,).

        Of these only what an open street leads into is barred: no way comes to what lies behind.
        """
        turns = self.turns
        rim = _rim(np.flatnonzero(closed), closed, turns.start, turns.to, turns.state_arc)
        shut_ms = np.full((2, len(rim)), BARRED, dtype=np.int64)
        return Weights(self.base, *_laid_over(self.changed, self.changed_ms, rim, shut_ms))

    def barring(self, arcs: Sequence[int]) -> Timing:
        """Return the timing with some arcs barred, in their one direction."""
        count = len(self.base.arc_ms) // 2
        edges = np.unique(np.asarray(arcs, dtype=np.int64) % count)
        ms = self._ms_of(edges)
        ms[np.isin(np.stack([edges, edges + count]), arcs)] = BARRED
        return self._changing(edges, ms)

    def weighted(self, edges: Ints, factor: ArrayLike, extra_s: ArrayLike = 0.0) -> Timing:
        """Return weights for a search that likes some edges less.

        Parameters
        ----------
        edges : (k,) int array
            Ascending, each once.
        factor, extra_s : float, or (k,) float array
            Both directions of each are multiplied by the one, and the other added to them.
        """
        ms = self._ms_of(edges)
        more = np.rint(ms * np.asarray(factor, dtype=np.float64))
        more += np.rint(np.asarray(extra_s, dtype=np.float64) * 1000.0)
        return self._changing(edges, np.where(ms < BARRED, np.minimum(more, BARRED), BARRED).astype(np.int64))

    def _ms_of(self, edges: Ints) -> Ints:
        """Return whole milliseconds along some edges and against them, (2, k)."""
        return self.ms_along(np.concatenate([edges, edges + len(self.base.arc_ms) // 2])).reshape(2, -1)

    def _changing(self, edges: Ints, ms: Ints) -> Timing:
        """Return the timing with these edges so, whatever they were before."""
        driven = (ms < BARRED).any(axis=0) | (self._ms_of(edges) < BARRED).any(axis=0)
        every = _laid_over(self.changed, self.changed_ms, edges[driven], np.ascontiguousarray(ms[:, driven]))
        return Timing(self.turns, self.along_ms, self.node_s, self.turn_s, *every, self.base)


@dataclass(frozen=True, eq=False)
class Weights:
    """What each street weighs in one search: as in a plain timing, but for some edges.

    Parameters
    ----------
    plain : Timing
    edges : (k,) int array
        Ascending.
    ms : (2, k) int array
        Whole milliseconds along them and against them; ``BARRED`` where none may go.
    """

    plain: Timing
    edges: Ints
    ms: Ints

    @classmethod
    def unchanged(cls, plain: Timing) -> Weights:
        """Return the weights of a plain timing itself."""
        return cls(plain, _NONE, _NONE.reshape(2, 0))

    def ms_along(self, arcs: Ints) -> Ints:
        """Return what some arcs weigh."""
        return _changed_ms(self.plain.arc_ms, arcs, self.edges, self.ms)

    def of_turns(self, turns: Ints) -> NDArray[np.uint32]:
        """Return what some turns weigh, each with all of the street after it; ``BARRED`` if barred."""
        arcs = self.plain.turns.arcs(self.plain.turns.to[turns])
        return self._with_lost(turns, self.ms_along(arcs))

    def _with_lost(self, turns: Ints, ms: Ints) -> NDArray[np.uint32]:
        return np.asarray(np.minimum(self.plain.lost_ms[turns] + ms, BARRED), dtype=np.uint32)

    def of_all_turns(self) -> NDArray[np.uint32]:
        """Return what every turn weighs, (T,): as plain Dijkstra reads it."""
        arc_ms = self.plain.arc_ms.copy()
        arc_ms[self.edges], arc_ms[self.edges + len(arc_ms) // 2] = self.ms
        turns = self.plain.turns
        return _of_turns(turns.to, turns.state_arc, self.plain.lost_ms, arc_ms)

    @cached_property
    def nowhere_less(self) -> bool:
        """Whether no street weighs less than in the plain timing."""
        count = len(self.plain.arc_ms) // 2
        return bool((self.ms >= self.plain.arc_ms[np.stack([self.edges, self.edges + count])]).all())

    @cached_property
    def turns(self) -> tuple[Ints, NDArray[np.uint32]]:
        """Turns that may weigh other than in the plain timing, each once, and what they weigh."""
        states, ms = self.states
        if not len(states):  # for none at all it need not be known which turns lead where
            return states, np.empty(0, dtype=np.uint32)
        turns, count = self.plain.turns.turns_into(states)
        return turns, self._with_lost(turns, np.repeat(ms, count))

    @cached_property
    def states(self) -> tuple[Ints, Ints]:
        """States whose street may weigh other than in the plain timing, each once, and what they weigh."""
        states, count = self.plain.turns.states_on(self.edges)
        return states, np.repeat(self.ms.ravel(), count)


def merged(a: Ints, b: Ints) -> Ints:
    """Return what is in one or the other of two ascending arrays, ascending, each once."""
    if not len(a) or not len(b):
        return a if len(a) else b
    both = np.concatenate([a, b])
    both.sort(kind="stable")  # two runs: merged in one pass
    return np.asarray(both[np.concatenate([[True], both[1:] != both[:-1]])])


@njit(cache=True, nogil=True)
def _laid_over(
    edges: Ints, ms: Ints, over: Ints, over_ms: Ints
) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Lay edges with their milliseconds (2, k) over others, both ascending: of one edge the later counts."""
    found = np.empty(len(edges) + len(over), dtype=np.int64)
    found_ms = np.empty((2, len(found)), dtype=np.int64)
    i = j = count = 0
    while i < len(edges) or j < len(over):
        if j == len(over) or (i < len(edges) and edges[i] < over[j]):
            found[count], found_ms[0, count], found_ms[1, count] = edges[i], ms[0, i], ms[1, i]
            i += 1
        else:
            found[count], found_ms[0, count], found_ms[1, count] = over[j], over_ms[0, j], over_ms[1, j]
            i += 1 if i < len(edges) and edges[i] == over[j] else 0
            j += 1
        count += 1
    return found[:count].copy(), found_ms[:, :count].copy()


@njit(cache=True, nogil=True)
def _rim(
    shut: Ints, closed: Bools, start: Ints32, to: Ints32, state_arc: Ints32
) -> Ints:  # pragma: no cover - compiled
    """Return those of the closed edges from which a turn leads to one that is open.

    As many turns lead from the one into the other: all turns between two streets are known, barred or not.
    """
    edges = len(closed)
    found, count = np.empty(len(shut), dtype=np.int64), 0
    for edge in shut:
        beside = False
        for arc in (edge, edge + edges):
            for turn in range(start[arc], start[arc + 1]):
                beside |= not closed[state_arc[to[turn]] % edges]
        if beside:
            found[count] = edge
            count += 1
    return found[:count].copy()


@njit(cache=True, nogil=True)
def _changed_ms(
    arc_ms: Ints32, arcs: Ints, changed: Ints, changed_ms: Ints
) -> Ints:  # pragma: no cover - compiled
    """Milliseconds along some arcs, where some edges are changed."""
    ms, edge_count = np.empty(len(arcs), dtype=np.int64), len(arc_ms) // 2
    for k in range(len(arcs)):
        against = arcs[k] >= edge_count
        edge = arcs[k] - edge_count if against else arcs[k]
        at = np.searchsorted(changed, edge)
        if at < len(changed) and changed[at] == edge:
            ms[k] = changed_ms[1 if against else 0, at]
        else:
            ms[k] = arc_ms[arcs[k]]
    return ms


@njit(cache=True, nogil=True)
def _whole_ms(seconds: Floats) -> Ints32:  # pragma: no cover - compiled
    """Round to whole milliseconds; what is infinite, or longer than a search can add, is barred."""
    ms = np.full(len(seconds), BARRED, dtype=np.int32)
    for k in range(len(seconds)):
        whole = np.rint(seconds[k] * 1000.0)
        if whole < BARRED:
            ms[k] = whole
    return ms


def _seconds(ms: NDArray[Any]) -> Floats:
    return np.where(ms < BARRED, ms / 1000.0, np.inf)


@njit(cache=True, nogil=True)
def _lost_ms(
    kind: NDArray[np.uint8],
    rule: NDArray[np.uint8],
    start: Ints32,
    state_node: Ints32,
    node_s: Floats,
    turn_s: Floats,
) -> Ints32:  # pragma: no cover - compiled
    """Whole milliseconds lost in each turn and at its junction, which who turns back does not pass."""
    lost_ms = np.full(len(kind), BARRED, dtype=np.int32)
    for state in range(len(state_node)):
        through_s = node_s[state_node[state]]
        for k in range(start[state], start[state + 1]):
            seconds = turn_s[kind[k], rule[k]]
            if kind[k] != U_TURN:
                seconds += through_s
            whole = np.rint(seconds * 1000.0)
            if whole < BARRED:
                lost_ms[k] = whole
    return lost_ms


@njit(cache=True, nogil=True)
def _of_turns(
    to: Ints32, state_arc: Ints32, lost_ms: Ints32, arc_ms: Ints32
) -> NDArray[np.uint32]:  # pragma: no cover - compiled
    """Return what each turn weighs with all of the street after it."""
    ms = np.empty(len(to), dtype=np.uint32)
    for k in range(len(to)):
        whole = np.int64(lost_ms[k]) + arc_ms[state_arc[to[k]]]
        ms[k] = whole if whole < BARRED else BARRED
    return ms


def part_ms(arc_ms: int, share: float) -> int:
    """Return milliseconds along a share 0..1 of an arc from its beginning; ``BARRED`` on a barred one."""
    return BARRED if arc_ms >= BARRED else round(arc_ms * share)


def find_timing(streets: StreetArrays, turns: Turns, travel: Travel, travelling: Travelling) -> Timing:
    """Return how long each arc, junction and turn takes a traveller.

    Parameters
    ----------
    streets : StreetArrays
    turns : Turns
        Between streets that this traveller may meet.
    travel : Travel
        Who travels.
    travelling : Travelling
        Speeds and delays, from doctrine (``domain.md`` 3.3).
    """
    if travel is Travel.FOOT:
        arc_s, node_s = _foot_times(streets, travelling), np.zeros(streets.node_count)
        turn_s = np.zeros((4, 3))
    else:
        arc_s, node_s = _arc_times(streets, travel, travelling), _node_times(streets, travel, travelling)
        turn_s = _turn_times(travel, travelling)
    timing = Timing(turns, _whole_ms(arc_s), _to_ms(node_s), turn_s)
    for array in (timing.along_ms, timing.node_s, timing.turn_s):
        array.flags.writeable = False
    return timing


def _to_ms(seconds: Floats) -> Floats:
    """Round seconds to the millisecond, so that they say what is added up."""
    return np.asarray(np.rint(seconds * 1000.0) / 1000.0)


def _turn_times(travel: Travel, travelling: Travelling) -> Floats:
    """Seconds lost in turns by kind and rule (``domain.md`` 3.3).

    Signs bind the public, and cost an ambulance caution.
    """
    by_kind = np.zeros(4)
    by_kind[[NEAR_SIDE, FAR_SIDE, U_TURN]] = (
        travelling.turn_near_s,
        travelling.turn_far_s,
        travelling.u_turn_s,
    )
    by_rule = np.zeros(3)
    by_rule[[EXEMPT, RESTRICTED]] = (
        (0.0, travelling.restricted_turn_s) if travel is Travel.EMERGENCY else (np.inf, np.inf)
    )
    return np.asarray(by_kind[:, None] + by_rule)


def _arc_times(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Floats:
    speed_kmh = travelling.speeds_kmh(streets.road_class, streets.maxspeed_kmh)
    seconds = streets.length_m / (speed_kmh / 3.6)
    passable = _passable(streets, travel, travelling)
    along = passable & (streets.oneway >= 0)
    against = passable & (streets.oneway <= 0)
    along_s, against_s = np.where(along, seconds, np.inf), np.where(against, seconds, np.inf)
    if travel is Travel.EMERGENCY:
        contraflow_s = _contraflow_times(streets, speed_kmh, passable, travelling)
        along_s, against_s = np.fmin(along_s, contraflow_s), np.fmin(against_s, contraflow_s)
    return np.concatenate([along_s, against_s])


def _contraflow_times(
    streets: StreetArrays, speed_kmh: Floats, passable: Bools, travelling: Travelling
) -> Floats:
    """Seconds against a oneway: slowly; never on motorways, roundabouts or where traffic is fast [ORS]."""
    barred = np.isin(streets.road_class, (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)) | streets.roundabout
    allowed = passable & ~barred & (speed_kmh <= travelling.contraflow_max_kmh)
    crawl_kmh = np.fmin(speed_kmh, travelling.contraflow_kmh)
    return np.where(allowed, streets.length_m / (crawl_kmh / 3.6), np.inf)


def _node_times(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Floats:
    gate = _is_gate(streets)
    delay = np.where(streets.node_signal, travelling.signal_s(travel), 0.0)
    delay += np.where(gate, travelling.gate_s, 0.0)
    delay[streets.blocked_node] = np.inf
    if travel is Travel.PUBLIC:
        delay[gate & np.isin(streets.node_access, (Access.NO, Access.PRIVATE))] = np.inf
    return delay


def _is_gate(streets: StreetArrays) -> Bools:
    return np.isin(streets.node_barrier, (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE))


def _passable(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Bools:
    # Both are False where the map gives no size; a width of zero is a slip of the mapper's.
    height_m, width_m = travelling.size_m(travel)
    tight = (streets.maxheight_m < height_m) | ((streets.width_m > 0) & (streets.width_m < width_m))
    tight |= streets.maxwidth_m < width_m
    if travel is Travel.EMERGENCY:
        return streets.drivable & (streets.emergency >= 0) & ~tight
    barred = np.isin(streets.access, (Access.NO, Access.PRIVATE, Access.PERMIT))
    barred |= streets.service == Service.EMERGENCY_ACCESS
    barred |= streets.road_class == RoadClass.BUSWAY
    return streets.drivable & ~barred & ~tight


def _foot_times(streets: StreetArrays, travelling: Travelling) -> Floats:
    seconds = np.where(streets.walkable, streets.length_m / (travelling.walking_kmh / 3.6), np.inf)
    return np.concatenate([seconds, seconds])
