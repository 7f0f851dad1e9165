"""Drawing on the map by keyboard as by hand: changed, moved, taken back; pins, closures, field roads."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from planner.store import Store
from tests.e2e.browser import Screen, free_port, serving
from tests.e2e.test_incident import LOOP, SMALL_TOWN

pytestmark = pytest.mark.e2e


def kinds(screen: Screen) -> list[str]:
    return sorted(one["properties"]["kind"] for one in screen.drawn())


def only(screen: Screen, kind: str) -> dict:
    (one,) = (one for one in screen.drawn() if one["properties"]["kind"] == kind)
    return one


def test_all_of_it_by_keyboard(screen: Screen) -> None:
    """Draw a zone, move a corner and the whole, undo, redo, delete: without a pointer."""
    screen.open(SMALL_TOWN)
    screen.zoom_in(2)
    keys = screen.page.keyboard
    screen.map.locator("#map").focus()
    keys.press("h")
    expect(screen.map.get_by_role("button", name="HOT:")).to_have_attribute("aria-pressed", "true")
    for way in ("ArrowLeft", "ArrowUp", "ArrowRight"):
        for _ in range(2):
            keys.press(f"Shift+{way}")
        keys.press("Space")
    expect(screen.map.get_by_role("button", name="DONE")).to_be_enabled()
    keys.press("Enter")
    expect(screen.map.get_by_role("button", name="HOT:")).to_have_attribute("aria-pressed", "false")
    first = screen.wait_for_plan()
    zone = only(screen, "zone")
    (left, foot), (_, top), (right, _), _ = corners = zone["geometry"]["coordinates"][0]
    assert len(corners) == 4
    assert [corners[1][0], corners[2][1]] == pytest.approx([left, top], abs=1e-6), "the map stood still"
    shrunk = math.cos(math.radians(top))
    assert (right - left) * shrunk == pytest.approx(top - foot, rel=0.02), "120 pixels up, 120 to the right"

    screen.map.locator("path.drawn-hot").focus()
    keys.press("Enter")
    screen.map.locator(".handle.corner").first.focus()
    keys.press("Shift+ArrowLeft")
    second = screen.wait_for_plan(other_than=first)
    moved = only(screen, "zone")["geometry"]["coordinates"][0]
    assert moved[0][0] < zone["geometry"]["coordinates"][0][0][0]
    assert moved[1] == zone["geometry"]["coordinates"][0][1]

    screen.map.locator(".handle.whole").focus()
    keys.press("Shift+ArrowDown")
    third = screen.wait_for_plan(other_than=second)
    assert all(
        a[1] < b[1] for a, b in zip(only(screen, "zone")["geometry"]["coordinates"][0], moved, strict=True)
    )

    keys.press("Control+z")
    assert screen.wait_for_plan(other_than=third) == second
    keys.press("Control+y")
    assert screen.wait_for_plan(other_than=second) == third
    screen.map.locator("#map").focus()
    keys.press("Delete")
    screen.page.locator(".board").get_by_text("Tap where it happens: the plan follows.").wait_for()
    assert screen.drawn() == []

    keys.press("b")
    for _ in range(12):
        keys.press("Shift+ArrowLeft")
    keys.press("Enter")
    mark = screen.map.locator(".closure-mark")
    expect(mark).to_be_in_viewport()
    screen.map.get_by_text("Planning").wait_for(state="detached")
    west = only(screen, "closure")["geometry"]["coordinates"][0]
    assert west < left - 4 * (right - left), "at its edge the cross takes the map along"


def test_a_whole_zone_is_dragged_and_downgraded_only_on_purpose(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.zoom_in(2)
    screen.press("HOT")
    screen.draw_loop(LOOP)
    first = screen.wait_for_plan()
    before = only(screen, "zone")["geometry"]["coordinates"][0]
    screen.select_drawn("hot")
    grip = screen.map.locator(".handle.whole").bounding_box()
    assert grip is not None
    middle = (grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    screen.drag(middle, (middle[0] + 40, middle[1] + 30))
    screen.wait_for_plan(other_than=first)
    after = only(screen, "zone")["geometry"]["coordinates"][0]
    steps = {(round(b[0] - a[0], 5), round(b[1] - a[1], 5)) for a, b in zip(before, after, strict=True)}
    assert max(x for x, _ in steps) - min(x for x, _ in steps) < 3e-5
    assert next(iter(steps))[0] > 0

    screen.map.get_by_role("button", name="DOWNGRADE TO WARM").click()
    assert only(screen, "zone")["properties"]["zone"] == "hot", (
        "one tap must not say that there is less danger"
    )
    screen.map.get_by_role("button", name="KEEP HOT").click()
    screen.map.get_by_role("button", name="DOWNGRADE TO WARM").click()
    screen.map.get_by_role("button", name="YES: WARM").click()
    expect(screen.map.locator("path.drawn-warm")).to_have_count(1)
    screen.page.get_by_text(
        "nothing says where the incident is"
    ).first.wait_for()  # no hot zone and no scene are left
    assert only(screen, "zone")["properties"]["zone"] == "warm"


def test_a_further_threat_has_its_own_hot_zone_and_goes_again(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.tap()
    first = screen.wait_for_plan()
    screen.press("PIN")
    screen.map.get_by_role("button", name="Further threat: Pipe bomb").click()
    screen.map.get_by_text("Tap where the further threat is: Pipe bomb.").wait_for()
    screen.tap(0.72, 0.3)
    second = screen.wait_for_plan(other_than=first)
    assert only(screen, "threat")["properties"]["threat"] == "pipe_bomb"
    screen.page.get_by_text("Further threat: Pipe bomb, new").wait_for()
    mark = screen.map.get_by_role("button", name="Further threat: pipe bomb")
    expect(mark).to_have_count(1)
    mark.click()
    screen.map.get_by_role("button", name="DELETE").click()
    assert screen.wait_for_plan(other_than=second) == first


def test_pins_blocked_streets_and_field_roads_change_the_plan(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.tap()
    plan = screen.wait_for_plan()

    screen.press("PIN")
    screen.map.locator("#palette").get_by_role("button", name="CP Command post").click()
    screen.tap(0.72, 0.3)
    plan = screen.wait_for_plan(other_than=plan)
    screen.map.locator("#map .site-command_post.pinned").wait_for()
    pin = screen.map.locator(".pin-mark")
    box = pin.bounding_box()
    assert box is not None
    pin.click()
    screen.drag((box["x"] + 15, box["y"] + 15), (box["x"] - 35, box["y"] + 65))
    plan = screen.wait_for_plan(other_than=plan)
    assert [one["properties"]["purpose"] for one in screen.drawn() if one["properties"]["kind"] == "pin"] == [
        "command_post"
    ]

    screen.press("BLOCKED")
    screen.draw_loop([(0.35, 0.3), (0.4, 0.36)])
    plan = screen.wait_for_plan(other_than=plan)
    screen.map.locator("path.closed").first.wait_for(state="attached")

    screen.press("ROAD")
    for bend in ((0.3, 0.35), (0.45, 0.7)):
        screen.tap(*bend)
        screen.page.wait_for_timeout(350)  # a faster second tap would be a double one
    screen.page.keyboard.press("Enter")
    plan = screen.wait_for_plan(other_than=plan)
    assert kinds(screen) == ["closure", "field_road", "incident", "pin"]

    screen.map.locator("#map .post-outer").first.click()
    screen.map.locator("#selected").get_by_role("button", name="REMOVE").click()
    screen.wait_for_plan(other_than=plan)
    assert kinds(screen)[-1] == "post_edit"


def test_of_what_came_in_one_piece_each_part_is_chosen_and_deleted_alone(screen: Screen, home: Path) -> None:
    spots = [[-85.6335, 41.9445], [-85.6305, 41.9435]]
    shapes = [("incident", "Point", [-85.632, 41.944]), ("closure", "MultiPoint", spots)]
    features = [
        {
            "type": "Feature",
            "id": kind,
            "properties": {"kind": kind},
            "geometry": {"type": sort, "coordinates": at},
        }
        for kind, sort, at in shapes
    ]
    document = {"type": "FeatureCollection", "planner": {"schema": "incident/1"}, "features": features}
    Store(home / "incidents.sqlite").write_incident("parted-e2e", "three_rivers", json.dumps(document))
    screen.open("?incident=parted-e2e")
    first = screen.wait_for_plan()
    assert only(screen, "closure")["geometry"]["coordinates"] == spots, "to look changes nothing"
    marks = screen.map.get_by_role("button", name="Blocked street")
    expect(marks).to_have_count(2)
    marks.first.click()
    screen.map.get_by_role("button", name="DELETE").click()
    screen.wait_for_plan(other_than=first)
    expect(marks).to_have_count(1)
    assert only(screen, "closure")["geometry"] == {"type": "Point", "coordinates": spots[1]}


def test_nothing_is_lost_when_the_server_is_killed_in_the_middle_of_a_shape(
    browser: Browser, home: Path
) -> None:
    """The server dies without a good-bye between two corners; the shape is planned when it is back."""
    port = free_port()
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    with serving(home, port) as address:
        screen = Screen(context.new_page(), address).open(SMALL_TOWN)
        screen.zoom_in(2)
        screen.press("HOT")
        screen.draw_loop(LOOP)
        first = screen.wait_for_plan()
        screen.press("WARM")
        corners = [(0.4, 0.3), (0.7, 0.3), (0.7, 0.7), (0.4, 0.7)]
        for corner in corners[:2]:
            screen.tap(*corner)
            screen.page.wait_for_timeout(350)
    for corner in corners[2:]:
        screen.tap(*corner)
        screen.page.wait_for_timeout(350)
    screen.page.keyboard.press("Enter")
    expect(screen.map.locator("path.drawn")).to_have_count(2)
    screen.map.get_by_text("Not saved yet").wait_for()
    with serving(home, port):
        screen.wait_for_plan(other_than=first)
        expect(screen.map.locator("path.drawn-warm")).to_have_count(1)
        assert kinds(screen) == ["zone", "zone"]
        assert len(screen.drawn()[1]["geometry"]["coordinates"][0]) == 5
    context.close()
    assert screen.faults == []
