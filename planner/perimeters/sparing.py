"""Fire stations and hospitals are left out of the outer perimeter where that takes few posts more.

Which can be left out is decided by the cuts, which are cheap; the line is drawn once, around what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon

from planner import words
from planner.area import Area
from planner.doctrine import Perimeters
from planner.memory import kept_with_tables
from planner.model import Notice
from planner.perimeters.band import Band, Sorted
from planner.perimeters.cut import INNER
from planner.perimeters.foot import NEAR_LINE_M
from planner.perimeters.posted_line import Drawn, draw_posted
from planner.table import Table
from planner.terms import NoticeLevel, PerimeterName, PlaceKind

Ints = NDArray[np.int64]

_DRAWINGS = 3
"""So often the line is drawn until it leaves out what it is to, and takes in nothing else: mostly once."""


@dataclass(frozen=True, eq=False)
class _Place:
    """A fire station or hospital that its road may be cut off from.

    Parameters
    ----------
    name, kind : str
        As notices say it.
    edge : int
        The street that its door lies on.
    nodes : (2,) int array
        The ends of that street.
    door : Point
    """

    name: str
    kind: str
    edge: int
    nodes: Ints
    door: Point


def draw_sparing(
    band: Band, core_m: Polygon, area: Area, rules: Perimeters
) -> tuple[Drawn, tuple[int, int], list[Notice]]:
    """Draw the line that leaves fire stations and hospitals out where that takes few posts more.

    Those on the ground that must be held cannot be left out.

    Returns
    -------
    Drawn
    tuple of int
        The fewest posts that can be, and how many more the line took: the others leave places out.
    list of Notice
        What is left out, and what would take too many posts, in the order of the map.
    """
    near, driving = band.narrowed()
    fewest, last = len(driving.cut.severed), band
    drawn = None
    places = dict(enumerate(_owed_a_road(band, area)))
    asked, in_vain = _closed_in(places, driving), set[int]()
    for _ in range(_DRAWINGS):
        spared, told = _leave_out(band, fewest, {k: places[k] for k in sorted(asked - in_vain)}, rules)
        if not spared.counts_alike(last):
            (near, driving), last, drawn = spared.narrowed(), spared, None
        drawn = drawn or draw_posted(near, driving, spared, core_m, rules, turning=True)
        within = {k for k, place in places.items() if drawn.polygon_m.contains(place.door)}
        missed = {k for k in within & told.keys() if told[k].level is NoticeLevel.INFO}
        if within <= asked and not missed:
            break
        asked, in_vain = asked | within, in_vain | missed
    assert drawn is not None
    for_line = len(drawn.stands) - len(driving.cut.severed)
    return drawn, (fewest, for_line), [told[k] for k in sorted(told.keys() - missed)]


def _owed_a_road(band: Band, area: Area) -> list[_Place]:
    """Return the fire stations and hospitals about the band whose doors do not lie on the ground held."""
    network = area.network
    table, spots = _stations_and_hospitals(area)
    near = np.flatnonzero(shapely.dwithin(band.limit_m, spots, NEAR_LINE_M))
    snaps = network.snap(
        shapely.get_coordinates(spots[near]), network.drivable & ~network.tunnel & ~band.blocked
    )
    places = []
    for k, snap in zip(near.tolist(), snaps, strict=True):
        if snap is None or band.core_m.intersects(door := Point(snap.x_m, snap.y_m)):
            continue
        ends = np.array([network.edge_u[snap.edge], network.edge_v[snap.edge]])
        kind = str(table["kind"][k]).replace("_", " ")
        places.append(_Place(str(table["name"][k] or "without a name"), kind, snap.edge, ends, door))
    return places


@kept_with_tables
def _stations_and_hospitals(area: Area) -> tuple[Table, NDArray[np.object_]]:
    """Fire stations and hospitals of the map, and a point on the ground of each."""
    table = area.places_of(PlaceKind.FIRE_STATION.value, PlaceKind.HOSPITAL.value)
    return table, shapely.point_on_surface(table.shapes)


def _closed_in(places: dict[int, _Place], driving: Sorted) -> set[int]:
    """Return which places lie on streets of the inside, from end to end."""
    low, high = driving.sides
    inside = set(driving.edges[(low == INNER) & (high == INNER)].tolist())
    return {k for k, place in places.items() if place.edge in inside}


def _leave_out(
    band: Band, posts: int, places: dict[int, _Place], rules: Perimeters
) -> tuple[Band, dict[int, Notice]]:
    """Leave out one place after the other where that takes few posts more than there are; say so of each."""
    told = {}
    driving = band.cut_vehicles()
    for k, place in places.items():
        without = band.leaving_out(place.nodes)
        trial = without.cut_vehicles()
        more = len(trial.cut.severed) - posts
        if more > rules.posts_for_duty:
            text = f"The outer perimeter closes in the {place.kind} {place.name}: to leave it out takes "
            told[k] = Notice(NoticeLevel.CAUTION, text + _more_posts(more), PerimeterName.OUTER.value)
            continue
        if more > 0 or _closed_in({k: place}, driving):  # else it is left out with another, as it is
            text = f"{place.name} is left outside the outer perimeter: {_more_posts(more)} for it"
            told[k] = Notice(NoticeLevel.INFO, text, PerimeterName.OUTER.value)
        band, posts, driving = without, posts + more, trial
    return band, told


def _more_posts(more: int) -> str:
    return f"{words.count(more, 'vehicle post')} more" if more > 0 else "no post more"
