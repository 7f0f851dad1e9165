"""Inner and outer perimeter: the fewest posts that seal the ground, by minimum cut, and the line between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Notice, Perimeter, Post
from planner.zones import Ground


@dataclass(frozen=True, eq=False)
class TracedPerimeter:
    """A perimeter with what the later steps need of it.

    Parameters
    ----------
    record : Perimeter
        As documents write it.
    posts : tuple of Post
        By rank; ids "I1", "I2" ... or "O1", "O2" ...
    post_edges : tuple of int
        The network edge that each post closes, same order as ``posts``.
    polygon_m : Polygon
        In the frame.
    inside : (E,) bool array
        Edges that lie at least in part on the scene's side of the cut.
    notices : tuple of Notice
    """

    record: Perimeter
    posts: tuple[Post, ...]
    post_edges: tuple[int, ...]
    polygon_m: Polygon
    inside: NDArray[np.bool_]
    notices: tuple[Notice, ...]


def trace_perimeters(
    ground: Ground, area: Area, doctrine: Doctrine, blocked: NDArray[np.bool_]
) -> tuple[TracedPerimeter, TracedPerimeter]:
    """Trace the inner and the outer perimeter. ``blocked`` edges (E,) are closed by the user and need no post."""
    raise NotImplementedError
