"""The seal judged by others' code: ways as they lie in OSM, and networkx's maximum flow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner.model import Post
from planner.streets.network import StreetNetwork
from planner.terms import PostMode

_BESIDE_M = 0.05
"""Streets that belong to some ground take in this much beside them: more than rounding moves a point."""
_ON_LINE_M = 20.0
"""A post no further outside stands on the line: by half the 12 m of its stretch and a street's width."""


@dataclass(frozen=True, eq=False)
class RawWays:
    """Drivable ways between OSM nodes, cut at barriers (docs/plan-format.md)."""

    network: StreetNetwork

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Edge, both nodes, and both places of each stretch; an end at a barrier is a node of its own."""
        network = self.network
        first = np.ones(len(network.shape_node), dtype=bool)
        first[network.shape_start[1:] - 1] = False
        at = np.flatnonzero(first)
        edge = np.repeat(np.arange(network.edge_count), np.diff(network.shape_start))[at]
        keep = network.drivable[edge]
        at, edge = at[keep], edge[keep]
        node = np.column_stack([network.shape_node[at], network.shape_node[at + 1]])
        barred = np.isin(node, network.node_id[network.blocked_node])
        own = -np.arange(1, node.size + 1).reshape(node.shape)
        return (
            edge,
            np.where(barred, own, node),
            np.stack([network.shape_xy_m[at], network.shape_xy_m[at + 1]], axis=1),
        )

    @cached_property
    def lines(self) -> np.ndarray:
        """Each stretch as a line."""
        return np.asarray(shapely.linestrings(self.rows[2]))

    @cached_property
    def tree(self) -> shapely.STRtree:
        """For finding stretches by place."""
        return shapely.STRtree(self.lines)

    def meeting(self, ground_m: BaseGeometry) -> np.ndarray:
        """Stretches that meet some ground."""
        return np.sort(self.tree.query(ground_m, predicate="intersects"))

    def closed_by(self, posts: tuple[Post, ...]) -> np.ndarray:
        """Stretches that vehicle posts close, by the OSM ids that the plan names."""
        network, (edge, _, _) = self.network, self.rows
        shut: list[int] = []
        for post in posts:
            for way, a, b in post.closes if post.mode is PostMode.VEHICLE else ():
                mine = np.flatnonzero(network.way_id[edge] == way)
                raw = self._ids[mine]
                starts, ends = np.flatnonzero(raw[:, 0] == a), np.flatnonzero(raw[:, 1] == b)
                back_a, back_b = np.flatnonzero(raw[:, 1] == a), np.flatnonzero(raw[:, 0] == b)
                spans = [(s, e) for s in starts for e in ends if e >= s] + [
                    (s, e) for s in back_b for e in back_a if e >= s
                ]
                if spans:
                    low, high = min(spans, key=lambda span: span[1] - span[0])
                    shut += mine[low : high + 1].tolist()
        return np.unique(np.array(shut, dtype=np.int64))

    @cached_property
    def _ids(self) -> np.ndarray:
        network = self.network
        first = np.ones(len(network.shape_node), dtype=bool)
        first[network.shape_start[1:] - 1] = False
        at = np.flatnonzero(first)
        edge = np.repeat(np.arange(network.edge_count), np.diff(network.shape_start))[at]
        at = at[network.drivable[edge]]
        return np.column_stack([network.shape_node[at], network.shape_node[at + 1]])

    def graph(
        self, core_m: BaseGeometry, far: Any, within_m: BaseGeometry, shut: np.ndarray, held: np.ndarray
    ) -> nx.Graph:
        """Streets as a graph whose edges carry one each; what is in the core is "core", what is far "out".

        But for the nodes ``held``, which are not out wherever they lie.
        """
        _, node, xy = self.rows
        near = self.meeting(within_m)
        touched = np.isin(near, self.meeting(core_m))
        ends = xy[near].reshape(-1, 2)
        inside = shapely.intersects_xy(core_m, ends).reshape(-1, 2)
        beyond = far(ends).reshape(-1, 2)
        graph = nx.Graph()
        graph.add_nodes_from(["core", "out"])
        names: dict[int, Any] = {}
        for k in range(len(near)):
            for side in (0, 1):
                if inside[k, side]:
                    names[int(node[near[k], side])] = "core"
                elif beyond[k, side] and node[near[k], side] not in held:
                    names.setdefault(int(node[near[k], side]), "out")
        closed = np.isin(near, shut)
        for k in np.flatnonzero(~closed).tolist():
            a, b = (names.get(int(n), int(n)) for n in node[near[k]])
            for u, v in (("core", a), ("core", b)) if touched[k] else ((a, b),):
                if u != v:
                    before = graph[u][v]["capacity"] if graph.has_edge(u, v) else 0
                    graph.add_edge(u, v, capacity=before + 1)
        return graph


def max_flow(ways: RawWays, core_m: BaseGeometry, limit_m: BaseGeometry) -> int:
    """Most ways from the core to beyond the limit that share no stretch of street, by networkx."""
    none = np.empty(0, dtype=np.int64)
    graph = ways.graph(core_m, lambda xy: ~shapely.intersects_xy(limit_m, xy), limit_m, none, none)
    return int(nx.maximum_flow_value(graph, "core", "out"))


def limit_of_search(ways: RawWays, core_m: BaseGeometry, reach_m: float) -> BaseGeometry:
    """Return the ground within a reach of the core, and the streets that swing out of it and come back.

    A street with both its junctions within reach leads nowhere by swinging out: who drives it is back.
    """
    network, limit = ways.network, core_m.buffer(reach_m, quad_segs=8)
    edges = network.edges_in_box(limit.bounds)
    edges = edges[network.drivable[edges]]
    ends = [network.node_xy_m[node[edges]] for node in (network.edge_u, network.edge_v)]
    within = np.logical_and(*(shapely.intersects_xy(limit, xy) for xy in ends))
    swings = network.lines(edges[within])
    swings = swings[~shapely.covers(limit, swings)]
    return shapely.union_all([limit, *shapely.buffer(swings, _BESIDE_M)])


def leaks(
    ways: RawWays,
    core_m: BaseGeometry,
    polygon_m: BaseGeometry,
    posts: tuple[Post, ...],
    posts_xy_m: np.ndarray,
) -> bool:
    """Whether a way leads from the core out of the line although every vehicle post is held.

    A post well outside the line, which a tunnel or bridge passes, bars its street where it stands alone:
    whoever drives between the two is not out before a street joins.
    """
    shut, held = [], []
    wide, within = polygon_m.buffer(0.05), [polygon_m.buffer(30)]
    spots: Any = shapely.points(posts_xy_m)
    for post, at in zip(posts, spots, strict=True):
        rows = ways.closed_by((post,))
        if len(rows) and polygon_m.distance(at) > _ON_LINE_M:
            nodes, count = np.unique(ways.rows[1][rows], return_counts=True)
            held.append(nodes[count > 1])
            within += shapely.buffer(ways.lines[rows], _BESIDE_M).tolist()
            rows = rows[[shapely.distance(ways.lines[rows], at).argmin()]]
        shut.append(rows)
    graph = ways.graph(
        core_m,
        lambda xy: ~shapely.intersects_xy(wide, xy),
        shapely.union_all(within),
        *(np.concatenate([np.empty(0, dtype=np.int64), *found]) for found in (shut, held)),
    )
    return bool(nx.has_path(graph, "core", "out"))
