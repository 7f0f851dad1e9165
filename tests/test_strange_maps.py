"""Maps that lack what most have: a plan is made all the same, and holds or says as a danger why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from shapely.geometry import Point

from planner.area import Area
from planner.audit import audit_plan
from planner.document import read_plan, write_plan
from planner.geo import LonLat
from planner.model import Casualties, Closure, HospitalFact, Incident, Pin, Shape
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.driving import metres
from planner.sources.pbf import read_osm
from planner.terms import NoticeLevel, PerimeterName, Purpose, RouteKind, ThreatName, TraumaLevel
from tests.town import CENTRE, Objects, left_hand_town, town, town_objects


def bare() -> Area:
    return town(buildings=False, hospitals=False, river=False, motorway=False, footways=False)


def arctic() -> Area:
    return town(centre=LonLat(25.0, 70.2))


def beside_the_antimeridian() -> Area:
    return town(centre=LonLat(179.95, -17.0))


def one_road() -> Area:
    made = Objects()
    made.way([(x, 0) for x in range(-1500, 1501, 100)], highway="primary", name="Only Road")
    return made.settle().area("one_road")


def stub() -> Area:
    made = Objects()
    made.way([(0, 0), (30, 0)], highway="residential")
    return made.settle().area("stub")


def islands() -> Area:
    """Two grids of streets with water between and no bridge; the hospital is on the eastern one."""
    made = Objects()
    for x in (-900, 900):
        for i in range(-4, 5):
            made.way([(x + i * 100, j * 100) for j in range(-4, 5)], highway="residential")
            made.way([(x + j * 100, i * 100) for j in range(-4, 5)], highway="residential")
        for i in range(-4, 4, 2):
            made.rectangle(x + i * 100 + 20, 120, x + i * 100 + 80, 180, amenity="parking")
            made.rectangle(x + i * 100 + 20, 220, x + i * 100 + 60, 260, building="house")
    made.rectangle(-450, -2000, 450, 2000, natural="water")
    made.rectangle(1110, 110, 1190, 190, amenity="hospital", name="East Hospital", emergency="yes")
    return made.settle().area("islands")


def unjoined() -> Area:
    """A shore road that side streets end on, and a causeway crosses, without a junction of the two."""
    made = Objects()
    made.way([(100, y) for y in (-3000, -1000, 0, 1000, 3000)], highway="secondary", name="Shore Road")
    for y in (-600, -300, 300, 600):
        made.way([(100.01, y), (400, y), (1000, y)], highway="residential", name=f"Shore {y}")
    made.way([(400, y) for y in (-600, -300)], highway="residential", name="Second Road")
    made.way([(400, y) for y in (-300, 300, 600)], highway="residential", name="Second Road")
    made.way([(-700, 0), (100, 0), (2100, 0)], highway="tertiary", name="Causeway")
    return made.settle().area("unjoined")


def ferry() -> Area:
    """Two grids of streets, 2 km apart, that only a ferry tagged as a service road joins."""
    made = Objects()
    for x in (0, 3000):
        for i in range(-5, 6):
            made.way([(x + i * 100, j * 100) for j in range(-5, 6)], highway="residential", name=f"Ave {i}")
            made.way([(x + j * 100, i * 100) for j in range(-5, 6)], highway="residential", name=f"St {i}")
    made.way([(500, 100), (2500, 100)], highway="service", route="ferry")
    return made.settle().area("ferry")


def alleys() -> Area:
    """A quarter of alleys and steps in a town: a lane in its midst for vehicles, and no street into it."""
    made = Objects()
    for k in range(-6, 7):
        parts = [(-6, -3), (3, 6)] if abs(k) < 3 else [(-6, 6)]
        for a, b in parts:
            made.way([(x * 150, k * 150) for x in range(a, b + 1)], highway="residential", name=f"St {k}")
            made.way([(k * 150, y * 150) for y in range(a, b + 1)], highway="residential", name=f"Ave {k}")
    for k in range(-2, 3):
        walk = [(x * 150, k * 150) for x in range(-3, 4)]
        made.way(walk, highway="footway")
        made.way([(y, x) for x, y in walk], highway="steps")
    made.way([(0, 0), (60, 60), (150, 150)], highway="living_street", name="Church Lane")
    made.rectangle(760, 760, 890, 890, amenity="hospital", name="Town Hospital", emergency="yes")
    return made.settle().area("alleys")


def freeway() -> Area:
    """Two carriageways through empty land, and a town 1 km off at either end of them, reached by ramps."""
    made = Objects()
    for y, side in ((-20, 1), (20, -1)):
        xs = (-4000, -1500, -1000, -200, 0, 200, 1000, 1500, 4000)
        made.way([(x * side, y) for x in xs], highway="motorway", oneway_="yes", ref="I 7", lanes="2")
        for x, turn in ((-1000, 200), (1000, 200), (-1500, -200), (1500, -200)):
            ramp = [(x * side, y), ((x + turn) * side, 2 * y), ((x + turn) * side, y * 15)]
            made.way(ramp if turn > 0 else ramp[::-1], highway="motorway_link", oneway_="yes")
    for side in (1, -1):
        for x in range(-2000, 2001, 200):
            if abs(x) >= 800:
                made.way(
                    [(x, side * y) for y in range(300, 901, 200)], highway="residential", name=f"Ave {x}"
                )
        for y in range(300, 901, 200):
            for half in (1, -1):
                street = [(half * x, side * y) for x in range(800, 2001, 200)]
                made.way(street, highway="residential", name=f"St {side * y}")
    for x in (-1800, 1800):
        made.way([(x, y) for y in (-300, 300)], highway="tertiary", bridge="yes", layer="1", name="Over")
    for x, y in ((-1150, 320), (1050, 320), (1050, -480), (-1150, -480)):
        made.rectangle(x, y, x + 80, y + 100, amenity="parking", name=f"Lot {x} {y}")
    made.rectangle(1410, 710, 1490, 790, amenity="hospital", name="East Hospital", emergency="yes")
    return made.settle().area("freeway")


def cut_small() -> Area:
    """Six blocks that a box was cut around; of the streets that leave it, one is drawn on for miles."""
    made = Objects()
    for k in range(-3, 4):
        made.way([(x * 100, k * 100) for x in range(-3, 4)], highway="residential", name=f"St {k}")
        made.way([(k * 100, y * 100) for y in range(-3, 4)], highway="residential", name=f"Ave {k}")
    made.way([(0, y * 100) for y in range(3, 60)], highway="secondary", name="North Road")
    west, east = made.place(-320, -320), made.place(320, 320)
    return made.settle().area("cut_small", bbox_deg=(*west, *east))


def valley() -> Objects:
    """One road along a valley with lanes off it: bridge and hospital in the east, a school in the west."""
    made = Objects()
    for west, east, tags in (
        (-2500, 1000, {}),
        (1000, 1100, {"bridge": "yes", "layer": "1"}),
        (1100, 3500, {}),
    ):
        road = [(x, 0) for x in range(west, east + 1, 100)]
        made.way(road, highway="primary", name="Valley Road", **tags)
    for x in (-2000, -1500, -1000, -600, 600, 1500, 2000, 2500):
        made.way([(x, 0), (x, 100), (x, 180), (x, 400)], highway="residential", name=f"Lane {x}")
        made.rectangle(x + 20, 60, x + 60, 120, amenity="parking", name=f"Lot {x}", capacity="40")
    made.rectangle(-1560, 200, -1440, 260, amenity="school", name="Valley School", building="school")
    made.lone_node(2500, 200, amenity="hospital", name="Valley Hospital", emergency="yes")
    return made.settle()


@pytest.fixture(scope="module")
def one_road_town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Objects, Area]:
    """The valley, as an OSM XML file that is read."""
    made = valley()
    return made, read_osm(made.write(tmp_path_factory.mktemp("valley") / "valley.osm"), "valley")


Marks = list[list[tuple[float, float]]]


TWICE = (
    "every way is closed, the shortest by the closed zone on Valley Road and 'Blocked here' on Valley Road"
)


@pytest.mark.parametrize(
    ("scene_m", "marks", "why"),
    [
        ((0, 0), [], "it is severed by the closed zone on Valley Road; who loads beyond it gets there"),
        ((-1500, 200), [[(1050, 0)]], "it is severed by 'Blocked here' on Valley Road"),
        ((-1500, 200), [[(2500, 50), (2500, 140)]], "Lane 2500, where it ends, is blocked"),
        ((-1500, 200), [[(1050, 0)], [(2500, 10), (2500, 390)]], "Lane 2500, where it ends, is blocked"),
        ((0, 0), [[(1050, 0)]], TWICE),
        ((2500, 190), [], "it lies in hot or warm ground"),
        ((-1500, 200), [], ""),
    ],
)
def test_in_a_one_road_town_it_is_said_what_severs_the_hospital(
    one_road_town: tuple[Objects, Area], scene_m: tuple[float, float], marks: Marks, why: str
) -> None:
    made, area = one_road_town
    shapes = [tuple(made.place(*xy) for xy in mark) for mark in marks]
    closures = tuple(Closure(Shape(points=s) if len(s) == 1 else Shape(lines=(s,))) for s in shapes)
    incident = Incident(made.place(*scene_m), ThreatName.KNIFE, casualties=Casualties(1, 1, 1))
    plan = make_plan(replace(incident, closures=closures), area, shipped_doctrine())
    (hospital,) = plan.hospitals
    lost = [n.text for n in plan.notices if n.text.startswith("No way to drive to Valley Hospital: ")]
    assert (hospital.time_s is None) is bool(why) is bool(lost)
    if why:
        assert lost[0].startswith(f"No way to drive to Valley Hospital: {why}")
        assert why.split(";")[0] in hospital.reason
        assert hospital.assigned == Casualties()


def test_where_in_and_out_drive_one_part_of_the_street_that_they_load_on_it_is_said(
    one_road_town: tuple[Objects, Area],
) -> None:
    made, area = one_road_town
    at = {Purpose.STAGING: (-600, 90), Purpose.AMBULANCE_EXCHANGE: (600, 90)}
    pins = tuple(Pin(purpose, Shape(points=(made.place(*xy),))) for purpose, xy in at.items())
    incident = Incident(made.place(0, 200), ThreatName.KNIFE, pins=pins)
    plan = make_plan(incident, area, shipped_doctrine())
    (transfer,) = [route for route in plan.routes if route.route is RouteKind.TRANSFER]
    assert transfer.shared_m > 10
    (told,) = [n.text for n in plan.notices if "way in and way out share" in n.text]
    assert f"share {metres(transfer.shared_m)} of Lane 600" in told


def motorway_below() -> Area:
    made = town_objects(motorway=False)
    for side in (1, -1):
        marks = [(x * side, -5 * side) for x in (-1250, -300, 300, 1250)]
        # In a cutting on both sides of the tunnel: what crosses it there does so on another level.
        tags = {"highway": "motorway", "oneway_": "yes", "ref": "I 5", "layer": "-1"}
        made.way(marks[:2], **tags)
        made.way(marks[1:3], tunnel="yes", **tags)
        made.way(marks[2:], **tags)
    return made.settle().area("motorway_below")


@pytest.mark.parametrize(
    ("place", "xy_m", "threat"),
    [
        (bare, (0, 0), "knife"),
        (bare, (-800, 0), "semi_trailer_bomb"),
        (arctic, (600, -250), "rifle"),
        (beside_the_antimeridian, (0, 350), "vehicle"),
        (one_road, (0, 0), "knife"),
        (one_road, (100, 0), "rifle"),
        (stub, (10, 0), "knife"),
        (islands, (-900, 0), "knife"),
        (islands, (-500, 0), "vehicle"),
        (islands, (1150, 150), "sedan_bomb"),
        (motorway_below, (0, 0), "knife"),
        (ferry, (-1293, 91), "vehicle"),  # no ground for any site, and ways across all the same
        (left_hand_town, (0, 0), "handgun"),
        (left_hand_town, (-350, -450), "vehicle"),
        (town, (0, -450), "vehicle"),  # on the motorway
        (town, (0, -450), "sedan_bomb"),
    ],
)
def test_a_plan_holds_or_says_why_not(
    place: Callable[[], Area], xy_m: tuple[float, float], threat: str
) -> None:
    area = place()
    incident = Incident(area.frame.place(*xy_m), ThreatName(threat), casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    document = write_plan(plan)
    assert read_plan(document) == plan
    assert write_plan(read_plan(document)) == document
    warned = {notice.about for notice in plan.notices if notice.level is NoticeLevel.DANGER}
    failures = audit_plan(read_plan(document), area, shipped_doctrine()).failures
    # a line that says itself that it is not sealed fails the seal, and its claim is judged by itself
    assert [f for f in failures if f.check not in ("seal", "foot_seal") or f.about not in warned] == []
    assert all(perimeter.sealed or perimeter.perimeter in warned for perimeter in plan.perimeters)


@pytest.mark.parametrize(
    ("xy_m", "threat"),
    [
        ((-10, 0), "rifle"),
        ((130, -590), "knife"),
        ((260, 320), "unknown"),
        ((100, -980), "knife"),
        ((700, 600), "vehicle"),
        ((500, 610), "knife"),
        ((480, -340), "handgun"),
    ],
)
def test_streets_that_meet_without_a_junction_are_held_as_if_they_had_one(
    xy_m: tuple[float, float], threat: str
) -> None:
    area = unjoined()
    plan = make_plan(Incident(area.frame.place(*xy_m), ThreatName(threat)), area, shipped_doctrine())
    assert [
        (check.check, check.detail) for check in audit_plan(plan, area, shipped_doctrine()).failures
    ] == []
    assert all(perimeter.sealed for perimeter in plan.perimeters)
    assert not any(text.endswith("is approximate") for text in (notice.text for notice in plan.notices))


def test_a_post_short_of_such_a_meeting_spares_those_beyond_it() -> None:
    area = unjoined()
    plan = make_plan(Incident(area.frame.place(45, 367), ThreatName.HANDGUN), area, shipped_doctrine())
    outer = [post.street for post in plan.posts if post.perimeter is PerimeterName.OUTER]
    assert len(outer) == 1
    assert audit_plan(plan, area, shipped_doctrine()).ok


def test_nobody_is_driven_to_an_island_that_no_street_leads_to() -> None:
    area = islands()
    incident = Incident(area.frame.place(-900, 0), ThreatName.KNIFE, casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    (hospital,) = plan.hospitals
    assert (hospital.time_s, hospital.assigned) == (None, Casualties())
    assert any("East Hospital" in n.text and n.level is NoticeLevel.DANGER for n in plan.notices)


@pytest.mark.parametrize("threat", ["knife", "handgun"])
def test_where_nothing_but_a_motorway_is_near_one_walks_along_it(threat: str) -> None:
    area = freeway()
    incident = Incident(area.frame.place(0, -20), ThreatName(threat), casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    asked = {Purpose.COMMAND_POST, Purpose.STAGING, Purpose.AMBULANCE_EXCHANGE, Purpose.EVACUATION}
    assert asked <= {site.purpose for site in plan.sites}
    assert not [n.text for n in plan.notices if "no open road that leads out is mapped" in n.text]
    walked = [site for site in plan.sites if " on foot from " in site.reason]
    assert walked
    assert all("part of it along the motorway I 7" in site.reason for site in walked)
    beyond = [site for site in walked if any("where traffic goes on" in text for text in site.cautions)]
    assert beyond
    assert audit_plan(plan, area, shipped_doctrine()).ok


def test_of_a_place_on_a_street_beyond_the_map_it_is_said_that_nothing_around_it_is_known() -> None:
    area = cut_small()
    plan = make_plan(Incident(CENTRE, ThreatName.SEDAN_BOMB), area, shipped_doctrine())
    beyond = [site for site in plan.sites if not area.knows(Point(area.frame.point_m(site.entrance)))]
    assert beyond
    for site in beyond:
        assert any(text.startswith("Beyond the edge of the map:") for text in site.cautions)


@pytest.mark.parametrize("threat", ["knife", "handgun", "pipe_bomb"])
def test_a_lane_amid_alleys_is_no_island(threat: str) -> None:
    area = alleys()
    incident = Incident(area.frame.place(20, 10), ThreatName(threat), casualties=Casualties(5, 5, 10))
    plan = make_plan(incident, area, shipped_doctrine())
    (hospital,) = plan.hospitals
    assert hospital.time_s is not None
    assert {RouteKind.EGRESS, RouteKind.INGRESS, RouteKind.TRANSFER} <= {route.route for route in plan.routes}
    assert not [notice.text for notice in plan.notices if "island" in notice.text]
    assert audit_plan(plan, area, shipped_doctrine()).ok


def test_a_hospital_table_with_more_decimals_than_documents_have_gives_a_plan_that_reads_back_equal() -> None:
    area = town()
    far = HospitalFact("Far General", LonLat(-92.962875621, 41.020517693), TraumaLevel.II, source="table")
    plan = make_plan(Incident(CENTRE, ThreatName.KNIFE), area, shipped_doctrine(), (far,))
    assert "Far General" in {hospital.name for hospital in plan.hospitals}
    assert read_plan(write_plan(plan)) == plan


@pytest.mark.parametrize("left_hand", [False, True])
def test_beside_a_divided_road_a_hospital_is_reached_on_its_own_carriageway(left_hand: bool) -> None:
    made = Objects()
    for x in range(-1200, -399, 100):
        made.way([(x, y) for y in range(-400, 401, 100)], highway="residential")
        made.way([(y - 800, x + 800) for y in range(-400, 401, 100)], highway="residential")
    for x in range(-400, 1201, 400):
        made.way([(x, 0), (x, 20)], highway="residential", name=f"Cross {x}")
    sides = ([(x, 0) for x in range(-400, 1201, 100)], [(x, 20) for x in range(1200, -401, -100)])
    for side in sides:
        way = side[::-1] if left_hand else side
        made.way(way, highway="primary", name="Broad Road", oneway="yes")
    made.lone_node(500, 45, amenity="hospital", name="North Hospital", emergency="yes")
    made.lone_node(500, -25, amenity="hospital", name="South Hospital", emergency="yes")
    area = made.settle().area("divided")
    assert area.network.driving_side.left is left_hand
    incident = Incident(made.place(-800, 150), ThreatName.KNIFE, casualties=Casualties(2, 2, 2))
    plan = make_plan(incident, area, shipped_doctrine())
    ends = {
        route.end: area.frame.point_m(route.line[-1])
        for route in plan.routes
        if route.route is RouteKind.EGRESS
    }
    assert ends.keys() == {"North Hospital", "South Hospital"}
    for name, y_m in (("North Hospital", 20), ("South Hospital", 0)):
        assert ends[name] == pytest.approx((500, y_m), abs=1)
