"""A contraction hierarchy of the streets: ways over a whole city in a fraction of a millisecond.

Streets are ordered once for an area (:mod:`planner.streets.dissection`), and the order is kept with its pack;
the hierarchy is *customized* for each traveller in a tenth of a second; closures and other weights change
only what they touch (Dibbelt, Strasser and Wagner, *Customizable Contraction Hierarchies*, 2016; RoutingKit
by pyroutingkit). It answers exactly what Dijkstra's search over the same weights does, whatever the order:
both add whole milliseconds.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Any, Protocol

import numpy as np
import pyroutingkit
from numpy.typing import NDArray

from planner.errors import AreaError
from planner.memory import give_back
from planner.streets.dissection import rank_links
from planner.streets.mirror import Mirror
from planner.streets.search import BARRED, NEVER
from planner.streets.street_arrays import Ints, StreetArrays
from planner.streets.timing import Timing, Weights
from planner.streets.turns import Turns

Order = NDArray[np.uint32]
"""Streets in the order in which they are contracted, each in all of its states, (E,)."""

LEAST_ORDERED = 2_000
"""With fewer streets no order is kept: a whole table takes as long by Dijkstra's searches, row by row."""
LEAST_STREETS = 50_000
"""With fewer, Dijkstra's search over everything takes some ten milliseconds, no more than the hierarchy takes
to be told what is closed: only tables ask it."""
TABLE_STARTS = 8
"""From so many starts on an ask is a table: at 34,000 streets eight rows take 70 ms, the hierarchy 20 ms, and
another 70 ms the first time."""
FEW_ENDS, _MANY_STARTS = 2, 64
"""From so many times as many starts as there are ends, and so many at least, a table is asked from its ends:
each start costs what each end does there, on a metro of a million streets half a millisecond to three."""
_METRICS = 3
"""So many travellers' weights are kept customized."""
_CHANGED = 0.1
"""With a larger share of turns changed, customizing anew is quicker than updating."""
_ORDER, _RANK, _TAIL, _HEAD, _COUNT = "order", "rank", "tail", "head", "node_count"
"""Files by which RoutingKit keeps a graph: unsigned 32-bit integers, one after the other."""


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
    driven = np.flatnonzero(streets.drivable)
    rank = np.full(streets.edge_count, -1, dtype=np.int32)
    rank[driven] = rank_links(streets.edge_u[driven], streets.edge_v[driven], streets.node_xy_m)
    return np.argsort(rank, kind="stable").astype(np.uint32)


class Hierarchy:
    """The hierarchy over the turns of one network.

    What is remembered between calls makes them quick and never changes an answer; calls from several
    threads take turns.

    Parameters
    ----------
    turns : Turns
    order : (E,) uint32 array
        From :func:`find_order`.

    Raises
    ------
    AreaError
        If the order is not one of these streets.
    """

    def __init__(self, turns: Turns, order: Order) -> None:
        known = np.zeros(turns.edge_count, dtype=bool)
        if len(order) == len(known) and int(order.max(initial=0)) < len(known):
            known[order] = True
        if not known.all():
            raise AreaError("the order of its streets is of other streets", "Import the area again")
        both = order.astype(np.int64)[:, None] + (0, turns.edge_count)
        states, _ = turns.states_of_all(both.ravel())
        rank = np.empty_like(states)
        rank[states] = np.arange(len(states))
        parts: dict[str, NDArray[Any]] = {
            _ORDER: states,
            _RANK: rank,
            _TAIL: turns.origin,
            _HEAD: turns.to,
            _COUNT: np.array([turns.state_count]),
        }
        self._topology = pyroutingkit.CCHTopology()
        with tempfile.TemporaryDirectory() as folder:  # the only way in without ordering again
            for name, values in parts.items():
                values.astype(np.uint32).tofile(FilePath(folder) / name)
            self._topology.load(folder)
        give_back()  # what building has left: of a metro 150 megabytes
        self._turns = turns
        self._metrics: list[_Metric] = []
        self._mirrored: list[_Metric] = []
        self._lock = threading.Lock()

    def costs(self, weights: Weighing, sources: Ints, targets: Ints) -> Ints:
        """Return the matrix (sources, targets) of costs in milliseconds, ``NEVER`` where there is no way."""
        if not len(sources) or not len(targets):
            return np.full((len(sources), len(targets)), NEVER, dtype=np.int64)
        with self._lock:
            metric = self._customized(weights)
            found = metric.distances_many_to_many(sources.astype(np.uint32), targets.astype(np.uint32))
        table = found.astype(np.int64).reshape(len(sources), len(targets))
        return np.where(table >= BARRED, NEVER, table)

    def table(self, weights: Weighing, sources: Ints, targets: Ints) -> Ints:
        """Return the same matrix for who takes the least of all states of an arc, at both its ends.

        Few ends are asked for their ways back to many starts: states of one arc are told alike then.
        """
        arcs, column = np.unique(self._turns.arcs(targets), return_inverse=True)
        if len(sources) < max(_MANY_STARTS, FEW_ENDS * len(arcs)) or not len(arcs):
            return self.costs(weights, sources, targets)
        with self._lock:
            loose, strict = self._from_ends(weights, self._turns.arcs(sources), arcs)
        table = loose[:, column]
        unsure = np.flatnonzero((loose != strict).any(axis=1))
        if len(unsure):  # a sign counts only for who came along some street: these are asked as they drive
            table[unsure] = self.costs(weights, sources[unsure], targets)
        return table

    def _from_ends(self, weights: Weighing, starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
        """Return two tables (starts, ends) of arcs: one too loose about signs via ways, one too strict."""
        own = next((metric for metric in self._mirrored if metric.plain is weights.plain), None)
        if own is None:
            mirror = self._mirrored[0].mirror if self._mirrored else Mirror.of_turns(self._turns)
            own = _Metric(self._topology, weights.plain, mirror)
            self._mirrored[:] = [own]
        mirror = own.mirror
        assert mirror is not None
        back, back_ends = mirror.opposite(starts), mirror.opposite(ends)
        states, count = self._turns.states_of_all(back)
        found = []
        forbidden = mirror.forbidden_to_some(weights.plain.lost_ms)
        for barred in (forbidden[:0], forbidden) if len(forbidden) else (forbidden,):
            metric = own.of(weights, barred)
            ms = metric.distances_many_to_many(back_ends.astype(np.uint32), states.astype(np.uint32))
            table = ms.astype(np.int64).reshape(len(ends), len(states)).T
            least = np.minimum.reduceat(table, np.cumsum(count) - count, axis=0)
            found.append(np.where(least >= BARRED, NEVER, least))
        return found[0], found[-1]

    def ways(self, weights: Weighing, pairs: Sequence[tuple[int, int]]) -> list[Ints]:
        """Return the states of the best way from the one to the other of each pair, both included.

        Empty where there is none.
        """
        with self._lock:
            metric = self._customized(weights)
            found = [metric.query(source, target) for source, target in pairs]
        return [
            np.empty(0, dtype=np.int64) if cost >= BARRED else np.asarray(states, dtype=np.int64)
            for cost, states, _ in found
        ]

    def customize(self, plain: Timing) -> None:
        """Get ready for one traveller, before anyone asks."""
        none = np.empty(0, dtype=np.int64)
        self.expect(Weights(plain, none, none.reshape(2, 0)))

    def expect(self, weights: Weighing) -> None:
        """Get ready for some weights, before anyone asks."""
        with self._lock:
            self._customized(weights)

    def _customized(self, weights: Weighing) -> Any:
        """Return the metric of these weights: the traveller's, updated where it differs."""
        own = next((metric for metric in self._metrics if metric.plain is weights.plain), None)
        if own is None:
            del self._metrics[_METRICS - 1 :]
            own = _Metric(self._topology, weights.plain)
        else:
            self._metrics.remove(own)
        found = own.of(weights)
        self._metrics.insert(0, own)  # only now: one whose update broke off is not asked again
        return found


class _Metric:
    """Costs by one plain timing, and what is changed in it at the moment; with a mirror, of ways back."""

    def __init__(self, topology: Any, plain: Timing, mirror: Mirror | None = None) -> None:
        self.plain, self.mirror = plain, mirror
        self._changed = none = np.empty(0, dtype=np.int64)
        self._of_plain = Weights(plain, none, none.reshape(2, 0))
        self._ms = self._of_plain.of_all_turns()
        if mirror is not None:
            self._ms = self._ms[mirror.of]
        self._metric = pyroutingkit.CCHMetric(topology)
        self._metric.customize(self._ms)

    def of(self, weights: Weighing, barred: Ints | None = None) -> Any:
        """Return the metric of these weights; some more turns may be barred."""
        turns, ms = weights.turns
        changed = self._changed
        if barred is not None:
            turns = np.concatenate([turns, barred])
            ms = np.concatenate([ms, np.full(len(barred), BARRED, dtype=ms.dtype)])
        plain = changed
        if self.mirror is not None:
            turns, row = self.mirror.weighing_as(turns)
            ms, plain = ms[row], self.mirror.of[changed].astype(np.int64)
        both = np.concatenate([changed, turns])
        before = self._ms[both]
        self._ms[changed] = self._of_plain.of_turns(plain)
        self._ms[turns] = ms
        after = self._ms[both]
        differs = before != after
        count = np.count_nonzero(differs)
        if count > _CHANGED * len(self._ms):
            self._metric.customize(self._ms)
        elif count:
            self._metric.update_weights(both[differs].astype(np.uint32), after[differs])
        self._changed = turns
        return self._metric
