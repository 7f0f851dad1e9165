"""What a whole plan says of the map it was made on."""

from __future__ import annotations

import pickle
from dataclasses import replace

from planner.model import Incident, ThreatPoint
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import RouteKind, ThreatName
from tests.town import CENTRE, town

INCIDENT = Incident(location=CENTRE, threat=ThreatName.KNIFE)


def test_turn_restrictions_and_the_side_of_traffic_are_told_once() -> None:
    area = town()
    assert area.network.restriction_count == 1
    told = [n.text for n in make_plan(INCIDENT, area, shipped_doctrine()).notices if "restriction" in n.text]
    assert told == [
        "Turn restrictions on the map (1) bind the public's routes and cost ambulances time; "
        "traffic keeps right, as the map's roundabouts and divided streets show"
    ]
    left = replace(area, network=replace(area.network, oneway=-area.network.oneway))
    told = [n.text for n in make_plan(INCIDENT, left, shipped_doctrine()).notices if "restriction" in n.text]
    assert told[0].endswith("traffic keeps left, as the map's roundabouts and divided streets show")


def test_an_area_that_was_planned_on_goes_to_another_process_and_plans_the_same() -> None:
    area, doctrine = town(), shipped_doctrine()
    plan = make_plan(INCIDENT, area, doctrine)
    assert make_plan(INCIDENT, pickle.loads(pickle.dumps(area)), doctrine) == plan


def test_a_gate_says_whom_it_lets_through_in_words_for_the_radio() -> None:
    plan = make_plan(INCIDENT, town(), shipped_doctrine())
    reasons = {post.id: post.reason for post in plan.posts}
    passed = [(post, route) for route in plan.routes for post in route.posts_crossed]
    assert any(route.route is RouteKind.EGRESS for _, route in passed)
    assert any(route.route is RouteKind.TRANSFER for _, route in passed)
    whom = {RouteKind.EGRESS: "ambulances to the hospitals", RouteKind.TRANSFER: "ambulances from staging"}
    for post, route in passed:
        assert whom.get(route.route, "") in reasons[post]
    assert not any(route.id in reason for route in plan.routes for reason in reasons.values())


def test_officers_near_a_bomb_are_told_of_fragments_and_of_fire_only_where_somebody_may_shoot() -> None:
    bag = replace(INCIDENT, threat=ThreatName.PIPE_BOMB)
    gunman = ThreatPoint(CENTRE, ThreatName.HANDGUN)
    for incident, danger, other in (
        (bag, "fragments may fly", "line of fire"),
        (replace(bag, threats=(gunman,)), "line of fire", "fragments may fly"),
    ):
        notices = make_plan(incident, town(), shipped_doctrine()).notices
        told = [notice.text for notice in notices if "in view of the hot zone" in notice.text]
        assert told
        assert all(danger in text and other not in text for text in told)
