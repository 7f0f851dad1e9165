"""The pages by Streamlit's own test runner: state, store and address, without a browser."""

from __future__ import annotations

import base64
import gc
import json
import os
import re
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from planner import packs
from planner.area import Area
from planner.document import read_incident, write_plan
from planner.memory import COLLECT_EVERY
from planner.model import Plan
from planner.plan import make_plan
from planner.store import Store
from planner.ui import decide, planned, state, warm
from planner.ui.basemap import BaseMapFiles
from planner.ui.ready import first_plan
from tests.kept_areas import draw_base_map, keep_areas
from tests.town import town

PAGE = str(Path(__file__).parents[1] / "pages" / "incident.py")
AREAS = str(Path(__file__).parents[1] / "pages" / "areas.py")
TOWN_PLACE = (-85.632, 41.944)


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of the test's own: the areas stay those of the whole run."""
    for area in ("three_rivers", packs.DEFAULT_AREA):
        draw_base_map(area)
    keep_areas(monkeypatch)
    store = Store(tmp_path / "incidents.sqlite")
    monkeypatch.setattr(state, "store", lambda: store)
    yield store
    st.cache_resource.clear()


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=120)
    page.query_params["area"] = "three_rivers"
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def scene(lon: float, lat: float) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": "a", "properties": {"kind": "incident"}, "geometry": point}


def draw(page: AppTest, *features: dict[str, Any], number: int = 1) -> AppTest:
    """What the map says when a stroke is finished."""
    word = {"incident": incident_of(page), "session": "s", "number": number, "features": list(features)}
    page.session_state["map"] = word
    return page.run()


def unfold(page: AppTest, what: str) -> AppTest:
    """Open what is folded away at the foot of the page."""
    page.session_state[f"unfolded {what}"] = True
    return page.run()


def incident_of(page: AppTest) -> str:
    value = page.query_params["incident"]
    return value if isinstance(value, str) else value[0]


def said(page: AppTest) -> str:
    """All that stands on the page: pieces of markup, and the board."""
    boards = (part.proto for part in page.get("bidi_component"))
    packed = (json.loads(one.json)["markup"] for one in boards if one.component_name == "plan_board")
    told = [zlib.decompress(base64.b64decode(one)).decode() for one in packed]
    return " ".join([*told, *(part.proto.body for part in page.get("html"))])


def ageless(text: str) -> str:
    """Return what is said without since when."""
    return re.sub(r"<time .*?</time>", "", text)


def find(page: AppTest, text: str) -> list[dict[str, Any]]:
    """Type into the search box, and return what it suggests."""
    page.session_state["search"] = {"typed": text, "picked": None}
    page.run()
    (box,) = (one.proto for one in page.get("bidi_component") if one.proto.component_name == "place_search")
    found: list[dict[str, Any]] = json.loads(box.json)["found"]
    return found


def pick(page: AppTest, text: str, number: int = 1) -> AppTest:
    """Choose the first suggestion."""
    place = f"{incident_of(page)} {page.selectbox[0].value}"
    chosen = {"session": "s", "number": number, "at": find(page, text)[0]["at"], "place": place}
    page.session_state["search"] = {"typed": "", "picked": chosen}
    return page.run()


def say(page: AppTest, *heard: dict[str, Any]) -> AppTest:
    """Press on the board, or enter something there; words not said before are new."""
    board = next(one.proto for one in page.get("bidi_component") if one.proto.component_name == "plan_board")
    shown = json.loads(board.json)
    last = (shown["acknowledged"] or {"number": 0})["number"]
    told = [
        {"incident": shown["incident"], "plan": shown["plan"], "number": number, **word}
        for number, word in enumerate(heard, last + 1)
    ]
    page.session_state["board"] = {"said": {"session": "s", "words": told}}
    return page.run()


def test_the_first_tap_finds_what_was_worked_out_at_the_start(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(partial(gc.set_threshold, *gc.get_threshold()))
    warmed: list[Area] = []
    monkeypatch.setattr(
        warm, "areas_to_expect", lambda: ["three_rivers"]
    )  # whatever else is in the run's home

    def planned(area: Area) -> Plan:
        warmed.append(area)
        return first_plan(area)

    monkeypatch.setattr(warm, "first_plan", planned)
    gc.set_threshold(700, *gc.get_threshold()[1:])
    warm.warm_up().result(timeout=60)
    assert gc.get_threshold()[0] == COLLECT_EVERY, "a plan makes objects that stay"
    assert not open_page().exception
    (listing,) = (one for one in packs.list_areas() if one.name == "three_rivers")
    opened = warm.area_of(listing, lambda *_: None)
    assert [area is opened for area in warmed] == [True], "another copy, or planned on twice"


def test_the_page_says_as_long_as_a_citys_map_is_made_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    def planned(area: Area) -> Plan:
        assert go.wait(60)
        return first_plan(area)

    monkeypatch.setattr(warm, "first_plan", planned)
    assert "ready" not in waiting_for(open_page()), "a small map is not worth a word"
    monkeypatch.setattr(warm, "LEAST_STREETS", 1)
    page = open_page()
    assert "made ready" in waiting_for(page)
    (listing,) = (one for one in packs.list_areas() if one.name == "three_rivers")
    warming = warm.warming_of(warm.area_of(listing, lambda *_: None))
    assert warming is not None
    go.set()
    warming.result(timeout=60)
    assert "made ready" not in waiting_for(page.run())


def waiting_for(page: AppTest) -> str:
    assert not page.exception
    return " ".join(text.value for text in page.text)


def test_the_area_of_the_last_incident_is_warmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    kept = Store(tmp_path / "incidents.sqlite")
    assert warm.areas_to_expect() == ["montevideo"]
    kept.write_incident("first", "three_rivers", "{}")
    assert warm.areas_to_expect() == ["three_rivers"]
    kept.write_incident("second", "gone", "{}")
    assert warm.areas_to_expect() == ["montevideo"]


def test_a_new_page_opens_where_the_last_incident_was_else_what_was_imported_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_store: Store
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    assert warm.area_to_open(own_store) == "montevideo", "nothing is here yet"
    own_store.write_incident("training", "three_rivers", "{}")
    assert warm.area_to_open(own_store) == "three_rivers"
    imported = datetime.now(UTC)
    for name, days in (("first", 2), ("county", 1)):
        packs.write_area(replace(town(), name=name))
        at_s = (imported - timedelta(days=days)).timestamp()
        os.utime(tmp_path / "areas" / name / packs.MANIFEST, (at_s, at_s))
    assert warm.area_to_open(own_store) == "three_rivers", "said after both were imported"
    at_s = (imported + timedelta(days=1)).timestamp()
    os.utime(tmp_path / "areas" / "county" / packs.MANIFEST, (at_s, at_s))
    assert warm.area_to_open(own_store) == "county"
    own_store.write_incident("real", "first", "{}")
    assert warm.area_to_open(own_store) == "first"
    page = AppTest.from_file(PAGE, default_timeout=120).run()
    assert not page.exception
    assert page.selectbox[0].value == "first"
    assert open_page(area="county").selectbox[0].value == "county"


def test_a_new_page_asks_for_the_scene_and_saves_nothing(own_store: Store) -> None:
    page = open_page()
    assert not page.exception
    assert "Tap where it happens" in said(page)
    assert len(incident_of(page)) == 12
    assert own_store.list_incidents() == []


def test_a_tap_is_on_disk_and_planned(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    assert not page.exception
    assert "Sites" in said(page)
    assert "Suggestion: IC decides" in said(page)
    saved = own_store.read_incident(incident_of(page))
    assert saved is not None
    assert json.loads(saved.document)["features"] == [scene(*TOWN_PLACE)]


def test_the_same_stroke_is_saved_once(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    page.run()
    page.run()
    assert len(own_store.list_versions(incident_of(page))) == 1


def test_the_stroke_is_on_disk_before_the_plan_fails(
    own_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(planned, "make_plan", fail)
    draw(page, scene(*TOWN_PLACE))
    assert not page.exception, "a fault in the plan must not take the map away"
    assert "What you drew is saved" in said(page)
    assert own_store.read_incident(incident_of(page)) is not None


def test_an_incident_in_the_address_comes_back(own_store: Store) -> None:
    first = draw(open_page(), scene(*TOWN_PLACE))
    plan = said(first)
    again = open_page(incident=incident_of(first))
    assert said(again) == plan
    assert len(own_store.list_versions(incident_of(first))) == 1


@pytest.mark.parametrize("asked", ["../../etc/passwd", "<script>", "x", "a" * 500])
def test_a_wrong_id_in_the_address_begins_a_new_incident(asked: str) -> None:
    page = open_page(incident=asked)
    assert not page.exception
    assert incident_of(page) != asked
    assert "no incident is called so: names have 6 to 40 letters" in said(page)
    draw(page, scene(*TOWN_PLACE))
    assert "no incident is called so" not in said(page)


def test_an_incident_that_is_not_here_is_said_not_to_be_and_a_blank_page_loaded_again_is_not() -> None:
    page = open_page(incident="from-elsewhere")
    assert "Incident from-elsewhere is not kept here" in said(page)
    assert "Tap where it happens" in said(page)
    blank = open_page()
    assert "is not kept here" not in said(blank)
    assert "is not kept here" not in said(open_page(incident=incident_of(blank)))


def test_an_incident_whose_area_is_gone_is_said_to_stay_saved(own_store: Store) -> None:
    document = {
        "type": "FeatureCollection",
        "planner": {"schema": "incident/1"},
        "features": [scene(0.0, 0.0)],
    }
    own_store.write_incident("in-a-lost-area", "lost_area", json.dumps(document))
    page = open_page(incident="in-a-lost-area")
    assert not page.exception
    assert incident_of(page) != "in-a-lost-area"
    assert "The area lost_area is not here" in said(page)
    assert "Incident in-a-lost-area stays saved" in said(page)


def test_a_place_outside_the_area_is_told_and_the_drawing_kept(own_store: Store) -> None:
    page = draw(open_page(), scene(0.0, 0.0))
    assert not page.exception
    assert 'role="alert"' in said(page)
    assert own_store.read_incident(incident_of(page)) is not None


def test_a_threat_changes_the_plan_and_is_kept(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    before = said(page)
    next(group for group in page.segmented_control if "threat of" in str(group.key)).set_value("knife").run()
    assert not page.exception
    assert said(page) != before
    saved = own_store.read_incident(incident_of(page))
    assert saved is not None
    assert json.loads(saved.document)["planner"]["threat"] == "knife"


def test_a_search_puts_the_scene_there() -> None:
    page = pick(open_page(), f"{TOWN_PLACE[1]}, {TOWN_PLACE[0]}")
    assert not page.exception
    assert "Sites" in said(page)


def test_a_pick_whose_run_ended_before_it_was_saved_is_taken_by_the_next(
    own_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run ends wherever it looks at the session, when a newer one is asked for."""
    ended: list[Any] = []

    def ends(*given: Any, **more: Any) -> Any:
        if not ended:
            ended.append(given)
            raise RuntimeError
        return raised(*given, **more)

    raised = state._raised
    monkeypatch.setattr(state, "_raised", ends)
    page = pick(open_page(), f"{TOWN_PLACE[1]}, {TOWN_PLACE[0]}")
    assert ended
    page.run()
    assert [one["properties"]["kind"] for one in document(own_store, page)["features"]] == ["incident"]


def write_elsewhere(kept: Store, page: AppTest, what: str, *features: dict[str, Any], **facts: Any) -> None:
    """What another browser says of the incident that a page has open."""
    latest = kept.read_incident(incident_of(page))
    told = json.loads(latest.document) if latest else {"planner": {}, "features": []}
    told = {
        "type": "FeatureCollection",
        "planner": {"schema": "incident/1", **told["planner"], **facts},
        "features": [*told["features"], *features],
    }
    kept.write_incident(incident_of(page), "three_rivers", json.dumps(told), what)


def closure(name: str) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": list(TOWN_PLACE)}
    return {"type": "Feature", "id": name, "properties": {"kind": "closure"}, "geometry": point}


def test_what_another_browser_said_is_taken_over_told_and_not_lost_by_a_stroke(
    own_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    write_elsewhere(own_store, page, "put <b>", closure("theirs"), threat="knife")
    page.run()
    assert not page.exception
    assert "Taken over from another screen: put &lt;b&gt; (" in said(page)
    (threat,) = (one for one in page.segmented_control if "threat of" in str(one.key))
    assert threat.value == "knife"
    # Drawn before the map heard of it, and after something more was said there.
    write_elsewhere(own_store, page, "put more", closure("later"))
    word = {"incident": incident_of(page), "session": "s", "number": 2, "authority": 0}
    page.session_state["map"] = {**word, "features": [scene(*TOWN_PLACE), closure("ours")]}
    page.run()
    told = document(own_store, page)
    assert sorted(one["id"] for one in told["features"]) == ["a", "later", "ours", "theirs"]
    assert told["planner"]["threat"] == "knife"
    assert "Taken over from another screen: put more" in said(page), "nobody has read it yet"
    monkeypatch.setattr(state, "_NEWS_STAY", timedelta(0))
    draw(page, scene(*TOWN_PLACE), number=3)
    assert "Taken over" not in said(page), "what is said now has seen it"


def test_no_plan_is_looked_for_on_behalf_of_a_word_that_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The board's last words stay with the page until others are said: each run would plan for them again."""
    page = draw(open_page(), scene(*TOWN_PLACE))
    say(page, {"act": "accept", "on": "command_post-1"})
    page.session_state["held"].plans = ("", [])  # as after some more plans
    asked: list[str] = []
    monkeypatch.setattr(state, "_plan_read", lambda _incident, plan: asked.append(plan))
    page.run()
    assert not page.exception
    assert asked == []


def test_what_two_save_at_the_same_moment_both_counts(
    own_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    told_of = decide.restated

    def meanwhile(*given: Any) -> Any:
        if own_store.count_versions(incident_of(page)) < 2:
            write_elsewhere(own_store, page, "put", closure("theirs"), exercise=True)
        return told_of(*given)

    monkeypatch.setattr(state, "restated", meanwhile)  # after the page caught up, before it saves
    word = {"incident": incident_of(page), "session": "s", "number": 2, "facts": {}}
    page.session_state["map"] = {**word, "features": [scene(*TOWN_PLACE), closure("ours")]}
    page.run()
    told = document(own_store, page)
    assert sorted(one["id"] for one in told["features"]) == ["a", "ours", "theirs"]
    assert told["planner"]["exercise"] is True


def test_a_map_that_outlived_its_server_takes_over_what_it_had_not_heard(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    for name in ("b", "c"):
        write_elsewhere(own_store, page, "put", closure(name))
    again = open_page(incident=incident_of(page))
    assert again.session_state["held"].incident.authority == 3, "no map has it that has not these features"


def test_a_part_that_runs_by_a_clock_brings_no_left_incident_back() -> None:
    """It is asked with the address that the browser had a moment before."""

    def part() -> None:
        import streamlit as st

        from planner.ui import state
        from planner.ui.held import Held, OpenIncident

        st.session_state["held"] = Held(OpenIncident("begun-now", "three_rivers"))
        state.keep_address()

    page = AppTest.from_function(part)
    page.query_params["incident"] = "left-before"
    page.run()
    assert not page.exception
    assert page.query_params["incident"] in ("begun-now", ["begun-now"])


def test_a_new_incident_leaves_the_old_one_to_come_back_to() -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    old = incident_of(page)
    next(button for button in page.button if button.label == "New incident").click().run()
    assert incident_of(page) != old
    assert "Tap where it happens" in said(page)
    unfold(page, "incidents").button(key=f"open {old}").click().run()
    assert incident_of(page) == old
    assert "Sites" in said(page)


def test_an_old_stroke_does_not_come_back_when_its_incident_is_opened_again(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    old = incident_of(page)
    pick(page, f"{TOWN_PLACE[1] + 0.003}, {TOWN_PLACE[0]}")
    next(button for button in page.button if button.label == "New incident").click().run()
    unfold(page, "incidents").button(key=f"open {old}").click().run()
    saved = own_store.read_incident(old)
    assert saved is not None
    assert json.loads(saved.document)["features"][0]["id"] == "scene"
    assert saved.number == 2


def test_another_area_begins_another_incident(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    old = incident_of(page)
    page.selectbox[0].set_value("montevideo").run()
    assert not page.exception
    assert incident_of(page) != old
    assert own_store.read_incident(old) is not None


def test_an_unknown_area_in_the_address_gives_what_a_new_page_opens(own_store: Store) -> None:
    own_store.write_incident("before", "three_rivers", "{}")
    page = AppTest.from_file(PAGE, default_timeout=120)
    page.query_params["area"] = "../nowhere"
    page.run()
    assert not page.exception
    assert page.selectbox[0].value == "three_rivers"
    assert "The area ../nowhere is not here" in said(page)


def test_the_areas_page_lists_what_is_here() -> None:
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    assert not page.exception
    assert "montevideo" in said(page)
    assert "three_rivers" in said(page)


class LateBaseMap(Future[BaseMapFiles]):
    """Not there when it is first asked for, and there a moment later."""

    def __init__(self, files: BaseMapFiles) -> None:
        super().__init__()
        self.files = files

    def result(self, timeout: float | None = None) -> BaseMapFiles:
        if self.done():
            return super().result(timeout)
        self.set_result(self.files)
        raise TimeoutError


def test_a_base_map_that_comes_while_the_page_is_drawn_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = LateBaseMap(BaseMapFiles(tmp_path / "near.pmtiles", tmp_path / "far.pmtiles"))
    monkeypatch.setattr(state, "base_map_of", lambda _: late)
    page = open_page()
    assert not page.exception
    (shown,) = page.get("component_instance")
    assert json.loads(shown.proto.json_args)["basemap"]["near"].endswith("near.pmtiles")


def test_the_page_says_over_the_blank_map_that_its_base_map_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: Future[BaseMapFiles] = Future()
    monkeypatch.setattr(state, "base_map_of", lambda _: waiting)
    page = open_page()
    assert "is drawn next, once" in " ".join(text.value for text in page.text)
    waiting.set_running_or_notify_cancel()
    told = [text.value for text in page.run().text]
    assert "Drawing the map of three_rivers, once. You can tap already: a plan does not wait for it." in told
    waiting.set_exception(OSError(28, "No space left on device"))
    assert "Drawing the map" not in " ".join(text.value for text in page.run().text)


def test_a_base_map_that_cannot_be_made_takes_no_plan_away(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: Future[BaseMapFiles] = Future()
    failed.set_exception(OSError(28, "No space left on device"))
    monkeypatch.setattr(state, "base_map_of", lambda _: failed)
    page = draw(open_page(), scene(*TOWN_PLACE))
    assert not page.exception
    assert any("could not be drawn" in caption.value for caption in page.text)
    assert "Sites" in said(page)


def upload(page: AppTest, document: bytes) -> AppTest:
    return (
        unfold(page, "document")
        .file_uploader[0]
        .set_value(("plan.geojson", document, "application/geo+json"))
        .run()
    )


def test_a_plan_document_fed_back_in_is_the_same_incident_in_its_own_area(own_store: Store) -> None:
    first = draw(open_page(), scene(*TOWN_PLACE))
    say(first, {"act": "fact", "on": "exercise", "value": True})
    say(first, {"act": "fact", "on": "notice.sender", "value": "City police"})
    saved = own_store.read_incident(incident_of(first))
    assert saved is not None
    town = packs.open_area("three_rivers")
    plan = make_plan(read_incident(saved.document), town, packs.shipped_doctrine())
    page = upload(open_page(area="montevideo"), write_plan(plan))
    assert not page.exception
    assert page.selectbox[0].value == "three_rivers"
    assert ageless(said(page)) == ageless(said(first))
    assert "EXERCISE EXERCISE EXERCISE" in said(page)
    assert "City police" in said(page)
    opened = own_store.read_incident(incident_of(page))
    assert opened is not None
    assert read_incident(opened.document) == read_incident(saved.document)


def test_zones_drawn_in_google_earth_are_opened_and_what_was_taken_is_said(own_store: Store) -> None:
    lon, lat = TOWN_PLACE
    corners = ((0, 0), (8e-4, 0), (8e-4, 8e-4), (0, 8e-4), (0, 0))
    ring = " ".join(f"{lon + dx},{lat + dy}" for dx, dy in corners)
    kml = (
        "<kml><Placemark><name>*Hot* zone</name><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
    )
    page = unfold(open_page(), "document")
    page.file_uploader[0].set_value(("drawn.kml", kml.encode(), "application/vnd.google-earth.kml+xml")).run()
    assert not page.exception
    assert "taken: 1 hot zone" in [text.value for text in page.text]
    assert "Sites" in said(page)
    saved = own_store.read_incident(incident_of(page))
    assert saved is not None
    assert len(read_incident(saved.document).zones) == 1


@pytest.mark.parametrize("document", [b"", b"[1]", b'{"planner": {"area": 1}}', b"\xff\xfe", b"{" * 10_000])
def test_a_document_that_is_none_is_refused_and_the_incident_stays(document: bytes, own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    before = incident_of(page)
    upload(page, document)
    assert not page.exception
    assert 'role="alert"' in said(page)
    assert incident_of(page) == before
    assert len(own_store.list_incidents()) == 1


# --- what is said on the board ----------------------------------------------------------------------


def document(store: Store, page: AppTest) -> dict[str, Any]:
    saved = store.read_incident(incident_of(page))
    assert saved is not None
    told: dict[str, Any] = json.loads(saved.document)
    return told


def test_an_accepted_site_is_in_the_document_and_stays_when_the_threat_changes(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    say(page, {"act": "accept", "on": "command_post-1"})
    assert not page.exception
    (pin,) = (one for one in document(own_store, page)["features"] if one["properties"]["kind"] == "pin")
    assert pin["properties"]["accepted"] is True
    assert f'accepted <time datetime="{pin["properties"]["set_at"]}"' in said(page)
    next(group for group in page.segmented_control if "threat of" in str(group.key)).set_value("knife").run()
    assert pin in document(own_store, page)["features"]
    assert 'data-act="take_back" data-on="command_post-1"' in said(page)
    assert "Changed since the last plan" in said(page)


def test_two_presses_at_once_both_count_and_are_taken_once(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    say(page, {"act": "accept", "on": "command_post-1"}, {"act": "accept", "on": "staging-1"})
    page.run()
    kinds = [one["properties"]["kind"] for one in document(own_store, page)["features"]]
    assert kinds.count("pin") == 2
    assert [v.what.split(":")[0] for v in own_store.list_versions(incident_of(page))] == [
        "put scene", "accepted Command post", "accepted Staging",
    ]  # fmt: skip


def test_a_stroke_drawn_before_the_map_heard_of_a_decision_undoes_nothing(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    say(page, {"act": "accept", "on": "command_post-1"})
    blocked = {
        "type": "Feature",
        "id": "b",
        "properties": {"kind": "closure"},
        "geometry": {"type": "Point", "coordinates": list(TOWN_PLACE)},
    }
    word = {"incident": incident_of(page), "session": "s", "number": 2, "authority": 0}
    page.session_state["map"] = {**word, "features": [scene(*TOWN_PLACE), blocked]}
    page.run()
    assert not page.exception
    kinds = sorted(one["properties"]["kind"] for one in document(own_store, page)["features"])
    assert kinds == ["closure", "incident", "pin"]


def test_a_word_about_a_plan_that_is_gone_is_refused_and_the_plan_stays(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    say(page, {"act": "accept", "on": "command_post-1", "plan": "another"})
    assert not page.exception
    assert 'role="alert"' in said(page)
    assert "Sites" in said(page)
    assert len(own_store.list_versions(incident_of(page))) == 1


def test_a_press_that_a_lost_server_never_heard_counts_when_it_is_said_to_the_next(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    board = next(one.proto for one in page.get("bidi_component") if one.proto.component_name == "plan_board")
    read = json.loads(board.json)["plan"]
    again = open_page(incident=incident_of(page))
    again.session_state["held"].plans = ("", [])
    say(again, {"act": "accept", "on": "command_post-1", "plan": read})
    assert not again.exception
    assert [one["properties"]["kind"] for one in document(own_store, again)["features"]] == [
        "incident",
        "pin",
    ]


def test_facts_are_kept_and_the_exercise_marks_the_page(own_store: Store) -> None:
    page = open_page()
    say(page, {"act": "fact", "on": "casualties.red", "value": "3"})
    assert document(own_store, page)["planner"]["casualties"] == {"red": 3}, (
        "kept though nothing is tapped yet"
    )
    draw(page, scene(*TOWN_PLACE))
    say(page, {"act": "fact", "on": "exercise", "value": True})
    assert not page.exception
    facts = document(own_store, page)["planner"]
    assert (facts["casualties"], facts["exercise"]) == ({"red": 3}, True)
    assert "EXERCISE EXERCISE EXERCISE" in said(page)


def test_officers_at_hand_say_which_posts_wait(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    assert "NOT STAFFED" not in said(page)
    say(page, {"act": "fact", "on": "units.officers", "value": "2"})
    assert "NOT STAFFED" in said(page)
    assert "2 at hand" in said(page)
    assert "NOT sealed yet" in said(page)


def test_an_earlier_version_comes_back_as_a_new_one(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    next(group for group in page.segmented_control if "threat of" in str(group.key)).set_value("knife").run()
    say(page, {"act": "accept", "on": "command_post-1"})
    assert not [button for button in page.button if "version" in str(button.key)], (
        "read before it is asked for"
    )
    unfold(page, "versions").button(key="version 1").click().run()
    assert not page.exception
    told = document(own_store, page)
    assert told["features"] == [scene(*TOWN_PLACE)]
    assert "threat" not in told["planner"], "it was not said then"
    assert [v.number for v in own_store.list_versions(incident_of(page))] == [1, 2, 3, 4]
    page.run()
    assert len(own_store.list_versions(incident_of(page))) == 4, "the page's entries must not bring it back"


def test_a_step_back_on_the_map_takes_the_threat_back_too(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    page.segmented_control[0].set_value("knife").run()
    word = {"incident": incident_of(page), "session": "s", "number": 2, "features": [scene(*TOWN_PLACE)]}
    page.session_state["map"] = {**word, "facts": {"threat": "handgun"}}
    page.run()
    assert page.segmented_control[0].value == "handgun"
    assert document(own_store, page)["planner"]["threat"] == "handgun"
    page.session_state["map"] = {**word, "number": 3, "facts": {}}
    page.run()
    assert not page.exception
    assert "threat" not in document(own_store, page)["planner"]
    assert own_store.list_versions(incident_of(page))[-1].what == "threat: not said"
    page.run()
    assert own_store.count_versions(incident_of(page)) == 4, "the page's entries must not bring it back"


def test_a_page_that_fails_says_what_to_do_and_sends_nobody_to_strangers() -> None:
    def broken() -> None:
        from planner.ui.opening import run_or_tell

        def fail() -> None:
            raise ImportError("<b>name</b>")

        run_or_tell(fail)

    page = AppTest.from_function(broken, default_timeout=30).run()
    assert not page.exception
    assert "The program failed here (ImportError). What was drawn and said is saved." in said(page)
    assert "<b>name" not in said(page)
    assert st.get_option("client.showErrorLinks") is False


def test_a_search_suggests_while_one_types() -> None:
    page = open_page()
    assert find(page, "a") == []
    assert any("school" in one["kind"] for one in find(page, "school"))
    assert "Tap where it happens" in said(page)


def device_asked(page: AppTest) -> list[Any]:
    return [one for one in page.segmented_control if "device of" in str(one.key)]


def test_a_plan_made_while_no_device_is_chosen_says_so_and_to_leave_it_lights_what_is_planned(
    own_store: Store,
) -> None:
    page = open_page()
    page.segmented_control[0].set_value("explosive").run()
    draw(page, scene(*TOWN_PLACE))
    assert "<span>Planned as UNKNOWN, not as explosive: choose the device.</span>" in said(page)
    (asked,) = device_asked(page)
    asked.set_value("as it is").run()
    assert not page.exception
    assert device_asked(page) == []
    assert page.segmented_control[0].value == "unknown"
    assert "not as explosive" not in said(page)
    assert "threat" not in document(own_store, page)["planner"]

    page.segmented_control[0].set_value("explosive").run()
    device_asked(page)[0].set_value("pipe_bomb").run()
    assert "not as explosive" not in said(page)
    page.segmented_control[0].set_value(None).run()  # pressed once more: another device?
    assert "not as explosive" not in said(page)
    device_asked(page)[0].set_value("as it is").run()
    assert page.segmented_control[0].value == "explosive"
    assert document(own_store, page)["planner"]["threat"] == "pipe_bomb"


def test_a_bomb_stands_beside_the_gunman_until_somebody_says_otherwise(own_store: Store) -> None:
    page = draw(open_page(), scene(*TOWN_PLACE))
    page.segmented_control[0].set_value("handgun").run()
    page.segmented_control[0].set_value("explosive").run()
    assert document(own_store, page)["planner"]["threat"] == "handgun"
    asked = next(one for one in page.segmented_control if "device of" in str(one.key))
    assert asked.label == "Which device? Until you say, the plan is for: Handgun"
    asked.set_value("pipe_bomb").run()
    assert not page.exception

    def threats() -> tuple[str, list[str]]:
        kept = document(own_store, page)
        further = [one["properties"].get("threat") for one in kept["features"][1:]]
        return kept["planner"]["threat"], further

    assert threats() == ("handgun", ["pipe_bomb"])
    assert page.segmented_control[0].value == "handgun"
    assert "Pipe bomb beside Handgun. Which is there?" in [text.value for text in page.text]
    page.button(key="threats after").click().run()
    assert threats() == ("pipe_bomb", [])
    assert page.segmented_control[0].value == "explosive"
    assert "Which is there?" not in " ".join(text.value for text in page.text), "answered once"
    page.segmented_control[0].set_value("rifle").run()
    assert threats() == ("pipe_bomb", ["rifle"])
    page.button(key="threats before").click().run()
    assert threats() == ("pipe_bomb", [])
    page.segmented_control[0].set_value("fire").run()
    draw(
        page,
        scene(*TOWN_PLACE),
        {**scene(*TOWN_PLACE), "id": "b", "properties": {"kind": "closure"}},
        number=2,
    )
    assert "Which is there?" not in " ".join(text.value for text in page.text), "drawing goes on"
