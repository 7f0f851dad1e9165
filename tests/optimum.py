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


def far_apart(choice: Choice, exchange: list[int]) -> list[tuple[int, int, float]]:
    """Pairs of an exchange point and a staging area that lose something beside each other, and what."""
    staging = list(choice.pools.get(Purpose.STAGING, ()))
    losses = choice.transfer_losses(staging, exchange)
    return [
        (a, s, float(losses[i, j]))
        for j, a in enumerate(exchange)
        for i, s in enumerate(staging)
        if losses[i, j] > 0
    ]


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
    apart = far_apart(choice, exchange)
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
    for n, (a, s, _) in enumerate(apart, len(options) + len(pairs)):
        both = {index[Purpose.AMBULANCE_EXCHANGE, a]: 1.0, index[Purpose.STAGING, s]: 1.0}
        at_most({**both, n: -1.0}, 1.0)
    result = milp(
        -np.array(gain + extra + [-lost for *_, lost in apart]),
        constraints=LinearConstraint(np.array(rows), -np.inf, np.array(most)),
        bounds=Bounds(0, 1),
        integrality=np.ones(size, dtype=np.int64),
    )
    assert result.success
    return -float(result.fun)
