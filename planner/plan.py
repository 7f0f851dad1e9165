"""From an incident to a plan: the order of decisions. START READING HERE."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from planner.area import Area
from planner.doctrine import Doctrine
from planner.hospitals import send_patients
from planner.model import (
    AreaStamp,
    DoctrineStamp,
    Incident,
    Notice,
    Perimeter,
    Plan,
    Post,
    Shape,
)
from planner.perimeter import TracedPerimeter, trace_perimeters
from planner.routes import Streets, keep_routes_open
from planner.sites import Scene, choose_sites
from planner.terms import Control, NoticeLevel
from planner.zones import Ground, draw_zones

SOFTWARE = f"planner {version('planner')}"


def make_plan(incident: Incident, area: Area, doctrine: Doctrine) -> Plan:
    """Make a whole plan. The same input gives the same plan.

    Parameters
    ----------
    incident : Incident
        What the user has said.
    area : Area
        Where.
    doctrine : Doctrine
        By which numbers.

    Raises
    ------
    IncidentError
        If nothing says where the incident is, or it lies outside the area.
    """
    ground = draw_zones(incident, area, doctrine)
    blocked = blocked_streets(incident, area)

    inner, outer = trace_perimeters(ground, area, doctrine, blocked)

    streets = _streets(ground, inner, outer, area, blocked)
    scene = Scene(ground, inner.polygon_m, outer.polygon_m, inner.posts + outer.posts, streets.closed)
    chosen = choose_sites(incident, scene, area, doctrine)

    inbound = keep_routes_open(chosen.sites, streets, area, doctrine)
    transport = send_patients(incident, chosen.sites, streets, area, doctrine)
    inner_line, inner_posts = _open_gates(inner, inbound.gates | transport.gates, doctrine)
    outer_line, outer_posts = _open_gates(outer, inbound.gates | transport.gates, doctrine)

    return Plan(
        id=_plan_id(incident, area, doctrine),
        software=SOFTWARE,
        incident=incident,
        area=AreaStamp(area.name, area.digest, area.data_date, area.source, area.attribution),
        doctrine=DoctrineStamp(doctrine.name, doctrine.digest),
        zones=ground.zones,
        perimeters=(inner_line, outer_line),
        posts=inner_posts + outer_posts,
        sites=chosen.sites,
        routes=inbound.routes + transport.routes,
        hospitals=transport.hospitals,
        notices=_by_severity(
            _map_notices(area),
            ground.notices,
            inner.notices,
            outer.notices,
            chosen.notices,
            inbound.notices,
            transport.notices,
        ),
        site_officers=chosen.officers,
    )
