"""Tunnels that fork below ground: nobody can stand where they do, so they are closed at their portals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner.area import PLACE_COLUMNS, Area
from planner.audit.perimeters import check_perimeters
from planner.audit.scene import Scene
from planner.audit.streets import RawStreets
from planner.model import Incident, Post
from planner.perimeters.band import Band
from planner.perimeters.outline import needles_m
from planner.perimeters.posts import Standing
from planner.perimeters.spans import below_ground, ends_ahead
from planner.perimeters.tracing import TracedPerimeter
from planner.sources.tables import NUMBER_COLUMNS
from planner.table import Table
from planner.terms import PostMode
from tests.streets import draw_streets
from tests.test_perimeter import (
    TRIED,
    area_of,
    check_seal,
    cores,
    doctrine,
    ground_of,
    plan_of,
    raw_of,
    trace,
)

HOT = Point(0, 0).buffer(40)
MOUTH_M = 45.0
"""The scene takes in the inner portal: the one tunnel below it cannot be closed before it forks."""


def forked(
    fork_m: float = 200.0, north_m: float = 100.0, south_m: float = 180.0, *, parts: int = 1, oneway: int = 0
) -> Area:
    """A tunnel eastwards from the scene that forks, out to a street north-east and to one south-east.

    ``parts``: of how many the stem is made, one after another.
    """
    places = [(0, 0), (MOUTH_M, 0), (fork_m, 0), (fork_m + 20, north_m), (fork_m + 30, -south_m)]
    places += [(fork_m + 40, north_m + 120), (fork_m + 50, -south_m - 130), (0, 1200), (0, -1200), (-1200, 0)]
    places += [(x, y) for x in (700, 2500) for y in (2000, -2000)]
    deep: dict[str, Any] = {"name": "Deep", "tunnel": True, "layer": -1, "oneway": oneway}
    joints = [1, *range(len(places), len(places) + parts - 1), 2]
    places += [(MOUTH_M + (fork_m - MOUTH_M) * k / parts, 0) for k in range(1, parts)]
    arms: list[dict[str, Any]] = [{"u": 0, "v": 1, "name": "Ramp"}]
    arms += [{"u": u, "v": v, **deep} for u, v in pairwise(joints)]
    arms += [{"u": 2, "v": 3, **deep}, {"u": 2, "v": 4, **deep}]
    arms += [{"u": 3, "v": 5, "name": "North Exit"}, {"u": 4, "v": 6, "name": "South Exit"}]
    arms += [{"u": 5, "v": 10, "name": "A"}, {"u": 5, "v": 12, "name": "B"}]
    arms += [{"u": 6, "v": 11, "name": "C"}, {"u": 6, "v": 13, "name": "D"}]
    arms += [{"u": 0, "v": end, "name": "Arm"} for end in (7, 8, 9)]
    return area_of(draw_streets(places, arms))


def driven(traced: TracedPerimeter) -> list[tuple[Post, int]]:
    posts = zip(traced.posts, traced.post_edges, strict=True)
    return [(post, edge) for post, edge in posts if post.mode is PostMode.VEHICLE]


def failures(area: Area, lines: tuple[TracedPerimeter, TracedPerimeter]) -> set[str]:
    plan = plan_of(Incident(), ground_of(HOT), lines, area)
    scene = Scene(plan, area, doctrine(), RawStreets.of(area.network))
    return {check.check for check in check_perimeters(scene) if not check.ok and check.check != "nesting"}


@given(
    fork_m=st.integers(90, 260),
    north_m=st.integers(30, 250),
    south_m=st.integers(30, 250),
    parts=st.integers(1, 3),
)
@settings(max_examples=10, phases=TRIED)
def test_a_forked_tunnel_is_closed_at_its_portals_and_no_post_stands_within(
    fork_m: int, north_m: int, south_m: int, parts: int
) -> None:
    area = forked(fork_m, north_m, south_m, parts=parts)
    lines = trace(area, HOT)
    for traced in lines:
        assert traced.record.sealed
        assert not area.network.tunnel[[edge for _, edge in driven(traced)]].any()
    inner, _ = lines
    streets = sorted(area.network.street(edge) for _, edge in driven(inner))
    assert streets == ["Arm", "Arm", "Arm", "North Exit", "South Exit"]
    assert "5 vehicle posts" in inner.record.reason
    assert "1 so that a tunnel that forks is closed at its portals" in inner.record.reason
    assert failures(area, lines) == set()


@given(north_m=st.integers(60, 250), south_m=st.integers(60, 250))
@settings(max_examples=6, phases=TRIED)
def test_a_branch_driven_outwards_alone_is_closed_at_its_mouth_and_the_line_need_not_run_out_to_it(
    north_m: int, south_m: int
) -> None:
    area = forked(200.0, north_m, south_m, oneway=1)
    lines = trace(area, HOT)
    inner, _ = lines
    mouths = [(post, edge) for post, edge in driven(inner) if area.network.tunnel[edge]]
    assert len(mouths) == 2
    for post, edge in mouths:
        portal_m = area.network.node_xy_m[area.network.edge_v[edge]]
        assert np.hypot(*(np.array(area.frame.point_m(post.location)) - portal_m)) < 1.1
        assert "at the portal of a tunnel" in post.reason
    assert needles_m(inner.polygon_m) == 0
    assert inner.record.sealed
    assert failures(area, lines) == set()


def test_a_mouth_beyond_the_limit_is_stood_at_wherever_the_limit_cuts_its_tunnel() -> None:
    """A ring of a smaller reach leaves out such a portal: its post had stood where the limit crosses."""
    area = forked(300.0, 230.0, 260.0, oneway=1)
    network, limit_m = area.network, Point(0, 0).buffer(330)
    band = Band.around(Point(0, 0).buffer(70), 260.0, area, doctrine().perimeters, network.no_closures())
    nearer = band.leaving_out(np.array([3, 4]))
    cut = nearer.cut_vehicles().cut
    rules = doctrine().perimeters
    standing = Standing(network, cut, limit_m, rules)
    branches = [k for k in cut.severed.tolist() if network.tunnel[cut.links.edge[k]]]
    assert len(branches) == 2
    for k in branches:
        stand = standing.on(k, rules.motorway_spur_m)
        portal_m = network.node_xy_m[stand.outer_node]
        assert not limit_m.contains(Point(portal_m))
        assert np.hypot(*(np.array(stand.xy_m) - portal_m)) < 1.1


def test_one_that_is_driven_inwards_is_closed_where_drivers_can_still_turn_off() -> None:
    area = forked(oneway=-1)
    for traced in trace(area, HOT):
        assert not area.network.tunnel[[edge for _, edge in driven(traced)]].any()


def test_each_portal_needs_its_post() -> None:
    """The laws of a seal hold, but that a cut which may stand in the tunnel takes one post less."""
    area = forked()
    raw = raw_of(area)
    inner, _ = trace(area, HOT)
    core, _ = cores(HOT, inner)
    with pytest.raises(AssertionError, match="not the fewest"):
        check_seal(inner, core, raw, set())
    closed, outside = raw.closed_by(inner), raw.outside(inner.polygon_m)
    for post, _ in driven(inner):
        others = set[int]().union(*(held for name, held in closed.items() if name != post.id))
        assert raw.reached(raw.touched(core), others, outside) & outside, f"{post.id} is not needed"


def test_where_the_portals_lie_too_far_off_the_post_names_them_all() -> None:
    area = forked(300, 1600, 1900)
    inner, _ = trace(area, HOT)
    (post,) = (post for post, edge in driven(inner) if area.network.tunnel[edge])
    ends = "1.6 km off (North Exit), 1.9 km off (South Exit)"
    assert f"which forks: close it at its portals outside, {ends}" in post.reason
    assert any(post.id in n.text and "Stop vehicles before they enter it" in n.text for n in inner.notices)


def test_the_ends_of_a_tunnel_are_those_that_its_branches_come_to() -> None:
    network = forked(200, 100, 180, parts=3).network
    (stem,) = set(network.edges_at(1).tolist()) - {0}
    branch = float(np.hypot(20, 100)), float(np.hypot(30, 180))
    ends = ends_ahead(network, stem, 10.0, ahead=True)
    assert [off for off, _, _ in ends] == pytest.approx([200 - MOUTH_M - 10 + length for length in branch])
    assert [node for _, node, _ in ends] == [3, 4]
    ((off_m, node, edge),) = ends_ahead(network, stem, 10.0, ahead=False)
    assert (off_m, node, edge) == (10.0, 1, stem)
    assert ends_ahead(network, 0, 10.0, ahead=True) == [(0.0, 1, 0)]


def test_an_end_lies_below_ground_where_nothing_but_tunnels_meets() -> None:
    network = forked(parts=2).network
    edges = np.arange(network.edge_count)
    at_u, at_v = below_ground(network, edges)
    joint = network.node_count - 1
    below = {2, joint}
    assert at_u.tolist() == [int(u) in below for u in network.edge_u]
    assert at_v.tolist() == [int(v) in below for v in network.edge_v]


def test_a_hospital_above_a_tunnel_has_its_door_on_a_street_and_the_tunnel_stays_closed() -> None:
    area = forked()
    row = {"name": "Above", "kind": "hospital"}
    content = {
        name: np.array([np.nan if name in NUMBER_COLUMNS else row.get(name, "")], dtype=float)
        if name in NUMBER_COLUMNS
        else np.array([row.get(name, "")], dtype=object)
        for name in PLACE_COLUMNS
    }
    above = replace(area, places=Table(content, np.array([Point(160, 8).buffer(5)], dtype=object)))
    for traced in trace(above, HOT):
        assert not area.network.tunnel[[edge for _, edge in driven(traced)]].any()
