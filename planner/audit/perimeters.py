"""Do the perimeters hold? Seal, line, nesting, posts: from the document and the raw streets alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from planner import words
from planner.audit.checks import Check, judge, listed
from planner.audit.scene import Scene
from planner.audit.streets import Bools, Ints, RawStreets
from planner.model import Perimeter, Post
from planner.perimeters.wording import OFF_LINE, PASSES
from planner.room import SET_OUT
from planner.terms import InnerHolds, NoticeLevel, PerimeterName, PostMode, RingSize

_ROUNDING_M = 0.5
"""Slack for corners rounded to 7 decimals."""
_AROUND_M = 100.0
_TOUCH_M = 0.1
"""A line that only touches a street, or leaves its junction, does not cross it."""
_ON_LINE_M = 15.0
"""Posts lie on the ring within this (``domain.md`` 2.3, invariants)."""
_ON_STREET_M = 3.0
"""A post stands on a stretch that it closes, within the width of a street."""


def check_perimeters(scene: Scene) -> Iterator[Check]:
    """Judge both perimeters and all posts."""
    for name in PerimeterName:
        line = scene.perimeter(name)
        if line is None:
            yield Check("perimeter", False, f"the plan has no {name} perimeter", name)
            continue
        yield _check_shape(scene, line)
        yield _check_nesting(scene, line)
        yield from _check_seal(scene, line)
        yield _check_crossings(scene, line)
        yield _check_count(scene, line)
        yield _check_ranks(scene, name)
    for post in scene.plan.posts:
        yield _check_post(scene, post)


def _check_shape(scene: Scene, line: Perimeter) -> Check:
    polygon = scene.raw_polygon(line.rings)
    problems = []
    if not polygon.is_valid:
        problems.append(f"the line is no simple ring: {shapely.is_valid_reason(polygon)}")
    if len(line.rings) > 1:
        problems.append("the line has a hole")
    if not scene.area.knows(polygon.buffer(-_ROUNDING_M)) and not _told(scene, line):
        problems.append("it leaves the map, and no notice says so")
    return judge("shape", line.perimeter, problems, f"a simple ring of {polygon.length:.0f} m")


def _told(scene: Scene, line: Perimeter) -> bool:
    """Whether some notice speaks of this perimeter, or of zones that reach the edge of the map."""
    return any(notice.about in (line.perimeter, "zones") for notice in scene.plan.notices)


def _check_nesting(scene: Scene, line: Perimeter) -> Check:
    rules, said = scene.doctrine.perimeters, scene.plan.incident
    held = scene.held_m(line.perimeter)
    smaller = line.perimeter is PerimeterName.INNER and said.inner_size is RingSize.SMALLER
    stand_off = 0.0 if smaller else rules.stand_off_m
    inside = {"hot ground": (scene.hot_m, stand_off)}
    if line.perimeter is PerimeterName.OUTER:
        inside["warm ground"] = (scene.warm_m, 0.0)
        inside["the inner perimeter"] = (scene.held_m(PerimeterName.INNER), rules.min_gap_m)
    elif said.inner_holds is InnerHolds.HOT_AND_WARM:
        inside["warm ground"] = (scene.warm_m, stand_off)
    problems, gaps = [], []
    for what, (ground, least_m) in inside.items():
        if ground.is_empty:
            continue
        gap = _gap_m(held, ground)
        gaps.append(f"{gap:.0f} m outside {what}")
        if gap < least_m - _ROUNDING_M:
            problems.append(f"{what} comes within {gap:.0f} m of the line, {least_m:.0f} m is the rule")
    return judge("nesting", line.perimeter, problems, f"the line runs at least {listed(gaps)}")


def _gap_m(held: BaseGeometry, ground: BaseGeometry) -> float:
    """Least distance from ground to the line around it; negative by how far it sticks out."""
    out = ground.difference(held)
    if out.is_empty:
        return float(held.boundary.distance(ground))
    return -float(shapely.hausdorff_distance(out, held.boundary)) - _ROUNDING_M


# --- the seal -----------------------------------------------------------------------------------


def _check_seal(scene: Scene, line: Perimeter) -> Iterator[Check]:
    """Flood the streets from the ground inside: nothing may come out but through a post."""
    driven = _leaks(scene, line, on_foot=False)
    yield Check("seal", line.sealed and not driven, _seal_detail(scene, line, driven), line.perimeter)
    told = "; ".join(line.leaks)
    problems = []
    if line.sealed and (driven or line.leaks):
        problems.append(f"it says that it is sealed: {listed(driven or line.leaks)} stays open")
    told_danger = any(n.about == line.perimeter and n.level is NoticeLevel.DANGER for n in scene.plan.notices)
    if not line.sealed and not (line.leaks and told_danger):
        problems.append("it is not sealed, and no notice or leak says why")
    fine = "sealed, as it says" if line.sealed else f"not sealed, as it says: {told}"
    yield judge("seal_claim", line.perimeter, problems, fine)
    walked = _leaks(scene, line, on_foot=True)
    yield Check("foot_seal", line.sealed and not walked, _seal_detail(scene, line, walked), line.perimeter)


def _seal_detail(scene: Scene, line: Perimeter, leaks: list[str]) -> str:
    if leaks:
        return f"a way out stays open by {listed(leaks)}"
    if not line.sealed:
        return f"the plan says that it is not sealed: {listed(line.leaks)}"
    posts = len(scene.posts(line.perimeter))
    return f"with {words.count(posts, 'post')} held, no way leads from the ground inside to the outside"


def _leaks(scene: Scene, line: Perimeter, *, on_foot: bool) -> list[str]:
    """Streets by which one gets out although an officer stands at every post."""
    held = scene.held_m(line.perimeter)
    passed = _passing(scene, line.perimeter)
    ways_out = shapely.buffer(scene.streets.lines(passed), _AROUND_M)
    around = shapely.union_all([held.buffer(_AROUND_M), *ways_out])  # whoever leaves this is out
    posts, far = scene.posts(line.perimeter), _beyond(scene, line.perimeter)
    streets = scene.held_at(posts, around, far, on_foot=on_foot)
    usable = np.ones(len(streets.edge), dtype=bool)
    if not on_foot:
        usable = streets.drivable & ~scene.blocked_edges[streets.edge]
    reached = streets.flood(_sources(scene, line, streets, usable), usable, on_foot=on_foot)
    out = np.flatnonzero(reached & ~np.isin(streets.edge, scene.streets.edge[passed]))
    out = out[~_within(streets, held.buffer(_ON_LINE_M), out)]
    if not len(out):
        return []
    crossing = streets.meeting(
        held.boundary, reached & (streets.node >= scene.streets.lowest).all(axis=1)
    )  # held by nobody
    return streets.names(crossing if len(crossing) else out)


def _beyond(scene: Scene, name: PerimeterName) -> frozenset[str]:
    """Return the posts that a notice says stand beyond the line, where a tunnel or bridge passes it."""
    notices = (n.text for n in scene.plan.notices if n.about == name)
    heads = [text.split(" of the ")[0] for text in notices if f": {PASSES}," in text]
    return frozenset(post for head in heads for post in head.split(", "))


def _passing(scene: Scene, name: PerimeterName) -> Ints:
    """Segments that those posts close: whoever is on them comes out at the post, and nowhere else."""
    posts = [scene.closes[post.id] for post in scene.posts(name) if post.id in _beyond(scene, name)]
    segments = np.concatenate([np.empty(0, dtype=np.int64), *posts])
    return np.asarray(segments[scene.streets.drivable[segments]])


def _sources(scene: Scene, line: Perimeter, streets: RawStreets, usable: Bools) -> Ints:
    """Streets inside: on the ground that the line is there to hold, else well inside the line."""
    held = scene.held_m(line.perimeter)
    sources = streets.meeting(_core_m(scene, line), usable)
    if len(sources):
        return sources
    return streets.meeting(held.buffer(-scene.doctrine.perimeters.stand_off_m), usable)


def _core_m(scene: Scene, line: Perimeter) -> BaseGeometry:
    """Return the ground that a line is there to hold."""
    if line.perimeter is not PerimeterName.OUTER:
        return scene.hot_m
    danger, held = scene.danger_m, scene.held_m(line.perimeter)
    # Of ground that is held for room alone, what lies on the line is where its officers stand and watch.
    room = danger.buffer(_set_out_m(line)).intersection(held.buffer(-_ON_LINE_M))
    return shapely.union_all([danger, room, scene.held_m(PerimeterName.INNER)])


def _set_out_m(line: Perimeter) -> float:
    """Return how far beyond warm ground a line says that it was set, 0 where it does not say."""
    told = SET_OUT.search(line.reason)
    return float(told[1]) if told else 0.0


def _wide_core_m(scene: Scene, line: Perimeter) -> BaseGeometry:
    """Return the same with the gap that doctrine keeps around it."""
    rules, said = scene.doctrine.perimeters, scene.plan.incident
    if line.perimeter is PerimeterName.INNER:
        warm = said.inner_holds is InnerHolds.HOT_AND_WARM
        ground = scene.danger_m if warm else scene.hot_m
        return ground.buffer(rules.stand_off_m + _ROUNDING_M)
    gap_m = rules.min_gap_m if said.outer_size is RingSize.SMALLER else rules.outer_gap_m
    gap_m = max(gap_m, _set_out_m(line))
    inner = scene.held_m(PerimeterName.INNER).buffer(rules.min_gap_m + _ROUNDING_M)
    return scene.danger_m.buffer(gap_m + _ROUNDING_M).union(inner)


def _within(streets: RawStreets, ground: BaseGeometry, segments: Ints) -> Bools:
    shapely.prepare(ground)
    ends = streets.xy_m[segments].reshape(-1, 2)
    return np.asarray(shapely.intersects_xy(ground, ends).reshape(-1, 2).all(axis=1))


# --- the line -----------------------------------------------------------------------------------


def _check_crossings(scene: Scene, line: Perimeter) -> Check:
    """See that the line crosses drivable streets only at posts; what passes over or under it is apart."""
    held = scene.held_m(line.perimeter)
    crossing = _crossing(scene, held)
    posts = [post for post in scene.posts(line.perimeter) if post.mode is PostMode.VEHICLE]
    at: dict[int, list[BaseGeometry]] = {}
    for post in posts:
        for segment in scene.closes[post.id].tolist():
            at.setdefault(segment, []).append(scene.point(post.location))
    posted = np.array([segment in at for segment in crossing.tolist()], dtype=bool)
    bare = crossing[~posted]
    kept = _kept_open(scene, line, bare)
    apart = _on_other_level(scene, line, held, bare) & ~kept
    problems = [f"{name} is crossed without a post" for name in scene.streets.names(bare[~kept & ~apart])]
    passed = _passing(scene, line.perimeter)
    posted &= ~(np.isin(crossing, passed) & _raised(scene, crossing))
    for segment, street in zip(crossing[posted].tolist(), scene.streets.lines(crossing[posted]), strict=True):
        spots = shapely.get_parts(shapely.intersection(street, held.boundary))
        far = max(min(p.distance(spot) for p in at[segment]) for spot in spots)
        if far > _ON_LINE_M:
            name = scene.streets.names(np.array([segment]))[0]
            problems.append(f"{name} is crossed {far:.0f} m from its post")
    over = f"; {int(apart.sum())} crossing(s) on another level" if apart.any() else ""
    open_ = f"; kept open by the IC: {listed(scene.streets.names(bare[kept]))}" if kept.any() else ""
    fine = f"it crosses streets at its {words.count(len(posts), 'post')} only{over}{open_}"
    return judge("crossings", line.perimeter, problems, fine)


def _kept_open(scene: Scene, line: Perimeter, crossing: Ints) -> Bools:
    """Tell which streets the user lets no post close: where the plan says that the line leaks there."""
    told = [name in line.leaks for name in map(scene.area.network.street, scene.streets.edge[crossing])]
    return np.array(told, dtype=bool) & scene.left_open[crossing]


def _crossing(scene: Scene, held: BaseGeometry) -> Ints:
    """Return drivable segments on both sides of a line, and not just by what rounding does to it."""
    inside, near = held.buffer(-_TOUCH_M), held.buffer(_TOUCH_M)
    crossing = scene.streets.meeting(inside, scene.streets.drivable & ~scene.blocked)
    shapely.prepare(near)
    return crossing[~shapely.covers(near, scene.streets.lines(crossing))]


def _on_other_level(scene: Scene, line: Perimeter, held: BaseGeometry, crossing: Ints) -> Bools:
    """Tell which crossing streets only pass over or under what the line holds, on another level.

    Such a street is out of reach from inside; and it is a bridge or tunnel itself where it crosses, or,
    followed inside the line, it meets a street of the inside in the plan only, with another layer.
    """
    excused = np.zeros(len(crossing), dtype=bool)
    if not len(crossing):
        return excused
    streets = scene.streets
    closed = scene.closed_by(scene.posts(line.perimeter))
    closed[crossing[_kept_open(scene, line, crossing)]] = True  # else all is in reach, by the way left open
    usable = streets.near(held.buffer(_AROUND_M)) & streets.drivable & ~scene.blocked & ~closed
    wide = _wide_core_m(scene, line)
    reached = streets.flood(streets.meeting(wide.intersection(held), usable), usable)
    within = np.zeros(len(reached), dtype=bool)
    within[streets.meeting(held, usable & ~reached)] = True
    held_streets = streets.meeting(held, reached | closed)
    for k, segment in enumerate(crossing.tolist()):
        if reached[segment]:
            continue
        chain = np.flatnonzero(streets.flood(np.array([segment]), within))
        excused[k] = _raised(scene, np.array([segment])).any() or _passes(scene, chain, held_streets)
    return excused


def _raised(scene: Scene, segments: Ints) -> Bools:
    edge, network = scene.streets.edge[segments], scene.area.network
    return np.asarray((network.layer[edge] != 0) | network.bridge[edge] | network.tunnel[edge])


def _passes(scene: Scene, chain: Ints, others: Ints) -> bool:
    """Whether two sets of streets cross in the plan on different layers."""
    if not len(others):
        return False
    layer = scene.area.network.layer[scene.streets.edge]
    tree = shapely.STRtree(scene.streets.lines(others))
    mine, theirs = tree.query(scene.streets.lines(chain), predicate="intersects")
    return bool((layer[chain[mine]] != layer[others[theirs]]).any())


# --- posts --------------------------------------------------------------------------------------


def _check_count(scene: Scene, line: Perimeter) -> Check:
    posts = scene.posts(line.perimeter)
    officers = sum(post.officers for post in posts)
    problems = []
    if line.posts != len(posts):
        problems.append(f"it says {line.posts} posts, the document has {len(posts)}")
    if line.officers != officers:
        problems.append(f"it says {line.officers} officers, its posts have {officers}")
    return judge(
        "count",
        line.perimeter,
        problems,
        f"{words.count(len(posts), 'post')} with {words.count(officers, 'officer')}, as it says",
    )


def _check_ranks(scene: Scene, name: PerimeterName) -> Check:
    ranks = sorted(post.rank for post in scene.posts(name))
    problems = [] if ranks == list(range(1, len(ranks) + 1)) else [f"ranks are {ranks}"]
    return judge("ranks", name, problems, "ranks run from 1 without a gap")


def _check_post(scene: Scene, post: Post) -> Check:
    spot = scene.point(post.location)
    problems = [
        f"the map has no stretch of way {way} from node {a} to {b}"
        for way, a, b in post.closes
        if scene.streets.stretch(way, a, b) is None
    ]
    closed = scene.closes[post.id]
    if not post.closes:
        problems.append("it closes nothing")
    if len(closed):
        off = float(np.min(shapely.distance(spot, scene.streets.lines(closed))))
        if off > _ON_STREET_M:
            problems.append(f"it stands {off:.0f} m off the street that it closes")
        if post.mode is PostMode.VEHICLE and not scene.streets.drivable[closed].any():
            problems.append("it is a vehicle post on no drivable street")
    danger = scene.danger_m if post.perimeter is PerimeterName.OUTER else scene.hot_m
    if not danger.is_empty and danger.intersects(spot):
        problems.append("it stands on ground of danger")
    held = scene.held_m(post.perimeter)
    off = float(held.boundary.distance(spot)) if not held.is_empty else np.inf
    told = post.id in _beyond(scene, post.perimeter) or any(
        OFF_LINE in n.text and post.id in n.text.split(" of the ")[0].split(", ")
        for n in scene.plan.notices
        if n.about == post.perimeter
    )
    if off > _ON_LINE_M and not told:
        problems.append(f"it stands {off:.0f} m off the {post.perimeter} line")
    return judge(
        "post", post.id, problems, f"on {post.street}, {off:.0f} m from the line, off ground of danger"
    )
