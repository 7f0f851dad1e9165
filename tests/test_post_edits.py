"""Laws of live edits: posts moved, removed and added, streets kept open, other rings; on the made town."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner.area import Area
from planner.audit.perimeters import check_perimeters
from planner.audit.scene import Scene
from planner.audit.streets import RawStreets as Surveyed
from planner.errors import IncidentError
from planner.geo import LonLat
from planner.model import Incident, Post, PostEdit, Shape
from planner.perimeters.tracing import TracedPerimeter, trace_perimeters
from planner.terms import InnerHolds, NoticeLevel, PerimeterName, PostEditKind, PostMode, RingSize
from tests.test_perimeter import RawStreets, Traced, cores, doctrine, ground_of, plan_of
from tests.town import town

HOT = Point(10.0, -20.0).buffer(120.0)
HALVES = st.tuples(st.sampled_from([0, 1]), st.integers(0, 1_000))


@lru_cache(maxsize=1)
def area() -> Area:
    return town()


@lru_cache(maxsize=1)
def raw() -> RawStreets:
    return RawStreets(area().network)


def trace(*edits: PostEdit, **said: object) -> Traced:
    incident = Incident(post_edits=edits, **said)  # type: ignore[arg-type]
    return trace_perimeters(ground_of(HOT), area(), doctrine(), area().network.no_closures(), incident)


@lru_cache(maxsize=1)
def untouched() -> Traced:
    return trace()


def edit(kind: PostEditKind, *places: LonLat, perimeter: PerimeterName | None = None) -> PostEdit:
    shape = Shape(points=places) if len(places) == 1 else Shape(lines=(places,))
    return PostEdit(shape, kind, perimeter)


def vehicle_posts(traced: TracedPerimeter) -> list[Post]:
    return [post for post in traced.posts if post.mode is PostMode.VEHICLE]


def edges_of(traced: TracedPerimeter) -> set[int]:
    return {e for p, e in zip(traced.posts, traced.post_edges, strict=True) if p.mode is PostMode.VEHICLE}


def pick(half: tuple[int, int]) -> tuple[int, Post, int]:
    """Choose a vehicle post of the untouched plan: its perimeter's index, the post and its edge."""
    traced = untouched()[half[0]]
    posts = [
        (p, e) for p, e in zip(traced.posts, traced.post_edges, strict=True) if p.mode is PostMode.VEHICLE
    ]
    post, edge = posts[half[1] % len(posts)]
    return half[0], post, edge


def way_out(traced: TracedPerimeter, which: int, hot_lines: Traced) -> bool:
    """Whether a vehicle gets out although every post is held, by code that shares nothing with the cut."""
    core = raw().touched(cores(HOT, hot_lines[0])[which].buffer(0.3))
    outside = raw().outside(traced.polygon_m)
    closed = set().union(*raw().closed_by(traced).values()) if traced.posts else set()
    return bool(raw().reached(core, closed, outside) & outside)


def holds(lines: Traced) -> None:
    """Sealed or not, a perimeter says the truth, and both lines stay rings around what they hold."""
    for which, traced in enumerate(lines):
        assert traced.record.sealed == (not traced.record.leaks)
        assert way_out(traced, which, lines) == (not traced.record.sealed), traced.record.leaks
        assert traced.polygon_m.is_valid
        for post in traced.posts:
            spot = Point(area().frame.point_m(post.location))
            assert traced.polygon_m.exterior.distance(spot) <= 15, post
    assert lines[1].polygon_m.contains(lines[0].polygon_m)


@given(half=HALVES)
@settings(max_examples=8)
def test_a_post_removed_is_replaced_by_others_and_no_street_leaks_unsaid(half: tuple[int, int]) -> None:
    which, post, edge = pick(half)
    lines = trace(edit(PostEditKind.REMOVE, post.location, perimeter=post.perimeter))
    assert edge not in edges_of(lines[which])
    holds(lines)


@given(half=HALVES)
@settings(max_examples=6)
def test_a_street_kept_open_is_closed_by_neither_perimeter(half: tuple[int, int]) -> None:
    _, post, edge = pick(half)
    lines = trace(edit(PostEditKind.OPEN, post.location))
    assert all(edge not in edges_of(traced) for traced in lines)
    holds(lines)


@given(half=HALVES, step_m=st.sampled_from([30.0, 45.0, 60.0]))
@settings(max_examples=6)
def test_a_post_moved_along_its_street_stands_there(half: tuple[int, int], step_m: float) -> None:
    which, post, edge = pick(half)
    network = area().network
    length = float(network.length_m[edge])
    spot = area().frame.place(*network.at(edge, min(step_m, length / 2)))
    lines = trace(edit(PostEditKind.MOVE, post.location, spot, perimeter=post.perimeter))
    assert edge in edges_of(lines[which])
    moved = lines[which].posts[lines[which].post_edges.index(edge)]
    away = np.hypot(*(np.subtract(area().frame.point_m(moved.location), area().frame.point_m(spot))))
    at_edge = any("stands at its edge" in n.text for n in lines[which].notices)
    assert away < 3.0 or at_edge
    holds(lines)


@given(
    at=st.tuples(st.integers(-450, 450), st.integers(-300, 300)), name=st.sampled_from(list(PerimeterName))
)
@settings(max_examples=10)
def test_a_post_added_anywhere_stands_there_or_is_refused_in_words(
    at: tuple[int, int], name: PerimeterName
) -> None:
    network = area().network
    (place,) = network.snap([at], network.drivable)
    assert place is not None
    spot = area().frame.place(place.x_m, place.y_m)
    lines = trace(edit(PostEditKind.ADD, spot, perimeter=name))
    which = 0 if name is PerimeterName.INNER else 1
    refused = any("can stand on" in n.text or "stands at its edge" in n.text for n in lines[which].notices)
    stands = any(
        np.hypot(*np.subtract(area().frame.point_m(p.location), (place.x_m, place.y_m))) < 3.0
        for p in vehicle_posts(lines[which])
    )
    assert stands or refused
    holds(lines)


def test_a_post_added_or_moved_on_a_footway_stands_there_on_foot() -> None:
    network, outcomes = area().network, set()
    for which, traced in enumerate(untouched()):
        name = traced.record.perimeter
        ring = traced.polygon_m.exterior
        walked = np.flatnonzero(~network.drivable & (network.length_m > 40))
        near = [e for e in walked.tolist() if ring.distance(network.lines([e])[0]) < 5]
        for edge in near[:3]:
            line = network.lines([edge])[0]
            along = float(
                line.project(ring.interpolate(ring.project(line.interpolate(0.5, normalized=True))))
            )
            (snap,) = network.snap([network.at(edge, along)], ~network.drivable)
            (driven,) = network.snap([network.at(edge, along)], network.drivable)
            assert snap is not None
            if snap.edge != edge or (driven is not None and driven.offset_m < 10):
                continue
            spot = area().frame.place(*network.at(edge, along))
            for change in (
                edit(PostEditKind.ADD, spot, perimeter=name),
                edit(PostEditKind.MOVE, traced.posts[0].location, spot, perimeter=name),
            ):
                lines = trace(change)
                holds(lines)
                drawn = lines[which]
                stands = [
                    p
                    for p, e in zip(drawn.posts, drawn.post_edges, strict=True)
                    if e == edge and p.mode is PostMode.FOOT
                ]
                off = drawn.polygon_m.exterior.distance(Point(network.at(edge, along))) > 15
                refused = any("lies off the line" in n.text for n in drawn.notices)
                assert refused == off
                if not off:
                    assert any(
                        np.hypot(*np.subtract(area().frame.point_m(p.location), network.at(edge, along))) < 1
                        for p in stands
                    )
                outcomes.add(off)
    assert False in outcomes


def everything_open() -> list[PostEdit]:
    return [
        edit(
            PostEditKind.OPEN,
            area().frame.place(*area().network.at(e, float(area().network.length_m[e]) / 2)),
        )
        for e in np.flatnonzero(area().network.drivable).tolist()
        if np.hypot(*area().network.at(e, 0.0)) < 700
    ]


def test_streets_that_all_stay_open_are_leaks_by_name() -> None:
    inner = untouched()[0]
    removed = [edit(PostEditKind.OPEN, post.location) for post in vehicle_posts(inner)]
    lines = trace(*removed)
    holds(lines)
    # the whole way round, as far as the cut may look: nothing is left to close on the main road's last street
    inner, _ = trace(*everything_open())
    assert not inner.record.sealed
    assert inner.record.leaks
    assert any(n.level is NoticeLevel.DANGER for n in inner.notices)


def test_where_the_user_keeps_streets_open_the_audit_names_them_and_asks_for_no_post() -> None:
    incident = Incident(post_edits=tuple(everything_open()))
    ground = ground_of(HOT)
    lines = trace_perimeters(ground, area(), doctrine(), area().network.no_closures(), incident)
    for said, ok in ((incident, True), (Incident(), False)):
        scene = Scene(plan_of(said, ground, lines, area()), area(), doctrine(), Surveyed.of(area().network))
        (check,) = [c for c in check_perimeters(scene) if (c.check, c.about) == ("crossings", "inner")]
        assert check.ok == ok
        assert ("kept open by the IC: " in check.detail) == ok
        assert any(leak in check.detail for leak in lines[0].record.leaks)
    untold = [replace(line, record=replace(line.record, sealed=True, leaks=())) for line in lines]
    scene = Scene(
        plan_of(incident, ground, (untold[0], untold[1]), area()),
        area(),
        doctrine(),
        Surveyed.of(area().network),
    )
    assert not any(c.ok for c in check_perimeters(scene) if (c.check, c.about) == ("crossings", "inner"))


def test_a_street_kept_open_does_not_make_a_crossing_of_what_passes_on_another_level() -> None:
    hot = Point(-320.0, -205.0).buffer(60.0)
    ground = ground_of(hot)
    inner, outer = trace_perimeters(ground, area(), doctrine(), area().network.no_closures(), Incident())
    post, edge = next((p, e) for p, e in zip(outer.posts, outer.post_edges, strict=True) if p.id == "O4")
    street = area().network.street(edge)
    without = replace(
        outer,
        posts=tuple(other for other in outer.posts if other is not post),
        record=replace(outer.record, sealed=False, leaks=(street,)),
    )
    incident = Incident(post_edits=(edit(PostEditKind.OPEN, post.location),))
    scene = Scene(
        plan_of(incident, ground, (inner, without), area()),
        area(),
        doctrine(),
        Surveyed.of(area().network),
    )
    (check,) = [c for c in check_perimeters(scene) if (c.check, c.about) == ("crossings", "outer")]
    assert check.ok, check.detail
    assert "2 crossing(s) on another level" in check.detail
    assert f"kept open by the IC: {street}" in check.detail


def test_an_edit_without_a_perimeter_is_for_the_one_it_lies_at() -> None:
    inner, outer = untouched()
    for traced in (inner, outer):
        post = vehicle_posts(traced)[0]
        lines = trace(edit(PostEditKind.REMOVE, post.location))
        edge = traced.post_edges[traced.posts.index(post)]
        which = 0 if traced is inner else 1
        assert edge not in edges_of(lines[which])


def test_an_edit_far_from_any_street_is_a_danger_and_a_move_needs_two_places() -> None:
    nowhere = edit(PostEditKind.ADD, area().frame.place(2900.0, 2900.0), perimeter=PerimeterName.INNER)
    inner, _ = trace(nowhere)
    assert any("does nothing" in n.text and n.level is NoticeLevel.DANGER for n in inner.notices)
    with pytest.raises(IncidentError, match="post edit 1"):
        trace(edit(PostEditKind.MOVE, area().frame.place(0.0, 0.0)))


def test_warm_ground_is_held_where_the_incident_says_so() -> None:
    hot, warm = trace(inner_holds=InnerHolds.HOT), trace(inner_holds=InnerHolds.HOT_AND_WARM)
    assert hot == untouched() or hot[0].record == untouched()[0].record
    assert warm[0].polygon_m.contains(HOT.buffer(60))
    holds_both = warm[1].polygon_m.contains(warm[0].polygon_m)
    assert holds_both


def test_a_smaller_ring_gives_up_its_stand_off_and_a_larger_takes_no_more_posts() -> None:
    small = trace(inner_size=RingSize.SMALLER, outer_size=RingSize.SMALLER)
    large = trace(inner_size=RingSize.LARGER, outer_size=RingSize.LARGER)
    for which, traced in enumerate(untouched()):
        assert len(vehicle_posts(small[which])) <= len(vehicle_posts(traced))
        assert small[which].polygon_m.contains(HOT)
    assert len(vehicle_posts(large[0])) <= len(vehicle_posts(untouched()[0]))
    assert large[1].polygon_m.contains(large[0].polygon_m)


def test_what_an_option_says_is_what_taking_it_gives() -> None:
    inner = untouched()[0]
    assert [option.holds for option in inner.options()[:2]] == [InnerHolds.HOT, InnerHolds.HOT_AND_WARM]
    planned, warm = inner.options()[:2]
    assert planned.vehicle_posts == len(vehicle_posts(untouched()[0]))
    taken = trace(inner_holds=InnerHolds.HOT_AND_WARM)[0]
    more = len(vehicle_posts(taken)) - warm.vehicle_posts
    assert 0 <= more <= doctrine().perimeters.posts_for_line
    if not more:
        assert sum(post.officers for post in vehicle_posts(taken)) == warm.officers


def test_a_ring_beyond_the_limit_offers_smaller_and_larger_with_what_each_gives_up() -> None:
    for traced in untouched():
        over = traced.record.officers > doctrine().perimeters.ring_officers_most
        sizes = {option.size for option in traced.options()} - {RingSize.STANDARD}
        assert sizes == ({RingSize.SMALLER, RingSize.LARGER} if over else set())
        assert all(option.says for option in traced.options())
    assert any(t.record.officers > doctrine().perimeters.ring_officers_most for t in untouched())
