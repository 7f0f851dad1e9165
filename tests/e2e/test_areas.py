"""The page of areas: where they lie, drawn offline."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, expect

from planner import packs
from planner.ui.outlines import outlines_page
from tests.e2e.browser import Screen
from tests.e2e.conftest import HOSTILE
from tests.town import town

pytestmark = pytest.mark.e2e

OUTLINES = "iframe[title^='Map of where the areas lie']"


def test_the_areas_are_outlined_and_a_tap_goes_there(screen: Screen) -> None:
    """Outlines on a map that asked no other host (the fixture sees to that), and the same in words below."""
    screen.open("?area=three_rivers")  # its pack is there from now on
    screen.page.get_by_role("link", name="Areas").click()
    outlines = screen.page.frame_locator(OUTLINES)
    outlines.locator(".name", has_text="three_rivers").wait_for()
    mark = outlines.locator("path.leaflet-interactive[d*='a10,10']").first  # round, in an outline's middle
    outline = outlines.locator("path.leaflet-interactive[d$='z']").first
    screen.page.wait_for_timeout(500)

    screen.page.mouse.move(*middle(mark))
    told = outlines.locator(".foliumtooltip", has_text="Stretches of street")
    told.wait_for()
    assert "Map of" in told.inner_text()

    before = width(outline)
    screen.page.mouse.click(*middle(mark))
    screen.until(lambda: width(outline) > 20 * before, "the map gone to the area")
    screen.page.get_by_text("comes with the program").first.wait_for()

    screen.page.get_by_text("Add an area").click()
    refused: FilePayload = {"name": "none.osm.pbf", "mimeType": "application/octet-stream", "buffer": b"none"}
    screen.page.locator("input[type=file]").first.set_input_files(refused)
    screen.page.get_by_text("none.osm.pbf").first.wait_for()
    name = screen.page.get_by_label("Name of the area", exact=False).first
    expect(name).to_have_attribute("placeholder", "none")  # the script is told of the file after it is shown
    box = screen.page.get_by_label("Only this box", exact=False)
    box.fill("-85.7,41.9,-85.6,42.0")
    box.press("Enter")
    screen.idle()
    screen.page.get_by_role("button", name=re.compile("^Import")).click()
    screen.page.get_by_role("alert").wait_for()
    assert screen.findings() == []
    expect(name).to_be_visible()  # what was asked stays open, whatever comes and goes above it
    expect(screen.page.get_by_text("none.osm.pbf", exact=True)).to_have_count(0)  # the next is sent alone
    expect(box).to_have_value("-85.7,41.9,-85.6,42.0")


def test_by_keys_alone_an_area_goes_and_the_focus_and_what_is_read_out_stay(
    screen: Screen, home: Path
) -> None:
    packs.write_area(replace(town(), name="zz_goes"))
    page = screen.page
    page.goto(f"{screen.address}/areas")
    delete = page.locator(".st-key-delete-zz_goes button")
    delete.focus()
    page.keyboard.press("Enter")
    expect(delete).to_have_text("Keep zz_goes")
    expect(delete).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#planner-told")).to_have_text("Deleted zz_goes.")
    expect(delete).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.stButton, details') !== null"), "a part near by"


_OVER = """
(all) => {
  const boxes = all.map((one) => one.getBoundingClientRect());
  const across = (a, b) => Math.min(a.right, b.right) > Math.max(a.left, b.left);
  const down = (a, b) => Math.min(a.bottom, b.bottom) > Math.max(a.top, b.top);
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => across(a, b) && down(a, b))).length;
}
"""


@pytest.mark.parametrize("width", [1148, 358])
def test_names_of_areas_that_lie_together_hide_no_other(browser: Browser, width: int) -> None:
    def lies(name: str, west: float, south: float, size: float) -> dict[str, object]:
        box = [west, south, west + size, south + size]
        return {
            "name": name,
            "bbox_deg": box,
            "data_date": "2024-05-06",
            "counts": {"edges": 1, "buildings": 2},
        }

    columbus = [
        ("columbus_oh", 0.0),
        ("columbus_downtown", 0.04),
        ("franklin_county", -0.1),
        ("dublin", 0.02),
    ]
    areas = [lies(name, -83.1 + off, 39.9 + off / 2, 0.2) for name, off in columbus]
    areas += [lies(HOSTILE, -83.1, 39.9, 0.2), lies("columbus_old", -83.1, 39.9, 0.2)]
    page = browser.new_page(viewport={"width": width, "height": 380})
    page.set_content(outlines_page(areas, "light"))
    names = page.locator(".name")
    names.first.wait_for()
    assert names.evaluate_all(_OVER) == 0
    if width > 1000:
        assert sorted(names.all_inner_texts()) == sorted(str(area["name"]) for area in areas)
    page.get_by_role("button", name="Zoom out").click(click_count=3, delay=50)
    page.wait_for_timeout(700)
    assert names.count() >= 3
    assert names.evaluate_all(_OVER) == 0
    assert page.locator("img").count() == 0
    page.close()


def test_a_heap_of_areas_is_one_mark_with_their_number_and_a_tap_goes_nearer(browser: Browser) -> None:
    def lies(name: str, west: float, south: float) -> dict[str, object]:
        box, counts = [west, south, west + 0.3, south + 0.3], {"edges": 1, "buildings": 2}
        return {"name": name, "bbox_deg": box, "data_date": "", "counts": counts}

    areas = [lies(f"county_{k}", -90 + k % 5, 38 + k // 5) for k in range(25)]
    page = browser.new_page(viewport={"width": 1024, "height": 380})
    page.set_content(outlines_page([*areas, lies("porto", -8.6, 41.1), lies(HOSTILE, -56, -35)], "light"))
    crowd = page.locator(".crowd")
    expect(crowd).to_have_text(["25"])
    assert set(page.locator(".name").all_inner_texts()) == {"porto", HOSTILE}
    crowd.click()
    expect(crowd).to_have_count(0)
    expect(page.locator(".name", has_text="county_").first).to_be_visible()
    page.close()


def middle(mark: Locator) -> tuple[float, float]:
    mark.wait_for()
    box = mark.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def width(outline: Locator) -> float:
    box = outline.bounding_box()
    assert box is not None
    return box["width"]
