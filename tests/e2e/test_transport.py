"""The transport page in a real browser: re-solves on one tap, fits a phone, asks no other host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from planner.store import Store
from tests.e2e.browser import Screen

pytestmark = pytest.mark.e2e

METHODIST = "Bronson Methodist Hospital"
PHONE_PX = (390, 844)


def begin(home: Path, name: str) -> str:
    """Keep an incident in the store as if it had been tapped on the other page."""
    point = {"type": "Point", "coordinates": [-85.632, 41.944]}
    scene = {"type": "Feature", "id": "a", "properties": {"kind": "incident"}, "geometry": point}
    header = {"schema": "incident/1", "casualties": {"red": 6, "yellow": 6, "green": 8}}
    document = {"type": "FeatureCollection", "planner": header, "features": [scene]}
    Store(home / "incidents.sqlite").write_incident(name, "three_rivers", json.dumps(document))
    return name


def open_transport(screen: Screen, incident: str) -> Page:
    screen.page.goto(f"{screen.address}/transport?incident={incident}")
    screen.page.get_by_role("heading", name="Who goes where, first hour").wait_for()
    return screen.page


def overflow_px(page: Page) -> int:
    wide: int = page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    return wide


def test_of_many_quick_presses_each_counts(screen: Screen, home: Path) -> None:
    """Streamlit ends a run for the next press; what the first one said must not end with it."""
    incident = begin(home, "transport-e2e-quick")
    page = open_transport(screen, incident)
    screen.ready()
    page.get_by_label("Patient leaves for").click()
    page.get_by_role("option", name=METHODIST).first.click()
    red = page.get_by_role("button", name="1 red", exact=True)
    expect(red).to_be_enabled()
    for pause_ms in (0, 30, 30, 80, 20, 150, 30, 30, 60, 0):
        page.evaluate("() => document.getElementById('leaves-red').click()")  # the one that is there now
        page.wait_for_timeout(pause_ms)
    expect(page.get_by_text("Sent there so far: 10 red.")).to_be_visible()
    expect(page.get_by_text("not saved yet")).to_have_count(0)
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Sent there so far")).to_have_count(0)
    kept = Store(home / "incidents.sqlite").read_incident(incident)
    assert kept is not None
    (status,) = json.loads(kept.document)["planner"]["hospitals"]
    assert status["sent"] == {"red": 9}
    screen.judge()


def test_one_tap_closes_a_hospital_and_its_patients_go_elsewhere(screen: Screen, home: Path) -> None:
    page = open_transport(screen, begin(home, "transport-e2e-1"))
    screen.ready()
    row = page.locator("tr", has_text=METHODIST).first
    expect(row).to_contain_text("R 4")
    card = page.get_by_role("radiogroup", name=f"Ambulances to {METHODIST}")
    card.get_by_text("Closed", exact=True).click()
    expect(page.locator("tr", has_text=METHODIST).first).to_contain_text("CLOSED")
    expect(page.locator("tr", has_text="Ascension Borgess").first).to_contain_text("R 3")
    expect(page.get_by_text("Closed, no ambulances: Bronson Methodist Hospital.")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text("NO PLACE known for 2 green in the first hour. Ask")
    page.reload()
    expect(page.locator(".verdict")).to_contain_text("NO PLACE known for 2 green in the first hour. Ask")
    expect(page.locator("tr", has_text=METHODIST).first).to_contain_text("CLOSED")
    assert overflow_px(page) <= 0


def test_the_ways_to_a_hospital_that_is_chosen_are_told_apart_and_in_view(screen: Screen, home: Path) -> None:
    page = open_transport(screen, begin(home, "transport-e2e-3"))
    screen.ready()
    lines = screen.map.locator("path.route-egress")
    expect(lines.first).to_be_attached()
    many = lines.count()
    page.get_by_label("Other ways to").click()
    page.get_by_role("option").filter(has_text=METHODIST).click()
    expect(page.locator("li", has_text="Other way 1")).to_contain_text("long dashes on the map")
    expect(screen.map.locator('path.route-egress[stroke-dasharray="18 8"]')).to_have_count(1)
    assert lines.count() < many + 1, "the ways to all other hospitals are gone"
    frame, way = screen.map.locator("#map").bounding_box(), lines.first.bounding_box()
    assert frame is not None
    assert way is not None
    assert frame["x"] <= way["x"]
    assert way["x"] + way["width"] <= frame["x"] + frame["width"]
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(screen.map.locator(".leaflet-control-scale")).to_be_in_viewport(ratio=1)
    link = page.get_by_role("link", name="Radio, print")
    link.click()
    heading = page.get_by_role("heading", name="For the radio")
    expect(heading).to_be_in_viewport(ratio=1)
    above, below = link.bounding_box(), heading.bounding_box()
    assert above is not None
    assert below is not None
    assert below["y"] >= above["y"] + above["height"], "a part lies under the links that lead to it"


def test_what_is_not_known_is_stepped_up_by_its_button_and_by_key(screen: Screen, home: Path) -> None:
    page = open_transport(screen, begin(home, "transport-e2e-4"))
    screen.ready()
    ambulances = page.get_by_label("Ambulances at hand", exact=True)
    expect(ambulances).to_have_value("")
    more = page.get_by_role("button", name="Ambulances at hand: one more")
    more.click()
    expect(ambulances).to_have_value("1")
    expect(page.locator(".figures").first).to_contain_text("1 at hand")
    more.click()
    expect(page.locator(".figures").first).to_contain_text("2 at hand")
    red = page.get_by_label("Red children", exact=True)
    red.focus()
    page.keyboard.press("ArrowUp")
    expect(red).to_have_value("1")
    screen.idle()
    page.reload()
    expect(ambulances).to_have_value("2")
    expect(red).to_have_value("1")


def test_on_a_phone_nothing_is_cut_off_and_targets_are_large(screen: Screen, home: Path) -> None:
    width, height = PHONE_PX
    screen.page.set_viewport_size({"width": width, "height": height})
    page = open_transport(screen, begin(home, "transport-e2e-2"))
    screen.ready()
    assert overflow_px(page) <= 0
    row = page.locator("tr", has_text=METHODIST).first
    box = row.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    for colour in ("Red", "Yellow", "Green"):
        entry = page.get_by_label(colour, exact=True).first.bounding_box()
        assert entry is not None
        assert entry["x"] + entry["width"] <= width, f"{colour} is cut off"
    small = page.evaluate(
        """() => [...document.querySelectorAll('.pl td, .pl th, .pl .why, .pl p')]
            .filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 16)
            .map((one) => one.textContent)"""
    )
    assert small == []
    signs = page.locator(".pl .level.caution")
    for sign in signs.all():
        shape = sign.bounding_box()
        assert shape is not None
        assert shape["width"] < 60, "a sign before its words, not a bar across the page"
    doubled = "one => getComputedStyle(one, '::before').content"
    assert signs.first.evaluate(doubled) == "none"
    plus = page.locator("[data-testid='stNumberInputStepUp']").first
    size = plus.bounding_box()
    assert size is not None
    assert min(size["width"], size["height"]) >= 44
