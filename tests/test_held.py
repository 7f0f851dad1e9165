"""What a browser holds: changed as a whole or not at all, and of two who count none is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import StopException

from planner.geo import LonLat
from planner.store import Store
from planner.terms import ThreatName
from planner.ui import held, state
from planner.ui.held import Held, OpenIncident, holding
from planner.ui.hospital_words import Called, sent_more

HOSPITAL = Called("Bronson Methodist Hospital", LonLat(-85.58029, 42.28526))
BEGUN = OpenIncident("two-who-count", "three_rivers", facts={"name": "school"})


class Browsers(threading.local):
    """Each thread is a browser of its own; one may be given what another one holds."""

    held: Held | None = None
    looks_left = 10**9


@pytest.fixture
def browsers(monkeypatch: pytest.MonkeyPatch) -> Browsers:
    browsers = Browsers()

    def look() -> Held:
        browsers.looks_left -= 1
        if browsers.looks_left < 0:
            raise StopException  # as Streamlit ends a run at a look, once a newer one is asked for
        if browsers.held is None:
            browsers.held = Held(BEGUN)
        return browsers.held

    monkeypatch.setattr(held, "_of_this_browser", look)
    return browsers


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    store = Store(tmp_path / "incidents.sqlite")
    monkeypatch.setattr(state, "store", lambda: store)
    yield store
    st.cache_resource.clear()


def count_one() -> None:
    state.restate(lambda facts: sent_more(facts, HOSPITAL, "red", 1), "1 red sent")


def sent(store: Store) -> int:
    saved = store.read_incident(BEGUN.id)
    assert saved is not None
    (status,) = json.loads(saved.document)["planner"]["hospitals"]
    return int(status["sent"]["red"])


def test_what_is_said_takes_one_look_at_the_session(browsers: Browsers, store: Store) -> None:
    """A run that ends at its second look has nothing left to lose."""
    browsers.looks_left = 1
    count_one()
    assert sent(store) == 1
    assert browsers.held is not None
    assert browsers.held.incident is not None
    assert browsers.held.incident.number == 1, "it is no news from elsewhere"
    with pytest.raises(StopException):
        count_one()
    assert sent(store) == 1


def test_of_two_who_count_at_the_same_time_none_is_lost(browsers: Browsers, store: Store) -> None:
    start = threading.Barrier(2)

    def count_some() -> None:
        start.wait()
        for _ in range(15):
            count_one()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(count_some) for _ in range(2)]:
            done.result()
    assert sent(store) == 30
    assert store.count_versions(BEGUN.id) == 30


def test_two_runs_of_one_browser_take_turns(browsers: Browsers, store: Store) -> None:
    own = Held(BEGUN)

    def count_some(_: int) -> None:
        browsers.held = own
        for _ in range(10):
            count_one()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(count_some, range(3)))
    assert sent(store) == 30
    assert own.news == (BEGUN.id, ()), "what one says oneself is no news"


def test_what_an_older_run_has_read_does_not_come_back(browsers: Browsers, store: Store) -> None:
    older = BEGUN
    count_one()
    assert state.catch_up(older).number == 1
    assert state.take_stroke(older).facts["hospitals"], "a run that goes on with what it read before"
    renamed = state.name_threat(older, ThreatName.KNIFE)
    assert renamed.facts["hospitals"]
    assert renamed.facts["threat"] == "knife"
    assert sent(store) == 1


def test_one_is_inside_until_one_is_done_and_may_go_in_again(browsers: Browsers) -> None:
    own, order = Held(BEGUN), []

    def other() -> None:
        browsers.held = own
        with holding():
            order.append("other")

    browsers.held = own
    with ThreadPoolExecutor(1) as pool:
        with holding(), holding():
            waiting = pool.submit(other)
            with pytest.raises(TimeoutError):
                waiting.result(0.2)
            order.append("one")
        waiting.result()
    assert order == ["one", "other"]
