"""What a tap on a street did to the ways, told from two plans."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from planner import words
from planner.briefing.changes import plan_changes
from planner.briefing.side_by_side import side_by_side
from planner.geo import LonLat
from planner.model import Casualties, Closure, Incident, Plan, Shape
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.changes import route_changes
from planner.terms import RouteKind, ThreatName
from planner.ui.transport_compared import compared
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.KNIFE)


@cache
def plan_of(incident: Incident = INCIDENT) -> Plan:
    return make_plan(incident, town(), shipped_doctrine())


def test_nothing_changed_is_nothing_said() -> None:
    assert route_changes(plan_of(), plan_of()) == ()


def test_a_tap_on_a_way_sends_it_elsewhere_and_says_so() -> None:
    before = plan_of()
    egress = next(route for route in before.routes if route.route is RouteKind.EGRESS)
    frame, network = town().frame, town().network
    middle = egress.line[len(egress.line) // 2]
    (tapped,) = network.snap([frame.point_m(middle)], network.drivable)
    assert tapped is not None
    after = plan_of(replace(INCIDENT, closures=(Closure(Shape(points=(middle,))),)))
    told = route_changes(before, after)
    assert any(line.startswith(f"Ambulances to {egress.end}: ") for line in told)
    assert set(told) <= set(plan_changes(before, after))
    closed = set(network.shape(tapped.edge)[1][[0, -1]].tolist())
    for route in after.routes:
        assert not any({a, b} == closed for a, b in zip(route.nodes, route.nodes[1:], strict=False))


def test_a_lost_way_comes_first_then_what_goes_elsewhere_then_new_ways() -> None:
    before = plan_of()
    egress = next(route for route in before.routes if route.route is RouteKind.EGRESS)
    ingress = next(route for route in before.routes if route.route is RouteKind.INGRESS)
    slow = replace(egress, time_s=egress.time_s + 120, line=egress.line[::-1], streets=("Detour",))
    fresh = replace(egress, id="egress-9", end="Other Hospital")
    kept = tuple(slow if r is egress else r for r in before.routes if r is not ingress)
    lost, other, new = route_changes(before, replace(before, routes=(*kept, fresh)))
    assert lost.startswith("Arriving units to")
    assert lost.endswith("NO WAY is kept any more")
    assert f"no more by {egress.streets[0]}" in other
    assert new.startswith("Ambulances to Other Hospital: new way, ")


def test_a_way_to_a_site_that_moved_is_no_lost_way() -> None:
    before = plan_of()
    transfer = next(route for route in before.routes if route.route is RouteKind.TRANSFER)
    loading = next(site for site in before.sites if site.id == transfer.end)
    after = replace(
        before,
        sites=tuple(replace(s, name="Elm Street") if s is loading else s for s in before.sites),
        routes=tuple(replace(r, line=r.line[::-1]) if r is transfer else r for r in before.routes),
    )
    (told,) = route_changes(before, after)
    assert told.startswith(f"Ambulances from staging to Elm Street, was {loading.name}: ")
    given_up = replace(
        before,
        sites=tuple(site for site in before.sites if site is not loading),
        routes=tuple(route for route in before.routes if route is not transfer),
    )
    assert route_changes(before, given_up) == (
        f"Ambulances from staging to {loading.name}: no way is kept, as that place is not used any more",
    )
    cut_off = replace(before, routes=given_up.routes)
    assert route_changes(before, cut_off) == (
        f"Ambulances from staging to {loading.name}: NO WAY is kept any more",
    )


def test_hospital_times_count_in_whole_minutes() -> None:
    (hospital, *others) = plan_of().hospitals
    before, same, later, lost = (
        replace(plan_of(), hospitals=(replace(hospital, time_s=time_s), *others))
        for time_s in (170.0, 180.0, 200.0, None)
    )
    assert route_changes(before, same) == ()
    assert route_changes(before, later) == (f"{hospital.name}: 4 min, was 3 min",)
    assert route_changes(before, lost)[0].startswith(f"{hospital.name} cannot be reached any more: ")
    assert route_changes(lost, before) == (f"{hospital.name} can be reached now: 3 min",)


def test_a_hospital_that_can_be_reached_still_is_not_said_to_be_lost() -> None:
    before = plan_of()
    egress = next(route for route in before.routes if route.route is RouteKind.EGRESS)
    after = replace(before, routes=tuple(route for route in before.routes if route is not egress))
    assert route_changes(before, after) == (
        f"Ambulances to {egress.end}: can be reached, but no way is kept open any more",
    )
    cut_off = tuple(replace(h, time_s=None) if h.name == egress.end else h for h in after.hospitals)
    told = route_changes(before, replace(after, hospitals=cut_off))
    assert told[0] == f"Ambulances to {egress.end}: NO WAY is kept any more"


def test_ways_to_two_hospitals_of_one_name_are_two_ways() -> None:
    before = plan_of()
    one = next(hospital for hospital in before.hospitals if hospital.route)
    egress = next(route for route in before.routes if route.id == one.route)
    twin = replace(one, location=LonLat(-92.99, 41.0), route="egress-9")
    before = replace(
        before,
        hospitals=(*before.hospitals, twin),
        routes=(*before.routes, replace(egress, id="egress-9", streets=("Far Road",))),
    )
    assert route_changes(before, before) == ()
    renumbered = {one.route: "egress-9", "egress-9": one.route}
    after = replace(
        before,
        hospitals=tuple(replace(h, route=renumbered.get(h.route or "", h.route)) for h in before.hospitals),
        routes=tuple(replace(r, id=renumbered.get(r.id) or r.id) for r in before.routes),
    )
    assert route_changes(before, after) == (), "a way is known by its hospital, not by its number"
    lost = replace(before, routes=tuple(r for r in before.routes if r.id != "egress-9"))
    assert route_changes(before, lost) == (
        f"Ambulances to {one.name}: can be reached, but no way is kept open any more",
    )


def test_a_way_to_the_edge_of_the_map_is_told_without_the_time_to_it() -> None:
    before = plan_of()
    one = next(route for route in before.routes if route.route is RouteKind.EGRESS)
    edge = replace(one, reason=f"Ambulances to {words.TOWARDS}{one.end}: 3 min")
    slow = replace(edge, time_s=edge.time_s + 120, line=edge.line[::-1], streets=("Detour",))
    was = replace(before, routes=(edge,))
    what = f"Ambulances to the edge of the map, towards {one.end}"
    (other,) = route_changes(was, replace(before, routes=(slow,)))
    assert other.startswith(f"{what}: another way by Detour, no more by ")
    assert route_changes(replace(before, routes=()), replace(before, routes=(slow,))) == (
        f"{what}: new way by Detour",
    )
    far = replace(before.hospitals[0], time_s=2820.0, off_map=True)
    then = replace(far, time_s=3000.0)
    told = route_changes(replace(before, hospitals=(far,)), replace(before, hospitals=(then,)))
    assert told == (f"{far.name}: 50 min, estimate, was 47 min",)


# --- side by side -----------------------------------------------------------------------------------


def test_the_same_plans_beside_each_other_say_nothing() -> None:
    assert side_by_side([plan_of(), plan_of(), plan_of()]) == ()


def test_only_what_differs_stands_side_by_side_with_way_minutes_and_patients() -> None:
    before = plan_of()
    transfer = next(route for route in before.routes if route.route is RouteKind.TRANSFER)
    hospital = next(h for h in before.hospitals if h.route)
    egress = next(route for route in before.routes if route.id == hospital.route)
    fuller = replace(hospital, assigned=Casualties(1, 2, 3))
    elsewhere = replace(egress, streets=("Detour",))
    lost = replace(hospital, time_s=None, time_range_min=None, route=None, reason="the bridge is out")
    others = tuple(h for h in before.hospitals if h is not hospital)
    then = replace(
        before,
        hospitals=(fuller, *others),
        routes=tuple(elsewhere if r is egress else r for r in before.routes if r is not transfer),
    )
    last = replace(before, hospitals=(lost, *others))
    way, line = side_by_side([before, then, last])
    assert way.what == "Ambulances from staging to ambulance exchange point"
    assert [told is not None for told in way.told] == [True, False, True]
    assert line.what == hospital.name
    was, now, cut_off = line.told
    assert was is not None
    assert now is not None
    assert cut_off is not None
    assert (was.streets, now.streets) == (egress.streets, ("Detour",))
    assert (was.patients, now.patients) == (hospital.assigned, Casualties(1, 2, 3))
    assert was.range_min == now.range_min == hospital.time_range_min
    assert (cut_off.range_min, cut_off.why_not) == (None, "the bridge is out")
    markup = compared([before, then, last], ["Now", "If Elm is blocked", "If Oak is blocked"])
    assert "NO WAY" in markup
    assert "the bridge is out" in markup
    assert f"no more by {', '.join(s for s in egress.streets)}" in markup
    assert "as in the first column" in markup
    loading = next(site for site in before.sites if site.id == transfer.end)
    sites = tuple(replace(s, name="Elsewhere") if s is loading else s for s in before.sites)
    (moved,) = side_by_side([before, replace(before, sites=sites)])
    assert [told.to for told in moved.told if told] == [loading.name, "Elsewhere"], "one way, to another site"
    later = replace(hospital, time_range_min=(50, 60))
    quiet = compared([before, replace(before, hospitals=(later, *others))], ["Now", "If Elm is blocked"])
    assert "50-60 min" in quiet.split("<details>")[1], "nobody is sent there: folded away"


def test_hospitals_of_one_name_and_those_without_one_are_told_apart_by_their_place() -> None:
    before = plan_of()
    one = replace(before.hospitals[0], name="Unnamed hospital on Elm Street", assigned=Casualties(1, 0, 0))
    east = replace(one, name="Town Hospital", location=LonLat(-93.01, 41.0), assigned=Casualties(2, 0, 0))
    west = replace(east, location=LonLat(-92.99, 41.0), assigned=Casualties(3, 0, 0))
    before = replace(before, hospitals=(one, east, west))
    elsewhere = replace(one, name="Unnamed hospital on Oak Street", time_s=(one.time_s or 0.0) + 600)
    after = replace(before, hospitals=(elsewhere, replace(east, assigned=Casualties(0, 0, 1)), west))
    assert [
        line.what for line in side_by_side([before, replace(before, hospitals=(elsewhere, east, west))])
    ] == []
    told = plan_changes(before, after)
    assert told[-1] == "Town Hospital: 0 red, 0 yellow, 1 green in the first hour"
    assert len(told) == 2
    assert told[0].startswith("Unnamed hospital on Oak Street: ")
