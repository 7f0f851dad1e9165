"""XML as bytes: the standard library's tree, which escapes, and texts that XML 1.0 can hold."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from planner.geo import DECIMALS, LonLat
from planner.words import plain

Element = ET.Element
_LONGEST = 100_000


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element, its text and attributes cleaned, attributes in the order given.

    Long lists of coordinates need no cleaning: set ``.text`` of what this returns.
    """
    cleaned = {name: plain(value, _LONGEST) for name, value in attributes.items()}
    child = ET.SubElement(parent, tag, cleaned)
    if text is not None:
        child.text = plain(text, _LONGEST)
    return child


def to_bytes(root: Element) -> bytes:
    """Write a document in UTF-8 with its declaration; the same bytes for the same tree."""
    ET.indent(root, " ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def degrees(value_deg: float) -> str:
    """Write a coordinate as documents do: 7 decimals, no exponent, no minus zero."""
    return f"{round(value_deg, DECIMALS) + 0.0:.{DECIMALS}f}"


def lat_lon(place: LonLat) -> str:
    """Write ``lat,lon``, as CAP and CoT have it."""
    return f"{degrees(place.lat_deg)},{degrees(place.lon_deg)}"


def lon_lat_list(places: Iterable[LonLat]) -> str:
    """Write ``lon,lat lon,lat``, as KML has it."""
    return " ".join(f"{degrees(place.lon_deg)},{degrees(place.lat_deg)}" for place in places)
