"""Two browsers in one incident: each takes over what the other said, and neither loses what it is doing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from planner.store import Store
from tests.e2e.browser import Screen, watched
from tests.e2e.test_transport import METHODIST, begin, open_transport

pytestmark = pytest.mark.e2e

NEWS = "Taken over from another screen: "


@pytest.fixture
def other(browser: Browser, address: str) -> Iterator[Screen]:
    with watched(browser, address, 1024, 768) as other:
        yield other


def kinds(screen: Screen) -> list[str]:
    return sorted(one["properties"].get("zone", one["properties"]["kind"]) for one in screen.drawn())


def square(left: float, top: float) -> list[tuple[float, float]]:
    return [(left, top), (left + 0.07, top), (left + 0.07, top + 0.1), (left, top + 0.1), (left, top)]


def test_what_one_draws_comes_to_the_other_who_loses_nothing(
    screen: Screen, other: Screen, home: Path
) -> None:
    incident = begin(home, "two-screens")
    for one in (screen, other):
        one.open(f"?incident={incident}")
        one.wait_for_plan()
    first = screen.plan_id()

    # One is in the middle of a line, and of a word on the board, when the other's zone comes.
    note = screen.page.locator("#planner-told")
    screen.press("WARM")
    begun = [(0.35, 0.3), (0.42, 0.3), (0.42, 0.42)]
    for corner in begun:
        screen.page.mouse.click(*screen.at(*corner))
    screen.page.get_by_role("tab", name="Facts").click()
    name = screen.page.get_by_label("Name of the incident")
    name.press_sequentially("North ga")
    other.press("HOT")
    other.draw_loop(square(0.55, 0.5))
    other.wait_for_plan(other_than=first)
    expect(screen.map.locator("path.drawn-hot")).to_have_count(1)
    expect(screen.page.locator(".told", has_text=f"{NEWS}put hot zone (")).to_be_visible()
    expect(note).to_contain_text(NEWS)
    expect(name).to_have_value("North ga")
    expect(name).to_be_focused()
    name.press_sequentially("te")
    screen.map.get_by_role("button", name="DONE").click()
    expect(screen.map.locator("path.drawn-warm")).to_have_count(1)
    expect(other.map.locator("path.drawn-warm")).to_have_count(1)
    screen.idle()
    assert kinds(screen) == ["hot", "incident", "warm"]
    expect(name).to_have_value("North gate")

    # UNDO takes back one's own, not what the other did meanwhile.
    other.press("UNDO")
    expect(screen.map.locator("path.drawn-hot")).to_have_count(0)
    expect(other.map.locator("path.drawn-warm")).to_have_count(1)
    screen.idle()
    assert kinds(screen) == ["incident", "warm"]
    kept = Store(home / "incidents.sqlite").read_incident(incident)
    assert kept is not None
    assert json.loads(kept.document)["planner"]["name"] == "North gate"


def test_both_strokes_count_that_are_drawn_at_once(screen: Screen, other: Screen, home: Path) -> None:
    incident = begin(home, "two-at-once")
    for one in (screen, other):
        one.open(f"?incident={incident}")
        one.wait_for_plan()
    for one, tool, left in ((screen, "WARM", 0.35), (other, "HOT", 0.55)):
        one.press(tool)
        one.draw_loop(square(left, 0.4))
    for one in (screen, other):
        expect(one.map.locator("path.drawn-hot")).to_have_count(1)
        expect(one.map.locator("path.drawn-warm")).to_have_count(1)
        one.idle()
    assert kinds(screen) == ["hot", "incident", "warm"]


def test_what_one_says_comes_to_the_transport_page_of_the_other_who_keeps_what_is_typed(
    screen: Screen, other: Screen, home: Path
) -> None:
    incident = begin(home, "two-transport")
    page, theirs = (open_transport(one, incident) for one in (screen, other))
    for one in (screen, other):
        one.ready()
    row = page.locator("tr", has_text=METHODIST).first
    expect(row).to_contain_text("R 4")

    # One has typed a number, and not said it yet, when the other closes a hospital and counts the wounded.
    typed = page.get_by_label("Ambulances at hand", exact=True)
    typed.click()
    typed.press_sequentially("12")
    card = theirs.get_by_role("radiogroup", name=f"Ambulances to {METHODIST}")
    card.get_by_text("Closed", exact=True).click()
    expect(row).to_contain_text("CLOSED")
    expect(page.locator(".told", has_text=f"{NEWS}")).to_be_visible()
    expect(typed).to_have_value("12")
    expect(typed).to_be_focused()
    green = theirs.get_by_label("Green", exact=True)
    green.fill("3")
    green.press("Enter")
    # an entry that begins anew stands before the one it replaces, till the page has run to its end
    expect(page.get_by_label("Green", exact=True).first).to_have_value("3")
    expect(typed).to_have_value("12")
    expect(typed).to_be_focused()

    # Then it says it, and the other hears of that.
    typed.press("Enter")
    expect(theirs.get_by_label("Ambulances at hand", exact=True).first).to_have_value("12")
    expect(theirs.get_by_label("Green", exact=True)).to_have_value("3")
    expect(theirs.locator("tr", has_text=METHODIST).first).to_contain_text("CLOSED")
    kept = Store(home / "incidents.sqlite").read_incident(incident)
    assert kept is not None
    told = json.loads(kept.document)["planner"]
    assert told["casualties"] == {"red": 6, "yellow": 6, "green": 3}
    assert list(told["units"].values()) == [12]
    for one in (screen, other):
        assert one.faults == []
