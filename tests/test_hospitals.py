"""Hospitals: known once, levels never invented, times in honest ranges, nobody sent above a cap."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, Point, Polygon, box

from planner.area import Area
from planner.briefing.transport_text import transport_text
from planner.cli import main
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.errors import SourceError
from planner.geo import LonLat
from planner.hospitals.ambulances import _away, _reckon, _Trip
from planner.hospitals.drives import Drive
from planner.hospitals.flights import air_offer, with_flights
from planner.hospitals.known import KnownHospital, find_hospitals
from planner.hospitals.sending import Transport, send_patients
from planner.model import (
    AmbulanceNeed,
    Casualties,
    HospitalFact,
    HospitalOption,
    HospitalStatus,
    Incident,
    WalkIns,
)
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.driving import Streets
from planner.routes.keeping import range_min
from planner.settings import shipped
from planner.sources.hospital_tables import (
    install_hospital_table,
    installed_hospitals,
    read_hospital_table,
    write_hospital_table,
)
from planner.terms import NoticeLevel, Purpose, RoadClass, RouteKind, TraumaLevel
from planner.ui.transport import by_air
from tests.test_routes import HOT, site, streets_around
from tests.town import town, town_objects

DOCTRINE = shipped_doctrine()
RULES = DOCTRINE.transport
SMALL = box(-300, -300, 300, 300)
"""An outer perimeter from which the town's own hospital lies away."""
INCIDENT = Incident(location=LonLat(-93.0, 41.0))


def fact(area: Area, x_m: float, y_m: float, name: str = "County Trauma", **stated: object) -> HospitalFact:
    """A table's hospital at a point in metres."""
    told = {"source": "County table", "as_of": "2024-01", **stated}
    return HospitalFact(name=name, location=area.frame.place(x_m, y_m), **told)  # type: ignore[arg-type]


def send(
    area: Area,
    facts: tuple[HospitalFact, ...] = (),
    casualties: Casualties | None = None,
    streets: Streets | None = None,
) -> Transport:
    """Send patients from a collection point east of the school."""
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    incident = replace(INCIDENT, casualties=casualties)
    return send_patients(incident, sites, streets or streets_around(area), area, DOCTRINE, facts)


def texts(transport: Transport) -> str:
    return "\n".join(notice.text for notice in transport.notices)


# --- which hospitals ----------------------------------------------------------------------------


def test_the_maps_hospital_is_reached_at_its_emergency_entrance() -> None:
    area = town()
    (known,), beyond = find_hospitals(area, (), RULES)
    assert (known.name, known.beds, known.helipad) == ("Town General Hospital", 120, True)
    assert (known.x_m, known.y_m) == pytest.approx((450, 178), abs=0.1)
    assert known.adult_level is None
    assert known.pediatric_level is None
    assert (known.source, known.as_of) == ("OpenStreetMap", area.data_date)
    assert beyond == []


@pytest.mark.parametrize(
    ("tags", "count"),
    [
        ({"amenity": "hospital", "name": "Far Side Hospital"}, 2),
        ({"amenity": "hospital", "name": "Far Side Hospital", "emergency": "no"}, 1),
        ({"amenity": "clinic", "name": "Far Side Clinic"}, 1),
        ({"amenity": "hospital"}, 2),
    ],
)
def test_hospitals_without_emergency_and_clinics_are_no_destinations(
    tags: dict[str, str], count: int
) -> None:
    made = town_objects()
    made.lone_node(-550, -620, **tags)
    on_map, _ = find_hospitals(made.settle().area(), (), RULES)
    assert len(on_map) == count


def test_a_point_and_the_ground_of_one_hospital_are_one() -> None:
    made = town_objects()
    made.lone_node(455, 150, amenity="hospital", name="Town General")  # a short name beside the long one
    made.lone_node(460, 160, amenity="hospital")  # nameless on the ground
    on_map, _ = find_hospitals(made.settle().area(), (), RULES)
    assert [h.name for h in on_map] == ["Town General Hospital"]


def test_a_childrens_hospital_on_the_same_campus_stays_its_own() -> None:
    made = town_objects()
    made.lone_node(500, 250, amenity="hospital", name="Town Children's Hospital")
    on_map, _ = find_hospitals(made.settle().area(), (), RULES)
    assert [h.name for h in on_map] == ["Town Children's Hospital", "Town General Hospital"]


def test_a_table_gives_the_maps_hospital_its_level_and_both_sources() -> None:
    area = town()
    told = fact(area, 470, 150, "TOWN GENERAL HOSPITAL", adult_level=TraumaLevel.II, beds=300)
    (known,), _ = find_hospitals(area, (told,), RULES)
    assert known.name == "Town General Hospital"
    assert known.adult_level is TraumaLevel.II
    assert known.beds == 300
    assert known.source == "OpenStreetMap; County table"
    assert (known.x_m, known.y_m) == pytest.approx((450, 178), abs=0.1)


@pytest.mark.parametrize(
    ("name", "city"),
    [
        ("Lakeside Heart Hospital", ""),
        ("Town Children's Hospital", ""),
        ("General Hospital", ""),
        ("Lakeside Hospital of Town", "Town"),
    ],
)
def test_a_level_is_never_given_to_a_neighbour_of_another_name(name: str, city: str) -> None:
    area = town()
    told = fact(area, 470, 150, name, adult_level=TraumaLevel.I, city=city)
    on_map, _ = find_hospitals(area, (told,), RULES)
    assert {h.name: h.adult_level for h in on_map} == {"Town General Hospital": None, name: TraumaLevel.I}


def test_accents_and_scripts_are_names_too() -> None:
    area = town(hospitals=False)
    names = ("Больница 2", "Больница 3", "Hôpital Saint-Éloi", "HOPITAL SAINT ELOI")
    facts = tuple(fact(area, 10.0 * k, 0, name) for k, name in enumerate(names))
    on_map, _ = find_hospitals(area, facts, RULES)
    assert [h.name for h in on_map] == ["Больница 2", "Больница 3", "Hôpital Saint-Éloi"]


def test_of_two_tables_the_one_that_states_a_level_is_heard() -> None:
    area = town(hospitals=False)
    facts = (fact(area, 0, 0), fact(area, 50, 0, "County Trauma Center", adult_level=TraumaLevel.III))
    on_map, _ = find_hospitals(area, facts, RULES)
    assert [(h.name, h.adult_level) for h in on_map] == [("County Trauma Center", TraumaLevel.III)]


def test_of_two_tables_what_only_one_states_is_kept_and_both_are_named() -> None:
    area = town(hospitals=False)
    facts = (
        fact(area, 0, 0, beds=200, burn=True, source="One"),
        fact(area, 50, 0, "County Trauma Center", adult_level=TraumaLevel.III, helipad=True, source="Two"),
        fact(area, 20, 0, "County Trauma", beds=900, source="One"),
    )
    (known,), _ = find_hospitals(area, facts, RULES)
    assert (known.source, known.beds, known.burn, known.helipad) == ("Two; One", 200, True, True)


@pytest.mark.parametrize(
    ("as_of", "dropped"), [("", True), ("2030", True), ("2030-04", True), ("2001-01", False)]
)
def test_what_a_table_says_is_closed_is_dropped_unless_the_map_is_newer(as_of: str, dropped: bool) -> None:
    area = town()
    assert area.data_date > "2001-01"
    told = fact(area, 470, 150, "TOWN GENERAL HOSPITAL", closed=True, as_of=as_of)
    elsewhere = fact(area, -700, 600, "Shut Hospital", closed=True)
    found = send(area, (told, elsewhere), Casualties(0, 1, 1))
    assert [h.name for h in found.hospitals] == ([] if dropped else ["Town General Hospital"])
    assert f"Town General Hospital is closed, says County table ({as_of or 'no date'})" in texts(found)
    assert ("the map is newer" in texts(found)) is not dropped
    opened = fact(area, 460, 150, "Town General Hospital", adult_level=TraumaLevel.III)
    (known,), _ = find_hospitals(area, (told, opened), RULES)
    assert (known.told_closed, known.adult_level) == ("", TraumaLevel.III)


# --- times and ways -----------------------------------------------------------------------------


def test_time_is_that_of_its_route_and_stands_in_its_range() -> None:
    area = town()
    found = send(area, streets=streets_around(area, outer_m=SMALL))
    (option,) = found.hospitals
    (way,) = found.ways
    assert way.kind is RouteKind.EGRESS
    assert (way.start, way.end) == ("casualty_collection-1", "Town General Hospital")
    assert option.route == "egress-1"
    assert option.time_s == pytest.approx(way.path.time_s)
    assert option.time_range_min is not None
    low, high = option.time_range_min
    assert low == 1 or low <= way.path.time_s / 60
    assert high >= way.path.time_s / 60
    assert "no traffic data" in texts(found)


@given(st.floats(0, 20_000), st.floats(1, 2))
def test_ranges_hold_the_planning_time_and_never_promise_better_than_the_best_case(
    time_s: float, late: float
) -> None:
    low, high = range_min(time_s, RULES, late)
    assert 1 <= low <= high
    assert high >= time_s * late / 60
    assert low == 1 or low <= time_s * RULES.best_case / 60


def test_times_equal_a_search_for_each_hospital_alone() -> None:
    area = town()
    facts = tuple(fact(area, x, y, f"Hospital {x}") for x, y in ((-700, -700), (600, -300), (-300, 500)))
    streets = streets_around(area)
    together = {h.name: h.time_s for h in send(area, facts, streets=streets).hospitals}
    for one in facts:
        alone = {h.name: h.time_s for h in send(area, (one,), streets=streets).hospitals}
        assert alone[one.name] == together[one.name]


def test_hospitals_come_soonest_first_and_ways_are_drawn_to_the_nearest_and_the_best() -> None:
    area = town()
    streets = streets_around(area, outer_m=SMALL)
    places = ((-300, 500), (700, -700), (-700, -700), (-700, 600), (-600, 700))
    facts = tuple(fact(area, x, y, f"Place{k} Hospital") for k, (x, y) in enumerate(places))
    found = send(area, facts, streets=streets)
    times = [h.time_s for h in found.hospitals if h.time_s is not None]
    assert len(times) == 6
    assert times == sorted(times)
    nearest = {h.name for h in found.hospitals[: RULES.routed_hospitals]}
    assert {way.end for way in found.ways} == nearest
    best = found.hospitals[-1]
    number = next(k for k, f in enumerate(facts) if f.name == best.name)
    for level in (TraumaLevel.I, TraumaLevel.II):
        graded = (*facts[:number], replace(facts[number], adult_level=level), *facts[number + 1 :])
        again = send(area, graded, streets=streets)
        assert {way.end for way in again.ways} == nearest | {best.name}
        assert {h.route for h in again.hospitals if h.route} == {f"egress-{k}" for k in range(1, 5)}
        assert again.notices[0].text.startswith(
            f"Nearest trauma centre of Level I or II: {best.name}, Level {level}, "
        )


def test_a_city_s_own_hospital_of_unknown_level_is_named_before_a_known_centre_hours_away() -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -600, amenity="hospital", name="Town Children's Hospital")
    made.lone_node(-550, -620, amenity="hospital", name="Near Hospital")
    area = made.settle().area()

    def named_first(*facts: HospitalFact, shut: bool = False) -> tuple[str, str, str]:
        said = (status(area, -550, -620, "Near Hospital", closed=shut),)
        found = send_patients(
            replace(INCIDENT, hospitals=said),
            (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),),
            streets_around(area, outer_m=SMALL),
            area,
            DOCTRINE,
            facts,
        )
        (lead,) = (h for h in found.hospitals if h.leads)
        return lead.name, lead.leads, texts(found)

    far = fact(area, 0, 200_000, "Far Centre", adult_level=TraumaLevel.II)
    name, why, told = named_first(far)
    assert name == "Near Hospital"
    assert "its level is unknown" in why
    assert "over 120 min further" in why
    assert "Near Hospital, trauma level unknown" in told
    assert "is named first" in told
    assert "Far Centre, Level II" in told
    near = fact(area, 0, 20_000, "Centre within two hours", adult_level=TraumaLevel.I)
    assert named_first(far, near)[0] == "Centre within two hours"
    assert named_first(far, shut=True)[0] == "Far Centre", "the other takes no adults"
    assert named_first(shut=True)[0] == "Town Children's Hospital", "no other is in reach"
    name, why, told = named_first()
    assert (name, "no trauma centre of Level I or II is known in reach" in why) == ("Near Hospital", True)
    assert "is named first" not in told, "nothing else could be"


def test_hospitals_by_the_danger_come_last_to_be_called_first_and_have_no_way() -> None:
    area = town()
    inner = [fact(area, 300, -100 * k, f"Inside{k} Hospital") for k in (1, 2, 3)]
    outer = [fact(area, 0, -790, "Outside Hospital"), fact(area, -700, -700, "Further Hospital")]
    found = send(area, (*inner, *outer))
    assert "inside the outer perimeter or close to hot ground: Inside1 Hospital" in texts(found)
    by_danger = {
        h.name for h in found.hospitals if "inside the outer perimeter: possible second scene" in h.reason
    }
    assert by_danger == {"Inside1 Hospital", "Inside2 Hospital", "Inside3 Hospital", "Town General Hospital"}
    names = [h.name for h in found.hospitals]
    assert set(names[:2]) == {"Outside Hospital", "Further Hospital"}
    assert {way.end for way in found.ways} == {"Outside Hospital", "Further Hospital"}
    assert all(h.route is None for h in found.hospitals if h.name in by_danger)


def test_where_every_hospital_lies_by_the_danger_a_way_out_is_shown_as_well() -> None:
    area = town()
    found = send(area)
    (option,) = found.hospitals
    assert "call before sending" in option.reason
    first, out = found.ways
    assert first.end == "Town General Hospital"
    assert out.purpose.startswith("Ambulances out to ")


def test_a_hospital_near_hot_ground_may_become_a_second_scene() -> None:
    area = town()
    near = fact(area, 150 + RULES.hospital_stand_off_m - 60, 0, "Near Hospital")
    far = fact(area, 150 + RULES.hospital_stand_off_m + 60, 0, "Far Hospital")
    found = send(area, (near, far), streets=streets_around(area, outer_m=box(-155, -155, 155, 155)))
    warned = [h.name for h in found.hospitals if "240 m from hot or warm ground: possible second" in h.reason]
    assert warned == ["Near Hospital"]
    assert found.hospitals[-1].name == "Near Hospital"


@pytest.mark.parametrize(
    ("name", "tags", "special"),
    [
        ("Hospital Geriátrico Dr. Piñeyro", {}, "for the aged, by its name: ask"),
        ("Instituto Nacional del Cáncer", {}, "cancer care, by its name: ask"),
        ("Hospital Psiquiátrico", {}, "psychiatric, by its name: ask"),
        ("Centro de Salud del Cerro", {}, "a health centre, by its name: ask"),
        ("Policlínica MSP", {}, "a polyclinic, by its name: ask"),
        ("Городская поликлиника 4", {}, "a polyclinic, by its name: ask"),
        ("Westside Health Centre", {}, "a health centre, by its name: ask"),
        ("VA Ambulatory Care Center", {}, "a day clinic, by its name: ask"),
        ("Policlinico Umberto I", {}, ""),
        ("Sacred Heart Hospital", {}, ""),
        ("Hospital Pasteur", {}, ""),
        ("Hospital Pasteur", {"healthcare:speciality": "psychiatry"}, "psychiatry, by its tags"),
        ("Cancer Hospital", {"healthcare:speciality": "oncology;emergency"}, ""),
        ("Cancer Hospital", {"emergency": "yes"}, ""),
    ],
)
def test_what_is_no_general_hospital_is_told_by_tags_and_only_then_by_name(
    name: str, tags: dict[str, str], special: str
) -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name=name, **tags)
    made.lone_node(-750, -780, amenity="hospital", name="Furthest General Hospital")
    area = made.settle().area()
    found = send(area)
    told = {h.name: h.reason for h in found.hospitals}[name]
    assert (f"not a general hospital: {special}" in told) is bool(special)
    assert ("not a general hospital" in told) is bool(special)
    assert [h.name for h in found.hospitals].index(name) == int(bool(special))


@pytest.mark.parametrize(
    ("name", "tags", "why"),
    [
        ("Instituto de Medicina Legal", {}, "forensic medicine, by its name"),
        ("Institut médico-légal de Paris", {}, "forensic medicine, by its name"),
        ("Institut für Rechtsmedizin", {}, "forensic medicine, by its name"),
        ("Zakład Medycyny Sądowej", {}, "forensic medicine, by its name"),
        ("County Morgue", {}, "forensic medicine, by its name"),
        ("Instituto Norte", {"healthcare:speciality": "forensic_medicine"}, "forensic medicine, by its tags"),
        ("Westside Veterinary Hospital", {}, "for animals, by its name"),
        ("Forensic Psychiatric Hospital", {}, ""),
        ("Morgan Hospital", {}, ""),
        ("Hospital of Forensic Medicine", {"emergency": "yes"}, ""),
    ],
)
def test_what_takes_no_wounded_is_left_out_and_said_to_be(name: str, tags: dict[str, str], why: str) -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name=name, **tags)
    made.lone_node(-750, -780, amenity="hospital", name="Furthest General Hospital")
    area = made.settle().area()
    found = send(area)
    assert (name in {h.name for h in found.hospitals}) is not bool(why)
    said = " ".join(notice.text for notice in found.notices)
    assert (f"Left out, as they take no wounded: {name} ({why})" in said) is bool(why)
    if why:  # a table that names it for emergencies outranks what it is called
        assert name in {h.name for h in send(area, (fact(area, -550, -620, name),)).hospitals}


@pytest.mark.parametrize(
    "tags",
    [
        {"amenity": "veterinary", "healthcare": "hospital"},
        {"amenity": "mortuary", "healthcare": "hospital"},
        {"amenity": "hospital", "disused": "yes"},
        {"amenity": "hospital", "abandoned": "yes"},
        {"amenity": "hospital", "emergency": "no"},
    ],
)
def test_what_takes_no_patients_is_no_hospital_whatever_it_is_called(tags: dict[str, str]) -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, name="St. Elsewhere Hospital", **tags)
    assert send(made.settle().area()).hospitals == ()


@pytest.mark.parametrize(
    ("tags", "special"),
    [
        ({"healthcare": "rehabilitation"}, "rehabilitation, by its tags"),
        ({"healthcare": "clinic"}, "clinic, by its tags"),
        ({"office": "government"}, "government office, by its tags"),
        ({"healthcare": "hospital", "government": "healthcare"}, "government office, by its tags"),
        ({"social_facility": "nursing_home"}, "nursing home, by its tags"),
        ({"healthcare": "hospital"}, ""),
        ({"healthcare": "clinic", "emergency": "yes"}, ""),
    ],
)
def test_what_tags_say_besides_of_a_hospital_is_heard(tags: dict[str, str], special: str) -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name="St. Elsewhere Hospital", **tags)
    (option,) = send(made.settle().area()).hospitals
    assert option.spared == special
    assert option.adult_level is None


def test_a_city_s_own_hospital_comes_before_a_known_one_hours_away() -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name="Near Hospital")
    area = made.settle().area()
    centre = fact(area, 0, 200_000, "Far Centre", adult_level=TraumaLevel.II)
    found = send(area, (centre,), Casualties(red=3))
    assert [hospital.name for hospital in found.hospitals] == ["Near Hospital", "Far Centre"]
    assert found.hospitals[0].spared == ""
    assert "For 1 of 2 hospitals no source says" in texts(found)
    assert "others come first" not in texts(found)
    assert found.hospitals[1].assigned == Casualties()
    assert "3 red patients find no place" in texts(found)


def test_hospitals_that_are_said_to_take_emergencies_come_before_those_of_which_nobody_says_so() -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name="Near Institute")
    made.lone_node(-750, -780, amenity="hospital", name="Far Hospital", emergency="yes", beds="900")
    area = made.settle().area()
    patients = Casualties(0, 3, 3)
    found = send(area, casualties=patients)
    far, near = found.hospitals
    assert (far.name, near.name) == ("Far Hospital", "Near Institute")
    assert far.time_s is not None
    assert near.time_s is not None
    assert near.time_s < far.time_s
    assert (far.assigned, near.assigned) == (patients, Casualties())
    assert near.spared == "no source says that it has an emergency department"
    assert "call first" in near.reason
    assert "For 1 of 2 hospitals no source says" in texts(found)
    table = fact(area, -550, -620, "Near Institute")
    assert send(area, (table,), patients).hospitals[0].spared == "", "a table of hospitals names it"
    said = status(area, -550, -620, "Near Institute", others_per_h=4.0)
    incident = replace(INCIDENT, casualties=patients, hospitals=(said,))
    asked = send_patients(incident, (), streets_around(area), area, DOCTRINE).hospitals
    assert [h.spared for h in asked] == ["", ""], "the coordinator called"


def test_where_of_no_hospital_anybody_says_that_it_takes_emergencies_none_comes_first() -> None:
    made = town_objects(hospitals=False)
    made.lone_node(-550, -620, amenity="hospital", name="Near Institute")
    made.lone_node(-750, -780, amenity="hospital", name="Far Hospital")
    found = send(made.settle().area())
    assert [(h.name, h.spared) for h in found.hospitals] == [("Near Institute", ""), ("Far Hospital", "")]
    assert "For 2 of 2 hospitals no source says" in texts(found)


def test_a_hospital_on_the_other_shore_is_not_reached_over_the_scenes_own_streets() -> None:
    made = town_objects(hospitals=False)
    for side in (-1, 1):  # on both sides, so that the frame's middle stays that of the town
        shore = [(2000, -450), (2000, 450), (2900, 450), (2900, -450), (2000, -450)]
        made.way([(side * x, y) for x, y in shore], highway="residential", name="Mainland Road")
    made.lone_node(2010, 0, amenity="hospital", name="Mainland Hospital")
    area = made.settle().area()
    found = send(area)
    (option,) = found.hospitals
    assert (option.time_s, option.time_range_min, option.route) == (None, None, None)
    assert "no street on this map joins the scene to it" in option.reason
    (danger,) = [n for n in found.notices if n.level is NoticeLevel.DANGER]
    assert danger.text == "No way to drive to Mainland Hospital: no street on this map joins the scene to it"


def test_one_hospital_out_of_reach_is_no_danger_while_another_is_reached_unless_it_treats_trauma() -> None:
    made = town_objects()
    for side in (-1, 1):
        shore = [(2000, -450), (2000, 450), (2900, 450), (2900, -450), (2000, -450)]
        made.way([(side * x, y) for x, y in shore], highway="residential", name="Mainland Road")
    made.lone_node(2010, 0, amenity="hospital", name="Mainland Hospital")
    area = made.settle().area()

    def level(facts: tuple[HospitalFact, ...]) -> NoticeLevel:
        found = send(area, facts)
        assert any(h.time_s is not None for h in found.hospitals)
        (notice,) = [n for n in found.notices if n.text.startswith("No way to drive to ")]
        return notice.level

    assert level(()) is NoticeLevel.CAUTION
    told = fact(area, 2010, 0, name="Mainland Hospital", adult_level=TraumaLevel.II)
    assert level((told,)) is NoticeLevel.DANGER


def test_from_an_island_no_time_beyond_the_map_is_claimed() -> None:
    made = town_objects(hospitals=False)
    zigzag = [(2000 + 100 * k, 800 if k % 2 else -800) for k in range(100)]
    for side in (-1, 1):  # both longer than all the town's streets; the frame's middle stays the town's
        made.way([(side * x, y) for x, y in zigzag], highway="residential", name="Mainland Road")
    area = made.settle().area()
    found = send(area, (fact(area, 40_000, 0, adult_level=TraumaLevel.I),))
    (option,) = found.hospitals
    assert (option.time_s, option.route) == (None, None)
    assert "what leads beyond it is not known" in option.reason
    (way,) = found.ways
    assert way.purpose.startswith("Ambulances out to ")


def test_a_hospital_in_the_zone_is_no_destination() -> None:
    area = town()
    streets = streets_around(area, HOT.union(box(400, 100, 500, 200)))
    found = send(area, streets=streets, casualties=Casualties(2, 2, 2))
    (option,) = found.hospitals
    assert (option.time_s, option.time_range_min, option.route) == (None, None, None)
    assert option.assigned == Casualties()
    assert "Town General Hospital: it lies in hot or warm ground" in texts(found)


def test_a_hospital_cut_off_names_the_closure() -> None:
    area = town()
    wall = box(340, -3000, 360, 3000).union(box(355, -3000, 360, 3000))
    found = send(area, streets=streets_around(area, HOT.union(wall)))
    (option,) = found.hospitals
    assert option.time_s is None
    assert "it is severed by the closed zone on" in texts(found)
    assert "it is severed by" in option.reason


def test_without_a_collection_point_times_still_count_from_somewhere_and_say_so() -> None:
    area = town()
    found = send_patients(INCIDENT, (), streets_around(area), area, DOCTRINE)
    assert found.hospitals[0].time_s is not None
    assert "count from the nearest open street" in texts(found)
    staging = (site(area, Purpose.STAGING, -450, -200),)
    assert "count from staging" in texts(
        send_patients(INCIDENT, staging, streets_around(area), area, DOCTRINE)
    )


def test_a_map_without_hospitals_says_what_to_do_and_still_shows_a_way_out() -> None:
    area = town(hospitals=False)
    found = send(area)
    assert found.hospitals == ()
    (notice,) = found.notices
    assert notice.level is NoticeLevel.DANGER
    assert "No hospital is known" in notice.text
    assert "load a hospital table" in notice.text
    (way,) = found.ways
    assert way.kind is RouteKind.EGRESS


def test_no_open_street_at_all_is_a_notice() -> None:
    area = town()
    streets = streets_around(area, box(-5000, -5000, 5000, 5000), Polygon())
    found = send(area, streets=streets)
    (option,) = found.hospitals
    assert (option.time_s, option.route) == (None, None)
    assert found.ways == ()
    assert "No street that is open and joined to the scene lies within reach" in texts(found)


def test_levels_are_never_invented() -> None:
    found = send(town(), casualties=Casualties(4, 2, 2))
    (option,) = found.hospitals
    assert option.adult_level is None
    assert option.pediatric_level is None
    assert option.red_per_h is None
    assert option.assigned.red == 0
    assert "No trauma level is known for any hospital" in texts(found)
    assert "4 red" in texts(found)


def test_that_no_level_is_known_on_the_map_is_told_whatever_is_known_beyond() -> None:
    area = town()
    beyond = fact(area, 90_000, 0, "Distant Hospital", adult_level=TraumaLevel.II)
    told = f"No trauma level is known for any hospital on the map of {area.name}, and none is guessed"
    assert told in texts(send(area, (beyond,)))
    here = fact(area, 450, 178, "Town General Hospital", adult_level=TraumaLevel.III)
    assert "for any hospital" not in texts(send(area, (beyond, here)))
    bare = town(hospitals=False)
    assert "for any hospital" not in texts(send(bare, (beyond,)))


# --- what the coordinator says ----------------------------------------------------------------------


def status(area: Area, x_m: float, y_m: float, name: str, **said: object) -> HospitalStatus:
    return HospitalStatus(name, area.frame.place(x_m, y_m), **said)  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["closed", "diversion"])
def test_what_the_coordinator_shuts_is_sent_nobody_and_listed_last(word: str) -> None:
    area = town()
    facts = tuple(fact(area, x, -700, f"Place{x} Hospital", adult_level=TraumaLevel.I) for x in (-700, 700))
    incident = replace(INCIDENT, casualties=Casualties(3, 2, 2))
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    streets = streets_around(area, outer_m=SMALL)
    before = send_patients(incident, sites, streets, area, DOCTRINE, facts)
    taker = next(h for h in before.hospitals if h.assigned.red)
    closed = word == "closed"
    said = HospitalStatus(taker.name.upper(), taker.location, closed, not closed)
    after = send_patients(replace(incident, hospitals=(said,)), sites, streets, area, DOCTRINE, facts)
    last = after.hospitals[-1]
    assert last.name == taker.name
    assert getattr(last, word)
    assert (last.assigned, last.route) == (Casualties(), None)
    assert sum(h.assigned.red for h in after.hospitals) == 3
    assert last.time_s == taker.time_s
    assert f"no ambulance is planned there: {taker.name}" in texts(after)


def test_a_capacity_said_counts_where_no_level_is_known() -> None:
    area = town()
    streets = streets_around(area, outer_m=SMALL)
    said = status(area, 450, 178, "Town General Hospital", red_per_h=2.0, others_per_h=3.0)
    incident = replace(INCIDENT, casualties=Casualties(2, 1, 0), hospitals=(said,))
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    (option,) = send_patients(incident, sites, streets, area, DOCTRINE).hospitals
    assert option.adult_level is None
    assert (option.red_per_h, option.others_per_h) == (2.0, 3.0)
    assert option.walk_ins == WalkIns(1, 0, 1)
    assert option.assigned == Casualties(1, 1, 0)


def test_of_two_words_on_one_hospital_the_last_counts_and_strangers_are_told() -> None:
    area = town()
    streets = streets_around(area, outer_m=SMALL)
    name = "Town General Hospital"
    said = (
        status(area, 450, 178, name, closed=True),
        status(area, 450, 178, name, red_per_h=1.0),
        status(area, 450, 178, "Nowhere Hospital", closed=True),
        status(area, -450, -578, name, closed=True),
    )
    found = send_patients(replace(INCIDENT, hospitals=said), (), streets, area, DOCTRINE)
    (option,) = found.hospitals
    assert not option.closed
    assert option.red_per_h == 1.0
    assert "neither the map nor a table has here: Nowhere Hospital, Town General Hospital" in texts(found)


# --- sites, flights, ambulances -----------------------------------------------------------------------


def test_times_are_given_from_every_site_that_ambulances_use() -> None:
    area = town()
    streets = streets_around(area, outer_m=SMALL)
    loading = site(area, Purpose.CASUALTY_COLLECTION, 250, 100)
    staging = site(area, Purpose.STAGING, -450, -200)
    (option,) = send_patients(INCIDENT, (loading, staging), streets, area, DOCTRINE).hospitals
    (alone,) = send_patients(INCIDENT, (staging,), streets, area, DOCTRINE).hospitals
    assert [t.site for t in option.times] == [loading.id, staging.id]
    assert option.times[0].time_s == option.time_s
    assert option.times[1].time_s == alone.time_s
    assert option.times[1].range_min == alone.time_range_min


def drive_of(
    name: str = "Far Trauma", time_s: float | None = 4200.0, beyond_m: float = 60_000.0, **known: object
) -> Drive:
    told = {"adult_level": TraumaLevel.I, "helipad": True, **known}
    hospital = KnownHospital(name, LonLat(-93.0, 41.0), 60_000.0, 0.0, **told)  # type: ignore[arg-type]
    span = None if time_s is None else (int(time_s / 80), int(time_s / 50))
    return Drive(hospital, None, time_s, span, beyond_m)


def offers(*drives: Drive, reds: int = 0, helispot: str = "School Field") -> list[str]:
    flown = with_flights(drives, Point(0, 0), RULES)
    return [air_offer(drive, reds, helispot, RULES) for drive in flown]


def test_air_is_offered_where_the_drive_is_far_and_the_flight_shorter() -> None:
    (offer,) = offers(drive_of())
    assert offer.startswith("consider air for reds: 16-27 min in flight, from School Field; ")
    assert offer.endswith("flight time only: load, launch and weather unknown")
    assert "no helispot is chosen yet" in offers(drive_of(), helispot="")[0]
    assert offers(drive_of(time_s=None))[0], "no road leads there"
    assert offers(drive_of(time_s=2400.0))[0], "a Level I off the map, within the hour"
    assert offers(drive_of(pediatric_level=TraumaLevel.II, adult_level=None))[0]
    assert offers(drive_of(adult_level=TraumaLevel.III), reds=1)[0], "reds are driven there"
    shut = replace(drive_of(), status=HospitalStatus("Far Trauma", LonLat(-93.0, 41.0), diversion=True))
    none = (
        drive_of(helipad=None),
        drive_of(helipad=False),
        drive_of(adult_level=None),
        drive_of(adult_level=TraumaLevel.III),
        drive_of(time_s=2400.0, adult_level=TraumaLevel.II),
        drive_of(time_s=2400.0, beyond_m=0.0),
        drive_of(time_s=1500.0),  # no longer than the flight's late end
        shut,
    )
    assert offers(*none) == [""] * len(none)


def test_where_air_is_offered_the_plan_the_notices_and_the_radio_say_so() -> None:
    area = town()
    far = fact(area, 90_000, 0, "Far Trauma", adult_level=TraumaLevel.I, beds=400, helipad=True)
    plan = make_plan(replace(INCIDENT, casualties=Casualties(3, 0, 0)), area, DOCTRINE, (far,))
    option = next(h for h in plan.hospitals if h.name == "Far Trauma")
    assert option.assigned.red == 3
    assert option.air_offer
    assert option.air_offer in option.reason
    (notice,) = [n for n in plan.notices if "consider air" in n.text]
    assert notice.level == NoticeLevel.CAUTION
    assert "Far Trauma" in notice.text
    assert f"Far Trauma: {option.air_offer}." in transport_text(plan, RULES.first_wave_red)
    assert option.air_offer in by_air(plan)
    assert by_air(replace(plan, hospitals=())) == ""


def test_a_flight_is_a_straight_line_to_a_helipad_and_none_where_no_helipad_is_known() -> None:
    area = town()
    told = fact(area, 40_000, 100, "Far Trauma", adult_level=TraumaLevel.I, helipad=True)
    plain = fact(area, 30_000, 100, "Far Plain", adult_level=TraumaLevel.I)
    found = {h.name: h for h in send(area, (told, plain)).hospitals}
    assert found["Far Plain"].air_range_min is None
    low, high = found["Far Trauma"].air_range_min or (0, 0)
    flight_min = 39.75 / RULES.air_kmh * 60
    assert low == math.floor(flight_min)
    assert flight_min + RULES.air_extra_min <= high <= flight_min + RULES.air_extra_min + 1


def test_ambulances_make_rounds_of_twice_the_drive_and_the_turnaround() -> None:
    area = town(hospitals=False)
    told = fact(area, 40_000, 0, adult_level=TraumaLevel.I, beds=900)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)

    def need(casualties: Casualties, **units: int) -> AmbulanceNeed:
        incident = replace(INCIDENT, casualties=casualties, units=tuple(units.items()))
        found = send_patients(incident, sites, streets_around(area), area, DOCTRINE, (told,))
        (option,) = found.hospitals
        assert option.time_s is not None
        assert option.time_range_min is not None
        drive_s.append(option.time_s)
        spans.append(option.time_range_min)
        assert found.ambulances is not None
        return found.ambulances

    drive_s: list[float] = []
    spans: list[tuple[int, int]] = []
    one_wave = need(Casualties(3, 3, 9))
    assert (one_wave.needed, one_wave.at_hand, one_wave.waves) == (5, None, 1)
    assert one_wave.last_red_min == one_wave.last_min == spans[0]
    two = need(Casualties(3, 3, 9), ambulances=2)
    assert (two.needed, two.at_hand, two.waves) == (5, 2, 3)
    round_s = 2 * drive_s[0] + 60 * RULES.turnaround_min
    for told_min, trips in ((two.last_red_min, 1), (two.last_min, 2)):
        planned_s = trips * round_s + drive_s[0]
        late_s = planned_s + (RULES.off_map_late - 1) * (2 * trips + 1) * drive_s[0]
        assert told_min is not None
        assert told_min[1] == math.ceil((late_s + RULES.load_out_s) / 60)
        soon_s = planned_s - (1 - RULES.best_case) * (2 * trips + 1) * drive_s[0]
        assert told_min[0] == math.floor(soon_s / 60), "handing over takes as long at best"
    over = need(Casualties(30, 0, 0), ambulances=2)
    assert (over.needed, over.last_red_min, over.last_min) == (30, None, None)
    assert over.waves == 15, "who has no place yet is to be driven, too"
    nobody = need(Casualties(1, 0, 0), ambulances=0)
    assert (nobody.waves, nobody.last_red_min) == (0, None)
    assert send(area, (told,), Casualties(0, 0, 5)).ambulances is None


def test_ambulances_that_left_with_who_is_sent_are_back_only_after_their_trip() -> None:
    area = town(hospitals=False)
    near = fact(area, -600, 150, "Near Trauma", adult_level=TraumaLevel.I, beds=900)
    far = fact(area, 40_000, 0, "Far Trauma", adult_level=TraumaLevel.I, beds=900)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)

    def need(at_hand: int | None, red: int, to_near: int, to_far: int) -> AmbulanceNeed:
        units = () if at_hand is None else (("ambulances", at_hand),)
        said = (
            status(area, -600, 150, "Near Trauma", red_per_h=40.0, sent=Casualties(red=to_near)),
            status(area, 40_000, 0, "Far Trauma", red_per_h=40.0, sent=Casualties(yellow=2 * to_far)),
        )
        incident = replace(INCIDENT, casualties=Casualties(red=red, yellow=20), units=units, hospitals=said)
        found = send_patients(
            incident, sites, streets_around(area, outer_m=SMALL), area, DOCTRINE, (near, far)
        )
        times_s.update({h.name: h.time_s or 0.0 for h in found.hospitals})
        assert found.ambulances is not None
        return found.ambulances

    times_s: dict[str, float] = {}
    before, after = need(6, 2, 0, 0), need(6, 6, 4, 0)
    assert (before.just_gone, after.just_gone) == (0, 4)
    assert before.last_red_min == after.last_red_min, "two are here for the two reds who are left"
    few = need(4, 5, 4, 0)
    assert (few.just_gone, few.at_hand) == (4, 4)
    assert few.waves >= 2, "the one that it is on, and the next"
    round_s = 2 * times_s["Near Trauma"] + 60 * RULES.turnaround_min
    assert few.last_red_min is not None
    assert few.last_red_min[1] == math.ceil((round_s + times_s["Near Trauma"] + RULES.load_out_s) / 60)
    assert few.last_red_min[0] > RULES.turnaround_min
    assert "4 counted as just gone with those sent" in few.reason
    furthest = need(1, 6, 5, 1)
    assert furthest.just_gone == 1
    assert furthest.last_red_min is not None
    assert furthest.last_red_min[0] >= (2 * times_s["Far Trauma"] * RULES.best_case) // 60, "the worst counts"
    assert need(None, 5, 4, 0).just_gone == 0, "who is reckoned with is here"


def test_who_left_for_where_no_way_leads_is_not_counted_on_to_come_back() -> None:
    trip = _Trip(False, 300.0, 300.0)
    assert list(_away([(None, 2), (trip, 9)], 5, 2)) == [trip, trip]
    assert list(_away([(None, 2), (trip, 9)], 2, 2)) == []
    assert _reckon([(True, 60.0)], (0, []), RULES) == (0.0, 0.0, 0)


# --- beyond the map -----------------------------------------------------------------------------


def test_a_trauma_centre_beyond_the_map_is_an_estimate_marked_as_one() -> None:
    area = town(hospitals=False)
    told = fact(area, 40_000, 3_000, adult_level=TraumaLevel.I)
    found = send(area, (told,))
    (option,) = found.hospitals
    assert option.off_map
    assert option.time_s is not None
    straight_s = 40_000 / (RULES.off_map_kmh / 3.6)
    assert straight_s < option.time_s < 1.6 * straight_s
    assert option.time_range_min is not None
    low, high = option.time_range_min
    assert low < option.time_s / 60 < high
    assert "an estimate" in option.reason
    assert "estimates" in texts(found)
    (way,) = found.ways
    x_m, _ = way.path.xy_m[-1]
    assert x_m > 1200  # it leaves the map on the hospital's side


def test_one_leaves_the_map_on_the_hospitals_side_though_another_exit_is_nearer() -> None:
    """A kilometre of street takes longer than one beyond: the exit beside the scene was the best for all."""
    area = town(hospitals=False)
    told = fact(area, 40_000, 3_000, adult_level=TraumaLevel.I)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, -1150, 20),)
    found = send_patients(INCIDENT, sites, streets_around(area), area, DOCTRINE, (told,))
    (way,) = found.ways
    assert way.path.xy_m[-1][0] > 1200
    assert "leaves the map away" not in texts(found)


def test_an_exit_that_leads_away_from_the_hospital_is_taken_where_there_is_no_other_and_that_is_told() -> (
    None
):
    area = town(hospitals=False)
    told = fact(area, 40_000, 3_000, adult_level=TraumaLevel.I)
    (straight,) = send(area, (told,)).hospitals
    across = HOT.union(box(600, -2000, 700, 2000))
    found = send(area, (told,), streets=streets_around(area, across))
    (option,), (way,) = found.hospitals, found.ways
    assert way.path.xy_m[-1][0] < -1200
    assert "leaves the map away from it: ask dispatch for the way" in option.reason
    assert "round the map" in option.reason
    assert way.purpose == "Ambulances to the edge of the map, away from County Trauma"
    notices = {notice.text: notice.level for notice in found.notices}
    (text,) = [text for text in notices if text.startswith("The way leaves the map away from County Trauma")]
    assert notices[text] is NoticeLevel.CAUTION
    assert option.time_s is not None
    assert straight.time_s is not None
    beyond_s = 2 * 1300 / (RULES.off_map_kmh / 3.6)  # past the map's whole width, and half its height
    assert option.time_s > straight.time_s + 1.5 * RULES.off_map_detour * beyond_s


def test_a_hospital_in_a_bay_of_the_map_is_reached_straight() -> None:
    """Its hull holds the place, so nothing tells which exit leads away."""
    made = town_objects(hospitals=False)
    made.way([(0, 1300), (0, 6000)], highway="primary", name="North Road")
    made.way([(1300, 0), (6000, 0)], highway="primary", name="East Road")
    area = made.settle().area()
    told = fact(area, 2600, 2600, adult_level=TraumaLevel.I)
    found = send(area, (told,))
    assert found.hospitals[0].off_map
    assert "leaves the map away" not in texts(found)


def test_the_nearest_level_one_is_listed_however_far_behind_others() -> None:
    area = town()
    facts = tuple(
        fact(area, 20_000.0 + 1000 * k, 0, f"Near{k} Hospital", adult_level=TraumaLevel.III) for k in range(6)
    )
    first = fact(area, 0, 120_000, "Distant Hospital", adult_level=TraumaLevel.I)
    second = fact(area, 0, 130_000, "More Distant Hospital", adult_level=TraumaLevel.I)
    child = fact(area, -90_000, 0, "Pediatric Hospital", pediatric_level=TraumaLevel.I)
    plain = fact(area, -30_000, 0, "Plain Hospital")
    names = {h.name for h in send(area, (*facts, first, second, child, plain)).hospitals}
    nearest = {f.name for f in facts[: RULES.off_map_hospitals]}
    assert names == {"Town General Hospital", "Distant Hospital", "Pediatric Hospital", *nearest}


def test_a_trauma_centre_in_a_corner_without_streets_is_an_estimate_too() -> None:
    area = town(hospitals=False)
    _, _, east, north = area.extent_m.bounds
    told = fact(area, east - 1.0, north - 1.0, adult_level=TraumaLevel.I)
    assert area.covers(told.location)
    (option,) = send(area, (told,)).hospitals
    assert option.off_map
    assert option.time_s is not None
    assert "an estimate" in option.reason
    large = replace(DOCTRINE, transport=replace(RULES, hospital_reach_m=5000.0))
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    (near,) = send_patients(INCIDENT, sites, streets_around(area), area, large, (told,)).hospitals
    assert near.time_s is not None
    assert not near.off_map
    assert option.time_s > near.time_s


def test_a_box_that_reaches_over_ground_without_streets_makes_no_hospital_there_one_of_the_map() -> None:
    made = town_objects(hospitals=False)
    made.lone_node(0, 2600, amenity="hospital", name="Mapped Field Hospital")
    tight = made.settle().area()
    west, south, east, north = tight.bbox_deg
    wide = replace(tight, bbox_deg=(west - 0.04, south - 0.04, east + 0.04, north + 0.04))
    told = tuple(
        fact(tight, x, y, name, adult_level=TraumaLevel.II)
        for x, y, name in (
            (2500, 0, "Meadow Hospital"),
            (0, 2610, "Field Hospital"),
            (0, 500, "Town Hospital"),
        )
    )
    assert all(wide.covers(one.location) for one in told)
    on_map, beyond = find_hospitals(wide, told, RULES)
    assert {h.name for h in on_map} == {"Mapped Field Hospital", "Town Hospital"}, (
        "what the map shows is on it"
    )
    assert [(h.name, h.off_map) for h in beyond] == [("Meadow Hospital", True)]
    wall = box(-600, -600, 600, 600).boundary.buffer(5)
    for streets in (None, streets_around(wide, HOT.union(wall), box(-590, -590, 590, 590))):
        options = [
            next(h for h in send(area, told[:1], streets=streets).hospitals if h.name == "Meadow Hospital")
            for area in (tight, wide)
        ]
        assert options[0].off_map
        assert options[0] == options[1], "as where the box ends with the streets"


def test_hours_beyond_the_map_only_the_nearest_of_high_level_is_listed() -> None:
    area = town()
    limit_m = 60 * RULES.reds_further_min * RULES.off_map_kmh / 3.6 / RULES.off_map_detour
    far = (
        fact(area, 0, limit_m + 9000, "Unknown One", beds=900),
        fact(area, 0, limit_m + 10_000, "Level Three", adult_level=TraumaLevel.III),
        fact(area, 0, limit_m + 20_000, "First Centre", adult_level=TraumaLevel.I),
        fact(area, 0, limit_m + 30_000, "Second Centre", adult_level=TraumaLevel.I),
        fact(area, limit_m + 30_000, 0, "First Children's Hospital", pediatric_level=TraumaLevel.II),
        fact(area, limit_m + 40_000, 0, "Second Children's Hospital", pediatric_level=TraumaLevel.I),
    )
    many = Casualties(red=40, yellow=200, green=300)
    kept = {h.name for h in send(area, far, many).hospitals}
    assert kept == {"Town General Hospital", "First Centre", "First Children's Hospital"}
    near = fact(area, 0, limit_m - 9000, "Unknown Two", beds=900)
    assert "Unknown Two" in {h.name for h in send(area, (*far, near), many).hospitals}
    bare = town(hospitals=False)
    reds = {h.name for h in send(bare, far[1:4], Casualties(red=40)).hospitals}
    assert reds == {"First Centre", "Second Centre"}, "reds need both, and pass none of unknown level"


def test_where_only_hospitals_hours_away_are_known_the_nearest_is_kept_and_that_is_said() -> None:
    area = town(hospitals=False)
    child = fact(area, 0, 100_000, "Children's Hospital", pediatric_level=TraumaLevel.I)
    far = tuple(fact(area, 0, 150_000 + 1000 * k, f"Far{k} Place") for k in range(3))
    found = send(area, (child, *far))
    assert {h.name for h in found.hospitals} == {"Children's Hospital", "Far0 Place"}
    (told,) = (n for n in found.notices if "No hospital for adults is known within 120 min" in n.text)
    assert "Far0 Place, trauma level unknown, about" in told.text
    assert "No hospital for adults" not in texts(send(area, (fact(area, 0, 20_000), *far)))


def test_more_centres_beyond_the_map_are_listed_where_the_patients_need_them() -> None:
    area = town()
    facts = tuple(
        fact(area, 20_000.0 + 1000 * k, 0, f"Near{k} Hospital", adult_level=TraumaLevel.I) for k in range(9)
    )
    few, many = (len(send(area, facts, Casualties(red=n)).hospitals) for n in (2, 24))
    assert few == 1 + RULES.off_map_hospitals
    assert 1 + 24 / RULES.red_per_h_i < many < 10, "places that are kept for walk-ins are none for others"
    everyone = send(area, facts, Casualties(red=24)).hospitals
    assert sum(h.assigned.red for h in everyone) == 24


def test_where_the_centres_of_the_map_take_no_ambulances_those_beyond_it_are_listed() -> None:
    area = town()
    name, at_m = "Town General Hospital", (450, 178)
    facts = (
        fact(area, *at_m, name, adult_level=TraumaLevel.I, pediatric_level=TraumaLevel.I, beds=1000),
        fact(area, 300, -500, "Second Trauma", adult_level=TraumaLevel.II),
        fact(area, -300, 500, "Third Trauma", adult_level=TraumaLevel.II),
        fact(area, 0, 40_000, "Distant Centre", adult_level=TraumaLevel.I),
        fact(area, 30_000, 0, "Plain Hospital", beds=500),
    )
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    streets = streets_around(area, outer_m=SMALL)

    def sent(*said: HospitalStatus) -> Transport:
        incident = replace(INCIDENT, casualties=Casualties(4, 10, 2), hospitals=said)
        return send_patients(incident, sites, streets, area, DOCTRINE, facts)

    def names(found: Transport) -> set[str]:
        return {hospital.name for hospital in found.hospitals}

    assert names(sent()) == {name, "Second Trauma", "Third Trauma"}
    shut = sent(status(area, *at_m, name, diversion=True))
    assert names(shut) == {name, "Second Trauma", "Third Trauma", "Distant Centre", "Plain Hospital"}
    assert sum(sum(vars(h.assigned).values()) for h in shut.hospitals) == 16
    # full by what was sent is as good as shut
    gone = sent(status(area, *at_m, name, sent=Casualties(yellow=20)))
    assert names(gone) == {name, "Second Trauma", "Third Trauma", "Plain Hospital"}, "two greens are left"
    few = sent(status(area, *at_m, name, others_per_h=2.0))
    assert "Plain Hospital" in names(few)
    assert names(sent(status(area, 30_000, 0, "Plain Hospital", closed=True))) == {
        name,
        "Second Trauma",
        "Third Trauma",
        "Plain Hospital",
    }


def test_what_is_said_of_a_tables_hospital_that_was_not_listed_is_heard() -> None:
    area = town()
    told = fact(area, 0, 30_000, "Plain Hospital", beds=500)
    assert "Plain Hospital" not in {h.name for h in send(area, (told,)).hospitals}
    said = (status(area, 0, 30_000, "Plain Hospital", red_per_h=3.0),)
    incident = replace(INCIDENT, casualties=Casualties(red=2), hospitals=said)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    found = send_patients(incident, sites, streets_around(area), area, DOCTRINE, (told,))
    (option,) = (h for h in found.hospitals if h.name == "Plain Hospital")
    assert option.assigned.red == 2
    assert "neither the map nor a table" not in texts(found)


def test_who_is_planned_for_beyond_the_hour_is_counted_whatever_the_colour() -> None:
    area = town()
    far = fact(area, 0, 52_500, "Distant Hospital", beds=900)
    found = send(area, (far,), Casualties(yellow=4, green=5))
    (distant,) = (h for h in found.hospitals if h.name == "Distant Hospital")
    assert distant.assigned.yellow > 0
    assert distant.assigned.green > 0
    told = f"60 min away: {distant.assigned.yellow} yellow and {distant.assigned.green} green, at Distant"
    (notice,) = (n.text for n in found.notices if told in n.text)
    assert "full by what is stated or assumed" in notice
    alone = send(town(hospitals=False), (far,), Casualties(green=1))
    assert "further than 60 min away: 1 green, at Distant Hospital" in texts(alone)
    assert "no hospital known is nearer" in texts(alone)
    near = replace(far, location=area.frame.place(0, 3000))
    assert "Planned for hospitals further" not in texts(send(area, (near,), Casualties(yellow=4, green=5)))


def test_what_lies_beyond_reach_is_not_listed() -> None:
    area = town(hospitals=False)
    told = fact(area, RULES.off_map_reach_km * 1000 + 5000, 0, adult_level=TraumaLevel.I)
    assert send(area, (told,)).hospitals == ()


def test_of_more_hospitals_than_anybody_reads_through_the_nearest_are_listed_and_the_rest_counted() -> None:
    area = town(hospitals=False)
    few = replace(DOCTRINE, transport=replace(RULES, listed_hospitals=3))
    places = {"Alder": (-650, -620), "Birch": (-350, 620), "Cedar": (-250, -620), "Dogwood": (350, 620)}
    places |= {"Elm": (450, -620), "Fir": (650, 250), "Ginkgo": (-650, 250)}
    facts = tuple(fact(area, *xy, name) for name, xy in places.items())
    centre = fact(area, -680, 640, "Far Trauma", adult_level=TraumaLevel.II)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)

    def names_of(*said: HospitalStatus, patients: int = 0, by: Doctrine = few) -> tuple[set[str], str]:
        incident = replace(INCIDENT, casualties=Casualties(0, 0, patients), hospitals=said)
        found = send_patients(incident, sites, streets_around(area), area, by, (*facts, centre))
        return {hospital.name for hospital in found.hospitals}, texts(found)

    everywhere, told = names_of(by=DOCTRINE)
    assert everywhere == {*places, "Far Trauma"}
    assert "Not listed" not in told
    near, told = names_of()
    by_distance = sorted(places, key=lambda name: math.dist(places[name], (250, 100)))
    assert near == {*by_distance[:3], "Far Trauma"}
    assert "Not listed: 4 more hospitals of the map" in told
    asked, told = names_of(status(area, *places[by_distance[-1]], by_distance[-1], closed=True))
    assert asked == near | {by_distance[-1]}
    assert "neither the map nor a table" not in told
    # a hospital of 100 beds takes two an hour: where more come, more are listed
    more, told = names_of(patients=9)
    assert more == {*by_distance[:6], "Far Trauma"}
    assert "find no place" not in told, "two that are near keep two places each for walk-ins"
    # nobody is driven to one that is shut: others are listed in its place
    shut, _ = names_of(status(area, *places[by_distance[0]], by_distance[0], closed=True))
    assert shut == {*by_distance[:4], "Far Trauma"}


def test_an_area_walled_in_has_no_times_beyond_it() -> None:
    area = town(hospitals=False)
    wall = box(-600, -600, 600, 600).boundary.buffer(5)
    told = fact(area, 40_000, 0, adult_level=TraumaLevel.I)
    found = send(area, (told,), streets=streets_around(area, HOT.union(wall), box(-590, -590, 590, 590)))
    (option,) = found.hospitals
    assert option.time_s is None
    assert option.off_map
    assert "no open street leads out of the map" in option.reason


# --- who takes how many -------------------------------------------------------------------------


def test_a_childrens_hospital_is_named_for_children_and_sent_no_adults() -> None:
    area = town()
    told = fact(area, -600, -300, "Lakeside Children's Hospital", pediatric_level=TraumaLevel.I, beds=900)
    found = send(area, (told,), Casualties(2, 4, 4))
    (option,) = [h for h in found.hospitals if h.pediatric_level]
    assert option.assigned == Casualties()
    assert "nobody is planned for Lakeside Children's Hospital: consider it for children" in texts(found)


def test_one_leaves_the_map_by_the_end_of_a_main_road() -> None:
    """Two hospitals by one exit have a route each, of one line, to a main road at the map's rim."""
    area = town(hospitals=False)
    facts = tuple(
        fact(area, 30_000, 900.0 * k, f"East{k} Hospital", adult_level=TraumaLevel.II) for k in (0, 1)
    )
    found = send(area, facts)
    way, other = found.ways
    assert [(h.name, h.route) for h in found.hospitals] == [(way.end, "egress-1"), (other.end, "egress-2")]
    assert way.path is other.path
    assert "to the edge of the map, towards East" in way.purpose
    network = area.network
    (at,) = np.flatnonzero(np.hypot(*(network.node_xy_m - way.path.xy_m[-1]).T) < 0.01)
    meeting = network.drivable & ((network.edge_u == at) | (network.edge_v == at))
    assert network.road_class[meeting].min() <= RoadClass.TERTIARY_LINK
    rim = MultiPoint(network.node_xy_m).convex_hull.boundary
    assert rim.distance(Point(network.node_xy_m[at])) <= RULES.map_rim_m


def test_patients_are_shared_in_a_plan_and_what_finds_no_place_is_told() -> None:
    area = town()
    facts = (
        fact(area, 470, 150, "TOWN GENERAL HOSPITAL", adult_level=TraumaLevel.II, beds=300),
        fact(area, 40_000, 0, "Far Trauma", adult_level=TraumaLevel.I, beds=600),
    )
    found = send(area, facts, Casualties(5, 8, 40), streets_around(area, outer_m=SMALL))
    near, far = found.hospitals
    assert (near.red_per_h, far.red_per_h) == (RULES.red_per_h_ii, RULES.red_per_h_i)
    assert (near.assigned.red, far.assigned.red) == (2, 3)
    assert "planned for 2 red" in near.reason
    assert near.route
    assert far.route
    assert "green patients find no place within the first hour" in texts(found)


def test_on_what_it_rests_that_patients_find_no_place_is_told_with_them() -> None:
    area = town(hospitals=False)
    facts = tuple(fact(area, x, -700, f"Place{x} Hospital") for x in (-700, 0, 700))
    streets, crowd = streets_around(area, outer_m=SMALL), Casualties(4, 4, 6)
    found = send(area, facts, crowd, streets)
    kept = sum(h.walk_ins.others for h in found.hospitals)
    (told,) = [n.text for n in found.notices if "find no place within the first hour" in n.text]
    an_hour = int(RULES.others_per_100_beds * RULES.assumed_beds / 100)
    assert kept == 2 * an_hour
    assert told.endswith(
        ". Reckoned with: no reds where no level is known, at 3 hospitals; "
        f"{RULES.assumed_beds} beds assumed, so {an_hour} yellow or green an hour, at each of 3 hospitals of "
        f"unknown beds; {kept} yellow or green kept for walk-ins"
    )
    stated = tuple(replace(one, beds=50, adult_level=TraumaLevel.III) for one in facts)
    found = send(area, stated, crowd, streets)
    (told,) = [n.text for n in found.notices if "find no place within the first hour" in n.text]
    red, others = (sum(getattr(h.walk_ins, who) for h in found.hospitals) for who in ("red", "others"))
    assert told.endswith(
        f". Reckoned with: {red} red kept for walk-ins; {others} yellow or green kept for walk-ins"
    )
    far_off = status(area, 150_000, 0, "Far Hospital", listed=True)
    far = replace(facts[0], name=far_off.name, location=far_off.location)
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    incident = replace(INCIDENT, casualties=Casualties(0, 0, 20), hospitals=(far_off,))
    found = send_patients(incident, sites, streets, area, DOCTRINE, (*stated[1:], far))
    assert any(h.name == far_off.name and h.time_s for h in found.hospitals)
    (told,) = [n.text for n in found.notices if "find no place within the first hour" in n.text]
    assert "unknown beds" not in told, "one that is hours further is not reckoned with"


def test_no_casualties_given_assigns_nobody_and_says_so_once() -> None:
    area = town()
    told = fact(area, 40_000, 0, adult_level=TraumaLevel.I)
    found = send(area, (told,))
    assert all(option.assigned == Casualties() for option in found.hospitals)
    assert "patients find no place" not in texts(found)
    assert texts(found).count("Casualties not said: no patients are allocated") == 1
    assert "Casualties not said" not in texts(send(area, (told,), Casualties()))


# --- tables -------------------------------------------------------------------------------------

HEADER = "name,lat,lon,adult_level,pediatric_level,helipad,beds\n"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_the_shipped_table_is_read_whole_and_dated() -> None:
    table = read_hospital_table(shipped("data", "three_rivers_hospitals.csv"))
    assert len(table.facts) > 5
    assert all(f.source and f.as_of for f in table.facts)
    assert any(f.adult_level is TraumaLevel.I for f in table.facts)
    assert any(f.adult_level is None for f in table.facts)


def test_a_simple_table_states_what_it_states(tmp_path: Path) -> None:
    text = (
        HEADER + 'A,42.0,-85.5,I,,yes,300\n"B, East",42.1,-85.6,,2,,\nC,42.2,-85.7,Level III,unknown,N,-999\n'
    )
    a, b, c = read_hospital_table(written(tmp_path, text)).facts
    assert (a.adult_level, a.pediatric_level, a.helipad, a.beds) == (TraumaLevel.I, None, True, 300)
    assert (b.name, b.adult_level, b.pediatric_level, b.helipad) == ("B, East", None, TraumaLevel.II, None)
    assert (c.adult_level, c.helipad, c.beds, c.source) == (TraumaLevel.III, False, None, "table")
    assert c.location == LonLat(-85.7, 42.2)


def test_a_simple_table_may_say_that_one_is_closed(tmp_path: Path) -> None:
    text = "name,lat,lon,closed\nA,42.0,-85.5,yes\nB,42.1,-85.6,no\nC,42.2,-85.7,\n"
    table = read_hospital_table(written(tmp_path, text))
    assert [f.name for f in table.facts] == ["B", "C"]
    assert [f.name for f in table.closed] == ["A"]
    assert table.left_out == (("closed", 1),)
    write_hospital_table((*table.facts, *table.closed), tmp_path / "again.csv")
    again = read_hospital_table(tmp_path / "again.csv")
    assert [f.name for f in again.closed] == ["A"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no hospital in it"),
        (HEADER, "no hospital in it"),
        ("name,adult_level\nA,I\n", "no column lat, lon"),
        (HEADER + "A,42.0,-85.5,VI,,,\n", "line 2: 'VI' is no trauma level"),
        (HEADER + "A,42,0,-85,5,I,,,\n", "line 2: 9 values under 7 columns"),
        (HEADER + "A,42.0,-85.5,,,,\nB,142.0,-85.5,,,,\n", "line 3: coordinate"),
        (HEADER + "A,forty,-85.5,,,,\n", "line 2: 'forty, -85.5' is no place"),
        (HEADER + "A,nan,-85.5,,,,\n", "line 2: a coordinate is not a number"),
        (HEADER + ",42.0,-85.5,,,,\n", "line 2: a hospital has no name"),
        (HEADER + "A,42.0,-85.5,,,maybe,\n", "line 2: helipad is 'maybe'"),
        (HEADER + "A,42.0,-85.5,,,,-5\n", "line 2: '-5' is no number of beds"),
        (HEADER + "A,42.0,-85.5,,,,²\n", "line 2: '²' is no number of beds"),
        ("name,name,lat,lon\nA,B,1,2\n", "two columns named name"),
        (HEADER + 'A,"42.0,-85.5\n', "line 2"),
        ("\0\0\0", "not a text file"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_hospital_table(written(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_hospital_table(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        read_hospital_table(tmp_path)


def test_spreadsheets_own_encodings_are_read(tmp_path: Path) -> None:
    text = HEADER + "Hôpital,42.0,-85.5,,,,\n"
    for encoding in ("utf-8-sig", "cp1252"):
        assert read_hospital_table(written(tmp_path, text, encoding)).facts[0].name == "Hôpital"


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "table.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        read_hospital_table(path)


HIFLD = "X,NAME,CITY,TYPE,STATUS,LATITUDE,LONGITUDE,SOURCEDATE,ALT_NAME,BEDS,TRAUMA,HELIPAD\n"


def hifld(
    folder: Path, trauma: str, status: str = "OPEN", kind: str = "GENERAL ACUTE CARE"
) -> tuple[HospitalFact, ...]:
    row = (
        f'1,METHODIST,OMAHA,{kind},{status},41.2,-96.0,2019/08/02 00:00:00,NOT AVAILABLE,-999,"{trauma}",Y\n'
    )
    return read_hospital_table(written(folder, HIFLD + row, "utf-8-sig")).facts


@pytest.mark.parametrize(
    ("trauma", "adult", "pediatric"),
    [
        ("LEVEL I", "I", None),
        ("LEVEL IV", "IV", None),
        ("LEVEL V", "V", None),
        ("LEVEL I, LEVEL II PEDIATRIC", "I", "II"),
        ("LEVEL I PEDIATRIC", None, "I"),
        ("LEVEL II, LEVEL III PEDIATRIC, LEVEL II REHAB", "II", "III"),
        ("LEVEL I PEDIATRIC REHAB, LEVEL I REHAB", None, None),
        ("LEVEL II REHAB", None, None),
        ("LEVEL I, LEVEL PEDIATRIC", "I", None),
        ("LEVEL PEDIATRIC", None, None),
        ("NOT AVAILABLE", None, None),
        ("PARC", None, None),
        ("RTC", None, None),
    ],
)
def test_hifld_levels_are_read_as_they_stand(
    tmp_path: Path, trauma: str, adult: str | None, pediatric: str | None
) -> None:
    (found,) = hifld(tmp_path, trauma)
    assert (found.adult_level, found.pediatric_level) == (adult, pediatric)
    assert found.designation == ("" if trauma == "NOT AVAILABLE" else trauma)
    assert (found.beds, found.helipad, found.other_name) == (None, True, "")
    assert (found.source, found.as_of, found.city) == ("HIFLD Open Hospitals", "2019-08-02", "OMAHA")


def test_hifld_rows_that_take_no_patients_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        "1,A,X,GENERAL ACUTE CARE,CLOSED,41.2,-96,,,10,LEVEL I,Y",
        "1,B,X,PSYCHIATRIC,OPEN,41.2,-96,,,10,NOT AVAILABLE,N",
        "1,C,X,PSYCHIATRIC,OPEN,41.2,-96,,,10,LEVEL II,N",
        "1,D,X,CRITICAL ACCESS,OPEN,,,,,10,NOT AVAILABLE,N",
        "1,E,X,CRITICAL ACCESS,OPEN,41.2,-96,,,10,NOT AVAILABLE,N",
    ]
    table = read_hospital_table(written(tmp_path, HIFLD + "\n".join(rows)))
    assert [f.name for f in table.facts] == ["C", "E"]
    assert dict(table.left_out) == {"closed": 1, "takes no emergencies: psychiatric": 1, "no coordinates": 1}


@pytest.mark.parametrize(
    ("kind", "branch", "trauma", "takes"),
    [
        ("GENERAL ACUTE CARE", "GENERAL MEDICAL AND SURGICAL HOSPITALS", "NOT AVAILABLE", True),
        ("MILITARY", "GENERAL MEDICAL AND SURGICAL HOSPITALS", "NOT AVAILABLE", False),
        ("MILITARY", "GENERAL MEDICAL AND SURGICAL HOSPITALS", "LEVEL I", True),
        ("GENERAL ACUTE CARE", "SPECIALTY (EXCEPT PSYCHIATRIC)", "NOT AVAILABLE", False),
        ("CHILDREN", "CHILDREN'S HOSPITALS, SPECIALTY (EXCEPT PSYCHIATRIC)", "NOT AVAILABLE", True),
    ],
)
def test_hifld_types_tell_of_whom_to_ask_whether_emergencies_are_taken(
    tmp_path: Path, kind: str, branch: str, trauma: str, takes: bool
) -> None:
    header = HIFLD.replace("TYPE,", "TYPE,NAICS_DESC,")
    row = f'1,METHODIST,OMAHA,{kind},"{branch}",OPEN,41.2,-96.0,,,,{trauma},Y\n'
    (found,) = read_hospital_table(written(tmp_path, header + row)).facts
    assert found.emergencies is takes


def test_a_hospital_of_which_its_table_leaves_emergencies_open_comes_after_the_others() -> None:
    area = town(hospitals=False)
    near = fact(area, 380, 150, "Day Care", emergencies=False)
    far = fact(area, -600, 700, "Far General Hospital")
    found = send(area, (near, far), streets=streets_around(area, outer_m=SMALL))
    assert [h.name for h in found.hospitals] == ["Far General Hospital", "Day Care"]
    assert "no source says that it has an emergency department: call first" in found.hospitals[1].reason


def test_who_takes_patients_has_a_way_before_those_nearer_that_take_none() -> None:
    area = town(hospitals=False)
    streets = streets_around(area, outer_m=SMALL)
    near = tuple(fact(area, 380 + 30 * k, 150, f"Full{k} Hospital", beds=0) for k in range(4))
    far = (
        fact(area, -600, 700, "Green Hospital", beds=400),
        fact(area, 700, -700, "Trauma Centre", adult_level=TraumaLevel.I),
    )
    found = send(area, (*near, *far), Casualties(2, 0, 4), streets)
    taking = [h for h in found.hospitals if h.assigned != Casualties()]
    assert {h.name for h in taking} == {"Green Hospital", "Trauma Centre"}
    assert [h.route for h in taking] == ["egress-1", "egress-2"]
    assert [way.end for way in found.ways] == [*(h.name for h in taking), found.hospitals[0].name]


def test_a_red_child_at_a_centre_of_adults_is_to_be_moved_on_once_stable() -> None:
    area = town(hospitals=False)
    near = fact(area, 600, 150, "Adult Centre", adult_level=TraumaLevel.I)
    far = fact(area, 70_000, 0, "Children's Centre", pediatric_level=TraumaLevel.II)
    incident = replace(INCIDENT, casualties=Casualties(red=3), children=Casualties(red=1))
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)
    found = send_patients(incident, sites, streets_around(area, outer_m=SMALL), area, DOCTRINE, (near, far))
    first, second = found.hospitals
    assert (first.children.red, second.children.red) == (1, 0)
    told = "tabilise, then transfer: Children's Centre, Level II paediatric, about "
    assert f"red children: S{told}" in first.reason
    assert f"planned for centres of adults, Adult Centre: paediatric places are full or further. S{told}" in (
        texts(found)
    )


def test_a_child_who_left_for_a_childrens_hospital_is_not_planned_again_and_an_assumed_age_is_told() -> None:
    area = town(hospitals=False)
    facts = (
        fact(area, 600, 150, "Adult Centre", adult_level=TraumaLevel.I),
        fact(area, -600, 150, "Children's Centre", pediatric_level=TraumaLevel.I),
    )
    sites = (site(area, Purpose.CASUALTY_COLLECTION, 250, 100),)

    def after(*said: HospitalStatus) -> Transport:
        incident = replace(INCIDENT, casualties=Casualties(red=4), children=Casualties(red=2), hospitals=said)
        return send_patients(incident, sites, streets_around(area, outer_m=SMALL), area, DOCTRINE, facts)

    gone = after(status(area, -600, 150, "Children's Centre", sent=Casualties(red=2)))
    assert sum(h.children.red for h in gone.hospitals) == 0
    assert sum(h.assigned.red for h in gone.hospitals) == 2
    told = "is taken for an adult: 2 red of the children are planned for as still here"
    assert told not in texts(gone)
    assert told in texts(after(status(area, 600, 150, "Adult Centre", sent=Casualties(red=1))))


FACTS = st.builds(
    HospitalFact,
    name=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
    location=st.builds(LonLat, st.floats(-180, 180), st.floats(-90, 90)),
    adult_level=st.one_of(st.none(), st.sampled_from(TraumaLevel)),
    pediatric_level=st.one_of(st.none(), st.sampled_from(TraumaLevel)),
    emergencies=st.one_of(st.none(), st.booleans()),
    helipad=st.one_of(st.none(), st.booleans()),
    burn=st.one_of(st.none(), st.booleans()),
    beds=st.one_of(st.none(), st.integers(0, 2000)),
    source=st.just("S"),
    as_of=st.just("2020-04"),
)


@settings(max_examples=40)
@given(st.lists(FACTS, min_size=1, max_size=4))
def test_a_table_written_is_read_back_equal(
    tmp_path_factory: pytest.TempPathFactory, facts: list[HospitalFact]
) -> None:
    path = tmp_path_factory.mktemp("round") / "table.csv"
    write_hospital_table(facts, path)
    assert read_hospital_table(path).facts == tuple(facts)


def test_tables_are_kept_with_the_installation_and_the_shipped_one_needs_no_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    three_rivers = town(centre=LonLat(-85.63, 41.95))
    before, _ = installed_hospitals(three_rivers, DOCTRINE)
    assert any(f.adult_level is TraumaLevel.I for f in before)
    assert installed_hospitals(town(centre=LonLat(20.0, 50.0)), DOCTRINE) == ((), ())

    source = written(tmp_path, HEADER + "Agency Hospital,42.0,-85.6,II,,,\nElsewhere,10.0,10.0,I,,,\n")
    install_hospital_table(source, "agency")
    after, _ = installed_hospitals(three_rivers, DOCTRINE)
    assert [f.name for f in after] == ["Agency Hospital", *(f.name for f in before)]

    broken = written(tmp_path, HEADER + "Agency Hospital,42.0,-85.6,X,,,\n")
    with pytest.raises(SourceError):
        install_hospital_table(broken, "agency")
    assert installed_hospitals(three_rivers, DOCTRINE) == (after, ())
    with pytest.raises(SourceError, match="no name for a hospital table"):
        install_hospital_table(source, "../agency")


def test_the_shipped_table_serves_maps_about_its_own_ground_alone_and_those_of_the_user_any_within_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    columbus, goshen = town(centre=LonLat(-83.0, 39.96)), town(centre=LonLat(-85.83, 41.58))
    assert installed_hospitals(columbus, DOCTRINE) == ((), ())  # 207 km from the nearest that it names
    assert len(installed_hospitals(goshen, DOCTRINE).facts) > 30
    source = written(tmp_path, HEADER + "Agency Hospital,41.19,-85.1,II,,,\n")
    install_hospital_table(source, "agency")
    assert [f.name for f in installed_hospitals(columbus, DOCTRINE).facts] == ["Agency Hospital"]


def test_one_bad_table_is_left_out_and_named_and_the_others_still_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    three_rivers = town(centre=LonLat(-85.63, 41.95))
    before, _ = installed_hospitals(three_rivers, DOCTRINE)
    (tmp_path / "hospitals").mkdir()
    (tmp_path / "hospitals" / "bad.csv").write_text(HEADER + "A,42.0,-85.6,X,,,\n")
    (tmp_path / "hospitals" / "folder.csv").mkdir()
    (tmp_path / "hospitals" / "good.csv").write_text(HEADER + "Agency Hospital,42.0,-85.6,II,,,\n")
    facts, notices = installed_hospitals(three_rivers, DOCTRINE)
    assert [f.name for f in facts] == ["Agency Hospital", *(f.name for f in before)]
    assert [n.level for n in notices] == [NoticeLevel.CAUTION] * 2
    assert "bad.csv line 2: 'X' is no trauma level" in notices[0].text
    assert "folder.csv" in notices[1].text
    plan = make_plan(Incident(location=LonLat(-85.63, 41.95)), three_rivers, DOCTRINE, facts, notices)
    assert set(notices) <= set(plan.notices)
    assert plan.id != make_plan(Incident(location=LonLat(-85.63, 41.95)), three_rivers, DOCTRINE, facts).id


def test_three_rivers_has_its_trauma_centre_off_the_map() -> None:
    """The case that matters most: a school in a small town, the Level I centre far off the map."""
    area = town(centre=LonLat(-85.63, 41.95), hospitals=False)
    found = send(
        area, read_hospital_table(shipped("data", "three_rivers_hospitals.csv")).facts, Casualties(6, 4, 0)
    )
    level_one = [h for h in found.hospitals if h.adult_level is TraumaLevel.I]
    assert level_one
    assert all(h.off_map and h.time_range_min and h.route for h in level_one[:1])
    assert sum(h.assigned.red for h in found.hospitals) > 0
    check_caps(found.hospitals, RULES)


def check_caps(hospitals: tuple[HospitalOption, ...], rules: Rules) -> None:
    for option in hospitals:
        assert option.assigned.red <= (option.red_per_h or 0)
        assert option.time_s is None or math.isfinite(option.time_s)
    assert rules.red_per_h_i >= rules.red_per_h_ii >= rules.red_per_h_iii


def test_the_command_line_imports_a_table_once_and_refuses_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    source = written(tmp_path, HEADER + "Agency Hospital,42.0,-85.6,II,,,\nOther,42.0,-85.7,,,,\n")
    done = CliRunner().invoke(main, ["hospitals", "import", str(source)])
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"name": "table", "hospitals": 2, "with_level": 1, "left_out": {}}
    assert (tmp_path / "home" / "hospitals" / "table.csv").is_file()

    source.write_text(HEADER + "Agency Hospital,42.0,-85.6,X,,,\n")
    failed = CliRunner().invoke(main, ["hospitals", "import", str(source)])
    assert failed.exit_code == 1
    assert failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    assert "line 2: 'X' is no trauma level" in line
