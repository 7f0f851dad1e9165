"""Candidates judged for one purpose: hard rules that exclude, and what gives way when none is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Siting
from planner.model import Score
from planner.sites.criteria import Measure
from planner.sites.demand import Demand
from planner.sites.facts import Facts
from planner.sites.purposes import Asks
from planner.terms import FAMILIES, Purpose

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AHEAD = 2

_STAGING = (Purpose.STAGING, Purpose.STAGING_FIRE, Purpose.STAGING_POLICE)
_DRIVEN = (*_STAGING, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
"""Purposes that vehicles come to and leave from while the scene is held."""


class Rule(NamedTuple):
    """A hard rule: words for people, which candidates break it, and whether it may give way."""

    words: str
    breaks: Bools
    yields: bool = False


LINE_KEEPERS = (Purpose.COMMAND_POST, Purpose.CASUALTY_COLLECTION, Purpose.EVACUATION)
"""Where people stay: not against the inner perimeter or warm ground."""

_LIKELY_BUILT = "not mapped, in a dense grid of streets with few buildings mapped: likely built over"

_TOO_SMALL = "too small"

SMALL = (_LIKELY_BUILT, _TOO_SMALL)
"""Rules of room that yield before a working site, but for a command post, goes beyond the outer perimeter."""

_SEEN = "in sight of the hot zone"

OUTSIDE = "outside the outer perimeter"
"""The rule on which side of the outer perimeter a working site lies."""


@dataclass(frozen=True, eq=False)
class Judged:
    """All candidates judged for one purpose.

    Parameters
    ----------
    asks : Asks
    fit : (n,) bool array
        Whether no hard rule excludes it.
    right : (n,) bool array
        Candidates of the right kind and side.
    rules : tuple of Rule
        Every rule, and which candidates break it.
    given_up : tuple of str
        Rules that gave way because no candidate keeps them all.
    values, points : (n, c) float array
        Of each criterion.
    weights : (c,) float array
    score : (n,) float array
        Weighted mean of points, 0..1.
    capacity : (n,) float array
    """

    asks: Asks
    fit: Bools
    right: Bools
    rules: tuple[Rule, ...]
    given_up: tuple[str, ...]
    values: Floats
    points: Floats
    weights: Floats
    score: Floats
    capacity: Floats

    @property
    def considered(self) -> int:
        """Candidates of the right kind and side."""
        return int(self.right.sum())

    @property
    def excluded(self) -> tuple[tuple[str, int], ...]:
        """Rules that excluded candidates, and how many each excluded of what the rules before it had left."""
        left, excluded = self.right.copy(), []
        for rule in self.rules:
            excluded.append((rule.words, int((left & rule.breaks).sum())))
            left &= ~rule.breaks
        return tuple(excluded)

    def best(self, most: int) -> Ints:
        """Return the rows that fit, best first, at most so many."""
        return _best(self.fit, self.score, most)

    def failings(self, row: int) -> tuple[str, ...]:
        """Return which of the rules that may yield a candidate breaks."""
        return tuple(rule.words for rule in self.rules if rule.yields and rule.breaks[row])

    def scores(self, row: int) -> tuple[Score, ...]:
        """Return what each criterion says of one candidate."""
        return tuple(
            Score(
                criterion=criterion.name,
                value=round(float(value), 1) if np.isfinite(value) else None,
                unit=criterion.unit,
                points=round(float(points), 3),
                weight=float(weight),
            )
            for criterion, value, points, weight in zip(
                self.asks.criteria, self.values[row], self.points[row], self.weights, strict=True
            )
        )


class _Weighed(NamedTuple):
    """What is known of all candidates for one purpose before sight is looked for."""

    capacity: Floats
    rules: tuple[Rule, ...]
    weights: Floats
    values: Floats
    points: Floats
    serves: Bools
    right: Bools


@dataclass(frozen=True, eq=False)
class Judge:
    """Judges the candidates of an incident, for one purpose after the other.

    Parameters
    ----------
    facts : Facts
    demand : Demand
    siting : Siting
    pool : int
        How many of the best will be asked for.
    """

    facts: Facts
    demand: Demand
    siting: Siting
    pool: int
    _known: dict[Asks, _Weighed] = field(default_factory=dict)
    _measured: dict[Measure, tuple[Floats, Floats]] = field(default_factory=dict)

    def all_of(self, asked: Sequence[Asks]) -> dict[Purpose, Judged]:
        """Judge all candidates for some purposes."""
        self.foresee(asked)
        return {asks.purpose: self.of(asks) for asks in asked}

    def foresee(self, asked: Sequence[Asks]) -> None:
        """Look at once at all that judging for some purposes asks for first, and what it may ask for next."""
        first = [self._first(asks, _AHEAD) for asks in asked]
        self.facts.foresee(np.concatenate([np.empty(0, dtype=np.int64), *first]))

    def _first(self, asks: Asks, times: int) -> Ints:
        """Return the candidates whose sight is asked for first."""
        weighed = self._weighed(asks)
        fit, _ = fitting(asks, weighed.serves, weighed.rules, give_up_all=False)
        return _best(fit, _score(weighed.points, weighed.weights), times * self.pool)

    def of(
        self, asks: Asks, *, give_up_all: bool = False, among: Bools | None = None, pool: int | None = None
    ) -> Judged:
        """Judge all candidates for one purpose.

        Sight is looked for only where it matters: being unseen can only raise a score, so the best that are
        left once all of them have been looked at are the best there are.

        Where no candidate keeps every rule, as few of those that may yield are given up as let one fit, the
        first of them before the later ones: a poor place that is said to be poor serves better than none.

        Parameters
        ----------
        asks : Asks
        give_up_all : bool
            Give up all rules that may yield: the places that keep them are taken by other purposes.
        among : (n,) bool array or None
            Candidates that alone are looked at; all where not said.
        pool : int or None
            How many of the best will be asked for, where not as many as of others.
        """
        facts, most = self.facts, self.pool if pool is None else pool
        capacity, rules, weights, values, points, serves, right = self._weighed(asks)
        if among is not None:
            rules = (*rules, Rule("not asked for", ~among))
        values, points = values.copy(), points.copy()
        while True:  # by what is known of sight so far
            rules = tuple(_unseen_rule(facts) if rule.words == _SEEN else rule for rule in rules)
            for k, criterion in enumerate(asks.criteria):
                if criterion.of_sight:
                    values[:, k], points[:, k] = criterion.measure(facts, self.demand, self.siting)
            fit, given_up = fitting(asks, serves, rules, give_up_all=give_up_all)
            score = _score(points, weights)
            if not facts.find_sight(_best(fit, score, most if facts.looked.any() else _AHEAD * most)):
                break
        return Judged(asks, fit, right, rules, given_up, values, points, weights, score, capacity)

    def _weighed(self, asks: Asks) -> _Weighed:
        if asks not in self._known:
            self._known[asks] = self._weigh(asks)
        return self._known[asks]

    def _weigh(self, asks: Asks) -> _Weighed:
        facts, demand, siting = self.facts, self.demand, self.siting
        capacity = asks.capacity(facts, siting)
        rules = _rules(asks, facts, capacity, demand, siting)
        weights = np.array([float(getattr(siting, criterion.weight)) for criterion in asks.criteria])
        measured = [self._by(criterion.measure) for criterion in asks.criteria]
        values, points = (np.column_stack(columns) for columns in zip(*measured, strict=True))
        serves = facts.is_kind(*asks.kinds)
        right = serves if asks.inside is None else serves & ((facts.of("inside") > 0) == asks.inside)
        return _Weighed(capacity, rules, weights, values, points, serves, right)

    def _by(self, measure: Measure) -> tuple[Floats, Floats]:
        """Return what a criterion says of all candidates: several purposes ask for the same."""
        if measure not in self._measured:
            self._measured[measure] = measure(self.facts, self.demand, self.siting)
        return self._measured[measure]


def _score(points: Floats, weights: Floats) -> Floats:
    score: Floats = points @ weights / max(float(weights.sum()), 1e-9)
    return score


def _best(fit: Bools, score: Floats, most: int) -> Ints:
    rows = np.flatnonzero(fit)
    return rows[np.argsort(-score[rows], kind="stable")][:most]


def fitting(
    asks: Asks, serves: Bools, rules: tuple[Rule, ...], *, give_up_all: bool
) -> tuple[Bools, tuple[str, ...]]:
    """Return the candidates that keep the rules, and which rules had to be given up for any to do so."""
    kept = serves.copy()
    for rule in rules:
        kept &= ~rule.breaks
    if asks.optional or (kept.any() and not give_up_all):
        return kept, ()
    firm, yielding = serves.copy(), [rule for rule in rules if rule.yields]
    for rule in rules:
        if not rule.yields:
            firm &= ~rule.breaks
    if not firm.any():
        return firm, ()
    # As a number whose digits are the rules a candidate breaks, the first to yield the lowest, the least
    # number names the rules whose loss costs least; whoever breaks no other one is let in.
    broken = np.zeros(len(serves), dtype=np.int64)
    for digit, rule in enumerate(yielding):
        broken |= rule.breaks.astype(np.int64) << digit
    given_up = (1 << len(yielding)) - 1 if give_up_all else int(broken[firm].min())
    words = tuple(rule.words for digit, rule in enumerate(yielding) if given_up >> digit & 1)
    fit: Bools = firm & ((broken & ~given_up) == 0)
    return fit, words


def _rules(asks: Asks, facts: Facts, capacity: Floats, demand: Demand, siting: Siting) -> tuple[Rule, ...]:
    """Hard rules of a purpose; those that may yield do so in this order."""
    need = float(getattr(siting, asks.least)) * (asks.floor or asks.need)(demand, siting)
    holds = np.nan_to_num(capacity, nan=np.inf)
    rules = [
        Rule("rejected by the commander", facts.rejects(asks.purpose)),
        Rule("without any room", holds < 1),
        Rule("part of the place of attack", facts.target_m <= 0.0),
    ]
    side = _side_rule(asks, facts)
    small = [
        Rule(_LIKELY_BUILT, facts.of("likely_built") > 0, yields=True),
        Rule(_TOO_SMALL, holds < need, yields=True),
    ]
    if asks.purpose is Purpose.COMMAND_POST:
        rules += [*side, *_command_rules(facts, siting), *small]
    else:
        rules += [*small, *side]
    if asks.unseen:
        rules.append(_unseen_rule(facts))
    if asks.purpose is Purpose.EVACUATION:
        words = f"nearer than {siting.evacuation_stand_off_m:.0f} m to the place of attack"
        rules.append(Rule(words, facts.target_m < siting.evacuation_stand_off_m))
    more = _public_rules(asks, facts, siting) if asks.inside is False else _working_rules(asks, facts)
    return (*rules, *more)


def _side_rule(asks: Asks, facts: Facts) -> list[Rule]:
    """On which side of the outer perimeter a purpose lies."""
    if asks.inside is None:
        return []
    side = (facts.of("inside") > 0) != asks.inside
    return [Rule(OUTSIDE, side, yields=True) if asks.inside else Rule("inside", side)]


def _command_rules(facts: Facts, siting: Siting) -> list[Rule]:
    """Keep a command post off the danger itself, not only away from the gates, and near enough to command."""
    near = f"nearer than {siting.command_line_m:.0f} m to the inner perimeter or warm ground"
    far = f"over {siting.command_reach_m:.0f} m on foot from the inner perimeter"
    return [
        Rule(near, facts.danger_m < siting.command_line_m, yields=True),
        Rule(far, facts.walk_m > siting.command_reach_m, yields=True),
    ]


def _unseen_rule(facts: Facts) -> Rule:
    return Rule(_SEEN, (facts.in_sight == 1) & (facts.target_m <= facts.unseen_m))


def _working_rules(asks: Asks, facts: Facts) -> list[Rule]:
    rules = [Rule("no way from the inner perimeter", ~np.isfinite(facts.walk_m))]
    if asks.purpose in _DRIVEN:
        rules.append(Rule("no way for vehicles to come and leave", ~facts.drives_out))
    if facts.has_gates:
        rules.append(Rule("no way from an inner gate", np.isfinite(facts.off_street_m), yields=True))
    return rules


def _public_rules(asks: Asks, facts: Facts, siting: Siting) -> list[Rule]:
    rules = [
        Rule("not open to the public", facts.barred),
        Rule("no way by road", ~np.isfinite(facts.drive_m)),
    ]
    if asks.purpose in FAMILIES:
        rules.append(Rule("too far by road", facts.drive_m > siting.reunification_far_m))
        rules.append(Rule("on a hospital's ground", facts.of("care") > 0))
    if asks.purpose is Purpose.MEDIA:
        rules.append(Rule("too far from the scene", facts.outer_m > siting.search_m))
    return rules
