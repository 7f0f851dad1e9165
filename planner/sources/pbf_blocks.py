"""The blocks of a .osm.pbf file, looked at before osmium reads them: where they lie, their texts, and ids.

osmium takes a text for ended at its first NUL, and reads what follows as texts of their own, past the end of
them all, which ends the whole process. It keeps no places for nodes with ids below zero, as editors give to
what is new, and leaves out without a word what is drawn through them. A PBF file keeps the texts of each
block first and together, and after them the ids of its nodes (wiki.openstreetmap.org/wiki/PBF_Format), so
only these are unpacked here: a fraction of the time that reading takes. What is no PBF is left for osmium
to tell.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from planner.errors import SourceError

_MOST_HEAD_BYTES, _MOST_BLOB_BYTES = 64 << 10, 32 << 20  # those of the format
_BEGIN_BYTES = 64  # of a block: enough for the head of its table of texts
_MORE = 0x80  # the bit of a number's byte that says that more comes
_VARINT, _FIXED_64, _TEXT, _FIXED_32 = 0, 1, 2, 5  # how a field is written
_TYPE, _SIZE = 1, 3  # fields of a blob's head
_RAW, _RAW_SIZE, _ZLIB, _LZMA, _LZ4 = 1, 2, 3, 4, 6  # of a blob
_TEXTS = 1  # of a block: its table; and of the table: each text
# The first fields of a block, of a group of it, of nodes kept together and of one node.
_TABLE_KEY, _GROUP_KEY, _NODES_KEY, _NODE_KEY, _IDS_KEY, _ID_KEY = 0x0A, 0x12, 0x12, 0x0A, 0x0A, 0x08
_WAY_KEY, _RELATION_KEY = 0x1A, 0x22  # of a group: a way, a relation
_KINDS = {_NODE_KEY: 0, _NODES_KEY: 0, _WAY_KEY: 1, _RELATION_KEY: 2}
_SIGN, _WRAP = 1 << 63, 1 << 64
_NO_TEXT = b"\x0a\x00"  # as the first text of a table must be


DATA = b"OSMData"
"""The kind of a block that holds objects."""
Key = tuple[int, bool, int]
"""Of an object: kind (nodes, ways, relations), whether its id is not below zero, its id without its sign.
Objects stand in the order of these in a file that is in order."""


class Block(NamedTuple):
    """A part of a file: its kind, where it lies, how large it is unpacked, and itself, packed."""

    kind: bytes
    begin: int
    end: int
    size: int
    blob: bytes


def blocks(path: Path) -> Iterator[Block]:
    """Yield the parts of a file.

    Raises
    ------
    ValueError
        If something else stands in it.
    """
    with path.open("rb") as file:
        begin = 0
        for kind, blob in _blobs(file):
            parts, end = dict(_fields(blob)), file.tell()
            size, raw = parts.get(_RAW_SIZE), parts.get(_RAW, b"")
            yield Block(kind, begin, end, size if isinstance(size, int) else len(bytes(raw)), blob)
            begin = end
        if begin != file.seek(0, SEEK_END):
            raise ValueError(f"{path.name} is no PBF file from byte {begin} on")


def first_object(block: Block) -> Key:
    """Return the key of the first object of a block as osmium writes it: texts first, then one group.

    Raises
    ------
    ValueError
        If it is no such block.
    """
    raw = dict(_fields(block.blob)).get(_RAW)
    content = raw if isinstance(raw, bytes) else b""
    unpacked = _Unpacked(_unpacked_raw(content, None))
    try:
        _, _, at = unpacked.head(0)
        _, at, _ = unpacked.head(at)
        form, at, _ = unpacked.head(at)
        kind = _KINDS[form]
        if form == _NODES_KEY:
            _, at, _ = unpacked.head(at)
        else:
            at += 1  # the id is the first field of each
        ident, _ = _varint(content, at)
    except (IndexError, KeyError) as error:
        raise ValueError("a block without an object") from error
    if kind == 0:
        ident = (ident >> 1) ^ -(ident & 1)
    elif ident >= _SIGN:
        ident -= _WRAP
    return kind, ident >= 0, abs(ident)


def has_new_nodes(path: Path) -> bool:
    """Whether nodes of a file have ids below zero; a file with a NUL in a text is refused.

    Raises
    ------
    SourceError
    """
    found = False
    with path.open("rb") as file:
        for kind, blob in _blobs(file):
            table, ids = _table_and_ids(blob) if kind == DATA else (b"", b"")
            if _has_nul(table):
                raise SourceError(
                    f"{path.name} has a text with a NUL in it, which no map has",
                    "Download the extract again, or have who made it take the NUL out",
                )
            found = found or _is_below_zero(ids)
    return found


def _is_below_zero(ids: bytes) -> bool:
    """Whether some numbers, each told by its difference to the one before, are below zero.

    Their signs are their lowest bits: where all differences are above zero, no more has to be read.
    """
    told = np.frombuffer(ids, dtype=np.uint8)
    begins = np.flatnonzero(np.concatenate([[True], told[:-1] < _MORE])[: len(told)])
    if not (told[begins] & 1).any():
        return False
    total, at = 0, 0
    try:
        while at < len(ids):
            number, at = _varint(ids, at)
            total += (number >> 1) ^ -(number & 1)
            if total < 0:
                return True
    except IndexError:  # broken: osmium will say so
        pass
    return False


def _has_nul(table: bytes) -> bool:
    begin = 0
    while table.startswith(_NO_TEXT, begin):  # one in all files, two in those that osmium wrote
        begin += len(_NO_TEXT)
    if table.find(0, begin) < 0:  # the quick look, which nearly always is enough
        return False
    return any(field == _TEXTS and 0 in text for field, text in _fields(table) if isinstance(text, bytes))


def _blobs(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind of each part of a file, and the part; end where it is none."""
    while len(told := file.read(4)) == 4 and int.from_bytes(told) <= _MOST_HEAD_BYTES:
        head = dict(_fields(file.read(int.from_bytes(told))))
        kind, size = head.get(_TYPE), head.get(_SIZE)
        if not isinstance(kind, bytes) or not isinstance(size, int) or size > _MOST_BLOB_BYTES:
            return
        yield kind, file.read(size)


def _table_and_ids(blob: bytes) -> tuple[bytes, bytes]:
    """Return the table of texts of a block and the ids of its nodes, b"" where there is none to be read."""
    parts = dict(_fields(blob))
    for field, unpacker in _UNPACKERS.items():
        packed = parts.get(field)
        if isinstance(packed, bytes):
            try:
                return _read_begin(_Unpacked(unpacker(packed, parts.get(_RAW_SIZE))))
            except (zlib.error, lzma.LZMAError, OSError, ValueError):
                return b"", b""
    return b"", b""


class _Unpacked:
    """A block, of which no more is unpacked than is asked for."""

    def __init__(self, unpack: Callable[[int], bytes]) -> None:
        self._unpack = unpack
        self._known = b""

    def until(self, end: int) -> bytes:
        """Return the block to an end, or all of it."""
        end = min(end, _MOST_BLOB_BYTES)
        if len(self._known) < end:
            self._known += self._unpack(end - len(self._known))
        return self._known[:end]

    def head(self, at: int) -> tuple[int, int, int]:
        """Return the key of the field at a place, where its content begins and where that ends."""
        begin = self.until(at + _BEGIN_BYTES)
        size, first = _varint(begin, at + 1)
        return begin[at], first, first + size


def _read_begin(block: _Unpacked) -> tuple[bytes, bytes]:
    try:
        key, at, end = block.head(0)
        if key == _TABLE_KEY:  # it comes first, as in all files there are
            return block.until(end)[at:end], _read_ids(block, end)
    except IndexError:
        pass
    whole = block.until(_MOST_BLOB_BYTES)
    tables = (table for field, table in _fields(whole) if field == _TEXTS and isinstance(table, bytes))
    return b"".join(tables), b""


def _read_ids(block: _Unpacked, at: int) -> bytes:
    """Return the ids of the nodes of the group at a place; of nodes kept one by one the first."""
    with suppress(IndexError):  # no group, or one without nodes
        key, at, _ = block.head(at)
        if key != _GROUP_KEY:
            return b""
        key, at, _ = block.head(at)
        if key == _NODE_KEY and block.until(at + 1)[at] == _ID_KEY:
            _, end = _varint(block.until(at + _BEGIN_BYTES), at + 1)
            return block.until(end)[at + 1 :]
        if key == _NODES_KEY:
            key, at, end = block.head(at)
            return block.until(end)[at:] if key == _IDS_KEY else b""
    return b""


def _unpacked_raw(packed: bytes, _size: object) -> Callable[[int], bytes]:
    rest = iter([packed])
    return lambda _most: next(rest, b"")


def _unpacked_zlib(packed: bytes, _size: object) -> Callable[[int], bytes]:
    unpacker, rest = zlib.decompressobj(), [packed]

    def unpacked(most: int) -> bytes:
        if most <= 0:
            return b""
        got = unpacker.decompress(rest.pop(), most)
        rest.append(unpacker.unconsumed_tail)
        return got

    return unpacked


def _unpacked_lzma(packed: bytes, _size: object) -> Callable[[int], bytes]:
    return _unpacked_raw(lzma.LZMADecompressor().decompress(packed, _MOST_BLOB_BYTES), _size)


def _unpacked_lz4(packed: bytes, size: object) -> Callable[[int], bytes]:
    import pyarrow as pa  # hardly any file is packed like this

    if not isinstance(size, int) or size > _MOST_BLOB_BYTES:
        return _unpacked_raw(b"", size)
    return _unpacked_raw(pa.decompress(packed, size, codec="lz4_raw", asbytes=True), size)


_UNPACKERS: dict[int, Callable[[bytes, object], Callable[[int], bytes]]] = {
    _RAW: _unpacked_raw,
    _ZLIB: _unpacked_zlib,
    _LZMA: _unpacked_lzma,
    _LZ4: _unpacked_lz4,
}


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message with their values; end where it is none."""
    at = 0
    try:
        while at < len(message):
            key, at = _varint(message, at)
            field, form = key >> 3, key & 7
            if form == _VARINT:
                value, at = _varint(message, at)
                yield field, value
                continue
            if form == _TEXT:
                size, at = _varint(message, at)
            elif form in (_FIXED_32, _FIXED_64):
                size = 4 if form == _FIXED_32 else 8
            else:
                return
            if form == _TEXT:
                yield field, message[at : at + size]
            at += size
    except IndexError:  # a number without an end
        return


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number at a place, seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < _MORE:
            return value, at
    raise IndexError
