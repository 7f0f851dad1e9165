"""The base map: every street, building and name of the area in two tile files, made once, for any area."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import shapely

from planner.area import Area
from planner.ui.basemap import base_map, map_features
from tests.town import town


@pytest.fixture(scope="module")
def area() -> Area:
    return town()


def test_it_holds_every_street_building_and_name(area: Area) -> None:
    features = map_features(area)
    drawn = features[
        features["kind"].isin({"motorway", "major", "middle", "minor", "service", "track", "foot"})
    ]
    metres = shapely.transform(drawn.geometry.to_numpy(), area.frame.to_m)
    assert shapely.length(metres).sum() == pytest.approx(area.network.length_m.sum(), rel=1e-6)
    assert (features["kind"] == "building").sum() == len(area.buildings)
    streets = {name for name in area.network.names if name}
    assert streets - set(features["name"]) == set()
    assert set(area.places["name"]) - {""} <= set(features["name"])


def test_no_feature_lies_outside_its_area(area: Area) -> None:
    west, south, east, north = map_features(area).total_bounds
    ends = area.frame.to_deg(area.network.shape_xy_m)
    assert (west, south) >= (ends[:, 0].min() - 0.01, ends[:, 1].min() - 0.01)
    assert (east, north) <= (ends[:, 0].max() + 0.01, ends[:, 1].max() + 0.01)


def test_it_is_made_once_and_again_when_the_area_changes(area: Area, tmp_path: Path) -> None:
    first = base_map(area, tmp_path)
    stamp = first.near.stat().st_mtime_ns
    for file in (first.near, first.far):
        assert file.read_bytes()[:7] == b"PMTiles"
    assert base_map(area, tmp_path) == first
    assert first.near.stat().st_mtime_ns == stamp

    other = base_map(replace(area, name="other"), tmp_path)
    changed = base_map(replace(area, digest="f" * 64), tmp_path)
    assert not first.near.exists()
    assert sorted(tmp_path.iterdir()) == sorted([changed.near, changed.far, other.near, other.far])


def test_an_area_of_bare_streets_has_one_too(area: Area, tmp_path: Path) -> None:
    bare = replace(
        area,
        name="bare",
        network=replace(area.network, names=tuple("" for _ in area.network.names)),
        buildings=area.buildings.rows(slice(0)),
        places=area.places.rows(slice(0)),
        obstacles=area.obstacles.rows(slice(0)),
    )
    files = base_map(bare, tmp_path)
    assert files.near.stat().st_size > 0
    assert set(map_features(bare)["name"]) == {""}
