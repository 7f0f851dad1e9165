"""How far a line runs along or over water: no post closes a shore, and boats come and go there."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import LinearRing

from planner.area import Area
from planner.terms import ObstacleKind

_BESIDE_M = 25.0
"""Water this near to a line lies along it: a quay or a beach between them has no street to close."""
_EVERY_M = 10.0
_POND_M2 = 10_000.0
"""Smaller water is a pond, by its mapped shape: nobody comes or goes over it by boat."""
_LEAST_M = 50.0


def waterfront_m(line_m: LinearRing, area: Area) -> float:
    """Return how many metres of a line run along or over water, by the map; 0 where it is next to nothing."""
    obstacles = area.obstacles
    near = np.sort(obstacles.tree.query(line_m, predicate="dwithin", distance=_BESIDE_M))
    water = obstacles.shapes[near[obstacles["kind"][near] == ObstacleKind.WATER]]
    water = water[shapely.area(water) >= _POND_M2]
    if not len(water):
        return 0.0
    marks = shapely.line_interpolate_point(line_m, np.arange(0.0, line_m.length, _EVERY_M))
    shapely.prepare(water)
    wet = np.zeros(len(marks), dtype=bool)
    for shape in water:
        wet[~wet] = shapely.dwithin(shape, marks[~wet], _BESIDE_M)
    along_m = float(wet.mean() * line_m.length)
    return along_m if along_m >= _LEAST_M else 0.0
