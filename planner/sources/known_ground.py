"""Where a map ends that no box bounds: the ground that it shows. Pure.

An extract cut along a county's border, or by a box that its file does not name, holds whole ways: roads run
out of it one by one, each to an end in the open, and the box around them all takes in ground of which nothing
is there. No main road ends like that: where some do, the map was cut. How far it is whole then tell its short
things: a house, a lane between two streets is in the file because the cut lies beyond it, or through it at
most, while a long street may run on for a kilometre past streets that it crosses and that are gone. Ground
that no short thing lies near, and that streets run out into, is not known. Nor is what lies about a node from
which a way goes on to one that the file lacks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from planner.errors import SourceError
from planner.sources.noding import UNIT_DEG, Units
from planner.streets.network import Bools, Ints, StreetNetwork
from planner.terms import RoadClass

BBox = tuple[float, float, float, float]
Floats = NDArray[np.float64]

_CELL_DEG = 1e-3
"""Side of the squares that ground is told by, some 110 m; larger on a map of more than ``_MOST_CELLS``."""
_MOST_CELLS = 2000
_DEGREE_M = 111_320.0
SHORT_M = 150.0
"""What is no wider and no higher than this shows that the map reaches to it: the cut is no further off."""
_FINISHED_M = 500.0
"""So does a way of this size that ends in no dead end: one that the cut went through mostly does."""
_OPEN_M = 350.0
"""Ground that is this far from all that shows where the map reaches is open."""
_BESIDE_M = 500.0
"""So far beside a street that runs out into the open nothing is known."""
_INTO_M = 100.0
"""So far into ground that seems shown the map may be cut: short things reach a little beyond the cut."""
_RIM_DEG = 1e-3
"""An end this near to the box says only that the box is the map's."""
_EVIDENCE = 3
"""So many main roads have to end in the open within the box: one may do so by a mistake of the map."""
_MOST_STREETS = 400  # of a stretch: an edge is 250 m long at most, or runs straight
_AT_ONCE = 1 << 18  # places looked at together
_CUT_DEG = 1e-4
"""Half of the side of the square about a node after which a way is cut off."""


def known_ground(
    network: StreetNetwork,
    units: Units,
    short_deg: Floats,
    box: BBox,
    *,
    within_deg: BaseGeometry | None,
    cut: Ints,
    bounded: bool,
) -> BaseGeometry | None:
    """Return the ground that a map shows, in degrees; None where that is all of its box.

    Parameters
    ----------
    network : StreetNetwork
    units : (S, 2) array of int
        Places of its shape points.
    short_deg : (B, 2) array
        Middles of what else the map shows that is no larger than ``SHORT_M``: houses, places.
    box : tuple of float
        West, south, east, north of the map in degrees.
    within_deg : shapely geometry or None
        The polygon that was asked for: beyond it nothing is known.
    cut : array of int
        Ids of nodes from which a way goes on that is not in the file.
    bounded : bool
        Whether the source is known to be whole to the edges of the box.

    Raises
    ------
    SourceError
        If nothing is known of it.
    """
    whole = shapely.box(*box)
    ground = whole if within_deg is None else _grounds(whole.intersection(within_deg, grid_size=UNIT_DEG))
    if not bounded:
        ground = _grounds(ground.difference(_unknown(network, units, short_deg, box), grid_size=UNIT_DEG))
    ground = _grounds(ground.difference(_holes(network, units, cut), grid_size=UNIT_DEG))
    if ground.is_empty:
        raise SourceError(
            "nothing of this map is known: its streets are cut off, or run out of it",
            "Use an extract of the place that holds more than single roads",
        )
    if shapely.equals(ground, whole):
        return None
    return shapely.normalize(shapely.simplify(ground, 0.0))  # the same ground: no corners amid straight edges


def _grounds(ground: BaseGeometry) -> BaseGeometry:
    """Return the parts of a geometry that are ground."""
    parts = shapely.get_parts(ground)
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


# --- nodes after which a way is cut off -----------------------------------------------------------


def _holes(network: StreetNetwork, units: Units, cut: Ints) -> BaseGeometry:
    first = network.shape_start[:-1]
    ends = np.concatenate([first, network.shape_start[1:] - 1])
    ends = ends[np.isin(network.shape_node[ends], cut) & np.tile(network.drivable, 2)]
    spots = np.unique(units[ends], axis=0) * UNIT_DEG
    low, high = np.round(spots - _CUT_DEG, 7), np.round(spots + _CUT_DEG, 7)
    return shapely.union_all(shapely.box(*low.T, *high.T))


# --- streets that run out into the open -----------------------------------------------------------


def _unknown(network: StreetNetwork, units: Units, short_deg: Floats, box: BBox) -> BaseGeometry:
    """Return the ground about streets that run out into the open, as far as nothing short shows it."""
    dead, is_main = _dead_ends(network)
    if is_main.sum() < _EVIDENCE:
        return shapely.Polygon()
    grid = _Grid.over(box)
    shown = grid.marked(np.rint(short_deg / UNIT_DEG).astype(np.int64))
    shown |= grid.crossed(network, units, _telling(network, units, grid))
    shown = np.asarray(ndimage.binary_fill_holes(grid.closed(shown, _OPEN_M)))
    place = _places(network, units, dead)
    column, row = grid.cells(place)
    out = ~shown[row, column]
    west, south, east, north = np.rint(np.array(box) / UNIT_DEG)
    room = _RIM_DEG / UNIT_DEG
    amid = (place[:, 0] - west > room) & (east - place[:, 0] > room)
    amid &= (place[:, 1] - south > room) & (north - place[:, 1] > room)
    if (out & amid & is_main).sum() < _EVIDENCE:
        return shapely.Polygon()
    bare = grid.crossed(network, units, _last_stretches(network, dead[out])) & ~shown
    unknown = grid.spread(bare, _BESIDE_M) & ~shown
    return grid.ground(grid.spread(unknown, _INTO_M))


def _telling(network: StreetNetwork, units: Units, grid: _Grid) -> Bools:
    """Return the streets of ways that show that the map reaches to them, (E,): short, or finished."""
    first = network.shape_start[:-1]
    low, high = (ends.reduceat(units, first).astype(np.int64) for ends in (np.minimum, np.maximum))
    order = np.argsort(network.way_id, kind="stable")
    ordered = network.way_id[order]
    fresh = np.append(True, ordered[1:] != ordered[:-1])
    begin = np.flatnonzero(fresh)
    size = np.maximum.reduceat(high[order], begin) - np.minimum.reduceat(low[order], begin)
    streets = np.bincount(np.concatenate([network.edge_u, network.edge_v]), minlength=network.node_count)
    ends = (streets[network.edge_u] == 1) | (streets[network.edge_v] == 1)
    finished = ~np.logical_or.reduceat(ends[order], begin)
    telling = grid.within(size, SHORT_M) | (grid.within(size, _FINISHED_M) & finished)
    mask = network.no_closures()
    mask[order] = telling[np.cumsum(fresh) - 1]
    return mask


def _dead_ends(network: StreetNetwork) -> tuple[Ints, Bools]:
    """Return the nodes at which streets for vehicles end, and at which of them a main road does."""
    edges = np.flatnonzero(network.drivable)
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    dead = np.bincount(ends, minlength=network.node_count)[ends] == 1
    main = np.tile(network.road_class[edges] < RoadClass.UNCLASSIFIED, 2)
    return ends[dead], main[dead]


def _last_stretches(network: StreetNetwork, dead: Ints) -> Bools:
    """Return the streets from some dead ends back to the last junction, (E,)."""
    edges = np.flatnonzero(network.drivable)
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    count = np.bincount(ends, minlength=network.node_count)
    # where two streets meet, the one that one came by taken from their sum is the one that leads on
    total = np.zeros(network.node_count, dtype=np.int64)
    np.add.at(total, ends, np.tile(edges, 2))
    last = network.no_closures()
    node, before = dead, np.zeros(len(dead), dtype=np.int64)
    for _ in range(_MOST_STREETS):
        edge = total[node] - before
        last[edge] = True
        node, before = network.edge_u[edge] + network.edge_v[edge] - node, edge
        on = count[node] == 2
        node, before = node[on], before[on]
        if not len(node):
            break
    return last


def _places(network: StreetNetwork, units: Units, nodes: Ints) -> Ints:
    """Return the places of some nodes in units: they are where the shapes of their edges begin or end."""
    first, last = network.shape_start[:-1], network.shape_start[1:] - 1
    at = np.empty(network.node_count, dtype=np.int64)
    at[network.edge_u], at[network.edge_v] = first, last
    return units[at[nodes]].astype(np.int64)


class _Grid:
    """A box in squares, rows from south to north; all in integers, so that every machine finds the same."""

    def __init__(self, west: int, south: int, wide: int, high: int, shape: tuple[int, int]) -> None:
        self._low = np.array([west, south])
        self._side = np.array([wide, high])
        self._shape = shape
        self._cell_m = high * UNIT_DEG * _DEGREE_M

    @classmethod
    def over(cls, box: BBox) -> _Grid:
        """Lay it over a box in degrees."""
        west, south, east, north = (round(edge / UNIT_DEG) for edge in box)
        narrow = max(float(np.cos(np.radians((box[1] + box[3]) / 2))), 0.01)
        most = max((box[2] - box[0]) * narrow, box[3] - box[1])
        high = round(max(_CELL_DEG, most / _MOST_CELLS) / UNIT_DEG)
        wide = round(high / narrow)
        return cls(west, south, wide, high, (-(-(north - south) // high), -(-(east - west) // wide)))

    def within(self, size: Ints, most_m: float) -> Bools:
        """Return which boxes, of some widths and heights in units, are no larger than that to each side."""
        return np.asarray((size * self._cell_m <= self._side * most_m).all(axis=1))

    def cells(self, places: Ints) -> tuple[Ints, Ints]:
        """Return column and row of each place; of one beyond the box those next to it."""
        rows, columns = self._shape
        column, row = ((places - self._low) // self._side).T
        return np.clip(column, 0, columns - 1), np.clip(row, 0, rows - 1)

    def marked(self, places: Ints | Units) -> Bools:
        """Return which squares hold some of the places."""
        rows, columns = self._shape
        column, row = ((places - self._low) // self._side).T
        there = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        squares = np.zeros(self._shape, dtype=bool)
        squares[row[there], column[there]] = True
        return squares

    def crossed(self, network: StreetNetwork, units: Units, edges: Bools) -> Bools:
        """Return which squares some streets pass, also where their nodes lie far apart."""
        squares = np.zeros(self._shape, dtype=bool)
        wanted = np.repeat(edges, np.diff(network.shape_start))
        last = np.zeros(len(units), dtype=bool)
        last[network.shape_start[1:] - 1] = True  # from there to the next street is no part of any
        for at in range(0, len(units), _AT_ONCE):
            here = slice(at, at + _AT_ONCE)
            squares |= self.marked(units[here][wanted[here]])
            to_next = units[at + 1 : at + 1 + _AT_ONCE]
            begin = units[here][: len(to_next)]
            long = (np.abs(to_next - begin) > self._side).any(axis=1)
            long &= wanted[here][: len(long)] & ~last[here][: len(long)]
            squares |= self.marked(self._between(begin[long], to_next[long]))
        return squares

    def _between(self, begin: Units, end: Units) -> Ints:
        """Return places on straight lines, one for each square that they pass at least."""
        begin, end = begin.astype(np.int64), end.astype(np.int64)
        count = (np.abs(end - begin) // self._side).max(axis=1, initial=0) + 1
        line = np.repeat(np.arange(len(count)), count)
        share = np.arange(len(line)) - (np.cumsum(count) - count)[line]
        places: Ints = begin[line] + (end - begin)[line] * share[:, None] // count[line, None]
        return places

    def spread(self, squares: Bools, reach_m: float) -> Bools:
        """Return the squares within a reach of some, to each side."""
        reach = int(np.ceil(reach_m / self._cell_m))
        for _ in range(2):
            total = np.cumsum(np.pad(squares, ((reach + 1, reach), (0, 0))), axis=0, dtype=np.int32)
            squares = (total[2 * reach + 1 :] > total[: -2 * reach - 1]).T
        return squares

    def closed(self, squares: Bools, reach_m: float) -> Bools:
        """Return the squares that lie amid some: no square of twice the reach about them is free of those."""
        reach = int(np.ceil(reach_m / self._cell_m))
        spread = self.spread(np.pad(squares, reach), reach_m)
        return ~self.spread(~spread, reach_m)[reach:-reach, reach:-reach]

    def ground(self, squares: Bools) -> BaseGeometry:
        """Return squares as ground in degrees."""
        bounded = np.diff(np.pad(squares, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        (row, begin), (_, end) = np.nonzero(bounded == 1), np.nonzero(bounded == -1)
        low = (self._low + np.column_stack([begin, row]) * self._side) * UNIT_DEG
        high = (self._low + np.column_stack([end, row + 1]) * self._side) * UNIT_DEG
        boxes: Any = shapely.box(*np.round(low, 7).T, *np.round(high, 7).T)
        return shapely.union_all(boxes)
