"""How long streets and turns take: an ambulance, the public, people on foot (``domain.md`` 3.3).

Times are kept to the millisecond, as whole numbers are added up exactly (:mod:`planner.streets.search`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.doctrine import Travelling
from planner.streets.search import BARRED
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.streets.turns import EXEMPT, FAR_SIDE, NEAR_SIDE, RESTRICTED, U_TURN, Turns
from planner.terms import Access, Barrier, RoadClass, Service, Travel

Weights = NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Timing:
    """How long one traveller takes, or what a search minimizes.

    Parameters
    ----------
    turns : Turns
        Between the streets that this traveller may meet.
    arc_s : (2E,) float array
        Seconds along each arc; infinite where that traveller may not or cannot go.
    node_s : (N,) float array
        Seconds lost when passing *through* a junction (signals, gates); infinite at a barrier. A place on
        the street before the barrier can still be reached: only going on is barred, not turning back.
    turn_s : (T,) float array
        Seconds lost in each turn; infinite where a sign forbids it.
    changed : (k,) int array
        Edges that take longer than in ``plain``, when this is :meth:`weighted`.
    plain : Timing or None
        What was weighted.
    """

    turns: Turns
    arc_s: Floats
    node_s: Floats
    turn_s: Floats
    changed: Ints | None = None
    plain: Timing | None = None

    @property
    def open_edges(self) -> Bools:
        """Mask (E,) of edges that can be used in at least one direction."""
        along, against = np.split(np.isfinite(self.arc_s), 2)
        either: Bools = along | against
        return either

    @cached_property
    def arc_ms(self) -> Ints:
        """Whole milliseconds along each arc, (2E,); ``BARRED`` where none may go."""
        return _whole_ms(self.arc_s)

    @cached_property
    def lost_ms(self) -> Ints:
        """Whole milliseconds lost in each turn and at its junction, (T,); ``BARRED`` where it is barred."""
        if self.plain is not None:
            return self.plain.lost_ms
        through_s = np.where(self.turns.kind == U_TURN, 0.0, self.node_s[self.turns.node])
        return _whole_ms(through_s + self.turn_s)

    @cached_property
    def weight_ms(self) -> Weights:
        """What each turn costs with all of the street after it, (T,); ``BARRED`` where it is barred."""
        if self.plain is None or self.changed is None:
            return self._weights(np.arange(len(self.turns.to)))
        weights = self.plain.weight_ms.copy()
        changed = self.turns.turns_into(self.changed)
        weights[changed] = self._weights(changed)
        return weights

    def _weights(self, turns: Ints) -> Weights:
        arc_ms = self.arc_ms[self.turns.state_arc[self.turns.to[turns]]]
        return np.asarray(np.minimum(self.lost_ms[turns] + arc_ms, BARRED), dtype=np.uint32)

    @cached_property
    def weight_back_ms(self) -> Weights:
        """What each turn costs with all of the street before it, (T,): for searches backwards."""
        arc_ms = self.arc_ms[self.turns.state_arc[self.turns.origin]]
        return np.asarray(np.minimum(self.lost_ms + arc_ms, BARRED), dtype=np.uint32)

    def closing(self, closed: Bools) -> Weights:
        """Return :attr:`weight_ms` with every turn into a closed edge barred; ``closed`` is (E,)."""
        return _barring(self.weight_ms, self.turns.turns_into(np.flatnonzero(closed)))

    def closing_back(self, closed: Bools) -> Weights:
        """Return :attr:`weight_back_ms` with every turn out of a closed edge barred; ``closed`` is (E,)."""
        return _barring(self.weight_back_ms, self.turns.turns_out_of(np.flatnonzero(closed)))

    def barring(self, arcs: Sequence[int]) -> Timing:
        """Return the timing with some arcs barred, in their one direction."""
        arc_s = self.arc_s.copy()
        arc_s[list(arcs)] = np.inf
        edges = np.unique(np.asarray(arcs, dtype=np.int64) % (len(arc_s) // 2))
        changed = edges if self.changed is None else np.union1d(edges, self.changed)
        return Timing(self.turns, arc_s, self.node_s, self.turn_s, changed, self.plain or self)

    def weighted(self, factor: Floats, extra_s: Floats) -> Timing:
        """Return weights for a search that likes some edges less: both directions times (E,), plus (E,)."""
        changed = np.flatnonzero((factor != 1.0) | (extra_s != 0.0))
        arc_s = self.arc_s.copy()
        for arcs in (changed, changed + len(factor)):
            arc_s[arcs] = arc_s[arcs] * factor[changed] + extra_s[changed]
        if self.changed is not None:
            changed = np.union1d(changed, self.changed)
        return Timing(self.turns, arc_s, self.node_s, self.turn_s, changed, self.plain or self)


def _barring(weights: Weights, turns: Ints) -> Weights:
    if not len(turns):
        return weights
    barred = weights.copy()
    barred[turns] = BARRED
    return barred


def _whole_ms(seconds: Floats) -> Ints:
    """Round to whole milliseconds; what is infinite, or longer than a search can add, is barred."""
    ms = np.where(np.isfinite(seconds), np.rint(seconds * 1000.0), BARRED)
    return np.minimum(ms, BARRED).astype(np.int64)


def part_ms(arc_ms: ArrayLike, share: float) -> Ints:
    """Return milliseconds along a share 0..1 of arcs from their beginning; ``BARRED`` on barred ones."""
    whole = np.asarray(arc_ms, dtype=np.int64)
    return np.where(whole >= BARRED, BARRED, np.rint(whole * share).astype(np.int64))


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
        turn_s = np.zeros(len(turns.to))
    else:
        arc_s, node_s = _arc_times(streets, travel, travelling), _node_times(streets, travel, travelling)
        turn_s = _turn_times(turns, travel, travelling)
    timing = Timing(turns, _to_ms(arc_s), _to_ms(node_s), turn_s)
    for array in (timing.arc_s, timing.node_s, timing.turn_s):
        array.flags.writeable = False
    return timing


def _to_ms(seconds: Floats) -> Floats:
    """Round seconds to the millisecond, so that they say what is added up."""
    return np.asarray(np.rint(seconds * 1000.0) / 1000.0)


def _turn_times(turns: Turns, travel: Travel, travelling: Travelling) -> Floats:
    """Seconds lost in turns: signs bind the public, and cost an ambulance caution (``domain.md`` 3.3)."""
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
    return np.asarray(by_kind[turns.kind] + by_rule[turns.rule])


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
    no_foot = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)
    walkable = ~np.isin(streets.road_class, no_foot) & (streets.foot_access != Access.NO)
    seconds = np.where(walkable, streets.length_m / (travelling.walking_kmh / 3.6), np.inf)
    return np.concatenate([seconds, seconds])
