"""What the user did to posts: where one must stand, and which streets no post may close."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine
from planner.errors import IncidentError
from planner.geo import LonLat
from planner.model import Notice, PostEdit
from planner.streets.snapping import Snap
from planner.terms import NoticeLevel, PerimeterName, PostEditKind

Ints = NDArray[np.int64]

_FOOT_NEARER_M = 5.0
"""A way on foot that lies nearer than the next street by more than this is what was meant."""


@dataclass(frozen=True, eq=False)
class Wishes:
    """What the user wants of the posts of one perimeter.

    Parameters
    ----------
    open_edges : (n,) int array
        Streets and ways that no post may close.
    stands : tuple of (int, float)
        Where vehicle posts must stand: the edge, and metres from its ``u`` end.
    on_foot : tuple of (int, float)
        The same of posts on foot, on ways that no vehicle uses.
    notices : tuple of Notice
        How each was understood.
    """

    open_edges: Ints
    stands: tuple[tuple[int, float], ...] = ()
    on_foot: tuple[tuple[int, float], ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def key(self) -> tuple[Hashable, ...]:
        """The same for the same wishes."""
        return self.open_edges.tobytes(), self.stands, self.on_foot, self.notices


NO_WISHES = Wishes(np.empty(0, dtype=np.int64))


def read_wishes(
    edits: Iterable[PostEdit],
    name: PerimeterName,
    inner_ground_m: BaseGeometry,
    area: Area,
    doctrine: Doctrine,
) -> Wishes:
    """Find what the user's edits mean on the streets, for one of the perimeters.

    Parameters
    ----------
    edits : iterable of PostEdit
    name : PerimeterName
    inner_ground_m : geometry
        Edits on it that name no perimeter are for the inner one, others for the outer.
    area : Area
    doctrine : Doctrine

    Raises
    ------
    IncidentError
        If a move has no two places.
    """
    open_edges: list[int] = []
    stands: list[tuple[int, float]] = []
    notices: list[Notice] = []
    for number, edit in enumerate(edits, 1):
        start, end = _places(edit, number)
        if name not in _meant(edit, end, inner_ground_m, area):
            continue
        left, taken = _street(start, area, doctrine), _street(end, area, doctrine)
        if left is None or taken is None:
            notices.append(_nowhere(edit, name, doctrine))
            continue
        if edit.edit in (PostEditKind.ADD, PostEditKind.MOVE):
            stands.append((taken.edge, taken.along_m))
        if edit.edit is not PostEditKind.ADD and (
            edit.edit is not PostEditKind.MOVE or left.edge != taken.edge
        ):
            open_edges.append(left.edge)
        notices.append(
            _understood(edit, name, area.network.street(left.edge), area.network.street(taken.edge))
        )
    standing = {edge for edge, _ in stands}
    kept = sorted({edge for edge in open_edges if edge not in standing})
    driven = tuple(stand for stand in stands if area.network.drivable[stand[0]])
    on_foot = tuple(stand for stand in stands if not area.network.drivable[stand[0]])
    return Wishes(np.array(kept, dtype=np.int64), driven, on_foot, tuple(dict.fromkeys(notices)))


def _places(edit: PostEdit, number: int) -> tuple[LonLat, LonLat]:
    """Return where an edit begins and ends."""
    places = [*edit.shape.points, *(place for line in edit.shape.lines for place in line)]
    if not places or (edit.edit is PostEditKind.MOVE and len(places) < 2):
        raise IncidentError(
            f"post edit {number} does not say where the post goes",
            "Give a move a line from where the post stood to where it is to stand, and others a point",
        )
    return places[0].checked(), places[-1].checked()


def _meant(
    edit: PostEdit, place: LonLat, inner_ground_m: BaseGeometry, area: Area
) -> tuple[PerimeterName, ...]:
    if edit.edit is PostEditKind.OPEN and edit.perimeter is None:
        return tuple(PerimeterName)
    if edit.perimeter is not None:
        return (edit.perimeter,)
    inner = inner_ground_m.intersects(Point(area.frame.point_m(place)))
    return (PerimeterName.INNER if inner else PerimeterName.OUTER,)


def _street(place: LonLat, area: Area, doctrine: Doctrine) -> Snap | None:
    """Return the street that a place means, or the way on foot that lies clearly nearer."""
    network, spot = area.network, [area.frame.point_m(place)]
    (driven,), (walked,) = network.snap(spot, network.drivable), network.snap(spot, ~network.drivable)
    near = [s for s in (driven, walked) if s and s.offset_m <= doctrine.perimeters.blocked_here_m]
    if len(near) == 2:
        return near[1] if near[1].offset_m + _FOOT_NEARER_M < near[0].offset_m else near[0]
    return near[0] if near else None


def _nowhere(edit: PostEdit, name: PerimeterName, doctrine: Doctrine) -> Notice:
    text = (
        f"A mark to {edit.edit} a post does nothing: no street lies within "
        f"{doctrine.perimeters.blocked_here_m:.0f} m of it. Put it on a street"
    )
    return Notice(NoticeLevel.DANGER, text, name.value)


def _understood(edit: PostEdit, name: PerimeterName, left: str, taken: str) -> Notice:
    text = {
        PostEditKind.ADD: f"As you marked, a post of the {name} perimeter stands on {taken}",
        PostEditKind.REMOVE: f"As you marked, no post of the {name} perimeter stands on {left}",
        PostEditKind.MOVE: f"As you marked, the post of the {name} perimeter on {left} stands on {taken}",
        PostEditKind.OPEN: f"As you marked, no post closes {left}",
    }[edit.edit]
    return Notice(NoticeLevel.INFO, text, name.value)
