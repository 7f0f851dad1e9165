"""Inner and outer perimeter: the fewest posts that seal the ground, by minimum cut, and their line."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine
from planner.ground.zones import Ground
from planner.model import Incident, Notice, Perimeter, Post, RingOption
from planner.perimeters.band import JUNCTION_MARGIN_M, Band
from planner.perimeters.exposure import places_to_shun, tell_exposed
from planner.perimeters.foot import NEAR_LINE_M, post_walkers, stand_walkers
from planner.perimeters.post_edits import Wishes, read_wishes
from planner.perimeters.posted_line import draw_posted
from planner.perimeters.posts import write_posts
from planner.perimeters.rings import (
    Counting,
    Ring,
    hold_by_doctrine,
    inner_ground,
    inner_options,
    inner_ring,
    outer_options,
    outer_ring,
)
from planner.perimeters.sparing import draw_sparing
from planner.perimeters.way_off import mark_trapped
from planner.perimeters.wording import perimeter_notices, write_perimeter
from planner.terms import BOMBS, InnerHolds, NoticeLevel, PerimeterName, RingSize, Travel

__all__ = ["JUNCTION_MARGIN_M", "TracedPerimeter", "trace_perimeters"]

Bools = NDArray[np.bool_]

_NOTHING_SAID = Incident()


@dataclass(frozen=True, eq=False)
class TracedPerimeter:
    """A perimeter with what the later steps need of it.

    Parameters
    ----------
    record : Perimeter
        As documents write it, but for its options.
    posts : tuple of Post
        By rank; ids "I1", "I2" ... or "O1", "O2" ...
    post_edges : tuple of int
        The network edge that each post closes, same order as ``posts``.
    polygon_m : Polygon
        In the frame.
    inside : (E,) bool array
        Edges that lie at least in part on the scene's side of the cut.
    notices : tuple of Notice
    options : function
        What other rings would take, worked out when it is asked for: of a line that is only weighed, nobody
        asks.
    """

    record: Perimeter
    posts: tuple[Post, ...]
    post_edges: tuple[int, ...]
    polygon_m: Polygon
    inside: NDArray[np.bool_]
    notices: tuple[Notice, ...]
    options: Callable[[], tuple[RingOption, ...]] = tuple


def trace_perimeters(
    ground: Ground,
    area: Area,
    doctrine: Doctrine,
    blocked: NDArray[np.bool_],
    said: Incident = _NOTHING_SAID,
    gap_m: float | None = None,
) -> tuple[TracedPerimeter, TracedPerimeter]:
    """Trace the inner and the outer perimeter; ``blocked`` edges (E,), closed by the user, need no post.

    The inner one holds the hot zone with its stand-off, or warm ground too where the incident says so; the
    outer one holds warm ground with the gap of doctrine, and the inner perimeter strictly within
    (``domain.md`` 2.3), or with ``gap_m`` where that is given.

    Raises
    ------
    IncidentError
        If there is no ground to hold.
    """
    rules = doctrine.perimeters
    holds = said.inner_holds or hold_by_doctrine(rules)
    held = inner_ground(ground, holds)
    # which line an edit is meant for; nobody asks where there is none
    near = shapely.union_all([ground.danger_m, held]).buffer(rules.outer_gap_m) if said.post_edits else held

    def wishes(name: PerimeterName) -> Wishes:
        return read_wishes(said.post_edits, name, near, area, doctrine)

    feared = (said.threat, *(point.threat for point in said.threats))
    scene = _Scene(ground, area, doctrine, blocked, all(threat in BOMBS for threat in feared))
    mine, theirs = wishes(PerimeterName.INNER), wishes(PerimeterName.OUTER)
    inner = area.memory.once(
        lambda: _inner(held, holds, said.inner_size, mine, scene),
        *("inner perimeter", holds, said.inner_size, mine.key, *scene.key),
    )
    outer = area.memory.once(
        lambda: _outer(inner, said.outer_size, theirs, gap_m, scene),
        *("outer perimeter", inner, said.outer_size, theirs.key, gap_m, *scene.key),
    )
    return inner, outer


def _inner(
    held_m: BaseGeometry, holds: InnerHolds, size: RingSize, wishes: Wishes, scene: _Scene
) -> TracedPerimeter:
    """Trace the inner perimeter, and let it tell what other rings take."""
    rules = scene.doctrine.perimeters
    ring = inner_ring(held_m, size, rules, wishes)
    inner = _trace(ring, held_m, scene)
    posts, polygon_m, counting = inner.posts, inner.polygon_m, scene.counting
    options = cache(lambda: inner_options(posts, polygon_m, scene.ground, ring, holds, size, counting))
    inner = replace(inner, options=options)
    apart = _parts_apart(held_m, rules.stand_off_m)
    if apart > 1:
        text = f"{apart} separate hot zones are held by one inner line: the ground between them is inside it"
        told = Notice(NoticeLevel.CAUTION, text, PerimeterName.INNER.value)
        inner = replace(inner, notices=(*inner.notices, told))
    return inner


def _parts_apart(held_m: BaseGeometry, stand_off_m: float) -> int:
    """Count the parts of ground with its stand-off: ground of one part stays one."""
    parts = shapely.get_num_geometries(held_m)
    return int(parts if parts < 2 else shapely.get_num_geometries(held_m.buffer(stand_off_m)))


def _outer(
    inner: TracedPerimeter, size: RingSize, wishes: Wishes, gap_m: float | None, scene: _Scene
) -> TracedPerimeter:
    """Trace the outer perimeter, and let it tell what other rings take."""
    inner_m, ground, counting = inner.polygon_m, scene.ground, scene.counting
    ring = outer_ring(ground, inner_m, size, scene.doctrine.perimeters, wishes, gap_m)
    outer = _trace(ring, ground.danger_m, scene)
    posts, polygon_m = outer.posts, outer.polygon_m
    options = cache(lambda: outer_options(posts, polygon_m, inner_m, ground, ring, size, counting, gap_m))
    return replace(outer, options=options)


# --- one perimeter ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Scene:
    """What both perimeters are traced on."""

    ground: Ground
    area: Area
    doctrine: Doctrine
    blocked: Bools
    blast: bool
    """Nothing is feared but bombs."""

    @property
    def key(self) -> tuple[Hashable, ...]:
        """The same for the same scene in an area."""
        return self.ground, self.doctrine, np.flatnonzero(self.blocked).tobytes(), self.blast

    @property
    def counting(self) -> Counting:
        """What it takes to count the posts of other rings."""
        return Counting(self.area, self.doctrine.perimeters, self.blocked)


def _trace(ring: Ring, held_m: BaseGeometry, scene: _Scene) -> TracedPerimeter:
    """Trace a ring; ``held_m`` is the ground of danger in it."""
    name, wishes, area, rules = ring.name, ring.wishes, scene.area, scene.doctrine.perimeters
    band = Band.around(ring.core_m, ring.reach_m, area, rules, scene.blocked)
    band = band.keeping_open(wishes.open_edges)
    band = band.shunning(
        area.memory.once(
            lambda: places_to_shun(band.outward_m, scene.ground, area, scene.doctrine),
            *("places to shun", scene.ground, scene.doctrine, band.outward_m.tobytes()),
        )
    )
    band, told = _with_wished_posts(band, wishes, name)
    if name is PerimeterName.OUTER:
        drawn, (fewest, for_line), spared = draw_sparing(band, ring.core_m, area, rules)
        told += spared
    else:
        near, driving = band.narrowed()
        drawn = draw_posted(near, driving, band, ring.core_m, rules, turning=False)
        fewest = len(driving.cut.severed)
        for_line = len(drawn.stands) - fewest
    for_portals = band.spent_on_portals(fewest)
    asked, off = stand_walkers(area.network, drawn.polygon_m, wishes.on_foot)
    told += [_off_the_line(area.network.street(edge), name) for edge in off]
    walkers = post_walkers(
        area.network,
        drawn.polygon_m,
        ring.core_m,
        held_m,
        [stand for stand in drawn.stands if not stand.open],
        asked,
        rules.post_watch_m,
        rules.stand_off_m,
        wishes.open_edges,
    )
    inside = area.network.edges_meeting(drawn.polygon_m)
    inside[drawn.driving.edges] = drawn.driving.touches_inner  # the side of a street is what vehicles find
    public = area.network.timing(Travel.PUBLIC, scene.doctrine.travelling)
    mark_trapped(drawn.stands, area.network, public, inside | scene.blocked)
    stands = [*drawn.stands, *walkers]
    posts, edges = write_posts(stands, name, area.network, area.frame, rules)
    posts, exposed = tell_exposed(posts, name, scene.ground, area, scene.doctrine, blast=scene.blast)
    record = write_perimeter(
        name, drawn, posts, (fewest - for_portals, for_line, for_portals), walkers, area.frame
    )
    notices = (*wishes.notices, *told, *exposed, *perimeter_notices(name, drawn, record, posts, area))
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


def _off_the_line(way: str, name: PerimeterName) -> Notice:
    text = (
        f"No post on foot of the {name} perimeter stands on {way} as marked: it lies off the line. Mark a "
        f"place within {NEAR_LINE_M:.0f} m of the line"
    )
    return Notice(NoticeLevel.DANGER, text, name.value)
