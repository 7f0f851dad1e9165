"""What can be seen from where, over building footprints and heights: a map estimate, never "safe"."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Walls:
    """Walls of buildings laid in a uniform grid, to be asked many times."""

    count: int


def build_walls(buildings: gpd.GeoDataFrame) -> Walls:
    """Lay the walls of an area's building table in a grid."""
    raise NotImplementedError


def sees(walls: Walls, from_xyz_m: ArrayLike, to_xyz_m: ArrayLike) -> NDArray[np.bool_]:
    """Return the (n, m) table of which of n points sees which of m points. Symmetric."""
    raise NotImplementedError


def reach_m(walls: Walls, from_xyz_m: ArrayLike, bearings_deg: ArrayLike, limit_m: float) -> NDArray[np.float64]:
    """Return how far each of n points sees along each of k bearings, (n, k), at most ``limit_m``."""
    raise NotImplementedError
