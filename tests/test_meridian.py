"""Maps across longitude 180: imported, planned on and drawn like any other."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pyogrio
import pytest
import shapely
from osmium.osm import mutable

from planner.area import Area
from planner.audit import audit_plan
from planner.document import read_incident, read_plan, write_incident, write_plan
from planner.errors import SourceError
from planner.exports import EXPORTERS
from planner.exports.exporter import Options
from planner.exports.map_svg import draw_map
from planner.exports.outline import outlines
from planner.geo import LonLat, degrees_of, near_deg, run_on
from planner.model import Casualties, DrawnZone, Incident, Plan, Shape
from planner.packs import open_area, shipped_doctrine, write_area
from planner.plan import make_plan
from planner.seam import cut_at_180
from planner.sources import overpass
from planner.sources.digest import digest_of
from planner.sources.meridian import BBox, checked_box, common_ground, parts_of, told_box
from planner.sources.overpass import Servers, box_around, fetch_osm
from planner.sources.pbf import read_osm
from planner.sources.polygon import read_polygon
from planner.terms import ThreatName, ZoneKind
from planner.ui.basemap import map_features
from tests.town import town, town_objects

ACROSS, ELSEWHERE = LonLat(-179.999, -17.0), LonLat(170.0, -17.0)
OPTIONS = Options(datetime(2026, 3, 1, tzinfo=UTC), 60)
BOX = (179.9, -17.1, -179.9, -16.9)


@cache
def town_at(centre: LonLat) -> Area:
    return town(centre=centre)


@cache
def plan_at(centre: LonLat, xy_m: tuple[float, float], threat: str) -> Plan:
    area = town_at(centre)
    incident = Incident(area.frame.place(*xy_m), ThreatName(threat), casualties=Casualties(5, 5, 10))
    return make_plan(incident, area, shipped_doctrine())


@pytest.mark.parametrize(
    ("xy_m", "threat"), [((0, 0), "knife"), ((-600, 200), "vehicle"), ((0, 350), "rifle")]
)
def test_a_plan_is_the_one_of_the_same_town_elsewhere(xy_m: tuple[float, float], threat: str) -> None:
    here, there = plan_at(ACROSS, xy_m, threat), plan_at(ELSEWHERE, xy_m, threat)
    area = town_at(ACROSS)
    lons = [place.lon_deg for line in here.perimeters for place in line.rings[0]]
    assert min(lons) < -179 < 179 < max(lons)
    assert read_plan(write_plan(here)) == here
    assert audit_plan(read_plan(write_plan(here)), area, shipped_doctrine()).failures == ()
    assert [site.purpose for site in here.sites] == [site.purpose for site in there.sites]
    posts_m = area.frame.to_m([post.location for post in here.posts])
    apart_m = np.abs(posts_m - town_at(ELSEWHERE).frame.to_m([post.location for post in there.posts]))
    assert apart_m.max() < 0.05  # sites as good as each other may change places by the last digit


def test_what_is_drawn_across_is_written_and_read_back() -> None:
    ring = tuple(
        LonLat(*place) for place in ((179.99, -17.0), (-179.99, -17.0), (-179.99, -16.99), (179.99, -17.0))
    )
    incident = Incident(None, zones=(DrawnZone(Shape(polygons=((ring,),)), ZoneKind.HOT),))
    assert read_incident(write_incident(incident)) == incident
    (outline,) = outlines([(ring,)], 4)
    assert set(outline) == set(ring)
    bays = tuple(LonLat(lon, 0.001 * (k % 2)) for k, lon in enumerate(np.linspace(179.9, 180, 20)))
    rest = tuple(LonLat(*place) for place in ((-179.9, 0.0), (-179.9, -0.5), (179.9, -0.5)))
    (few,) = outlines([((*bays, *rest, bays[0]),)], 12)
    assert len(few) <= 12
    assert all(abs(place.lon_deg) > 179 for place in few)


def steps_deg(coordinates: Any) -> Iterator[float]:
    """How far in longitude each step of each line and ring of GeoJSON coordinates goes."""
    if isinstance(coordinates[0], float | int):
        return
    if isinstance(coordinates[0][0], float | int):
        yield from (abs(b[0] - a[0]) for a, b in pairwise(coordinates))
        return
    for part in coordinates:
        yield from steps_deg(part)


@pytest.mark.parametrize("threat", ["knife", "rifle"])
def test_a_plan_document_is_cut_at_180_and_read_back_whole(threat: str) -> None:
    """RFC 7946, 3.1.9; checked by shapely, which knows no globe."""
    plan = plan_at(ACROSS, (0, 350) if threat == "rifle" else (0, 0), threat)
    written = write_plan(plan)
    features = json.loads(written)["features"]
    cut = [one for one in features if "uncut" in one]
    assert {"zone", "perimeter"} <= {one["properties"]["kind"] for one in cut}
    for one in features:
        assert max(steps_deg(one["geometry"]["coordinates"]), default=0.0) < 1
    for one in cut:
        assert one["geometry"]["type"].startswith("Multi")
        parts, whole = shapely.geometry.shape(one["geometry"]), shapely.geometry.shape(one["uncut"])
        run = shapely.transform(whole, lambda xy: run_on(xy, LonLat(180.0, 0.0)))
        assert parts.is_valid
        assert parts.area == pytest.approx(run.area, rel=1e-4)
        assert parts.length - run.length == pytest.approx(0.0, abs=0.1)  # of a polygon, plus the seam twice
        lons = shapely.get_coordinates(parts)[:, 0]
        assert {lons.min(), lons.max()} == {-180.0, 180.0}
        if parts.geom_type == "MultiPolygon":
            assert all(part.exterior.is_ccw for part in shapely.get_parts(parts))
    assert read_plan(written) == plan

    # A program that keeps only what it knows, and one that keeps all and moves a corner.
    for one in features:
        one.pop("uncut", None)
    known = read_plan(json.dumps({**json.loads(written), "features": features}))
    for had, has in zip(plan.zones, known.zones, strict=True):
        areas = [
            shapely.Polygon(run_on(degrees_of(zone.rings[0]), LonLat(180.0, 0.0))).area for zone in (had, has)
        ]
        assert areas[0] == pytest.approx(areas[1], rel=1e-6)
    moved = json.loads(written)
    zones = [one for one in moved["features"] if one["properties"]["kind"] == "zone"]
    number, zone = next((k, one) for k, one in enumerate(zones) if "uncut" in one)
    corner = next(c for c in zone["geometry"]["coordinates"][0][0][1:-1] if abs(c[0]) != 180.0)
    corner[1] += 1e-6
    outer, *_ = read_plan(json.dumps(moved)).zones[number].rings
    assert LonLat(*corner).rounded() in outer, "what it says now, not what it was"


def test_maps_for_other_programs_are_cut_at_180(tmp_path: Path) -> None:
    plan, area = plan_at(ACROSS, (0, 0), "knife"), town_at(ACROSS)
    file = tmp_path / "plan.gpkg"
    file.write_bytes(EXPORTERS["gpkg"].write(plan, area, OPTIONS))
    for layer in pyogrio.list_layers(file)[:, 0]:
        drawn = pyogrio.read_dataframe(file, layer=layer)
        if "geometry" in drawn:
            parts = shapely.bounds(shapely.get_parts(drawn.geometry.to_numpy()))
            assert (parts[:, 2] - parts[:, 0] < 1).all(), layer
    kml = EXPORTERS["kml"].write(plan, area, OPTIONS).decode()
    for text in re.findall(r"<coordinates>([^<]+)</coordinates>", kml):
        lons = [float(place.split(",")[0]) for place in text.split()]
        assert max(lons) - min(lons) < 1


@cache
def other_plan_and_area() -> tuple[Plan, Area]:
    return plan_at(ACROSS, (0, 350), "rifle"), town_at(ACROSS)


def runs_of(name: str) -> list[list[LonLat]]:
    """Each line or ring that an export holds, as places in a row."""
    text = EXPORTERS[name].write(*other_plan_and_area(), OPTIONS).decode()
    tree = ET.fromstring(re.sub(r'xmlns="[^"]+"', "", text))
    found: list[list[str]]  # latitude and longitude in turn, as all three write them
    if name == "gpx":
        lines = (*tree.iter("rte"), *tree.iter("trkseg"))
        found = [[p.attrib[k] for p in row if "lat" in p.attrib for k in ("lat", "lon")] for row in lines]
    elif name == "cot":
        links = [event.findall("detail/link") for event in tree.iter("event")]
        found = [[part for link in row for part in link.attrib["point"].split(",")] for row in links]
    else:
        found = [str(line.text).split() for line in tree.iter("polyline")]
    rows = [list(zip(row[1::2], row[::2], strict=True)) for row in found if row]
    return [[LonLat(float(lon), float(lat)) for lon, lat in row] for row in rows]


@pytest.mark.parametrize("name", ["gpx", "cot", "cifs"])
def test_lines_and_rings_for_devices_and_navigation_are_cut_at_180(name: str) -> None:
    runs = runs_of(name)
    assert runs
    assert max(abs(b.lon_deg - a.lon_deg) for run in runs for a, b in pairwise(run)) < 1
    ends = [place.lon_deg for run in runs for place in run if abs(place.lon_deg) == 180.0]
    assert {-180.0, 180.0} == set(ends), "it goes on at both sides"


def test_each_part_of_a_route_or_street_has_its_own_id_and_a_route_one_start_and_one_end() -> None:
    plan, area = other_plan_and_area()
    crossing = [route for route in plan.routes if len(cut_at_180(Shape(lines=(route.line,))).lines) > 1]
    assert crossing
    events = list(ET.fromstring(EXPORTERS["cot"].write(plan, area, OPTIONS)))
    uids = [event.get("uid") for event in events]
    assert len(set(uids)) == len(uids)
    routes = [event for event in events if event.get("type") == "b-m-r"]
    parts = [len(cut_at_180(Shape(lines=(route.line,))).lines) for route in plan.routes]
    assert len(routes) == sum(parts) > len(plan.routes)
    named = [link.get("callsign") for event in routes for link in event.findall("detail/link")]
    assert named.count("Start") == named.count("End") == len(plan.routes)
    records = list(ET.fromstring(EXPORTERS["cifs"].write(plan, area, OPTIONS)))
    ids = [record.get("id") for record in records]
    assert len(set(ids)) == len(ids)
    assert any(str(id_).endswith("-2") for id_ in ids)


@pytest.mark.parametrize("name", ["gpx", "cot", "cifs"])
def test_a_plan_elsewhere_is_exported_whole(name: str) -> None:
    plan, area = plan_at(ELSEWHERE, (0, 350), "rifle"), town_at(ELSEWHERE)
    text = EXPORTERS[name].write(plan, area, OPTIONS).decode()
    assert text.count("<rte>") in (0, len(plan.routes))
    assert text.count('type="b-m-r"') in (0, len(plan.routes))
    assert not re.search(r'id="[0-9a-f]{16}-\d+"', text)


def test_a_print_shows_both_sides_of_180_as_it_shows_a_town_elsewhere() -> None:
    pictures = []
    for centre in (ACROSS, ELSEWHERE):
        drawn = draw_map(plan_at(centre, (0, 0), "knife"), town_at(centre), 180.0, 200.0)
        pictures.append((drawn.sheet.scale, drawn.sheet.bounds_m, drawn.svg.count("<path")))
    (scale, bounds, paths), (other_scale, other_bounds, others) = pictures
    assert scale == other_scale
    assert bounds == pytest.approx(other_bounds, abs=1.0)
    assert paths >= others, "streets of both sides, and the lines of two zones of the grid"
    west, _, east, _ = bounds
    area = town_at(ACROSS)
    assert area.frame.place(west, 0.0).lon_deg > 179 > -179 > area.frame.place(east, 0.0).lon_deg


def test_lines_are_cut_in_their_direction_and_a_place_on_180_itself_is_no_step_across() -> None:
    def cut(*lons_deg: float) -> list[list[tuple[float, ...]]]:
        line = tuple(LonLat(lon, float(k)) for k, lon in enumerate(lons_deg))
        return [[tuple(place) for place in part] for part in cut_at_180(Shape(lines=(line,))).lines]

    assert cut(179.0, -179.0) == [[(179.0, 0.0), (180.0, 0.5)], [(-180.0, 0.5), (-179.0, 1.0)]]
    assert cut(-179.0, 179.0) == [[(-179.0, 0.0), (-180.0, 0.5)], [(180.0, 0.5), (179.0, 1.0)]]
    assert cut(179.0, 180.0, 179.0) == [[(179.0, 0.0), (180.0, 1.0), (179.0, 2.0)]]
    assert cut(179.0, -180.0, 179.0) == [[(179.0, 0.0), (180.0, 1.0)], [(180.0, 1.0), (179.0, 2.0)]]
    assert cut(179.0, 180.0, -179.0) == [[(179.0, 0.0), (180.0, 1.0)], [(-180.0, 1.0), (-179.0, 2.0)]]
    assert len(cut(179.0, -179.0, 179.0)) == 3
    holed = Shape(
        polygons=(
            (
                tuple(LonLat(*p) for p in ((179, 0), (-179, 0), (-179, 2), (179, 2), (179, 0))),
                tuple(
                    LonLat(*p)
                    for p in ((179.5, 0.5), (179.5, 1.5), (-179.5, 1.5), (-179.5, 0.5), (179.5, 0.5))
                ),
            ),
        )
    )
    assert sum(shapely.Polygon(rings[0], rings[1:]).area for rings in cut_at_180(holed).polygons) == 3.0


def test_a_file_is_imported_by_box_and_by_polygon(tmp_path: Path) -> None:
    file = town_objects(centre=ACROSS).write(tmp_path / "fiji.osm.pbf")
    whole = read_osm(file, "fiji")
    west, _, east, _ = whole.bbox_deg
    assert 179.9 < west < 180 < east < 180.1
    assert len(whole.network.way_id) == len(town_at(ELSEWHERE).network.way_id)
    assert whole.network.length_m.sum() == pytest.approx(town_at(ELSEWHERE).network.length_m.sum(), rel=1e-4)
    assert all(whole.covers(LonLat(lon, -17.0)) for lon in (179.999, 180.0, -180.0, -179.999))
    assert not whole.covers(LonLat(0.0, -17.0))
    assert read_osm(file, "fiji", bbox_deg=BOX).digest == whole.digest
    assert read_osm(file, "fiji", bbox_deg=(179.9, -17.1, 180.1, -16.9)).digest == whole.digest
    halves = [
        [[[w, -17.1], [e, -17.1], [e, -16.9], [w, -16.9], [w, -17.1]]]
        for w, e in ((179.9, 180), (-180, -179.9))
    ]
    border = tmp_path / "border.geojson"
    border.write_text(json.dumps({"type": "MultiPolygon", "coordinates": halves}))
    said: list[str] = []
    kept = read_polygon(border, said.append)
    assert said == []
    assert kept.bounds == (179.9, -17.1, 180.1, -16.9)
    assert read_osm(file, "fiji", within_deg=kept).network.edge_count == whole.network.edge_count
    west_only = read_osm(file, "west", bbox_deg=(179.9, -17.1, 180, -16.9))
    assert west_only.bbox_deg[2] == 180
    assert 0 < west_only.network.edge_count < whole.network.edge_count
    east_only = read_osm(file, "east", bbox_deg=(-180, -17.1, -179.9, -16.9))
    assert east_only.bbox_deg[0] == -180
    write_area(whole)
    assert digest_of(open_area("fiji")) == open_area("fiji").digest == whole.digest
    assert all(digest_of(part) == part.digest for part in (west_only, east_only))


_EAST, _WEST = (-180.0, -17.1, -179.9, -16.9), (179.9, -17.1, 180.0, -16.9)


@pytest.mark.parametrize(
    ("box", "polygon", "both"),
    [
        (BOX, _EAST, _EAST),  # the polygon beyond 180, as the box runs on
        (_EAST, (179.9, -17.1, 180.1, -16.9), _EAST),  # the box beyond 180, as the polygon runs on
        (BOX, _WEST, _WEST),
        (BOX, (179.9, -17.1, 180.1, -16.9), BOX),
        (None, _EAST, _EAST),
    ],
)
def test_a_box_and_a_polygon_on_either_side_are_what_they_share(
    tmp_path: Path, box: BBox | None, polygon: BBox, both: BBox
) -> None:
    file = town_objects(centre=ACROSS).write(tmp_path / "fiji.osm.pbf")
    kept = read_osm(file, "fiji", bbox_deg=box, within_deg=shapely.box(*polygon))
    assert kept.network.edge_count == read_osm(file, "fiji", bbox_deg=both).network.edge_count > 0


def test_a_box_and_a_polygon_that_do_not_meet_are_told_so() -> None:
    for box, polygon in ((_EAST, _WEST), ((1.0, 1.0, 2.0, 2.0), (1.0, 3.0, 2.0, 4.0))):
        with pytest.raises(SourceError, match="the box and the polygon do not meet"):
            common_ground(box, shapely.box(*polygon))


def test_water_and_houses_across_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "made.osm.pbf"
    corners = [(179.99, -17.0), (-179.99, -17.0), (-179.99, -16.99), (179.99, -16.99)]
    with osmium.SimpleWriter(str(path)) as writer:
        for ident, place in enumerate(corners, 1):
            writer.add_node(mutable.Node(id=ident, version=1, location=place))
        tags: dict[str, Any] = {"highway": "residential"}
        writer.add_way(mutable.Way(id=1, version=1, nodes=[1, 2], tags=tags))
        writer.add_way(mutable.Way(id=2, version=1, nodes=[1, 2, 3, 4, 1], tags={"natural": "water"}))
    area = read_osm(path, "made", bbox_deg=BOX)
    assert area.network.length_m.sum() == pytest.approx(2129, abs=2)
    (lake,) = area.obstacles.shapes
    assert lake.area == pytest.approx(2129 * 1107, rel=0.01)


def test_the_base_map_is_cut_where_its_tiles_end() -> None:
    drawn = map_features(town_at(ACROSS))
    bounds = shapely.bounds(drawn.geometry.to_numpy())
    assert (np.abs(bounds[:, [0, 2]]) <= 180).all()
    assert (bounds[:, 2] - bounds[:, 0] < 0.1).all()
    lines = drawn[drawn.geom_type.isin({"LineString", "MultiLineString"})].geometry.to_numpy()
    metres = shapely.transform(lines, town_at(ACROSS).frame.to_m)
    whole = town_at(ELSEWHERE)
    other = map_features(whole)
    other = other[other.geom_type.isin({"LineString", "MultiLineString"})].geometry.to_numpy()
    assert shapely.length(metres).sum() == pytest.approx(
        shapely.length(shapely.transform(other, whole.frame.to_m)).sum(), rel=1e-4
    )


def test_boxes_across() -> None:
    box = checked_box(BOX)
    assert box == pytest.approx((179.9, -17.1, 180.1, -16.9))
    assert told_box(box) == pytest.approx(BOX)
    assert parts_of(box)[0][:3:2] == (179.9, 180.0)
    assert parts_of(box)[1][:3:2] == pytest.approx((-180.0, -179.9))
    assert checked_box((-180.1, 0, -179.9, 1)) == pytest.approx((179.9, 0, 180.1, 1))
    around = box_around(LonLat(180.0, -17.0), 1000)
    assert around[0] < 180 < around[2] < 180.02
    for none in ((10.0, 0.0, -10.0, 1.0), (200.0, 0.0, 201.0, 1.0), (0.0, 0.0, np.nan, 1.0)):
        with pytest.raises(SourceError, match="not one on the globe"):
            checked_box(none)
    assert near_deg(12.3, 0.0) == 12.3


def test_what_is_fetched_is_asked_for_on_each_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, ...]] = []

    def fetched(tile: tuple[float, ...], file: Path, *_rest: object) -> None:
        asked.append(tile)
        file.touch()

    monkeypatch.setattr(overpass, "_fetch_tile", fetched)
    fetch_osm(checked_box(BOX), tmp_path, Servers(), lambda _share, _text: None)
    assert all(-180 <= west < east <= 180 for west, _, east, _ in asked)
    assert sum(east - west for west, _, east, _ in asked) > 0.2
    assert {180.0, -180.0} <= {edge for west, _, east, _ in asked for edge in (west, east)}
