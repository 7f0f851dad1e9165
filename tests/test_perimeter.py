"""Laws of perimeters, checked at the level of OSM nodes by code that shares nothing with the cut."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import BUILDING_COLUMNS, OBSTACLE_COLUMNS, PLACE_COLUMNS, Area
from planner.audit.perimeters import check_perimeters
from planner.audit.scene import Scene
from planner.audit.streets import RawStreets as Surveyed
from planner.doctrine import Doctrine, read_doctrine
from planner.document import read_plan, write_plan
from planner.errors import IncidentError
from planner.geo import Frame, LonLat, from_usng
from planner.ground.zones import Ground, draw_zones
from planner.model import AreaStamp, DoctrineStamp, Incident, Plan, PostEdit, Shape
from planner.perimeters.band import Band
from planner.perimeters.posted_line import draw_posted
from planner.perimeters.tracing import JUNCTION_MARGIN_M, TracedPerimeter, trace_perimeters
from planner.settings import shipped
from planner.sources.pbf import read_osm
from planner.sources.tables import NUMBER_COLUMNS
from planner.streets.network import StreetNetwork
from planner.table import Table
from planner.terms import Direction, NoticeLevel, PerimeterName, PostEditKind, PostMode, RoadClass, ThreatName
from tests.streets import draw_streets
from tests.town import town

Traced = tuple[TracedPerimeter, TracedPerimeter]


@lru_cache(maxsize=1)
def doctrine() -> Doctrine:
    return read_doctrine(shipped("data", "doctrine.toml"))


def ground_of(hot: BaseGeometry, warm: BaseGeometry | None = None) -> Ground:
    wide = hot.buffer(60) if warm is None else warm
    return Ground(
        hot_m=hot,
        warm_m=wide.difference(hot),
        cold_m=Polygon(),
        target_m=hot.centroid,
        target_name="",
        samples_xyz_m=np.empty((0, 3)),
        zones=(),
        notices=(),
    )


def area_of(network: StreetNetwork, half_m: float = 3000.0) -> Area:
    frame = Frame(LonLat(-93.0, 41.0))
    west, south = frame.place(-half_m, -half_m)
    east, north = frame.place(half_m, half_m)

    def empty(columns: tuple[str, ...]) -> Table:
        numbers = {c: np.empty(0) for c in columns if c in NUMBER_COLUMNS}
        none = np.empty(0, dtype=object)
        return Table({c: numbers.get(c, none) for c in columns}, none)

    return Area(
        name="drawn",
        digest="0",
        frame=frame,
        bbox_deg=(west, south, east, north),
        data_date="",
        source="",
        attribution="",
        licence="",
        network=network,
        buildings=empty(BUILDING_COLUMNS),
        places=empty(PLACE_COLUMNS),
        obstacles=empty(OBSTACLE_COLUMNS),
    )


def trace(area: Area, hot: BaseGeometry, blocked: list[int] | None = None) -> Traced:
    mask = area.network.no_closures()
    mask[blocked or []] = True
    return trace_perimeters(ground_of(hot), area, doctrine(), mask)


def cores(hot: BaseGeometry, inner: TracedPerimeter) -> tuple[BaseGeometry, BaseGeometry]:
    """What each perimeter must contain, from doctrine's words."""
    rules = doctrine().perimeters
    block = hot.buffer(60).buffer(rules.outer_gap_m)
    return hot.buffer(rules.stand_off_m), block.union(inner.polygon_m.buffer(rules.min_gap_m))


# --- raw streets ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Segment:
    a: Any
    b: Any
    way: int
    ids: tuple[int, int]
    edge: int
    line: LineString


class RawStreets:
    """Drivable ways as segments between OSM nodes; ways are cut at barrier nodes (the contract)."""

    def __init__(self, network: StreetNetwork) -> None:
        barred = {int(n) for n, b in zip(network.node_id, network.blocked_node, strict=True) if b}
        self.segments: list[Segment] = []
        self.xy: dict[Any, tuple[float, float]] = {}
        self.of_way: dict[int, list[int]] = defaultdict(list)
        for edge in np.flatnonzero(network.drivable).tolist():
            xy, ids = network.shape(edge)
            for i in range(len(ids) - 1):
                keys: list[Any] = [(int(k), edge, i) if int(k) in barred else int(k) for k in ids[i : i + 2]]
                self.xy |= {k: (float(p[0]), float(p[1])) for k, p in zip(keys, xy[i : i + 2], strict=True)}
                pair = (int(ids[i]), int(ids[i + 1]))
                self.of_way[int(network.way_id[edge])].append(len(self.segments))
                self.segments.append(
                    Segment(
                        keys[0], keys[1], int(network.way_id[edge]), pair, edge, LineString(xy[i : i + 2])
                    )
                )
        self.lines = np.array([s.line for s in self.segments], dtype=object)
        self.on_spans = network.tunnel | network.bridge
        self.tree = shapely.STRtree(self.lines)
        self.ends = [(s.a, s.b) for s in self.segments]
        self.at: dict[Any, list[int]] = defaultdict(list)
        for k, ends in enumerate(self.ends):
            for node in ends:
                self.at[node].append(k)

    def stretch(self, way: int, first: int, last: int) -> set[int]:
        """Segments of a way between two of its nodes."""
        along = self.of_way[way]
        for k in along:
            if set(self.segments[k].ids) == {first, last}:
                return {k}
        nodes = [self.segments[along[0]].ids[0], *(self.segments[k].ids[1] for k in along)]
        low, high = sorted((nodes.index(first), nodes.index(last)))
        return set(along[low:high])

    def raised(self, segment: int) -> bool:
        return bool(self.on_spans[self.segments[segment].edge])

    def closed_by(self, traced: TracedPerimeter) -> dict[str, set[int]]:
        drivable = set(self.of_way)
        return {
            p.id: set().union(*(self.stretch(*c) for c in p.closes if c[0] in drivable)) for p in traced.posts
        }

    def touched(self, core: BaseGeometry) -> tuple[set[Any], set[int]]:
        """Nodes in the core, and segments that meet it."""
        keys = list(self.xy)
        within = shapely.intersects_xy(core, np.array([self.xy[k] for k in keys]))
        nodes = {k for k, inside in zip(keys, within, strict=True) if inside}
        return nodes, set(np.flatnonzero(shapely.intersects(core, self.lines)).tolist())

    def reached(self, core: tuple[set[Any], set[int]], closed: set[int], outside: set[Any]) -> set[Any]:
        """Nodes that can be driven to from any piece of street inside the core.

        A stretch through the core may be closed at one end only, so its ends inside the line count as inside.
        """
        nodes, meets = core
        within = {n for k in meets for n in self.ends[k]} - outside
        todo = [*nodes, *within, *(n for k in meets - closed for n in self.ends[k])]
        seen = set(todo)
        while todo:
            here = todo.pop()
            for k in self.at[here]:
                if k not in closed:
                    new = set(self.ends[k]) - seen
                    seen |= new
                    todo += new
        return seen

    def outside(self, polygon: Polygon) -> set[Any]:
        keys = list(self.xy)
        # the line may pass at a barrier: the street that ends there on the inside does not come out
        within = shapely.contains_xy(polygon.buffer(0.05), np.array([self.xy[k] for k in keys]))
        return {k for k, inside in zip(keys, within, strict=True) if not inside}

    def max_flow(self, core: tuple[set[Any], set[int]], beyond: set[Any], blocked: set[int]) -> int:
        """Most ways from the core to ``beyond`` that share no stretch of street, by networkx."""
        nodes, meets = core
        graph = nx.DiGraph()
        graph.add_nodes_from(["core", "beyond"])

        def name(node: Any) -> Any:
            return "core" if node in nodes else "beyond" if node in beyond else node

        for k, s in enumerate(self.segments):
            a, b = name(s.a), name(s.b)
            pairs = [("core", a), ("core", b)] if k in meets else [(a, b)]
            for u, v in pairs:
                if u != v and s.edge not in blocked:
                    for x, y in ((u, v), (v, u)):
                        before = graph[x][y]["capacity"] if graph.has_edge(x, y) else 0
                        graph.add_edge(x, y, capacity=before + 1)
        return int(nx.maximum_flow_value(graph, "core", "beyond"))


@lru_cache(maxsize=2)
def raw_of(area: Area) -> RawStreets:
    return RawStreets(area.network)


def check_laws(area: Area, hot: BaseGeometry, traced: Traced) -> None:
    raw = raw_of(area)
    for perimeter, core in zip(traced, cores(hot, traced[0]), strict=True):
        check_line(area, perimeter, core, raw)
        if perimeter.record.sealed:
            check_seal(perimeter, core, raw, set())
    inner, outer = traced
    assert outer.polygon_m.contains(inner.polygon_m)
    assert outer.polygon_m.exterior.distance(inner.polygon_m) >= doctrine().perimeters.min_gap_m


def check_line(area: Area, traced: TracedPerimeter, core: BaseGeometry, raw: RawStreets) -> None:
    written = Polygon([(p.lon_deg, p.lat_deg) for p in traced.record.rings[0]])
    assert written.is_valid
    assert written.exterior.is_ccw
    assert traced.polygon_m.contains(core.buffer(-0.01))
    spots = [Point(area.frame.point_m(p.location)) for p in traced.posts]
    closed_by, passed = raw.closed_by(traced), set[int]()
    for post, spot in zip(traced.posts, spots, strict=True):
        assert not core.buffer(-0.01).contains(spot), post
        if "the line: this post stands beyond" in post.reason:
            assert not traced.polygon_m.contains(spot), post
            passed |= {k for k in closed_by[post.id] if raw.raised(k)}
        else:
            assert traced.polygon_m.exterior.distance(spot) <= 15, post
    barriers = shapely.points(area.network.node_xy_m[area.network.blocked_node])
    held = shapely.union_all([shapely.union_all(spots).buffer(2), shapely.union_all(barriers).buffer(0.05)])
    ring = traced.polygon_m.exterior
    for k in np.flatnonzero(shapely.intersects(ring, raw.lines)):
        rest = raw.lines[k].intersection(ring).difference(held)
        # what is left are grade crossings: streets that cross without a common node; and what passes the line
        assert rest.is_empty or int(k) in passed or crosses_unmet(raw, int(k), rest), raw.segments[int(k)]


def crosses_unmet(raw: RawStreets, k: int, where: BaseGeometry) -> bool:
    mine = raw.segments[k]
    near = [raw.segments[i] for i in raw.tree.query(where, predicate="dwithin", distance=10)]
    return any(s.line.crosses(mine.line) and not set(s.ids) & set(mine.ids) for s in near)


def check_seal(traced: TracedPerimeter, ground: BaseGeometry, raw: RawStreets, blocked: set[int]) -> None:
    shut = {k for k, s in enumerate(raw.segments) if s.edge in blocked}
    by_post = raw.closed_by(traced)
    core, outside = raw.touched(ground.buffer(JUNCTION_MARGIN_M)), raw.outside(traced.polygon_m)
    assert not raw.reached(core, shut.union(*by_post.values()), outside) & outside, "a way is open"
    vehicle = [p for p in traced.posts if p.mode is PostMode.VEHICLE]
    edges = [e for p, e in zip(traced.posts, traced.post_edges, strict=True) if p.mode is PostMode.VEHICLE]
    assert raw.max_flow(core, outside, blocked) == len(vehicle), "not the fewest"
    for post, edge in zip(vehicle, edges, strict=True):
        if edges.count(edge) == 2:
            continue  # two posts on one stretch through the core: either end alone shuts its only segment
        others = shut.union(*(held for name, held in by_post.items() if name != post.id))
        assert raw.reached(core, others, outside) & outside, f"{post.id} is not needed"


# --- laws -----------------------------------------------------------------------------------------

TRIED = [Phase.explicit, Phase.reuse, Phase.generate]
"""Not shrunk: each trial takes up to a second, and a failure must be told at once, not after minutes."""

east_north = st.tuples(st.integers(-600, 600), st.integers(-600, 600))


@given(at=east_north, reach_m=st.integers(15, 220))
@settings(max_examples=16, phases=TRIED)
def test_a_disc_anywhere_in_the_town_is_sealed_by_the_fewest_posts(at: tuple[int, int], reach_m: int) -> None:
    area, hot = town(), Point(at).buffer(reach_m)
    check_laws(area, hot, trace(area, hot))


@given(corners=st.lists(east_north, min_size=3, max_size=7))
@settings(max_examples=8, phases=TRIED)
def test_a_drawn_shape_is_sealed_by_the_fewest_posts(corners: list[tuple[int, int]]) -> None:
    area = town()
    hot = shapely.MultiPoint(np.array(corners) * 0.6).convex_hull.buffer(12)
    check_laws(area, hot, trace(area, hot))


@given(at=east_north, picks=st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
@settings(max_examples=8, phases=TRIED)
def test_streets_that_the_user_blocked_need_no_post(at: tuple[int, int], picks: list[int]) -> None:
    area, hot = town(), Point(at).buffer(120)
    near = area.network.edges_in_box(hot.buffer(250).bounds)
    near = near[area.network.drivable[near]]
    blocked = sorted({int(near[k % len(near)]) for k in picks})
    mask = area.network.no_closures()
    mask[blocked] = True
    traced = trace_perimeters(ground_of(hot), area, doctrine(), mask)
    for perimeter, core in zip(traced, cores(hot, traced[0]), strict=True):
        held = {
            e
            for p, e in zip(perimeter.posts, perimeter.post_edges, strict=True)
            if p.mode is PostMode.VEHICLE
        }
        assert not held & set(blocked)
        if perimeter.record.sealed:
            check_seal(perimeter, core, raw_of(area), set(blocked))


def test_two_separate_hot_zones_are_held_by_one_line() -> None:
    area = town()
    parts = [Point(-150, 0).buffer(40), Point(250, 120).buffer(40)]
    traced = trace(area, MultiPolygon(parts))
    for perimeter, core in zip(traced, cores(MultiPolygon(parts), traced[0]), strict=True):
        check_line(area, perimeter, core, raw_of(area))
        assert perimeter.record.sealed
    assert all(len(t.record.rings) == 1 for t in traced)


def test_same_input_same_perimeters() -> None:
    area, hot = town(), Point(35, -20).buffer(90)
    first, second = trace(area, hot), trace(area, hot)
    assert [(t.record, t.posts) for t in first] == [(t.record, t.posts) for t in second]


# --- what a post says -----------------------------------------------------------------------------


def crossroads(**north: Any) -> Area:
    """A cross of four streets about the centre; keywords alter the northern one."""
    places = [(0, 0), (0, 200), (200, 0), (0, -200), (-200, 0), (0, 900), (900, 0), (0, -900), (-900, 0)]
    arms = [
        {"u": 0, "v": 1, "name": "North", **north},
        {"u": 0, "v": 2, "name": "East"},
        {"u": 0, "v": 3, "name": "South"},
        {"u": 0, "v": 4, "name": "West"},
    ]
    far = [{"u": k, "v": k + 4, "name": f"Far {k}"} for k in (1, 2, 3, 4)]
    far[0] |= north | {"name": "Far 1"}
    return area_of(draw_streets(places, [*arms, *far]))


def posts_on(traced: TracedPerimeter, street: str) -> list[Any]:
    return [p for p in traced.posts if p.street.startswith(street)]


def test_a_crossroads_takes_four_posts_each_short_of_its_outer_junction() -> None:
    area = crossroads()
    inner, _ = trace(area, Point(0, 0).buffer(40))
    assert [p.mode for p in inner.posts] == [PostMode.VEHICLE] * 4
    assert {p.street for p in inner.posts} == {
        "North at Far 1",
        "East at Far 2",
        "South at Far 3",
        "West at Far 4",
    }
    setback = doctrine().perimeters.post_setback_m
    for post in inner.posts:
        reach = float(np.hypot(*area.frame.point_m(post.location)))
        assert reach == pytest.approx(200 - setback, abs=0.05)
        assert post.officers == doctrine().perimeters.officers_inner_post
    assert posts_on(inner, "North")[0].closes == ((1000, 100, 101),)
    assert inner.inside[:4].all()
    assert not inner.inside[4:].any()


@pytest.mark.parametrize(
    ("oneway", "direction"), [(0, Direction.BOTH), (1, Direction.EXIT), (-1, Direction.ENTRY)]
)
def test_direction_is_seen_from_the_scene(oneway: int, direction: Direction) -> None:
    inner, _ = trace(crossroads(oneway=oneway), Point(0, 0).buffer(40))
    assert posts_on(inner, "North")[0].direction is direction


def test_a_oneway_street_is_closed_whichever_way_it_runs() -> None:
    for oneway in (1, -1):
        inner, _ = trace(crossroads(oneway=oneway), Point(0, 0).buffer(40))
        assert len(inner.posts) == 4


def test_major_roads_rank_first_and_take_more_officers_on_the_outer_perimeter() -> None:
    _, outer = trace(crossroads(road_class=RoadClass.PRIMARY), Point(0, 0).buffer(10))
    rules = doctrine().perimeters
    assert outer.posts[0].street.startswith("Far 1")
    assert outer.posts[0].officers == rules.officers_outer_major
    assert {p.officers for p in outer.posts[1:]} == {rules.officers_outer_post}
    assert [p.rank for p in outer.posts] == [1, 2, 3, 4]
    assert [p.id for p in outer.posts] == ["O1", "O2", "O3", "O4"]
    assert outer.record.officers == sum(p.officers for p in outer.posts)


def test_a_blocked_street_needs_no_post() -> None:
    area = crossroads()
    inner, _ = trace(area, Point(0, 0).buffer(40), blocked=[0])
    assert len([p for p in inner.posts if p.mode is PostMode.VEHICLE]) == 3
    assert [p.mode for p in posts_on(inner, "North")] == [PostMode.FOOT], "people may still walk there"
    assert inner.record.sealed


def test_a_bollard_closes_a_street_to_vehicles_but_not_to_feet() -> None:
    network = draw_streets(
        [(0, 0), (0, 60), (0, 700), (700, 0)],
        [
            {"u": 0, "v": 1, "name": "Mall"},
            {"u": 1, "v": 2, "name": "Mall"},
            {"u": 0, "v": 3, "name": "Road"},
        ],
        nodes={1: {"node_barrier": 21}},
    )
    inner, _ = trace(area_of(network), Point(0, 0).buffer(20))
    assert [p.street.split(" at ")[0] for p in inner.posts if p.mode is PostMode.VEHICLE] == ["Road"]
    assert [p.street.split(" at ")[0] for p in inner.posts if p.mode is PostMode.FOOT] == ["Mall"]


def test_a_street_through_the_core_is_closed_at_both_ends_though_no_junction_lies_inside() -> None:
    network = draw_streets(
        [(-300, 0), (300, 0), (-900, 0), (900, 0)],
        [
            {"u": 0, "v": 1, "name": "Through", "via": [(-100, 0), (100, 0)]},
            {"u": 0, "v": 2, "name": "West"},
            {"u": 1, "v": 3, "name": "East"},
        ],
    )
    inner, _ = trace(area_of(network), Point(0, 0).buffer(40))
    assert len(inner.posts) == 2
    assert {p.closes for p in inner.posts} == {((1000, 100, 10000),), ((1000, 10001, 101),)}


def test_parallel_streets_take_a_post_each() -> None:
    network = draw_streets(
        [(0, 0), (0, 300), (0, 900)],
        [
            {"u": 0, "v": 1, "name": "Left", "via": [(-30, 150)]},
            {"u": 0, "v": 1, "name": "Right", "via": [(30, 150)]},
            *({"u": 1, "v": 2, "name": f"On {k}", "via": [(k, 600)]} for k in (-200, 0, 200)),
        ],
    )
    inner, _ = trace(area_of(network), Point(0, 0).buffer(30))
    assert sorted(p.street.split(" at ")[0] for p in inner.posts) == ["Left", "Right"]


def test_a_loop_that_passes_the_core_is_closed_in_pieces_that_name_one_stretch() -> None:
    network = draw_streets(
        [(300, 0), (1500, 0)],
        [
            {
                "u": 0,
                "v": 0,
                "name": "Loop",
                "via": [(100, 250), (-300, 200), (0, 0), (-300, -200), (100, -250)],
            },
            {"u": 0, "v": 1, "name": "Road"},
        ],
    )
    inner, _ = trace(area_of(network), Point(-250, 0).buffer(100))
    for post in inner.posts:
        for _, a, b in post.closes:
            assert a != b


def test_no_way_out_needs_no_post_and_says_so() -> None:
    network = draw_streets(
        [(0, 0), (0, 80), (60, 0)], [{"u": 0, "v": 1, "name": "A"}, {"u": 0, "v": 2, "name": "B"}]
    )
    inner, outer = trace(area_of(network), Point(0, 0).buffer(30))
    for traced in (inner, outer):
        assert traced.record.sealed
        assert traced.posts == ()
        assert "No street or path leads out" in traced.record.reason


def test_one_road_town_takes_one_post_at_each_end() -> None:
    places = [(float(x), 0.0) for x in range(-2000, 2001, 250)]
    network = draw_streets(places, [{"u": k, "v": k + 1, "name": "Main"} for k in range(len(places) - 1)])
    for traced in trace(area_of(network), Point(20, 0).buffer(50)):
        assert len(traced.posts) == 2
        assert traced.record.sealed


def test_no_street_near_is_said() -> None:
    network = draw_streets([(2000, 2000), (2100, 2000)], [{"u": 0, "v": 1}])
    inner, outer = trace(area_of(network), Point(-2000, -2000).buffer(30))
    assert inner.record.posts == 0
    assert all(n.level is NoticeLevel.CAUTION for n in inner.notices)
    assert "No street for vehicles is mapped near" in inner.notices[0].text
    assert "what leads out of it is not known" in outer.record.reason  # a hole in the map is no seal
    assert [n.text for n in outer.notices if n.level is NoticeLevel.DANGER] == [outer.notices[0].text]
    assert "whether it is sealed is NOT known" in outer.notices[0].text
    assert inner.record.sealed  # whoever is inside comes to streets only beyond the outer line
    assert not outer.record.sealed
    assert outer.record.leaks == ("ground where the map shows no street: what leads out there is not known",)


def test_a_street_that_leaves_the_map_inside_the_core_is_a_leak() -> None:
    network = draw_streets(
        [(0, 0), (1200, 0), (-400, 0), (-900, 0)],
        [
            {"u": 0, "v": 1, "name": "Edge Road"},
            {"u": 0, "v": 2, "name": "Main"},
            {"u": 2, "v": 3, "name": "Main"},
        ],
    )
    inner, _ = trace(area_of(network, half_m=1000.0), Point(1150, 0).buffer(120))
    assert not inner.record.sealed
    assert inner.record.leaks == ("Edge Road", "ground beyond the edge of the map")
    assert inner.notices[0].level is NoticeLevel.DANGER
    assert "Edge Road" in inner.notices[0].text


def test_a_street_that_stops_at_the_edge_of_the_map_is_taken_to_go_on() -> None:
    stop = 990.0
    network = draw_streets(
        [(stop - 200, 0), (stop, 0), (stop - 600, 0)],
        [
            {"u": 0, "v": 1, "name": "Out"},
            {"u": 0, "v": 2, "name": "In"},
        ],
    )
    inner, _ = trace(area_of(network, half_m=1000.0), Point(stop - 220, 0).buffer(30))
    assert "Out" in {p.street.split(" at ")[0] for p in inner.posts}


def test_footways_beside_a_post_are_watched_from_it_and_others_take_a_post_on_foot() -> None:
    foot = {"road_class": RoadClass.FOOTWAY}
    network = draw_streets(
        [(0, 0), (200, 0), (900, 0), (0, 6), (200, 6), (900, 6), (0, -300), (0, -900)],
        [
            {"u": 0, "v": 1, "name": "Road"},
            {"u": 1, "v": 2, "name": "Road"},
            {"u": 3, "v": 4, "name": "Sidewalk", **foot},
            {"u": 4, "v": 5, "name": "Sidewalk", **foot},
            {"u": 0, "v": 6, "name": "Park Path", **foot},
            {"u": 6, "v": 7, "name": "Park Path", **foot},
        ],
    )
    inner, _ = trace(area_of(network), Point(0, 0).buffer(40))
    assert [(p.mode, p.street.split(" at ")[0]) for p in inner.posts] == [
        (PostMode.VEHICLE, "Road"),
        (PostMode.FOOT, "Park Path"),
    ]
    assert {c[0] for c in inner.posts[0].closes} & {1002, 1003}
    assert "Also watches 1 footway" in inner.posts[0].reason


def test_where_no_way_leads_to_the_ground_of_danger_no_path_leads_out_from_anywhere_inside() -> None:
    network = draw_streets(
        [(-900, 150), (0, 150), (900, 150), (0, 400), (500, 400), (-500, 400), (40, 215), (300, 330)],
        [
            *({"u": u, "v": v} for u, v in ((0, 1), (1, 2), (1, 3), (3, 4), (3, 5))),
            {"u": 6, "v": 7, "road_class": RoadClass.FOOTWAY, "name": "Path"},
        ],
    )
    _, outer = trace(area_of(network), Point(0, 0).buffer(20))  # warm ground ends 80 m off
    assert outer.polygon_m.buffer(-doctrine().perimeters.stand_off_m).contains(Point(40, 215))
    walking = [post for post in outer.posts if post.mode is PostMode.FOOT]
    assert [post.street.split(" at ")[0] for post in walking] == ["Path"]


def test_a_small_core_beside_a_large_block_stays_inside() -> None:
    network = draw_streets(
        [(0, 0), (60, 0), (60, -400), (460, -400), (460, 0), (900, 0)],
        [
            {"u": 0, "v": 1, "name": "Spur"},
            {"u": 1, "v": 2},
            {"u": 2, "v": 3},
            {"u": 3, "v": 4},
            {"u": 4, "v": 1},
            {"u": 4, "v": 5, "name": "Out"},
        ],
    )
    hot = Point(0, 0).buffer(5)
    inner, _ = trace(area_of(network), hot)
    assert inner.polygon_m.contains(hot)


def test_ground_without_any_zone_is_refused() -> None:
    nothing = ground_of(Polygon())
    with pytest.raises(IncidentError, match="no hot or warm ground"):
        trace_perimeters(
            Ground(Polygon(), Polygon(), Polygon(), Polygon(), "", nothing.samples_xyz_m, (), ()),
            crossroads(),
            doctrine(),
            np.zeros(8, dtype=bool),
        )


def test_perimeters_are_named() -> None:
    inner, outer = trace(crossroads(), box(-20, -20, 20, 20))
    assert (inner.record.perimeter, outer.record.perimeter) == (PerimeterName.INNER, PerimeterName.OUTER)


# --- a real city ----------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def montevideo() -> tuple[Area, Surveyed]:
    area = read_osm(shipped("data", "montevideo.osm.pbf"), name="montevideo")
    return area, Surveyed.of(area.network)


@given(
    spot=st.integers(0, 10_000_000),
    aside=st.tuples(st.integers(-60, 60), st.integers(-60, 60)),
    threat=st.sampled_from(["knife", "handgun", "rifle", "vehicle", "unknown", "pipe_bomb", "fire"]),
)
@settings(max_examples=18, phases=TRIED)
@example(spot=0, aside=(0, 0), threat="elevated_rifle")
def test_a_tap_anywhere_in_a_real_city_passes_the_audit_or_says_why_not(
    spot: int, aside: tuple[int, int], threat: str
) -> None:
    area, streets = montevideo()
    x, y = area.network.node_xy_m[spot % area.network.node_count]
    incident = Incident(location=area.frame.place(x + aside[0], y + aside[1]), threat=ThreatName(threat))
    try:
        ground = draw_zones(incident, area, doctrine())
    except IncidentError:
        return  # the tap fell beyond the edge of the map
    inner, outer = trace_perimeters(ground, area, doctrine(), area.network.no_closures())
    plan = plan_of(incident, ground, (inner, outer), area)
    for check in check_perimeters(Scene(plan, area, doctrine(), streets)):
        about = [n.text for n in plan.notices if n.about == check.about]
        if check.check in ("seal", "foot_seal"):
            told = any("is not sealed where" in text for text in about)
        else:
            told = check.check == "crossings" and any("no junction, bridge" in text for text in about)
        assert check.ok or told, (check, about)


@given(
    spot=st.integers(0, 10_000_000),
    threat=st.sampled_from(["knife", "handgun", "rifle"]),
    kind=st.sampled_from(list(PostEditKind)),
    which=st.integers(0, 1000),
)
@settings(max_examples=6, phases=TRIED)
def test_a_post_edit_in_a_real_city_passes_the_audit_on_foot_too_or_says_why_not(
    spot: int, threat: str, kind: PostEditKind, which: int
) -> None:
    area, streets = montevideo()
    x, y = area.network.node_xy_m[spot % area.network.node_count]
    incident = Incident(location=area.frame.place(x, y), threat=ThreatName(threat))
    try:
        ground = draw_zones(incident, area, doctrine())
    except IncidentError:
        return  # the tap fell beyond the edge of the map
    blocked = area.network.no_closures()
    posts = [post for line in trace_perimeters(ground, area, doctrine(), blocked) for post in line.posts]
    if not posts:
        return
    post = posts[which % len(posts)]
    east, north = area.frame.point_m(post.location)
    places = (post.location, area.frame.place(east + 25.0, north + 10.0))
    shape = Shape(lines=(places,)) if kind is PostEditKind.MOVE else Shape(points=places[:1])
    edited = replace(incident, post_edits=(PostEdit(shape, kind, post.perimeter),))
    lines = trace_perimeters(ground, area, doctrine(), blocked, edited)
    plan = plan_of(edited, ground, lines, area)
    for check in check_perimeters(Scene(plan, area, doctrine(), streets)):
        about = [n.text for n in plan.notices if n.about == check.about]
        told = any("is not sealed where" in text for text in about)
        told |= check.check == "crossings" and any("no junction, bridge" in text for text in about)
        assert check.ok or (told and check.check in ("seal", "foot_seal", "crossings")), (check, about)


def plan_of(incident: Incident, ground: Ground, lines: Traced, area: Area) -> Plan:
    """A plan of nothing but zones and perimeters, written and read again: as `planner check` meets it."""
    plan = Plan(
        id="x",
        software="x",
        incident=incident,
        area=AreaStamp(area.name, area.digest, area.data_date, area.source, area.attribution),
        doctrine=DoctrineStamp(doctrine().name, doctrine().digest),
        zones=ground.zones,
        perimeters=(lines[0].record, lines[1].record),
        posts=lines[0].posts + lines[1].posts,
        sites=(),
        routes=(),
        hospitals=(),
        notices=(*ground.notices, *lines[0].notices, *lines[1].notices),
        site_officers=0,
    )
    return read_plan(write_plan(plan))


# --- what the map does to the line ----------------------------------------------------------------


def crossed_without_junction(*, both_ways: bool = False) -> StreetNetwork:
    """A road out of the core that another one crosses, with no junction and no bridge; or one each way."""
    nodes = [(0, 0), (0, 400), (900, 400), (-900, 400), (0, 1400)]
    nodes += [(-300, 117), (300, 131), (-900, 131), (900, 131)]
    streets: list[dict[str, Any]] = [
        {"u": 0, "v": 1, "name": "Main", "oneway": 1},
        *({"u": 1, "v": k, "name": f"Far {k}"} for k in (2, 3, 4)),
        {"u": 5, "v": 6, "name": "Across"},
        *({"u": 5, "v": 7, "name": f"West {k}", "via": [(-600, 117 + k)]} for k in (1, 40, 80)),
        *({"u": 6, "v": 8, "name": f"East {k}", "via": [(600, 117 + k)]} for k in (1, 40, 80)),
    ]
    if not both_ways:
        return draw_streets(nodes, streets)
    last = len(nodes)
    south = [
        {
            **street,
            "u": street["u"] and street["u"] + last - 1,
            "v": street["v"] + last - 1,
            "name": f"South {street['name']}",
            "via": [(x, -y) for x, y in street.get("via", ())],
        }
        for street in streets
    ]
    return draw_streets([*nodes, *((x, -y) for x, y in nodes[1:])], [*streets, *south])


def test_streets_that_cross_on_the_map_without_junction_or_bridge_are_held_both() -> None:
    inner, _ = trace(area_of(crossed_without_junction()), Point(0, 0).buffer(100))
    held = sorted(p.street.split(" at ")[0] for p in inner.posts if p.mode is PostMode.VEHICLE)
    assert held == ["Across", "Across", "Main"]
    assert inner.polygon_m.contains(Point(0, 117))
    assert "2 so that each stands where the line can be held" in inner.record.reason
    (told,) = [n.text for n in inner.notices if "no junction, bridge" in n.text]
    assert "Across and Main" in told


def test_streets_that_cross_so_are_named_where_too_many_posts_would_hold_them() -> None:
    few = replace(doctrine(), perimeters=replace(doctrine().perimeters, posts_for_line=1))
    area = area_of(crossed_without_junction())
    inner, _ = trace_perimeters(ground_of(Point(0, 0).buffer(100)), area, few, area.network.no_closures())
    held = [p.street.split(" at ")[0] for p in inner.posts if p.mode is PostMode.VEHICLE]
    assert held == ["Main"]
    assert inner.polygon_m.crosses(LineString([(-300, 117), (300, 131)]))
    crossed = [n.text for n in inner.notices if "no junction, bridge" in n.text]
    assert crossed
    assert all("Across" in text and "Main" in text for text in crossed)


def test_all_streets_that_the_line_crosses_so_are_told_at_once_and_each_place_can_be_found() -> None:
    few = replace(doctrine(), perimeters=replace(doctrine().perimeters, posts_for_line=0))
    area = area_of(crossed_without_junction(both_ways=True))
    inner, _ = trace_perimeters(ground_of(Point(0, 0).buffer(100)), area, few, area.network.no_closures())
    (told,) = [n.text for n in inner.notices if "no junction, bridge" in n.text]
    assert "at 2 places" in told
    for street, north in {"Across": True, "South Across": False}.items():
        ((where, spot),) = re.findall(rf"[ :;] {street} where it crosses ([ \w]+) \(([^)]+)\)", told)
        assert where == ("Main" if north else "South Main")
        found = Point(area.frame.point_m(from_usng(spot)))
        assert (found.y > 0) == north
        assert inner.polygon_m.exterior.distance(found) < 10
        edge = [area.network.street(e) for e in range(area.network.edge_count)].index(street)
        assert area.network.lines([edge])[0].distance(found) < 10


def test_the_reason_names_the_blocked_streets_that_the_seal_relies_on() -> None:
    inner, _ = trace(crossroads(), Point(0, 0).buffer(40), blocked=[0])
    assert "marked as blocked: North" in inner.record.reason
    plain, _ = trace(crossroads(), Point(0, 0).buffer(40))
    assert "blocked" not in plain.record.reason


def test_hot_zones_joined_by_one_line_are_told() -> None:
    both = MultiPolygon([Point(-150, 0).buffer(40), Point(250, 120).buffer(40)])
    assert any("2 separate hot zones" in n.text for n in trace(town(), both)[0].notices)
    assert not any("separate hot zones" in n.text for n in trace(town(), both.geoms[0])[0].notices)


def test_a_post_on_a_motorway_stands_near_the_ground_inside() -> None:
    for road, far in ((RoadClass.MOTORWAY, False), (RoadClass.RESIDENTIAL, True)):
        places = [(0, 0), (1000, 0), (-1000, 0), (2000, 300), (2000, -300), (-2000, 300), (-2000, -300)]
        arms = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5), (2, 6)]
        network = draw_streets(
            places, [{"u": a, "v": b, "name": "Road", "road_class": road} for a, b in arms]
        )
        area = area_of(network)
        inner, _ = trace(area, Point(0, 0).buffer(40))
        away = [abs(area.frame.point_m(p.location)[0]) for p in inner.posts]
        assert len(away) == 2
        assert all((x > 200) is far for x in away), away


def under(portal_m: float, over: str = "tunnel") -> Area:
    """A road through a tunnel, or over a bridge, from west to east, and one on the ground across it."""
    places = [(portal_m, 0), (-portal_m, 0), (2500, 0), (-2500, 0), (40, 2000), (40, -2000)]
    arms = [
        {"u": 0, "v": 1, "name": "Deep", over: True, "layer": -1 if over == "tunnel" else 1},
        {"u": 0, "v": 2, "name": "East"},
        {"u": 1, "v": 3, "name": "West"},
        {"u": 4, "v": 5, "name": "Across"},
    ]
    return area_of(draw_streets(places, arms))


@pytest.mark.parametrize("over", ["tunnel", "bridge"])
@pytest.mark.parametrize("portal_m", [150.0, 420.0, 650.0])
def test_a_street_below_or_above_the_zone_is_cut_beyond_its_ends_even_beyond_the_limit(
    portal_m: float, over: str
) -> None:
    area = under(portal_m, over)
    for traced in trace(area, Point(0, 0).buffer(40)):
        assert traced.record.sealed
        spots = [area.frame.point_m(p.location) for p in traced.posts]
        along = sorted(x for x, y in spots if abs(y) < 1)
        assert len(spots) == 4
        assert len(along) == 2
        assert all(abs(x) >= portal_m - 0.1 for x in along), along
        if portal_m > 600 and traced.record.perimeter is PerimeterName.INNER:  # the limit lies within
            assert all(abs(x) <= portal_m + 31 for x in along), along


def test_a_post_in_a_tunnel_far_from_its_portal_says_how_far() -> None:
    area = under(2000.0)
    for traced in trace(area, Point(0, 0).buffer(40)):
        confined = [p for p in traced.posts if p.street.startswith("Deep")]
        assert len(confined) == 2
        for post in confined:
            off_m = 2000.0 - abs(area.frame.point_m(post.location)[0])
            near = f"whose portal outside is {words.distance(off_m, words.METRES)} off"
            assert near in post.reason
            assert any(post.id in n.text and "Stop vehicles before" in n.text for n in traced.notices)


def test_streets_without_length_are_no_obstacle() -> None:
    places = [
        (0.0, 0.0),
        (900.0, 0.0),
        (-900.0, 0.0),
        (60.0, 40.0),
        (60.0, 40.0),
        (0.0, 900.0),
        (0.0, -900.0),
    ]
    cross = [{"u": 0, "v": 1}, {"u": 0, "v": 2}, {"u": 0, "v": 5}, {"u": 0, "v": 6}, {"u": 3, "v": 4}]
    area = area_of(draw_streets(places, cross))
    hot = Point(0, 0).buffer(20)
    check_laws(area, hot, trace(area, hot))


@settings(max_examples=10, deadline=None)
@given(st.floats(25, 60), st.lists(st.floats(0, 1), min_size=40, max_size=40))
def test_streets_that_the_line_crosses_away_from_every_post_are_named_wherever_posts_stand(
    radius_m: float, shares: list[float]
) -> None:
    area, rules = town(), doctrine().perimeters
    network, core = area.network, Point(-150, 0).buffer(radius_m)
    band = Band.around(core, rules.inner_reach_m, area, rules, network.no_closures())
    near, driving = band.narrowed()
    drawn = draw_posted(near, driving, band, core, rules, turning=False)
    moved = []
    for k, stand in enumerate(drawn.stands):
        along_m = shares[k % len(shares)] * float(network.length_m[stand.edge])
        moved.append(replace(stand, along_m=along_m, xy_m=network.at(stand.edge, along_m)))
    drawn = replace(drawn, stands=tuple(moved))
    assert moved
    posts = shapely.multipoints([stand.xy_m for stand in moved])
    barriers = shapely.multipoints(network.node_xy_m[np.flatnonzero(network.blocked_node)])
    expected = set()
    for edge in drawn.driving.edges[drawn.driving.touches_inner].tolist():
        if network.bridge[edge] or network.tunnel[edge] or network.layer[edge]:
            continue
        crossed = shapely.intersection(network.lines([edge])[0], drawn.polygon_m.exterior)
        spots = shapely.points(shapely.get_coordinates(crossed))
        away = (shapely.distance(spots, posts) > 15) & ~(shapely.distance(spots, barriers) <= 0.5)
        if away.any():
            expected.add(network.street(edge))
    assert drawn.astray == tuple(sorted(expected))
