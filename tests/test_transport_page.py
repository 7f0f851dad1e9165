"""The transport page by Streamlit's test runner: what the coordinator says is saved and planned at once."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from planner import packs, words
from planner.briefing.concurrence import agrees, concurrence, ways_digest
from planner.briefing.phrases import Edition
from planner.doctrine import Doctrine
from planner.document import read_incident, read_plan, write_incident, write_plan
from planner.exports.ics206 import procedures
from planner.geo import LonLat
from planner.model import (
    Casualties,
    EmsAgreed,
    HospitalStatus,
    Incident,
    KeptPlaces,
    Notice,
    Plan,
    WalkIns,
)
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.routes.alternatives import middle_points
from planner.sources.hospital_tables import installed_hospitals
from planner.store import Store
from planner.terms import NoticeLevel, Purpose, RouteKind, TraumaLevel
from planner.ui import panel_care, state, transport, transport_ask
from planner.ui.transport_compared import compared
from planner.ui.transport_sheet import transport_sheet
from tests.kept_areas import draw_base_map, keep_areas
from tests.test_transport_text import planned

PAGE = str(Path(__file__).parents[1] / "pages" / "transport.py")
ID = "transport123"
METHODIST = "Bronson Methodist Hospital"
DOCTRINE: Doctrine = shipped_doctrine()
RULES = DOCTRINE.transport
EVIL = "<script>alert(1)</script>[x](https://evil.example)"


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store of the test's own, with one incident: six reds among thirty hurt in Three Rivers."""
    draw_base_map("three_rivers")
    keep_areas(monkeypatch)
    store = Store(tmp_path / "incidents.sqlite")
    monkeypatch.setattr(state, "store", lambda: store)
    point = {"type": "Point", "coordinates": [-85.632, 41.944]}
    scene = {"type": "Feature", "id": "a", "properties": {"kind": "incident"}, "geometry": point}
    header = {"schema": "incident/1", "casualties": {"red": 6, "yellow": 6, "green": 8}}
    write(store, {"type": "FeatureCollection", "planner": header, "features": [scene]})
    yield store
    st.cache_resource.clear()
    st.cache_data.clear()


def write(store: Store, document: dict[str, Any]) -> None:
    store.write_incident(ID, "three_rivers", json.dumps(document))


def facts(store: Store) -> dict[str, Any]:
    saved = store.read_incident(ID)
    assert saved is not None
    header: dict[str, Any] = json.loads(saved.document)["planner"]
    return header


def open_page(incident: str = ID) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=120)
    page.query_params["incident"] = incident
    page.query_params["area"] = "three_rivers"
    page.run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    return " ".join(part.proto.body for part in page.get("html"))


def board(page: AppTest) -> dict[str, Any]:
    """What the board is told, its markup unpacked."""
    (one,) = (one.proto for one in page.get("bidi_component") if one.proto.component_name == "plan_board")
    shown: dict[str, Any] = json.loads(one.json)
    return {**shown, "markup": zlib.decompress(base64.b64decode(shown["markup"])).decode()}


def row(page: AppTest, name: str) -> str:
    """The row of one hospital in the table of who goes where."""
    table = said(page).split('<h2 id="who">')[1]
    return table.split(f"<b>{name}</b>")[1].split("</tr>")[0]


def numbers(page: AppTest, label: str) -> list[Any]:
    return [field for field in page.number_input if field.label == label]


def of(fields: list[Any], name: str) -> Any:
    (one,) = [field for field in fields if f"{name} " in field.key]
    return one


def test_each_link_at_the_top_leads_to_a_part_of_the_page() -> None:
    page = open_page()
    links = re.findall(r'<a href="#(\w+)">', transport.jumps())
    assert len(links) == 7
    assert all(said(page).count(f'<h2 id="{link}">') == 1 for link in links)


def test_without_an_incident_the_page_says_how_to_begin() -> None:
    page = open_page("nothing12345")
    assert "Tap on the map where it happens" in said(page)


def test_patients_are_shared_out_and_no_hospital_is_called_the_best() -> None:
    page = open_page()
    told = said(page)
    assert "All 20 patients have a place" in told
    assert "within 60" in row(page, METHODIST)
    assert "</i> 4</span>" in row(page, METHODIST)
    assert "HIFLD Open Hospitals, 2020-04" in row(page, METHODIST)
    assert "off the map: estimate" in row(page, METHODIST)
    assert "best hospital" not in told.lower()
    radio = page.code[0].value
    assert radio.startswith("Transport.")
    assert "2 to Bronson Methodist Hospital (Level I, " in radio
    for origin in ("AEP: ", "CCP: ", "STAGING: "):
        assert f'data-label="{origin}' in told


def test_a_plan_without_a_caution_shows_all_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("cautions", "by_air", "lanes", "matrix"):
        monkeypatch.setattr(transport, part, lambda plan: "")
    page = open_page()
    assert "Cautions" not in said(page)
    assert page.code[0].value.startswith("Transport."), "what stands below is there"
    assert numbers(page, "Sent: red")


def test_counts_said_here_are_saved_and_planned_at_once(own_store: Store) -> None:
    page = open_page()
    numbers(page, "Red")[0].set_value(7).run()
    numbers(page, "Red children")[0].set_value(2).run()
    numbers(page, "Ambulances at hand")[0].set_value(5).run()
    assert not page.exception
    header = facts(own_store)
    assert header["casualties"] == {"red": 7, "yellow": 6, "green": 8}
    assert header["children"] == {"red": 2}
    assert header["units"] == {"ambulance": 5}
    assert "All 21 patients have a place" in said(page)
    assert "5 at hand" in said(page)


def test_who_goes_where_stands_beside_the_map_above_what_is_asked() -> None:
    told = said(open_page())
    beside = told.split('<ul class="who"')[1].split("</ul>")[0]
    assert told.index('<ul class="who"') < told.index('<h2 id="who">')
    told_of_it = METHODIST + r', [\d-]+ min, estimate</span><span><span class="to red"><i>R</i> 4</span>'
    assert re.search(told_of_it, beside)
    assert "</i> 0<" not in beside


def test_a_place_is_not_called_good_while_the_last_red_arrives_too_late() -> None:
    page = open_page()
    numbers(page, "Ambulances at hand")[0].set_value(1).run()
    told = said(page)
    assert "All 20 patients have a place" in told
    assert re.search(r"The last red arrives only after [\d,-]+ min with 1 of \d+ ambulances\.", told)
    assert 'class="told verdict asked"' in told
    assert 'class="told verdict"' not in told


def test_a_closed_hospital_gets_nobody_and_its_patients_go_elsewhere(own_store: Store) -> None:
    page = open_page()
    of(list(page.segmented_control), f"takes {METHODIST}").set_value("Closed").run()
    assert not page.exception
    (status,) = facts(own_store)["hospitals"]
    assert (status["name"], status["closed"]) == (METHODIST, True)
    assert "CLOSED" in row(page, METHODIST)
    assert "</i> 4</span>" not in row(page, METHODIST)
    assert "</i> 3</span>" in row(page, "Ascension Borgess Hospital")
    assert "Closed, no ambulances: Bronson Methodist Hospital." in page.code[0].value
    of(list(page.segmented_control), f"takes {METHODIST}").set_value("Open").run()
    assert facts(own_store)["hospitals"] == []
    assert "</i> 4</span>" in row(page, METHODIST)


def test_a_capacity_said_counts_and_can_be_taken_back(own_store: Store) -> None:
    page = open_page()
    assert of(numbers(page, "Red / h"), METHODIST).value == 4
    assert of(numbers(page, "Red / h"), "Sturgis Hospital").value is None
    of(numbers(page, "Red / h"), METHODIST).set_value(1).run()
    (status,) = facts(own_store)["hospitals"]
    assert status["red_per_h"] == 1
    assert "red 1, other" in row(page, METHODIST)
    of(numbers(page, "Red / h"), METHODIST).set_value(4).run()
    assert facts(own_store)["hospitals"] == []
    assert "red 4, other" in row(page, METHODIST)


def test_a_nought_is_said_too_and_is_not_taken_for_nothing_said(own_store: Store) -> None:
    page = open_page()
    of(numbers(page, "Red / h"), METHODIST).set_value(0).run()
    (status,) = facts(own_store)["hospitals"]
    assert status["red_per_h"] == 0
    assert "red 0, other" in row(page, METHODIST)
    assert f"to {METHODIST} (Level I" not in page.code[0].value.split("Yellow")[0]


def test_places_for_walk_ins_are_the_coordinators_to_set_and_to_give_back(own_store: Store) -> None:
    page = open_page()
    nearest = "Three Rivers Health"
    due = of(numbers(page, "Keep: yellow, green"), nearest).value
    assert due > 0
    assert f"{due} yellow or green" in row(page, nearest)
    of(numbers(page, "Keep: yellow, green"), nearest).set_value(0).run()
    (status,) = facts(own_store)["hospitals"]
    assert status["keep"] == {"others": 0}
    assert "yellow or green" not in row(page, nearest)
    of(numbers(page, "Keep: red"), METHODIST).set_value(3).run()
    assert "3 red" in row(page, METHODIST).split("Kept for walk-ins")[1]
    assert f"{METHODIST} 3 red" in page.code[0].value
    of(numbers(page, "Keep: yellow, green"), nearest).set_value(due).run()
    of(numbers(page, "Keep: red"), METHODIST).set_value(0).run()
    assert not page.exception
    assert facts(own_store)["hospitals"] == [], "as doctrine reckons again"


def test_what_a_document_says_of_hospitals_opens_whatever_it_leaves_out(own_store: Store) -> None:
    of(numbers(open_page(), "Keep: red"), METHODIST).set_value(5).run()
    place = LonLat(*facts(own_store)["hospitals"][0]["location"])
    kept = HospitalStatus(METHODIST, place, sent=Casualties(200_000), keep=KeptPlaces(red=3))
    incident = Incident(LonLat(-85.632, 41.944), casualties=Casualties(200_001, 1), hospitals=(kept,))
    write(own_store, json.loads(write_incident(incident)))
    page = open_page()
    assert of(numbers(page, "Keep: red"), METHODIST).value == 3
    of(numbers(page, "Keep: red"), METHODIST).set_value(0).run()
    of(numbers(page, "Sent: red"), METHODIST).set_value(1).run()
    assert not page.exception
    (status,) = facts(own_store)["hospitals"]
    assert "keep" not in status
    assert status["sent"]["red"] == 1


def test_the_running_count_takes_places_and_is_not_sent_again(own_store: Store) -> None:
    page = open_page()
    of(numbers(page, "Sent: red"), METHODIST).set_value(3).run()
    (status,) = facts(own_store)["hospitals"]
    assert status["sent"] == {"red": 3}
    assert "sent already: 3 red" in row(page, METHODIST)
    assert "</i> 1</span>" in row(page, METHODIST)
    assert "All 17 patients still here have a place" in said(page)
    assert "Already sent: 3 red to Bronson Methodist Hospital." in page.code[0].value
    of(numbers(page, "Sent: red"), METHODIST).set_value(0).run()
    assert facts(own_store)["hospitals"] == []


def test_two_who_count_who_leaves_lose_nobody(own_store: Store) -> None:
    mine, theirs = open_page(), open_page()
    of(numbers(mine, "Sent: red"), METHODIST).set_value(1).run()
    of(numbers(theirs, "Sent: red"), METHODIST).set_value(2).run()
    assert not theirs.exception
    (status,) = facts(own_store)["hospitals"]
    assert status["sent"] == {"red": 3}, "one was counted in the one browser, two in the other"
    assert of(numbers(theirs, "Sent: red"), METHODIST).value == 3
    (red,) = numbers(theirs, "Red")
    red.set_value(9).run()
    control = of(list(mine.segmented_control), f"takes {METHODIST}")
    control.set_value("Diversion").run()
    assert not mine.exception
    assert of(numbers(mine, "Sent: red"), METHODIST).value == 3
    assert facts(own_store)["casualties"]["red"] == 9
    (status,) = facts(own_store)["hospitals"]
    assert (status["sent"], status["diversion"]) == ({"red": 3}, True)
    mine.run()
    assert [field.value for field in numbers(mine, "Red")] == [9]


def tell_again(page: AppTest, told: Mapping[str, int | bool]) -> None:
    """Run a page as a browser has it run that has not heard yet which entries made way for others."""
    states = page._tree.get_widget_states()
    for entry, value in told.items():
        kind = "bool_value" if isinstance(value, bool) else "int_value"
        states.widgets.append(WidgetState(id=entry, **{kind: value}))  # type: ignore[arg-type]
    page._run(states)
    assert not page.exception


def test_what_a_replaced_entry_said_is_not_said_again(own_store: Store) -> None:
    """A browser tells it with its next press, and Streamlit, which has forgotten it, takes it for news."""
    mine, theirs = open_page(), open_page()
    (mine_green,), (their_green,) = numbers(mine, "Green"), numbers(theirs, "Green")
    their_green.set_value(3).run()
    mine.run()
    (green,) = numbers(mine, "Green")
    assert (green.value, green.proto.id == mine_green.proto.id) == (3, False)
    tell_again(mine, {mine_green.proto.id: 8})
    assert facts(own_store)["casualties"]["green"] == 3
    assert [field.value for field in numbers(mine, "Green")] == [3]
    numbers(mine, "Green")[0].set_value(8).run()
    assert facts(own_store)["casualties"]["green"] == 8, "what somebody says is taken"


def test_who_takes_back_what_he_changed_is_heard(own_store: Store) -> None:
    page = open_page()
    for count in (3, 8):
        numbers(page, "Green")[0].set_value(count).run()
        assert facts(own_store)["casualties"]["green"] == count


def test_of_many_hospitals_that_take_patients_the_first_are_seen_and_the_rest_unfold() -> None:
    plan, _ = planned()
    taker = next(h for h in plan.hospitals if h.assigned.red)
    many = tuple(replace(taker, name=f"Taker {k}") for k in range(20))
    shown = transport.summary(replace(plan, hospitals=many), RULES)
    seen, folded = shown.split("<details>")
    assert "Taker 11," in seen
    assert "Taker 12," not in seen
    assert "8 more hospitals that take patients" in folded
    assert "Taker 19," in folded
    sheet = transport_sheet(replace(plan, hospitals=many), RULES)
    assert "<details>" not in sheet, "paper does not unfold"
    few = transport.summary(replace(plan, hospitals=many[:3]), RULES)
    assert "<details>" not in few


def test_each_patient_who_leaves_is_counted_by_one_press_and_can_be_taken_back(own_store: Store) -> None:
    page = open_page()
    leaves = page.selectbox[0]
    assert leaves.label == "Patient leaves for"
    heard: list[dict[str, Any]] = []

    def press(*labels: str) -> None:
        """Press on the board, which says all words again that it has not seen acknowledged."""
        shown = board(page)
        for label in labels:
            (on,) = re.findall(f'data-act="([a-z_]+)" data-each data-on="([^"]+)">{label}<', shown["markup"])
            act = {"act": on[0], "on": html.unescape(on[1]), "number": len(heard) + 1}
            heard.append({"incident": shown["incident"], "plan": shown["plan"], **act})
        page.session_state["board"] = {"said": {"session": "s", "words": list(heard)}}
        page.run()
        assert not page.exception
        assert board(page)["acknowledged"] == {"session": "s", "number": len(heard)}

    assert board(page)["markup"].count("disabled") == 4, "first to which"
    leaves.select(next(one for one in leaves.options if METHODIST in one)).run()
    press("1 red", "1 red")
    press("1 yellow")
    (status,) = facts(own_store)["hospitals"]
    assert status["sent"] == {"red": 2, "yellow": 1}
    assert of(numbers(page, "Sent: red"), METHODIST).value == 2, "the card shows the same count"
    counted = f"Counted: 1 yellow to {METHODIST}. Sent there so far: 2 red, 1 yellow."
    assert counted in board(page)["markup"]
    of(numbers(page, "Sent: red"), METHODIST).set_value(3).run()
    press("Take back")
    press("1 red")
    (status,) = facts(own_store)["hospitals"]
    assert status["sent"] == {"red": 4}, "the yellow one was taken back"
    assert of(numbers(page, "Sent: red"), METHODIST).value == 4
    assert "sent already: 4 red" in row(page, METHODIST)


def test_any_hospital_that_is_known_is_found_by_name_and_listed(own_store: Store) -> None:
    page = open_page()
    finder = page.selectbox[-1]
    assert finder.label.startswith("Another hospital, by name: ")
    offered = [name for name in finder.options if "in a straight line" in name]
    assert offered, "the shipped table has more than the plan lists"
    assert f"{len(offered)} more hospitals are known and not listed, as further off" in said(page)
    name = offered[-1].split(",")[0]
    assert f"<b>{name}</b>" not in said(page)
    finder.set_value(offered[-1]).run()
    assert not page.exception
    (status,) = facts(own_store)["hospitals"]
    assert (status["name"], status["listed"]) == (name, True)
    assert "estimate" in row(page, name)
    field = of(numbers(page, "Yellow, green / h"), name)
    planned_with = field.value
    field.set_value(9).run()
    assert "other 9" in row(page, name)
    of(numbers(page, "Yellow, green / h"), name).set_value(planned_with).run()
    assert row(page, name), "it stays listed though nothing is said of it any more"
    (unlist,) = (one for one in page.button if one.label == "Take it off this list again")
    unlist.click().run()
    assert f"<b>{name}</b>" not in said(page)
    assert facts(own_store)["hospitals"] == []


def test_the_hospital_whose_other_ways_are_shown_stays_the_same_when_the_order_changes() -> None:
    page = open_page()
    shown = page.selectbox[1]
    chosen = next(k for k in shown.options if METHODIST in k)
    assert chosen.endswith(" min, estimate")
    shown.select(chosen).run()
    ways = said(page)
    assert "Way in the plan" in ways
    nearest = "Three Rivers Health"
    control = next(one for one in page.segmented_control if nearest in one.label)
    control.set_value("Closed").run()
    assert not page.exception
    still: Any = page.selectbox[1].value
    assert still[0] == METHODIST


def test_what_is_asked_of_a_hospital_stays_in_its_place_when_the_order_changes() -> None:
    """Who types in an entry that moves on the page loses what is typed."""
    page = open_page()

    def asked() -> list[str]:
        return [control.label for control in page.segmented_control]

    def planned() -> list[str]:
        return re.findall(r"<b>([^<]+)</b>", said(page).split('<h2 id="who">')[1].split("</table>")[0])

    before, order = asked(), planned()
    page.segmented_control[0].set_value("Closed").run()
    assert not page.exception
    assert planned() != order, "the closed one is no longer the first"
    assert asked()[: len(before)] == before


def test_other_ways_and_blocked_streets_are_shown_and_change_nothing(own_store: Store) -> None:
    page = open_page()
    before = own_store.list_versions(ID)
    other_ways = page.selectbox[1]
    other_ways.select_index(0).run()
    assert "No way is drawn: nobody is planned for it" in said(page)
    other_ways.select(next(one for one in other_ways.options if one.startswith(METHODIST))).run()
    assert "Way in the plan" in said(page)
    assert "Other way 1" in said(page)
    assert "What the blocked streets changed" not in said(page)
    (what_if,) = page.multiselect[-1:]
    first, second = what_if.options[:2]
    what_if.set_value([first, second]).run()
    assert not page.exception
    table = said(page).split('class="stack abreast"')[1]
    for column in (
        "Now",
        f"If {first} is blocked where it is driven now",
        f"If {second} is blocked where it is driven now",
    ):
        assert f'<th scope="col">{column}</th>' in table
        assert f'data-label="{column}"' in table
    assert own_store.list_versions(ID) == before


def test_what_a_blocked_street_changed_stands_beside_what_was(own_store: Store) -> None:
    page = open_page()
    document = json.loads(own_store.read_incident(ID).document)  # type: ignore[union-attr]
    streets = page.multiselect[-1].options
    area = packs.open_area("three_rivers")
    made = make_plan(read_incident(document), area, DOCTRINE, *installed_hospitals(area, DOCTRINE))
    way = next(route for route in made.routes if route.route is RouteKind.TRANSFER)
    places = [list(place) for name in way.streets[:1] for place in middle_points(way, name, area)]
    assert way.streets[0] in streets
    for number, place in enumerate(places[:2]):
        geometry = {"type": "Point", "coordinates": place}
        mark = {
            "type": "Feature",
            "id": f"c{number}",
            "properties": {"kind": "closure"},
            "geometry": geometry,
        }
        document["features"].append(mark)
    write(own_store, document)
    table = said(open_page()).split("What the blocked streets changed")[1].split("Who goes where")[0]
    assert '<th scope="col">Nothing blocked</th>' in table
    assert f"Now: {way.streets[0]}" in table
    assert "Ambulances from staging to" in table
    assert "All patients" in table


# --- the markup -----------------------------------------------------------------------------------------


def hostile(plan: Plan) -> Plan:
    return replace(
        plan,
        hospitals=tuple(replace(h, name=EVIL, source=EVIL, spared=EVIL) for h in plan.hospitals),
        sites=tuple(replace(s, name=EVIL) for s in plan.sites),
        incident=replace(plan.incident, name=EVIL),
        notices=tuple(replace(n, text=EVIL, about="hospitals") for n in plan.notices),
    )


def test_strangers_names_stay_text_on_screen_and_paper() -> None:
    plan, _ = planned()
    evil = hostile(plan)
    pages = (
        transport.summary(evil, RULES),
        transport.distribution(evil, RULES),
        transport.matrix(evil),
        transport.lanes(replace(evil, routes=tuple(replace(r, reason=EVIL, end=EVIL) for r in evil.routes))),
        transport.by_air(replace(evil, hospitals=tuple(replace(h, air_offer=EVIL) for h in evil.hospitals))),
        transport.cautions(evil),
        compared([plan, evil, hostile(replace(plan, hospitals=()))], ["Now", EVIL, "Then"]),
        transport.ways(evil, evil.hospitals[0], (), "m"),
        transport_sheet(evil, RULES),
    )
    for markup in pages:
        assert "<script" not in markup
    assert "&lt;script&gt;" in pages[1]


def test_what_is_wrong_with_the_corridor_and_where_ambulances_load_is_a_caution_here() -> None:
    plan, _ = planned()
    loading = next(s.id for s in plan.sites if s.purpose is Purpose.AMBULANCE_EXCHANGE)
    notices = [
        Notice(NoticeLevel.CAUTION, f"about {about}", about) for about in ("corridor", loading, "inner")
    ]
    told = transport.cautions(replace(plan, notices=tuple(notices)))
    assert "about corridor" in told
    assert f"about {loading}" in told
    assert "about inner" not in told


def test_reds_that_may_be_late_or_have_no_place_are_not_called_none() -> None:
    plan, _ = planned()
    slow = tuple(replace(h, time_range_min=(50, 61) if h.assigned.red else None) for h in plan.hospitals)
    reds = sum(h.assigned.red for h in slow)
    late = transport.summary(replace(plan, hospitals=tuple(replace(h, time_s=3500.0) for h in slow)), RULES)
    assert (
        f"<b>0</b><span>reds go beyond 60 min as planned, {reds} at the late end; 1 without a place</span>"
        in late
    )
    nobody = replace(plan, hospitals=tuple(replace(h, assigned=Casualties()) for h in plan.hospitals))
    assert "<b>?</b><span>reds go beyond 60 min as planned; 6 without a place</span>" in transport.summary(
        nobody, RULES
    )


def test_ambulances_that_left_are_told_beside_the_time_to_the_last_red() -> None:
    plan, _ = planned()
    assert plan.ambulances is not None
    assert "until the last red is at a hospital" in transport.summary(plan, RULES)
    need = replace(plan.ambulances, just_gone=3, last_red_min=(50, 90))
    incident = replace(plan.incident, casualties=Casualties(5, 4, 3))
    shown = transport.summary(replace(plan, ambulances=need, incident=incident), RULES)
    assert "4 at hand, 3 of them counted as just gone, " in shown
    assert "until the last red still here is at a hospital, sooner if those that left are back" in shown
    assert "arrives only after 50-90 min, 4 at hand, 3 of them counted as just gone." in shown


def test_why_an_open_hospital_gets_nobody_is_said_and_the_one_that_keeps_room_is_never_folded_away() -> None:
    plan, _ = planned()
    north = next(h for h in plan.hospitals if h.name == "North Hospital")
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    keeps = replace(north, time_s=300.0, diversion=False, others_per_h=1.0, walk_ins=WalkIns(others=1))
    many = tuple(replace(far, name=f"Trauma {n}") for n in range(14))
    table = transport.distribution(
        replace(plan, hospitals=(*many, keeps, replace(north, name="Shut"))), RULES
    )
    shown = table.split("<details>")[0]
    assert "no reds: level not known; its room is kept for walk-ins; ask what it takes" in shown
    assert "<b>North Hospital</b>" in shown
    assert "<b>Shut</b>" in shown


def test_why_a_nearer_hospital_gets_no_reds_though_its_rate_is_written_is_said() -> None:
    plan, _ = planned()
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    north = next(h for h in plan.hospitals if h.name == "North Hospital")
    assert far.assigned.red
    assert far.time_s is not None
    open_one = replace(north, diversion=False, time_s=60.0, red_per_h=5.0, walk_ins=WalkIns(red=1))

    def told(**changes: Any) -> str:
        shown = replace(plan, hospitals=(replace(open_one, **changes), far))
        return transport.distribution(shown, RULES).split("North Hospital")[1].split("</tr>")[0]

    why = "no reds, though you wrote 5 an hour, level not known: Levels I and II come first"
    assert why in told()
    assert why in told(assigned=Casualties(green=2))
    assert "no reds, though nearer: Levels I and II come first" in told(adult_level=TraumaLevel.III)
    assert "its room for them is kept for walk-ins" in told(walk_ins=WalkIns(red=5))
    for silent in (
        {"time_s": far.time_s + 1},
        {"sent": Casualties(red=9)},
        {"assigned": Casualties(red=1)},
        {"closed": True},
        {"adult_level": TraumaLevel.I},
    ):
        assert "no reds" not in told(**silent)
    assert "Levels I and II within 60 min before any other" in transport.distribution(plan, RULES)


def test_ems_agrees_with_ways_and_is_asked_again_when_they_are_other_ways(own_store: Store) -> None:
    page = open_page()
    assert "EMS has not agreed with the ambulances&#x27; ways yet." in said(page)
    (box,) = page.checkbox
    box.check().run()
    assert not page.exception
    agreed = facts(own_store)["ems_agreed"]
    assert len(agreed["ways"]) == 16
    assert "EMS agreed with the ambulances&#x27; ways at 20" in said(page)
    assert "EMS agreed with the ambulances' ways at 20" in page.code[0].value
    document = json.loads(own_store.read_incident(ID).document)  # type: ignore[union-attr]
    document["planner"]["ems_agreed"] = {**agreed, "ways": "0" * 16}
    write(own_store, document)
    page = open_page()
    assert "ask again" in said(page)
    assert not page.checkbox[0].value
    page.checkbox[0].check().run()
    assert facts(own_store)["ems_agreed"]["ways"] == agreed["ways"]
    page.checkbox[0].uncheck().run()
    assert not facts(own_store).get("ems_agreed")
    assert "EMS has not agreed" in said(page)


def test_a_box_about_ways_that_are_no_more_says_nothing(own_store: Store) -> None:
    page = open_page()
    before = page.checkbox[0].proto.id
    of(list(page.segmented_control), f"takes {METHODIST}").set_value("Closed").run()
    page.checkbox[0].check().run()
    agreed = facts(own_store)["ems_agreed"]
    assert page.checkbox[0].proto.id != before
    tell_again(page, {before: False})
    assert facts(own_store)["ems_agreed"] == agreed
    assert page.checkbox[0].value


def test_an_agreement_is_about_the_ways_of_ambulances_alone() -> None:
    plan, area = planned()
    kept = EmsAgreed(ways_digest(plan), "2026-05-14T09:32:00-05:00")
    agreed = replace(plan, incident=replace(plan.incident, ems_agreed=kept))
    assert concurrence(agreed) == (
        "EMS agreed with the ambulances' ways at 2026-05-14 09:32 -05:00 (14:32 UTC)"
    )
    again = make_plan(agreed.incident, area, DOCTRINE)
    assert again.id == make_plan(plan.incident, area, DOCTRINE).id, "no plan differs by it"
    assert read_plan(write_plan(agreed)).incident.ems_agreed == kept
    egress = next(route for route in plan.routes if route.route is RouteKind.EGRESS)
    others = tuple(r for r in plan.routes if r.route is not RouteKind.PUBLIC)
    assert agrees(replace(agreed, routes=others)), "the public's ways are another matter"
    turned = replace(egress, nodes=egress.nodes[::-1])
    rerouted = replace(agreed, routes=tuple(turned if r is egress else r for r in plan.routes))
    assert not agrees(rerouted)
    assert concurrence(rerouted).endswith("ask again")
    assert concurrence(replace(agreed, routes=())) == ""
    assert any("[   ] EMS agrees" in line for line in procedures(plan))
    assert any(line.startswith("EMS agreed") for line in procedures(agreed))


def test_every_way_that_is_kept_open_is_told_once_with_what_to_keep_clear() -> None:
    plan, _ = planned()
    told = transport.lanes(plan)
    kept = [r for r in plan.routes if r.route in (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS)]
    for route in kept:
        assert escape(route.reason) in told or f"The same way: {route.end}" in told
        for street, _ in route.keep_clear:
            assert escape(street) in told.split("No parking, tow what stands:")[1]
    assert told.count("<li>") == len({(r.route, r.line) for r in kept})
    assert transport.lanes(replace(plan, routes=())) == ""


def test_a_drive_beyond_the_map_is_called_an_estimate_wherever_it_is_shown() -> None:
    plan, _ = planned()
    far = next(h for h in plan.hospitals if h.name == "Far Trauma")
    drive = f"{words.minutes(far.time_range_min)}, estimate"
    assert f"<span>Far Trauma, {drive}</span>" in transport.summary(plan, RULES)
    assert transport_ask._leaving_text(far) == f"Far Trauma, {drive}"
    assert transport_ask._facts(far).startswith(f"Level I, {drive}, ")
    assert f"<td>{drive}</td>" in panel_care.hospitals(plan)
    way = next(route for route in plan.routes if route.id == far.route)
    stretch = f"{words.distance(way.length_m, words.METRES)} to the edge of the map"
    assert f"{drive}, {stretch}<" in transport.ways(plan, far, (), words.METRES)
    assert f"</div>{stretch}<" in panel_care.ways([way], words.METRES)
    other = replace(plan, hospitals=tuple(replace(h, assigned=Casualties()) for h in plan.hospitals))
    assert f"<b>{words.minutes(far.time_range_min)}</b>, estimate" in compared([plan, other], ["Now", "Then"])


def test_of_a_street_driven_in_and_out_on_different_parts_both_are_kept_clear() -> None:
    plan, _ = planned()
    routes = [next(r for r in plan.routes if r.route is k) for k in (RouteKind.TRANSFER, RouteKind.EGRESS)]
    clear = zip(routes, (60.0, 20.0), strict=True)
    told = transport.lanes(
        replace(plan, routes=tuple(replace(route, keep_clear=(("Nowhere Lane", m),)) for route, m in clear))
    )
    assert f"Nowhere Lane {words.both(80.0)}" in told
    assert told.count("Nowhere Lane ") == 1


def test_the_sheet_holds_the_whole_transport_plan_and_asks_no_host() -> None:
    plan, _ = planned()
    at = datetime(2026, 5, 14, 9, 32, tzinfo=UTC)
    sheet = transport_sheet(plan, RULES, Edition(at, 7, exercise=True))
    assert sheet.count("version 7, 2026-05-14 09:32 UTC") == 2, "in its head and in what is read out"
    assert sheet.count("EXERCISE EXERCISE EXERCISE") >= 2
    for part in ("Who goes where", "Times, minutes", "Radio", "Suggestion: IC decides", "No traffic data"):
        assert part in sheet
    for hospital in plan.hospitals:
        assert hospital.name.replace("'", "&#x27;") in sheet
    assert "http" not in sheet.replace("http-equiv", "")
    assert "ON DIVERSION" in sheet


def test_an_exercise_is_marked_on_page_radio_and_paper(own_store: Store) -> None:
    document = json.loads(own_store.read_incident(ID).document)  # type: ignore[union-attr]
    document["planner"]["exercise"] = True
    write(own_store, document)
    page = open_page()
    assert "EXERCISE EXERCISE EXERCISE" in said(page)
    assert page.code[0].value.startswith("EXERCISE EXERCISE EXERCISE")


@pytest.mark.parametrize(
    ("as_of", "old"),
    [("2024-05-01", False), ("2024-05", False), ("2024-01", True), ("2019-08-09", True), ("", True)],
)
def test_old_or_undated_tables_are_called_old(as_of: str, old: bool) -> None:
    plan, _ = planned()
    dated = replace(plan, hospitals=tuple(replace(h, as_of=as_of) for h in plan.hospitals))
    told = transport.age(dated, date(2024, 6, 1))
    assert ("Call to confirm" in told) is old


@pytest.mark.parametrize(
    ("minutes", "kind"), [(1, "soon"), (30, "soon"), (31, "hour"), (60, "hour"), (61, "late")]
)
def test_bands_are_said_in_words(minutes: int, kind: str) -> None:
    found, told = transport.band(60.0 * minutes, RULES)
    assert found == kind
    assert told.startswith("beyond" if kind == "late" else "within")
