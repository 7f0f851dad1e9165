"""Tables of an area: made a stretch at a time, told by WKB, the same as all at once."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, box

from planner.area import Area
from planner.sources import tables
from planner.sources.osm import Draft
from planner.sources.tables import line_wkb, middles_m, point_wkb
from planner.table import Table

CORNER = (10.0, 50.0)
FLAT = Polygon([(10, 50), (10.001, 50), (10.002, 50)])
BOWTIE = Polygon([(10, 50), (10.001, 50.001), (10.001, 50), (10, 50.001)])


def made() -> Area:
    """Make a town of good and bad outlines, some in several versions."""
    draft = Draft()
    draft.add_way(1, [(1, CORNER), (2, (10.01, 50.0))], {"highway": "residential"})
    for number in range(24):
        x, y = 10 + number / 1e3, 50 + (number * 7 % 24) / 1e3
        shape = box(x, y, x + 5e-4, y + 5e-4)
        for version in range(1 + number % 3):
            shapes = (shape, MultiPolygon([shape]), shapely.force_3d(shape), BOWTIE, FLAT, box(9, 49, 11, 51))
            tags = {"building": "yes", "name": f"{number}.{version}", "height": str(number)}
            draft.add_feature("w", number * 5 % 24, tags, shapes[(number + version) % 6])
        draft.add_feature("n", number, {"amenity": "school", "name": str(number)}, Point(x, y))
    return draft.finish("made", source="test")


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_a_table_is_the_same_whatever_is_made_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    whole = made()
    monkeypatch.setattr(tables, "_AT_ONCE", at_once)
    parts = made()
    assert parts.digest == whole.digest
    assert np.array_equal(middles_m(parts.buildings), middles_m(whole.buildings))
    for one, other in ((parts.buildings, whole.buildings), (parts.places, whole.places)):
        assert list(one.wkb()) == list(other.wkb())
        assert all(np.array_equal(one[name], other[name]) for name in ("osm_type", "osm_id", "name"))


def test_of_several_versions_the_latest_that_is_any_good_is_kept() -> None:
    draft = Draft()
    draft.add_way(1, [(1, CORNER), (2, (10.01, 50.0))], {"highway": "residential"})
    for name, shape in (("old", box(10, 50, 10.001, 50.001)), ("new", BOWTIE), ("flat", FLAT)):
        draft.add_feature("w", 5, {"building": "yes", "name": name}, shape)
    buildings = draft.finish("made", source="test").buildings
    assert list(buildings["name"]) == ["new"]
    assert buildings.shapes[0].is_valid


def test_points_and_lines_are_told_as_shapely_tells_them() -> None:
    assert shapely.from_wkb(point_wkb(10.5, -50.25)) == Point(10.5, -50.25)
    line = shapely.linestrings([(1.5, 2.5), (3.25, 4.0), (5.0, 6.0)])
    assert shapely.from_wkb(line_wkb(shapely.get_coordinates(line).tobytes())) == line


def test_a_table_told_by_wkb_makes_its_shapes_once_and_tells_them_again() -> None:
    shapes = np.array([Point(1, 2), box(0, 0, 3, 4)], dtype=object)
    plain = Table({}, shapes)
    table = Table.of_wkb({"osm_id": np.array([1, 2])}, plain.wkb())
    told = table.wkb()
    assert table.wkb() is told
    assert shapely.equals_exact(table.shapes, shapes, 0.0).all()
    assert table.shapes is table.shapes
    assert table.wkb() is not told  # let go of: nobody needs it beside the shapes
    assert list(table.wkb()) == list(told) == list(plain.wkb())
