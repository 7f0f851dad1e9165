"""Files of OpenStreetMap data put in the order that osmium reads: nodes, ways, relations, by id, each once.

Small ones in memory, others on disk (:mod:`planner.sources.stretches`).

Some Overpass answers have ways before their nodes, some joined extracts have ids in no order. What an editor
has saved (JOSM's own .osm files, wiki.openstreetmap.org/wiki/JOSM_file_format) gives new objects ids below
zero, for which osmium keeps no places, and marks what its user changed or deleted in a way of its own.
"""

from __future__ import annotations

import bz2
import gzip
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast
from xml.etree.ElementTree import ParseError

import defusedxml
import numpy as np
import osmium
import osmium.io
from defusedxml import ElementTree as SafeTree
from numpy.typing import NDArray

from planner.errors import SourceError
from planner.sources.stretches import ORDERED, Report, put_in_order_on_disk

_IN_MEMORY_BYTES = 24 << 20
"""Files that are no larger together are put in order in memory, which takes ten times as much."""
_ROOM = {"pbf": 4, "osm": 1, "osm.gz": 9, "osm.bz2": 9}
"""So many times the size of a file is written to put it in order: unpacked, in stretches, and joined."""
MAKE_ROOM = "Make room in {}, or name another folder in TMPDIR"

_Ids = NDArray[np.int64]
_AWAY = 1 << 60
"""Ids below zero are read as so much less their own: no id comes near, and an area's, twice it, has room."""
_EACH_FILE = 1 << 48  # of several files, each has its own objects below zero
_EDITORS = re.compile(rb"<osm[^>]*\b(generator=['\"]JOSM|upload=)")
_HEAD_BYTES = 4096
_BELOW_ZERO = (b' id="-', b" id='-")
_READ_BYTES, _OVERLAP_BYTES = 1 << 20, 8
_ACTIONS = frozenset({"delete", "modify"})
_KINDS = {"node": "n", "way": "w", "relation": "r"}
_OPENERS: dict[str, Any] = {"osm": open, "osm.gz": gzip.open, "osm.bz2": bz2.open}


def true_id(ident: int) -> int:
    """Return the id that an object has in its file, of that which it was put in order by."""
    return ident if ident < _AWAY else _AWAY - ident


def true_ids(ids: _Ids) -> _Ids:
    """Return the ids that objects have in their file."""
    return np.where(ids < _AWAY, ids, _AWAY - ids)


def check_room(needed_bytes: int) -> None:
    """Refuse what has no room on disk: osmium ends the whole process when it cannot write there."""
    folder = tempfile.gettempdir()
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise SourceError(
            f"reading takes {needed_bytes >> 20} MB in {folder}, and {free_bytes >> 20} MB are free",
            MAKE_ROOM.format(folder),
        )


def is_edited(path: Path, kind: str) -> bool:
    """Whether an editor saved a file: it marks changes in it, or has new objects with ids below zero."""
    if kind not in _OPENERS:
        return False
    try:
        with _OPENERS[kind](path, "rb") as file:
            end = file.read(_READ_BYTES)
            if _EDITORS.search(end[:_HEAD_BYTES]):
                return True
            while end:
                if any(told in end for told in _BELOW_ZERO):
                    return True
                more = file.read(_READ_BYTES)
                end = end[-_OVERLAP_BYTES:] + more if more else b""
    except (OSError, EOFError):  # broken: osmium will say so
        pass
    return False


def put_in_order(
    files: Sequence[Path],
    formats: Sequence[str],
    edited: Sequence[bool],
    folder: Path,
    report: Report,
    *filters: object,
) -> Path:
    """Join files into one in a folder; of an object that comes twice the latest version is kept.

    Parameters
    ----------
    files, formats : sequence
        And osmium's names of their formats.
    edited : sequence of bool
        Of each whether an editor has been at it: what its user changed or deleted is later than what others
        have of the same version.
    folder : Path
        For what is written.
    report : callable
        Told the share done and what is being done.
    *filters
        osmium's, of what is left out.

    Returns
    -------
    Path
        Of format :data:`ORDERED`.
    """
    sizes = [file.stat().st_size for file in files]
    check_room(sum(_ROOM[kind] * size for kind, size in zip(formats, sizes, strict=True)))
    report(0.0, "sorting the file" if len(files) == 1 else f"joining {len(files)} files")
    given = [
        (_rewritten(file, kind, number, folder), ORDERED) if edited[number] else (file, kind)
        for number, (file, kind) in enumerate(zip(files, formats, strict=True))
    ]
    ordered = folder / f"ordered.{ORDERED}"
    if sum(sizes) > _IN_MEMORY_BYTES:
        put_in_order_on_disk(given, ordered, folder, filters, report)
        return ordered
    merge = osmium.MergeInputReader()
    for file, _ in given:
        merge.add_file(str(file))
    with osmium.SimpleWriter(osmium.io.File(str(ordered), ORDERED)) as writer:
        merge.apply(*filters, writer, simplify=True)
    return ordered


class OnTheGlobe:
    """A filter that takes out nodes whose places are none: streets end before them."""

    def node(self, node: Any) -> bool:
        """Return whether a node is to be left out."""
        return not node.location.valid()


def _rewritten(path: Path, kind: str, number: int, folder: Path) -> Path:
    """Write a file with no id below zero, and what its user changed or deleted as versions of their own."""
    actions, away = _actions(path, kind), _AWAY + number * _EACH_FILE

    def above(ident: int) -> int:
        if ident <= -_EACH_FILE:
            raise SourceError(f"{path.name} has the id {ident}, which is none", "Use 'osmium renumber' first")
        return away - ident if ident < 0 else ident

    rewritten = folder / f"{number}.{ORDERED}"
    with osmium.SimpleWriter(osmium.io.File(str(rewritten), ORDERED)) as writer:
        things: Any = osmium.FileProcessor(osmium.io.File(str(path), kind))
        for thing in things:
            action = actions.get((thing.type_str(), thing.id), "")
            told = {
                "id": above(thing.id),
                "version": thing.version + bool(action),
                "visible": thing.visible and action != "delete",
            }
            if thing.is_way():
                told["nodes"] = [above(node.ref) for node in thing.nodes]
            elif thing.is_relation():
                told["members"] = [(m.type, above(m.ref), m.role) for m in thing.members]
            writer.add(thing.replace(**told))
    return rewritten


def _actions(path: Path, kind: str) -> dict[tuple[str, int], str]:
    """Return what was done to objects of a file, where an editor says so."""
    found: dict[tuple[str, int], str] = {}
    if kind not in _OPENERS:
        return found
    try:
        with cast("BinaryIO", _OPENERS[kind](path, "rb")) as file:
            for _, element in SafeTree.iterparse(file, events=["start"]):
                if element.tag in _KINDS and element.get("action") in _ACTIONS:
                    found[_KINDS[element.tag], int(element.get("id", "0"))] = element.get("action", "")
                element.clear()
    except (ParseError, defusedxml.DefusedXmlException) as error:
        raise ValueError(f"XML error: {error}") from error
    return found
