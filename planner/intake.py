"""How areas come into this installation and leave it: from files, from Overpass, to the next car's laptop.

What comes in by any way is the same pack, and over an older one it is told what changed and which incidents'
closures now close other streets.
"""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from planner import packs, settings
from planner.area import Area
from planner.document import read_incident
from planner.errors import (
    AreaError,
    AreaNotFoundError,
    NoStreetsError,
    PackError,
    PlannerError,
    SourceError,
)
from planner.files import put_whole
from planner.model import Incident
from planner.packs import BBox, Progress
from planner.revision import compare_areas, shifted_closures
from planner.soundness import check_values
from planner.sources.digest import digest_of
from planner.sources.locks import take_lock
from planner.sources.overpass import CancelledError, Servers, fetch_osm
from planner.sources.pbf import read_osm
from planner.store import Store

_FETCHED = "fetching"
_SHARE_FETCHED = 0.7  # of the progress bar: the rest is reading

PACK_SUFFIX = ".area.zip"
"""Ending of a pack as one file."""
ALL_STREETS = "Streets that are new, gone or changed"
"""How the line begins that names them all."""
_MOST_PACK_BYTES = 4 << 30
_MOST_MANIFEST_BYTES = 64 << 20  # that of a map whose outline is drawn along a coast is a megabyte
_NO_PACK = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error),
    *(ValueError, KeyError, TypeError, RuntimeError),  # the last: locked, or packed by a method not known
)
_NAMED = 5


def servers_here() -> Servers:
    """Return the servers that this installation's settings name."""
    told = settings.read_settings()
    return Servers(told.overpass_url, told.nominatim_url, told.offline)


def fetch_area(
    box: BBox,
    name: str,
    *,
    place: str = "",
    servers: Servers | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Area:
    """Fetch an area from Overpass, replacing one of that name only when all went well.

    What has come is kept beside the packs until the area is written, or for a day: the same call goes on
    where an earlier one broke off. Of two that fetch under one name at a time, the later one waits.

    Parameters
    ----------
    box : tuple of float
        West, south, east, north in degrees.
    name : str
    place : str, optional
        What the box is of, for people.
    servers : Servers, optional
        Those of the settings unless given.
    progress, cancelled : callable, optional
        The latter is asked until the area begins to be written.

    Raises
    ------
    PackError
        If the name is unsafe or a shipped area's, or the disk refuses.
    SourceError
        If the server refuses, or what it sends makes no area.
    CancelledError
    """
    packs.check_own_name(name)
    listened = _unless_broken_off(progress or _to_nobody, cancelled)
    folder = settings.read_settings().home / _FETCHED / name
    with _kept_in(folder):
        lock = take_lock(
            folder.with_name(f".{name}.lock"),
            lambda: listened(0.0, f"waiting for the end of another fetch of '{name}'"),
        )
    with lock:
        with _kept_in(folder):
            files, date = fetch_osm(
                box, folder, servers or servers_here(), _part(listened, 0.0, _SHARE_FETCHED), cancelled
            )
        try:
            area = read_osm(
                files,
                name,
                bbox_deg=box,
                source=f"Overpass API, {place}" if place else "Overpass API",
                data_date=date,
                covered_deg=box,
                progress=_part(listened, _SHARE_FETCHED, 1.0),
            )
        except NoStreetsError:
            shutil.rmtree(folder, ignore_errors=True)  # no area comes of it: asked anew the next time
            raise
        packs.write_area(area)
        shutil.rmtree(folder, ignore_errors=True)
    return area


def _unless_broken_off(report: Progress, cancelled: Callable[[], bool]) -> Progress:
    def listened(share: float, text: str) -> None:
        report(share, text)
        if cancelled():
            raise CancelledError

    return listened


@contextmanager
def _kept_in(folder: Path) -> Iterator[None]:
    """Say what to do where the disk refuses to keep what is fetched."""
    try:
        yield
    except PackError:
        raise
    except OSError as error:
        raise PackError(
            f"what was fetched cannot be kept ({error.strerror or error})",
            f"Check that {folder.parent} can be written and has room, or set PLANNER_HOME to another folder",
        ) from error


# --- what changed ---------------------------------------------------------------------------------


def installed_area(name: str) -> Area | None:
    """Return what is installed under a name and can be read, to tell afterwards what has changed."""
    if name in packs.SHIPPED:  # nothing is put over it
        return None
    try:
        return packs.open_area(packs.checked_name(name))
    except (AreaNotFoundError, PackError):
        return None


def arrival_lines(made: Area, before: Area | None, *, all_names: bool = False) -> list[str]:
    """Say what came in, what changed against the map that was there, and whose closures that touches.

    ``all_names`` adds a line with the name of every street that is new, gone or changed.
    """
    lines = [
        f"{made.name}: {made.network.edge_count:,} stretches of street, {len(made.buildings):,} buildings, "
        f"{len(made.places):,} places, map of {made.data_date or 'unknown date'}"
    ]
    if before is None:
        return lines
    revision = compare_areas(before, made)
    lines.append(revision.sentence())
    shifted = shifted_closures(_incidents_on(made.name), before, made, packs.shipped_doctrine())
    if shifted:
        more = f" and {len(shifted) - _NAMED} more" if len(shifted) > _NAMED else ""
        lines.append(
            f"'blocked here' now closes other streets in: {', '.join(shifted[:_NAMED])}{more}; check them"
        )
    if all_names and revision.named:
        lines.append(f"{ALL_STREETS} ({len(revision.named):,}): {', '.join(revision.named)}")
    return lines


def _incidents_on(area: str) -> Iterator[tuple[str, Incident]]:
    store = Store(settings.read_settings().incidents)
    for saved in store.list_incidents():
        if saved.area == area:
            try:
                incident = read_incident(saved.document)
            except PlannerError:  # of another version: the page that opens it says so
                continue
            yield incident.name or f"incident of {saved.saved_at[:16].replace('T', ' ')} UTC", incident


# --- a pack as one file ---------------------------------------------------------------------------


def write_pack_file(name: str, target: Path) -> None:
    """Write an installed area as one file, for another installation of this version.

    Raises
    ------
    PlannerError
        If there is no such area, it is broken, or the disk refuses.
    """
    packs.open_area(name)  # a shipped one is made, a damaged one is not passed on
    folder = settings.read_settings().areas / name
    names = [entry["file"] for entry in packs.read_manifest(name)["files"].values()]
    try:
        with (
            put_whole(target) as beside,
            zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out,
        ):
            for file in (packs.MANIFEST, *names):
                out.write(folder / file, file)
    except OSError as error:
        raise PackError(f"{target.name} cannot be written ({error.strerror})", "Check the folder") from error


def read_pack_file(path: Path, name: str | None = None) -> Area:
    """Install an area from a file that :func:`write_pack_file` wrote, under its own name or another.

    Raises
    ------
    SourceError
        If the file is no pack.
    PackError
        If the pack is damaged, of another schema, of a shipped area's name, or the disk refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            manifest = _unpack(path, Path(folder))
        except _NO_PACK as error:
            if isinstance(error, PlannerError):
                raise
            if path.name.endswith(PACK_SUFFIX):
                told = "is broken, or only a part of it came", "Copy it again, or export the area anew"
            else:
                told = "is no area as one file", f"Give a file that ends in {PACK_SUFFIX}"
            raise SourceError(f"{path.name} {told[0]}", told[1]) from error
        packs.check_own_name(name or str(manifest.get("name")))
        try:
            area = _sound(packs.open_folder(Path(folder), name or str(manifest.get("name"))))
        except (PackError, AreaError) as error:
            raise PackError(
                f"{path.name} is of no use here: {error.message}",
                "Copy it again, or export the area anew by the version of this program that runs here",
            ) from error
        packs.write_area(area)
    return packs.open_area(area.name)


def _sound(area: Area) -> Area:
    """Return an area from elsewhere with values that a map can have, and digest and order of its own.

    An order of contraction that a hostile hand wrote would be searched by for hours; that of the same streets
    is always the same. A digest that is another map's would give two plans one name. It is not refused:
    whoever changes a map can work out its digest as well, and one that was read by an earlier version, or by
    another processor, may have been given another without any harm.
    """
    check_values(area)
    return replace(area, digest=digest_of(area)).with_streets(replace(area.network))


def check_asked_whole(path: Path, part: object) -> None:
    """Refuse to take in a part of an area that another installation exported.

    Raises
    ------
    SourceError
        If a box or a polygon was given.
    """
    if part is not None:
        raise SourceError(
            f"{path.name} is a whole area, of which no part is taken",
            "Import it without box or polygon, or give the map file that it was made from",
        )


def _unpack(path: Path, folder: Path) -> dict[str, object]:
    """Unpack the manifest and the files it names, and nothing else, whatever the archive says."""
    with zipfile.ZipFile(path) as archive:
        if archive.getinfo(packs.MANIFEST).file_size > _MOST_MANIFEST_BYTES:
            raise SourceError(f"{path.name} has a manifest of more than 64 MB", "Check where it comes from")
        manifest: dict[str, object] = json.loads(archive.read(packs.MANIFEST))
        files = manifest["files"]
        if not isinstance(files, dict):
            raise TypeError("no files")
        names = [packs.checked_file(str(entry["file"])) for entry in files.values()]
        if sum(archive.getinfo(file).file_size for file in names) > _MOST_PACK_BYTES:
            raise SourceError(f"{path.name} unpacks to more than 4 GB", "Check where it comes from")
        for file in (packs.MANIFEST, *names):
            with archive.open(file) as packed, (folder / file).open("wb") as out:
                shutil.copyfileobj(packed, out)
    return manifest


def _part(report: Progress, low: float, high: float) -> Progress:
    return lambda share, text: report(low + (high - low) * share, text)


def _to_nobody(_share: float, _text: str) -> None:
    """Report to nobody."""
