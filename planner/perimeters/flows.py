"""What streets carry, by road class and lanes. No traffic counts: it ranks posts, it predicts no volume.

The unit is one lane of a residential street. The figures are doctrine, section ``perimeters``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Perimeters
from planner.streets.network import StreetNetwork
from planner.terms import FIRST_FOOT_CLASS, RoadClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_CARRIAGEWAYS = (RoadClass.MOTORWAY, RoadClass.TRUNK)


def street_flows(network: StreetNetwork, edges: Ints, rules: Perimeters) -> Floats:
    """Return what each street carries in both directions together, in residential lanes, (n,).

    Lanes as tagged, else as doctrine assumes; what only people on foot use counts as one narrow lane.
    """
    return np.where(
        network.road_class[edges] > FIRST_FOOT_CLASS,
        rules.flow_foot,
        _per_lane(network, edges, rules) * _lanes(network, edges, rules),
    )


def _per_lane(network: StreetNetwork, edges: Ints, rules: Perimeters) -> Floats:
    road = network.road_class[edges]
    carried = np.full(len(edges), rules.flow_minor)
    carried[np.isin(road, (RoadClass.SERVICE, RoadClass.TRACK))] = rules.flow_service
    carried[road <= RoadClass.TERTIARY_LINK] = rules.flow_medium
    carried[road <= RoadClass.PRIMARY_LINK] = rules.flow_major
    carried[road <= RoadClass.MOTORWAY] = rules.flow_motorway
    return carried


def _lanes(network: StreetNetwork, edges: Ints, rules: Perimeters) -> Floats:
    """Lanes of each street, at most as many as make sense: a slip in a tag must not outweigh a city."""
    one_way = network.oneway[edges] != 0
    wide = np.isin(network.road_class[edges], _CARRIAGEWAYS)
    assumed = np.where(one_way & ~wide, rules.lanes_one_way, rules.lanes_two_way)
    tagged = network.lanes[edges].astype(np.float64)
    return np.minimum(np.where(tagged > 0, tagged, assumed), rules.lanes_most)
