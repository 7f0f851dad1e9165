"""The polygon that an import keeps within, from a GeoJSON file."""

from __future__ import annotations

from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from planner.errors import SourceError

_REMEDY = "Give a GeoJSON file with a polygon in degrees, longitude first"
_MOST_BYTES = 50_000_000


def read_polygon(path: Path) -> BaseGeometry:
    """Read the polygons of a GeoJSON file (geometry, feature or collection) as one.

    Raises
    ------
    SourceError
        If it is missing or no GeoJSON, or its polygons are none on the globe.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{path.name} is too large for a polygon", _REMEDY)
        read = shapely.from_geojson(path.read_text(encoding="utf-8"))
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path.name} cannot be read ({error.strerror})", "Check the name") from error
    except (shapely.errors.GEOSException, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name} is no GeoJSON", _REMEDY) from error
    parts = shapely.get_parts(shapely.make_valid(shapely.force_2d(read)))
    polygons = [part for part in _flat(list(parts)) if shapely.get_dimensions(part) == 2]
    ground = shapely.union_all(polygons)
    if ground.is_empty:
        raise SourceError(f"{path.name} has no polygon in it", _REMEDY)
    west, south, east, north = ground.bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise SourceError(f"the polygon of {path.name} is not on the globe", _REMEDY)
    return ground


def _flat(parts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Take collections apart, however deep."""
    whole = [part for part in parts if not hasattr(part, "geoms")]
    inner = [one for part in parts if hasattr(part, "geoms") for one in part.geoms]
    return whole + (_flat(inner) if inner else [])
