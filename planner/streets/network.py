"""The street network: who may drive where, how long it takes, which way is best.

A closure is a boolean mask over edges; every search takes ``closed=``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from planner.streets.paths import Path, junction_at, leaving, leaving_back, path_of, standing
from planner.streets.snapping import Snap, at_node, snap
from planner.streets.street_arrays import Bools, Floats, Ints, read_only
from planner.streets.timed_streets import TimedStreets
from planner.streets.timing import Timing
from planner.streets.turns import Ints32, Turns
from planner.streets.ways import NEARBY_M, Search, travel_times

__all__ = ["Bools", "Floats", "Ints", "Path", "Search", "Snap", "StreetNetwork", "Timing"]

_NONE = np.empty(0, dtype=np.int64)


class StreetNetwork(TimedStreets):
    """The streets of an area, and the ways along them."""

    def snap(self, xy_m: ArrayLike, usable: Bools) -> list[Snap | None]:
        """Find the nearest place on a usable edge for each point: :func:`~planner.streets.snapping.snap`."""
        return snap(self, xy_m, usable)

    def at_node(self, node: int, edges: ArrayLike) -> Snap | None:
        """Return a junction as a place on the first of ``edges`` that ends there, None where none does."""
        return at_node(self, node, edges)

    # --- searching --------------------------------------------------------------------------------

    def times(self, starts: Sequence[Snap], ends: Sequence[Snap], timing: Timing, closed: Bools) -> Floats:
        """Return the matrix (starts, ends) of travel times in seconds, inf where there is no way."""
        return travel_times(self, starts, ends, timing, closed)

    def search(
        self,
        start: Snap,
        timing: Timing,
        closed: Bools,
        *,
        weights: Timing | None = None,
        ends: Sequence[Snap] | None = None,
        near_m: float = NEARBY_M,
    ) -> Search:
        """Search the best ways from one place.

        Parameters
        ----------
        start : Snap
            Where they begin.
        timing : Timing
            By which seconds are counted.
        closed : (E,) bool
            Edges that nobody may use.
        weights : Timing, optional
            What the search minimizes, when that is not the time; forbidden arcs as in ``timing``.
        ends : sequence of Snap, optional
            Places that will be asked for: all are searched for at once.
        near_m : float
            Places so near are searched for without the hierarchy.
        """
        return Search(self, start, timing, weights or timing, closed, tuple(ends or ()), near_m)

    def find_path(
        self, start: Snap, end: Snap, timing: Timing, closed: Bools, weights: Timing | None = None
    ) -> Path | None:
        """Return the best path between two places, or None where every way is closed; see :meth:`search`."""
        return self.search(start, timing, closed, weights=weights).path(end)

    def first_reached(
        self, place: Snap, timing: Timing, closed: Bools, among: Bools, *, towards: bool = False
    ) -> Snap | None:
        """Return the node, of those in ``among`` (N,), that is reached soonest; None where none can be.

        As a place on the edge by which it is reached: a way to it uses that edge. With ``towards``, the node
        from which ``place`` is reached soonest, on the edge by which it is left.
        """
        found = self._first(place, timing, closed, among, towards=towards)
        return None if found is None else found[0]

    def first_way(
        self,
        place: Snap,
        timing: Timing,
        closed: Bools,
        among: Bools,
        *,
        weights: Timing | None = None,
        towards: bool = False,
    ) -> tuple[Snap, Path] | None:
        """Return what :meth:`first_reached` does by some weights, and the way that found it."""
        found = self._first(place, weights or timing, closed, among, towards=towards)
        if found is None:
            return None
        at, states = found
        if not len(states):
            return at, standing(self, place)
        start, end = (at, place) if towards else (place, at)
        return at, path_of(self, start, end, states, timing)

    def _first(
        self, place: Snap, timing: Timing, closed: Bools, among: Bools, *, towards: bool
    ) -> tuple[Snap, Ints] | None:
        """Find the node reached first, and the states of the way, none where that is the place itself."""
        node = junction_at(self, place)
        if node >= 0 and not closed[place.edge] and among[node]:
            return place, _NONE
        ends = leaving_back if towards else leaving
        first = ends(self, place, timing, closed)
        states = self.desk(timing).first(
            timing.closing(closed),
            first.state,
            first.ms,
            self._begun_at(timing.turns) if towards else timing.turns.state_node,
            np.append(among, False),
            back=towards,
        )
        if not len(states):
            return None
        arc = int(timing.turns.state_arc[states[0 if towards else -1]])
        at = self.at_node(int((self.arc_tail if towards else self.arc_head)[arc]), [arc % self.edge_count])
        assert at is not None
        return at, states

    def _begun_at(self, turns: Turns) -> Ints32:
        """Return the node at which each state begins; none, ``node_count``, for those come into only."""

        def find() -> Ints32:
            nodes = self.arc_tail[turns.state_arc].astype(np.int32)
            nodes[2 * self.edge_count :] = self.node_count
            return read_only(nodes)

        return self._once(find, "begun at", turns)
