"""OpenStreetMap objects to an :class:`~planner.area.Area`: tags in, arrays and tables out. Pure.

A :class:`Draft` takes objects one at a time, from whatever reads them (:mod:`planner.sources.pbf`, a made
town in a test), in any order, and :meth:`Draft.finish` turns them into an area. Everything is put into the
order of ids there, so the same map gives the same area, and the same digest, whatever order its file has.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import BUILDING_COLUMNS, OBSTACLE_COLUMNS, PLACE_COLUMNS, Area
from planner.errors import SourceError
from planner.geo import Frame, LonLat
from planner.sources.restrictions import Restriction, restriction_arrays
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
from planner.streets.network import Bools, Floats, Ints, StreetNetwork
from planner.table import Table

ATTRIBUTION = "© OpenStreetMap contributors"
LICENCE = "ODbL 1.0"

BBox = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

MAX_SPAN_DEG = 5.0
"""Widest area taken whole: beyond, a frame about one centre no longer measures true (``engine.md``)."""

SIGNAL_REACH_M = 40.0
"""Signals are often mapped at the stop line: one this near a junction is the junction's signal."""

_UNIT_DEG = 1e-7  # OSM keeps coordinates as integers of this size: the exact form, on every machine
_STRETCH_M = 250.0  # edges longer than this are parted at an OSM node, where one stands

_LARGEST_BUILDING_M2 = 1_000_000.0  # twice the largest that stands
_STREET_TYPES: dict[str, type[np.generic]] = {
    "road_class": np.uint8,
    "service": np.uint8,
    "access": np.uint8,
    "foot_access": np.uint8,
    "emergency": np.int8,
    "oneway": np.int8,
    "layer": np.int8,
    "bridge": np.bool_,
    "tunnel": np.bool_,
    "area_way": np.bool_,
    "roundabout": np.bool_,
    "lanes": np.uint8,
    "width_m": np.float64,
    "maxspeed_kmh": np.float64,
    "maxheight_m": np.float64,
    "maxwidth_m": np.float64,
    "parked": np.uint8,
    "works": np.bool_,
}


@dataclass
class _Table:
    """Rows of one table as they come: whose they are, what the tags said, where (degrees)."""

    owner: list[tuple[str, int]] = field(default_factory=list)
    row: list[tuple[Any, ...]] = field(default_factory=list)
    shape: list[BaseGeometry | bytes] = field(default_factory=list)

    def add(self, osm_type: str, osm_id: int, row: tuple[Any, ...], shape: BaseGeometry | bytes) -> None:
        self.owner.append((osm_type, osm_id))
        self.row.append(row)
        self.shape.append(shape)


@dataclass
class Draft:
    """An area in the making. Geometry in degrees, longitude first; feed it, then :meth:`finish` it, once.

    Adding the same way again replaces it, so that two extracts laid together give each street once.
    """

    _tags: dict[int, Street] = field(default_factory=dict)
    _known: dict[Street, Street] = field(default_factory=dict)
    _parts: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _refs: array[int] = field(default_factory=lambda: array("q"))
    _lonlat: array[float] = field(default_factory=lambda: array("d"))
    _nodes: dict[int, StreetNode] = field(default_factory=dict)
    _restrictions: set[Restriction] = field(default_factory=set)
    _buildings: _Table = field(default_factory=_Table)
    _places: _Table = field(default_factory=_Table)
    _obstacles: _Table = field(default_factory=_Table)

    # --- feeding --------------------------------------------------------------------------------

    def add_street(self, way_id: int, street: Street, parts: Iterable[tuple[Sequence[int], bytes]]) -> None:
        """Add a way with its nodes.

        Parameters
        ----------
        way_id : int
        street : Street
            What its tags say.
        parts : iterable of (refs, coordinates)
            The runs of nodes that are in the source, usually one: node ids, and as many pairs of float64
            longitude and latitude as bytes. A way that leaves the extract has several.
        """
        placed = []
        for refs, lonlat in parts:
            if len(refs) * 16 != len(lonlat):
                raise SourceError(f"way {way_id} has nodes without coordinates", "Use another extract")
            placed.append((len(self._refs), len(self._refs) + len(refs)))
            self._refs.extend(refs)
            self._lonlat.frombytes(lonlat)
        self._tags[way_id] = self._known.setdefault(street, street)
        self._parts[way_id] = placed

    def add_way(self, way_id: int, nodes: Iterable[tuple[int, tuple[float, float]]], tags: Tags) -> None:
        """Add a way by tags, its nodes as (id, (lon, lat)); one that is no street is passed over."""
        street = read_street(tags)
        if street is None:
            return
        listed = list(nodes)
        lonlat = np.array([place for _, place in listed], dtype=np.float64).tobytes()
        self.add_street(way_id, street, [([ident for ident, _ in listed], lonlat)])

    def add_node(self, node_id: int, tags: Tags) -> None:
        """Add a node's barrier and signals, if it has any; counts only where a street passes."""
        node = read_street_node(tags)
        if node is not None:
            self._nodes[node_id] = node

    def add_restrictions(self, restrictions: Iterable[Restriction]) -> None:
        """Add turn restrictions."""
        self._restrictions.update(restrictions)

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

    @property
    def street_count(self) -> int:
        """Number of ways taken as streets so far."""
        return len(self._tags)

    @property
    def feature_count(self) -> int:
        """Number of rows in the tables so far."""
        return len(self._buildings.owner) + len(self._places.owner) + len(self._obstacles.owner)

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
        attribution, licence : str

        Raises
        ------
        SourceError
            If no street is left, or the area is too wide to measure true.
        """
        if bbox_deg is not None and not self._tags:
            raise SourceError("there are no streets in that box", "Choose a box that the file covers")
        streets = _Streets.collect(self)
        box = _area_box(streets, bbox_deg, covered_deg)
        kept = _kept_ground(box if bbox_deg is not None else None, within_deg)
        if kept is not None:
            streets = streets.within(kept)
        frame = Frame(LonLat((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        tables = [
            _without_giants(
                _shapes_and_rows(
                    self._buildings, ("name", "kind", "height_m", "levels", "min_height_m"), kept
                ),
                frame,
            ),
            _shapes_and_rows(self._places, Place._fields, kept),
            _shapes_and_rows(self._obstacles, Obstacle._fields, kept),
        ]
        network, units = _network(streets, self._nodes, self._restrictions_of(streets), frame)
        digest = _digest(network, units, tables, box)
        buildings, places, obstacles = (
            _table(rows, columns, frame)
            for rows, columns in zip(tables, (BUILDING_COLUMNS, PLACE_COLUMNS, OBSTACLE_COLUMNS), strict=True)
        )
        return Area(
            name=name,
            digest=digest,
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
        )

    def _points(self) -> tuple[Ints, NDArray[np.int32]]:
        """Take over node ids and coordinates, as integers of 1e-7 degrees: half the memory, and exact."""
        assert self._refs or not any(self._parts.values()), "a draft is finished once"
        ref = np.array(self._refs, dtype=np.int64)
        lonlat = np.frombuffer(self._lonlat, dtype=np.float64).reshape(-1, 2)
        unit = np.empty(lonlat.shape, dtype=np.int32)
        for axis, limit in enumerate((180.0, 90.0)):
            degrees = lonlat[:, axis]
            if not (np.abs(degrees) <= limit).all():
                raise SourceError("a street has a coordinate that is not on the globe", "Use another extract")
            unit[:, axis] = np.rint(degrees / _UNIT_DEG)
        del lonlat, degrees
        self._refs, self._lonlat = array("q"), array("d")  # of a metro, a hundred megabytes
        return ref, unit

    def _restrictions_of(self, streets: _Streets) -> set[Restriction]:
        """Return the turn restrictions between streets that are kept: the others hold nowhere here."""
        ways = set(streets.way_id.tolist())
        return {r for r in self._restrictions if ways.issuperset((r.from_way, r.to_way, *r.via_ways))}


# --- streets --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Streets:
    """Runs of nodes in the order of way ids: each of two nodes at least, never the same twice in a row."""

    way_id: Ints  # (R,) of each run
    start: Ints  # (R + 1,)
    ref: Ints  # (P,)
    unit: NDArray[np.int32]  # (P, 2) coordinates as integers of 1e-7 degrees
    tags: dict[int, Street]

    @classmethod
    def collect(cls, draft: Draft) -> _Streets:
        """Lay the draft's runs end to end in the order of way ids."""
        runs = [(way, a, b) for way in sorted(draft._parts) for a, b in draft._parts[way]]
        table = np.array(runs, dtype=np.int64).reshape(-1, 3)
        ref, unit = draft._points()
        owner = np.repeat(np.arange(len(table)), table[:, 2] - table[:, 1])
        if (table[1:, 1] != table[:-1, 2]).any() or len(owner) != len(ref):  # a file in order needs no copy
            rows, owner = _spans(table[:, 1], table[:, 2])
            ref, unit = ref[rows], unit[rows]
        again = np.zeros(len(ref), dtype=bool)
        again[1:] = (ref[1:] == ref[:-1]) & (owner[1:] == owner[:-1])
        if again.any():
            owner, ref, unit = owner[~again], ref[~again], unit[~again]
        return cls._of(table[:, 0], owner, ref, unit, draft._tags)

    @classmethod
    def _of(
        cls, way_id: Ints, owner: Ints, ref: Ints, unit: NDArray[np.int32], tags: dict[int, Street]
    ) -> _Streets:
        size = np.bincount(owner, minlength=len(way_id))
        good = size >= 2
        start = np.concatenate([[0], np.cumsum(size[good])])
        if not good.all():
            points = good[owner]
            way_id, ref, unit = way_id[good], ref[points], unit[points]
        streets = cls(way_id, start, ref, unit, tags)
        if not len(streets.way_id):
            raise SourceError(
                "there are no streets in it", "Choose an extract with streets (highway=*) in it"
            )
        return streets

    def bounds(self) -> Ints:
        """Box of each run, (R, 4), in units."""
        low = np.minimum.reduceat(self.unit, self.start[:-1])
        high = np.maximum.reduceat(self.unit, self.start[:-1])
        return np.hstack([low, high]).astype(np.int64)

    def within(self, ground_deg: BaseGeometry) -> _Streets:
        """Keep the runs that meet the given ground."""
        meets = _boxes_meet(self.bounds() * _UNIT_DEG, ground_deg.bounds)
        near = np.flatnonzero(meets)
        rows, run = _spans(self.start[near], self.start[near + 1])
        if near.size:
            lines = shapely.linestrings(self.unit[rows] * _UNIT_DEG, indices=run)
            meets[near] = shapely.intersects(ground_deg, lines)
        if not meets.any():
            raise SourceError("there are no streets in that box", "Choose a box that the file covers")
        owner = np.repeat(np.arange(len(self.way_id)), np.diff(self.start))
        points = meets[owner]
        return self._of(self.way_id, owner[points], self.ref[points], self.unit[points], self.tags)


def _kept_ground(box: BBox | None, within_deg: BaseGeometry | None) -> BaseGeometry | None:
    """Return what is to be kept as one prepared geometry, None for everything."""
    if box is None:
        ground = within_deg
    else:
        ground = shapely.box(*box) if within_deg is None else within_deg.intersection(shapely.box(*box))
    if ground is not None:
        shapely.prepare(ground)
    return ground


def _boxes_meet(bounds: NDArray[np.floating[Any]], box: BBox) -> Bools:
    west, south, east, north = box
    return np.asarray(
        (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    )


def _area_box(streets: _Streets, bbox_deg: BBox | None, covered_deg: BBox | None) -> BBox:
    """Box of the area: where there are streets, within what was asked for or what the source covers."""
    if bbox_deg is not None:
        check_box(bbox_deg)
    low, high = streets.unit.min(axis=0) * _UNIT_DEG, streets.unit.max(axis=0) * _UNIT_DEG
    # some 10 m of room: a single straight street has a box without area
    low, high = np.maximum(low - 1e-4, (-180, -90)), np.minimum(high + 1e-4, (180, 90))
    limit = bbox_deg or covered_deg
    if limit is not None:
        inner_low, inner_high = np.maximum(low, limit[:2]), np.minimum(high, limit[2:])
        if (inner_low < inner_high).all():
            low, high = inner_low, inner_high
        elif bbox_deg is not None:
            raise SourceError("there are no streets in that box", "Choose a box that the file covers")
    west, south = (round(float(v), 7) for v in low)
    east, north = (round(float(v), 7) for v in high)
    if east - west > 180:
        raise SourceError(
            "the map reaches over longitude 180, or most of the way round the globe",
            "Import the part on one side of it with --bbox W,S,E,N",
        )
    if east - west > MAX_SPAN_DEG or north - south > MAX_SPAN_DEG:
        raise SourceError(
            f"the map spans {east - west:.1f} by {north - south:.1f} degrees, too wide for one area",
            f"Choose a part of at most {MAX_SPAN_DEG:g} degrees with --bbox W,S,E,N",
        )
    return west, south, east, north


def check_box(box: BBox) -> None:
    """Refuse a box that is none on the globe."""
    west, south, east, north = box
    if not (np.isfinite(box).all() and -180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise SourceError(
            "the box is not one on the globe",
            "Give west,south,east,north in degrees, west less than east, south less than north",
        )


def _network(
    streets: _Streets, nodes: dict[int, StreetNode], restrictions: set[Restriction], frame: Frame
) -> tuple[StreetNetwork, NDArray[np.int32]]:
    """Cut runs into edges; returns the network and its shape points in units of 1e-7 degrees."""
    ident, first, inverse, uses = np.unique(
        streets.ref, return_index=True, return_inverse=True, return_counts=True
    )
    first, inverse = first.astype(np.int32), inverse.astype(np.int32)  # half the memory of a metro's points
    xy_m = frame.to_m(streets.unit[first] * _UNIT_DEG)
    junction = _junctions(streets, ident, inverse, uses >= 2, nodes, restrictions)
    del uses
    junction[_long_stretch_nodes(streets, junction, inverse, xy_m)] = True
    owner = np.repeat(np.arange(len(streets.way_id)), np.diff(streets.start))
    cuts = np.flatnonzero(junction[inverse])
    whole = owner[cuts[:-1]] == owner[cuts[1:]]
    begin, end = cuts[:-1][whole], cuts[1:][whole]
    point = inverse[_spans(begin, end + 1)[0]]
    new_index = np.cumsum(junction) - 1
    way_id = streets.way_id[owner[begin]]
    edge_u, edge_v = new_index[inverse[begin]], new_index[inverse[end]]
    shape_start = np.concatenate([[0], np.cumsum(end - begin + 1)])
    units = streets.unit[first][point]
    del owner, cuts, whole, begin, end, inverse, first
    shape_xy_m = xy_m[point]
    columns, names = _street_columns(streets.tags, way_id)
    barrier, access = _node_columns(ident[junction], nodes)
    signal = _signals(ident, junction, nodes, point, shape_xy_m, shape_start)
    network = StreetNetwork(
        node_id=ident[junction],
        node_xy_m=xy_m[junction],
        node_barrier=barrier,
        node_access=access,
        node_signal=signal,
        edge_u=edge_u,
        edge_v=edge_v,
        way_id=way_id,
        shape_start=shape_start,
        shape_xy_m=shape_xy_m,
        shape_node=ident[point],
        **restriction_arrays(restrictions, ident[junction], way_id, edge_u, edge_v),
        names=names,
        **columns,
    )
    return network, units


def _spans(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the indices of the spans begin:end laid end to end, and which span (0..) each belongs to."""
    size = end - begin
    owner = np.repeat(np.arange(len(size)), size)
    return np.arange(size.sum()) + (begin - np.cumsum(size) + size)[owner], owner


def _junctions(
    streets: _Streets,
    ident: Ints,
    inverse: Ints,
    shared: Bools,
    nodes: dict[int, StreetNode],
    restrictions: set[Restriction],
) -> Bools:
    """Which nodes an edge must end at: met twice, ends of ways, barriers, the nodes of turn restrictions."""
    junction = shared
    junction[inverse[streets.start[:-1]]] = True
    junction[inverse[streets.start[1:] - 1]] = True
    also = {k for k, node in nodes.items() if node.barrier} | {r.via_node for r in restrictions} - {0}
    junction[_rows_of(ident, also)] = True
    return np.asarray(junction)


def _long_stretch_nodes(streets: _Streets, junction: Bools, inverse: Ints, xy_m: NDArray[np.float64]) -> Ints:
    """Nodes that part long stretches between junctions, about every ``_STRETCH_M``.

    A closure closes whole edges: without these, a fire beside a country road would close kilometres of it.
    """
    mark_m = np.zeros(len(inverse))
    np.cumsum(np.hypot(*np.diff(xy_m[inverse], axis=0).T), out=mark_m[1:])
    cut = junction[inverse]
    at = np.arange(len(inverse), dtype=np.int32)
    begin = np.maximum.accumulate(np.where(cut, at, np.int32(0)))
    end = np.minimum.accumulate(np.where(cut, at, np.int32(len(at) - 1))[::-1])[::-1]
    laps = np.floor((mark_m - mark_m[begin]) / _STRETCH_M)
    fresh = np.concatenate([[False], laps[1:] > laps[:-1]]) & ~cut
    # What is left after the last of them must be worth an edge of its own.
    roomy = mark_m[end] - mark_m > _STRETCH_M / 4
    return np.unique(inverse[fresh & roomy])


def _street_columns(tags: dict[int, Street], way_id: Ints) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Columns of the edges' ways, and the table of names, "" first."""
    ways, row = np.unique(way_id, return_inverse=True)
    rows = [tags[int(way)] for way in ways]
    names = ("", *sorted({street.name for street in rows} - {""}))
    place = {text: i for i, text in enumerate(names)}
    columns: dict[str, NDArray[Any]] = {
        name: np.array([getattr(street, name) for street in rows], dtype=dtype)[row]
        for name, dtype in _STREET_TYPES.items()
    }
    columns["name_index"] = np.array([place[street.name] for street in rows], dtype=np.int64)[row]
    return columns, names


def _node_columns(ident: Ints, nodes: dict[int, StreetNode]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    barrier = np.zeros(len(ident), dtype=np.uint8)
    access = np.zeros(len(ident), dtype=np.uint8)
    for row, node in _found(ident, nodes):
        barrier[row], access[row] = node.barrier, node.access
    return barrier, access


def _found(ident: Ints, nodes: dict[int, StreetNode]) -> Iterable[tuple[int, StreetNode]]:
    rows = _rows_of(ident, nodes)
    return [(int(row), nodes[int(ident[row])]) for row in rows]


def _rows_of(ident: Ints, wanted: Iterable[int]) -> Ints:
    """Return the rows of some ids, ascending; of ids in order, without an array of all of them."""
    sought = np.array(sorted(wanted), dtype=np.int64)
    rows = np.searchsorted(ident, sought)
    there = rows < len(ident)
    there[there] = ident[rows[there]] == sought[there]
    return np.asarray(rows[there])


def _signals(
    ident: Ints, junction: Bools, nodes: dict[int, StreetNode], point: Ints, xy_m: Floats, start: Ints
) -> Bools:
    """Which junctions have signals: tagged there, or at a stop line no further than ``SIGNAL_REACH_M``."""
    lit = np.zeros(len(ident), dtype=bool)
    lit[[row for row, node in _found(ident, nodes) if node.signal]] = True
    degree = np.bincount(np.concatenate([point[start[:-1]], point[start[1:] - 1]]), minlength=len(ident))
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy_m, axis=0).T))])
    edge_of = np.repeat(np.arange(len(start) - 1), np.diff(start))
    for at in np.flatnonzero(lit[point] & ~junction[point]):
        first, last = start[edge_of[at]], start[edge_of[at] + 1] - 1
        near = [(marks[at] - marks[first], point[first]), (marks[last] - marks[at], point[last])]
        reach_m, end = min((d, k) for d, k in near)
        if reach_m <= SIGNAL_REACH_M and degree[end] >= 3:
            lit[end] = True
    return np.asarray(lit[junction])


# --- tables ---------------------------------------------------------------------------------------


class _Rows(NamedTuple):
    """A table before it is projected: owners, named columns, shapes in degrees, in the order of owners."""

    osm_type: NDArray[np.object_]
    osm_id: Ints
    columns: dict[str, list[Any]]
    shape: NDArray[np.object_]


def _shapes_and_rows(table: _Table, names: Sequence[str], ground_deg: BaseGeometry | None) -> _Rows:
    shape = np.empty(len(table.shape), dtype=object)
    shape[:] = table.shape
    is_wkb = np.array([isinstance(s, bytes) for s in table.shape], dtype=bool)
    shape[is_wkb] = shapely.from_wkb(shape[is_wkb])
    shape = shapely.force_2d(_simplest(shape))
    good = ~shapely.is_empty(shape) & np.isfinite(shapely.bounds(shape)).all(axis=1)
    if ground_deg is not None:
        good[good] = shapely.intersects(ground_deg, shape[good])
    last = {owner: i for i, owner in enumerate(table.owner) if good[i]}  # the later version of an object
    order = [last[owner] for owner in sorted(last)]
    columns = {name: [table.row[i][k] for i in order] for k, name in enumerate(names)}
    owners = [table.owner[i] for i in order]
    osm_type = np.array([t for t, _ in owners], dtype=object)
    osm_id = np.array([i for _, i in owners], dtype=np.int64)
    return _Rows(osm_type, osm_id, columns, shapely.normalize(shape[order]))


def _without_giants(buildings: _Rows, frame: Frame) -> _Rows:
    """Leave out outlines that no building has: a quarter mapped as one would hide whatever lies behind it."""
    if not len(buildings.shape):
        return buildings
    real = shapely.area(shapely.transform(buildings.shape, frame.to_m)) <= _LARGEST_BUILDING_M2
    return _Rows(
        buildings.osm_type[real],
        buildings.osm_id[real],
        {name: list(compress(values, real)) for name, values in buildings.columns.items()},
        buildings.shape[real],
    )


def _simplest(shape: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons mended where they cross themselves, and taken out of a collection of one."""
    broken = ~shapely.is_valid(shape)
    if broken.any():
        shape[broken] = [_mended(g) for g in shape[broken]]
    single = (shapely.get_type_id(shape) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(shape) == 1
    )
    shape[single] = shapely.get_geometry(shape[single], 0)
    return shape


def _mended(geometry: BaseGeometry) -> BaseGeometry:
    """Return a valid geometry of the same dimension; empty where nothing of it is left (a flat polygon)."""
    parts = shapely.get_parts(shapely.make_valid(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == shapely.get_dimensions(geometry)])


def _table(rows: _Rows, columns: Sequence[str], frame: Frame) -> Table:
    content: dict[str, NDArray[Any]] = {"osm_type": rows.osm_type, "osm_id": rows.osm_id}
    for name, values in rows.columns.items():
        content[name] = np.array(values, dtype=np.float64 if name in NUMBER_COLUMNS else object)
    shape = shapely.transform(rows.shape, frame.to_m) if len(rows.shape) else rows.shape
    return Table({name: content[name] for name in columns}, shape)


NUMBER_COLUMNS = frozenset({"height_m", "levels", "min_height_m", "capacity", "beds"})
"""Columns of the tables that hold numbers (NaN = unknown); all others but ``osm_id`` are text."""


_FED_AT_ONCE = 1 << 20


# --- digest ---------------------------------------------------------------------------------------


def _digest(network: StreetNetwork, units: NDArray[np.int32], tables: Sequence[_Rows], box: BBox) -> str:
    """Digest of the contents: equal for equal maps on every machine.

    Metres are left out, for their last bit may differ between processors; the degrees that they were computed
    from are integers and go in instead.
    """
    sha = hashlib.sha256(b"area/1\n")
    sha.update(repr(tuple(round(v / _UNIT_DEG) for v in box)).encode())
    for entry in sorted(fields(network), key=lambda f: f.name):
        value = getattr(network, entry.name)
        if isinstance(value, np.ndarray) and not entry.name.endswith("xy_m"):
            _feed(sha, entry.name, value)
    _feed(sha, "unit", units, np.dtype(np.int64))
    sha.update(repr(network.names).encode())
    for rows in tables:
        points, start = shapely.get_coordinates(rows.shape, return_index=True)
        _feed(sha, "osm_id", rows.osm_id)
        _feed(sha, "points", np.rint(points / _UNIT_DEG).astype(np.int64))
        _feed(sha, "start", start.astype(np.int64))
        sha.update(repr((list(rows.osm_type), rows.columns)).encode())
    return sha.hexdigest()


def _feed(sha: Any, name: str, value: NDArray[Any], kind: np.dtype[Any] | None = None) -> None:
    """Add an array, as one of a kind; a part at a time, for a metro's are large."""
    little = (kind or value.dtype).newbyteorder("<")
    sha.update(f"{name} {little.str} {value.shape}\n".encode())
    for first in range(0, len(value), _FED_AT_ONCE):
        sha.update(np.ascontiguousarray(value[first : first + _FED_AT_ONCE], dtype=little).tobytes())
