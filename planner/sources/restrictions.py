"""Turn restrictions of OpenStreetMap: relations read, and laid onto the edges of a network.

Meanings are those of the OSM wiki (*Relation:restriction*).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.sources.tags import Tags
from planner.streets.network import Ints
from planner.terms import TurnRule


class Restriction(NamedTuple):
    """A turn restriction: which way must not (or must only) be followed by which, at a node or via ways."""

    from_way: int
    via_node: int
    """0 where it goes via ways."""
    to_way: int
    only: bool
    emergency_exempt: bool
    via_ways: tuple[int, ...] = ()


UNREAD_KEYS = ("restriction:conditional", "restriction:motorcar:conditional")
"""Keys of restrictions that hold at times or under conditions."""
_FREE_OF_IT = frozenset({"motorcar", "motor_vehicle", "vehicle"})
"""A restriction that spares all of these holds for none that this program routes."""


def read_restriction(tags: Tags, members: Iterable[tuple[str, int, str]]) -> list[Restriction]:
    """Read a ``type=restriction`` relation.

    Parameters
    ----------
    tags : Tags
    members : iterable of (type, id, role)
        Type is "n", "w" or "r".

    Returns
    -------
    list of Restriction
        Empty when it is none that holds at all times for all vehicles: conditional ones and those for
        lorries are left out. One with several ways to come from or go to gives one each.
    """
    return _read(tags, tags.get("restriction", ""), members)


def read_unread_turns(tags: Tags, members: Iterable[tuple[str, int, str]]) -> list[Restriction]:
    """Read a relation as :func:`read_restriction` does, but what holds at times or under conditions."""
    texts = (tags.get(key, "") for key in UNREAD_KEYS)
    return _read(tags, next((text for text in texts if text), ""), members)


def _read(tags: Tags, text: str, members: Iterable[tuple[str, int, str]]) -> list[Restriction]:
    if tags.get("type", "") != "restriction" or not text.startswith(("no_", "only_")):
        return []
    by_role: dict[tuple[str, str], list[int]] = {}
    for kind, ident, role in members:
        by_role.setdefault((role, kind), []).append(ident)
    nodes, ways = by_role.get(("via", "n"), []), by_role.get(("via", "w"), [])
    spared = frozenset(tags.get("except", "").replace(" ", "").split(";"))
    if spared & _FREE_OF_IT or len(nodes) + min(1, len(ways)) != 1:
        return []
    exempt = "emergency" in spared
    via, only = nodes[0] if nodes else 0, text.startswith("only_")
    return [
        Restriction(a, via, b, only, exempt, tuple(ways))
        for a in by_role.get(("from", "w"), [])
        for b in by_role.get(("to", "w"), [])
    ]


def restriction_arrays(
    restrictions: Iterable[Restriction], node_id: Ints, way_id: Ints, edge_u: Ints, edge_v: Ints
) -> dict[str, NDArray[Any]]:
    """Lay restrictions onto edges: the ``restriction_*`` arrays of a network.

    One whose ways do not end where it says, that leads on in more than one way, or that is cut off by the
    rim of the extract, holds nowhere.
    """
    wanted = sorted(restrictions)
    ways = {way for r in wanted for way in (r.from_way, r.to_way, *r.via_ways)}
    edges_of: dict[int, list[_Edge]] = {}
    for edge in np.flatnonzero(np.isin(way_id, np.array(sorted(ways), dtype=np.int64))).tolist():
        ends = (int(node_id[edge_u[edge]]), int(node_id[edge_v[edge]]))
        edges_of.setdefault(int(way_id[edge]), []).append(_Edge(edge, *ends))
    found = [(r, driven) for r in wanted if (driven := _driven(r, edges_of))]
    rules = [TurnRule.ONLY * r.only | TurnRule.SPARES_EMERGENCY * r.emergency_exempt for r, _ in found]
    steps = [step for _, driven in found for step in driven]
    return {
        "restriction_start": np.cumsum([0, *(len(driven) for _, driven in found)], dtype=np.int64),
        "restriction_edge": np.array([edge for edge, _ in steps], dtype=np.int64),
        "restriction_ahead": np.array([ahead for _, ahead in steps], dtype=bool),
        "restriction_rule": np.array(rules, dtype=np.uint8),
    }


class _Edge(NamedTuple):
    """An edge with the OSM ids of its ends."""

    edge: int
    u: int
    v: int


def _driven(restriction: Restriction, edges_of: dict[int, list[_Edge]]) -> list[tuple[int, bool]]:
    """Return the edges of a restriction in order, and whether each is driven ahead."""
    from_way, to_way = edges_of.get(restriction.from_way, []), edges_of.get(restriction.to_way, [])
    if restriction.via_ways:
        chain = _chain(restriction, edges_of)
        if chain is None:
            return []
        begin, via, end = chain
    else:
        begin, via, end = restriction.via_node, [], restriction.via_node
    leave = [e for e in from_way if begin in (e.u, e.v)]
    enter = [e for e in to_way if end in (e.u, e.v)]
    if len(leave) != 1 or len(enter) != 1:
        return []
    return [(leave[0].edge, leave[0].v == begin), *via, (enter[0].edge, enter[0].u == end)]


def _chain(
    restriction: Restriction, edges_of: dict[int, list[_Edge]]
) -> tuple[int, list[tuple[int, bool]], int] | None:
    """Find the way over the via ways, from where the first way meets them to where the last one does."""
    via = [e for way in restriction.via_ways for e in edges_of.get(way, [])]
    begins = _nodes(edges_of.get(restriction.from_way, [])) & _nodes(via)
    ends = _nodes(edges_of.get(restriction.to_way, [])) & _nodes(via)
    found = [
        (begin, steps, end)
        for begin in sorted(begins)
        for end in sorted(ends - {begin})
        if (steps := _walk(begin, end, via)) is not None
    ]
    whole = [f for f in found if set(restriction.via_ways) <= _ways_of(f[1], edges_of)]
    return whole[0] if len(whole) == 1 else None


def _nodes(edges: Sequence[_Edge]) -> set[int]:
    return {node for e in edges for node in (e.u, e.v)}


def _ways_of(steps: Sequence[tuple[int, bool]], edges_of: dict[int, list[_Edge]]) -> set[int]:
    used = {edge for edge, _ in steps}
    return {way for way, edges in edges_of.items() if any(e.edge in used for e in edges)}


def _walk(begin: int, end: int, via: Sequence[_Edge]) -> list[tuple[int, bool]] | None:
    """Walk from node to node over edges, none of them twice; the fewest edges."""
    reached: dict[int, list[tuple[int, bool]]] = {begin: []}
    pending = [begin]
    for node in pending:
        for e in via:
            for here, there, ahead in ((e.u, e.v, True), (e.v, e.u, False)):
                if here == node and there not in reached:
                    reached[there] = [*reached[node], (e.edge, ahead)]
                    pending.append(there)
    return reached.get(end)
