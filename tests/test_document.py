"""Documents: what is written is read back, and what makes no sense is one clear error."""

from __future__ import annotations

import contextlib
import copy
import json
import math
from dataclasses import replace

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import model, packs
from planner.document import read_incident, read_plan, write_incident, write_plan
from planner.errors import IncidentError, PlannerError
from planner.geo import LonLat, near_deg
from planner.geojson import MAX_BYTES, geometry, position
from planner.plan import make_plan
from planner.terms import NoticeItemName, Purpose, SiteSource, ThreatName, ThreatStatus, ZoneKind
from tests import strategies
from tests.town import town

SQUARE = [[-56.17, -34.90], [-56.16, -34.90], [-56.16, -34.89], [-56.17, -34.89], [-56.17, -34.90]]


def polygon(ring=SQUARE):
    return {"type": "Polygon", "coordinates": [ring]}


def point(lon=-56.165, lat=-34.895):
    return {"type": "Point", "coordinates": [lon, lat]}


def feature(kind, geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": {"kind": kind, **properties}}


def document(*features, **said):
    planner = {"schema": "incident/1", **said}
    return {"type": "FeatureCollection", "planner": planner, "features": list(features)}


def refusal(text) -> PlannerError:
    with pytest.raises(IncidentError) as caught:
        read_incident(text)
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    return caught.value


# --- round trips --------------------------------------------------------------------------------


@given(strategies.plans)
@settings(max_examples=60)
def test_a_plan_written_and_read_is_the_same_plan(plan):
    text = write_plan(plan)
    assert read_plan(text) == plan
    assert write_plan(read_plan(text)) == text
    assert read_plan(json.loads(text)) == plan


@given(strategies.plans)
@settings(max_examples=40)
def test_a_plan_fed_back_in_is_the_incident_it_was_made_from(plan):
    assert read_incident(write_plan(plan)) == plan.incident


@given(strategies.incidents)
@settings(max_examples=60)
def test_an_incident_written_and_read_is_the_same_incident(incident):
    assert read_incident(write_incident(incident)) == incident


@given(strategies.plans)
@settings(max_examples=30)
def test_plan_documents_are_rfc_7946(plan):
    text = write_plan(plan)
    parsed = json.loads(text.decode("utf-8"), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert parsed["type"] == "FeatureCollection"
    assert (
        parsed["planner"]["officers"]["total"]
        == sum(p.officers for p in plan.perimeters) + plan.site_officers
    )
    for item in parsed["features"]:
        assert item["type"] == "Feature"
        for number in coordinates(item["geometry"]["coordinates"]):
            assert math.isfinite(number)
            assert round(number, 7) == number
            assert math.copysign(1, number) == 1 or number != 0  # no minus zero
        for ring in exteriors(item["geometry"]):
            assert ring[0] == ring[-1]
            # as it lies on the globe: across longitude 180 its degrees jump
            outline = shapely.LinearRing([(near_deg(lon, ring[0][0]), lat) for lon, lat in ring])
            assert not outline.is_simple or outline.is_ccw


def coordinates(value):
    if isinstance(value, list):
        for part in value:
            yield from coordinates(part)
    else:
        yield value


def exteriors(geometry):
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}
    return [rings[0] for rings in polygons.get(geometry["type"], [])]


@given(
    st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.booleans()).map(
            lambda p: LonLat(p[0], p[1]).rounded() if p[2] else LonLat(p[0], p[1])
        ),
        min_size=2,
    )
)
def test_a_line_is_written_as_its_places_are_whether_rounded_before_or_not(line):
    written = geometry(model.Shape(lines=(tuple(line),)))["coordinates"]
    assert json.dumps(written) == json.dumps([position(place) for place in line])


def test_numbers_that_are_not_finite_are_written_as_null():
    score = model.Score("sight", math.nan, "m", 0.5, 1.0)
    site = replace(a_site(), scores=(score,), area_m2=math.inf)
    text = write_plan(replace(a_plan(), sites=(site,)))
    assert b"NaN" not in text
    assert b"Infinity" not in text
    (read,) = read_plan(text).sites
    assert read.area_m2 is None
    assert read.scores[0].value is None


def test_a_coordinate_off_the_globe_is_never_written():
    plan = replace(a_plan(), incident=model.Incident(location=LonLat(math.nan, 0.0)))
    with pytest.raises(IncidentError):
        write_plan(plan)


def test_names_in_any_script_and_markup_come_back_as_they_are():
    name = '<script>alert("x")</script> 学校 مدرسة \u202e\x00\x1b[31m \\ "'
    assert read_incident(write_incident(model.Incident(name=name))).name == name


def test_half_a_character_is_not_written_raw():
    text = write_incident(model.Incident(name="a\ud800b"))
    assert read_incident(text).name == "a?b"


# --- a plan fed back in -------------------------------------------------------------------------


def test_what_a_plan_suggested_is_not_taken_for_the_users_own():
    incident = read_incident(write_plan(a_plan()))
    assert incident.zones == ()
    assert incident.pins == ()


def test_zones_drawn_or_added_to_a_plan_count_and_suggested_ones_do_not():
    text = json.loads(write_plan(a_plan()))
    text["features"] += [
        feature("zone", polygon(), zone="warm", drawn=True, reason="drawn"),
        feature("zone", polygon()),
    ]
    assert [zone.zone for zone in read_incident(text).zones] == [ZoneKind.WARM, ZoneKind.HOT]


def test_strokes_are_kept_as_drawn_until_the_plans_zones_are_edited():
    stroke = model.DrawnZone(model.Shape(polygons=((ring_of(SQUARE),),)), ZoneKind.HOT)
    planned = model.Zone(ZoneKind.HOT, (ring_of(smaller(SQUARE)),), True, "drawn, less what is hotter")
    plan = replace(a_plan(), incident=model.Incident(zones=(stroke,)), zones=(planned,))
    text = json.loads(write_plan(plan))
    assert read_incident(text).zones == (stroke,)

    edited = copy.deepcopy(text)
    (zone,) = [f for f in edited["features"] if f["properties"]["kind"] == "zone"]
    zone["geometry"]["coordinates"][0][1][0] += 0.001
    (taken,) = read_incident(edited).zones
    assert taken.shape.polygons[0][0][1].lon_deg == pytest.approx(planned.rings[0][1].lon_deg + 0.001)

    removed = copy.deepcopy(text)
    removed["features"].remove(next(f for f in removed["features"] if f["properties"]["kind"] == "zone"))
    assert read_incident(removed).zones == ()


def test_pins_rejects_closures_and_threats_pass_through_a_plan():
    given_by_user = model.Incident(
        location=LonLat(-56.165, -34.895),
        threat=ThreatName.RIFLE,
        casualties=model.Casualties(3, 2, 1),
        units=(("ambulance", 4), ("patrol", 9)),
        threats=(model.ThreatPoint(LonLat(-56.16, -34.89), ThreatName.PIPE_BOMB, ThreatStatus.MARKED),),
        closures=(model.Closure(model.Shape(lines=(ring_of(SQUARE)[:2],))),),
        pins=(model.Pin(Purpose.STAGING, model.Shape(points=(LonLat(-56.1, -34.9),))),),
        rejects=(model.Reject(Purpose.MEDIA, LonLat(-56.1, -34.8)),),
    )
    assert read_incident(write_plan(replace(a_plan(), incident=given_by_user))) == given_by_user


# --- forgiving what cannot be misunderstood -----------------------------------------------------


def test_a_new_zone_is_hot_and_a_new_threat_reported():
    incident = read_incident(document(feature("zone", polygon()), feature("threat", point())))
    assert incident.zones[0].zone is ZoneKind.HOT
    assert incident.threats[0].threat is ThreatName.UNKNOWN
    assert incident.threats[0].status is ThreatStatus.REPORTED


def test_open_rings_are_closed_wound_and_stripped_of_heights():
    clockwise_open = [[lon, lat, 12.0] for lon, lat in SQUARE[:-1]][::-1]
    (zone,) = read_incident(document(feature("zone", polygon(clockwise_open)))).zones
    ring = zone.shape.polygons[0][0]
    assert ring[0] == ring[-1]
    assert shapely.LinearRing(ring).is_ccw


def test_members_that_geojson_does_not_know_are_ignored():
    text = document(feature("incident", point(), colour="red"), name="x", mood={"any": [1]})
    text["bbox"] = [0, 0, 1, 1]
    text["crs"] = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    text["features"][0]["id"] = 7
    assert read_incident(text).location == LonLat(-56.165, -34.895)


def test_null_means_not_said():
    said = ("threat", "name", "began_at", "casualties", "on_site", "units")
    assert read_incident(document(**dict.fromkeys(said))) == model.Incident()


def test_the_order_of_members_does_not_matter():
    one = read_incident(document(units={"a": 1, "b": 2}))
    other = read_incident(document(units={"b": 2, "a": 1}))
    assert one == other


def test_a_byte_order_mark_is_read_over():
    assert read_incident(b"\xef\xbb\xbf" + write_incident(model.Incident(name="x"))).name == "x"


# --- refusing the rest --------------------------------------------------------------------------

BAD_DOCUMENTS = {
    "empty": ("", "not JSON"),
    "not JSON": ("{", "not JSON"),
    "not UTF-8": (b"\xff\xfe{\x00}\x00", "not UTF-8"),
    "a list": ("[]", "not an object"),
    "a number": ("3", "not an object"),
    "a lone feature": ('{"type": "Feature"}', "FeatureCollection"),
    "no planner": ('{"type": "FeatureCollection", "features": []}', "no member planner"),
    "no schema": ('{"type": "FeatureCollection", "planner": {}, "features": []}', "schema null"),
    "wrong schema": (document() | {"planner": {"schema": "incident/2"}}, '"incident/2" cannot be read'),
    "schema of lists": (document() | {"planner": {"schema": [[]]}}, "schema a list"),
    "no features": ({"type": "FeatureCollection", "planner": {"schema": "incident/1"}}, "not a list"),
    "features an object": (document() | {"features": {}}, "not a list"),
    "a feature null": (document() | {"features": [None]}, "feature 1: null is not an object"),
    "no properties": (document() | {"features": [{"type": "Feature"}]}, "feature 1, properties"),
    "no kind": (document({"type": "Feature", "properties": {}}), "feature 1: kind null is unknown"),
    "unknown kind": (document(feature("zoo", point())), 'feature 1: kind "zoo" is unknown'),
    "second feature bad": (document(feature("zone", polygon()), feature("zoo", point())), "feature 2"),
    "unknown zone": (document(feature("zone", polygon(), zone="red")), 'feature 1 (zone), zone: "red"'),
    "unknown threat": (document(threat="laser"), 'planner, threat: "laser" is unknown'),
    "unknown point threat": (document(feature("threat", point(), threat="laser")), '"laser" is unknown'),
    "unknown status": (document(feature("threat", point(), status="seen")), '"seen" is unknown'),
    "unknown purpose": (document(feature("pin", point(), purpose="lunch")), '"lunch" is unknown'),
    "no purpose": (document(feature("pin", point())), "has no purpose"),
    "no geometry": (document(feature("zone", None)), "has no geometry"),
    "zone a point": (document(feature("zone", point())), '"Point" does not fit here'),
    "a collection": (document(feature("zone", {"type": "GeometryCollection"})), "does not fit here"),
    "type an object": (document(feature("zone", {"type": {}})), "does not fit here"),
    "type a list": (document(feature("closure", {"type": [[]]})), "does not fit here"),
    "no coordinates": (document(feature("zone", {"type": "Polygon"})), "null is not a list"),
    "no rings": (document(feature("zone", {"type": "Polygon", "coordinates": []})), "empty"),
    "two-point polygon": (document(feature("zone", polygon(SQUARE[:2]))), "2 different places"),
    "closed two-point polygon": (
        document(feature("zone", polygon([*SQUARE[:2], SQUARE[0]]))),
        "encloses nothing",
    ),
    "one-point line": (
        document(feature("closure", {"type": "LineString", "coordinates": [[0, 0]]})),
        "its line has 1",
    ),
    "NaN": ('{"type": "FeatureCollection", "planner": NaN}', "NaN is not a number that JSON knows"),
    "Infinity": ('{"a": -Infinity}', "-Infinity is not a number that JSON knows"),
    "NaN in a mapping": (document(feature("incident", point(math.nan, 1.0))), "not finite"),
    "overflow": (
        json.dumps(document(feature("incident", point("N", 1)))).replace('"N"', "1e999"),
        "not finite",
    ),
    "a huge integer": (document(feature("incident", point(10**400, 1))), "not finite"),
    "thousands of digits": ('{"a": 1' + "0" * 5000 + "}", "too many digits"),
    "swapped": (
        document(feature("incident", point(41.9, -85.6) | {"coordinates": [41.9, -105.6]})),
        "swapped",
    ),
    "off the globe": (document(feature("incident", point(500.0, 1.0))), "not on the globe"),
    "one coordinate": (
        document(feature("incident", {"type": "Point", "coordinates": [1]})),
        "fewer than two",
    ),
    "text coordinate": (document(feature("incident", point("1", 2))), "not a number"),
    "true coordinate": (document(feature("incident", point(True, 2))), "not a number"),
    "name a number": (document(name=7), "planner, name: 7 is not text"),
    "half a character": ('{"a": "\\ud800"}', "FeatureCollection"),
    "half a character in a name": (json.dumps(document(name="\ud800")), "half of a character"),
    "no time": (document(began_at="yesterday"), '"yesterday" is no time'),
    "casualties a number": (document(casualties=4), "4 is not an object"),
    "half a casualty": (document(casualties={"red": 1.5}), "1.5 is not a whole number"),
    "fewer than none": (document(casualties={"red": -1}), "-1 is out of range"),
    "more than live": (document(on_site=10**12), "out of range"),
    "units a list": (document(units=[1]), "not an object"),
    "drawn a word": (
        json.dumps(document(feature("zone", polygon(), drawn="yes"))).replace("incident/1", "plan/1"),
        "has no",
    ),
    "two incidents": (
        document(feature("incident", point()), feature("incident", point())),
        "second incident",
    ),
    "a member twice": ('{"type": 1, "type": 2}', '"type" is given twice'),
    "another crs": (
        document() | {"crs": {"type": "name", "properties": {"name": "EPSG:3857"}}},
        "not WGS 84",
    ),
    "deeply nested": ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    "too large": (" " * (MAX_BYTES + 1), "larger than 20 MB"),
}


@pytest.mark.parametrize(("text", "says"), BAD_DOCUMENTS.values(), ids=BAD_DOCUMENTS.keys())
def test_a_bad_document_is_refused_by_one_clear_line(text, says):
    if says == "has no":
        says = "planner, incident"
    assert says in str(refusal(text))


def test_an_incident_document_is_no_plan():
    with pytest.raises(IncidentError, match="plan/1"):
        read_plan(write_incident(model.Incident()))


@pytest.mark.parametrize("member", ["id", "software", "area", "doctrine", "notices", "officers", "incident"])
def test_a_plan_that_lacks_a_member_is_refused(member):
    text = json.loads(write_plan(a_plan()))
    del text["planner"][member]
    with pytest.raises(IncidentError, match=f"planner, {member}"):
        read_plan(text)


@given(strategies.plans, st.data())
@settings(max_examples=60)
def test_a_plan_with_any_one_value_replaced_is_read_or_refused_never_a_crash(plan, data):
    text = json.loads(write_plan(plan))
    spots = list(places_in(text))
    holder, key = data.draw(st.sampled_from(spots))
    holder[key] = data.draw(strategies.json_values)
    for read in (read_plan, read_incident):
        with contextlib.suppress(IncidentError):  # and nothing else
            read(text)


def places_in(value):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(pairs):
        yield value, key
        yield from places_in(part)


@given(strategies.json_values)
@settings(max_examples=150)
def test_any_json_is_read_or_refused_never_a_crash(value):
    text = json.dumps(value)
    for given_text in (
        text,
        text.encode(),
        f'{{"type":"FeatureCollection","planner":{text},"features":[{text}]}}',
    ):
        with pytest.raises(IncidentError):
            read_incident(given_text)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_never_a_crash(text):
    with pytest.raises(IncidentError):
        read_incident(text)


# --- made by hand -------------------------------------------------------------------------------


def ring_of(ring):
    return tuple(LonLat(*place) for place in ring)


def smaller(ring):
    return [[round(lon * 0.999 - 0.0561, 7), round(lat, 7)] for lon, lat in ring]


def a_site():
    return model.Site(
        "staging-1",
        Purpose.STAGING,
        1,
        SiteSource.SUGGESTED,
        "Parking",
        model.Shape(points=(LonLat(-56.16, -34.89),)),
        LonLat(-56.16, -34.89),
        ZoneKind.COLD,
        900.0,
        12,
        "21H WC 7618 3779",
        None,
        (),
        0.5,
        "Parking",
    )


def a_plan():
    zone = model.Zone(ZoneKind.HOT, (ring_of(SQUARE),), False, "75 m about the place")
    return model.Plan(
        id="0123",
        software="planner 0",
        incident=model.Incident(location=LonLat(-56.165, -34.895)),
        area=model.AreaStamp("town", "d", "2017-12-01", "made", "none"),
        doctrine=model.DoctrineStamp("default", "d"),
        zones=(zone,),
        perimeters=(),
        posts=(),
        sites=(a_site(),),
        routes=(),
        hospitals=(),
    )


# --- what no plan is made from -------------------------------------------------------------------


def test_the_mark_of_an_exercise_and_the_written_notice_go_on_with_the_plan():
    notice = ((NoticeItemName.SENDER, "City police"), (NoticeItemName.WHY, "Training day"))
    area, doctrine = town(), packs.shipped_doctrine()
    earnest = model.Incident(location=area.frame.place(0, 0))
    marked = replace(earnest, exercise=True, notice=notice)
    plain, told = make_plan(earnest, area, doctrine), make_plan(marked, area, doctrine)
    assert told.id == plain.id, "no plan is made from them"
    assert replace(told, incident=earnest) == plain
    assert read_plan(write_plan(told)).incident == marked
    assert read_incident(write_plan(told)) == marked
    assert read_incident(write_incident(marked)) == marked


@pytest.mark.parametrize(
    ("notice", "says"),
    [({"weather": "fair"}, "weather"), ({"why": 3}, "why"), ({"why": "a" * 1001}, "1,001"), ([], "notice")],
)
def test_a_notice_that_makes_no_sense_is_refused(notice, says):
    assert says in str(refusal(json.dumps(document(notice=notice))))
