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
from planner.ui.find import find_places
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
    assert (found[0].title, found[0].kind) == ("120 Avenida Italia", "nearest known house number")
    assert "nearest" not in " ".join(one.kind for one in find_places(named, "9000 Avenida Italia"))


def test_a_short_word_is_not_stretched_and_nonsense_finds_nothing(named: Area) -> None:
    assert find_places(named, "zzzz") == []
    assert find_places(named, "qwertyuiop asdf") == []


@pytest.mark.parametrize("text", ["{lat}N {lon}W", "{lat} N, {lon} W", "{lat}° n {lon}° w"])
def test_coordinates_with_letters_for_the_sides(area: Area, text: str) -> None:
    lon, lat = area.frame.centre
    (found,) = find_places(area, text.format(lat=abs(lat), lon=abs(lon)))
    assert found.location == LonLat(lon, lat)
