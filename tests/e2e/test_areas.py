"""The page of areas: where they lie, drawn offline."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import FilePayload, Locator

from tests.e2e.browser import Screen

pytestmark = pytest.mark.e2e

OUTLINES = "iframe[title^='Map of where the areas lie']"


def test_the_areas_are_outlined_and_a_tap_goes_there(screen: Screen) -> None:
    """Outlines on a map that asked no other host (the fixture sees to that), and the same in words below."""
    screen.open("?area=three_rivers")  # its pack is there from now on
    screen.page.get_by_role("link", name="Areas").click()
    outlines = screen.page.frame_locator(OUTLINES)
    outlines.locator(".leaflet-tooltip", has_text="three_rivers").wait_for()
    mark = outlines.locator("path.leaflet-interactive[d*='a10,10']").first  # round, in an outline's middle
    outline = outlines.locator("path.leaflet-interactive[d$='z']").first
    screen.page.wait_for_timeout(500)

    screen.page.mouse.move(*middle(mark))
    told = outlines.locator(".foliumtooltip", has_text="Stretches of street")
    told.wait_for()
    assert "Map of" in told.inner_text()

    before = width(outline)
    screen.page.mouse.click(*middle(mark))
    screen.page.wait_for_timeout(1000)
    assert width(outline) > 20 * before
    screen.page.get_by_text("comes with the program").first.wait_for()

    screen.page.get_by_text("Add an area").click()
    refused: FilePayload = {"name": "none.osm.pbf", "mimeType": "application/octet-stream", "buffer": b"none"}
    screen.page.locator("input[type=file]").set_input_files(refused)
    screen.page.get_by_text("none.osm.pbf").first.wait_for()
    screen.page.wait_for_timeout(500)  # the file is told to the script after it is shown
    screen.idle()
    screen.page.get_by_role("button", name=re.compile("^Import")).click()
    screen.page.get_by_role("alert").wait_for()
    assert screen.findings() == []


def middle(mark: Locator) -> tuple[float, float]:
    mark.wait_for()
    box = mark.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def width(outline: Locator) -> float:
    box = outline.bounding_box()
    assert box is not None
    return box["width"]
