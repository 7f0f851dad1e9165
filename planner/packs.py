"""Area packs on disk: what an area is between two starts of the program.

A pack is a folder ``PLANNER_HOME/areas/NAME`` with a ``manifest.json`` that names its other files by content:
``streets-<sha>.npz``, ``shortcuts`` likewise, and ``buildings``, ``places``, ``obstacles`` as GeoParquet
(:mod:`planner.pack_files`). New files are written beside the old, the manifest is replaced last, in one step:
whoever opens the pack sees the old area whole or the new one whole, also after a crash. Every byte is checked
against the manifest, and the manifest against itself.

The shipped areas are imported from the program's ``data`` folder when they are first opened, and again when
that file, the pack's schema or the code that reads maps has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import mmap
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

from planner import settings
from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.errors import AreaNotFoundError, PackError, PlannerError
from planner.geo import Frame, LonLat
from planner.ground.coverage import count_contents
from planner.memory import give_back
from planner.pack_files import (
    NOT_UNDERSTOOD,
    digests_of,
    is_whole,
    let_go,
    read_shortcuts,
    read_streets,
    read_table,
    shape_of,
    to_disk,
    write_shortcuts,
    write_streets,
    write_table,
)
from planner.streets.contraction import Kept

SCHEMA = "pack/5"
MANIFEST = "manifest.json"
TABLES = ("buildings", "places", "obstacles")
DEFAULT_AREA = "montevideo"

Progress = Callable[[float, str], None]
BBox = tuple[float, float, float, float]
_T = TypeVar("_T")

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PACK_FILE = re.compile(r"(streets|shortcuts|buildings|places|obstacles)-[0-9a-f]{16}\.(npz|parquet)")
# of sources: what decides how a map is read
_READERS = (
    *("tags", "restrictions", "noding", "coast", "known_ground", "tables", "osm", "opl"),
    *("stretches", "ordering", "pbf", "pbf_blocks", "meridian", "digest"),
)
_STREETS = "streets"
_SHORTCUTS = "shortcuts"  # of the contraction hierarchy: read once a way is asked for
_STAGING = ".new-"
_SHARE_READ = 0.75  # of the progress of an import


@dataclass(frozen=True)
class ShippedArea:
    """An area that comes with the program.

    Parameters
    ----------
    file : str
        In the program's ``data`` folder.
    source : str
        Where the map came from, for people.
    """

    file: str
    source: str


SHIPPED = {
    "montevideo": ShippedArea(
        "montevideo.osm.pbf", "OSM-QA tiles of Montevideo, 2017 (data/montevideo.osm.pbf)"
    ),
    "three_rivers": ShippedArea(
        "three_rivers_mi.osm.pbf", "iD editor's map of Three Rivers, Michigan (data/three_rivers_mi.osm.pbf)"
    ),
}
"""Areas that are there without any step by the user."""


@dataclass(frozen=True)
class Listing:
    """One line of the list of areas.

    Parameters
    ----------
    name : str
    shipped : bool
        Comes with the program.
    manifest : dict or None
        None while a shipped area has not been opened yet, or when the pack is broken.
    problem : str
        What is wrong with the pack, "" when nothing is.
    """

    name: str
    shipped: bool
    manifest: dict[str, Any] | None
    problem: str = ""


# --- the verbs ------------------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """Return a name that is safe as a folder's.

    Raises
    ------
    PackError
        If it holds anything but letters, digits, ``-`` and ``_``, or is too long.
    """
    if _NAME.fullmatch(name) is None:
        raise PackError(
            f"{name[:80]!r} cannot be the name of an area",
            "Use up to 64 letters, digits, '-' and '_', beginning with a letter or digit",
        )
    return name


def list_areas() -> list[Listing]:
    """List the areas that can be opened, shipped ones first, then by name; a broken one says so."""
    folder = settings.read_settings().areas
    installed = {f.parent.name for f in folder.glob(f"*/{MANIFEST}")} if folder.is_dir() else set()
    named = [*SHIPPED, *sorted(name for name in installed - set(SHIPPED) if _NAME.fullmatch(name))]
    return [_listing(name, name in installed) for name in named]


def _listing(name: str, installed: bool) -> Listing:
    is_shipped = name in SHIPPED
    if not installed:
        return Listing(name, is_shipped, None)
    try:
        manifest = read_manifest(name)
        if _damaged(name, manifest):  # or replaced meanwhile: its new manifest names others
            manifest = read_manifest(name)
            if damage := _damaged(name, manifest):
                raise _broken(name, damage)
    except PackError as error:
        return Listing(name, is_shipped, None, str(error))
    return Listing(name, is_shipped, manifest)


def _damaged(name: str, manifest: dict[str, Any]) -> str:
    """Say which file of a pack is not there or not whole, by its size; its content is checked when opened."""
    folder = _folder(name)
    with _understood(name):
        for entry in dict(manifest["files"]).values():
            file = folder / checked_file(str(entry["file"]))
            try:
                size = file.stat().st_size
            except FileNotFoundError:
                return f"lacks its file {file.name}"
            except OSError as error:
                return f"cannot be read ({error.strerror})"
            if size != entry["bytes"]:
                return f"has a file that is not whole: {file.name}"
    return ""


def installed_at(name: str) -> datetime | None:
    """Return when an area was last imported here, None where it is not."""
    try:
        written_s = (settings.read_settings().areas / checked_name(name) / MANIFEST).stat().st_mtime
    except FileNotFoundError:
        return None
    return datetime.fromtimestamp(written_s, UTC)


def open_area(name: str = DEFAULT_AREA, *, progress: Progress | None = None) -> Area:
    """Open an area by name; a shipped one is imported first where that has not been done.

    Raises
    ------
    AreaNotFoundError
        If no area of that name is installed.
    PackError
        If the pack is broken, of another schema, or cannot be read.
    """
    checked_name(name)
    if name in SHIPPED and not _shipped_is_current(name):
        with _locked(name):
            if not _shipped_is_current(name):  # another process may have done it while this one waited
                return _import_shipped(name, progress)
    try:
        return _open(name, read_manifest(name))
    except FileNotFoundError:
        # the pack was replaced between reading its manifest and its files: its new manifest names others
        return _open_once_more(name)


def _open_once_more(name: str) -> Area:
    try:
        return _open(name, read_manifest(name))
    except FileNotFoundError as error:
        raise _broken(name, f"lacks its file {Path(error.filename).name}") from error


def import_area(
    path: Path | Sequence[Path],
    name: str,
    *,
    bbox_deg: BBox | None = None,
    within_deg: BaseGeometry | None = None,
    progress: Progress | None = None,
) -> Area:
    """Import OpenStreetMap data as an area, replacing one of that name only when all went well.

    Parameters
    ----------
    path : Path or sequence of Path
        .osm.pbf, .osm, .osm.gz or .osm.bz2; several are joined into one area.
    name : str
    bbox_deg : tuple of float, optional
        West, south, east, north.
    within_deg : shapely geometry, optional
        A polygon in degrees.
    progress : callable, optional

    Raises
    ------
    PackError
        If the name is unsafe or a shipped area's, or the pack cannot be written.
    SourceError
        If the file cannot be read.
    """
    from planner.sources.pbf import read_osm

    check_own_name(name)
    report: Progress = progress or (lambda _share, _text: None)
    area = read_osm(
        path,
        name,
        bbox_deg=bbox_deg,
        within_deg=within_deg,
        progress=lambda share, text: report(_SHARE_READ * share, text),
    )
    report(_SHARE_READ, "putting streets in order and writing")  # of a metro that takes ten seconds
    write_area(area)
    report(1.0, f"{area.network.edge_count} streets, {len(area.buildings)} buildings")
    return area


def check_own_name(name: str) -> None:
    """Refuse a name that is unsafe, or that of an area that comes with the program."""
    if checked_name(name) in SHIPPED:
        raise PackError(f"'{name}' is the name of an area that comes with the program", "Choose another name")


def write_area(area: Area) -> None:
    """Write an area as a pack, replacing one of the same name.

    Raises
    ------
    PackError
        If the name is unsafe or the disk refuses.
    """
    with _locked(checked_name(area.name)):
        _write(area, {})


def delete_area(name: str) -> None:
    """Delete a pack; a shipped area is imported anew when it is next opened.

    Raises
    ------
    AreaNotFoundError
        If there is none.
    """
    folder = _folder(checked_name(name))
    if not (folder / MANIFEST).is_file():
        raise _not_found(name)
    with _locked(name), _disk("delete", name):
        (folder / MANIFEST).unlink(missing_ok=True)  # from here on it is no pack
        shutil.rmtree(folder, ignore_errors=True)


@lru_cache(maxsize=1)
def shipped_doctrine() -> Doctrine:
    """Return the doctrine that comes with the program."""
    return read_doctrine(settings.shipped("data", "doctrine.toml"))


# --- manifest -------------------------------------------------------------------------------------


def read_manifest(name: str) -> dict[str, Any]:
    """Read and check a pack's manifest.

    Raises
    ------
    AreaNotFoundError
        If no area of that name is installed.
    PackError
        If the manifest is broken or of another schema.
    """
    return _read_manifest(_folder(checked_name(name)), name)


def _read_manifest(folder: Path, name: str) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise _not_found(name) from None
    except OSError as error:
        raise _broken(name, f"cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise _broken(name, "has a manifest that is no JSON") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        schema = manifest.get("schema") if isinstance(manifest, dict) else None
        raise _broken(
            name,
            f"is of schema {str(schema)[:40]!r}, not {SCHEMA!r}: another version of this program wrote it",
        )
    if manifest.get("sha256") != _manifest_digest(manifest):
        raise _broken(name, "has a manifest that was changed")
    return manifest


def _manifest_digest(manifest: dict[str, Any]) -> str:
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(_json(rest)).hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode("utf-8", "surrogatepass")


# --- writing --------------------------------------------------------------------------------------


def _write(area: Area, origin: dict[str, str]) -> None:
    """Write a pack; the caller holds its lock."""
    folder = _folder(area.name)
    with _disk("write", area.name):
        folder.mkdir(parents=True, exist_ok=True)
        _clear_staging(folder)
        _clear_unnamed(folder)
        staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=folder))
        give_back()  # what reading has left
        try:
            # the streets last: to put them in order takes most memory, and the tables have left none
            parts = (*TABLES, _STREETS, *([_SHORTCUTS] if area.network.may_be_ordered else []))
            files = {part: _place(staging, folder, part, area) for part in parts}
            manifest = _manifest(area, files, origin)
            _replace(staging / MANIFEST, folder / MANIFEST, _json(manifest))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            _clear_unnamed(folder)
            pa.default_memory_pool().release_unused()
            give_back()


def _place(staging: Path, folder: Path, part: str, area: Area) -> dict[str, Any]:
    """Put a file into the pack under the name of its content; returns its entry in the manifest."""
    staged = staging / part
    with staged.open("w+b") as file:
        if part == _STREETS:
            write_streets(area.network, area.unread, file)
        elif part == _SHORTCUTS:
            write_shortcuts(area.network, shipped_doctrine().travelling, file, staging)
        else:
            write_table(getattr(area, part), area.frame, file)
        to_disk(file)
    pa.default_memory_pool().release_unused()
    give_back()
    digests, size = digests_of(staged)
    sha = hashlib.sha256("".join(digests).encode()).hexdigest()
    name = f"{part}-{sha[:16]}.{'parquet' if part in TABLES else 'npz'}"
    staged.replace(folder / name)
    return {"file": name, "bytes": size, "sha256": digests}


def _replace(staged: Path, target: Path, content: bytes) -> None:
    """Write beside, then rename: the target is the old file or the new one, never a part."""
    with staged.open("wb") as file:
        file.write(content)
        to_disk(file)
    staged.replace(target)


def _manifest(area: Area, files: dict[str, dict[str, Any]], origin: dict[str, str]) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "name": area.name,
        "digest": area.digest,
        "centre_deg": list(area.frame.centre),
        "bbox_deg": list(area.bbox_deg),
        "data_date": area.data_date,
        "source": area.source,
        "attribution": area.attribution,
        "licence": area.licence,
        "counts": count_contents(area),
        "files": files,
        "origin": origin,
    }
    if area.outline_deg is not None:
        manifest["outline_deg"] = shapely.to_wkb(area.outline_deg, hex=True, byte_order=1)
    manifest["sha256"] = _manifest_digest(manifest)
    return manifest


def _clear_staging(folder: Path) -> None:
    """Remove what a crashed writer left; nobody else writes, for the lock is held."""
    for left in folder.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)


def _clear_unnamed(folder: Path) -> None:
    """Remove the files of a pack that its manifest does not name: an older area's, or of one not finished."""
    try:
        named = {entry["file"] for entry in json.loads((folder / MANIFEST).read_bytes())["files"].values()}
    except FileNotFoundError:
        named = set()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # it cannot be read: what it named may be all that is left of an area
    for file in folder.iterdir():
        if _PACK_FILE.fullmatch(file.name) and file.name not in named:
            file.unlink(missing_ok=True)


# --- opening --------------------------------------------------------------------------------------


def open_folder(folder: Path, name: str) -> Area:
    """Open a pack that lies in any folder, under a name.

    Raises
    ------
    PackError
        If it is broken or of another schema.
    """
    try:
        return _open(checked_name(name), _read_manifest(folder, name), folder)
    except FileNotFoundError as error:
        raise _broken(name, f"lacks its file {Path(error.filename).name}") from error


def checked_file(file: str) -> str:
    """Return a name that a pack gives to a file of its own.

    Raises
    ------
    ValueError
        If it is none.
    """
    if _PACK_FILE.fullmatch(file) is None:
        raise ValueError(f"{file!r} is no file of a pack")
    return file


def _open(name: str, manifest: dict[str, Any], folder: Path | None = None) -> Area:
    place = folder or _folder(name)
    # Digests, shapes and arrays are worked out without Python's lock: tables are read while the digest of the
    # streets, by far the largest part, is made.
    with ThreadPoolExecutor(2, thread_name_prefix="pack") as pool:
        tables = {
            part: pool.submit(
                _read_part,
                name,
                manifest,
                part,
                place,
                partial(read_table, understood=partial(_understood, name), from_elsewhere=folder is not None),
            )
            for part in TABLES
        }
        network, unread = _read_part(name, manifest, _STREETS, place, read_streets)
        if _SHORTCUTS in manifest["files"]:
            network.keep_shortcuts(partial(_read_shortcuts, name, manifest, place))
        with _understood(name):
            lon, lat = manifest["centre_deg"]
            west, south, east, north = manifest["bbox_deg"]
            area = Area(
                name=name,
                digest=manifest["digest"],
                frame=Frame(LonLat(float(lon), float(lat)).checked()),
                bbox_deg=(west, south, east, north),
                data_date=manifest["data_date"],
                source=manifest["source"],
                attribution=manifest["attribution"],
                licence=manifest["licence"],
                network=network,
                outline_deg=_outline(manifest.get("outline_deg")),
                unread=unread,
                **{part: table.result() for part, table in tables.items()},
            )
    pa.default_memory_pool().release_unused()  # what reading tables has left: of a metro 50 megabytes
    return area


def _outline(told: object) -> BaseGeometry | None:
    """Read it from WKB, or from GeoJSON, as it stands in packs written before."""
    if isinstance(told, dict):
        if told.get("type") not in ("Polygon", "MultiPolygon"):  # see shapes_of
            raise ValueError("an outline that is no ground")
        return shapely.from_geojson(json.dumps(told))
    return None if told is None else shape_of(bytes.fromhex(str(told)))


def _read_part(
    name: str, manifest: dict[str, Any], part: str, folder: Path, read: Callable[[mmap.mmap], _T]
) -> _T:
    """Read one file of a pack, if it is what was written."""
    content = _checked_bytes(name, manifest, part, folder)
    with _understood(name):
        found = read(content)
    let_go(content)  # of a metro, no plan needs more than a part
    return found


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """Say of what cannot be understood that the pack is broken."""
    try:
        yield
    except PackError:
        raise
    except PlannerError as error:
        raise _broken(name, f"holds an area that is wrong: {error.message}") from error
    except NOT_UNDERSTOOD as error:
        raise _broken(name, f"cannot be understood ({type(error).__name__})") from error


def _checked_bytes(name: str, manifest: dict[str, Any], part: str, folder: Path) -> mmap.mmap:
    try:
        entry = manifest["files"][part]
        file, digests = str(entry["file"]), entry["sha256"]
    except (KeyError, TypeError) as error:
        raise _broken(name, f"does not say which file holds its {part}") from error
    if _PACK_FILE.fullmatch(file) is None:
        raise _broken(name, f"names a file for its {part} that is none of a pack")
    try:
        with (folder / file).open("rb") as opened:
            content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _broken(name, f"cannot be read ({error.strerror})") from error
    except ValueError as error:  # nothing can be mapped of an empty file
        raise _broken(name, f"is damaged: {file} is empty") from error
    if not is_whole(content, digests):
        raise _broken(name, f"is damaged: {file} is not what was written")
    return content


def _read_shortcuts(name: str, manifest: dict[str, Any], folder: Path) -> Kept | None:
    """Read the shortcuts of a pack; None where they are lost or damaged, for they can be found anew."""
    try:
        return _read_part(name, manifest, _SHORTCUTS, folder, read_shortcuts)
    except (PackError, FileNotFoundError) as error:
        _LOG.warning("the shortcuts of %s are found anew, which takes some seconds: %s", name, error)
        return None


# --- shipped areas --------------------------------------------------------------------------------


def _shipped_is_current(name: str) -> bool:
    """Whether the pack was made from the file that ships now, by the code that runs now, and is there."""
    path = _folder(name) / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        made_from, schema = manifest["origin"], manifest["schema"]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return True  # broken: opening it will say so, and what to do
    current = schema == SCHEMA and made_from == _shipped_origin(name)
    return bool(current and not _damaged(name, manifest))  # what is gone of it is made again


@lru_cache(maxsize=8)
def _shipped_origin(name: str) -> dict[str, str]:
    path = settings.shipped("data", SHIPPED[name].file)
    return {"file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "reader_sha256": _reader_digest()}


def _reader_digest() -> str:
    """Digest of the code that turns maps into areas: when it reads or orders otherwise, packs are stale."""
    sha = hashlib.sha256()
    folder = Path(__file__).parent
    for file in (
        "terms.py",
        "area.py",
        "geo.py",
        "table.py",
        "streets/street_arrays.py",
        "streets/dissection.py",
        "streets/driving_side.py",
        "streets/hierarchy.py",
        "streets/turns.py",
        "streets/weighing.py",
        *(f"sources/{name}.py" for name in _READERS),
    ):
        sha.update((folder / file).read_bytes())
    return sha.hexdigest()


def _import_shipped(name: str, progress: Progress | None) -> Area:
    from planner.sources.pbf import read_osm

    entry = SHIPPED[name]
    path = settings.shipped("data", entry.file)
    area = read_osm(path, name, source=entry.source, progress=progress)
    _write(area, _shipped_origin(name))
    return area


# --- disk -----------------------------------------------------------------------------------------


def _folder(name: str) -> Path:
    return settings.read_settings().areas / name


@contextmanager
def _locked(name: str) -> Iterator[None]:
    """Let one process at a time write a pack; the others wait."""
    with _disk("write", name):
        folder = settings.read_settings().areas
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / f".{name}.lock").open("ab")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file closes, also by a crash
        yield


@contextmanager
def _disk(verb: str, name: str) -> Iterator[None]:
    try:
        yield
    except PlannerError:
        raise
    except OSError as error:
        raise PackError(
            f"cannot {verb} area '{name}' in {settings.read_settings().areas} ({error.strerror or error})",
            "Check that the folder can be written and the disk is not full, or set PLANNER_HOME to another",
        ) from error


def _broken(name: str, what: str) -> PackError:
    again = (
        f"Run 'planner area delete {name}': it is made again when next opened"
        if name in SHIPPED
        else f"Import its map again, on the Areas page or by 'planner area import FILE --name {name}'"
    )
    return PackError(f"the pack of area '{name}' {what}", again)


def _not_found(name: str) -> AreaNotFoundError:
    known = ", ".join(entry.name for entry in list_areas())
    return AreaNotFoundError(
        f"there is no area '{name}' here", f"Choose one of {known}, or import it with 'planner area import'"
    )
