"""On which side of the street an area drives, read from the map itself.

Few maps say it, and the program asks no server. But traffic circles a roundabout counter-clockwise where one
drives on the right, and the other carriageway of a divided street lies to the left. Every roundabout and
every divided stretch has one vote; where there are none, every short piece of a divided street; with none of
these, and on a tie, right-hand traffic is assumed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.streets.street_arrays import Floats, Ints, StreetArrays

_BESIDE_M = 40.0
"""The other carriageway lies no further off."""
_PIECE_M = 25.0
"""Into pieces so long streets are cut where no whole ones lie side by side."""
_OPPOSITE = -0.9
"""Cosine of the angle between two carriageways, at most."""


class DrivingSide(NamedTuple):
    """Whether traffic keeps left, and how many roundabouts and divided stretches say left and right."""

    left: bool
    votes_left: int
    votes_right: int


def find_driving_side(streets: StreetArrays) -> DrivingSide:
    """Read from the map on which side its traffic drives."""
    named = streets.drivable & (streets.oneway != 0) & (streets.name_index > 0) & ~streets.roundabout
    edges = np.flatnonzero(named)
    votes = np.concatenate([_roundabouts(streets), _beside(*_whole(streets, edges))])
    votes = votes if len(votes) else _beside(*_pieces(streets, edges))
    left, right = int((votes < 0).sum()), int((votes > 0).sum())
    return DrivingSide(left > right, left, right)


def _roundabouts(streets: StreetArrays) -> Floats:
    """Turn of each roundabout: above zero where traffic circles counter-clockwise."""
    edges = np.flatnonzero(streets.roundabout & streets.drivable & (streets.oneway != 0))
    if not len(edges):
        return np.empty(0)
    ends = (streets.edge_u[edges], streets.edge_v[edges])
    size = (streets.node_count, streets.node_count)
    _, part = connected_components(csr_array((np.ones(len(edges)), ends), shape=size), directed=False)
    part_of_edge = part[streets.edge_u[edges]]
    points, owner = streets.points_of(edges)
    xy = streets.shape_xy_m[points]
    part_of_point = part_of_edge[owner]
    count = np.maximum(np.bincount(part_of_point, minlength=part.max() + 1), 1)
    middle = np.column_stack(
        [np.bincount(part_of_point, weights=xy[:, k], minlength=len(count)) / count for k in (0, 1)]
    )
    arm = xy - middle[part_of_point]
    within = owner[1:] == owner[:-1]
    cross = (arm[:-1, 0] * arm[1:, 1] - arm[:-1, 1] * arm[1:, 0])[within]
    turn = cross * streets.oneway[edges][owner[:-1][within]]
    found = np.bincount(part_of_point[:-1][within], weights=turn).astype(np.float64)
    return np.asarray(found[np.unique(part_of_edge)])


_Lines = tuple[Floats, Floats, Ints, Ints]
"""Ends, which way traffic runs, and number of the name of some lines."""


def _whole(streets: StreetArrays, edges: Ints) -> _Lines:
    """Return streets from end to end."""
    first, last = streets.shape_xy_m[streets.shape_start[edges]], streets.shape_xy_m[_last(streets, edges)]
    return first, last, streets.oneway[edges].astype(np.int64), streets.name_index[edges]


def _pieces(streets: StreetArrays, edges: Ints) -> _Lines:
    """Cut streets into short pieces: where no two whole ones lie side by side, pieces of them may."""
    points, owner = streets.points_of(edges)
    within = np.flatnonzero(owner[1:] == owner[:-1])
    begin, end = streets.shape_xy_m[points[within]], streets.shape_xy_m[points[within + 1]]
    count = np.maximum(np.ceil(np.hypot(*(end - begin).T) / _PIECE_M).astype(np.int64), 1)
    row = np.repeat(np.arange(len(within)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    step = (end - begin)[row] / count[row][:, None]
    first = begin[row] + step * nth[:, None]
    of = edges[owner[within[row]]]
    return first, first + step, streets.oneway[of].astype(np.int64), streets.name_index[of]


def _beside(first: Floats, last: Floats, oneway: Ints, name: Ints) -> Floats:
    """For each line that another of its name runs against, beside it: above zero where that lies to the left.

    Parameters
    ----------
    first, last : (n, 2) float array
        Their ends.
    oneway, name : (n,) int array
    """
    if len(first) < 2:
        return np.empty(0)
    way = (last - first) * oneway[:, None]
    length = np.maximum(np.hypot(*way.T), 1e-9)
    way = way / length[:, None]
    middle = (first + last) / 2
    a, b = cKDTree(middle).query_pairs(_BESIDE_M, output_type="ndarray").T
    pairs = np.concatenate([np.column_stack([a, b]), np.column_stack([b, a])])
    one, other = pairs.T
    same = name[one] == name[other]
    opposite = (way[one] * way[other]).sum(axis=1) <= _OPPOSITE
    one, other = one[same & opposite], other[same & opposite]
    off = middle[other] - middle[one]
    side = way[one, 0] * off[:, 1] - way[one, 1] * off[:, 0]
    return np.asarray(side[np.abs(side) > 1.0])  # nearer than a metre: the same line drawn twice


def _last(streets: StreetArrays, edges: Ints) -> Ints:
    return streets.shape_start[edges + 1] - 1
