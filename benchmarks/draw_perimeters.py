"""Draw perimeters of six kinds of place: ``python -m benchmarks.draw_perimeters OUT.png AREA ...``.

The picture in ``docs/perimeters.png`` is made of Montevideo, Three Rivers, Columbus and Porto by this.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

import matplotlib as mpl
import numpy as np
import shapely
from matplotlib.collections import LineCollection
from shapely.geometry.base import BaseGeometry

from benchmarks.__main__ import open_or_import
from planner.area import Area
from planner.doctrine import read_doctrine
from planner.geo import LonLat
from planner.ground.zones import Ground, draw_zones
from planner.model import Incident
from planner.perimeters.tracing import TracedPerimeter, trace_perimeters
from planner.settings import shipped
from planner.terms import PostMode, RoadClass, ThreatName

PLACES = (
    ("columbus", "Grid, Columbus", 39.9612, -83.0007, "handgun"),
    ("montevideo", "At the edge of the map, Montevideo", -34.8170, -56.0291, "handgun"),
    ("porto", "Old town, Porto", 41.1452, -8.6135, "knife"),
    ("columbus", "Cul-de-sacs, Columbus", 40.0261, -82.9141, "handgun"),
    ("porto", "Beside a motorway, Porto", 41.1642, -8.5850, "handgun"),
    ("three", "At the river, Three Rivers", 41.9425, -85.6330, "handgun"),
)
_MARGIN_M = 90.0


def draw_place(ax: Any, area: Area, title: str, incident: Incident) -> None:
    """Draw one incident's zones, lines and posts over the streets."""
    doctrine = read_doctrine(shipped("data", "doctrine.toml"))
    ground = draw_zones(incident, area, doctrine)
    lines = trace_perimeters(ground, area, doctrine, area.network.no_closures(), incident)
    _draw_streets(ax, area, lines[1].polygon_m.buffer(_MARGIN_M).bounds)
    _draw_ground(ax, ground)
    for traced, colour in zip(lines, ("black", "#1040c0"), strict=True):
        _draw_line(ax, area, traced, colour)
    counts = [sum(post.mode is PostMode.VEHICLE for post in traced.posts) for traced in lines]
    ax.set_title(f"{title}: {incident.threat}\n{counts[0]} and {counts[1]} vehicle posts", fontsize=9)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])


def _draw_streets(ax: Any, area: Area, bounds: tuple[float, float, float, float]) -> None:
    network = area.network
    edges = network.edges_in_box(bounds)
    drives = edges[network.drivable[edges]]
    main = drives[network.road_class[drives] <= RoadClass.PRIMARY_LINK]
    for some, colour, width in ((drives, "#b0b0b0", 0.7), (main, "#e0a030", 1.4)):
        ax.add_collection(
            LineCollection([network.shape(int(e))[0] for e in some], colors=colour, linewidths=width)
        )
    ax.set_xlim(bounds[0], bounds[2])
    ax.set_ylim(bounds[1], bounds[3])


def _draw_ground(ax: Any, ground: Ground) -> None:
    for shape, colour in ((ground.warm_m, "#f5c56b"), (ground.hot_m, "#e05a2b")):
        for part in _polygons(shape):
            ax.fill(*np.array(part.exterior.coords).T, fc=colour, alpha=0.45)


def _polygons(shape: BaseGeometry) -> Iterable[Any]:
    return (part for part in shapely.get_parts(shape) if part.geom_type == "Polygon")


def _draw_line(ax: Any, area: Area, traced: TracedPerimeter, colour: str) -> None:
    ax.plot(*np.array(traced.polygon_m.exterior.coords).T, color=colour, lw=1.5)
    for post in traced.posts:
        x, y = area.frame.point_m(post.location)
        vehicle = post.mode is PostMode.VEHICLE
        ax.plot(
            [x], [y], marker="s" if vehicle else "o", ms=4.5 if vehicle else 3,
            color=colour, mfc=colour if vehicle else "white",
        )  # fmt: skip


def main() -> int:
    """Draw those of the six places whose areas are given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.draw_perimeters", description=__doc__)
    parser.add_argument("out")
    parser.add_argument("areas", nargs="+")
    asked = parser.parse_args()
    areas = [open_or_import(area) for area in asked.areas]
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(2, 3, figsize=(15, 10))
    for ax, (start, title, lat, lon, threat) in zip(axes.flat, PLACES, strict=True):
        found = [area for area in areas if area.name.startswith(start)]
        if found:
            draw_place(ax, found[0], title, Incident(location=LonLat(lon, lat), threat=ThreatName(threat)))
    plt.tight_layout(pad=0.5)
    plt.savefig(asked.out, dpi=80)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
