"""Accepted suggestions stand fast, and say when the scene has caught up with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from planner.document import read_incident, read_plan, write_plan
from planner.model import DrawnZone, Incident, Pin, Plan, Shape, Site
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import Purpose, SiteSource, ZoneKind
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE)
SET_AT = "2024-05-14T09:32:00-04:00"


def planned(incident: Incident) -> Plan:
    return make_plan(incident, town(), shipped_doctrine())


def first(plan: Plan) -> dict[Purpose, Site]:
    return {site.purpose: site for site in plan.sites if site.rank == 1}


def accepted(site: Site) -> Pin:
    return Pin(site.purpose, site.shape, site.name, accepted=True, set_at=SET_AT)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(INCIDENT)


def test_all_accepted_at_once_nothing_moves(plan: Plan) -> None:
    pins = tuple(accepted(site) for site in first(plan).values())
    again = planned(replace(INCIDENT, pins=pins))
    assert first(again).keys() == first(plan).keys()
    for purpose, site in first(again).items():
        before = first(plan)[purpose]
        assert site.source is SiteSource.PINNED
        told = ("name", "shape", "entrance", "area_m2", "capacity", "reason", "in_sight", "zone")
        for field in told:
            assert getattr(site, field) == getattr(before, field), f"{purpose}: {field}"
        # Where the best breaks a rule, a notice says so of a suggestion; once accepted, the site itself does.
        assert tuple(c for c in site.cautions if not c.startswith("Accepted: ")) == before.cautions
    assert [post.closes for post in again.posts] == [post.closes for post in plan.posts]
    assert [route.nodes for route in again.routes] == [route.nodes for route in plan.routes]


@pytest.mark.parametrize("purpose", [Purpose.COMMAND_POST, Purpose.STAGING])
def test_one_accepted_leaves_the_others_where_they_were(plan: Plan, purpose: Purpose) -> None:
    again = planned(replace(INCIDENT, pins=(accepted(first(plan)[purpose]),)))
    assert {p: s.shape for p, s in first(again).items()} == {p: s.shape for p, s in first(plan).items()}


def test_an_alternate_can_be_accepted_in_place_of_the_first(plan: Plan) -> None:
    other = next(site for site in plan.sites if site.rank == 2)
    again = first(planned(replace(INCIDENT, pins=(accepted(other),))))[other.purpose]
    assert (again.shape, again.name, again.entrance) == (other.shape, other.name, other.entrance)


def test_a_zone_drawn_over_an_accepted_site_is_told_and_the_site_stays(plan: Plan) -> None:
    post = first(plan)[Purpose.COMMAND_POST]
    hot = DrawnZone(Shape(polygons=post.shape.polygons), ZoneKind.HOT)
    again = planned(replace(INCIDENT, pins=(accepted(post),), zones=(hot,)))
    site = first(again)[Purpose.COMMAND_POST]
    assert (site.shape, site.name) == (post.shape, post.name)
    assert any("in the hot zone" in caution for caution in site.cautions)


def test_documents_keep_what_was_accepted_and_when(plan: Plan) -> None:
    pin = accepted(first(plan)[Purpose.COMMAND_POST])
    again = planned(replace(INCIDENT, pins=(pin,)))
    assert read_incident(write_plan(again)).pins == (pin,)
    assert read_plan(write_plan(again)) == again
