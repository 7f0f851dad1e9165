"""Getting ready at set-up: it leaves what the first plan would wait for, and never stands in the way."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from planner import packs
from planner.errors import PackError
from planner.ground import sightline
from planner.ground.gatherings import find_gatherings
from planner.model import Incident
from planner.plan import make_plan
from planner.streets import desk, hierarchy, timed_streets
from planner.ui import ready
from tests.town import town

ROOT = Path(__file__).parents[1]
FAR = [
    (timed_streets, "of_kept"),
    *((hierarchy, name) for name in ("customize", "change", "table", "ways")),
    *((desk, name) for name in ("aimed", "best_ahead")),
]
"""What searches over shortcuts call: all that a larger map's first plan would compile hangs on these."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, with the made town in place of the shipped city."""
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    monkeypatch.setattr(packs, "open_area", lambda *_: town())
    return tmp_path


def test_a_plan_is_made_and_the_base_map_is_drawn(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ready.main() == 0
    assert len(list((home / "base_maps").glob("*.pmtiles"))) == 2
    assert Path(importlib.util.cache_from_source(packs.__file__)).is_file()
    told = capsys.readouterr()
    assert told.out == ""
    assert str(home) in told.err


def test_a_base_map_is_drawn_by_a_process_of_its_own_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    packs.write_area(town())
    area = packs.open_area(town().name)
    drawn = ready.base_map_drawn_apart(area)
    assert drawn.there()
    monkeypatch.setattr(subprocess, "run", None)
    assert ready.base_map_drawn_apart(area) == drawn


def test_a_base_map_that_cannot_be_drawn_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    with pytest.raises(PackError, match="could not be drawn: there is no area"):
        ready.base_map_drawn_apart(town())


def test_the_plan_made_is_a_whole_one() -> None:
    plan = ready.first_plan(town())
    assert plan.posts, "the searches were not used"
    assert plan.sites, "the lines of sight were not used"


def test_what_stands_in_the_way_is_told_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise PackError("the disk is full", "Make room")

    monkeypatch.setattr(packs, "open_area", fail)
    assert ready.main() == 1
    assert capsys.readouterr().err.splitlines() == ["the disk is full. Make room"]


@pytest.mark.parametrize(("answer", "stamped"), [("true", True), ("false", False)])
def test_set_up_goes_on_without_and_tries_again_next_time(answer: str, stamped: bool, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{answer}\n")
    python.chmod(0o755)
    stamp = tmp_path / "stamp"
    step = ["bash", "scripts/setup.sh", "ready", str(tmp_path / "venv"), str(stamp)]
    run = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert stamp.exists() is stamped
    assert ("not ready" in run.stderr) is not stamped


def test_what_looks_at_the_sides_of_a_building_is_compiled_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commonest tap of all: what it compiles besides is compiled at set-up."""
    see, looked = sightline._sees, []

    def noted(*given: Any) -> Any:
        looked.append([numba.typeof(one) for one in given])
        return see(*given)

    monkeypatch.setattr(sightline, "_sees", noted)
    ready.look_about(packs.open_area())
    (asked,) = looked
    area, doctrine = packs.open_area("three_rivers"), packs.shipped_doctrine()
    for school in find_gatherings("school", area, doctrine.zones.target_max_m2):
        make_plan(Incident(location=school.location), area, doctrine)
    assert looked[1:], "a school was looked at"
    assert all(one == asked for one in looked)


def test_far_ways_are_found_over_shortcuts_though_the_map_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = set()

    def noting(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any) -> Any:
            asked.add(name)
            return ask(*given)

        return noted

    for module, name in FAR:
        monkeypatch.setattr(module, name, noting(name, getattr(module, name)))
    area = packs.open_area()
    assert area.network.edge_count < hierarchy.LEAST_STREETS
    ready.find_far_ways(area)
    assert asked == {name for _, name in FAR}
