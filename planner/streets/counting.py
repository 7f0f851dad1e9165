"""What a way takes, told from what it weighs: without writing it out.

A search may count some streets longer than they take, as posts count hours each. Where all of them count
longer by the same step, what a way weighs is its time and so many steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from planner.streets.paths import Ends
from planner.streets.search import BARRED
from planner.streets.street_arrays import Floats, Ints
from planner.streets.timing import Timing, merged

_HOUR_MS = 3_600_000


class Weighed(NamedTuple):
    """Ways that a search found, all (k,) arrays.

    ``ms`` is what they weigh, ``begin`` and ``state`` are their first and last states, ``share`` is how much
    they drive of the last one's street: NaN where they end on the street on which they begin.
    """

    ms: Ints
    begin: Ints
    state: Ints
    share: Floats


@dataclass(frozen=True, eq=False)
class Counting:
    """Counts times from weights.

    Parameters
    ----------
    weights, timing : Timing
        What a search minimizes, and by which seconds are counted.
    """

    weights: Timing
    timing: Timing

    @cached_property
    def step_ms(self) -> int:
        """By how much the weights count streets longer than they take, if all by as much; else 0."""
        weights, timing = self.weights, self.timing
        also = merged(timing.changed, weights.changed)
        if weights.base is not timing.base or len(also) != len(weights.changed):
            return 0
        more = self._more_ms[self._more_ms != 0]
        if not len(more):
            return BARRED
        return int(more[0]) if more[0] > 0 and (more == more[0]).all() else 0

    @property
    def longer(self) -> Ints:
        """The edges that the weights count longer."""
        return np.asarray(self.weights.changed[(self._more_ms != 0).any(axis=0)])

    @property
    def hours_longer(self) -> Ints:
        """The edges that the weights count longer by more than an hour."""
        return np.asarray(self.weights.changed[(self._more_ms > _HOUR_MS).any(axis=0)])

    @cached_property
    def _more_ms(self) -> Ints:
        edges = self.weights.changed
        arcs = np.concatenate([edges, edges + len(self.timing.base.arc_ms) // 2])
        return np.asarray(self.weights.changed_ms - self.timing.ms_along(arcs).reshape(2, -1))

    def times_s(
        self,
        ways: Weighed,
        first: tuple[Ends, Ends],
        fewest: Callable[[Ints, int], Ints],
    ) -> Floats:
        """Return the seconds of some ways, NaN where their weights do not tell.

        Parameters
        ----------
        ways : Weighed
        first : (Ends, Ends)
            Where they may begin, by the weights and by the timing.
        fewest : function of (states, steps)
            At least so many steps lie on any way to each of some states, told up to a number of steps; those
            in which a way begins are not among them.
        """
        if self.weights is self.timing:
            return np.asarray(ways.ms / 1000.0)
        if not self.step_ms:
            return np.full(len(ways.ms), np.nan)
        more_ms, known = _more_at_first(ways.begin, *first)
        known &= ~np.isnan(ways.share)
        more_ms -= _left_ms(self.weights, ways) - _left_ms(self.timing, ways)
        steps, rest_ms = np.divmod(ways.ms - more_ms, self.step_ms)
        # A drive of more hours than a step counts would look like one of more steps.
        passed = np.flatnonzero(known & (steps > 0))
        if len(passed):
            least = fewest(ways.state[passed], int(steps[passed].max()))
            known[passed] = least >= steps[passed]
        return np.where(known, rest_ms / 1000.0, np.nan)


def _left_ms(timing: Timing, ways: Weighed) -> Ints:
    """Return how long what is not driven of each way's last street takes."""
    whole = timing.ms_along(timing.turns.arcs(ways.state))
    return np.asarray(whole - np.rint(whole * np.nan_to_num(ways.share, nan=1.0)).astype(np.int64))


def _more_at_first(begin: Ints, by_weights: Ends, by_timing: Ends) -> tuple[Ints, np.ndarray]:
    """Return how much longer the weights count the first street of each way, and whether that is known."""
    weighed = dict(zip(by_weights.state.tolist(), by_weights.ms.tolist(), strict=True))
    timed = dict(zip(by_timing.state.tolist(), by_timing.ms.tolist(), strict=True))
    more = {state: ms - timed[state] for state, ms in weighed.items() if state in timed}
    found = [more.get(state) for state in begin.tolist()]
    return np.array([ms or 0 for ms in found], dtype=np.int64), np.array(
        [ms is not None for ms in found], bool
    )
