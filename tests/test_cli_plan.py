"""``planner plan``, ``check`` and ``export`` as a shell calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from click.testing import CliRunner

from planner import packs
from planner.cli import main
from planner.document import read_plan, write_incident, write_plan
from planner.model import Incident
from planner.packs import write_area
from planner.terms import ThreatName
from planner.ui.panels import Beside, plan_panel
from tests.town import CENTRE, town

AREA = "cli_town"


@pytest.fixture(scope="module", autouse=True)
def area():
    """The made town, installed as a pack."""
    made = replace(town(footways=False), name=AREA)
    write_area(made)
    yield made
    packs.delete_area(AREA)


@pytest.fixture(scope="module")
def spot(area):
    """Where a plan holds: two blocks from anything odd."""
    return area.frame.place(-350.0, -200.0)


def run(*args, text=None):
    return CliRunner().invoke(main, [str(a) for a in args], input=text)


def planned(spot, *more):
    return run("plan", "--at", f"{spot.lat_deg},{spot.lon_deg}", "--threat", "knife", "--area", AREA, *more)


def shell(*args, text=b"", **env):
    command = [sys.executable, "-m", "planner.cli", *(str(a) for a in args)]
    return subprocess.run(
        command, input=text, capture_output=True, env={**os.environ, **env}, check=False, timeout=120
    )


# --- plan ---------------------------------------------------------------------------------------


def test_a_tap_gives_a_plan_that_passes_the_programs_own_check(spot, tmp_path):
    result = planned(spot)
    assert result.exit_code == 0, result.stderr
    plan = read_plan(result.stdout_bytes)
    assert plan.incident.location == spot
    assert plan.incident.threat is ThreatName.KNIFE
    file = tmp_path / "plan.geojson"
    file.write_bytes(result.stdout_bytes)
    checked = run("check", file, "--area", AREA)
    assert checked.exit_code == 0, checked.stdout
    said = json.loads(checked.stdout)
    assert said["ok"] is True
    assert {"check", "ok", "detail", "about"} == set(said["checks"][0])
    assert run("check", file).exit_code == 0  # the plan names its own area


def planned_apart(spot, **env):
    """A plan by a process of its own, which takes ten times as long as the plan."""
    return shell("plan", "--at", f"{spot.lat_deg},{spot.lon_deg}", "--threat", "knife", "--area", AREA, **env)


@pytest.fixture(scope="module")
def one(spot):
    return planned_apart(spot, PYTHONHASHSEED="1")


def test_the_same_input_gives_the_same_bytes_in_fresh_processes(spot, one):
    other = planned_apart(spot, PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C")
    assert one.returncode == other.returncode == 0, one.stderr
    assert one.stdout == other.stdout == planned(spot).stdout_bytes


def test_a_document_from_a_file_or_a_pipe_gives_the_plan_of_the_tap(spot, tmp_path):
    said = write_incident(Incident(location=spot, threat=ThreatName.KNIFE))
    file = tmp_path / "incident.geojson"
    file.write_bytes(said)
    tapped = planned(spot).stdout_bytes
    assert run("plan", file, "--area", AREA).stdout_bytes == tapped
    assert run("plan", "-", "--area", AREA, text=said).stdout_bytes == tapped


def test_a_plan_fed_back_in_gives_itself(spot):
    tapped = planned(spot).stdout_bytes
    assert run("plan", "-", "--area", AREA, text=tapped).stdout_bytes == tapped


def test_an_outline_that_crosses_itself_is_told_in_the_plan_and_on_the_page(area, spot):
    def bow(east_m, north_m):
        x, y = area.frame.point_m(spot)
        corners = ((0, 0), (60, 60), (60, 0), (0, 60), (0, 0))
        return [list(area.frame.place(x + east_m + dx, y + north_m + dy)) for dx, dy in corners]

    def feature(kind, where, **more):
        geometry = {"type": "Polygon", "coordinates": [bow(*where)]}
        return {"type": "Feature", "properties": {"kind": kind, **more}, "geometry": geometry}

    features = [
        feature("zone", (0, 0), zone="hot"),
        feature("closure", (600, 100)),
        feature("pin", (100, -500), purpose="media"),
    ]
    said = {"type": "FeatureCollection", "planner": {"schema": "incident/1"}, "features": features}
    result = run("plan", "-", "--area", AREA, text=json.dumps(said))
    assert result.exit_code == 0, result.stderr
    told = [n for n in json.loads(result.stdout)["planner"]["notices"] if "crosses itself" in n["text"]]
    assert [n["level"] for n in told] == ["caution"] * 3
    assert {n["about"] for n in told} == {"zone 1", "closures", "media-1"}
    page = plan_panel(read_plan(result.stdout_bytes), Beside())
    for notice in told:
        assert escape(notice["text"]) in page


def test_output_goes_whole_to_a_file_or_not_at_all(spot, tmp_path):
    file = tmp_path / "plan.geojson"
    file.write_text("before")
    result = planned(spot, "-o", file)
    assert result.exit_code == 0
    assert result.stdout_bytes == b""
    assert file.read_bytes() == planned(spot).stdout_bytes
    assert [p.name for p in tmp_path.iterdir()] == ["plan.geojson"]

    bad = run("plan", "-", "--area", AREA, "-o", file, text=b"{}")
    assert bad.exit_code == 1
    assert file.read_bytes() == planned(spot).stdout_bytes


def test_output_through_a_link_keeps_the_link_and_a_device_is_not_replaced(spot, tmp_path):
    target, link = tmp_path / "target.geojson", tmp_path / "link.geojson"
    link.symlink_to(target)
    assert planned(spot, "-o", link).exit_code == 0
    assert link.is_symlink()
    assert read_plan(target.read_bytes()).incident.location == spot
    assert planned(spot, "-o", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_output_that_cannot_be_written_is_one_line(spot, tmp_path):
    result = planned(spot, "-o", tmp_path / "nowhere" / "plan.geojson")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "cannot be written" in result.stderr


@pytest.mark.parametrize(
    "args",
    [
        ["plan"],
        ["plan", "x.geojson", "--at", "1,2"],
        ["plan", "x.geojson", "--threat", "knife"],
        ["plan", "--at", "1"],
        ["plan", "--at", "north,south"],
        ["plan", "--at", "1,2", "--threat", "laser"],
        ["plan", "--at", "1,2", "--depth", "3"],
        ["check"],
        ["export", "x.geojson"],
    ],
)
def test_a_command_called_wrongly_is_told_so(args):
    result = run(*args)
    assert result.exit_code == 2
    assert "Usage" in result.stderr
    assert result.stdout == ""


def test_a_place_off_the_globe_is_told_in_the_order_that_it_was_asked_for():
    result = run("plan", "--at", "-93,41000", "--area", AREA)
    assert result.exit_code == 1
    assert result.stderr.strip().endswith("Give LAT,LON: latitude first, in degrees")
    assert result.stderr.count("\n") == 1


def test_talk_stays_off_standard_output(one):
    assert json.loads(one.stdout)["planner"]["schema"] == "plan/1"
    assert b"Warning" not in one.stderr


def test_the_command_line_never_loads_the_page():
    """Streamlit, folium and osmnx each take longer to load than a plan takes to make."""
    code = (
        "import sys; from planner import cli, packs, plan, document, audit, exports;"
        "print([m for m in ('streamlit', 'folium', 'osmnx', 'matplotlib', 'networkx') if m in sys.modules])"
    )
    assert _printed(code) == "[]"


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_plan_is_made_without_data_frames_which_take_a_third_of_a_second_to_load(spot, tmp_path):
    at, out = f"{spot.lat_deg},{spot.lon_deg}", str(tmp_path / "plan.geojson")
    code = (
        "import sys; from planner.cli import main;"
        f"main(['plan', '--at', '{at}', '--area', '{AREA}', '-o', {out!r}], standalone_mode=False);"
        "print([m for m in ('pandas', 'geopandas', 'pyogrio', 'osmium') if m in sys.modules])"
    )
    assert _printed(code) == "[]"


# --- check --------------------------------------------------------------------------------------


def test_a_plan_that_lost_a_post_fails_the_check_with_exit_1(spot):
    plan = read_plan(planned(spot).stdout_bytes)
    leaking = write_plan(replace(plan, posts=plan.posts[1:]))
    result = run("check", "-", "--area", AREA, text=leaking)
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert said["ok"] is False
    assert "seal" in {check["check"] for check in said["checks"] if not check["ok"]}
    assert "checks fail" in result.stderr


def test_an_incident_cannot_be_checked(spot):
    result = run("check", "-", "--area", AREA, text=write_incident(Incident(location=CENTRE)))
    assert result.exit_code == 1
    assert "plan/1" in result.stderr


def test_an_area_that_is_not_there_is_one_line(spot):
    result = run("plan", "--at", "41,-93", "--area", "atlantis")
    assert result.exit_code == 1
    assert "atlantis" in result.stderr
    assert result.stderr.count("\n") == 1


# --- export -------------------------------------------------------------------------------------


def test_geojson_is_the_plan_document_itself(spot, tmp_path):
    text = planned(spot).stdout_bytes
    file = tmp_path / "out.geojson"
    assert run("export", "-", "--to", "geojson", "-o", file, text=text).exit_code == 0
    assert file.read_bytes() == text
    assert run("export", "-", "--to", "geojson", text=text).stdout_bytes == text


def test_streets_come_from_the_plans_own_area_and_a_folder_gets_a_named_file(spot, tmp_path):
    text = planned(spot).stdout_bytes
    when = ("--created", "2024-05-14T09:32:00-05:00")
    result = run("export", "-", "--to", "cifs", *when, "-o", tmp_path, text=text)
    assert result.exit_code == 0, result.stderr
    (file,) = tmp_path.iterdir()
    assert re.fullmatch(r"incident_[0-9a-f]{8}_cifs_20240514T\d{4}[+-]\d{4}\.cifs\.xml", file.name)
    assert file.read_bytes().count(b"ROAD_CLOSED<") > 5
    assert run("export", "-", "--to", "cifs", *when, text=text).stdout_bytes == file.read_bytes()


def test_a_plan_of_an_area_that_has_changed_since_is_exported_with_a_word(spot):
    plan = read_plan(planned(spot).stdout_bytes)
    text = write_plan(replace(plan, area=replace(plan.area, digest="of another day")))
    result = run("export", "-", "--to", "cifs", text=text)
    assert result.exit_code == 0
    assert "is not the one this plan was made on" in result.stderr


def test_public_and_exercise_are_asked_for_by_name(spot):
    text = planned(spot).stdout_bytes
    public = read_plan(run("export", "-", "--to", "geojson", "--public", text=text).stdout_bytes)
    assert public.posts == ()
    exercise = run("export", "-", "--to", "cap", "--exercise", text=text)
    assert b"<status>Exercise</status>" in exercise.stdout_bytes
    refused = run("export", "-", "--to", "cifs", "--exercise", text=text)
    assert refused.exit_code == 1
    assert refused.stderr.count("\n") == 1


def test_zones_drawn_elsewhere_are_planned_for(spot, area, tmp_path):
    lon, lat = spot
    corners = ((0, 0), (4e-4, 0), (4e-4, 4e-4), (0, 4e-4), (0, 0))
    ring = " ".join(f"{lon + dx},{lat + dy}" for dx, dy in corners)
    kml = (
        "<kml><Placemark><name>Hot</name><Polygon><outerBoundaryIs><LinearRing>"
        f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></kml>"
    )
    file = tmp_path / "drawn.kml"
    file.write_text(kml)
    result = run("plan", file, "--area", AREA)
    assert result.exit_code == 0, result.stderr
    assert "taken: 1 hot zone" in result.stderr
    assert any(zone.drawn for zone in read_plan(result.stdout_bytes).zones)


def test_a_format_that_does_not_exist_is_one_line_with_those_that_do(spot):
    result = run("export", "-", "--to", "punchcard", text=planned(spot).stdout_bytes)
    assert result.exit_code == 1
    assert "geojson" in result.stderr
    assert result.stderr.count("\n") == 1


# --- what nobody expected -----------------------------------------------------------------------


def test_a_fault_of_the_program_is_one_line_and_the_whole_traceback_only_when_asked_for(spot, monkeypatch):
    def fails(*_):
        raise RuntimeError("no\nsense\x1b[31m")

    monkeypatch.setattr("planner.plan.make_plan", fails)
    monkeypatch.delenv("PLANNER_DEBUG", raising=False)
    result = planned(spot)
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("planner: a fault of the program, RuntimeError: no sense\\x1b[31m. ")
    monkeypatch.setenv("PLANNER_DEBUG", "1")
    assert isinstance(planned(spot).exception, RuntimeError)
    assert planned(spot, "--no-such-option").exit_code == 2
