"""What the outer perimeter owes: gates for the shut in, roads for stations and hospitals, detours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.model import Incident
from planner.perimeters.duties import Duties, outer_duties
from planner.perimeters.gates import inner_gates
from planner.perimeters.posts import IN_TUNNEL
from planner.perimeters.tracing import TracedPerimeter, trace_perimeters
from planner.plan import make_plan
from planner.settings import shipped
from planner.terms import Control, NoticeLevel, PerimeterName, PostMode, Purpose, RoadClass, ThreatName
from tests.streets import draw_streets
from tests.test_perimeter import area_of, ground_of
from tests.town import town


@lru_cache(maxsize=1)
def doctrine() -> Doctrine:
    return read_doctrine(shipped("data", "doctrine.toml"))


@lru_cache(maxsize=1)
def area() -> Area:
    return town()


def owed(x: float, y: float, reach_m: float) -> tuple[TracedPerimeter, TracedPerimeter, Duties]:
    blocked = area().network.no_closures()
    inner, outer = trace_perimeters(ground_of(Point(x, y).buffer(reach_m)), area(), doctrine(), blocked)
    return inner, outer, outer_duties(inner, outer, (), blocked, area(), doctrine())


@given(x=st.integers(-500, 500), y=st.integers(-500, 500), reach_m=st.integers(15, 150))
@settings(max_examples=8)
def test_whoever_is_between_the_lines_can_drive_out_by_a_gate(x: int, y: int, reach_m: int) -> None:
    inner, outer, duties = owed(x, y, reach_m)
    network = area().network
    gates = {name for name, _ in duties.gates}
    shut = {e for p, e in zip(outer.posts, outer.post_edges, strict=True) if p.id not in gates}
    between = set(np.flatnonzero(outer.inside & ~inner.inside & network.drivable).tolist())
    u, v, _ = network.vehicle_ends
    reached = {e for p, e in zip(outer.posts, outer.post_edges, strict=True) if p.id in gates}
    todo = list(reached)
    at: dict[int, set[int]] = {}
    for edge in between:
        at.setdefault(int(u[edge]), set()).add(edge)
        at.setdefault(int(v[edge]), set()).add(edge)
    while todo:
        edge = todo.pop()
        new = (at.get(int(u[edge]), set()) | at.get(int(v[edge]), set())) - reached
        reached |= new
        todo += new
    left = between - reached
    with_posts = {e for e in left if e in shut}
    assert not with_posts, "a street with a closed post has no gate in its part"
    held = np.flatnonzero(inner.inside & network.drivable)
    beside = {int(n) for e in held for n in (u[e], v[e])}
    if any(int(u[e]) in beside or int(v[e]) in beside for e in left):
        assert any("Between the two lines" in n.text for n in duties.notices)


def test_a_fire_station_is_left_out_or_its_engines_get_a_gate() -> None:
    station = area().places_of("fire_station").shapes[0].representative_point()
    told = set()
    for x in range(-700, 100, 130):
        _, outer, duties = owed(x, -100.0, 60.0)
        texts = [n.text for n in (*outer.notices, *duties.notices) if "Station 1" in n.text]
        (door,) = area().network.snap([(station.x, station.y)], area().network.drivable)
        assert door is not None
        if outer.polygon_m.contains(Point(door.x_m, door.y_m)):
            assert any("its engines leave by gate" in text for text in texts)
            told.add("inside")
        elif any("left outside" in text for text in texts):
            told.add("spared")
    assert "inside" in told


def test_through_traffic_gets_a_way_round_by_name() -> None:
    plan = make_plan(
        Incident(location=area().frame.place(0.0, 0.0), threat=ThreatName.HANDGUN), area(), doctrine()
    )
    texts = [n.text for n in plan.notices if n.text.startswith("Through traffic on")]
    assert texts
    assert all("detour" in text or "no way round" in text for text in texts)


def test_a_divided_road_has_its_way_round_from_where_traffic_turns_off_to_where_it_goes_on() -> None:
    """Its four posts close two carriageways: between two that both lead out there is no way at all."""
    marks = (-2500, -1500, -900, -300, 300, 900, 1500, 2500)
    places = [(float(x), y) for y in (-6.0, 6.0) for x in marks]
    east = [(k, k + 1) for k in range(7)]
    west = [(k + 9, k + 8) for k in range(7)]
    main: list[Mapping[str, object]] = [
        {"u": u, "v": v, "name": "Main", "oneway": 1, "road_class": RoadClass.PRIMARY} for u, v in east + west
    ]
    joins: list[Mapping[str, object]] = [{"u": u, "v": u + 8, "name": "Join"} for u in (1, 6)]
    bypass: list[Mapping[str, object]] = [
        {"u": 9, "v": 14, "name": "Bypass", "via": [(-1500, 1500), (1500, 1500)]}
    ]

    def told(streets: list[Mapping[str, object]]) -> list[str]:
        drawn = area_of(draw_streets(places, streets))
        blocked = drawn.network.no_closures()
        traced = trace_perimeters(ground_of(Point(0, 0).buffer(50)), drawn, doctrine(), blocked)
        assert len(traced[1].posts) == 4
        duties = outer_duties(*traced, (), blocked, drawn, doctrine())
        return [n.text for n in duties.notices if n.text.startswith("Through traffic")]

    (text,) = told([*main, *joins, *bypass])
    assert text.startswith("Through traffic on Main: detour by ")
    assert "Bypass" in text
    assert told([*main, *joins]) == [
        "Through traffic on Main has no way round the outer perimeter on this map"
    ]


def test_every_plan_has_a_gate_for_rescue_and_one_for_evacuees_and_one_out() -> None:
    plan = make_plan(
        Incident(location=area().frame.place(0.0, 0.0), threat=ThreatName.HANDGUN), area(), doctrine()
    )
    gates = [post for post in plan.posts if post.control is Control.GATE]
    reasons = " ".join(post.reason for post in gates)
    assert "rescue teams" in reasons
    assert "one lane with a search point" in reasons
    assert any(post.perimeter is PerimeterName.OUTER for post in gates)
    assert all(post.officers >= doctrine().perimeters.officers_gate for post in gates)


def test_a_hospital_whose_only_road_is_taken_is_a_danger() -> None:
    hospital = area().places_of("hospital").shapes[0].representative_point()
    levels = set()
    for step in (150.0, 250.0, 350.0):
        for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step)):
            _, outer, duties = owed(hospital.x + dx, hospital.y + dy, 40.0)
            for notice in duties.notices:
                if "only road" in notice.text:
                    assert notice.level is NoticeLevel.DANGER
                    levels.add("only")
                if "staff and ambulances need a gate" in notice.text:
                    (door,) = area().network.snap([(hospital.x, hospital.y)], area().network.drivable)
                    assert door is not None
                    assert shapely.contains_xy(outer.polygon_m, door.x_m, door.y_m)
                    levels.add("inside")
    assert levels


def test_evacuees_get_one_named_lane_and_foot_posts_serve_where_no_vehicle_post_stands() -> None:
    plan = make_plan(
        Incident(location=area().frame.place(0.0, 0.0), threat=ThreatName.HANDGUN), area(), doctrine()
    )
    inner = tuple(post for post in plan.posts if post.perimeter is PerimeterName.INNER)
    evacuation = next(s for s in plan.sites if s.purpose is Purpose.EVACUATION and s.rank == 1)
    (lane,) = [post for post in inner if "Gate for evacuees" in post.reason]
    assert lane.control is Control.GATE
    assert f"this gate {lane.id} -> search point on {lane.street}" in lane.reason
    assert f"-> evacuation area {evacuation.id}, {evacuation.name}" in lane.reason

    on_foot = tuple(replace(post, mode=PostMode.FOOT) for post in inner)
    gates = inner_gates(on_foot, plan.sites, area().frame)
    assert [("rescue teams" in why, "evacuees" in why) for why in gates.values()] == [
        (True, False),
        (False, True),
    ]
    assert "Every post of this line is on foot" in next(iter(gates.values()))
    (both,) = inner_gates(on_foot[:1], plan.sites, area().frame).values()
    assert "rescue teams" in both
    assert "evacuees" in both
    one_drives = (replace(inner[0], mode=PostMode.VEHICLE), *on_foot[1:])
    rescue, evacuees = inner_gates(one_drives, plan.sites, area().frame)
    assert rescue == inner[0].id != evacuees


def test_no_gate_opens_in_a_tunnel_where_another_post_can() -> None:
    plan = make_plan(
        Incident(location=area().frame.place(0.0, 0.0), threat=ThreatName.HANDGUN), area(), doctrine()
    )
    inner = tuple(post for post in plan.posts if post.perimeter is PerimeterName.INNER)
    for count in range(1, len(inner) + 1):  # whichever lie in one
        below = tuple(replace(post, reason=f"{post.reason} {IN_TUNNEL}") for post in inner[:count])
        opened = inner_gates((*below, *inner[count:]), plan.sites, area().frame)
        free = {post.id for post in inner[count:]}
        assert opened
        assert opened.keys() <= free or not free
