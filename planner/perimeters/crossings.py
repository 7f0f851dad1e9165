"""Streets that the line of a perimeter crosses where no post stands, and no bridge or tunnel tells why."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from planner.perimeters.steps import may_meet
from planner.streets.joined import joined
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_TOUCH_M = 0.1
"""A line that only touches a street does not cross it."""
_MEETS_M = 1.0
"""Streets that come so near to each other on the ground meet, whether the map has a junction there or not."""


class Place(NamedTuple):
    """A place on a street: metres from the ``u`` end of its edge.

    ``other``: the edge that it meets there although the map shows no junction; -1 if none.
    """

    edge: int
    along_m: float
    other: int = -1


class Crossing(NamedTuple):
    """A street of the far side that the line crosses.

    Parameters
    ----------
    edge : int
    other : int
        The edge of the inside that it crosses without a junction; -1 if none.
    places : tuple of Place
        Where the street meets others of the inside so; its own ends where it meets none.
    """

    edge: int
    other: int
    places: tuple[Place, ...]


def unexplained_crossings(
    network: StreetNetwork, polygon_m: Polygon, far: Ints, near: Ints
) -> tuple[Crossing, ...]:
    """Find the streets of the far side that the line crosses although the map shows no bridge or tunnel.

    Parameters
    ----------
    network : StreetNetwork
    polygon_m : Polygon
        The line.
    far, near : int arrays
        Drivable edges outside the cut, and inside it or cut by a post.
    """
    shapely.prepare(polygon_m)
    at_line = may_meet(network.bounds_m[far], shapely.get_coordinates(polygon_m))
    crossing = at_line & ~_raised(network, far)
    crossing[crossing] = _crossing(network, polygon_m, far[crossing])
    if not crossing.any():
        return ()
    met = at_line.copy()
    met[at_line] = shapely.intersects(polygon_m, network.lines(far[at_line]))
    met[~at_line] = shapely.intersects_xy(polygon_m, network.node_xy_m[network.edge_u[far[~at_line]]])
    far, crossing = far[met], crossing[met]
    mine, theirs = _meeting(network, far, near)
    differs = network.layer[far[mine]] != network.layer[near[theirs]]
    chain = _chained(network, far)
    excused = np.isin(chain, chain[mine[differs]])
    found: list[Crossing] = []
    for k in np.flatnonzero(crossing & ~excused).tolist():
        edge = int(far[k])
        along = chain[mine] == chain[k]
        ends = Place(edge, 0.0), Place(edge, float(network.length_m[edge]))
        places = _places(network, far[mine[along]], near[theirs[along]]) or ends
        met = near[theirs[mine == k]]
        found.append(Crossing(edge, int(met[0]) if len(met) else -1, places))
    return tuple(found)


def meeting_places(network: StreetNetwork, far: Ints, near: Ints) -> tuple[Place, ...]:
    """Find the places on far streets where they meet near ones on the ground, and the map has no junction."""
    far, near = far[~_raised(network, far)], near[~_raised(network, near)]
    mine, theirs = _meeting(network, far, near)
    return _places(network, far[mine], near[theirs])


def _meeting(network: StreetNetwork, far: Ints, near: Ints) -> tuple[Ints, Ints]:
    """Pair the streets, by their rows, that meet or all but meet without a junction of the two."""
    tree = shapely.STRtree(network.lines(near))
    mine, theirs = tree.query(network.lines(far), predicate="dwithin", distance=_MEETS_M)
    ends = [np.stack([network.edge_u[e], network.edge_v[e]]) for e in (far[mine], near[theirs])]
    joined = (ends[0][:, None] == ends[1][None]).any(axis=(0, 1))
    return mine[~joined], theirs[~joined]


def _places(network: StreetNetwork, far: Ints, near: Ints) -> tuple[Place, ...]:
    """Return where each of some streets, (n,), comes nearest to its own other one, (n,), each place once."""
    lines = network.lines(far)
    spots = shapely.get_point(shapely.shortest_line(lines, network.lines(near)), 0)
    along_m = shapely.line_locate_point(lines, spots)
    found = zip(far.tolist(), np.round(along_m, 2).tolist(), near.tolist(), strict=True)
    return tuple(sorted({Place(*place) for place in found}))


def _crossing(network: StreetNetwork, polygon_m: Polygon, edges: Ints) -> Bools:
    lines = network.lines(edges)
    crossing = np.asarray(shapely.intersects(polygon_m, lines))
    if crossing.any():
        crossing[crossing] = shapely.intersects(polygon_m.buffer(-_TOUCH_M, quad_segs=1), lines[crossing])
    if crossing.any():
        crossing[crossing] = ~shapely.covers(polygon_m.buffer(_TOUCH_M, quad_segs=1), lines[crossing])
    return crossing


def _raised(network: StreetNetwork, edges: Ints) -> Bools:
    return np.asarray((network.layer[edges] != 0) | network.bridge[edges] | network.tunnel[edges])


def _chained(network: StreetNetwork, edges: Ints) -> Ints:
    """Return a number for each edge: those have the same that vehicles can drive between on these alone."""
    u, v, _ = network.vehicle_ends
    nodes, (first, last) = numbered(u[edges], v[edges])
    return joined(first, last, len(nodes))[first]
