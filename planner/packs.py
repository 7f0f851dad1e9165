"""Area packs on disk: what an area is between two starts of the program.

A pack is a folder ``PLANNER_HOME/areas/NAME`` with a ``manifest.json`` that names its other files by content:
``streets-<sha>.npz`` (uncompressed arrays, used where they lie in the file) and ``buildings``, ``places``,
``obstacles`` as GeoParquet in the area's frame. New files are written beside the old, the manifest is
replaced last, in one step: whoever opens the pack sees the old area whole or the new one whole, also after a
crash. Every byte is checked against the manifest, and the manifest against itself.

The shipped areas are imported from the program's ``data`` folder when they are first opened, and again when
that file, the pack's schema or the code that reads maps has changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import logging
import math
import mmap
import os
import re
import shutil
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner import settings
from planner.area import Area
from planner.doctrine import Doctrine, read_doctrine
from planner.errors import AreaNotFoundError, PackError, PlannerError
from planner.geo import Frame, LonLat
from planner.ground.coverage import count_contents
from planner.memory import give_back
from planner.streets.contraction import Kept
from planner.streets.driving_side import DrivingSide
from planner.streets.network import StreetNetwork
from planner.streets.search import BARRED
from planner.streets.turns import KeptTurns, to_keep
from planner.streets.unread import UnreadRules
from planner.streets.weighing import MOST_WEIGHED
from planner.table import Table

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
    *("stretches", "ordering", "pbf"),
)
_STREETS = "streets"
_SHORTCUTS = "shortcuts"  # of the contraction hierarchy: read once a way is asked for
_ORDER = "order"  # of contraction, among the arrays of the streets
_SIDE = "driving_side"  # with its votes, among the arrays of the streets
_TURNS = "turns_"  # begins the names of arrays of turns between the streets, among theirs
_UNREAD = "unread_"  # begins the names of arrays of rules that are not planned with
_SHAPES = "geometry"  # the column of a table
_STAGING = ".new-"
_SHARE_READ = 0.75  # of the progress of an import
_STRETCH_BYTES = 16 << 20  # of a file, with a digest of its own
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP_HEAD_BYTES = 30  # of a member, before its name
_ZIP_PADDING = 0xD935  # the id by which others too pad entries to a boundary
_ALIGN_BYTES = 64
_NPY_HEAD_BYTES = 1024
_NOT_UNDERSTOOD = (
    *(KeyError, TypeError, ValueError, struct.error),
    *(zipfile.BadZipFile, pa.ArrowException, shapely.errors.ShapelyError),
)


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


def _write_table(table: Table, frame: Frame, file: BinaryIO) -> None:
    """Write a table as GeoParquet, which other programs open too."""
    shape = pa.array(table.wkb(), type=pa.binary())
    written = pa.table({**{name: _array(values) for name, values in table.columns.items()}, _SHAPES: shape})
    geometry = {"encoding": "WKB", "geometry_types": [], "crs": frame.crs.to_json_dict()}
    about = {"version": "1.0.0", "primary_column": _SHAPES, "columns": {_SHAPES: geometry}}
    pq.write_table(written.replace_schema_metadata({"geo": json.dumps(about)}), file, compression="zstd")


def _array(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, type=pa.string() if values.dtype == object else None)


def _write_streets(network: StreetNetwork, unread: UnreadRules | None, file: BinaryIO) -> None:
    """Write streets as uncompressed arrays, one at a time: of a metro they are 200 megabytes."""
    order = network.order if network.order is not None else network.find_order()
    if order is not None:
        network.use_order(order)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for entry in fields(network):
            value = getattr(network, entry.name)
            if entry.name == "names":
                value = np.frombuffer(json.dumps(value).encode("ascii"), dtype=np.uint8)
            _write_array(entry.name, value, archive, file)
        if order is not None:
            _write_array(_ORDER, order, archive, file)
            _write_array(_SIDE, np.array(network.driving_side, dtype=np.int64), archive, file)
            for name, rows in to_keep(network.turns)._asdict().items():
                _write_array(_TURNS + name, rows, archive, file)
        for entry in fields(UnreadRules) if unread is not None else ():
            _write_array(_UNREAD + entry.name, getattr(unread, entry.name), archive, file)


def _write_shortcuts(network: StreetNetwork, file: BinaryIO, folder: Path) -> None:
    """Write shortcuts and what they weigh for ambulances by the doctrine that comes with the program.

    They are written first and weighed where they lie in the file: found and weighed, those of a metro would
    take more memory than all else of an import.
    """
    found = network.find_shortcuts()
    if isinstance(found, Kept):
        _add_arrays({name: (rows,) for name, rows in found._asdict().items()}, file)
        return
    _add_arrays({"parent": (found.parent,), "start": (found.start,), "far": (found.up, found.down)}, file)
    count = len(found.up) + len(found.down)
    del found
    give_back()
    if 0 < count <= MOST_WEIGHED:
        file.flush()
        written, room = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), _on_disk(folder, count)

        def let_go() -> None:
            for content in (written, room):
                _let_go(content)

        weight = np.frombuffer(room, dtype=np.uint32)
        kept, travelling = Kept(**_arrays_in(written)), shipped_doctrine().travelling
        weights = network.weigh_shortcuts(kept, travelling, weight, let_go)
        _add_arrays({name: (rows,) for name, rows in weights._asdict().items()}, file, let_go)


def _on_disk(folder: Path, count: int) -> mmap.mmap:
    """Give room on disk for what so many shortcuts weigh, all barred; it goes when nobody uses it."""
    with tempfile.TemporaryFile(dir=folder) as file:
        for begin in range(0, count, _STRETCH_BYTES // 4):  # written, not promised: a full disk says so here
            file.write(np.full(min(_STRETCH_BYTES // 4, count - begin), BARRED, dtype=np.uint32).data)
        file.flush()
        return mmap.mmap(file.fileno(), 4 * count)


def _let_go(content: mmap.mmap) -> None:
    """Let what is mapped of a file go out of this process's memory till it is needed again."""
    if hasattr(content, "madvise"):
        content.madvise(mmap.MADV_DONTNEED)


def _add_arrays(
    arrays: dict[str, tuple[NDArray[Any], ...]], file: BinaryIO, let_go: Callable[[], None] = lambda: None
) -> None:
    """Write arrays behind those that a file has, each of rows that lie one after the other."""
    with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, rows in arrays.items():
            _write_array(name, rows[0], archive, file, *rows[1:], let_go=let_go)


def _write_array(
    name: str,
    value: NDArray[Any],
    archive: zipfile.ZipFile,
    file: BinaryIO,
    *more: NDArray[Any],
    let_go: Callable[[], None] = lambda: None,
) -> None:
    """Write an array uncompressed, further rows of it after the first ones; ``let_go`` after each stretch."""
    entry = _aligned(f"{name}.npy", file.tell())
    size = value.nbytes + sum(rows.nbytes for rows in more)
    entry.file_size = size + _NPY_HEAD_BYTES  # at the most: beyond 2 GB its head takes another form
    shape = (len(value) + sum(map(len, more)), *value.shape[1:])
    with archive.open(entry, "w") as member:
        head = np.lib.format.header_data_from_array_1_0(value) | {"fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, head)
        for rows in (value, *more):
            plain = np.ascontiguousarray(rows).data.cast("B") if rows.size else memoryview(b"")
            for at in range(0, len(plain), _STRETCH_BYTES):
                member.write(plain[at : at + _STRETCH_BYTES])
                let_go()


def _aligned(name: str, offset: int) -> zipfile.ZipInfo:
    """Return a zip entry padded so that its array lies at a multiple of 64 bytes: readable where it lies."""
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    start = offset + _ZIP_HEAD_BYTES + len(name.encode()) + 4  # the extra field has a head of four bytes
    entry.extra = struct.pack("<HH", _ZIP_PADDING, -start % _ALIGN_BYTES) + bytes(-start % _ALIGN_BYTES)
    return entry


def _place(staging: Path, folder: Path, part: str, area: Area) -> dict[str, Any]:
    """Put a file into the pack under the name of its content; returns its entry in the manifest."""
    staged = staging / part
    with staged.open("w+b") as file:
        if part == _STREETS:
            _write_streets(area.network, area.unread, file)
        elif part == _SHORTCUTS:
            _write_shortcuts(area.network, file, staging)
        else:
            _write_table(getattr(area, part), area.frame, file)
        _to_disk(file)
    pa.default_memory_pool().release_unused()
    give_back()
    with staged.open("rb") as written:
        digests = [_digest(stretch) for stretch in iter(lambda: written.read(_STRETCH_BYTES), b"")]
        size = written.tell()
    sha = hashlib.sha256("".join(digests).encode()).hexdigest()
    name = f"{part}-{sha[:16]}.{'parquet' if part in TABLES else 'npz'}"
    staged.replace(folder / name)
    return {"file": name, "bytes": size, "sha256": digests}


def _digest(stretch: bytes | memoryview) -> str:
    return hashlib.sha256(stretch).hexdigest()


def _is_whole(content: mmap.mmap, digests: object) -> bool:
    """Whether a file is what was written; several of its stretches are looked at at once."""

    def digest(at: int) -> str:
        with memoryview(content) as view, view[at : at + _STRETCH_BYTES] as stretch:
            return _digest(stretch)

    begins = range(0, len(content), _STRETCH_BYTES)
    with ThreadPoolExecutor(min(len(begins), os.cpu_count() or 1), thread_name_prefix="digest") as pool:
        return list(pool.map(digest, begins)) == digests


def _replace(staged: Path, target: Path, content: bytes) -> None:
    """Write beside, then rename: the target is the old file or the new one, never a part."""
    with staged.open("wb") as file:
        file.write(content)
        _to_disk(file)
    staged.replace(target)


def _to_disk(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


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
            part: pool.submit(_read_part, name, manifest, part, place, partial(_read_table, name))
            for part in TABLES
        }
        network, unread = _read_part(name, manifest, _STREETS, place, _read_streets)
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
        return shapely.from_geojson(json.dumps(told))
    return None if told is None else shapely.from_wkb(str(told))


def _read_part(
    name: str, manifest: dict[str, Any], part: str, folder: Path, read: Callable[[mmap.mmap], _T]
) -> _T:
    """Read one file of a pack, if it is what was written."""
    content = _checked_bytes(name, manifest, part, folder)
    with _understood(name):
        found = read(content)
    _let_go(content)  # of a metro, no plan needs more than a part
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
    except _NOT_UNDERSTOOD as error:
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
    if not _is_whole(content, digests):
        raise _broken(name, f"is damaged: {file} is not what was written")
    return content


def _read_streets(content: mmap.mmap) -> tuple[StreetNetwork, UnreadRules | None]:
    values: dict[str, Any] = _arrays_in(content)
    values["names"] = tuple(json.loads(values["names"].tobytes()))
    network = StreetNetwork(**{entry.name: values[entry.name] for entry in fields(StreetNetwork)})
    if _ORDER in values:
        network.use_order(_checked_order(values[_ORDER], network.edge_count))
    if _SIDE in values:
        left, votes_left, votes_right = values[_SIDE].tolist()
        network.drives_on(DrivingSide(bool(left), votes_left, votes_right))
        if all(_TURNS + name in values for name in KeptTurns._fields):  # not in packs written before
            network.keep_turns(KeptTurns(*(values[_TURNS + name] for name in KeptTurns._fields)))
    names = [entry.name for entry in fields(UnreadRules)]
    if not any(_UNREAD + name in values for name in names):  # a pack written before they were told
        return network, None
    return network, UnreadRules(**{name: values[_UNREAD + name] for name in names})


def _checked_order(order: NDArray[Any], count: int) -> NDArray[np.uint32]:
    """Return an order whose searches stay within the streets' arrays."""
    if order.dtype != np.uint32 or order.shape not in ((count,), (2 * count,)) or order.max() >= len(order):
        raise ValueError("an order of other streets")
    return order


def _read_shortcuts(name: str, manifest: dict[str, Any], folder: Path) -> Kept | None:
    """Read the shortcuts of a pack; None where they are lost or damaged, for they can be found anew."""
    try:
        return _read_part(name, manifest, _SHORTCUTS, folder, lambda content: Kept(**_arrays_in(content)))
    except (PackError, FileNotFoundError) as error:
        _LOG.warning("the shortcuts of %s are found anew, which takes some seconds: %s", name, error)
        return None


def _arrays_in(content: mmap.mmap) -> dict[str, NDArray[Any]]:
    """Return the arrays of an uncompressed npz where they lie, without a copy.

    What zip would check byte by byte has been checked by its digest.
    """
    arrays = {}
    view = memoryview(content)
    with zipfile.ZipFile(cast("BinaryIO", content)) as archive:  # an mmap reads and seeks like a file
        entries = archive.infolist()
    for entry in entries:
        head = entry.header_offset
        name_bytes, extra_bytes = struct.unpack_from("<HH", content, head + _ZIP_HEAD_BYTES - 4)
        begin = head + _ZIP_HEAD_BYTES + name_bytes + extra_bytes
        arrays[entry.filename.removesuffix(".npy")] = _array_at(view[begin : begin + entry.file_size])
    return arrays


def _array_at(npy: memoryview) -> NDArray[Any]:
    head = io.BytesIO(npy[:_NPY_HEAD_BYTES])
    if np.lib.format.read_magic(head) != (1, 0):
        raise ValueError("an array of another version")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(head)
    count = math.prod(shape)
    if fortran or dtype.hasobject:
        raise ValueError("an array of another form")
    return np.frombuffer(npy, dtype=dtype, count=count, offset=head.tell()).reshape(shape)


def _read_table(name: str, content: mmap.mmap) -> Table:
    """Read a table; its shapes, most of the work, when they are first asked for."""
    told = pq.read_metadata(_buffer(content))
    schema = told.schema.to_arrow_schema()
    if not pa.types.is_binary(schema.field(_SHAPES).type):
        raise ValueError("a table without its shapes")
    columns = [column for column in schema.names if column != _SHAPES]
    # Each text once, as it lies in the file.
    with pq.ParquetFile(_buffer(content), metadata=told, read_dictionary=columns) as file:
        table = file.read(columns, use_threads=False)

    def read_shapes() -> NDArray[np.object_]:
        with _understood(name):
            return _shapes_in(content)

    values = {column: _values(table.column(column)) for column in columns}
    return Table.with_shapes_later(values, told.num_rows, read_shapes)


def _buffer(content: mmap.mmap) -> pa.BufferReader:
    return pa.BufferReader(pa.py_buffer(content))


def _shapes_in(content: mmap.mmap) -> NDArray[np.object_]:
    with pq.ParquetFile(_buffer(content)) as file:
        wkb = file.read([_SHAPES], use_threads=False).column(_SHAPES)
    if wkb.null_count:
        raise ValueError("a row without its shape")
    return np.asarray(shapely.from_wkb(np.array(wkb.to_pylist(), dtype=object)), dtype=object)


def _values(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column as numpy's; ``to_numpy`` and ``read_table`` would load pandas for nothing."""
    whole = column.combine_chunks()
    if pa.types.is_dictionary(whole.type):  # each text once, for all rows that have it
        texts = np.array([*whole.dictionary.to_pylist(), None], dtype=object)
        at = whole.indices
        rows = np.frombuffer(at.buffers()[1], dtype=np.int32)[at.offset : at.offset + len(at)]
        if at.null_count:
            rows = np.where(np.array(at.is_null().to_pylist(), dtype=bool), len(texts) - 1, rows)
        return np.asarray(texts[rows])
    if not (pa.types.is_floating(whole.type) or pa.types.is_integer(whole.type)):
        return np.array(whole.to_pylist(), dtype=object)
    if whole.null_count:
        return np.array(whole.to_pylist(), dtype=np.float64)
    return np.from_dlpack(whole)


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
