"""Going on from one street into another: which turns there are, of what kind, and which the signs forbid.

The search for ways runs over *states*: to be driving along an arc, to its end. A turn leads from one state
to the next. The first ``2 * edge_count`` states are the arcs; the few beyond are copies of arcs that are
driven by who came along a restriction via a way: the copy remembers where one came from, so that only they
are forbidden to go on (Geisberger and Vetter, *Efficient Routing in Road Networks with Turn Costs*, 2011).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from planner.streets.grouping import grouped
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays, read_only
from planner.terms import TurnRule

Ints32 = NDArray[np.int32]

STRAIGHT, NEAR_SIDE, FAR_SIDE, U_TURN = range(4)
"""Kinds of turns: on; to the side one drives on; across the oncoming traffic; back."""
FREE, EXEMPT, RESTRICTED = range(3)
"""Rules of turns: no sign; a sign that does not bind emergency vehicles; a sign that binds all."""

_HEADING_M = 10.0
"""Over this length a street's heading at a junction is taken: the last metres may be drawn askew."""
_TURN_TAN = math.tan(math.radians(40.0))
"""From this angle on, told by its tangent, a driver slows down to turn."""
_JUNCTION_LEGS = 3
"""At nodes of fewer streets one only drives on."""


FOUND_AS = 1
"""Told with turns that are kept, and counted up whenever others are found, so that those are found anew."""


@dataclass(frozen=True, eq=False)
class Turns:
    """All turns between the streets of one network; arrays are read-only.

    Parameters
    ----------
    state_arc, state_node : (S,) int32 arrays
        The arc of each state, and the node at which it ends: there its turns are made.
    start : (S + 1,) int32 array
        Turns out of state s are ``start[s]:start[s + 1]``.
    to : (T,) int32 array
        The state after each turn.
    kind, rule : (T,) uint8 arrays
        As named in this module.
    edge_count : int
        Edges of the network: the first states are its arcs.
    """

    state_arc: Ints32
    state_node: Ints32
    start: Ints32
    to: Ints32
    kind: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    edge_count: int

    def __post_init__(self) -> None:
        """Make the arrays read-only: those of a pack are, and what reads them is compiled once."""
        for name in ("state_arc", "state_node", "start", "to", "kind", "rule"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def state_count(self) -> int:
        """Number of states."""
        return len(self.state_arc)

    @property
    def origin(self) -> Ints32:
        """The state before each turn, (T,); made anew each time: of a few, ask :meth:`origins`."""
        return np.repeat(np.arange(self.state_count, dtype=np.int32), np.diff(self.start))

    def origins(self, turns: ArrayLike) -> Ints:
        """Return the states before some turns."""
        return np.searchsorted(self.start, np.asarray(turns, dtype=np.int32), side="right") - 1

    def nodes(self, turns: ArrayLike) -> Ints32:
        """Return the nodes at which some turns are made."""
        return self.state_node[self.origins(turns)]

    def arcs(self, states: Ints | Ints32) -> Ints:
        """Return the arcs of some states."""
        return self.state_arc[states].astype(np.int64)

    @cached_property
    def into(self) -> tuple[Ints32, Ints32]:
        """Turns into each state: indptr (S + 1,) and turns (T,), for searches backwards."""
        indptr, turns = grouped(self.to, self.state_count)
        return read_only(indptr), read_only(turns)

    @cached_property
    def before(self) -> Ints32:
        """The state before each of the turns of :attr:`into`, (T,)."""
        return read_only(self.origin[self.into[1]])

    @cached_property
    def _copies(self) -> tuple[Ints, Ints]:
        """The states beyond the arcs by the arc that they copy, and those arcs, ascending."""
        copied = self.state_arc[2 * self.edge_count :].astype(np.int64)
        order = np.argsort(copied, kind="stable")
        return 2 * self.edge_count + order, copied[order]

    def states_of(self, arc: int) -> Ints:
        """Return all states in which an arc is driven."""
        return self.states_of_all(np.array([arc], dtype=np.int64))[0]

    def states_of_all(self, arcs: Ints) -> tuple[Ints, Ints]:
        """Return all states in which some arcs are driven, laid end to end, and how many each arc has."""
        found: tuple[Ints, Ints] = _with_states(arcs, *self._copies)
        return found

    def turns_into(self, states: Ints) -> tuple[Ints, Ints]:
        """Return the turns into some states, laid end to end, and how many each state has."""
        found: tuple[Ints, Ints] = _gather(*self.into, states)
        return found

    def states_on(self, edges: Ints) -> tuple[Ints, Ints]:
        """Return all states in which some edges are driven: along them, then against them; as above."""
        return self.states_of_all(np.concatenate([edges, edges + self.edge_count]))

    def between(self, state: int, after: int) -> int:
        """Return the turn that leads from one state to another."""
        return int(self.along(np.array([state, after]))[0])

    def along(self, states: Ints) -> Ints:
        """Return the turns that lead through states, each from one to the next."""
        found: Ints = _along(self.start, self.to, states)
        return found


class KeptTurns(NamedTuple):
    """What is kept of turns with a map: the rest follows from it and from the streets.

    Parameters
    ----------
    found_as : (1,) int64 array
        :data:`FOUND_AS` of the program that found them.
    start, to, kind, rule : arrays
        As of :class:`Turns`.
    copied : (C,) int32 array
        The arc of each state beyond the arcs.
    """

    found_as: Ints
    start: Ints32
    to: Ints32
    kind: NDArray[np.uint8]
    rule: NDArray[np.uint8]
    copied: Ints32


class Restriction(NamedTuple):
    """One restriction on arcs: from, over the arcs of via ways if there are any, to."""

    arcs: tuple[int, ...]
    only: bool
    rule: int


def find_turns(streets: StreetArrays, usable: Bools, *, left_hand: bool, signs: bool = True) -> Turns:
    """Find all turns between streets.

    Parameters
    ----------
    streets : StreetArrays
    usable : (E,) bool array
        Streets between which turns are asked for.
    left_hand : bool
        Whether traffic keeps left: then the turn across oncoming traffic is the one to the right.
    signs : bool
        Whether turn restrictions matter; to people on foot they do not.
    """
    ends = streets.edge_u, streets.edge_v
    arriving, leaving = _headings(streets.shape_xy_m, streets.shape_start)
    start, to, kind = _all_turns(
        *ends, usable, streets.node_count, streets.roundabout, arriving, leaving, -1.0 if left_hand else 1.0
    )
    turns = Turns(
        state_arc=np.arange(2 * streets.edge_count, dtype=np.int32),
        state_node=np.concatenate(ends[::-1], dtype=np.int32, casting="same_kind"),
        start=start,
        to=to,
        kind=kind,
        rule=np.zeros(len(to), dtype=np.uint8),
        edge_count=streets.edge_count,
    )
    is_usable = np.tile(usable, 2)
    found = [r for r in _restrictions(streets) if all(is_usable[list(r.arcs)])] if signs else []
    return _with_signs(turns, found) if found else turns


def to_keep(turns: Turns) -> KeptTurns:
    """Return what is kept of turns."""
    copied = turns.state_arc[2 * turns.edge_count :]
    return KeptTurns(np.array([FOUND_AS]), turns.start, turns.to, turns.kind, turns.rule, copied)


def of_kept(streets: StreetArrays, usable: Bools, kept: KeptTurns) -> Turns | None:
    """Return turns that were kept; None where they are not those of these streets, or were found otherwise.

    Which there are is looked through, for a pack may come from anywhere: all that lead from one street into
    another, each once, and no other. What kind they are of and what signs forbid is taken as it is told, as
    is all that a map says.
    """
    forms = (np.int64, np.int32, np.int32, np.uint8, np.uint8, np.int32)
    arrays: tuple[NDArray[Any], ...] = kept
    if any(array.dtype != form or array.ndim != 1 for array, form in zip(arrays, forms, strict=True)):
        return None
    if kept.found_as.tolist() != [FOUND_AS] or not len(kept.to) == len(kept.kind) == len(kept.rule):
        return None
    if kept.kind.max(initial=0) > U_TURN or kept.rule.max(initial=0) > RESTRICTED:
        return None
    count, copied = streets.edge_count, kept.copied
    if len(copied) and not 0 <= copied.min() <= copied.max() < 2 * count:
        return None
    head = streets.arc_head.astype(np.int32)
    state_arc, state_node = np.arange(2 * count, dtype=np.int32), head
    if len(copied):
        state_arc, state_node = np.concatenate([state_arc, copied]), np.concatenate([head, head[copied]])
    found = Turns(state_arc, state_node, kept.start, kept.to, kept.kind, kept.rule, count)
    if not _are_all(found.start, found.to, found.state_arc, found.state_node, usable, streets.node_count):
        return None
    return found


@njit(cache=True, nogil=True)
def _are_all(
    start: Ints32, to: Ints32, state_arc: Ints32, state_node: Ints32, usable: Bools, nodes: int
) -> bool:  # pragma: no cover - compiled
    """Whether these are all turns between usable streets: arcs ascend among those out of one state."""
    states, count = len(state_arc), len(usable)
    if len(start) != states + 1 or start[0] != 0 or start[states] != len(to):
        return False
    tail = np.full(2 * count, -1, dtype=np.int32)  # of arcs that one may turn into
    out = np.zeros(nodes, dtype=np.int32)  # so many begin at each node
    for edge in range(count):
        if usable[edge]:
            ahead, against = edge, edge + count
            tail[ahead], tail[against] = state_node[against], state_node[ahead]
            out[tail[ahead]] += 1
            out[tail[against]] += 1
    for state in range(states):
        arc, node = state_arc[state], state_node[state]
        first, last = start[state], start[state + 1]
        if last - first != (out[node] if tail[arc] >= 0 else 0) or last > len(to):
            return False
        before = -1
        for turn in range(first, last):
            after = to[turn]
            if not 0 <= after < states:
                return False
            arc = after if after < 2 * count else state_arc[after]
            if arc <= before or tail[arc] != node:
                return False
            before = arc
    return True


@njit(cache=True, nogil=True)
def _all_turns(
    edge_u: Ints,
    edge_v: Ints,
    usable: Bools,
    node_count: int,
    roundabout: Bools,
    arriving: Floats,
    leaving: Floats,
    across: float,
) -> tuple[Ints32, Ints32, NDArray[np.uint8]]:  # pragma: no cover - compiled
    """Return all turns and their kinds, as :class:`Turns` has them.

    Across the oncoming traffic are those to the left where ``across`` is 1, to the right where it is -1.
    """
    count = len(usable)
    first = np.zeros(node_count + 1, dtype=np.int64)  # of the arcs out of each node
    for edge in range(count):
        if usable[edge]:
            first[edge_u[edge] + 1] += 1
            first[edge_v[edge] + 1] += 1
    first = np.cumsum(first)
    out = np.empty(first[-1], dtype=np.int64)
    filled = first[:-1].copy()
    for arc in range(2 * count):
        edge = arc if arc < count else arc - count
        if usable[edge]:
            tail = edge_u[edge] if arc < count else edge_v[edge]
            out[filled[tail]] = arc
            filled[tail] += 1
    start = np.zeros(2 * count + 1, dtype=np.int32)
    for arc in range(2 * count):
        edge = arc if arc < count else arc - count
        head = edge_v[edge] if arc < count else edge_u[edge]
        start[arc + 1] = start[arc] + (first[head + 1] - first[head] if usable[edge] else 0)
    total = start[-1]
    to = np.empty(total, np.int32)
    kind = np.full(total, STRAIGHT, dtype=np.uint8)
    row = 0
    for arc in range(2 * count):
        edge = arc if arc < count else arc - count
        if not usable[edge]:
            continue
        head = edge_v[edge] if arc < count else edge_u[edge]
        ax, ay = arriving[arc, 0], arriving[arc, 1]
        meets = first[head + 1] - first[head] >= _JUNCTION_LEGS and (ax != 0 or ay != 0)
        for after in out[first[head] : first[head + 1]]:
            to[row] = after
            bx, by = leaving[after]
            into = after if after < count else after - count
            if after != arc and into == edge:
                kind[row] = U_TURN
            elif meets and (bx != 0 or by != 0) and not (roundabout[edge] and roundabout[into]):
                cross, ahead = ax * by - ay * bx, ax * bx + ay * by
                if ahead <= 0 or abs(cross) >= _TURN_TAN * ahead:
                    kind[row] = FAR_SIDE if cross * across > 0 else NEAR_SIDE
            row += 1
    return start, to, kind


@njit(cache=True, nogil=True)
def _headings(xy_m: Floats, shape_start: Ints) -> tuple[Floats, Floats]:  # pragma: no cover - compiled
    """Heading of each arc where it ends and where it begins, (2E, 2) each; not of unit length."""
    count = len(shape_start) - 1
    arriving, leaving = np.empty((2 * count, 2)), np.empty((2 * count, 2))
    for edge in range(count):
        first, last = shape_start[edge], shape_start[edge + 1] - 1
        for arc, begin, end, step in ((edge, first, last, 1), (edge + count, last, first, -1)):
            at, along_m = begin, 0.0
            while at != end and along_m < _HEADING_M:
                at += step
                along_m += np.hypot(xy_m[at, 0] - xy_m[at - step, 0], xy_m[at, 1] - xy_m[at - step, 1])
            back = edge + count if arc == edge else edge
            for axis in range(2):  # number by number: an array for each would be made and thrown away
                leaving[arc, axis] = xy_m[at, axis] - xy_m[begin, axis]
                arriving[back, axis] = -leaving[arc, axis]
    return arriving, leaving


# --- restrictions ---------------------------------------------------------------------------------


def _restrictions(streets: StreetArrays) -> list[Restriction]:
    start = streets.restriction_start
    arc = streets.restriction_edge + np.where(streets.restriction_ahead, 0, streets.edge_count)
    return [
        Restriction(
            tuple(arc[start[k] : start[k + 1]].tolist()),
            bool(rule & TurnRule.ONLY),
            EXEMPT if rule & TurnRule.SPARES_EMERGENCY else RESTRICTED,
        )
        for k, rule in enumerate(streets.restriction_rule.tolist())
    ]


def _with_signs(turns: Turns, found: Iterable[Restriction]) -> Turns:
    """Put restrictions on the turns; those via ways add states that remember where one came from."""
    rule = turns.rule.copy()
    via_ways: list[Restriction] = []
    for restriction in found:
        if len(restriction.arcs) > 2:
            via_ways.append(restriction)
        else:
            _forbid(turns, rule, restriction.arcs[0], restriction)
    signed = replace(turns, rule=rule)
    return _with_copies(signed, via_ways) if via_ways else signed


def _forbid(turns: Turns, rule: NDArray[np.uint8], state: int, restriction: Restriction) -> None:
    span = slice(int(turns.start[state]), int(turns.start[state + 1]))
    goes_there = turns.to[span] == restriction.arcs[-1]
    hit = ~goes_there if restriction.only else goes_there
    rule[span] = np.where(hit, np.maximum(rule[span], restriction.rule), rule[span])


def _with_copies(turns: Turns, via_ways: list[Restriction]) -> Turns:
    """Add a state for every stretch of a restriction via ways, entered only by who came along it.

    A stretch is known by the arcs driven to get there, from the restriction's first on. Whoever leaves it is
    followed along the longest end of what they drove that is the beginning of a restriction (as Aho and
    Corasick follow words, 1975), so that restrictions may overlap.
    """
    memory = sorted({r.arcs[:k] for r in via_ways for k in range(2, len(r.arcs))})
    state_of = {arcs: turns.state_count + k for k, arcs in enumerate(memory)}

    def after(driven: tuple[int, ...]) -> int:
        ends = (driven[k:] for k in range(len(driven) - 1))
        return next((state_of[end] for end in ends if end in state_of), driven[-1])

    to = turns.to.copy()
    for first in sorted({arcs[0] for arcs in memory}):
        for k in range(int(turns.start[first]), int(turns.start[first + 1])):
            to[k] = after((first, int(to[k])))
    rows: list[tuple[int, int, int, int]] = []
    for driven, state in state_of.items():
        for k in range(int(turns.start[driven[-1]]), int(turns.start[driven[-1] + 1])):
            arc = int(turns.to[k])  # of the turns without copies, states are arcs
            rule = max([int(turns.rule[k]), *(r.rule for r in via_ways if _forbids(r, driven, arc))])
            rows.append((state, after((*driven, arc)), int(turns.kind[k]), rule))
    more = np.array(rows, dtype=np.int32).reshape(-1, 4)
    copies = np.array([arcs[-1] for arcs in memory], dtype=np.int32)
    fan = np.bincount(more[:, 0] - turns.state_count, minlength=len(memory))
    return Turns(
        state_arc=np.concatenate([turns.state_arc, copies]),
        state_node=np.concatenate([turns.state_node, turns.state_node[copies]]),
        start=np.concatenate([turns.start, (turns.start[-1] + np.cumsum(fan)).astype(np.int32)]),
        to=np.concatenate([to, more[:, 1]]),
        kind=np.concatenate([turns.kind, more[:, 2].astype(np.uint8)]),
        rule=np.concatenate([turns.rule, more[:, 3].astype(np.uint8)]),
        edge_count=turns.edge_count,
    )


def _forbids(restriction: Restriction, driven: tuple[int, ...], arc: int) -> bool:
    """Whether a restriction via ways forbids an arc to who drove others before.

    ``no_*`` forbids the last turn. Who goes from the first way of an ``only_*`` into its via way has to stay
    on it and leave it as it says; another way at the first junction stays free.
    """
    arcs = restriction.arcs
    for along in range(2, len(arcs)):
        if driven[-along:] == arcs[:along]:
            on = arc == arcs[along]
            return not on if restriction.only else on and along == len(arcs) - 1
    return False


@njit(cache=True, nogil=True)
def _with_states(arcs: Ints, copies: Ints, copied: Ints) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Return the states of some arcs laid end to end: each itself, then its copies; and how many each has."""
    size = np.ones(len(arcs), dtype=np.int64)
    for k in range(len(arcs) if len(copied) else 0):
        size[k] += np.searchsorted(copied, arcs[k], side="right") - np.searchsorted(copied, arcs[k])
    found, count = np.empty(size.sum(), dtype=np.int64), 0
    for k in range(len(arcs)):
        found[count] = arcs[k]
        if size[k] > 1:
            first = np.searchsorted(copied, arcs[k])
            found[count + 1 : count + size[k]] = copies[first : first + size[k] - 1]
        count += size[k]
    return found, size


@njit(cache=True, nogil=True)
def _along(start: Ints32, to: Ints32, states: Ints) -> Ints:  # pragma: no cover - compiled
    """Return the first turn from each state to the next one, where there is one."""
    found, count = np.empty(len(states), dtype=np.int64), 0
    for k in range(len(states) - 1):
        for turn in range(start[states[k]], start[states[k] + 1]):
            if to[turn] == states[k + 1]:
                found[count] = turn
                count += 1
                break
    return found[:count]


@njit(cache=True, nogil=True)
def _gather(indptr: Ints32, values: Ints32, rows: Ints) -> tuple[Ints, Ints]:  # pragma: no cover - compiled
    """Values of some rows of a compressed table, laid end to end, and how many each row has."""
    size = np.empty(len(rows), dtype=np.int64)
    for k in range(len(rows)):
        size[k] = indptr[rows[k] + 1] - indptr[rows[k]]
    found, count = np.empty(size.sum(), dtype=np.int64), 0
    for row in rows:
        for at in range(indptr[row], indptr[row + 1]):
            found[count] = values[at]
            count += 1
    return found, size
