"""With what you have: each officer adds, all of them seal, and what is left open is what still leaks."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.document import read_plan, write_plan
from planner.model import Incident
from planner.packs import shipped_doctrine
from planner.perimeters.flows import street_flows
from planner.perimeters.staffing import (
    arriving_officers,
    staff_posts,
    staff_waves,
    staffing_order,
    staffing_steps,
)
from planner.plan import make_plan
from planner.terms import Control, Direction, PerimeterName, PostMode, RoadClass, ThreatName
from tests import strategies
from tests.streets import draw_streets
from tests.town import CENTRE, town

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.perimeters


@st.composite
def lines_of_posts(draw):
    """Posts as plans have them: ranked from 1 on each line, each with officers and a flow."""
    posts = []
    for line in PerimeterName:
        count = draw(st.integers(0, 8))
        for rank in range(1, count + 1):
            post = draw(strategies.posts)
            officers, flow = draw(st.integers(1, 4)), draw(st.floats(0.25, 40))
            ident = f"{line[0].upper()}{rank}"
            posts.append(replace(post, id=ident, perimeter=line, rank=rank, officers=officers, flow=flow))
    return draw(st.permutations(posts))


def total(posts) -> int:
    return sum(post.officers for post in posts)


def shares(staffing) -> list[float]:
    """What is known of the shares: here, all."""
    told = [staffing.share_sealed, staffing.inner, staffing.outer]
    assert None not in told
    return told


@given(lines_of_posts())
def test_each_added_officer_never_lowers_the_share_and_all_of_them_seal_everything(posts):
    answers = [staff_posts(posts, k) for k in range(total(posts) + 3)]
    for one, more in pairwise(answers):
        assert all(a <= b for a, b in zip(shares(one), shares(more), strict=True))
        assert one.staffed == more.staffed[: len(one.staffed)]  # nobody is moved from a post
    full = answers[total(posts)]
    assert shares(full) == [1.0, 1.0, 1.0]
    assert full.open == ()
    assert answers[-1].waiting == 2
    if posts:
        assert answers[0].share_sealed == 0
        assert all(shares(a)[0] < 1 for a in answers[: total(posts)])


@given(lines_of_posts(), st.integers(0, 40))
def test_officers_add_up_and_every_post_is_either_staffed_or_open(posts, officers):
    answer = staff_posts(posts, officers)
    by_id = {post.id: post for post in posts}
    assert answer.staffed + answer.open == tuple(post.id for post in staffing_order(posts))
    assert total(by_id[i] for i in answer.staffed) + answer.waiting == officers
    if answer.open:
        assert answer.waiting < by_id[answer.open[0]].officers  # as many as can be are at work


@given(lines_of_posts(), st.integers(0, 40))
def test_the_share_is_one_minus_what_leaks_over_what_flows(posts, officers):
    answer = staff_posts(posts, officers)
    flow = {post.id: post.flow for post in posts}
    if posts:
        leak = sum(flow[i] for i in answer.open)
        assert answer.share_sealed == pytest.approx(1 - leak / sum(flow.values()))


@given(lines_of_posts())
def test_inner_posts_come_before_outer_posts_and_each_line_by_rank(posts):
    order = staffing_order(posts)
    keys = [(post.perimeter is PerimeterName.OUTER, post.rank) for post in order]
    assert keys == sorted(keys)


@given(lines_of_posts(), st.lists(st.integers(0, 12), min_size=3, max_size=3))
def test_waves_add_to_each_other_in_the_same_order(posts, arriving):
    waves = staff_waves(posts, arriving)
    assert [w.officers for w in waves] == list(np.cumsum(arriving))
    assert waves == tuple(staff_posts(posts, w.officers) for w in waves)
    assert all(a.staffed == b.staffed[: len(a.staffed)] for a, b in pairwise(waves))


@given(lines_of_posts(), st.integers(0, 40))
def test_the_table_says_what_any_number_of_officers_holds(posts, officers):
    row = [step for step in staffing_steps(posts) if step.officers <= officers][-1]
    answer = staff_posts(posts, officers)
    assert (row.staffed, row.open) == (answer.staffed, answer.open)
    assert row.share_sealed == answer.share_sealed


@given(st.permutations(range(6)))
@settings(max_examples=10)
def test_the_order_of_the_posts_given_does_not_matter(order):
    posts = plan().posts
    shuffled = [posts[i] for i in order] + list(posts[6:])
    assert staff_posts(shuffled, 7) == staff_posts(posts, 7)


def test_nothing_is_claimed_where_nothing_is_known_of_flows():
    posts = [replace(post, flow=0.0) for post in plan().posts]
    answer = staff_posts(posts, 3)
    assert answer.share_sealed is None
    assert answer.open


def test_a_plan_without_posts_has_nothing_open():
    assert staff_posts((), 0).share_sealed == 1.0
    assert staff_posts((), 4).waiting == 4


def test_arrivals_are_read_from_units_and_are_unknown_without():
    assert arriving_officers({"engines": 3}) == ()
    assert arriving_officers({"officers": 4, "officers_10_min": 2}) == (4, 0, 2)


# --- in a whole plan ----------------------------------------------------------------------------


@lru_cache(maxsize=2)
def plan(units=()):
    return make_plan(Incident(location=CENTRE, threat=ThreatName.KNIFE, units=units), town(), DOCTRINE)


def test_rank_is_the_order_in_which_to_staff_by_what_streets_carry():
    for line in PerimeterName:
        posts = sorted((p for p in plan().posts if p.perimeter is line), key=lambda p: p.rank)
        assert posts
        keys = [(p.mode is PostMode.FOOT, -p.flow) for p in posts]
        assert keys == sorted(keys)
        assert all(p.flow > 0 for p in posts)


@pytest.mark.parametrize("line", list(PerimeterName))
@pytest.mark.parametrize("officers", [0, 4, 9, 15, 99])
def test_the_share_equals_an_independent_maximum_flow_through_the_streets(line, officers):
    """Streets carry any flow, posts what their streets carry, staffed ones nothing."""
    network, posts = town().network, [p for p in plan().posts if p.perimeter is line]
    posts = [p for p in posts if p.mode is PostMode.VEHICLE]
    answer = staff_posts(posts, officers)
    place = {int(n): k for k, n in enumerate(network.node_id)}
    held = {
        (place[a], place[b]): (post.flow if post.id in answer.open else 0.0)
        for post in posts
        for _, a, b in post.closes
        if a in place and b in place
    }
    graph = nx.Graph()
    for e in np.flatnonzero(network.drivable).tolist():
        u, v = int(network.edge_u[e]), int(network.edge_v[e])
        carried = held.get((u, v), held.get((v, u), float("inf")))
        graph.add_edge(u, v, capacity=graph.get_edge_data(u, v, {"capacity": 0})["capacity"] + carried)
    xy = network.node_xy_m
    reach = np.hypot(*xy.T)
    rim = np.flatnonzero(reach > 1200)
    school = int(np.argmin(reach + 1e9 * ~np.isin(np.arange(len(xy)), list(graph.nodes))))
    for node in rim.tolist():
        if node in graph:
            graph.add_edge(node, "outside", capacity=float("inf"))
    leak, _ = nx.maximum_flow(graph, school, "outside") if "outside" in graph else (0.0, None)
    everything = sum(post.flow for post in posts)
    assert 1 - leak / everything == pytest.approx(answer.share_sealed)


def test_the_document_carries_the_whole_table_and_reads_back():
    units = (("officers", 6), ("officers_10_min", 8), ("officers_5_min", 4))
    told = plan(units)
    text = write_plan(told)
    staffing = json.loads(text)["planner"]["staffing"]
    assert read_plan(text) == told
    assert staffing["order"] == [p.id for p in staffing_order(told.posts)]
    assert staffing["table"][0]["share_sealed"] == 0
    assert staffing["table"][-1]["share_sealed"] == 1
    assert staffing["table"][-1]["officers"] == told.officers["inner"] + told.officers["outer"]
    assert [(w["after_min"], w["officers"]) for w in staffing["waves"]] == [(0, 6), (5, 10), (10, 18)]
    for wave in staffing["waves"]:
        assert wave["open"] == staffing["order"][wave["posts"] :]


def test_a_share_short_of_all_never_reads_as_all():
    big, small = plan().posts[:2]
    posts = (replace(big, flow=1e9), replace(small, flow=1e-3))
    told = replace(plan(), posts=posts)
    rows = json.loads(write_plan(told))["planner"]["staffing"]["table"]
    assert [row["share_sealed"] for row in rows] == [0, 0.9999, 1]


# --- what streets carry -------------------------------------------------------------------------


def flow_of(**street) -> float:
    network = draw_streets([(0, 0), (100, 0)], [{"u": 0, "v": 1, **street}])
    return float(street_flows(network, np.array([0]), RULES)[0])


def test_flow_grows_with_class_and_lanes():
    order = (
        RoadClass.FOOTWAY,
        RoadClass.SERVICE,
        RoadClass.RESIDENTIAL,
        RoadClass.TERTIARY,
        RoadClass.PRIMARY,
        RoadClass.MOTORWAY,
    )
    flows = [flow_of(road_class=road) for road in order]
    assert flows == sorted(flows)
    assert len(set(flows)) == len(flows)
    assert flow_of(lanes=4) == 2 * flow_of(lanes=2) == 2 * flow_of()


def test_lanes_are_assumed_where_untagged_and_never_absurd():
    assert flow_of(oneway=1) == RULES.flow_minor * RULES.lanes_one_way
    assert flow_of(road_class=RoadClass.MOTORWAY, oneway=1) == RULES.flow_motorway * RULES.lanes_two_way
    assert flow_of(lanes=200) == RULES.flow_minor * RULES.lanes_most


def test_a_gate_takes_the_place_of_its_post_in_the_order():
    post = plan().posts[0]
    gate = replace(post, control=Control.GATE, direction=Direction.BOTH, officers=post.officers + 1)
    swapped = (gate, *plan().posts[1:])
    assert [p.id for p in staffing_order(swapped)] == [p.id for p in staffing_order(plan().posts)]
