"""Coastlines tell what is sea, where they tell; a map reaches as far as its source says."""

from __future__ import annotations

from pathlib import Path

import osmium
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from osmium.osm import mutable
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.model import Incident
from planner.packs import shipped_doctrine
from planner.perimeters.waterfront import waterfront_m
from planner.plan import make_plan
from planner.sources.coast import sea_of
from planner.sources.meridian import BBox
from planner.sources.pbf import read_osm
from planner.terms import ObstacleKind, ThreatName
from tests.town import DATA_DATE, Objects

BOX = (10.0, 50.0, 10.1, 50.1)


def sea(*lines: list[tuple[float, float]]) -> BaseGeometry:
    return shapely.union_all(sea_of([LineString(line) for line in lines], BOX))


def test_the_sea_lies_to_the_right_of_a_coast() -> None:
    coast = [(9.9, 50.05), (10.05, 50.04), (10.2, 50.05)]  # eastward: land in the north, sea in the south
    south = sea(coast)
    assert south.contains(Point(10.05, 50.01))
    assert not south.intersects(Point(10.05, 50.09))
    north = sea(coast[::-1])
    assert north.area + south.area == pytest.approx(box(*BOX).area)
    assert north.intersection(south).area == pytest.approx(0, abs=1e-12)


def test_islands_are_land_and_lagoons_are_sea() -> None:
    island = [(10.04, 50.04), (10.06, 50.04), (10.06, 50.06), (10.04, 50.06), (10.04, 50.04)]
    lagoon = [(10.049, 50.049), (10.049, 50.051), (10.051, 50.051), (10.051, 50.049), (10.049, 50.049)]
    whole = sea(island, lagoon)
    assert whole.contains(Point(10.01, 50.01))
    assert whole.contains(Point(10.05, 50.05))
    assert not whole.intersects(Point(10.045, 50.045))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [[(10.02, 50.05), (10.08, 50.05)]],  # ends within: which side is sea beyond its ends nobody can tell
        [[(9.9, 50.05), (10.05, 50.05)]],
        [[(9.0, 49.0), (9.5, 49.0)]],
    ],
)
def test_where_coastlines_do_not_tell_nothing_is_called_sea(lines: list[list[tuple[float, float]]]) -> None:
    assert sea(*lines).is_empty


def test_two_coasts_that_contradict_each_other_tell_nothing_of_what_lies_between() -> None:
    found = sea([(9.9, 50.07), (10.2, 50.07)], [(9.9, 50.03), (10.2, 50.03)])
    assert not found.intersects(Point(10.05, 50.05))
    assert found.contains(Point(10.05, 50.01))


@settings(max_examples=30)
@given(st.lists(st.floats(50.02, 50.08), min_size=3, max_size=12))
def test_whatever_the_coast_looks_like_sea_and_land_part_the_box(lats: list[float]) -> None:
    step = 0.2 / (len(lats) - 1)
    coast = [(9.95 + k * step, lat) for k, lat in enumerate(lats)]
    below = Polygon([*coast, (10.15, 49.9), (9.95, 49.9)]).intersection(box(*BOX))
    assert sea(coast).symmetric_difference(below).area < 1e-8


# --- as maps are imported -------------------------------------------------------------------------


def shore() -> Objects:
    """Two streets by the sea in the south, that end 100 m before it."""
    made = Objects()
    made.way([(x, 0) for x in range(-800, 801, 100)], highway="residential", name="Sea View")
    made.way([(0, 0), (0, -200)], highway="residential", name="Beach Lane")
    made.way([(-9000, -300), (0, -260), (9000, -300)], natural="coastline")
    return made.settle()


def read(
    made: Objects,
    folder: Path,
    header: BBox | None,
    *,
    bbox_deg: BBox | None = None,
    covered_deg: BBox | None = None,
) -> Area:
    """Write a map as a file with a box in its header, and read it."""
    path = folder / "shore.osm.pbf"
    path.unlink(missing_ok=True)
    head = osmium.io.Header()
    head.set("osmosis_replication_timestamp", f"{DATA_DATE}T00:00:00Z")
    if header is not None:
        west, south, east, north = header
        head.add_box(osmium.osm.Box(osmium.osm.Location(west, south), osmium.osm.Location(east, north)))
    with osmium.SimpleWriter(str(path), header=head) as writer:
        for ident, (place, tags) in sorted(made.nodes.items()):
            writer.add_node(mutable.Node(id=ident, version=1, location=place, tags=tags))
        for ident, (refs, tags) in sorted(made.ways.items()):
            writer.add_way(mutable.Way(id=ident, version=1, nodes=refs, tags=tags))
    return read_osm(path, "shore", bbox_deg=bbox_deg, covered_deg=covered_deg)


def around(tight: BBox, degrees: float) -> BBox:
    west, south, east, north = tight
    return west - degrees, south - degrees, east + degrees, north + degrees


def test_a_map_reaches_as_far_as_the_box_it_was_fetched_by(tmp_path: Path) -> None:
    made = shore()
    tight = read(made, tmp_path, None).bbox_deg
    near, far = around(tight, 0.02), around(tight, 2.0)

    def fetched(covered: BBox, asked: BBox | None = None) -> BBox:
        return read(made, tmp_path, None, bbox_deg=asked, covered_deg=covered).bbox_deg

    assert fetched(near) == fetched(near, near) == pytest.approx(near, abs=1e-6)
    assert fetched(far) == tight, "that of a larger file, for all we know"
    one_side = (tight[0] - 3.0, *near[1:])
    assert fetched(one_side) == pytest.approx((tight[0], *near[1:]), abs=1e-6)
    assert fetched(near, around(tight, 0.01)) == pytest.approx(around(tight, 0.01), abs=1e-6)
    assert read(made, tmp_path, None, bbox_deg=near).bbox_deg == tight, "asked for, and perhaps not there"


def test_a_header_ends_a_map_but_makes_no_unmapped_ground_known(tmp_path: Path) -> None:
    made = shore()
    tight, cut = read(made, tmp_path, None), around(read(made, tmp_path, None).bbox_deg, -0.0005)
    assert read(made, tmp_path, cut).bbox_deg == pytest.approx(cut, abs=1e-6)
    wide = read(made, tmp_path, around(tight.bbox_deg, 0.02))
    assert wide.bbox_deg == tight.bbox_deg
    incident = Incident(wide.frame.place(780.0, 0.0), ThreatName.KNIFE)
    plan = make_plan(incident, wide, shipped_doctrine())
    assert not any(perimeter.sealed for perimeter in plan.perimeters), "Sea View may go on in the east"
    fetched = read(made, tmp_path, None, covered_deg=around(tight.bbox_deg, 0.02))
    plan = make_plan(incident, fetched, shipped_doctrine())
    assert all(perimeter.sealed for perimeter in plan.perimeters), "it is known to end there"


def test_the_sea_beyond_the_last_street_is_water_and_the_land_ends_there(tmp_path: Path) -> None:
    area = read(shore(), tmp_path, None)
    water = area.obstacles.rows(area.obstacles["kind"] == ObstacleKind.WATER)
    assert len(water)
    assert set(water["osm_type"]) == {"w"}
    assert (water["osm_id"] < 0).all(), "of no object of the map"
    xmin, ymin, xmax, _ = area.extent_m.bounds
    assert area.knows(box(xmin + 100, ymin - 800, xmax - 100, ymin))
    assert not area.knows(box(xmin + 100, ymin, xmax - 100, ymin + 3000)), "land in the north"
    ends = area.network.node_xy_m[area.ashore]
    assert len(ends) == 1, "Beach Lane"
    assert ends[0, 1] == area.network.node_xy_m[:, 1].min()


def by_a_basin(half_m: float) -> Area:
    """Streets around a square of water, so many metres from its middle to each side, and beyond it."""
    made = Objects()
    for at in range(-1200, 1201, 200):
        for lane in ([(x, at) for x in range(-1200, 1201, 200)], [(at, y) for y in range(-1200, 1201, 200)]):
            if at != 0:
                made.way(lane, highway="residential", name=f"Lane {at}")
    made.rectangle(-half_m, -half_m, half_m, half_m, natural="water")
    return made.settle().area("basin")


@pytest.mark.parametrize(
    ("half_m", "x", "told"),
    [(190.0, 210.0, True), (190.0, 1010.0, False), (40.0, 210.0, False)],
    ids=["by the water", "far from it", "by a pond"],
)
def test_where_the_line_runs_by_water_it_is_said_that_no_post_closes_it_and_no_boat_is_planned_for(
    half_m: float, x: float, told: bool
) -> None:
    area = by_a_basin(half_m)
    plan = make_plan(Incident(area.frame.place(x, 0.0), ThreatName.KNIFE), area, shipped_doctrine())
    texts = [n.text for n in plan.notices if "no post closes the waterfront" in n.text]
    assert bool(texts) == told
    assert all("none are planned for: where they can land is not known" in text for text in texts)


@given(st.floats(0.0, 400.0))
@settings(max_examples=30)
def test_of_a_line_the_metres_by_water_are_what_lies_within_25_m_of_it(x: float) -> None:
    area = by_a_basin(190.0)
    line = box(x, -100.0, x + 300.0, 100.0).exterior
    water = box(-190.0, -190.0, 190.0, 190.0)
    exact = line.intersection(water.buffer(25.0)).length
    found = waterfront_m(line, area)
    assert found == pytest.approx(exact, abs=45.0) or (found == 0.0 and exact < 95.0)
