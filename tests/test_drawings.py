"""Zones drawn in other programs, as those programs write them, taken for what they are."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.cli import main
from planner.document import read_incident, write_incident, write_plan
from planner.errors import PlannerError, SourceError
from planner.exports import export_plan
from planner.geo import Frame, LonLat
from planner.geojson import geometry
from planner.sources.drawings import import_incident
from planner.terms import Purpose, ThreatStatus, ZoneKind
from tests.plans import MADE, town_plan

HOT = [[-93.001, 41.0], [-93.0, 41.0], [-93.0, 41.001], [-93.001, 41.001], [-93.001, 41.0]]
WARM = [[lon * 2 + 93.0005, lat * 2 - 41.0005] for lon, lat in HOT]


def polygon(ring=HOT):
    return shapely.Polygon(ring)


def table(names, shapes, **more):
    return gpd.GeoDataFrame({"name": names, **more}, geometry=shapes, crs="EPSG:4326")


def saved(frame, tmp_path, name, **options) -> bytes:
    """Write as QGIS does: with GDAL."""
    file: Path = tmp_path / name
    pyogrio.write_dataframe(frame, file, **options)
    return file.read_bytes()


def shape_of(zone):
    return shapely.geometry.shape(geometry(zone.shape))


def zones(content: bytes):
    return {zone.zone: shape_of(zone) for zone in import_incident(content).incident.zones}


# --- what programs write ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "driver"),
    [("z.geojson", "GeoJSON"), ("z.kml", "LIBKML"), ("z.kmz", "LIBKML"), ("z.gpkg", "GPKG")],
)
def test_zones_that_gdal_wrote_are_taken_by_their_names(name, driver, tmp_path):
    frame = table(["Hot zone", "warm"], [polygon(), polygon(WARM)])
    if driver == "LIBKML":
        frame = frame.rename(columns={"name": "Name"})
    got = zones(saved(frame, tmp_path, name, driver=driver))
    assert set(got) == {ZoneKind.HOT, ZoneKind.WARM}
    assert shapely.equals_exact(got[ZoneKind.HOT].normalize(), polygon().normalize(), 1e-7)
    assert shapely.equals_exact(got[ZoneKind.WARM].normalize(), polygon(WARM).normalize(), 1e-7)


def test_a_geopackage_in_another_system_and_by_layers_is_taken(tmp_path):
    file = tmp_path / "layers.gpkg"
    for layer, ring in (("hot_zone", HOT), ("warm_zone", WARM)):
        frame = table(["a"], [polygon(ring)]).to_crs(32615)
        pyogrio.write_dataframe(frame, file, layer=layer, driver="GPKG", append=file.exists())
    got = zones(file.read_bytes())
    assert shapely.equals_exact(got[ZoneKind.HOT].normalize(), polygon().normalize(), 1e-6)
    assert set(got) == {ZoneKind.HOT, ZoneKind.WARM}


def test_a_track_around_ground_in_gpx_is_ground(tmp_path):
    frame = table(["cold ground"], [shapely.MultiLineString([HOT])])
    got = zones(saved(frame, tmp_path, "t.gpx", driver="GPX", layer="tracks"))
    assert shapely.equals_exact(got[ZoneKind.COLD].normalize(), polygon().normalize(), 1e-7)


def test_a_lone_point_is_the_scene(tmp_path):
    frame = table(["Waypoint 7"], [shapely.Point(-93.0, 41.0)])
    for name, options in (("p.gpx", {"driver": "GPX", "layer": "waypoints"}), ("p.geojson", {})):
        imported = import_incident(saved(frame, tmp_path, name, **options))
        assert imported.incident.location == LonLat(-93.0, 41.0)
        assert imported.told == ("taken: 1 scene",)


CALTOPO = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "id": "f", "geometry": None, "properties": {"class": "Folder", "title": "Zones"}},
        {
            "type": "Feature",
            "id": "a",
            "geometry": {"type": "Polygon", "coordinates": [[[*place, 0, 0] for place in HOT]]},
            "properties": {"class": "Shape", "title": "", "stroke": "#FF0000", "folderId": "f", "updated": 1},
        },
        {
            "type": "Feature",
            "id": "b",
            "geometry": {"type": "Point", "coordinates": [-93.002, 41.002]},
            "properties": {"class": "Marker", "title": "ICP", "marker-symbol": "point"},
        },
        {
            "type": "Feature",
            "id": "c",
            "geometry": {"type": "LineString", "coordinates": [[-93.0, 41.0], [-93.0, 41.002]]},
            "properties": {"class": "Shape", "title": "Road closed"},
        },
        {
            "type": "Feature",
            "id": "d",
            "geometry": {"type": "LineString", "coordinates": [[-93.0, 41.0], [-93.0, 41.002]]},
            "properties": {"class": "Shape", "title": "Line 3"},
        },
    ],
}


def test_caltopo_ground_without_a_word_is_hot_and_marks_are_what_they_say():
    imported = import_incident(json.dumps(CALTOPO).encode())
    said = imported.incident
    assert [zone.zone for zone in said.zones] == [ZoneKind.HOT]
    assert [(pin.purpose, pin.shape.points) for pin in said.pins] == [
        (Purpose.COMMAND_POST, (LonLat(-93.002, 41.002),))
    ]
    assert len(said.closures) == 1
    assert imported.told == (
        "taken: 1 hot zone",
        "taken: 1 pinned site (command post)",
        "taken: 1 blocked street",
        "left out: 1 line without a meaning here",
    )


GOOGLE_EARTH = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>
<name>Caliente.kml</name><Folder><name>Warm zone</name><Placemark><name>Untitled Polygon</name>
<MultiGeometry><Polygon><tessellate>1</tessellate><outerBoundaryIs><LinearRing><coordinates>
 -93.001,41.0,0 -93.0,41.0,0 -93.0,41.001,0 -93.001,41.001,0 -93.001,41.0,0 </coordinates></LinearRing>
</outerBoundaryIs></Polygon><Polygon><outerBoundaryIs><LinearRing><coordinates>-93.003,41.0 -93.002,41.0
-93.002,41.001</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark></Folder>
<Placemark><name>Zona caliente</name><Polygon><outerBoundaryIs><LinearRing><coordinates>-93.0008,41.0002
-93.0002,41.0002 -93.0002,41.0008 -93.0008,41.0002</coordinates></LinearRing></outerBoundaryIs></Polygon>
</Placemark><Placemark><name>Suspicious bag</name><Point><coordinates>-93.0005,41.0005</coordinates></Point>
</Placemark><Placemark><name>Hotel</name><Point><coordinates>-93.1,41.1</coordinates></Point></Placemark>
<NetworkLink><Link><href>http://localhost:1/never.kml</href></Link></NetworkLink></Document></kml>"""


def test_google_earth_folders_parts_and_languages():
    imported = import_incident(GOOGLE_EARTH.encode())
    assert [zone.zone for zone in imported.incident.zones] == [ZoneKind.WARM, ZoneKind.WARM, ZoneKind.HOT]
    (threat,) = imported.incident.threats
    assert threat.status is ThreatStatus.MARKED
    assert imported.told[-1] == "left out: 1 point without a meaning here", "a hotel is not hot"


def cot(kind: str, callsign: str, detail: str, at: tuple[float, float] = (41.0005, -93.0005)) -> str:
    return (
        f'<event version="2.0" uid="u-{callsign}" type="{kind}" time="2024-05-14T14:00:00Z" how="h-e" '
        f'start="2024-05-14T14:00:00Z" stale="2024-05-15T14:00:00Z"><point lat="{at[0]}" lon="{at[1]}" '
        f'hae="0" ce="9999999" le="9999999"/><detail>{detail}<contact callsign="{callsign}"/>'
        "</detail></event>"
    )


LINKS = "".join(f'<link point="{lat},{lon},0.0"/>' for lon, lat in HOT)


def test_what_is_drawn_in_atak_is_taken_and_where_people_are_is_not():
    events = [
        cot("u-d-f", "Shape 1", LINKS),
        cot("u-d-r", "warm", LINKS.replace('<link point="41.0,-93.001,0.0"/>', "", 1)),
        cot("b-m-p-s-m", "Staging", ""),
        cot("a-f-G-U-C", "ICP", "<takv/>"),
        cot("b-m-r", "hot route", '<link type="b-m-p-w" point="41.0,-93.0"/><link point="41.1,-93.0"/>'),
    ]
    for content in (f"<events>{''.join(events)}</events>", *events[:1]):
        imported = import_incident(content.encode())
        assert shape_of(imported.incident.zones[0]).normalize().equals(polygon().normalize())
        assert imported.incident.zones[0].zone is ZoneKind.HOT
    imported = import_incident(f"<events>{''.join(events)}</events>".encode())
    assert [zone.zone for zone in imported.incident.zones] == [ZoneKind.HOT, ZoneKind.WARM]
    assert [pin.purpose for pin in imported.incident.pins] == [Purpose.STAGING]
    assert not any("left out" in line for line in imported.told)


def test_a_circle_drawn_in_atak_is_never_smaller_as_a_polygon():
    content = cot("u-d-c-c", "Hot", '<shape><ellipse major="150" minor="150" angle="360"/></shape>').encode()
    (zone,) = import_incident(content).incident.zones
    frame = Frame(LonLat(-93.0005, 41.0005))
    ring = shapely.Polygon(frame.to_m(shapely.get_coordinates(shape_of(zone))))
    assert ring.buffer(0.02).covers(shapely.Point(0, 0).buffer(150.0, quad_segs=90))
    assert ring.area < 1.02 * 3.1416 * 150**2


# --- our own back in --------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["gpkg", "kml", "kmz", "gpx", "cot", "tak"])
def test_our_own_exports_give_back_zones_and_marks_but_no_suggestion(to):
    plan = town_plan()
    said = import_incident(export_plan(plan, to, MADE)).incident
    assert said.location == plan.incident.location
    assert [zone.zone for zone in said.zones] == [zone.zone for zone in plan.zones]
    for zone, planned in zip(said.zones, plan.zones, strict=True):
        meant = shapely.Polygon(planned.rings[0], planned.rings[1:])
        if to in ("cot", "tak"):  # TAK knows no holes
            meant = shapely.Polygon(meant.exterior)
        assert shape_of(zone).symmetric_difference(meant).area < 1e-12
    pinned = plan.incident.pins
    assert len(said.pins) <= len(pinned), "what was suggested is not the user's own"
    assert all(pin.purpose is Purpose.MEDIA for pin in said.pins)
    assert len(said.closures) == len(plan.incident.closures)
    (road,) = said.field_roads
    assert road.name.startswith("Farm gate"), "in TAK the time is part of the name"


def test_documents_of_our_own_are_read_as_documents():
    plan = town_plan()
    imported = import_incident(write_plan(plan))
    assert imported.area == plan.area.name
    assert imported.incident == read_incident(write_plan(plan))
    again = import_incident(write_incident(imported.incident))
    assert (again.incident, again.told, again.area) == (imported.incident, (), "")
    with pytest.raises(PlannerError, match="schema"):
        import_incident(b'{"type":"FeatureCollection","planner":{"schema":"incident/9"},"features":[]}')


def test_features_without_the_header_of_their_document_are_no_wishes_turned_around():
    """A reject is not a pin."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [HOT]},
            "properties": {"kind": "zone"},
        },
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-93.0, 41.0]},
            "properties": {"kind": "reject", "purpose": "staging"},
        },
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-93.01, 41.0]},
            "properties": {"kind": "pin", "purpose": "casualty_collection_forward"},
        },
    ]
    said = import_incident(json.dumps({"type": "FeatureCollection", "features": features}).encode()).incident
    assert [zone.zone for zone in said.zones] == [ZoneKind.HOT]
    assert [pin.purpose for pin in said.pins] == [Purpose.CASUALTY_COLLECTION_FORWARD]


# --- hostile and broken -----------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return packed.getvalue()


KML = '<kml xmlns="x"><Placemark><name>hot</name>{}</Placemark></kml>'
BAD: dict[str, Any] = {
    "nothing": b"",
    "words": b"hot zone: 41, -93",
    "half a zip": zipped(doc_kml=GOOGLE_EARTH.encode())[:200],
    "an empty zip": zipped(readme_txt=b"hi"),
    "a zip in a zip": zipped(doc_kmz=zipped(doc_kml=GOOGLE_EARTH.encode())),
    "a bomb": zipped(doc_kml=b" " * 150_000_000),
    "half a GeoPackage": b"SQLite format 3\0" + b"x" * 500,
    "half an XML": GOOGLE_EARTH[:500].encode(),
    "entities": b'<!DOCTYPE k [<!ENTITY a "aaaa">]><kml><Placemark><name>&a;</name></Placemark></kml>',
    "a file of the machine": b'<!DOCTYPE k [<!ENTITY a SYSTEM "file:///etc/hostname">]><kml>&a;</kml>',
    "another XML": b"<html><body/></html>",
    "no shapes": b'{"type":"FeatureCollection","features":[]}',
    "a polygon of two corners": KML.format(
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>1,1 2,2 1,1</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon>"
    ).encode(),
    "off the globe": KML.format("<Point><coordinates>500,41</coordinates></Point>").encode(),
    "no numbers": KML.format("<Point><coordinates>here,there</coordinates></Point>").encode(),
    "not finite": KML.format("<Point><coordinates>nan,inf</coordinates></Point>").encode(),
    "folders without end": b"<kml>" + b"<Folder>" * 2000 + b"</Folder>" * 2000 + b"</kml>",
    "collections in collections": b'{"type":"GeometryCollection",'
    b'"geometries":[{"type":"GeometryCollection"}]}',
    "a circle without a size": cot("u-d-c-c", "hot", '<shape><ellipse major="wide"/></shape>').encode(),
    "too large": b" " * 20_000_001,
    "UTF-16 by halves": GOOGLE_EARTH.encode("utf-16")[:501],
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_taken_is_one_line_that_says_what_to_do(what):
    with pytest.raises(PlannerError) as caught:
        import_incident(BAD[what])
    line = str(caught.value)
    assert "\n" not in line
    assert 20 < len(line) < 400
    assert caught.value.remedy


def test_too_many_shapes_are_refused(tmp_path):
    frame = table(["x"] * 5001, [shapely.Point(-93, 41)] * 5001)
    with pytest.raises(SourceError, match="more than 5000"):
        import_incident(saved(frame, tmp_path, "many.geojson"))


_FORMATS = ("geojson", "gpkg", "kmz", "kml", "gpx", "cot")


@cache
def _whole(to: str) -> bytes:
    plan = town_plan()
    return export_plan(replace(plan, posts=plan.posts[:2], sites=plan.sites[:2], hospitals=()), to, MADE)


@settings(max_examples=60)
@given(st.sampled_from(_FORMATS), st.data())
def test_a_file_spoiled_anywhere_is_taken_or_refused_but_never_a_fault(to, data):
    content = bytearray(_whole(to))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    try:
        import_incident(bytes(content[:cut]))
    except PlannerError:
        return  # one line, as every error of ours


@given(st.text(max_size=200))
def test_no_name_makes_a_fault(name):
    feature = {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": {"type": "Polygon", "coordinates": [HOT]},
    }
    try:
        assert len(import_incident(json.dumps(feature).encode()).told) == 1
    except SourceError as error:
        assert "nothing in the file" in error.message  # noqa: PT017 - a perimeter, say


# --- as a shell calls it ----------------------------------------------------------------------------


def test_the_command_line_makes_an_incident_document_and_says_what_was_taken(tmp_path):
    file = tmp_path / "drawn.kml"
    file.write_text(GOOGLE_EARTH)
    result = CliRunner().invoke(main, ["incident", "import", str(file)])
    assert result.exit_code == 0, result.stderr
    assert len(read_incident(result.stdout_bytes).zones) == 3
    assert "taken: 2 warm zones" in result.stderr
    piped = CliRunner().invoke(main, ["incident", "import", "-"], input=GOOGLE_EARTH.encode())
    assert piped.stdout_bytes == result.stdout_bytes
    refused = CliRunner().invoke(main, ["incident", "import", "-"], input=b"hot zone")
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1
