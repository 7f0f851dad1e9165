"""The plan as the map draws it: all of it, as plain records, small."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from planner import words
from planner.document import read_incident
from planner.geo import LonLat
from planner.model import Closure, FieldRoad, Incident, Pin, Plan, Shape
from planner.packs import shipped_doctrine
from planner.perimeters.exposure import IN_VIEW
from planner.plan import make_plan
from planner.ui.layers import map_layers
from planner.ui.map import packed
from tests.strategies import plans
from tests.town import town

TOWN = town()


@pytest.fixture(scope="module")
def plan() -> Plan:
    blocked = Closure(Shape(points=(TOWN.frame.place(-397, -150),)))
    road = FieldRoad(Shape(lines=((TOWN.frame.place(-396, -250), TOWN.frame.place(-305, -250)),)))
    incident = Incident(location=TOWN.frame.place(0, 0), closures=(blocked,), field_roads=(road,))
    return make_plan(incident, TOWN, shipped_doctrine())


def test_no_metres_are_left_in_the_words_for_those_who_think_in_feet(plan: Plan) -> None:
    metric, feet = (json.dumps(map_layers(plan, units, TOWN), ensure_ascii=False) for units in words.UNITS)
    in_metres = re.compile(r"\d (m|km|m²)\b")
    assert len(in_metres.findall(metric)) > 10
    assert in_metres.findall(feet) == []


@settings(max_examples=30)
@given(plans, st.sampled_from(words.UNITS))
def test_the_map_gets_all_that_is_drawn_as_plain_json(plan: Plan, units: str) -> None:
    bare = replace(plan, incident=replace(plan.incident, closures=(), field_roads=()))
    layers = json.loads(json.dumps(map_layers(bare, units, TOWN), allow_nan=False))
    assert layers["id"] == plan.id
    assert len(layers["zones"]) == len(plan.zones)
    assert [post["label"] for post in layers["posts"]] == [post.id for post in plan.posts]
    assert [post["label"] for post in layers["observations"]] == [post.id for post in plan.observations]
    assert len(layers["sites"]) == len(plan.sites)
    assert len(layers["routes"]) == len(plan.routes)
    assert len(layers["hospitals"]) == sum(not place.off_map for place in plan.hospitals)


def test_each_thing_on_the_map_has_an_id_of_its_own_and_words(plan: Plan) -> None:
    layers = map_layers(plan, words.METRES, TOWN)
    things = [
        one for part in layers.values() if isinstance(part, list) for one in part if isinstance(one, dict)
    ]
    ids = [one["id"] for one in things]
    assert len(set(ids)) == len(ids)
    assert {site.id for site in plan.sites} | {post.id for post in plan.posts} <= set(ids)
    assert all(one["title"] and one["lines"] for one in things)


def test_a_post_in_the_line_of_fire_says_so_first_and_once(plan: Plan) -> None:
    told = f"{IN_VIEW} (map estimate): hold it from cover."
    first, *others = plan.posts
    seen = replace(first, reason=f"Closes a street. {told} Gate for evacuees.")
    shown = replace(plan, posts=(seen, *(replace(post, reason="Closes a street.") for post in others)))
    lines = [post["lines"] for post in map_layers(shown, words.METRES, TOWN)["posts"]]
    assert lines[0][0] == told
    assert lines[0][-1] == "Closes a street. Gate for evacuees."
    assert not any(IN_VIEW in line for other in lines[1:] for line in other)


def test_the_map_shows_the_streets_that_a_mark_closes(plan: Plan) -> None:
    (closed,) = map_layers(plan, words.METRES, TOWN)["closed"]
    assert closed["title"] == "Blocked: West Avenue 4"
    (stretch,) = closed["parts"]
    xy = TOWN.frame.to_m([LonLat(*place) for place in stretch])
    assert np.allclose(xy[[0, -1]][:, 0], -400, atol=0.2)


def test_a_site_accepted_on_the_map_is_the_same_ground(plan: Plan) -> None:
    """What the map knows of a suggestion is enough to pin it, to the last decimal."""
    layers = map_layers(plan, words.METRES, TOWN)
    for site, record in zip(plan.sites, layers["sites"], strict=True):
        if not record["shape"]:
            continue
        geometry = {"type": "MultiPolygon", "coordinates": record["shape"]}
        feature = {
            "type": "Feature",
            "properties": {"kind": "pin", "purpose": site.purpose},
            "geometry": geometry,
        }
        document = {"type": "FeatureCollection", "planner": {"schema": "incident/1"}, "features": [feature]}
        (pin,) = read_incident(json.dumps(document)).pins
        assert pin == Pin(site.purpose, site.shape)


def test_what_travels_to_the_map_is_small_and_the_same_each_time(plan: Plan) -> None:
    layers = map_layers(plan, words.METRES, TOWN)
    sent = packed(layers)
    assert sent == packed(json.loads(json.dumps(layers)))
    assert len(sent) < 30_000
    assert json.loads(zlib.decompress(base64.b64decode(sent))) == json.loads(json.dumps(layers))
