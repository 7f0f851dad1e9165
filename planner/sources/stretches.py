"""Files of any size put in the order that osmium reads, on disk, in bounded memory.

In memory an object takes ten times what it takes in its file. So a large file is put in order a stretch at a
time, each into a file of its own, and these are merged a span of ids at a time (an external merge sort,
Knuth, *The Art of Computer Programming* 3, 5.4): all by osmium, but for the objects in blocks that lie across
the ends of a span, which are asked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import osmium
import osmium.io

from planner.sources.pbf_blocks import DATA, Block, Key, blocks, first_object

ORDERED = "osh.pbf"
"""osmium's name of the format of what is put in order: it tells of each object whether it is deleted."""
UNPACKED = f"{ORDERED},pbf_compression=none"
"""The same for what is read again at once."""
Report = Callable[[float, str], None]

_PACKED = frozenset({"pbf", ORDERED})
_AT_ONCE_BYTES = 24 << 20
"""So much of unpacked blocks is put in order together, which takes some 300 MB."""
_PIECE = f"piece.{ORDERED}"
_FIRST, _LAST = (-1, False, 0), (3, False, 0)  # before and after all objects


class _Part(NamedTuple):
    """A block of a stretch that is in order: its first object, the next block's, and where it lies."""

    first: Key
    after: Key
    path: Path
    begin: int
    end: int


def put_in_order_on_disk(
    files: Sequence[tuple[Path, str]], ordered: Path, folder: Path, filters: Sequence[object], report: Report
) -> None:
    """Join files into one; of an object that comes twice the latest version is kept.

    Parameters
    ----------
    files : sequence
        Files and osmium's names of their formats; those that lie in the folder are deleted when done with.
    ordered : Path
        What is written, of format :data:`ORDERED`.
    folder : Path
        For what is needed meanwhile.
    filters : sequence
        osmium's, of what is left out.
    report : callable
        Told the share done and what is being done.

    Raises
    ------
    RuntimeError, ValueError
        If a file is broken.
    """
    total = sum(file.stat().st_size for file, _ in files)
    done, stretches = 0, list[Path]()
    for number, (file, kind) in enumerate(files):
        size = file.stat().st_size
        packed = _as_blocks(file, kind, folder / f"{number}.{ORDERED}")
        for share, content in _stretches(packed):
            report(0.5 * (done + share * size) / total, f"putting in order: part {len(stretches) + 1}")
            stretches.append(folder / f"stretch-{len(stretches)}.{ORDERED}")
            _write(_merging(folder / _PIECE, content), stretches[-1], UNPACKED, filters)
        done += size
        if packed.parent == folder:
            packed.unlink()
    parts = [part for path in stretches for part in _parts(path)]
    head = _head(stretches[0])
    with osmium.SimpleWriter(osmium.io.File(str(ordered), ORDERED)) as writer:
        spans = list(pairwise(_bounds(parts)))
        for number, (low, high) in enumerate(spans):
            report(0.5 + 0.5 * number / len(spans), f"joining the parts: {number + 1} of {len(spans)}")
            _merged(parts, head, low, high, folder).apply(writer, simplify=True)
    for path in stretches:
        path.unlink()


# --- stretches, each in order ---------------------------------------------------------------------


def _as_blocks(file: Path, kind: str, packed: Path) -> Path:
    """Return a file in blocks: itself, or a copy."""
    if kind in _PACKED:
        return file
    with osmium.SimpleWriter(osmium.io.File(str(packed), UNPACKED)) as writer:
        osmium.apply(osmium.io.File(str(file), kind), writer)
    return packed


def _stretches(path: Path) -> Iterator[tuple[float, bytes]]:
    """Yield a file a stretch at a time, each as a file of its own, with the share of what came before."""
    head, taken, size = b"", list[Block](), 0
    whole = path.stat().st_size
    for block in blocks(path):
        if block.kind != DATA:
            head = head or _bytes_of(path, block.begin, block.end)
            continue
        if taken and size + block.size > _AT_ONCE_BYTES:
            yield taken[0].begin / whole, head + _bytes_of(path, taken[0].begin, taken[-1].end)
            taken, size = [], 0
        taken.append(block)
        size += block.size
    begin, end = (taken[0].begin, taken[-1].end) if taken else (whole, whole)
    yield begin / whole, head + _bytes_of(path, begin, end)


def _bytes_of(path: Path, begin: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.read(end - begin)


def _merging(path: Path, *parts: bytes) -> Any:
    """Return what puts the objects of a file in order, once its parts are written to it."""
    # Not from memory: there osmium moves all that is left forward after each block.
    path.write_bytes(b"".join(parts))
    merge = osmium.MergeInputReader()
    merge.add_file(str(path))
    path.unlink()
    return merge


def _write(merge: Any, path: Path, kind: str, filters: Sequence[object], *, simplify: bool = True) -> None:
    with osmium.SimpleWriter(osmium.io.File(str(path), kind), overwrite=True) as writer:
        merge.apply(*filters, writer, simplify=simplify)


# --- merging them ---------------------------------------------------------------------------------


def _head(path: Path) -> bytes:
    first = next(blocks(path))
    return _bytes_of(path, first.begin, first.end)


def _parts(path: Path) -> Iterator[_Part]:
    """Yield the blocks of a stretch that is in order."""
    told = [(first_object(block), block.begin, block.end) for block in blocks(path) if block.kind == DATA]
    for (first, begin, end), (after, _, _) in pairwise([*told, (_LAST, 0, 0)]):
        yield _Part(first, after, path, begin, end)


def _bounds(parts: Sequence[_Part]) -> list[Key]:
    """Return where spans begin and end, so that each holds as much as is put in order at once."""
    bounds, size = [_FIRST], 0
    for part in sorted(parts):
        if size + part.end - part.begin > _AT_ONCE_BYTES and part.first > bounds[-1]:
            bounds.append(part.first)
            size = 0
        size += part.end - part.begin
    return [*bounds, _LAST]


def _merged(parts: Sequence[_Part], head: bytes, low: Key, high: Key, folder: Path) -> Any:
    """Return what lies within a span of all stretches, to be written in order."""
    within, across = [], []
    for part in parts:
        if low <= part.first and (part.after < high or high == _LAST):
            within.append(part)
        elif part.first < high and part.after >= low:
            across.append(part)
    piece = folder / _PIECE
    merge = _merging(piece, head, *(_bytes_of(p.path, p.begin, p.end) for p in within))
    if across:
        cut = folder / f"cut.{ORDERED}"
        both = _merging(piece, head, *(_bytes_of(p.path, p.begin, p.end) for p in across))
        _write(both, cut, UNPACKED, [_Beyond(low, high)], simplify=False)
        merge.add_file(str(cut))
        cut.unlink()
    return merge


class _Beyond:
    """A filter that takes out objects before or after a span."""

    def __init__(self, low: Key, high: Key) -> None:
        self._low, self._high = low, high

    def node(self, node: Any) -> bool:
        """Return whether a node is to be left out."""
        return self._lies_beyond(0, node.id)

    def way(self, way: Any) -> bool:
        """Return whether a way is."""
        return self._lies_beyond(1, way.id)

    def relation(self, relation: Any) -> bool:
        """Return whether a relation is."""
        return self._lies_beyond(2, relation.id)

    def _lies_beyond(self, kind: int, ident: int) -> bool:
        return not self._low <= (kind, ident >= 0, abs(ident)) < self._high
