"""A library of plans made ahead: every place of a kind, each planned, printed, checked and listed.

What is up to date is left as it is, so that a run that was stopped goes on, and one on a newer map makes anew
what that map changes. The same library comes out of one worker as of many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path

from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.batch.entries import Entry, State, entry_of, stem_of
from planner.batch.executors import Executors
from planner.batch.index_tables import About
from planner.batch.library import Library, digest_of, open_library, said_of
from planner.batch.task import Outcome, Task, plan_ahead
from planner.doctrine import Doctrine
from planner.errors import BatchError
from planner.exports import Options
from planner.ground.gatherings import KINDS, Gathering, count_gatherings, find_gatherings
from planner.model import AreaStamp, DoctrineStamp, Incident
from planner.plan import SOFTWARE, plan_id
from planner.sources.hospital_tables import InstalledHospitals, installed_hospitals
from planner.terms import ThreatName

_SAVED_EVERY = 25
"""Places after which the index is written meanwhile: so many are planned again after a crash at most."""

Told = Callable[[int, int], None]
"""Is told how many places are done, and of how many."""


@dataclass(frozen=True)
class Wish:
    """What to make.

    Parameters
    ----------
    kinds : tuple of str
        Of :data:`~planner.ground.gatherings.KINDS`.
    threat : ThreatName
        That every place is planned for, unless a person said another in its plan.
    prints : Options or None
        How to print each plan; None for no prints.
    audited : bool
        Whether each plan is checked on the raw map, as ``planner check`` does.
    limit : int or None
        Plan so many of the places that need it at most; None for all.
    within_deg : geometry or None
        Only places in this ground.
    """

    kinds: tuple[str, ...]
    threat: ThreatName = ThreatName.UNKNOWN
    prints: Options | None = None
    audited: bool = True
    limit: int | None = None
    within_deg: BaseGeometry | None = None


@dataclass
class Report:
    """What a run did: keys of the library's entries.

    Parameters
    ----------
    places : int
        That the map has of the kinds asked for, and that lie where asked.
    planned, kept, failed, gone : list of str
        Made in this run; up to date before; without a plan; on the map no more.
    stopped : bool
        Whether it was interrupted.
    """

    places: int
    planned: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    stopped: bool = False


def preplan(
    area: Area, doctrine: Doctrine, folder: Path, wish: Wish, executors: Executors, told: Told | None = None
) -> tuple[Library, Report]:
    """Plan every place of some kinds ahead, into a folder.

    Parameters
    ----------
    area : Area
        As installed: workers open it by its name.
    doctrine : Doctrine
    folder : Path
        A library of this area, or where to begin one.
    wish : Wish
    executors : Executors
        What runs it.
    told : callable, optional

    Returns
    -------
    Library, Report
        A place that cannot be planned is listed with its reason, and stops no other. Interrupted, what is
        done stands in the library.

    Raises
    ------
    BatchError
        If map and library have no place of a kind, none lies where asked, or the folder is none of a library
        of this area.
    """
    most_m2 = doctrine.zones.target_max_m2
    by_kind = {kind: find_gatherings(kind, area, most_m2) for kind in wish.kinds}
    library = open_library(folder, area.name)
    known = {entry.kind for entry in library.entries.values()}
    for kind in wish.kinds:
        if not by_kind[kind] and kind not in known:
            raise _none_of(kind, area)
    found = [place for places in by_kind.values() for place in places]
    places = _within(found, wish)
    run = _Run(area, doctrine, wish, library, Report(len(places)), installed_hospitals(area, doctrine))
    run.note_gone(found)
    if found and not places and not run.report.gone:
        raise BatchError(f"none of the {len(found)} places lies within the polygon", "Draw it larger")
    tasks = run.tasks(places)
    try:
        run.take(executors, tasks, told or (lambda _done, _of: None))
    except KeyboardInterrupt:
        run.report.stopped = True
    finally:
        run.save()
    return library, run.report


def _none_of(kind: str, area: Area) -> BatchError:
    """Say that the map has no place of a kind, and of which kinds it has some."""
    counts = ", ".join(f"{name} {count}" for name, count in count_gatherings(area).items())
    return BatchError(
        f"the map of {area.name} shows no {KINDS[kind].title.lower()}",
        f"It has: {counts}" if counts else "It has no place of any kind: import another map",
    )


def _within(found: list[Gathering], wish: Wish) -> list[Gathering]:
    """Keep the places that lie where asked."""
    ground = wish.within_deg
    return [place for place in found if ground is None or ground.intersects(Point(place.location))]


@dataclass
class _Run:
    """One run over a library."""

    area: Area
    doctrine: Doctrine
    wish: Wish
    library: Library
    report: Report
    hospitals: InstalledHospitals
    read: dict[str, str] = field(default_factory=dict)
    """Digests of the documents that what is planned was read from."""

    @property
    def made_by(self) -> str:
        """Digest of what every plan of this run hangs on, besides its place."""
        text = repr((self.area.digest, self.doctrine.digest, SOFTWARE, self.hospitals))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    # --- before ---

    def note_gone(self, found: Sequence[Gathering]) -> None:
        """Mark what was planned before and is not on the map any more: to delete it is for a person."""
        keys = {f"{place.kind}/{place.osm}" for place in found}
        for key, entry in self.library.entries.items():
            if entry.kind in self.wish.kinds and key not in keys:
                self.library.entries[key] = replace(entry, state=State.GONE)
                self.report.gone.append(key)

    def tasks(self, places: Sequence[Gathering]) -> list[Task]:
        """Return what has to be planned; what is up to date is not."""
        tasks: list[Task] = []
        for place in places:
            try:
                task = self._task(place)
            except BatchError as error:
                self._fail(entry_of(place), error.message, error.remedy)
                continue
            if task is None:
                self.report.kept.append(f"{place.kind}/{place.osm}")
            elif self.wish.limit is None or len(tasks) < self.wish.limit:
                tasks.append(task)
        return tasks

    def _task(self, place: Gathering) -> Task | None:
        """Return what to plan for a place, None where the library has it; sets its entry down."""
        entry = entry_of(place)
        known = self.library.entries.get(entry.key)
        document = self.library.read(self._file_of(place))
        self.read[entry.key] = digest_of(document)
        plain = Incident(place.location, self.wish.threat, name=entry.title)
        said = said_of(document, known, plain)
        expected = plan_id(said.incident, self.area, self.doctrine, tuple(self.hospitals))
        if known is not None:
            mapped = {name: getattr(entry, name) for name in ("name", "location", "also", "notes")}
            entry = replace(known, **mapped, state=State.WAITING, error="", remedy="")
            if self._is_current(known, document, expected):
                self.library.entries[entry.key] = replace(entry, state=State.PLANNED, made_by=self.made_by)
                return None
            if known.plan_id:
                entry = replace(entry, state=State.PLANNED if known.plan_id == expected else State.OLDER)
        self.library.entries[entry.key] = replace(entry, by_hand=said.by_hand)
        return Task(
            key=entry.key,
            area=self.area.name,
            area_digest=self.area.digest,
            incident=said.incident,
            plan_id=expected,
            prints=self.wish.prints,
            audited=self.wish.audited,
        )

    def _file_of(self, place: Gathering) -> str:
        """Name the file that stands for a place: as the index says, or as it would be called now."""
        known = self.library.entries.get(f"{place.kind}/{place.osm}")
        if known and self.library.has(known.plan_file):
            return known.plan_file
        return f"{stem_of(place)}.geojson"

    def _with_before(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Read what stands there only when its turn comes: a library is larger than a memory."""
        for task in tasks:
            yield replace(task, before=self.library.read(self._file_of(self.library.entries[task.key])))

    def _is_current(self, known: Entry, document: bytes, expected: str) -> bool:
        planned = known.plan_id == expected and digest_of(document) == known.sha256
        checked = known.summary is not None and (not self.wish.audited or known.summary.faults is not None)
        printed = self.wish.prints is None or (
            known.print_made == self._print_made(expected) and self.library.has(known.print_file)
        )
        return planned and checked and printed

    def _print_made(self, plan: str) -> str:
        options = self.wish.prints
        return f"{plan} {options.paper} {options.units}" if options else ""

    # --- meanwhile ---

    def take(self, executors: Executors, tasks: Sequence[Task], told: Told) -> None:
        """Have the tasks done, and write down each as it comes."""
        told(0, len(tasks))
        try:
            for done, (task, future) in enumerate(_in_turn(executors, self._with_before(tasks)), 1):
                self._settle(task, future)
                told(done, len(tasks))
                if done % _SAVED_EVERY == 0:
                    self.save()
        except BrokenExecutor as fault:
            raise BatchError(
                "a worker was lost, perhaps for want of memory",
                "Run again with fewer --workers: it goes on where it stopped",
            ) from fault

    def _settle(self, task: Task, future: Future[Outcome]) -> None:
        entry = self.library.entries[task.key]
        fault = future.exception()
        if isinstance(fault, BrokenExecutor):
            raise fault
        if fault is not None:
            told = " ".join(f"{type(fault).__name__}: {fault}".split())
            self._fail(entry, f"a fault of the program, {told}", "Please report it with the place's name")
        elif (outcome := future.result()).error:
            self._fail(entry, outcome.error, outcome.remedy)
        elif digest_of(self.library.read(self._file_of(entry))) != self.read[task.key]:
            self._fail(
                entry, "its file was changed while it was planned", "Run again: what was put in is kept"
            )
        else:
            self._keep(entry, task, outcome)

    def _fail(self, entry: Entry, error: str, remedy: str) -> None:
        """List a place without a plan; a file that stands there is not touched."""
        known = self.library.entries.get(entry.key, entry)
        self.library.entries[entry.key] = replace(known, state=State.FAILED, error=error, remedy=remedy)
        self.report.failed.append(entry.key)

    def _keep(self, entry: Entry, task: Task, outcome: Outcome) -> None:
        stem = stem_of(entry)
        plan_file, print_file = f"{stem}.geojson", f"{stem}.pdf" if outcome.printed else ""
        if outcome.printed:
            self.library.write(print_file, outcome.printed)
        self.library.write(plan_file, outcome.document)
        for old in {entry.plan_file, entry.print_file} - {plan_file, print_file, ""}:
            self.library.drop(old)  # it goes by another name now, or is the print of an older plan
        self.library.entries[entry.key] = replace(
            entry,
            state=State.PLANNED,
            plan_file=plan_file,
            print_file=print_file,
            plan_id=task.plan_id,
            made_by=self.made_by,
            sha256=digest_of(outcome.document),
            print_made=self._print_made(task.plan_id) if outcome.printed else "",
            summary=outcome.summary,
            changes=outcome.changes,
            error="",
            remedy="",
        )
        self.report.planned.append(entry.key)

    # --- after ---

    def save(self) -> None:
        """Write the index, with what is older than this run marked so."""
        for key, entry in self.library.entries.items():
            if entry.state is State.PLANNED and entry.made_by != self.made_by:
                self.library.entries[key] = replace(entry, state=State.OLDER)
        area, doctrine = self.area, self.doctrine
        stamp = AreaStamp(area.name, area.digest, area.data_date, area.source, area.attribution)
        made = DoctrineStamp(doctrine.name, doctrine.digest)
        self.library.write_index(About(stamp, made, SOFTWARE, self.wish.threat))


def _in_turn(executors: Executors, tasks: Iterable[Task]) -> Iterator[tuple[Task, Future[Outcome]]]:
    """Yield each task with its future when it is done; so many are under way at most.

    Interrupted, what has begun is waited for, and what has not is not begun.
    """
    waiting: dict[Future[Outcome], Task] = {}

    def done(count: int) -> Iterator[tuple[Task, Future[Outcome]]]:
        while len(waiting) > count:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                yield waiting.pop(future), future

    try:
        for task in tasks:
            waiting[executors.executor.submit(plan_ahead, task)] = task
            yield from done(executors.at_once - 1)
        yield from done(0)
    except KeyboardInterrupt:
        for future in [future for future in waiting if future.cancel()]:
            del waiting[future]
        yield from done(0)
        raise
