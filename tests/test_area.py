"""Areas: their extent, and shapes as documents write them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, Polygon, box

from planner import geo
from planner.area import geometries_m, shape_of
from planner.geo import Frame
from planner.geojson import geometry, read_shape
from tests.town import CENTRE, town

FRAME = Frame(CENTRE)


@pytest.mark.parametrize(("size_m", "holes"), [(1e-4, 0), (1.0, 1)])
def test_a_hole_that_vanishes_when_rounded_is_left_out_and_the_rest_reads_back(size_m, holes):
    ground = box(0, 0, 40, 30).difference(Point(10, 10).buffer(size_m))
    assert isinstance(ground, Polygon)
    assert len(ground.interiors) == 1
    shape = shape_of(ground, FRAME)
    assert len(shape.polygons[0]) == 1 + holes
    assert read_shape(json.loads(json.dumps(geometry(shape))), ("Polygon",), "here") == shape
    (back,) = geometries_m(shape, FRAME)
    assert shapely.symmetric_difference(back, ground).area < 1.0


def test_the_extent_is_the_bounding_box_with_true_sides():
    area = town()
    west, south, east, north = area.bbox_deg
    corners = area.frame.to_m([(west, south), (east, south), (east, north), (west, north)])
    assert shapely.distance(area.extent_m.boundary, shapely.points(corners)).max() < 1e-6
    assert area.extent_m.is_valid


@pytest.mark.parametrize("most_m", [0.0, 120.0, 1e6])
def test_how_far_junctions_lie_from_the_rim_is_told_as_far_as_it_is_asked(most_m):
    area = town()
    xy_m = area.network.node_xy_m
    hull_m = shapely.MultiPoint(xy_m[area.streets_at > 0]).convex_hull.intersection(area.extent_m)
    gap_m = shapely.distance(shapely.points(xy_m), hull_m.boundary)
    gap_m = np.where(shapely.contains_xy(hull_m, xy_m), gap_m, 0.0)
    assert np.array_equal(area.to_rim_m(most_m), np.where(gap_m <= most_m, gap_m, np.inf))


def test_many_places_are_projected_on_all_cores_as_each_alone(monkeypatch):
    places = np.random.default_rng(1).uniform(-0.2, 0.2, (1001, 2)) + CENTRE
    alone = FRAME.to_m(places)
    monkeypatch.setattr(geo, "_AT_ONCE", 100)
    assert (FRAME.to_m(places) == alone).all()
