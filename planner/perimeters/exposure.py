"""Which posts stand in view of the hot zone: in the line of fire, the officers' own included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.area import Area
from planner.doctrine import Doctrine
from planner.ground.sightline import Walls, seen_by_any, walls_of
from planner.ground.targets import thin
from planner.ground.zones import Ground
from planner.memory import kept_with
from planner.model import Notice, Post
from planner.terms import NoticeLevel, PerimeterName

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

IN_VIEW = "In view of the hot zone"
"""How the reason of an exposed post begins to say so: prints and radio mark it by these words."""
_EYES = 12
"""Points of the hot zone from which places for posts are looked at, before there are posts."""


def in_view(
    xy_m: Floats, ground: Ground, area: Area, doctrine: Doctrine, most: int | None = None
) -> Bools | None:
    """Tell which places can be seen from the hot zone by a person standing there; None where nobody can tell.

    Parameters
    ----------
    xy_m : (n, 2) float array
    ground : Ground
    area : Area
    doctrine : Doctrine
    most : int or None
        Points of the hot zone that are tried at most; all where not given.
    """
    eyes, walls, reach_m = ground.samples_xyz_m, walls_of(area, doctrine.siting), doctrine.siting.sight_m
    if not len(eyes) or not len(xy_m) or not _is_mapped_about(ground, walls, reach_m):
        return None
    points = np.column_stack([xy_m, np.full(len(xy_m), doctrine.siting.person_height_m)])
    eyes = eyes if most is None else thin(eyes, most)
    return seen_by_any(walls, np.arange(len(points) + 1), points, eyes, reach_m)


@kept_with
def _is_mapped_about(ground: Ground, walls: Walls, reach_m: float) -> bool:
    """Whether any building is mapped within reach of the hot zone's points."""
    low, high = (most(ground.samples_xyz_m[:, :2], axis=0) for most in (np.min, np.max))
    return walls.any_within(*(low - reach_m).tolist(), *(high + reach_m).tolist())


def places_to_shun(xy_m: Floats, ground: Ground, area: Area, doctrine: Doctrine) -> Bools:
    """Mask of the places that a few points of the hot zone see: other posts are better, if as few."""
    seen = in_view(xy_m, ground, area, doctrine, _EYES)
    return np.zeros(len(xy_m), dtype=bool) if seen is None else seen


def tell_exposed(
    posts: tuple[Post, ...],
    name: PerimeterName,
    ground: Ground,
    area: Area,
    doctrine: Doctrine,
    *,
    blast: bool = False,
) -> tuple[tuple[Post, ...], tuple[Notice, ...]]:
    """Say at each post that it is in view of the hot zone, and name them all in one notice.

    ``blast``: there is nothing but bombs, so nobody shoots from there or into it.
    """
    if not posts or not len(ground.samples_xyz_m):
        return posts, ()
    xy = area.frame.to_m([post.location for post in posts])
    seen = in_view(xy, ground, area, doctrine)
    if seen is None:
        text = (
            f"Whether posts of the {name} perimeter stand in the line of fire is not known: no buildings are "
            "mapped there. Take cover as if they did"
        )
        return posts, (Notice(NoticeLevel.CAUTION, text, name.value),)
    told = tuple(
        replace(post, reason=f"{post.reason} {IN_VIEW} (map estimate): hold it from cover.")
        if exposed
        else post
        for post, exposed in zip(posts, seen.tolist(), strict=True)
    )
    ids = [post.id for post, exposed in zip(posts, seen.tolist(), strict=True) if exposed]
    return told, _notices("every post" if len(ids) == len(posts) else ", ".join(ids), name, blast)


def _notices(which: str, name: PerimeterName, blast: bool) -> tuple[Notice, ...]:
    if not which:
        return ()
    danger = "where fragments may fly" if blast else "in the line of fire, officers' own included"
    where = f"{name.capitalize()} perimeter, in view of the hot zone (map estimate)"
    text = f"{where}, so {danger}: {which}. Hold from cover"
    return (Notice(NoticeLevel.CAUTION, text, name.value),)
