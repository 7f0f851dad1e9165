"""Posts: where on a severed street they stand, what they close, how many officers they take, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from math import dist

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.doctrine import Perimeters
from planner.geo import Frame
from planner.model import Post
from planner.perimeters.cut import INNER, SINK, SOURCE, Cut
from planner.perimeters.flows import street_flows
from planner.perimeters.radio_names import radio_names
from planner.perimeters.spans import edges_at, ends_ahead, no_way_off
from planner.streets.network import StreetNetwork
from planner.terms import Control, Direction, PerimeterName, PostMode, RoadClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_FAST = int(RoadClass.MOTORWAY_LINK)  # a number: numpy asks a member of an enum for what it has not
"""Up to this code they are motorways and their ramps."""
_MAJOR = int(RoadClass.PRIMARY_LINK)
"""Road classes up to this code are major: motorway, trunk and primary with their ramps."""
_AT_PORTAL_M = 1.0
"""A tunnel is closed at its portal: nobody stands within."""
_BEYOND_PORTAL_M = 30.0
"""A post beyond the limit, where a tunnel or bridge ends, stands this far on at most."""
TRAPPED = "no legal way off is mapped for a vehicle stopped here"
"""Words by which a reason says that who is stopped at its post may neither turn round nor go on."""
IN_TUNNEL = "it stands in a tunnel"
"""Words by which a reason says that its post stands within a tunnel, away from its portal."""
CONFINED = "no vehicle can turn off there"
"""Words by which a reason says that its post stands in a tunnel or on a bridge, away from the end of it."""
BEYOND = "the line: this post stands beyond"
"""Words by which a reason says that a tunnel or bridge passes the line, and its post stands beyond."""
_HELD_NAMED = 2
"""So many junctions at which to hold traffic are named."""
_TWIN_M, _ON_IT_M = 5.0, 0.5
"""Posts so near to each other, and each to the other's street, stand on one street that is drawn twice."""
_APART_M = 2.0
"""A post that the user places stands at least so far from a junction: the line must pass beside it."""


@dataclass
class Stand:
    """A post before it is numbered.

    Parameters
    ----------
    edge : int
        The street it closes.
    along_m : float
        Where, from the edge's ``u`` end.
    xy_m : tuple of float
        The same in the frame.
    inner_is_u : bool
        Whether the scene lies towards ``u``.
    outer_node : int
        The junction behind it, where traffic can turn away.
    mode : PostMode
    whole : bool
        Whether it closes the whole edge (False where the edge runs through the core and out at both ends).
    open : bool
        The user wants the street open: nobody stands here, and whoever passes leaks out.
    drawn_in : bool
        It stands away from the junction behind it, or the line would run out and back along the street.
    trapped : bool
        The map shows no legal way off for a vehicle that is stopped here.
    hold_at : tuple of int
        Junctions at which to hold traffic then.
    watched : list of (edge, along_m, whole)
        Footways beside it that it holds as well.
    passed : tuple of int
        Edges of the tunnel or bridge by which its street passes the line; () where it stands on the line.
    between : tuple of int
        Edges of the street between that tunnel or bridge and the post, outside the line.
    off_m : float
        How far beyond the line it stands then.
    """

    edge: int
    along_m: float
    xy_m: tuple[float, float]
    inner_is_u: bool
    outer_node: int
    mode: PostMode
    whole: bool
    open: bool = False
    drawn_in: bool = False
    trapped: bool = False
    hold_at: tuple[int, ...] = ()
    watched: list[tuple[int, float, bool]] = field(default_factory=list)
    passed: tuple[int, ...] = ()
    between: tuple[int, ...] = ()
    off_m: float = 0.0


def class_weight(network: StreetNetwork, edges: Ints, doctrine: Perimeters) -> Floats:
    """How hard each street is to close, in posts (``domain.md`` 2.3), (n,)."""
    road = network.road_class[edges]
    weight = np.full(len(edges), doctrine.weight_minor)
    weight[road <= RoadClass.TERTIARY_LINK] = doctrine.weight_medium
    weight[road <= RoadClass.PRIMARY_LINK] = doctrine.weight_major
    weight[road <= RoadClass.MOTORWAY] = doctrine.weight_motorway
    return weight


@dataclass(frozen=True, eq=False)
class Standing:
    """How vehicle posts stand on the severed links of a cut.

    Parameters
    ----------
    network : StreetNetwork
    cut : Cut
    limit_m : geometry
        The cut looked no further.
    rules : Perimeters
    """

    network: StreetNetwork
    cut: Cut
    limit_m: BaseGeometry
    rules: Perimeters

    def on(self, link: int, motorway_m: float, wished: Sequence[tuple[int, float]] = ()) -> Stand:
        """Place a post on a severed link: some metres back from its outer junction, never in the core.

        Where the outer junction lies beyond the limit, the post stands where the street leaves the limit, but
        for a tunnel at whose portal, within ``portal_reach_m`` of the limit, it stands. On a
        motorway it stands within ``motorway_m`` of where the inside ends: its next junction may be far off.
        In a tunnel or on a bridge it stands at the outer end; on a motorway's bridge only within
        ``portal_reach_m``.
        Where the user wishes it on this street, it stands as near to that place as the street's ends allow.
        """
        network, links, setback_m = self.network, self.cut.links, self.rules.post_setback_m
        edge, low, high = int(links.edge[link]), float(links.low_m[link]), float(links.high_m[link])
        inner_is_u = bool(self.cut.side[links.low[link]] == INNER)
        outer_end = links.high[link] if inner_is_u else links.low[link]
        outer_node = int((network.edge_v if inner_is_u else network.edge_u)[edge])
        fast = network.road_class[edge] <= _FAST
        at_end = bool(network.tunnel[edge])
        if network.bridge[edge] and outer_end != SINK:
            at_end |= (
                bool(no_way_off(network, np.array([edge]))[0]) and high - low <= self.rules.portal_reach_m
            )
        most_m = motorway_m if fast and not at_end else np.inf
        if outer_end == SINK and not self._comes_out(edge, outer_node):
            low, high = self._within(edge, (low, high), inner_is_u)
            inner_node = int((network.edge_u if inner_is_u else network.edge_v)[edge])
            from_core = SOURCE in (links.low[link], links.high[link])
            if not from_core and not self.limit_m.intersects(shapely.Point(network.node_xy_m[inner_node])):
                most_m = min(most_m, _BEYOND_PORTAL_M)
        reach = min(high - low, most_m)
        low, high = (low, low + reach) if inner_is_u else (high - reach, high)
        if network.tunnel[edge]:
            setback_m = min(setback_m, _AT_PORTAL_M)
        back = min(setback_m, (high - low) / 2)
        along = high - back if inner_is_u else low + back
        for _, place_m in (wish for wish in wished if wish[0] == edge):
            gap = min(_APART_M, (high - low) / 3)
            along = float(np.clip(place_m, low + gap, high - gap))
        whole = edge not in self._in_two
        return Stand(edge, along, network.at(edge, along), inner_is_u, outer_node, PostMode.VEHICLE, whole)

    @cached_property
    def _in_two(self) -> frozenset[int]:
        """Severed edges that have a link at either end, as they run through the core."""
        edges, links = self.cut.links.edge[self.cut.severed], self.cut.links.edge
        return frozenset(edges[(edges[:, None] == links).sum(axis=1) > 1].tolist())

    @cached_property
    def _rim_m(self) -> BaseGeometry:
        return self.limit_m.boundary

    def _comes_out(self, edge: int, node: int) -> bool:
        """Whether a street is a tunnel that comes out at a junction not too far beyond the limit."""
        network = self.network
        if not network.tunnel[edge]:
            return False
        spot = shapely.Point(network.node_xy_m[node])
        return (
            bool(shapely.dwithin(self.limit_m, spot, self.rules.portal_reach_m))
            and not network.tunnel[edges_at(network, np.array([node]))].all()
        )

    def _within(self, edge: int, span: tuple[float, float], inner_is_u: bool) -> tuple[float, float]:
        """Return the part of a stretch from its inner end to where it first leaves the limit."""
        line = self.network.lines([edge])[0]
        low, high = span
        points = shapely.get_coordinates(shapely.intersection(line, self._rim_m))
        hits = [float(k) for k in shapely.line_locate_point(line, shapely.points(points)) if low < k < high]
        if not hits:
            return span
        return (low, min(hits)) if inner_is_u else (max(hits), high)


def write_posts(
    stands: list[Stand], perimeter: PerimeterName, network: StreetNetwork, frame: Frame, doctrine: Perimeters
) -> tuple[tuple[Post, ...], tuple[int, ...]]:
    """Write the posts by rank, with what each closes and why, and the edge that each closes."""
    stands = [stand for stand in stands if not stand.open]
    flows = _flows(stands, network, doctrine)
    ranked = sorted(range(len(stands)), key=lambda k: _rank_key(stands[k], flows[k], network))
    stands, flows = [stands[k] for k in ranked], [flows[k] for k in ranked]
    nodes = np.array([stand.outer_node for stand in stands], dtype=np.int64)
    legs, crosses = _legs(nodes, network), _crosses(stands, nodes, network)
    vehicles = sum(s.mode is PostMode.VEHICLE for s in stands)
    letter = "I" if perimeter is PerimeterName.INNER else "O"
    twins = _twins(stands, network)
    edges, spots = [stand.edge for stand in stands], [stand.xy_m for stand in stands]
    posts = tuple(
        Post(
            id=f"{letter}{number}",
            perimeter=perimeter,
            location=place,
            rank=number,
            street=_street(network, stand.edge, radio, cross),
            control=Control.CLOSED,
            mode=stand.mode,
            direction=_direction(stand, network),
            officers=_officers(stand, perimeter, network, leg, doctrine),
            closes=tuple(_closed(stand, network)),
            reason=_reason(stand, network, cross, leg, vehicles, doctrine.post_setback_m)
            + _one_street(f"{letter}{k + 1}" for k in twins[number - 1]),
            flow=flow,
        )
        for number, stand, flow, leg, cross, place, radio in zip(
            *(range(1, len(stands) + 1), stands, flows, legs, crosses),
            *(frame.places(spots), radio_names(network, edges, spots)),
            strict=True,
        )
    )
    return posts, tuple(edges)


def _twins(stands: Sequence[Stand], network: StreetNetwork) -> list[list[int]]:
    """Find for each vehicle post the others on the same carriageway: some maps draw a street twice."""
    twins: list[list[int]] = [[] for _ in stands]
    cars = [k for k, stand in enumerate(stands) if stand.mode is PostMode.VEHICLE]
    for k, n in combinations(cars, 2):
        one, other = stands[k], stands[n]
        if dist(one.xy_m, other.xy_m) > _TWIN_M or network.layer[one.edge] != network.layer[other.edge]:
            continue
        spots, lines = shapely.points([one.xy_m, other.xy_m]), network.lines([other.edge, one.edge])
        if (shapely.distance(spots, lines) <= _ON_IT_M).all():
            twins[k].append(n)
            twins[n].append(k)
    return twins


def _one_street(others: Iterable[str]) -> str:
    named = list(others)
    if not named:
        return ""
    return f" On one street with {words.joined(named)}, which the map draws twice: one crew may hold both."


def _rank_key(stand: Stand, flow: float, network: StreetNetwork) -> tuple[float, ...]:
    through = network.road_class[stand.edge]
    foot = stand.mode is PostMode.FOOT
    return (
        foot,
        -flow,
        through,
        network.way_id[stand.edge],
        stand.along_m,
    )


def _street(network: StreetNetwork, edge: int, radio: str, cross: str) -> str:
    """Name a post's street, with the one that crosses it unless its radio name says where it is."""
    named = network.name_index[edge] or radio == network.street(edge)
    return f"{radio} at {cross}" if cross and named else radio


def _flows(stands: Sequence[Stand], network: StreetNetwork, doctrine: Perimeters) -> list[float]:
    """Return what each post stops: its street, or only people on it, and the footways that it watches."""
    driven = street_flows(network, np.array([stand.edge for stand in stands], dtype=np.int64), doctrine)
    return [
        len(stand.watched) * doctrine.flow_foot
        + (doctrine.flow_foot if stand.mode is PostMode.FOOT else float(street))
        for stand, street in zip(stands, driven, strict=True)
    ]


def _officers(
    stand: Stand, perimeter: PerimeterName, network: StreetNetwork, legs: int, doctrine: Perimeters
) -> int:
    if stand.mode is PostMode.FOOT:
        return doctrine.officers_foot_post
    if perimeter is PerimeterName.INNER:
        return doctrine.officers_inner_post
    return _outer_officers(stand.edge, network, legs, doctrine)


def _outer_officers(edge: int, network: StreetNetwork, legs: int, doctrine: Perimeters) -> int:
    major = network.road_class[edge] <= _MAJOR or legs >= doctrine.major_legs
    return doctrine.officers_outer_major if major else doctrine.officers_outer_post


def _arcs_at(network: StreetNetwork, nodes: Ints) -> tuple[Ints, Ints]:
    """Drivable edges that end at some junctions, one that returns twice, and which of them each ends at."""
    arcs, owner = network.arcs_into(nodes)
    edges = arcs % network.edge_count
    driven = network.drivable[edges]
    return edges[driven], owner[driven]


def _legs(nodes: Ints, network: StreetNetwork) -> list[int]:
    """How many through streets meet at the outer junction of each post."""
    edges, owner = _arcs_at(network, nodes)
    road = network.road_class[edges]
    through = (road != RoadClass.SERVICE) & (road != RoadClass.TRACK)
    legs: list[int] = np.bincount(owner[through], minlength=len(nodes)).tolist()
    return legs


def _crosses(stands: Sequence[Stand], nodes: Ints, network: StreetNetwork) -> list[str]:
    """Name the greatest street of another name that meets the outer junction of each; "" if none does."""
    edges, owner = _arcs_at(network, nodes)
    name, own = network.name_index[edges], network.name_index[[stand.edge for stand in stands]]
    some = (name != 0) & (name != own[owner])
    found: list[list[tuple[int, str]]] = [[] for _ in stands]
    for edge, k in zip(edges[some].tolist(), owner[some].tolist(), strict=True):
        found[k].append((int(network.road_class[edge]), network.street(edge)))
    return [min(there)[1] if there else "" for there in found]


def count_officers(cut: Cut, perimeter: PerimeterName, network: StreetNetwork, doctrine: Perimeters) -> int:
    """Officers that posts on severed links take, wherever they stand, as long as none of them is a gate."""
    links, severed = cut.links, cut.severed
    if perimeter is PerimeterName.INNER:
        return len(severed) * doctrine.officers_inner_post
    edges = links.edge[severed]
    outer_is_v = cut.side[links.low[severed]] == INNER
    nodes = np.where(outer_is_v, network.edge_v[edges], network.edge_u[edges])
    return sum(
        _outer_officers(edge, network, legs, doctrine)
        for edge, legs in zip(edges.tolist(), _legs(nodes, network), strict=True)
    )


def _direction(stand: Stand, network: StreetNetwork) -> Direction:
    oneway = int(network.oneway[stand.edge])
    if oneway == 0 or stand.mode is PostMode.FOOT:
        return Direction.BOTH
    return Direction.EXIT if (oneway > 0) == stand.inner_is_u else Direction.ENTRY


_FLOW = {
    Direction.BOTH: "both ways",
    Direction.ENTRY: "one way, towards the scene",
    Direction.EXIT: "one way, away from the scene",
}


def _reason(
    stand: Stand, network: StreetNetwork, cross: str, legs: int, vehicles: int, setback_m: float
) -> str:
    kind = RoadClass(int(network.road_class[stand.edge])).name.lower().replace("_", " ")
    street = network.street(stand.edge)
    if stand.mode is PostMode.FOOT:
        return f"Closes {street} ({kind}) to people on foot; no vehicle post watches it."
    flow = _FLOW[_direction(stand, network)]
    ends = ends_ahead(network, stand.edge, stand.along_m, ahead=stand.inner_is_u)
    to_end = ends[0][0]
    where = f" {_rounded(_back_m(stand, network))} short of {cross or 'the next junction'}"
    turn = (
        ", where drivers can still turn off" if legs >= 3 or cross else "; drivers must be turned round here"
    )
    tunnel = bool(network.tunnel[stand.edge])
    at_junction = _back_m(stand, network) <= setback_m and (legs >= 3 or cross) and not tunnel
    if to_end > setback_m + _AT_PORTAL_M and not at_junction:
        what, end = (IN_TUNNEL, "portal") if tunnel else ("it stands on a bridge", "end")
        where_to = f"whose {end} outside is {_rounded(to_end)} off"
        if len(ends) > 1:
            each = [f"{_rounded(off)} off{_at_portal(network, node, edge)}" for off, node, edge in ends]
            where_to = f"which forks: close it at its {end}s outside, {', '.join(each)}"
        turn = f"; {what}, {where_to}: {CONFINED}"
    elif stand.trapped:
        turn = f": {TRAPPED}{_held_before(stand, network)}"
    elif tunnel:
        turn = f", at the portal of a tunnel{turn}"
    also = f" Also watches {words.count(len(stand.watched), 'footway')} beside it." if stand.watched else ""
    drawn_in = " It stands here so that the line does not run out and back along the street." * stand.drawn_in
    passing = f" {_passing(stand, network)}" if stand.passed else ""
    share = f" One of {vehicles} vehicle posts: without it a way stays open." if vehicles > 1 else ""
    return f"Closes {street} ({kind}, {flow}){where}{turn}.{passing}{drawn_in}{also}{share}"


def _at_portal(network: StreetNetwork, node: int, edge: int) -> str:
    """Name where a tunnel or bridge ends, by the streets that meet it there, or by its own name."""
    beside = edges_at(network, np.array([node]))
    index = network.name_index[np.append(beside[beside != edge], edge)]
    named = [network.names[k] for k in index.tolist() if k]
    return f" ({named[0]})" if named else ""


def _passing(stand: Stand, network: StreetNetwork) -> str:
    """Say that a tunnel or bridge passes the line, and how far beyond the post stands."""
    tunnel = bool(network.tunnel[stand.passed[0]])
    how = "tunnel passes under" if tunnel else "bridge passes over"
    return f"The {how} {BEYOND}, {_rounded(stand.off_m)} off."


def _held_before(stand: Stand, network: StreetNetwork) -> str:
    """Name the junctions at which traffic must be held, by the streets that meet there."""
    named = []
    for node in stand.hold_at[:_HELD_NAMED]:
        at_node = network.edges_at(node)
        streets = network.name_index[at_node[network.drivable[at_node]]]
        names = sorted({network.names[k] for k in streets.tolist() if k})
        if names:
            named.append(" / ".join(names[:2]))
    return f"; hold traffic before it, at {' and at '.join(dict.fromkeys(named))}" if named else ""


def _rounded(length_m: float) -> str:
    """Write how far back a post stands: to the metre where it can be paced, else as any distance."""
    return f"{length_m:.0f} m" if length_m < 100 else words.distance(length_m, words.METRES)


def _back_m(stand: Stand, network: StreetNetwork) -> float:
    length = float(network.length_m[stand.edge])
    return length - stand.along_m if stand.inner_is_u else stand.along_m


def _closed(stand: Stand, network: StreetNetwork) -> list[tuple[int, int, int]]:
    """OSM stretches that a post blocks: its street, what passes the line, and the ways that it watches."""
    passing = [(edge, 0.0, True) for edge in (*stand.between, *stand.passed) if edge != stand.edge]
    held = [(stand.edge, stand.along_m, stand.whole), *passing, *stand.watched]
    return [stretch for closed in held for stretch in _closes(network, *closed)]


def _closes(network: StreetNetwork, edge: int, along_m: float, whole: bool) -> list[tuple[int, int, int]]:
    """OSM stretches that a post blocks on one street.

    The whole edge as one stretch, where its ends name it without doubt; else, on an edge with a second post
    or on a way that passes a junction twice, the pieces between consecutive OSM nodes.
    """
    way = int(network.way_id[edge])
    xy, nodes = network.shape(edge)
    if not whole:
        k = _piece_at(xy, along_m)
        return [(way, int(nodes[k]), int(nodes[k + 1]))]
    if _named_by_ends(network, edge):
        return [(way, int(nodes[0]), int(nodes[-1]))]
    return [(way, int(a), int(b)) for a, b in pairwise(nodes.tolist())]


@njit(cache=True, nogil=True)
def _piece_at(xy_m: Floats, along_m: float) -> int:  # pragma: no cover - compiled
    """Return which piece of a line, (n, 2), lies so far along it; of its ends the piece there."""
    mark = 0.0
    for k in range(len(xy_m) - 2):
        mark += np.hypot(xy_m[k + 1, 0] - xy_m[k, 0], xy_m[k + 1, 1] - xy_m[k, 1])
        if along_m < mark:
            return k
    return len(xy_m) - 2


def _named_by_ends(network: StreetNetwork, edge: int) -> bool:
    """Whether the way passes both ends of the edge only once, so that they name one stretch of it.

    The edges of a way follow each other in the network; where a road seen in the field cuts one, they do not.
    """
    way, low, high = network.way_id, edge, edge + 1
    while low > 0 and way[low - 1] == way[edge]:
        low -= 1
    while high < len(way) and way[high] == way[edge]:
        high += 1
    if (network.edge_v[low : high - 1] != network.edge_u[low + 1 : high]).any():
        return False
    passed = [*network.edge_u[low:high].tolist(), int(network.edge_v[high - 1])]
    return all(passed.count(int(end)) == 1 for end in (network.edge_u[edge], network.edge_v[edge]))
