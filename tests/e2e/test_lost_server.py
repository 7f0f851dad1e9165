"""A stroke drawn while the server is gone is not lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Screen, free_port, serving
from tests.e2e.test_incident import LOOP, SMALL_TOWN

pytestmark = pytest.mark.e2e


def test_a_stroke_drawn_without_a_server_survives_a_reload(browser: Browser, home: Path) -> None:
    """That the page left alone sends it too is told in test_drawing.py."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    port = free_port()
    with serving(home, port) as address:
        screen = Screen(context.new_page(), address).open(SMALL_TOWN)
        screen.zoom_in(2)
        screen.press("HOT")
        screen.draw_loop(LOOP)
        first = screen.wait_for_plan()

    screen.press("BLOCKED")
    screen.draw_loop([(0.3, 0.3), (0.34, 0.36)])
    expect(screen.map.locator("path.drawn")).to_have_count(2)

    with serving(home, port):
        screen.page.reload()
        screen.ready()
        screen.wait_for_plan(other_than=first)
        expect(screen.map.locator("path.drawn")).to_have_count(2)
        assert screen.map.locator("path.drawn-hot").count() == 1
    context.close()
    assert screen.strangers == []


def test_a_lost_connection_is_told_in_a_line_and_drawing_goes_on(browser: Browser, home: Path) -> None:
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    port = free_port()
    with serving(home, port) as address:
        screen = Screen(context.new_page(), address).open(SMALL_TOWN)
        screen.zoom_in(2)
        screen.tap()
        first = screen.wait_for_plan()
    told = screen.page.get_by_role("alert").filter(has_text="No connection to the planner")
    expect(told).to_be_visible()
    expect(screen.page.get_by_role("dialog")).to_have_count(0)
    screen.press("HOT")
    screen.draw_loop(LOOP)
    expect(screen.map.locator("path.drawn-hot")).to_have_count(1)

    with serving(home, port):
        second = screen.wait_for_plan(other_than=first)
        assert second != first
        expect(told).to_have_count(0)
        assert [one["properties"]["kind"] for one in screen.drawn()] == ["incident", "zone"]
    context.close()
    assert screen.strangers == []
