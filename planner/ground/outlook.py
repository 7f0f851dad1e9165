"""What cameras see from a media site, and whether a dish there sees the sky (``domain.md`` 2.10).

A view that tells viewers where the place is and shows no tactical position is that of its roof line over the
buildings between: the roof can be seen, the street cannot.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.ground.sightline import clear_lines, heights_m, seen_by_any, walls_of
from planner.ground.targets import thin
from planner.memory import kept_with

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

_ROOF_POINTS = 8
_OVER_ROOF_M = 0.5
_FACADE_GAP_M = 0.25
_OFF_SOUTH_DEG = (-40.0, -20.0, 0.0, 20.0, 40.0)
_SKY_REACH_M = 120.0


def roof_views(spots_m: Floats, target_m: BaseGeometry, area: Area, siting: Siting) -> Floats:
    """Return 1 where the roof line of the place of attack can be seen, 0 where not, NaN where not known.

    Parameters
    ----------
    spots_m : (n, 2) float array
        Where cameras would stand.
    target_m : geometry
        Place of attack.
    area : Area
    siting : Siting
    """
    unknown: Floats = np.full(len(spots_m), np.nan)
    if len(spots_m) == 0:
        return unknown
    rows = np.sort(area.buildings.tree.query(target_m, predicate="intersects"))
    buildings = area.buildings.shapes[rows]
    solid = shapely.get_dimensions(buildings) == 2
    if not solid.any():
        return unknown
    tops_m, _ = heights_m(area.buildings.rows(rows[solid]), siting)
    highest = shapely.make_valid(buildings[solid][int(np.argmax(tops_m))])
    rim = shapely.get_coordinates(shapely.buffer(highest, _FACADE_GAP_M, join_style="mitre"))
    roof = _raised(thin(rim, _ROOF_POINTS), float(tops_m.max()) + _OVER_ROOF_M)
    cameras = _raised(spots_m, siting.camera_height_m)
    seen = seen_by_any(
        walls_of(area, siting), np.arange(len(spots_m) + 1), cameras, roof, siting.media_backdrop_m
    )
    return seen.astype(np.float64)


def sky_shares(spots_m: Floats, area: Area, siting: Siting) -> Floats:
    """Return which share of the sky towards the equator is free at each place, NaN where not known.

    Satellites for television stand over the equator: a dish looks south in the north and north in the south,
    at least so far up as doctrine says.
    """
    if len(spots_m) == 0 or len(area.buildings) == 0:
        return np.full(len(spots_m), np.nan)
    known, places = _skies(area, siting), list(map(tuple, spots_m.tolist()))
    new = [row for row, place in enumerate(places) if place not in known]
    if new:
        shares = _free_shares(spots_m[new], area, siting).tolist()
        known.update(zip([places[row] for row in new], shares, strict=True))
    return np.array([known[place] for place in places], dtype=np.float64)


@kept_with
def _skies(area: Area, siting: Siting) -> dict[tuple[float, ...], float]:
    """Free shares that are known, by place: the sky is the same in every incident."""
    return {}


def _free_shares(middles: Floats, area: Area, siting: Siting) -> Floats:
    to_equator_deg = 0.0 if area.bbox_deg[1] + area.bbox_deg[3] < 0 else 180.0
    spots = _raised(middles, siting.person_height_m)
    up_m = _SKY_REACH_M * float(np.tan(np.radians(siting.dish_elevation_deg)))
    free = np.zeros(len(middles))
    walls = walls_of(area, siting)
    for off_deg in _OFF_SOUTH_DEG:
        bearing = np.radians(to_equator_deg + off_deg)
        step = np.array([np.sin(bearing) * _SKY_REACH_M, np.cos(bearing) * _SKY_REACH_M, up_m])
        free += clear_lines(walls, spots, spots + step)
    return free / len(_OFF_SOUTH_DEG)


def _raised(xy: Floats, height_m: float) -> Floats:
    return np.column_stack([xy, np.full(len(xy), height_m)])
