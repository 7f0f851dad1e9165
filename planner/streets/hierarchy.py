"""A contraction hierarchy of the streets: ways over a whole city in a fraction of a millisecond.

Streets are ordered once for an area (:mod:`planner.streets.dissection`) and contracted in that order
(:mod:`planner.streets.contraction`); the hierarchy is *customized* for each traveller in a tenth of a second;
closures and other weights change only what they touch (:mod:`planner.streets.customizing`). It answers
exactly what Dijkstra's search over the same weights does, whatever the order: both add whole milliseconds.

It is our own and no library's: the one there is (RoutingKit by pyroutingkit 0.2) can't keep what it built,
which took seconds of a metro at each start, goes back from a closure by working it all out again, and asks
tables from their starts alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from planner.errors import AreaError
from planner.memory import give_back
from planner.streets.climbing import Left, Ropes, left_to, table, ways
from planner.streets.contraction import (
    Kept,
    Shortcuts,
    Weighed,
    climbable,
    contract,
    digest_of,
    laid_out,
    whole,
)
from planner.streets.customizing import Parts, Room, Written, change, customize, room_for
from planner.streets.dissection import rank_arcs
from planner.streets.search import BARRED, NEVER, Ints32
from planner.streets.street_arrays import Ints, StreetArrays
from planner.streets.ticking import less, numbered
from planner.streets.timing import Timing, Weights
from planner.streets.turns import Turns
from planner.streets.weighing import digest_of_weights

Order = NDArray[np.uint32]
"""Arcs in the order in which they are contracted, each in all of its states, (2E,); in packs written before
streets, (E,)."""

LEAST_ORDERED = 2_000
"""With fewer streets no order is kept: a whole table takes as long by Dijkstra's searches, row by row."""
LEAST_STREETS = 50_000
"""With fewer, Dijkstra's search over everything takes some ten milliseconds, no more than the hierarchy takes
to be told what is closed: only tables ask it."""
TABLE_STARTS = 8
"""From so many starts on an ask is a table: at 34,000 streets eight rows take 70 ms, the hierarchy 20 ms, and
another 70 ms the first time."""
_METRICS = 3
"""So many travellers' weights are kept customized."""
_CHANGED = 0.05
"""With a larger share of turns changed, customizing anew is quicker."""
_LAYERS, _UNDONE = 12, 4
"""So many changes lie one over the other at the most; those are taken off in which no more than so many times
as many turns are changed as are to be changed now."""


class Weighing(Protocol):
    """What turns weigh: all as in a plain timing, but for some."""

    @property
    def plain(self) -> Timing:
        """The plain timing."""
        ...

    @property
    def turns(self) -> tuple[Ints, NDArray[Any]]:
        """Turns that may weigh otherwise, and what they weigh; of a turn named twice the later counts."""
        ...


def find_order(streets: StreetArrays) -> Order:
    """Order the streets of a network for contraction: some seconds for a metro, once.

    Streets that no vehicle drives come first: no turn leads to them.
    """
    driven, count = np.flatnonzero(streets.drivable), streets.edge_count
    rank = np.full(2 * count, -1, dtype=np.int32)
    of_arcs = rank_arcs(streets.edge_u[driven], streets.edge_v[driven], streets.node_xy_m)
    rank[np.concatenate([driven, driven + count])] = of_arcs
    return np.argsort(rank, kind="stable").astype(np.uint32)


def arcs_in_order(order: Order, edge_count: int) -> Ints:
    """Return the arcs in an order of arcs, or of streets: then each street's two, one after the other."""
    arcs: Ints = order.astype(np.int64)
    return (arcs[:, None] + (0, edge_count)).ravel() if len(arcs) == edge_count else arcs


def states_in_order(turns: Turns, order: Order) -> Ints32:
    """Return all states in the order in which they are contracted.

    Raises
    ------
    AreaError
        If the order is not one of these streets.
    """
    arcs, known = arcs_in_order(order, turns.edge_count), np.zeros(2 * turns.edge_count, dtype=bool)
    if len(arcs) == len(known) and int(arcs.max(initial=0)) < len(known):
        known[arcs] = True
    if not known.all():
        raise AreaError("the order of its streets is of other streets", "Import the area again")
    return turns.states_of_all(arcs)[0].astype(np.int32)


class Hierarchy:
    """The hierarchy over the turns of one network.

    What is remembered between calls makes them quick and never changes an answer; calls from several
    threads take turns.

    Parameters
    ----------
    turns : Turns
    order : (2E,) uint32 array
        From :func:`find_order`; or one of streets, (E,).
    kept : callable, optional
        Return the shortcuts, or None, once they are needed: what was found with the order. Where they are not
        those of these turns, they are found anew.

    Raises
    ------
    AreaError
        If the order is not one of these streets.
    """

    def __init__(self, turns: Turns, order: Order, kept: Callable[[], Kept | None] | None = None) -> None:
        states = states_in_order(turns, order)
        self._laid = _laid(turns, states, kept() if kept is not None else None)
        self._shortcuts = self._laid.climbable
        self._ropes = Ropes(turns.state_count)
        self._metrics: list[_Metric] = []
        self._lock = threading.Lock()

    def costs(self, weights: Weighing, sources: Ints, targets: Ints) -> Ints:
        """Return the matrix (sources, targets) of costs in milliseconds, ``NEVER`` where there is no way."""
        if not len(sources) or not len(targets):
            return np.full((len(sources), len(targets)), NEVER, dtype=np.int64)
        with self._lock:
            metric = self._customized(weights)
            found = table(self._shortcuts, metric.weight, self._ropes, sources, targets)
        return np.where(found >= BARRED, NEVER, found)

    def ways(self, weights: Weighing, pairs: Sequence[tuple[int, int]]) -> list[Ints]:
        """Return the states of the best way from the one to the other of each pair, both included.

        Empty where there is none.
        """
        with self._lock:
            metric = self._customized(weights)
            return ways(self._laid.whole, metric.weight, self._ropes, metric.ms, pairs)

    @contextmanager
    def left_to(self, plain: Timing, ends: Ints, ends_ms: Ints) -> Iterator[Left]:
        """Tell a search by weights that are nowhere less than the plain ones what is left to drive.

        Nothing has to be changed for them, whatever is closed.
        """
        with self._lock:
            metric = self._of_traveller(plain)
            with metric.bare(), left_to(self._shortcuts, metric.weight, self._ropes, ends, ends_ms) as left:
                yield left
            self._metrics.insert(0, metric)

    def customize(self, plain: Timing) -> None:
        """Get ready for one traveller, and for what will be closed, before anyone asks."""
        self.expect(Weights.unchanged(plain))
        plain.turns.into, self._laid.room  # noqa: B018 they are kept; who asks a way meanwhile needs neither

    def expect(self, weights: Weighing) -> None:
        """Get ready for some weights, before anyone asks."""
        with self._lock:
            self._customized(weights)

    def _customized(self, weights: Weighing) -> _Metric:
        """Return the metric of these weights: the traveller's, changed where it differs."""
        own = self._of_traveller(weights.plain)
        try:
            own.become(weights)
        except BaseException:
            self._laid.forget_room()  # nothing tells what a change that broke off has left
            raise
        self._metrics.insert(0, own)  # only now: one whose change broke off is not asked again
        return own

    def _of_traveller(self, plain: Timing) -> _Metric:
        """Take out the metric of a traveller, as it is; whoever is done with it puts it back."""
        own = next((metric for metric in self._metrics if metric.plain is plain), None)
        if own is None:
            del self._metrics[_METRICS - 1 :]
            return _Metric(self._laid, plain)
        self._metrics.remove(own)
        return own


class _Laid:
    """Shortcuts, laid out as far as was needed: who climbs needs the half of it.

    Parameters
    ----------
    climbable : Shortcuts
        Without what lies by higher ends.
    kept : Kept, optional
        With what they weigh for one traveller.
    """

    def __init__(self, climbable: Shortcuts, kept: Kept | None = None) -> None:
        self.climbable, self._kept = climbable, kept

    @cached_property
    def whole(self) -> Shortcuts:
        """The shortcuts with all that follows from them: of a metro it takes a second."""
        if len(self.climbable.low_start):
            return self.climbable
        found = whole(self.climbable)
        if found is None:
            raise AreaError("the shortcuts of its streets are of other streets", "Import the area again")
        return found

    @cached_property
    def parts(self) -> Parts:
        """Which states are customized at the same time."""
        return Parts(self.whole)

    @cached_property
    def room(self) -> Room:
        """Room for changes."""
        return room_for(self.whole)

    def forget_room(self) -> None:
        """Let room be made anew."""
        self.__dict__.pop("room", None)

    def weighed(self, ms: Weighed) -> Weighed:
        """Return what shortcuts weigh where turns weigh so: as it was kept, or found now."""
        kept, self._kept = self._kept, None
        if kept is not None and np.array_equal(kept.by, digest_of_weights(ms)):
            return kept.weight.copy()  # it is written on; and in pages of its own it is read sooner
        weight: Weighed = np.empty(len(self.climbable.far), dtype=np.uint32)
        customize(self.whole, self.parts, ms, weight)
        return weight


def _laid(turns: Turns, states: Ints32, kept: Kept | None) -> _Laid:
    """Lay out shortcuts that were kept, or find them where they are not those of these turns."""
    if kept is not None and len(kept.of) and np.array_equal(kept.of, digest_of(turns, states)):
        bare = climbable(turns, states, kept)
        has_weights = kept.weight.dtype == np.uint32 and kept.weight.shape == kept.far.shape
        if bare is not None:
            return _Laid(bare, kept if has_weights else None)
    found = None if kept is None else laid_out(turns, states, kept)
    if found is None:
        found = laid_out(turns, states, contract(turns, states).kept())
        assert found is not None
        give_back()  # what contracting has left
    return _Laid(found)


class _Layer(NamedTuple):
    """A change of what turns weigh, what it was before, and what it is in the plain timing."""

    turns: Ints
    former: Weighed
    plain: Weighed
    written: Written


class _Metric:
    """What shortcuts weigh by one plain timing, and what is changed in it at the moment.

    Changes lie one over the other as layers. To go back is to write what was before: what an ask has closed
    is taken off again for nothing.
    """

    def __init__(self, laid: _Laid, plain: Timing) -> None:
        self.plain, self._laid = plain, laid
        self._of_plain = Weights.unchanged(plain)
        self.ms: Weighed = self._of_plain.of_all_turns()
        self.weight = laid.weighed(self.ms)
        self._layers: list[_Layer] = []
        self._asked: Weighing = self._of_plain

    def become(self, weights: Weighing) -> None:
        """Weigh by these weights from now on."""
        if weights is not self._asked:
            self._change_to(weights)
            self._asked = weights

    def _change_to(self, weights: Weighing) -> None:
        turns, ms = self._differing(weights)
        while len(turns) and self._take_off(turns):
            turns, ms = self._differing(weights)
        if not len(turns):
            return
        former = self.ms[turns]
        self.ms[turns] = ms
        if len(turns) > _CHANGED * len(self.ms):
            written = Written(np.arange(len(self.weight), dtype=np.int32), self.weight.copy())
            customize(self._laid.whole, self._laid.parts, self.ms, self.weight)
        else:
            written = change(self._laid.whole, self._laid.room, turns, former, self.ms, self.weight)
        self._layers.append(_Layer(turns, former, self._of_plain.of_turns(turns), written))

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Weigh as in the plain timing for a while."""
        over = []
        for layer in reversed(self._layers):
            over.append(self.weight[layer.written.shortcuts])
            self.weight[layer.written.shortcuts] = layer.written.former
        yield
        for layer, weight in zip(self._layers, reversed(over), strict=True):
            self.weight[layer.written.shortcuts] = weight

    def _differing(self, weights: Weighing) -> tuple[Ints, Weighed]:
        """Return the turns that weigh otherwise than they should, each once, and what they should."""
        turns, ms = weights.turns
        under = np.concatenate([turns[:0], *(layer.turns for layer in self._layers)])
        plain_ms = np.concatenate([ms[:0], *(layer.plain for layer in self._layers)])
        every, (of_asked, of_under) = numbered(turns, under)
        asked = np.empty(len(every), dtype=np.uint32)
        asked[of_under] = plain_ms
        asked[of_asked] = ms
        differs = self.ms[every] != asked
        return every[differs], asked[differs]

    def _take_off(self, turns: Ints) -> bool:
        """Take off the layers in which these turns are changed, where that does not undo too much."""
        for k, layer in enumerate(self._layers):
            undone = sum(len(above.turns) for above in self._layers[k:])
            among = len(self._layers) == _LAYERS or len(less(turns, layer.turns)) < len(turns)
            if among and (undone <= _UNDONE * len(turns) or len(self._layers) == _LAYERS):
                for above in reversed(self._layers[k:]):
                    self.ms[above.turns] = above.former
                    self.weight[above.written.shortcuts] = above.written.former
                del self._layers[k:]
                return True
        return False
