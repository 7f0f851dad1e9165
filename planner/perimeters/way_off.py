"""Whether who is stopped at a post has a legal way off: searched over turns, on the streets left open.

Somebody who may turn round goes back the way they came, to the junction behind the post and on. Into a
one-way street towards the scene nobody should have turned: each who may must have had another way on at the
junction. Traffic that comes only from within needs none: it is let out or kept in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.perimeters.posts import Stand
from planner.streets.network import StreetNetwork
from planner.streets.search import BARRED, Ints32
from planner.streets.timing import Timing
from planner.terms import PostMode, RoadClass

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_AWAY_M = 200.0
"""Who reaches open streets of this length in all is off: less is a pocket that other posts shut."""
_BACK = 40
"""So many stretches of street are followed back at most."""
_ROOM = 64
"""At first there is room for so many states and streets that are reached."""
_DIVIDED = RoadClass.TRUNK_LINK
"""On roads up to this class nobody turns round."""


def mark_trapped(stands: Sequence[Stand], network: StreetNetwork, timing: Timing, closed: Bools) -> None:
    """Mark the vehicle posts at which somebody would be stopped who has no legal way off on this map.

    With the junctions at which to hold them: the nearest from which there is one.

    Parameters
    ----------
    stands : sequence of Stand
    network : StreetNetwork
    timing : Timing
        Of the public: what is infinite there nobody may drive.
    closed : (E,) bool array
        Streets behind the line, those of the posts, and those that the user closed.
    """
    for stand in stands:
        if stand.mode is PostMode.VEHICLE and not stand.open:
            lost = trapped_states(stand, network, timing, closed)
            stand.trapped = bool(lost)
            stand.hold_at = _hold_at(lost, network, timing, closed) if lost else ()


def trapped_states(stand: Stand, network: StreetNetwork, timing: Timing, closed: Bools) -> list[int]:
    """Return the states in which vehicles come to a post from outside and may not leave it again."""
    edge, count = stand.edge, network.edge_count
    inward = edge + count if stand.inner_is_u else edge
    back = edge if stand.inner_is_u else edge + count
    if not _may_drive(timing, inward):
        return []
    inwards = [int(state) for state in timing.turns.states_of(inward)]
    comers = {state for after in inwards for state in _before(after, network, timing, closed)}
    if comers and _may_drive(timing, back) and network.road_class[edge] > _DIVIDED:
        behind_m = float(network.length_m[edge]) - stand.along_m if stand.inner_is_u else stand.along_m
        states = [int(state) for state in timing.turns.states_of(back)]
        return [] if _gets_away(states, network, timing, closed, behind_m) else sorted(comers)
    return [state for state in sorted(comers) if not _gets_away([state], network, timing, closed)]


def _before(state: int, network: StreetNetwork, timing: Timing, closed: Bools) -> list[int]:
    """Return the states on open streets from which one may turn into a state, but for turning round."""
    turns, count = timing.turns, network.edge_count
    indptr, order = turns.into
    own = int(turns.state_arc[state]) % count
    found = []
    comers = turns.before[indptr[state] : indptr[state + 1]].tolist()
    for turn, comer in zip(order[indptr[state] : indptr[state + 1]].tolist(), comers, strict=True):
        arc = int(turns.state_arc[comer])
        if (
            _may_turn(timing, turn)
            and arc % count != own
            and not closed[arc % count]
            and _may_drive(timing, arc)
        ):
            found.append(comer)
    return found


def _hold_at(lost: list[int], network: StreetNetwork, timing: Timing, closed: Bools) -> tuple[int, ...]:
    """Return the junctions, nearest first, from which vehicles that would be trapped still get away."""
    nodes: dict[int, None] = {}
    seen, todo = set(lost), deque(lost)
    for _ in range(_BACK):
        if not todo:
            break
        for state in _before(todo.popleft(), network, timing, closed):
            if state in seen:
                continue
            seen.add(state)
            if _gets_away([state], network, timing, closed):
                nodes.setdefault(int(network.arc_head[timing.turns.state_arc[state]]))
            else:
                todo.append(state)
    return tuple(nodes)


def _gets_away(
    states: Sequence[int], network: StreetNetwork, timing: Timing, closed: Bools, away_m: float = 0.0
) -> bool:
    """Whether enough open streets, with so much before, are reached by legal turns from some states."""
    turns = timing.turns
    steps = turns.start, turns.to, turns.state_arc
    costs = timing.along_ms, timing.lost_ms
    reached_m = _reached_m(
        np.array(sorted(states)), *steps, *costs, closed, network.length_m, _AWAY_M - away_m
    )
    return away_m + reached_m >= _AWAY_M


@njit(cache=True, nogil=True)
def _reached_m(
    states: Ints,
    start: Ints32,
    to: Ints32,
    state_arc: Ints32,
    along_ms: Ints32,
    lost_ms: Ints32,
    closed: Bools,
    length_m: Floats,
    enough_m: float,
) -> float:  # pragma: no cover - compiled
    """Length of the open streets that legal turns lead to from some states, until it is enough."""
    edges = len(length_m)
    seen, counted = np.empty(max(_ROOM, 2 * len(states)), dtype=np.int64), np.empty(_ROOM, dtype=np.int64)
    size, streets, at, reached_m = len(states), 0, 0, 0.0
    seen[:size] = states
    while at < size and reached_m < enough_m:
        state = seen[at]
        at += 1
        for turn in range(start[state], start[state + 1]):
            after = to[turn]
            edge = state_arc[after] % edges
            if closed[edge] or lost_ms[turn] >= BARRED or along_ms[state_arc[after]] >= BARRED:
                continue
            if (seen[:size] == after).any():
                continue
            if size == len(seen):
                seen = np.append(seen, np.empty(size, dtype=np.int64))
            seen[size] = after
            size += 1
            if (counted[:streets] == edge).any():
                continue
            if streets == len(counted):
                counted = np.append(counted, np.empty(streets, dtype=np.int64))
            counted[streets] = edge
            streets += 1
            reached_m += length_m[edge]
    return reached_m


def _may_drive(timing: Timing, arc: int) -> bool:
    return bool(timing.along_ms[arc] < BARRED)


def _may_turn(timing: Timing, turn: int) -> bool:
    return bool(timing.lost_ms[turn] < BARRED)
