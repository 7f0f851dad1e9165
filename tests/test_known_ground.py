"""Where a map ends that no box bounds: what its roads, its cut ways and a polygon say; and what plans say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest
import shapely

from planner import packs, settings
from planner.area import Area
from planner.errors import PackError, SourceError
from planner.geo import LonLat
from planner.model import Incident, Perimeter, Plan
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.sources.known_ground import known_ground
from planner.sources.pbf import read_osm
from planner.terms import PerimeterName, ThreatName
from tests.town import Objects, town_objects

DOCTRINE = shipped_doctrine()


def city(roads: int = 5, reach_m: int = 2600, kind: str = "tertiary") -> Objects:
    """A grid of 4 by 4 km cut out of a larger one: its main roads run on to the north as whole ways."""
    made = Objects()
    lines = range(-2000, 2001, 200)
    for y in lines:
        made.way([(x, y) for x in lines], highway="residential", name=f"Street {y}")
    for k, x in enumerate(lines):
        goes_on = k % 4 == 1 and k // 4 < roads
        north = range(2200, 2001 + reach_m + (k * 40 if reach_m > 1000 else 0), 200) if goes_on else ()
        tags = {"highway": kind if goes_on else "residential", "name": f"Avenue {x}"}
        made.way([(x, y) for y in (*lines, *north)], **tags)
    for x in lines[:-1]:
        for y in lines[:-1]:
            made.rectangle(x + 30, y + 30, x + 60, y + 60, building="yes")
    return made.settle()


def cut_city(turn_deg: float, *, whole: bool = False) -> Objects:
    """A grid of 6 by 6 km in long ways, cut along a line through its middle that is turned against them.

    What reaches to the right of the line is kept, whole ways, as ``osmium extract`` does, and nothing says
    where the line runs.
    """
    made = Objects()
    count, across = 31, np.array([-np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))])

    def keep(points: list[tuple[int, int]], **tags: str) -> None:
        if whole or (np.array(points) @ across <= 0).any():
            made.way(points, **tags)

    for k in range(count):
        at, begin = 200 * k - 3000, 0
        tags = {"highway": "residential" if k % 3 else "tertiary"}
        while begin < count - 1:
            end = min(begin + 4 + (7 * k + begin) % 6, count - 1)
            along = [200 * n - 3000 for n in range(begin, end + 1)]
            keep([(at, y) for y in along], name=f"Avenue {at}", **tags)
            keep([(x, at) for x in along], name=f"Street {at}", **tags)
            begin = end
    for x in range(-3000, 3000, 200):
        for y in range(-3000, 3000, 200):
            keep([(x + a, y + b) for a, b in ((60, 60), (90, 60), (90, 90), (60, 60))], building="yes")
    return made.settle()


def outer_of(plan: Plan) -> Perimeter:
    return next(line for line in plan.perimeters if line.perimeter is PerimeterName.OUTER)


def knows(area: Area, x_m: float, y_m: float, made: Objects) -> bool:
    return area.knows(shapely.Point(area.frame.point_m(made.place(x_m, y_m))).buffer(10.0))


def test_ground_about_roads_that_run_out_of_the_map_is_not_known() -> None:
    made = city()
    area = made.area()
    assert area.outline_deg is not None
    for x_m, y_m, known in ((0, 0, True), (1700, 1500, True), (-1700, 3000, False), (-1300, 2900, False)):
        assert knows(area, x_m, y_m, made) is known, (x_m, y_m)
    plan = make_plan(Incident(made.place(-1600, 1950), ThreatName.VEHICLE), area, DOCTRINE)
    assert "ground beyond the edge of the map" in outer_of(plan).leaks
    assert any(notice.text.startswith("The inner line leaves the map") for notice in plan.notices)
    middle = make_plan(Incident(made.place(0, -600), ThreatName.KNIFE), area, DOCTRINE)
    assert all(line.sealed for line in middle.perimeters)


@pytest.mark.parametrize("turn_deg", [0, 17, 45, 71])
def test_how_far_a_cut_map_is_whole_its_short_things_tell(turn_deg: float) -> None:
    """Streets that cross the cut run on far beyond it: there, between them, nothing is known."""
    made = cut_city(turn_deg)
    area = made.area()
    along, across = np.array(
        [
            [np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))],
            [-np.sin(np.radians(turn_deg)), np.cos(np.radians(turn_deg))],
        ]
    )
    for share in (-1800, -900, 0, 900, 1800):
        for off_m, known in ((300, False), (500, False), (-600, True), (-1200, True)):
            x_m, y_m = share * along + off_m * across
            assert knows(area, x_m, y_m, made) is known, (share, off_m)
    assert cut_city(turn_deg, whole=True).area().outline_deg is None


def test_a_perimeter_that_reaches_over_the_cut_is_not_said_to_be_sealed() -> None:
    made = cut_city(17)
    area = made.area()
    for x_m in (-1500, 0):
        near = make_plan(Incident(made.place(x_m, 0.3 * x_m - 150), ThreatName.RIFLE), area, DOCTRINE)
        assert "ground beyond the edge of the map" in outer_of(near).leaks, x_m
        amid = make_plan(Incident(made.place(x_m, -1800), ThreatName.KNIFE), area, DOCTRINE)
        assert all(line.sealed for line in amid.perimeters), x_m


def test_where_streets_run_on_beyond_the_known_ground_a_plan_is_made_and_says_so() -> None:
    area = cut_city(0).area()
    ends_m = area.network.node_xy_m
    far_m = ends_m[np.argmax(shapely.distance(area.extent_m, shapely.points(ends_m)))]
    lon_deg, lat_deg = area.frame.to_deg(far_m[None])[0].tolist()
    assert not shapely.dwithin(area.extent_m, shapely.Point(far_m), 500.0)
    plan = make_plan(Incident(LonLat(lon_deg, lat_deg).rounded(), ThreatName.KNIFE), area, DOCTRINE)
    assert not any(line.sealed for line in plan.perimeters)


@pytest.mark.parametrize(
    "made",
    [
        city(roads=2),  # which may be a mistake of the map
        city(kind="residential"),  # lanes do end in the open
        city(reach_m=200),  # they end by the last street
        town_objects(),  # its roads lead to the edges of its box
    ],
    ids=["two", "lanes", "none", "town"],
)
def test_without_such_roads_all_of_the_box_is_known(made: Objects) -> None:
    assert made.area().outline_deg is None


def test_what_is_fetched_by_a_box_is_known_to_its_edges(tmp_path: Path) -> None:
    file = city().write(tmp_path / "city.osm.pbf")
    area = read_osm(file, "city")
    assert area.outline_deg is not None
    assert read_osm(file, "city", covered_deg=area.bbox_deg).outline_deg is None
    assert area.digest != read_osm(file, "city", covered_deg=area.bbox_deg).digest


def test_beyond_the_polygon_that_was_asked_for_nothing_is_known(tmp_path: Path) -> None:
    made = town_objects()
    file = made.write(tmp_path / "town.osm.pbf")
    west, south, east, north = read_osm(file, "town").bbox_deg
    slant = shapely.Polygon([(west, south), (east, south), (west, north)])
    area = read_osm(file, "town", within_deg=slant)
    assert area.outline_deg is not None
    assert area.outline_deg.area == pytest.approx(slant.intersection(shapely.box(*area.bbox_deg)).area)
    assert knows(area, -300, -300, made)
    assert not knows(area, 300, 300, made)
    near = make_plan(Incident(made.place(-200, -100), ThreatName.RIFLE), area, DOCTRINE)
    assert not all(line.sealed for line in near.perimeters)
    around = shapely.box(west - 1, south - 1, east + 1, north + 1)
    assert read_osm(file, "town", within_deg=around).outline_deg is None


def test_a_way_that_is_cut_off_in_the_file_is_taken_to_go_on(tmp_path: Path) -> None:
    made = town_objects(river=False)
    whole = make_plan(Incident(made.place(0, 0), ThreatName.KNIFE), made.area(), DOCTRINE)
    lost = next(k for k, (place, _) in made.nodes.items() if place == made.place(500, 200).rounded())
    file = tmp_path / "cut.osm.pbf"
    given = made.write(tmp_path / "town.osm.pbf")
    with osmium.SimpleWriter(str(file)) as writer:
        things: Any = osmium.FileProcessor(str(given))
        for thing in things:
            if not (thing.is_node() and thing.id == lost):
                writer.add(thing)
    area = read_osm(file, "cut")
    assert area.outline_deg is not None
    places = {(450, 200), (600, 200), (500, 100), (500, 300)}
    assert len(shapely.get_rings(area.outline_deg)) == 1 + len(places)
    for x_m, y_m in places:
        assert not knows(area, x_m, y_m, made)
    assert knows(area, 500, 200, made), "what lies between may be empty"
    plan = make_plan(Incident(made.place(450, 250), ThreatName.KNIFE), area, DOCTRINE)
    assert "ground beyond the edge of the map" in outer_of(plan).leaks
    assert all(line.sealed for line in whole.perimeters)


def test_a_way_that_is_all_there_is_not_cut_off_by_one_that_is_not(tmp_path: Path) -> None:
    """In files that complete each other no way is cut off."""
    given = town_objects().write(tmp_path / "town.osm.pbf")
    middle = read_osm(given, "town").frame.centre.lon_deg
    halves = [tmp_path / "west.osm.pbf", tmp_path / "east.osm.pbf"]
    for half, is_west in zip(halves, (True, False), strict=True):
        with osmium.SimpleWriter(str(half)) as writer:
            things: Any = osmium.FileProcessor(str(given))
            for thing in things:
                if not thing.is_node() or (thing.location.lon < middle) == is_west:
                    writer.add(thing)
    assert read_osm(halves, "town").outline_deg is None
    assert read_osm(halves[0], "town").outline_deg is not None


def test_the_outline_is_kept_with_the_pack() -> None:
    area = city().area("outlined")
    packs.write_area(area)
    opened = packs.open_area("outlined")
    assert opened.outline_deg is not None
    assert shapely.equals_exact(opened.outline_deg, area.outline_deg, 1e-9)
    assert np.array_equal(opened.to_rim_m(500.0), area.to_rim_m(500.0))
    packs.delete_area("outlined")


def test_a_map_of_which_nothing_is_known_is_refused() -> None:
    area = town_objects().area()
    units = np.rint(area.frame.to_deg(area.network.shape_xy_m) / 1e-7).astype(np.int32)
    elsewhere, none = shapely.box(0, 0, 1, 1), np.empty(0, dtype=np.int64)
    with pytest.raises(SourceError, match="nothing of this map is known"):
        known_ground(
            area.network, units, np.empty((0, 2)), area.bbox_deg, within_deg=elsewhere, cut=none, bounded=True
        )


def test_amid_the_map_the_inner_line_is_sealed_as_ever() -> None:
    made = city()
    incident = Incident(made.place(0, -1000), ThreatName.HANDGUN)
    plan = make_plan(incident, made.area(), DOCTRINE)
    inner = next(line for line in plan.perimeters if line.perimeter is PerimeterName.INNER)
    assert inner.sealed
    assert inner.leaks == ()


def test_an_outline_without_ground_is_refused() -> None:
    area = city().area("none")
    packs.write_area(area)
    manifest = packs.read_manifest("none")
    file = settings.read_settings().areas / "none" / packs.MANIFEST
    for outline in ({"type": "Polygon", "coordinates": []}, {"type": "Nonsense"}, 7):
        manifest["outline_deg"] = outline
        manifest["sha256"] = packs._manifest_digest(manifest)
        file.write_bytes(packs._json(manifest))
        with pytest.raises(PackError):
            packs.open_area("none")
    packs.delete_area("none")
