"""Which streets the outer perimeter closes to the public, as lines in the direction of traffic.

All that can be driven within the outer perimeter is closed, tunnels and bridges too (the plan says so where
there are any); a gate lets units through, not the public. Streets are cut at the line of the perimeter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m, line_of
from planner.geo import LonLat
from planner.model import Plan, Shape
from planner.terms import PerimeterName, RoadClass
from planner.words import plain

_LEAST_M = 1.0
"""A street that only touches the line is not closed."""
_HEADINGS = ("north", "east", "south", "west")


@dataclass(frozen=True)
class ClosedStreet:
    """One street, closed in one direction.

    Parameters
    ----------
    street : str
        Its name, or what kind of street it is where it has none.
    heading : str
        ``north``, ``east``, ``south``, ``west``: from its first place to its last; "" when it ends where it
        begins.
    line : tuple of LonLat
        Along the road, in the direction of travel.
    """

    street: str
    heading: str
    line: tuple[LonLat, ...]


def closed_streets(plan: Plan, area: Area) -> tuple[ClosedStreet, ...]:
    """Return what is closed, by street, heading and place.

    Service ways without a name (drives, aisles of car parks) are left out: whoever cannot drive the streets
    does not reach them.
    """
    rings = [line.rings for line in plan.perimeters if line.perimeter is PerimeterName.OUTER]
    ground_m = shapely.union_all([shapely.make_valid(g) for g in _polygons_m(rings, area)])
    network = area.network
    edges = np.flatnonzero(network.edges_meeting(ground_m) & network.drivable)
    service = network.road_class == RoadClass.SERVICE
    edges = edges[~(service[edges] & (network.name_index[edges] == 0))]
    inside = shapely.intersection(network.lines(edges), ground_m)
    found = [
        ClosedStreet(plain(street), _heading(line), line_of(shapely.get_coordinates(line), area.frame))
        for street, line in _by_street(area, edges, inside)
        if line.length >= _LEAST_M
    ]
    return tuple(sorted(found, key=lambda one: (one.street, one.heading, one.line)))


def _polygons_m(rings: Iterable[tuple[tuple[LonLat, ...], ...]], area: Area) -> list[BaseGeometry]:
    return geometries_m(Shape(polygons=tuple(rings)), area.frame)


def _by_street(
    area: Area, edges: NDArray[np.int64], inside: NDArray[np.object_]
) -> Iterator[tuple[str, BaseGeometry]]:
    """Join what is closed of each street into lines, in each direction in which it may be driven."""
    one_way: dict[str, list[BaseGeometry]] = {}
    two_way: dict[str, list[BaseGeometry]] = {}
    for edge, piece in zip(edges, inside, strict=True):
        street, way = area.network.street(edge), area.network.oneway[edge]
        home = two_way if way == 0 else one_way
        home.setdefault(street, []).extend(_lines(shapely.reverse(piece) if way < 0 else piece))
    for street, pieces in one_way.items():
        yield from ((street, line) for line in _joined(pieces, directed=True))
    for street, pieces in two_way.items():
        for line in _joined(pieces, directed=False):
            yield street, line
            yield street, shapely.reverse(line)


def _lines(geometry: Any) -> list[BaseGeometry]:
    parts = shapely.get_parts(geometry)
    return [part for part in parts if part.geom_type == "LineString" and part.length > 0]


def _joined(pieces: list[BaseGeometry], *, directed: bool) -> list[BaseGeometry]:
    return _lines(shapely.line_merge(shapely.multilinestrings(pieces), directed=directed)) if pieces else []


def _heading(line: BaseGeometry) -> str:
    (x0, y0), (x1, y1) = line.coords[0], line.coords[-1]
    if (x0, y0) == (x1, y1):
        return ""
    bearing_deg = math.degrees(math.atan2(x1 - x0, y1 - y0)) % 360.0
    return _HEADINGS[round(bearing_deg / 90.0) % 4]
