"""Which streets the outer perimeter closes to the public, as lines in the direction of traffic.

All that can be driven within the outer perimeter is closed, tunnels and bridges too (the plan says so where
there are any); a gate lets units through, not the public. Streets are cut at the line of the perimeter; a
tunnel or bridge that it crosses is closed from end to end, but for motorways: nobody turns off within.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m, line_of
from planner.geo import LonLat, corners
from planner.model import Plan, Shape
from planner.terms import PerimeterName, RoadClass
from planner.words import plain

Objects = NDArray[np.object_]

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
    spans = (network.tunnel | network.bridge)[edges] & (network.road_class[edges] > RoadClass.MOTORWAY_LINK)
    streets, lines = _by_street(area, edges, _inside(network.lines(edges), ground_m, spans))
    kept = np.flatnonzero(shapely.length(lines) >= _LEAST_M)
    names = [plain(streets[number]) for number in kept]
    found = map(ClosedStreet, names, _headings(lines[kept]), _places(lines[kept], area))
    return tuple(sorted(found, key=lambda one: (one.street, one.heading, one.line)))


def _polygons_m(rings: Iterable[tuple[tuple[LonLat, ...], ...]], area: Area) -> list[BaseGeometry]:
    return geometries_m(Shape(polygons=tuple(rings)), area.frame)


def _inside(lines: Objects, ground_m: BaseGeometry, whole: NDArray[np.bool_]) -> Objects:
    """Cut lines at the rim of the ground, but for some; few cross it."""
    cut = lines.copy()
    shapely.prepare(ground_m)
    crosses = ~shapely.contains_properly(ground_m, lines) & ~whole
    cut[crosses] = shapely.intersection(lines[crosses], ground_m)
    return cut


def _by_street(area: Area, edges: NDArray[np.int64], inside: Objects) -> tuple[list[str], Objects]:
    """Join what is closed of each street into lines, in each direction in which it may be driven."""
    pieces, owner = shapely.get_parts(inside, return_index=True)
    is_line = (shapely.get_type_id(pieces) == shapely.GeometryType.LINESTRING) & (shapely.length(pieces) > 0)
    one_way: dict[str, list[BaseGeometry]] = {}
    two_way: dict[str, list[BaseGeometry]] = {}
    for piece, edge in zip(pieces[is_line], edges[owner[is_line]], strict=True):
        way = area.network.oneway[edge]
        home = two_way if way == 0 else one_way
        home.setdefault(area.network.street(edge), []).append(shapely.reverse(piece) if way < 0 else piece)
    streets, lines = _joined(one_way, directed=True)
    both, there = _joined(two_way, directed=False)
    return streets + both + both, np.concatenate([lines, there, shapely.reverse(there)])


def _joined(by_street: dict[str, list[BaseGeometry]], *, directed: bool) -> tuple[list[str], Objects]:
    streets = list(by_street)
    gathered = np.array([shapely.multilinestrings(pieces) for pieces in by_street.values()], dtype=object)
    lines, owner = shapely.get_parts(shapely.line_merge(gathered, directed=directed), return_index=True)
    return [streets[number] for number in owner], lines


def _places(lines: Objects, area: Area) -> list[tuple[LonLat, ...]]:
    """Return the places along each line; all are converted at once."""
    xy_m, ends = corners(lines)
    places = line_of(xy_m, area.frame) if len(lines) else ()
    return [places[start:end] for start, end in pairwise(ends)]


def _headings(lines: Objects) -> list[str]:
    """Say which way each line runs from its first place to its last; "" for one that ends where it begins."""
    along = shapely.get_coordinates(shapely.get_point(lines, -1)) - shapely.get_coordinates(
        shapely.get_point(lines, 0)
    )
    quarter = np.round(np.degrees(np.arctan2(along[:, 0], along[:, 1])) / 90.0).astype(int) % 4
    return [_HEADINGS[q] if east or north else "" for q, (east, north) in zip(quarter, along, strict=True)]
