"""Tunnels and bridges that pass the line: it crosses them where it likes, and the post stands at their end.

Nobody turns off in a tunnel or on a bridge, so its post stands beyond it. To run the line out to that post
and back would draw a finger along a street that is below the ground or above it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.streets.joined import joined
from planner.streets.network import StreetNetwork
from planner.streets.ticking import numbered

Ints = NDArray[np.int64]

_LEAST_M = 30.0
"""A shorter tunnel or bridge makes no finger."""
_MOST_PARTS = 60
"""A street in more parts than this is followed no further."""


@dataclass(frozen=True)
class Passing:
    """A tunnel or bridge inside of a post, that the line may cross where it likes.

    Parameters
    ----------
    spans : tuple of int
        Its edges, from the post inwards.
    between : tuple of int
        Edges of the plain street between it and the post: outside the line.
    end : int
        The junction at which its inner end is.
    """

    spans: tuple[int, ...]
    between: tuple[int, ...]
    end: int


def find_passing(
    network: StreetNetwork, edge: int, inner_is_u: bool, inside: Collection[int]
) -> Passing | None:
    """Follow a street from its post inwards to a tunnel or bridge, and along that.

    Only where nothing joins it on the way, no footway either: so that whoever is stopped at the post could
    not have left the street before.

    Parameters
    ----------
    network : StreetNetwork
    edge : int
        The street that the post closes.
    inner_is_u : bool
        Whether the scene lies towards its ``u`` end.
    inside : collection of int
        Edges of the scene's side that no other post stands on.

    Returns
    -------
    Passing or None
        None where there is none of any length.
    """
    passed: list[int] = []
    between: list[int] = []
    node = end = int((network.edge_u if inner_is_u else network.edge_v)[edge])
    for _ in range(_MOST_PARTS):
        if network.tunnel[edge] or network.bridge[edge]:
            passed.append(edge)
            end = node
        elif passed:
            break
        else:
            between.append(edge)
        beyond = _others_at(network, node, edge)
        if network.blocked_node[node] or len(beyond) != 1 or int(beyond[0]) not in inside:
            break
        edge = int(beyond[0])
        u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
        node = v if u == node else u
    if float(network.length_m[passed].sum()) < _LEAST_M:
        return None
    return Passing(tuple(passed), tuple(between), end)


def joined_without(
    network: StreetNetwork,
    found: Mapping[int, Passing],
    inside: Ints,
    posted: Collection[int],
    core_m: BaseGeometry,
) -> dict[int, Passing]:
    """Leave out what passes through the core and alone joins other streets of the scene's side to it.

    Who is in such a tunnel comes out at its inner end too, and may leave the street there: the line has to
    hold it with what it leads to.

    Parameters
    ----------
    network : StreetNetwork
    found : mapping of int to Passing
        By number of the post.
    inside : (n,) int array
        Edges of the scene's side that no post stands on.
    posted : collection of int
        Edges that posts stand on: the line is drawn to them.
    core_m : geometry
        The ground that the line is there to hold.
    """
    through = {
        k
        for k, passing in found.items()
        if shapely.intersects(core_m, network.lines(list(passing.spans))).any()
    }
    if not through:
        return dict(found)
    passed = {edge for passing in found.values() for edge in passing.spans}
    rest = inside[~np.isin(inside, list(passed))]
    nodes, (ends,) = numbered(np.stack([network.edge_u[rest], network.edge_v[rest]]))
    label = joined(ends[0], ends[1], len(nodes))
    at_core = shapely.intersects(core_m, network.lines(rest))
    home = set(nodes[np.isin(label, label[ends[0, at_core]])].tolist())

    held = passed.union(posted, *(passing.between for passing in found.values()))

    def is_joined(passing: Passing) -> bool:
        return passing.end in home or held.issuperset(_others_at(network, passing.end, passing.spans[-1]))

    kept = {k: passing for k, passing in found.items() if k not in through or is_joined(passing)}
    return kept if len(kept) == len(found) else joined_without(network, kept, inside, posted, core_m)


def _others_at(network: StreetNetwork, node: int, edge: int) -> Ints:
    """Return the ways that meet a junction, those of people on foot too, but one; one that returns, twice."""
    arcs, _ = network.arcs_into(np.array([node]))
    ends = np.sort(arcs % network.edge_count)
    return np.asarray(ends[ends != edge])
