"""Are sites out of sight as they say? Asked of the building footprints themselves, line by line.

Slow and plain on purpose: it shares nothing with :mod:`planner.ground.sightline` but what doctrine says of
heights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area
from planner.audit.checks import Check, judge
from planner.audit.scene import Scene
from planner.doctrine import Siting
from planner.ground.zones import draw_zones
from planner.terms import SiteSource

Floats = NDArray[np.float64]

_SEE_THROUGH = ("roof", "carport", "canopy")
_EYES = 64
_NUDGE_M = 0.3
"""On the very edge of a shadow the decimals of documents decide: that is not held against a site."""


def check_sight(scene: Scene) -> Iterator[Check]:
    """Judge the suggested sites of rank 1 that say that they are out of sight of the hot zone."""
    claims = [
        site
        for site in scene.plan.sites
        if site.rank == 1 and site.source is SiteSource.SUGGESTED and site.in_sight is False
    ]
    if not claims:
        return
    samples = draw_zones(scene.plan.incident, scene.area, scene.doctrine).samples_xyz_m
    eyes = samples[np.unique(np.linspace(0, len(samples) - 1, min(_EYES, len(samples))).round().astype(int))]
    # Beyond the distance at which the threat looks, nothing was claimed.
    presets = [scene.doctrine.preset(scene.plan.incident.threat)]
    presets += [scene.doctrine.preset(point.threat) for point in scene.plan.incident.threats]
    limit_m = max(scene.doctrine.siting.sight_m, *(preset.unseen_m for preset in presets))
    for site in claims:
        middle = scene.shape(site.shape).representative_point()
        seen = _eyes_that_see(middle, eyes, limit_m, scene.area, scene.doctrine.siting)
        problems = (
            [f"{seen} of {words.count(len(eyes), 'place')} in the hot zone see its middle"] if seen else []
        )
        yield judge(
            "site_sight",
            site.id,
            problems,
            f"out of sight of {words.count(len(eyes), 'place')} in the hot zone",
        )


def _eyes_that_see(middle: Point, eyes: Floats, limit_m: float, area: Area, siting: Siting) -> int:
    nudges = ((0.0, 0.0), (_NUDGE_M, _NUDGE_M), (-_NUDGE_M, _NUDGE_M), (0.0, -_NUDGE_M))
    count = 0
    for x_m, y_m, z_m in eyes.tolist():
        if middle.distance(Point(x_m, y_m)) > limit_m - 1.0:
            continue
        spots = [(middle.x + dx, middle.y + dy, siting.person_height_m) for dx, dy in nudges]
        count += all(_clear((x_m, y_m, z_m), spot, area, siting) for spot in spots)
    return count


def _clear(a: tuple[float, float, float], b: tuple[float, float, float], area: Area, siting: Siting) -> bool:
    """Whether no building stands in the straight line between two points, at the line's height there."""
    return next(_in_the_way(a, b, area, siting), None) is None


def _in_the_way(
    a: tuple[float, float, float], b: tuple[float, float, float], area: Area, siting: Siting
) -> Iterator[int]:
    """Yield the rows of the buildings that hide two points from each other."""
    line = LineString([a[:2], b[:2]])
    table = area.buildings
    for row in np.sort(table.tree.query(line, predicate="intersects")).tolist():
        shape = table.shapes[row]
        if table["kind"][row] in _SEE_THROUGH or shapely.get_dimensions(shape) != 2:
            continue
        foot_m = float(np.nan_to_num(table["min_height_m"][row], nan=0.0))
        top_m = max(_height_m(table["height_m"][row], table["levels"][row], siting), foot_m)
        if any(foot_m <= a[2] + share * (b[2] - a[2]) < top_m for share in _crossings(line, shape)):
            yield row


def _height_m(tagged_m: float, levels: float, siting: Siting) -> float:
    if tagged_m > 0:
        return float(tagged_m)
    return float(levels) * siting.level_height_m if levels > 0 else siting.assumed_height_m


def _crossings(line: LineString, building: BaseGeometry) -> list[float]:
    """Shares along a line at which it meets the walls of a building."""
    met = line.intersection(shapely.boundary(building))
    if met.is_empty or line.length == 0:
        return []
    xy = shapely.get_coordinates(met)
    return [float(line.project(Point(x, y), normalized=True)) for x, y in xy]


def sees_by_footprints(
    a: tuple[float, float, float], b: tuple[float, float, float], area: Area, siting: Siting
) -> bool:
    """Whether two points see each other, asked of the footprints: the oracle of tests and benchmarks."""
    return _clear(a, b, area, siting)


def hiding(
    a: tuple[float, float, float], b: tuple[float, float, float], area: Area, siting: Siting
) -> tuple[int, ...]:
    """Return the rows of all buildings that hide two points from each other."""
    return tuple(_in_the_way(a, b, area, siting))
