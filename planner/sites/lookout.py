"""Sight of the hot zone from candidates: a map estimate, looked for once from each ground."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.ground.rims import points_around
from planner.ground.sightline import anything_beside, seen_by_any, walls_of
from planner.ground.targets import thin
from planner.ground.zones import Ground
from planner.memory import kept_with
from planner.sites.facts import FAR, UNMAPPED
from planner.sites.grounds import building_spots

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

_EYES = 64
_SITE_POINTS = 24
_OUTLINE_TOLERANCE_M = 1.0
_OUTLINE_SPACING_M = 8.0
_FACADE_GAP_M = 0.25


@dataclass(frozen=True, eq=False)
class Lookout:
    """What the hot zone of one incident sees.

    Parameters
    ----------
    ground : Ground
    area : Area
    siting : Siting
    limit_m : float
        So far from the place of attack sight is looked for.
    """

    ground: Ground
    area: Area
    siting: Siting
    limit_m: float
    _seen: dict[bytes, int] = field(default_factory=dict)

    def look(self, shapes: Shapes, from_target_m: Floats) -> Ints:
        """Return 1 in sight, 0 out of sight, UNMAPPED where the map shows too little, FAR beyond the limit.

        Parameters
        ----------
        shapes : (n,) array of geometry
        from_target_m : (n,) float array
            How far each is from the place of attack.
        """
        result = np.full(len(shapes), FAR if len(self.area.buildings) else UNMAPPED, dtype=np.int64)
        near = np.flatnonzero(from_target_m <= self.limit_m)
        keys = shapely.to_wkb(shapes[near]).tolist()
        new = [k for k, key in enumerate(keys) if key not in self._seen]
        if new:
            seen = self._look_from(shapes[near[new]]).tolist()
            self._seen.update(zip([keys[k] for k in new], seen, strict=True))
        result[near] = [self._seen[key] for key in keys]
        return result

    def _look_from(self, shapes: Shapes) -> Ints:
        points, groups = site_points(shapes, self.siting.person_height_m)
        seen = seen_by_any(walls_of(self.area, self.siting), groups, points, self._eyes, self.limit_m)
        return np.where(self._mapped_between(shapes), seen, UNMAPPED)

    @cached_property
    def _eyes(self) -> Floats:
        return thin(self.ground.samples_xyz_m, _EYES)

    @cached_property
    def _own(self) -> Bools:
        """Mask of the buildings of the place of attack itself."""
        own = np.zeros(len(self.area.buildings), dtype=bool)
        own[self.area.buildings.tree.query(self.ground.target_m, predicate="intersects")] = True
        return own

    def _mapped_between(self, shapes: Shapes) -> Bools:
        """Whether any building but the place of attack itself is mapped between each site and that place."""
        reach_m, (rows, spots) = self.siting.street_reach_m, _from_west(self.area)
        lines = shapely.shortest_line(shapely.centroid(shapes), self.ground.target_m)
        ends = shapely.get_coordinates(lines).reshape(-1, 4)
        (west, south), (east, north) = ends.reshape(-1, 2).min(axis=0), ends.reshape(-1, 2).max(axis=0)
        among = slice(*np.searchsorted(spots[:, 0], (west - reach_m, east + reach_m)).tolist())
        rows, spots = rows[among], spots[among]
        near = (spots[:, 1] >= south - reach_m) & (spots[:, 1] <= north + reach_m) & ~self._own[rows]
        return anything_beside(np.ascontiguousarray(spots[near]), ends, reach_m)


def lookout_over(ground: Ground, area: Area, doctrine: Doctrine, limit_m: float) -> Lookout:
    """Return the view over an incident: what was seen stays known while its ground is."""
    return area.memory.once(
        lambda: Lookout(ground, area, doctrine.siting, limit_m), "lookout", ground, limit_m, doctrine
    )


@kept_with
def _from_west(area: Area) -> tuple[Ints, Floats]:
    """Return the rows and middles of all buildings, from west to east."""
    spots = building_spots(area)
    rows = np.argsort(spots[:, 0], kind="stable")
    return rows, spots[rows]


def site_points(shapes: Shapes, height_m: float) -> tuple[Floats, Ints]:
    """Take a few points of each site's outline and one within it."""
    # A hair outside: a hall's outline is its own wall, which would hide every point on it.
    rims, start = points_around(shapes, _OUTLINE_TOLERANCE_M, _FACADE_GAP_M, _OUTLINE_SPACING_M, _SITE_POINTS)
    own = np.repeat(np.arange(len(shapes)), np.diff(start))
    groups = start + np.arange(len(start))
    points = np.full((groups[-1], 3), height_m)
    points[groups[:-1], :2] = shapely.get_coordinates(shapely.point_on_surface(shapes))
    points[np.arange(len(rims)) + own + 1, :2] = rims
    return points, groups
