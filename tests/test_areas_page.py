"""The areas page by Streamlit's own test runner: areas come, go out and go, and every trouble is a line."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from planner import intake, packs, settings
from planner.errors import PackError, SourceError
from planner.ui.area_forms import _begin_import
from planner.ui.jobs import Desk, Report, desk
from tests.overpass_server import overpass_server
from tests.town import town_objects

AREAS = str(Path(__file__).parents[1] / "pages" / "areas.py")


@pytest.fixture(autouse=True)
def fresh_desk() -> Iterator[None]:
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
    assert any("fetched_here:" in text.value for text in page.text)
    assert any("800 m around" in text.value for text in page.text)
    page.button(key="job seen").click().run()
    assert desk().job is None
    page.button(key="delete fetched_here").click().run()
    assert "fetched_here" in {listing.name for listing in packs.list_areas()}
    page.button(key="yes fetched_here").click().run()
    assert "fetched_here" not in {listing.name for listing in packs.list_areas()}
    assert any(text.value == "Deleted fetched_here." for text in page.text)


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
    packs.delete_area("uploaded")


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
