"""``planner preplan``: a library of plans made ahead, for every school, mall ... of an area."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.shell import Moment, printable, show_count, show_json, show_progress
from planner.terms import ThreatName

if TYPE_CHECKING:
    from planner.batch.library import Library
    from planner.batch.preplanning import Report


class _Kind(click.ParamType[Any]):
    """A kind of place; which there are is looked up when one is given, so that help answers at once."""

    name = "KIND"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take one of the names, or say which there are."""
        from planner.ground.gatherings import KINDS

        if value not in KINDS:
            self.fail(f"{str(value)[:40]!r} is none of {', '.join(KINDS)}", param, ctx)
        return str(value)


@click.command("preplan")
@click.option("--area", "area_name", required=True, help="In which area.")
@click.option(
    "--kind",
    "kinds",
    type=_Kind(),
    multiple=True,
    required=True,
    help="Of which kind: school, mall, hospital, worship, stadium, station ...; may be repeated.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the library; one that is there is brought up to date.",
)
@click.option(
    "--threat",
    type=click.Choice([name.value for name in ThreatName]),
    default=ThreatName.UNKNOWN.value,
    show_default=True,
    help="Which threat to plan for.",
)
@click.option(
    "--prints/--no-prints", default=True, show_default=True, help="A one-page brief (PDF) beside each plan."
)
@click.option(
    "--check/--no-check",
    "audited",
    default=True,
    show_default=True,
    help="Check each plan as planner check does.",
)
@click.option("--limit", type=click.IntRange(1), help="Plan so many at most; the next run goes on.")
@click.option(
    "--within", type=click.Path(path_type=Path), help="Only places in the polygons of this GeoJSON file."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes; as many as this machine has cores unless given.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", default="", help="A Dask scheduler whose workers plan instead."
)
@click.option("--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True)
@click.option(
    "--units",
    type=click.Choice(["m", "ft"]),
    default="m",
    show_default=True,
    help="Metres or feet on prints.",
)
@click.option(
    "--created", type=Moment(), help="When prints are made, for the same bytes again; now unless given."
)
@click.pass_context
def preplan_command(
    ctx: click.Context,
    area_name: str,
    kinds: tuple[str, ...],
    folder: Path,
    threat: str,
    prints: bool,
    audited: bool,
    limit: int | None,
    within: Path | None,
    workers: int | None,
    scheduler: str,
    paper: str,
    units: str,
    created: datetime | None,
) -> None:
    """Plan every school, mall ... of an area ahead: a library of plans and prints.

    FOLDER gets index.html, what needs attention first, and for each place its plan (GeoJSON) and print (PDF).
    Called again it makes only what is not up to date, and says what changed. What was put into a plan by hand
    is kept.
    """
    from planner import packs
    from planner.batch.executors import cores, open_executor
    from planner.batch.preplanning import Wish, preplan
    from planner.exports import Options, Paper
    from planner.sources.polygon import read_polygon

    with show_progress("opening the area") as report:
        place = packs.open_area(area_name, progress=report)
    doctrine = packs.shipped_doctrine()
    moment = created or datetime.now().astimezone()
    options = Options(moment, doctrine.exports.valid_min, paper=Paper(paper), units=units) if prints else None
    ground = None if within is None else read_polygon(within, partial(click.echo, err=True))
    wish = Wish(tuple(dict.fromkeys(kinds)), ThreatName(threat), options, audited, limit, ground)
    with (
        open_executor(workers or cores(), scheduler) as executors,
        show_count(f"planning {area_name}") as told,
    ):
        library, done = preplan(place, doctrine, folder, wish, executors, told)
    _say_library(library, done)
    ctx.exit(1 if done.failed or done.stopped else 0)


_NAMED_PLACES = 10


def _say_library(library: Library, done: Report) -> None:
    """Tell what a run made: figures on standard output, what a person should look at on standard error."""
    from planner import words  # loads numpy, which help has no use for

    lines = [f"{words.count(done.places, 'place')}: {len(done.planned)} planned, {len(done.kept)} up to date"]
    entries = library.entries
    for title, keys, why in (
        ("no plan", done.failed, lambda entry: f"{entry.error}. {entry.remedy}"),
        ("gone from the map, its files are left", done.gone, lambda entry: entry.plan_file),
        ("changed", [key for key in done.planned if entries[key].changes], lambda entry: entry.changes[0]),
    ):
        named = [entries[key] for key in sorted(keys)[:_NAMED_PLACES]]
        lines += [f"{title}: {entry.title}: {why(entry)}" for entry in named]
        if len(keys) > _NAMED_PLACES:
            lines.append(f"{title}: {len(keys) - _NAMED_PLACES} more, see index.html")
    if done.stopped:
        lines.append("stopped: run again to go on")
    for line in lines:
        click.echo(printable(line), err=True)
    counts = {name: len(keys) for name, keys in asdict(done).items() if isinstance(keys, list)}
    index = {name: str(library.folder / f"index.{name}") for name in ("html", "json", "csv", "geojson")}
    show_json({"places": done.places, **counts, "stopped": done.stopped, "index": index})
