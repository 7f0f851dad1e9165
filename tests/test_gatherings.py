"""Every place of a kind once, however often the map has it, and a tap that finds it."""

from __future__ import annotations

import re

import pytest
import shapely
from shapely.geometry import Point

from planner import packs
from planner.ground.gatherings import KINDS, count_gatherings, find_gatherings
from planner.ground.targets import find_target
from planner.terms import PlaceKind
from tests.town import Objects, town, town_objects

TAPPED = ("school", "university", "mall", "hospital")
MAX_M2 = packs.shipped_doctrine().zones.target_max_m2


def built(made: Objects):
    return made.settle().area("gathered", bbox_deg=town().bbox_deg)


def found(kind, made):
    return find_gatherings(kind, built(made), MAX_M2)


def by_osm(places):
    return {place.osm: place for place in places}


def rows_of(area, kind):
    table = area.places_of(*KINDS[kind].places)
    return {
        f"{osm_type}{osm_id}": shape
        for osm_type, osm_id, shape in zip(table["osm_type"], table["osm_id"], table.shapes, strict=True)
    }


@pytest.mark.parametrize("name", ["montevideo", "three_rivers"])
def test_every_entry_of_the_map_is_in_one_place_and_a_tap_there_finds_it(name):
    area = packs.open_area(name)
    counts = count_gatherings(area)
    assert set(counts) <= set(KINDS)
    for kind in counts:
        places = find_gatherings(kind, area, MAX_M2)
        rows = rows_of(area, kind)
        named = [place.osm for place in places]
        named += [
            osm for place in places for told in place.also for osm in re.findall(r"\(([nwr]\d+)\)$", told)
        ]
        assert len(named) == len(set(named))
        assert set(rows) <= set(named), kind
        for place in places:
            assert area.covers(place.location)
            ground = rows.get(place.osm, Point(0, 0))
            smaller = any("smaller" in note for note in place.notes)
            if kind not in TAPPED or ground.geom_type == "Point" or ground.area > MAX_M2 or smaller:
                continue
            target = find_target(place.location, area, MAX_M2).footprint_m
            shared = target.intersection(shapely.make_valid(ground)).area
            assert shared > 0.5 * ground.area, (kind, place)


def test_a_campus_and_what_is_tagged_on_it_are_one_place_and_that_is_told():
    made = town_objects()
    central = next(f"w{i}" for i, (_, tags) in made.ways.items() if tags.get("amenity") == "school")
    node = made.lone_node(-70, 60, amenity="school", name="Night School")
    hall = made.rectangle(-80, 60, -60, 80, amenity="school", building="school", name="Central School Hall")
    places = by_osm(found("school", made))
    assert len(places) == 2
    assert places[central].name == "Central School"
    assert set(places[central].also) == {f"Night School (n{node})", f"Central School Hall (w{hall})"}
    assert "3 entries of the map taken as one place" in places[central].notes


def test_places_beside_each_other_are_one_only_under_one_name():
    made = town_objects()
    one = made.lone_node(-350, 20, amenity="kindergarten", name="Ducklings")
    made.lone_node(-320, 20, amenity="kindergarten", name="ducklings")
    other = made.lone_node(-335, 30, amenity="kindergarten", name="Goslings")
    made.lone_node(-350, 120, amenity="kindergarten", name="Ducklings")
    places = by_osm(found("kindergarten", made))
    assert len(places) == 3
    assert places[f"n{one}"].also[0].startswith("ducklings")
    assert places[f"n{other}"].also == ()


def test_two_schools_in_one_house_are_one_place():
    made = town_objects()
    made.rectangle(-360, 10, -330, 30, building="yes")
    day = made.lone_node(-355, 15, amenity="kindergarten", name="Day")
    made.lone_node(-335, 25, amenity="kindergarten", name="Evening")
    (place,) = found("kindergarten", made)
    assert place.osm == f"n{day}"
    assert place.also[0].startswith("Evening")
    assert not any("only a point" in note for note in place.notes)


def test_buildings_known_by_their_tag_alone_are_places_and_wings_of_what_they_stand_beside():
    made = town_objects()
    lone = made.rectangle(600, 420, 640, 440, building="mosque", name="Town Mosque")
    first = made.rectangle(-600, 620, -575, 640, building="church")
    made.rectangle(-570, 620, -550, 640, building="church")
    grace = next(i for i, (_, tags) in made.ways.items() if tags.get("name") == "Grace Church")
    places = by_osm(found("worship", made))
    assert places[f"w{lone}"].name == "Town Mosque"
    assert places[f"w{first}"].also == ("1 building without a name",)
    (own,) = [place for place in places.values() if place.name == "Grace Church"]
    assert own.also == ()  # the church's own building is no second place
    assert own.osm != f"w{grace}"
    assert len(places) == 4


def test_stations_and_government_are_found_as_openstreetmap_tags_them():
    made = town_objects()
    ground = made.rectangle(520, 520, 680, 560, railway="station", name="Central")
    made.lone_node(600, 540, public_transport="station", name="Central")
    hall = made.rectangle(540, 525, 580, 545, building="train_station")
    halt = made.lone_node(-650, 540, railway="halt", name="Mill Lane")
    stations = by_osm(found("station", made))
    assert stations.keys() >= {f"w{ground}", f"n{halt}"}
    assert not any(place.name == "Central" for osm, place in stations.items() if osm != f"w{ground}")
    assert len(stations[f"w{ground}"].also) == 1
    assert f"w{hall}" not in stations, "it stands on the ground"
    court = made.rectangle(-680, -560, -640, -520, amenity="courthouse", building="yes", name="County Court")
    office = made.lone_node(-600, -540, office="government", name="Tax Office")
    assert by_osm(found("government", made)).keys() >= {f"w{court}", f"n{office}"}
    assert f"n{office}" not in by_osm(found("office", made))


def test_a_ground_too_large_to_be_taken_whole_is_planned_around_its_largest_building():
    made = town_objects()
    campus = made.rectangle(-800, -800, 800, 800, amenity="university", name="Vast University")
    made.rectangle(-360, 10, -330, 30, amenity="university", building="university", name="Faculty of Law")
    places = {place.name: place for place in found("university", made)}
    assert set(places) == {"Vast University", "Faculty of Law"}
    assert places["Vast University"].osm == f"w{campus}"
    assert any("Larger than" in note for note in places["Vast University"].notes)


def test_a_tap_lies_off_the_smaller_places_on_a_ground():
    made = town_objects()
    made.rectangle(
        -45, -25, 55, 45, amenity="library", name="School Library"
    )  # around the school's own house
    (central,) = [place for place in found("school", made) if place.name == "Central School"]
    area = built(made)
    assert find_target(central.location, area, MAX_M2).name == "Central School"


def test_ground_covered_whole_by_a_smaller_place_says_what_is_planned_for():
    made = town_objects()
    for west, east in ((-394.95, -350), (-350, -305.05)):
        made.rectangle(west, 505.05, east, 594.95, amenity="library", name="Cover")
    (north,) = [place for place in found("school", made) if place.name == "North School"]
    assert any("Cover" in note for note in north.notes)


def test_a_map_without_places_has_no_kinds():
    made = Objects()
    made.way([(0, 0), (100, 0)], highway="residential")
    area = built(made)
    assert count_gatherings(area) == {}
    assert all(find_gatherings(kind, area, MAX_M2) == () for kind in KINDS)


def test_every_kind_of_target_can_be_planned_ahead():
    from planner.ground.targets import TARGET_KINDS

    assert {place for kind in KINDS.values() for place in kind.places} == set(TARGET_KINDS)
    assert len([p for kind in KINDS.values() for p in kind.places]) == len(set(PlaceKind) & set(TARGET_KINDS))
