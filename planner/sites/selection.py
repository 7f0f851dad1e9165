"""Sites for all purposes chosen together, so that they keep apart.

Greedy first, then a branch-and-bound search that proves the optimum or betters the choice. It gives up
after a fixed number of steps, so that no map can make the commander wait; exchanges then mend what they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Siting
from planner.sites.gaps import Gaps
from planner.sites.joint import Problem, best_in_turn, best_together
from planner.sites.judging import Judge, Judged
from planner.terms import FAMILIES, Purpose

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POOL = 24
"""Best candidates of a purpose that take part in the joint choice."""

_MAX_STEPS = 100_000
_EPS = 1e-9
_STAGING = (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
_FAVOUR = {Purpose.STAGING: 1.02, Purpose.STAGING_FIRE: 1.01}
"""What asks the same of the same ground is told apart: the best of it for ambulances, the next for fire."""

_LIVES_FIRST = (
    (Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE),
    (Purpose.COMMAND_POST, Purpose.STAGING),
)
"""Where there is not ground for all: first what the badly hurt wait for, then what leads, then all else."""
_FIRST_GAIN = 1.1
"""More than any difference of scores: no earlier purpose is given up for a better place of a later one."""
_WAIT_APART = (Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
"""What could wait on the same ground as others, only in want of room: nothing else is given up for both."""
_APART_GAIN = 0.1


def _served(purpose: Purpose) -> float:
    """Return what it is worth that a purpose has a site at all."""
    if purpose in _WAIT_APART:
        return _APART_GAIN
    later = next((k for k, purposes in enumerate(_LIVES_FIRST) if purpose in purposes), len(_LIVES_FIRST))
    return _FIRST_GAIN * (len(_WAIT_APART) + len(_LIVES_FIRST) - later)


_SERVED = {purpose: _served(purpose) for purpose in Purpose}


class DriveTimes(Protocol):
    """How long vehicles drive between candidates."""

    def seconds(self, start: int) -> Floats:
        """Return seconds from one candidate to every candidate, infinite where no way leads."""


@dataclass(frozen=True, eq=False)
class Choice:
    """The joint choice to make.

    Parameters
    ----------
    pools : mapping of Purpose to sequence of int
        Candidate rows of each purpose, best first; the order of purposes is the order of choosing.
    scores : mapping of Purpose to (n,) float array
    gaps : Gaps
        How far candidates lie from each other.
    siting : Siting
    exchange_weight : float
        Sum of the weights behind an ambulance exchange point's own score.
    held : mapping of Purpose to int
        What the commander pinned: always chosen, however near to each other; all else keeps off them.
    side : (n,) int array or None
        Candidates of one number can be driven between on open streets, -1 none; None where not asked.
    drives : DriveTimes or None
        How long vehicles drive between candidates; None where not asked.
    """

    pools: Mapping[Purpose, Sequence[int]]
    scores: Mapping[Purpose, Floats]
    gaps: Gaps
    siting: Siting
    exchange_weight: float
    held: Mapping[Purpose, int] = field(default_factory=dict)
    side: Ints | None = None
    drives: DriveTimes | None = None
    _separations: dict[tuple[Purpose, Purpose], float] = field(default_factory=dict)

    @classmethod
    def among(
        cls,
        judged: Mapping[Purpose, Judged],
        judge: Judge,
        held: Mapping[Purpose, int] | None = None,
        side: Ints | None = None,
    ) -> Choice:
        """Return the choice among the best of what was judged; an exchange point is judged in any case."""
        pins = held or {}
        pools = {
            purpose: [pins[purpose]] if purpose in pins else verdict.best(POOL).tolist()
            for purpose, verdict in judged.items()
        }
        return cls(
            pools=pools,
            scores={purpose: verdict.score for purpose, verdict in judged.items()},
            gaps=judge.facts.gaps,
            siting=judge.siting,
            exchange_weight=float(judged[Purpose.AMBULANCE_EXCHANGE].weights.sum()),
            held=pins,
            side=side,
        )

    def _apart_m(self, a: Purpose, b: Purpose) -> float:
        """How far two purposes keep apart."""
        if (a, b) not in self._separations:
            self._separations[a, b] = separation_m(a, b, self.siting)
        return self._separations[a, b]

    def fits(self, purpose: Purpose, row: int, chosen: Mapping[Purpose, int]) -> bool:
        """Whether a candidate keeps its distance from the sites of all other purposes; two pins need not."""
        pinned = self.held.get(purpose) == row
        return all(
            (pinned and self.held.get(other_purpose) == other)
            or self.gaps.keep(row, other, self._apart_m(purpose, other_purpose))
            for other_purpose, other in chosen.items()
            if other_purpose is not purpose
        )

    def beside_pins(self) -> Choice:
        """Return the choice that the pins leave: each of them, and of the rest what keeps off all of them."""
        if not self.held:
            return self
        pools = {
            purpose: [self.held[purpose]]
            if purpose in self.held
            else [row for row in self.pools[purpose] if self.fits(purpose, row, self.held)]
            for purpose in self.pools
        }
        return replace(self, pools=pools)

    def together(self, row: int, chosen: Mapping[Purpose, int]) -> tuple[float | None, float]:
        """Return metres from a place to the casualty collection point, and the points for that."""
        if Purpose.CASUALTY_COLLECTION not in chosen:
            return None, 0.0
        gap = self.gaps.metres(row, chosen[Purpose.CASUALTY_COLLECTION])
        reach = self.siting.exchange_reach_m
        return gap, float(np.clip(2.0 - gap / reach, 0.0, 1.0)) if reach > 0 else 0.0

    def pair_points(self, rows: Ints, others: Ints) -> Floats:
        """Return the points of :meth:`together` for each of some places beside each of others, (n, m)."""
        points, reach = np.zeros((len(rows), len(others))), self.siting.exchange_reach_m
        if reach <= 0:
            return points
        a, b = np.nonzero(self.gaps.boxes_m(rows, others) < 2 * reach)
        points[a, b] = np.clip(2.0 - self.gaps.between(rows[a], others[b]) / reach, 0.0, 1.0)
        return points

    def score(self, purpose: Purpose, row: int, chosen: Mapping[Purpose, int]) -> float:
        """Return the score of a candidate beside the sites of the other purposes."""
        own = float(self.scores[purpose][row])
        if purpose is not Purpose.AMBULANCE_EXCHANGE:
            return own
        weight = self.siting.weight_together
        _, points = self.together(row, chosen)
        return (own * self.exchange_weight + weight * points) / max(self.exchange_weight + weight, 1e-9)

    def gain(self, purpose: Purpose, row: int, chosen: Mapping[Purpose, int]) -> float:
        """Return what a candidate adds: a purpose served counts more than any score, the first ones most.

        An exchange point far by road from staging adds less, and one that ambulances cannot drive to from
        there less than any that they can.
        """
        gained = _SERVED[purpose] + self.score(purpose, row, chosen) * _FAVOUR.get(purpose, 1.0)
        staging = chosen.get(Purpose.STAGING)
        if purpose is not Purpose.AMBULANCE_EXCHANGE or staging is None:
            return gained
        return gained - float(self.transfer_losses([staging], [row])[0, 0])

    def transfer_losses(self, staging: Sequence[int] | Ints, exchange: Sequence[int] | Ints) -> Floats:
        """Return what each exchange point loses beside each staging area, (n, m).

        Nothing for a drive from one to the other of a few minutes, more for a longer one, most where no open
        street joins them.
        """
        siting, rows = self.siting, np.asarray(exchange, dtype=np.int64)
        losses: Floats = np.zeros((len(staging), len(rows)))
        if self.drives is not None:
            for k, start in enumerate(staging):
                over_min = self.drives.seconds(int(start))[rows] / 60 - siting.transfer_near_min
                share = over_min / max(siting.transfer_min - siting.transfer_near_min, 1e-9)
                losses[k] = np.clip(siting.transfer_loss * share, 0.0, siting.unjoined_loss)
        if self.side is not None:
            here, there = self.side[np.asarray(staging, dtype=np.int64)], self.side[rows]
            losses[(here[:, None] != there) | (there < 0)] = siting.unjoined_loss
        return losses

    def total(self, chosen: Mapping[Purpose, int]) -> float:
        """Return what a choice is worth."""
        return sum(self.gain(purpose, row, chosen) for purpose, row in chosen.items())


_APART = {
    (Purpose.COMMAND_POST, Purpose.STAGING): "command_separation_m",
    (Purpose.COMMAND_POST, Purpose.STAGING_FIRE): "command_separation_m",
    (Purpose.COMMAND_POST, Purpose.STAGING_POLICE): "command_separation_m",
    (Purpose.MEDIA, Purpose.REUNIFICATION): "media_separation_m",
    (Purpose.MEDIA, Purpose.REUNIFICATION_BEREAVED): "media_separation_m",
    (Purpose.EVACUATION, Purpose.COMMAND_POST): "evacuation_separation_m",
    (Purpose.EVACUATION, Purpose.STAGING): "evacuation_separation_m",
    (Purpose.EVACUATION, Purpose.CASUALTY_COLLECTION): "evacuation_separation_m",
    (Purpose.EVACUATION, Purpose.AMBULANCE_EXCHANGE): "evacuation_separation_m",
    (Purpose.HELISPOT, Purpose.EVACUATION): "helispot_crowd_m",
    (Purpose.HELISPOT, Purpose.CASUALTY_COLLECTION): "helispot_crowd_m",
    (Purpose.HELISPOT, Purpose.MEDIA): "helispot_crowd_m",
    (Purpose.HELISPOT, Purpose.REUNIFICATION): "helispot_crowd_m",
    (Purpose.HELISPOT, Purpose.REUNIFICATION_BEREAVED): "helispot_crowd_m",
    (Purpose.HELISPOT, Purpose.COMMAND_POST): "helispot_vehicles_m",
    (Purpose.HELISPOT, Purpose.STAGING): "helispot_vehicles_m",
    (Purpose.HELISPOT, Purpose.STAGING_FIRE): "helispot_vehicles_m",
    (Purpose.HELISPOT, Purpose.STAGING_POLICE): "helispot_vehicles_m",
    (Purpose.HELISPOT, Purpose.AMBULANCE_EXCHANGE): "helispot_vehicles_m",
    (Purpose.REUNIFICATION, Purpose.REUNIFICATION_BEREAVED): "bereaved_separation_m",
    (Purpose.MEDIA, Purpose.CASUALTY_COLLECTION): "casualty_media_m",
    (Purpose.MEDIA, Purpose.AMBULANCE_EXCHANGE): "casualty_media_m",
}


_ELSEWHERE = (Purpose.COMMAND_POST, *FAMILIES)
"""Purposes whose alternates are of use only at another place."""


def separation_m(a: Purpose, b: Purpose, siting: Siting) -> float:
    """Return how far two purposes keep apart (``domain.md`` 2.4, 2.6, 2.10)."""
    field_name = _APART.get((a, b)) or _APART.get((b, a)) or "site_gap_m"
    return max(siting.site_gap_m, float(getattr(siting, field_name)))


def choose_together(choice: Choice) -> dict[Purpose, int]:
    """Choose one candidate for each purpose that has any that fits; a pin is always chosen."""
    choice = choice.beside_pins()
    chosen, proved = _searched(choice)
    improved = not proved
    while improved:
        improved = False
        for purpose in choice.pools:
            better = _exchange(choice, purpose, chosen)
            if better is not None:
                chosen, improved = better, True
    return chosen


def _searched(choice: Choice) -> tuple[dict[Purpose, int], bool]:
    """Return the best choice found, and whether the search came to its end: then none is better."""
    # Casualty collection first: the score of the exchange point depends on it, and so does a tight bound.
    # Staging grounds next, one after the other: they contend for the same ground. Then the exchange point,
    # that hangs on both: what it loses by being far from staging is known before all else is tried.
    first, then = Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE
    order = sorted(choice.pools, key=lambda p: (p is not first, p not in _STAGING, p is not then))
    options = _Options(choice, order)
    problem = options.problem()
    begin, total = best_in_turn(problem, np.array([order.index(p) for p in choice.pools], dtype=np.int64))
    best, _, proved = best_together(problem, begin, total, _MAX_STEPS)
    found = {p: int(options.row[k]) for p, k in zip(order, best.tolist(), strict=True) if k >= 0}
    return {p: found[p] for p in choice.pools if p in found}, proved


class _Options:
    """The candidates of all purposes in one row, as the search wants them."""

    def __init__(self, choice: Choice, order: Sequence[Purpose]) -> None:
        self.choice, self.order = choice, order
        self.of = {p: np.array(choice.pools[p], dtype=np.int64) for p in order}
        ends = np.cumsum([0, *(len(self.of[p]) for p in order)])
        self.start = ends.astype(np.int64)
        self.span = {p: slice(int(ends[k]), int(ends[k + 1])) for k, p in enumerate(order)}
        self.row = np.concatenate([np.empty(0, dtype=np.int64), *self.of.values()])

    def problem(self) -> Problem:
        """Return what is to be solved."""
        own = np.concatenate([np.empty(0), *(self._own(p) for p in self.order)])
        if Purpose.AMBULANCE_EXCHANGE not in self.of:
            rows = own[None]
            return Problem(self.start, self._beside(), rows, rows, self._losses())
        gain = self._beside_casualty(own)
        hope = gain.copy()
        together = self.choice.siting.weight_together
        hope[-1, self.span[Purpose.AMBULANCE_EXCHANGE]] += together / max(
            self.choice.exchange_weight + together, 1e-9
        )
        return Problem(self.start, self._beside(), gain, hope, self._losses())

    def _own(self, purpose: Purpose) -> Floats:
        """Return what each option of a purpose adds by itself, as :meth:`Choice.gain` tells of one."""
        scores = self.choice.scores[purpose][self.of[purpose]]
        if purpose is Purpose.AMBULANCE_EXCHANGE:
            weight = self.choice.exchange_weight
            scores = scores * weight / max(weight + self.choice.siting.weight_together, 1e-9)
        own: Floats = _SERVED[purpose] + scores * _FAVOUR.get(purpose, 1.0)
        return own

    def _beside_casualty(self, own: Floats) -> Floats:
        """Return what each option adds beside each casualty collection point, and beside none."""
        choice, exchange = self.choice, self.of[Purpose.AMBULANCE_EXCHANGE]
        casualty = self.of.get(Purpose.CASUALTY_COLLECTION, np.empty(0, dtype=np.int64))
        gain = np.tile(own, (len(casualty) + 1, 1))
        points = choice.pair_points(casualty, exchange)
        scored = choice.scores[Purpose.AMBULANCE_EXCHANGE][exchange] * choice.exchange_weight
        weight = choice.siting.weight_together
        whole = max(choice.exchange_weight + weight, 1e-9)
        gain[:-1, self.span[Purpose.AMBULANCE_EXCHANGE]] = (
            _SERVED[Purpose.AMBULANCE_EXCHANGE] + (scored + weight * points) / whole
        )
        return gain

    def _beside(self) -> Bools:
        """Return which options fit beside which: two pins do, two options of one purpose do not."""
        choice, order = self.choice, self.order
        group = np.repeat(np.arange(len(order)), [len(self.of[p]) for p in order])
        apart_m = np.array([[separation_m(p, q, choice.siting) for q in order] for p in order])
        held = np.array([p in choice.held for p in order])
        apart_m[held[:, None] & held] = 0.0
        np.fill_diagonal(apart_m, 0.0)
        beside = choice.gaps.keeping(self.row, apart_m[group][:, group])
        beside[group[:, None] == group] = False
        return beside

    def _losses(self) -> Floats:
        """Return what an exchange point loses beside a staging area that is far from it by road."""
        loss = np.zeros((len(self.row), len(self.row)))
        pair = (Purpose.STAGING, Purpose.AMBULANCE_EXCHANGE)
        if all(purpose in self.of for purpose in pair):
            staging, exchange = (self.of[purpose] for purpose in pair)
            loss[self.span[pair[0]], self.span[pair[1]]] = self.choice.transfer_losses(staging, exchange)
        return loss


def _best(choice: Choice, purpose: Purpose, chosen: Mapping[Purpose, int]) -> int | None:
    fitting = [row for row in choice.pools[purpose] if choice.fits(purpose, row, chosen)]
    return max(fitting, key=lambda row: (choice.gain(purpose, row, chosen), -row), default=None)


def _exchange(choice: Choice, purpose: Purpose, chosen: dict[Purpose, int]) -> dict[Purpose, int] | None:
    """Put another candidate in a purpose's place, those it displaces moving on, if that helps."""
    now = choice.total(chosen)
    best: dict[Purpose, int] | None = None
    for row in choice.pools[purpose]:
        if chosen.get(purpose) == row:
            continue
        trial = {p: r for p, r in chosen.items() if p is not purpose}
        displaced = [p for p, r in trial.items() if not choice.fits(purpose, row, {p: r})]
        for other in displaced:
            del trial[other]
        trial[purpose] = row
        for other in choice.pools:
            if other not in trial and (found := _best(choice, other, trial)) is not None:
                trial[other] = found
        total = choice.total(trial)
        if total > now + _EPS:
            now, best = total, trial
    return best


def runners_up(choice: Choice, purpose: Purpose, chosen: Mapping[Purpose, int], most: int) -> list[int]:
    """Return the next best candidates of a purpose that fit beside what was chosen and each other."""
    others = {p: r for p, r in chosen.items() if p is not purpose}
    taken = [chosen[purpose]] if purpose in chosen else []
    found: list[int] = []
    siting = choice.siting
    apart_m = siting.alternate_apart_m if purpose in _ELSEWHERE else siting.site_gap_m
    order = sorted(choice.pools[purpose], key=lambda row: (-choice.gain(purpose, row, others), row))
    for row in order:
        if len(found) == most:
            break
        if row in taken or not choice.fits(purpose, row, others):
            continue
        if all(choice.gaps.keep(row, other, apart_m) for other in taken):
            found.append(row)
            taken.append(row)
    return found
