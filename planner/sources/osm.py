"""OpenStreetMap objects to an :class:`~planner.area.Area`: tags in, arrays and tables out. Pure.

A :class:`Draft` takes objects one at a time, from whatever reads them (:mod:`planner.sources.pbf`, a made
town in a test), in any order, and :meth:`Draft.finish` turns them into an area. Everything is put into the
order of ids there, so the same map gives the same area, and the same digest, whatever order its file has.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner.area import BUILDING_COLUMNS, OBSTACLE_COLUMNS, PLACE_COLUMNS, Area
from planner.errors import NoStreetsError, SourceError
from planner.geo import Frame, LonLat, on_globe, run_on
from planner.memory import give_back
from planner.sources.coast import COASTLINE, sea_of
from planner.sources.digest import begun_digest, feed_outline, feed_unread
from planner.sources.known_ground import SHORT_M, known_ground
from planner.sources.meridian import BBox, checked_box, shapes_run_on
from planner.sources.noding import UNIT_DEG, Runs, Streets, Units, lay_streets
from planner.sources.restrictions import Restriction
from planner.sources.tables import Drafted, middles_m, table_of
from planner.sources.tags import (
    Building,
    Obstacle,
    Place,
    Street,
    StreetNode,
    Tags,
    read_building,
    read_obstacle,
    read_place,
    read_street,
    read_street_node,
)
from planner.streets.network import Floats, Ints
from planner.streets.unread import UnreadRules
from planner.terms import ObstacleKind, Unread

ATTRIBUTION = "© OpenStreetMap contributors"
LICENCE = "ODbL 1.0"

MAX_SPAN_DEG = 5.0
"""Widest area taken whole: beyond, a frame about one centre no longer measures true."""

_HALF_TURN_DEG, _TURN_UNITS = 180.0, 3_600_000_000
_NEAR_DEG = 30.0
"""Streets further from a map across longitude 180 stay where they are: its box leaves them out."""
_BELIEVED_DEG = 0.045
"""5 km: where a source says that it covers so much more than there are streets, that is believed."""
_SEA_BEYOND_DEG = 0.01
"""The sea is looked for some 1 km beyond an area's box."""
_LARGEST_BUILDING_M2 = 1_000_000.0  # twice the largest that stands


@dataclass
class Draft:
    """An area in the making. Geometry in degrees, longitude first; feed it, then :meth:`finish` it, once.

    Adding the same way again replaces it, so that two extracts laid together give each street once.
    """

    _known: dict[Street, int] = field(default_factory=dict)  # and their rows
    _runs: array[int] = field(default_factory=lambda: array("q"))  # way, addition, street, number of nodes
    _refs: array[int] = field(default_factory=lambda: array("q"))
    _units: array[int] = field(default_factory=lambda: array("i"))  # longitude, latitude in 1e-7 degrees
    _cut: array[int] = field(
        default_factory=lambda: array("q")
    )  # nodes that a way goes on from, to none here
    _added: int = 0
    _nodes: dict[int, StreetNode] = field(default_factory=dict)
    _restrictions: set[Restriction] = field(default_factory=set)
    _unread_turns: set[Restriction] = field(default_factory=set)
    _buildings: Drafted = field(default_factory=lambda: Drafted(Building._fields))
    _places: Drafted = field(default_factory=lambda: Drafted(Place._fields))
    _obstacles: Drafted = field(default_factory=lambda: Drafted(Obstacle._fields))
    _coast: list[BaseGeometry] = field(default_factory=list)

    # --- feeding --------------------------------------------------------------------------------

    def add_streets(self, way_id: Ints, street: Ints, streets: Sequence[Street], runs: Runs) -> None:
        """Add ways with their nodes.

        Parameters
        ----------
        way_id, street : (W,) array of int
            Of each way its id, and which of the ``streets`` it is.
        streets : sequence of Street
            What tags say, each once.
        runs : Runs
            The runs of their nodes that are in the source.

        Raises
        ------
        SourceError
            If a coordinate is none.
        """
        if not (np.abs(runs.lonlat_deg) <= (180.0, 90.0)).all():
            raise SourceError("a street has a coordinate that is not on the globe", "Use another extract")
        row = np.array([self._known.setdefault(one, len(self._known)) for one in streets], dtype=np.int64)
        way = runs.way
        told = np.column_stack([way_id[way], self._added + way, row[street[way]], runs.size])
        self._added += len(way_id)
        self._runs.frombytes(told.astype(np.int64).tobytes())
        self._cut.frombytes(runs.cut.astype(np.int64).tobytes())
        self._refs.frombytes(runs.ref.astype(np.int64).tobytes())
        # integers are half the size, and exact
        self._units.frombytes(np.rint(runs.lonlat_deg / UNIT_DEG).astype(np.intc).tobytes())

    def add_way(self, way_id: int, nodes: Iterable[tuple[int, tuple[float, float]]], tags: Tags) -> None:
        """Add a way by tags, its nodes as (id, (lon, lat)); one that is no street is passed over."""
        street = read_street(tags)
        if street is None:
            return
        listed = list(nodes)
        lonlat = np.array([place for _, place in listed], dtype=np.float64).reshape(-1, 2)
        ref = np.array([ident for ident, _ in listed], dtype=np.int64)
        first, size = np.array([0]), np.array([len(listed)])
        self.add_streets(np.array([way_id]), first, [street], Runs(first, size, ref, lonlat))

    def add_node(self, node_id: int, tags: Tags) -> None:
        """Add a node's barrier and signals, if it has any; counts only where a street passes."""
        node = read_street_node(tags)
        if node is not None:
            self._nodes[node_id] = node

    def add_restrictions(self, restrictions: Iterable[Restriction]) -> None:
        """Add turn restrictions."""
        self._restrictions.update(restrictions)

    def add_unread_turns(self, turns: Iterable[Restriction]) -> None:
        """Add turn restrictions that hold at times or under conditions: they are told of, and no more."""
        self._unread_turns.update(turns)

    def add_place(self, osm_type: str, osm_id: int, place: Place, shape: BaseGeometry | bytes) -> None:
        """Add a place (point or polygon, shapely or WKB)."""
        self._places.add(osm_type, osm_id, place, shape)

    def add_building(
        self, osm_type: str, osm_id: int, building: Building, shape: BaseGeometry | bytes
    ) -> None:
        """Add a building (polygon, shapely or WKB)."""
        self._buildings.add(osm_type, osm_id, building, shape)

    def add_obstacle(
        self, osm_type: str, osm_id: int, obstacle: Obstacle, shape: BaseGeometry | bytes
    ) -> None:
        """Add an obstacle (point, line or polygon, shapely or WKB)."""
        self._obstacles.add(osm_type, osm_id, obstacle, shape)

    def add_coast(self, line_deg: BaseGeometry) -> None:
        """Add a coastline, land to its left: what is sea is told when the area is finished."""
        self._coast.append(line_deg)

    def add_feature(self, osm_type: str, osm_id: int, tags: Tags, shape: BaseGeometry) -> None:
        """Add a point, line or polygon to every table that its tags put it in."""
        form = ("point", "line", "area")[int(shapely.get_dimensions(shape))]
        building, place, obstacle = read_building(tags), read_place(tags), read_obstacle(tags, form)
        if building is not None and form == "area":
            self.add_building(osm_type, osm_id, building, shape)
        if place is not None and form != "line":
            self.add_place(osm_type, osm_id, place, shape)
        if obstacle is not None:
            self.add_obstacle(osm_type, osm_id, obstacle, shape)
        if tags.get("natural", "") == COASTLINE and form == "line":
            self.add_coast(shape)

    @property
    def street_count(self) -> int:
        """Number of ways taken as streets so far."""
        return self._added

    # --- finishing ------------------------------------------------------------------------------

    def finish(
        self,
        name: str,
        *,
        source: str,
        data_date: str = "",
        bbox_deg: BBox | None = None,
        within_deg: BaseGeometry | None = None,
        covered_deg: BBox | None = None,
        to_its_edges: bool = False,
        attribution: str = ATTRIBUTION,
        licence: str = LICENCE,
    ) -> Area:
        """Turn all that was added into an area.

        Parameters
        ----------
        name : str
        source : str
            Where the map came from, for people.
        data_date : str
            ISO date of the map, "" when unknown.
        bbox_deg : tuple of float, optional
            Keep only what meets this box (whole ways); the area's box reaches no further.
        within_deg : shapely geometry, optional
            Keep only what meets this polygon too.
        covered_deg : tuple of float, optional
            The box that the source says it covers: streets that run out of it do not widen the area's box.
        to_its_edges : bool, optional
            Whether the source is known to be whole to the edges of that box, as what was fetched by it: where
            it shows no street there is none. A file's header often is no more than the reach of all its
            nodes, a river's among them: ground beyond the last street is unknown then, but for water.
        attribution, licence : str

        Raises
        ------
        SourceError
            If no street is left, or the area is too wide to measure true.
        """
        if bbox_deg is not None and not self._added:
            raise NoStreetsError(
                "there are no streets in that box", "Choose a box with streets of the map in it"
            )
        bbox_deg = None if bbox_deg is None else checked_box(bbox_deg)
        if covered_deg is not None and covered_deg[2] - covered_deg[0] > _HALF_TURN_DEG:
            covered_deg = None  # it says nothing of where the map ends
        streets = self._streets()
        about_deg = _across(streets, bbox_deg)
        if about_deg is not None:
            _run_on(streets.unit, about_deg)
            self._coast = [shapes_run_on(line, about_deg) for line in self._coast]
        box = _area_box(streets, bbox_deg, covered_deg, to_its_edges=to_its_edges)
        lowest = min([0, *self._obstacles.osm_id])  # of objects that are new in an editor
        for number, shape in enumerate(sea_of(self._coast, _sea_box(box, _common(bbox_deg, covered_deg))), 1):
            self.add_obstacle("w", lowest - number, Obstacle(ObstacleKind.WATER.value, math.nan), shape)
        kept = _kept_ground(box if bbox_deg is not None else None, within_deg)
        if kept is not None:
            streets = streets.within(kept)
        frame = Frame(on_globe((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        unread = self._unread_of(streets)
        network, units = lay_streets(streets, self._nodes, self._restrictions_of(streets), frame)
        unread = unread.within(network)
        sha = begun_digest(network, units, box)
        feed_unread(sha, unread)
        del streets
        give_back()
        buildings, places, obstacles = (
            table_of(drafted, columns, largest_m2, kept, about_deg, frame, sha)
            for drafted, columns, largest_m2 in (
                (self._buildings, BUILDING_COLUMNS, _LARGEST_BUILDING_M2),
                (self._places, PLACE_COLUMNS, math.inf),
                (self._obstacles, OBSTACLE_COLUMNS, math.inf),
            )
        )
        outline = known_ground(
            network,
            units,
            run_on(
                frame.to_deg(np.concatenate([middles_m(table, SHORT_M) for table in (buildings, places)])),
                LonLat((box[0] + box[2]) / 2, 0.0),
            ),
            box,
            within_deg=within_deg,
            cut=np.unique(np.frombuffer(self._cut, dtype=np.int64)),
            bounded=to_its_edges,
        )
        feed_outline(sha, outline)
        return Area(
            name=name,
            digest=sha.hexdigest(),
            frame=frame,
            bbox_deg=box,
            data_date=data_date,
            source=source,
            attribution=attribution,
            licence=licence,
            network=network,
            buildings=buildings,
            places=places,
            obstacles=obstacles,
            outline_deg=outline,
            unread=unread,
        )

    def _streets(self) -> Streets:
        """Take over the streets; of a way that was added again, as it was added last."""
        assert self._refs or not self._runs, "a draft is finished once"
        way, turn, street, size = np.array(self._runs, dtype=np.int64).reshape(-1, 4).T
        order = np.lexsort((turn, way))
        last = np.searchsorted(way[order], way[order], side="right") - 1
        order = order[turn[order] == turn[order][last]]
        ref = np.frombuffer(self._refs, dtype=np.int64)
        unit = np.frombuffer(self._units, dtype=np.intc).reshape(-1, 2)
        self._refs, self._units = array("q"), array("i")  # of a metro, seventy megabytes
        begin = np.cumsum(size) - size
        runs = way[order], street[order], begin[order], (begin + size)[order]
        return Streets.of_runs(runs, ref, unit, list(self._known))

    def _restrictions_of(self, streets: Streets) -> set[Restriction]:
        """Return the turn restrictions between streets that are kept: the others hold nowhere here."""
        return set(_between(self._restrictions, streets))

    def _unread_of(self, streets: Streets) -> UnreadRules:
        """Return where streets that are kept have rules that hold at times or under conditions."""
        told = np.array([one.unread for one in streets.streets])[streets.street]
        turns = {(r.from_way, (*r.via_ways, r.to_way)[0]) for r in _between(self._unread_turns, streets)}
        return UnreadRules(
            passage=np.unique(streets.way_id[told == Unread.PASSAGE]),
            speed=np.unique(streets.way_id[told == Unread.SPEED]),
            barriers=np.array(sorted(k for k, node in self._nodes.items() if node.unread), dtype=np.int64),
            turns=np.array(sorted(turns), dtype=np.int64).reshape(-1, 2),
        )


# --- streets --------------------------------------------------------------------------------------


def _between(turns: Iterable[Restriction], streets: Streets) -> Iterator[Restriction]:
    ways = set(streets.way_id.tolist())
    return (r for r in turns if ways.issuperset((r.from_way, r.to_way, *r.via_ways)))


def _kept_ground(box: BBox | None, within_deg: BaseGeometry | None) -> BaseGeometry | None:
    """Return what is to be kept as one prepared geometry, None for everything."""
    if box is None:
        ground = within_deg
    else:
        ground = shapely.box(*box) if within_deg is None else within_deg.intersection(shapely.box(*box))
    if ground is not None:
        shapely.prepare(ground)
    return ground


def _area_box(
    streets: Streets, bbox_deg: BBox | None, covered_deg: BBox | None, *, to_its_edges: bool
) -> BBox:
    """Box of the area: where there are streets, within what was asked for or what the source covers.

    What a source that is whole to its edges covers beyond the last streets belongs to it where that is
    little: a box that reaches far beyond them may be that of a larger map which this was cut from.
    """
    low, high = streets.unit.min(axis=0) * UNIT_DEG, streets.unit.max(axis=0) * UNIT_DEG
    # some 10 m of room: a single straight street has a box without area
    most = (max(high[0], _HALF_TURN_DEG), 90)
    low, high = np.maximum(low - 1e-4, (min(low[0], -_HALF_TURN_DEG), -90)), np.minimum(high + 1e-4, most)
    limit = _common(bbox_deg, covered_deg)
    if limit is not None:
        inner_low, inner_high = np.maximum(low, limit[:2]), np.minimum(high, limit[2:])
        if (inner_low < inner_high).all():
            low, high = inner_low, inner_high
        elif bbox_deg is not None:
            raise NoStreetsError(
                "there are no streets in that box", "Choose a box with streets of the map in it"
            )
        if covered_deg is not None and to_its_edges:
            low, high = _with_empty_rims(low, high, limit)
    west, south = (round(float(v), 7) for v in low)
    east, north = (round(float(v), 7) for v in high)
    if east - west > MAX_SPAN_DEG or north - south > MAX_SPAN_DEG:
        raise SourceError(
            f"the map spans {east - west:.1f} by {north - south:.1f} degrees, too wide for one area",
            f"Choose a part of at most {MAX_SPAN_DEG:g} degrees, by a box west,south,east,north",
        )
    return west, south, east, north


def _common(asked_deg: BBox | None, covered_deg: BBox | None) -> BBox | None:
    """Return what was asked for of what the source covers; None where neither is known."""
    if asked_deg is None or covered_deg is None:
        return asked_deg or covered_deg
    west, south = (max(pair) for pair in zip(asked_deg[:2], covered_deg[:2], strict=True))
    east, north = (min(pair) for pair in zip(asked_deg[2:], covered_deg[2:], strict=True))
    return (west, south, east, north) if west < east and south < north else asked_deg


def _with_empty_rims(low: Floats, high: Floats, limit: BBox) -> tuple[Floats, Floats]:
    """Move each side of a box out to the limit's, where no more lies between than is believed."""
    most = _BELIEVED_DEG / np.array([np.cos(np.radians((low[1] + high[1]) / 2)), 1.0])
    outer_low, outer_high = np.array(limit[:2]), np.array(limit[2:])
    return (
        np.where((outer_low < low) & (low - outer_low <= most), outer_low, low),
        np.where((outer_high > high) & (outer_high - high <= most), outer_high, high),
    )


def _sea_box(box: BBox, limit: BBox | None) -> BBox:
    """Return where the sea is looked for: in the box and a little beyond, but nowhere the source ends."""
    west, south, east, north = (
        edge + side * _SEA_BEYOND_DEG for edge, side in zip(box, (-1, -1, 1, 1), strict=True)
    )
    if limit is not None:
        west, south = max(west, min(box[0], limit[0])), max(south, min(box[1], limit[1]))
        east, north = min(east, max(box[2], limit[2])), min(north, max(box[3], limit[3]))
    west, east = max(west, min(box[0], -_HALF_TURN_DEG)), min(east, max(box[2], _HALF_TURN_DEG))
    return west, max(south, -90.0), east, min(north, 90.0)


# --- across longitude 180 -------------------------------------------------------------------------


def _across(streets: Streets, bbox_deg: BBox | None) -> float | None:
    """Return the longitude that a map's own run on from, where it may reach across 180; else None."""
    if bbox_deg is not None:
        about_deg = (bbox_deg[0] + bbox_deg[2]) / 2
    else:
        lon = streets.unit[:, 0]
        west, east = int(lon.min()), int(lon.max())
        if (east - west) * UNIT_DEG > _HALF_TURN_DEG:
            west, east = int(lon[lon >= 0].min()), int(lon[lon < 0].max()) + _TURN_UNITS
        about_deg = (west + east) / 2 * UNIT_DEG
    return about_deg if abs(about_deg) + MAX_SPAN_DEG > _HALF_TURN_DEG else None


def _run_on(unit: Units, about_deg: float) -> None:
    """Move what lies on the other side of longitude 180 beside the rest; what is far away fits nowhere."""
    lon = unit[:, 0].astype(np.int64)
    turned = lon + _TURN_UNITS * np.rint((about_deg / UNIT_DEG - lon) / _TURN_UNITS).astype(np.int64)
    near = np.abs(turned * UNIT_DEG - about_deg) < _NEAR_DEG
    unit[near, 0] = turned[near]
