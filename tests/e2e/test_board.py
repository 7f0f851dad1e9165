"""The board beside the map as a commander uses it: five taps to a plan, decide, staff, send; any screen."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.e2e.browser import PROJECT, Screen, free_port, serving

pytestmark = pytest.mark.e2e

SMALL_TOWN = "?area=three_rivers"
SCHOOL = "Three Rivers High School"
SIZES = ((1280, 800), (1024, 768), (390, 844))
AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"
MOST_TAPS = 5
MOST_S = 60


def findings(screen: Screen, only: str = "") -> list[str]:
    """What axe-core finds on the page, Streamlit's own parts too; the map has tests of its own."""
    if not screen.page.evaluate("'axe' in window"):
        screen.page.evaluate(AXE.read_text(encoding="utf-8"))
    chosen = {"iframes": False, **({"runOnly": [only]} if only else {})}
    result = screen.page.evaluate("chosen => axe.run(document, chosen)", chosen)
    return [f"{one['id']}: {node['html'][:200]}" for one in result["violations"] for node in one["nodes"]]


def planned(screen: Screen) -> Screen:
    screen.open(SMALL_TOWN)
    screen.tap()
    screen.wait_for_plan()
    return screen


def tab(screen: Screen, name: str) -> None:
    screen.page.get_by_role("tab", name=re.compile(f"^{name}")).click()


def test_five_taps_from_a_cold_start_to_a_plan_that_was_decided_on(browser: Browser, home: Path) -> None:
    """The server starts, the page opens; threat, scene, and three sites accepted: each one tap."""
    context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
    page = context.new_page()
    taps = 0
    began = time.monotonic()
    with serving(home, free_port()) as address:
        screen = Screen(page, address).open(SMALL_TOWN)
        page.get_by_text("Handgun", exact=True).tap()
        taps += 1
        page.touchscreen.tap(*screen.at(0.55, 0.5))
        taps += 1
        screen.wait_for_plan()
        first_plan_s = time.monotonic() - began
        for site in ("command_post-1", "staging-1", "reunification-1"):
            button = page.locator(f"#accept-{site}")
            button.scroll_into_view_if_needed()
            button.tap()
            taps += 1
            page.locator(f"#take_back-{site}").wait_for(state="attached")
        decided_s = time.monotonic() - began
    context.close()
    assert taps <= MOST_TAPS
    assert first_plan_s < decided_s < MOST_S
    assert screen.faults == []
    assert screen.strangers == []


def test_a_school_is_found_by_its_name_however_it_is_typed(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    box = screen.page.get_by_label("Find:")
    box.press_sequentially("three rivrs hi")
    option = screen.page.get_by_role("option").first
    expect(option).to_contain_text("school")
    assert findings(screen) == []
    box.press("Enter")
    plan = screen.wait_for_plan()
    expect(box).to_have_value("")
    screen.tap(0.3, 0.8)
    screen.page.wait_for_timeout(300)
    assert screen.plan_id() == plan, "the next tap on the map moved the scene"


def test_by_keys_past_the_map_to_the_board_where_the_focus_stays_on_what_was_decided(screen: Screen) -> None:
    page = screen.page
    screen.open(SMALL_TOWN)
    screen.tap()
    screen.wait_for_plan()
    expect(page.locator("#planner-told")).to_contain_text("Needs")
    told = page.locator("#planner-told").inner_text()
    assert told.startswith("Streets"), "the sign before the words is not read out"
    page.get_by_role("link", name="To the plan in words").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#say-officers")).to_be_focused()
    page.locator("#accept-command_post-1").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#take_back-command_post-1")).to_be_focused()
    page.get_by_role("link", name="To the search").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Find:")).to_be_focused()


def test_accept_reject_and_take_back(screen: Screen) -> None:
    planned(screen)
    post = screen.page.locator("#show-command_post-1")
    first = post.inner_text()
    plan = screen.plan_id()

    screen.page.locator("#accept-command_post-1").click()
    screen.page.locator("#take_back-command_post-1").wait_for()
    plan = screen.wait_for_plan(other_than=plan)
    expect(screen.page.locator(".strip .set")).to_contain_text("accepted")

    screen.page.get_by_text("Rifle", exact=True).click()
    plan = screen.wait_for_plan(other_than=plan)
    expect(post).to_have_text(first)
    expect(screen.page.locator(".changes")).to_contain_text("Threat: Rifle")

    screen.page.locator("#take_back-command_post-1").click()
    plan = screen.wait_for_plan(other_than=plan)
    screen.page.locator("#reject-command_post-1").click()
    screen.wait_for_plan(other_than=plan)
    expect(screen.page.get_by_text("BRING BACK")).to_be_visible()


def test_move_on_the_board_takes_one_tap_on_the_map(screen: Screen) -> None:
    planned(screen)
    plan = screen.plan_id()
    screen.page.locator("#move-media-1").click()
    screen.map.get_by_text("Tap where it is to be: Media.").wait_for()
    screen.tap(0.4, 0.2)
    screen.wait_for_plan(other_than=plan)
    expect(screen.page.locator(".strip .set")).to_contain_text("MEDIA moved")
    expect(screen.page.locator(".strip .suggested").first).to_contain_text("CP")


@pytest.mark.parametrize("dark", [False, True])
def test_a_bomb_after_a_gunman_is_asked_over_a_map_that_stays(screen: Screen, dark: bool) -> None:
    screen.page.emulate_media(color_scheme="dark" if dark else "light")
    screen.open(SMALL_TOWN)
    screen.page.get_by_text("Handgun", exact=True).click()
    screen.tap()
    plan = screen.wait_for_plan()
    expect(screen.page.locator(".verdict")).to_have_class("told verdict asked")
    stands = screen.map.locator("#map").bounding_box()

    screen.page.get_by_text("Explosive", exact=True).click()
    screen.page.get_by_text("Which device?").wait_for()
    assert findings(screen) == []
    screen.page.get_by_text("Suicide vest", exact=True).click()
    plan = screen.wait_for_plan(other_than=plan)
    screen.page.get_by_text("Suicide vest beside Handgun. Which is there?").wait_for()
    assert screen.map.locator("#map").bounding_box() == stands, "what is asked pushes nothing aside"
    assert findings(screen) == []
    expect(screen.page.locator(".threats")).to_have_text("Threat: Handgun; further: Suicide vest")
    assert [one["properties"].get("threat") for one in screen.drawn()] == [None, "suicide_vest"]

    screen.page.get_by_role("button", name="HANDGUN", exact=True).click()
    screen.wait_for_plan(other_than=plan)
    expect(screen.page.locator(".threats")).to_have_count(0)
    expect(screen.page.get_by_text("Which is there?")).to_have_count(0)
    assert [one["properties"]["kind"] for one in screen.drawn()] == ["incident"]


def test_a_device_that_is_not_chosen_is_said_first_and_escape_lights_what_is_planned(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.page.get_by_text("Handgun", exact=True).click()
    screen.tap()
    screen.wait_for_plan()
    screen.page.get_by_text("Explosive", exact=True).click()
    first = screen.page.locator(".verdict > span:not(.sign)").first
    expect(first).to_have_text("Planned as HANDGUN, not as explosive: choose the device.")
    expect(screen.page.locator(".verdict")).to_have_class("told verdict open")
    screen.idle()
    assert findings(screen) == []
    screen.page.keyboard.press("Escape")
    expect(screen.page.get_by_text("Which device?")).to_have_count(0)
    expect(screen.page.get_by_role("radio", name="Handgun", exact=True)).to_be_checked()
    expect(screen.page.locator(".verdict")).to_have_class("told verdict asked")


def test_officers_are_said_from_the_verdict_by_buttons(screen: Screen) -> None:
    planned(screen)
    screen.page.get_by_role("button", name="SAY HOW MANY OFFICERS").click()
    expect(screen.page.get_by_label("I have this many officers")).to_be_focused()
    screen.page.get_by_role("button", name=re.compile("^ALL ")).click()
    expect(screen.page.locator(".verdict")).to_contain_text("at hand")
    expect(screen.page.locator(".verdict")).to_have_class("told verdict held")
    screen.page.get_by_role("button", name="One officer fewer").click()
    expect(screen.page.locator(".verdict")).to_contain_text("NOT sealed yet")
    expect(screen.page.locator(".verdict")).to_have_class("told verdict open")
    assert findings(screen) == []


def test_officers_at_hand_facts_and_what_was_open_stay_through_a_new_plan(screen: Screen) -> None:
    planned(screen)
    tab(screen, "Posts")
    first_post = screen.page.locator("details[id^='post-']").first
    first_post.locator("summary").click()
    slider = screen.page.get_by_label("I have this many officers")
    slider.focus()
    slider.press("Home")
    expect(screen.page.locator("#officers-hold")).to_contain_text("0 officers: 0 of")
    screen.page.get_by_text("NOT STAFFED").first.wait_for()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(screen.page.locator("#officers-hold")).to_contain_text("2 officers:")
    expect(first_post).to_have_attribute("open", "")
    expect(screen.page.get_by_role("tab", name="Posts")).to_have_attribute("aria-selected", "true")
    expect(slider).to_be_focused()

    screen.page.get_by_role("tab", name="Posts").press("End")
    plan = screen.plan_id()
    red = screen.page.locator("[id='fact-casualties.red']")
    red.fill("6")
    red.press("Tab")
    screen.wait_for_plan(other_than=plan)
    expect(red).to_have_value("6")
    screen.page.reload()
    screen.ready()
    screen.wait_for_plan()
    tab(screen, "Facts")
    expect(red).to_have_value("6")


def test_texts_are_copied_and_the_public_notice_is_refused_while_blank(screen: Screen) -> None:
    screen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    planned(screen)
    tab(screen, "Send")
    screen.page.get_by_text("Radio: short transmissions").click()
    screen.page.locator("#copy-radio").click()
    expect(screen.page.locator("#copy-radio")).to_have_text("COPIED")
    copied = screen.page.evaluate("navigator.clipboard.readText()")
    assert "USNG" in copied
    assert "Suggestion: IC decides" in copied

    screen.page.get_by_text("Public notice: road closures").click()
    notice = screen.page.locator("#send-notice")
    expect(notice).to_contain_text("DRAFT, not for release")
    for number, item in enumerate(
        ("sender", "why", "when", "shelter", "avoid", "directions", "reunification")
    ):
        field = screen.page.locator(f"[id='fact-notice.{item}']")
        expect(screen.page.locator("#copy-notice")).to_have_count(0)
        field.fill(f"Text {number}")
        field.press("Tab")
        expect(notice.locator("pre")).to_contain_text(f"Text {number}")
    expect(screen.page.locator("#copy-notice")).to_be_visible()
    expect(notice).not_to_contain_text("DRAFT")


def test_a_name_on_the_board_is_shown_on_the_map(screen: Screen) -> None:
    planned(screen)
    screen.page.locator("#show-command_post-1").click()
    expect(screen.map.locator("#selected")).to_contain_text("Command post")


def test_an_exercise_is_marked_and_an_earlier_version_comes_back(screen: Screen) -> None:
    planned(screen)
    plan = screen.plan_id()
    tab(screen, "Facts")
    screen.page.get_by_text("This is an EXERCISE").click()
    expect(screen.page.locator(".exercise")).to_be_visible()
    screen.page.get_by_text(re.compile("^Earlier versions")).click()
    screen.page.get_by_role("button", name=re.compile("put scene")).first.click()
    expect(screen.page.locator(".exercise")).to_have_count(0)
    assert screen.wait_for_plan() == plan


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_part_and_every_text_is_16_px(screen: Screen, scheme: str) -> None:
    screen.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    planned(screen)
    screen.page.locator("#accept-command_post-1").click()
    screen.page.locator("#take_back-command_post-1").wait_for()
    for name in ("Sites", "Posts", "Care", "Notices", "Send", "Facts"):
        tab(screen, name)
        screen.page.evaluate(
            "document.querySelectorAll('.board details').forEach((one) => (one.open = true))"
        )
        assert findings(screen, "color-contrast" if scheme == "dark" else "") == [], name
        small = screen.page.evaluate(
            "[...document.querySelectorAll('.board *')].filter((one) => one.checkVisibility() && "
            "parseFloat(getComputedStyle(one).fontSize) < 16).map((one) => one.outerHTML.slice(0, 120))"
        )
        assert small == []


def test_streamlits_own_parts_are_16_px_too(screen: Screen) -> None:
    planned(screen)
    screen.page.locator("#accept-command_post-1").click()
    screen.page.locator("#take_back-command_post-1").wait_for()
    screen.page.get_by_text(re.compile("^Earlier versions")).wait_for()  # it comes with the second version
    folded = screen.page.locator("[data-testid='stExpander'] details:not([open]) > summary")
    for _ in range(folded.count()):
        folded.first.click()
    expect(folded).to_have_count(0)
    screen.page.get_by_role("button", name=re.compile("put scene")).wait_for()
    screen.page.locator("input[type=file]").wait_for(state="attached")
    small = screen.page.evaluate(
        "[...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() && "
        "(one.matches('input, select, textarea') || "
        "[...one.childNodes].some((part) => part.nodeType === 3 && part.textContent.trim())) && "
        "parseFloat(getComputedStyle(one).fontSize) < 16).map((one) => one.outerHTML.slice(0, 120))"
    )
    assert small == []
    screen.page.get_by_role("button", name="Make the file").click()
    screen.page.get_by_role("button", name=re.compile("^Save ")).wait_for()
    refused: FilePayload = {"name": "none.kml", "mimeType": "application/xml", "buffer": b"<kml>"}
    screen.page.locator("input[type=file]").set_input_files(refused)
    screen.page.get_by_role("alert").wait_for()
    assert findings(screen) == []


def test_it_reads_on_every_screen(screen: Screen) -> None:
    planned(screen)
    for width, height in SIZES:
        screen.page.set_viewport_size({"width": width, "height": height})
        screen.page.wait_for_function(
            "width => document.querySelector('.board').clientWidth < width", arg=width
        )
        reads(screen, width)


def reads(screen: Screen, width: int) -> None:
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= width
    for button in screen.page.locator(".board button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= width
    for act in ("accept", "reject", "move"):
        box = screen.page.locator(f"#{act}-command_post-1").bounding_box()
        assert box is not None
        assert box["height"] >= 56  # 15 mm
