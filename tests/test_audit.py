"""The audit: a good plan passes, a broken one does not, and it says where it is broken."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import dist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from planner import model
from planner.audit import audit_plan
from planner.audit.scene import Scene
from planner.audit.streets import RawStreets
from planner.document import read_plan, write_plan
from planner.geo import LonLat
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import (
    Access,
    Barrier,
    Control,
    NoticeLevel,
    PerimeterName,
    PostMode,
    Purpose,
    RoadClass,
    RouteKind,
    Service,
    SiteSource,
    ThreatName,
    ZoneKind,
)
from tests.town import Objects, town

SCENE_M = (-350.0, -195.0)
"""Off the middle of its block: there streets lie just as far off as the outer gap, and centimetres decide."""


@lru_cache
def good():
    """A plan that holds: read back from its document, so that nothing but the document is judged."""
    area = town(footways=False)
    incident = model.Incident(
        location=area.frame.place(*SCENE_M), threat=ThreatName.KNIFE, casualties=model.Casualties(2, 2, 2)
    )
    return read_plan(write_plan(make_plan(incident, area, shipped_doctrine()))), area


def audit(plan):
    return audit_plan(plan, good()[1], shipped_doctrine())


def broken(plan) -> set[tuple[str, str]]:
    return {(check.check, str(check.about)) for check in audit(plan).failures}


def swap(records, old, **changes):
    return tuple(replace(r, **changes) if r is old else r for r in records)


def first(records, **wanted):
    return next(r for r in records if all(getattr(r, name) == value for name, value in wanted.items()))


def place(x_m, y_m):
    return good()[1].frame.place(x_m, y_m)


def moved(shape, dx_m, dy_m):
    frame = good()[1].frame

    def shift(spot):
        x, y = frame.point_m(spot)
        return frame.place(x + dx_m, y + dy_m)

    return model.Shape(
        points=tuple(shift(p) for p in shape.points),
        polygons=tuple(tuple(tuple(shift(p) for p in ring) for ring in rings) for rings in shape.polygons),
    )


# --- a good plan --------------------------------------------------------------------------------


def test_a_good_plan_holds_and_every_rule_was_asked():
    plan, _ = good()
    judged = audit(plan)
    assert judged.failures == ()
    assert judged.ok
    asked = {check.check for check in judged.checks}
    assert asked >= {
        "map", "doctrine", "ids", "shape", "nesting", "seal", "seal_claim", "foot_seal", "crossings", "count",
        "ranks", "post", "site_zone", "site_side", "site_entrance", "site_room", "site_words", "site_found",
        "route_joined", "route_open", "route_gates", "route_time", "route_ends", "hospital", "patients",
        "walk_ins", "sharing", "ambulances",
    }  # fmt: skip
    assert len([c for c in judged.checks if c.check == "post"]) == len(plan.posts) > 0
    assert len([c for c in judged.checks if c.check == "site_zone"]) == len(plan.sites) > 0
    assert len([c for c in judged.checks if c.check == "route_open"]) == len(plan.routes) > 0


def test_the_same_plan_gets_the_same_audit():
    plan, _ = good()
    assert audit(plan) == audit(plan)


# --- perimeters and posts -----------------------------------------------------------------------


@given(st.data())
@settings(max_examples=25)
def test_a_plan_that_loses_any_vehicle_post_leaks(data):
    """Each post is needed (the cut is minimal), so the audit must miss each one."""
    plan, _ = good()
    lost = data.draw(st.sampled_from([p for p in plan.posts if p.mode is PostMode.VEHICLE]))
    found = broken(replace(plan, posts=tuple(p for p in plan.posts if p is not lost)))
    assert ("seal", lost.perimeter) in found
    assert ("seal_claim", lost.perimeter) in found
    assert ("count", lost.perimeter) in found


def test_a_post_on_foot_does_not_stop_a_car():
    plan, _ = good()
    post = first(plan.posts, mode=PostMode.VEHICLE)
    found = broken(replace(plan, posts=swap(plan.posts, post, mode=PostMode.FOOT)))
    assert ("seal", post.perimeter) in found


def test_a_plan_that_loses_a_post_on_foot_leaks_on_foot_only():
    area, doctrine = town(), shipped_doctrine()
    by_the_river = area.frame.place(0.0, 200.0)
    incident = model.Incident(location=by_the_river, threat=ThreatName.HANDGUN)
    plan = make_plan(incident, area, doctrine)
    missed = set()
    for lost in (post for post in plan.posts if post.mode is PostMode.FOOT):
        left = tuple(post for post in plan.posts if post is not lost)
        found = {(c.check, c.about) for c in audit_plan(replace(plan, posts=left), area, doctrine).failures}
        assert ("seal", lost.perimeter) not in found
        missed |= found & {("foot_seal", lost.perimeter)}
    assert missed


def test_ground_held_for_room_alone_does_not_leak_where_its_officers_stand():
    """Where a line is set out as far as it goes, what is left of a way beyond its post is no leak."""
    area, doctrine = town(), shipped_doctrine()
    incident = model.Incident(location=area.frame.place(0, 170), threat=ThreatName.KNIFE)
    plan = read_plan(write_plan(make_plan(incident, area, doctrine)))
    line = first(plan.perimeters, perimeter=PerimeterName.OUTER)
    scene = Scene(plan, area, doctrine, RawStreets.of(area.network))
    gap_m = scene.held_m(PerimeterName.OUTER).boundary.distance(scene.danger_m)
    reason = f"{line.reason} It lies {gap_m - 1:.0f} m instead of 100 m beyond warm ground."
    told = replace(plan, perimeters=swap(plan.perimeters, line, reason=reason))
    assert audit_plan(told, area, doctrine).failures == ()
    lost = first(told.posts, perimeter=PerimeterName.OUTER)
    left = replace(told, posts=tuple(post for post in told.posts if post is not lost))
    failed = {(check.check, check.about) for check in audit_plan(left, area, doctrine).failures}
    assert ("foot_seal", PerimeterName.OUTER) in failed


def test_a_post_that_closes_another_stretch_leaks():
    plan, _ = good()
    post, other = plan.posts[0], first(plan.posts, perimeter=PerimeterName.OUTER, rank=2)
    found = broken(replace(plan, posts=swap(plan.posts, post, closes=other.closes)))
    assert {("seal", post.perimeter), ("post", post.id)} <= found
    gone = broken(replace(plan, posts=swap(plan.posts, post, closes=((1, 2, 3),))))
    assert ("post", post.id) in gone
    assert ("post", post.id) in broken(replace(plan, posts=swap(plan.posts, post, closes=())))


def test_a_post_off_its_street_or_in_the_hot_zone_is_found():
    plan, _ = good()
    post = plan.posts[0]
    x, y = good()[1].frame.point_m(post.location)
    assert ("post", post.id) in broken(
        replace(plan, posts=swap(plan.posts, post, location=place(x + 7, y + 7)))
    )
    hot = place(*SCENE_M)
    assert ("post", post.id) in broken(replace(plan, posts=swap(plan.posts, post, location=hot)))


def test_an_honest_unsealed_plan_fails_the_seal_but_not_the_claim():
    plan, _ = good()
    line = first(plan.perimeters, perimeter=PerimeterName.INNER)
    told = (*plan.notices, model.Notice(NoticeLevel.DANGER, "Main Street cannot be sealed", "inner"))
    honest = replace(
        plan, perimeters=swap(plan.perimeters, line, sealed=False, leaks=("Main Street",)), notices=told
    )
    assert ("seal", "inner") in broken(honest)
    assert ("seal_claim", "inner") not in broken(honest)
    silent = replace(honest, notices=plan.notices)
    assert ("seal_claim", "inner") in broken(silent)


@pytest.mark.parametrize("name", PerimeterName)
def test_a_line_shrunk_swollen_or_crossed_is_found(name):
    plan, area = good()
    line = first(plan.perimeters, perimeter=name)
    x, y = area.frame.point_m(place(*SCENE_M))

    def scaled(factor):
        ring = tuple(
            place(x + (px - x) * factor, y + (py - y) * factor)
            for px, py in (area.frame.point_m(p) for p in line.rings[0])
        )
        return replace(plan, perimeters=swap(plan.perimeters, line, rings=(ring,)))

    assert ("crossings", name) in broken(scaled(1.5)) | broken(scaled(0.6))
    assert ("nesting", name) in broken(scaled(0.2))
    if name is PerimeterName.INNER:
        assert ("nesting", "outer") in broken(scaled(20.0))


def test_a_ring_that_crosses_itself_is_no_perimeter():
    plan, _ = good()
    line = plan.perimeters[0]
    ring = line.rings[0]
    third = len(ring) // 3
    knotted = (*ring[:third], *ring[third : 2 * third][::-1], *ring[2 * third :])
    found = broken(replace(plan, perimeters=swap(plan.perimeters, line, rings=(knotted,))))
    assert ("shape", line.perimeter) in found


def test_a_plan_without_a_perimeter_does_not_hold():
    plan, _ = good()
    assert ("perimeter", "outer") in broken(replace(plan, perimeters=plan.perimeters[:1]))


def test_numbers_that_do_not_add_up_are_found():
    plan, _ = good()
    line, post = plan.perimeters[0], plan.posts[0]
    assert ("count", line.perimeter) in broken(
        replace(plan, perimeters=swap(plan.perimeters, line, officers=line.officers + 1))
    )
    assert ("ranks", post.perimeter) in broken(
        replace(plan, posts=swap(plan.posts, post, rank=post.rank + 1))
    )
    assert ("ids", "plan") in broken(replace(plan, posts=swap(plan.posts, post, id=plan.posts[1].id)))


def test_another_map_and_another_doctrine_are_told():
    plan, _ = good()
    assert ("map", "area") in broken(replace(plan, area=replace(plan.area, digest="other")))
    assert ("doctrine", "doctrine") in broken(replace(plan, doctrine=replace(plan.doctrine, digest="other")))


def test_a_plan_is_judged_to_the_end_on_a_map_that_lacks_its_streets():
    plan, _ = good()
    made = Objects()
    made.way([(-900, -900), (0, 0), (900, 900)], highway="residential")
    failures = audit_plan(plan, made.settle().area("older"), shipped_doctrine()).failures
    assert {"map", "post", "route_joined"} <= {check.check for check in failures}


# --- sites --------------------------------------------------------------------------------------


def test_sites_moved_to_hot_ground_are_found_whatever_they_say():
    plan, _ = good()
    spot = model.Shape(points=(place(*SCENE_M),))
    silent = tuple(replace(site, shape=spot) for site in plan.sites)
    assert {("site_zone", site.id) for site in silent} <= broken(replace(plan, sites=silent))
    open_about_it = tuple(replace(site, zone=ZoneKind.HOT) for site in silent)
    assert {("site_zone", site.id) for site in silent} <= broken(replace(plan, sites=open_about_it))
    hidden = tuple(replace(site, entrance=place(*SCENE_M)) for site in plan.sites)
    assert {("site_entrance", site.id) for site in silent} <= broken(replace(plan, sites=hidden))


def test_a_pin_on_hot_ground_is_excused_only_with_a_caution():
    plan, _ = good()
    site = plan.sites[0]
    spot = model.Shape(points=(place(*SCENE_M),))
    pin = {"shape": spot, "zone": ZoneKind.HOT, "source": SiteSource.PINNED, "entrance": place(*SCENE_M)}
    cautioned = swap(plan.sites, site, **pin, cautions=("It lies on hot ground",))
    assert ("site_zone", site.id) not in broken(replace(plan, sites=cautioned))
    assert ("site_zone", site.id) in broken(replace(plan, sites=swap(plan.sites, site, **pin, cautions=())))


def test_false_claims_about_a_site_are_found():
    plan, _ = good()
    plan = replace(plan, notices=tuple(n for n in plan.notices if n.about != "command_post-1"))
    site = first(plan.sites, purpose=Purpose.STAGING, rank=1)
    for check, changes in (
        ("site_zone", {"zone": ZoneKind.WARM}),
        ("site_room", {"area_m2": 1e6}),
        ("site_room", {"capacity": 10**6}),
        ("site_words", {"usng": "21H WB 7628 3875"}),
        ("site_words", {"usng": "nowhere"}),
        ("site_words", {"reason": ""}),
        ("site_words", {"scores": (model.Score("room", 1.0, "m2", 1.5, 1.0),)}),
        ("site_words", {"score": site.score - 0.1}),
        ("site_entrance", {"entrance": place(0.0, 0.0)}),
        ("site_side", {"shape": moved(site.shape, 5000.0, 0.0), "purpose": Purpose.COMMAND_POST}),
    ):
        assert (check, site.id) in broken(replace(plan, sites=swap(plan.sites, site, **changes))), changes


def test_families_and_cameras_inside_the_outer_perimeter_are_found():
    plan, _ = good()
    working = first(plan.sites, purpose=Purpose.CASUALTY_COLLECTION, rank=1)
    public = swap(plan.sites, working, purpose=Purpose.REUNIFICATION)
    assert ("site_side", working.id) in broken(replace(plan, sites=public))


def test_a_pin_without_its_site_or_with_another_is_found():
    plan, _ = good()
    site = first(plan.sites, purpose=Purpose.COMMAND_POST, rank=1)
    pinned = replace(site, source=SiteSource.PINNED, cautions=(*site.cautions, "Pinned by the commander"))
    pin = model.Pin(Purpose.COMMAND_POST, site.shape)
    said = replace(plan, incident=replace(plan.incident, pins=(pin,)))
    assert ("site_pinned", "pin for command_post") in broken(said)
    others = tuple(s for s in plan.sites if s.purpose is not Purpose.COMMAND_POST)
    kept = replace(said, sites=(*others, pinned))
    assert ("site_pinned", "pin for command_post") not in broken(kept)
    away = replace(pinned, shape=moved(site.shape, 30, 0))
    assert ("site_pinned", "pin for command_post") in broken(replace(kept, sites=(*others, away)))
    assert ("site_pinned", "pin for command_post") in broken(replace(kept, sites=others))


def test_a_site_in_plain_view_that_says_it_is_hidden_is_found():
    plan, _ = good()
    hidden = [s for s in plan.sites if s.rank == 1 and s.in_sight is False]
    assert hidden
    assert not any(check == "site_sight" for check, _ in broken(plan))
    seen = hidden[0]
    beside = model.Shape(points=(place(SCENE_M[0] + 110.0, SCENE_M[1]),))
    lie = swap(plan.sites, seen, shape=beside, in_sight=False)
    assert ("site_sight", seen.id) in broken(replace(plan, sites=lie))


def test_a_site_on_the_ambulances_way_that_does_not_say_so_is_found():
    plan, _ = good()
    site = first(plan.sites, purpose=Purpose.COMMAND_POST, rank=1)
    lane = next(route for route in plan.routes if route.route is RouteKind.EGRESS)
    at = lane.line[len(lane.line) // 2]
    east, west = (at.lon_deg + 0.0002, at.lon_deg - 0.0002)
    north, south = (at.lat_deg + 0.0002, at.lat_deg - 0.0002)
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    block = model.Shape(polygons=((tuple(LonLat(*corner) for corner in corners),),))
    assert ("site_lane", site.id) in broken(replace(plan, sites=swap(plan.sites, site, shape=block)))


def test_a_purpose_without_a_site_needs_a_notice():
    plan, _ = good()
    none = replace(plan, sites=tuple(s for s in plan.sites if s.purpose is not Purpose.MEDIA), notices=())
    assert ("site_found", Purpose.MEDIA) in broken(none)
    told = replace(none, notices=(model.Notice(NoticeLevel.CAUTION, "No place for the media", "media"),))
    assert ("site_found", Purpose.MEDIA) not in broken(told)


def test_first_choices_too_near_each_other_are_found():
    plan, _ = good()
    post = first(plan.sites, purpose=Purpose.COMMAND_POST, rank=1)
    staging = first(plan.sites, purpose=Purpose.STAGING, rank=1)
    near = swap(plan.sites, post, shape=staging.shape, entrance=staging.entrance, usng=staging.usng)
    assert any(check == "site_apart" for check, _ in broken(replace(plan, sites=near)))


# --- routes and hospitals -----------------------------------------------------------------------


def test_a_route_shifted_or_with_a_node_left_out_is_found():
    plan, area = good()
    for route in plan.routes:
        aside = tuple(place(x + 30, y + 30) for x, y in (area.frame.point_m(p) for p in route.line))
        assert ("route_joined", route.id) in broken(
            replace(plan, routes=swap(plan.routes, route, line=aside))
        )
        if len(route.nodes) > 4:
            skipped = route.nodes[:2] + route.nodes[3:]
            found = broken(replace(plan, routes=swap(plan.routes, route, nodes=skipped)))
            assert ("route_joined", route.id) in found


def test_false_claims_about_a_route_are_found():
    plan, _ = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    assert route.posts_crossed
    for check, changes in (
        ("route_time", {"time_s": route.time_s / 2}),
        ("route_time", {"time_s": route.time_s * 2 + 600}),
        ("route_time", {"length_m": route.length_m * 0.8}),
        ("route_gates", {"posts_crossed": ()}),
        ("route_gates", {"posts_crossed": (*route.posts_crossed, "I1")}),
        ("route_open", {"hot_m": 10.0}),
        ("route_ends", {"start": plan.sites[0].id, "line": route.line[::-1]}),
    ):
        assert (check, route.id) in broken(replace(plan, routes=swap(plan.routes, route, **changes))), changes


def test_a_route_that_ends_short_of_what_it_names_is_found_whatever_a_notice_says():
    plan, area = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    far = tuple(place(x + 5000, y) for x, y in (area.frame.point_m(p) for p in route.line))
    told = (*plan.notices, model.Notice(NoticeLevel.CAUTION, "ends short", route.start))
    for start in (route.start, "scene"):
        moved_off = replace(plan, routes=swap(plan.routes, route, line=far, start=start), notices=told)
        assert ("route_ends", route.id) in broken(moved_off)
    at_scene = replace(plan, routes=swap(plan.routes, route, start="scene"))
    assert ("route_ends", route.id) not in broken(at_scene)
    elsewhere = replace(plan.hospitals[0], name=route.end, off_map=False, location=far[-1])
    lost = replace(plan, hospitals=(elsewhere,))
    assert ("route_ends", route.id) in broken(lost)


def test_the_publics_routes_end_where_they_say_and_keep_to_what_the_public_may_drive():
    """Families' and media's routes: from a road by its name to a site's entrance, by the public profile."""
    plan, area = good()
    network = area.network
    public = [route for route in plan.routes if route.route is RouteKind.PUBLIC]
    assert {site.purpose for site in plan.sites if site.id in {r.end for r in public}} >= {
        Purpose.REUNIFICATION
    }
    for route in public:
        assert route.start in network.names
        off = tuple(place(x + 400, y + 400) for x, y in (area.frame.point_m(p) for p in route.line))
        elsewhere = next(name for name in network.names if name and name not in route.streets)
        for change in (
            {"line": (*route.line[:-1], off[-1])},
            {"line": (off[0], *route.line[1:])},
            {"start": elsewhere},
            {"end": ""},
        ):
            found = broken(replace(plan, routes=swap(plan.routes, route, **change)))
            assert ("route_ends", route.id) in found, change
    (longest,) = sorted(public, key=lambda route: len(route.nodes))[-1:]
    a, b = longest.nodes[1:3]
    shape = [network.shape(e)[1].tolist() for e in range(network.edge_count)]
    driven = [e for e, nodes in enumerate(shape) if a in nodes and b in nodes]
    for column, code in (
        ("access", Access.PRIVATE),
        ("access", Access.NO),
        ("service", Service.EMERGENCY_ACCESS),
        ("road_class", RoadClass.BUSWAY),
    ):
        values = getattr(network, column).copy()
        values[driven] = code
        changed = replace(area, network=replace(network, **{column: values}))
        failures = audit_plan(plan, changed, shipped_doctrine()).failures
        assert ("route_open", longest.id) in {(c.check, c.about) for c in failures}, (column, code)
    barrier, access = network.node_barrier.copy(), network.node_access.copy()
    at = network.node_id == longest.nodes[1]
    barrier[at], access[at] = Barrier.GATE, Access.PRIVATE
    gated = replace(area, network=replace(network, node_barrier=barrier, node_access=access))
    failures = audit_plan(plan, gated, shipped_doctrine()).failures
    assert ("route_open", longest.id) in {(c.check, c.about) for c in failures}


def test_a_route_through_a_closed_post_is_found():
    plan, _ = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    gate = first(plan.posts, id=route.posts_crossed[0])
    shut = replace(plan, posts=swap(plan.posts, gate, control=Control.CLOSED))
    assert ("route_gates", route.id) in broken(shut)


def test_a_post_at_a_junction_that_is_driven_over_is_passed_only_where_its_street_is_driven():
    plan, area = good()
    route = max(plan.routes, key=lambda route: len(route.nodes))
    network, streets = area.network, RawStreets.of(area.network)
    post = first(plan.posts, mode=PostMode.VEHICLE)
    driven = {frozenset(pair) for pair in zip(route.nodes, route.nodes[1:], strict=False)}
    aside: list[tuple[int, list[int], int, int]] = []
    along: list[tuple[int, list[int], int, int]] = []
    for segment in np.flatnonzero(streets.drivable).tolist():
        pair = streets.node[segment].tolist()
        for node in set(pair) & set(route.nodes[1:-1]):
            home = along if frozenset(pair) in driven else aside
            home.append((int(network.way_id[streets.edge[segment]]), pair, pair.index(node), segment))
    assert aside
    assert along
    for found, passes in ((aside[0], False), (along[0], True)):
        way, pair, end, segment = found
        xy_m = streets.xy_m[segment]
        unit = (xy_m[1 - end] - xy_m[end]) / np.hypot(*(xy_m[1 - end] - xy_m[end]))
        spot = area.frame.place(*(xy_m[end] + 0.05 * unit).tolist())
        stands = replace(post, id="O99", location=spot, closes=((way, *pair),), control=Control.CLOSED)
        failures = audit(replace(plan, posts=(*plan.posts, stands))).failures
        told = [f.detail for f in failures if f.check == "route_gates" and f.about == route.id]
        assert ("it passes O99, which it does not say" in " ".join(told)) is passes


def test_a_post_on_a_bridge_is_not_passed_by_who_drives_beneath_it():
    plan, area = good()
    network = area.network
    route = first(plan.routes, route=RouteKind.EGRESS)
    gate = first(plan.posts, id=route.posts_crossed[0])
    driven = network.edges_meeting(Point(area.frame.point_m(gate.location)).buffer(300.0))
    above = ((int(network.way_id[np.flatnonzero(network.drivable & ~driven)[0]]), 1, 2),)
    there = swap(plan.posts, gate, closes=above)
    for level, passed in ((0, True), (1, False)):
        layer = network.layer.copy()
        layer[np.isin(network.way_id, [way for way, _, _ in above])] = level
        on_bridge = replace(area, network=replace(network, layer=layer))
        for said in (route.posts_crossed, ()):
            told = replace(plan, posts=there, routes=swap(plan.routes, route, posts_crossed=said))
            failures = audit_plan(told, on_bridge, shipped_doctrine()).failures
            found = ("route_gates", route.id) in {(check.check, check.about) for check in failures}
            assert found == (passed != bool(said)), (level, said)


def test_a_route_over_a_street_that_the_user_blocked_is_found():
    plan, _ = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    pieces = [route.line[k : k + 2] for k in range(len(route.line) - 1)]
    closure = model.Closure(model.Shape(lines=(max(pieces, key=lambda p: dist(*p)),)))  # the longest
    blocked = replace(plan, incident=replace(plan.incident, closures=(closure,)))
    assert ("route_open", route.id) in broken(blocked)


def test_a_route_over_hot_ground_is_found():
    plan, area = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    x, y = area.frame.point_m(route.line[len(route.line) // 2])
    ring = tuple(place(px, py) for px, py in Point(x, y).buffer(20).exterior.coords)
    zone = model.Zone(ZoneKind.HOT, (ring,), False, "made")
    found = broken(replace(plan, zones=(*plan.zones, zone)))
    assert ("route_open", route.id) in found
    assert ("nesting", "inner") in found


def test_a_family_sent_the_wrong_way_up_a_street_is_found():
    plan, _ = good()
    route = first(plan.routes, route=RouteKind.EGRESS)
    public = replace(plan, routes=swap(plan.routes, route, route=RouteKind.PUBLIC))
    assert ("route_open", route.id) in broken(public)  # it starts inside the perimeters


def test_false_claims_about_hospitals_are_found():
    plan, _ = good()
    hospital = plan.hospitals[0]
    for changes in (
        {"time_range_min": None},
        {"time_range_min": (50, 60)},
        {"red_per_h": 1.0, "assigned": model.Casualties(2, 0, 0)},
        {"time_s": None, "assigned": model.Casualties(1, 0, 0)},
        {"assigned": model.Casualties(-1, 0, 0)},
        {"route": "nowhere"},
    ):
        found = broken(replace(plan, hospitals=swap(plan.hospitals, hospital, **changes)))
        assert ("hospital", hospital.name) in found, changes
    many = swap(plan.hospitals, hospital, assigned=model.Casualties(0, 0, 99))
    assert ("patients", "hospitals") in broken(replace(plan, hospitals=many))


# --- the raw streets ----------------------------------------------------------------------------


def test_segments_join_as_the_network_does_where_nothing_blocks():
    """An independent count: segments give the same parts of town as edges do."""
    area = good()[1]
    streets = RawStreets.of(area.network)
    u, v, count = area.network.vehicle_ends
    edges = np.flatnonzero(area.network.drivable)
    start = np.array([int(np.flatnonzero(streets.drivable)[0])])
    reached = streets.flood(start, streets.drivable)

    parent = np.arange(count)

    def root(k):
        while parent[k] != k:
            k = parent[k]
        return k

    for e in edges:
        parent[root(u[e])] = root(v[e])
    home = root(u[streets.edge[start[0]]])
    same = {int(e) for e in edges if root(u[e]) == home}
    assert {int(e) for e in np.unique(streets.edge[reached])} == same


def test_a_stretch_is_every_segment_between_two_nodes_of_a_way():
    area = good()[1]
    streets, network = RawStreets.of(area.network), area.network
    for edge in range(0, network.edge_count, 7):
        _, nodes = network.shape(edge)
        if nodes[0] == nodes[-1]:
            continue
        found = streets.stretch(int(network.way_id[edge]), int(nodes[0]), int(nodes[-1]))
        assert found is not None
        ends = streets.node[found]
        assert {int(nodes[0]), int(nodes[-1])} <= set(ends.ravel().tolist())
        back = streets.stretch(int(network.way_id[edge]), int(nodes[-1]), int(nodes[0]))
        assert back is not None
        assert back.tolist() == found.tolist()
    assert streets.stretch(1, 2, 3) is None
