"""What a plan says of streets whose rules hold at times or under conditions: none is planned with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from planner.area import Area
from planner.model import Notice
from planner.routes.driving import Way, used_edges
from planner.streets.unread import UnreadRules
from planner.terms import NoticeLevel

Ints = NDArray[np.int64]

_ABOUT = "routes"
_NAMED = 6
"""So many streets are named in a notice; more would not be read."""


def unread_notices(ways: Sequence[Way], post_edges: Sequence[int], area: Area) -> tuple[Notice, ...]:
    """Name the streets, driven by routes or held by posts, that have rules which no plan knows.

    Nothing is said where it is not known which they are: the area's coverage says so, once.
    """
    if area.unread is None or not area.unread.any:
        return ()
    return tuple(
        Notice(level, text, _ABOUT)
        for level, text in (
            (NoticeLevel.CAUTION, _passage_text(ways, post_edges, area, area.unread)),
            (NoticeLevel.INFO, _speed_text(ways, area, area.unread)),
        )
        if text
    )


def _passage_text(ways: Sequence[Way], post_edges: Sequence[int], area: Area, unread: UnreadRules) -> str:
    edges = np.union1d(used_edges(ways), np.array(post_edges, dtype=np.int64))
    told = _names(edges[np.isin(area.network.way_id[edges], unread.passage)], area)
    told += [f"the barrier on {name}" for name in _names(_at_barriers(ways, area, unread), area)]
    told += [turn for turn in _turns(ways, area, unread) if turn not in told]
    if not told:
        return ""
    return (
        f"Rules that hold at certain times or under conditions are not known here: {_listed(told)}. "
        "Heed the signs there, and ask who knows the hours"
    )


def _speed_text(ways: Sequence[Way], area: Area, unread: UnreadRules) -> str:
    edges = used_edges(ways)
    told = _names(edges[np.isin(area.network.way_id[edges], unread.speed)], area)
    if not told:
        return ""
    return f"Speed limits that hold at certain times or under conditions are not known here: {_listed(told)}"


def _names(edges: Ints, area: Area) -> list[str]:
    return sorted({area.network.street(edge) for edge in edges.tolist()})


def _at_barriers(ways: Sequence[Way], area: Area, unread: UnreadRules) -> Ints:
    """Return the streets on which a way passes a barrier that opens at times: those that lead up to it."""
    known = set(unread.barriers.tolist())
    network, found = area.network, []
    for way in ways:
        if known.isdisjoint(way.path.nodes):
            continue
        driven, ahead = way.path.edges, way.path.forward
        ends = network.node_id[np.where(ahead, network.edge_v[driven], network.edge_u[driven])][:-1]
        found.append(driven[:-1][np.isin(ends, unread.barriers)])
    return np.concatenate([np.empty(0, dtype=np.int64), *found])


def _turns(ways: Sequence[Way], area: Area, unread: UnreadRules) -> list[str]:
    turned = {
        f"the turn from {area.network.street(from_edge)} into {area.network.street(to_edge)}"
        for way in ways
        for from_edge, to_edge in unread.turned(way.path.driven, area.network)
    }
    return sorted(turned)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
