"""Streets are ordered for contraction: each once, and late what parts much by little."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import numpy as np
import pyroutingkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.streets import dissection
from planner.streets.dissection import rank_arcs

Links = tuple[np.ndarray, np.ndarray, np.ndarray]


def rank_links(u: np.ndarray, v: np.ndarray, xy_m: np.ndarray) -> np.ndarray:
    """Return when each link is contracted, counted by its direction that is taken up first."""
    first = rank_arcs(u, v, xy_m).reshape(2, -1).min(axis=0)
    return np.argsort(np.argsort(first))


@st.composite
def graphs(draw: st.DrawFn) -> Links:
    """Links with loops, parallel ones, parts that hang on nothing, nodes in one place."""
    count = draw(st.integers(1, 14))
    ends = st.lists(st.integers(0, count - 1), min_size=0, max_size=30)
    u = draw(ends)
    v = draw(st.lists(st.integers(0, count - 1), min_size=len(u), max_size=len(u)))
    spots = st.lists(st.integers(0, 3), min_size=2 * count, max_size=2 * count)
    return (
        np.array(u, dtype=np.int64),
        np.array(v, dtype=np.int64),
        np.array(draw(spots), float).reshape(-1, 2),
    )


def grid(wide: int, high: int, east: float = 0.0) -> Links:
    """A grid of streets, 100 m apart, a little askew."""
    node = np.arange(wide * high).reshape(high, wide)
    u = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    v = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    y, x = np.divmod(np.arange(wide * high), wide)
    return u, v, np.column_stack([east + 100.0 * x + y, 100.0 * y - x])


def two_grids_and_a_bridge() -> tuple[Links, int]:
    """Two grids joined by one street, and which that is."""
    (u, v, low_m), (_, _, high_m) = grid(12, 12), grid(12, 12, east=2000.0)
    count = len(low_m)
    links = (
        np.concatenate([u, u + count, [count // 2 - 1]]),
        np.concatenate([v, v + count, [count + count // 2]]),
    )
    return (*links, np.concatenate([low_m, high_m])), 2 * len(u)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(graphs())
def test_each_direction_has_a_rank_of_its_own(links: Links) -> None:
    assert sorted(rank_arcs(*links).tolist()) == list(range(2 * len(links[0])))


def test_the_only_bridge_comes_last() -> None:
    links, bridge = two_grids_and_a_bridge()
    assert rank_links(*links)[bridge] == len(links[0]) - 1


def test_dead_ends_come_from_their_ends_on_and_a_long_road_is_no_long_way_up() -> None:
    """A grid with a road of 64 links to the next, and a dead end of three."""
    links, bridge = two_grids_and_a_bridge()
    u, v, xy_m = (part.tolist() for part in links)
    tail, head = u.pop(bridge), v.pop(bridge)
    road = [tail, *range(len(xy_m), len(xy_m) + 63), head]
    end = [0, *range(len(xy_m) + 63, len(xy_m) + 66)]
    more_m = [[1100.0 + 14 * k, 600.0] for k in range(63)] + [[-50.0 * k, 0.0] for k in range(1, 4)]
    u += road[:-1] + end[:-1]
    v += road[1:] + end[1:]
    rank = rank_links(np.array(u), np.array(v), np.array(xy_m + more_m))
    dead_end = rank[-3:]
    assert dead_end.tolist() == [2, 1, 0]
    of_road = rank[-67:-3]
    assert of_road.max() == len(u) - 1
    up, above = 0, of_road.tolist()
    while above:  # how many links lie one above the other at the most, when each parts the road
        at = int(np.argmax(above))
        above = max(above[:at], above[at + 1 :], key=len)
        up += 1
    assert up <= 8


@settings(deadline=None, max_examples=100, derandomize=True)
@given(graphs(), st.data())
def test_a_flow_is_as_much_as_another_program_sends(links: Links, data: st.DataObject) -> None:
    u, v, xy_m = links
    count = len(xy_m)
    end = np.array(data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)), dtype=np.int8)
    apart = u != v
    graph = dissection._link_up(u[apart], v[apart], count)
    flow = np.empty(len(graph.far), dtype=np.int8)
    level, current, path = (np.empty(count, dtype=np.int32) for _ in range(3))
    around = graph.start, graph.far, graph.other
    sent = dissection._flow(*around, end, len(u), flow, level, current, path)
    other = nx.Graph()
    other.add_nodes_from(["from", "to"])
    other.add_edges_from(
        ("from" if end[k] == 1 else "to", k, {"capacity": 99}) for k in range(count) if end[k]
    )
    for a, b in zip(u[apart].tolist(), v[apart].tolist(), strict=True):
        more = other.get_edge_data(a, b, {"capacity": 0})["capacity"]
        other.add_edge(a, b, capacity=more + 1)
    assert sent == nx.maximum_flow_value(other, "from", "to")
    for from_end in (1, 2):  # what is reached from either end is a cut of as many links
        mark, queue = np.empty(count, dtype=np.int8), np.empty(count, dtype=np.int32)
        size = dissection._reached(*around, end, flow, from_end, mark, queue)
        assert size == np.count_nonzero(mark)
        assert not mark[end == 3 - from_end].any()
        assert np.count_nonzero(mark[u] != mark[v]) == sent


@pytest.mark.parametrize("whole", [2, 40, 1 << 20])
def test_ranks_do_not_hang_on_which_thread_cuts_what(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    links = grid(17, 13)
    expected = rank_arcs(*links)
    monkeypatch.setattr(dissection, "_WHOLE", whole)
    again = rank_arcs(*links)
    assert np.array_equal(again, expected)


def test_fewer_shortcuts_than_routingkit_by_itself() -> None:
    """Triangles of the hierarchy over turns: what customizing takes, and searches with it."""
    u, v, xy_m = grid(24, 20)
    rng = np.random.default_rng(8)
    kept = rng.random(len(u)) < 0.85
    u, v = u[kept], v[kept]
    tail, head = np.concatenate([u, v]), np.concatenate([v, u])
    turns = np.array(
        [
            (a, b)
            for node in range(len(xy_m))
            for a in np.flatnonzero(head == node)
            for b in np.flatnonzero(tail == node)
        ]
    )
    middle = ((xy_m[tail] + xy_m[head]) / 2e6).astype(np.float32)
    topology = pyroutingkit.CCHTopology()
    topology.build(
        turns[:, 0].astype(np.uint32), turns[:, 1].astype(np.uint32), middle[:, 1], middle[:, 0], len(tail)
    )
    ours = np.argsort(rank_arcs(u, v, xy_m))
    one_by_one = np.argsort(rank_links(u, v, xy_m))
    one_by_one = (one_by_one[:, None] + (0, len(u))).ravel()
    assert triangles(turns, ours) < 0.75 * triangles(turns, one_by_one), (
        "what leads out of a half comes first"
    )
    assert triangles(turns, ours) < 0.4 * triangles(turns, order_of(topology))


def order_of(topology: pyroutingkit.CCHTopology) -> np.ndarray:
    with TemporaryDirectory() as folder:
        topology.save(folder)
        return np.fromfile(Path(folder) / "order", dtype=np.uint32).astype(np.int64)


def triangles(turns: np.ndarray, order: np.ndarray) -> int:
    """Contract states in an order: of each, its pairs of ways from a state above it and to one."""
    into: dict[int, set[int]] = {int(state): set() for state in order}
    out: dict[int, set[int]] = {int(state): set() for state in order}
    for a, b in turns.tolist():
        if a != b:
            out[a].add(b)
            into[b].add(a)
    total = 0
    for state in order.tolist():
        before, after = into.pop(state), out.pop(state)
        total += len(before) * len(after) - len(before & after)
        for a in before:
            out[a] |= after
            out[a] -= {a, state}
        for b in after:
            into[b] |= before
            into[b] -= {b, state}
    return total
