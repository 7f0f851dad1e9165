"""Plan and incident <-> GeoJSON, lossless: the stored form, and the contract with everyone else.

An incident document is what the user said; a plan document is what came of it and holds the incident
too, so that a plan can be fed back in. What the plan suggested is not taken for the user's own: only
zones with ``drawn`` true, and what was passed through (pins, rejects, closures, threats).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from planner.errors import IncidentError
from planner.geojson import Json, as_list, as_object, fail, geometry, parse, read_shape, shown
from planner.model import (
    AmbulanceNeed,
    AreaStamp,
    Casualties,
    Closure,
    DoctrineStamp,
    DrawnZone,
    EmsAgreed,
    FieldRoad,
    HospitalOption,
    HospitalStatus,
    Incident,
    Notice,
    Observation,
    Perimeter,
    Pin,
    Plan,
    Post,
    PostEdit,
    Reject,
    Route,
    Shape,
    Site,
    ThreatPoint,
    Zone,
)
from planner.perimeters.staffing import staffing_record
from planner.records import as_count, as_flag, as_text, as_word, from_record, to_record
from planner.seam import cut_at_180, joined_at_180
from planner.terms import TRIAGE, InnerHolds, NoticeItemName, RingSize, ThreatName

INCIDENT_SCHEMA = "incident/1"
PLAN_SCHEMA = "plan/1"

Document = str | bytes | Mapping[str, Any]

_MOST_PEOPLE = 1_000_000
_CHOICES: Mapping[str, type[StrEnum]] = {
    "inner_holds": InnerHolds,
    "inner_size": RingSize,
    "outer_size": RingSize,
}
_LAST_HOUR = 23
_REQUESTS = ("no_ccp", "bereaved_site", "exercise")
_LONGEST_ITEM = 1000
_MOST_PER_H = 1000
_POLYGONS = ("Polygon", "MultiPolygon")
_UNCUT = "uncut"
_NEAR_180_DEG = 170.0


@dataclass(frozen=True)
class _Kind:
    """How one kind of feature and one dataclass of the model say the same."""

    name: str
    record: type
    many: str
    """The attribute of Incident or Plan that holds them."""
    placed: str
    """The field that is the feature's geometry."""
    geometries: tuple[str, ...]
    shape: Callable[[Any], Shape]
    value: Callable[[Shape], Any]
    renamed: Mapping[str, str] = field(default_factory=dict)


def _point(shape: Shape) -> Any:
    return shape.points[0]


def _as_is(shape: Shape) -> Shape:
    return shape


def _of_point(place: Any) -> Shape:
    return Shape(points=(place,))


def _of_rings(rings: Any) -> Shape:
    return Shape(polygons=(rings,))


_ROUTE_ENDS = {"start": "from", "end": "to"}
_GIVEN = (
    _Kind("zone", DrawnZone, "zones", "shape", _POLYGONS, _as_is, _as_is),
    _Kind("threat", ThreatPoint, "threats", "location", ("Point",), _of_point, _point),
    _Kind(
        "closure",
        Closure,
        "closures",
        "shape",
        ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"),
        _as_is,
        _as_is,
    ),
    _Kind("field_road", FieldRoad, "field_roads", "shape", ("LineString", "MultiLineString"), _as_is, _as_is),
    _Kind("pin", Pin, "pins", "shape", ("Point", *_POLYGONS), _as_is, _as_is),
    _Kind("reject", Reject, "rejects", "location", ("Point",), _of_point, _point),
    _Kind("post_edit", PostEdit, "post_edits", "shape", ("Point", "LineString"), _as_is, _as_is),
)
_PLANNED = (
    _Kind("zone", Zone, "zones", "rings", ("Polygon",), _of_rings, lambda shape: shape.polygons[0]),
    _Kind(
        "perimeter",
        Perimeter,
        "perimeters",
        "rings",
        ("Polygon",),
        _of_rings,
        lambda shape: shape.polygons[0],
    ),
    _Kind("post", Post, "posts", "location", ("Point",), _of_point, _point),
    _Kind("observation", Observation, "observations", "location", ("Point",), _of_point, _point),
    _Kind("site", Site, "sites", "shape", ("Point", *_POLYGONS), _as_is, _as_is),
    _Kind(
        "route",
        Route,
        "routes",
        "line",
        ("LineString",),
        lambda line: Shape(lines=(line,)),
        lambda shape: shape.lines[0],
        _ROUTE_ENDS,
    ),
    _Kind("hospital", HospitalOption, "hospitals", "location", ("Point",), _of_point, _point),
)
_GIVEN_BY_NAME = {kind.name: kind for kind in _GIVEN}
_PASSED_ON = tuple(kind for kind in _GIVEN if kind.name != "zone")
_KNOWN_KINDS = ("incident", *dict.fromkeys(kind.name for kind in _GIVEN + _PLANNED))


@dataclass(frozen=True)
class _Feature:
    """One feature of a document, its kind known and its properties an object."""

    where: str
    kind: str
    properties: Json
    geometry: object


# --- reading ------------------------------------------------------------------------------------


def read_incident(document: Document) -> Incident:
    """Read an incident document, or what the user had said in a plan document.

    Parameters
    ----------
    document : str, bytes or mapping
        GeoJSON text in UTF-8, or the same already parsed.

    Returns
    -------
    Incident
        Places rounded to 7 decimals; it need not yet make sense in any area.

    Raises
    ------
    IncidentError
        If it is no such document; the message names the feature, counted from 1.
    """
    header, features, schema = _open(document, (INCIDENT_SCHEMA, PLAN_SCHEMA))
    return _incident(header, features, planned=schema == PLAN_SCHEMA)


def read_plan(document: Document) -> Plan:
    """Read a plan document; ``read_plan(write_plan(plan)) == plan``.

    Raises
    ------
    IncidentError
        If it is no plan document; the message names the feature, counted from 1.
    """
    header, features, _ = _open(document, (PLAN_SCHEMA,))
    many: dict[str, list[Any]] = {kind.many: [] for kind in _PLANNED}
    by_name = {kind.name: kind for kind in _PLANNED}
    for feature in features:
        if feature.kind in by_name:
            kind = by_name[feature.kind]
            many[kind.many].append(_read(kind, feature))
    incident = _incident(header, features, planned=True)
    notices = as_list(header.get("notices"), "planner, notices")
    officers = as_object(header.get("officers"), "planner, officers")
    return Plan(
        id=as_text(header.get("id"), "planner, id"),
        software=as_text(header.get("software"), "planner, software"),
        incident=incident,
        area=from_record(AreaStamp, header.get("area"), "planner, area"),
        doctrine=from_record(DoctrineStamp, header.get("doctrine"), "planner, doctrine"),
        notices=tuple(from_record(Notice, n, f"planner, notice {i}") for i, n in enumerate(notices, 1)),
        site_officers=_count(officers, "sites", "planner, officers"),
        ambulances=_ambulances(header),
        **{name: tuple(records) for name, records in many.items()},
    )


def _open(document: Document, schemas: tuple[str, ...]) -> tuple[Json, list[_Feature], str]:
    """Return the ``planner`` member, the features and the schema."""
    parsed = parse(document) if isinstance(document, str | bytes) else document
    top = as_object(parsed, "the document")
    if top.get("type") != "FeatureCollection":
        fail("the document", f"its type is {shown(top.get('type'))}", "Write a GeoJSON FeatureCollection")
    _check_wgs84(top)
    if "planner" not in top:
        fail("the document", "has no member planner", f'Add "planner": {{"schema": "{schemas[0]}"}}')
    header = as_object(top["planner"], "planner")
    schema = header.get("schema")
    if not isinstance(schema, str) or schema not in schemas:
        fail(
            "planner",
            f"schema {shown(schema)} cannot be read here",
            f"Give a document of {' or '.join(schemas)}",
        )
    features = as_list(top.get("features"), "the document, features")
    return header, [_feature(value, number) for number, value in enumerate(features, 1)], schema


def _check_wgs84(top: Json) -> None:
    """Refuse the ``crs`` member of old GeoJSON unless it says what RFC 7946 takes for granted."""
    crs = top.get("crs")
    text = json.dumps(crs, default=str) if isinstance(crs, dict) and len(crs) <= 2 else str(crs)
    if crs is not None and not ("CRS84" in text or "4326" in text):
        fail("the document", "its crs is not WGS 84", "Save it in WGS 84, longitude and latitude (EPSG:4326)")


def _feature(value: object, number: int) -> _Feature:
    where = f"feature {number}"
    members = as_object(value, where)
    if members.get("type") != "Feature":
        fail(where, f"its type is {shown(members.get('type'))}", "Write a GeoJSON Feature")
    properties = as_object(members.get("properties"), f"{where}, properties")
    kind = properties.get("kind")
    if not isinstance(kind, str) or kind not in _KNOWN_KINDS:
        fail(
            where,
            f"kind {shown(kind)} is unknown",
            f"Set properties.kind to one of: {', '.join(_KNOWN_KINDS)}",
        )
    where = f"{where} ({kind})"
    return _Feature(where, kind, properties, _whole_geometry(members, where))


def _whole_geometry(members: Json, where: str) -> object:
    """Return a feature's geometry; that before it was cut at longitude 180, as long as it says the same."""
    given, uncut = members.get("geometry"), members.get(_UNCUT)
    if not isinstance(uncut, dict):
        return given
    whole = read_shape(uncut, ("LineString", "MultiLineString", *_POLYGONS), where)
    return uncut if geometry(cut_at_180(whole)) == given else given  # else another program moved it


def _read_whole(kind: _Kind, feature: _Feature) -> Shape:
    """Read a feature's shape; what another program left cut at longitude 180, which is one piece, as that."""
    many = feature.geometry.get("type") if isinstance(feature.geometry, dict) else None
    if many in kind.geometries or many not in [f"Multi{one}" for one in kind.geometries]:
        return read_shape(feature.geometry, kind.geometries, feature.where)
    joined = joined_at_180(read_shape(feature.geometry, (many,), feature.where))
    if len(joined.lines) + len(joined.polygons) == 1:
        return joined
    return read_shape(feature.geometry, kind.geometries, feature.where)  # which refuses it


def _read(kind: _Kind, feature: _Feature) -> Any:
    shape = _read_whole(kind, feature)
    given = {kind.placed: kind.value(shape)}
    return from_record(kind.record, feature.properties, feature.where, given=given, renamed=kind.renamed)


def _incident(header: Json, features: list[_Feature], *, planned: bool) -> Incident:
    said = as_object(header.get("incident"), "planner, incident") if planned else header
    where = "planner, incident" if planned else "planner"
    many: dict[str, list[Any]] = {kind.many: [] for kind in _GIVEN}
    for feature in features:
        kind = _GIVEN_BY_NAME.get(feature.kind)
        if kind is not None and (not planned or _is_own(feature)):
            many[kind.many].append(_read(kind, feature))
    if planned:
        many["zones"] = _as_drawn(said, many["zones"], where)
    points = [feature for feature in features if feature.kind == "incident"]
    if len(points) > 1:
        fail(points[1].where, "is a second incident", "Keep one; give a second scene a document of its own")
    location = _point(read_shape(points[0].geometry, ("Point",), points[0].where)) if points else None
    facts = _facts(said, where) | {name: tuple(records) for name, records in many.items()}
    return Incident(location=location, **facts)


def _is_own(feature: _Feature) -> bool:
    """Whether a feature of a plan is the user's own; a zone that does not say was added by hand."""
    drawn = feature.properties.get("drawn", True)
    return feature.kind != "zone" or as_flag(drawn, f"{feature.where}, drawn")


def _facts(said: Json, where: str) -> dict[str, Any]:
    """Read what the user said in words and numbers; null and missing alike mean not said."""
    known = {name: value for name, value in said.items() if value is not None}
    facts: dict[str, Any] = {}
    if "threat" in known:
        facts["threat"] = as_word(ThreatName, known["threat"], f"{where}, threat")
    if "name" in known:
        facts["name"] = as_text(known["name"], f"{where}, name")
    if "began_at" in known:
        facts["began_at"] = _moment(known["began_at"], f"{where}, began_at")
    for member in ("casualties", "children"):
        if member in known:
            colours = as_object(known[member], f"{where}, {member}")
            counts = {c: _count(colours, c, f"{where}, {member}") for c in TRIAGE if c in colours}
            facts[member] = Casualties(**counts)
    if "on_site" in known:
        facts["on_site"] = _count(known, "on_site", where)
    if "units" in known:
        units = as_object(known["units"], f"{where}, units")
        names = sorted(as_text(name, f"{where}, units") for name in units)
        facts["units"] = tuple((name, _count(units, name, f"{where}, units")) for name in names)
    facts |= {
        name: as_word(words, known[name], f"{where}, {name}")
        for name, words in _CHOICES.items()
        if name in known
    }
    if "hour" in known:
        facts["hour"] = _count(known, "hour", where, most=_LAST_HOUR)
    for name in _REQUESTS:
        if name in known:
            facts[name] = as_flag(known[name], f"{where}, {name}")
    facts["ems_agreed"] = _ems_agreed(known.get("ems_agreed"), f"{where}, ems_agreed")
    facts["notice"] = _notice_items(known.get("notice", {}), f"{where}, notice")
    if "hospitals" in known:
        told = as_list(known["hospitals"], f"{where}, hospitals")
        facts["hospitals"] = tuple(
            _hospital_status(one, f"{where}, hospital {number}") for number, one in enumerate(told, 1)
        )
    return facts


def _ems_agreed(value: object, where: str) -> EmsAgreed | None:
    if value is None:
        return None
    agreed = from_record(EmsAgreed, value, where)
    if agreed.at:
        _moment(agreed.at, f"{where}, at")
    return agreed


def _notice_items(value: object, where: str) -> tuple[tuple[NoticeItemName, str], ...]:
    """Read what was written for the public notice, in the order of the items; blanks are left out."""
    written = as_object(value, where)
    for name in written:
        as_word(NoticeItemName, name, where)
    texts = {item: as_text(written.get(item) or "", f"{where}, {item}") for item in NoticeItemName}
    for item, text in texts.items():
        if len(text) > _LONGEST_ITEM:
            fail(f"{where}, {item}", f"is {len(text):,} characters long", f"Write at most {_LONGEST_ITEM:,}")
    return tuple((item, text) for item, text in texts.items() if text.strip())


def _hospital_status(value: object, where: str) -> HospitalStatus:
    status = from_record(HospitalStatus, value, where)
    for colour, count in vars(status.sent).items():
        if not 0 <= count <= _MOST_PEOPLE:
            what = f"{shown(count)} is out of range"
            fail(f"{where}, sent, {colour}", what, f"Give a count from 0 to {_MOST_PEOPLE}")
    for whom, places in vars(status.keep).items():
        if places is not None and not 0 <= places <= _MOST_PEOPLE:
            what = f"{shown(places)} is out of range"
            fail(f"{where}, keep, {whom}", what, f"Give a count from 0 to {_MOST_PEOPLE}")
    for name in ("red_per_h", "child_red_per_h", "others_per_h"):
        rate = getattr(status, name)
        if rate is not None and not 0 <= rate <= _MOST_PER_H:
            fail(f"{where}, {name}", f"{shown(rate)} is out of range", f"Give 0 to {_MOST_PER_H} an hour")
    return status


def _ambulances(header: Json) -> AmbulanceNeed | None:
    told = header.get("ambulances")
    return None if told is None else from_record(AmbulanceNeed, told, "planner, ambulances")


def _moment(value: object, where: str) -> str:
    text = as_text(value, where)
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        problem = f"{where}: {shown(text)} is no time"
        raise IncidentError(problem, "Write it like 2024-05-14T09:32:00-04:00") from error
    return text


def _count(members: Json, name: str, where: str, *, most: int = _MOST_PEOPLE) -> int:
    count = as_count(members.get(name), f"{where}, {name}")
    if not 0 <= count <= most:
        fail(f"{where}, {name}", f"{shown(count)} is out of range", f"Give a count from 0 to {most}")
    return count


# --- drawn zones in a plan ----------------------------------------------------------------------
# A plan's zones are what was drawn less what a hotter zone takes, so the strokes themselves are kept
# with the incident. They count as long as the plan's drawn zones are as written; whoever edits those
# features in another program has drawn anew.


def _drawn_record(plan: Plan) -> Json:
    planned = [DrawnZone(_of_rings(zone.rings), zone.zone) for zone in plan.zones if zone.drawn]
    strokes = [{"zone": zone.zone.value, "geometry": geometry(zone.shape)} for zone in plan.incident.zones]
    return {"as_planned": _zones_digest(planned), "zones": strokes}


def _as_drawn(said: Json, planned: list[DrawnZone], where: str) -> list[DrawnZone]:
    if "drawn" not in said:
        return planned
    drawn = as_object(said["drawn"], f"{where}, drawn")
    if drawn.get("as_planned") != _zones_digest(planned):
        return planned
    strokes: list[DrawnZone] = []
    for number, value in enumerate(as_list(drawn.get("zones"), f"{where}, drawn, zones"), 1):
        place = f"{where}, drawn zone {number}"
        stroke = as_object(value, place)
        shape = read_shape(stroke.get("geometry"), _POLYGONS, place)
        strokes.append(from_record(DrawnZone, stroke, place, given={"shape": shape}))
    return strokes


def _zones_digest(zones: Iterable[DrawnZone]) -> str:
    text = json.dumps([[zone.zone.value, geometry(zone.shape)] for zone in zones])
    return hashlib.sha256(text.encode()).hexdigest()


# --- writing ------------------------------------------------------------------------------------


def write_incident(incident: Incident) -> bytes:
    """Write an incident document; ``read_incident`` gives the incident back.

    Returns
    -------
    bytes
        UTF-8, one feature a line, the same for the same incident.
    """
    features = _incident_features(incident)
    for kind in _GIVEN:
        features += _features(kind, getattr(incident, kind.many))
    return _collection({"schema": INCIDENT_SCHEMA, **_said(incident)}, features)


def write_plan(plan: Plan) -> bytes:
    """Write a plan document (RFC 7946); ``read_plan`` gives the plan back.

    Returns
    -------
    bytes
        UTF-8, one feature a line, members in a fixed order: the same bytes for the same plan.

    Raises
    ------
    IncidentError
        If a coordinate is not on the globe. Any other number that is not finite is written as null.
    """
    said = _said(plan.incident)
    if plan.incident.zones or any(zone.drawn for zone in plan.zones):
        said["drawn"] = _drawn_record(plan)
    header = {
        "schema": PLAN_SCHEMA,
        "id": plan.id,
        "software": plan.software,
        "incident": said,
        "area": to_record(plan.area),
        "doctrine": to_record(plan.doctrine),
        "notices": [to_record(notice) for notice in plan.notices],
        "officers": plan.officers,
        "staffing": staffing_record(plan.posts, dict(plan.incident.units)),
        "ambulances": None if plan.ambulances is None else to_record(plan.ambulances),
    }
    features = _incident_features(plan.incident)
    for kind in _PLANNED:
        features += _features(kind, getattr(plan, kind.many))
    for kind in _PASSED_ON:
        features += _features(kind, getattr(plan.incident, kind.many))
    return _collection(header, list(map(_cut, features)))


def _cut(feature: Json) -> Json:
    """Cut a feature across longitude 180 there, for other programs; what it was stays beside it."""
    whole = feature["geometry"]
    place = whole["coordinates"]
    while isinstance(place[0], list):
        place = place[0]
    if abs(place[0]) < _NEAR_180_DEG:
        return feature
    shape = read_shape(whole, (whole["type"],), feature["id"])
    cut = cut_at_180(shape)
    return feature if cut is shape else {**feature, "geometry": geometry(cut), _UNCUT: whole}


def _said(incident: Incident) -> Json:
    without = {"location", *(kind.many for kind in _GIVEN)}
    units, notice = dict(sorted(incident.units)), {item.value: text for item, text in incident.notice}
    return {**to_record(incident, without=without), "units": units, "notice": notice}


def _incident_features(incident: Incident) -> list[Json]:
    if incident.location is None:
        return []
    return [_feature_json("incident/1", _of_point(incident.location), {"kind": "incident"})]


def _features(kind: _Kind, records: Iterable[Any]) -> list[Json]:
    features = []
    for number, record in enumerate(records, 1):
        shape = kind.shape(getattr(record, kind.placed))
        told = to_record(record, without=(kind.placed,), renamed=kind.renamed)
        features.append(
            _feature_json(f"{kind.name}/{told.get('id', number)}", shape, {"kind": kind.name, **told})
        )
    return features


def _feature_json(name: str, shape: Shape, properties: Json) -> Json:
    return {"type": "Feature", "id": name, "geometry": geometry(shape), "properties": properties}


def _collection(header: Json, features: list[Json]) -> bytes:
    lines = ",\n".join(_dump(feature) for feature in features)
    text = f'{{"type":"FeatureCollection","planner":{_dump(header)},"features":[\n{lines}\n]}}\n'
    # Half a surrogate pair, which a name typed elsewhere may hold, is no UTF-8.
    return text.encode("utf-8", errors="replace")


def _dump(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
