"""Sites looked at again once the ways are known: nothing on the ambulances' lane, no walk across it.

Routes are laid from the sites where vehicles load and wait; all other sites give way to them. What
cannot is kept, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area
from planner.doctrine import Siting
from planner.geo import Frame, degrees_of
from planner.ground.sightline import seen_by_any, walls_of
from planner.ground.targets import thin
from planner.model import Route
from planner.sites.candidates import Scene
from planner.sites.facts import Facts
from planner.sites.purposes import is_working
from planner.sites.telling import Settled
from planner.terms import PerimeterName, Purpose, RouteKind

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
_EYES = 64
_WALK_STEP_M = 20.0
_SITE_POINTS = 5
_RIM_M = 1.0


@dataclass(eq=False)
class Conflicts:
    """What speaks against candidates once routes and the other sites are known; each looked at once.

    Parameters
    ----------
    settled : Settled
    scene : Scene
    area : Area
    siting : Siting
    lane_m : geometry
        Lines of the ambulances' and arriving units' ways.
    transfer : Route or None
        The ambulances' way from staging to their exchange point, where it is known.
    """

    settled: Settled
    scene: Scene
    area: Area
    siting: Siting
    lane_m: BaseGeometry
    transfer: Route | None = None
    _found: dict[tuple[Purpose, int], tuple[str, ...]] = field(default_factory=dict)
    _outlines: dict[int, Floats] = field(default_factory=dict)

    def of(self, purpose: Purpose, row: int) -> tuple[str, ...]:
        """Return in words what speaks against a candidate; nothing, if all is well."""
        key = (purpose, row)
        if key not in self._found:
            self._found[key] = tuple(self._look(purpose, row))
        return self._found[key]

    def _look(self, purpose: Purpose, row: int) -> list[str]:
        said = []
        if self._on_lane(row):
            said.append("On the way of ambulances or arriving units: keep the lane free")
        if self.settled.chosen.get(purpose) == row:
            said += self._far_by_road(purpose)
        if purpose is Purpose.EVACUATION:
            said += self._on_the_walk(row)
        if purpose is Purpose.MEDIA and len(self.area.buildings) == 0:
            said.append("What cameras see from here is not known: no buildings are mapped")
        elif purpose is Purpose.MEDIA and (shown := self._shown(row)):
            said.append(f"Cameras here see {words.joined(shown)}: screen it, or hold them elsewhere")
        return said

    def _on_lane(self, row: int) -> bool:
        if self.lane_m.is_empty:
            return False
        core = self.settled.facts.candidates[row].shape_m.buffer(-_RIM_M)
        near = not core.is_empty and shapely.dwithin(self.lane_m, core, self.siting.corridor_m)
        return bool(near)

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
        facts = self.settled.facts
        walk = facts.walk_line(facts.candidates[row].entrance)
        if walk is None or walk.is_empty:
            return []
        said = []
        outside = shapely.difference(walk, self.scene.inner_m)
        if not self.lane_m.is_empty and outside.intersects(self.lane_m):
            said.append(
                "The walk from the inner perimeter crosses the way of ambulances: hold it with an officer"
            )
        if len(self.area.buildings) == 0:
            said.append("Whether the walk is in sight of the hot zone is not known: no buildings are mapped")
        seen_m = self._seen_m(outside)
        if seen_m > self.siting.walk_seen_m:
            said.append(f"{seen_m:.0f} m of the walk is in sight of the hot zone: lead people behind cover")
        return said

    def _seen_m(self, walk: BaseGeometry) -> float:
        """Return how much of a walk the hot zone sees, in metres; 0 where no buildings are mapped."""
        if len(self.area.buildings) == 0 or walk.is_empty:
            return 0.0
        xy = shapely.get_coordinates(shapely.segmentize(walk, _WALK_STEP_M))
        points = np.column_stack([xy, np.full(len(xy), self.siting.person_height_m)])
        eyes = thin(self.scene.ground.samples_xyz_m, _EYES)
        limit_m = self.settled.facts.unseen_m
        seen = seen_by_any(
            walls_of(self.area, self.siting), np.arange(len(points) + 1), points, eyes, limit_m
        )
        return round(float(seen.mean()) * walk.length, -1)

    def _shown(self, row: int) -> list[str]:
        """Name what cameras at a site would show: working sites, posts of the inner perimeter."""
        facts = self.settled.facts
        lens = self._points(facts, row, self.siting.camera_height_m)
        shown = []
        for purpose, other in self.settled.chosen.items():
            if is_working(purpose) and purpose is not Purpose.HELISPOT and other != row:
                there = self._points(facts, other, self.siting.person_height_m)
                if self._any_sees(lens, there):
                    shown.append(words.PURPOSES[purpose][0])
        if len(self._inner_posts) and self._any_sees(lens, self._inner_posts):
            shown.append("posts of the inner perimeter")
        return shown

    @cached_property
    def _inner_posts(self) -> Floats:
        """Where the officers of the inner perimeter stand, (n, 3)."""
        posts = [post.location for post in self.scene.posts if post.perimeter is PerimeterName.INNER]
        xy = self.area.frame.to_m(posts) if posts else np.empty((0, 2))
        return np.column_stack([xy, np.full(len(xy), self.siting.person_height_m)])

    def _any_sees(self, lens: Floats, there: Floats) -> bool:
        walls, reach_m = walls_of(self.area, self.siting), self.siting.media_backdrop_m
        return bool(seen_by_any(walls, np.array([0, len(lens)]), lens, there, reach_m)[0])

    def _points(self, facts: Facts, row: int, height_m: float) -> Floats:
        if row not in self._outlines:
            shape = facts.candidates[row].shape_m
            around = shapely.get_coordinates(shapely.buffer(shape, 0.25, join_style="mitre"))
            middle = shapely.get_coordinates(shapely.point_on_surface(shape))
            self._outlines[row] = np.vstack([middle, thin(around, _SITE_POINTS)])
        xy = self._outlines[row]
        return np.column_stack([xy, np.full(len(xy), height_m)])


def settle_beside(
    settled: Settled, routes: Sequence[Route], scene: Scene, area: Area, siting: Siting
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
    conflicts = Conflicts(settled, scene, area, siting, _lanes(routes, settled, area.frame), transfer)
    chosen = dict(settled.chosen)
    ends = {end for route in routes for end in (route.start, route.end)}
    for purpose in _MOVES:
        if purpose in chosen and purpose not in settled.held and f"{purpose}-1" not in ends:
            chosen[purpose] = _better(settled, conflicts, purpose, chosen)
    after = replace(settled, chosen=chosen)
    return after, replace(conflicts, settled=after, _found={})


def _lanes(routes: Sequence[Route], settled: Settled, frame: Frame) -> BaseGeometry:
    """Return what ways drive near the candidates, stretch by stretch, each once: a metro is driven across."""
    lines = [degrees_of(route.line) for route in routes if route.route in _LANES and len(route.line) > 1]
    if not lines:
        return shapely.MultiLineString()
    ground = shapely.box(*shapely.total_bounds([c.shape_m for c in settled.facts.candidates]))
    rim = frame.to_deg(shapely.get_coordinates(ground.buffer(_LANES_M)))
    low, high = rim.min(axis=0), rim.max(axis=0)
    first, last = (np.concatenate([line[part] for line in lines]) for part in (slice(-1), slice(1, None)))
    near = ((np.maximum(first, last) >= low) & (np.minimum(first, last) <= high)).all(axis=1)
    pieces = np.unique(np.hstack([first[near], last[near]]), axis=0)
    xy_m = frame.to_m(pieces.reshape(-1, 2)).reshape(-1, 2, 2)
    lanes = shapely.multilinestrings(np.asarray(shapely.linestrings(xy_m)))
    assert isinstance(lanes, BaseGeometry)
    return lanes  # not laid together: they are only measured to


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
    better, least = now, len(conflicts.of(purpose, now))
    for row in fitting:
        against = len(conflicts.of(purpose, row))
        if against < least:
            better, least = row, against
        if least == 0:
            break
    return better
