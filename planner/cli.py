"""The ``planner`` command: plans, areas and the page, from a shell.

Results go to standard output (GeoJSON or JSON), talk to standard error. Exit code 0: done; 1: a problem with
the input or the area, told in one line; 2: the command was called wrongly. What a command needs is imported
when it runs, so that ``planner --help`` answers at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.errors import ExportError, IncidentError, PlannerError, SourceError
from planner.files import write_whole
from planner.memory import collect_seldom
from planner.preplan_command import preplan_command
from planner.shell import Moment, printable, show_json, show_progress
from planner.terms import ThreatName

if TYPE_CHECKING:
    from planner.area import Area
    from planner.geo import LonLat
    from planner.model import Incident
    from planner.packs import BBox, Listing


class _Cli(click.Group):
    """A group whose commands end in one line and an exit code, never in a traceback of ours."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; turn what went wrong into a line."""
        try:
            with _seldom_collecting():
                return super().invoke(ctx)
        except PlannerError as error:
            click.echo(f"planner: {printable(str(error))}", err=True)
            ctx.exit(1)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # whoever read the output has gone (``| head``): nothing is wrong, and nothing more can be written
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end
            ctx.exit(0)
        except Exception as error:
            if os.environ.get("PLANNER_DEBUG") == "1":
                raise
            told = " ".join(f"{type(error).__name__}: {error}".split())
            remedy = "Please report it; PLANNER_DEBUG=1 shows where"
            click.echo(f"planner: a fault of the program, {printable(told)}. {remedy}", err=True)
            ctx.exit(1)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look for garbage seldom, and not once more at the end: a command ends before there is much to find."""
    before = gc.get_threshold()
    atexit.register(gc.freeze)
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


@click.group("planner", cls=_Cli, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="planner", message="%(prog)s %(version)s")
def main() -> None:
    """Perimeters, sites and routes for an active attack, from OpenStreetMap."""


# --- plans ----------------------------------------------------------------------------------------


class _Place(click.ParamType[Any]):
    """``LAT,LON`` in degrees, as people write places."""

    name = "LAT,LON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> LonLat:
        """Read two numbers; a place that is none on the globe is refused as the input it is."""
        from planner.geo import LonLat

        try:
            lat, lon = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail("give two numbers latitude,longitude in degrees", param, ctx)
        try:
            return LonLat(lon, lat).checked()
        except IncidentError as error:
            raise IncidentError(error.message, "Give LAT,LON: latitude first, in degrees") from error


_OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write instead of standard output."
)


@main.command()
@click.argument("incident", type=click.Path(path_type=Path, allow_dash=True), required=False)
@click.option("--area", "area_name", help="Which area to plan on; montevideo unless given.")
@click.option("--at", type=_Place(), help="Where it happens: a first plan without a document.")
@click.option(
    "--threat",
    type=click.Choice([name.value for name in ThreatName]),
    help="Which threat, with --at; else unknown.",
)
@_OUTPUT
def plan(
    incident: Path | None, area_name: str | None, at: LonLat | None, threat: str | None, output: Path | None
) -> None:
    """Plan for INCIDENT, or for a place: --at.

    INCIDENT is an incident or plan document, or zones drawn in QGIS, Google Earth, CalTopo or TAK: GeoJSON,
    KML, KMZ, GPX, GeoPackage, CoT or a TAK data package; - for standard input.
    """
    if (incident is None) == (at is None):
        raise click.UsageError("give either an INCIDENT document or --at LAT,LON")
    if threat is not None and at is None:
        raise click.UsageError("--threat goes with --at; a document names its own threat")
    from planner import packs
    from planner.document import write_plan
    from planner.model import Incident
    from planner.plan import make_plan
    from planner.sources.hospital_tables import installed_hospitals

    said = _imported(incident) if incident else Incident(at, ThreatName(threat or ThreatName.UNKNOWN))
    with show_progress("opening the area") as report:
        place = packs.open_area(area_name or packs.DEFAULT_AREA, progress=report)
    doctrine = packs.shipped_doctrine()
    made = make_plan(said, place, doctrine, *installed_hospitals(place, doctrine))
    _write(write_plan(made), output)


def _imported(file: Path) -> Incident:
    """Read what the user said or drew; tell what drawings of other programs were taken for."""
    from planner.sources.drawings import import_incident

    imported = import_incident(_read(file))
    for line in imported.told:
        click.echo(printable(line), err=True)
    return imported.incident


@main.group("incident")
def incident_group() -> None:
    """Make incident documents of what was drawn elsewhere."""


@incident_group.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@_OUTPUT
def import_incident(file: Path, output: Path | None) -> None:
    """Turn FILE, drawn in another program, into an incident document: to look at, or to plan with."""
    from planner.document import write_incident

    _write(write_incident(_imported(file)), output)


@main.command("check")
@click.argument("document", metavar="PLAN", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--area", "area_name", help="Which area to judge it by; the plan's own unless given.")
@click.pass_context
def check_plan(ctx: click.Context, document: Path, area_name: str | None) -> None:
    """Check that PLAN holds on the raw map: seal, sites, routes. JSON; exit 1 when it does not."""
    from planner import packs
    from planner.audit import audit_plan
    from planner.document import read_plan
    from planner.records import to_record

    judged = read_plan(_read(document))
    with show_progress("opening the area") as report:
        place = packs.open_area(area_name or judged.area.name, progress=report)
    audit = audit_plan(judged, place, packs.shipped_doctrine())
    show_json({"ok": audit.ok, "plan": judged.id, "area": place.name, **to_record(audit)})
    if not audit.ok:
        click.echo(f"{len(audit.failures)} of {len(audit.checks)} checks fail", err=True)
        ctx.exit(1)


@main.command()
@click.argument("document", metavar="PLAN", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--to", "to", required=True, metavar="FORMAT", help="Which format, such as geojson.")
@click.option("--public", is_flag=True, help="Without posts, command post, casualty collection.")
@click.option("--exercise", is_flag=True, help="Mark it as an EXERCISE wherever it is shown.")
@click.option("--paper", type=click.Choice(["letter", "a4"]), default="letter", show_default=True)
@click.option(
    "--units", type=click.Choice(["m", "ft"]), default="m", show_default=True, help="Metres or feet."
)
@click.option("--sender", default="", help="Who sends it, for notices; blank unless given.")
@click.option("--contact", default="", help="How the sender is reached; blank unless given.")
@click.option("--created", type=Moment(), help="When it is made, for the same bytes again; now unless given.")
@click.option("--area", "area_name", help="Which area's streets to show; the plan's own unless given.")
@_OUTPUT
def export(
    document: Path,
    to: str,
    created: datetime | None,
    area_name: str | None,
    output: Path | None,
    paper: str,
    **marks: Any,
) -> None:
    """Export PLAN to another FORMAT: a map, a form, a feed. -o FOLDER names the file itself."""
    from planner import packs
    from planner.document import read_plan
    from planner.exports import Options, Paper, export_plan, exporter, file_name

    chosen = exporter(to)
    plan = read_plan(_read(document))
    valid_min = packs.shipped_doctrine().exports.valid_min
    options = Options(created or datetime.now().astimezone(), valid_min, paper=Paper(paper), **marks)
    place = None
    if chosen.needs_area:
        with show_progress("opening the area") as report:
            place = packs.open_area(area_name or plan.area.name, progress=report)
        if place.digest != plan.area.digest:
            click.echo(
                f"note: the map of {printable(place.name)} is not the one this plan was made on", err=True
            )
    if output is not None and output.is_dir():
        output = output / file_name(plan, to, options)
    _write(export_plan(plan, to, options, place), output)


def _read(file: Path) -> bytes:
    """Read a document, and no more of it than a document can be."""
    from planner.geojson import MAX_BYTES

    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = "Give a file, or - for standard input"
        raise SourceError(f"{file} cannot be read: {error.strerror}", remedy) from error


def _write(content: bytes, output: Path | None) -> None:
    """Write to standard output, or to a file that is whole or untouched, whatever happens meanwhile."""
    if output is None or str(output) == "-":
        click.echo(content, nl=False)
        return
    target = output.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)  # a pipe or a device is written into, never replaced
        else:
            write_whole(target, content)
    except OSError as error:
        remedy = "Choose a folder that exists and can be written"
        raise ExportError(f"{output} cannot be written: {error.strerror}", remedy) from error


main.add_command(preplan_command)


# --- areas ----------------------------------------------------------------------------------------


@main.group()
def area() -> None:
    """Import, list, show and check the areas that plans are made on."""


class _Box(click.ParamType[Any]):
    """``W,S,E,N`` in degrees."""

    name = "W,S,E,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> BBox:
        """Read four numbers; a box that is none on the globe is for the importer to refuse."""
        if isinstance(value, tuple):
            return value
        try:
            west, south, east, north = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail("give four numbers west,south,east,north in degrees", param, ctx)
        return west, south, east, north


@area.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What to call the area: letters, digits, '-' and '_'.")
@click.option(
    "--bbox",
    type=_Box(),
    help="Keep only what meets this box, in degrees; across longitude 180: 179.9,-17,-179.9,-16.",
)
@click.option(
    "--within",
    type=click.Path(path_type=Path),
    help="Keep only what meets the polygons of this GeoJSON or .poly file.",
)
def import_(files: tuple[Path, ...], name: str, bbox: BBox | None, within: Path | None) -> None:
    """Import FILES (.osm.pbf, .osm, .osm.gz, .osm.bz2), joined into one area, or one NAME.area.zip."""
    from planner import intake, packs
    from planner.sources.polygon import read_polygon

    before = intake.installed_area(name)
    if len(files) == 1 and files[0].name.endswith(intake.PACK_SUFFIX):
        intake.check_asked_whole(files[0], bbox or within)
        with show_progress(f"importing {files[0].name}") as report:
            made = intake.read_pack_file(files[0], name, progress=report)
        _say_arrived("imported", made, before)
        return
    polygon = None if within is None else read_polygon(within, partial(click.echo, err=True))
    with show_progress(f"importing {', '.join(file.name for file in files)}") as report:
        made = packs.import_area(files, name, bbox_deg=bbox, within_deg=polygon, progress=report)
    _say_arrived("imported", made, before)


@area.command("fetch")
@click.argument("place", required=False)
@click.option("--name", help="What to call the area; made from PLACE unless given.")
@click.option("--at", type=_Place(), help="Middle of a round place, LAT,LON; in place of PLACE.")
@click.option("--radius", type=float, default=5000.0, show_default=True, help="Metres around --at.")
def fetch(place: str | None, name: str | None, at: LonLat | None, radius: float) -> None:
    """Fetch PLACE ("Columbus, Ohio"), or what lies around --at, from Overpass.

    Broken off, it goes on where it stopped when it is called again within a day. Own servers by
    PLANNER_OVERPASS_URL and PLANNER_NOMINATIM_URL.
    """
    from planner import intake, packs
    from planner.sources.overpass import CancelledError, box_around, find_place

    if (place is None) == (at is None):
        raise click.UsageError("give PLACE, or --at LAT,LON with --radius METRES")
    name = name or re.sub(r"[^A-Za-z0-9]+", "_", place or "").strip("_").lower()[:64]
    if not name:
        raise click.UsageError("--at, and a PLACE without Latin letters, need a --name")
    packs.check_own_name(name)
    if at is not None:
        box, told = box_around(at, radius), f"{radius:.0f} m around {at.lat_deg:.5f},{at.lon_deg:.5f}"
    else:
        box, told = find_place(str(place), intake.servers_here())
        click.echo(f"found {printable(told)}", err=True)
    before = intake.installed_area(name)
    try:
        with show_progress(f"fetching {name}") as report:
            made = intake.fetch_area(box, name, place=told, progress=report)
    except KeyboardInterrupt:
        raise CancelledError from None
    _say_arrived("fetched", made, before)


def _say_arrived(verb: str, made: Area, before: Area | None) -> None:
    from planner.intake import arrival_lines

    for line in arrival_lines(made, before):
        click.echo(printable(f"{verb} {line}" if verb else line), err=True)
        verb = ""


@area.command("export")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="NAME.area.zip here unless given.")
def export_area(name: str, output: Path | None) -> None:
    """Write area NAME as one file, for the next laptop: planner area import takes it in."""
    from planner import intake, packs

    target = output or Path(f"{packs.checked_name(name)}{intake.PACK_SUFFIX}")
    intake.write_pack_file(name, target)
    click.echo(f"wrote {printable(str(target))}", err=True)


@area.command("list")
def list_() -> None:
    """List the areas that can be planned on, as JSON."""
    from planner import packs

    show_json([_listed(entry) for entry in packs.list_areas()])


def _listed(entry: Listing) -> dict[str, Any]:
    manifest = entry.manifest or {}
    told = {key: manifest.get(key) for key in ("data_date", "source", "digest")}
    return {
        "name": entry.name,
        "shipped": entry.shipped,
        "bbox": manifest.get("bbox_deg"),
        **told,
        "unread_rules": manifest.get("counts", {}).get("unread_rules"),
        "problem": entry.problem or None,
    }


@area.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show what area NAME holds, as JSON."""
    from planner import packs

    with show_progress(f"opening {name}") as report:
        packs.open_area(name, progress=report)  # a shipped area is made here; a broken one is refused
    manifest = packs.read_manifest(name)
    told = ("name", "digest", "data_date", "source", "attribution", "licence", "counts")
    show_json({"bbox": manifest["bbox_deg"], **{key: manifest[key] for key in told}})


@area.command("check")
@click.argument("name")
@click.pass_context
def check(ctx: click.Context, name: str) -> None:
    """Check that area NAME is whole and good enough to plan on, as JSON; exit 1 when it is not."""
    from planner import packs
    from planner.ground import coverage

    with show_progress(f"opening {name}") as report:
        opened = packs.open_area(name, progress=report)  # every byte of the pack is checked here
    found = coverage.find_coverage(
        opened, packs.shipped_doctrine().travelling, datetime.now().astimezone().date()
    )
    good = all(finding.ok for finding in found)
    show_json({"ok": good, "name": name, "checks": [asdict(finding) for finding in found]})
    ctx.exit(0 if good else 1)


@area.command("delete")
@click.argument("name")
def delete(name: str) -> None:
    """Delete the pack of area NAME; a shipped area is made again when next opened."""
    from planner import packs

    packs.delete_area(name)
    click.echo(f"deleted '{name}'", err=True)


# --- hospitals ------------------------------------------------------------------------------------


@main.group()
def hospitals() -> None:
    """Keep hospital tables with the installation: trauma levels, and hospitals beyond the map."""


@hospitals.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Under which name to keep it; the file's own unless given.")
def import_hospitals(file: Path, name: str | None) -> None:
    """Import FILE, HIFLD's own CSV or name,lat,lon,adult_level,...; the same name replaces the table."""
    from planner.sources.hospital_tables import install_hospital_table

    kept = re.sub(r"[^A-Za-z0-9_-]+", "-", file.stem).strip("-_")[:64] if name is None else name
    table = install_hospital_table(file, kept)
    graded = sum(fact.adult_level is not None or fact.pediatric_level is not None for fact in table.facts)
    show_json(
        {"name": kept, "hospitals": len(table.facts), "with_level": graded, "left_out": dict(table.left_out)}
    )


# --- the page -------------------------------------------------------------------------------------


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.argument("streamlit_options", nargs=-1, type=click.UNPROCESSED)
def app(port: int, streamlit_options: tuple[str, ...]) -> None:
    """Start the page at 127.0.0.1; further options go to Streamlit."""
    from planner import settings

    page = settings.shipped("streamlit_app.py")
    command = [sys.executable, "-m", "planner.ui.serve", "run", str(page), "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1", *streamlit_options]
    here = settings.read_settings()  # resolved before the folder changes
    kept = {"PLANNER_HOME": str(here.home), "PLANNER_STORE": f"sqlite:///{here.incidents}"}
    # from the page's folder: Streamlit finds its configuration and static files there
    os.chdir(page.parent)
    os.execve(sys.executable, command, os.environ | kept)  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
