"""Where one comes to many places at once: the states that lead there, and which of them is best.

A city has dozens of hospitals, and a plan asks for them in many searches: what is known of one place in
:mod:`planner.streets.paths` is here worked out for all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.streets.paths import Ends, arriving, junction_at, meeting, share_at
from planner.streets.search import BARRED, NEVER
from planner.streets.snapping import Snap
from planner.streets.street_arrays import Bools, Floats, Ints, StreetArrays
from planner.streets.timing import Timing, Weights


@dataclass(frozen=True, eq=False)
class Arrivals:
    """The states in which a search comes to each of some places, laid end to end.

    Parameters
    ----------
    count : int
        Of places.
    owner : (k,) int array
        Which place each is of, ascending.
    state, ms, after : (k,) int arrays
        As in :class:`~planner.streets.paths.Ends`; ``ms`` is to be added to what the state has cost.
    share : (k,) float array
        How much of the state's street is driven; NaN at a place on the street on which the search begins.
    """

    count: int
    owner: Ints
    state: Ints
    ms: Ints
    after: Ints
    share: Floats

    @property
    def apart(self) -> bool:
        """Whether no place lies on the street on which the search begins."""
        return not np.isnan(self.share).any()

    def best(self, cost_ms: Ints) -> tuple[Ints, Ints]:
        """Return what it costs to come to each place, and by which row; ``NEVER`` and -1 where none leads.

        Parameters
        ----------
        cost_ms : (k,) int array
            What each row's state has cost.
        """
        total = np.where(cost_ms >= NEVER, NEVER, cost_ms + self.ms)
        order = np.lexsort((total, self.owner))  # of equals the first stays first
        owner = self.owner[order]
        leads = np.ones(len(owner), dtype=bool)
        leads[1:] = owner[1:] != owner[:-1]
        best = order[leads]
        ms, row = np.full(self.count, NEVER, dtype=np.int64), np.full(self.count, -1, dtype=np.int64)
        ms[owner[leads]] = total[best]
        reached = best[total[best] < NEVER]
        row[self.owner[reached]] = reached
        return ms, row

    def groups(self) -> tuple[Ints, Ints, int, int]:
        """Return the states, ascending, and groups of them of each of which one has to be settled.

        Returns
        -------
        states, group : (n,) int arrays
            A state that several places have is a group of its own.
        count : int
            Of groups.
        slack_ms : int
            What costs more than the last of the groups by this much is not the best way to any place.
        """
        states, first, times = np.unique(self.state, return_index=True, return_counts=True)
        key = np.where(times > 1, self.count + np.arange(len(states)), self.owner[first])
        kinds, group = np.unique(key, return_inverse=True)
        slack_ms = int(self.ms.max(initial=0)) - int(self.ms.min(initial=0))
        return states, group, len(kinds), slack_ms


def arrivals(
    streets: StreetArrays,
    places: Sequence[Snap],
    first: Ends,
    weights: Timing,
    closing: Weights,
    closed: Bools,
) -> Arrivals:
    """Find the states in which a search comes to each of some places.

    Parameters
    ----------
    streets : StreetArrays
    places : sequence of Snap
    first : Ends
        Where the search begins.
    weights : Timing
        What it minimizes.
    closing : Weights
        The same with what is closed.
    closed : (E,) bool array
    """
    rows = _plain_arrivals(streets, places, weights, closed)
    met = np.unique(rows.owner[np.isin(rows.state, first.state)]).tolist()
    if not met:
        return rows
    kept = ~np.isin(rows.owner, met)
    left = rows.owner[kept], rows.state[kept], rows.ms[kept], rows.after[kept], rows.share[kept]
    parts = [Arrivals(len(places), *left)]
    for k in met:
        last = meeting(first, arriving(streets, places[k], weights, closed), weights.turns, closing)
        share = np.full(len(last.state), np.nan)
        parts.append(Arrivals(len(places), np.full(len(share), k), *last, share))
    owner, state, ms, after = map(np.concatenate, zip(*map(_columns, parts), strict=True))
    share = np.concatenate([part.share for part in parts])
    order = np.argsort(owner, kind="stable")
    return Arrivals(len(places), owner[order], state[order], ms[order], after[order], share[order])


def _columns(rows: Arrivals) -> tuple[Ints, Ints, Ints, Ints]:
    return rows.owner, rows.state, rows.ms, rows.after


def _plain_arrivals(
    streets: StreetArrays, places: Sequence[Snap], weights: Timing, closed: Bools
) -> Arrivals:
    """Find the states that lead to places, as if the search did not begin on the street of any."""
    count, turns = streets.edge_count, weights.turns
    arcs: list[int] = []
    driven: list[float] = []
    sizes = []
    for place in places:
        node = junction_at(streets, place)
        if node < 0:
            share = share_at(streets, place)
            arcs += [place.edge, place.edge + count]
            driven += [share, 1.0 - share]
            sizes.append(2)
        else:
            into = [] if closed[place.edge] else streets.arcs_to(node).tolist()
            arcs += into
            driven += [1.0] * len(into)
            sizes.append(len(into))
    arc, part = np.array(arcs, dtype=np.int64), np.array(driven, dtype=np.float64)
    owner = np.repeat(np.arange(len(places)), sizes)
    whole = weights.ms_along(arc)
    usable = (whole < BARRED) & ~closed[arc % count]
    arc, part, owner, whole = arc[usable], part[usable], owner[usable], whole[usable]
    ms = np.rint(whole * part).astype(np.int64) - whole
    state, size = turns.states_of_all(arc)
    return Arrivals(
        len(places),
        np.repeat(owner, size),
        state,
        np.repeat(ms, size),
        np.full(len(state), -1, dtype=np.int64),
        np.repeat(part, size),
    )
