"""Posts in words: what so many officers hold, in which order to staff, and what was changed by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from planner import words
from planner.briefing.measures import in_units
from planner.model import Observation, Perimeter, Plan, Post, RingOption
from planner.perimeters.staffing import (
    FLOW_BASIS,
    ORDER_REASON,
    Staffing,
    staff_posts,
    staffing_order,
    staffing_steps,
)
from planner.terms import Control, PerimeterName, PostMode, RingSize
from planner.ui.panel_parts import on_map, press, tag, why

Json = Mapping[str, Any]

_OPEN_NAMED = 4


def posts(plan: Plan, units: str, officers: int | None, features: Iterable[Json]) -> str:
    """Return the slider, the posts in the order to staff them, and the user's own changes.

    Parameters
    ----------
    plan : Plan
    units : {"m", "ft"}
    officers : int or None
        Officers at hand; None where nobody said: then every post is shown as staffed.
    features : iterable of GeoJSON features
        Of the incident document: the user's edits of posts.
    """
    if not plan.posts:
        watched = _containment(plan.observations, units)
        return f"<h2>Posts</h2><p>This plan has no posts.</p>{_edits(features)}{watched}"
    ordered = staffing_order(plan.posts)
    now = None if officers is None else staff_posts(ordered, officers)
    return (
        f"<h2>Posts</h2>{_slider(ordered, officers)}{_edits(features)}"
        f"{_lists(plan, ordered, now, units)}{_containment(plan.observations, units)}"
    )


def _slider(ordered: Sequence[Post], officers: int | None) -> str:
    """Return "I have k officers": each answer is in the page, so that sliding needs no server."""
    steps = staffing_steps(ordered)
    need = steps[-1].officers
    said = [[step.officers, _holds(step, ordered)] for step in steps]
    have = need if officers is None else min(officers, need)
    now = said[max(k for k, step in enumerate(steps) if step.officers <= have)][1]
    held = words.count(have, "officer")
    said_first = "Not said yet. With " if officers is None else ""
    return (
        '<div class="slider"><label for="officers">I have this many officers for posts</label>'
        f'<input id="officers" type="range" min="0" max="{need}" value="{have}" step="1" data-act="fact" '
        f'data-on="units.officers" aria-describedby="officers-hold" '
        f'aria-valuetext="{escape(held)}" data-steps="{escape(json.dumps(said))}">'
        f'<output id="officers-hold" for="officers">{escape(f"{said_first}{held}: {now}")}</output>'
        f'<div class="acts">{_step("-", -1, "One officer fewer")}{_step("+", 1, "One officer more")}'
        f"{_step(f'ALL {need}', need, 'An officer for every post')}</div>"
        f'<details id="officers-order"><summary>{escape(f"All posts take {need}. Why this order")}'
        f"</summary><p>{escape(ORDER_REASON)} Traffic stopped: the share, {escape(FLOW_BASIS)}, of what "
        "the streets that a line closes carry; less than 100 % is an open line.</p>"
        "</details></div>"
    )


def _step(label: str, step: int, about: str) -> str:
    """Return a button that moves the slider, for a hand that cannot."""
    return (
        f'<button type="button" id="officers-by-{step}" class="act" data-step="{step}" data-of="officers" '
        f'aria-label="{escape(f"{label}: {about}")}">{escape(label)}</button>'
    )


def _holds(step: Staffing, ordered: Sequence[Post]) -> str:
    """Say in plain words what so many officers hold: posts, what they stop, which streets stay open."""
    need = sum(post.officers for post in ordered)
    all_take = f"all take {words.count(need, 'officer')}"
    held = f"{len(step.staffed)} of {words.count(len(ordered), 'post')} staffed; {all_take}"
    if not step.open:
        return f"{held}. Every post is held."
    shares = f"Traffic stopped: {_percent(step.inner)} at the inner line, {_percent(step.outer)} at the outer"
    street = {post.id: post.street for post in ordered}
    named = "; ".join(f"{name} {street[name]}" for name in step.open[:_OPEN_NAMED])
    more = len(step.open) - _OPEN_NAMED
    return f"{held}. {shares}. NOT sealed, open: {named}{f'; and {more} more' if more > 0 else ''}."


def _percent(share: float | None) -> str:
    """Write a share rounded down: what is not sealed never reads as all."""
    return f"{words.UNKNOWN} %" if share is None else f"{int(share * 100)} %"


def _lists(plan: Plan, ordered: Sequence[Post], now: Staffing | None, units: str) -> str:
    lines = {line.perimeter: line for line in plan.perimeters}
    held = None if now is None else frozenset(now.staffed)
    parts = []
    for name in PerimeterName:
        ranked = [post for post in ordered if post.perimeter is name]
        if ranked:
            rows = "".join(_post(post, held, units) for post in ranked)
            title = f"{words.PERIMETERS[name]}: {words.count(len(ranked), 'post')}, staff in this order"
            parts.append(f'<h3>{escape(title)}</h3>{_rings(lines.get(name))}<ol class="posts">{rows}</ol>')
    return "".join(parts)


def _rings(line: Perimeter | None) -> str:
    """Return the other rings that may be taken, the one as planned first."""
    if line is None or len(line.options) < 2:
        return ""
    name = line.perimeter.value
    rows = "".join(
        f"<li>{escape(option.says)}"
        + (
            ""
            if number == 0 or _is_none(option, line.options[0])
            else f'<div class="acts">{_take(name, number, option.says)}</div>'
        )
        + "</li>"
        for number, option in enumerate(line.options)
    )
    return (
        f'<details id="rings-{name}"><summary>Other rings ({len(line.options) - 1})</summary>'
        f'<ul class="sites">{rows}</ul></details>'
    )


def _is_none(option: RingOption, planned: RingOption) -> bool:
    """Whether an option only says that no larger ring takes fewer posts: there is nothing to take."""
    return option.size is RingSize.LARGER and option.vehicle_posts >= planned.vehicle_posts


def _take(name: str, number: int, says: str) -> str:
    return press("ring", f"{name} {number}", "TAKE THIS RING", f"{name} perimeter, {says}")


def _post(post: Post, held: frozenset[str] | None, units: str) -> str:
    state = "" if held is None or post.id in held else '<span class="state missing">NOT STAFFED</span>'
    control = "GATE" if post.control is Control.GATE else "closed"
    foot = ", on foot" if post.mode is PostMode.FOOT else ""
    about = f"post {post.id}, {post.street}"
    acts = press("remove_post", post.id, "NO POST HERE", about) + press(
        "open_street", post.id, "KEEP STREET OPEN", about
    )
    head = f"{tag(post.id, post.perimeter)}{on_map(post.id, post.street, f'post {post.id}')}{state}"
    return (
        f'<li><div class="head">{head}</div>'
        f"{control}{foot}, {words.count(post.officers, 'officer')}"
        f'<details id="{escape(f"post-{post.id}")}"><summary>Why, and change</summary>'
        f'{why(in_units(post.reason, units))}<div class="acts">{acts}</div></details></li>'
    )


def _edits(features: Iterable[Json]) -> str:
    rows = "".join(
        _edit(str(one.get("id", "")), one["properties"])
        for one in features
        if one["properties"].get("kind") == "post_edit"
    )
    return f'<h3>Your changes to posts</h3><ul class="sites">{rows}</ul>' if rows else ""


_EDITS = {"remove": "No post at", "open": "Street stays open at", "add": "Post added", "move": "Post moved"}


def _edit(name: str, told: Json) -> str:
    place = str(told.get("name") or "a place on the map")
    done = _EDITS.get(str(told.get("edit")), "Changed")
    return (
        f"<li><b>{escape(f'{done}: {place}')}</b>"
        f'<div class="acts">{press("drop", name, "UNDO", f"{done} {place}")}</div></li>'
    )


def _containment(observations: Sequence[Observation], units: str) -> str:
    if not observations:
        return ""
    rows = "".join(_observation(post, units) for post in observations)
    officers = words.count(sum(post.officers for post in observations), "officer")
    title = f"Containment: {words.count(len(observations), 'observation post')}, {officers} more"
    return f'<h3>{escape(title)}</h3><ol class="posts">{rows}</ol>'


def _observation(post: Observation, units: str) -> str:
    sees = f"Sees {', '.join(post.sees) or 'part'}"
    return (
        f'<li><div class="head">{tag(post.id, "outer")}'
        f"{on_map(post.id, sees, f'observation post {post.id}')}</div>"
        f"{words.count(post.officers, 'officer')}{why(in_units(post.reason, units))}</li>"
    )
