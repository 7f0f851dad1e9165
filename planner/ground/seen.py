"""Ground that can be seen from a place: the stars of sight around it, laid together."""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.ground.sightline import Walls, reach_m

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP_DEG = 3.0
"""Sight is looked for in directions so far apart; more would change the ground by metres only."""
_LEAST_M = 0.01
"""A hair of length keeps a star whose every ray is stopped at once a polygon."""
_STRAIGHT_M = 1e-6
"""A corner this near to a straight line is none: a wall is met by many rays."""
_CHORD = 10
"""So many directions are cut short by one straight line."""


def seen_ground(
    walls: Walls, eyes_xyz_m: Floats, limit_m: float, *, to_z_m: float, near_m: Floats
) -> BaseGeometry:
    """Return the ground that any of some eyes sees, but for ground near to each, where that is not asked.

    Next to the eyes the stars of sight are most tangled, and take longest to lay together.

    Parameters
    ----------
    walls : Walls
    eyes_xyz_m : (n, 3) array
        In the frame, z above ground.
    limit_m : float
        Nothing further off counts as seen.
    to_z_m : float
        Height above ground of what may be seen.
    near_m : (n,) array
        Ground no further than this from an eye may be left out; nothing is where it is 0 or less.
    """
    bearings = np.arange(0.0, 360.0, _STEP_DEG)
    reach = np.maximum(reach_m(walls, eyes_xyz_m, bearings, limit_m, to_z_m=to_z_m), _LEAST_M)
    angle = np.radians(bearings)
    ways = np.column_stack([np.sin(angle), np.cos(angle)])
    xy, of = _outlines(np.ascontiguousarray(eyes_xyz_m[:, :2]), reach, ways, near_m)
    stars = shapely.polygons(shapely.linearrings(xy, indices=of))
    return shapely.union_all(shapely.simplify(stars, _STRAIGHT_M, preserve_topology=False))


@njit(cache=True, nogil=True)
def _outlines(
    eyes: Floats, reach: Floats, ways: Floats, near: Floats
) -> tuple[Floats, Ints]:  # pragma: no cover - compiled
    """Corners of the stars and, where some rays of one end near by, of each part of it that goes on beyond.

    And which outline each belongs to.
    """
    rays = len(ways)
    most = len(eyes) * 4 * rays
    xy, of = np.empty((most, 2)), np.empty(most, dtype=np.int64)
    size, count = 0, 0
    for i in range(len(eyes)):
        beyond = reach[i] > near[i]
        if near[i] <= 0.0 or beyond.all():
            xy[size : size + rays] = eyes[i] + reach[i].reshape(-1, 1) * ways
            of[size : size + rays] = count
            size, count = size + rays, count + 1
            continue
        for first in range(rays):
            if not beyond[first] or beyond[first - 1]:
                continue
            begun, last = size, first
            xy[size] = _where_cut(eyes[i], reach[i], ways, near[i], (first - 1) % rays, first)
            size += 1
            while beyond[last % rays]:
                xy[size] = eyes[i] + reach[i, last % rays] * ways[last % rays]
                size, last = size + 1, last + 1
            xy[size] = _where_cut(eyes[i], reach[i], ways, near[i], last % rays, (last - 1) % rays)
            size += 1
            for back in range(last - _CHORD, first, -_CHORD):
                xy[size] = eyes[i] + near[i] * ways[back % rays]
                size += 1
            of[begun:size] = count
            count += 1
    return xy[:size], of[:size]


@njit(cache=True, nogil=True)
def _where_cut(
    eye: Floats, reach: Floats, ways: Floats, near: float, short: int, long: int
) -> Floats:  # pragma: no cover - compiled
    """Where the side of a star between a short ray and a long one comes about so far from the eye."""
    share = (near - reach[short]) / (reach[long] - reach[short])
    a, b = reach[short] * ways[short], reach[long] * ways[long]
    return np.asarray(eye + a + share * (b - a))
