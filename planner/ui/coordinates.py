"""Coordinates however they are written or spoken: degrees, minutes, seconds, links of maps, grid references.

What can be read in more than one way (which number is the latitude, which side of the equator) is read in
each, likeliest first; the area that is open decides, and the reading is told with the place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from urllib.parse import unquote

from planner.errors import IncidentError
from planner.geo import LonLat, from_usng, usng

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_LABELS = re.compile(r"\b(?:geo|wgs ?84|gps|latitud(?:e)?|longitud(?:e)?|lat|lon|long|lng)\b\s*[:=]?", re.I)
_ANGLE = re.compile(r"[NSEWO]?\s*[+-]?\s*[\d.,\s°'\":]+[NSEWO]?", re.I)
_SIDES = re.compile(r"[NSEWO]", re.I)
_IN_LINK = re.compile(r"-?\d{1,3}\.\d{3,}")
_GRID = re.compile(
    r"\s*(?:(?P<zone>\d{1,2}\s*[C-HJ-NP-X])\s*)?(?P<square>[A-HJ-NP-Z]{2})?\s*(?P<digits>\d[\d ]*\d)\s*", re.I
)
_PLAIN = str.maketrans({"−": "-", "–": "-", "º": "°", "˚": "°", "(": " ", ")": " ", "[": " ", "]": " "})
_PRIMES = (("''", '"'), ("″", '"'), ("”", '"'), ("“", '"'), ("′", "'"), ("’", "'"), ("‘", "'"), ("´", "'"))
_LEAST_DIGITS, _MOST_DIGITS = 6, 10
_PAIR = 2


@dataclass(frozen=True)
class Read:
    """One way to read what was typed."""

    place: LonLat
    how: str


def read_coordinates(text: str) -> list[Read]:
    """Return every reading of a text as latitude and longitude, likeliest first; none if it is no such thing.

    Parameters
    ----------
    text : str
        As people write or paste it: ``34°53'40" S 56°9'59" W``, ``-34,8945; -56,1665``, a map's link.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    if "://" in text:
        return _in_link(unquote(text))
    for written, meant in _PRIMES:
        plain = plain.replace(written, meant)
    halves = _halves(_LABELS.sub(" ", plain).strip(" ,;:"))
    if halves is None:
        return []
    angles = [_angle(half) for half in halves]
    first, second = angles
    if first is None or second is None:
        return []
    return list(_readings(first, second))


def _in_link(text: str) -> list[Read]:
    numbers = [float(number) for number in _IN_LINK.findall(text)]
    return [Read(LonLat(lon, lat), "from a link") for lat, lon in pairwise(numbers) if _on_globe(lat, lon)]


def _halves(text: str) -> tuple[str, str] | None:
    """Split a pair of angles where one ends and the other begins."""
    sides = list(_SIDES.finditer(text))
    if len(sides) == _PAIR and not sides[0].start():
        return text[: sides[1].start()].strip(" ,;/"), text[sides[1].start() :]
    if len(sides) == _PAIR:
        return text[: sides[0].end()], text[sides[0].end() :].strip(" ,;/")
    if sides:
        return None
    for between in (";", "/", ", "):
        if text.count(between) == 1:
            one, _, other = text.partition(between)
            return one, other
    parts = text.split()
    if len(parts) > 1:
        half = len(parts) // 2
        return None if len(parts) % 2 else (" ".join(parts[:half]), " ".join(parts[half:]))
    parts = text.split(",")
    if len(parts) in (_PAIR, 2 * _PAIR):  # four: the commas are decimal ones
        half = len(parts) // 2
        return ",".join(parts[:half]), ",".join(parts[half:])
    return None


@dataclass(frozen=True)
class _Angle:
    """Degrees without a sign that was not said; ``side`` is one of N, S, E, W or ""."""

    degrees: float
    side: str
    signed: bool


def _angle(text: str) -> _Angle | None:
    text = text.strip()
    if not _ANGLE.fullmatch(text):
        return None
    numbers = _NUMBER.findall(text)
    if not 1 <= len(numbers) <= 3 or any("," in one or "." in one for one in numbers[:-1]):
        return None
    values = [float(one.replace(",", ".")) for one in numbers]
    if any(value >= 60 for value in values[1:]):
        return None
    degrees = sum(value / 60**k for k, value in enumerate(values))
    side = next(iter(_SIDES.findall(text)), "").upper().replace("O", "W")  # oeste, ouest
    signed = "-" in text or "+" in text
    return _Angle(-degrees if "-" in text else degrees, side, signed)


def _readings(first: _Angle, second: _Angle) -> Iterator[Read]:
    if first.side and second.side:
        lat, lon = (first, second) if first.side in "NS" else (second, first)
        if lat.side in "NS" and lon.side in "EW":
            y = abs(lat.degrees) * (1 if lat.side == "N" else -1)
            x = abs(lon.degrees) * (1 if lon.side == "E" else -1)
            if _on_globe(y, x):
                yield Read(LonLat(x, y), "latitude, longitude")
        return
    for lat, lon, order in ((first, second, "latitude, longitude"), (second, first, "longitude, latitude")):
        if _on_globe(lat.degrees, lon.degrees):
            yield Read(LonLat(lon.degrees, lat.degrees), order)
    for lat, lon, order in ((first, second, "latitude, longitude"), (second, first, "longitude, latitude")):
        for y, x in product(_either_way(lat), _either_way(lon)):
            if _on_globe(y, x) and (y, x) != (lat.degrees, lon.degrees):
                yield Read(LonLat(x, y), f"{order}; signs as in this area")


def _either_way(angle: _Angle) -> tuple[float, ...]:
    """Return an angle with the sign that was said, or with both where none was."""
    return (angle.degrees,) if angle.signed else (angle.degrees, -angle.degrees)


def _on_globe(lat_deg: float, lon_deg: float) -> bool:
    return abs(lat_deg) <= 90 and abs(lon_deg) <= 180


# --- grid references --------------------------------------------------------------------------------


def read_grid(text: str, near: list[LonLat]) -> list[Read]:
    """Return every reading of a text as a USNG reference; what it leaves out is taken from the places near.

    Parameters
    ----------
    text : str
        ``21H WB 7619 3838``, ``WB 7619 3838``, or on the radio ``7619 3838``.
    near : list of LonLat
        Places of the area, which say its grid zones and squares.
    """
    match = _GRID.fullmatch(text)
    if match is None or (match["zone"] and not match["square"]):
        return []
    digits = "".join(match["digits"].split())
    least = 4 if match["square"] else _LEAST_DIGITS
    halves = match["digits"].split()
    if len(digits) % 2 or not least <= len(digits) <= _MOST_DIGITS:
        return []
    if len(halves) > _PAIR or (len(halves) == _PAIR and len(halves[0]) != len(halves[1])):
        return []
    found = []
    for zone, square in dict.fromkeys(tuple(usng(place).split()[:2]) for place in near):
        whole = f"{match['zone'] or zone} {match['square'] or square} {digits}".upper()
        try:
            place = from_usng(whole)
        except IncidentError:
            continue  # no such square in this zone
        half = len(digits) // 2
        found.append(Read(place, f"USNG {' '.join(whole.split()[:-1])} {digits[:half]} {digits[half:]}"))
    return list(dict.fromkeys(found))
