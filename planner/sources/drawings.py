"""Drawings of other programs as an incident: what is a zone, a closure, a pin, and what means nothing here.

A drawing says what it is by its name, its folder or layer, or an attribute: ``Hot zone``, ``warm``,
``blocked``, ``Staging``. Ground that says nothing is hot, for until police say otherwise every place of
violence is (F1). What the planner itself had suggested is not the user's own and is left out, but for zones,
which may have been moved. What was taken for what is told in words, and so is what was not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from planner import words
from planner.document import read_incident
from planner.errors import SourceError
from planner.geojson import parse, read_shape
from planner.model import Closure, DrawnZone, FieldRoad, Incident, Pin, Shape, ThreatPoint
from planner.sources.drawing_files import FORMATS, Drawing, read_drawings
from planner.terms import Purpose, ThreatStatus, ZoneKind

Word = TypeVar("Word", ZoneKind, Purpose)

_ANY_SHAPE = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
_ZONES = {
    ZoneKind.HOT: "hot|caliente|quente|chaude|heiss|heiß|red zone|zona roja",
    ZoneKind.WARM: "warm|tibia|morna|tiède|tiede|yellow zone|zona amarilla",
    ZoneKind.COLD: "cold|fr[ií]a|froide|kalt|green zone|zona verde",
}
_PURPOSES = {
    Purpose.COMMAND_POST: "cp|icp|command post|command|puesto de mando",
    Purpose.CASUALTY_COLLECTION_FORWARD: "forward ccp|ccp-f|forward casualty|casualty collection forward",
    Purpose.CASUALTY_COLLECTION: "ccp|casualty collection",
    Purpose.AMBULANCE_EXCHANGE: "aep|ambulance exchange",
    Purpose.EVACUATION: "evac|evacuation|evacuees",
    Purpose.REUNIFICATION: "reun|reunification|families",
    Purpose.MEDIA: "media|press|pio",
    Purpose.HELISPOT: "lz|helispot|landing zone|helipad",
    Purpose.STAGING: "staging",
}
_BLOCKED = "blocked|closed|closure|road block|roadblock|barricade|bloqueado|cerrado"
_FIELD_ROAD = "field road|access road"
_SCENE = "incident|scene|shooter|attack|target|incidente"
_THREAT = "threat|bomb|device|ied|suspicious|explosive"
_LINE = "perimeters?|per[ií]metros?"
_NOT_DRAWN = frozenset(
    {"reject", "post_edit", "perimeter", "post", "observation", "site", "route", "hospital"}
)
"""Kinds of features in documents of our own that a file without their header may still hold."""
_OWN_WORDS = words.ADVICE.casefold()
_TOLD_BY = ("zone", "purpose", "kind", "type", "category", "layer", "class")


@dataclass(frozen=True)
class Imported:
    """What a file gave.

    Parameters
    ----------
    incident : Incident
        What the user drew; nothing in it is computed.
    told : tuple of str
        What was taken for what and what was left out, a line each, for people; () for a document of our own.
    area : str
        Which area a plan document was made on, "" unless it is one.
    """

    incident: Incident
    told: tuple[str, ...]
    area: str = ""


def import_incident(content: bytes) -> Imported:
    """Read an incident or plan document, or what was drawn in another program.

    Parameters
    ----------
    content : bytes
        An incident or plan document, GeoJSON of others, KML, KMZ, GPX, GeoPackage, CoT or a TAK data package:
        told apart by their contents.

    Raises
    ------
    IncidentError
        If a document or a geometry makes no sense.
    SourceError
        If the file is none of these, is broken, or holds nothing that an incident can hold.
    """
    if _is_document(content):
        stamp = parse(content)["planner"].get("area")
        area = stamp.get("name") if isinstance(stamp, dict) else None
        return Imported(read_incident(content), (), area if isinstance(area, str) else "")
    return import_drawings(read_drawings(content))


def import_drawings(drawings: Iterable[Drawing]) -> Imported:
    """Give drawings their meaning: the same drawings give the same incident."""
    incident = Incident()
    taken: Counter[str] = Counter()
    left: Counter[str] = Counter()
    lone = []
    for number, drawing in enumerate(drawings, 1):
        where = f"shape {number}" + (f" ({words.plain(drawing.name, 40)})" if drawing.name else "")
        shape = read_shape(drawing.geometry, _ANY_SHAPE, where)
        taken_as, incident = _take(incident, drawing, shape)
        if taken_as:
            taken[taken_as] += 1
        else:
            left[_kind(shape)] += 1
            lone.append((drawing, shape))
    if not (incident.zones or incident.location):
        incident, note = _lone_point(incident, lone)
        if note:
            taken[note] += 1
            left["point"] -= 1
    if not taken:
        raise SourceError(
            "nothing in the file is a zone, a closed street, a site or a scene",
            f"Draw the hot zone as a polygon and save it as {FORMATS}",
        )
    told = [f"taken: {words.count(count, name)}" for name, count in taken.items()]
    without = "without a meaning here"
    told += [f"left out: {words.count(count, name)} {without}" for name, count in left.items() if count]
    return Imported(incident, tuple(told))


def _is_document(content: bytes) -> bool:
    """Whether it is GeoJSON of our own: with a ``planner`` member, which the reader of documents judges."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return False
    top = parse(content)
    return isinstance(top, dict) and "planner" in top


def _take(incident: Incident, drawing: Drawing, shape: Shape) -> tuple[str, Incident]:
    """Add a drawing to the incident; say as what, or "" for nothing."""
    if dict(drawing.texts).get("kind") in _NOT_DRAWN:
        return "", incident
    zone = None if "purpose" in dict(drawing.texts) else _said(drawing, _ZONES)
    if shape.polygons and zone:
        return f"{zone.value} zone", replace(incident, zones=(*incident.zones, DrawnZone(shape, zone)))
    if _is_suggestion(drawing):
        return "", incident
    if _says(drawing, _BLOCKED):
        return "blocked street", replace(incident, closures=(*incident.closures, Closure(shape)))
    if shape.lines and _says(drawing, _FIELD_ROAD):
        made = FieldRoad(shape, words.plain(_called(drawing)))
        return "field road", replace(incident, field_roads=(*incident.field_roads, made))
    purpose = _said(drawing, _PURPOSES)
    if purpose and not shape.lines:
        name = f"pinned site ({words.PURPOSES[purpose][1].lower()})"
        return name, replace(incident, pins=(*incident.pins, *(Pin(purpose, one) for one in _each(shape))))
    if shape.points and _says(drawing, _THREAT):
        found = tuple(ThreatPoint(place, status=ThreatStatus.MARKED) for place in shape.points)
        return "further threat", replace(incident, threats=(*incident.threats, *found))
    if shape.points and _says(drawing, _SCENE) and incident.location is None:
        return "scene", replace(incident, location=shape.points[0])
    if shape.polygons and not purpose and not _says(drawing, _LINE):
        hot = DrawnZone(shape)
        return "hot zone", replace(incident, zones=(*incident.zones, hot))
    return "", incident


def _lone_point(incident: Incident, left: list[tuple[Drawing, Shape]]) -> tuple[Incident, str]:
    """Take the only point of a file in which nothing else says where it is for the scene."""
    points = [shape.points[0] for _, shape in left if len(shape.points) == 1]
    if len(points) == 1:
        return replace(incident, location=points[0]), "scene"
    return incident, ""


def _called(drawing: Drawing) -> str:
    """Return a field road's own name, without the words that said that it is one."""
    return re.sub(r"^field road:?\s*", "", drawing.name, flags=re.IGNORECASE)


def _each(shape: Shape) -> list[Shape]:
    return [Shape(points=(place,)) for place in shape.points] or [shape]


def _kind(shape: Shape) -> str:
    return "polygon" if shape.polygons else "line" if shape.lines else "point"


def _is_suggestion(drawing: Drawing) -> bool:
    texts = dict(drawing.texts)
    if texts.get("source") in {"suggested", "entrance"}:
        return True
    return any(_OWN_WORDS in text.casefold() for text in texts.values())


def _said(drawing: Drawing, meanings: Mapping[Word, str]) -> Word | None:
    """Return the first meaning that a drawing states: by attribute or name first, else by its folder."""
    for text in _texts(drawing):
        for meaning, pattern in meanings.items():
            if _holds(text, pattern):
                return meaning
    return None


def _says(drawing: Drawing, pattern: str) -> bool:
    return any(_holds(text, pattern) for text in _texts(drawing))


def _texts(drawing: Drawing) -> list[str]:
    texts = dict(drawing.texts)
    return [*(texts[key] for key in _TOLD_BY if key in texts), drawing.name, drawing.folder]


def _holds(text: str, pattern: str) -> bool:
    """Whether a text holds one of the words as a word: a hotel is not hot."""
    spaced = re.sub(r"[_\s]+", " ", text[:200].casefold())
    return re.search(rf"(?<!\w)(?:{pattern})(?!\w)", spaced) is not None
