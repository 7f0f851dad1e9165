"""The printed map beside geopandas and matplotlib drawing the same ground and plan.

The peer draws water, buildings, streets by class, zones, lines, ways and post numbers at the same size; it
places no label clear of another, and draws no grid, names along streets, legend or page.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import geopandas as gpd
import matplotlib as mpl
import shapely
from matplotlib import pyplot as plt

from benchmarks.exports import plan_of
from benchmarks.rows import Row, timed
from planner.area import Area
from planner.exports import Options, export_plan
from planner.exports.map_svg import MapPicture, draw_map
from planner.model import Plan
from planner.table import Table
from planner.terms import ObstacleKind, RoadClass

_MM = (250.0, 190.0)
_TARGET_S = 3.0
_PPI = 200


def measure(area: Area) -> Iterator[Row]:
    """Measure the map as SVG and as PNG, and the one-page brief."""
    mpl.use("agg")
    plan = plan_of(area)
    options = Options(datetime(2024, 5, 14, 9, 32, tzinfo=UTC), valid_min=240)
    picture = draw_map(plan, area, *_MM)
    peer = "geopandas + matplotlib"
    size = f"{len(plan.posts)} posts, 1:{picture.sheet.scale:,}, {len(picture.svg) // 1000} kB"
    yield Row(
        f"map as SVG, {size}",
        timed(lambda: draw_map(plan, area, *_MM), repeat=5),
        peer,
        timed(lambda: _by_matplotlib(plan, area, picture, "svg"), repeat=3),
        _TARGET_S,
    )
    yield Row(
        f"map as PNG with legend, {_PPI} ppi",
        timed(lambda: export_plan(plan, "png", options, area), repeat=5),
        peer,
        timed(lambda: _by_matplotlib(plan, area, picture, "png"), repeat=3),
        _TARGET_S,
    )
    yield Row(
        "brief, one page with map and lists",
        timed(lambda: export_plan(plan, "brief", options, area), repeat=5),
        peer,
        timed(lambda: _by_matplotlib(plan, area, picture, "pdf"), repeat=3),
        _TARGET_S,
        "the peer has the map alone",
    )


def _met(table: Table, bounds_m: tuple[float, float, float, float]) -> gpd.GeoSeries:
    return gpd.GeoSeries(table.shapes[table.tree.query(shapely.box(*bounds_m))])


def _by_matplotlib(plan: Plan, area: Area, picture: MapPicture, form: str) -> bytes:
    west, south, east, north = picture.sheet.bounds_m
    figure, axes = plt.subplots(figsize=(_MM[0] / 25.4, _MM[1] / 25.4), dpi=_PPI)
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    water = _met(area.obstacles.rows(area.obstacles["kind"] == ObstacleKind.WATER), picture.sheet.bounds_m)
    if len(water):
        water.plot(ax=axes, color="#d3e3ec")
    built = _met(area.buildings, picture.sheet.bounds_m)
    if len(built):
        built.plot(ax=axes, color="#dadada", edgecolor="#a8a8a8", linewidth=0.2)
    network = area.network
    shown = network.edges_in_box((west, south, east, north))
    lines = network.lines(shown)
    for road in sorted(set(network.road_class[shown].tolist()), reverse=True):
        chosen = gpd.GeoSeries(lines[network.road_class[shown] == road])
        chosen.plot(ax=axes, color="#777", linewidth=3 if road < RoadClass.SERVICE else 1)
        chosen.plot(ax=axes, color="#fff", linewidth=2 if road < RoadClass.SERVICE else 0.5)
    frame = area.frame
    for zone in plan.zones:
        ground = shapely.make_valid(shapely.Polygon(frame.to_m(zone.rings[0])))
        gpd.GeoSeries([ground]).plot(ax=axes, facecolor="none", edgecolor="#c64a00", hatch="//")
    for line in plan.perimeters:
        axes.plot(*frame.to_m(line.rings[0]).T, color="k", linewidth=2)
    for route in plan.routes:
        axes.plot(*frame.to_m(route.line).T, color="#0064a8", linewidth=3)
    for post in plan.posts:
        x, y = frame.point_m(post.location)
        axes.annotate(post.id, (x, y), fontsize=6, color="w", bbox={"facecolor": "k"})
    written = io.BytesIO()
    figure.savefig(written, format=form)
    plt.close(figure)
    return written.getvalue()
