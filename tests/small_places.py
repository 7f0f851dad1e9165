"""Places that hardly have a street: each a made map, built through the importer that real maps take."""

from __future__ import annotations

import math
from collections.abc import Callable

from planner.area import Area
from tests.town import XY, Objects

_STEP_M = 100


def hamlet() -> Area:
    """Fourteen houses along 5 km of main road, and nothing else."""
    made = Objects()
    made.way(_along(-2500, 2500), highway="primary", name="Main Street")
    _houses(made, range(-300, 301, 100))
    return made.settle().area("hamlet")


def desert_town() -> Area:
    """Two highways that meet in a grid of six by five blocks; no house is mapped."""
    made = Objects()
    made.way(_along(-6000, 6000), highway="trunk", name="US 95")
    made.way([(y, x) for x, y in _along(0, 5000)], highway="secondary", name="Airport Road")
    for k in (-300, -200, -100, 100, 200, 300):
        made.way([(k, y) for y in range(-200, 201, 100)], highway="residential", name=f"{k} Street")
    for y in (-200, -100, 100, 200):
        made.way([(x, y) for x in range(-300, 301, 100)], highway="residential", name=f"{y} Avenue")
    return made.settle().area("desert_town")


def cul_de_sac_island() -> Area:
    """A ring of houses in the sea, a causeway of 600 m, and the shore road that it comes from."""
    made = Objects()
    ring = [
        (round(150 * math.cos(k * math.pi / 8), 2), round(150 * math.sin(k * math.pi / 8), 2))
        for k in range(16)
    ]
    made.way([*ring, ring[0]], highway="residential", name="Island Loop")
    made.way([ring[0], (300, 0), (500, 0), (750, 0), (900, 0)], highway="tertiary", name="Causeway")
    made.way([(900, y) for y in range(-1500, 1501, _STEP_M)], highway="tertiary", name="Shore Road")
    for x, y in ((-60, -60), (30, -60), (-60, 30), (30, 30)):
        made.rectangle(x, y, x + 20, y + 15, building="house")
    made.rectangle(220, -1500, 850, -20, natural="water")
    made.rectangle(220, 20, 850, 1500, natural="water")
    return made.settle().area("cul_de_sac_island")


def beach() -> Area:
    """A spit of sand with one road out to its tip and stubs to the water, no house mapped."""
    made = Objects()
    made.way(_along(-1600, 1600), highway="residential", name="Point Road")
    for x in range(-1500, 1600, 300):
        made.way([(x, 0), (x, 60)], highway="service", name=f"Beach Access {x}")
    made.rectangle(-1700, 90, 1600, 900, natural="water")
    made.rectangle(-1700, -900, 1600, -60, natural="water")
    return made.settle().area("beach")


def spit(*, water: bool = True, **last: str) -> Area:
    """A road of 3 km that ends on a beach in the sea; ``last`` are tags of its last 100 m."""
    made = Objects()
    made.way(_along(-1600, 1500), highway="residential", name="Point Road")
    made.way([(1500, 0), (1600, 0)], **{"highway": "residential", "name": "Point Road", **last})
    if water:
        made.rectangle(900, 40, 2600, 900, natural="water")
        made.rectangle(900, -900, 2600, -40, natural="water")
        made.rectangle(1660, -45, 2600, 45, natural="water")
    return made.settle().area("spit")


def only_this() -> Area:
    """A lane of 700 m that is all there is on the map: its perimeters take in every street."""
    made = Objects()
    made.way(_along(-300, 400), highway="residential", name="Only Lane")
    return made.settle().area("only_this")


def _along(west: int, east: int) -> list[XY]:
    return [(x, 0) for x in range(west, east + 1, _STEP_M)]


def _houses(made: Objects, at: range) -> None:
    for x in at:
        made.rectangle(x + 20, 15, x + 35, 27, building="house")
        made.rectangle(x + 50, -27, x + 65, -15, building="house")


SMALL: dict[str, Callable[[], Area]] = {
    one.__name__: one for one in (hamlet, desert_town, cul_de_sac_island, beach)
}
