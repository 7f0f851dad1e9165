"""Would an officer laugh at the lines: ``python -m benchmarks.outlines [--zones N] AREA ...``.

Of random incidents: how long each line is against its convex hull; needles (parts narrower than 15 m and
longer than 30 m that the line runs out and back along, necks with them), and slits (gaps of that size in the
ground held); how long they are in all; and the worst, by the number of the incident.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from benchmarks.__main__ import open_or_import
from benchmarks.made_incidents import made_incidents
from planner.area import Area
from planner.doctrine import read_doctrine
from planner.perimeters.tracing import trace_perimeters
from planner.settings import shipped
from planner.terms import PerimeterName, PostMode

_HALF_M, _LEAST_M = 7.5, 30.0
_WORST = 5


class Shape(NamedTuple):
    """One line: its length by that of its hull, and metres of needles and slits."""

    rough: float
    needles_m: float
    slits_m: float
    posts: int


def shape_of(polygon: Polygon, posts: int) -> Shape:
    """Measure one line, by opening and closing the ground within."""
    opened = polygon.buffer(-_HALF_M).buffer(_HALF_M)
    closed = polygon.buffer(_HALF_M).buffer(-_HALF_M)
    return Shape(
        polygon.length / polygon.convex_hull.length,
        _length_m(polygon.difference(opened.buffer(0.5))),
        _length_m(closed.difference(polygon.buffer(0.5))),
        posts,
    )


def _length_m(lost: BaseGeometry) -> float:
    lengths = shapely.length(shapely.get_parts(lost)) / 2
    return float(lengths[lengths > _LEAST_M].sum())


def rows(area: Area, count: int) -> Iterator[str]:
    """Measure so many incidents; yield the table's rows, one for each perimeter."""
    doctrine = read_doctrine(shipped("data", "doctrine.toml"))
    shapes: dict[PerimeterName, list[Shape]] = {name: [] for name in PerimeterName}
    for _, incident, ground in made_incidents(area, doctrine, count):
        for traced in trace_perimeters(ground, area, doctrine, area.network.no_closures(), incident):
            posts = sum(post.mode is PostMode.VEHICLE for post in traced.posts)
            shapes[traced.record.perimeter].append(shape_of(traced.polygon_m, posts))
    for name, found in shapes.items():
        rough = np.array([shape.rough for shape in found])
        lengths = [shape.needles_m + shape.slits_m for shape in found]
        bad = sorted(((metres, k) for k, metres in enumerate(lengths) if metres), reverse=True)
        cells = (
            area.name,
            name.value,
            len(found),
            sum(shape.posts for shape in found),
            f"{np.median(rough):.3f}",
            f"{np.percentile(rough, 90):.3f}",
            sum(shape.needles_m > 0 for shape in found),
            f"{sum(shape.needles_m for shape in found):.0f}",
            sum(shape.slits_m > 0 for shape in found),
            f"{sum(shape.slits_m for shape in found):.0f}",
            ", ".join(f"{k} ({metres:.0f} m)" for metres, k in bad[:_WORST]),
        )
        yield f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Measure the areas named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.outlines", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo"])
    parser.add_argument("--zones", type=int, default=100)
    asked = parser.parse_args()
    heads = (
        "place | line | zones | posts | line / hull | worst tenth | with needles | m | with slits | m | worst"
    )
    print(f"| {heads} |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for area in map(open_or_import, asked.areas):
        for row in rows(area, asked.zones):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
