"""Saved incidents and their versions: SQLite in one file, nothing ever overwritten.

Each save appends a version, so that no drawing is lost by a later stroke, a crash or a second browser: the
versions are the incident's log as well, each with a line that says what was done. The document is the
incident document of the contract, as text; the store does not look into it.

Who may read and write is not kept yet: sharing and access come as further migrations and as a ``who`` beside
each verb's incident; until then ids are random, and whoever knows one may open it.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from planner.errors import StoreError

_MIGRATIONS = (
    """
CREATE TABLE incident (id TEXT PRIMARY KEY, area TEXT NOT NULL, began_at TEXT NOT NULL) STRICT;
CREATE TABLE version (
    incident TEXT NOT NULL REFERENCES incident (id),
    number INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (incident, number)
) STRICT;
""",
    "ALTER TABLE version ADD COLUMN what TEXT NOT NULL DEFAULT '';",
)
"""Each takes the file one schema further. Never change one that was released: add the next."""
_SCHEMA = len(_MIGRATIONS)
_ID_BYTES = 9
_WAIT_S = 10.0
_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True)
class SavedIncident:
    """One version of an incident, as it was saved.

    Parameters
    ----------
    id : str
        Names the incident in the page's address; random, so that it cannot be guessed.
    area : str
        Name of the area that it is planned on.
    number : int
        Version, from 1.
    saved_at : str
        ISO time in UTC.
    document : str
        The incident document.
    what : str
        What was done, in a few words, "" where nobody said.
    """

    id: str
    area: str
    number: int
    saved_at: str
    document: str
    what: str = ""


class Store:
    """Incidents in one SQLite file; every verb opens, does and closes, so threads need no care.

    Parameters
    ----------
    path : Path
        The file; made, with its folder, when the first incident is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_incident(
        self, incident: str, area: str, document: str, what: str = "", after: int | None = None
    ) -> SavedIncident | None:
        """Append a version of an incident; it is on disk when this returns.

        Parameters
        ----------
        incident, area, document : str
        what : str
            What was done since the last version, in a few words.
        after : int, optional
            Number of the version that it goes on from, 0: none. Without it: from whichever is the last.

        Returns
        -------
        SavedIncident or None
            None where somebody else has gone on from that version: nothing was written then.

        Raises
        ------
        StoreError
            If the file cannot be written, or the incident belongs to another area.
        """
        saved_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT OR IGNORE INTO incident VALUES (?, ?, ?)", (incident, area, saved_at))
            (owner,) = database.execute("SELECT area FROM incident WHERE id = ?", (incident,)).fetchone()
            if owner != area:
                raise StoreError(f"incident {incident} belongs to the area {owner}", "Start a new incident")
            (last,) = database.execute(
                "SELECT coalesce(max(number), 0) FROM version WHERE incident = ?", (incident,)
            ).fetchone()
            if after is not None and last > after:
                return None  # closing takes back what was begun
            row = (incident, last + 1, saved_at, document, what)
            database.execute("INSERT INTO version VALUES (?, ?, ?, ?, ?)", row)
            database.execute("COMMIT")
        return SavedIncident(incident, area, last + 1, saved_at, document, what)

    def read_incident(self, incident: str, number: int | None = None) -> SavedIncident | None:
        """Return a version of an incident, the latest where no number is given; None if there is none."""
        if number is None:
            found = self._read("WHERE v.incident = ? ORDER BY v.number DESC LIMIT 1", incident)
        else:
            found = self._read("WHERE v.incident = ? AND v.number = ?", incident, number)
        return found[0] if found else None

    def list_incidents(self, most: int = 50) -> list[SavedIncident]:
        """Return the latest version of each incident, last saved first."""
        latest = "(SELECT max(number) FROM version WHERE incident = v.incident)"
        return self._read(f"WHERE v.number = {latest} ORDER BY v.saved_at DESC, v.incident LIMIT ?", most)

    def list_versions(self, incident: str, after: int = 0) -> list[SavedIncident]:
        """Return every version of an incident, or those after one of them, oldest first."""
        return self._read("WHERE v.incident = ? AND v.number > ? ORDER BY v.number", incident, after)

    def count_versions(self, incident: str) -> int:
        """Return how many versions of an incident there are, without reading them."""
        if not self.path.is_file():
            return 0
        with self._opened() as database:
            query = "SELECT count(*) FROM version WHERE incident = ?"
            (count,) = database.execute(query, (incident,)).fetchone()
        return int(count)

    def _read(self, clause: str, *values: str | int) -> list[SavedIncident]:
        if not self.path.is_file():
            return []
        query = "SELECT v.incident, i.area, v.number, v.saved_at, v.document, v.what FROM version v"
        with self._opened() as database:
            rows = database.execute(
                f"{query} JOIN incident i ON i.id = v.incident {clause}", values
            ).fetchall()
        return [SavedIncident(*row) for row in rows]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        remedy = f"Check that {self.path.parent} can be written, or set PLANNER_HOME to another folder"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None)) as database:
                _prepare(database)
                yield database
        except (sqlite3.Error, OSError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(f"the store of incidents cannot be used ({error})", remedy) from error


def new_incident_id() -> str:
    """Return a fresh id for an incident: 72 random bits."""
    return secrets.token_urlsafe(_ID_BYTES)


def _prepare(database: sqlite3.Connection) -> None:
    """Bring the file to today's schema; refuse one of a later version of the program."""
    (schema,) = database.execute("PRAGMA user_version").fetchone()
    if schema > _SCHEMA:
        raise StoreError(f"the store is of schema {schema}, not {_SCHEMA}", "Use the version that wrote it")
    if schema < _SCHEMA:
        _write_ahead(database)
        database.execute("BEGIN IMMEDIATE")
        (schema,) = database.execute("PRAGMA user_version").fetchone()  # another may have been quicker
        for migration in _MIGRATIONS[schema:]:
            for statement in migration.split(";")[:-1]:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {max(schema, _SCHEMA)}")
        database.execute("COMMIT")
    database.execute("PRAGMA synchronous = FULL")


def _write_ahead(database: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, waiting for whoever else is at it: for this one SQLite does not wait."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > until:
                raise
        time.sleep(_LOOK_AGAIN_S)
