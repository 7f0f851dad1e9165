"""What is other in a plan than in the one before it, in words: a commander must not have to look for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner import words
from planner.model import Notice, Plan, Post, Site
from planner.routes.changes import route_changes
from planner.terms import NoticeLevel, PerimeterName, Purpose, SiteSource

_NAMED = 4
_NEAR_DEG = 5e-7


def plan_changes(before: Plan, after: Plan) -> tuple[str, ...]:
    """Compare two plans of one incident.

    Parameters
    ----------
    before, after : Plan

    Returns
    -------
    tuple of str
        One line for each thing that is other, most important first; nothing where the plans say the same.
    """
    if before.incident.location != after.incident.location:
        return ("The scene is elsewhere: the whole plan is new",)
    return (
        *_said(before, after),
        *_sealed(before, after),
        *_sites(before, after),
        *route_changes(before, after),
        *_posts(before, after),
        *_patients(before, after),
        *_warned(before, after),
    )


def _said(before: Plan, after: Plan) -> Iterable[str]:
    old, new = before.incident, after.incident
    if old.threat != new.threat:
        yield f"Threat: {words.THREATS[new.threat]}, was {words.THREATS[old.threat]}"
    for threat in new.threats:
        if threat not in old.threats:
            yield f"Further threat: {words.THREATS[threat.threat]}, new"
    for threat in old.threats:
        if threat not in new.threats:
            yield f"Further threat: {words.THREATS[threat.threat]}, not there any more"


def _sealed(before: Plan, after: Plan) -> Iterable[str]:
    for name in PerimeterName:
        was, now = (all(p.sealed for p in plan.perimeters if p.perimeter is name) for plan in (before, after))
        if was is not now:
            yield f"{words.PERIMETERS[name]}: {'sealed now' if now else 'NOT sealed any more'}"


def _sites(before: Plan, after: Plan) -> Iterable[str]:
    old, new = _first(before), _first(after)
    for purpose in Purpose:
        name = words.PURPOSES[purpose][1]
        was, now = old.get(purpose), new.get(purpose)
        if was and not now:
            yield f"{name}: none any more, was {was.name}"
        elif now and not was:
            yield f"{name}: {now.name}, new"
        elif was and now and not _same_place(was, now):
            yield f"{name}: {now.name}, was {'elsewhere there' if now.name == was.name else was.name}"
        elif was and now and was.source is not now.source:
            yield f"{name}: {'set' if now.source is SiteSource.PINNED else 'not set any more'}, {now.name}"


def _first(plan: Plan) -> dict[Purpose, Site]:
    return {site.purpose: site for site in plan.sites if site.rank == 1}


def _same_place(one: Site, other: Site) -> bool:
    """Whether two sites are entered at one place: how their ground is cut may differ by a hair."""
    return all(abs(a - b) <= _NEAR_DEG for a, b in zip(one.entrance, other.entrance, strict=True))


def _posts(before: Plan, after: Plan) -> Iterable[str]:
    # Known by the streets that they close: their numbers change with every line.
    for name in PerimeterName:
        old, new = ({_key(p): p for p in plan.posts if p.perimeter is name} for plan in (before, after))
        added = [post for key, post in new.items() if key not in old]
        gone = [post for key, post in old.items() if key not in new]
        line = words.PERIMETERS[name]
        if added:
            yield f"{line}: {words.count(len(added), 'new post')}: {_named(added)}"
        if gone:
            yield f"{line}: {words.count(len(gone), 'post')} no longer needed: {_named(gone, ids=False)}"
    was, now = before.officers["total"], after.officers["total"]
    if was != now:
        yield f"Officers in all: {now}, was {was}"


def _key(post: Post) -> object:
    return (frozenset(post.closes), post.mode) if post.closes else (post.location, post.mode)


def _named(posts: Sequence[Post], *, ids: bool = True) -> str:
    ranked = sorted(posts, key=lambda post: (post.rank, post.id))
    named = [f"{post.id} {post.street}" if ids else post.street for post in ranked[:_NAMED]]
    more = len(posts) - _NAMED
    return "; ".join(named) + (f"; and {more} more" if more > 0 else "")


def _patients(before: Plan, after: Plan) -> Iterable[str]:
    old = {hospital.identity: hospital.assigned for hospital in before.hospitals}
    for hospital in after.hospitals:
        was, sent = old.get(hospital.identity), hospital.assigned
        if was is not None and was != sent:
            told = f"{sent.red} red, {sent.yellow} yellow, {sent.green} green"
            yield f"{hospital.name}: {told} in the first hour"


def _warned(before: Plan, after: Plan) -> Iterable[str]:
    old, new = _warnings(before), _warnings(after)
    for notice in new:
        if notice not in old:
            yield f"New {notice.level}: {notice.text}"
    gone = sum(notice not in new for notice in old)
    if gone:
        yield f"{words.count(gone, 'caution')} no longer told"


def _warnings(plan: Plan) -> list[Notice]:
    return [notice for notice in plan.notices if notice.level is not NoticeLevel.INFO]
