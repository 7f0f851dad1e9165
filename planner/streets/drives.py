"""How long it takes to drive between places around one scene. Turns are not counted: this compares places.

Only the streets in a box about the scene are looked at, so that the size of the city does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.streets.grouping import grouped
from planner.streets.network import Snap, StreetNetwork
from planner.streets.reach import spread
from planner.streets.ticking import numbered
from planner.streets.timing import Timing

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MS = 1000


@dataclass(frozen=True, eq=False)
class Drives:
    """Seconds between places along open streets of a box, worked out from one place when first asked for.

    Parameters
    ----------
    tail, head : (n,) int array
        Ends of the places' streets, as numbers of the nodes in the box; -1 where the street is not open.
    ahead_s, back_s : (n,) float array
        Seconds from each place past the ends of its street, ``head`` and ``tail``; infinite against a oneway.
    from_tail_s, from_head_s : (n,) float array
        Seconds to it from there.
    edge : (n,) int array
        The places' streets.
    arcs : tuple of arrays
        First arc and head of the arcs out of each node, and their milliseconds.
    """

    tail: Ints
    head: Ints
    ahead_s: Floats
    back_s: Floats
    from_tail_s: Floats
    from_head_s: Floats
    edge: Ints
    arcs: tuple[Ints, Ints, Ints]
    _found: dict[int, Floats] = field(default_factory=dict)

    @classmethod
    def among(
        cls,
        network: StreetNetwork,
        timing: Timing,
        open_edges: Bools,
        box_m: tuple[float, float, float, float],
        places: Sequence[Snap],
    ) -> Drives:
        """Take the open streets in a box, and the places on them.

        Parameters
        ----------
        network : StreetNetwork
        timing : Timing
            How long who drives takes.
        open_edges : (E,) bool array
            Streets that may be used.
        box_m : tuple of float
            xmin, ymin, xmax, ymax.
        places : sequence of Snap
        """
        count, inside = network.edge_count, network.edges_in_box(box_m)
        edges = inside[open_edges[inside]]
        both = np.concatenate([edges, edges + count])
        tails = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
        heads = np.concatenate([network.edge_v[edges], network.edge_u[edges]])
        nodes, (tail, head) = numbered(tails, heads)
        whole_s = timing.seconds_along(both) + timing.node_s[heads]
        used = np.flatnonzero(np.isfinite(whole_s))
        first, order = grouped(tail[used], len(nodes))
        used = used[order]
        edge = np.array([place.edge for place in places], dtype=np.int64)
        length_m = np.maximum(network.length_m[edge], 1e-9)
        share = np.clip(np.array([place.along_m for place in places], dtype=np.float64) / length_m, 0.0, 1.0)
        ahead_s, back_s = timing.seconds_along(edge), timing.seconds_along(edge + count)
        known = np.zeros(count, dtype=bool)
        known[edges] = True
        return cls(
            np.where(known[edge], np.searchsorted(nodes, network.edge_u[edge]), -1),
            np.where(known[edge], np.searchsorted(nodes, network.edge_v[edge]), -1),
            _part(1 - share, ahead_s) + timing.node_s[network.edge_v[edge]],
            _part(share, back_s) + timing.node_s[network.edge_u[edge]],
            _part(share, ahead_s),
            _part(1 - share, back_s),
            edge,
            (first, head[used], np.rint(whole_s[used] * _MS).astype(np.int64)),
        )

    def seconds(self, start: int) -> Floats:
        """Return seconds from one place to every place, infinite where no way leads within the box."""
        if start not in self._found:
            self._found[start] = self._drive(start)
        return self._found[start]

    def _drive(self, start: int) -> Floats:
        seconds: Floats = np.full(len(self.edge), np.inf)
        ends = [(self.head[start], self.ahead_s[start]), (self.tail[start], self.back_s[start])]
        seeds = [(int(node), float(after_s)) for node, after_s in ends if node >= 0 and np.isfinite(after_s)]
        if seeds:
            first, heads, arc_ms = self.arcs
            node_ms, nearest, _ = spread(
                first,
                heads,
                np.arange(len(heads)),
                arc_ms,
                np.array([node for node, _ in seeds], dtype=np.int64),
                np.rint(np.array([after_s for _, after_s in seeds]) * _MS).astype(np.int64),
                np.zeros(len(seeds), dtype=np.int64),
            )
            node_s = np.append(np.where(nearest >= 0, node_ms / _MS, np.inf), np.inf)  # row -1: no node
            seconds = np.minimum(node_s[self.tail] + self.from_tail_s, node_s[self.head] + self.from_head_s)
        self._along_the_same_street(start, seconds)
        seconds.flags.writeable = False
        return seconds

    def _along_the_same_street(self, start: int, seconds: Floats) -> None:
        """Shorten the drives to places on the start's own street, which pass no junction."""
        own = np.flatnonzero((self.edge == self.edge[start]) & (self.tail >= 0))
        for there_s, here_s in (
            (self.from_tail_s[own], self.from_tail_s[start]),
            (self.from_head_s[own], self.from_head_s[start]),
        ):
            onward = there_s - here_s if np.isfinite(here_s) else np.full(len(own), np.inf)
            seconds[own] = np.minimum(seconds[own], np.where(onward >= 0, onward, np.inf))
        if self.tail[start] >= 0:
            seconds[start] = 0.0


def _part(share: Floats, whole_s: Floats) -> Floats:
    """Return the seconds of a share of a street; infinite where it may not be driven that way."""
    return np.where(np.isfinite(whole_s), share * np.nan_to_num(whole_s, posinf=0.0), np.inf)
