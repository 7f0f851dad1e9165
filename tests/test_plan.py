"""What a whole plan says of the map it was made on."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np

from planner.model import Incident, ThreatPoint
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.unread_notices import unread_notices as notices_of_unread
from planner.streets.unread import UnreadRules
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


def unread_notices(**rules: object) -> list[tuple[str, str]]:
    empty = {name: np.empty(0, dtype=np.int64) for name in ("passage", "speed", "barriers")}
    told = UnreadRules(**{**empty, "turns": np.empty((0, 2), dtype=np.int64), **rules})  # type: ignore[arg-type]
    plan = make_plan(INCIDENT, replace(town(), unread=told), shipped_doctrine())
    return [(n.level.value, n.text) for n in plan.notices if "under conditions" in n.text]


def test_rules_at_times_are_looked_for_where_a_perimeter_needs_no_post() -> None:
    empty, network = np.empty(0, dtype=np.int64), town().network
    rules = UnreadRules(network.way_id[:1], empty, empty, np.empty((0, 2), dtype=np.int64))
    area = replace(town(), unread=rules)
    assert notices_of_unread((), (), area) == ()
    (told,) = notices_of_unread((), (0,), area)
    assert network.street(0) in told.text


def test_streets_driven_or_held_that_have_rules_at_times_are_named() -> None:
    area = town()
    plan = make_plan(INCIDENT, area, shipped_doctrine())
    route = max(plan.routes, key=lambda route: len(set(route.streets)))
    network = area.network
    names = np.array([network.street(edge) for edge in range(network.edge_count)])
    driven = np.unique(network.way_id[names == route.streets[0]])
    post = next(post for post in plan.posts if post.closes)
    everywhere = network.way_id[np.isin(names, [street for r in plan.routes for street in r.streets])]
    held = [stretch[0] for post in plan.posts for stretch in post.closes]
    nameless = network.way_id[np.char.startswith(names.astype(str), "unnamed")]  # a route does not list them
    elsewhere = np.setdiff1d(network.way_id[network.drivable], [*everywhere, *held, *nameless])
    assert len(elsewhere)
    ((level, text),) = unread_notices(passage=driven)
    assert level == "caution"
    assert f"not known here: {route.streets[0]}. Heed" in text
    ((level, text),) = unread_notices(passage=np.array([post.closes[0][0]]))
    assert post.street.split(" at ")[0] in text
    ((level, text),) = unread_notices(speed=driven)
    assert (level, "Speed limits" in text) == ("info", True)
    assert not unread_notices(passage=elsewhere, speed=elsewhere)
    assert not unread_notices()
    assert plan == make_plan(INCIDENT, replace(area, unread=None), shipped_doctrine())


def test_turns_and_barriers_that_a_route_passes_are_named_and_no_others() -> None:
    area, plan = town(), make_plan(INCIDENT, town(), shipped_doctrine())
    network = area.network
    edge_of = {}
    for edge in range(network.edge_count):
        u, v = int(network.node_id[network.edge_u[edge]]), int(network.node_id[network.edge_v[edge]])
        edge_of[u, v] = edge_of[v, u] = edge
    for route in plan.routes:
        edges = [edge_of[pair] for pair in pairwise(route.nodes) if pair in edge_of]
        for (one, other), node in zip(pairwise(edges), route.nodes[1:], strict=False):
            here, there = network.street(one), network.street(other)
            if here != there and len(edges) == len(route.nodes) - 1:
                ways = network.way_id[[one, other]]
                ((_, text),) = unread_notices(turns=ways[None])
                assert f"the turn from {here} into {there}" in text
                assert not unread_notices(turns=np.array([[ways[0], 999]]))
                ((_, text),) = unread_notices(barriers=np.array([node]))
                assert "the barrier on" in text
                return
    raise AssertionError("no route turns")


def test_an_area_that_was_planned_on_goes_to_another_process_and_plans_the_same() -> None:
    area, doctrine = town(), shipped_doctrine()
    plan = make_plan(INCIDENT, area, doctrine)
    sent = pickle.loads(pickle.dumps(area))
    arrays = {name: value for name, value in vars(sent.network).items() if isinstance(value, np.ndarray)}
    assert [name for name, value in arrays.items() if value.flags.writeable] == [], "compiled for anew"
    assert make_plan(INCIDENT, sent, doctrine) == plan


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
