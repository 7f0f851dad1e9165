"""From an incident to a plan: the order of decisions. START READING HERE."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import shapely
from numpy.typing import NDArray

from planner import words
from planner.area import Area
from planner.closures import blocked_streets, closure_notices
from planner.doctrine import Doctrine
from planner.field_roads import field_road_notices, with_field_roads
from planner.ground.zones import Ground, draw_zones
from planner.hospitals.sending import send_patients
from planner.memory import one_at_a_time
from planner.model import (
    AreaStamp,
    DoctrineStamp,
    HospitalFact,
    Incident,
    Notice,
    Perimeter,
    Plan,
    Post,
    Route,
)
from planner.outlines import outline_notices
from planner.perimeters.containment import Watched, watch_target
from planner.perimeters.duties import outer_duties
from planner.perimeters.gates import inner_gates, never_gates, open_gates
from planner.perimeters.tracing import TracedPerimeter, trace_perimeters
from planner.room import Lines, find_room
from planner.routes.driving import Driving, PostOnStreet, Streets
from planner.routes.keeping import keep_routes_open
from planner.routes.unread_notices import unread_notices
from planner.sites.between import Between, command_without_room
from planner.sites.choosing import ChosenSites, Scene, choose_sites
from planner.terms import NoticeLevel, PostMode, RouteKind, Travel

_RIM_M = 1.0
"""Streets that only touch the line of a perimeter are not inside it."""

SOFTWARE = f"planner {version('planner')}"


@dataclass(frozen=True, eq=False)
class HeldScene:
    """What is decided before patients are sent: ground, perimeters, sites. From :func:`hold_scene`."""

    area: Area
    ground: Ground
    inner: TracedPerimeter
    outer: TracedPerimeter
    streets: Streets
    chosen: ChosenSites
    watched: Watched


@one_at_a_time
def hold_scene(incident: Incident, area: Area, doctrine: Doctrine) -> HeldScene:
    """Decide all that does not hang on what hospitals say: they say it often, and want an answer at once.

    Raises
    ------
    IncidentError
        If nothing says where the incident is, or it lies outside the area.
    """
    area = with_field_roads(incident.field_roads, area, doctrine)
    area.network.begin(doctrine.travelling)
    said = incident.scene()
    ground = area.memory.once(lambda: draw_zones(said, area, doctrine), "zones", said, doctrine)

    def drawn(said: Incident, gap_m: float | None = None) -> Lines:
        blocked = blocked_streets(said, area, doctrine)
        inner, outer = trace_perimeters(ground, area, doctrine, blocked, said, gap_m)
        streets = area.memory.once(
            lambda: _streets(ground, inner, outer, area, blocked),
            *("streets", ground, inner, outer, np.flatnonzero(blocked).tobytes()),
        )
        posts, shut = inner.posts + outer.posts, never_gates(inner.posts)
        scene = Scene(ground, inner.polygon_m, outer.polygon_m, posts, streets.closed, shut, streets.blocked)

        between = Between(said, scene, area, doctrine)

        def choose_anew() -> ChosenSites:
            Driving(area, streets, doctrine, Travel.EMERGENCY).expect_searches()
            return choose_sites(said, scene, area, doctrine, between)

        def choose() -> ChosenSites:
            return area.memory.once(choose_anew, *("sites", inner, outer, before_patients(said), doctrine))

        return Lines(inner, outer, streets, lambda: command_without_room(between), choose)

    # A street blocked later, a pin, a post moved: none of them sets the whole outer line elsewhere.
    plain = replace(before_patients(incident), closures=(), pins=(), rejects=(), post_edits=())
    room = area.memory.once(
        lambda: find_room(lambda gap_m: drawn(plain, gap_m), incident.outer_size, area, doctrine.perimeters),
        *("room between the lines", plain, doctrine),
    )
    lines = drawn(incident, room.gap_m)
    watched = watch_target(incident, ground, area, doctrine)
    outer = room.told_of(lines.outer)
    return HeldScene(area, ground, lines.inner, outer, lines.streets, lines.chosen, watched)


@one_at_a_time
def make_plan(
    incident: Incident,
    area: Area,
    doctrine: Doctrine,
    hospitals: tuple[HospitalFact, ...] = (),
    told: tuple[Notice, ...] = (),
    held: HeldScene | None = None,
) -> Plan:
    """Make a whole plan. The same input gives the same plan.

    Parameters
    ----------
    incident : Incident
        What the user has said.
    area : Area
        Where.
    doctrine : Doctrine
        By which numbers.
    hospitals : tuple of HospitalFact
        What the installation's hospital tables state: trauma levels, and hospitals beyond the map.
    told : tuple of Notice
        What is wrong with what the installation has at hand; part of the plan.
    held : HeldScene or None
        What was decided for this incident before, if it is the same but for what
        :func:`before_patients` leaves out.

    Raises
    ------
    IncidentError
        If nothing says where the incident is, or it lies outside the area.
    """
    held = held or hold_scene(incident, area, doctrine)
    mapped, area = area, held.area
    ground, inner, outer, streets, chosen = held.ground, held.inner, held.outer, held.streets, held.chosen

    transport = send_patients(incident, chosen.firsts, streets, area, doctrine, hospitals)
    kept = keep_routes_open(chosen.firsts, streets, area, doctrine, transport.ways, transport.corridor)
    chosen = chosen.beside(kept.routes)
    gates = _route_gates(kept.routes) | inner_gates(inner.posts, chosen.sites, area.frame)
    blocked = blocked_streets(incident, area, doctrine)
    owed = outer_duties(inner, outer, gates.keys(), blocked, area, doctrine)
    gates |= dict(owed.gates)
    inner_line, inner_posts = _with_gates(inner, gates, doctrine)
    outer_line, outer_posts = _with_gates(outer, gates, doctrine)

    return Plan(
        id=plan_id(incident, area, doctrine, (hospitals, told)),
        software=SOFTWARE,
        incident=incident,
        area=AreaStamp(area.name, area.digest, area.data_date, area.source, area.attribution),
        doctrine=DoctrineStamp(doctrine.name, doctrine.digest),
        zones=ground.zones,
        perimeters=(inner_line, outer_line),
        posts=inner_posts + outer_posts,
        sites=chosen.sites,
        routes=kept.routes,
        hospitals=transport.hospitals,
        notices=_by_severity(
            told,
            _map_notices(area),
            closure_notices(incident, area, doctrine),
            field_road_notices(incident.field_roads, mapped, doctrine),
            ground.notices,
            outline_notices(incident, area),
            inner.notices,
            outer.notices,
            owed.notices,
            chosen.notices,
            kept.notices,
            unread_notices(kept.ways, (*inner.post_edges, *outer.post_edges), area),
            transport.notices,
            held.watched.notices,
        ),
        site_officers=chosen.officers,
        observations=held.watched.observations,
        ambulances=transport.ambulances,
    )


def before_patients(incident: Incident) -> Incident:
    """Return an incident without what :func:`hold_scene` does not look at: the same for the same scene."""
    return replace(incident.unmarked(), name="", children=None, hospitals=())


def _streets(
    ground: Ground, inner: TracedPerimeter, outer: TracedPerimeter, area: Area, blocked: NDArray[np.bool_]
) -> Streets:
    danger_m = ground.danger_m
    # Also what runs beneath that ground: nobody is sent under a bridge that is not cleared.
    beneath = area.network.edges_meeting(inner.polygon_m.buffer(-_RIM_M, quad_segs=2))
    closed = area.network.edges_meeting(danger_m) | inner.inside | beneath | blocked
    spots_m = [area.frame.to_m([post.location for post in line.posts]).tolist() for line in (inner, outer)]
    lines = area.network.lines(outer.post_edges)
    along_m = shapely.line_locate_point(lines, shapely.points(spots_m[1])) if len(lines) else ()
    ids = (post.id for post in outer.posts)
    posts = tuple(map(PostOnStreet, ids, outer.post_edges, map(float, along_m)))
    cars_m = {
        post.id: (x, y)
        for post, (x, y) in zip(inner.posts, spots_m[0], strict=True)
        if post.mode is PostMode.VEHICLE
    }
    return Streets(closed, posts, danger_m, outer.polygon_m, blocked, cars_m)


_PASSING = {
    RouteKind.EGRESS: "ambulances to the hospitals",
    RouteKind.TRANSFER: "ambulances from staging",
    RouteKind.INGRESS: "arriving units",
    RouteKind.PUBLIC: "families and media",
}
"""Whom a gate lets through, in the order that the officers there are told."""


def _route_gates(routes: tuple[Route, ...]) -> dict[str, str]:
    """Name the posts that a route passes: they open for it; with the reason for the officers there."""
    crossing: dict[str, set[RouteKind]] = {}
    for route in routes:
        for post in route.posts_crossed:
            crossing.setdefault(post, set()).add(route.route)
    return {
        post: f"Gate for {words.joined([text for kind, text in _PASSING.items() if kind in kinds])}."
        for post, kinds in crossing.items()
    }


def _with_gates(
    traced: TracedPerimeter, gates: dict[str, str], doctrine: Doctrine
) -> tuple[Perimeter, tuple[Post, ...]]:
    posts = open_gates(traced.posts, gates, doctrine.perimeters)
    officers = sum(post.officers for post in posts)
    return replace(traced.record, officers=officers, options=traced.options()), posts


def plan_id(incident: Incident, area: Area, doctrine: Doctrine, at_hand: tuple[object, ...]) -> str:
    """Return the id that a plan has, without making it: whoever keeps plans can tell which to make again.

    Parameters
    ----------
    incident : Incident
    area : Area
        With the incident's field roads on it.
    doctrine : Doctrine
    at_hand : tuple
        What :func:`make_plan` takes as ``hospitals`` and ``told``.
    """
    text = repr((incident.unmarked(), area.digest, doctrine.digest, at_hand, SOFTWARE))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_SEVERITY = {NoticeLevel.DANGER: 0, NoticeLevel.CAUTION: 1, NoticeLevel.INFO: 2}


def _by_severity(*groups: tuple[Notice, ...]) -> tuple[Notice, ...]:
    once = dict.fromkeys(notice for group in groups for notice in group)
    return tuple(sorted(once, key=lambda notice: _SEVERITY[notice.level]))


def _map_notices(area: Area) -> tuple[Notice, ...]:
    """Say what the map does not tell. Its age in days is the screen's to say: the core has no clock."""
    if area.data_date:
        text = f"The map shows {area.name} as of {area.data_date}; what has changed since is not known"
    else:
        text = f"The age of the map of {area.name} is not known"
    return (Notice(NoticeLevel.INFO, text, "map"), *_turn_notices(area))


def _turn_notices(area: Area) -> list[Notice]:
    side, count = area.network.driving_side, area.network.restriction_count
    kept, seen = ("left", side.votes_left) if side.left else ("right", side.votes_right)
    why = "as the map's roundabouts and divided streets show" if seen else "which is assumed"
    signs = (
        f"Turn restrictions on the map ({count}) bind the public's routes and cost ambulances time"
        if count
        else "The map shows no turn restrictions"
    )
    return [Notice(NoticeLevel.INFO, f"{signs}; traffic keeps {kept}, {why}", "routes")]
