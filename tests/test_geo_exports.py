"""Maps for other programs, read back by GDAL, lxml with the schemas, gpxpy and takproto."""

from __future__ import annotations

import html
import io
import sqlite3
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import fastkml
import geopandas as gpd
import gpxpy
import numpy as np
import pyogrio
import pytest
import shapely
import takproto
from lxml import etree
from takproto.constants import TAKProtoVer

from planner.exports import EXPORTERS, export_plan
from planner.exports.features import LOOKS, items
from planner.exports.icons import ICONS, icon
from planner.exports.xml import degrees
from planner.geojson import geometry
from planner.model import Shape
from planner.terms import PerimeterName, RouteKind, ZoneKind
from planner.ui.layers import map_layers
from tests.plans import MADE, made_town, town_plan
from tests.test_transport_text import planned

CM_DEG = 1e-7
"""A centimetre, and a bit, of latitude."""
MAPS = ("geojson", "gpkg", "kml", "kmz", "gpx", "cot", "tak")
NO_ALTERNATES = ("cot", "tak")


@pytest.fixture(scope="module")
def plan():
    return town_plan()


@pytest.fixture(scope="module")
def found(plan):
    return items(plan, "m")


def shapes(chosen):
    return [shapely.geometry.shape(geometry(item.shape)) for item in chosen]


def of_layer(found, *layers):
    return [item for item in found if item.layer in layers]


def read(file: Path, layer: str) -> gpd.GeoDataFrame:
    table: gpd.GeoDataFrame = pyogrio.read_dataframe(file, layer=layer)
    assert table.crs is None or table.crs.to_epsg() == 4326
    return table


def assert_same(geometries, expected):
    """The same geometries, in order, point for point within a centimetre."""
    assert len(geometries) == len(expected)
    for got, meant in zip(geometries, expected, strict=True):
        a, b = shapely.get_coordinates(got), shapely.get_coordinates(meant)
        assert a.shape == b.shape
        assert np.abs(a - b).max() <= CM_DEG
        assert shapely.get_num_interior_rings(shapely.get_parts(got)).sum() == (
            shapely.get_num_interior_rings(shapely.get_parts(meant)).sum()
        )


def written(plan, to, tmp_path) -> Path:
    file: Path = tmp_path / f"plan{EXPORTERS[to].suffix}"
    file.write_bytes(export_plan(plan, to, MADE))
    return file


# --- what all share -------------------------------------------------------------------------------


@pytest.mark.parametrize("to", MAPS)
def test_the_same_plan_and_time_give_the_same_bytes(plan, to):
    assert export_plan(plan, to, MADE) == export_plan(plan, to, MADE)


def test_every_record_of_the_plan_is_one_item_with_a_look_and_facts_of_its_layer(plan, found):
    counts = {layer: len(of_layer(found, layer)) for layer in ("zones", "posts", "sites", "routes")}
    assert counts == {
        "zones": len(plan.zones),
        "posts": len(plan.posts),
        "sites": len(plan.sites),
        "routes": len(plan.routes),
    }
    assert len({item.id for item in found}) == len(found)
    assert {*ZoneKind, *PerimeterName, *RouteKind} <= set(LOOKS)
    assert {item.style for item in found} <= set(LOOKS)
    for layer in {item.layer for item in found}:
        assert len({tuple(name for name, _ in item.facts) for item in of_layer(found, layer)}) == 1


def test_coordinates_are_written_whole():
    assert degrees(-0.0) == degrees(-1e-9) == "0.0000000"
    assert degrees(-56.16650001) == "-56.1665000"
    assert degrees(1e-7) == "0.0000001"


# --- GeoJSON --------------------------------------------------------------------------------------


def test_geojson_opens_in_gdal_with_every_feature_wound_as_rfc_7946_asks(plan, tmp_path):
    table = read(written(plan, "geojson", tmp_path), "plan")
    for kind, records in (("post", plan.posts), ("site", plan.sites), ("route", plan.routes)):
        assert (table["kind"] == kind).sum() == len(records)
    polygons = table.geometry[table.geometry.geom_type == "Polygon"]
    assert all(shapely.is_ccw(polygon.exterior) for polygon in polygons)
    assert not any(shapely.is_ccw(hole) for polygon in polygons for hole in polygon.interiors)
    assert any(polygon.interiors for polygon in polygons)


# --- GeoPackage -----------------------------------------------------------------------------------


def test_geopackage_gives_the_plan_back_layer_by_layer(plan, found, tmp_path):
    file = written(plan, "gpkg", tmp_path)
    for layer in ("zones", "perimeters", "posts", "entrances", "routes", "hospitals"):
        table, own = read(file, layer), of_layer(found, layer)
        assert_same(table.geometry, shapes(own))
        for name, value in own[-1].facts:
            got = table[name].iloc[-1]
            assert got == value or (value is None and gpd.pd.isna(got)), name
    sites = of_layer(found, "sites")
    ground = [item for item in sites if item.shape.polygons]
    spots = [item for item in sites if item.shape.points]
    assert spots, "the pin is a point"
    assert_same(read(file, "sites").geometry, shapes(ground))
    assert_same(read(file, "sites_points").geometry, shapes(spots))
    assert set(read(file, "sites").geometry.geom_type) == {"MultiPolygon"}
    scene = of_layer(found, "scene")
    assert len(read(file, "scene")) == len([item for item in scene if item.shape.points])
    assert len(read(file, "scene_lines")) == 2
    assert len(read(file, "scene_polygons")) == 1


def test_geopackage_is_whole_and_says_what_it_is(plan, tmp_path):
    with sqlite3.connect(written(plan, "gpkg", tmp_path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        told = dict(database.execute("SELECT what, text FROM plan").fetchall())
        clocks = {row[0] for row in database.execute("SELECT last_change FROM gpkg_contents")}
    assert told["advice"] == "Suggestion: IC decides"
    assert told["plan"] == plan.id
    assert clocks == {"2024-05-14T14:32:07.000Z"}


def test_geopackage_opens_in_qgis_in_colour(plan, found, tmp_path):
    """QGIS takes a layer's default look from layer_styles: one row for each layer, that fits its styles."""
    file = written(plan, "gpkg", tmp_path)
    with sqlite3.connect(file) as database:
        rows = database.execute(
            "SELECT f_table_name, styleQML, styleSLD FROM layer_styles "
            "WHERE f_table_catalog = '' AND f_table_schema = '' AND f_geometry_column = 'geom' "
            "AND useAsDefault"
        ).fetchall()
        spatial = {row[0] for row in database.execute("SELECT table_name FROM gpkg_geometry_columns")}
        clock = {row[0] for row in database.execute("SELECT update_time FROM layer_styles")}
    assert {name for name, _, _ in rows} == spatial
    assert len(rows) == len(spatial)
    assert clock == {"2024-05-14T14:32:07.000Z"}
    for name, qml, sld in rows:
        table = read(file, name)
        root = ET.fromstring(qml.partition("\n")[2])
        assert qml.startswith("<!DOCTYPE qgis")
        renderer = root.find("renderer-v2")
        assert renderer is not None
        assert renderer.get("attr") in table.columns
        categories = {attribute(c, "value"): c.get("symbol") for c in renderer.iter("category")}
        assert set(categories) == set(table["style"])
        symbols = {symbol.get("name"): symbol for symbol in renderer.iter("symbol")}
        for style, symbol in categories.items():
            texts = [option.get("value") for option in symbols[symbol].iter("Option")]
            rgb = [str(int(LOOKS[style].colour[i : i + 2], 16)) for i in (1, 3, 5)]
            assert any(text and text.startswith(",".join(rgb)) for text in texts), style
        label = root.find("labeling/settings/text-style")
        assert (label is not None) == (name not in ("sites", "perimeters", "routes"))
        if label is None:
            continue
        assert label.get("fieldName") in table.columns
        rules = etree.fromstring(sld).findall(".//{*}Rule")
        assert {rule.findtext("{*}Name") for rule in rules} == set(categories)
        assert {rule.findtext(".//{*}Literal") for rule in rules} == set(categories)


# --- KML ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kml_schema():
    return etree.XMLSchema(etree.parse(Path(fastkml.__file__).parent / "schema" / "ogckml22.xsd"))


def kml_of(plan, to, options=MADE) -> bytes:
    content = export_plan(plan, to, options)
    return zipfile.ZipFile(io.BytesIO(content)).read("doc.kml") if to == "kmz" else content


@pytest.mark.parametrize("to", ["kml", "kmz"])
@pytest.mark.parametrize("public", [False, True])
def test_kml_is_valid_by_the_schema_of_the_ogc(plan, kml_schema, to, public):
    kml_schema.assertValid(etree.fromstring(kml_of(plan, to, replace(MADE, public=public, exercise=True))))


@pytest.mark.parametrize("to", ["kml", "kmz"])
def test_kml_gives_the_plan_back_folder_by_folder(plan, found, to, tmp_path):
    file = written(plan, to, tmp_path)
    folders = {"Zones": "zones", "Perimeters": "perimeters", "Posts": "posts", "Sites": "sites"}
    folders |= {"Routes": "routes", "Hospitals": "hospitals", "Scene and what was marked": "scene"}
    for folder, layer in folders.items():
        own = of_layer(found, layer)
        table = read(file, folder)
        assert_same(table.geometry.force_2d(), shapes(own))
        assert list(table["Name"]) == [item.label for item in own]


def test_a_balloon_says_why_and_that_it_is_a_suggestion(plan):
    root = etree.fromstring(kml_of(plan, "kml"))
    texts = {mark.findtext("{*}name"): mark.findtext("{*}description") for mark in root.iter("{*}Placemark")}
    for post in plan.posts:
        assert html.escape(post.reason) in texts[post.id]
    pinned = ("source", "pinned")
    own = {item.label for item in items(plan, "m") if item.layer == "scene" or pinned in item.facts}
    assert all("Suggestion: IC decides" in text for name, text in texts.items() if name not in own)
    assert "Suggestion" not in texts["Blocked here"], "that is what the user says"


def test_what_a_map_says_of_a_way_to_the_edge_of_the_map_is_not_said_of_the_drive():
    plan, area = planned()
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    told = {item.id: item for item in items(plan, "m")}
    way = told[f"route/{far.route}"]
    assert way.title.endswith(" to the edge of the map, towards Far Trauma")
    assert way.lines[0].endswith("m to the edge of the map")
    (hospital,) = [item for item in told.values() if item.layer == "hospitals" and item.title == "Far Trauma"]
    assert hospital.lines[0].endswith(" min by road, estimate")
    (shown,) = [r for r in map_layers(plan, "m", area)["routes"] if r["id"] == far.route]
    assert shown["title"].endswith(" to the edge of the map, towards Far Trauma")
    assert shown["lines"][0] == way.lines[0]


def test_kml_has_a_style_for_every_item_and_fetches_nothing(plan):
    for to in ("kml", "kmz"):
        root = etree.fromstring(kml_of(plan, to))
        styles = {f"#{style.get('id')}" for style in root.iter("{*}Style")}
        assert {url.text for url in root.iter("{*}styleUrl")} <= styles
        links = {link.text for link in root.iter("{*}href")}
        if to == "kml":
            assert not links
        else:
            packed = zipfile.ZipFile(io.BytesIO(export_plan(plan, to, MADE)))
            assert links == set(packed.namelist()) - {"doc.kml"}


@pytest.mark.parametrize("style", ICONS)
def test_icons_are_pictures_in_the_colour_of_their_style(style):
    content = icon(style)
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (32, 32)
    size = struct.unpack(">I", content[33:37])[0]
    rows = np.frombuffer(zlib.decompress(content[41 : 41 + size]), dtype=np.uint8).reshape(32, 129)
    pixels = rows[:, 1:].reshape(-1, 4)
    rgb = [int(LOOKS[style].colour[i : i + 2], 16) for i in (1, 3, 5)]
    assert (pixels[:, :3] == rgb).all(axis=1).sum() > 100
    assert (pixels == 255).all(axis=1).sum() > 30, "a white rim"


# --- GPX ------------------------------------------------------------------------------------------


def test_gpx_read_by_gpxpy_has_posts_sites_and_routes_where_they_are(plan, found, tmp_path):
    read_back = gpxpy.parse(export_plan(plan, "gpx", MADE).decode())
    spots = {(point.type, point.name): (point.longitude, point.latitude) for point in read_back.waypoints}
    for post in plan.posts:
        assert spots["Posts", post.id] == pytest.approx(tuple(post.location), abs=CM_DEG)
    entrances = [point for point in read_back.waypoints if point.type == "Entrances of sites"]
    assert len(entrances) == len(plan.sites)
    assert len(read_back.routes) == len(plan.routes)
    lines = [[(p.longitude, p.latitude) for p in route.points] for route in read_back.routes]
    assert_same([shapely.LineString(line) for line in lines], shapes(of_layer(found, "routes")))
    assert (
        len(read_back.tracks) == len(of_layer(found, "zones", "perimeters")) + 3
    )  # and what is blocked, and a road
    assert read_back.time == MADE.created_at


def test_gpx_opens_in_gdal_with_the_same_counts(plan, found, tmp_path):
    file = written(plan, "gpx", tmp_path)
    points = [item for item in found if item.shape.points and item.layer != "sites"]
    assert len(read(file, "waypoints")) == len(points)
    assert_same(read(file, "routes").geometry, shapes(of_layer(found, "routes")))
    rings = [item for item in found if item.layer in ("zones", "perimeters")]
    tracks = read(file, "tracks").geometry[: len(rings)]
    assert [len(shapely.get_coordinates(t)) for t in tracks] == [
        len(shapely.get_coordinates(s)) for s in shapes(rings)
    ]


# --- CoT and TAK ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def events(plan):
    return list(ET.fromstring(export_plan(plan, "cot", MADE)))


def attribute(element, name):
    value = element.get(name)
    assert value is not None
    return value


def test_an_independent_library_reads_every_event_as_it_was_meant(events):
    for event in events:
        message = takproto.parse_proto(takproto.xml2proto(ET.tostring(event), TAKProtoVer.STREAM))
        got = message.cotEvent
        point = event.find("point")
        assert point is not None
        assert (got.uid, got.type, got.how) == (event.get("uid"), event.get("type"), "h-e")
        assert got.lat == pytest.approx(float(attribute(point, "lat")))
        assert got.lon == pytest.approx(float(attribute(point, "lon")))
        assert got.sendTime == got.startTime == int(MADE.created_at.timestamp()) * 1000
        assert got.staleTime == int(MADE.expires_at.timestamp()) * 1000
        contact = event.find("detail/contact")
        assert contact is not None
        assert got.detail.contact.callsign == contact.get("callsign")


def test_polygons_are_closed_u_d_f_and_hold_every_corner(plan, found, events):
    """T18."""
    drawn = [event for event in events if event.get("type") == "u-d-f"]
    grounds = [item for item in found if item.shape.polygons and item.style != "alternate"]
    lines = [item for item in found if item.shape.lines and item.layer == "scene"]
    assert len(drawn) == len(grounds) + len(lines)
    closed = 0
    for event in drawn:
        places = [attribute(link, "point") for link in event.findall("detail/link")]
        assert event.find("detail/strokeColor") is not None
        if places[0] == places[-1]:
            closed += 1
            ring = shapely.Polygon([tuple(map(float, place.split(",")))[::-1] for place in places])
            point = event.find("point")
            assert point is not None
            inside = shapely.Point(float(attribute(point, "lon")), float(attribute(point, "lat")))
            assert ring.buffer(0).covers(inside)
            assert event.find("detail/fillColor") is not None
    assert closed == len(grounds)
    colours = {attribute(e, "value") for event in drawn for e in event.iter("strokeColor")}
    assert all(-(2**31) <= int(colour) < 2**31 for colour in colours)
    hot = next(event for event in drawn if "HOT" in attribute(event.find("detail/contact"), "callsign"))
    assert attribute(hot.find("detail/contact"), "callsign") == "HOT 0932"
    assert int(attribute(hot.find("detail/strokeColor"), "value")) & 0xFFFFFFFF == 0xFFD55E00


def test_routes_have_way_points_at_their_ends(plan, events):
    routes = [event for event in events if event.get("type") == "b-m-r"]
    assert len(routes) == len(plan.routes)
    for event, route in zip(routes, plan.routes, strict=True):
        links = event.findall("detail/link")
        assert [link.get("type") for link in links] == [
            "b-m-p-w" if n in (0, len(route.line) - 1) else "b-m-p-c" for n in range(len(route.line))
        ]
        assert [attribute(link, "point") for link in links] == [
            f"{place.lat_deg:.7f},{place.lon_deg:.7f}" for place in route.line
        ]


def test_a_thing_keeps_its_uid_from_plan_to_plan_and_differs_between_incidents(plan, events):
    uids = [attribute(event, "uid") for event in events]
    assert len(set(uids)) == len(uids)
    moved = replace(plan, id="other", posts=plan.posts[:1])
    later = replace(MADE, created_at=MADE.expires_at)
    again = {attribute(e, "uid") for e in ET.fromstring(export_plan(moved, "cot", later))}
    assert again <= set(uids)
    other = replace(plan, incident=replace(plan.incident, name="Oak St"))
    assert not set(uids) & {attribute(e, "uid") for e in ET.fromstring(export_plan(other, "cot", MADE))}


def test_the_data_package_has_a_manifest_of_version_2_that_names_every_event(plan, events):
    """T18."""
    package = zipfile.ZipFile(io.BytesIO(export_plan(plan, "tak", MADE)))
    assert package.testzip() is None
    manifest = ET.fromstring(package.read("MANIFEST/manifest.xml"))
    assert (manifest.tag, manifest.get("version")) == ("MissionPackageManifest", "2")
    told = {p.get("name"): p.get("value") for p in manifest.findall("Configuration/Parameter")}
    assert told["name"] == "Maple St 0932"
    assert told["uid"]
    contents = manifest.findall("Contents/Content")
    assert {c.get("zipEntry") for c in contents} == set(package.namelist()) - {"MANIFEST/manifest.xml"}
    for content in contents:
        uid = content.find("Parameter[@name='uid']")
        assert uid is not None
        event = ET.fromstring(package.read(attribute(content, "zipEntry")))
        assert event.tag == "event"
        assert event.get("uid") == uid.get("value")
    assert {attribute(e, "uid") for e in events} == {
        attribute(p, "value") for c in contents for p in c.findall("Parameter")
    }


def test_an_exercise_is_called_so_on_everybodys_screen(plan):
    events = ET.fromstring(export_plan(plan, "cot", replace(MADE, exercise=True)))
    assert all(attribute(c, "callsign").startswith("EXERCISE ") for c in events.iter("contact"))


def test_a_point_as_ground_and_an_empty_plan_are_no_trouble(plan):
    bare = replace(
        plan, zones=(), perimeters=(), posts=(), observations=(), sites=(), routes=(), hospitals=()
    )
    nothing = replace(bare, incident=replace(plan.incident, location=None, threats=(), closures=()))
    spot = replace(bare, sites=(replace(plan.sites[0], shape=Shape(points=(plan.sites[0].entrance,))),))
    for to in MAPS:
        assert export_plan(nothing, to, MADE)
        assert export_plan(spot, to, MADE)


def test_the_area_of_the_town_is_the_one_the_plan_names(plan):
    assert made_town().digest == plan.area.digest
