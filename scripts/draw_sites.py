"""Draw the sites of plans: ``python -m scripts.draw_sites OUT.png AREA,LON,LAT,THREAT ...``.

The pictures in ``docs/`` are made by this; ``AREA`` is the name of an area or an OpenStreetMap file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from shapely.geometry.base import BaseGeometry

from benchmarks.__main__ import open_or_import
from planner import packs
from planner.area import Area, geometries_m
from planner.geo import LonLat
from planner.model import Incident, Plan, Shape, Site
from planner.plan import make_plan
from planner.terms import FIRST_FOOT_CLASS, Purpose, RouteKind, ThreatName, ZoneKind
from planner.words import PURPOSES

_ZONES = {ZoneKind.WARM: ("#E69F00", 0.25), ZoneKind.HOT: ("#D55E00", 0.45)}
_SITES = {
    Purpose.COMMAND_POST: "#0072B2",
    Purpose.STAGING: "#332288",
    Purpose.STAGING_FIRE: "#882255",
    Purpose.STAGING_POLICE: "#332288",
    Purpose.CASUALTY_COLLECTION_FORWARD: "#AA3377",
    Purpose.CASUALTY_COLLECTION: "#CC3311",
    Purpose.AMBULANCE_EXCHANGE: "#CC3311",
    Purpose.EVACUATION: "#117733",
    Purpose.REUNIFICATION: "#44AA99",
    Purpose.REUNIFICATION_BEREAVED: "#44AA99",
    Purpose.MEDIA: "#666666",
    Purpose.HELISPOT: "#000000",
}
_ROUTES = {RouteKind.EGRESS: "#CC3311", RouteKind.TRANSFER: "#AA3377", RouteKind.INGRESS: "#332288"}


def draw(axes: Axes, plan: Plan, area: Area, reach_m: float, title: str) -> None:
    """Draw one plan about the place of attack.

    Parameters
    ----------
    axes : Axes
    plan : Plan
    area : Area
    reach_m : float
        Half the side of the picture.
    title : str
    """
    assert plan.incident.location is not None
    x, y = area.frame.point_m(plan.incident.location)
    window = shapely.box(x - reach_m, y - reach_m, x + reach_m, y + reach_m)
    _base(axes, area, window)
    for zone in sorted(plan.zones, key=lambda zone: zone.zone is ZoneKind.HOT):
        if zone.zone in _ZONES:
            colour, alpha = _ZONES[zone.zone]
            _fill(axes, _in_m(Shape(polygons=(zone.rings,)), area), colour, alpha)
    for perimeter, style in zip(plan.perimeters, ("-", "--"), strict=True):
        for ring in perimeter.rings[:1]:
            axes.plot(*area.frame.to_m(ring).T, style, color="black", linewidth=1.2)
    for route in plan.routes:
        if route.route in _ROUTES:
            axes.plot(*area.frame.to_m(route.line).T, color=_ROUTES[route.route], linewidth=1.0, alpha=0.7)
    for site in plan.sites:
        _site(axes, site, area, window)
    axes.set_xlim(x - reach_m, x + reach_m)
    axes.set_ylim(y - reach_m, y + reach_m)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=9)


def _in_m(shape: Shape, area: Area) -> BaseGeometry:
    return shapely.union_all(shapely.make_valid(np.array(geometries_m(shape, area.frame), dtype=object)))


def _fill(axes: Axes, shape: BaseGeometry, colour: str, alpha: float, edge: str = "none") -> None:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            axes.fill(
                *shapely.get_coordinates(part.exterior).T, facecolor=colour, alpha=alpha, edgecolor=edge
            )


def _base(axes: Axes, area: Area, window: BaseGeometry) -> None:
    shapes = area.buildings.shapes
    for shape in shapes[np.sort(area.buildings.tree.query(window))]:
        _fill(axes, shape, "#b8b2a7", 1.0)
    places = area.places.shapes
    for row in np.sort(area.places.tree.query(window)):
        parking = area.places["kind"][row] == "parking"
        _fill(axes, places[row], "#d9d9f3" if parking else "#dcebd2", 0.6)
    edges = area.network.edges_in_box(window.bounds)
    driven = area.network.road_class[edges] < FIRST_FOOT_CLASS
    for chosen, width in ((edges[driven], 1.0), (edges[~driven], 0.3)):
        lines = [shapely.get_coordinates(line) for line in area.network.lines(chosen)]
        axes.add_collection(LineCollection(lines, colors="#8a8a8a", linewidths=width))


def _site(axes: Axes, site: Site, area: Area, window: BaseGeometry) -> None:
    shape, colour = _in_m(site.shape, area), _SITES[site.purpose]
    first = site.rank == 1
    _fill(axes, shape, colour, 0.75 if first else 0.2, colour if first else "none")
    spot = shape.representative_point()
    if first and window.contains(spot):
        axes.plot(*area.frame.point_m(site.entrance), marker=".", color=colour, markersize=4)
        label = f"{PURPOSES[site.purpose][0]} {site.capacity if site.capacity is not None else '?'}"
        axes.annotate(
            label,
            (spot.x, spot.y),
            xytext=(6, 6),
            textcoords="offset points",
            fontsize=7,
            weight="bold",
            color=colour,
            bbox={"facecolor": "white", "alpha": 0.8, "pad": 0.8, "edgecolor": "none"},
        )


def plan_of(spec: str) -> tuple[Plan, Area]:
    """Plan an incident given as ``AREA,LON,LAT,THREAT``."""
    name, lon, lat, threat = spec.split(",")
    area = open_or_import(name)
    incident = Incident(LonLat(float(lon), float(lat)), ThreatName(threat))
    return make_plan(incident, area, packs.shipped_doctrine()), area


def main(arguments: Sequence[str]) -> int:
    """Draw."""
    out, *specs = arguments
    reach_m = 700.0
    if specs and specs[0].startswith("--reach="):
        reach_m = float(specs.pop(0).split("=")[1])
    figure, rows = plt.subplots(1, len(specs), figsize=(7 * len(specs), 7.4), squeeze=False)
    for axes, spec in zip(rows[0], specs, strict=True):
        plan, area = plan_of(spec)
        draw(axes, plan, area, reach_m, f"{area.name}: {spec.split(',')[3]}")
        for site in plan.sites:
            sys.stdout.write(f"{site.id:32} {site.score:.2f} {site.reason}\n")
        sys.stdout.write("\n")
    figure.tight_layout()
    figure.savefig(Path(out), dpi=80)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
