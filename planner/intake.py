"""How areas come into this installation and leave it: from files, from Overpass, to the next car's laptop.

What comes in by any way is the same pack, and over an older one it is told what changed and which incidents'
closures now close other streets.
"""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

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
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error, OverflowError),
    *(ValueError, KeyError, TypeError, RuntimeError),  # the last: locked, or packed by a method not known
)
_STRETCH_BYTES = 4 << 20
_UNPACKED = "unpacking"
_LEFT_S = 24 * 3600.0
_SHARE_UNPACKED, _SHARE_SOUND = 0.2, 0.4  # of the progress of taking in a pack
_NAMED = 5
_T = TypeVar("_T")


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


def read_pack_file(path: Path, name: str | None = None, *, progress: Progress | None = None) -> Area:
    """Install an area from a file that :func:`write_pack_file` wrote, under its own name or another.

    Parameters
    ----------
    path : Path
    name : str, optional
    progress : callable, optional
        What it raises before all is written ends the import, and the area that is here stays as it is.

    Raises
    ------
    SourceError
        If the file is no pack, or cannot be read.
    PackError
        If the pack is damaged, of another schema, of a shipped area's name, or the disk refuses.
    """
    report = progress or _to_nobody
    with _room_for(path) as folder:
        try:
            manifest = _unpack(path, folder, _part(report, 0.0, _SHARE_UNPACKED))
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
            report(_SHARE_UNPACKED, "looking through it")
            area = _sound(packs.open_folder(folder, name or str(manifest.get("name"))))
        except (PackError, AreaError) as error:
            raise PackError(
                f"{path.name} is of no use here: {error.message}",
                "Copy it again, or export the area anew by the version of this program that runs here",
            ) from error
        report(_SHARE_SOUND, "putting streets in order and writing")
        packs.write_area(area)
    report(1.0, f"{area.network.edge_count} streets, {len(area.buildings)} buildings")
    return packs.open_area(area.name)


@contextmanager
def _room_for(path: Path) -> Iterator[Path]:
    """Give a folder to unpack a file in, beside the packs: where they fit, there is room for this one too."""
    home = settings.read_settings().home / _UNPACKED
    with _disk_for(path):
        home.mkdir(parents=True, exist_ok=True)
        for left in home.iterdir():  # by one who was killed; another who clears up may be quicker
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _LEFT_S:
                    shutil.rmtree(left, ignore_errors=True)
        folder = tempfile.TemporaryDirectory(dir=home, ignore_cleanup_errors=True)
    with folder:
        yield Path(folder.name)


@contextmanager
def _disk_for(path: Path) -> Iterator[None]:
    """Say of a disk that refuses what is unpacked that it is the disk, not the pack."""
    try:
        yield
    except OSError as error:
        raise PackError(
            f"{path.name} cannot be unpacked in {settings.read_settings().home} ({error.strerror or error})",
            "Check that the folder can be written and the disk is not full, or set PLANNER_HOME to another",
        ) from error


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


def _unpack(path: Path, folder: Path, report: Progress) -> dict[str, object]:
    """Unpack the manifest and the files it names, and nothing else, whatever the archive says."""
    with _read_of(path, lambda: path.open("rb")) as file, zipfile.ZipFile(file) as archive:
        if archive.getinfo(packs.MANIFEST).file_size > _MOST_MANIFEST_BYTES:
            raise SourceError(f"{path.name} has a manifest of more than 64 MB", "Check where it comes from")
        manifest: dict[str, object] = json.loads(archive.read(packs.MANIFEST))
        files = manifest["files"]
        if not isinstance(files, dict):
            raise TypeError("no files")
        names = [packs.checked_file(str(entry["file"])) for entry in files.values()]
        whole = sum(archive.getinfo(name).file_size for name in names)
        if whole > _MOST_PACK_BYTES:
            raise SourceError(f"{path.name} unpacks to more than 4 GB", "Check where it comes from")
        unpacked = 0
        for name in (packs.MANIFEST, *names):
            for size in _unpack_one(archive, name, folder / name, path):
                unpacked += size
                report(min(unpacked / (whole + 1), 1.0), "unpacking")
    return manifest


def _unpack_one(archive: zipfile.ZipFile, name: str, target: Path, path: Path) -> Iterator[int]:
    """Unpack a file, a stretch at a time; yields how many bytes were."""
    with archive.open(name) as packed, _disk_for(path), target.open("wb") as out:
        for stretch in iter(lambda: _read_of(path, lambda: packed.read(_STRETCH_BYTES)), b""):
            out.write(stretch)
            yield len(stretch)


def _read_of(path: Path, read: Callable[[], _T]) -> _T:
    """Read of a file from elsewhere; say so where it is not there, or what it lies on refuses."""
    try:
        return read()
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read ({error.strerror or error})", "Check the name, and what it lies on"
        ) from error


def _part(report: Progress, low: float, high: float) -> Progress:
    return lambda share, text: report(low + (high - low) * share, text)


def _to_nobody(_share: float, _text: str) -> None:
    """Report to nobody."""
