"""The best joint choice there is, by integer programming: what the planner's own search is held to."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from planner.sites.selection import Choice
from planner.terms import Purpose


def more_together(choice: Choice, exchange: int, casualty: int) -> float:
    """What an exchange point gains beside a casualty collection point."""
    pair = {Purpose.CASUALTY_COLLECTION: casualty}
    own = choice.score(Purpose.AMBULANCE_EXCHANGE, exchange, {})
    return choice.score(Purpose.AMBULANCE_EXCHANGE, exchange, pair) - own


def unjoined(choice: Choice, exchange: list[int]) -> list[tuple[int, int]]:
    """Pairs of an exchange point and a staging area that no open street joins."""
    if choice.side is None:
        return []
    side = choice.side
    staging = choice.pools.get(Purpose.STAGING, ())
    return [(a, s) for a in exchange for s in staging if side[a] != side[s] or side[a] < 0]


def best_total(choice: Choice) -> float:
    """The best total by integer programming; ambulance exchange points pay for their pair."""
    options = [(p, r) for p in choice.pools for r in choice.pools[p]]
    if not options:
        return 0.0
    casualty = [r for p, r in options if p is Purpose.CASUALTY_COLLECTION]
    exchange = [r for p, r in options if p is Purpose.AMBULANCE_EXCHANGE]
    pairs = [(a, c) for a in exchange for c in casualty]
    gain = [choice.gain(p, r, {}) for p, r in options]
    extra = [more_together(choice, a, c) for a, c in pairs]
    apart = unjoined(choice, exchange)
    size = len(options) + len(pairs) + len(apart)
    index = {option: k for k, option in enumerate(options)}
    rows, most = [], []

    def at_most(terms: dict[int, float], limit: float) -> None:
        row = np.zeros(size)
        for k, value in terms.items():
            row[k] = value
        rows.append(row)
        most.append(limit)

    for p in choice.pools:
        at_most({index[p, r]: 1.0 for r in choice.pools[p]}, 1.0)
    for k, (p, r) in enumerate(options):
        for j, (q, s) in enumerate(options[:k]):
            if p is not q and not choice.fits(p, r, {q: s}):
                at_most({k: 1.0, j: 1.0}, 1.0)
    for option in choice.held.items():
        at_most({index[option]: -1.0}, -1.0)
    for n, (a, c) in enumerate(pairs):
        for option in ((Purpose.AMBULANCE_EXCHANGE, a), (Purpose.CASUALTY_COLLECTION, c)):
            at_most({len(options) + n: 1.0, index[option]: -1.0}, 0.0)
    for n, (a, s) in enumerate(apart, len(options) + len(pairs)):
        both = {index[Purpose.AMBULANCE_EXCHANGE, a]: 1.0, index[Purpose.STAGING, s]: 1.0}
        at_most({**both, n: -1.0}, 1.0)
    result = milp(
        -np.array(gain + extra + [-choice.siting.unjoined_loss] * len(apart)),
        constraints=LinearConstraint(np.array(rows), -np.inf, np.array(most)),
        bounds=Bounds(0, 1),
        integrality=np.ones(size, dtype=np.int64),
    )
    assert result.success
    return -float(result.fun)
