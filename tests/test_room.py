"""Command post, casualties and exchange have room between the lines, or the plan says what it takes."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from shapely.geometry import Point

from planner import plan as plan_module
from planner.doctrine import Doctrine
from planner.model import Closure, Incident, PostEdit, Reject, Shape
from planner.perimeters.rings import outer_options
from planner.plan import HeldScene, hold_scene, make_plan
from planner.room import SET_OUT
from planner.sites.between import Between, command_without_room
from planner.sites.choosing import choose_sites
from planner.terms import PerimeterName, PostEditKind, PostMode, Purpose, RingSize, ThreatName
from tests.test_perimeter import doctrine
from tests.town import town

BETWEEN = (Purpose.COMMAND_POST, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)


def incident(x: float, y: float, threat: ThreatName) -> Incident:
    return Incident(location=town().frame.place(x, y), threat=threat)


WIDENED = incident(-800, -800, ThreatName.KNIFE)
DEAR = incident(-200, 100, ThreatName.HANDGUN)


def with_rules(**numbers: Any) -> Doctrine:
    return replace(doctrine(), perimeters=replace(doctrine().perimeters, **numbers))


def outside(held: HeldScene) -> set[Purpose]:
    spots = {site.purpose: Point(town().frame.point_m(site.entrance)) for site in held.chosen.firsts}
    return {p for p in BETWEEN if p in spots and not held.outer.polygon_m.contains(spots[p])}


def posts(held: HeldScene) -> int:
    return sum(post.mode is PostMode.VEHICLE for post in held.outer.posts)


def test_the_outer_line_is_set_out_until_command_and_casualties_lie_within() -> None:
    near = hold_scene(WIDENED, town(), with_rules(outer_gap_most_m=doctrine().perimeters.outer_gap_m))
    held = hold_scene(WIDENED, town(), doctrine())
    assert outside(near) == {Purpose.COMMAND_POST, Purpose.AMBULANCE_EXCHANGE}
    assert outside(held) == set()
    assert "instead of" not in near.outer.record.reason
    assert "150 m instead of 100 m" in held.outer.record.reason
    assert "no room between the lines for the command post and ambulance" in held.outer.record.reason
    assert held.outer.polygon_m.covers(held.ground.danger_m.buffer(149))
    assert posts(held) - posts(near) <= doctrine().perimeters.posts_for_room
    (told,) = SET_OUT.findall(held.outer.record.reason)
    assert float(told) == 150


def test_where_it_takes_too_many_posts_that_is_only_told() -> None:
    held = hold_scene(DEAR, town(), doctrine())
    assert outside(held) == {Purpose.COMMAND_POST}
    (told,) = (notice.text for notice in held.outer.notices if "no room between" in notice.text)
    generous = hold_scene(DEAR, town(), with_rules(posts_for_room=100))
    assert outside(generous) == set()
    assert f"takes {posts(generous) - posts(held)} vehicle posts more" in told


@pytest.mark.parametrize("size", [RingSize.SMALLER, RingSize.LARGER])
def test_a_ring_whose_size_the_user_chose_stays(size: RingSize) -> None:
    held = hold_scene(replace(WIDENED, outer_size=size), town(), doctrine())
    assert "instead of" not in held.outer.record.reason


def test_neither_a_rejected_site_nor_an_edited_post_moves_the_line_elsewhere() -> None:
    held = hold_scene(WIDENED, town(), doctrine())
    site = next(site for site in held.chosen.firsts if site.purpose is Purpose.COMMAND_POST)
    rejected = hold_scene(
        replace(WIDENED, rejects=(Reject(Purpose.COMMAND_POST, site.entrance),)), town(), doctrine()
    )
    assert rejected.outer.polygon_m.equals(held.outer.polygon_m)
    shape = Shape(points=(held.outer.posts[0].location,))
    edit = PostEdit(shape, PostEditKind.REMOVE, PerimeterName.OUTER)
    edited = hold_scene(replace(WIDENED, post_edits=(edit,)), town(), doctrine())
    assert edited.outer.record.reason.split(" It lies ")[1] == held.outer.record.reason.split(" It lies ")[1]


def test_a_street_blocked_later_does_not_set_the_line_elsewhere() -> None:
    held = hold_scene(WIDENED, town(), doctrine())
    blocked = Closure(Shape(points=(held.outer.posts[0].location,)))
    after = hold_scene(replace(WIDENED, closures=(blocked,)), town(), doctrine())
    assert SET_OUT.findall(after.outer.record.reason) == SET_OUT.findall(held.outer.record.reason) == ["150"]


def test_what_other_rings_take_is_counted_of_the_line_that_is_kept_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: list[Any] = []

    def options(*given: Any) -> Any:
        counted.append(outer_options(*given))
        return counted[-1]

    monkeypatch.setattr("planner.perimeters.tracing.outer_options", options)
    town().memory.forget()
    outer = make_plan(WIDENED, town(), doctrine()).perimeters[1]
    assert "150 m instead of 100 m" in outer.reason
    assert counted == [outer.options]


def test_each_line_that_is_drawn_has_its_streets_looked_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Any] = []

    def over(ground: Any, inner: Any, outer: Any, *rest: Any) -> Any:
        looked.append(outer)
        return streets_of(ground, inner, outer, *rest)

    streets_of = plan_module._streets
    monkeypatch.setattr(plan_module, "_streets", over)
    town().memory.forget()
    hold_scene(WIDENED, town(), doctrine())
    assert len(looked) == len(set(looked)) > 1


def test_that_command_alone_finds_no_room_is_told_as_the_whole_choice_finds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[Between] = []

    def told(between: Between) -> bool:
        sure = command_without_room(between)
        if sure:
            said.append(between)
        return sure

    monkeypatch.setattr("planner.plan.command_without_room", told)
    spots = [(x, y) for x in (-900, -300, 400, 900) for y in (-800, -200, 500)]
    for (x, y), threat in itertools.product(spots, (ThreatName.KNIFE, ThreatName.RIFLE)):
        hold_scene(incident(x, y, threat), town(), doctrine())
    assert said
    for between in said:
        chosen = choose_sites(between.incident, between.scene, between.area, between.doctrine)
        spots_m = {purpose: chosen.entrance_m(purpose) for purpose in BETWEEN}
        beyond = {p for p, at in spots_m.items() if at and not between.scene.outer_m.contains(Point(at))}
        assert beyond == {Purpose.COMMAND_POST}


def test_to_ask_whether_command_has_room_changes_nothing_that_is_chosen_or_told_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Between] = []

    def told(between: Between) -> bool:
        asked.append(between)
        sure = command_without_room(between)
        assert not between.facts.looked.any()  # how many places were in question is told
        return sure

    monkeypatch.setattr("planner.plan.command_without_room", told)
    town().memory.forget()
    spots = [(x, y) for x in (-900, -300, 400) for y in (-800, 500)]
    for (x, y), threat in itertools.product(spots, (ThreatName.KNIFE, ThreatName.RIFLE)):
        hold_scene(incident(x, y, threat), town(), doctrine())
    assert asked
    for between in asked:
        words = between.incident, between.scene, between.area, between.doctrine
        after, unasked = choose_sites(*words, between), choose_sites(*words)
        assert (after.sites, after.notices) == (unasked.sites, unasked.notices)
