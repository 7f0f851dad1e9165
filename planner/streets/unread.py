"""Rules of streets that hold at times or under conditions: where the map has some. None is planned with.

A plan is made without knowing at what hour it will be driven, and how wet or how full streets will be then.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from planner.errors import AreaError
from planner.streets.street_arrays import StreetArrays

Ints = NDArray[np.int64]
_PAIR = 2


@dataclass(frozen=True, eq=False)
class UnreadRules:
    """Where a map has rules that hold at times or under conditions, by OSM ids, each once, ascending.

    Parameters
    ----------
    passage : (W,) int64
        Ways with such rules on who may pass, and in which direction.
    speed : (V,) int64
        Ways with such rules on speed alone.
    barriers : (B,) int64
        Nodes of barriers that open at times.
    turns : (T, 2) int64
        Turns from the first way into the second.
    """

    passage: Ints
    speed: Ints
    barriers: Ints
    turns: Ints

    def __post_init__(self) -> None:
        """Check forms once, and make the arrays read-only.

        Raises
        ------
        AreaError
            If an array is of another form.
        """
        for entry in fields(self):
            rows = getattr(self, entry.name)
            if rows.dtype != np.int64 or rows.shape[1:] != ((_PAIR,) if entry.name == "turns" else ()):
                raise AreaError(
                    f"the list of {entry.name} that are not read is of another form",
                    "Import the area again from its source file",
                )
            rows.flags.writeable = False

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Count them, by kind."""
        return {entry.name: len(getattr(self, entry.name)) for entry in fields(self)}

    def within(self, streets: StreetArrays) -> UnreadRules:
        """Return those of some streets that vehicles drive."""
        ways = np.unique(streets.way_id[streets.drivable])
        passage, speed = (rows[np.isin(rows, ways)] for rows in (self.passage, self.speed))
        barriers = self.barriers[np.isin(self.barriers, streets.node_id)]
        return replace(self, passage=passage, speed=speed, barriers=barriers)

    def turned(self, driven: Ints, streets: StreetArrays) -> list[tuple[int, int]]:
        """Return the edges, one after the other, between which a turn with such a rule is made."""
        if not len(self.turns):
            return []
        known = set(map(tuple, self.turns.tolist()))
        steps = pairwise(zip(streets.way_id[driven].tolist(), driven.tolist(), strict=True))
        return [(edge, after) for (way, edge), (into, after) in steps if (way, into) in known]
