"""Incidents at random places of an area, the same each time: taps, drawn shapes, at the edge, at water."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely

from planner.area import Area
from planner.doctrine import Doctrine
from planner.errors import IncidentError
from planner.ground.zones import Ground, draw_zones
from planner.model import DrawnZone, Incident, Shape
from planner.terms import ObstacleKind, ThreatName

THREATS = ("knife", "handgun", "unknown", "rifle", "vehicle", "fire", "pipe_bomb", "elevated_rifle")
KINDS = ("tap", "drawn", "tap", "edge", "tap", "water")
_NEAR_EDGE_M, _ASIDE_M = 500.0, 60.0


def made_incidents(
    area: Area, doctrine: Doctrine, count: int, seed: int = 1
) -> Iterator[tuple[str, Incident, Ground]]:
    """Yield so many incidents with their kind and ground; what cannot be planned for is passed over."""
    rng = np.random.default_rng(seed)
    spots = {"edge": _edge_spots(area, rng), "water": _water_spots(area, rng)}
    made = tried = 0
    while made < count and tried < 20 * count:
        kind = KINDS[tried % len(KINDS)]
        tried += 1
        among = spots.get(kind)
        if among is None or not len(among):
            among = area.network.node_xy_m
            inside = shapely.contains_xy(area.extent_m.buffer(-2 * _NEAR_EDGE_M), among)
            among = among[inside] if inside.any() else among
        x, y = among[rng.integers(len(among))] + rng.normal(0, _ASIDE_M / 2, 2)
        incident = _incident(kind, float(x), float(y), area, rng, THREATS[made % len(THREATS)])
        try:
            ground = draw_zones(incident, area, doctrine)
        except IncidentError:
            continue
        made += 1
        yield kind, incident, ground


def _incident(kind: str, x: float, y: float, area: Area, rng: np.random.Generator, threat: str) -> Incident:
    if kind != "drawn":
        return Incident(location=area.frame.place(x, y), threat=ThreatName(threat))
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
    reach = rng.uniform(30, 300, len(angle))
    corners = [
        area.frame.place(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reach, angle, strict=True)
    ]
    shape = Shape(polygons=(((*corners, corners[0]),),))
    return Incident(zones=(DrawnZone(shape),), threat=ThreatName(threat))


def _edge_spots(area: Area, rng: np.random.Generator) -> np.ndarray:
    nodes = area.network.node_xy_m
    ring = area.extent_m.boundary
    near = shapely.dwithin(ring, shapely.points(nodes), _NEAR_EDGE_M) & shapely.contains_xy(
        area.extent_m, nodes
    )
    return nodes[near]


def _water_spots(area: Area, rng: np.random.Generator) -> np.ndarray:
    table = area.obstacles
    water = table.shapes[table.among("kind", (ObstacleKind.WATER, ObstacleKind.WATERWAY))]
    lines = [shapely.segmentize(g.boundary if g.geom_type.endswith("Polygon") else g, 50.0) for g in water]
    xy = shapely.get_coordinates(lines) if lines else np.empty((0, 2))
    return xy[shapely.contains_xy(area.extent_m, xy)] if len(xy) else xy
