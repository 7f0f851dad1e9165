"""The place of an attack: which mapped building or ground was tapped, and from where one sees out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.geo import LonLat
from planner.table import Table
from planner.terms import PlaceKind

Floats = NDArray[np.float64]

HALL_KINDS = (
    PlaceKind.SCHOOL,
    PlaceKind.COLLEGE,
    PlaceKind.WORSHIP,
    PlaceKind.COMMUNITY_CENTRE,
    PlaceKind.CONFERENCE_CENTRE,
    PlaceKind.STADIUM,
    PlaceKind.SPORTS_CENTRE,
    PlaceKind.HOTEL,
    PlaceKind.LIBRARY,
    PlaceKind.THEATRE,
    PlaceKind.TOWNHALL,
)
"""Where many people can wait under a roof (``domain.md`` 2.9)."""

TARGET_KINDS = (
    *HALL_KINDS,
    PlaceKind.KINDERGARTEN,
    PlaceKind.MALL,
    PlaceKind.SUPERMARKET,
    PlaceKind.BUS_STATION,
    PlaceKind.MARKETPLACE,
    PlaceKind.HOSPITAL,
    PlaceKind.CLINIC,
    PlaceKind.OFFICE,
    PlaceKind.NIGHTCLUB,
    PlaceKind.STATION,
    PlaceKind.COURTHOUSE,
    PlaceKind.GOVERNMENT_OFFICE,
)
"""Grounds that are taken whole when tapped: where people gather under one roof or behind one fence."""

_FACADE_GAP_M = 0.25
_OUTLINE_TOLERANCE_M = 1.0
_NAME_LENGTH = 80


@dataclass(frozen=True, eq=False)
class Target:
    """A place of attack.

    Parameters
    ----------
    footprint_m : geometry
        The ground or building, or the point itself.
    structure_m : geometry
        What radii are measured from: the buildings of the ground and the place tapped, else the footprint.
    name : str
        For people, "" where the map has none.
    what : str
        "the school", "the building", "the point tapped".
    """

    footprint_m: BaseGeometry
    structure_m: BaseGeometry
    name: str
    what: str

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        return self.name or self.what


def find_target(location: LonLat, area: Area, max_m2: float, *, grounds: bool = True) -> Target:
    """Find what was tapped: the smallest ground of a gathering place, else the building, else the point.

    Parameters
    ----------
    location : LonLat
    area : Area
    max_m2 : float
        Grounds and buildings larger than this are not taken whole.
    grounds : bool
        False looks for buildings only: a bag in a school yard is not the whole school.
    """
    point = Point(area.frame.point_m(location))
    ground = _smallest_around(area.places_of(*TARGET_KINDS), point, max_m2) if grounds else None
    building = _smallest_around(area.buildings, point, max_m2)
    if ground is not None:
        footprint, name, kind = ground
        inside = _buildings_of(footprint, area)
        # Radii also start from the very place that was tapped: a yard is a place of attack as well.
        structure = shapely.union(inside, point) if not inside.is_empty else footprint
        return Target(footprint.union(structure), structure, name, f"the {kind.replace('_', ' ')}")
    if building is not None:
        footprint, name, _ = building
        return Target(footprint, footprint, name or _name_within(footprint, area), "the building")
    return Target(point, point, "", "the point tapped")


def _smallest_around(table: Table, point: Point, max_m2: float) -> tuple[BaseGeometry, str, str] | None:
    shapes = table.shapes
    rows = np.sort(table.tree.query(point))  # whose boxes hold it: not all of a metro is looked through
    rows = rows[shapely.get_dimensions(shapes[rows]) == 2]
    rows = rows[[bool(shapely.make_valid(shapes[row]).intersects(point)) for row in rows]]
    rows = rows[shapely.area(shapes[rows]) <= max_m2]
    if len(rows) == 0:
        return None
    row = rows[np.argmin(shapely.area(shapes[rows]))]
    outline = shapely.buffer(shapely.make_valid(shapes[row]), 0)
    return outline, tidy(table["name"][row]), str(table["kind"][row])


def buildings_meeting(ground: BaseGeometry, area: Area) -> NDArray[np.object_]:
    """Return the buildings that meet a geometry, repaired, in table order."""
    rows = np.sort(area.buildings.tree.query(ground, predicate="intersects"))
    shapes = shapely.make_valid(area.buildings.shapes[rows])
    solid: NDArray[np.object_] = shapes[shapely.get_dimensions(shapes) == 2]
    return solid


def _buildings_of(footprint: BaseGeometry, area: Area) -> BaseGeometry:
    """Union of the buildings that lie for the greater part on a ground."""
    shapes = buildings_meeting(footprint, area)
    whole = shapely.area(shapes)
    mostly = shapes[shapely.area(shapely.intersection(shapes, footprint)) > 0.5 * whole]
    return shapely.buffer(shapely.union_all(mostly), 0)


def _name_within(footprint: BaseGeometry, area: Area) -> str:
    """Name of a gathering place that is mapped as a point in the building."""
    places = area.places_of(*TARGET_KINDS)
    rows = np.sort(places.tree.query(footprint, predicate="intersects"))
    for row in rows:
        if places.shapes[row].geom_type == "Point" and places["name"][row]:
            return tidy(places["name"][row])
    return ""


def tidy(name: object) -> str:
    """Return a name from the map as one short line of printable characters."""
    text = str(name or "")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:_NAME_LENGTH]


def sight_points(ground: BaseGeometry, area: Area, spacing_m: float) -> Floats:
    """Return places (n, 2) from which somebody in a ground looks out.

    Corners of the ground's outline and every ``spacing_m`` of it, and the same on the facades of
    the buildings that stand in it or on its edge, each a hair outside its wall.
    """
    if ground.geom_type == "Point":
        return shapely.get_coordinates(ground)
    facades = shapely.union_all(shapely.simplify(buildings_meeting(ground, area), _OUTLINE_TOLERANCE_M))
    shells = [_outline(ground, spacing_m), _outline(facades, spacing_m)]
    points = np.vstack(shells)
    if not facades.is_empty:
        shapely.prepare(facades)
        outside = shapely.disjoint(facades, shapely.points(points))
        points = points[outside] if outside.any() else points
    return points


def _outline(shape: BaseGeometry, spacing_m: float) -> Floats:
    if shape.is_empty:
        return np.empty((0, 2))
    shell = shapely.buffer(shapely.simplify(shape, _OUTLINE_TOLERANCE_M), _FACADE_GAP_M, join_style="mitre")
    rings = shapely.get_rings(shapely.get_parts(shell))
    return shapely.get_coordinates(shapely.segmentize(rings, spacing_m))


def thin(points: Floats, most: int) -> Floats:
    """Return at most so many of the points, evenly along their order."""
    if len(points) <= most:
        return points
    # more than one place apart, so that no two of them are rounded to the same
    return points[(np.arange(most) * ((len(points) - 1) / max(most - 1, 1))).round().astype(np.int64)]
