"""Street networks drawn by hand, for tests that need to know every edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from planner.streets.network import StreetNetwork
from planner.terms import RoadClass

_EDGE_DEFAULTS: dict[str, tuple[Any, Any]] = {
    "road_class": (RoadClass.RESIDENTIAL, np.uint8),
    "service": (0, np.uint8),
    "access": (0, np.uint8),
    "foot_access": (0, np.uint8),
    "emergency": (0, np.int8),
    "oneway": (0, np.int8),
    "layer": (0, np.int8),
    "bridge": (False, np.bool_),
    "tunnel": (False, np.bool_),
    "area_way": (False, np.bool_),
    "roundabout": (False, np.bool_),
    "lanes": (0, np.uint8),
    "width_m": (np.nan, np.float64),
    "maxspeed_kmh": (np.nan, np.float64),
    "maxheight_m": (np.nan, np.float64),
    "maxwidth_m": (np.nan, np.float64),
    "parked": (0, np.uint8),
    "works": (False, np.bool_),
}
_NODE_DEFAULTS: dict[str, tuple[Any, Any]] = {
    "node_barrier": (0, np.uint8),
    "node_access": (0, np.uint8),
    "node_signal": (False, np.bool_),
}


def draw_streets(
    places_m: Sequence[tuple[float, float]],
    streets: Sequence[Mapping[str, Any]],
    *,
    nodes: Mapping[int, Mapping[str, Any]] | None = None,
    signs: Sequence[tuple[Sequence[tuple[int, bool]], int]] = (),
) -> StreetNetwork:
    """Build a network: node k at ``places_m[k]`` has the OSM id 100 + k, street e the way id 1000 + e.

    A street is ``{"u": 0, "v": 1, "name": "Elm", "via": [(x, y), ...], "oneway": 1, ...}``; ``via`` points
    between its ends get the OSM ids 10000 + 100 * e + i. ``nodes`` gives tags of nodes by index.
    ``signs`` are turn restrictions: streets in order, each with whether it is driven ahead, and a rule.
    """
    xy = np.asarray(places_m, dtype=np.float64).reshape(-1, 2)
    names = ("", *sorted({str(s["name"]) for s in streets if s.get("name")}))
    start, points, ids = [0], [], []
    for e, street in enumerate(streets):
        via = [tuple(map(float, p)) for p in street.get("via", ())]
        points += [tuple(xy[street["u"]]), *via, tuple(xy[street["v"]])]
        ids += [100 + street["u"], *(10_000 + 100 * e + i for i in range(len(via))), 100 + street["v"]]
        start.append(len(ids))
    arrays: dict[str, Any] = {
        key: np.array([street.get(key, default) for street in streets], dtype=kind)
        for key, (default, kind) in _EDGE_DEFAULTS.items()
    }
    for key, (default, kind) in _NODE_DEFAULTS.items():
        arrays[key] = np.full(len(xy), default, dtype=kind)
        for node, tags in (nodes or {}).items():
            if key in tags:
                arrays[key][node] = tags[key]
    return StreetNetwork(
        node_id=np.arange(len(xy), dtype=np.int64) + 100,
        node_xy_m=xy,
        edge_u=np.array([s["u"] for s in streets], dtype=np.int64),
        edge_v=np.array([s["v"] for s in streets], dtype=np.int64),
        way_id=np.arange(len(streets), dtype=np.int64) + 1000,
        name_index=np.array([names.index(s.get("name", "")) for s in streets], dtype=np.int64),
        shape_start=np.array(start, dtype=np.int64),
        shape_xy_m=np.array(points, dtype=np.float64).reshape(-1, 2),
        shape_node=np.array(ids, dtype=np.int64),
        restriction_start=np.cumsum([0, *(len(driven) for driven, _ in signs)], dtype=np.int64),
        restriction_edge=np.array([e for driven, _ in signs for e, _ in driven], dtype=np.int64),
        restriction_ahead=np.array([ahead for driven, _ in signs for _, ahead in driven], dtype=bool),
        restriction_rule=np.array([rule for _, rule in signs], dtype=np.uint8),
        names=names,
        **arrays,
    )
