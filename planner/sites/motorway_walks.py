"""What is said of a walk along a motorway: nobody may walk there, and beyond the outer line is traffic."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.ground.targets import tidy
from planner.streets.network import StreetNetwork
from planner.terms import RoadClass

Ints = NDArray[np.int64]


def along_motorway(walked: Ints, network: StreetNetwork) -> str:
    """Say which motorway one walks along, "" where none; ``walked``: from the walk's end to its start."""
    return f", part of it along {_name(walked, network)}" if len(walked) else ""


def traffic_on_walk(walked: Ints, network: StreetNetwork, outer_m: BaseGeometry) -> list[str]:
    """Say that one would walk along a motorway that no post closes: within the outer line all is closed."""
    driven = walked[~shapely.covers(outer_m, network.lines(walked))] if len(walked) else walked
    if not len(driven):
        return []
    return [
        f"The walk runs along {_name(driven, network)} beyond the outer perimeter, where traffic goes on: "
        "stop it first, or drive people there"
    ]


def _name(walked: Ints, network: StreetNetwork) -> str:
    """Name the first motorway of a walk; ramps have no name that anybody would know."""
    whole = walked[network.road_class[walked] == RoadClass.MOTORWAY]
    return f"the motorway {tidy(network.street(int(whole[-1])))}" if len(whole) else "the ramp of a motorway"
