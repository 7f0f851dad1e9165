"""Ways in and out for ambulances and units: around what is closed, through gates, with what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine
from planner.geo import LonLat
from planner.model import Notice, Post, Route, Site


@dataclass(frozen=True, eq=False)
class Streets:
    """Which streets routes may use around one scene.

    Parameters
    ----------
    closed : (E,) bool array
        Hot and warm ground, the inside of the inner perimeter, and what the user blocked.
    post_at : mapping of edge to post id
        Posts that a route may pass, which makes each a gate.
    hot_m : geometry
        Hot and warm ground, for the ``hot_m`` metres that a route reports (0 where rules hold).
    """

    closed: NDArray[np.bool_]
    post_at: Mapping[int, str]
    hot_m: BaseGeometry


@dataclass(frozen=True, eq=False)
class OpenRoutes:
    """Routes kept open, the posts that must be gates for them, and what could not be reached."""

    routes: tuple[Route, ...]
    gates: frozenset[str]
    notices: tuple[Notice, ...]
