"""A library of plans: every place once, whole whatever happens, the same from any number of workers."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
import types
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pypdf
import pytest
from click.testing import CliRunner

from planner import packs
from planner.audit import audit_plan
from planner.batch import task
from planner.batch.entries import State, attention, label_of, sum_up
from planner.batch.executors import Executors, Here, open_executor
from planner.batch.index_page import index_page
from planner.batch.index_tables import About
from planner.batch.library import open_library
from planner.batch.preplanning import Wish, preplan
from planner.briefing.verdict import Standing
from planner.cli import main
from planner.document import read_incident, read_plan, write_incident, write_plan
from planner.errors import BatchError, IncidentError
from planner.files import write_whole
from planner.ground.gatherings import find_gatherings
from planner.model import Incident, Pin, Shape
from planner.plan import make_plan
from planner.sources.drawings import import_incident
from planner.terms import Purpose, ThreatName, TraumaLevel
from tests.plans import MADE
from tests.town import town, town_objects

AREA = "batch_town"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(0) ../../etc/passwd \u202egnp.exe\x07",
)
DOCTRINE = packs.shipped_doctrine()
SCHOOLS = Wish(("school",), prints=MADE)
PLAIN = Wish(("school",), audited=False)


def made_town(*, north="North School", extra=True):
    made = town_objects(blocks=12, footways=False, motorway=False)
    for name, x in zip(HOSTILE, (-350, 150), strict=True):
        if extra:
            made.rectangle(x - 20, -180, x + 20, -150, amenity="school", name=name)
    for _, tags in made.ways.values():
        if tags.get("name") == "North School":
            tags["name"] = north
    made.settle()
    return replace(made.area(AREA, bbox_deg=town().bbox_deg), name=AREA)


@pytest.fixture(scope="module")
def area(tmp_path_factory):
    """In a home of its own: plans hang on the hospital tables there, and other files' tests come and go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_HOME", str(tmp_path_factory.mktemp("home")))
        packs.write_area(made_town())
        yield packs.open_area(AREA)


@contextmanager
def installed(made):
    """Another map under the same name, as long as it takes."""
    before = packs.open_area(AREA)
    packs.write_area(made)
    task._at_hand.cache_clear()
    try:
        yield packs.open_area(AREA)
    finally:
        packs.write_area(before)
        task._at_hand.cache_clear()


def run(area, folder, wish=PLAIN, executor=None):
    return preplan(area, DOCTRINE, folder, wish, Executors(executor or Here(), 1))


@pytest.fixture(scope="module")
def whole(area, tmp_path_factory):
    """A library with prints and checks; not to be changed."""
    folder = tmp_path_factory.mktemp("whole") / "library"
    library, report = run(area, folder, SCHOOLS)
    assert len(report.planned) == report.places == 4
    return library


@pytest.fixture(scope="module")
def plain_files(area, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    run(area, folder)
    return bytes_of(folder)


@pytest.fixture
def copy(plain_files, tmp_path):
    """A library without prints, to be changed."""
    for name, content in plain_files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def bytes_of(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def entry_named(library, name):
    return next(entry for entry in library.entries.values() if entry.name == name)


# --- what is in it -------------------------------------------------------------------------------


def test_every_place_is_listed_once_with_a_plan_that_holds_and_a_print(area, whole):
    places = find_gatherings("school", area, DOCTRINE.zones.target_max_m2)
    assert [entry.osm for entry in whole.in_order()] == [place.osm for place in places]
    assert len({entry.plan_file for entry in whole.in_order()}) == len(places)
    for entry in whole.in_order():
        plan = read_plan(whole.read(entry.plan_file))
        failures = audit_plan(plan, area, DOCTRINE).failures
        assert {check.check for check in failures} <= (
            set() if entry.summary.sealed else {"seal", "foot_seal"}
        )
        assert entry.summary.faults == ()
        assert plan.id == entry.plan_id
        assert plan.incident.location == entry.location
        assert plan.incident.threat is ThreatName.UNKNOWN
        assert plan.incident.name == entry.title
        opened = import_incident(whole.read(entry.plan_file))  # as the incident page does
        assert (opened.incident, opened.area) == (plan.incident, AREA)
        assert entry.summary.posts_inner + entry.summary.posts_outer == len(plan.posts)
        assert entry.summary.officers == plan.officers["total"]
        (sheet,) = pypdf.PdfReader(io.BytesIO(whole.read(entry.print_file))).pages
        assert sheet.extract_text().count("Pre-plan: ") >= 1
        assert label_of(entry) in ("Seals on the map", "NOT SEALED", "DANGER")
    named = {name for entry in whole.in_order() for name in (entry.plan_file, entry.print_file)}
    index = {"index.html", "index.json", "index.csv", "index.geojson"}
    assert set(bytes_of(whole.folder)) == named | index


def test_names_of_files_are_plain_whatever_the_map_says(whole):
    for name in bytes_of(whole.folder):
        assert re.fullmatch(r"index\.\w+|school/[a-z0-9-]+_w\d+\.(geojson|pdf)", name)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.rows, self.scripts = set(), [], 0, 0

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for key, value in attrs if key == "href"]
        self.rows += tag == "tr"
        self.scripts += tag == "script"
        assert not [key for key, _ in attrs if key.startswith("on")]


def test_the_page_shows_each_place_and_runs_no_script_of_a_name(whole):
    page = _Page()
    text = (whole.folder / "index.html").read_text(encoding="utf-8")
    page.feed(text)
    assert page.rows == 1 + len(whole.entries)
    assert page.scripts == 1
    assert "img" not in page.tags
    assert sorted(page.links) == sorted(
        name for entry in whole.in_order() for name in (entry.plan_file, entry.print_file)
    )
    assert "script-src &#x27;sha256-" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "\x07" not in text


def test_the_tables_hold_the_same_places_and_no_formula(whole):
    rows = list(csv.reader(io.StringIO((whole.folder / "index.csv").read_text(encoding="utf-8-sig"))))
    points = json.loads((whole.folder / "index.geojson").read_bytes())["features"]
    assert len(rows) - 1 == len(points) == len(whole.entries)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]
    for point, entry in zip(points, whole.in_order(), strict=True):
        assert point["geometry"]["coordinates"] == list(entry.location)
        assert point["properties"]["plan"] == entry.plan_file


def test_hours_to_a_known_centre_are_told_with_the_nearer_hospitals_of_unknown_level(whole):
    plan = read_plan(whole.read(whole.in_order()[0].plan_file))
    pattern, about = plan.hospitals[0], About(plan.area, plan.doctrine, plan.software, ThreatName.UNKNOWN)
    place = replace(pattern, adult_level=None, time_range_min=(2, 4), closed=False, children_only=False)
    centre = replace(place, adult_level=TraumaLevel.II, time_range_min=(185, 309))
    others = (replace(place, closed=True), replace(place, children_only=True), replace(centre, closed=True))
    near = (place, replace(place, time_range_min=(3, 6)), *others)
    one = whole.in_order()[0]

    def page_of(*hospitals):
        facts = sum_up(replace(plan, hospitals=hospitals), None)
        return facts.ungraded_nearer, index_page([replace(one, summary=facts)], about).decode()

    count, page = page_of(*near, centre)
    assert count == 2
    assert "185-309<div" in page
    assert "level not known: 2 nearer hospitals" in page
    count, page = page_of(*near)
    assert count == 2
    assert "level not known: 2 hospitals" in page
    count, page = page_of(replace(centre, time_range_min=(1, 2)), *near)
    assert count == 0
    assert "level not known" not in page


def test_what_needs_a_person_comes_first(whole):
    one, *_ = whole.in_order()
    facts = replace(one.summary, standing=Standing.ASKED, sealed=True, ways_out=1, dangers=())
    one = replace(one, summary=facts)
    worst = [
        replace(one, state=State.FAILED, summary=None),
        replace(one, summary=replace(facts, faults=("seal, outer: leaks",))),
        replace(one, summary=replace(facts, sealed=False)),
        replace(one, summary=replace(facts, ways_out=0)),
        replace(one, summary=replace(facts, standing=Standing.OPEN)),
        replace(one, state=State.GONE),
        replace(one, state=State.OLDER),
        replace(one, state=State.WAITING, summary=None),
        one,
    ]
    assert sorted([*worst[3:], *worst[:3]], key=attention) == worst
    assert len({label_of(entry) for entry in worst}) == len(worst)


# --- again ---------------------------------------------------------------------------------------


def test_run_again_makes_nothing_and_changes_no_byte(area, whole, monkeypatch):
    before = bytes_of(whole.folder)
    monkeypatch.setattr("planner.batch.task.make_plan", None)
    _, report = run(area, whole.folder, SCHOOLS)
    assert (len(report.kept), report.planned, report.failed) == (4, [], [])
    assert bytes_of(whole.folder) == before


def test_a_file_that_is_missing_is_made_again_the_same(area, copy):
    before = bytes_of(copy)
    for name in ("index.json", "index.csv", next(name for name in before if name.startswith("school/"))):
        (copy / name).unlink()
    run(area, copy)
    assert bytes_of(copy) == before


def test_the_same_library_comes_from_two_processes_as_from_one(area, plain_files, tmp_path):
    with open_executor(2) as executors:
        preplan(area, DOCTRINE, tmp_path, PLAIN, executors)
    assert bytes_of(tmp_path) == plain_files


def test_what_a_person_put_into_a_plan_is_kept_and_planned_with(area, copy):
    entry = entry_named(open_library(copy, AREA), "North School")
    file = copy / entry.plan_file
    incident = read_plan(file.read_bytes()).incident
    pin = Pin(Purpose.MEDIA, Shape(points=(area.frame.place(700, 700).rounded(),)))
    file.write_bytes(write_incident(replace(incident, pins=(pin,))))  # an incident document will do
    for again in (1, 2):
        library, report = run(area, copy, replace(PLAIN, threat=ThreatName.KNIFE) if again == 2 else PLAIN)
        kept = library.entries[entry.key]
        plan = read_plan(file.read_bytes())
        assert kept.by_hand
        assert plan.incident.pins == (pin,)
        assert plan.incident.threat is ThreatName.UNKNOWN  # as it was when the person had it
        assert (entry.key in report.planned) == (again == 1)


def test_a_threat_that_a_person_put_in_is_kept_and_only_that_of_a_file_that_is_known(area, copy):
    entry = entry_named(open_library(copy, AREA), "North School")
    file = copy / entry.plan_file
    plain = file.read_bytes()
    said = replace(read_plan(plain).incident, threat=ThreatName.VEHICLE)
    file.write_bytes(write_incident(said))
    for again in (1, 2):
        library, report = run(area, copy)
        assert read_plan(file.read_bytes()).incident.threat is ThreatName.VEHICLE
        assert library.entries[entry.key].by_hand
        assert report.planned == [entry.key] * (again == 1)
    (copy / "index.json").unlink()  # nobody can tell any more
    library, _ = run(area, copy)
    assert not library.entries[entry.key].by_hand
    assert file.read_bytes() == plain


def test_a_file_that_is_changed_while_it_is_planned_is_not_written_over(area, copy):
    wish = replace(PLAIN, threat=ThreatName.KNIFE)
    entry = entry_named(open_library(copy, AREA), "North School")
    file = copy / entry.plan_file
    said = replace(read_plan(file.read_bytes()).incident, on_site=900)

    class Meanwhile(Executor):
        def submit(self, fn, /, *args, **kwargs):
            outcome = Here().submit(fn, *args, **kwargs)
            if args[0].key == entry.key:
                file.write_bytes(write_incident(said))
            return outcome

    library, report = run(area, copy, wish, executor=Meanwhile())
    assert report.failed == [entry.key]
    assert "changed while" in library.entries[entry.key].error
    assert file.read_bytes() == write_incident(said)
    library, report = run(area, copy, wish)
    assert report.planned == [entry.key]
    assert library.entries[entry.key].by_hand
    assert read_plan(file.read_bytes()).incident == said


def test_a_file_that_was_spoilt_is_left_and_told(area, copy):
    entry = entry_named(open_library(copy, AREA), "North School")
    (copy / entry.plan_file).write_bytes(b"{half of it")
    library, report = run(area, copy)
    assert report.failed == [entry.key]
    assert (copy / entry.plan_file).read_bytes() == b"{half of it"
    assert "cannot be read" in library.entries[entry.key].error
    (copy / entry.plan_file).unlink()
    library, report = run(area, copy)
    assert report.planned == [entry.key]
    assert library.entries[entry.key].error == ""


def test_on_a_newer_map_plans_are_made_again_and_what_changed_is_told(copy, area):
    older = open_library(copy, AREA)
    with installed(made_town(north="Élan Academy", extra=False)) as newer:
        _, few = run(newer, copy, replace(PLAIN, limit=1))
        assert len(few.planned) == 1
        states = {e.state for e in open_library(copy, AREA).entries.values()}
        assert states == {State.PLANNED, State.OLDER, State.GONE}
        library, report = run(newer, copy)
    assert len(report.planned) == 1
    assert len(report.gone) == 2
    moved = entry_named(library, "Élan Academy")
    assert moved.plan_file.startswith("school/elan-academy_w")
    files = bytes_of(copy)
    assert moved.plan_file in files
    assert older.entries[moved.key].plan_file not in files
    for key in report.gone:
        assert library.entries[key].state is State.GONE
        assert library.entries[key].plan_file in files


def test_what_a_newer_map_has_none_of_is_marked_gone_and_not_refused(copy, area):
    none_left = made_town(extra=False)
    bare = none_left.places.rows(
        [row for row, kind in enumerate(none_left.places["kind"]) if kind != "school"]
    )
    built = none_left.buildings.rows(
        [row for row, kind in enumerate(none_left.buildings["kind"]) if kind != "school"]
    )
    with installed(replace(none_left, digest="f" * 64, places=bare, buildings=built)) as newer:
        library, report = run(newer, copy)
        assert (report.places, report.planned, len(report.gone)) == (0, [], 4)
        assert {entry.state for entry in open_library(copy, AREA).entries.values()} == {State.GONE}
        assert all(library.has(entry.plan_file) for entry in library.entries.values()), "a person's to delete"
        _, report = run(newer, copy, replace(PLAIN, kinds=("school", "mall")))
        assert (len(report.planned), len(report.gone)) == (1, 4)
        with pytest.raises(BatchError, match="shows no stadium"):
            run(newer, copy, replace(PLAIN, kinds=("school", "stadium")))
    _, report = run(area, copy)
    assert (report.gone, len(report.kept) + len(report.planned)) == ([], 4), "the map has them again"


def test_another_threat_is_another_plan_and_says_so(area, copy):
    library, report = run(area, copy, replace(PLAIN, threat=ThreatName.KNIFE, limit=1))
    (key,) = report.planned
    assert library.entries[key].changes[0] == "Threat: Knife, was Unknown"
    assert {e.state for k, e in library.entries.items() if k != key} == {State.OLDER}


def test_a_library_is_of_one_area_and_holds_several_kinds(area, copy):
    library, report = run(area, copy, Wish(("mall",), audited=False))
    assert report.places == 1
    assert {entry.kind for entry in library.entries.values()} == {"school", "mall"}
    index = json.loads((copy / "index.json").read_bytes())
    index["area"]["name"] = "elsewhere"
    (copy / "index.json").write_text(json.dumps(index))
    with pytest.raises(BatchError, match="holds plans of elsewhere"):
        run(area, copy)


@pytest.mark.parametrize(
    "name", ["../../evil.geojson", "/etc/passwd", "school/../x_w1.geojson", "index.html"]
)
def test_an_index_changed_by_hand_leads_to_no_other_file(area, copy, name):
    index = json.loads((copy / "index.json").read_bytes())
    index["places"][0]["plan_file"] = name
    (copy / "index.json").write_text(json.dumps(index))
    with pytest.raises(BatchError, match="not its own"):
        run(area, copy)


@pytest.mark.parametrize("place", [{"kind": "<b>castle"}, {"osm": "w12/../3"}, {"osm": ""}])
def test_an_index_that_lists_what_is_no_place_says_what_to_do(area, copy, place):
    index = json.loads((copy / "index.json").read_bytes())
    index["places"][0].update(place)
    (copy / "index.json").write_text(json.dumps(index))
    with pytest.raises(BatchError, match=r"no place.*delete the file and run again"):
        run(area, copy)


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": "library/1"}', b'{"schema": "library/9"}'])
def test_an_index_that_cannot_be_read_says_what_to_do(area, tmp_path, content):
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(BatchError, match="if it is a library, delete the file and run again"):
        run(area, tmp_path)


@pytest.mark.parametrize("name", ["index.html", "index.csv"])
def test_an_index_of_something_else_is_not_written_over(area, tmp_path, name):
    (tmp_path / name).write_text("somebody's own")
    with pytest.raises(BatchError, match=f"holds {name} of something else"):
        run(area, tmp_path)
    assert bytes_of(tmp_path) == {name: b"somebody's own"}


# --- when something goes wrong -------------------------------------------------------------------


def failing(monkeypatch, at, error):
    def make(incident, *more):
        if incident.name.endswith(at):
            raise error
        return make_plan(incident, *more)

    monkeypatch.setattr("planner.batch.task.make_plan", make)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (IncidentError("it lies outside", "Import a larger map"), "it lies outside"),
        (ZeroDivisionError("by zero"), "a fault of the program, ZeroDivisionError: by zero"),
    ],
)
def test_a_place_that_fails_is_listed_and_stops_no_other(area, tmp_path, monkeypatch, error, told):
    failing(monkeypatch, "North Library", error)
    wish = Wish(("library", "mall"), audited=False)
    library, report = run(area, tmp_path, wish)
    failed = entry_named(library, "North Library")
    assert report.failed == [failed.key]
    assert len(report.planned) == 1
    assert failed.error == told
    assert failed.remedy
    assert min(library.entries.values(), key=attention) == failed
    monkeypatch.undo()
    _, report = run(area, tmp_path, wish)
    assert report.planned == [failed.key]


class Stopped(Executor):
    """An executor on which somebody presses Ctrl-C, or whose worker dies, after so many tasks."""

    def __init__(self, after, how):
        self.left, self.how = after, how

    def submit(self, fn, /, *args, **kwargs):
        self.left -= 1
        if self.left >= 0:
            return Here().submit(fn, *args, **kwargs)
        if self.how is KeyboardInterrupt:
            raise KeyboardInterrupt
        if self.how is ChildProcessError:  # found out before anything was handed over
            raise BrokenExecutor("killed")
        future: Future[object] = Future()
        future.set_exception(BrokenExecutor("killed"))
        return future


def test_interrupted_it_leaves_what_is_done_and_goes_on_later(area, plain_files, tmp_path):
    library, report = run(area, tmp_path, executor=Stopped(1, KeyboardInterrupt))
    assert report.stopped
    assert len(report.planned) == 1
    assert sum(entry.state is State.WAITING for entry in library.entries.values()) == 3
    with pytest.raises(BatchError, match="goes on where it stopped"):
        run(area, tmp_path, executor=Stopped(0, ChildProcessError))
    with pytest.raises(BatchError, match="goes on where it stopped"):
        run(area, tmp_path, executor=Stopped(1, BrokenExecutor))
    _, report = run(area, tmp_path)
    assert (len(report.kept), len(report.planned)) == (2, 2)
    assert bytes_of(tmp_path) == plain_files


def test_what_one_that_was_killed_left_is_in_nobodys_way(tmp_path):
    (tmp_path / f".plan.{os.getpid()}.part").write_bytes(b"half")
    write_whole(tmp_path / "plan", b"whole")
    assert bytes_of(tmp_path) == {"plan": b"whole"}


_KILLED = """
import os, signal
from planner.batch.executors import open_executor
if __name__ == "__main__":
    with open_executor(2) as executors:
        print(*{executors.executor.submit(os.getpid).result() for _ in range(2)}, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(_KILLED)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == -9, done.stderr
    workers = [int(pid) for pid in done.stdout.split()]
    assert workers
    deadline = time.monotonic() + 60
    while any(is_python(pid) for pid in workers):
        assert time.monotonic() < deadline, "workers are left"
        time.sleep(0.05)


def is_python(pid):
    """Whether a process runs still: what has ended, and nobody asked after, has no command any more."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_worker_with_another_map_or_other_tables_is_refused(area, monkeypatch):
    asked = task.Task("school/w1", AREA, "another", read_incident(write_plan_of(area)), "x")
    task._at_hand.cache_clear()
    assert "the map of batch_town is another here" in task.plan_ahead(asked).error
    asked = replace(asked, area_digest=area.digest, audited=False)
    assert "other hospital tables" in task.plan_ahead(asked).error


def write_plan_of(area):
    return write_plan(make_plan(Incident(area.frame.place(0, 0)), area, DOCTRINE))


# --- the command ---------------------------------------------------------------------------------


def command(*args):
    return CliRunner().invoke(main, ["preplan", "--area", AREA, *(str(a) for a in args)])


def test_the_command_makes_a_library_and_says_what_is_in_it(area, tmp_path, monkeypatch):
    args = ("--kind", "school", "-o", tmp_path, "--no-prints", "--no-check", "--workers", "1")
    first = command(*args, "--limit", "1")
    assert first.exit_code == 0, first.stderr
    said = json.loads(first.stdout)
    assert (said["places"], said["planned"], said["failed"]) == (4, 1, 0)
    assert said["index"]["html"] == str(tmp_path / "index.html")
    assert "4 places: 1 planned" in first.stderr
    failing(monkeypatch, "North School", IncidentError("it lies outside", "Import a larger map"))
    second = command(*args)
    assert second.exit_code == 1
    assert "no plan: North School: it lies outside. Import a larger map" in second.stderr
    assert json.loads(second.stdout)["kept"] == 1


def test_the_command_keeps_to_a_polygon(area, tmp_path):
    corners = [area.frame.place(x, y) for x, y in ((-90, -90), (90, -90), (90, 90), (-90, 90), (-90, -90))]
    ground = {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
    ground_file = tmp_path / "ground.json"
    ground_file.write_text(json.dumps(ground))
    args = (
        "--kind",
        "school",
        "--no-prints",
        "--no-check",
        "--workers",
        "1",
        "--within",
        ground_file,
    )
    done = command(*args, "-o", tmp_path / "library")
    assert json.loads(done.stdout)["places"] == 1, done.stderr
    away = command(*(arg if arg != "school" else "mall" for arg in args), "-o", tmp_path / "library")
    assert away.exit_code == 1
    assert "none of the 1 places lies within the polygon" in away.stderr


def test_the_command_says_which_kinds_there_are(area, tmp_path):
    none = command("--kind", "stadium", "-o", tmp_path / "library")
    assert none.exit_code == 1
    assert none.stderr.count("\n") == 1
    assert "shows no stadium. It has: school 4" in none.stderr
    assert not (tmp_path / "library").exists()
    unknown = command("--kind", "zoo", "-o", tmp_path)
    assert unknown.exit_code == 2
    assert "kindergarten, university, mall" in unknown.stderr


def test_a_folder_that_cannot_be_written_is_told(area, tmp_path):
    (tmp_path / "file").write_text("in the way")
    refused = command("--kind", "mall", "-o", tmp_path / "file", "--workers", "1")
    assert refused.exit_code == 1
    assert "is a file" in refused.stderr


def test_a_scheduler_needs_dask_and_is_used_where_it_is(area, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    args = (
        "--kind",
        "mall",
        "-o",
        tmp_path,
        "--no-prints",
        "--no-check",
        "--scheduler",
        "tcp://10.0.0.1:8786",
    )
    without = command(*args)
    assert without.exit_code == 1
    assert "pip install distributed" in without.stderr
    asked = []

    class Client:
        """What a batch asks of Dask's."""

        def __init__(self, address):
            asked.append(address)
            if "0.0.2" in address:
                raise OSError("timed out")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            asked.append("closed")

        def get_executor(self):
            return ThreadPoolExecutor(2)

        def nthreads(self):
            return {} if "0.0.3" in asked[-1] else {"tcp://worker": 2}

    monkeypatch.setitem(sys.modules, "distributed", types.SimpleNamespace(Client=Client))
    done = command(*args)
    assert done.exit_code == 0, done.stderr
    assert asked == ["tcp://10.0.0.1:8786", "closed"]
    assert json.loads(done.stdout)["planned"] == 1
    lost = command(*args[:-1], "tcp://10.0.0.2:8786")
    assert lost.exit_code == 1
    assert "no Dask scheduler answers" in lost.stderr
    idle = command(*args[:-1], "tcp://10.0.0.3:8786")
    assert idle.exit_code == 1
    assert "has no workers. Start one with 'dask worker tcp://10.0.0.3:8786'" in idle.stderr
    assert asked[-1] == "closed"
