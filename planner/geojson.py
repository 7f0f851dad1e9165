"""GeoJSON at the door: read strictly, with one clear error, and written so that reading gives it back.

Follows RFC 7946: longitude first, exterior rings counter-clockwise, closed, 7 decimals. Reading forgives
what cannot be misunderstood (a ring left open, a ring the wrong way round, a height after the two
coordinates) and refuses the rest.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from planner.errors import IncidentError
from planner.geo import DECIMALS, LonLat, degrees_of
from planner.model import Ring, Rings, Shape

MAX_BYTES = 20_000_000
"""A document larger than this is no incident: a polygon of 100,000 corners takes some 4 MB."""
_SHOWN = 40
_MAX_NUMBER = 1e300
_MIN_CORNERS = 3
_HALF_TURN_DEG = 180.0
_FARTHEST_DEG = (_HALF_TURN_DEG, 90.0)

Json = dict[str, Any]


def fail(where: str, problem: str, remedy: str) -> NoReturn:
    """Raise the one error of this module, saying where in the document the problem is."""
    raise IncidentError(f"{where}: {problem}", remedy)


def shown(value: object) -> str:
    """Quote a piece of a document in a message: short, ASCII, on one line, whatever it holds."""
    if isinstance(value, str):
        return json.dumps(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float) and abs(value) <= _MAX_NUMBER:
        return f"{value:.12g}"
    return f"a {type(value).__name__}"


# --- text ---------------------------------------------------------------------------------------


def parse(text: str | bytes) -> Any:
    """Read strict JSON.

    Parameters
    ----------
    text : str or bytes
        UTF-8, at most 20 MB.

    Raises
    ------
    IncidentError
        If it is too large, not UTF-8, not JSON, nested too deeply, names a member twice, or holds NaN or
        Infinity, which JSON does not know.
    """
    if len(text) > MAX_BYTES:
        fail(
            "the document", f"is larger than {MAX_BYTES // 1_000_000} MB", "Send only the incident's features"
        )
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=_members, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise IncidentError("the document is not UTF-8 text", "Save it as GeoJSON in UTF-8") from error
    except json.JSONDecodeError as error:
        problem = f"the document is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise IncidentError(problem, "Mend it there, or save it again as GeoJSON") from error
    except RecursionError as error:
        raise IncidentError("the document is nested too deeply", "Save it again as plain GeoJSON") from error
    except ValueError as error:  # an integer of thousands of digits
        if isinstance(error, IncidentError):
            raise
        raise IncidentError("a number in the document has too many digits", "Mend or remove it") from error


def _members(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        fail("the document", f"member {shown(twice)} is given twice in one object", "Keep one of the two")
    return members


def _no_constant(name: str) -> NoReturn:
    fail(
        "the document", f"{name} is not a number that JSON knows", "Give a finite number, or null for unknown"
    )


# --- values -------------------------------------------------------------------------------------


def as_object(value: object, where: str) -> Json:
    """Return a JSON object, or say that this is none."""
    if not isinstance(value, dict):
        fail(where, f"{shown(value)} is not an object", "Write it as {...}")
    return value


def as_list(value: object, where: str) -> Sequence[Any]:
    """Return a JSON array, or say that this is none."""
    if not isinstance(value, list | tuple):
        fail(where, f"{shown(value)} is not a list", "Write it as [...]")
    return value


def as_number(value: object, where: str) -> float:
    """Return a finite number, or say that this is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        fail(where, f"{shown(value)} is not a number", "Give a number without quotes")
    if not abs(value) <= _MAX_NUMBER:  # so written, NaN and an integer beyond all floats fail as well
        fail(where, "a number is not finite", "Give a finite number, or null for unknown")
    return float(value)


def as_place(value: object, where: str) -> LonLat:
    """Return a position, rounded as documents write it; a height after the two coordinates is dropped."""
    pair = as_list(value, where)
    if len(pair) < 2:
        fail(where, f"position {shown(value)} has fewer than two numbers", "Give [longitude, latitude]")
    lon, lat = as_number(pair[0], where), as_number(pair[1], where)
    if abs(lon) <= 90 < abs(lat) <= 180:
        problem = f"latitude {lat:g} is out of range: the coordinates look swapped"
        fail(where, problem, "Give longitude first, then latitude, in degrees")
    if not (abs(lon) <= 180 and abs(lat) <= 90):
        problem = f"position {lon:g}, {lat:g} is not on the globe"
        fail(where, problem, "Give longitude, then latitude, in WGS 84 degrees")
    return LonLat(lon, lat).rounded()


# --- geometry -----------------------------------------------------------------------------------


def read_shape(geometry: object, allowed: Sequence[str], where: str) -> Shape:
    """Read a GeoJSON geometry.

    Parameters
    ----------
    geometry : object
        As parsed from JSON.
    allowed : sequence of str
        Geometry types that make sense here.
    where : str
        For the message: which feature.

    Raises
    ------
    IncidentError
        If it is no geometry, of another type, or impossible.
    """
    if geometry is None:
        fail(where, "has no geometry", f"Give it a {' or '.join(allowed)}")
    kind = as_object(geometry, where).get("type")
    if not isinstance(kind, str) or kind not in allowed:
        fail(where, f"geometry type {shown(kind)} does not fit here", f"Give it a {' or '.join(allowed)}")
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    return _READERS[kind](coordinates, where)


def _read_many(value: object, where: str) -> Sequence[Any]:
    parts = as_list(value, where)
    if not parts:
        fail(where, "its geometry is empty", "Draw it, or remove the feature")
    return parts


def _read_line(value: object, where: str) -> tuple[LonLat, ...]:
    line = tuple(as_place(position, where) for position in as_list(value, where))
    if len(line) < 2:
        fail(where, f"its line has {len(line)} places", "Give at least two")
    return line


def _read_polygon(value: object, where: str) -> Rings:
    rings = _read_many(value, where)
    return tuple(_read_ring(ring, where, exterior=i == 0) for i, ring in enumerate(rings))


def _read_ring(value: object, where: str, *, exterior: bool) -> Ring:
    ring = tuple(as_place(position, where) for position in as_list(value, where))
    corners = len(set(ring))
    if corners < _MIN_CORNERS:
        noun = "place" if corners == 1 else "different places"
        fail(where, f"its polygon has {corners} {noun} and encloses nothing", "Draw at least three corners")
    closed = ring if ring[0] == ring[-1] else (*ring, ring[0])
    return wound(closed, exterior=exterior)


_READERS: dict[str, Callable[[object, str], Shape]] = {
    "Point": lambda value, where: Shape(points=(as_place(value, where),)),
    "MultiPoint": lambda value, where: Shape(
        points=tuple(as_place(p, where) for p in _read_many(value, where))
    ),
    "LineString": lambda value, where: Shape(lines=(_read_line(value, where),)),
    "MultiLineString": lambda value, where: Shape(
        lines=tuple(_read_line(line, where) for line in _read_many(value, where))
    ),
    "Polygon": lambda value, where: Shape(polygons=(_read_polygon(value, where),)),
    "MultiPolygon": lambda value, where: Shape(
        polygons=tuple(_read_polygon(rings, where) for rings in _read_many(value, where))
    ),
}


def wound(ring: Ring, *, exterior: bool) -> Ring:
    """Return a closed ring wound as RFC 7946 asks: exterior counter-clockwise, holes clockwise."""
    counter_clockwise = _area_deg2(ring) > 0
    clockwise = _area_deg2(ring) < 0
    return ring[::-1] if (clockwise if exterior else counter_clockwise) else ring


def _area_deg2(ring: Ring) -> float:
    """Signed area, positive counter-clockwise. Exact sums: a ring reversed gives minus the same.

    Longitudes are taken as they lie from the first, the short way round: a ring across 180 degrees would be
    wound the other way round the globe.
    """
    lon0, lat0 = ring[0]
    from_first = [(_short_way(place.lon_deg - lon0), place.lat_deg - lat0) for place in ring]
    return math.fsum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(from_first))


def _short_way(turn_deg: float) -> float:
    """Return a difference of two longitudes between -180 and 180."""
    return turn_deg if abs(turn_deg) <= _HALF_TURN_DEG else turn_deg - math.copysign(360.0, turn_deg)


def geometry(shape: Shape) -> Json:
    """Write a shape as a GeoJSON geometry; a single part is written without its Multi.

    Raises
    ------
    IncidentError
        If the shape is empty, mixed, or has a coordinate that is not on the globe.
    """
    parts = (("Point", shape.points), ("LineString", shape.lines), ("Polygon", shape.polygons))
    filled = [(kind, part) for kind, part in parts if part]
    if len(filled) != 1:
        raise IncidentError("a shape is neither point, line nor polygon", "Give it exactly one of the three")
    kind, part = filled[0]
    coordinates = [_WRITERS[kind](piece) for piece in part]
    if len(coordinates) == 1:
        return {"type": kind, "coordinates": coordinates[0]}
    return {"type": f"Multi{kind}", "coordinates": coordinates}


def position(place: LonLat) -> list[float]:
    """Write a position: 7 decimals, no minus zero."""
    return list(place.checked().rounded())


def _polygon(rings: Rings) -> list[list[list[float]]]:
    placed = (tuple(LonLat(*position(place)) for place in ring) for ring in rings)
    return [[list(place) for place in wound(ring, exterior=i == 0)] for i, ring in enumerate(placed)]


def _line(line: Sequence[LonLat]) -> list[list[float]]:
    """Write a line as :func:`position` writes each place: all at once where that changes nothing in them."""
    degrees = degrees_of(line)
    if (np.abs(degrees) <= _FARTHEST_DEG).all() and (np.round(degrees, DECIMALS) == degrees).all():
        written: list[list[float]] = (degrees + 0.0).tolist()
        return written
    return [position(place) for place in line]


_WRITERS: dict[str, Callable[[Any], Any]] = {
    "Point": position,
    "LineString": _line,
    "Polygon": _polygon,
}
