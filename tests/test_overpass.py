"""Fetching: the same area as from a file of that place and date, and a clear word for all that fails."""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from planner import intake, packs, settings
from planner.errors import PackError, SourceError
from planner.geo import LonLat
from planner.sources import overpass
from planner.sources.extracts import extracts_of
from planner.sources.meridian import BBox
from planner.sources.overpass import CancelledError, Servers, box_around, fetch_osm, find_place
from planner.sources.pbf import check_readable, read_osm
from tests.overpass_server import Fault, Overpass, overpass_server

THREE_RIVERS = settings.shipped("data", "three_rivers_mi.osm.pbf")
JSON_REMARK = (
    b'{"version": 0.6, "generator": "Overpass API", "elements": ['
    + b",".join(b'{"type": "node", "id": %d, "lat": 1, "lon": 1}' % k for k in range(1, 500))
    + b'],\n"remark": "runtime error: Query timed out in \\"query\\" at line 3 after 25 seconds."\n}\n'
)
HTML_REMARK = (
    b'<html><body><p><strong style="color:#FF0000">Error</strong>: runtime error:\n the database is'
    b" down &amp; out </p></body></html>"
)
US = "https://download.geofabrik.de/north-america/us"
BOX = (-85.645, 41.935, -85.625, 41.950)
BROKEN_WITHIN = b'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="x"</osm>'
NO_PLACE = b'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="x" lon="1"/></osm>'


@pytest.fixture(scope="module")
def server() -> Iterator[Overpass]:
    with overpass_server(THREE_RIVERS) as mind:
        yield mind


@pytest.fixture
def asked(server: Overpass) -> Overpass:
    server.faults.clear()
    server.queries.clear()
    server.agents.clear()
    return server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def servers(asked: Overpass, waits: list[float]) -> Servers:
    return Servers(
        asked.url, asked.url.removesuffix("api/interpreter"), tries=3, pause_s=10.0, sleep=waits.append
    )


def quiet(_share: float, _text: str) -> None:
    pass


def test_fetched_area_is_the_one_of_the_file(
    asked: Overpass, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)  # several tiles: ways cross their edges
    fetched = intake.fetch_area(BOX, "town_half", place="Lockport", servers=servers)
    assert len(asked.queries) == 4
    assert asked.most_at_once == 1
    assert all("planner" in agent for agent in asked.agents)
    wanted = read_osm(THREE_RIVERS, "town_half", bbox_deg=BOX, covered_deg=BOX)
    assert fetched.digest == wanted.digest
    assert fetched.network.edge_count > 100
    assert fetched.data_date == "2017-12-01"
    assert "Lockport" in fetched.source
    assert packs.open_area("town_half").digest == wanted.digest
    assert not (settings.read_settings().home / "fetching" / "town_half").exists()
    packs.delete_area("town_half")


def _fetch(servers: Servers, folder: Path) -> list[Path]:
    return fetch_osm(BOX, folder, servers, quiet)[0]


@pytest.mark.parametrize("status", [429, 504])
def test_busy_server_is_asked_again_later(
    status: int, asked: Overpass, servers: Servers, waits: list[float], tmp_path: Path
) -> None:
    asked.faults[:] = [Fault(status), Fault(status, retry_after="45")]
    assert len(_fetch(servers, tmp_path)) == 1
    assert len(asked.queries) == 3
    assert sum(waits) == pytest.approx(10 + 45)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(429), "429"),
        (Fault(504), "504"),
        (Fault(cut=True), "cut off"),
        (Fault(body=b"<html>busy</html>"), "no OpenStreetMap XML"),
        (Fault(body=b"\x00\xff" * 3000), "no OpenStreetMap XML"),
        (Fault(body=b'<osm version="0.6"><remark> runtime error: timed out </remark></osm>'), "timed out"),
        (Fault(body=b'<?xml version="1.0"?><osm version="0.6"><node id="1" lat="1" lon="1"/>'), "cut off"),
        (Fault(body=BROKEN_WITHIN), "not well-formed"),
        (Fault(body=NO_PLACE), "wrong format for coordinate"),
        (Fault(body=JSON_REMARK), 'the server says: runtime error: Query timed out in "query" at line 3'),
        (Fault(body=JSON_REMARK.replace(b"remark", b"note")), "no OpenStreetMap XML"),
        (Fault(body=HTML_REMARK), "the server says: runtime error: the database is down & out"),
    ],
)
def test_lasting_fault_ends_in_a_clear_word(
    fault: Fault, said: str, asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    asked.faults[:] = [fault] * 3
    with pytest.raises(SourceError) as caught:
        _fetch(servers, tmp_path)
    assert said in caught.value.message
    assert "planner area import michigan-latest.osm.pbf --name NAME --bbox=-85.6450," in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_refusal_is_not_asked_again(asked: Overpass, servers: Servers, tmp_path: Path) -> None:
    asked.faults[:] = [Fault(403)]
    with pytest.raises(SourceError, match="403") as caught:
        _fetch(servers, tmp_path)
    assert len(asked.queries) == 1
    assert f"download {US}/michigan-latest.osm.pbf and run" in caught.value.remedy


@pytest.mark.parametrize(
    ("box", "states"),
    [
        ((-83.03, 39.94, -82.97, 39.98), ["ohio"]),
        ((-94.7, 39.0, -94.5, 39.2), ["kansas", "missouri"]),
        ((-77.1, 38.85, -77.0, 38.95), ["district-of-columbia", "maryland", "virginia"]),
        ((-64.95, 18.3, -64.9, 18.4), ["us-virgin-islands"]),
        ((178.5, 51.3, 179.5, 52.1), ["alaska"]),
        ((179.5, 51.3, 181.5, 52.1), ["alaska"]),
        ((-8.7, 41.1, -8.6, 41.2), []),
    ],
)
def test_the_extracts_of_states_are_known_by_their_outlines(
    box: tuple[float, float, float, float], states: list[str]
) -> None:
    assert extracts_of(box) == [f"{US}/{state}-latest.osm.pbf" for state in states]


def test_where_no_extract_is_known_the_place_to_look_is_told(
    asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    asked.faults[:] = [Fault(403)]
    with pytest.raises(SourceError) as caught:
        fetch_osm((-8.62, 41.14, -8.6, 41.16), tmp_path, servers, quiet)
    assert "extract of the state or county around 41.1400,-8.6200 (https://download.geofabrik.de" in (
        caught.value.remedy
    )
    assert "planner area import FILE.osm.pbf --name NAME --bbox=-8.6200,41.1400" in caught.value.remedy


def test_slow_drip_is_given_up(asked: Overpass, tmp_path: Path) -> None:
    asked.faults[:] = [Fault(body=b"<osm>" + b" " * 100_000, drip_s=0.05)]
    slow = Servers(asked.url, tries=1, answer_s=0.4)
    with pytest.raises(SourceError, match="longer than"):
        _fetch(slow, tmp_path)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no connection"):
        _fetch(Servers("http://127.0.0.1:9/api", tries=1, sleep=lambda _s: None), tmp_path)


def test_broken_fetch_goes_on_where_it_stopped(
    asked: Overpass, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    asked.faults[:] = [Fault(), Fault(), Fault(403)]
    with pytest.raises(SourceError):
        _fetch(servers, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    asked.queries.clear()
    assert len(_fetch(servers, tmp_path)) == 4
    assert len(asked.queries) == 2


def test_a_tile_that_is_broken_within_is_asked_for_again_and_no_other(
    asked: Overpass, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    asked.faults[:] = [Fault(), Fault(), Fault(), Fault(body=BROKEN_WITHIN)]
    assert intake.fetch_area(BOX, "mended", servers=servers).network.edge_count > 100
    assert len(asked.queries) == 5
    assert asked.queries[3] == asked.queries[4]
    packs.delete_area("mended")


def test_a_tile_that_was_cut_on_disk_is_asked_for_again(
    asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    (tile,) = _fetch(servers, tmp_path)
    whole = tile.read_bytes()
    tile.write_bytes(whole[: len(whole) // 2])
    assert [file.read_bytes() for file in _fetch(servers, tmp_path)] == [whole]
    assert len(asked.queries) == 2


def test_what_was_fetched_is_kept_where_there_is_no_room_to_read_it(
    asked: Overpass, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    full = shutil.disk_usage("/")._replace(free=1000)
    with monkeypatch.context() as tight:
        tight.setattr("planner.sources.ordering.shutil.disk_usage", lambda _folder: full)
        with pytest.raises(SourceError, match="0 MB are free"):
            intake.fetch_area(BOX, "tight", servers=servers)
    assert len(asked.queries) == 4
    intake.fetch_area(BOX, "tight", servers=servers)
    assert len(asked.queries) == 4, "nothing is asked for twice"
    packs.delete_area("tight")


def _fetch_until(share: float, box: BBox, name: str, servers: Servers) -> None:
    """Fetch, and break off as soon as so much is told to be done."""
    done = [0.0]
    intake.fetch_area(
        box,
        name,
        servers=servers,
        progress=lambda share, _text: done.append(share),
        cancelled=lambda: done[-1] >= share,
    )


def test_a_cancel_is_heard_while_what_was_fetched_is_read(
    asked: Overpass, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = intake.fetch_area(BOX, "stopped", servers=servers)
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    smaller = (*BOX[:3], BOX[3] - 0.001)
    asked.queries.clear()
    for stop_at in (0.7, 0.97, 1.0):
        with pytest.raises(CancelledError):
            _fetch_until(stop_at, smaller, "stopped", servers)
        assert packs.open_area("stopped").digest == old.digest
    assert intake.fetch_area(smaller, "stopped", servers=servers).digest != old.digest
    assert len(asked.queries) == 4, "what had come is kept"
    packs.delete_area("stopped")


def test_failed_fetch_leaves_the_old_pack(asked: Overpass, servers: Servers) -> None:
    old = intake.fetch_area(BOX, "kept", servers=servers)
    asked.faults[:] = [Fault(body=b'<osm version="0.6"></osm>')]
    other = (BOX[0], BOX[1], BOX[2], BOX[3] + 0.001)
    with pytest.raises(SourceError, match=r"^Overpass API has no streets at all\. Choose a place") as caught:
        intake.fetch_area(other, "kept", servers=servers)
    assert caught.value.remedy == "Choose a place, or an extract, with streets in it"
    assert packs.open_area("kept").digest == old.digest
    assert intake.fetch_area(other, "kept", servers=servers).network.edge_count, "what was empty is not kept"
    packs.delete_area("kept")


def test_cancel(asked: Overpass, servers: Servers, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        fetch_osm(BOX, tmp_path, servers, quiet, lambda: True)
    assert asked.queries == []


def test_a_cancel_is_heard_while_an_answer_comes_and_while_it_waits(
    asked: Overpass, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    asked.faults[:] = [Fault(), Fault(body=b"<osm>" + b" " * 300_000 + b"</osm>", drip_s=0.001)]
    with pytest.raises(CancelledError):
        fetch_osm(
            BOX, tmp_path, servers, quiet, lambda: any(tmp_path.glob("*.part")) and len(asked.queries) > 1
        )
    assert [file.suffix for file in tmp_path.iterdir()] == [".osm"], "the first tile, whole, and no part"
    asked.faults[:] = [Fault(429)]
    told: list[str] = []
    with pytest.raises(CancelledError):
        fetch_osm(BOX, tmp_path, servers, lambda _s, text: told.append(text), lambda: "again" in told[-1])
    asked.queries.clear()
    assert len(_fetch(servers, tmp_path)) == 4
    assert len(asked.queries) == 3


def test_a_cancel_is_heard_while_the_server_thinks_and_the_next_request_waits_for_its_end(
    asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    asked.faults[:] = [Fault(think_s=2.0)]
    with pytest.raises(CancelledError):
        fetch_osm(BOX, tmp_path, servers, quiet, lambda: len(asked.queries) > 0)
    assert asked.at_once == 1, "the server has not said a word yet"
    told: list[str] = []
    files, _date = fetch_osm(BOX, tmp_path, servers, lambda _share, text: told.append(text))
    assert any("waiting for the end of the request" in text for text in told)
    assert asked.most_at_once == 1
    assert sorted(tmp_path.iterdir()) == sorted(files), "nothing is left of what was broken off"


def _hold(lock: Path) -> Any:
    """Take a lock as another process does."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    held = lock.open("ab")
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def test_the_request_of_another_process_is_waited_for(
    asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    folder, told = tmp_path / "name", [""]

    def says(_share: float, text: str) -> None:
        told.append(text)
        if "waiting for the end of the request" in text:
            assert asked.queries == []
            other.close()

    with _hold(tmp_path / ".asking") as other:
        with pytest.raises(CancelledError):
            fetch_osm(BOX, folder, servers, lambda _s, text: told.append(text), lambda: "waiting" in told[-1])
        assert asked.queries == []
        fetch_osm(BOX, folder, servers, says)
    assert len(asked.queries) == 1


def test_another_fetch_of_the_same_name_is_waited_for(asked: Overpass, servers: Servers) -> None:
    asked.faults[:] = [Fault(think_s=1.0)]
    made, told = [], [""]
    first = threading.Thread(target=lambda: made.append(intake.fetch_area(BOX, "two", servers=servers)))
    first.start()
    while not asked.queries:
        first.join(0.01)
    with pytest.raises(CancelledError):
        intake.fetch_area(
            BOX,
            "two",
            servers=servers,
            progress=lambda _share, text: told.append(text),
            cancelled=lambda: "another fetch of 'two'" in told[-1],
        )
    made.append(intake.fetch_area(BOX, "two", servers=servers))
    first.join()
    assert made[0].digest == made[1].digest
    assert asked.most_at_once == 1
    packs.delete_area("two")


def test_the_tile_of_a_request_that_was_broken_off_is_not_asked_for_again(
    asked: Overpass, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checking = threading.Event()

    def slowly(file: Path, kind: str) -> None:
        checking.set()
        threading.Event().wait(1.0)
        check_readable(file, kind)

    monkeypatch.setattr("planner.sources.overpass.check_readable", slowly)
    with pytest.raises(CancelledError):
        fetch_osm(BOX, tmp_path, servers, quiet, checking.is_set)
    assert len(_fetch(servers, tmp_path)) == 1
    assert len(asked.queries) == 1


@pytest.mark.parametrize(
    ("told", "least_s", "most_s"),
    [
        (timedelta(hours=2), 300, 300),
        (timedelta(hours=-2), 10, 10),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300, 300),
        ("9" * 400, 300, 300),
        ("-5", 10, 10),
        ("soon", 10, 10),
        ("Fri, 99 Foo 2026", 10, 10),
        ("\xb2", 10, 10),
        ("Fri, 31 Dec 9999 23:59:59 -999999999999999999", 10, 10),
    ],
)
def test_retry_after_is_understood_in_both_forms_and_never_for_ever(
    told: str | timedelta,
    least_s: float,
    most_s: float,
    asked: Overpass,
    servers: Servers,
    waits: list[float],
    tmp_path: Path,
) -> None:
    if isinstance(told, timedelta):  # here, not in the list: workers must name their tests alike
        told = format_datetime(datetime.now(UTC) + told, usegmt=True)
    asked.faults[:] = [Fault(429, retry_after=told)]
    _fetch(servers, tmp_path)
    assert least_s <= sum(waits) <= most_s


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_server_that_has_moved_says_where_to(
    status: int, asked: Overpass, servers: Servers, tmp_path: Path
) -> None:
    asked.faults[:] = [Fault(status, location="https://maps.example/api/interpreter")]
    with pytest.raises(SourceError, match=r"it has moved to https://maps\.example/api/interpreter") as caught:
        _fetch(servers, tmp_path)
    assert len(asked.queries) == 1
    assert caught.value.remedy.startswith("Set PLANNER_OVERPASS_URL to https://maps.example/api/interpreter")


def test_where_nobody_answers_no_long_wait_is_asked(waits: list[float], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"after 2 tries \(no connection\)"):
        _fetch(Servers("http://127.0.0.1:9/api", sleep=waits.append), tmp_path)
    assert sum(waits) == 10


NO_ADDRESSES = [
    "overpass.local/api",
    "localhost:8080/api",
    "htp://x/api",
    "file:///api",
    "http://[::1/api",
    "http://",
    "http://x:99999/api",
    "http://two..dots/api",
    f"http://{'a' * 64}.example/api",
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_is_none_is_refused_at_once(address: str, waits: list[float], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^PLANNER_OVERPASS_URL is no address of a server\. Set it to one"):
        _fetch(Servers(address, sleep=waits.append), tmp_path)
    with pytest.raises(
        SourceError, match=r"^PLANNER_NOMINATIM_URL is no address of a server\. Set it to one"
    ):
        find_place("Lockport", Servers("", address))
    assert waits == []


@pytest.mark.parametrize("address", ["http://[::1]:9/api", "HTTP://127.0.0.1:9", " http://localhost.:9/"])
def test_an_address_is_one_however_it_is_written(address: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no connection"):
        _fetch(Servers(address, tries=1), tmp_path)


@pytest.mark.parametrize("proxy", ["http://", "foo://x", "http://two..dots:3"])
def test_a_proxy_that_is_none_is_refused_at_once(
    proxy: str, servers: Servers, waits: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(SourceError, match="the proxy that the environment names cannot be used"):
        _fetch(servers, tmp_path)
    assert waits == []


def test_a_full_disk_leaves_the_old_pack_and_the_tiles_that_have_come(
    asked: Overpass, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = intake.fetch_area(BOX, "full", servers=servers)
    monkeypatch.setattr(overpass, "TILE_M", 1000.0)
    whole_open, opened = Path.open, []

    def open_until_full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if self.suffix == ".part" and mode == "wb":
            opened.append(self)
            if len(opened) == 3:
                raise OSError(errno.ENOSPC, "No space left on device")
        return whole_open(self, mode, *args, **kwargs)

    with monkeypatch.context() as full:
        full.setattr(Path, "open", open_until_full)
        with pytest.raises(PackError, match="No space left on device"):
            intake.fetch_area(BOX, "full", servers=servers)
    assert packs.open_area("full").digest == old.digest
    asked.queries.clear()
    assert intake.fetch_area(BOX, "full", servers=servers).digest == old.digest
    assert len(asked.queries) == 2
    packs.delete_area("full")


def test_offline_asks_nobody(asked: Overpass, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="PLANNER_OFFLINE"):
        _fetch(Servers(asked.url, offline=True), tmp_path)
    with pytest.raises(SourceError, match="PLANNER_OFFLINE"):
        find_place("Columbus, Ohio", Servers(asked.url, offline=True))
    assert asked.queries == []
    assert intake.servers_here().offline  # as the tests are run


def test_shipped_name_is_refused(servers: Servers) -> None:
    with pytest.raises(PackError, match="comes with the program"):
        intake.fetch_area(BOX, "montevideo", servers=servers)


@pytest.mark.parametrize(
    "box", [(-60.0, -35.0, -50.0, -30.0), (10.0, 5.0, 9.0, 6.0), (179.0, 0.0, 181.0, 1.0)]
)
def test_box_that_cannot_be(box: tuple[float, float, float, float], servers: Servers, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        fetch_osm(box, tmp_path, servers, quiet)


@pytest.mark.parametrize("radius_m", [0.0, -5.0, 1e7, float("nan")])
def test_radius_that_cannot_be(radius_m: float) -> None:
    with pytest.raises(SourceError, match="radius"):
        box_around(LonLat(-56.1665, -34.8945), radius_m)


def test_box_around_is_true_to_its_radius() -> None:
    place = LonLat(-56.1665, -34.8945)
    west, south, east, north = box_around(place, 2000.0)
    assert (north - south) * 111_000 == pytest.approx(4000, rel=0.01)
    assert (east - west) * 111_320 * 0.8202 == pytest.approx(4000, rel=0.01)


PLACE = {
    "place_id": 1,
    "osm_type": "relation",
    "osm_id": 7,
    "lat": "41.94",
    "lon": "-85.63",
    "class": "boundary",
    "type": "administrative",
    "place_rank": 16,
    "importance": 0.5,
    "addresstype": "suburb",
    "name": "Lockport",
    "display_name": "Lockport, Michigan, United States",
    "boundingbox": ["41.935", "41.950", "-85.645", "-85.625"],
    "geojson": {
        "type": "Polygon",
        "coordinates": [
            [[-85.645, 41.935], [-85.625, 41.935], [-85.625, 41.95], [-85.645, 41.95], [-85.645, 41.935]]
        ],
    },
}


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osmnx._nominatim.time.sleep", lambda _s: None)


@pytest.mark.usefixtures("no_pause")
def test_place_is_found_with_room_around(asked: Overpass, servers: Servers) -> None:
    asked.geocode = [PLACE]
    (west, south, east, north), told = find_place("Lockport", servers)
    assert told == "Lockport, Michigan, United States"
    assert west < BOX[0] - 0.01
    assert south < BOX[1] - 0.008
    assert east > BOX[2] + 0.01
    assert north > BOX[3] + 0.008
    assert "planner" in asked.agents[-1]


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(body=b"[]"), "no place"),
        (Fault(429), "429"),
        (Fault(504), "504"),
        (Fault(403, body=b"go away"), "failed"),
        (Fault(body=b"<html>"), "failed"),
        (
            Fault(body=json.dumps([{k: v for k, v in PLACE.items() if k != "importance"}] * 2).encode()),
            "not understood",
        ),
        (
            Fault(body=json.dumps([{**PLACE, "geojson": {"type": "Point", "coordinates": [0, 0]}}]).encode()),
            "no place",
        ),
    ],
)
def test_search_that_fails(fault: Fault, said: str, asked: Overpass, servers: Servers) -> None:
    asked.faults[:] = [fault]
    with pytest.raises(SourceError, match=said) as caught:
        find_place("Nowhere", servers)
    assert "latitude,longitude" in caught.value.remedy
