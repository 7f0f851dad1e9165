"""Sites looked at again once the ways are known: nothing on the ambulances' lane, no walk across it.

Routes are laid from the sites where vehicles load and wait; all other sites give way to them. What
cannot is kept, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from planner import words
from planner.doctrine import Siting
from planner.geo import Frame, LonLat, degrees_of, run_on
from planner.model import Notice, Route
from planner.sites.facts import FAR
from planner.sites.purposes import is_working
from planner.sites.sights import Sights
from planner.sites.telling import Settled
from planner.terms import NoticeLevel, Purpose, RouteKind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LANES = (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS)
_MOVES = (
    Purpose.COMMAND_POST,
    Purpose.EVACUATION,
    Purpose.MEDIA,
    Purpose.HELISPOT,
    Purpose.REUNIFICATION_BEREAVED,
)
"""Purposes that give way, unless a route starts or ends at one."""
_LANES_M = 5000.0
"""Ways farther from all candidates are nowhere near a site, and no walk goes so far round."""
_RIM_M = 1.0


@dataclass(eq=False)
class Conflicts:
    """What speaks against candidates once routes and the other sites are known; each looked at once.

    Parameters
    ----------
    settled : Settled
    sights : Sights
    siting : Siting
    lanes : STRtree
        Stretches of the ambulances' and arriving units' ways.
    transfer : Route or None
        The ambulances' way from staging to their exchange point, where it is known.
    on_lane : container of int
        The candidates that stand in these ways.
    """

    settled: Settled
    sights: Sights
    siting: Siting
    lanes: shapely.STRtree
    transfer: Route | None = None
    on_lane: Container[int] = ()
    _found: dict[tuple[Purpose, int], tuple[str, ...]] = field(default_factory=dict)

    def of(self, purpose: Purpose, row: int) -> tuple[str, ...]:
        """Return in words what speaks against a candidate; nothing, if all is well."""
        key = (purpose, row)
        if key not in self._found:
            self._found[key] = tuple(self._look(purpose, row))
        return self._found[key]

    def _look(self, purpose: Purpose, row: int) -> list[str]:
        said = []
        if row in self.on_lane:
            said.append("On the way of ambulances or arriving units: keep the lane free")
        if self.settled.chosen.get(purpose) == row:
            said += self._far_by_road(purpose)
        if purpose is Purpose.EVACUATION:
            said += self._on_the_walk(row)
        if purpose is Purpose.MEDIA and not self.sights.are_known:
            said.append("What cameras see from here is not known: no buildings are mapped")
        elif purpose is Purpose.MEDIA and (shown := self._shown(row)):
            said.append(f"Cameras here see {words.joined(shown)}: screen it, or hold them elsewhere")
        return said

    def _far_by_road(self, purpose: Purpose) -> list[str]:
        """Say of both its ends where the ambulances' way in takes longer than it should."""
        way, limit_min = self.transfer, self.siting.transfer_min
        if way is None or f"{purpose}-1" not in (way.start, way.end) or way.time_s <= 60 * limit_min:
            return []
        minutes, km = math.ceil(way.time_s / 60), way.length_m / 1000
        return [
            f"{minutes} min ({km:.1f} km) by road from staging to the ambulance exchange point, over "
            f"{limit_min:.0f}: call ambulances forward early"
        ]

    def _on_the_walk(self, row: int) -> list[str]:
        walk = self.sights.walk(row)
        if walk is None:
            return []
        said = []
        if len(self.lanes.query(walk, predicate="intersects")):
            said.append(
                "The walk from the inner perimeter crosses the way of ambulances: hold it with an officer"
            )
        if not self.sights.are_known:
            said.append("Whether the walk is in sight of the hot zone is not known: no buildings are mapped")
        seen_m = self.sights.walk_seen_m(row)
        if seen_m > self.siting.walk_seen_m:
            said.append(f"{seen_m:.0f} m of the walk is in sight of the hot zone: lead people behind cover")
        return said

    def _shown(self, row: int) -> list[str]:
        """Name what cameras at a site would show: working sites, posts of the inner perimeter."""
        others = {
            other: purpose
            for purpose, other in self.settled.chosen.items()
            if is_working(purpose) and purpose is not Purpose.HELISPOT and other != row
        }
        seen = self.sights.shows(row, list(others))
        shown = [words.PURPOSES[others[other]][0] for other in seen]
        return [*shown, "posts of the inner perimeter"] if self.sights.shows_posts(row) else shown


def view_notices(settled: Settled) -> list[Notice]:
    """Say so where people would be gathered in view of the hot zone, and none of the best places is not."""
    purpose, facts, choice = Purpose.EVACUATION, settled.facts, settled.choice
    row = settled.chosen.get(purpose)
    if row is None or purpose in settled.held or not facts.in_view(row):
        return []
    others = {p: other for p, other in settled.chosen.items() if p is not purpose}
    free = [place for place in choice.pools[purpose] if choice.fits(purpose, place, others)]
    if any(facts.in_sight[place] in (0, FAR) for place in free):
        return []
    text = (
        f"Of the {len(free)} best free places for evacuation none is known to be out of sight of the hot "
        "zone: hold people behind cover there, or pin a place. IC decides"
    )
    return [Notice(NoticeLevel.CAUTION, text, f"{purpose}-1")]


def settle_beside(
    settled: Settled, routes: Sequence[Route], sights: Sights, frame: Frame, siting: Siting
) -> tuple[Settled, Conflicts]:
    """Move what can move off the lanes, and evacuees' walks off them too; pins stay.

    Returns
    -------
    Settled
        With other rows chosen where that helps.
    Conflicts
        What still speaks against a candidate, to be said of it.
    """
    transfer = next((route for route in routes if route.route is RouteKind.TRANSFER), None)
    lanes = shapely.STRtree(_lanes(routes, settled, frame))
    conflicts = Conflicts(settled, sights, siting, lanes, transfer, _on_lane(lanes, settled, siting))
    chosen = dict(settled.chosen)
    ends = {end for route in routes for end in (route.start, route.end)}
    for purpose in _MOVES:
        if purpose in chosen and purpose not in settled.held and f"{purpose}-1" not in ends:
            chosen[purpose] = _better(settled, conflicts, purpose, chosen)
    after = replace(settled, chosen=chosen)
    return after, replace(conflicts, settled=after, _found={})


def _lanes(routes: Sequence[Route], settled: Settled, frame: Frame) -> NDArray[np.object_]:
    """Return what ways drive near the candidates, stretch by stretch, each once: a metro is driven across."""
    driven = [route.line for route in routes if route.route in _LANES]
    number: dict[LonLat, int] = {}
    numbered = ([number.setdefault(place, len(number)) for place in line] for line in driven)
    stretches = list(dict.fromkeys(chain.from_iterable(map(pairwise, numbered))))
    if not stretches or not len(settled.facts.candidates):
        return np.empty(0, dtype=object)
    ground = shapely.box(*shapely.total_bounds(settled.facts.shapes))
    rim = run_on(frame.to_deg(shapely.get_coordinates(ground.buffer(_LANES_M))), frame.centre)
    low, high = rim.min(axis=0), rim.max(axis=0)
    places, pairs = run_on(degrees_of(list(number)), frame.centre), np.array(stretches)
    ends = places[pairs]
    near = ((ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)).all(axis=1)
    known, at = np.unique(pairs[near], return_inverse=True)
    xy_m = frame.to_m(places[known])[at.reshape(-1, 2)]
    return np.asarray(shapely.linestrings(xy_m))


def _on_lane(lanes: shapely.STRtree, settled: Settled, siting: Siting) -> frozenset[int]:
    """Return which candidates that are in question stand in the lanes: more than their rims are near."""
    rows = np.array(sorted({row for pool in settled.choice.pools.values() for row in pool}), dtype=np.int64)
    near = rows[_within(siting.corridor_m, lanes, settled.facts.shapes[rows])]
    cores = shapely.buffer(settled.facts.shapes[near], -_RIM_M, quad_segs=2)
    return frozenset(near[_within(siting.corridor_m, lanes, cores)].tolist())


def _within(reach_m: float, lanes: shapely.STRtree, shapes: NDArray[np.object_]) -> Ints:
    return np.unique(lanes.query(shapes, predicate="dwithin", distance=reach_m)[0])


def _better(settled: Settled, conflicts: Conflicts, purpose: Purpose, chosen: Mapping[Purpose, int]) -> int:
    """Return the best candidate that nothing speaks against, else the one with the least against it."""
    now = chosen[purpose]
    if not conflicts.of(purpose, now):
        return now
    choice, others = settled.choice, {p: row for p, row in chosen.items() if p is not purpose}
    failings = set(settled.judged[purpose].failings(now))
    fitting = [
        row
        for row in choice.pools[purpose]
        if choice.fits(purpose, row, others) and failings.issuperset(settled.judged[purpose].failings(row))
    ]
    fitting.sort(key=lambda row: (-choice.gain(purpose, row, others), row))
    if purpose is Purpose.MEDIA:
        conflicts.sights.learn(fitting)
    better, least = now, len(conflicts.of(purpose, now))
    for row in fitting:
        against = len(conflicts.of(purpose, row))
        if against < least:
            better, least = row, against
        if least == 0:
            break
    return better
