"""What can be seen of sites and of the walks to them, looked for once whatever routes are laid later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.geo import corners
from planner.ground.sightline import seen_by_any, walls_of
from planner.ground.targets import thin
from planner.sites.candidates import Scene
from planner.sites.facts import Facts
from planner.terms import PerimeterName

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EYES = 64
_WALK_STEP_M = 20.0
_SITE_POINTS = 5
_RIM_M = 0.25


@dataclass(frozen=True, eq=False)
class Sights:
    """Views over the candidates of a scene.

    Parameters
    ----------
    facts : Facts
    scene : Scene
    area : Area
    siting : Siting
    """

    facts: Facts
    scene: Scene
    area: Area
    siting: Siting
    _walks: dict[int, BaseGeometry | None] = field(default_factory=dict)
    _seen_m: dict[int, float] = field(default_factory=dict)
    _points: dict[int, Floats] = field(default_factory=dict)
    _shown: dict[tuple[int, int], bool] = field(default_factory=dict)

    @property
    def are_known(self) -> bool:
        """Whether any building is mapped that could hide something."""
        return len(self.area.buildings) > 0

    def walk(self, row: int) -> BaseGeometry | None:
        """Return the walk to a candidate beyond the inner perimeter, None where none is known."""
        if row not in self._walks:
            whole = self.facts.walk_line(self.facts.candidates[row].entrance)
            known = whole is not None and not whole.is_empty
            self._walks[row] = shapely.difference(whole, self.scene.inner_m) if known else None
        return self._walks[row]

    def walk_seen_m(self, row: int) -> float:
        """Return how much of that walk the hot zone sees, in metres; 0 where no buildings are mapped."""
        if row not in self._seen_m:
            self._seen_m[row] = self._look_at(self.walk(row))
        return self._seen_m[row]

    def _look_at(self, walk: BaseGeometry | None) -> float:
        if not self.are_known or walk is None or walk.is_empty:
            return 0.0
        points = self._raised(shapely.get_coordinates(shapely.segmentize(walk, _WALK_STEP_M)))
        eyes = thin(self.scene.ground.samples_xyz_m, _EYES)
        groups = np.arange(len(points) + 1)
        seen = seen_by_any(walls_of(self.area, self.siting), groups, points, eyes, self.facts.unseen_m)
        return round(float(seen.mean()) * walk.length, -1)

    def shows(self, row: int, others: Sequence[int]) -> list[int]:
        """Return which other candidates a camera at one sees."""
        new = [other for other in others if (row, other) not in self._shown]
        if new:
            self.learn(new)
            spots = [self._points[other] for other in new]
            groups = np.cumsum([0, *map(len, spots)])
            seen = self._sees(row, self._raised(np.vstack(spots)), groups).tolist()
            self._shown.update(zip(((row, other) for other in new), seen, strict=True))
        return [other for other in others if self._shown[row, other]]

    def shows_posts(self, row: int) -> bool:
        """Whether a camera at a candidate sees an officer of the inner perimeter."""
        posts = self._inner_posts
        return len(posts) > 0 and bool(self._sees(row, posts, np.array([0, len(posts)]))[0])

    @cached_property
    def _inner_posts(self) -> Floats:
        """Where the officers of the inner perimeter stand, (n, 3)."""
        posts = [post.location for post in self.scene.posts if post.perimeter is PerimeterName.INNER]
        return self._raised(self.area.frame.to_m(posts) if posts else np.empty((0, 2)))

    def _sees(self, row: int, there: Floats, groups: Ints) -> Bools:
        """Return of which groups of places a camera at a candidate sees any: as they would see it."""
        lens = self._points_of(row)
        lens = np.column_stack([lens, np.full(len(lens), self.siting.camera_height_m)])
        return seen_by_any(
            walls_of(self.area, self.siting), groups, there, lens, self.siting.media_backdrop_m
        )

    def learn(self, rows: Sequence[int]) -> None:
        """Take the points of some candidates: those of many at once are taken sooner than one by one."""
        new = [row for row in dict.fromkeys(rows) if row not in self._points]
        if not new:
            return
        shapes = self.facts.shapes[new]
        middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
        rims = shapely.buffer(shapes, _RIM_M, join_style="mitre")
        around, start = corners(rims)
        for row, middle, (first, last) in zip(new, middles, pairwise(start.tolist()), strict=True):
            self._points[row] = np.vstack([middle, thin(around[first:last], _SITE_POINTS)])

    def _points_of(self, row: int) -> Floats:
        """Return a few points of a candidate's outline and one within it, (n, 2)."""
        self.learn([row])
        return self._points[row]

    def _raised(self, xy: Floats) -> Floats:
        return np.column_stack([xy, np.full(len(xy), self.siting.person_height_m)])
