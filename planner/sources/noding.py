"""Ways to streets: what runs between two junctions becomes an edge, with its shape, names and signs. Pure.

Of a metro there are four million points: what is large is worked on a part at a time, or made small first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.errors import NoStreetsError
from planner.geo import Frame
from planner.sources.restrictions import Restriction, restriction_arrays
from planner.sources.tags import Street, StreetNode
from planner.streets.network import Bools, Floats, Ints, StreetNetwork

Ints32 = NDArray[np.int32]
Units = Ints32
"""Longitudes and latitudes as integers of 1e-7 degrees, (n, 2)."""

SIGNAL_REACH_M = 40.0
"""Signals are often mapped at the stop line: one this near a junction is the junction's signal."""

UNIT_DEG = 1e-7  # OSM keeps coordinates as integers of this size: the exact form, on every machine
_STRETCH_M = 250.0  # edges longer than this are parted at an OSM node, where one stands
_AT_ONCE = 1 << 18  # points worked on together
_PROJECTED = 1 << 20  # and projected, on all cores

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


class Runs(NamedTuple):
    """Runs of nodes of some ways, laid end to end: usually one of each, the whole way."""

    way: Ints  # (R,) row of the way that each is of
    size: Ints  # (R,) number of nodes
    ref: Ints  # (P,)
    lonlat_deg: Floats  # (P, 2)
    cut: Ints = np.empty(0, dtype=np.int64)
    """Nodes at which a run begins or ends because the source lacks the next node of its way."""

    def meeting(self, boxes_deg: Sequence[tuple[float, float, float, float]]) -> Runs:
        """Keep the ways of which a run meets one of some boxes, whole."""
        if not len(self.way):
            return self
        start = np.cumsum(self.size) - self.size
        low, high = (ends.reduceat(self.lonlat_deg, start) for ends in (np.minimum, np.maximum))
        reach = np.hstack([low, high])
        meets = np.any([_boxes_meet(reach, box) for box in boxes_deg], axis=0)
        kept = np.isin(self.way, self.way[meets])
        points = np.repeat(kept, self.size)
        return Runs(self.way[kept], self.size[kept], self.ref[points], self.lonlat_deg[points], self.cut)


@dataclass
class Streets:
    """Runs of nodes in the order of way ids: each of two nodes at least, never the same twice in a row."""

    way_id: Ints  # (R,) of each run
    street: Ints  # (R,) which of ``streets`` it is
    start: Ints  # (R + 1,)
    ref: Ints  # (P,)
    unit: Units  # (P, 2)
    streets: Sequence[Street]

    @classmethod
    def of_runs(
        cls, runs: tuple[Ints, Ints, Ints, Ints], ref: Ints, unit: Units, streets: Sequence[Street]
    ) -> Streets:
        """Lay runs end to end: way (ascending) and street of each, begin and end among the nodes."""
        way, street, begin, end = runs
        owner: Ints | Ints32 = np.repeat(np.arange(len(way), dtype=np.int32), end - begin)
        if (begin[1:] != end[:-1]).any() or len(owner) != len(ref):  # a file in order needs no copy
            rows, owner = _spans(begin, end)
            ref, unit = ref[rows], unit[rows]
        again = np.zeros(len(ref), dtype=bool)
        again[1:] = (ref[1:] == ref[:-1]) & (owner[1:] == owner[:-1])
        if again.any():
            owner, ref, unit = owner[~again], ref[~again], unit[~again]
        return cls(way, street, np.empty(0, dtype=np.int64), ref, unit, streets)._laid(owner)

    def _laid(self, owner: Ints | Ints32) -> Streets:
        """Keep the runs that own two nodes at least."""
        way_id, street, ref, unit = self.way_id, self.street, self.ref, self.unit
        size = np.bincount(owner, minlength=len(way_id))
        good = size >= 2
        start = np.concatenate([[0], np.cumsum(size[good])])
        if not good.all():
            points = good[owner]
            way_id, street, ref, unit = way_id[good], street[good], ref[points], unit[points]
        if not len(way_id):
            raise NoStreetsError(
                "there are no streets in it", "Choose an extract with streets (highway=*) in it"
            )
        return Streets(way_id, street, start, ref, unit, self.streets)

    def take_points(self) -> tuple[Ints, Units]:
        """Give the nodes away, so that whoever needs them no more can free them; once."""
        points = self.ref, self.unit
        del self.ref, self.unit
        return points

    def bounds(self) -> Ints:
        """Box of each run, (R, 4), in units."""
        low = np.minimum.reduceat(self.unit, self.start[:-1])
        high = np.maximum.reduceat(self.unit, self.start[:-1])
        return np.hstack([low, high]).astype(np.int64)

    def within(self, ground_deg: BaseGeometry) -> Streets:
        """Keep the runs that meet the given ground."""
        meets = _boxes_meet(self.bounds() * UNIT_DEG, ground_deg.bounds)
        near = np.flatnonzero(meets)
        rows, run = _spans(self.start[near], self.start[near + 1])
        if near.size:
            lines = shapely.linestrings(self.unit[rows] * UNIT_DEG, indices=run)
            meets[near] = shapely.intersects(ground_deg, lines)
        if not meets.any():
            raise NoStreetsError(
                "there are no streets in that box", "Choose a box with streets of the map in it"
            )
        owner = np.repeat(np.arange(len(self.way_id)), np.diff(self.start))
        points = meets[owner]
        return replace(self, ref=self.ref[points], unit=self.unit[points])._laid(owner[points])


def _boxes_meet(bounds: NDArray[np.floating[Any]], box: tuple[float, float, float, float]) -> Bools:
    west, south, east, north = box
    return np.asarray(
        (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    )


def lay_streets(
    streets: Streets, nodes: dict[int, StreetNode], restrictions: set[Restriction], frame: Frame
) -> tuple[StreetNetwork, Units]:
    """Cut runs into edges; returns the network and the places of its shape points.

    Takes the runs' nodes over: of a metro they are a hundred megabytes.
    """
    ref, unit = streets.take_points()
    ident, first, inverse, shared = _each_node(ref)
    unit = unit[first]
    del ref, first
    xy_m = _in_metres(unit, frame)
    junction = _junctions(streets, ident, inverse, shared, nodes, restrictions)
    junction[_long_stretch_nodes(junction, inverse, xy_m)] = True
    cuts = np.flatnonzero(junction[inverse])
    owner = np.searchsorted(streets.start, cuts, side="right") - 1
    whole = owner[:-1] == owner[1:]
    begin, end = cuts[:-1][whole], cuts[1:][whole]
    owner = owner[:-1][whole]
    way_id, street = streets.way_id[owner], streets.street[owner]
    point = inverse[_spans(begin, end + 1)[0]]
    new_index = np.cumsum(junction) - 1
    edge_u, edge_v = new_index[inverse[begin]], new_index[inverse[end]]
    shape_start = np.concatenate([[0], np.cumsum(end - begin + 1)])
    del new_index, cuts, owner, whole, begin, end, inverse
    units = unit[point]
    del unit
    shape_xy_m, node_xy_m = xy_m[point], xy_m[junction]
    del xy_m
    columns, names = _street_columns(streets.streets, street)
    barrier, access = _node_columns(ident[junction], nodes)
    signal = _signals(ident, junction, nodes, point, shape_xy_m, shape_start)
    network = StreetNetwork(
        node_id=ident[junction],
        node_xy_m=node_xy_m,
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


def _each_node(ref: Ints) -> tuple[Ints, Ints32, Ints32, Bools]:
    """Return each node once, ascending; where it comes first, which each is, and which come again."""
    order = np.argsort(ref, kind="stable").astype(np.int32)
    ordered = ref[order]
    fresh = np.ones(len(ref) + 1, dtype=bool)
    fresh[1:-1] = ordered[1:] != ordered[:-1]
    ident, first, shared = ordered[fresh[:-1]], order[fresh[:-1]], ~fresh[1:][fresh[:-1]]
    del ordered
    inverse = np.empty_like(order)
    inverse[order] = np.cumsum(fresh[:-1], dtype=np.int32) - 1
    return ident, first, inverse, shared


def _in_metres(unit: Units, frame: Frame) -> Floats:
    xy_m = np.empty(unit.shape, dtype=np.float64)
    for at in range(0, len(unit), _PROJECTED):
        xy_m[at : at + _PROJECTED] = frame.to_m(unit[at : at + _PROJECTED] * UNIT_DEG)
    return xy_m


def _spans(begin: Ints, end: Ints) -> tuple[Ints32, Ints32]:
    """Return the indices of the spans begin:end laid end to end, and which span (0..) each belongs to."""
    size = end - begin
    owner = np.repeat(np.arange(len(size), dtype=np.int32), size)
    rows = np.arange(len(owner), dtype=np.int32)
    rows += (begin - np.cumsum(size) + size).astype(np.int32)[owner]
    return rows, owner


def _junctions(
    streets: Streets,
    ident: Ints,
    inverse: Ints32,
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


def _long_stretch_nodes(junction: Bools, inverse: Ints32, xy_m: Floats) -> Ints32:
    """Nodes that part long stretches between junctions, about every ``_STRETCH_M``.

    A closure closes whole edges: without these, a fire beside a country road would close kilometres of it.
    """
    mark_m = np.zeros(len(inverse))
    for k in range(1, len(inverse), _AT_ONCE):
        steps_m = np.diff(xy_m[inverse[k - 1 : k + _AT_ONCE]], axis=0)
        mark_m[k : k + _AT_ONCE] = np.hypot(*steps_m.T)
    np.cumsum(mark_m, out=mark_m)
    cut = junction[inverse]
    at = np.arange(len(inverse), dtype=np.int32)
    begin = np.maximum.accumulate(np.where(cut, at, np.int32(0)))
    end = np.minimum.accumulate(np.where(cut, at, np.int32(len(at) - 1))[::-1])[::-1]
    laps = np.floor((mark_m - mark_m[begin]) / _STRETCH_M)
    fresh = np.concatenate([[False], laps[1:] > laps[:-1]]) & ~cut
    # What is left after the last of them must be worth an edge of its own.
    roomy = mark_m[end] - mark_m > _STRETCH_M / 4
    return np.unique(inverse[fresh & roomy])


def _street_columns(
    streets: Sequence[Street], street: Ints
) -> tuple[dict[str, NDArray[Any]], tuple[str, ...]]:
    """Columns of the edges, by which street each is, and the table of names, "" first."""
    used = np.bincount(street, minlength=len(streets)) > 0
    rows = list(compress(streets, used))
    row = (np.cumsum(used) - 1)[street]
    names = ("", *sorted({one.name for one in rows} - {""}))
    place = {text: i for i, text in enumerate(names)}
    columns: dict[str, NDArray[Any]] = {
        name: np.array([getattr(one, name) for one in rows], dtype=dtype)[row]
        for name, dtype in _STREET_TYPES.items()
    }
    columns["name_index"] = np.array([place[one.name] for one in rows], dtype=np.int64)[row]
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
    ident: Ints, junction: Bools, nodes: dict[int, StreetNode], point: Ints32, xy_m: Floats, start: Ints
) -> Bools:
    """Which junctions have signals: tagged there, or at a stop line no further than ``SIGNAL_REACH_M``."""
    lit = np.zeros(len(ident), dtype=bool)
    lit[[row for row, node in _found(ident, nodes) if node.signal]] = True
    degree = np.bincount(np.concatenate([point[start[:-1]], point[start[1:] - 1]]), minlength=len(ident))
    between = np.flatnonzero(lit[point] & ~junction[point])
    edges = np.searchsorted(start, between, side="right") - 1
    for at, first, last in zip(between, start[edges], start[edges + 1] - 1, strict=True):
        step_m = np.hypot(*np.diff(xy_m[first : last + 1], axis=0).T)
        near = [(step_m[: at - first].sum(), point[first]), (step_m[at - first :].sum(), point[last])]
        reach_m, end = min((d, k) for d, k in near)
        if reach_m <= SIGNAL_REACH_M and degree[end] >= 3:
            lit[end] = True
    return np.asarray(lit[junction])
