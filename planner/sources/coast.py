"""The sea, which OpenStreetMap has no ground of: only coastlines, with the land to their left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]

COASTLINE = "coastline"
"""Value of ``natural`` on coastlines."""
_UNIT_DEG = 1e-7
"""Coordinates are in units of so many degrees, as OpenStreetMap's own."""
_BESIDE_DEG = 2e-6
"""So far to each side of a coastline, some 0.2 m, it is asked which piece of the map lies there."""
_CELL_DEG = 0.02
"""The sea is cut into squares of this side: what asks for water near by shall not look at all of it."""


def sea_of(coast_deg: Sequence[BaseGeometry], bounds_deg: Box) -> list[BaseGeometry]:
    """Return the sea within a box as polygons in degrees; none where the coastlines do not tell.

    The coastlines cut the box into pieces. A piece is sea where it lies to the right of all coastlines beside
    it; one that lies to the left of any, as where a coastline ends within the box, is not known to be sea.

    Parameters
    ----------
    coast_deg : sequence of LineString
        Ways tagged ``natural=coastline``, in their own direction: land left, water right
        (wiki.openstreetmap.org/wiki/Tag:natural=coastline).
    bounds_deg : tuple of float
        West, south, east, north.
    """
    frame = box(*bounds_deg)
    lines = np.array([line for line in coast_deg if line.intersects(frame)], dtype=object)
    if len(lines) == 0:
        return []
    cuts = shapely.union_all([*lines, frame.exterior], grid_size=_UNIT_DEG)
    pieces = shapely.get_parts(shapely.polygonize([cuts]))
    pieces = pieces[shapely.within(shapely.point_on_surface(pieces), frame)]
    right, left = (_counted(pieces, spots) for spots in _beside(lines, bounds_deg))
    sea = shapely.union_all(pieces[(right > 0) & (left == 0)])
    return [part for part in _in_squares(sea) if part.area > 0]


def _beside(lines: NDArray[np.object_], bounds_deg: Box) -> tuple[Floats, Floats]:
    """Return spots to the right and to the left of each straight stretch of the coastlines in the box."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    along = (xy[1:] - xy[:-1])[same]
    stretches = shapely.linestrings(np.stack([xy[:-1][same], xy[1:][same]], axis=1))
    within = np.asarray(shapely.clip_by_rect(stretches, *bounds_deg))
    long = shapely.length(within) > 4 * _BESIDE_DEG
    middle, along = shapely.get_coordinates(shapely.centroid(within[long])), along[long]
    along /= np.hypot(*along.T)[:, None]
    to_right = np.column_stack([along[:, 1], -along[:, 0]]) * _BESIDE_DEG
    return middle + to_right, middle - to_right


def _counted(pieces: NDArray[np.object_], spots: Floats) -> NDArray[np.int64]:
    """Count how many of the spots lie in each piece."""
    piece, _ = shapely.STRtree(np.asarray(shapely.points(spots))).query(pieces, predicate="contains")
    return np.bincount(piece, minlength=len(pieces))


def _in_squares(ground: BaseGeometry) -> list[BaseGeometry]:
    """Cut a ground into squares of a grid that is the same for every map."""
    if ground.is_empty:
        return []
    west, south, east, north = np.floor(np.array(ground.bounds) / _CELL_DEG).astype(np.int64)
    shapely.prepare(ground)
    found: list[BaseGeometry] = []
    for column in range(west, east + 1):
        for row in range(south, north + 1):
            corner = np.array([column, row]) * _CELL_DEG
            square = box(*corner, *(corner + _CELL_DEG))
            if ground.intersects(square):
                cut = square if ground.contains(square) else ground.intersection(square, grid_size=_UNIT_DEG)
                found += [part for part in shapely.get_parts(cut) if shapely.get_dimensions(part) == 2]
    return found
