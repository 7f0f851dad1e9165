"""Sites: candidates for each purpose, judged by hard rules and criteria, chosen together, with reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Incident, Notice, Post, Site
from planner.zones import Ground


@dataclass(frozen=True, eq=False)
class Scene:
    """What sites are judged against, in the frame.

    Parameters
    ----------
    ground : Ground
    inner_m, outer_m : Polygon
        The two perimeters.
    posts : tuple of Post
        Of both.
    closed : (E,) bool array
        Streets that working vehicles cannot use: hot, warm, inside the inner perimeter, blocked by the user.
    """

    ground: Ground
    inner_m: Polygon
    outer_m: Polygon
    posts: tuple[Post, ...]
    closed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ChosenSites:
    """Sites by purpose and rank (suggestion first, then runners-up), and what could not be found."""

    sites: tuple[Site, ...]
    officers: int
    notices: tuple[Notice, ...]


def choose_sites(incident: Incident, scene: Scene, area: Area, doctrine: Doctrine) -> ChosenSites:
    """Choose a site for every purpose. *No site found* is a Notice, not an error."""
    raise NotImplementedError
