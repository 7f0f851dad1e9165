"""Drawings of other programs, read for what they are: names, folders and geometries, no meaning yet.

GeoJSON, KML, KMZ, GPX, GeoPackage, Cursor on Target and TAK data packages are told apart by their contents,
not by what the file is called. Files come from others: XML without entities, archives with a bound on what
they unpack to, nothing fetched that a file links to.
"""

from __future__ import annotations

import io
import math
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml
import numpy as np
import pyogrio
import shapely
from defusedxml import ElementTree as SafeTree

from planner.errors import SourceError
from planner.geo import Frame, LonLat
from planner.geojson import MAX_BYTES, Json, as_list, as_object, parse

FORMATS = "GeoJSON, KML, KMZ, GPX, GeoPackage, CoT or a TAK data package"
_MOST_DRAWINGS = 5_000
_MOST_UNPACKED = 5 * MAX_BYTES
_CLOSED_M = 5.0
"""A track whose ends are this near to each other is the outline of ground."""
_CIRCLE_STEP_DEG = 5.0
_LEAST_CLOSED = 4
_ZIP, _SQLITE = b"PK\x03\x04", b"SQLite format 3\0"


@dataclass(frozen=True)
class Drawing:
    """One thing drawn.

    Parameters
    ----------
    name, folder : str
        What it is called, and the layer or folder it lies in; "" if neither.
    texts : tuple of (str, str)
        What else is said of it: attributes and remarks, names in lower case.
    geometry : GeoJSON geometry
        As read; not yet checked.
    """

    name: str
    folder: str
    texts: tuple[tuple[str, str], ...]
    geometry: Json


def read_drawings(content: bytes) -> tuple[Drawing, ...]:
    """Read all that is drawn in a file.

    Parameters
    ----------
    content : bytes
        At most 20 MB.

    Raises
    ------
    SourceError
        If the file is none of :data:`FORMATS`, broken, or too large.
    """
    if len(content) > MAX_BYTES:
        raise SourceError(f"the file is larger than {MAX_BYTES // 1_000_000} MB", "Save only what you drew")
    found = []
    for drawing in _any(content, nested=False):
        found.append(drawing)
        if len(found) > _MOST_DRAWINGS:
            raise SourceError(f"the file holds more than {_MOST_DRAWINGS} shapes", "Save only what you drew")
    return tuple(found)


def _any(content: bytes, *, nested: bool) -> Iterator[Drawing]:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if content.startswith(_SQLITE):
        return _geopackage(content)
    if content.startswith(_ZIP) and not nested:
        return _archive(content)
    if start == b"<":
        return _xml(content)
    if start in (b"{", b"["):
        return _geojson(content)
    raise SourceError("this is no file of shapes that can be read here", f"Give {FORMATS}")


# --- GeoJSON --------------------------------------------------------------------------------------


def _geojson(content: bytes) -> Iterator[Drawing]:
    top = as_object(parse(content), "the document")
    kind = top.get("type")
    if kind == "FeatureCollection":
        for number, feature in enumerate(as_list(top.get("features"), "the document, features"), 1):
            yield from _feature(as_object(feature, f"feature {number}"))
    elif kind == "Feature":
        yield from _feature(top)
    elif "coordinates" in top or "geometries" in top:
        yield from _parts("", "", (), top)
    else:
        raise SourceError("the JSON is no GeoJSON", f"Give {FORMATS}")


def _feature(feature: Json) -> Iterator[Drawing]:
    properties = feature.get("properties")
    told = properties if isinstance(properties, dict) else {}
    if feature.get("geometry") is not None:
        yield from _told(told, "", as_object(feature["geometry"], "a feature, geometry"))


_NAMES = ("name", "title", "label", "callsign")


def _told(properties: Json, folder: str, geometry: Json) -> Iterator[Drawing]:
    """Take a table's row or a feature's properties: the first that is a name names it."""
    texts = {
        str(key).casefold(): str(value)
        for key, value in properties.items()
        if isinstance(value, str | bool | int)
    }
    name = next((texts[key] for key in _NAMES if texts.get(key)), "")
    yield from _parts(name, folder, tuple(texts.items()), geometry)


def _parts(name: str, folder: str, texts: Any, geometry: Json) -> Iterator[Drawing]:
    """Part collections, of which incident documents know nothing."""
    if geometry.get("type") != "GeometryCollection":
        yield Drawing(name, folder, texts, geometry)
        return
    for part in as_list(geometry.get("geometries"), "a geometry collection"):
        if as_object(part, "a geometry collection").get("type") == "GeometryCollection":
            raise SourceError("a geometry collection holds another", "Save the shapes by themselves")
        yield Drawing(name, folder, texts, part)


# --- GeoPackage -----------------------------------------------------------------------------------


def _geopackage(content: bytes) -> Iterator[Drawing]:
    """Read every layer of places. GDAL wants a file with its suffix, and warns of what does not matter."""
    with tempfile.TemporaryDirectory(prefix="planner-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        file = Path(folder) / "drawn.gpkg"
        file.write_bytes(content)
        try:
            layers = [name for name, kind in pyogrio.list_layers(file) if kind is not None]
            tables = [(name, pyogrio.read_dataframe(file, layer=name)) for name in layers]
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise SourceError(f"the GeoPackage cannot be read: {error}", "Save it again") from error
    for layer, table in tables:
        if table.crs is None:
            raise SourceError(
                f"layer {layer[:40]!r} does not say its coordinate system", "Save it in EPSG:4326"
            )
        degrees = table.to_crs(4326)
        rows = table.drop(columns="geometry").to_dict("records")
        for row, shape in zip(rows, degrees.geometry, strict=True):
            if shape is not None and not shape.is_empty:
                geometry = shapely.geometry.mapping(shapely.force_2d(shape))
                yield from _told({str(k): v for k, v in row.items()}, layer, geometry)


# --- archives -------------------------------------------------------------------------------------


def _archive(content: bytes) -> Iterator[Drawing]:
    """Read a KMZ or a TAK data package: every file in it that holds shapes."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        entries = [e for e in archive.infolist() if e.filename.lower().endswith((".kml", ".cot", ".kmz"))]
        if sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
            raise SourceError("the archive unpacks to too much", "Save only what you drew")
        files = [_unpacked(archive, entry) for entry in entries]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise SourceError(f"the archive cannot be read: {error}", "Save it again") from error
    if not files:
        raise SourceError("the archive holds no KML and no CoT", f"Give {FORMATS}")
    for file in files:
        if file.startswith(_ZIP):
            raise SourceError("the archive holds another archive", "Give the one inside by itself")
        yield from _any(file, nested=True)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack a file, and no more of it than it says it holds."""
    with archive.open(entry) as stream:
        return stream.read(min(entry.file_size, _MOST_UNPACKED) + 1)


# --- XML ------------------------------------------------------------------------------------------


def _xml(content: bytes) -> Iterator[Drawing]:
    try:
        root = SafeTree.fromstring(content, forbid_dtd=True)
    except defusedxml.DefusedXmlException as error:
        raise SourceError("the XML declares entities or a DTD", "Save it again without") from error
    except (ParseError, ValueError, LookupError) as error:
        raise SourceError(f"the XML cannot be read: {error}", "Save it again") from error
    reader = _XML_READERS.get(_tag(root))
    if reader is None:
        raise SourceError(f"XML of {_tag(root)[:40]!r} cannot be read here", f"Give {FORMATS}")
    return reader(root)


def _tag(element: Element) -> str:
    """Return an element's name without its namespace: programs write these as they like."""
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, *names: str) -> list[Element]:
    return [child for child in element if _tag(child) in names]


def _text(element: Element, name: str) -> str:
    found = _children(element, name)
    return (found[0].text or "").strip() if found else ""


def _number(text: str | None, what: str) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f"{what} is not a number", "Save the file again")
    return number


def _place(lat: str | None, lon: str | None) -> list[float]:
    return [_number(lon, "a longitude"), _number(lat, "a latitude")]


# --- KML ------------------------------------------------------------------------------------------

_KML_GEOMETRIES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry")


def _kml(root: Element, folder: str = "", depth: int = 0) -> Iterator[Drawing]:
    if depth > 50:
        raise SourceError("the KML nests its folders too deeply", "Save only what you drew")
    for child in root:
        if _tag(child) in ("Document", "Folder"):
            own = _text(child, "name") if _tag(child) == "Folder" else ""
            inside = " / ".join(filter(None, (folder, own)))
            yield from _kml(child, inside, depth + 1)
        elif _tag(child) == "Placemark":
            texts = {"description": _text(child, "description"), **_kml_facts(child)}
            for geometry in _children(child, *_KML_GEOMETRIES):
                for part in _kml_geometry(geometry, depth):
                    yield Drawing(_text(child, "name"), folder, tuple(texts.items()), part)


def _kml_facts(mark: Element) -> dict[str, str]:
    """Read a placemark's table, in both ways of writing it."""
    facts = {}
    for extended in _children(mark, "ExtendedData"):
        for entry in _children(extended, "Data"):
            facts[entry.get("name", "").casefold()] = _text(entry, "value")
        for schema in _children(extended, "SchemaData"):
            for entry in _children(schema, "SimpleData"):
                facts[entry.get("name", "").casefold()] = (entry.text or "").strip()
    return facts


def _kml_geometry(element: Element, depth: int) -> Iterator[Json]:
    kind = _tag(element)
    if kind == "MultiGeometry":
        if depth > 50:
            raise SourceError("the KML nests its geometries too deeply", "Save only what you drew")
        for part in _children(element, *_KML_GEOMETRIES):
            yield from _kml_geometry(part, depth + 1)
    elif kind == "Polygon":
        rims = [r for name in ("outerBoundaryIs", "innerBoundaryIs") for r in _children(element, name)]
        rings = [_kml_places(ring) for rim in rims for ring in _children(rim, "LinearRing")]
        yield {"type": "Polygon", "coordinates": rings}
    else:
        places = _kml_places(element)
        if kind == "Point":
            yield {"type": "Point", "coordinates": places[0] if places else []}
        else:
            yield {"type": "LineString", "coordinates": places}


def _kml_places(element: Element) -> list[list[float]]:
    places = []
    for text in _text(element, "coordinates").split():
        lon, _, rest = text.partition(",")
        places.append(_place(rest.partition(",")[0], lon))
    return places


# --- GPX ------------------------------------------------------------------------------------------


def _gpx(root: Element) -> Iterator[Drawing]:
    for mark in _children(root, "wpt"):
        yield _gpx_drawing(mark, {"type": "Point", "coordinates": _place(mark.get("lat"), mark.get("lon"))})
    for route in _children(root, "rte"):
        places = [_place(point.get("lat"), point.get("lon")) for point in _children(route, "rtept")]
        yield _gpx_drawing(route, {"type": "LineString", "coordinates": places})
    for track in _children(root, "trk"):
        for geometry in _gpx_track([_children(part, "trkpt") for part in _children(track, "trkseg")]):
            yield _gpx_drawing(track, geometry)


def _gpx_track(parts: list[list[Element]]) -> list[Json]:
    """Return lines; and, for GPX knows no polygons, the ground that closed parts go around, with holes."""
    found: list[Json] = []
    for part in parts:
        places = [_place(point.get("lat"), point.get("lon")) for point in part]
        closed = len(places) >= _LEAST_CLOSED and _apart_m(places[0], places[-1]) <= _CLOSED_M
        if not closed:
            found.append({"type": "LineString", "coordinates": places})
        elif found and found[-1]["type"] == "Polygon" and _within(places, found[-1]["coordinates"][0]):
            found[-1]["coordinates"].append(places)
        else:
            found.append({"type": "Polygon", "coordinates": [places]})
    return found


def _within(hole: list[list[float]], outline: list[list[float]]) -> bool:
    ground = shapely.make_valid(shapely.Polygon(outline))
    return bool(ground.covers(shapely.make_valid(shapely.Polygon(hole))))


def _gpx_drawing(element: Element, geometry: Json) -> Drawing:
    texts = {key: _text(element, key) for key in ("desc", "cmt", "type", "sym")}
    return Drawing(_text(element, "name"), "", tuple(texts.items()), geometry)


def _apart_m(a: list[float], b: list[float]) -> float:
    """Return the distance of two places; enough to tell whether a line comes back to where it began."""
    x, y = Frame(LonLat(*a).checked()).point_m(LonLat(*b).checked())
    return math.hypot(x, y)


# --- Cursor on Target -----------------------------------------------------------------------------


def _cot(root: Element) -> Iterator[Drawing]:
    events = [root] if _tag(root) == "event" else root.iter("event")
    for event in events:
        detail = next(iter(_children(event, "detail")), Element("detail"))
        contact = next(iter(_children(detail, "contact")), Element("contact"))
        kind = event.get("type", "")
        geometry = _cot_geometry(kind, event, detail)
        if geometry is not None:
            texts = (("type", kind), ("remarks", _text(detail, "remarks")))
            yield Drawing(contact.get("callsign", ""), "", texts, geometry)


def _cot_geometry(kind: str, event: Element, detail: Element) -> Json | None:
    """Return what an event draws; None for what is no drawing: where people are, talk, pings."""
    at = next(iter(_children(event, "point")), None)
    if at is None:
        return None
    place = _place(at.get("lat"), at.get("lon"))
    if kind.startswith("u-d-c"):
        return _circle(place, detail)
    if kind.startswith(("u-d-f", "u-d-r")):
        return _cot_shape(kind, detail)
    if kind.startswith("b-m-r"):
        return None  # routes mean nothing to an incident: its own are worked out
    return {"type": "Point", "coordinates": place} if kind.startswith(("b-m-p", "u-d-p")) else None


def _cot_shape(kind: str, detail: Element) -> Json | None:
    places = []
    for link in _children(detail, "link"):
        if link.get("point"):
            lat, _, rest = link.get("point", "").partition(",")
            places.append(_place(lat, rest.partition(",")[0]))
    if len(places) < 2:
        return None
    if places[0] == places[-1] or kind.startswith("u-d-r"):
        return {"type": "Polygon", "coordinates": [places]}
    return {"type": "LineString", "coordinates": places}


def _circle(centre: list[float], detail: Element) -> Json | None:
    """Return a circle or an ellipse as the polygon around it: never smaller than what was drawn."""
    ellipse = next(detail.iter("ellipse"), None)
    if ellipse is None:
        return None
    major_m = _number(ellipse.get("major"), "a circle's radius")
    minor_m = _number(ellipse.get("minor", ellipse.get("major")), "a circle's radius")
    turned_deg = _number(ellipse.get("angle", "0"), "a circle's angle")
    turn = np.radians(np.arange(0.0, 360.0, _CIRCLE_STEP_DEG))
    grown = 1.0 / math.cos(math.radians(_CIRCLE_STEP_DEG / 2))
    along, across = grown * major_m * np.cos(turn), grown * minor_m * np.sin(turn)
    bearing = math.radians(turned_deg)
    east = along * math.sin(bearing) + across * math.cos(bearing)
    north = along * math.cos(bearing) - across * math.sin(bearing)
    ring = Frame(LonLat(*centre).checked()).to_deg(np.column_stack([east, north])).tolist()
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


_XML_READERS: dict[str, Callable[[Element], Iterator[Drawing]]] = {
    "kml": _kml,
    "gpx": _gpx,
    "event": _cot,
    "events": _cot,
}
