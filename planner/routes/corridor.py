"""The ambulance corridor: one protected loop, in by one way and out by another (``domain.md`` C1 to C4).

Ambulances wait at staging, load at the exchange point, and leave over one street of the outer perimeter, from
where they fan out to hospitals. Inside the perimeter the streets of this loop are kept clear of everything:
sites, posts, parked police cars. Where in and out cannot keep apart, the corridor says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from planner.area import geometries_m
from planner.model import Site
from planner.routes.driving import NOTHING, Driving, ambulance_point, first_site
from planner.streets.network import Path, Snap, StreetNetwork
from planner.streets.paths import junction_at
from planner.streets.ticking import each_once, numbered
from planner.streets.ways import TIMES_NEARBY_M
from planner.terms import Purpose

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_EXITS = 3
"""So many streets of the perimeter are weighed as the way out: those of the ways to the nearest goals."""
_NEAR_GOALS = 5
_UNREACHED_S = 1e5
"""What a goal that a corridor cuts off weighs against it: more than any drive."""


@dataclass(frozen=True, eq=False)
class Corridor:
    """The loop, as edges of the network.

    Parameters
    ----------
    outbound : Driving
        Who leaves by it: inside the outer perimeter only over the streets of the way out.
    site, staging : Site or None
        Where ambulances load, and where they wait; None where the two are one, or there is none.
    inward : Path or None
        From staging to where they load.
    out : (n,) int array
        Edges of the way out as far as the outer perimeter, in order of travel.
    apart : bool
        Whether no stretch is driven both in and out.
    """

    outbound: Driving
    site: Site | None = None
    staging: Site | None = None
    inward: Path | None = None
    out: Ints = field(default_factory=lambda: NOTHING)
    apart: bool = True

    @cached_property
    def kept(self) -> Bools:
        """Mask (E,) of the streets that are kept clear."""
        mask = self.outbound.network.no_closures()
        mask[self.kept_edges] = True
        return mask

    @cached_property
    def kept_edges(self) -> Ints:
        """The streets that are kept clear, ascending."""
        return each_once(np.concatenate([self.out, self.taken]))

    @cached_property
    def taken(self) -> Ints:
        """The streets that the way in drives: who leaves keeps off them where others lead on."""
        return NOTHING if self.inward is None else each_once(self.inward.driven)


@dataclass(frozen=True, eq=False)
class _Loop:
    """A way in and a way out, to be weighed against others."""

    inward: Path | None
    out: Ints
    apart: bool


def lay_corridor(sites: Sequence[Site], driving: Driving, goals: Sequence[Snap]) -> Corridor:
    """Lay the corridor of a scene.

    Parameters
    ----------
    sites : sequence of Site
        From staging, by where ambulances load. It keeps away from all others.
    driving : Driving
        Of ambulances.
    goals : sequence of Snap
        Hospitals; the way out is the one by which the nearest of them are reached soonest. Where none lies
        outside the perimeter, it leads to the main road that is soonest reached.
    """
    site = ambulance_point(sites)
    staging = first_site(sites, Purpose.STAGING)
    start = driving.enter(site) if site else None
    staging = None if staging is site else staging
    if site is None or start is None:
        return Corridor(driving, site, staging)
    waiting = driving.enter(staging) if staging else None
    shy = replace(
        driving, shunned=_beside_sites(sites, (site, staging), driving), by_posts=_beside_posts(driving)
    )
    inside = driving.network.edges_meeting(driving.streets.outer_m)
    within = _ways_within(start, [goal for goal in goals if inside[goal.edge]], driving)
    goals = _nearest(start, [goal for goal in goals if not inside[goal.edge]], driving)
    way_in = None if waiting is None else _WayIn(start, waiting, shy)
    loops = [_loop(out, way_in) for out in _ways_out(start, goals, shy, inside)]
    if way_in is not None and not any(loop.apart for loop in loops):
        loops += _other_loops(way_in, goals, inside)
    if not loops:
        return Corridor(driving, site, staging, _inward(start, waiting, NOTHING, shy))
    loops = [loop for loop in loops if loop.apart] or loops
    # one alone need not be weighed: that closes all else inside the perimeter, and asks for all goals
    best = (
        loops[0] if len(loops) == 1 else min(loops, key=lambda loop: _time_s(loop, start, goals, shy, inside))
    )
    outbound = _outbound(np.append(best.out, within), start, driving, inside)
    return Corridor(outbound, site, staging, best.inward, best.out, best.apart)


def _nearest(start: Snap, goals: Sequence[Snap], driving: Driving) -> list[Snap]:
    """Return the goals that count: the nearest in time, else the nearest main road."""
    goals = list(dict.fromkeys(goals))
    search = driving.network.search(start, driving.timing, driving.streets.closed)
    nearest = search.nearest(goals, _NEAR_GOALS) if goals else []
    if nearest:
        return [goals[k] for k in nearest]
    away = driving.main_road_from(start)
    return [] if away is None else [away[0]]


def _beside_sites(sites: Sequence[Site], own: tuple[Site | None, ...], driving: Driving) -> Ints:
    """Return the streets that run past sites other than those of the corridor itself (C4), ascending."""
    reach_m = driving.doctrine.transport.corridor_clear_m
    grounds = [
        shapely.union_all(geometries_m(site.shape, driving.area.frame)).buffer(reach_m)
        for site in sites
        if site.rank == 1 and site not in own
    ]
    return each_once(np.concatenate([NOTHING, *map(driving.network.meeting, grounds)]))


def _beside_posts(driving: Driving) -> Ints:
    """Return the streets that run past posts of the inner perimeter, whose cars stand there (C4)."""
    cars = shapely.MultiPoint(list(driving.streets.inner_m.values()))
    if cars.is_empty:
        return NOTHING
    return driving.network.meeting(cars.buffer(driving.doctrine.transport.corridor_post_m))


# --- ways out and in ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Out:
    """A way out: its edges as far as the perimeter, and the arc by which it leaves where ambulances load."""

    edges: Ints
    first_arc: int


@dataclass(frozen=True, eq=False)
class _WayIn:
    """Whence and where ambulances come in to load, and who drives so."""

    start: Snap
    waiting: Snap
    driving: Driving

    @cached_property
    def least_s(self) -> float:
        """Seconds that any way in takes: no way that keeps off anything is shorter."""
        driving = self.driving
        search = driving.network.search(
            self.waiting, driving.timing, driving.streets.closed, ends=[self.start]
        )
        return search.time_s(self.start)


def _ways_out(start: Snap, goals: Sequence[Snap], driving: Driving, inside: Bools) -> list[_Out]:
    """Return ways out, each over another street of the perimeter.

    All at once: to ask by these weights and by others in turn would change the hierarchy each time. What
    counts is the way as far as the perimeter: goals are searched for over the streets as far as for times.
    """
    search = driving.search(start, ends=goals, near_m=TIMES_NEARBY_M)
    seen: set[int] = set()
    found = []
    for goal in goals:
        arcs = search.arcs(goal)
        if arcs is None:
            continue
        edges = arcs % driving.network.edge_count
        beyond = np.flatnonzero(~inside[edges])
        edges = edges[: beyond[0] if len(beyond) else len(edges)]
        if len(edges) and int(edges[-1]) not in seen and len(seen) < _EXITS:
            seen.add(int(edges[-1]))
            found.append(_Out(edges, int(arcs[0])))
    return found


def _loop(out: _Out, way_in: _WayIn | None) -> _Loop:
    """Return the loop of a way out with the way in that keeps off it, if there is one."""
    inward, apart = (None, True) if way_in is None else _inward_by_gates(out, way_in)
    return _Loop(inward, out.edges, apart)


def _time_s(loop: _Loop, start: Snap, goals: Sequence[Snap], driving: Driving, inside: Bools) -> float:
    """Return the seconds by which a loop is weighed: in, and out to all goals."""
    closed = _only(loop.out, start, driving, inside)
    times_s = driving.network.times([start], goals, driving.timing, closed)[0]
    away_s = float(np.where(np.isfinite(times_s), times_s, _UNREACHED_S).sum())
    return away_s + (_UNREACHED_S if loop.inward is None else loop.inward.time_s)


def _inward_by_gates(out: _Out, way_in: _WayIn) -> tuple[Path | None, bool]:
    """Find the way in as :func:`_inward_off` does; by more gates where that saves enough for each."""
    driving = way_in.driving
    inward, apart = _inward_off(out, way_in, driving)
    gate_s = 60 * driving.doctrine.transport.gates_spared_min
    # not looked for where even the quickest way saves too little
    if inward is None or inward.time_s < 2 * gate_s or inward.time_s - way_in.least_s < gate_s:
        return inward, apart
    quick, off = _inward_off(out, way_in, replace(driving, post_s=gate_s))
    if quick is None or off < apart:
        return inward, apart
    more = _gates(quick, driving) - _gates(inward, driving)
    return (quick, off) if more > 0 and inward.time_s - quick.time_s >= more * gate_s else (inward, apart)


def _gates(path: Path, driving: Driving) -> int:
    """Count the streets with posts that a way passes."""
    return int(driving.streets.post_edge[path.driven].sum())


def _inward_off(out: _Out, way_in: _WayIn, driving: Driving) -> tuple[Path | None, bool]:
    """Find the way in that keeps off a way out, and say whether it shares nothing with it.

    One that would be driven for minutes to spare a short stretch is none: the stretch is shared, and said.
    """
    start, waiting = way_in.start, way_in.waiting
    most_s = 60 * driving.doctrine.transport.apart_most_min
    inward = _inward_apart(start, waiting, out, driving)
    # where it takes so little more than any, one that shares is not looked for
    if inward is not None and (inward.time_s <= most_s or inward.time_s - way_in.least_s <= most_s):
        return inward, True
    sharing = _inward(start, waiting, out.edges, driving)
    if inward is not None and (sharing is None or inward.time_s - sharing.time_s <= most_s):
        return inward, True
    return sharing, False


def _inward(start: Snap, waiting: Snap | None, out: Ints, driving: Driving) -> Path | None:
    """Find the way in from staging, off the way out where streets allow."""
    if waiting is None:
        return None
    return driving.search(waiting, each_once(out), [start]).path(start)


def _inward_apart(start: Snap, waiting: Snap, out: _Out, driving: Driving) -> Path | None:
    """Find a way in from staging that drives no stretch of the way out, None where there is none.

    Of the street that ambulances load on, the stretch by which they leave is theirs, the other is free.
    """
    network, count = driving.network, driving.network.edge_count
    closed = driving.streets.closed.copy()
    closed[out.edges] = True
    closed[start.edge] = driving.streets.closed[start.edge]
    barred: tuple[int, ...] = ()
    if out.first_arc % count == start.edge:
        barred = ((out.first_arc + count) % (2 * count),)
    if junction_at(network, start) >= 0 and start.edge in out.edges:
        barred = (start.edge, start.edge + count)
    shut = replace(driving, streets=replace(driving.streets, closed=closed), barred=barred)
    return shut.search(waiting, ends=[start]).path(start)


def _other_loops(way_in: _WayIn, goals: Sequence[Snap], inside: Bools) -> list[_Loop]:
    """Try the way in first, and then any two ways that share no street, by maximum flow."""
    start, waiting, driving = way_in.start, way_in.waiting, way_in.driving
    found = []
    inward = _inward(start, waiting, NOTHING, driving)
    if inward is not None:
        closed = driving.streets.closed.copy()
        closed[inward.driven] = True
        closed[start.edge] = driving.streets.closed[start.edge]
        found += _out_without(closed, start, goals, driving, inside)
    pair = _by_flow(start, waiting, driving, inside)
    if pair is not None:
        found += _out_without(_only(pair, start, driving, inside), start, goals, driving, inside)
    return [loop for out in found if (loop := _loop(out, way_in)).apart]


def _out_without(
    closed: Bools, start: Snap, goals: Sequence[Snap], driving: Driving, inside: Bools
) -> list[_Out]:
    streets = replace(driving.streets, closed=closed)
    return _ways_out(start, goals, replace(driving, streets=streets), inside)


def _ways_within(start: Snap, goals: Sequence[Snap], driving: Driving) -> Ints:
    """Return the streets that lead to goals inside the perimeter, which no way out passes."""
    search = driving.search(start, ends=goals)
    ways = [arcs for goal in goals if (arcs := search.arcs(goal)) is not None]
    return np.concatenate([NOTHING, *ways]) % driving.network.edge_count


def _outbound(out: Ints, start: Snap, driving: Driving, inside: Bools) -> Driving:
    """Let who leaves drive inside the perimeter only over these streets."""
    return replace(driving, streets=replace(driving.streets, closed=_only(out, start, driving, inside)))


def _only(out: Ints, start: Snap, driving: Driving, inside: Bools) -> Bools:
    """Close all streets inside the perimeter but some, and those that are closed already.

    Not the street that ambulances load on: a way out from its end drives none of it, and none begins on a
    closed street.
    """
    closed = driving.streets.closed | inside
    kept = np.append(out, start.edge)
    closed[kept] = driving.streets.closed[kept]
    return closed


# --- two ways by maximum flow -------------------------------------------------------------------------

_SINK = 0


def _by_flow(start: Snap, waiting: Snap, driving: Driving, inside: Bools) -> Ints | None:
    """Return the edges of a way out that leaves another one for the way in; None where there is none.

    Two units flow from where ambulances load, one to staging and one to beyond the perimeter, over streets
    that can be driven both ways, each of which carries one (Ford and Fulkerson 1956).
    """
    network = driving.network
    both = driving.timing.open_arcs.reshape(2, -1).all(axis=0) & driving.open_edges
    edges, places = np.flatnonzero(both & inside), np.array([start.edge, waiting.edge])
    ends_u, ends_v, _ = network.vehicle_ends
    nodes, (u, v, *own_ends) = numbered(*(end[some] for some in (edges, places) for end in (ends_u, ends_v)))
    away, count = np.flatnonzero(_leads_away(nodes, places, both & ~inside, network)), len(nodes)
    first, last = 1 + count, 2 + count  # where ambulances load, where they wait
    tail, head = 1 + u, 1 + v
    rows, columns = [tail, head], [head, tail]
    for k, own in enumerate((first, last)):
        # A place takes its street in two.
        for end in own_ends:
            rows += [np.array([own]), 1 + end[[k]]]
            columns += [1 + end[[k]], np.array([own])]
    kept = ~np.isin(edges, [start.edge, waiting.edge])
    rows[0], rows[1], columns[0], columns[1] = (part[kept] for part in (tail, head, head, tail))
    rows += [1 + away, np.array([last])]
    columns += [np.full(len(away), _SINK), np.array([_SINK])]
    carries = [np.ones(len(part), dtype=np.int32) for part in rows]
    carries[-2][:] = 2
    size = 3 + count
    capacity = csr_array(
        (np.concatenate(carries), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )
    result = maximum_flow(capacity, first, _SINK)
    if result.flow_value < 2:
        return None
    flow = csr_array(result.flow)
    flow.data = np.maximum(flow.data, 0)
    way = _one_way(flow, first, last)
    if way is None:
        return None
    pairs = {frozenset((int(a) - 1, int(b) - 1)) for a, b in pairwise(way)}
    on_way = [frozenset(ends) in pairs for ends in zip(u.tolist(), v.tolist(), strict=True)]
    return np.append(edges[np.array(on_way, dtype=bool)], start.edge)


def _leads_away(nodes: Ints, places: Ints, outside: Bools, network: StreetNetwork) -> Bools:
    """Tell at which of some ends of streets, ascending, one of the streets outside ends; ``outside`` is (E,).

    At a barrier ends one street alone: of those outside only one of the places' own.
    """
    away = np.zeros(len(nodes), dtype=bool)
    arcs, owner = network.arcs_into(nodes[: np.searchsorted(nodes, network.node_count)])
    away[owner[outside[arcs % network.edge_count]]] = True
    for end in network.vehicle_ends[:2]:
        away[np.searchsorted(nodes, end[places[outside[places]]])] = True
    return away


def _one_way(flow: csr_array, first: int, last: int) -> list[int] | None:
    """Follow the unit that does not end at staging: the nodes from where ambulances load to beyond."""
    flow = flow.copy()
    flow[last, _SINK] = 0
    flow.eliminate_zeros()
    order, before = breadth_first_order(flow, first, directed=True, return_predecessors=True)
    if _SINK not in order:
        return None
    nodes = [_SINK]
    while nodes[-1] != first:
        nodes.append(int(before[nodes[-1]]))
    return nodes[::-1][:-1]
