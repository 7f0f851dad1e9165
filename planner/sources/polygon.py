"""The polygon that an import keeps within, from GeoJSON or a file of the kind that extracts are cut by."""

from __future__ import annotations

from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import SourceError
from planner.sources.meridian import checked_box, laid_together

_REMEDY = "Give a GeoJSON file with a polygon in degrees, longitude first, or the .poly file of an extract"
_POLY = ".poly"
_MOST_BYTES = 50_000_000


def read_polygon(path: Path) -> BaseGeometry:
    """Read the polygons of a file as one: GeoJSON (geometry, feature or collection), or Osmosis' .poly.

    The latter lies beside each extract of download.geofabrik.de, and says where that ends
    (wiki.openstreetmap.org/wiki/Osmosis/Polygon_Filter_File_Format).

    Raises
    ------
    SourceError
        If it is missing or of neither format, or its polygons are none on the globe.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{path.name} is too large for a polygon", _REMEDY)
        text = path.read_text(encoding="utf-8")
        is_poly = path.name.lower().endswith(_POLY)
        read = _read_poly(text) if is_poly else shapely.from_geojson(text)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path.name} cannot be read ({error.strerror})", "Check the name") from error
    except (shapely.errors.ShapelyError, ValueError) as error:
        told = f"is no {_POLY} file" if path.name.lower().endswith(_POLY) else "is no GeoJSON"
        raise SourceError(f"{path.name} {told}", _REMEDY) from error
    parts = shapely.get_parts(shapely.make_valid(shapely.force_2d(read)))
    polygons = [part for part in _flat(list(parts)) if shapely.get_dimensions(part) == 2]
    if not polygons:
        raise SourceError(f"{path.name} has no polygon in it", _REMEDY)
    ground = shapely.union_all(list(laid_together(polygons)))
    try:
        checked_box(ground.bounds)
    except SourceError as error:
        raise SourceError(f"the polygon of {path.name} is not on the globe", _REMEDY) from error
    return ground


def _read_poly(text: str) -> BaseGeometry:
    """Read rings of places, one a line, each ring headed by its name and ended by END; ! heads a hole.

    Raises
    ------
    ValueError
        If the text is of another form.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    rings: dict[bool, list[BaseGeometry]] = {True: [], False: []}
    at = 1  # after the name of it all
    while at < len(lines) and lines[at] != "END":
        end = lines.index("END", at)
        places = [tuple(map(float, line.split())) for line in lines[at + 1 : end]]
        rings[lines[at].startswith("!")].append(shapely.make_valid(shapely.Polygon(places)))
        at = end + 1
    if at >= len(lines):
        raise ValueError("it does not end")
    return shapely.union_all(rings[False]).difference(shapely.union_all(rings[True]))


def _flat(parts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Take collections apart, however deep."""
    whole = [part for part in parts if not hasattr(part, "geoms")]
    inner = [one for part in parts if hasattr(part, "geoms") for one in part.geoms]
    return whole + (_flat(inner) if inner else [])
