"""Objects to arrays: nothing lost, nothing joined that does not meet, the same map the same digest."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import fields, replace

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon, box

from planner.area import BUILDING_COLUMNS, OBSTACLE_COLUMNS, PLACE_COLUMNS, Area
from planner.errors import SourceError
from planner.sources.noding import Runs
from planner.sources.osm import Draft
from planner.sources.restrictions import Restriction, read_restriction, read_unread_turns
from planner.sources.tags import read_street
from planner.streets.network import StreetNetwork
from planner.terms import Access, Barrier, RoadClass, Service, TurnRule
from tests.town import CENTRE, Objects, town, town_objects

STREET = {"highway": "residential"}


def lonlat(ident: int) -> tuple[float, float]:
    return 10 + ident % 7 * 0.001, 50 + ident // 7 * 0.001


def area_of(ways: dict[int, list[int]], barriers: tuple[int, ...] = (), vias: tuple[int, ...] = ()) -> Area:
    draft = Draft()
    for ident, refs in ways.items():
        draft.add_way(ident, [(ref, lonlat(ref)) for ref in refs], STREET)
    for node in barriers:
        draft.add_node(node, {"barrier": "gate"})
    kept = next((ident for ident, refs in ways.items() if len(set(refs)) > 1), 0)
    draft.add_restrictions(Restriction(kept, via, kept, False, False) for via in vias)
    return draft.finish("made", source="test")


def steps_of_ways(ways: dict[int, list[int]]) -> Counter[tuple[int, int, int]]:
    return Counter((way, a, b) for way, refs in ways.items() for a, b in itertools.pairwise(refs) if a != b)


def steps_of_network(network: StreetNetwork) -> Counter[tuple[int, int, int]]:
    steps: Counter[tuple[int, int, int]] = Counter()
    for edge in range(network.edge_count):
        _, ids = network.shape(edge)
        for a, b in itertools.pairwise(ids):
            steps[int(network.way_id[edge]), int(a), int(b)] += 1
    return steps


made_ways = st.dictionaries(
    st.integers(1, 50), st.lists(st.integers(1, 20), min_size=1, max_size=9), min_size=1, max_size=8
)


# --- laws of cutting ways into edges --------------------------------------------------------------


@given(made_ways, st.sets(st.integers(1, 20), max_size=3), st.sets(st.integers(1, 20), max_size=2))
@settings(max_examples=80)
def test_edges_hold_every_step_of_every_way_once(
    ways: dict[int, list[int]], barriers: set[int], vias: set[int]
) -> None:
    wanted = steps_of_ways(ways)
    if not wanted:
        with pytest.raises(SourceError, match="no streets"):
            area_of(ways)
        return
    network = area_of(ways, tuple(barriers), tuple(vias)).network
    assert steps_of_network(network) == wanted
    _check_ends_and_insides(network, ways, barriers | vias)


def _check_ends_and_insides(network: StreetNetwork, ways: dict[int, list[int]], also: set[int]) -> None:
    seen = Counter(
        ref
        for refs in ways.values()
        if len(set(refs)) > 1
        for i, ref in enumerate(refs)
        if i == 0 or refs[i - 1] != ref
    )
    for edge in range(network.edge_count):
        xy, ids = network.shape(edge)
        assert ids[0] == network.node_id[network.edge_u[edge]]
        assert ids[-1] == network.node_id[network.edge_v[edge]]
        assert (xy[0] == network.node_xy_m[network.edge_u[edge]]).all()
        for inside in ids[1:-1]:
            assert seen[int(inside)] == 1  # met by nothing else
            assert int(inside) not in also


@given(made_ways)
@settings(max_examples=30)
def test_what_hangs_together_in_the_map_hangs_together_in_the_network(ways: dict[int, list[int]]) -> None:
    steps = steps_of_ways(ways)
    if not steps:
        return
    raw = nx.Graph([(a, b) for _, a, b in steps])
    network = area_of(ways).network
    made = nx.Graph(
        [
            (int(network.node_id[u]), int(network.node_id[v]))
            for u, v in zip(network.edge_u, network.edge_v, strict=True)
        ]
    )
    raw_parts = {frozenset(part & set(made)) for part in nx.connected_components(raw)}
    assert raw_parts == {frozenset(part) for part in nx.connected_components(made)}


@given(made_ways, st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_order_of_the_source_does_not_matter(ways: dict[int, list[int]], shuffle) -> None:
    if not steps_of_ways(ways):
        return
    order = list(ways)
    shuffle.shuffle(order)
    one, other = area_of(ways), area_of({way: ways[way] for way in order})
    assert one.digest == other.digest
    for entry in fields(StreetNetwork):
        mine, theirs = getattr(one.network, entry.name), getattr(other.network, entry.name)
        if entry.name != "names":
            assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f"), entry.name
    assert one.network.names == other.network.names


# --- oddities, one by one -------------------------------------------------------------------------


def test_parallel_edges_and_self_loops_stay() -> None:
    network = area_of({1: [1, 2], 2: [1, 3, 2], 3: [2, 4, 5, 2]}).network
    ends = sorted(zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True))
    assert ends == [(0, 1), (0, 1), (1, 1)]
    assert network.node_id.tolist() == [1, 2]


def test_way_that_crosses_itself_is_cut_where_it_does() -> None:
    network = area_of({1: [1, 2, 3, 4, 2, 5]}).network
    assert network.node_id.tolist() == [1, 2, 5]
    assert network.edge_count == 3


def test_same_node_twice_in_a_row_is_one() -> None:
    assert steps_of_network(area_of({1: [1, 1, 2, 2]}).network) == {(1, 1, 2): 1}


def test_two_nodes_at_one_place_make_an_edge_without_length() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.0, 50.0))], STREET)
    draft.add_way(2, [(2, (10.0, 50.0)), (3, (10.001, 50.0))], STREET)
    network = draft.finish("made", source="test").network
    assert network.edge_count == 2
    assert sorted(network.length_m > 0) == [False, True]


def test_a_way_clipped_in_two_keeps_both_runs() -> None:
    draft = Draft()
    made = read_street(STREET)
    assert made is not None
    nodes = np.array([1, 2, 4, 5])
    runs = Runs(np.array([0, 0]), np.array([2, 2]), nodes, np.array([lonlat(k) for k in nodes.tolist()]))
    draft.add_streets(np.array([9]), np.array([0]), [made], runs)
    network = draft.finish("made", source="test").network
    assert steps_of_network(network) == {(9, 1, 2): 1, (9, 4, 5): 1}


def test_a_way_given_again_replaces_the_first() -> None:
    draft = Draft()
    draft.add_way(1, [(k, lonlat(k)) for k in (1, 2, 3)], STREET)
    draft.add_way(1, [(k, lonlat(k)) for k in (1, 2)], STREET)
    assert steps_of_network(draft.finish("made", source="test").network) == {(1, 1, 2): 1}


def test_crossing_without_a_common_node_does_not_meet() -> None:
    network = area_of({1: [1, 15], 2: [8, 9]}).network
    assert network.node_count == 4
    assert network.edge_count == 2


@settings(max_examples=40, deadline=None)
@given(spans_m=st.lists(st.integers(5, 200), min_size=1, max_size=60))
def test_a_long_road_is_parted_where_its_nodes_allow(spans_m: list[int]) -> None:
    objects = Objects()
    marks = list(itertools.accumulate(spans_m, initial=0))
    objects.way([(x, 0) for x in marks], highway="tertiary")
    length_m = objects.settle().area().network.length_m
    assert length_m.sum() == pytest.approx(marks[-1], abs=0.02 * len(spans_m))
    # A node comes at the latest one span after 250 m; what is left at the end is never a stub.
    assert length_m.max() <= 250 + 200 + 250 / 4 + 1
    assert len(length_m) == 1 or length_m.min() > 250 / 4 - 1


def test_signals_at_a_stop_line_count_for_the_junction_near() -> None:
    made = Objects()
    made.way([(-200, 0), (-20, 0), (0, 0), (200, 0)], **STREET)
    made.way([(0, -200), (0, 0)], **STREET)
    made.node(-20, 0, highway="traffic_signals")
    made.node(-100, 0)
    network = made.settle().area().network
    lit = network.node_xy_m[network.node_signal]
    assert np.hypot(*(lit - network.node_xy_m[network.node_id == made.node(0, 0)]).T).tolist() == [0.0]


def test_signals_far_from_any_junction_count_for_none() -> None:
    made = Objects()
    made.way([(-200, 0), (-100, 0), (0, 0), (200, 0)], **STREET)
    made.way([(0, -200), (0, 0)], **STREET)
    made.node(-100, 0, highway="traffic_signals")
    assert not made.settle().area().network.node_signal.any()


# --- turn restrictions ----------------------------------------------------------------------------

MEMBERS = [("w", 1, "from"), ("n", 2, "via"), ("w", 2, "to")]


def test_restriction_of_each_kind() -> None:
    tags = {"type": "restriction", "restriction": "no_left_turn"}
    assert read_restriction(tags, MEMBERS) == [Restriction(1, 2, 2, False, False)]
    only = tags | {"restriction": "only_straight_on", "except": "bus; emergency"}
    assert read_restriction(only, MEMBERS) == [Restriction(1, 2, 2, True, True)]
    many = [("w", 1, "from"), ("w", 3, "from"), *MEMBERS[1:]]
    assert len(read_restriction(tags | {"restriction": "no_entry"}, many)) == 2
    by_way = [MEMBERS[0], ("w", 5, "via"), ("w", 6, "via"), MEMBERS[2]]
    assert read_restriction(tags, by_way) == [Restriction(1, 0, 2, False, False, (5, 6))]


@pytest.mark.parametrize(
    ("tags", "members"),
    [
        ({"type": "route"}, MEMBERS),
        ({"type": "restriction"}, MEMBERS),
        ({"type": "restriction", "restriction:hgv": "no_left_turn"}, MEMBERS),
        ({"type": "restriction", "restriction": "give_way"}, MEMBERS),
        ({"type": "restriction", "restriction": "no_u_turn"}, [*MEMBERS, ("w", 5, "via")]),
        ({"type": "restriction", "restriction": "no_u_turn", "except": "motor_vehicle"}, MEMBERS),
        ({"type": "restriction", "restriction": "no_u_turn"}, MEMBERS[:2]),
    ],
)
def test_what_is_no_plain_restriction_is_left_out(tags, members) -> None:
    assert read_restriction(tags, members) == []


def test_turns_that_are_forbidden_at_times_are_read_apart() -> None:
    at_times = {"type": "restriction", "restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"}
    assert read_restriction(at_times, MEMBERS) == []
    assert read_unread_turns(at_times, MEMBERS) == [Restriction(1, 2, 2, False, False)]
    both = at_times | {"restriction": "only_straight_on"}
    assert read_restriction(both, MEMBERS) == [Restriction(1, 2, 2, True, False)]
    assert read_unread_turns(both, MEMBERS) == [Restriction(1, 2, 2, False, False)]
    assert read_unread_turns({"type": "restriction", "restriction": "no_left_turn"}, MEMBERS) == []


def test_restriction_names_the_edges_at_its_node() -> None:
    ways = {1: [1, 2], 2: [2, 3], 3: [2, 4]}
    draft = Draft()
    for ident, refs in ways.items():
        draft.add_way(ident, [(ref, lonlat(ref)) for ref in refs], STREET)
    draft.add_restrictions([Restriction(1, 2, 3, True, False), Restriction(1, 99, 3, False, False)])
    network = draft.finish("made", source="test").network
    assert driven_ways(network) == [([1, 3], [2], TurnRule.ONLY)]


def driven_ways(network: StreetNetwork) -> list[tuple[list[int], list[int], int]]:
    """Each restriction as ways driven, nodes turned at, and rule."""
    found = []
    for k, (low, high) in enumerate(itertools.pairwise(network.restriction_start.tolist())):
        edges, ahead = network.restriction_edge[low:high], network.restriction_ahead[low:high]
        head = np.where(ahead, network.edge_v[edges], network.edge_u[edges])
        tail = np.where(ahead, network.edge_u[edges], network.edge_v[edges])
        assert (head[:-1] == tail[1:]).all()
        nodes = network.node_id[head[:-1]].tolist()
        found.append((network.way_id[edges].tolist(), nodes, int(network.restriction_rule[k])))
    return found


def test_restriction_via_ways_is_driven_edge_by_edge_whichever_way_they_are_drawn() -> None:
    # 1: 1-2, via 2 (drawn backwards, with a junction at 8 on it) and 3, to 4: 4-5
    ways = {1: [1, 2], 2: [3, 8, 2], 3: [3, 4], 4: [4, 5], 5: [8, 9]}
    draft = Draft()
    for ident, refs in ways.items():
        draft.add_way(ident, [(ref, lonlat(ref)) for ref in refs], STREET)
    draft.add_restrictions(
        [Restriction(1, 0, 4, False, True, (2, 3)), Restriction(1, 0, 4, False, False, (5,))]
    )
    network = draft.finish("made", source="test").network
    assert driven_ways(network) == [([1, 2, 2, 3, 4], [2, 8, 3, 4], TurnRule.SPARES_EMERGENCY)]


def test_restriction_on_a_way_that_passes_through_holds_nowhere() -> None:
    network = area_of({1: [1, 2, 3], 2: [2, 4]}, vias=(2,)).network
    assert network.restriction_count == 0


# --- boxes ----------------------------------------------------------------------------------------


def test_box_keeps_whole_ways_that_meet_it() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0)), (3, (10.02, 50.0))], STREET)
    draft.add_way(2, [(4, (10.05, 50.0)), (5, (10.06, 50.0))], STREET)
    draft.add_feature("n", 9, {"amenity": "school"}, Point(10.055, 50.0))
    draft.add_feature("n", 8, {"amenity": "school"}, Point(10.009, 50.0))
    area = draft.finish("made", source="test", bbox_deg=(10.008, 49.99, 10.012, 50.01))
    assert steps_of_network(area.network) == {(1, 1, 2): 1, (1, 2, 3): 1}
    assert area.places["osm_id"].tolist() == [8]
    west, _, east, _ = area.bbox_deg
    assert (west, east) == (10.008, 10.012)


def test_box_never_claims_ground_beyond_the_streets() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.005))], STREET)
    area = draft.finish("made", source="test", bbox_deg=(0, 40, 20, 60))
    assert area.bbox_deg == pytest.approx((9.9999, 49.9999, 10.0101, 50.0051))


@pytest.mark.parametrize(
    "box", [(1, 2, 1, 3), (10, 0, -10, 1), (0, 1, 1, 0), (0, 0, np.nan, 1), (0, -91, 1, 0)]
)
def test_box_that_is_none_is_refused(box) -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0))], STREET)
    with pytest.raises(SourceError, match="box is not one on the globe"):
        draft.finish("made", source="test", bbox_deg=box)


def test_map_across_the_antimeridian_is_one_unless_a_box_parts_it() -> None:
    def fiji() -> Draft:
        draft = Draft()
        draft.add_way(1, [(1, (179.99, -17.0)), (2, (179.98, -17.0))], STREET)
        draft.add_way(2, [(3, (-179.99, -17.0)), (4, (-179.98, -17.0))], STREET)
        return draft

    whole = fiji().finish("fiji", source="test")
    assert whole.network.edge_count == 2
    assert whole.bbox_deg == pytest.approx((179.9799, -17.0001, 180.0201, -16.9999))
    assert fiji().finish("fiji", source="test", bbox_deg=(179, -18, 180, -16)).network.edge_count == 1


@pytest.mark.parametrize("place", [(np.nan, 50.0), (10.0, np.inf), (181.0, 50.0), (10.0, -90.5)])
def test_coordinate_that_is_none_is_refused(place) -> None:
    draft = Draft()
    with pytest.raises(SourceError, match="not on the globe"):
        draft.add_way(1, [(1, (10.0, 50.0)), (2, place)], STREET)


# --- tables ---------------------------------------------------------------------------------------


def test_polygon_that_crosses_itself_is_mended() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0))], STREET)
    bowtie = Polygon([(10, 50), (10.001, 50.001), (10.001, 50), (10, 50.001)])
    draft.add_feature("w", 5, {"building": "yes"}, bowtie)
    (shape,) = draft.finish("made", source="test").buildings.shapes
    assert shape.is_valid
    assert shape.area > 0


@pytest.mark.parametrize("shape", [Polygon(), Polygon([(10, 50), (10.001, 50), (10.002, 50)])])
def test_polygon_without_ground_is_left_out(shape: Polygon) -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0))], STREET)
    draft.add_feature("w", 5, {"building": "yes"}, shape)
    assert len(draft.finish("made", source="test").buildings) == 0


def test_a_quarter_mapped_as_one_building_hides_nothing() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0))], STREET)
    draft.add_feature("r", 5, {"building": "commercial", "name": "Tower"}, box(10.0, 50.0, 10.024, 50.012))
    draft.add_feature("w", 6, {"building": "industrial", "name": "Works"}, box(10.0, 50.0, 10.008, 50.006))
    assert list(draft.finish("made", source="test").buildings["name"]) == ["Works"]


def test_tables_are_in_order_of_owners_and_keep_the_last_version() -> None:
    draft = Draft()
    draft.add_way(1, [(1, (10.0, 50.0)), (2, (10.01, 50.0))], STREET)
    for kind, ident, name in [("w", 7, "a"), ("n", 9, "b"), ("r", 1, "c"), ("w", 2, "d"), ("w", 7, "e")]:
        draft.add_feature(kind, ident, {"amenity": "school", "name": name}, Point(10.001, 50.0))
    places = draft.finish("made", source="test").places
    owners = list(zip(places["osm_type"], places["osm_id"], places["name"], strict=True))
    assert owners == [("n", 9, "b"), ("r", 1, "c"), ("w", 2, "d"), ("w", 7, "e")]


def test_empty_tables_have_their_columns_and_types() -> None:
    area = area_of({1: [1, 2]})
    assert list(area.buildings.columns) == list(BUILDING_COLUMNS)
    assert list(area.places.columns) == list(PLACE_COLUMNS)
    assert list(area.obstacles.columns) == list(OBSTACLE_COLUMNS)
    full = town()
    for name in ("buildings", "places", "obstacles"):
        assert {column: values.dtype for column, values in getattr(area, name).columns.items()} == {
            column: values.dtype for column, values in getattr(full, name).columns.items()
        }


# --- digest ---------------------------------------------------------------------------------------


def digest(objects: Objects) -> str:
    return objects.area().digest


def test_digest_tells_maps_apart_and_nothing_else() -> None:
    base = digest(town_objects())
    assert digest(town_objects()) == base
    assert town_objects().area("another name").digest == base
    moved = town_objects()
    place, tags = moved.nodes[5]
    moved.nodes[5] = (place._replace(lon_deg=place.lon_deg + 1e-7), tags)
    renamed = town_objects()
    renamed.ways[1001][1]["name"] = "Other Street"
    narrowed = town_objects()
    narrowed.ways[1001][1]["maxheight"] = "2"
    built = town_objects()
    next(t for _, t in built.ways.values() if t.get("building") == "house")["building:levels"] = "9"
    gated = town_objects()
    gated.nodes[gated.node(-550, 150)][1]["barrier"] = "gate"
    others = [digest(made) for made in (moved, renamed, narrowed, built, gated)]
    assert len({base, *others}) == 6


# --- the made town --------------------------------------------------------------------------------


def part_of(area: Area, x_m: float, y_m: float, closed: np.ndarray) -> set[int]:
    """Junctions that can be driven to from the one nearest a point, with edges closed."""
    network = area.network
    usable = network.drivable & ~closed
    graph = nx.Graph(list(zip(network.edge_u[usable].tolist(), network.edge_v[usable].tolist(), strict=True)))
    nearest = int(np.argmin(np.hypot(*(network.node_xy_m - (x_m, y_m)).T)))
    return set(nx.node_connected_component(graph, nearest))


def test_town_frame_is_metres_about_the_school() -> None:
    area = town()
    assert area.frame.centre == pytest.approx(CENTRE, abs=1e-9)
    off_m = np.abs(area.network.node_xy_m - np.round(area.network.node_xy_m))
    assert off_m.max() < 0.02


def test_only_the_two_bridges_cross_the_river() -> None:
    area = town()
    network = area.network
    (south,) = np.flatnonzero(np.hypot(*(network.node_xy_m - (100, 300)).T) < 1)
    (north,) = np.flatnonzero(np.hypot(*(network.node_xy_m - (100, 400)).T) < 1)
    open_ = network.no_closures()
    assert {south, north} <= part_of(area, 100, 300, open_)
    bridges = network.bridge & (network.road_class != RoadClass.MOTORWAY)
    assert bridges.sum() == 2
    assert (network.layer[bridges] == 1).all()
    assert network.maxheight_m[bridges] == pytest.approx(4.4196)
    assert north not in part_of(area, 100, 300, bridges)
    one = bridges.copy()
    one[np.flatnonzero(bridges)[0]] = False
    assert north in part_of(area, 100, 300, one)


def test_motorway_meets_the_town_only_by_ramps() -> None:
    network = town().network
    lines = network.lines(np.flatnonzero(network.road_class == RoadClass.MOTORWAY))
    avenue = network.lines(np.flatnonzero(np.array(network.names)[network.name_index] == "Centre Avenue"))
    assert shapely.crosses(shapely.union_all(lines), shapely.union_all(avenue))
    on = np.isin(
        np.concatenate([network.edge_u, network.edge_v]),
        network.edge_u[network.road_class == RoadClass.MOTORWAY],
    )
    touching = set(np.tile(network.road_class, 2)[on].tolist())
    assert touching == {RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK}
    assert (network.oneway[network.road_class == RoadClass.MOTORWAY] == 1).all()


def test_town_holds_every_oddity() -> None:
    area = town()
    network = area.network
    names = np.array(network.names)[network.name_index]
    ends = Counter(map(frozenset, zip(network.edge_u.tolist(), network.edge_v.tolist(), strict=True)))
    assert max(ends.values()) >= 2  # parallel edges
    assert (network.edge_u == network.edge_v).sum() >= 2  # self-loops
    assert sorted(set(network.node_barrier.tolist())) == [Barrier.NONE, Barrier.GATE, Barrier.BOLLARD]
    assert network.node_access[network.node_barrier == Barrier.GATE].tolist() == [Access.PRIVATE]
    assert set(network.oneway[names == "East Avenue 2"].tolist()) == {1}
    assert set(network.oneway[names == "East Avenue 3"].tolist()) == {-1}
    assert network.area_way[names == "Market Square"].all()
    assert not network.drivable[names == "Market Square"].any()
    assert set(network.emergency[network.service == Service.EMERGENCY_ACCESS].tolist()) == {1}
    assert network.restriction_count == 1
    assert network.node_signal.sum() == 1
    assert {"school", "mall", "hospital", "emergency_entrance", "fire_station", "helipad"} <= set(
        area.places["kind"]
    )


@pytest.mark.parametrize(
    ("without", "table"),
    [({"buildings": False}, "buildings"), ({"river": False}, None), ({"motorway": False}, None)],
)
def test_town_without(without, table) -> None:
    area = town(**without)
    assert table is None or len(getattr(area, table)) == 0
    assert area.digest != town().digest
    assert replace(area, name="x").digest == area.digest
