"""Finding a place by words: coordinates, grid references, corners and names, and nothing outside the area."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from planner.area import Area
from planner.geo import LonLat, usng
from planner.table import Table
from planner.ui.coordinates import read_coordinates
from planner.ui.find import find_places, not_found
from tests.town import town


@pytest.fixture(scope="module")
def area() -> Area:
    return town()


@pytest.mark.parametrize("text", ["{lat}, {lon}", "{lat},{lon}", " {lat} {lon} ", "{lat}; {lon}"])
def test_latitude_and_longitude(area: Area, text: str) -> None:
    lon, lat = area.frame.centre
    (found,) = find_places(area, text.format(lat=lat, lon=lon))
    assert found.location == LonLat(lon, lat)


def test_nothing_outside_the_area(area: Area) -> None:
    assert find_places(area, "0, 0") == []
    assert find_places(area, "21H WB 7666 3884") == []


def test_a_grid_reference_within_ten_metres(area: Area) -> None:
    (found,) = find_places(area, usng(area.frame.centre))
    away = np.subtract(area.frame.point_m(found.location), area.frame.point_m(area.frame.centre))
    assert np.hypot(*away) < 15


def test_a_corner_lies_on_both_streets(area: Area) -> None:
    network = area.network
    names = {
        node: {
            network.names[network.name_index[e]]
            for e in range(network.edge_count)
            if node in (network.edge_u[e], network.edge_v[e])
        }
        for node in range(0, network.node_count, 17)
    }
    node, (first, second, *_) = next((n, sorted(s - {""})) for n, s in names.items() if len(s - {""}) >= 2)
    found = find_places(area, f"{first} & {second}", most=1000)
    spot = area.frame.place(*network.node_xy_m[node])
    assert spot in [one.location for one in found]
    assert find_places(area, f"{second} and {first}", most=1000)


def test_a_name_in_part_without_accents_or_case_and_schools_first(area: Area) -> None:
    table = area.places.rows((area.places["name"] != "") & (area.places["kind"] == "school"))
    found = find_places(area, table["name"][0][:5].upper())
    assert found[0].kind.startswith("school")
    x, y = area.frame.point_m(found[0].location)
    assert table.shapes[0].distance(shapely.Point(x, y)) < 1


@given(st.text(max_size=40))
def test_any_text_is_answered(text: str) -> None:
    found = find_places(town(), text)
    assert len(found) <= 6
    assert all(town().covers(one.location) for one in found)


@pytest.fixture(scope="module")
def named() -> Area:
    """The made town with names that people mistype."""
    made = town()
    streets = ("", "Avenida Doctor José Pérez", "Saint Mary's Street", "Avenida Italia", "North 5th Avenue")
    names = tuple(streets[i] if i < len(streets) else f"Calle {i}" for i in range(len(made.network.names)))
    rows = range(len(made.places))
    called = ["Intendencia de Montevideo", *(f"Escuela Número {i}" for i in rows[1:])]
    places = made.places.with_column("name", np.array(called, dtype=object))
    numbers = [f"{100 + 20 * i} Avenida Italia" for i in rows]
    places = places.with_column("address", np.array(numbers, dtype=object))
    return replace(made, network=replace(made.network, names=names), places=places)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("INTENDENCIA", "Intendencia de Montevideo"),
        ("montevideo intendencia", "Intendencia de Montevideo"),
        ("intendancia", "Intendencia de Montevideo"),
        ("itnendencia", "Intendencia de Montevideo"),
        ("inten mont", "Intendencia de Montevideo"),
        ("esc numero 3", "Escuela Número 3"),
        ("120 italia", "Escuela Número 1"),
        ("jose perez", "Avenida Doctor José Pérez"),
        ("av dr perez", "Avenida Doctor José Pérez"),
        ("st marys", "Saint Mary's Street"),
        ("n 5th av", "North 5th Avenue"),
    ],
)
def test_names_are_found_however_they_are_typed(named: Area, typed: str, meant: str) -> None:
    found = find_places(named, typed)
    assert found
    assert found[0].title == meant


def test_a_house_number_that_the_map_lacks_gives_the_nearest_that_it_knows(named: Area) -> None:
    found = find_places(named, "127 Avenida Italia")
    near = [one.title for one in found if one.kind == "nearest known house number"]
    assert near == ["120 Avenida Italia"]
    assert "nearest" not in " ".join(one.kind for one in find_places(named, "9000 Avenida Italia"))


def test_a_short_word_is_not_stretched_and_nonsense_finds_nothing(named: Area) -> None:
    assert find_places(named, "zzzz") == []
    assert find_places(named, "qwertyuiop asdf") == []


@pytest.mark.parametrize("text", ["{lat}N {lon}W", "{lat} N, {lon} W", "{lat}° n {lon}° w"])
def test_coordinates_with_letters_for_the_sides(area: Area, text: str) -> None:
    lon, lat = area.frame.centre
    (found,) = find_places(area, text.format(lat=abs(lat), lon=abs(lon)))
    assert found.location == LonLat(lon, lat)


# --- coordinates as people write them ------------------------------------------------------------

SCENE = LonLat(-56.1665, -34.8945)


@pytest.mark.parametrize(
    "text",
    [
        "-34.8945, -56.1665",
        "(−34.8945; −56.1665)",
        "-34,8945; -56,1665",
        "-34,8945 -56,1665",
        "-34,8945,-56,1665",
        "34.8945S 56.1665W",
        "S34.8945 W56.1665",
        "34,8945 S, 56,1665 O",
        "34°53'40.2\"S 56°9'59.4\"W",
        "34º 53′ 40.2″ S, 56º 9′ 59.4″ W",
        "34 53 40.2 S 56 9 59.4 W",
        "34:53:40.2S 56:09:59.4W",
        "34°53.67'S 56°9.99'W",
        "-34 53.67 -56 9.99",
        "56°9'59.4\"W 34°53'40.2\"S",
        "lat: -34.8945 lon: -56.1665",
        "Latitude -34.8945, Longitude -56.1665",
        "geo:-34.8945,-56.1665",
        "https://maps.google.com/?q=-34.8945,-56.1665",
        "https://www.openstreetmap.org/#map=17/-34.8945/-56.1665",
        "https://www.google.com/maps/place/x/@-34.8945,-56.1665,17z/data=!3m1",
    ],
)
def test_coordinates_in_every_form(text: str) -> None:
    first = read_coordinates(text)[0].place
    assert first.lon_deg == pytest.approx(SCENE.lon_deg, abs=1e-6)
    assert first.lat_deg == pytest.approx(SCENE.lat_deg, abs=1e-6)


def test_what_reads_two_ways_is_read_as_the_area_has_it(area: Area) -> None:
    lon, lat = area.frame.centre
    for text, how in (
        (f"{lon}, {lat}", "longitude, latitude"),
        (f"{abs(lat)} {abs(lon)}", "latitude, longitude; signs as in this area"),
    ):
        (found,) = find_places(area, text)
        assert (found.location, found.kind) == (LonLat(lon, lat), how)


@pytest.mark.parametrize(
    "text", ["18 de Julio", "34", "34 61 S 56 9 W", "91, 181", "34.5 12.5 S 56 W", "5 N Main", "a,b"]
)
def test_what_are_no_coordinates(text: str) -> None:
    assert read_coordinates(text) == []


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9), st.sampled_from("dms"))
def test_a_place_written_as_navigators_do_is_read_back(lat: float, lon: float, form: str) -> None:
    def written(value: float, sides: str) -> str:
        degrees, rest = divmod(abs(value), 1)
        side = sides[value < 0]
        if form == "d":
            return f"{abs(value):.6f}° {side}"
        minutes, rest = divmod(rest * 60, 1)
        if form == "m":
            return f"{degrees:.0f}° {minutes + min(rest, 0.99994):.5f}' {side}"
        return f"{degrees:.0f}° {minutes:.0f}' {min(rest * 60, 59.99):.3f}\" {side}"

    (read,) = read_coordinates(f"{written(lat, 'NS')} {written(lon, 'EW')}")
    assert read.place.lat_deg == pytest.approx(lat, abs=1e-5)
    assert read.place.lon_deg == pytest.approx(lon, abs=1e-5)


def test_a_grid_reference_may_leave_out_what_the_area_says(area: Area) -> None:
    zone, square, east, north = usng(area.frame.centre).split()
    (whole,) = find_places(area, f"{zone} {square} {east} {north}")
    for short in (f"{square} {east} {north}", f"{east} {north}", f"{square}{east}{north}".lower()):
        (found,) = find_places(area, short)
        assert found.location == whole.location
        assert found.kind == f"USNG {zone} {square} {east} {north}"


def test_a_place_outside_is_told_as_that_and_nonsense_as_not_found(area: Area) -> None:
    assert "lies outside this area" in not_found(area, "0, 0")
    assert "Nothing of that name" in not_found(area, "zzzz")
    assert not_found(area, " ") == ""


# --- which of many ---------------------------------------------------------------------------------


def renamed(area: Area, **columns: dict[int, str]) -> Area:
    """Return an area with other words in some rows of its places."""
    places = area.places
    for column, words in columns.items():
        changed = places[column].copy()
        changed[list(words)] = list(words.values())
        places = places.with_column(column, changed)
    return replace(area, places=places)


def test_where_crowds_are_comes_before_what_only_has_the_name_in_it(named: Area) -> None:
    names = {1: "Liceo 12 Congreso de Tres Cruces", 2: "Shopping Tres Cruces", 3: "Terminal Tres Cruces"}
    kinds = {1: "school", 2: "mall", 3: "bus_station", 4: "parking"}
    made = renamed(named, name={**names, 4: "Parking Tres Cruces"}, kind=kinds)
    found = [one.title for one in find_places(made, "tres cruzes")]
    assert sorted(found[:2]) == ["Shopping Tres Cruces", "Terminal Tres Cruces"]
    assert found[2:] == ["Liceo 12 Congreso de Tres Cruces", "Parking Tres Cruces"]


def test_the_name_itself_comes_first_and_one_place_mapped_twice_once(named: Area) -> None:
    made = renamed(named, name={1: "Escuela", 2: "Escuela"}, kind={1: "office"})
    shapes = made.places.shapes.copy()
    shapes[2] = shapes[1]
    made = replace(made, places=Table(made.places.columns, shapes))
    found = [one.title for one in find_places(made, "escuela")]
    assert found[0] == "Escuela"
    assert found.count("Escuela") == 1


def test_any_building_with_a_name_is_found(named: Area) -> None:
    called = named.buildings["name"].copy()
    called[0] = "Palacio Legislativo"
    made = replace(named, buildings=named.buildings.with_column("name", called))
    (found,) = find_places(made, "palacio legis")
    assert found.title == "Palacio Legislativo"
    assert found.kind.startswith("building")


@pytest.mark.parametrize("text", ["{a} esq. {b}", "{a} esquina {b}", "corner of {a} and {b}", "{a} {b}"])
def test_a_corner_however_it_is_said(area: Area, text: str) -> None:
    title = next(one.title for one in find_places(area, text_of_a_corner(area)))
    first, _, second = title.partition(" & ")
    found = find_places(area, text.format(a=first, b=second))
    assert found
    assert found[0].kind == "corner"
    assert set(found[0].title.split(" & ")) == {first, second}


def text_of_a_corner(area: Area) -> str:
    network = area.network
    for node in range(network.node_count):
        edges = np.flatnonzero((network.edge_u == node) | (network.edge_v == node))
        names = sorted({network.names[network.name_index[edge]] for edge in edges} - {""})
        if len(names) > 1:
            return f"{names[0]} & {names[1]}"
    raise AssertionError("the made town has no corner")
