"""What is known about each candidate of an incident, as arrays: facts, no verdicts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.sites.candidates import Candidate
from planner.sites.gaps import Gaps
from planner.sites.grounds import NO_ENTRY
from planner.streets.network import Snap
from planner.terms import Purpose

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

UNMAPPED = -1
"""Sight is not known: no buildings are mapped between."""

FAR = -2
"""Sight is not known: the place lies further off than sight was looked for."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known about all candidates of an incident. Arrays are (n,).

    Parameters
    ----------
    candidates : tuple of Candidate
    shapes : array of geometry
        What a site at each would occupy.
    walk_m : float array
        Along streets and paths that are not hot, from the nearest inner post, or where none leads there from
        the line of the inner perimeter; infinite where there is no way.
    gate : tuple of str
        Id of that post, "" where there is none.
    off_street_m : float array
        How much of the walk from the line is over open ground; NaN where one walks from a gate.
    has_gates : bool
        Whether the inner perimeter has any post.
    drive_m : float array
        Along streets open to the public, from the outer perimeter; infinite where there is no way.
    target_m, outer_m : float array
        Straight from the place of attack, and from the outer perimeter (0 inside it).
    danger_m : float array
        Straight from the inner perimeter or warm ground, of what lies between the perimeters; else infinite.
    in_sight : int array
        1 in sight of the hot zone, 0 out of sight; :data:`UNMAPPED` and :data:`FAR` where not known. 0 until
        looked for: only candidates that are in question are looked for, see :meth:`find_sight`.
    unseen_m : float
        Within this of the place of attack, a site that must not be seen must not be.
    sight_m : float
        How far sight was looked for.
    drives_out : bool array
        Whether vehicles can come to its entrance from outside, and leave again.
    ways : int array
        Ways out that share no street: 2 or more count as 2.
    rejected : mapping of Purpose to bool array
        Which the commander rejected, by each purpose that any place was rejected for.
    lot_free : float
        Share of a car park that is free at the hour.
    looked : bool array
        Whether sight was looked for.
    look : callable
        Sight of the hot zone from some grounds, by how far each is from the place of attack.
    walk_line : callable
        The streets that one walks to a place from the inner gate, None where that is not known.
    motorways_walked : callable
        The motorways among those, or on the walk from the line; ramps too. Nobody may walk there.
    view, sky : float array
        Of media sites: 1 where the roof line of the place of attack is in view; share of the sky towards the
        equator that is free. NaN where not known.
    gaps : Gaps
        How far candidates lie from each other.
    """

    candidates: tuple[Candidate, ...]
    shapes: NDArray[np.object_]
    walk_m: Floats
    gate: tuple[str, ...]
    off_street_m: Floats
    has_gates: bool
    drive_m: Floats
    target_m: Floats
    outer_m: Floats
    danger_m: Floats
    in_sight: NDArray[np.int64]
    unseen_m: float
    sight_m: float
    drives_out: NDArray[np.bool_]
    ways: NDArray[np.int64]
    rejected: Mapping[Purpose, Bools]
    lot_free: float
    looked: Bools
    look: Callable[[NDArray[np.object_], Floats], NDArray[np.int64]]
    walk_line: Callable[[Snap], BaseGeometry | None]
    motorways_walked: Callable[[Snap], NDArray[np.int64]]
    view: Floats
    sky: Floats
    gaps: Gaps
    _columns: dict[Hashable, NDArray[Any]] = field(default_factory=dict)
    _foreseen: dict[int, int] = field(default_factory=dict)

    def find_sight(self, rows: NDArray[np.int64]) -> bool:
        """Look for sight of the hot zone where that was not done yet; whether there was any such row."""
        new = np.unique(rows[~self.looked[rows]])
        if len(new):
            self.foresee(new)
            self.in_sight[new] = [self._foreseen[row] for row in new.tolist()]
            self.looked[new] = True
        return len(new) > 0

    def foresee(self, rows: NDArray[np.int64]) -> None:
        """Look where sight may soon be asked for: many at once are seen sooner than one after the other."""
        new = np.array(sorted(set(rows.tolist()) - self._foreseen.keys()), dtype=np.int64)
        if len(new):
            seen = self.look(self.shapes[new], self.target_m[new])
            self._foreseen.update(zip(new.tolist(), seen.tolist(), strict=True))

    def and_of(self, further: Facts) -> Facts:
        """Return these facts and those of further candidates, with what was seen of either."""

        def both(name: str) -> NDArray[Any]:
            return np.concatenate([getattr(self, name), getattr(further, name)])

        return replace(
            self,
            candidates=self.candidates + further.candidates,
            shapes=both("shapes"),
            walk_m=both("walk_m"),
            gate=self.gate + further.gate,
            off_street_m=both("off_street_m"),
            drive_m=both("drive_m"),
            target_m=both("target_m"),
            outer_m=both("outer_m"),
            danger_m=both("danger_m"),
            in_sight=both("in_sight"),
            drives_out=both("drives_out"),
            ways=both("ways"),
            rejected={p: np.concatenate([own, further.rejected[p]]) for p, own in self.rejected.items()},
            looked=both("looked"),
            view=both("view"),
            sky=both("sky"),
            gaps=self.gaps.and_of(further.gaps),
            _columns={},
            _foreseen=dict(self._foreseen),
        )

    def asked_apart(self) -> Facts:
        """Return these facts for a question of its own: what it takes into question, these do not.

        What it sees is seen once for both.
        """
        return replace(self, in_sight=self.in_sight.copy(), looked=self.looked.copy())

    def learn_sight(self, before: Facts) -> None:
        """Take over what was seen of candidates that are the first of these as well."""
        known = len(before.candidates)
        self.in_sight[:known], self.looked[:known] = before.in_sight, before.looked
        self._foreseen.update(before._foreseen)

    def of(self, field: str) -> Floats:
        """Return a number of every candidate."""
        return self.once(
            field,
            lambda: np.fromiter(
                map(attrgetter(field), self.candidates), dtype=np.float64, count=len(self.candidates)
            ),
        )

    def is_kind(self, *kinds: str) -> Bools:
        """Return which candidates are of the given kinds."""
        code, known = self._kinds
        asked = np.zeros(len(known) + 1, dtype=bool)
        asked[[known[kind] for kind in map(str, kinds) if kind in known]] = True
        found: Bools = asked[code]
        return found

    @cached_property
    def _kinds(self) -> tuple[NDArray[np.int64], dict[str, int]]:
        """The kind of every candidate as a number, and which number each kind has."""
        kinds = [c.kind for c in self.candidates]
        number = {kind: k for k, kind in enumerate(dict.fromkeys(kinds))}
        code = np.array([number[kind] for kind in kinds], dtype=np.int64)
        return code, {str(kind): k for kind, k in number.items()}

    def in_view(self, row: int) -> bool:
        """Whether the hot zone sees a place from so near that the threat may harm people there."""
        return bool(self.in_sight[row] == 1 and self.target_m[row] <= self.unseen_m)

    def rejects(self, purpose: Purpose) -> Bools:
        """Return which candidates the commander rejected for a purpose."""
        none = self.once("none rejected", lambda: np.zeros(len(self.candidates), dtype=bool))
        return self.rejected.get(purpose, none)

    @property
    def barred(self) -> Bools:
        """Return which candidates the public may not enter."""
        return self.once(
            "barred", lambda: np.array([c.access in NO_ENTRY for c in self.candidates], dtype=bool)
        )

    def once(self, name: Hashable, work: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return a number of every candidate that is worked out when first asked for, under a name."""
        if name not in self._columns:
            self._columns[name] = work()
            self._columns[name].flags.writeable = False
        return self._columns[name]
