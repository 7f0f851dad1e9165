"""The polygon that an import keeps within, from GeoJSON or a file of the kind that extracts are cut by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from planner import geojson, words
from planner.errors import IncidentError, SourceError
from planner.sources.meridian import checked_box, laid_together

_REMEDY = "Give a GeoJSON file with a polygon in degrees, longitude first, or the .poly file of an extract"
_POLY = ".poly"
_MOST_BYTES = geojson.MAX_BYTES
_SLIVER_DEG2 = 1e-10
"""About a square metre: a stroke that runs a little past where it began cuts off no more."""


def read_polygon(path: Path, tell: Callable[[str], None]) -> BaseGeometry:
    """Read the polygons of a file as one: GeoJSON (geometry, feature or collection), or Osmosis' .poly.

    The latter lies beside each extract of download.geofabrik.de, and says where that ends
    (wiki.openstreetmap.org/wiki/Osmosis/Polygon_Filter_File_Format). An outline that crosses itself is taken
    as all the ground that it goes around, as one that is drawn on the map.

    Parameters
    ----------
    path : Path
    tell : callable
        Called with what an outline that crosses itself was taken as.

    Raises
    ------
    SourceError
        If it is missing or of neither format, or its polygons are none on the globe.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{path.name} is too large for a polygon", _REMEDY)
        text = path.read_text(encoding="utf-8-sig")
        is_poly = path.name.lower().endswith(_POLY)
        drawn, holes = _read_poly(text) if is_poly else ([_read_geojson(text)], [])
        ground = _taken(path.name, drawn, tell).difference(_taken(path.name, holes, tell))
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path.name} cannot be read ({error.strerror})", "Check the name") from error
    except IncidentError as error:
        raise SourceError(f"{path.name} is no GeoJSON: {error.message}", _REMEDY) from error
    except (shapely.errors.ShapelyError, ValueError) as error:
        told = f"is no {_POLY} file" if path.name.lower().endswith(_POLY) else "is no GeoJSON"
        raise SourceError(f"{path.name} {told}", _REMEDY) from error
    polygons = [part for part in _flat([ground]) if shapely.get_dimensions(part) == 2]
    if not polygons:
        raise SourceError(f"{path.name} has no polygon in it", _REMEDY)
    ground = shapely.union_all(list(laid_together(polygons)))
    try:
        checked_box(ground.bounds)
    except SourceError as error:
        raise SourceError(f"the polygon of {path.name} is not on the globe", _REMEDY) from error
    return ground


def _taken(name: str, drawn: list[BaseGeometry], tell: Callable[[str], None]) -> BaseGeometry:
    """Join outlines to one ground; one that crosses itself is all that it goes around, and that is told."""
    outlines = _flat([shapely.force_2d(shape) for shape in drawn])
    taken = [shapely.make_valid(outline, method="structure", keep_collapsed=False) for outline in outlines]
    crossed = [ground for outline, ground in zip(outlines, taken, strict=True) if _crosses(outline, ground)]
    if crossed:
        pieces = sum(map(_pieces, crossed))
        tell(
            f"The outline in {name} crosses itself: it was taken as all ground within it, in "
            f"{words.count(pieces, 'piece')}. Draw it again if that is not what was meant"
        )
    return shapely.union_all(taken)


def _crosses(outline: BaseGeometry, ground: BaseGeometry) -> bool:
    """Whether an outline crosses itself so that it could be taken for other ground than it was."""
    if outline.is_valid or not (pieces := _pieces(ground)):
        return False
    by_even_and_odd = shapely.make_valid(outline).area
    return pieces > 1 or abs(by_even_and_odd - ground.area) > _SLIVER_DEG2


def _pieces(ground: BaseGeometry) -> int:
    return int((shapely.area(shapely.get_parts(ground)) > _SLIVER_DEG2).sum())


def _read_geojson(text: str) -> BaseGeometry:
    """Read GeoJSON that is nested no deeper than Python reads it: GEOS would call itself till it ends us."""
    geojson.parse(text)
    return shapely.from_geojson(text)


def _read_poly(text: str) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """Read rings of places and holes, one place a line, each ring headed by its name and ended by END.

    ! heads a hole.

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
        rings[lines[at].startswith("!")].append(shapely.Polygon(places))
        at = end + 1
    if at >= len(lines):
        raise ValueError("it does not end")
    return rings[False], rings[True]


def _flat(parts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Take collections apart, however deep."""
    whole: list[BaseGeometry] = []
    while parts:
        whole += [part for part in parts if not hasattr(part, "geoms")]
        parts = [one for part in parts if hasattr(part, "geoms") for one in part.geoms]
    return whole
