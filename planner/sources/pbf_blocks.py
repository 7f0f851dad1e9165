"""The texts of a .osm.pbf file, looked at before osmium reads them: a NUL in one ends the whole process.

osmium takes a text for ended at its first NUL, and reads what follows as texts of their own, past the end of
them all. A PBF file keeps the texts of each block first and together
(wiki.openstreetmap.org/wiki/PBF_Format), so only they are unpacked here: a fiftieth of the time that reading
takes. What is no PBF is left for osmium to tell.
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from planner.errors import SourceError

_MOST_HEAD_BYTES, _MOST_BLOB_BYTES = 64 << 10, 32 << 20  # those of the format
_BEGIN_BYTES = 64  # of a block: enough for the head of its table of texts
_MORE = 0x80  # the bit of a number's byte that says that more comes
_VARINT, _FIXED_64, _TEXT, _FIXED_32 = 0, 1, 2, 5  # how a field is written
_TYPE, _SIZE = 1, 3  # fields of a blob's head
_RAW, _RAW_SIZE, _ZLIB, _LZMA, _LZ4 = 1, 2, 3, 4, 6  # of a blob
_TEXTS = 1  # of a block: its table; and of the table: each text
_NO_TEXT = b"\x0a\x00"  # as the first text of a table must be


def check_texts(path: Path) -> None:
    """Refuse a file with a NUL in a text.

    Raises
    ------
    SourceError
    """
    with path.open("rb") as file:
        for kind, blob in _blobs(file):
            if kind == b"OSMData" and _has_nul(_table(blob)):
                raise SourceError(
                    f"{path.name} has a text with a NUL in it, which no map has",
                    "Download the extract again, or have who made it take the NUL out",
                )


def _has_nul(table: bytes) -> bool:
    if table.count(0) == table.startswith(_NO_TEXT):  # the quick look, which nearly always is enough
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


def _table(blob: bytes) -> bytes:
    """Return the table of texts of a block, b"" where there is none to be read."""
    parts = dict(_fields(blob))
    for field, unpacker in _UNPACKERS.items():
        packed = parts.get(field)
        if isinstance(packed, bytes):
            try:
                return _table_of(unpacker(packed, parts.get(_RAW_SIZE)))
            except (zlib.error, lzma.LZMAError, OSError, ValueError):
                return b""
    return b""


def _table_of(unpacked: Callable[[int], bytes]) -> bytes:
    begin = unpacked(_BEGIN_BYTES)
    if begin[:1] == b"\x0a":  # the table comes first, as in all files there are
        size, at = _varint(begin, 1)
        return (begin + unpacked(at + size - len(begin)))[at : at + size]
    whole = begin + unpacked(_MOST_BLOB_BYTES)
    tables = (table for field, table in _fields(whole) if field == _TEXTS and isinstance(table, bytes))
    return b"".join(tables)


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
