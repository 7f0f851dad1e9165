"""A contraction hierarchy of the streets: ways over a whole city in a fraction of a millisecond.

Ordered once for an area and kept with its pack, then *customized* for each traveller in a tenth of a second;
closures and other weights change only what they touch (Dibbelt, Strasser and Wagner, *Customizable
Contraction Hierarchies*, 2016; RoutingKit by pyroutingkit). It answers exactly what Dijkstra's search over
the same weights does: both add whole milliseconds.
"""

from __future__ import annotations

import threading
from pathlib import Path as FilePath
from typing import Any

import numpy as np
import pyroutingkit

from planner.errors import AreaError
from planner.search import BARRED, NEVER
from planner.street_arrays import Ints, StreetArrays
from planner.timing import Weights
from planner.turns import Turns

_METRICS = 4
"""So many sets of weights are kept customized: two travellers, and what two users draw."""
_CHANGED = 0.1
"""With a larger share of turns changed, customizing anew is quicker than updating."""


class Hierarchy:
    """The hierarchy over the turns of one network.

    What is remembered between calls makes them quick and never changes an answer; calls from several
    threads take turns.
    """

    def __init__(self, topology: Any) -> None:
        self._topology = topology
        self._metrics: list[tuple[Any, Weights]] = []
        self._lock = threading.Lock()

    @classmethod
    def build(cls, turns: Turns, streets: StreetArrays) -> Hierarchy:
        """Order the states of a network for contraction: some seconds for a city, once."""
        ends = streets.node_xy_m[streets.arc_tail] + streets.node_xy_m[streets.arc_head]
        middle = ends[turns.state_arc] / 2e6  # only which lies beside which matters: no degrees needed
        topology = pyroutingkit.CCHTopology()
        topology.build(
            turns.origin.astype(np.uint32),
            turns.to.astype(np.uint32),
            middle[:, 1].astype(np.float32),
            middle[:, 0].astype(np.float32),
            turns.state_count,
        )
        return cls(topology)

    def save(self, folder: FilePath) -> None:
        """Write the order and the graph into an existing folder."""
        self._topology.save(str(folder))

    @classmethod
    def load(cls, folder: FilePath, turns: Turns) -> Hierarchy:
        """Read what :meth:`save` wrote.

        Raises
        ------
        AreaError
            If it is damaged, or of other streets.
        """
        topology = pyroutingkit.CCHTopology()
        remedy = "Import the area again from its source file"
        try:
            topology.load(str(folder))
        except (RuntimeError, ValueError, OSError) as error:
            raise AreaError(f"the hierarchy of its streets cannot be read ({error})", remedy) from error
        if topology.node_count != turns.state_count or topology.arc_count != len(turns.to):
            raise AreaError("the hierarchy of its streets is of other streets", remedy)
        return cls(topology)

    def costs(self, weight_ms: Weights, sources: Ints, targets: Ints) -> Ints:
        """Return the matrix (sources, targets) of costs in milliseconds, ``NEVER`` where there is no way."""
        if not len(sources) or not len(targets):
            return np.full((len(sources), len(targets)), NEVER, dtype=np.int64)
        with self._lock:
            metric = self._customized(weight_ms)
            found = metric.distances_many_to_many(sources.astype(np.uint32), targets.astype(np.uint32))
        table = found.astype(np.int64).reshape(len(sources), len(targets))
        return np.where(table >= BARRED, NEVER, table)

    def way(self, weight_ms: Weights, source: int, target: int) -> list[int]:
        """Return the states of the best way, both ends included; empty where there is none."""
        with self._lock:
            found, states, _ = self._customized(weight_ms).query(source, target)
        return [] if found >= BARRED else [int(state) for state in states]

    def _customized(self, weight_ms: Weights) -> Any:
        """Return a metric of these weights: the nearest one at hand, updated where it differs."""
        differing = [np.flatnonzero(known != weight_ms) for _, known in self._metrics]
        best = min(range(len(differing)), key=lambda k: len(differing[k]), default=-1)
        few = best >= 0 and len(differing[best]) <= _CHANGED * len(weight_ms)
        if few:
            metric, _ = self._metrics.pop(best)
            if len(differing[best]):
                changed = differing[best].astype(np.uint32)
                metric.update_weights(changed, weight_ms[changed])
        else:
            full = len(self._metrics) >= _METRICS
            metric = self._metrics.pop()[0] if full else pyroutingkit.CCHMetric(self._topology)
            metric.customize(weight_ms)
        self._metrics.insert(0, (metric, weight_ms.copy()))
        return metric
