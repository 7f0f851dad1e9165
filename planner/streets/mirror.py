"""The streets driven the other way: what tables with few ends ask, from their ends.

Each turn from one arc into another has its mirror: from the one's opposite back into the other's. A graph in
which every turn weighs what its mirror does is the graph with all its ways turned round, over the very same
turns; and a hierarchy over them serves both.

Copies of arcs that remember where one came from (:mod:`planner.streets.turns`) have no mirror: who drives
backwards can't know yet. They are taken for their arcs, and what signs forbid by them is either forbidden
to everyone or to no one: where both tables say the same, it is the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.streets.street_arrays import Ints
from planner.streets.turns import Ints32, Turns


@dataclass(frozen=True, eq=False)
class Mirror:
    """The mirror of each turn.

    Parameters
    ----------
    turns : Turns
    of : (T,) int32 array
        The mirror of each turn: always one between arcs, never one of copies.
    """

    turns: Turns
    of: Ints32

    @classmethod
    def of_turns(cls, turns: Turns) -> Mirror:
        """Find the mirror of each turn."""
        return cls(turns, _mirrors(turns.start, turns.to, turns.state_arc, turns.edge_count))

    @property
    def _own(self) -> int:
        """So many turns are made by who drives along arcs; those of copies come after them."""
        return int(self.turns.start[2 * self.turns.edge_count])

    @cached_property
    def _copied(self) -> tuple[Ints32, Ints]:
        """The mirrors of the turns of copies, ascending, and those turns."""
        mirrors = self.of[self._own :]
        order = np.argsort(mirrors, kind="stable")
        return mirrors[order], self._own + order

    def weighing_as(self, turns: Ints) -> tuple[Ints, Ints]:
        """Return the turns whose mirror is one of some, and its row there; those of copies are no mirrors."""
        row = np.flatnonzero(turns < self._own)
        asked = turns[row]
        mirrors, copies = self._copied
        low, high = (np.searchsorted(mirrors, asked, side=side) for side in ("left", "right"))
        count = high - low
        first = np.repeat(low - (np.cumsum(count) - count), count) + np.arange(count.sum())
        found = np.concatenate([self.of[asked].astype(np.int64), copies[first]])
        return found, np.concatenate([row, np.repeat(row, count)])

    def forbidden_to_some(self, lost_ms: Ints32) -> Ints:
        """Return the turns between arcs at which copies of them lose more, as where they may not turn."""
        turns = np.arange(self._own, len(self.of))
        plain = self.of[self.of[turns]]
        return np.unique(plain[lost_ms[turns] != lost_ms[plain]]).astype(np.int64)

    def opposite(self, arcs: Ints) -> Ints:
        """Return the same streets driven the other way."""
        count = self.turns.edge_count
        return np.where(arcs < count, arcs + count, arcs - count)


@njit(cache=True, nogil=True)
def _mirrors(
    start: Ints32, to: Ints32, state_arc: Ints32, count: int
) -> NDArray[np.int32]:  # pragma: no cover - compiled
    found = np.empty(len(to), dtype=np.int32)
    for state in range(len(start) - 1):
        arc = state_arc[state]
        back = arc + count if arc < count else arc - count
        for turn in range(start[state], start[state + 1]):
            after = state_arc[to[turn]]
            row = after + count if after < count else after - count
            for other in range(start[row], start[row + 1]):
                if state_arc[to[other]] == back:
                    found[turn] = other
                    break
    return found
