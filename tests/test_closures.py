"""What "blocked here" closes: the street meant, the whole of it, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point

from planner.closures import blocked_names, blocked_streets, closure_notices
from planner.model import Closure, Incident, Pin, Shape
from planner.outlines import outline_notices
from planner.packs import shipped_doctrine
from planner.terms import NoticeLevel, Purpose
from tests.town import Objects, town


@pytest.fixture(scope="module")
def area():
    return town()


def closed(area, *spots, polygon=False):
    """Names and middles of the streets that a shape through points in metres closes."""
    places = tuple(area.frame.place(x, y) for x, y in spots)
    if polygon:
        shape = Shape(polygons=(((*places, places[0]),),))
    else:
        shape = Shape(points=places) if len(places) == 1 else Shape(lines=(places,))
    mask = blocked_streets(Incident(closures=(Closure(shape),)), area, shipped_doctrine())
    network = area.network
    middles = [network.at(e, network.length_m[e] / 2) for e in mask.nonzero()[0]]
    return {
        (network.street(e), round(x, -1), round(y, -1))
        for e, (x, y) in zip(mask.nonzero()[0], middles, strict=True)
    }


BLOCK = {("West Avenue 4", -400.0, -150.0)}


def test_a_tap_closes_its_street(area):
    assert closed(area, (-397, -150)) == BLOCK


def test_a_tap_far_from_any_street_closes_nothing(area):
    assert closed(area, (-350, -150)) == set()


@pytest.mark.parametrize("aside_m", [0.0, 0.005, -0.005, 3.0, -3.0])
def test_a_line_along_a_street_closes_it_and_not_those_at_its_ends(area, aside_m):
    assert closed(area, (-400 + aside_m, -100), (-400 + aside_m, -200)) == BLOCK


@pytest.mark.parametrize("aside_m", [0.0, 0.005, 3.0])
def test_a_line_along_three_blocks_closes_three_and_no_side_street(area, aside_m):
    found = closed(area, (-400 + aside_m, -100), (-400 + aside_m, -400))
    assert found == {("West Avenue 4", -400.0, y) for y in (-150.0, -250.0, -350.0)}


def test_a_line_across_a_street_closes_it(area):
    assert closed(area, (-410, -150), (-390, -150)) == BLOCK


def test_a_line_that_reaches_no_street_closes_the_nearest(area):
    assert closed(area, (-385, -152), (-385, -148)) == BLOCK


def test_a_shape_closes_what_it_meets(area):
    assert closed(area, (-420, -160), (-380, -160), (-380, -140), (-420, -140), polygon=True) == BLOCK


def test_a_shape_that_crosses_itself_closes_all_that_it_goes_round_and_is_told(area):
    star = [(-400 + 60 * np.cos(t), -150 + 60 * np.sin(t)) for t in np.arange(5) * 4 * np.pi / 5 + 0.3]
    assert closed(area, *star, polygon=True) >= BLOCK
    assert closed(area, (-400, -140), (-400, -160), (-400, -150), polygon=True) == BLOCK  # of no width
    bow = tuple(area.frame.place(x, y) for x, y in ((0, 0), (80, 80), (80, 0), (0, 80)))
    overrun = ((0, 0), (80, 0), (80, 80), (0, 80), (0, -0.3), (0.3, -0.3))
    over = tuple(area.frame.place(x, y) for x, y in overrun)
    tap = Closure(Shape(points=bow[:1]))
    marks = (tap, *(Closure(Shape(polygons=((line,),))) for line in (bow, over)))
    pin = Pin(Purpose.COMMAND_POST, Shape(polygons=((bow,),)))
    found = outline_notices(Incident(closures=marks, pins=(pin,)), area)
    assert [(notice.level, notice.about) for notice in found] == [
        (NoticeLevel.CAUTION, "closures"),
        (NoticeLevel.CAUTION, "command_post-1"),
    ]
    assert "'Blocked here' mark 2 crosses itself: it was taken as all 2 pieces" in found[0].text
    assert found[1].text.startswith("The outline of the ground pinned for command post crosses itself")


def test_nothing_closes_nothing(area):
    assert not blocked_streets(Incident(), area, shipped_doctrine()).any()


def told(area, *spots):
    places = tuple(area.frame.place(x, y) for x, y in spots)
    marks = tuple(Closure(Shape(points=(place,))) for place in places)
    return closure_notices(Incident(closures=marks), area, shipped_doctrine())


def test_every_mark_is_answered_by_the_street_that_it_closes(area):
    (notice,) = told(area, (-397, -150))
    assert notice.level is NoticeLevel.INFO
    assert notice.text == "Blocked: West Avenue 4"


def test_a_mark_that_closes_nothing_is_a_danger_and_says_which(area):
    first, second = told(area, (-397, -150), (-350, -150))
    assert first.level is NoticeLevel.INFO
    assert second.level is NoticeLevel.DANGER
    assert "mark 2 closes nothing" in second.text


def test_a_mark_that_closes_nothing_has_no_street_among_the_names_of_what_is_blocked(area):
    places = tuple(area.frame.place(x, y) for x, y in ((-350, -150), (-397, -150)))
    incident = Incident(closures=tuple(Closure(Shape(points=(place,))) for place in places))
    assert blocked_names(incident, area, shipped_doctrine()) == ("", "West Avenue 4")


def test_a_street_that_the_map_draws_twice_is_closed_twice_and_the_tunnel_below_it_stays_open():
    made = Objects()
    made.way([(0, 0), (200, 0)], highway="residential", name="Twice Street")
    made.way([(0, 0), (70, 0.3), (90, 0.3), (200, 0)], highway="residential", name="Twice Street")
    made.way([(-50, 0), (90, -0.2), (250, 0)], highway="primary", name="Below", tunnel="yes", layer="-1")
    made.way([(200, 0), (300, 0)], highway="residential", name="Onward")
    made.way([(100, 40), (100, -40)], highway="residential", name="Cross Street")
    made.way([(70, 0.3), (70, 40)], highway="residential", name="Side Street")
    place = made.settle().area("twice")
    for x_m in (40, 150):
        at = place.frame.point_m(made.place(x_m, 5))
        found = closed(place, at)
        assert {name for name, _, _ in found} == {"Twice Street"}
        assert len(found) >= 2, "whichever of them the tap is nearest to"
        spot = made.place(x_m, 5)
        mask = blocked_streets(
            Incident(closures=(Closure(Shape(points=(spot,))),)), place, shipped_doctrine()
        )
        here = place.network.edges_meeting(Point(at).buffer(6)) & ~place.network.tunnel
        assert mask[here].all(), "nobody drives past it on the street's other line"


def test_a_line_across_a_street_that_is_drawn_twice_closes_both_where_one_has_a_junction():
    made = Objects()
    made.way([(0, 0), (200, 0)], highway="residential", name="Twice Street")
    made.way([(0, 0), (70, 0.3), (200, 0)], highway="residential", name="Twice Street")
    made.way([(70, 0.3), (70, 140)], highway="residential", name="Side Street")
    made.way([(200, 0), (300, 0)], highway="residential", name="Onward")
    place = made.settle().area("twice")
    found = closed(place, place.frame.point_m(made.place(71, -10)), place.frame.point_m(made.place(71, 6)))
    assert [name for name, _, _ in found] == ["Twice Street"] * 3
