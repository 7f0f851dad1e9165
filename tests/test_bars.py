"""What keeps ambulances from a place that they seem not to be joined to, and a scene that a mark cuts off."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import LineString, Polygon

from planner.model import Casualties, Closure, Incident, Plan, Shape
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.bars import what_bars
from planner.streets.network import StreetNetwork
from planner.terms import Access, Barrier, NoticeLevel, PerimeterName, Purpose, RouteKind, ThreatName, Travel
from tests.streets import draw_streets
from tests.town import Objects

TRAVELLING = shipped_doctrine().travelling
HERE, BAR, THERE = 0, 1, 2
"""A street here, the one that joins it to the one there."""


def row(bar: dict[str, Any], *more: dict[str, Any], **nodes: Any) -> StreetNetwork:
    places = [(0, 0), (400, 0), (600, 0), (800, 0), (500, 50)]
    streets = [
        {"u": 0, "v": 1, "name": "Here"},
        {"u": 1, "v": 2, "name": "Low Road", **bar},
        {"u": 2, "v": 3, "name": "There"},
        *more,
    ]
    return draw_streets(places, streets, nodes={int(node[1:]): tags for node, tags in nodes.items()})


def told(network: StreetNetwork, travel: Travel = Travel.EMERGENCY) -> tuple[str, ...]:
    parts = network.parts(travel, TRAVELLING)
    assert parts[HERE] != parts[THERE], "else nothing keeps one from it"
    return what_bars(network, travel, TRAVELLING, int(parts[HERE]), THERE)


@pytest.mark.parametrize(
    ("bar", "travel", "why"),
    [
        ({"maxheight_m": 2.8}, Travel.EMERGENCY, "Low Road is 2.8 m high"),
        ({"width_m": 2.0}, Travel.EMERGENCY, "Low Road is 2 m wide"),
        ({"maxwidth_m": 2.2, "width_m": 3.0}, Travel.EMERGENCY, "Low Road is 2.2 m wide"),
        ({"emergency": -1}, Travel.EMERGENCY, "Low Road is closed to emergency vehicles"),
        ({"access": Access.PRIVATE}, Travel.PUBLIC, "Low Road is private"),
        ({"access": Access.NO}, Travel.PUBLIC, "Low Road is closed to the public"),
    ],
)
def test_the_street_that_bars_the_way_is_named(bar: dict[str, Any], travel: Travel, why: str) -> None:
    assert told(row(bar), travel) == (why,)


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_a_bollard_is_named_wherever_on_the_way_it_stands(node: str) -> None:
    (bar,) = told(row({}, **{node: {"node_barrier": Barrier.BOLLARD}}))
    assert bar in ("a bollard on Low Road", "a bollard on Here", "a bollard on There")


def test_a_private_gate_bars_the_public_alone() -> None:
    network = row({}, n1={"node_barrier": Barrier.GATE, "node_access": Access.PRIVATE})
    assert told(network, Travel.PUBLIC)[0].startswith("a private gate on ")
    assert len(set(network.parts(Travel.EMERGENCY, TRAVELLING).tolist())) == 1


def test_the_way_with_the_fewest_bars_is_told_nearest_the_place_first() -> None:
    two = (
        {"u": 1, "v": 4, "name": "Alley", "maxheight_m": 2.0},
        {"u": 4, "v": 2, "name": "Arch", "width_m": 1},
    )
    network = row({"maxheight_m": 2.5}, *two)
    assert told(network) == ("Low Road is 2.5 m high",)
    network = row({"emergency": -1}, n2={"node_barrier": Barrier.JERSEY_BARRIER})
    first, second = told(network)
    assert (first.split(" on ")[0], second) == (
        "a jersey barrier",
        "Low Road is closed to emergency vehicles",
    )


def test_where_no_street_leads_nothing_bars_the_way() -> None:
    network = draw_streets([(0, 0), (1, 0), (9, 0), (10, 0)], [{"u": 0, "v": 1}, {"u": 2, "v": 3}])
    assert what_bars(network, Travel.EMERGENCY, TRAVELLING, 0, 1) == ()
    assert what_bars(network, Travel.EMERGENCY, TRAVELLING, 0, 0) == ()


# --- plans ------------------------------------------------------------------------------------------


def headland(**crossing: str) -> Objects:
    """A quarter with one road to the mainland, where the hospital is."""
    made = Objects()
    for west, east, half in ((-600, 600, 600), (1600, 2600, 300)):
        for x in range(west, east + 1, 100):
            made.way([(x, y) for y in range(-half, half + 1, 100)], highway="residential", name=f"Avenue {x}")
        for y in range(-half, half + 1, 100):
            made.way([(x, y) for x in range(west, east + 1, 100)], highway="residential", name=f"Street {y}")
    for x in range(-600, 600, 300):
        for y in range(-600, 600, 300):
            made.rectangle(x + 15, y + 15, x + 75, y + 75, amenity="parking", name=f"Lot {x} {y}")
    made.way([(600, 0), (800, 0)], highway="primary", name="Shore Road")
    made.way([(800, 0), (820, 0)], highway="primary", name="Crossing", **crossing)
    made.way([(820, 0), (1600, 0)], highway="primary", name="Mainland Road")
    made.lone_node(2500, 210, amenity="hospital", name="Far Hospital", emergency="yes")
    return made.settle()


def plan_on(made: Objects, *marks: tuple[float, float]) -> Plan:
    closures = tuple(Closure(Shape(points=(made.place(*mark),))) for mark in marks)
    incident = Incident(
        made.place(0, 0), ThreatName.HANDGUN, casualties=Casualties(1, 1, 1), closures=closures
    )
    return make_plan(incident, made.area(), shipped_doctrine())


def dangers(plan: Plan) -> list[str]:
    return [notice.text for notice in plan.notices if notice.level is NoticeLevel.DANGER]


def test_a_plan_says_what_keeps_ambulances_from_a_hospital() -> None:
    plan = plan_on(headland(tunnel="yes", layer="-1", maxheight="2.8"))
    why = "no street that ambulances can drive joins the scene to it: Crossing is 2.8 m high"
    assert f"No way to drive to Far Hospital: {why}" in dangers(plan)
    (hospital,) = plan.hospitals
    assert (hospital.time_s, hospital.assigned) == (None, Casualties())


def test_a_scene_that_a_mark_cuts_off_has_its_sites_on_its_own_side() -> None:
    open_plan, cut_off = plan_on(headland()), plan_on(headland(), (810, 0))
    assert "No way to drive to Far Hospital: it is severed by 'Blocked here' on Crossing" in dangers(cut_off)
    working = (Purpose.AMBULANCE_EXCHANGE, Purpose.CASUALTY_COLLECTION, Purpose.STAGING, Purpose.COMMAND_POST)
    for plan in (open_plan, cut_off):
        assert {site.purpose for site in plan.sites if site.rank == 1} >= set(working)


def test_beyond_the_perimeter_too_ambulances_leave_by_other_streets_than_they_come_by() -> None:
    plan = plan_on(headland())
    (transfer,) = [route for route in plan.routes if route.route is RouteKind.TRANSFER]
    outer = next(line for line in plan.perimeters if line.perimeter is PerimeterName.OUTER)
    ground = Polygon([place.rounded() for place in outer.rings[0]])
    assert not ground.covers(LineString([place.rounded() for place in transfer.line])), "it begins outside"
    assert transfer.shared_m == 0
    assert not [notice for notice in plan.notices if "way in and way out share" in notice.text]
