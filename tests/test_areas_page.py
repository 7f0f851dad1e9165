"""The areas page by Streamlit's own test runner: areas come, go out and go, and every trouble is a line."""

from __future__ import annotations

import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from planner import intake, packs, settings
from planner.area import Area
from planner.errors import PackError, SourceError
from planner.sources.pbf import read_osm
from planner.ui import state
from planner.ui.area_forms import _begin_fetch, _begin_import, _name_from
from planner.ui.jobs import Desk, Report, desk
from tests.overpass_server import Fault, overpass_server
from tests.town import town_objects

AREAS = str(Path(__file__).parents[1] / "pages" / "areas.py")


@pytest.fixture(autouse=True)
def begun_to_draw(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The areas whose base maps were begun; none is drawn, which would take a process for each."""
    begun: list[str] = []
    monkeypatch.setattr(state, "base_map_drawn_apart", lambda area: begun.append(area.name))
    return begun


@pytest.fixture(autouse=True)
def fresh_desk(begun_to_draw: list[str]) -> Iterator[None]:
    st.cache_resource.clear()
    yield
    done(desk())
    st.cache_resource.clear()


def done(busy: Desk, most_s: float = 60.0) -> None:
    end = time.monotonic() + most_s
    while busy.busy and time.monotonic() < end:
        time.sleep(0.02)
    assert not busy.busy


def said(page: AppTest) -> str:
    return " ".join(str(part.proto.body) if hasattr(part.proto, "body") else "" for part in page.get("html"))


class Upload:
    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._content = path.read_bytes()

    def getbuffer(self) -> memoryview:
        return memoryview(self._content)


def test_fetch_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with overpass_server(settings.shipped("data", "three_rivers_mi.osm.pbf")) as server:
        monkeypatch.setenv("PLANNER_OVERPASS_URL", server.url)
        monkeypatch.setenv("PLANNER_OFFLINE", "")
        page = AppTest.from_file(AREAS, default_timeout=60).run()
        page.text_input(key="fetch place").set_value("41.944, -85.632")
        page.number_input(key="fetch radius").set_value(800)
        page.text_input(key="fetch name").set_value("fetched_here")
        page.button(key="fetch area").click().run()
        assert not page.exception
        done(desk())
        page.run()
        assert "fetched_here:" in said(page)
        assert "800 m around" in said(page)
        page.button(key="job seen").click().run()
        assert desk().job is None
        asked = len(server.queries)
        page.button(key="fetch area").click().run()
        assert "fetched_here is here already. Tick that it is to be replaced" in said(page)
        assert desk().job is None
        assert len(server.queries) == asked
        page.checkbox(key="replace fetched_here by fetch").check()
        page.button(key="fetch area").click().run()
        done(desk())
    page.run()
    assert "nothing changed" in said(page)
    page.button(key="delete fetched_here").click().run()
    assert page.button(key="delete fetched_here").label == "Keep fetched_here"
    page.button(key="delete fetched_here").click().run()  # the same button twice: nothing is lost
    assert "fetched_here" in {listing.name for listing in packs.list_areas()}
    page.button(key="delete fetched_here").click().run()
    page.button(key="yes fetched_here").click().run()
    assert "fetched_here" not in {listing.name for listing in packs.list_areas()}
    assert "<p>Deleted fetched_here.</p>" in said(page)


def test_a_fetch_that_broke_off_goes_on_by_one_press(monkeypatch: pytest.MonkeyPatch) -> None:
    with overpass_server(settings.shipped("data", "three_rivers_mi.osm.pbf")) as server:
        monkeypatch.setenv("PLANNER_OVERPASS_URL", server.url)
        monkeypatch.setenv("PLANNER_OFFLINE", "")
        server.faults = [Fault(status=403)]
        assert _begin_fetch("41.944, -85.632", 800.0, "goes_on") == ""
        done(desk())
        page = AppTest.from_file(AREAS, default_timeout=60).run()
        assert "Overpass refused the request (403" in said(page)
        page.button(key="job resumed").click().run()
        done(desk())
        page.run()
    assert "goes_on:" in said(page)
    assert "job resumed" not in {button.key for button in page.button}
    packs.delete_area("goes_on")


def test_an_import_that_is_stopped_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = town_objects().write(tmp_path / "town.osm.pbf")
    begun, go = threading.Event(), threading.Event()

    def slowly(*given: Any, progress: Callable[[float, str], None], **more: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return read_osm(*given, progress=progress, **more)

    monkeypatch.setattr("planner.sources.pbf.read_osm", slowly)
    assert _begin_import([Upload(file)], "stopped", "") == ""
    assert begun.wait(30)
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    page.button(key="stop job").click().run()
    assert page.button(key="stop job").disabled
    go.set()
    done(desk())
    job = desk().job
    assert job is not None
    assert job.trouble == "it was stopped. Nothing was changed: import it again"
    assert "stopped" not in {listing.name for listing in packs.list_areas()}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("columbus_oh.area.zip", "columbus_oh"),
        ("columbus_oh.area (1).zip", "columbus_oh"),
        ("ohio-latest.osm.pbf", "ohio_latest"),
        ("Área de São João.osm", "rea_de_S_o_Jo_o"),
        (f"{'x' * 99}.pbf", "x" * 64),
        ("....", ""),
    ],
)
def test_a_file_suggests_the_name_of_its_area(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / "any").write_bytes(b"")
    upload = Upload(tmp_path / "any")
    upload.name = file
    assert _name_from([upload]) == name
    assert _name_from([]) == ""


def test_coordinates_beyond_the_globe_are_told_in_the_order_they_are_asked_in() -> None:
    told = _begin_fetch("99, 200", 800.0, "beyond")
    assert told.startswith("latitude 99, longitude 200 is not on the globe. Write latitude first")
    assert desk().job is None


def test_an_area_that_cannot_be_written_as_one_file_leaves_the_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / f"older{intake.PACK_SUFFIX}"
    packed.write_bytes(b"older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(PackError, match="cannot be written"):
        intake.write_pack_file("three_rivers", packed)
    assert [file.name for file in tmp_path.iterdir()] == [packed.name]
    assert packed.read_bytes() == b"older"


def test_offline_installation_says_that_it_does_not_fetch() -> None:
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    assert any("switched off" in text.value for text in page.text)


def test_uploaded_files_become_an_area(tmp_path: Path) -> None:
    file = town_objects().write(tmp_path / "my town; rm -rf.osm.pbf")
    assert _begin_import([Upload(file)], "uploaded", "") == ""
    done(desk())
    job = desk().job
    assert job is not None
    assert job.trouble == ""
    assert packs.open_area("uploaded").digest == town_objects().area().digest
    packed = tmp_path / f"other{intake.PACK_SUFFIX}"
    intake.write_pack_file("uploaded", packed)
    assert _begin_import([Upload(packed)], "uploaded", "") == ""
    done(desk())
    again = desk().job
    assert again is not None
    assert "nothing changed" in " ".join(again.lines)
    assert _begin_import([Upload(packed)], "uploaded", "-86,41,-85,42") == ""
    done(desk())
    part = desk().job
    assert part is not None
    assert "whole area" in part.trouble
    assert "imported alone" in _begin_import([Upload(packed), Upload(file)], "uploaded", "")
    again_by_browser = packed.rename(tmp_path / "other.area (1).zip")
    assert _begin_import([Upload(again_by_browser)], "uploaded", "") == ""
    done(desk())
    once_more = desk().job
    assert once_more is not None
    assert once_more.trouble == ""
    packs.delete_area("uploaded")


def test_of_a_map_only_what_meets_box_and_polygon_is_taken(tmp_path: Path) -> None:
    file = Upload(settings.shipped("data", "three_rivers_mi.osm.pbf"))
    ring = [[-85.64, 41.935], [-85.62, 41.935], [-85.63, 41.95], [-85.64, 41.935]]
    ground = tmp_path / "down town.geojson"
    ground.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    counts, lines = [], []
    for polygon, box in ((None, ""), (Upload(ground), ""), (Upload(ground), "-85.64,41.93,-85.62,41.94")):
        assert _begin_import([file], "part", box, polygon) == ""
        done(desk())
        job = desk().job
        assert job is not None
        assert job.trouble == ""
        lines = job.lines
        counts.append(packs.open_area("part").network.edge_count)
    assert counts[0] > counts[1] > counts[2] > 0
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    gone = next(line for line in lines if line.startswith(intake.ALL_STREETS))
    assert "<summary>" + gone.partition(": ")[0] + "</summary>" in said(page)
    assert gone.count(",") > 5, "all of them, not the first few"
    assert page.button(key="job planned on").label == "Plan on part"
    ground.write_text("{}")
    assert _begin_import([file], "part", "", Upload(ground)).startswith("down-town.geojson is no GeoJSON")
    packs.delete_area("part")


def test_an_exported_area_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    packed, older = tmp_path / "a.area.zip", tmp_path / "b.area.zip"
    intake.write_pack_file("three_rivers", packed)
    with zipfile.ZipFile(packed) as whole, zipfile.ZipFile(older, "w") as changed:
        for name in whole.namelist():
            changed.writestr(name, whole.read(name).replace(packs.SCHEMA.encode(), b"pack/1"))
    assert _begin_import([Upload(older)], "older", "") == ""
    done(desk())
    job = desk().job
    assert job is not None
    assert job.trouble.startswith("b.area.zip is of no use here: ")
    assert "'pack/1'" in job.trouble
    assert "export the area anew" in job.trouble


def test_of_many_areas_one_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [packs.Listing(f"county_{number}", False, None) for number in range(12)]
    monkeypatch.setattr(packs, "list_areas", lambda: many)
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    assert len([button for button in page.button if button.label == "Plan here"]) == 12
    page.selectbox(key="area looked for").select("county_7").run()
    assert [button.key for button in page.button if button.label == "Plan here"] == ["plan on county_7"]


@pytest.mark.parametrize(
    ("name", "box", "told"),
    [
        ("", "", "name"),
        ("../x", "", "name"),
        ("montevideo", "", "comes with"),
        ("ok", "1,2,3", "four numbers"),
    ],
)
def test_what_cannot_be_imported_is_said_at_once(tmp_path: Path, name: str, box: str, told: str) -> None:
    file = town_objects().write(tmp_path / "town.osm.pbf")
    assert told in _begin_import([Upload(file)], name, box)
    assert "No file" in _begin_import([], "ok", "")
    assert desk().job is None


def test_broken_file_is_the_job_s_trouble(tmp_path: Path) -> None:
    broken = tmp_path / "x.osm.pbf"
    broken.write_bytes(b"nothing")
    _begin_import([Upload(broken)], "broken", "")
    done(desk())
    job = desk().job
    assert job is not None
    assert "cannot be read" in job.trouble
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    assert not page.exception
    assert "Import of broken: x.osm.pbf cannot be read" in said(page)


def test_a_file_that_failed_stands_not_in_the_way_of_the_next(tmp_path: Path) -> None:
    kind = "application/octet-stream"
    page = AppTest.from_file(AREAS, default_timeout=60).run()
    page.text_input(key="area name 0").set_value("given_name")
    page.file_uploader[0].set_value(("cut.osm.pbf", b"nothing", kind))
    page.button(key="import area").click().run()
    done(desk())
    page.run()
    assert "Import of given_name: cut.osm.pbf cannot be read" in said(page)
    assert page.file_uploader[0].value == []
    assert page.text_input(key="area name 0").value == "given_name"

    page.button(key="import area").click().run()
    assert "No file was chosen" in said(page)
    assert "cut.osm.pbf" not in said(page), "what failed before goes with the next press"
    whole = town_objects().write(tmp_path / "town.osm.pbf")
    page.file_uploader[0].set_value(("town.osm.pbf", whole.read_bytes(), kind))
    page.button(key="import area").click().run()
    done(desk())
    page.run()
    assert "given_name:" in said(page)
    assert page.text_input(key="area name 1").value == ""
    packs.delete_area("given_name")


def test_the_base_map_of_what_came_in_is_begun_at_once_and_anew_where_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun_to_draw: list[str]
) -> None:
    file = town_objects().write(tmp_path / "town.osm.pbf")
    arrived = threading.Event()

    def drawn(area: Area) -> None:
        begun_to_draw.append(area.name)

    def gone(area: Area) -> None:
        drawn(area)
        assert arrived.wait(30)
        raise PackError("there is no area of that name", "Import it")

    for way in (gone, drawn, drawn):  # deleted while it was drawn, come again, and nothing changed
        monkeypatch.setattr(state, "base_map_drawn_apart", way)
        assert _begin_import([Upload(file)], "drawn", "") == ""
        done(desk())
        arrived.set()
        with suppress(PackError):
            state.base_map_of(packs.open_area("drawn")).result(30)
    assert begun_to_draw == ["drawn", "drawn"]
    packs.delete_area("drawn")


def test_a_file_by_a_hostile_name_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing")
    for name in ("..", "../../x.osm.pbf", "...pbf", ""):
        upload = Upload(tmp_path / "x")
        upload.name = name
        assert _begin_import([upload], "hostile", "") == ""
        done(desk())
        job = desk().job
        assert job is not None
        assert job.trouble
        desk().clear()
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_one_job_at_a_time_and_stopped_when_asked() -> None:
    def work(report: Report, stopped: Callable[[], bool]) -> list[str]:
        report(0.5, "half")
        while not stopped():
            time.sleep(0.01)
        raise SourceError("it was stopped", "Begin again")

    busy = Desk()
    assert busy.begin("first", work)
    assert not busy.begin("second", work)
    assert busy.job is not None
    busy.job.stopped.set()
    done(busy)
    assert "it was stopped" in busy.job.trouble
    busy.clear()
    assert busy.job is None


def test_fault_of_ours_ends_the_job_and_not_the_desk(caplog: pytest.LogCaptureFixture) -> None:
    def work(_report: Report, _stopped: Callable[[], bool]) -> list[str]:
        raise RuntimeError("oh")

    busy = Desk()
    busy.begin("bad", work)
    done(busy)
    assert busy.job is not None
    assert "RuntimeError" in busy.job.trouble
    assert "job bad" in caplog.text
    assert busy.begin("next", lambda _report, _stopped: ["fine"])
    done(busy)
    assert busy.job.lines == ["fine"]
