"""A place to search at: what Dijkstra's search needs to hand, kept laid out between searches.

A search near a scene reaches a few thousand states of a million. Nothing here is made anew or looked through
for all of them: what streets weigh is changed where a search asks for other than the plain timing, and what
a search wrote is wiped off after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from planner.streets.search import BARRED, NEVER, Bools, Ints, Ints32, dijkstra, traced
from planner.streets.timing import Timing, Weights

_EACH_ITS_OWN = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Reached:
    """What a search found of the states that were asked for.

    Parameters
    ----------
    cost_ms : (k,) int array
        ``NEVER`` where there is no way.
    start, states : (k + 1,) and (n,) int arrays
        The best way to the i-th is ``states[start[i]:start[i + 1]]``, its own state last; none: no way.
    known_ms : int
        Costs above are upper bounds: the search went no further. ``NEVER`` where it went to the end.
    """

    cost_ms: Ints
    start: Ints
    states: Ints
    known_ms: int = NEVER

    def way(self, i: int) -> Ints:
        """Return the states of the best way to the i-th."""
        return self.states[self.start[i] : self.start[i + 1]]


class Desk:
    """Searches by one plain timing and what is changed in it, one after the other; other threads wait.

    Parameters
    ----------
    plain : Timing
    """

    def __init__(self, plain: Timing) -> None:
        turns = plain.turns
        self._plain = plain
        self._state_ms = np.asarray(plain.arc_ms[turns.state_arc], dtype=np.int32)
        self._cost = np.full(turns.state_count, BARRED, dtype=np.int32)
        self._before = np.empty(turns.state_count, dtype=np.int32)
        self._touched = np.empty(turns.state_count, dtype=np.int32)
        self._back: tuple[Ints, Ints, Ints32] | None = None
        self._lock = threading.Lock()

    def ways(
        self, weights: Weights, seed: Ints, seed_ms: Ints, asked: Ints, most: int = 0, enough: int = 0
    ) -> Reached | None:
        """Search the best ways to some states, each named once; to all of them, or till enough are settled.

        Returns
        -------
        Reached or None
            None where it gave up, having settled ``most`` states before all of these.
        """
        wanted = np.zeros(self._plain.turns.state_count, dtype=np.bool_)
        wanted[asked] = True
        enough = enough or len(asked)
        with self._laid_out(weights):
            reached, last, given_up = self._run(
                self._ahead, seed, seed_ms, _EACH_ITS_OWN, wanted, enough, most
            )
            cost = self._cost[asked].astype(np.int64)
            known = int(self._cost[last]) if enough < len(asked) and last >= 0 else NEVER
            known = NEVER if np.count_nonzero(cost <= known) < enough else known
            cost[cost >= BARRED] = NEVER
            start, states = traced(self._before, np.where(cost < NEVER, asked, -1))
            self._wipe(reached)
        return None if given_up else Reached(cost, start, states, known)

    def first(
        self, weights: Weights, seed: Ints, seed_ms: Ints, place: Ints, wanted: Bools, *, back: bool
    ) -> Ints:
        """Return the states of the way to the first at a wanted place, if any; of equals, to the lowest.

        Parameters
        ----------
        weights : Weights
        seed, seed_ms : int arrays
            Where it begins.
        place : (S,) int array
        wanted : bool array
            By place.
        back : bool
            Whether the ways lead from there to where the search begins.

        Returns
        -------
        (n,) int array
            In the order of travel.
        """
        with self._laid_out(weights):
            turns = self._behind if back else self._ahead
            reached, last, _ = self._run(turns, seed, seed_ms, place, wanted, 1, 0)
            states = self._touched[:reached]
            cost = self._cost[states]
            best = -1
            if last >= 0 and wanted[place[last]]:
                equal = states[cost == self._cost[last]]
                best = int(equal[wanted[place[equal]]].min())
            _, way = traced(self._before, np.array([best]))
            self._wipe(reached)
        return way[::-1] if back else way

    @property
    def _ahead(self) -> tuple[Ints, Ints, Ints32]:
        """Turns out of each state, the state after each, and what it costs."""
        turns = self._plain.turns
        return turns.start, turns.to, self._plain.lost_ms

    @property
    def _behind(self) -> tuple[Ints, Ints, Ints32]:
        """Turns into each state, the state before each, and what it costs."""
        if self._back is None:
            indptr, order = self._plain.turns.into
            self._back = indptr, self._plain.turns.origin[order], self._plain.lost_ms[order]
        return self._back

    def _run(
        self,
        turns: tuple[Ints, Ints, Ints32],
        seed: Ints,
        seed_ms: Ints,
        place: Ints,
        wanted: Bools,
        enough: int,
        most: int,
    ) -> tuple[int, int, bool]:
        found: tuple[int, int, bool] = dijkstra(
            *turns,
            self._state_ms,
            seed,
            seed_ms,
            place,
            wanted,
            enough,
            most,
            self._cost,
            self._before,
            self._touched,
        )
        return found

    def _wipe(self, reached: int) -> None:
        self._cost[self._touched[:reached]] = BARRED

    @contextmanager
    def _laid_out(self, weights: Weights) -> Iterator[None]:
        """Lay out what streets weigh in one search, alone at the desk, and put all back whatever happens."""
        states, ms = weights.states
        with self._lock:
            try:
                self._state_ms[states] = ms
                yield
            except BaseException:
                self._cost.fill(BARRED)  # nothing tells how far a search came that broke off
                raise
            finally:
                self._state_ms[states] = self._plain.arc_ms[self._plain.turns.state_arc[states]]
