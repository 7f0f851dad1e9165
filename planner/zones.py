"""Hot, warm and cold ground: from what was drawn, or from one tap and a threat preset."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import NDArray
import numpy as np
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Incident, Notice, Zone


@dataclass(frozen=True, eq=False)
class Ground:
    """The zones in metres, none overlapping another: the highest threat wins at each point.

    Parameters
    ----------
    hot_m, warm_m, cold_m : polygonal geometry
        ``cold_m`` is what the user drew as cold, less hot and warm; all the rest is cold anyway.
    target_m : geometry
        The place of the attack: a footprint or a point.
    target_name : str
        Name of the building or ground that was tapped, "" if none.
    samples_xyz_m : (n, 3) array
        Points of the hot zone from which sight is tested: facade vertices and every 10 m; z above ground.
    zones : tuple of Zone
        The same as documents write it.
    notices : tuple of Notice
    """

    hot_m: BaseGeometry
    warm_m: BaseGeometry
    cold_m: BaseGeometry
    target_m: BaseGeometry
    target_name: str
    samples_xyz_m: NDArray[np.float64]
    zones: tuple[Zone, ...]
    notices: tuple[Notice, ...]


def draw_zones(incident: Incident, area: Area, doctrine: Doctrine) -> Ground:
    """Draw the zones of an incident.

    Raises
    ------
    IncidentError
        If nothing says where the incident is, or it lies outside the area.
    """
    raise NotImplementedError
