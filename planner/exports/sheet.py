"""A sheet of map: which ground, at which round scale, on how much paper. From metres to millimetres."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from planner.briefing.phrases import scene
from planner.errors import ExportError
from planner.geo import Frame, LonLat
from planner.model import Plan
from planner.terms import Purpose

Floats = NDArray[np.float64]

_THOUSANDS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10, 12.5, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 500)
SCALES = tuple(round(step * 1000) for step in _THOUSANDS)
"""Denominators that a ruler can be laid on."""
_MARGIN_MM = 7.0
"""Kept free all round, so that labels of what lies at the rim still fit."""
_LEAST_M = 300.0
_NEAR_SHARE = 0.2
"""Sites so far outside the ground of the plan, as a share of its width, still widen the sheet."""
_WITHIN = (
    Purpose.COMMAND_POST,
    Purpose.STAGING,
    Purpose.CASUALTY_COLLECTION,
    Purpose.AMBULANCE_EXCHANGE,
    Purpose.EVACUATION,
)
"""Sites that units drive between: the sheet is widened for them, and for no other."""


@dataclass(frozen=True)
class Sheet:
    """Where the map is drawn.

    Parameters
    ----------
    width_mm, height_mm : float
    scale : int
        The denominator: one millimetre on paper is ``scale`` millimetres outside.
    centre_m : tuple of float
        In the frame; north is up.
    """

    width_mm: float
    height_mm: float
    scale: int
    centre_m: tuple[float, float]

    def to_mm(self, xy_m: ArrayLike) -> Floats:
        """Place (n, 2) metres of the frame on the sheet: x to the right, y down."""
        away = (np.asarray(xy_m, dtype=np.float64).reshape(-1, 2) - self.centre_m) * (1000 / self.scale)
        return np.column_stack([self.width_mm / 2 + away[:, 0], self.height_mm / 2 - away[:, 1]])

    def geometry_mm(self, geometry: BaseGeometry) -> BaseGeometry:
        """Place a shapely geometry on the sheet."""
        return shapely.transform(geometry, self.to_mm)

    @property
    def bounds_m(self) -> tuple[float, float, float, float]:
        """The ground shown: west, south, east, north in the frame."""
        (x, y), mm = self.centre_m, self.scale / 2000
        across, up = self.width_mm * mm, self.height_mm * mm
        return x - across, y - up, x + across, y + up

    def metres(self, length_mm: float) -> float:
        """Return how far a length on paper is outside."""
        return length_mm * self.scale / 1000


def fit_sheet(plan: Plan, frame: Frame, width_mm: float, height_mm: float) -> Sheet:
    """Choose the largest round scale at which a plan's ground fits, its middle in the middle.

    The ground is that of the perimeters, zones and posts, and of the sites that lie near them; sites far away
    are pointed at from the rim.

    Raises
    ------
    ExportError
        If the plan shows no place at all, or its ground is larger than any sheet.
    """
    ground = frame.to_m(list(_ground(plan)))
    if not len(ground):
        raise ExportError("the plan shows no place to draw a map of", "Plan again, then export")
    low, high = ground.min(axis=0), ground.max(axis=0)
    near_m = _NEAR_SHARE * float((high - low).max())
    sites = [site.entrance for site in plan.sites if site.rank == 1 and site.purpose in _WITHIN]
    for x, y in frame.to_m(sites) if sites else ():
        if low[0] - near_m <= x <= high[0] + near_m and low[1] - near_m <= y <= high[1] + near_m:
            ground = np.vstack([ground, [(x, y)]])
    low, high = ground.min(axis=0), ground.max(axis=0)
    span = np.maximum(high - low, _LEAST_M)
    room_mm = np.array([width_mm, height_mm]) - 2 * _MARGIN_MM
    least = float((span / room_mm).max() * 1000)
    for scale in SCALES:
        if scale >= least:
            middle = (low + high) / 2
            return Sheet(width_mm, height_mm, scale, (float(middle[0]), float(middle[1])))
    raise ExportError("the plan's ground is larger than any sheet", "Draw smaller zones, or one plan a scene")


def _ground(plan: Plan) -> Iterable[LonLat]:
    for line in plan.perimeters:
        yield from line.rings[0]
    for zone in plan.zones:
        yield from zone.rings[0]
    for post in plan.posts:
        yield post.location
    at = scene(plan)
    if at is not None:
        yield at
