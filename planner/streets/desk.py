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

from planner.streets.aiming import aimed
from planner.streets.climbing import Left
from planner.streets.search import (
    BARRED,
    NEVER,
    Bools,
    Ints,
    Ints32,
    best_ahead,
    dijkstra,
    fewest_steps,
    traced,
)
from planner.streets.timing import Timing, Weights

_BOUNDS = (2_000, 8_000)
"""So many states each of two searches settles in its turn."""


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


class Room:
    """What a search writes on, wiped after it: for all who search the same turns, one after the other.

    Parameters
    ----------
    states : int
        How many there are.
    """

    def __init__(self, states: int) -> None:
        self.cost = np.full(states, BARRED, dtype=np.int32)
        self.before = np.empty(states, dtype=np.int32)
        self.touched = np.empty(states, dtype=np.int32)
        self.group = np.zeros(states, dtype=np.int32)
        none = np.empty(0, dtype=np.int32)  # as long as the others once they are asked for
        self.ahead_cost, self.ahead_before, self.least = none, none, none
        self.stepped = np.empty(0, dtype=np.bool_)
        self.lock = threading.Lock()

    def wipe(self) -> None:
        """Wipe everything: nothing tells how far a search came that broke off."""
        self.cost.fill(BARRED)
        self.ahead_cost.fill(BARRED)
        self.least.fill(-1)
        self.stepped.fill(False)
        self.group.fill(0)


class Desk:
    """Searches by one plain timing and what is changed in it, one after the other; other threads wait.

    Parameters
    ----------
    plain : Timing
    room : Room
        Shared with the desks of others who travel over the same turns.
    """

    def __init__(self, plain: Timing, room: Room) -> None:
        self._plain, self._room = plain, room
        self._state_ms = plain.arc_ms[plain.turns.state_arc]
        self._back: tuple[Ints32, Ints32, Ints32] | None = None

    def ways(
        self,
        weights: Weights,
        seed: Ints,
        seed_ms: Ints,
        asked: Ints,
        most: int = 0,
        *,
        group: Ints | None = None,
        enough: int = 0,
        slack_ms: int = 0,
    ) -> Reached | None:
        """Search the best ways to some states, each named once.

        Parameters
        ----------
        weights : Weights
        seed, seed_ms : int arrays
            Where it begins.
        asked : (k,) int array
        most : int
            It gives up when so many states are settled; 0: never.
        group : (k,) int array, optional
            One state of each group is enough: numbers from 0 on. Without, each state is a group of its own.
        enough : int
            It stops when so many groups are settled; 0: all.
        slack_ms : int
            It goes on from there for what costs more by no more than this.

        Returns
        -------
        Reached or None
            None where it gave up.
        """
        group = np.arange(len(asked)) if group is None else group
        room = self._room
        with self._laid_out(weights):
            room.group[asked] = group + 1
            wanted = np.ones(int(group.max(initial=-1)) + 2, dtype=np.bool_)
            wanted[0] = False
            enough = enough or len(wanted) - 1
            reached, _, given_up, known = self._run(
                self._ahead, seed, seed_ms, room.group, wanted, (enough, slack_ms, most)
            )
            room.group[asked] = 0
            cost = room.cost[asked].astype(np.int64)
            cost[cost >= BARRED] = NEVER
            start, states = traced(room.before, np.where(cost < NEVER, asked, -1))
            self._wipe(reached)
        return None if given_up else Reached(cost, start, states, known)

    def between(
        self, weights: Weights, first: tuple[Ints, Ints], last: tuple[Ints, Ints], most: int = 0
    ) -> Reached | None:
        """Search the best way from one place to another, from both in turn till one search gets there.

        Who looks from outside for a place behind posts has to look everywhere; who looks from there does not.

        Parameters
        ----------
        weights : Weights
        first : (states, ms)
            Where it begins, and what each of these has cost when it is through.
        last : (states, ms)
            Where it ends, each named once, and what of each is not driven, below zero.
        most : int
            It gives up when a search has settled so many states; 0: never.

        Returns
        -------
        Reached or None
            The same way whoever gets there; of the last states perhaps the best one alone. None where it
            gave up.
        """
        group, slack_ms = np.zeros(len(last[0]), dtype=np.int64), int(-last[1].min(initial=0))
        for bound in [bound for bound in _BOUNDS if not most or bound < most] + [most]:
            found = self.ways(weights, *first, last[0], bound, group=group, slack_ms=slack_ms)
            found = found or self._from_end(weights, first, last, bound)
            if found is not None:
                return found
        return None

    def toward(
        self, weights: Weights, first: tuple[Ints, Ints], last: tuple[Ints, Ints], left: Left, most: int
    ) -> Reached | None:
        """Search the best way from one place to another, as :meth:`between` does, told what is left to drive.

        Parameters
        ----------
        weights, first
            As there.
        last : (states, ms)
            Where it ends, and by how much more of each is driven than of that of which least is.
        left : Left
            To these, with what is driven more: never more than by these weights.
        most : int
            It gives up when it has settled so many states.
        """
        room, plain = self._room, self._plain
        with self._laid_out(weights):
            reached, best, given_up = aimed(
                plain.turns.start,
                plain.turns.to,
                plain.lost_ms,
                self._state_ms,
                *first,
                *last,
                left,
                most,
                room.cost,
                room.before,
                room.touched,
            )
            cost_ms = np.full(len(last[0]), NEVER, dtype=np.int64)
            states = np.empty(0, dtype=np.int64)
            if best >= 0:
                cost_ms[best] = room.cost[last[0][best]]
                _, states = traced(room.before, last[0][best : best + 1])
            room.cost[room.touched[:reached]] = BARRED
        start = np.where(np.arange(len(last[0]) + 1) > best, len(states), 0)
        return None if given_up else Reached(cost_ms, start, states)

    def _from_end(
        self, weights: Weights, first: tuple[Ints, Ints], last: tuple[Ints, Ints], most: int
    ) -> Reached | None:
        """Search back from the end, then ahead over the best ways."""
        (begins, begun_ms), (ends, left_ms), room = first, last, self._room
        with self._laid_out(weights):
            if not len(room.ahead_cost):
                room.ahead_cost, room.ahead_before = np.full_like(room.cost, BARRED), room.before.copy()
            cost, before = room.ahead_cost, room.ahead_before
            room.group[begins] = 1
            further_ms = begun_ms - self._state_ms[begins]
            reached, _, given_up, _ = self._run(
                self._behind,
                ends,
                self._state_ms[ends] + left_ms,
                room.group,
                np.array([False, True]),
                (1, int(-further_ms.min(initial=0)), most),
            )
            room.group[begins] = 0
            to_end_ms = room.cost[begins].astype(np.int64)
            total_ms = np.where(to_end_ms < BARRED, to_end_ms + further_ms, NEVER)
            best_ms = int(total_ms.min(initial=NEVER))
            if not given_up and best_ms < NEVER:
                best_ahead(*self._ahead, self._state_ms, begins, begun_ms, room.cost, best_ms, cost, before)
            cost_ms = cost[ends].astype(np.int64)
            cost_ms[cost_ms + left_ms != best_ms] = NEVER
            found = Reached(cost_ms, *traced(before, np.where(cost_ms < NEVER, ends, -1)))
            cost[room.touched[:reached]] = BARRED  # it went on over what the search back had reached
            self._wipe(reached)
        return None if given_up else found

    def fewest(
        self,
        weights: Weights,
        seed: Ints,
        edges: Ints,
        states: Ints,
        steps: int,
        most: int,
        *,
        back: bool = False,
    ) -> Ints:
        """Tell that on any way to each of some states at least so many of some streets are entered.

        Parameters
        ----------
        weights : Weights
            Tell which streets are open.
        seed : int array
            Where ways begin; what is entered there does not count.
        edges : int array
            The streets that count.
        states : (k,) int array
        steps : int
            No more is told.
        most : int
            So many states are looked at.
        back : bool
            Whether the ways lead from these states to where the search begins.
        """
        counting, _ = self._plain.turns.states_on(edges)
        room = self._room
        with self._laid_out(weights):
            if not len(room.stepped):
                room.stepped = np.zeros(len(room.cost), dtype=np.bool_)
                room.least = np.full_like(room.cost, -1)
            room.stepped[counting] = True
            turns = self._behind if back else self._ahead
            counted, known = fewest_steps(
                *turns, self._state_ms, seed, room.stepped, steps, most, room.least, room.touched
            )
            least = room.least[states]
            room.least[room.touched[:counted]] = -1
            room.stepped[counting] = False
        return np.where(least < 0, known, least).astype(np.int64)

    def first(
        self, weights: Weights, seed: Ints, seed_ms: Ints, place: Ints32, wanted: Bools, *, back: bool
    ) -> Ints:
        """Return the states of the way to the first at a wanted place, if any; of equals, to the lowest.

        Parameters
        ----------
        weights : Weights
        seed, seed_ms : int arrays
            Where it begins.
        place : (S,) int32 array
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
            reached, last, *_ = self._run(turns, seed, seed_ms, place, wanted.copy(), (1, 0, 0))
            states = self._room.touched[:reached]
            cost = self._room.cost[states]
            best = -1
            if last >= 0 and wanted[place[last]]:
                equal = states[cost == self._room.cost[last]]
                best = int(equal[wanted[place[equal]]].min())
            _, way = traced(self._room.before, np.array([best]))
            self._wipe(reached)
        return way[::-1] if back else way

    def make_ready(self) -> None:
        """Lay out now what the first search from an end would have to."""
        with self._room.lock:
            self._ahead, self._behind  # noqa: B018 they are kept

    @property
    def _ahead(self) -> tuple[Ints32, Ints32, Ints32]:
        """Turns out of each state, the state after each, and what it costs."""
        turns = self._plain.turns
        return turns.start, turns.to, self._plain.lost_ms

    @property
    def _behind(self) -> tuple[Ints32, Ints32, Ints32]:
        """Turns into each state, the state before each, and what it costs."""
        if self._back is None:
            indptr, order = self._plain.turns.into
            self._back = indptr, self._plain.turns.before, self._plain.lost_ms[order]
        return self._back

    def _run(
        self,
        turns: tuple[Ints32, Ints32, Ints32],
        seed: Ints,
        seed_ms: Ints,
        place: Ints32,
        wanted: Bools,
        bounds: tuple[int, int, int],
    ) -> tuple[int, int, bool, int]:
        """Run a search; ``bounds``: how many places are enough, the slack, and the most states."""
        room = self._room
        found: tuple[int, int, bool, int] = dijkstra(
            *turns,
            self._state_ms,
            seed,
            seed_ms,
            place,
            wanted,
            *bounds,
            room.cost,
            room.before,
            room.touched,
        )
        return found

    def _wipe(self, reached: int) -> None:
        self._room.cost[self._room.touched[:reached]] = BARRED

    @contextmanager
    def _laid_out(self, weights: Weights) -> Iterator[None]:
        """Lay out what streets weigh in one search, alone at the desk, and put all back whatever happens."""
        states, ms = weights.states
        with self._room.lock:
            plain_ms = self._state_ms[states]
            try:
                self._state_ms[states] = ms
                yield
            except BaseException:
                self._room.wipe()
                raise
            finally:
                self._state_ms[states] = plain_ms
