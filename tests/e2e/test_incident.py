"""The incident page as its user meets it: draw, plan, change, reload; offline, and whatever names hold."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, expect

from tests.e2e.browser import Screen
from tests.e2e.conftest import HOSTILE

pytestmark = pytest.mark.e2e

SMALL_TOWN = "?area=three_rivers"
LOOP = [(0.45, 0.4), (0.6, 0.38), (0.63, 0.55), (0.5, 0.62), (0.43, 0.5)]


def test_one_tap_gives_a_whole_plan(screen: Screen) -> None:
    screen.open("?area=montevideo")
    no_tool_lies_on_another(screen)
    screen.tap()
    screen.wait_for_plan()
    assert any(title.startswith("Post I1:") for title in screen.posts())
    assert any(title.startswith("Post O1:") for title in screen.posts())
    assert screen.map.locator("#map .site").count() >= 5
    assert screen.map.locator("path.zone-hot").count() >= 1
    panel = screen.page.locator(".board").text_content() or ""
    assert "Sites" in panel
    assert "Hospitals" in panel
    assert "staff in this order" in panel
    whole = screen.map.get_by_role("button", name="WHOLE: Show the whole plan", exact=True)
    cut = screen.map.get_by_role("button", name="part of it is out of sight")
    screen.map.get_by_role("button", name="WHOLE").click()
    expect(whole).to_have_count(1)
    screen.zoom_in(2)
    cut.click()
    expect(whole).to_have_count(1)


def test_staging_out_of_sight_is_told_at_the_button_that_shows_all(screen: Screen) -> None:
    screen.open("?area=montevideo")
    screen.page.get_by_text("Vehicle", exact=True).click()
    screen.find("-34.8937958, -56.1664024")
    screen.wait_for_plan()
    staging = screen.map.locator("#map .site-staging:not(.dot)")
    view = screen.map.locator("#map").bounding_box()
    assert view is not None

    def shown() -> bool:
        box = staging.first.bounding_box() if staging.count() else None
        return box is not None and view["y"] < box["y"] < view["y"] + view["height"]

    cut = screen.map.get_by_role("button", name="part of it is out of sight")
    cut.wait_for()
    assert not shown()
    cut.click()
    expect(cut).to_have_count(0)
    screen.until(shown, "staging in view")


def test_a_drawn_zone_its_moved_corner_undo_and_delete_each_give_their_plan(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.zoom_in(2)
    screen.press("HOT")
    screen.draw_loop(LOOP)
    first = screen.wait_for_plan()
    assert screen.map.locator("path.drawn-hot").count() == 1
    assert screen.posts()
    assert screen.map.locator("#map .site").count() >= 1

    move_a_corner(screen)
    second = screen.wait_for_plan(other_than=first)

    screen.press("UNDO")
    assert screen.wait_for_plan(other_than=second) == first
    screen.press("REDO")
    assert screen.wait_for_plan(other_than=first) == second

    click_zone(screen)
    screen.map.get_by_role("button", name="DELETE").click()
    screen.page.locator(".board").get_by_text("Tap where it happens: the plan follows.").wait_for()
    assert screen.map.locator("path.drawn-hot").count() == 0
    assert screen.posts() == []


def test_before_the_scene_a_finger_that_moves_moves_the_map_and_the_first_press_after_a_search_counts(
    screen: Screen,
) -> None:
    screen.page.set_viewport_size({"width": 1024, "height": 768})
    screen.open(SMALL_TOWN)
    pane = screen.map.locator(".leaflet-map-pane")
    before = pane.get_attribute("style")
    screen.drag(screen.at(0.6, 0.5), screen.at(0.5, 0.6))
    expect(pane).not_to_have_attribute("style", before or "")
    screen.map.get_by_role("button", name="SCENE:").tap()
    expect(screen.map.get_by_role("button", name="SCENE:")).to_have_attribute("aria-pressed", "true")
    assert screen.plan_id() == "", "to move the map was taken for a scene"
    screen.find("41.944,-85.632")
    plan = screen.wait_for_plan()
    facts = screen.page.get_by_role("tab", name="Facts")
    facts.tap()
    expect(facts).to_have_attribute("aria-selected", "true")
    expect(screen.page.get_by_label("Name of the incident")).to_be_in_viewport()
    screen.press("HOT")
    screen.draw_loop([(0.5, 0.4), (0.6, 0.5)])
    screen.map.get_by_text("That is a line, and a zone is a loop").wait_for()
    expect(screen.map.get_by_role("button", name="HOT:")).to_have_attribute("aria-pressed", "true")
    assert screen.plan_id() == plan


def test_what_was_typed_before_is_found_again_and_a_pick_says_that_it_is_planned(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    found = screen.page.locator(".found")
    screen.page.get_by_label("Find:").fill("41.944,-85.632")
    expect(found).to_have_count(1)
    screen.page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    screen.page.get_by_label("Find:").fill("41.944,-85.632")
    expect(found).to_have_count(1)
    screen.frame().evaluate(
        """() => {
          const hint = document.getElementById("hint");
          window.said = [];
          new MutationObserver(() => window.said.push(hint.textContent)).observe(hint, { childList: true });
        }"""
    )
    found.first.click()
    screen.wait_for_plan()
    assert "Planning ..." in screen.frame().evaluate("window.said")
    expect(screen.map.locator("#hint")).to_be_hidden()


def click_zone(screen: Screen) -> None:
    """Select the drawn zone, if it is not selected still, where no mark of the plan lies on it."""
    if screen.map.locator("#selected").is_hidden():
        box = screen.map.locator("path.drawn-hot").bounding_box()
        assert box is not None
        screen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    screen.map.get_by_role("button", name="DELETE").wait_for()


def move_a_corner(screen: Screen) -> None:
    click_zone(screen)
    box = screen.map.locator(".handle.corner").first.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    screen.drag(middle, (middle[0] - 60, middle[1] - 40))


def test_drawings_survive_a_reload_and_a_page_switch(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.zoom_in(2)
    screen.press("WARM")
    screen.draw_loop(LOOP)
    screen.map.locator("path.drawn-warm").wait_for()
    screen.press("SCENE")
    screen.tap(0.52, 0.5)
    plan = screen.wait_for_plan()

    screen.page.reload()
    screen.ready()
    screen.map.locator("path.drawn-warm").wait_for()
    assert screen.wait_for_plan() == plan

    screen.page.get_by_role("link", name="Areas").click()
    screen.page.get_by_text("comes with the program").first.wait_for()
    screen.page.get_by_role("link", name="Incident").click()
    screen.ready()
    screen.map.locator("path.drawn-warm").wait_for()
    assert screen.wait_for_plan() == plan

    screen.press("BLOCKED")
    screen.draw_loop([(0.4, 0.3), (0.42, 0.34)])
    screen.wait_for_plan(other_than=plan)
    assert screen.map.locator("path.drawn-warm").count() == 1, "the next stroke took the earlier one away"


def test_a_stroke_by_finger_and_corners_by_keyboard(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.zoom_in(2)
    screen.press("HOT")
    touch_loop(screen)
    first = screen.wait_for_plan()
    screen.press("COLD")
    for corner in ((0.7, 0.7), (0.8, 0.7), (0.75, 0.8)):
        screen.tap(*corner)
        screen.page.wait_for_timeout(350)  # a faster second tap would be a double one
    screen.page.keyboard.press("Enter")
    screen.wait_for_plan(other_than=first)
    assert screen.map.locator("path.drawn-cold").count() == 1


def touch_loop(screen: Screen) -> None:
    session = screen.page.context.new_cdp_session(screen.page)
    points = [screen.at(*corner) for corner in LOOP]
    for kind, (x, y) in zip(["touchStart"] + ["touchMove"] * 4, points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        screen.page.wait_for_timeout(30)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_another_threat_gives_another_plan_without_moving_the_map(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.tap()
    first = screen.wait_for_plan()
    scene = screen.map.locator(".scene-mark").bounding_box()
    screen.page.get_by_text("Knife", exact=True).click()
    second = screen.wait_for_plan(other_than=first)
    assert screen.map.locator(".scene-mark").bounding_box() == scene

    screen.press("UNDO")
    assert screen.wait_for_plan(other_than=second) == first
    knife = screen.page.get_by_role("radio", name="Knife")
    expect(knife).to_have_attribute("aria-checked", "false")
    screen.press("REDO")
    assert screen.wait_for_plan(other_than=first) == second
    expect(knife).to_have_attribute("aria-checked", "true")


def test_names_from_the_map_stay_text(screen: Screen) -> None:
    said: list[str] = []

    def hear(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    screen.page.on("dialog", hear)
    screen.open("?area=hostile")
    screen.find("img")
    screen.wait_for_plan()
    assert any(HOSTILE in title for title in screen.posts()), "the test's own names must be in the plan"
    screen.map.locator("#map .site").first.focus()
    screen.page.keyboard.press("Enter")
    expect(screen.map.locator("#selected")).to_contain_text("onerror=alert(1)")
    assert screen.map.locator("img[src='x']").count() == 0
    assert screen.page.locator("img[src='x'], img[src*='evil']").count() == 0
    assert said == []


def test_a_phone_shows_the_map_first_with_targets_for_a_thumb(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open(SMALL_TOWN)
    _x, y = screen.at(0, 0)
    assert y < 200
    screen.page.touchscreen.tap(*screen.at(0.45, 0.4))
    screen.wait_for_plan()
    expect(screen.map.locator("#selected")).to_be_hidden()  # the tap is not to select what it has put there
    for tool in ("SCENE", "HOT", "WARM", "COLD", "BLOCKED"):
        box = screen.map.locator("#tools").get_by_text(tool, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["width"] >= 72
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 390
    no_tool_lies_on_another(screen)


def no_tool_lies_on_another(screen: Screen) -> None:
    boxes = [box for tool in screen.map.locator("#tools .tool:visible").all() if (box := tool.bounding_box())]
    assert len(boxes) >= 5
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            apart_x = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            apart_y = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert apart_x or apart_y
