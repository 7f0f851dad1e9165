"""All that is known about one place, checked once at birth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from planner.errors import AreaError
from planner.geo import DECIMALS, Frame, LonLat, near_deg
from planner.memory import KEPT_WITH_TABLES, Kept, Memory, kept_with
from planner.model import Ring, Rings, Shape
from planner.streets.network import StreetNetwork
from planner.streets.unread import UnreadRules
from planner.table import Table
from planner.terms import ObstacleKind, RoadClass

BUILDING_COLUMNS = ("osm_type", "osm_id", "name", "kind", "height_m", "levels", "min_height_m")
"""Building table: ``osm_type`` n/w/r, ``kind`` = the ``building`` tag, heights NaN where untagged."""
PLACE_COLUMNS = (
    "osm_type",
    "osm_id",
    "name",
    "kind",
    "address",
    "capacity",
    "surface",
    "access",
    "parking",
    "emergency",
    "beds",
    "speciality",
)
"""Place table: ``kind`` a PlaceKind value; point or polygon; untagged text is "", untagged numbers NaN."""
OBSTACLE_COLUMNS = ("osm_type", "osm_id", "kind", "height_m", "name")
"""Obstacle table: ``kind`` an ObstacleKind value; point, line or polygon; ``height_m`` NaN where untagged.
``name`` of streets under construction, "" of all else."""
_BEYOND_M = 2500.0
"""Water is looked for so far beyond the bounding box: no perimeter reaches further."""
_BEACH_M = 50.0
"""A strip between the bounding box and water up to twice as wide is a beach: no street is there."""
_REMEMBERED = 96
"""Steps of plans kept to be taken up after an edit: those of the last few plans."""
_ISO_DAY = len("2026-01-02")
_RIM_CELLS = 128
"""Of a grid over the map, in each direction."""


def iso_date(text: str) -> date | None:
    """Return the day that an ISO date or time begins with, None where it is none."""
    try:
        return date.fromisoformat(text[:_ISO_DAY])
    except ValueError:
        return None


@dataclass(frozen=True, eq=False)
class Area:
    """One place: streets, buildings, ground, hospitals, obstacles. Geometry in metres in ``frame``.

    Parameters
    ----------
    name : str
        As the user calls it.
    digest : str
        Of the contents; part of every plan made here.
    frame : Frame
        Metres about the area's centre.
    bbox_deg : tuple of float
        West, south, east, north; across longitude 180 the degrees run on, 180.1 for -179.9.
    data_date : str
        ISO date of the map data, "" when unknown.
    source, attribution, licence : str
        Where the map came from, and how to credit it.
    network : StreetNetwork
    buildings, places, obstacles : Table
        With the columns named in this module, in the order of (osm_type, osm_id).
    outline_deg : shapely geometry or None
        The ground that the map shows, in degrees; None where it is all of the box.
    unread : UnreadRules or None
        Rules of the map that hold at times or under conditions, where they are; None where that is not known.
    """

    name: str
    digest: str
    frame: Frame
    bbox_deg: tuple[float, float, float, float]
    data_date: str
    source: str
    attribution: str
    licence: str
    network: StreetNetwork
    buildings: Table
    places: Table
    obstacles: Table
    outline_deg: BaseGeometry | None = None
    unread: UnreadRules | None = None

    def __post_init__(self) -> None:
        """Check texts, box and tables once.

        Raises
        ------
        AreaError
            If a table lacks a column, the box is empty, a text is none or the date is no date.
        """
        for text in (self.digest, self.data_date, self.source, self.attribution, self.licence):
            if not isinstance(text, str):  # a pack may come from anywhere
                raise AreaError(f"{text!r} is no text", "Import the area again from its source file")
        if self.data_date and iso_date(self.data_date) is None:
            raise AreaError(
                f"the date of its map, {self.data_date[:40]!r}, is no date",
                "Import the area again from its source file",
            )
        west, south, east, north = self.bbox_deg
        if not (np.isfinite(self.bbox_deg).all() and west < east and south < north):
            raise AreaError("the area's bounding box is empty", "Import the area again from its source file")
        if self.outline_deg is not None and shapely.area(self.outline_deg) == 0:
            raise AreaError("the area shows no ground at all", "Import the area again from its source file")
        for table, columns in (
            (self.buildings, BUILDING_COLUMNS),
            (self.places, PLACE_COLUMNS),
            (self.obstacles, OBSTACLE_COLUMNS),
        ):
            missing = [c for c in columns if c not in table.columns]
            if missing:
                raise AreaError(
                    f"a table lacks {', '.join(missing)}", "Import the area again from its source file"
                )

    @cached_property
    def extent_m(self) -> BaseGeometry:
        """The ground that the map shows, in the frame: the bounding box, or as much of it as is known.

        Its sides are subdivided so that they stay true.
        """
        ground = box(*self.bbox_deg) if self.outline_deg is None else self.outline_deg
        extent_m = shapely.transform(shapely.segmentize(ground, 0.01), self.frame.to_m)
        shapely.prepare(extent_m)
        return extent_m

    @cached_property
    def known_m(self) -> BaseGeometry:
        """The ground that the map shows, and water that it has beyond, in the frame: no street leads there.

        The box ends with the streets, so off a shore the land ends where the map seems to.
        """
        near = self.extent_m.buffer(_BEYOND_M)
        rows = self.obstacles.tree.query(near.difference(self.extent_m), predicate="intersects")
        shapes = self.obstacles.shapes[rows[self.obstacles["kind"][rows] == ObstacleKind.WATER]]
        shapes = shapely.make_valid(shapes[shapely.get_dimensions(shapes) == 2])
        if len(shapes) == 0:
            return self.extent_m
        water = shapely.intersection(shapely.union_all(shapes), near)
        wide = self.extent_m.union(water).buffer(_BEACH_M, join_style="mitre")
        whole = wide.buffer(-_BEACH_M, join_style="mitre").union(self.extent_m)
        shapely.prepare(whole)
        return whole

    @cached_property
    def ashore(self) -> NDArray[np.bool_]:
        """Dead ends by the water, with nothing unknown about them, (N,): the land ends there, not the map.

        Of lesser streets on dry ground alone: what runs out over the water, or might lead to a bridge that
        the map has no more, may go on.
        """
        network = self.network
        lesser = network.drivable & ~network.bridge & ~network.tunnel
        lesser &= network.road_class >= RoadClass.UNCLASSIFIED
        ends = np.concatenate([network.edge_u[lesser], network.edge_v[lesser]])
        rows = np.unique(ends[self.streets_at[ends] == 1])
        water = self.obstacles.shapes[self.obstacles.among("kind", (ObstacleKind.WATER,))]
        spots = np.asarray(shapely.points(network.node_xy_m[rows]))
        tree = shapely.STRtree(spots)
        beside = np.unique(tree.query(water, predicate="dwithin", distance=2 * _BEACH_M)[1])
        beside = np.setdiff1d(beside, tree.query(water, predicate="intersects")[1])
        rows, spots = rows[beside], spots[beside]
        known = self.known_m
        dry = shapely.contains(known, spots) & ~shapely.dwithin(known.boundary, spots, _BEACH_M)
        mask = np.zeros(network.node_count, dtype=bool)
        mask[rows[dry]] = True
        return mask

    def knows(self, ground_m: BaseGeometry) -> bool:
        """Whether the map shows what a ground holds: it lies on that ground, or beyond it on water."""
        if shapely.covers(self.extent_m, ground_m):
            return True
        return bool(shapely.covers(self.known_m, ground_m))

    @cached_property
    def streets_at(self) -> NDArray[np.int64]:
        """How many ends of streets for vehicles lie at each junction, (N,)."""
        network = self.network
        ends = np.concatenate([network.edge_u[network.drivable], network.edge_v[network.drivable]])
        return np.bincount(ends, minlength=network.node_count)

    @kept_with
    def to_rim_m(self, most_m: float) -> NDArray[np.float64]:
        """Metres from each junction to where the map ends, (N,): the hull of what is mapped, or the box.

        0 beyond, infinite where it is more than ``most_m``: whole cells of a grid far from there are told at
        once, for of a metro all junctions take seconds.
        """
        xy_m = self.network.node_xy_m
        ground_m = self.streets_m
        low, size = xy_m.min(axis=0), np.maximum(np.ptp(xy_m, axis=0) / _RIM_CELLS, 1.0)
        middle = low + (np.indices((_RIM_CELLS, _RIM_CELLS)).reshape(2, -1).T + 0.5) * size
        gap_m = shapely.distance(shapely.points(middle), ground_m.boundary)
        far = (gap_m > most_m + np.hypot(*size)) & shapely.contains_xy(ground_m, middle)
        column, row = np.minimum((xy_m - low) // size, _RIM_CELLS - 1).astype(np.int64).T
        to_rim_m = np.full(len(xy_m), np.inf)
        near = np.flatnonzero(~far[column * _RIM_CELLS + row])
        gap_m = shapely.distance(shapely.points(xy_m[near]), ground_m.boundary)
        gap_m = np.where(shapely.contains_xy(ground_m, xy_m[near]), gap_m, 0.0)
        to_rim_m[near] = np.where(gap_m <= most_m, gap_m, np.inf)
        to_rim_m.flags.writeable = False
        return to_rim_m

    @cached_property
    def streets_m(self) -> BaseGeometry:
        """The hull of its streets for vehicles, in the frame, as far as the map shows that ground."""
        solid_m = shapely.union_all(
            shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(self.extent_m)))
        )
        return _hull(self.network.node_xy_m[self.streets_at > 0]).intersection(solid_m)

    @cached_property
    def memory(self) -> Memory:
        """What steps of plans found here lately: an edit works out anew only what it changes."""
        return Memory(_REMEMBERED)

    def with_streets(self, network: StreetNetwork) -> Area:
        """Return the area with other streets; what was worked out from its tables alone is shared."""
        area = replace(self, network=network)
        area.__dict__[KEPT_WITH_TABLES] = self.__dict__.setdefault(KEPT_WITH_TABLES, Kept())
        return area

    def covers(self, place: LonLat) -> bool:
        """Whether a place lies in the area's bounding box."""
        west, south, east, north = self.bbox_deg
        return west <= near_deg(place.lon_deg, (west + east) / 2) <= east and south <= place.lat_deg <= north

    def places_of(self, *kinds: str) -> Table:
        """Return the places of the given kinds: one table for all who ask."""
        if kinds not in self._places_by_kinds:
            self._places_by_kinds[kinds] = self.places.rows(self.places.among("kind", kinds))
        return self._places_by_kinds[kinds]

    @cached_property
    def _places_by_kinds(self) -> dict[tuple[str, ...], Table]:
        return {}


def _hull(xy_m: NDArray[np.float64]) -> BaseGeometry:
    """Return the convex hull of points; what lies within that of the eight outermost is left out first."""
    most = [np.argmax(xy_m @ (np.cos(turn), np.sin(turn))) for turn in np.arange(8) * np.pi / 4]
    corners = xy_m[most]
    within = np.ones(len(xy_m), dtype=bool)
    for (x, y), (to_x, to_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if x != to_x or y != to_y:
            within &= (to_x - x) * (xy_m[:, 1] - y) - (to_y - y) * (xy_m[:, 0] - x) > 0
    return shapely.MultiPoint(xy_m[~within]).convex_hull


def geometries_m(shape: Shape, frame: Frame) -> list[BaseGeometry]:
    """Return the parts of a plain shape as shapely geometries in metres; polygons may be invalid as drawn."""
    parts: list[BaseGeometry] = [Point(frame.point_m(place)) for place in shape.points]
    parts += [LineString(frame.to_m(line)) for line in shape.lines]
    parts += [
        Polygon(frame.to_m(rings[0]), [frame.to_m(hole) for hole in rings[1:]]) for rings in shape.polygons
    ]
    return parts


def shape_of(geometry_m: BaseGeometry, frame: Frame) -> Shape:
    """Return a geometry in metres as a plain shape in degrees, as documents write it."""
    return shapes_of([geometry_m], frame)[0]


def shapes_of(geometries_m: Sequence[BaseGeometry], frame: Frame) -> list[Shape]:
    """Return many geometries as :func:`shape_of` does; their polygons are unprojected together."""
    parts_of = [shapely.get_parts(geometry) for geometry in geometries_m]
    polygons = [part for parts in parts_of for part in parts if part.geom_type == "Polygon"]
    rings = iter(_rings_of(polygons, frame))
    return [
        Shape(
            points=tuple(frame.place(p.x, p.y) for p in parts if p.geom_type == "Point"),
            lines=tuple(line_of(p.coords, frame) for p in parts if p.geom_type == "LineString"),
            polygons=tuple(next(rings) for p in parts if p.geom_type == "Polygon"),
        )
        for parts in parts_of
    ]


def line_of(xy_m: NDArray[np.float64], frame: Frame) -> tuple[LonLat, ...]:
    """Return a line (n, 2) in metres as places, rounded as documents write them."""
    return tuple(map(LonLat, *rounded_deg(xy_m, frame).T.tolist()))


def rounded_deg(xy_m: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Return points (n, 2) in metres in degrees, rounded as documents write them."""
    return np.asarray(np.round(frame.to_deg(np.asarray(xy_m)[:, :2]), DECIMALS) + 0.0)


def rings_of(polygon_m: Polygon, frame: Frame) -> Rings:
    """Return a polygon in metres as rings: exterior counter-clockwise, holes clockwise (RFC 7946).

    Holes so small that they vanish at the decimals of documents are left out: a reader would refuse them.
    """
    return _rings_of([polygon_m], frame)[0]


def _rings_of(polygons_m: Sequence[BaseGeometry], frame: Frame) -> list[Rings]:
    lines, owner = shapely.get_rings(shapely.orient_polygons(polygons_m), return_index=True)
    corners = line_of(shapely.get_coordinates(lines), frame)
    ends = np.cumsum(shapely.get_num_coordinates(lines)).tolist()
    rings: list[list[Ring]] = [[] for _ in polygons_m]
    for polygon, start, end in zip(owner.tolist(), [0, *ends], ends, strict=False):
        ring = corners[start:end]
        if not rings[polygon] or len(set(ring)) >= 3:
            rings[polygon].append(ring)
    return [tuple(own) for own in rings]
