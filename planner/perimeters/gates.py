"""Gates: which posts open, for whom, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner import words
from planner.doctrine import Perimeters
from planner.geo import Frame
from planner.model import Post, Site
from planner.perimeters.posts import IN_TUNNEL
from planner.terms import Control, PostMode, Purpose

_CASUALTIES = (Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
"""Where casualties are brought, the first of them that the plan has."""
_ON_FOOT = " Every post of this line is on foot: casualties are carried over it, no vehicle passes."
_SHARED = " It is the only gate: keep casualties and evacuees apart in it."


def inner_gates(posts: tuple[Post, ...], sites: tuple[Site, ...], frame: Frame) -> dict[str, str]:
    """Choose the inner posts that open for rescue teams and for evacuees (F4, F6), and say why.

    Two different posts where there are two: evacuees and casualties must not meet. Vehicle posts first; where
    there is none, a post on foot. None in a tunnel, where there is another.
    """
    shut = never_gates(posts)
    posts = tuple(post for post in posts if post.id not in shut)
    chosen: dict[str, str] = {}
    site = next((s for p in _CASUALTIES for s in sites if s.purpose is p and s.rank == 1), None)
    if site is not None and posts:
        post = _nearest(_vehicles_first(posts), site, frame)
        what = (
            "collection point" if site.purpose is Purpose.CASUALTY_COLLECTION else "ambulance exchange point"
        )
        why = f"Gate for rescue teams and casualties: the nearest to the {what}."
        chosen[post.id] = why + (_ON_FOOT if post.mode is PostMode.FOOT else "")
    site = next((s for s in sites if s.purpose is Purpose.EVACUATION and s.rank == 1), None)
    if site is not None and posts:
        free = tuple(post for post in posts if post.id not in chosen)
        post = _nearest(_vehicles_first(free or posts), site, frame)
        before = f"{chosen[post.id]}{_SHARED} " if post.id in chosen else ""
        chosen[post.id] = before + _lane(post, site, frame)
    return chosen


def never_gates(posts: Sequence[Post]) -> frozenset[str]:
    """Name the posts in tunnels, as long as others can open: nobody is led out by a tunnel."""
    shut = frozenset(post.id for post in posts if IN_TUNNEL in post.reason)
    return shut if len(shut) < len(posts) else frozenset()


def _lane(post: Post, site: Site, frame: Frame) -> str:
    """Describe the one way of evacuees: gate, search point, evacuation area."""
    away_m = float(np.hypot(*(frame.to_m([post.location]) - frame.to_m([site.entrance]))[0]))
    straight = f"{words.distance(away_m, words.METRES)} in a straight line"
    return (
        f"Gate for evacuees, one lane with a search point: this gate {post.id} -> search point on "
        f"{post.street}, outside the line -> evacuation area {site.id}, {site.name} ({straight}). Send "
        "evacuees out nowhere else, and search all before they go on."
    )


def _vehicles_first(posts: tuple[Post, ...]) -> tuple[Post, ...]:
    return tuple(post for post in posts if post.mode is PostMode.VEHICLE) or posts


def _nearest(posts: tuple[Post, ...], site: Site, frame: Frame) -> Post:
    away_m = np.hypot(*(frame.to_m([p.location for p in posts]) - frame.to_m([site.entrance])).T)
    return posts[int(np.argmin(away_m))]


def open_gates(posts: tuple[Post, ...], why: Mapping[str, str], rules: Perimeters) -> tuple[Post, ...]:
    """Turn the named posts into gates, with the officers that a gate needs."""
    return tuple(
        replace(
            post,
            control=Control.GATE,
            officers=max(post.officers, rules.officers_gate),
            reason=f"{post.reason} {why[post.id]}",
        )
        if post.id in why
        else post
        for post in posts
    )
