"""Outlines that cross themselves, as hands and other programs draw: what they are taken for, and said."""

from __future__ import annotations

from collections.abc import Iterator

import shapely
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.area import Area, geometries_m
from planner.model import Incident, Notice, Shape
from planner.terms import NoticeLevel

_SLIVER_M2 = 1.0
"""A stroke that runs a little past where it began cuts off no more than this: that is no other outline."""


def enclosed(drawn_m: BaseGeometry) -> BaseGeometry:
    """Return all ground that an outline goes around, less its holes, whether it crosses itself or not.

    A stroke that goes round twice means the whole ground, and a star its middle, too: by the rule of even and
    odd, which is usual, both would be holes. What goes around nothing is the line that it is.
    """
    if drawn_m.is_valid:
        return drawn_m
    ground = shapely.make_valid(drawn_m, method="structure", keep_collapsed=False)
    return shapely.make_valid(drawn_m) if ground.is_empty else ground


def outline_notices(incident: Incident, area: Area) -> tuple[Notice, ...]:
    """Say which closures and pins have outlines that cross themselves; zones say it where they are drawn."""
    marks = [
        (f"'Blocked here' mark {number}", closure.shape, "closures")
        for number, closure in enumerate(incident.closures, start=1)
    ]
    marks += [
        (f"the ground pinned for {pin.purpose.replace('_', ' ')}", pin.shape, f"{pin.purpose}-1")
        for pin in {pin.purpose: pin for pin in incident.pins}.values()
    ]
    return tuple(
        notice
        for what, shape, about in marks
        for polygon_m in geometries_m(Shape(polygons=shape.polygons), area.frame)
        for notice in crossing_notice(what, polygon_m, about)
    )


def crossing_notice(what: str, drawn_m: BaseGeometry, about: str) -> Iterator[Notice]:
    """Say that an outline crosses itself, and what it was taken as; nothing where that is as it was drawn."""
    if drawn_m.is_valid:
        return
    taken = enclosed(drawn_m)
    pieces = int((shapely.area(shapely.get_parts(taken)) >= _SLIVER_M2).sum())
    other_m2 = shapely.make_valid(drawn_m).area  # by even and odd
    if pieces == 0 or (pieces == 1 and abs(other_m2 - taken.area) < _SLIVER_M2):
        return
    ground = "ground" if pieces == 1 else f"{words.count(pieces, 'piece')} of ground"
    text = f"The outline of {what} crosses itself: it was taken as all {ground} within it. Draw it again"
    yield Notice(NoticeLevel.CAUTION, text, about)
