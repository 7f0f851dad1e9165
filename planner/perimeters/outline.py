"""How neat the line of a perimeter is: needles that it runs out and back along, and slits that it leaves."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

_HALF_M = 7.5
"""What is narrower than twice this is a needle or a slit."""
_LEAST_M = 30.0
"""Shorter ones are corners."""
_EDGE_M = 0.5
"""Rounding of corners by less than this is none."""


def needles_m(polygon: BaseGeometry) -> float:
    """Return the length of the parts of some ground narrower than 15 m, in metres, less those under 30 m."""
    opened = polygon.buffer(-_HALF_M, quad_segs=4).buffer(_HALF_M + _EDGE_M, quad_segs=4)
    return _length_m(polygon.difference(opened))


def slits_m(polygon: BaseGeometry) -> float:
    """Return the length of the gaps narrower than 15 m in some ground, in metres, less those under 30 m."""
    closed = polygon.buffer(_HALF_M, quad_segs=4).buffer(-_HALF_M, quad_segs=4)
    return _length_m(closed.difference(polygon.buffer(_EDGE_M, quad_segs=4)))


def _length_m(parts: BaseGeometry) -> float:
    lengths = shapely.length(shapely.get_parts(parts)) / 2
    return float(lengths[lengths > _LEAST_M].sum())
