"""Vehicle posts on the streets of a cut, and the line drawn through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon

from planner.doctrine import Perimeters
from planner.geo import corners
from planner.perimeters.band import Band, Sorted
from planner.perimeters.crossings import Crossing, Place, meeting_places, unexplained_crossings
from planner.perimeters.cut import ADRIFT, INNER, OUTER
from planner.perimeters.foot import NEAR_LINE_M
from planner.perimeters.line import Core, Pieces, Sides, draw_line, nearer_inner
from planner.perimeters.outline import ragged_m
from planner.perimeters.passing import Passing, find_passing, joined_without
from planner.perimeters.posts import Stand, Standing
from planner.perimeters.short_ring import shorten
from planner.perimeters.spans import no_way_off
from planner.perimeters.steps import distances, may_meet, stretches, touches
from planner.streets.network import StreetNetwork
from planner.streets.ticking import each_once, less
from planner.terms import RoadClass

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

_SHORTEST_M = 1e-3
"""Stretches shorter than this are no obstacle to the line."""
_AT_BARRIER_M = 0.5
"""A line that passes so near to a barrier passes at it: the barrier holds the street."""
_ROUGH = 1.05
"""A shorter ring is looked for where the line is so many times as long as a string around it."""
_TANGLED = 1.1
"""One longer than this stays rough if tunnels and bridges pass it: whether they may is then asked last."""
_RAGGED_AS = 10.0
"""A metre of needle or slit is as bad as so many metres of line more."""
_UGLY_LESS = 0.98
"""Another ring is taken for its shape where it is no more than this share as ugly."""
_FAR_M = 30.0
"""A post that stands no further beyond the shorter line than this has the line run to it."""
_AT_MEETING_M = 1.0
"""Streets that meet further inside the line than this are held both."""
_ALONG_M = 20.0
"""A line no nearer to a street than this has no finger along it."""
_RECUTS = 4
"""Rounds in which streets behind posts deep inside the line are taken in."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A cut with its vehicle posts and its line.

    Parameters
    ----------
    band : Band
    driving : Sorted
    core : Core
    stands : tuple of Stand
        One for each link that is severed, in their order.
    polygon_m : Polygon
    far_edges : frozenset of int
        Motorways whose posts stand at their ends, as the line did not meet them nearer.
    held : frozenset of Place
        What was taken in so that the line and the posts agree.
    """

    band: Band
    driving: Sorted
    core: Core
    stands: tuple[Stand, ...]
    polygon_m: Polygon
    far_edges: frozenset[int] = frozenset()
    held: frozenset[Place] = frozenset()

    @cached_property
    def doubtful(self) -> frozenset[Place]:
        """Places on streets by which the line and the posts do not agree.

        The junctions behind posts off the line; and where streets of the far side meet others on the ground
        without a junction, so that the line cannot pass between: if it crosses either there.
        """
        network = self.band.network
        spots = np.array([s.xy_m for s in self.stands]).reshape(-1, 2)
        off_m = distances(spots, shapely.get_coordinates(self.polygon_m.exterior)).tolist()
        behind = {
            Place(s.edge, float(network.length_m[s.edge]) if s.inner_is_u else 0.0)
            for s, away_m in zip(self.stands, off_m, strict=True)
            if not s.passed and away_m > NEAR_LINE_M
        }
        crossed = {place for crossing in self.strange for place in crossing.places}
        return frozenset(behind | crossed | set(self._met_astray))

    @cached_property
    def strange(self) -> tuple[Crossing, ...]:
        """Streets of the far side that the line crosses, where the map does not tell why."""
        low, high = self.driving.sides
        far = (low == OUTER) & (high == OUTER) & ~self.driving.touches_inner
        edges = self.driving.edges
        return unexplained_crossings(self.band.network, self.polygon_m, edges[far], edges[~far])

    @cached_property
    def ragged_m(self) -> float:
        """Length of what the line runs out and back along, inside it and outside."""
        return ragged_m(self.polygon_m)

    @property
    def rough(self) -> bool:
        """Whether the line runs out and back, or in and out from block to block."""
        return self.winding > _ROUGH or self.ragged_m > 0

    @cached_property
    def winding(self) -> float:
        """How many times as long the line is as a string around it."""
        return float(self.polygon_m.length / self.polygon_m.convex_hull.length)

    @property
    def ugly_m(self) -> float:
        """Length of the line, and of what is bad about it as so much line more."""
        return float(self.polygon_m.length) + _RAGGED_AS * self.ragged_m

    def neater_than(self, other: Drawn) -> bool:
        """Whether the line is less ugly than another by so much that it is taken for its shape.

        Raggedness takes long to find: where the lengths alone tell, nobody looks for it.
        """
        length_m, most_m = float(self.polygon_m.length), _UGLY_LESS * float(other.polygon_m.length)
        if length_m < most_m and self.ugly_m < most_m:
            return True
        most_m = _UGLY_LESS * other.ugly_m
        return length_m < most_m and self.ugly_m < most_m

    @property
    def on_spans(self) -> int:
        """Posts in tunnels and on bridges, but for motorways: nobody turns off one anywhere."""
        network = self.band.network
        edges = np.array([stand.edge for stand in self.stands], dtype=np.int64)
        slow = network.road_class[edges] > RoadClass.MOTORWAY_LINK
        return int((no_way_off(network, edges) & (network.tunnel[edges] | slow)).sum())

    @property
    def astray(self) -> tuple[str, ...]:
        """Names of the streets of the inside that the line, as drawn, crosses away from every post.

        The posts close every way out all the same; but who holds the line would not hold these, so it is not
        claimed to be sealed.
        """
        network = self.band.network
        return tuple(sorted({network.street(int(e)) for e in self._astray_edges}))

    @cached_property
    def _astray_edges(self) -> Ints:
        network, edges = self.band.network, self.driving.edges
        edges = edges[self.driving.touches_inner & _level(network, edges)]
        line = self.polygon_m.exterior
        ring = shapely.get_coordinates(line)
        edges = edges[may_meet(network.bounds_m[edges], ring)]
        edges = edges[self._crossed_off_post(edges, ring)]
        points, owner = shapely.get_coordinates(
            shapely.intersection(network.lines(edges), line), return_index=True
        )
        if not len(points):
            return edges[:0]
        posts = np.array([s.xy_m for s in self.stands]).reshape(-1, 2)
        away = _far_from(points, posts, NEAR_LINE_M)
        ends = each_once(np.concatenate([network.edge_u[edges], network.edge_v[edges]]))
        away &= _far_from(points, network.node_xy_m[ends[network.blocked_node[ends]]], _AT_BARRIER_M)
        return each_once(edges[owner[away]])

    def _crossed_off_post(self, edges: Ints, ring: Floats) -> Bools:
        """Mask of the streets that the line crosses, but for those it crosses only next to their own post.

        No crossing is further from a post as the crow flies than along the street.
        """
        xy, start = corners(self.band.network.lines(edges))
        first, last = touches(xy, start, ring, np.arange(len(ring)) < len(ring) - 1)
        along = {stand.edge: stand.along_m for stand in self.stands}
        post = np.array([along.get(edge, np.nan) for edge in edges.tolist()])
        beside = np.maximum(last - post, post - first) < NEAR_LINE_M - _SHORTEST_M
        return np.asarray((first <= last) & ~beside)

    @property
    def _met_astray(self) -> tuple[Place, ...]:
        """Places where streets of the far side meet those crossed astray, without a junction."""
        if not len(self._astray_edges):
            return ()
        low, high = self.driving.sides
        far = self.driving.edges[(low == OUTER) | (high == OUTER)]
        far = far[~np.isin(far, self._astray_edges)]
        network = self.band.network
        places = meeting_places(network, far, self._astray_edges)
        if not places:
            return ()
        within = self.polygon_m.buffer(-_AT_MEETING_M, quad_segs=2)
        return tuple(p for p in places if not within.contains(Point(network.at(p.edge, p.along_m))))


def _level(network: StreetNetwork, edges: Ints) -> Bools:
    """Mask of the streets that lie on the ground, (n,)."""
    return np.asarray(~(network.bridge[edges] | network.tunnel[edges]) & (network.layer[edges] == 0))


def _far_from(points_m: Floats, others_m: Floats, least_m: float) -> Bools:
    if not len(others_m):
        return np.ones(len(points_m), dtype=bool)
    away = shapely.distance(shapely.points(points_m), shapely.multipoints(others_m))
    return np.asarray(away > least_m)


def draw_posted(
    near: Band, driving: Sorted, band: Band, core_m: Polygon, rules: Perimeters, *, turning: bool
) -> Drawn:
    """Place the vehicle posts of a cut and draw the line through them.

    Parameters
    ----------
    near : Band
        With the smallest reach that takes the fewest posts.
    driving : Sorted
        Its cut.
    band : Band
        The same with its full reach: what must be taken in so that posts and line agree may lie there.
    core_m : Polygon
    rules : Perimeters
    turning : bool
        Of the shorter ring: who is stopped at a post must be able to turn off, or to turn round.
    """
    core = Core(core_m)
    drawn = _drawn(near, driving, core, rules, turning=turning)
    if not drawn.doubtful:
        return drawn
    wide = _drawn(band, band.cut_vehicles(), core, rules, turning=turning)
    return wide if len(wide.doubtful) < len(drawn.doubtful) else drawn


def _drawn(band: Band, driving: Sorted, core: Core, rules: Perimeters, *, turning: bool) -> Drawn:
    """Draw the line through the posts of a cut, and a shorter one where that is rough.

    A street that leaves under a bridge of the inside can put its post deep inside the line; and on some maps
    streets cross each other without a junction, bridge or tunnel. Then what lies behind the post, or the
    street that is crossed, is held as well, if that takes few posts more. And where the line runs out and
    back along a street, or in and out from block to block, it lets tunnels and bridges pass whose posts stand
    far beyond it, and a shorter one is looked for that takes as few posts.
    """
    shaped = partial(shorten, turning=turning)
    drawn = _agreed(band, driving, core, rules)
    tangled = drawn.winding > _TANGLED
    if not tangled:
        drawn = _passed(drawn)
    if len(drawn.stands) > len(driving.cut.severed):
        near = _passed(_agreed(band, driving, core, rules, shaped))  # posts short of what was taken in
        if len(near.stands) < len(drawn.stands) and len(near.doubtful) <= len(drawn.doubtful):
            return near
    if not drawn.rough:
        return drawn
    short = _agreed(drawn.band, drawn.driving, core, rules, shaped)
    short = _passed(replace(short, held=short.held | drawn.held))
    if tangled:
        if _better(short, drawn) and not short.rough:
            return short
        drawn = _passed(drawn)
    return short if drawn.rough and _better(short, drawn) else drawn


def _better(short: Drawn, drawn: Drawn) -> bool:
    """Whether a line looked for to be short takes as few posts as another, is as right, and neater."""
    return (
        len(short.stands) <= len(drawn.stands)
        and short.on_spans <= drawn.on_spans
        and len(short.doubtful) <= len(drawn.doubtful)
        and short.neater_than(drawn)
    )


def _as_it_is(_: Band, driving: Sorted) -> tuple[Sorted, dict[int, float]]:
    return driving, {}


def _agreed(
    band: Band,
    driving: Sorted,
    core: Core,
    rules: Perimeters,
    shaped: Callable[[Band, Sorted], tuple[Sorted, dict[int, float]]] = _as_it_is,
) -> Drawn:
    """Place the posts and draw the line, again until they agree; each cut is shaped before."""
    driving, at = shaped(band, driving)
    best = trial = _placed(band, driving, core, rules, at)
    doubtful = best.doubtful
    most, least = len(best.stands) + rules.posts_for_line, len(doubtful)
    held: frozenset[Place] = frozenset()
    for _ in range(_RECUTS):
        if doubtful <= held:  # none is left, or all are held already, in vain
            break
        held |= doubtful
        band = band.holding_places(doubtful)
        driving, at = shaped(band, band.cut_vehicles())
        if len(driving.cut.severed) > most:
            break
        trial = _placed(band, driving, core, rules, at, trial.far_edges)
        doubtful = trial.doubtful
        if len(doubtful) < least:
            best, least = replace(trial, held=held), len(doubtful)
    return best


def _placed(
    band: Band,
    driving: Sorted,
    core: Core,
    rules: Perimeters,
    at: dict[int, float],
    far_edges: frozenset[int] = frozenset(),
) -> Drawn:
    """Place the posts and draw the line; a post on a motorway that the line leaves inside goes to its end.

    Those on ``far_edges`` go there at once, and those on links that ``at`` names so far along.
    """
    network, links = band.network, driving.cut.severed.tolist()
    left_open, wished = set(band.open_edges.tolist()), list(band.stands)

    standing = Standing(network, driving.cut, band.limit_m, rules)

    def draw(far: list[int]) -> tuple[list[Stand], Polygon]:
        reach_m = {k: np.inf if k in far or k in at else rules.motorway_spur_m for k in links}
        shaped = {k: [(int(driving.cut.links.edge[k]), along_m)] for k, along_m in at.items()}
        stands = [standing.on(k, reach_m[k], shaped.get(k, []) + wished) for k in links]
        for k, stand in zip(links, stands, strict=True):
            stand.open = stand.edge in left_open
            stand.drawn_in = k in at and all(stand.edge != edge for edge, _ in wished)
        return stands, _line(band, driving, stands, core)

    far = [k for k in links if int(driving.cut.links.edge[k]) in far_edges]
    stands, polygon = draw(far)
    motorway = network.road_class[driving.cut.links.edge[links]] <= RoadClass.MOTORWAY_LINK
    lost = [
        k
        for k, s, fast in zip(links, stands, motorway, strict=True)
        if fast and k not in far and k not in at and _apart_m(s, stands, polygon, network) > NEAR_LINE_M
    ]
    if lost:
        far += lost
        stands, polygon = draw(far)
    gone = frozenset(int(driving.cut.links.edge[k]) for k in far)
    return Drawn(band, driving, core, tuple(stands), polygon, gone)


def _apart_m(stand: Stand, stands: list[Stand], polygon: Polygon, network: StreetNetwork) -> float:
    """How far a post stands off the line, or the line crosses its street away from all posts on it."""
    spots = shapely.get_coordinates(polygon.exterior.intersection(network.lines([stand.edge])[0]))
    posts = np.array([s.xy_m for s in stands if s.edge == stand.edge])
    away = np.hypot(*(spots[:, None] - posts[None]).transpose(2, 0, 1)).min(axis=1)
    return max(off_m(stand, polygon), float(away.max(initial=0.0)))


def _passed(drawn: Drawn) -> Drawn:
    """Let tunnels and bridges pass a rough line where they are fingers of it: their posts stand beyond."""
    if not drawn.rough:
        return drawn
    network, driving, posted = drawn.band.network, drawn.driving, [s.edge for s in drawn.stands]
    inside = driving.edges[driving.touches_inner & ~np.isin(driving.edges, posted)]

    def joined(found: dict[int, Passing]) -> dict[int, Passing]:
        return joined_without(network, found, inside, posted, drawn.core.ground_m)

    long = _find_passing(drawn, inside)
    if not long:  # nor any shorter one, then, that ends at the core
        return drawn
    shapely.prepare(drawn.core.ground_m)
    clear = inside[~shapely.intersects(drawn.core.ground_m, network.lines(inside))]
    found = joined(joined(_find_passing(drawn, clear)) | joined(long))
    if not found:
        return drawn
    trial = _passing(drawn, found)
    far = {k: passing for k, passing in found.items() if trial.stands[k].off_m > _FAR_M}
    far = joined(far)
    if len(far) < len(found):
        trial = _passing(drawn, far) if far else drawn
    return trial if trial is not drawn and _neater(trial, drawn) else drawn


def _neater(trial: Drawn, drawn: Drawn) -> bool:
    """Whether a line passed by tunnels and bridges is less ugly, for want of fingers, and as right."""
    out_and_back_m = float(drawn.polygon_m.length - trial.polygon_m.length)
    return (
        all(s.off_m > 0 for s in trial.stands if s.passed)
        and trial.neater_than(drawn)
        and (out_and_back_m > sum(s.off_m for s in trial.stands) or trial.ragged_m < drawn.ragged_m)
        and len(trial.doubtful) <= len(drawn.doubtful)
        and len(trial.astray) <= len(drawn.astray)
    )


def _find_passing(drawn: Drawn, among: Ints) -> dict[int, Passing]:
    """Find what of some edges may pass, by number of the post: where the line comes to it at all."""
    network, wished = drawn.band.network, {edge for edge, _ in drawn.band.stands}
    edges = set(among.tolist())
    found = {
        k: passing
        for k, s in enumerate(drawn.stands)
        if s.whole and not s.open and s.edge not in wished
        if (passing := find_passing(network, s.edge, s.inner_is_u, edges)) is not None
    }
    line = drawn.polygon_m.exterior

    def meets(passing: Passing) -> bool:
        return bool(shapely.dwithin(network.lines(list(passing.spans)), line, _ALONG_M).any())

    return {k: passing for k, passing in found.items() if meets(passing)}


def _passing(drawn: Drawn, found: dict[int, Passing]) -> Drawn:
    """Draw the line again with some posts beyond it; what is told of them is how far."""
    stands = [
        replace(stand, passed=found[k].spans, between=found[k].between, drawn_in=False)
        if k in found
        else stand
        for k, stand in enumerate(drawn.stands)
    ]
    polygon = _line(drawn.band, drawn.driving, stands, drawn.core)
    for stand in stands:
        if stand.passed and not polygon.contains(Point(stand.xy_m)):
            stand.off_m = off_m(stand, polygon)
    return replace(drawn, stands=tuple(stands), polygon_m=polygon)


def off_m(stand: Stand, polygon: Polygon) -> float:
    """How far a post stands off a line."""
    return float(polygon.exterior.distance(Point(stand.xy_m)))


# --- the line -----------------------------------------------------------------------------------


def _line(band: Band, driving: Sorted, stands: list[Stand], core: Core) -> Polygon:
    at_posts = [stand for stand in stands if not stand.passed]
    held = _those(driving.edges, [stand.edge for stand in at_posts])
    whole = band.network.lines(driving.edges)
    sides = _settled(driving, held, whole)
    passed = _those(driving.edges, [edge for stand in stands for edge in stand.passed])
    between = _those(driving.edges, [edge for stand in stands for edge in stand.between])
    for side in sides:  # new arrays
        side[passed] = ADRIFT
        side[between] = OUTER
    barriers = _barriers_between(band.network, driving.edges, sides)
    parted = held.copy()
    if len(barriers):
        parted |= np.isin(band.network.edge_u[driving.edges], barriers)
        parted |= np.isin(band.network.edge_v[driving.edges], barriers)
    parted &= ~passed
    inner, outer = (~parted & ((sides[0] == name) | (sides[1] == name)) for name in (INNER, OUTER))
    pieces, held_inside = _pieces(
        band.network, driving.edges[parted], at_posts, sides[0][parted] == INNER, barriers
    )
    spots = [stand.xy_m for stand in at_posts] + [tuple(xy) for xy in band.network.node_xy_m[barriers]]
    return draw_line(
        Sides(
            inner=whole[inner],
            outer=np.concatenate([whole[outer & ~inner], _beyond(band, driving.edges[inner | held])]),
            pieces=pieces,
            pieces_inner=held_inside,
            gates_xy_m=np.array(spots).reshape(-1, 2),
            core=core,
        )
    )


def _those(edges: Ints, some: list[int]) -> Bools:
    """Mask of some among edges that are in ascending order."""
    mask = np.zeros(len(edges), dtype=bool)
    if some and len(edges):
        row = np.minimum(np.searchsorted(edges, some), len(edges) - 1)
        mask[row[edges[row] == some]] = True
    return mask


def _settled(driving: Sorted, held: Bools, whole: NDArray[np.object_]) -> tuple[Codes, Codes]:
    """Give each street that is joined to neither side the nearer one, all of a group alike."""
    low, high = driving.sides
    adrift = ~held & (low == ADRIFT) & (high == ADRIFT)
    if not adrift.any():
        return low.copy(), high.copy()
    group = driving.cut.group[driving.nodes[0][adrift]]
    inner = (low == INNER) | (high == INNER)
    _, number = np.unique(group, return_inverse=True)
    nearer = nearer_inner(_grouped(whole[adrift], group), whole[inner], whole[~inner & ~adrift])[number]
    low, high = low.copy(), high.copy()
    low[adrift] = high[adrift] = np.where(nearer, INNER, OUTER)
    return low, high


def _barriers_between(network: StreetNetwork, edges: Ints, sides: tuple[Codes, Codes]) -> Ints:
    """Junctions where a barrier keeps vehicles of the two sides apart: the line can pass there."""
    ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
    barred = network.blocked_node[ends]
    if not barred.any():
        return ends[:0]
    side = np.concatenate(sides)
    return np.intersect1d(ends[barred & (side == INNER)], ends[barred & (side == OUTER)])


def _beyond(band: Band, inner: Ints) -> NDArray[np.object_]:
    """Drivable streets wholly beyond the limit that come near to where the line may run around some."""
    network = band.network
    boxes = np.vstack([network.bounds_m[inner], [band.core_m.bounds]])
    low, high = boxes[:, :2].min(axis=0) - NEAR_LINE_M, boxes[:, 2:].max(axis=0) + NEAR_LINE_M
    near = *low.tolist(), *high.tolist()
    if band.limit_m.contains_properly(shapely.box(*near)):
        return np.empty(0, dtype=object)
    edges = less(network.edges_in_box(near), band.edges)
    return network.lines(edges[network.drivable[edges] & ~band.blocked[edges]])


def _grouped(lines: NDArray[np.object_], group: Ints) -> NDArray[np.object_]:
    """Join the lines of each group to one MultiLineString."""
    if not len(lines):
        return lines
    _, number = np.unique(group, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.asarray(shapely.multilinestrings(lines[order], indices=number[order]))


def _pieces(
    network: StreetNetwork, edges: Ints, stands: list[Stand], first_inner: Bools, barriers: Ints
) -> tuple[Pieces, Bools]:
    """Cut streets, ascending, at their posts, and at barriers where they end; tell which pieces lie inside.

    ``first_inner``: whether each street begins inside.
    """
    posts = [(s.edge, s.along_m) for s in stands]
    standing = np.searchsorted(edges, np.array([edge for edge, _ in posts], dtype=np.int64))
    along = np.array([along_m for _, along_m in posts], dtype=np.float64)
    streets, length = np.arange(len(edges)), network.length_m[edges]
    of = np.concatenate([streets, standing])
    low = np.concatenate([np.zeros(len(edges)), along])
    high = np.concatenate([length, along])
    low, high = low[np.lexsort((low, of))], high[np.lexsort((high, of))]
    of = np.sort(of)
    first = np.searchsorted(of, streets)
    last = np.append(first[1:], len(of)) - 1
    number = np.arange(len(of)) - first[of]
    at_u, at_v = (
        np.isin(end[edges], barriers)[of] if len(barriers) else np.zeros(len(of), dtype=bool)
        for end in (network.edge_u, network.edge_v)
    )
    some = high - low > _SHORTEST_M
    pieces = Pieces(
        stretches(network.lines(edges[of[some]]), low[some], high[some]),
        ((number > 0) | at_u)[some],
        ((number < (last - first)[of]) | at_v)[some],
    )
    return pieces, (first_inner[of] == (number % 2 == 0))[some]
