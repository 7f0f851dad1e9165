"""Input that makes no sense: one clear line, exit code 1, no traceback, nothing on disk harmed.

Files and packs that are broken have their tests beside their modules; here is what users send to ``plan``.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from planner import packs, settings
from planner.cli import main
from planner.document import read_plan
from tests.town import town

AREA = "bad_input_town"


@pytest.fixture(scope="module", autouse=True)
def area(tmp_path_factory):
    """The made town, installed as a pack where no other test file puts or takes anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_HOME", str(tmp_path_factory.mktemp("home")))
        made = replace(town(footways=False), name=AREA)
        packs.write_area(made)
        yield made


def digests():
    home = settings.read_settings().home
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(home.rglob("*")) if p.is_file()}


def plan(text):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    before = digests()
    result = CliRunner().invoke(main, ["plan", "-", "--area", AREA], input=text)
    assert digests() == before
    return result


def refusal(text):
    result = plan(text)
    assert result.exit_code == 1, (result.stdout[:300], result.stderr, result.exception)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("planner: ")
    assert "Traceback" not in result.stderr
    return result.stderr


def incident(*features, **said):
    return {
        "type": "FeatureCollection",
        "planner": {"schema": "incident/1", **said},
        "features": [
            {"type": "Feature", "geometry": geometry, "properties": {"kind": kind, **properties}}
            for kind, geometry, properties in features
        ],
    }


def zone(*spots, **properties):
    ring = [list(spot) for spot in spots]
    return "zone", {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}, properties


def around(area, x_m, y_m, radius_m, corners=4):
    angles = 2 * np.pi * np.arange(corners) / corners
    ring = np.column_stack([x_m + radius_m * np.cos(angles), y_m + radius_m * np.sin(angles)])
    return area.frame.to_deg(ring).tolist()


def at(spot, kind="incident", **properties):
    return kind, {"type": "Point", "coordinates": list(spot)}, properties


def test_nothing_said_of_where_it_is(area):
    assert "where" in refusal(incident()) or "zone" in refusal(incident())


def test_zones_outside_the_area(area):
    said = refusal(incident(zone((10.0, 50.0), (10.01, 50.0), (10.01, 50.01))))
    assert AREA in said


def test_an_incident_outside_the_area(area):
    assert AREA in refusal(incident(at((10.0, 50.0))))


def test_zones_with_no_street_near(area):
    """Open ground at the edge of town: a plan with a Notice that says so, or a refusal that does."""
    empty = [area.frame.place(x, y) for x, y in ((980, 1180), (1000, 1180), (1000, 1200), (980, 1200))]
    result = plan(incident(zone(*empty)))
    if result.exit_code == 1:
        assert "street" in result.stderr
        return
    assert result.exit_code == 0, result.stderr
    notices = " ".join(notice.text for notice in read_plan(result.stdout_bytes).notices)
    assert "street" in notices.lower()


def test_a_polygon_of_two_points(area):
    said = refusal(incident(zone(*around(area, 0, 0, 50)[:2])))
    assert "feature 1 (zone)" in said
    assert "three corners" in said


def test_a_polygon_without_ground(area):
    here = around(area, 0, 0, 50, 2)
    middle = ((here[0][0] + here[1][0]) / 2, (here[0][1] + here[1][1]) / 2)
    assert "zone" in refusal(incident(zone(here[0], middle, here[1])))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none(area, word):
    text = json.dumps(incident(at((7.5, 41.0)))).replace("7.5", word).encode()
    assert "finite" in refusal(text)


def test_coordinates_swapped(area):
    spot = area.frame.centre
    said = refusal(incident(at((spot.lat_deg, spot.lon_deg))))
    assert "swapped" in said or "longitude first" in said


def test_zones_swapped(area):
    swapped = [(lat, lon) for lon, lat in around(area, 0, 0, 50)]
    said = refusal(incident(zone(*swapped)))
    assert "swapped" in said or "longitude first" in said


def test_a_polygon_of_100_000_corners(area):
    """A plan, or one line; in seconds, not minutes."""
    result = plan(incident(zone(*around(area, -350, -200, 40, 100_000))))
    if result.exit_code == 1:
        assert result.stderr.count("\n") == 1
        assert "corner" in result.stderr or "vert" in result.stderr
        return
    assert result.exit_code == 0, result.stderr
    made = read_plan(result.stdout_bytes)
    assert sum(len(ring) for z in made.zones for ring in z.rings) < 5000


def test_a_document_of_50_mb(area):
    assert "larger than" in refusal(b'{"type": "FeatureCollection", "x": "' + b"x" * 50_000_000 + b'"}')


def test_a_document_nested_without_end(area):
    assert "nested too deeply" in refusal(b"[" * 200_000)


@pytest.mark.parametrize(
    "text", [b"", b"\x00", b"\xff\xfe", b"hello", b"%PDF-1.4", b"[1,2", b"{}", b"null", b"7"]
)
def test_a_document_that_is_none(area, text):
    refusal(text)


def test_hostile_names_come_through_as_text_and_drive_nothing(area):
    name = '<script>alert(1)</script>\x1b[2J"\u202e'
    spot = area.frame.place(-350.0, -200.0)
    result = plan(incident(at(spot), name=name, threat="knife", units={"<b>": 2}))
    assert result.exit_code == 0, result.stderr
    assert read_plan(result.stdout_bytes).incident.name == name
    said = refusal(incident(at(spot), threat=name))
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path):
    for file in (tmp_path / "none.geojson", tmp_path):
        result = CliRunner().invoke(main, ["plan", str(file), "--area", AREA])
        assert result.exit_code == 1
        assert "cannot be read" in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_place_off_the_globe(area):
    result = CliRunner().invoke(main, ["plan", "--at", "95,10", "--area", AREA])
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_no_traceback_in_a_real_process(area):
    command = [sys.executable, "-m", "planner.cli", "plan", "-", "--area", AREA]
    result = subprocess.run(
        command, input=b"{", capture_output=True, env=dict(os.environ), check=False, timeout=60
    )
    assert result.returncode == 1
    assert result.stdout == b""
    assert result.stderr.count(b"\n") == 1
    assert b"not JSON" in result.stderr
