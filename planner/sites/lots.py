"""One ground marked out among several users: strips one behind the other, seen from the entrance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

_TRIALS = 24


def mark_out(
    ground_m: BaseGeometry, entrance_m: tuple[float, float], needs_m2: Sequence[float]
) -> list[Polygon]:
    """Cut a ground into one part for each need, in proportion, the first by the entrance.

    The cuts lie across the line from the entrance to the middle of the ground, so that whoever stands in the
    first part leaves without passing the others.

    Parameters
    ----------
    ground_m : geometry
    entrance_m : tuple of float
        x, y.
    needs_m2 : sequence of float
        Ground that each user needs; the whole ground is shared out in these proportions.

    Returns
    -------
    list of Polygon
        One for each need: the largest piece between its cuts, empty for a need of nothing.
    """
    middle = ground_m.centroid
    angle_deg = float(np.degrees(np.arctan2(middle.y - entrance_m[1], middle.x - entrance_m[0])))
    turned = shapely.affinity.rotate(ground_m, -angle_deg, origin=entrance_m)
    total = float(sum(needs_m2))
    parts, done = [], 0.0
    near = turned.bounds[0]
    for need_m2 in needs_m2:
        done += need_m2
        far = _mark(turned, done / total) if total > 0 else near
        parts.append(shapely.affinity.rotate(_between(turned, near, far), angle_deg, origin=entrance_m))
        near = far
    return [_largest(part) for part in parts]


def _mark(ground: BaseGeometry, share: float) -> float:
    """Return the x up to which the share of a ground lies."""
    low, _, high, _ = ground.bounds
    if share >= 1.0:
        return float(high)
    for _ in range(_TRIALS):
        mark = (low + high) / 2
        inside = _between(ground, ground.bounds[0], mark).area < share * ground.area
        low, high = (mark, high) if inside else (low, mark)
    return float((low + high) / 2)


def _between(ground: BaseGeometry, near: float, far: float) -> BaseGeometry:
    _, south, _, north = ground.bounds
    return shapely.intersection(ground, box(near, south, far, north))


def _largest(shape: BaseGeometry) -> Polygon:
    parts = [part for part in shapely.get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area) if parts else Polygon()
