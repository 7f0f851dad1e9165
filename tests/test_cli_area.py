"""The command line's areas: JSON on one stream, talk on the other, an exit code that tells."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from planner import cli, packs, settings
from tests.overpass_server import overpass_server
from tests.town import town, town_objects


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town_objects().write(tmp_path_factory.mktemp("town") / "town.osm.pbf")


def run(*words: object) -> Result:
    result = CliRunner().invoke(cli.main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def refused(result: Result, *told: str) -> None:
    """One line on standard error, nothing on standard output, exit 1."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("planner: ")
    assert result.stderr.count("\n") == 1
    for text in told:
        assert text in result.stderr


# --- fetching -------------------------------------------------------------------------------------


def test_fetch_needs_one_place_and_is_refused_offline(home: Path) -> None:
    assert run("area", "fetch").exit_code == 2
    assert run("area", "fetch", "X", "--at", "41.94,-85.63", "--name", "x").exit_code == 2
    assert run("area", "fetch", "--at", "41.94,-85.63").exit_code == 2
    assert "need a --name" in run("area", "fetch", "東京").stderr
    refused(run("area", "fetch", "Montevideo"), "comes with the program")
    refused(run("area", "fetch", "Columbus, Ohio"), "PLANNER_OFFLINE")
    refused(run("area", "fetch", "--at", "41.94,-85.63", "--name", "x"), "area import FILE.osm.pbf")


def test_fetch_around_a_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with overpass_server(settings.shipped("data", "three_rivers_mi.osm.pbf")) as server:
        monkeypatch.setenv("PLANNER_OVERPASS_URL", server.url)
        monkeypatch.setenv("PLANNER_OFFLINE", "")
        made = run("area", "fetch", "--at", "41.94,-85.63", "--radius", "900", "--name", "near")
        assert made.exit_code == 0, made.stderr
        assert "fetched near: " in made.stderr
        again = run("area", "fetch", "--at", "41.94,-85.63", "--radius", "900", "--name", "near")
        assert "nothing changed" in again.stderr
    shown = json.loads(run("area", "show", "near").stdout)
    assert "Overpass" in shown["source"]


# --- what works -----------------------------------------------------------------------------------


def test_a_fetch_that_is_broken_off_says_how_it_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_words: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("planner.intake.fetch_area", interrupted)
    broken = run("area", "fetch", "--at", "41.94,-85.63", "--name", "half")
    assert broken.exit_code == 1
    assert "broken off. Fetch it again within a day to go on where it stopped" in broken.stderr


def test_import_show_list_check_delete(home: Path, town_file: Path) -> None:
    made = run("area", "import", town_file, "--name", "mine")
    assert (made.exit_code, made.stdout) == (0, "")
    assert "imported mine: " in made.stderr

    shown = json.loads(run("area", "show", "mine").stdout)
    assert {"counts", "bbox", "data_date", "source", "digest"} <= set(shown)
    assert shown["digest"] == town_objects().area().digest
    assert shown["counts"]["buildings"] == len(town().buildings)
    assert shown["counts"]["places"]["hospital"] == 1

    listed = json.loads(run("area", "list").stdout)
    assert [entry["name"] for entry in listed] == ["montevideo", "three_rivers", "mine"]
    assert listed[2]["bbox"] == shown["bbox"]
    none = dict.fromkeys(("passage", "speed", "barriers", "turns"), 0)
    assert listed[2]["unread_rules"] == shown["counts"]["unread_rules"] == none

    checked = run("area", "check", "mine")
    assert checked.exit_code == 0
    told = json.loads(checked.stdout)
    assert told["ok"] is True
    assert "streets" in [entry["check"] for entry in told["checks"]]

    assert run("area", "delete", "mine").exit_code == 0
    refused(run("area", "show", "mine"), "there is no area 'mine'")


def test_import_again_replaces(home: Path, town_file: Path, tmp_path: Path) -> None:
    other = town_objects(buildings=False).write(tmp_path / "other.osm")
    assert run("area", "import", town_file, "--name", "mine").exit_code == 0
    assert run("area", "import", other, "--name", "mine").exit_code == 0
    assert json.loads(run("area", "show", "mine").stdout)["counts"]["buildings"] == 0


def test_a_polygon_that_crosses_itself_is_told_on_standard_error(
    home: Path, town_file: Path, tmp_path: Path
) -> None:
    west, south, east, north = town().bbox_deg
    crossed = [[west, south], [east, north], [east, south], [west, north], [west, south]]
    within = tmp_path / "part.geojson"
    within.write_text(json.dumps({"type": "Polygon", "coordinates": [crossed]}))
    made = run("area", "import", town_file, "--name", "part", "--within", within)
    assert made.exit_code == 0
    assert made.stdout == ""
    assert "part.geojson crosses itself: it was taken as all ground within it, in 2 pieces" in made.stderr


def test_box_in_negative_degrees(home: Path, town_file: Path) -> None:
    west, south, east, north = town().bbox_deg
    box = f"{west},{south},{(west + east) / 2},{north}"
    assert run("area", "import", town_file, "--name", "part", "--bbox", box).exit_code == 0
    shown = json.loads(run("area", "show", "part").stdout)
    assert shown["bbox"][2] == pytest.approx((west + east) / 2, abs=1e-6)


def test_shipped_areas_are_there_without_any_step(home: Path) -> None:
    shown = json.loads(run("area", "show", "three_rivers").stdout)
    assert shown["counts"]["places"]["school"] == 5
    assert run("area", "check", "three_rivers").exit_code == 0


def test_area_that_cannot_be_driven_fails_its_check(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "paths.osm"
    path.write_text(
        '<osm version="0.6"><node id="1" version="1" lat="1" lon="2"/>'
        '<node id="2" version="1" lat="1" lon="2.1"/>'
        '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="footway"/></way></osm>'
    )
    assert run("area", "import", path, "--name", "paths").exit_code == 0
    checked = run("area", "check", "paths")
    assert checked.exit_code == 1
    assert json.loads(checked.stdout)["ok"] is False


# --- what does not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "empty.osm.pbf", "is empty"),
        (b"a text\n" * 99, "text.osm.pbf", "cannot be read as OpenStreetMap data"),
        (b"<osm version='0.6'></osm>", "bare.osm", "no streets"),
        (b"PK\x03\x04", "area.zip", "of no format"),
    ],
)
def test_bad_file_is_refused_and_harms_nothing(
    home: Path, town_file: Path, tmp_path: Path, content: bytes, name: str, told: str
) -> None:
    assert run("area", "import", town_file, "--name", "mine").exit_code == 0
    before = {f: f.read_bytes() for f in home.rglob("*") if f.is_file()}
    (tmp_path / name).write_bytes(content)
    refused(run("area", "import", tmp_path / name, "--name", "mine"), told, name)
    assert {f: f.read_bytes() for f in home.rglob("*") if f.is_file()} == before


def test_file_that_is_not_there(home: Path, tmp_path: Path) -> None:
    refused(run("area", "import", tmp_path / "none.osm.pbf", "--name", "x"), "there is no file")
    assert not home.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "\x1b[31mred", "x" * 100, "<script>"])
def test_unsafe_name_is_refused_without_touching_the_disk(home: Path, town_file: Path, name: str) -> None:
    refused(run("area", "import", town_file, "--name", name), "cannot be the name of an area")
    refused(run("area", "show", name), "cannot be the name of an area")
    assert not home.exists()


def test_name_of_a_shipped_area_is_refused(home: Path, town_file: Path) -> None:
    refused(run("area", "import", town_file, "--name", "montevideo"), "comes with the program")


def test_damaged_pack_is_refused(home: Path, town_file: Path) -> None:
    assert run("area", "import", town_file, "--name", "mine").exit_code == 0
    (streets,) = (home / "areas" / "mine").glob("streets*")
    content = bytearray(streets.read_bytes())
    content[len(content) // 2] ^= 1
    streets.write_bytes(content)
    for verb in ("show", "check"):
        refused(run("area", verb, "mine"), "is damaged", "Import its map again")


def test_pack_of_another_schema_is_refused_and_listed_as_such(home: Path, town_file: Path) -> None:
    assert run("area", "import", town_file, "--name", "mine").exit_code == 0
    manifest = home / "areas" / "mine" / packs.MANIFEST
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace(packs.SCHEMA, "pack/9"), encoding="utf-8"
    )
    refused(run("area", "show", "mine"), "schema 'pack/9'")
    listed = json.loads(run("area", "list").stdout)
    assert "pack/9" in listed[2]["problem"]


@pytest.mark.parametrize(
    "words",
    [
        ("area", "import"),
        ("area", "import", "x.osm.pbf"),
        ("area", "import", "x.osm.pbf", "--name", "x", "--bbox", "1,2,3"),
        ("area", "import", "x.osm.pbf", "--name", "x", "--bbox", "a,b,c,d"),
        ("area", "nothing"),
        ("nothing",),
        ("area", "show"),
        ("area", "list", "--wrong"),
    ],
)
def test_wrong_usage_is_exit_2(home: Path, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("box", ["1,2,1,3", "170,0,-170,1", "nan,0,1,1", "0,0,1,91", "0,0,0.1,0.1"])
def test_box_that_is_none_or_empty_is_refused(home: Path, town_file: Path, box: str) -> None:
    refused(run("area", "import", town_file, "--name", "x", "--bbox", box), "box")


def test_hostile_file_name_does_not_drive_the_terminal(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "\x1b[2J\u202eevil.osm.pbf"
    path.write_bytes(b"no map")
    result = run("area", "import", path, "--name", "x")
    refused(result, "\\x1b[2J\\u202eevil.osm.pbf")


# --- as a process ---------------------------------------------------------------------------------


def shell(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "planner.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)  # type: ignore[call-overload, no-any-return]


def test_process_ends_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "bad.osm.pbf").write_bytes(b"no map at all")
    env = os.environ | {"PLANNER_HOME": str(tmp_path / "home"), "LC_ALL": "C"}
    result = shell("area", "import", str(tmp_path / "bad.osm.pbf"), "--name", "bad", env=env)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys, planner.cli\n"
        "heavy = {'numpy', 'shapely', 'geopandas', 'osmium', 'streamlit', 'numba', 'pyproj'}\n"
        "print(sorted(heavy & {m.partition('.')[0] for m in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_output_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    env = os.environ | {"PLANNER_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "planner.cli", "area", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0
    assert told == b""


def test_app_becomes_streamlit_on_this_machine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}

    def record(program: str, command: list[str], env: dict[str, str]) -> None:
        told.update(program=program, command=command, env=env, folder=Path.cwd())

    monkeypatch.chdir(tmp_path)  # and back, afterwards
    monkeypatch.setenv("PLANNER_HOME", "here")
    monkeypatch.setattr(os, "execve", record)
    assert run("app", "--port", "8765", "--server.headless", "true").exit_code == 0
    command = told["command"]
    assert isinstance(command, list)
    page = Path(command[4])
    assert page.is_file()
    assert command[1:4] == ["-m", "planner.ui.serve", "run"]
    assert command[5:9] == ["--server.port", "8765", "--server.address", "127.0.0.1"]
    assert command[9:] == ["--server.headless", "true"]
    assert told["folder"] == page.parent
    env = told["env"]
    assert isinstance(env, dict)
    assert env["PLANNER_HOME"] == str(tmp_path / "here")


# --- from laptop to laptop ------------------------------------------------------------------------


def test_area_goes_to_another_installation_as_one_file(
    home: Path, town_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("area", "import", town_file, "--name", "mine")
    wanted = packs.open_area("mine")
    file = tmp_path / "mine.area.zip"
    assert run("area", "export", "mine", "-o", file).exit_code == 0
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "elsewhere"))
    came = run("area", "import", file, "--name", "theirs")
    assert came.exit_code == 0, came.stderr
    assert "imported theirs" in came.stderr
    assert packs.open_area("theirs").digest == wanted.digest
    part = run("area", "import", file, "--name", "part", "--bbox", "-86,41,-85,42")
    assert part.exit_code != 0
    assert "whole area, of which no part is taken" in part.stderr


@pytest.mark.parametrize(
    "harm", ["cut", "no zip", "flipped", "spoilt", "packed otherwise", "names a path", "unpacks without end"]
)
def test_broken_pack_file_is_told_and_changes_nothing(
    home: Path, town_file: Path, tmp_path: Path, harm: str
) -> None:
    run("area", "import", town_file, "--name", "mine")
    file = tmp_path / "mine.area.zip"
    run("area", "export", "mine", "-o", file)
    content = bytearray(file.read_bytes())
    if harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif harm == "no zip":
        file.write_text("hello")
    elif harm == "flipped":
        with zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(file, "w") as archive:
            for name, member in members.items():
                changed = member[:-9] + b"X" + member[-8:] if name.startswith("places") else member
                archive.writestr(name, changed)
    elif harm == "spoilt":  # in what is packed: zlib finds it before zip does
        with zipfile.ZipFile(file) as archive:
            (streets,) = (entry for entry in archive.infolist() if entry.filename.startswith("streets"))
        begin = streets.header_offset + 200
        content[begin : begin + 400] = b"\xff" * 400
        file.write_bytes(content)
    elif harm == "packed otherwise":
        for head, method in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
            content[content.index(head) + method] = 99
        file.write_bytes(content)
    elif harm == "unpacks without end":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", b" " * (65 << 20))
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("manifest.json", json.dumps({"files": {"streets": {"file": "../../x"}}}))
    came = run("area", "import", file, "--name", "mine")
    refused(came, "")
    assert "a fault of the program" not in came.stderr
    assert packs.open_area("mine").network.edge_count > 0
    assert not (tmp_path / "x").exists()
