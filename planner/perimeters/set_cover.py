"""The fewest sets that together hold every member, exactly where the search ends in time.

Sets are Python integers, one bit a member. Branch and bound on the rarest member that is not yet held
(Knuth's rule for exact cover); members of which no set holds two bound the number from below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import accumulate
from operator import or_

_MOST_STEPS = 1_000
"""Branches looked into; then the best so far stands, and is not called proved."""


@dataclass(frozen=True)
class Cover:
    """A choice of sets.

    Parameters
    ----------
    chosen : tuple of int
        Indices of the sets, ascending.
    proved : bool
        Whether no smaller number can do.
    """

    chosen: tuple[int, ...]
    proved: bool


def least_cover(
    sets: Sequence[int], prices: Sequence[int], weights: Sequence[float], spare: float = 0.0
) -> Cover:
    """Choose the fewest sets that hold all that any holds; among as few, the least total price.

    Parameters
    ----------
    sets : sequence of int
        Bit m of ``sets[s]``: set s holds member m.
    prices : sequence of int
        Of each set, zero or more: what to prefer where the number is equal.
    weights : sequence of float
        Of each member.
    spare : float
        Members of at most this total weight may be left out where that saves a set.
    """
    problem = _Problem.of(sets, prices, weights, spare)
    few = _Search(problem, [1] * len(problem.sets), _greedy(problem))
    few.run()
    # One set more costs more than all prices together: number first, then price.
    each = 1 + sum(problem.prices)
    cheap = _Search(problem, [each + price for price in problem.prices], few.best)
    cheap.run()
    return Cover(tuple(sorted(problem.origin[s] for s in cheap.best)), few.ended)


@dataclass(frozen=True)
class _Problem:
    """The sets without those that another outdoes, members rarest first."""

    sets: tuple[int, ...]
    prices: tuple[int, ...]
    origin: tuple[int, ...]
    weights: tuple[float, ...]
    holders: tuple[tuple[int, ...], ...]
    """Sets that hold each member, cheapest first."""
    near: tuple[int, ...]
    """All that any holder of each member holds."""
    spare: float
    asked: dict[tuple[int, float], int] = field(default_factory=dict)
    """What :meth:`least_more` has answered."""

    @classmethod
    def of(
        cls, sets: Sequence[int], prices: Sequence[int], weights: Sequence[float], spare: float
    ) -> _Problem:
        kept = _undominated(sets, prices)
        # Members that the same sets hold are one member of their weight together.
        alike: dict[int, float] = {}
        for m, weight in enumerate(weights):
            held = sum((sets[s] >> m & 1) << k for k, s in enumerate(kept))
            if held:
                alike[held] = alike.get(held, 0.0) + weight
        members = sorted(alike, key=lambda held: (held.bit_count(), -alike[held], held))
        bits = [sum((held >> k & 1) << m for m, held in enumerate(members)) for k in range(len(kept))]
        by_price = sorted(range(len(kept)), key=lambda k: (prices[kept[k]], k))
        holders = tuple(tuple(k for k in by_price if held >> k & 1) for held in members)
        return cls(
            sets=tuple(bits),
            prices=tuple(prices[s] for s in kept),
            origin=tuple(kept),
            weights=tuple(alike[held] for held in members),
            holders=holders,
            near=tuple(reduce(or_, (bits[k] for k in held)) for held in holders),
            spare=spare,
        )

    def weigh(self, members: int) -> float:
        """Return the weight of members together."""
        total = 0.0
        while members:
            total += self.weights[_first(members)]
            members &= members - 1
        return total

    def may_leave(self, left: int, spare: float) -> bool:
        """Whether all that is left may stay without a set."""
        while left:
            spare -= self.weights[_first(left)]
            if spare < 0:
                return False
            left &= left - 1
        return True

    def least_more(self, left: int, spare: float) -> int:
        """Return a number of sets that is needed at least: members of which no two share a set."""
        if (left, spare) not in self.asked:  # sets taken in another order leave the same
            self.asked[left, spare] = self._least_more(left, spare)
        return self.asked[left, spare]

    def _least_more(self, left: int, spare: float) -> int:
        apart: list[float] = []
        while left:
            member = _first(left)
            apart.append(self.weights[member])
            left &= ~self.near[member]
        lost = sum(total <= spare for total in accumulate(sorted(apart)))
        return max(1, len(apart) - lost)


def _first(members: int) -> int:
    return (members & -members).bit_length() - 1


def _undominated(sets: Sequence[int], prices: Sequence[int]) -> list[int]:
    """Return the sets, by index, of which no other holds as much at no higher price."""
    kept: list[int] = []
    for s in sorted(range(len(sets)), key=lambda s: (-sets[s].bit_count(), prices[s], s)):
        if sets[s] and not any(sets[s] & ~sets[k] == 0 and prices[k] <= prices[s] for k in kept):
            kept.append(s)
    return sorted(kept)


def _greedy(problem: _Problem) -> tuple[int, ...]:
    """Take the set that holds most of what is left, until what is left may stay."""
    left, chosen = (1 << len(problem.weights)) - 1, []
    while not problem.may_leave(left, problem.spare):
        best = max(range(len(problem.sets)), key=lambda s: (problem.weigh(problem.sets[s] & left), -s))
        chosen.append(best)
        left &= ~problem.sets[best]
    return tuple(chosen)


class _Search:
    """Branch and bound for the choice of least total cost, from a choice to better."""

    def __init__(self, problem: _Problem, costs: Sequence[int], start: tuple[int, ...]) -> None:
        self.problem, self.costs = problem, costs
        self.best = start
        self.least = sum(costs[s] for s in start)
        self.cheapest = min(costs, default=0)
        self.steps, self.ended = 0, True

    def run(self) -> None:
        self._branch((1 << len(self.problem.weights)) - 1, self.problem.spare, (), 0)

    def _branch(self, left: int, spare: float, chosen: tuple[int, ...], cost: int) -> None:
        if self.problem.may_leave(left, spare):
            if cost < self.least:
                self.best, self.least = chosen, cost
            return
        if cost + self.cheapest * self.problem.least_more(left, spare) >= self.least:
            return
        self.steps += 1
        if self.steps > _MOST_STEPS:
            self.ended = False
            return
        member = _first(left)
        for s in self.problem.holders[member]:
            self._branch(left & ~self.problem.sets[s], spare, (*chosen, s), cost + self.costs[s])
        if self.problem.weights[member] <= spare:
            self._branch(left & (left - 1), spare - self.problem.weights[member], chosen, cost)
