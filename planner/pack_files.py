"""The files of a pack, byte for byte: streets and shortcuts as arrays, tables as GeoParquet, their digests.

Arrays lie uncompressed in a zip, each at a multiple of 64 bytes: numpy opens the file as an ``.npz``, and
this program uses the arrays where they lie, without a copy. That a file is what was written is told by the
digests of its stretches (:func:`digests_of`, :func:`is_whole`); which pack it belongs to, and what to say of
a broken one, is for :mod:`planner.packs` to know.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import mmap
import os
import struct
import tempfile
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.doctrine import Travelling
from planner.geo import Frame
from planner.memory import give_back
from planner.streets.contraction import Kept
from planner.streets.driving_side import DrivingSide
from planner.streets.network import StreetNetwork
from planner.streets.search import BARRED
from planner.streets.turns import KeptTurns, to_keep
from planner.streets.unread import UnreadRules
from planner.streets.weighing import MOST_WEIGHED
from planner.table import Table

NOT_UNDERSTOOD = (
    *(KeyError, TypeError, ValueError, struct.error),
    *(OverflowError, RecursionError),  # a number beyond all that fit, names in lists in lists without end
    *(zipfile.BadZipFile, pa.ArrowException, shapely.errors.ShapelyError),
)
"""What reading raises of a file that is not what this module writes."""

_ORDER = "order"  # of contraction, among the arrays of the streets
_SIDE = "driving_side"  # with its votes, among the arrays of the streets
_TURNS = "turns_"  # begins the names of arrays of turns between the streets, among theirs
_UNREAD = "unread_"  # begins the names of arrays of rules that are not planned with
_SHAPES = "geometry"  # the column of a table
_MOST_PACKED = 100  # times: real shapes, none like another, are packed to a third at best
_STRETCH_BYTES = 16 << 20  # of a file, with a digest of its own
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_ZIP_HEAD_BYTES = 30  # of a member, before its name
_ZIP_PADDING = 0xD935  # the id by which others too pad entries to a boundary
_ALIGN_BYTES = 64
_NPY_HEAD_BYTES = 1024
_POINT, _POLYGON, _MULTI = 1, 3, 3  # types of WKB; that of many of a type is three more
_WKB_HEAD_BYTES, _XY_BYTES = 5, 16
_WKB_HEADS = {
    struct.pack(f"{order}BI", order == "<", kind): (order, kind)
    for order in "<>"
    for kind in range(_POINT, _POLYGON + _MULTI + 1)
}
_WKB_HEADS_OF_MANY = [head for head, (_, kind) in _WKB_HEADS.items() if kind > _MULTI]


# --- streets --------------------------------------------------------------------------------------


def write_streets(network: StreetNetwork, unread: UnreadRules | None, file: BinaryIO) -> None:
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


def read_streets(content: mmap.mmap) -> tuple[StreetNetwork, UnreadRules | None]:
    """Return streets and the rules that are not planned with; None for these in files from before them."""
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


# --- shortcuts ------------------------------------------------------------------------------------


def write_shortcuts(network: StreetNetwork, travelling: Travelling, file: BinaryIO, folder: Path) -> None:
    """Write shortcuts and what they weigh for ambulances by a doctrine, with room in a folder on the way.

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

        def let_written_go() -> None:
            for content in (written, room):
                let_go(content)

        weight = np.frombuffer(room, dtype=np.uint32)
        weights = network.weigh_shortcuts(Kept(**_arrays_in(written)), travelling, weight, let_written_go)
        _add_arrays({name: (rows,) for name, rows in weights._asdict().items()}, file, let_written_go)


def read_shortcuts(content: mmap.mmap) -> Kept:
    """Return shortcuts, with what they weigh where that was kept."""
    return Kept(**_arrays_in(content))


def _on_disk(folder: Path, count: int) -> mmap.mmap:
    """Give room on disk for what so many shortcuts weigh, all barred; it goes when nobody uses it."""
    with tempfile.TemporaryFile(dir=folder) as file:
        for begin in range(0, count, _STRETCH_BYTES // 4):  # written, not promised: a full disk says so here
            file.write(np.full(min(_STRETCH_BYTES // 4, count - begin), BARRED, dtype=np.uint32).data)
        file.flush()
        return mmap.mmap(file.fileno(), 4 * count)


# --- tables ---------------------------------------------------------------------------------------


def write_table(table: Table, frame: Frame, file: BinaryIO) -> None:
    """Write a table as GeoParquet, which other programs open too."""
    shape = pa.array(table.wkb(), type=pa.binary())
    written = pa.table({**{name: _array(values) for name, values in table.columns.items()}, _SHAPES: shape})
    geometry = {"encoding": "WKB", "geometry_types": [], "crs": frame.crs.to_json_dict()}
    about = {"version": "1.0.0", "primary_column": _SHAPES, "columns": {_SHAPES: geometry}}
    pq.write_table(written.replace_schema_metadata({"geo": json.dumps(about)}), file, compression="zstd")


def _array(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, type=pa.string() if values.dtype == object else None)


def read_table(
    content: mmap.mmap,
    understood: Callable[[], AbstractContextManager[None]] = nullcontext,
    *,
    from_elsewhere: bool = False,
) -> Table:
    """Read a table; its shapes, most of the work, when they are first asked for.

    They are read within ``understood``, which says whose file it is that cannot be understood. Of a file from
    elsewhere it is looked first whether they fit into memory.
    """
    told = pq.read_metadata(_buffer(content))
    schema = told.schema.to_arrow_schema()
    if not pa.types.is_binary(schema.field(_SHAPES).type):
        raise ValueError("a table without its shapes")
    if told.num_rows > len(content):  # of a real row the number and the corners alone are more than a byte
        raise ValueError("more rows than bytes")
    if from_elsewhere:
        _check_room_of_shapes(content)
    columns = [column for column in schema.names if column != _SHAPES]
    # Each text once, as it lies in the file.
    with pq.ParquetFile(_buffer(content), metadata=told, read_dictionary=columns) as file:
        table = file.read(columns, use_threads=False)

    def read_shapes() -> NDArray[np.object_]:
        with understood():
            return _shapes_in(content)

    values = {column: _values(table.column(column)) for column in columns}
    return Table.with_shapes_later(values, told.num_rows, read_shapes)


def _check_room_of_shapes(content: mmap.mmap) -> None:
    """Refuse shapes that are many times larger than their file: one large one, again in each row.

    Each is read once for this, however many rows have it, which takes longer than to read them as they come.
    """
    with pq.ParquetFile(_buffer(content), read_dictionary=[_SHAPES]) as file:
        parts = file.read([_SHAPES], use_threads=False).column(_SHAPES).chunks
    sizes = (pc.sum(pc.binary_length(part.dictionary).take(part.indices)).as_py() or 0 for part in parts)
    if sum(sizes) > _MOST_PACKED * len(content):
        raise ValueError("shapes many times larger than their file")


def _shapes_in(content: mmap.mmap) -> NDArray[np.object_]:
    with pq.ParquetFile(_buffer(content)) as file:
        wkb = file.read([_SHAPES], use_threads=False).column(_SHAPES)
    if wkb.null_count:
        raise ValueError("a row without its shape")
    return shapes_of(wkb)


def shapes_of(wkb: pa.Array | pa.ChunkedArray) -> NDArray[np.object_]:
    """Make shapes of WKB that lies in a pack: points, lines and polygons, one or many of a kind.

    GEOS reads what is within a shape by calling itself, before it asks whether it may be there: shapes within
    shapes, some ten thousand deep, end the process. This program writes none, so none is given to it.

    Raises
    ------
    ValueError
        If one is of another form.
    struct.error, shapely.errors.ShapelyError
        If one is cut off.
    """
    told = np.array(wkb.to_pylist(), dtype=object)
    heads = pc.dictionary_encode(pc.binary_slice(wkb, 0, _WKB_HEAD_BYTES))
    first = 0
    # Arrow's own look-up of values takes an array or a value made by it, for which it loads pandas.
    for part in heads.chunks if isinstance(heads, pa.ChunkedArray) else (heads,):
        named = part.dictionary.to_pylist()
        if not _WKB_HEADS.keys() >= set(named):
            raise ValueError("a shape of a form that no pack has")
        of_many = [code for code, head in enumerate(named) if head in _WKB_HEADS_OF_MANY]
        rows = first + np.flatnonzero(np.isin(np.from_dlpack(part.indices), of_many))
        for shape in told[rows]:
            _check_parts(shape)
        first += len(part)
    return np.asarray(shapely.from_wkb(told), dtype=object)


def shape_of(wkb: bytes) -> BaseGeometry:
    """Make one shape of WKB, as :func:`shapes_of` does of many."""
    if wkb[:_WKB_HEAD_BYTES] not in _WKB_HEADS:
        raise ValueError("a shape of a form that no pack has")
    if wkb[:_WKB_HEAD_BYTES] in _WKB_HEADS_OF_MANY:
        _check_parts(wkb)
    return shapely.from_wkb(wkb)


def _check_parts(wkb: bytes) -> None:
    """Refuse a shape of many parts if one is not of the kind that the whole says."""
    order, whole = _WKB_HEADS[wkb[:_WKB_HEAD_BYTES]]
    (parts,) = struct.unpack_from(f"{order}I", wkb, _WKB_HEAD_BYTES)
    at = _WKB_HEAD_BYTES + 4
    for _ in range(parts):
        order, kind = _WKB_HEADS.get(wkb[at : at + _WKB_HEAD_BYTES], ("<", 0))
        if kind != whole - _MULTI:
            raise ValueError("a shape whose parts are of another kind")
        at += _WKB_HEAD_BYTES
        if kind == _POINT:
            at += _XY_BYTES
            continue
        lines = 1
        if kind == _POLYGON:
            (lines,) = struct.unpack_from(f"{order}I", wkb, at)
            at += 4
        for _ in range(lines):
            (corners,) = struct.unpack_from(f"{order}I", wkb, at)
            at += 4 + _XY_BYTES * corners


def _buffer(content: mmap.mmap) -> pa.BufferReader:
    return pa.BufferReader(pa.py_buffer(content))


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


# --- arrays where they lie in a file --------------------------------------------------------------


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


# --- stretches of a file --------------------------------------------------------------------------


def digests_of(file: Path) -> tuple[list[str], int]:
    """Return the digests of a file's stretches, and how many bytes it has."""
    with file.open("rb") as written:
        digests = [_digest(stretch) for stretch in iter(lambda: written.read(_STRETCH_BYTES), b"")]
        return digests, written.tell()


def is_whole(content: mmap.mmap, digests: object) -> bool:
    """Whether a file is what was written; several of its stretches are looked at at once."""

    def digest(at: int) -> str:
        with memoryview(content) as view, view[at : at + _STRETCH_BYTES] as stretch:
            return _digest(stretch)

    begins = range(0, len(content), _STRETCH_BYTES)
    with ThreadPoolExecutor(min(len(begins), os.cpu_count() or 1), thread_name_prefix="digest") as pool:
        return list(pool.map(digest, begins)) == digests


def _digest(stretch: bytes | memoryview) -> str:
    return hashlib.sha256(stretch).hexdigest()


def to_disk(file: BinaryIO) -> None:
    """Wait till what was written to a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def let_go(content: mmap.mmap) -> None:
    """Let what is mapped of a file go out of this process's memory till it is needed again."""
    if hasattr(content, "madvise"):
        content.madvise(mmap.MADV_DONTNEED)
