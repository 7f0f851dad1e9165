"""How many ways lead out, and which streets all of them share: against taking streets away one by one."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from planner.routes.access import WaysOut, find_ways_out
from planner.streets.network import Snap, StreetNetwork
from tests.streets import draw_streets
from tests.town import town

TOWN = town(hospitals=False).network
GROUND = box(-300, -300, 300, 300)


def snap(network: StreetNetwork, edge: int, share: float = 0.5) -> Snap:
    along = share * float(network.length_m[edge])
    return Snap(edge, along, *network.at(edge, along), 0.0)


def both_ways(network: StreetNetwork) -> np.ndarray:
    return np.ones(2 * network.edge_count, dtype=bool)


def expected(
    network: StreetNetwork, start: Snap, open_edges: np.ndarray, arcs: np.ndarray, ground
) -> WaysOut:
    """By hand: a street is shared when, with it closed, nobody comes out any more."""
    count = network.edge_count
    near = set(network.edges_in_box(ground.bounds).tolist()) & set(np.flatnonzero(open_edges).tolist())
    ends_u, ends_v, _ = network.vehicle_ends
    far = set(np.flatnonzero(open_edges).tolist()) - near
    out = {int(n) for e in far for n in (ends_u[e], ends_v[e])}
    if start.edge not in near or not out:
        return WaysOut(0, ())

    def comes_out(shut: int | None, half: str = "") -> bool:
        graph = nx.DiGraph()
        graph.add_node("place")
        for e in near - {shut}:
            u, v = int(ends_u[e]), int(ends_v[e])
            ahead, back = ("place", "place") if e == start.edge else (u, v)
            if arcs[e] and half != "v":
                graph.add_edge(ahead, v)
            if arcs[e + count] and half != "u":
                graph.add_edge(back, u)
        return bool(out & nx.descendants(graph, "place"))

    if not comes_out(None):
        return WaysOut(0, ())
    shared = {e for e in near - {start.edge} if not comes_out(e)}
    # its own street has two halves: one of them is shared when the other leads nowhere
    if not comes_out(None, "u") or not comes_out(None, "v"):
        shared.add(start.edge)
    return WaysOut(1 if shared else 2, tuple(sorted(shared)))


@settings(max_examples=60)
@given(
    st.integers(0, TOWN.edge_count - 1),
    st.lists(st.integers(0, TOWN.edge_count - 1), max_size=120),
    st.lists(st.integers(0, 2 * TOWN.edge_count - 1), max_size=200),
)
def test_shared_streets_are_those_without_which_nobody_comes_out(edge, closed, one_way):
    open_edges = TOWN.drivable.copy()
    open_edges[closed] = False
    arcs = both_ways(TOWN)
    arcs[one_way] = False
    start = snap(TOWN, edge)
    found = find_ways_out(TOWN, start, open_edges, arcs, GROUND, 0.0)
    wanted = expected(TOWN, start, open_edges, arcs, GROUND)
    assert found.count == wanted.count
    assert tuple(sorted(found.shared)) == wanted.shared


def comb() -> StreetNetwork:
    """A loop 0-1-2-3 at the end of one road 3-4-5, which meets the world at 5 and 6."""
    places = [
        (0, 0),
        (50, 0),
        (50, 50),
        (0, 50),
        (-100, 50),
        (-300, 50),
        (-600, 50),
        (-600, -50),
        (-300, -50),
    ]
    ends = [(0, 1), (1, 2), (2, 3), (3, 0), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 5)]
    names = ["Loop", "Loop", "Loop", "Loop", "Mill Bridge", "Mill Road", "Far", "Far", "Far", "Far"]
    return draw_streets(places, [{"u": u, "v": v, "name": n} for (u, v), n in zip(ends, names, strict=True)])


def test_a_cul_de_sac_school_names_its_road_in_the_order_driven():
    """T7: the one road out, from the school on."""
    network = comb()
    out = find_ways_out(
        network, snap(network, 1), network.drivable, both_ways(network), box(-60, -20, 60, 70), 30.0
    )
    assert out.count == 1
    assert [network.street(e) for e in out.shared] == ["Mill Bridge"]
    wide = find_ways_out(
        network, snap(network, 1), network.drivable, both_ways(network), box(-60, -20, 60, 70), 150.0
    )
    assert [network.street(e) for e in wide.shared] == ["Mill Bridge", "Mill Road"]


def test_where_the_map_ends_out_is_the_largest_part_outside():
    network = comb()
    out = find_ways_out(
        network, snap(network, 1), network.drivable, both_ways(network), box(-60, -20, 60, 70), 9_000.0
    )
    assert out.count == 1
    assert [network.street(e) for e in out.shared] == ["Mill Bridge"]


def test_with_no_street_open_there_is_no_way():
    network = comb()
    shut = network.no_closures()
    assert find_ways_out(network, snap(network, 1), shut, both_ways(network), GROUND, 0.0) == WaysOut(0, ())
    shut[1] = True
    assert find_ways_out(network, snap(network, 1), shut, both_ways(network), GROUND, 0.0).count == 0
