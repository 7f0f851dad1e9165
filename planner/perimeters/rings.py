"""Rings that can be held: around what, how far the cut may look, and what other rings would take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area
from planner.doctrine import Perimeters
from planner.errors import IncidentError
from planner.ground.zones import Ground
from planner.memory import kept_with
from planner.model import Post, RingOption
from planner.perimeters.band import Band, Sorted
from planner.perimeters.post_edits import NO_WISHES, Wishes
from planner.perimeters.posts import Standing, count_officers
from planner.terms import InnerHolds, PerimeterName, PostMode, RingSize

_BRIDGE_M = 5.0
"""Half the width of the strip that joins separate parts of a core, so that one line can hold them all."""
_TOUCH_M = 0.5
"""A ring without stand-off still lies so far outside the ground that it holds."""
_WORDS = {InnerHolds.HOT: "hot ground alone", InnerHolds.HOT_AND_WARM: "hot and warm ground"}


@dataclass(frozen=True, eq=False)
class Ring:
    """One perimeter to trace: around what, how far the cut may look, and what the user wants of it."""

    name: PerimeterName
    core_m: Polygon
    reach_m: float
    wishes: Wishes


def hold_by_doctrine(rules: Perimeters) -> InnerHolds:
    """Return what the inner perimeter encloses where the incident does not say."""
    return InnerHolds.HOT_AND_WARM if rules.inner_holds_warm else InnerHolds.HOT


def inner_ground(ground: Ground, holds: InnerHolds) -> BaseGeometry:
    """Return the ground that the inner perimeter is there to hold.

    Raises
    ------
    IncidentError
        If there is none.
    """
    first = ground.danger_m if holds is InnerHolds.HOT_AND_WARM else ground.hot_m
    for geometry in (first, ground.hot_m, ground.warm_m, ground.target_m):
        if not geometry.is_empty:
            return geometry
    raise IncidentError(
        "there is no hot or warm ground to hold", "Draw a hot zone or tap the place of the attack"
    )


def inner_ring(held_m: BaseGeometry, size: RingSize, rules: Perimeters, wishes: Wishes = NO_WISHES) -> Ring:
    """Return the inner perimeter to trace: a smaller one gives up its stand-off, a larger looks further."""
    stand_off = 0.0 if size is RingSize.SMALLER else rules.stand_off_m
    core = _one_part(held_m.buffer(max(stand_off, _TOUCH_M)))
    return Ring(PerimeterName.INNER, core, _reach_m(PerimeterName.INNER, size, rules), wishes)


def outer_ring(
    ground: Ground,
    inner_m: Polygon,
    size: RingSize,
    rules: Perimeters,
    wishes: Wishes = NO_WISHES,
    gap_m: float | None = None,
) -> Ring:
    """Return the outer perimeter to trace: a smaller one gives up the block around warm ground.

    ``gap_m``: how far beyond warm ground it lies at least, where not as doctrine says.
    """
    full = rules.outer_gap_m if gap_m is None else gap_m
    gap = rules.min_gap_m if size is RingSize.SMALLER else max(full, rules.min_gap_m)
    wide = _around_danger(ground, gap)
    core = _one_part(wide.union(inner_m.buffer(rules.min_gap_m)))
    return Ring(PerimeterName.OUTER, core, _reach_m(PerimeterName.OUTER, size, rules), wishes)


def _reach_m(name: PerimeterName, size: RingSize, rules: Perimeters) -> float:
    reach_m = rules.inner_reach_m if name is PerimeterName.INNER else rules.outer_reach_m
    return reach_m * (rules.larger_reach if size is RingSize.LARGER else 1.0)


@kept_with
def _around_danger(ground: Ground, gap_m: float) -> BaseGeometry:
    """Return all ground within a distance of danger: rings of several sizes go around the same."""
    return ground.danger_m.buffer(gap_m)


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


# --- other rings --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Counting:
    """What it takes to count the posts of a ring.

    Parameters
    ----------
    area : Area
    rules : Perimeters
    blocked : (E,) bool array
        Streets closed by the user.
    """

    area: Area
    rules: Perimeters
    blocked: NDArray[np.bool_]

    def option(self, ring: Ring, holds: InnerHolds | None, size: RingSize, most: int) -> RingOption:
        """Count the vehicle posts of a ring and their officers.

        The line is not drawn: to have all posts on it, a few more may be taken when it is. Where the ring
        takes ``most`` posts or more, the nearest such ring is not looked for; nor for an inner one, whose
        posts take as many officers anywhere.
        """
        band, driving = self._cut(ring)
        if ring.name is PerimeterName.OUTER and len(driving.cut.severed) < most:
            band, driving = band.narrowed()
        return self._told(ring, driving, holds, size)

    def larger(self, ring: Ring, holds: InnerHolds | None, most: int) -> tuple[RingOption, float] | None:
        """Count those of the nearest ring of fewer posts than ``most``, and how far off the furthest is.

        None where there is no such ring.
        """
        band, driving = self._cut(ring)
        if len(driving.cut.severed) >= most:
            return None
        band, driving = band.narrowed()
        standing = Standing(band.network, driving.cut, band.limit_m, self.rules)
        spots = [standing.on(k, self.rules.motorway_spur_m).xy_m for k in driving.cut.severed.tolist()]
        away_m = float(shapely.distance(ring.core_m, shapely.points(spots)).max()) if spots else 0.0
        return self._told(ring, driving, holds, RingSize.LARGER), away_m

    def _cut(self, ring: Ring) -> tuple[Band, Sorted]:
        band = Band.around(ring.core_m, ring.reach_m, self.area, self.rules, self.blocked)
        band = band.keeping_open(ring.wishes.open_edges)
        return band, band.cut_vehicles()

    def _told(self, ring: Ring, driving: Sorted, holds: InnerHolds | None, size: RingSize) -> RingOption:
        officers = count_officers(driving.cut, ring.name, self.area.network, self.rules)
        return RingOption(holds, size, len(driving.cut.severed), officers, None, "")


def inner_options(
    posts: tuple[Post, ...],
    polygon_m: Polygon,
    ground: Ground,
    ring: Ring,
    holds: InnerHolds,
    size: RingSize,
    counting: Counting,
) -> tuple[RingOption, ...]:
    """Tell what the inner perimeter takes around hot ground and around warm as well, as planned first.

    And where it takes more officers than doctrine's limit, what the next smaller and larger rings do.
    """
    planned = _planned(posts, polygon_m, holds, size, f"As planned, around {_WORDS[holds]}")
    other = InnerHolds.HOT if holds is InnerHolds.HOT_AND_WARM else InnerHolds.HOT_AND_WARM
    options = [planned]
    if not ground.hot_m.is_empty and not ground.warm_m.is_empty:
        there = inner_ring(inner_ground(ground, other), size, counting.rules, ring.wishes)
        option = counting.option(there, other, size, 0)
        gives = (
            "leaves warm ground between the two lines"
            if other is InnerHolds.HOT
            else "holds the ground where rescue teams and evacuees move, too"
        )
        says = f"Around {_WORDS[other]}: {_compared(option, planned)}; {gives}"
        options.append(replace(option, says=says))
    held = inner_ground(ground, holds)
    given_up = (
        f"posts stand at the edge of the ground held, without {counting.rules.stand_off_m:.0f} m stand-off"
    )
    rings = partial(inner_ring, held, rules=counting.rules, wishes=ring.wishes)
    return (*options, *_sizes(posts, planned, ring, rings, given_up, counting))


def outer_options(
    posts: tuple[Post, ...],
    polygon_m: Polygon,
    inner_m: Polygon,
    ground: Ground,
    ring: Ring,
    size: RingSize,
    counting: Counting,
    gap_m: float | None = None,
) -> tuple[RingOption, ...]:
    """Tell what other outer rings take, where this one takes more officers than doctrine's limit."""
    rules = counting.rules
    planned = _planned(posts, polygon_m, None, size, "As planned")
    rings = partial(outer_ring, ground, inner_m, rules=rules, wishes=ring.wishes, gap_m=gap_m)
    given_up = (
        f"{rules.min_gap_m:.0f} m instead of {gap_m or rules.outer_gap_m:.0f} m from warm ground: less room "
        "for the command post, staging and casualties, and posts nearer to the line of fire"
    )
    return (planned, *_sizes(posts, planned, ring, rings, given_up, counting))


def _planned(
    posts: tuple[Post, ...], polygon_m: Polygon, holds: InnerHolds | None, size: RingSize, says: str
) -> RingOption:
    officers = [post.officers for post in posts if post.mode is PostMode.VEHICLE]
    return RingOption(holds, size, len(officers), sum(officers), round(polygon_m.area, 1), says)


def _sizes(
    posts: tuple[Post, ...],
    planned: RingOption,
    ring: Ring,
    ring_of: Callable[[RingSize], Ring],
    given_up: str,
    counting: Counting,
) -> list[RingOption]:
    if sum(post.officers for post in posts) <= counting.rules.ring_officers_most:
        return []
    options = []
    for size in RingSize:
        if size is planned.size:
            continue
        if RingSize.SMALLER in (size, planned.size):
            other = ring_of(size)
        else:  # around the same
            other = replace(ring, reach_m=_reach_m(ring.name, size, counting.rules))
        if size is RingSize.LARGER:
            options.append(_larger(other, planned, counting))
            continue
        option = counting.option(other, planned.holds, size, planned.vehicle_posts)
        what = given_up if size is RingSize.SMALLER else "the distances of doctrine"
        options.append(replace(option, says=f"{size.capitalize()}: {_compared(option, planned)}; {what}"))
    return options


def _larger(ring: Ring, planned: RingOption, counting: Counting) -> RingOption:
    found = counting.larger(ring, planned.holds, planned.vehicle_posts)
    if found is None:
        says = f"Larger: no ring within {ring.reach_m:.0f} m of the ground held takes fewer posts"
        return replace(planned, size=RingSize.LARGER, area_m2=None, says=says)
    option, away_m = found
    what = (
        f"its furthest post stands {away_m:.0f} m from the ground held: more people are shut in, and there "
        "is more ground to search"
    )
    return replace(option, says=f"Larger: {_compared(option, planned)}; {what}")


def _compared(option: RingOption, planned: RingOption) -> str:
    more = option.officers - planned.officers
    than = (
        f"{words.count(abs(more), 'officer')} {'more' if more > 0 else 'fewer'}"
        if more
        else "as many officers"
    )
    posts, officers = (
        words.count(option.vehicle_posts, "vehicle post"),
        words.count(option.officers, "officer"),
    )
    return f"{posts} with {officers}, {than}"
