"""The folder of a library: what stands in it, what a person changed there, and how it is written.

A file that was changed since it was written here is a person's work. What was said in it is kept and planned
with; one that cannot be read is left as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from planner import words
from planner.batch.entries import Entry, map_order
from planner.batch.index_page import MAKER, index_page
from planner.batch.index_tables import INDEX_SCHEMA, About, index_csv, index_geojson, index_json
from planner.document import read_incident
from planner.errors import BatchError, IncidentError
from planner.files import write_whole
from planner.geojson import MAX_BYTES
from planner.ground.gatherings import KINDS
from planner.model import Incident
from planner.records import from_record

INDEX = "index.json"
INDEXES = ("index.html", "index.csv", "index.geojson", INDEX)
_PLACE = re.compile(r"[nwr]\d{1,20}")
_OURS = re.compile(r"[a-z_]{1,30}/[a-z0-9-]{1,60}_[nwr]\d{1,20}\.(geojson|pdf)")


@dataclass
class Library:
    """A folder of plans, and what its index says of them.

    Parameters
    ----------
    folder : Path
    area : str
        Whose plans these are.
    entries : dict
        By :attr:`~planner.batch.entries.Entry.key`.
    """

    folder: Path
    area: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def in_order(self) -> list[Entry]:
        """Return the entries in an order that never changes."""
        return sorted(self.entries.values(), key=map_order)

    def check(self, entry: Entry) -> None:
        """Refuse what is no place, or would lead to files of others: an index may be changed by hand."""
        if entry.kind not in KINDS or _PLACE.fullmatch(entry.osm) is None:
            raise _broken(self.folder / INDEX, f"it lists {words.plain(entry.key, 60)!r}, which is no place")
        for name in (entry.plan_file, entry.print_file):
            if name:
                self._path(name)

    def read(self, name: str) -> bytes:
        """Return a file of the library, b"" where it is not there.

        Raises
        ------
        BatchError
            If it is there and cannot be read.
        """
        if not name:
            return b""
        path = self._path(name)
        with _disk("read", path):
            try:
                with path.open("rb") as stream:
                    return stream.read(MAX_BYTES + 1)
            except FileNotFoundError:
                return b""

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return name != "" and self._path(name).is_file()

    def write(self, name: str, content: bytes) -> None:
        """Write a file of the library."""
        path = self._path(name)
        with _disk("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)

    def drop(self, name: str) -> None:
        """Take away a file that goes by another name now."""
        if name:
            path = self._path(name)
            with _disk("delete", path):
                path.unlink(missing_ok=True)

    def write_index(self, about: About) -> None:
        """Write the index in each of its forms; the one that is read again last."""
        entries = self.in_order()
        with _disk("write", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            contents = (
                index_page(entries, about),
                index_csv(entries),
                index_geojson(entries),
                index_json(entries, about),
            )
            for name, content in zip(INDEXES, contents, strict=True):
                write_whole(self.folder / name, content)

    def _path(self, name: str) -> Path:
        """Return where a file lies; a name that is not of our making is refused."""
        if _OURS.fullmatch(name) is None:
            raise BatchError(
                f"the index of {self.folder} names a file that is not its own: {words.plain(name, 60)!r}",
                f"Delete {INDEX} there and run again: plans are found by their names",
            )
        return self.folder / name


def open_library(folder: Path, area: str) -> Library:
    """Open a library, or begin one.

    Raises
    ------
    BatchError
        If the folder holds the library of another area, or an index that cannot be read.
    """
    library = Library(folder, area)
    path = folder / INDEX
    with _disk("read", path):
        if folder.exists() and not folder.is_dir():
            raise BatchError(f"{folder} is a file", "Give -o the name of a folder")
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            _check_free(folder)
            return library
    index = _parsed(content, path)
    if index["area"]["name"] != area:
        raise BatchError(
            f"{folder} holds plans of {words.plain(str(index['area']['name']), 60)}, not of {area}",
            "Give -o another folder for each area",
        )
    try:
        entries = [from_record(Entry, one, f"place {n}") for n, one in enumerate(index["places"], 1)]
    except IncidentError as error:
        raise _broken(path, error.message) from error
    for entry in entries:
        library.check(entry)
    library.entries = {entry.key: entry for entry in entries}
    return library


def _check_free(folder: Path) -> None:
    """Refuse a folder in which an index of something else would be written over."""
    page = folder / "index.html"
    is_ours = page.is_file() and MAKER.encode() in page.read_bytes()
    others = [name for name in INDEXES if (folder / name).exists() and not is_ours]
    if others:
        raise BatchError(f"{folder} holds {others[0]} of something else", "Give -o a folder of its own")


def _parsed(content: bytes, path: Path) -> Mapping[str, Any]:
    try:
        index = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _broken(path, "it is no JSON") from error
    known = isinstance(index, dict) and index.get("schema") == INDEX_SCHEMA
    if not known or not isinstance(index.get("area"), dict) or not isinstance(index.get("places"), list):
        raise _broken(path, f"it is no index of schema {INDEX_SCHEMA}")
    if "name" not in index["area"]:
        raise _broken(path, "it names no area")
    parsed: Mapping[str, Any] = index
    return parsed


def _broken(path: Path, why: str) -> BatchError:
    return BatchError(
        f"{path} cannot be used: {why}",
        "Give -o a folder of its own; or, if it is a library, delete the file and run again: plans are kept",
    )


@contextmanager
def _disk(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BatchError(
            f"cannot {verb} {path}: {error.strerror or error}",
            "Choose a folder that can be written, with room",
        ) from error


# --- what a person put in -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What to plan for a place.

    Parameters
    ----------
    incident : Incident
    by_hand : bool
        Whether a person has changed the document that it is from.
    """

    incident: Incident
    by_hand: bool


def said_of(document: bytes, known: Entry | None, plain: Incident) -> Said:
    """Return what is planned for a place: what a person put into its document, else the plain incident.

    Parameters
    ----------
    document : bytes
        That stands in the library, b"" for none.
    known : Entry or None
        What the index says of it.
    plain : Incident
        As the batch would say it.

    Raises
    ------
    BatchError
        If the document was changed to something that cannot be read.
    """
    if not document:
        return Said(plain, by_hand=False)
    written = known.sha256 if known is not None else ""
    if known is not None and written == digest_of(document) and not known.by_hand:
        return Said(plain, by_hand=False)
    try:
        found = read_incident(document)
    except IncidentError as error:
        raise BatchError(
            f"its file was changed and cannot be read: {error.message}",
            "Mend the file, or delete it to have it made again",
        ) from error
    # Of a file that no index knows nobody can tell whether another threat is a person's or a former run's.
    changed = found != (plain if written else replace(plain, threat=found.threat))
    return Said(found, by_hand=True) if changed else Said(plain, by_hand=False)


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).hexdigest()
