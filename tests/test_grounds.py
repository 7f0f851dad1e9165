"""Usable ground: less what stands or flows on it, in any order asked for; and the streets that pass it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.area import Area
from planner.packs import shipped_doctrine
from planner.sites.grounds import NO_ENTRY, Grounds, grounds_of
from planner.sources.pbf import read_osm
from planner.terms import ObstacleKind, PlaceKind
from tests.town import town

SITING = shipped_doctrine().siting
AREA = town()
NETWORK = AREA.network


def fresh(area: Area = AREA) -> Grounds:
    """The grounds of an area, nothing worked out."""
    return grounds_of(replace(area), SITING)


@cache
def montevideo() -> Area:
    return read_osm(Path(__file__).parents[1] / "data" / "montevideo.osm.pbf", name="montevideo")


def rows_of(grounds: Grounds) -> np.ndarray:
    return np.arange(len(grounds.kind))


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_the_order_of_asking_changes_nothing(random):
    whole = fresh()
    rows = rows_of(whole)
    expected = shapely.to_wkb(whole.open_m(rows)), whole.shelter_m2(rows), whole.parking_m2(rows)
    order = rows.tolist()
    random.shuffle(order)
    again = fresh()
    for row in order:
        one = np.array([row])
        assert again.parking_m2(one)[0] == pytest.approx(expected[2][row])
        assert shapely.to_wkb(again.open_m(one)[0]) == expected[0][row]
        assert again.shelter_m2(one)[0] == expected[1][row]


@pytest.mark.parametrize("area", [AREA, pytest.param(None, id="montevideo")])
def test_open_ground_holds_no_building_and_no_water(area):
    area = montevideo() if area is None else area
    grounds = fresh(area)
    rows = rows_of(grounds)[:400]
    open_m = grounds.open_m(rows)
    for table, kinds in ((area.buildings, None), (area.obstacles, (ObstacleKind.WATER, ObstacleKind.WOOD))):
        chosen = table if kinds is None else table.rows(table.among("kind", kinds))
        shapes = shapely.make_valid(chosen.shapes)
        shapes = shapes[shapely.get_dimensions(shapes) == 2]
        if len(shapes) == 0:
            continue
        ground, other = shapely.STRtree(shapes).query(open_m, predicate="intersects")
        common = shapely.area(shapely.intersection(open_m[ground], shapes[other]))
        assert common.max(initial=0.0) < 1.0
    outside = shapely.area(shapely.difference(open_m, grounds.whole_m[rows]))
    assert outside.max(initial=0.0) < 1.0
    assert (grounds.shelter_m2(rows) <= shapely.area(grounds.whole_m[rows]) + 1e-6).all()


def test_parking_is_that_of_public_lots_within_a_family_s_walk():
    grounds = fresh()
    rows = rows_of(grounds)
    lots = [r for r in rows if grounds.kind[r] == PlaceKind.PARKING and grounds.access[r] not in NO_ENTRY]
    assert lots
    open_m2 = dict(zip(lots, shapely.area(grounds.open_m(np.array(lots))), strict=True))
    for row in rows:
        near = [k for k in lots if grounds.whole_m[k].distance(grounds.whole_m[row]) <= SITING.family_walk_m]
        expected = sum(open_m2[k] for k in near)
        assert grounds.parking_m2(np.array([row]))[0] == pytest.approx(expected)
