"""Inner and outer perimeter: the fewest posts that seal the ground, by minimum cut, and their line."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.band import JUNCTION_MARGIN_M, Band
from planner.doctrine import Doctrine, Perimeters
from planner.errors import IncidentError
from planner.foot import post_walkers
from planner.model import Incident, Notice, Perimeter, Post
from planner.perimeter_words import perimeter_notices, write_perimeter
from planner.post_edits import NO_WISHES, Wishes, read_wishes
from planner.posted_line import draw_posted
from planner.posts import write_posts
from planner.terms import InnerHolds, NoticeLevel, PerimeterName, RingSize
from planner.zones import Ground

__all__ = ["JUNCTION_MARGIN_M", "TracedPerimeter", "trace_perimeters"]

Bools = NDArray[np.bool_]

_BRIDGE_M = 5.0
"""Half the width of the strip that joins separate parts of a core, so that one line can hold them all."""
_TOUCH_M = 0.5
"""A ring without stand-off still lies so far outside the ground that it holds."""
_NOTHING_SAID = Incident()


@dataclass(frozen=True, eq=False)
class TracedPerimeter:
    """A perimeter with what the later steps need of it.

    Parameters
    ----------
    record : Perimeter
        As documents write it.
    posts : tuple of Post
        By rank; ids "I1", "I2" ... or "O1", "O2" ...
    post_edges : tuple of int
        The network edge that each post closes, same order as ``posts``.
    polygon_m : Polygon
        In the frame.
    inside : (E,) bool array
        Edges that lie at least in part on the scene's side of the cut.
    notices : tuple of Notice
    """

    record: Perimeter
    posts: tuple[Post, ...]
    post_edges: tuple[int, ...]
    polygon_m: Polygon
    inside: NDArray[np.bool_]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, eq=False)
class _Ring:
    """One perimeter to be traced: around what, how far the cut may look, and what the user wants of it."""

    name: PerimeterName
    core_m: Polygon
    reach_m: float
    stand_off_m: float
    wishes: Wishes


def trace_perimeters(
    ground: Ground,
    area: Area,
    doctrine: Doctrine,
    blocked: NDArray[np.bool_],
    said: Incident = _NOTHING_SAID,
) -> tuple[TracedPerimeter, TracedPerimeter]:
    """Trace the inner and the outer perimeter; ``blocked`` edges (E,), closed by the user, need no post.

    The inner one holds the hot zone with its stand-off, or warm ground too where the incident says so; the
    outer one holds warm ground with the gap of doctrine, and the inner perimeter strictly within
    (``domain.md`` 2.3).

    Raises
    ------
    IncidentError
        If there is no ground to hold.
    """
    rules = doctrine.perimeters
    held = inner_ground(ground, said.inner_holds or holds_by_doctrine(rules))
    near = shapely.union_all([ground.hot_m, ground.warm_m, held]).buffer(rules.outer_gap_m)

    def wishes(name: PerimeterName) -> Wishes:
        return read_wishes(said.post_edits, name, near, area, doctrine)

    inner = _trace(
        inner_ring(held, said.inner_size, rules, wishes(PerimeterName.INNER)), area, rules, blocked
    )
    apart = len(shapely.get_parts(held.buffer(rules.stand_off_m)))
    if apart > 1:
        text = f"{apart} separate hot zones are held by one inner line: the ground between them is inside it"
        told = Notice(NoticeLevel.CAUTION, text, PerimeterName.INNER.value)
        inner = replace(inner, notices=(*inner.notices, told))
    ring = outer_ring(ground, inner.polygon_m, said.outer_size, rules, wishes(PerimeterName.OUTER))
    return inner, _trace(ring, area, rules, blocked)


def holds_by_doctrine(rules: Perimeters) -> InnerHolds:
    """Return what the inner perimeter encloses where the incident does not say."""
    return InnerHolds.HOT_AND_WARM if rules.inner_holds_warm else InnerHolds.HOT


def inner_ground(ground: Ground, holds: InnerHolds) -> BaseGeometry:
    """Return the ground that the inner perimeter is there to hold.

    Raises
    ------
    IncidentError
        If there is none.
    """
    hot_and_warm = shapely.union_all([ground.hot_m, ground.warm_m])
    first = hot_and_warm if holds is InnerHolds.HOT_AND_WARM else ground.hot_m
    for geometry in (first, ground.hot_m, ground.warm_m, ground.target_m):
        if not geometry.is_empty:
            return geometry
    raise IncidentError(
        "there is no hot or warm ground to hold", "Draw a hot zone or tap the place of the attack"
    )


def inner_ring(held_m: BaseGeometry, size: RingSize, rules: Perimeters, wishes: Wishes = NO_WISHES) -> _Ring:
    """Return the inner perimeter to trace: a smaller one gives up its stand-off, a larger looks further."""
    stand_off = 0.0 if size is RingSize.SMALLER else rules.stand_off_m
    core = _one_part(held_m.buffer(max(stand_off, _TOUCH_M)))
    reach = rules.inner_reach_m * (rules.larger_reach if size is RingSize.LARGER else 1.0)
    return _Ring(PerimeterName.INNER, core, reach, stand_off, wishes)


def outer_ring(
    ground: Ground, inner_m: Polygon, size: RingSize, rules: Perimeters, wishes: Wishes = NO_WISHES
) -> _Ring:
    """Return the outer perimeter to trace: a smaller one gives up the block around warm ground."""
    gap = rules.min_gap_m if size is RingSize.SMALLER else max(rules.outer_gap_m, rules.min_gap_m)
    wide = shapely.union_all([ground.hot_m, ground.warm_m]).buffer(gap)
    core = _one_part(wide.union(inner_m.buffer(rules.min_gap_m)))
    reach = rules.outer_reach_m * (rules.larger_reach if size is RingSize.LARGER else 1.0)
    return _Ring(PerimeterName.OUTER, core, reach, rules.stand_off_m, wishes)


def _one_part(ground: BaseGeometry) -> Polygon:
    """Join separate parts by narrow strips, nearest first, and fill holes: one line holds them all."""
    parts = sorted(shapely.get_parts(ground), key=lambda p: -p.area)
    whole, rest = parts[0], parts[1:]
    while rest:
        nearest = min(range(len(rest)), key=lambda i: whole.distance(rest[i]))
        part = rest.pop(nearest)
        strip = shapely.shortest_line(whole, part).buffer(_BRIDGE_M)
        whole = shapely.union_all([whole, part, strip])
    biggest = max(shapely.get_parts(whole), key=lambda p: p.area)
    return Polygon(biggest.exterior)


# --- one perimeter ------------------------------------------------------------------------------


def _trace(ring: _Ring, area: Area, rules: Perimeters, blocked: Bools) -> TracedPerimeter:
    name, wishes = ring.name, ring.wishes
    band = Band.around(ring.core_m, ring.reach_m, area, rules, blocked).keeping_open(wishes.open_edges)
    band, told = _with_wished_posts(band, wishes, name)
    band, driving = band.narrowed()
    fewest = len(driving.cut.severed)
    drawn = draw_posted(band, driving, ring.core_m, rules)
    walkers = post_walkers(
        area.network,
        drawn.polygon_m,
        ring.core_m,
        [stand for stand in drawn.stands if not stand.open],
        rules.post_watch_m,
        ring.stand_off_m,
        wishes.open_edges,
    )
    stands = [*drawn.stands, *walkers]
    posts, edges = write_posts(stands, name, area.network, area.frame, rules)
    inside = area.network.edges_meeting(drawn.polygon_m)
    inside[drawn.driving.edges] = drawn.driving.touches_inner  # the side of a street is what vehicles find
    record = write_perimeter(name, drawn, posts, fewest, walkers, area.frame)
    notices = (*wishes.notices, *told, *perimeter_notices(name, drawn, record, stands, area))
    return TracedPerimeter(record, posts, edges, drawn.polygon_m, inside, notices)


def _with_wished_posts(band: Band, wishes: Wishes, name: PerimeterName) -> tuple[Band, list[Notice]]:
    """Set the posts that the user wants, one after the other; say which cannot be."""
    told = []
    for edge, along_m in wishes.stands:
        street, spot = band.network.street(edge), Point(band.network.at(edge, along_m))
        standing = band.standing(edge, along_m)
        if standing is None:
            text = (
                f"No post of the {name} perimeter can stand on {street} as marked: it lies within the ground "
                "to be held, too far out, or is closed to vehicles already. Mark another place"
            )
            told.append(Notice(NoticeLevel.DANGER, text, name.value))
            continue
        if band.core_m.intersects(spot):
            text = (
                f"The place marked on {street} lies within the ground that the {name} perimeter holds: "
                "the post stands at its edge"
            )
            told.append(Notice(NoticeLevel.CAUTION, text, name.value))
        band = standing
    return band, told
