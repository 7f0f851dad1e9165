"""The downloads of the incident page, by Streamlit's own test runner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from planner.exports import EXPORTERS, export_plan
from planner.ui import downloads
from tests.plans import town_plan


def page_of_downloads() -> None:
    from planner.ui.downloads import show_downloads
    from tests.plans import made_town, town_plan

    show_downloads(town_plan(), made_town())


def open_page() -> AppTest:
    return AppTest.from_function(page_of_downloads, default_timeout=60).run()


def make(page: AppTest, to: str) -> AppTest:
    page.selectbox[0].select(to).run()
    return page.button[0].click().run()


def made(page: AppTest):
    _, name, content = page.session_state["file made"]
    return name, content


def test_nothing_is_made_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def export(*given: Any) -> bytes:
        asked.append(given)
        return b"x"

    monkeypatch.setattr(downloads, "export_plan", export)
    page = open_page()
    assert page.selectbox[0].options == [one.title for one in EXPORTERS.values()]
    assert not page.get("download_button")
    page.selectbox[0].select("kml").run()
    assert asked == []
    page.button[0].click().run()
    assert len(asked) == 1
    assert len(page.get("download_button")) == 1
    page.run()
    assert len(asked) == 1, "what was made is kept"


@pytest.mark.parametrize("to", ["geojson", "gpkg", "tak", "cifs"])
def test_what_is_made_is_the_export_under_a_name_with_incident_version_and_time(to: str) -> None:
    page = make(open_page(), to)
    assert not page.exception
    name, content = made(page)
    suffix = re.escape(EXPORTERS[to].suffix)
    version = town_plan().id[:8]
    assert re.fullmatch(rf"maple-st_{version}_{to}_\d{{8}}T\d{{4}}[+-]\d{{4}}{suffix}", name)
    assert page.text[-1].value == name
    assert len(content) > 500
    if to == "geojson":
        from tests.plans import MADE

        assert content == export_plan(town_plan(), to, MADE)


def test_another_choice_takes_the_file_away_until_it_is_made_again() -> None:
    page = make(open_page(), "kml")
    assert page.get("download_button")
    page.toggle[0].set_value(True).run()
    assert not page.get("download_button"), "the file at hand is not the public one"
    page.button[0].click().run()
    name, content = made(page)
    assert name.startswith("public_")
    assert b"command_post" not in content.split(b"<Folder>", 1)[1]


def test_what_cannot_be_made_is_said_in_one_line_and_offers_nothing() -> None:
    page = open_page()
    page.selectbox[0].select("cifs").run()
    page.toggle[0].set_value(True).run()
    page.button[0].click().run()
    assert not page.exception
    assert not page.get("download_button")
    (trouble,) = [one.proto.body for one in page.get("html")]
    assert 'role="alert"' in trouble
    assert "exercise" in trouble


def test_a_sender_is_asked_for_only_where_one_is_written() -> None:
    page = open_page()
    page.selectbox[0].select("kml").run()
    assert not page.text_input
    page.selectbox[0].select("cap").run()
    page.text_input[0].input("Story County Sheriff").run()
    page.button[0].click().run()
    _, content = made(page)
    assert b"<senderName>Story County Sheriff</senderName>" in content
