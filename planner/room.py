"""Room between the lines: where command and casualties have none, the outer one is set further out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import shapely
from shapely.geometry import Point

from planner import words
from planner.area import Area
from planner.doctrine import Perimeters
from planner.model import Notice
from planner.perimeters.tracing import TracedPerimeter
from planner.routes.driving import Streets
from planner.sites.choosing import ChosenSites
from planner.terms import NoticeLevel, PerimeterName, PostMode, Purpose, RingSize

_BETWEEN = (Purpose.COMMAND_POST, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
"""What belongs between the lines (``domain.md`` F9, 2.5, 2.6)."""
SET_OUT = re.compile(r"It lies (\d+) m instead of ")
"""How a line's reason says how far beyond warm ground it was set: an audit takes it at its word."""
_ON_LINE_M = 1.0
"""Streets that only touch the line of a perimeter are not within it."""
_STEPS = 2
"""Steps in which the outer line is set out."""


@dataclass(frozen=True, eq=False)
class Lines:
    """The two perimeters, and the sites chosen with them: only when they are asked for, as it takes long.

    Parameters
    ----------
    inner, outer : TracedPerimeter
    streets : Streets
    command_without_room : function
        Whether it is sure, before sites are chosen, that the command post alone lies outside.
    choose : function
    """

    inner: TracedPerimeter
    outer: TracedPerimeter
    streets: Streets
    command_without_room: Callable[[], bool]
    choose: Callable[[], ChosenSites]

    @cached_property
    def chosen(self) -> ChosenSites:
        """The sites."""
        return self.choose()


@dataclass(frozen=True)
class Room:
    """How far beyond warm ground the outer line lies, and why.

    Parameters
    ----------
    gap_m : float or None
        None: as doctrine says.
    reason : str
        Sentence for the line's reason, "" where it lies as doctrine says.
    notices : tuple of Notice
    """

    gap_m: float | None = None
    reason: str = ""
    notices: tuple[Notice, ...] = ()

    def told_of(self, outer: TracedPerimeter) -> TracedPerimeter:
        """Return the outer perimeter with the reason why it lies where it does."""
        if not (self.reason or self.notices):
            return outer
        record = replace(outer.record, reason=f"{outer.record.reason}{self.reason}")
        return replace(outer, record=record, notices=(*outer.notices, *self.notices))


def find_room(draw: Callable[[float | None], Lines], size: RingSize, area: Area, rules: Perimeters) -> Room:
    """Set the outer line out as far as it takes for command post, casualties and exchange to lie within.

    Not where it could not be sealed there.

    Parameters
    ----------
    draw : function
        The lines and sites for a gap around warm ground, in metres; None = that of doctrine.
    size : RingSize
        What the user asked for: only the standard ring is set out.
    area : Area
    rules : Perimeters
        ``outer_gap_most_m`` and ``posts_for_room`` say how far, and for how many posts more.
    """
    if size is not RingSize.STANDARD:
        return Room()
    near = draw(None)
    outside = _outside(near)
    best, least, dearest = Room(), len(outside), 0
    for step in range(1, _STEPS + 1):
        if not least:
            break
        gap_m = rules.outer_gap_m + (rules.outer_gap_most_m - rules.outer_gap_m) * step / _STEPS
        wider = draw(gap_m)
        if wider.outer.record.sealed < near.outer.record.sealed or not _more_streets(wider, near, area):
            continue
        left = _outside(wider)
        if len(left) >= least:
            continue
        more = _vehicle_posts(wider) - _vehicle_posts(near)
        if more > rules.posts_for_room:
            dearest = dearest or more
            continue
        gained = _named([purpose for purpose in outside if purpose not in left])
        says = (
            f" It lies {gap_m:.0f} m instead of {rules.outer_gap_m:.0f} m beyond warm ground: nearer in there"
        )
        best, least = Room(gap_m, f"{says} is no room between the lines for the {gained}."), len(left)
    if best.gap_m is None and dearest:
        text = (
            f"There is no room between the lines for the {_named(outside)}: to have them within, the outer "
            f"perimeter takes {words.count(dearest, 'vehicle post')} more"
        )
        return Room(notices=(Notice(NoticeLevel.CAUTION, text, PerimeterName.OUTER.value),))
    return best


def _outside(lines: Lines) -> list[Purpose]:
    """Return for what of that which belongs between the lines the best place found lies outside."""
    if lines.command_without_room():
        return [Purpose.COMMAND_POST]
    shapely.prepare(lines.outer.polygon_m)
    entrances_m = {purpose: lines.chosen.entrance_m(purpose) for purpose in _BETWEEN}
    return [
        purpose
        for purpose, spot_m in entrances_m.items()
        if spot_m is not None and not lines.outer.polygon_m.contains(Point(spot_m))
    ]


def _more_streets(wider: Lines, near: Lines, area: Area) -> bool:
    """Whether any open street lies within the wider outer line and not within the nearer one.

    Every site is reached from a street: where there is none, no site can come to lie within.
    """
    network = area.network
    ground = wider.outer.polygon_m.difference(near.outer.polygon_m.buffer(_ON_LINE_M, quad_segs=2))
    return bool((network.edges_meeting(ground) & network.drivable & ~wider.streets.closed).any())


def _vehicle_posts(lines: Lines) -> int:
    return sum(post.mode is PostMode.VEHICLE for post in lines.outer.posts)


def _named(purposes: list[Purpose]) -> str:
    return words.joined([words.PURPOSES[purpose][1].lower() for purpose in purposes])
