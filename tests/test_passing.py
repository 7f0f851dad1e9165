"""Tunnels and bridges that pass the line: no finger along them; their posts stand beyond, told and sealed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point

from planner import words
from planner.area import Area
from planner.audit.perimeters import check_perimeters
from planner.audit.scene import Scene
from planner.audit.streets import RawStreets
from planner.model import Incident, Post
from planner.perimeters.foot import post_walkers
from planner.perimeters.outline import needles_m
from planner.perimeters.passing import Passing, find_passing
from planner.perimeters.posts import Stand
from planner.perimeters.tracing import TracedPerimeter
from planner.terms import PostMode, RoadClass
from tests.streets import draw_streets
from tests.test_perimeter import area_of, doctrine, ground_of, plan_of, trace

HOT = Point(0, 0).buffer(40)
PORTAL_M = 620.0


def deep(over: str = "tunnel", *, side: bool = False, steps: bool = False) -> Area:
    """A street eastwards from the scene, from x = 250 to 520 below or above two others that it does not meet.

    Then it runs 100 m on the ground to a junction. ``side``: another street joins it in the tunnel or on the
    bridge; ``steps``: a footway does, between there and the junction.
    """
    places = [(0, 0), (250, 0), (520, 0), (PORTAL_M, 0), (2500, 400), (2500, -400)]
    places += [(300, 2500), (300, -2500), (420, 2500), (420, -2500), (0, 1200), (0, -1200), (-1200, 0)]
    level = {over: True, "layer": -1 if over == "tunnel" else 1}
    arms: list[dict[str, Any]] = [
        {"u": 0, "v": 1, "name": "Deep"},
        {"u": 1, "v": 2, "name": "Deep", **level},
        {"u": 2, "v": 3, "name": "Deep"},
        {"u": 3, "v": 4, "name": "East"},
        {"u": 3, "v": 5, "name": "South East"},
        {"u": 6, "v": 7, "name": "First Across"},
        {"u": 8, "v": 9, "name": "Second Across"},
        *({"u": 0, "v": end, "name": "Arm"} for end in (10, 11, 12)),
    ]
    if side:
        places += [(400, 0), (400, -2500)]
        arms[1] = {"u": 1, "v": 13, "name": "Deep", **level}
        arms += [{"u": 13, "v": 2, "name": "Deep", **level}, {"u": 13, "v": 14, "name": "Side", **level}]
    if steps:
        places += [(570, 0), (570, 900)]
        arms[2] = {"u": 2, "v": len(places) - 2, "name": "Deep"}
        arms.append({"u": len(places) - 2, "v": 3, "name": "Deep"})
        arms.append({"u": len(places) - 2, "v": len(places) - 1, "road_class": RoadClass.FOOTWAY})
    return area_of(draw_streets(places, arms))


def passing_post(traced: TracedPerimeter) -> Post:
    (post,) = (post for post in traced.posts if "stands beyond" in post.reason)
    return post


@pytest.mark.parametrize("over", ["tunnel", "bridge"])
def test_the_line_runs_no_finger_along_a_tunnel_or_bridge(over: str) -> None:
    area = deep(over)
    inner, outer = trace(area, HOT)
    assert needles_m(outer.polygon_m) == 0
    assert outer.polygon_m.bounds[2] < 300, "it stays this side of the streets across"
    spot = Point(area.frame.point_m(passing_post(outer).location))
    assert PORTAL_M - 30 < spot.x < PORTAL_M
    off_m = outer.polygon_m.exterior.distance(spot)
    how = "tunnel passes under" if over == "tunnel" else "bridge passes over"
    told = f"The {how} the line: this post stands beyond, {words.distance(off_m, words.METRES)} off."
    assert told in passing_post(outer).reason
    assert outer.record.sealed
    assert sum(post.mode is PostMode.VEHICLE for post in outer.posts) == 4, "no post more, and none on foot"
    assert len(outer.posts) == 4
    (notice,) = (n.text for n in outer.notices if "beyond its line" in n.text)
    assert notice.startswith(f"{passing_post(outer).id} of the outer perimeter")
    assert not any("off its line" in n.text for n in outer.notices)
    assert inner.polygon_m.exterior.distance(Point(area.frame.point_m(inner.posts[0].location))) < 1


def failures(area: Area, lines: tuple[TracedPerimeter, TracedPerimeter]) -> set[str]:
    plan = plan_of(Incident(), ground_of(HOT), lines, area)
    scene = Scene(plan, area, doctrine(), RawStreets.of(area.network))
    return {check.check for check in check_perimeters(scene) if not check.ok and check.check != "nesting"}


def test_an_audit_takes_a_post_beyond_the_line_only_as_told_and_only_where_it_stands() -> None:
    area = deep()
    inner, outer = trace(area, HOT)
    assert failures(area, (inner, outer)) == set()
    untold = replace(outer, notices=tuple(n for n in outer.notices if "beyond its line" not in n.text))
    assert failures(area, (inner, untold)) >= {"post", "crossings"}
    post = passing_post(outer)
    gone = replace(outer, posts=tuple(p for p in outer.posts if p is not post))
    assert "seal" in failures(area, (inner, gone))
    joined = deep(side=True)
    assert "seal" in failures(joined, (inner, outer)), "a street joins the tunnel on the way to the post"


@pytest.mark.parametrize("by", ["side", "steps"])
def test_a_street_that_another_joins_before_the_post_does_not_pass(by: str) -> None:
    network = deep(side=by == "side", steps=by == "steps").network
    (last,) = set(network.edges_at(3).tolist()) - {3, 4}
    everything = set(range(network.edge_count))
    plain = deep().network
    assert find_passing(plain, 2, True, everything) == Passing((1,), (2,), 1)
    found = find_passing(network, last, True, everything)
    if by == "side":
        assert found is not None
        assert float(network.length_m[list(found.spans)].sum()) == pytest.approx(120)
    else:
        assert found is None


def under_the_scene() -> Area:
    """A motorway in a tunnel through the scene, and behind that a road that joins it twice and no other."""
    places = [(-28, -950), (-28, -356), (-28, 24), (-28, 568), (-28, 585)]
    deep: dict[str, Any] = {"name": "Deep", "road_class": RoadClass.MOTORWAY, "oneway": 1}
    arms = [{"u": k, "v": k + 1, **deep, "tunnel": k > 0, "layer": -(k > 0)} for k in range(4)]
    return area_of(draw_streets(places, [*arms, {"u": 4, "v": 3, "road_class": RoadClass.MOTORWAY_LINK}]))


def over_the_scene() -> Area:
    """A bridge over the scene to a road that nothing joins but steps, from where streets go on."""
    places = [(-800, -113), (-575, -113), (204, -113), (249, -113), (420, -113), (800, -113), (450, -150)]
    places += [(450, -300), (450, 0), (600, -300), (0, -450), (0, -300), (0, -150)]
    high: dict[str, Any] = {"name": "High", "road_class": RoadClass.TRUNK, "oneway": 1}
    spans = (False, True, False, False, True)
    arms = [{"u": k, "v": k + 1, **high, "bridge": over, "layer": int(over)} for k, over in enumerate(spans)]
    arms.append({"u": 4, "v": 6, "name": "Steps", "road_class": RoadClass.STEPS})
    arms += [{"u": u, "v": v} for u, v in ((7, 9), (7, 6), (6, 8), (10, 11), (11, 12))]
    return area_of(draw_streets(places, arms))


@pytest.mark.parametrize("made", [under_the_scene, over_the_scene])
def test_what_runs_through_the_scene_does_not_part_its_other_end_from_it(made: Callable[[], Area]) -> None:
    """Who is on it comes off it at that end too: the line holds what hangs on it, or posts stand there."""
    area = made()
    lines = trace(area, HOT)
    assert all(line.record.sealed for line in lines)
    assert failures(area, lines) & {"seal", "seal_claim", "foot_seal"} == set()


def below() -> Area:
    """A street of the scene, and below it a tunnel that joins roads beyond the scene alone."""
    places = [(0, 900), (0, 0), (0, -900), (-2000, 30), (-700, 30), (700, 30), (2000, 30)]
    places += [(-2000, 900), (-2000, -900), (2000, 900), (2000, -900)]
    arms: list[dict[str, Any]] = [{"u": 0, "v": 1, "name": "Scene"}, {"u": 1, "v": 2, "name": "Scene"}]
    arms += [{"u": k, "v": k + 1, "name": "Below", "tunnel": k == 4, "layer": -(k == 4)} for k in (3, 4, 5)]
    arms += [{"u": u, "v": v} for u, v in ((3, 7), (3, 8), (6, 9), (6, 10))]
    return area_of(draw_streets(places, arms))


def told_of_levels(traced: TracedPerimeter) -> list[str]:
    return [n.text for n in traced.notices if "can stay open" in n.text or "drive out" in n.text]


def test_what_only_passes_below_may_stay_open_and_what_begins_inside_may_not() -> None:
    inner, outer = trace(below(), HOT)
    (text,) = told_of_levels(inner)
    assert "Below" in text
    assert "decide whether it can stay open" in text
    assert told_of_levels(outer) == [], "both its ends lie on the ground inside that line"
    _, outer = trace(deep(), Point(0, 0).buffer(120))
    (text,) = told_of_levels(outer)
    assert "Deep" in text
    assert "one can drive out" in text
    assert "stay open" not in text


def test_a_bridge_that_the_streets_of_the_scene_lead_to_is_closed_like_any_street() -> None:
    _, outer = trace(deep("bridge"), Point(0, 0).buffer(120))
    assert told_of_levels(outer) == []


@pytest.mark.parametrize("passes", [True, False])
def test_nobody_stands_on_foot_on_the_street_between_a_bridge_that_passes_and_its_post(passes: bool) -> None:
    """Nothing joins it there: who walks it comes out at the post, though the line takes in a part of it."""
    network, line, core = deep("bridge").network, Point(0, 0).buffer(540), Point(0, 0).buffer(530)
    posts = [
        Stand(edge, along_m, network.at(edge, along_m), True, outer, PostMode.VEHICLE, whole=True)
        for edge, along_m, outer in ((2, 88.0, 3), (7, 500.0, 10), (8, 500.0, 11), (9, 500.0, 12))
    ]
    if passes:
        posts[0] = replace(posts[0], passed=(1,), between=(2,))
    rules, nothing = doctrine().perimeters, np.empty(0, dtype=np.int64)
    walkers = post_walkers(
        network, line, core, HOT, posts, [], rules.post_watch_m, rules.stand_off_m, nothing
    )
    assert (2 in [walker.edge for walker in walkers]) != passes


def test_what_is_no_longer_than_a_short_bridge_passes_no_line() -> None:
    places = [(0, 0), (400, 0), (425, 0), (500, 0)]
    arms = [{"u": k, "v": k + 1, "name": "Main", "bridge": k == 1} for k in range(3)]
    network = draw_streets(places, arms)
    assert find_passing(network, 2, True, {0, 1}) is None
    assert find_passing(network, 1, True, {0}) is None
