"""The polygon that an import keeps within: GeoJSON, and the .poly files that lie beside extracts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import SourceError
from planner.sources.polygon import read_polygon

POLY = """ohio
1
\t-83.0  40.0
   -8.20E+01 40.0
   -82.0 41.0
   -83.0 41.0
END
!2
   -82.6 40.4
   -82.4 40.4
   -82.4 40.6
   -82.6 40.6
   -82.6 40.4
END
3
   -80.0 40.0
   -79.0 40.0
   -79.0 41.0
END
END
"""


def written(folder: Path, text: str, name: str = "ohio.poly") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def keep_within(path: Path) -> BaseGeometry:
    """Read a polygon of which there is nothing to say."""
    said: list[str] = []
    ground = read_polygon(path, said.append)
    assert said == []
    return ground


def test_rings_holes_and_pieces_of_a_poly_file(tmp_path: Path) -> None:
    ground = keep_within(written(tmp_path, POLY))
    assert ground.area == pytest.approx(1.0 - 0.04 + 0.5)
    for lon, lat, inside in (
        (-82.9, 40.1, True),
        (-82.5, 40.5, False),
        (-79.1, 40.5, True),
        (-81.0, 40.5, False),
    ):
        assert shapely.contains_xy(ground, lon, lat) == inside
    assert keep_within(written(tmp_path, POLY.replace("\n", "\r\n"), "OHIO.POLY")).equals(ground)
    same = written(tmp_path, shapely.to_geojson(ground), "ohio.geojson")
    assert keep_within(same).equals(ground)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no .poly file"),
        ("ohio", "is no .poly file"),
        ("ohio\nEND\n", "has no polygon in it"),
        (POLY.removesuffix("END\n"), "is no .poly file"),
        ("ohio\n1\n-83 40\n-82 40\n-82 41\n", "is no .poly file"),
        ("ohio\n1\n-83 40\n-82 40\nEND\nEND\n", "is no .poly file"),
        ("ohio\n1\n-83 forty\n-82 40\n-82 41\nEND\nEND\n", "is no .poly file"),
        ("ohio\n1\n-83 40 1\n-82 40\n-82 41\nEND\nEND\n", "is no .poly file"),
        ("ohio\n1\nnan 40\n-82 40\n-82 41\nEND\nEND\n", "is no .poly file"),
        ("ohio\n1\n-283 40\n-82 40\n-82 41\nEND\nEND\n", "of ohio.poly is not on the globe"),
        ("ohio\n1\n1 1\n1 1\n1 1\nEND\nEND\n", "has no polygon in it"),
        (json.dumps({"type": "Point", "coordinates": [1, 2]}), "is no .poly file"),
    ],
)
def test_what_is_no_poly_file_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        keep_within(written(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ring", "area", "told"),
    [
        ("0 0\n2 2\n2 0\n0 2", 2.0, "in 2 pieces"),
        ("0 3\n2 -3\n-3 1\n3 1\n-2 -3", None, "in 1 piece"),  # a star, its middle too
        ("0 0\n2 0\n2 2\n0 2", 4.0, ""),
        ("0 0\n2 0\n2 2\n0 2\n0 -1e-9\n1e-9 1e-9", 4.0, ""),  # run a little past its beginning
    ],
)
def test_an_outline_that_crosses_itself_is_all_ground_within_it_and_that_is_told(
    tmp_path: Path, ring: str, area: float | None, told: str
) -> None:
    said: list[str] = []
    ground = read_polygon(written(tmp_path, f"x\n1\n{ring}\nEND\nEND\n"), said.append)
    assert ground.is_valid
    if area is None:
        assert shapely.contains_xy(ground, 0, 0)
    else:
        assert ground.area == pytest.approx(area)
    assert len(said) == bool(told)
    assert all(told in text and "ohio.poly crosses itself" in text for text in said)


def test_polygons_that_overlap_cross_nothing(tmp_path: Path) -> None:
    parts = [shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)]
    file = written(tmp_path, shapely.to_geojson(shapely.MultiPolygon(parts)), "two.geojson")
    assert keep_within(file).area == pytest.approx(7.0)


@pytest.mark.parametrize("deep", [3_000, 100_000])
def test_geojson_that_is_nested_without_end_is_told_in_one_line(tmp_path: Path, deep: int) -> None:
    inner = shapely.to_geojson(shapely.box(0, 0, 1, 1))
    text = '{"type":"GeometryCollection","geometries":[' * deep + inner + "]}" * deep
    with pytest.raises(SourceError, match="is no GeoJSON: the document is nested too deeply"):
        keep_within(written(tmp_path, text, "x.geojson"))


def test_polygons_in_collections_in_collections_are_all_taken(tmp_path: Path) -> None:
    shapes = [
        shapely.box(0, 0, 1, 1),
        shapely.MultiPolygon([shapely.box(2, 0, 3, 1), shapely.box(4, 0, 5, 1)]),
    ]
    nested = shapely.GeometryCollection([shapely.GeometryCollection(shapes), shapely.box(6, 0, 7, 1)])
    text = shapely.to_geojson(nested)
    for told in (text, "\ufeff" + text):  # as Notepad saves it
        assert keep_within(written(tmp_path, told, "x.geojson")).area == pytest.approx(4.0)
