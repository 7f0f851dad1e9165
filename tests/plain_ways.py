"""Ways by networkx over a plain graph that remembers what was driven: an independent answer, and a slow one.

It shares with the program the weights (seconds along arcs, at junctions, kinds of turns), and neither its
states, nor its reading of the signs, nor its searches.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path as FilePath
from typing import Any

import networkx as nx
import numpy as np

from planner.doctrine import Travelling, read_doctrine
from planner.streets.network import Snap, StreetNetwork, Timing
from planner.streets.search import BARRED
from planner.terms import Travel, TurnRule

TRAVELLING: Travelling = read_doctrine(FilePath(__file__).parents[1] / "data" / "doctrine.toml").travelling
_DELAY_S = (0.0, TRAVELLING.turn_near_s, TRAVELLING.turn_far_s, TRAVELLING.u_turn_s)

Driven = tuple[int, ...]


def slowly(
    network: StreetNetwork, travel: Travel, start: Snap, end: Snap, timing: Timing, closed: np.ndarray
) -> float:
    """Seconds from place to place, infinite where there is no way."""
    return PlainWays(network, travel, timing, closed).time_s(start, end)


class PlainWays:
    """The streets of a network as a traveller finds them, some of them closed."""

    def __init__(self, network: StreetNetwork, travel: Travel, timing: Timing, closed: np.ndarray) -> None:
        self.network, self.travel, self.timing, self.closed = network, travel, timing, closed
        self.count = network.edge_count
        barred = (timing.arc_ms >= BARRED) | np.tile(closed, 2)
        self.arc_s = np.where(barred, np.inf, timing.arc_ms / 1000.0)
        self.usable = [arc for arc in range(2 * self.count) if math.isfinite(self.arc_s[arc])]
        out: dict[int, list[int]] = {}
        for arc in self.usable:
            out.setdefault(int(network.arc_tail[arc]), []).append(arc)
        self.out = out
        self.signs = [
            (
                tuple(
                    int(e) + (0 if ahead else self.count)
                    for e, ahead in zip(
                        network.restriction_edge[low:high], network.restriction_ahead[low:high], strict=True
                    )
                ),
                int(network.restriction_rule[k]),
            )
            for k, (low, high) in enumerate(itertools.pairwise(network.restriction_start.tolist()))
        ]
        self.memory = max((len(arcs) for arcs, _ in self.signs), default=2) - 1
        turns = timing.turns
        pairs = zip(
            turns.origin.tolist(), turns.state_arc[turns.to].tolist(), turns.kind.tolist(), strict=True
        )
        self.kind = {(a, b): k for a, b, k in pairs}

    def time_s(self, start: Snap, end: Snap) -> float:
        """Seconds from place to place, infinite where there is no way."""
        try:
            return int(nx.dijkstra_path_length(self.graph(start, end), "start", "end", weight="ms")) / 1000
        except nx.NetworkXNoPath:
            return math.inf

    def graph(self, start: Snap, end: Snap) -> nx.DiGraph:
        """Nodes are the last arcs driven, as many as the longest restriction asks for."""
        graph = nx.DiGraph()
        graph.add_nodes_from(("start", "end"))
        pending = [] if self.closed[[start.edge, end.edge]].any() else self._begin(graph, start)
        seen = set(pending)
        for driven in pending:
            for arc in self.out.get(int(self.network.arc_head[driven[-1]]), []):
                lost = self.lost_ms(driven, arc)
                if lost is not None:
                    after = (*driven, arc)[-self.memory :]
                    _join(graph, driven, after, lost + self.ms(arc, 1.0))
                    if after not in seen:
                        seen.add(after)
                        pending.append(after)
        for driven in pending:
            self._arrive(graph, driven, end)
        same = start.edge == end.edge and start.along_m == end.along_m
        same |= self.junction(start) >= 0 and self.junction(start) == self.junction(end)
        if same and not self.closed[[start.edge, end.edge]].any():
            _join(graph, "start", "end", 0)
        return graph

    def _begin(self, graph: nx.DiGraph, start: Snap) -> list[Driven]:
        node = self.junction(start)
        if node >= 0:
            arcs = self.out.get(node, [])
        else:
            arcs = [a for a in (start.edge, start.edge + self.count) if a in self.usable]
        for arc in arcs:
            before = 0 if node >= 0 else self.ms(arc, self.along(start, arc))
            _join(graph, "start", (arc,), self.ms(arc, 1.0) - before)
        return [(arc,) for arc in arcs]

    def _arrive(self, graph: nx.DiGraph, driven: Driven, end: Snap) -> None:
        arc, node = driven[-1], self.junction(end)
        if node >= 0 and node == self.network.arc_head[arc]:
            _join(graph, driven, "end", 0)
        elif node < 0 and arc % self.count == end.edge:
            left = self.ms(arc, 1.0) - self.ms(arc, self.along(end, arc))
            for before in list(graph.predecessors(driven)):
                whole = graph.edges[before, driven]["ms"]
                if whole >= left:
                    _join(graph, before, "end", whole - left)

    def junction(self, place: Snap) -> int:
        """The junction that a place is, -1 along a street and at a barrier."""
        node = (self.network.edge_v if place.along_m > 0 else self.network.edge_u)[place.edge]
        inside = 0 < place.along_m < self.network.length_m[place.edge]
        return -1 if inside or self.network.blocked_node[node] else int(node)

    def along(self, place: Snap, arc: int) -> float:
        """How far along an arc a place lies, 0..1."""
        length = float(self.network.length_m[place.edge])
        share = place.along_m / length if length else float(place.along_m > 0)
        return share if arc < self.count else 1 - share

    def ms(self, arc: int, share: float) -> int:
        """Whole milliseconds along a share of an arc."""
        return round(round(float(self.arc_s[arc]) * 1000) * share)

    def lost_ms(self, driven: Driven, arc: int) -> int | None:
        """Milliseconds lost in turning from the last arc driven into another; None where that is barred."""
        if self.travel is Travel.FOOT:
            return 0
        last = driven[-1]
        back = arc == (last + self.count) % (2 * self.count)
        through_s = 0.0 if back else float(self.timing.node_s[self.network.arc_head[last]])
        sign = self.forbidden(driven, arc)
        if math.isinf(through_s) or (sign and self.travel is Travel.PUBLIC):
            return None
        extra_s = TRAVELLING.restricted_turn_s if sign == 2 else 0.0
        return round(1000 * (through_s + _DELAY_S[self.kind[last, arc]] + extra_s))

    def forbidden(self, driven: Driven, arc: int) -> int:
        """By the signs: 2 no going on into ``arc``, 1 none but for emergency vehicles, 0 free."""
        worst = 0
        for arcs, rule in self.signs:
            if rule & TurnRule.ONLY:
                beyond = range(min(2, len(arcs) - 1), len(arcs))
                hit = any(driven[-n:] == arcs[:n] and arc != arcs[n] for n in beyond)
            else:
                hit = (*driven, arc)[-len(arcs) :] == arcs
            if hit:
                worst = max(worst, 1 if rule & TurnRule.SPARES_EMERGENCY else 2)
        return worst


def _join(graph: nx.DiGraph, a: Any, b: Any, cost: int) -> None:
    known = graph.get_edge_data(a, b, {"ms": math.inf})["ms"]
    graph.add_edge(a, b, ms=min(known, cost))
