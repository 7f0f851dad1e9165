"""The printed map: true to scale, whole, readable, and hostile names harmless on it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import shapely
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from planner import words
from planner.errors import ExportError
from planner.exports import map_plan, svg
from planner.exports.labels import Room, box, width_mm
from planner.exports.map_svg import draw_map
from planner.exports.sheet import SCALES, fit_sheet
from planner.geo import Frame, LonLat, usng, usng_grid
from planner.model import AreaStamp, Casualties, DoctrineStamp, Incident, Plan
from planner.terms import Control, RouteKind, ZoneKind
from tests.test_dispatch import HOSTILE, made, with_names

GEOD = Geod(ellps="WGS84")
NOTHING = Plan(
    "x", "s", Incident(), AreaStamp("a", "", "", "", ""), DoctrineStamp("", ""), (), (), (), (), (), (), ()
)


def words_of(picture: str) -> list[str]:
    return [
        node.text or "" for node in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    ]


def test_every_post_and_near_site_is_on_the_map_by_its_name():
    plan, area = made()
    shown = words_of(draw_map(plan, area, 190, 150).svg)
    assert len(plan.posts) > 10
    for post in plan.posts:
        assert shown.count(post.id) == 1
    for said in ("CP", "STAGING", "AEP", "HOT", "WARM", "N", "OUT 1"):
        assert any(text.startswith(said) for text in shown), said


def test_the_scale_is_round_and_true_on_paper():
    plan, area = made()
    picture = draw_map(plan, area, 190, 150)
    sheet = picture.sheet
    assert sheet.scale in SCALES
    assert f"1:{sheet.scale:,}" in words_of(picture.svg)
    west, south, east, north = sheet.bounds_m
    (ax, ay), (bx, by) = sheet.to_mm([(west, south), (east, north)])
    assert (ax, ay, bx, by) == pytest.approx((0, 150, 190, 0))
    corners = [area.frame.place(*corner) for corner in ((west, south), (east, south))]
    assert GEOD.inv(*corners[0], *corners[1])[2] / 190 * 1000 == pytest.approx(sheet.scale, rel=1e-4)


def test_all_ground_lies_on_the_sheet_whatever_its_shape():
    plan, area = made()
    for wide, high in ((190, 150), (150, 250), (400, 90)):
        sheet = fit_sheet(plan, area.frame, wide, high)
        places = [post.location for post in plan.posts] + [
            p for line in plan.perimeters for p in line.rings[0]
        ]
        mm = sheet.to_mm(area.frame.to_m(places))
        assert (mm >= 0).all()
        assert (mm <= [wide, high]).all()


def test_a_plan_that_shows_no_place_is_refused():
    _, area = made()
    with pytest.raises(ExportError, match="no place"):
        draw_map(NOTHING, area, 190, 150)


def test_the_same_plan_gives_the_same_picture():
    plan, area = made()
    assert draw_map(plan, area, 190, 150) == draw_map(plan, area, 190, 150)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    plan, area = made()
    area = replace(area, network=replace(area.network, names=("", *(name for _ in area.network.names[1:]))))
    picture = draw_map(with_names(plan, name), area, 190, 150).svg
    root = ElementTree.fromstring(picture)
    kinds = {node.tag.rsplit("}", 1)[-1] for node in root.iter()}
    assert kinds <= {"svg", "title", "defs", "clipPath", "rect", "g", "path", "text", "circle", "line"}
    attributes = {key for node in root.iter() for key in node.attrib}
    assert not any(key.startswith("on") or "href" in key for key in attributes)
    assert len(picture) < 3_000_000


def test_a_place_without_a_named_street_or_without_any_has_a_map_too():
    plan, area = made()
    nameless = replace(area.network, name_index=np.zeros_like(area.network.name_index))
    shown = words_of(draw_map(plan, replace(area, network=nameless), 190, 150).svg)
    assert "I1" in shown
    assert not any("Street" in text for text in shown)
    far = replace(plan, perimeters=(), posts=(), zones=(), sites=(), routes=())
    far = replace(far, incident=Incident(LonLat(-93.4, 41.3)), observations=())
    assert "N" in words_of(draw_map(far, area, 190, 150).svg)


def test_gates_are_drawn_unlike_closed_posts():
    plan, area = made()
    gates = [post for post in plan.posts if post.control is Control.GATE]
    assert gates
    closed = replace(plan, posts=tuple(replace(post, control=Control.CLOSED) for post in plan.posts))
    round_badges = [draw_map(p, area, 190, 150).svg.count(" rx=") for p in (plan, closed)]
    assert round_badges[0] - round_badges[1] == 2 * len(gates)


def test_arrows_point_the_way_of_travel():
    plan, area = made()
    route = next(route for route in plan.routes if route.route is RouteKind.EGRESS)
    north = replace(route, line=(area.frame.place(0, 0), area.frame.place(0, 200)))
    picture = draw_map(replace(plan, routes=(north,)), area, 190, 150).svg
    head = next(
        line for line in picture.splitlines() if "Z" in line and 'fill="#0064a8"' in line and "<path" in line
    )
    (_, tip), (_, left), (_, right) = (
        map(float, pair) for pair in re.findall(r"([\d.]+) ([\d.]+)", head)[:3]
    )
    assert tip < min(left, right)


def test_arrows_to_hospitals_on_one_side_do_not_cover_each_other():
    plan, area = made()
    pattern = plan.hospitals[0]
    many = tuple(
        replace(pattern, name=f"Northern Regional Hospital {k}", location=area.frame.place(300 * k, 30_000))
        for k in range(map_plan._POINTED_HOSPITALS)
    )
    picture = draw_map(replace(plan, hospitals=many), area, 190, 150).svg
    boxes = [
        shapely.box(x, y, x + wide, y + high)
        for x, y, wide, high in (
            map(float, found)
            for found in re.findall(
                r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*/>'
                r"<text[^>]*>H Northern",
                picture.replace("\n", ""),
            )
        )
    ]
    assert len(boxes) == len(many)
    assert not any(first.intersects(second) for first, second in combinations(boxes, 2))


def test_arrows_off_the_map_point_only_where_patients_go_and_to_the_hospital_named_first():
    plan, area = made()
    pattern = replace(
        plan.hospitals[0], assigned=Casualties(), sent=Casualties(), leads="", off_map=True, route="egress-1"
    )

    def pointed(**changes):
        far = replace(pattern, name="Distant Hospital", location=area.frame.place(0, 200_000), **changes)
        near = replace(pattern, name="Near Hospital", location=area.frame.place(30_000, 0), off_map=False)
        picture = draw_map(replace(plan, hospitals=(near, far)), area, 190, 150).svg
        assert "H Near Hospital" in picture
        return "H Distant Hospital" in picture

    assert not pointed()
    assert pointed(leads="first in order")
    assert pointed(assigned=Casualties(red=1))


_LABEL = re.compile(
    r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*/>\s*<text[^>]*>([^<]+)</text>'
)


def labels_of(picture: str) -> dict[str, shapely.Polygon]:
    return {
        said: shapely.box(x, y, x + wide, y + high)
        for *sides, said in _LABEL.findall(picture)
        for x, y, wide, high in [map(float, sides)]
    }


@pytest.mark.parametrize("paper_mm", [(190, 150), (120, 90)])
def test_posts_and_sites_hide_neither_each_other_nor_a_post_and_no_line_crosses_them(paper_mm):
    plan, area = made()
    text = draw_map(plan, area, *paper_mm).svg
    sites = {words.PURPOSES[site.purpose][0] for site in plan.sites if site.rank == 1}
    shown = {
        said: place for said, place in labels_of(text).items() if said in sites | {p.id for p in plan.posts}
    }
    assert len(shown) > 20
    over = [pair for pair in combinations(shown, 2) if shown[pair[0]].intersects(shown[pair[1]])]
    assert over == []
    sheet = fit_sheet(plan, area.frame, *paper_mm)
    for post in plan.posts:
        (x, y) = sheet.to_mm([area.frame.point_m(post.location)])[0]
        hiding = [
            said for said, place in shown.items() if place.contains(shapely.Point(x, y)) and said != post.id
        ]
        assert hiding == [], post.id
    assert text.rindex("<line ") < min(text.index(f">{said}</text>") for said in shown), (
        "lines lie below all labels"
    )


def test_the_pressing_sites_take_their_places_before_the_posts():
    plan, area = made()
    text = draw_map(plan, area, 120, 90).svg
    sheet, shown = fit_sheet(plan, area.frame, 120, 90), labels_of(text)
    first = {words.PURPOSES[site.purpose][0]: site for site in plan.sites if site.rank == 1}
    on_it = shown.keys() & {"CP", "CCP", "STAGING", "AEP"}
    assert len(on_it) >= 3
    hot = [sheet.to_mm(area.frame.to_m(z.rings[0])) for z in plan.zones if z.zone is ZoneKind.HOT]
    for said in on_it:
        assert not any(shapely.Polygon(ring).intersects(shown[said]) for ring in hot), f"{said} on hot ground"
        at = shapely.Point(sheet.to_mm([area.frame.point_m(first[said].entrance)])[0])
        assert shown[said].distance(at) < 4.0, said


# --- room -----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 60), st.floats(-90, 90)), max_size=40))
@settings(max_examples=30)
def test_labels_never_cover_each_other_and_stay_on_the_sheet(wanted):
    room = Room(100, 60)
    taken = []
    for x, y, turn in wanted:
        place = box((x, y), 12, 3, turn)
        if room.first_free([((x, y), place)]) is not None:
            taken.append(place)
    assert all(not first.intersects(second) for first, second in combinations(taken, 2))
    assert all(shapely.box(0, 0, 100, 60).contains(place) for place in taken)


def test_longer_names_are_taken_to_be_wider():
    assert width_mm("WWWW", 2) > width_mm("iiii", 2) > 0
    assert width_mm("東京", 2) == pytest.approx(4)


def test_numbers_have_no_noise():
    assert [svg.number(value) for value in (1.0, 0.1 + 0.2, 12.345, -0.5)] == ["1", "0.3", "12.35", "-0.5"]


# --- the grid -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_m", [100, 1000])
@pytest.mark.parametrize(
    "centre",
    [
        LonLat(-56.186, -34.9055),
        LonLat(-85.63, 41.94),
        LonLat(6.0, 50.0),  # between two zones
        LonLat(3.0, 61.0),  # where zone 32V is wide
        LonLat(9.5, 78.2),  # Svalbard
        LonLat(-78.46, 0.0),  # on the equator
        LonLat(179.999, -17.0),  # at the date line
        LonLat(-8.611, 41.1496),
    ],
)
def test_grid_lines_lie_where_references_say(centre, step_m):
    frame = Frame(centre)
    reach = 4 * step_m
    lines = usng_grid(frame, (-reach, -reach, reach, reach), step_m)
    assert {line.northing for line in lines} == {True, False}
    digits = len(lines[0].label)
    assert digits == (2 if step_m == 1000 else 3)
    for line in lines:
        for x, y in line.xy_m[1:-1]:
            # a little beyond the line, the reference begins with its digits
            told = usng(LonLat(*frame.to_deg([(x + 2, y + 2)])[0]), 10).split()
            before = usng(LonLat(*frame.to_deg([(x - 2, y - 2)])[0]), 10).split()
            here, back = (reference[3 if line.northing else 2][:digits] for reference in (told, before))
            assert line.label == here or told[0] != before[0]
            assert back != here or told[0] != before[0]


def test_beyond_the_grid_there_are_no_lines():
    assert usng_grid(Frame(LonLat(0.0, 86.0)), (-500, -500, 500, 500), 100) == ()


def test_lines_of_one_zone_end_where_the_next_begins():
    frame = Frame(LonLat(6.0, 50.0))
    for line in usng_grid(frame, (-3000, -3000, 3000, 3000), 1000):
        zones = {usng(LonLat(*place)).split()[0] for place in frame.to_deg(line.xy_m)}
        assert len(zones) == 1
    assert np.isfinite(np.concatenate([line.xy_m for line in usng_grid(frame, (-9, -9, 9, 9), 100)])).all()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Hospital de Niños", "Hospital de Niños"),
        ('Hospital de Clínicas "Doctor Manuel Quintela"', "Hospital de Clínicas …"),
        ("Mercy Hospital and Level I Trauma Center", "Mercy Hospital and Level I …"),
        ("A" * 50, "A" * 32 + " …"),
    ],
)
def test_a_long_name_is_cut_between_words_and_in_no_quotation(name: str, shown: str) -> None:
    assert map_plan._short(name) == shown
