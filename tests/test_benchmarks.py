"""What the benchmarks say of themselves: targets judged, failures told, scripts that find the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest

from benchmarks import one_map, peers, report, scale
from benchmarks.listed import LIST_SCRIPT, LISTED, ListedScript, asked, listed, osmnx_graph
from benchmarks.pieces import CLOSED, FAR_APART, TABLE, TARGETS_S, pieces, target_s
from benchmarks.report import Size
from benchmarks.rows import Timed, timed
from benchmarks.script import SCRIPTS, Answer, Map, graph_of
from benchmarks.tiled import tile
from benchmarks.whole_plan import FIRST, WHOLE, edge_count, incident_at, places
from planner import packs, settings

ABOUT = dict.fromkeys(("command", "date", "machine", "python", "versions", "maps", "picture"), "x")


def size(edges: int, plan_s: float, script_s: float, **failures: str) -> Size:
    ours: dict[str, Any] = {"s": plan_s, "cpu_s": plan_s}
    theirs: dict[str, Any] = {"s": script_s, "cpu_s": script_s}
    figures = {
        WHOLE: {one_map.OURS: ours, LIST_SCRIPT: theirs},
        one_map.READ: {one_map.OURS: {"s": 3.0}, one_map.BARE: {"s": 2.0}},
        one_map.WRITE: {one_map.OURS: {"s": 1.5}},
    }
    return Size(f"{edges}", edges, figures, failures)


def test_every_target_is_judged() -> None:
    told = {text: good for good, text in report.judged([size(120_000, 0.25, 5.0), size(10**6, 0.39, 90)])}
    assert told == {
        "whole plan at 120,000 edges: 250 ms of 300": True,
        "whole plan against the osmnx script, whole list at 120,000 edges: 20x of 30x": False,
        "import: reading + writing at 120,000 edges: 4.5 s of 3": False,
        "import: reading + writing against bare osmium at 120,000 edges: 2.2 of 2 times": False,
        "whole plan at 1,000,000 edges: 390 ms of 400": True,
        "whole plan against the osmnx script, whole list at 1,000,000 edges: 231x of 200x": True,
        "import: reading + writing at 1,000,000 edges: 4.5 s of 21": True,
        "import: reading + writing against bare osmium at 1,000,000 edges: 2.2 of 2 times": False,
        "growth of the whole plan from 120,000 to 1,000,000 edges: 1.56 times of 1.5": False,
    }


def test_pieces_and_first_plans_are_judged_and_the_list_like_for_like() -> None:
    metro = size(10**6, 0.39, 90)
    metro.figures[LISTED] = {one_map.OURS: {"s": 0.6, "cpu_s": 0.6}, LIST_SCRIPT: {"s": 90, "cpu_s": 90}}
    metro.figures[FIRST] = {one_map.OURS: {"s": 0.5, "cpu_s": 0.45}}
    metro.figures[TABLE] = {one_map.OURS: {"s": 0.06, "cpu_s": 0.06}}
    told = {text: good for good, text in report.judged([metro])}
    assert told[f"{LISTED} against the osmnx script, whole list at 1,000,000 edges: 150x of 200x"] is False
    assert told[f"{FIRST} at 1,000,000 edges: 450 ms of 400"] is False
    assert told[f"{TABLE} at 1,000,000 edges: 60 ms of 30"] is False
    assert all(target_s(work, 34_000) is None for work in TARGETS_S)
    for work, (city_s, metro_s) in TARGETS_S.items():
        assert target_s(work, 100_000) == city_s
        assert target_s(work, 2_000_000) == metro_s
        assert target_s(work, 550_000) == pytest.approx((city_s + metro_s) / 2)


def test_edges_are_counted_by_the_ways_in_which_streets_are_driven() -> None:
    area = packs.open_area("three_rivers")
    graph = osmnx_graph(area, packs.shipped_doctrine())
    twins = graph.number_of_edges() - len(set(graph.edges()))
    assert edge_count(area) - twins <= graph.number_of_edges() <= edge_count(area)
    assert area.network.edge_count < edge_count(area) < 2 * area.network.edge_count


def test_the_page_tells_how_quick_the_machine_is_beside_that_of_the_targets() -> None:
    slow = size(307_000, 0.25, 9.0)
    slow.figures[one_map.SEARCH] = {one_map.MACHINE: {"s": 0.0495, "cpu_s": 0.0495}}
    assert report.slower(slow) == pytest.approx(1.5)
    assert "in this run it took\n1.5 times as long" in report.page([slow, size(10**6, 0.39, 90)], ABOUT)
    assert "scipy's search from one\n" not in report.page([size(10**6, 0.39, 90)], ABOUT)


def test_every_piece_of_a_plan_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(work: Callable[[], object], before: Callable[[], object] | None = None, **_many: int) -> Timed:
        return timed(work, repeat=1, warm=0, before=before)

    monkeypatch.setattr("benchmarks.pieces.timed", once)
    told = dict(pieces(packs.open_area("three_rivers"), packs.shipped_doctrine()))
    assert told.keys() <= {*TARGETS_S, FAR_APART}
    assert told.keys() >= TARGETS_S.keys() - {CLOSED}, "so few streets have no hierarchy to tell"
    assert all(spent.wall_s > 0 for spent in told.values())


def test_seconds_of_an_import_are_judged_on_files_of_the_size_they_are_told_for() -> None:
    small = [size(10**6, 0.39, 90), replace(size(10**6, 0.39, 90), file_mb=33.0)]
    large = replace(size(10**6, 0.39, 90), file_mb=200.0)
    seconds = "import: reading + writing at 1,000,000 edges: 4.5 s of 21"
    assert all(seconds in {text for _, text in report.judged([one])} for one in small)
    told = [text for _, text in report.judged([large])]
    assert seconds not in told
    assert "import: reading + writing against bare osmium at 1,000,000 edges: 2.2 of 2 times" in told


def test_a_peer_that_planned_at_fewer_places_is_compared_at_these() -> None:
    both = size(120_000, 0.2, 8.0)
    both.figures[WHOLE][one_map.OURS]["each_s"] = (0.5, 0.1, 0.2, 0.2)
    both.figures[WHOLE][LIST_SCRIPT]["each_s"] = (8.0, 8.0, 8.0)
    assert report.ratio_of(both, WHOLE, LIST_SCRIPT) == pytest.approx(40.0)


def test_the_page_marks_what_is_missed_and_says_who_did_not_answer() -> None:
    text = report.page([size(34_000, 0.31, 0.2, osrm="no python3.12 here"), size(120_000, 0.2, 8.0)], ABOUT)
    lines = text.splitlines()
    assert "| whole plan, ms | planner | **310 missed** | 200 met | 300 | -0.35 |" in lines
    assert "| whole plan | osmnx script, whole list | 0.6x | 40x met | 30x |" in lines
    assert "- 34,000 edges, osrm: no python3.12 here" in lines
    assert "- whole plan at 34,000 edges: 310 ms of 300" in lines


def test_a_peer_without_an_answer_leaves_no_empty_cell() -> None:
    with_osrm = size(34_000, 0.1, 1.0)
    with_osrm.figures[one_map.ROUTE] = {one_map.OURS: {"s": 0.001}, "osrm": {"s": 0.0002}}
    without = size(120_000, 0.1, 1.0, osrm="nothing closed: not ready after 60 s")
    without.figures[one_map.ROUTE] = {one_map.OURS: {"s": 0.001}}
    text = report.page([with_osrm, without], ABOUT)
    assert f"| {one_map.ROUTE}, ms | osrm | 0.20 | no answer |  |  |" in text.splitlines()


def test_what_puts_back_is_done_before_each_run_and_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [0.0]
    for clock in ("perf_counter", "process_time"):
        monkeypatch.setattr(f"benchmarks.rows.time.{clock}", lambda: sum(marks))
    spent = timed(lambda: marks.append(1.0), repeat=2, warm=1, before=lambda: marks.append(10.0))
    assert marks == [0.0, 1.0, 10.0, 1.0, 10.0, 1.0]
    assert (spent.wall_s, spent.cpu_s, spent.p95_s) == (1.0, 1.0, 1.0)


def cells(plan_s: float) -> dict[str, float]:
    return {"s": plan_s, "cpu_s": plan_s}


def run_scale(patch: pytest.MonkeyPatch, folder: Path, *, stop_at: tuple[str, str] = ("", "")) -> list[str]:
    """Run the whole of it on two maps, with made figures; returns which parts were measured, in order."""
    files = [(name, folder / f"{name}.osm.pbf") for name in ("small", "metro")]
    for _, file in files:
        file.touch()
    measured: list[str] = []

    def run(_: scale.Bench, part: str, *words: str) -> tuple[one_map.Figures, str]:
        name = next((name for name, _ in files if any(name in word for word in words)), "")
        if (part, name) == stop_at:
            raise KeyboardInterrupt
        measured.append(f"{part} {name}".strip())
        if part == "ask":
            assert "| whole plan, ms | planner | 200" in (folder / "page.md").read_text()
            return {one_map.ROUTE: {words[1]: cells(0.005)}}, ""
        edges = {"edges": 10**6 if name == "metro" else 30_000}
        ours: one_map.Figures = {WHOLE: {one_map.OURS: cells(0.2)}, one_map.SIZE: {one_map.OURS: edges}}
        return (ours, "") if part == "plan" else ({}, "")

    patch.setattr(scale.Bench, "run", run)
    patch.setattr(scale, "maps", lambda *_: iter(files))
    patch.setattr(scale, "write", lambda sizes, about, out: out.write_text(report.page(sizes, about | ABOUT)))
    patch.setattr(peers, "folder", lambda: folder)
    patch.setattr("sys.argv", ["scale", "--out", str(folder / "page.md")])
    assert scale.main() == 0
    return measured


OLD = {"figures": {"an old piece": {one_map.OURS: cells(9.0)}, one_map.ROUTE: {"osrm": cells(0.007)}}}


def test_the_routers_are_asked_last_when_all_else_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = tmp_path / "last-run.json"
    kept.write_text(json.dumps({"small": OLD, "another": OLD}))
    own, asked = ["import", "read", "plan", "script"], ["ask", "ask"]
    assert run_scale(monkeypatch, tmp_path) == [
        "import",  # of the shipped city, for what it compiles
        *(f"{part} {name}" for parts in (own, asked) for name in ("small", "metro") for part in parts),
    ]
    found = json.loads(kept.read_text())
    assert "an old piece" not in found["small"]["figures"], "measured anew"
    assert found["small"]["figures"][one_map.ROUTE]["osrm"] == cells(0.005)
    assert found["another"] == OLD, "another city's"


@pytest.mark.parametrize("stop_at", [("plan", "metro"), ("ask", "metro")])
def test_who_breaks_off_loses_nothing_that_was_not_measured_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stop_at: tuple[str, str]
) -> None:
    kept = tmp_path / "last-run.json"
    kept.write_text(json.dumps({"small": OLD, "metro": OLD}))
    with pytest.raises(KeyboardInterrupt):
        run_scale(monkeypatch, tmp_path, stop_at=stop_at)
    found = json.loads(kept.read_text())
    assert found["metro"]["figures"][one_map.ROUTE] == OLD["figures"][one_map.ROUTE]
    assert ("an old piece" in found["metro"]["figures"]) == (stop_at[0] == "plan")
    assert found["small"]["figures"][WHOLE][one_map.OURS] == cells(0.2)


def test_growth_is_a_power_of_the_size() -> None:
    grown = report.growth([size(10_000, 0.1, 1.0), size(1_000_000, 1.0, 1.0)], WHOLE, one_map.OURS)
    assert grown == pytest.approx((10.0, 0.5))


def test_the_scripts_find_the_same() -> None:
    area = packs.open_area("montevideo")
    on = Map(area, graph_of(area, packs.shipped_doctrine()))
    for place in places(area, 1):
        start = on.nearest(area.frame.point_m(place))[0]
        first, *others = (kind(on, start).run() for kind in SCRIPTS.values())
        assert np.isfinite(first.drive_s).any()
        assert np.isfinite(first.hospital_s).any()
        for other in others:
            _same(first, other)


def _same(first: Answer, other: Answer) -> None:
    assert other.posts == first.posts
    assert other.seen == first.seen
    assert other.drive_s == pytest.approx(first.drive_s)
    assert np.ravel(other.hospital_s) == pytest.approx(np.ravel(first.hospital_s))


def test_the_list_is_done_alike() -> None:
    area, doctrine = packs.open_area("three_rivers"), packs.shipped_doctrine()
    on = Map(area, graph_of(area, doctrine))
    (place,) = places(area, 1)
    at = on.nearest(area.frame.point_m(place))[0]
    script = ListedScript(on, at, osmnx_graph(area, doctrine))
    script.run()
    about = asked(on, at, script.inside)
    table_s, sight = listed(area, doctrine, incident_at(place, 0), at, about)
    both = np.isfinite(table_s) & np.isfinite(script.table_s)
    assert table_s.shape == script.table_s.shape
    assert both.mean() > 0.5
    # Ours waits at signals and in turns besides.
    assert (table_s[both] >= script.table_s[both] - 0.1).mean() > 0.95
    assert (script.sight == sight.T).mean() > 0.95


def test_a_metro_is_one_network_with_small_ids(tmp_path: Path) -> None:
    source = settings.shipped("data", packs.SHIPPED["three_rivers"].file)
    tile(source, tmp_path / "three.osm.pbf", 3)
    once, thrice = (
        [("nwr".index(thing.type_str()), thing.id) for thing in osmium.FileProcessor(str(file))]
        for file in (source, tmp_path / "three.osm.pbf")
    )
    joints = 2
    assert len(set(thrice)) == len(thrice) == 3 * len(once) + joints
    assert max(number for _, number in thrice) < 2**34
    assert thrice == sorted(thrice)
