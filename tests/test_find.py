"""Finding a place by words: coordinates, grid references, corners and names, and nothing outside the area."""

from __future__ import annotations

import numpy as np
import pytest
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
    named = area.places[area.places["name"] != ""]
    school = named[named["kind"] == "school"].iloc[0]
    found = find_places(area, school["name"][:5].upper())
    assert found[0].title.endswith("(school)")
    x, y = area.frame.point_m(found[0].location)
    assert school.geometry.distance(type(school.geometry.centroid)(x, y)) < 1


@given(st.text(max_size=40))
def test_any_text_is_answered(text: str) -> None:
    found = find_places(town(), text)
    assert len(found) <= 6
    assert all(town().covers(one.location) for one in found)
