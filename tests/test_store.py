"""Incidents on disk: every version kept, none lost to a crash, a race or a wrong file."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

import planner.store
from planner.errors import StoreError
from planner.settings import read_settings
from planner.store import _MIGRATIONS, Store, new_incident_id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sub" / "incidents.sqlite")


def test_nothing_is_there_before_the_first_write(store: Store) -> None:
    assert store.read_incident("none") is None
    assert store.list_incidents() == []
    assert store.count_versions("none") == 0
    assert not store.path.exists()


def test_each_save_is_a_version_and_the_last_is_read(store: Store) -> None:
    for text in ("one", "two", "three"):
        store.write_incident("a", "montevideo", text)
    latest = store.read_incident("a")
    assert latest is not None
    assert (latest.number, latest.document, latest.area) == (3, "three", "montevideo")
    assert [saved.document for saved in store.list_versions("a")] == ["one", "two", "three"]
    assert store.count_versions("a") == 3


def test_incidents_are_listed_last_saved_first(store: Store) -> None:
    for incident in ("a", "b", "a"):
        store.write_incident(incident, "montevideo", incident)
    assert {saved.id for saved in store.list_incidents()} == {"a", "b"}
    assert store.list_incidents(most=1)[0].saved_at == max(s.saved_at for s in store.list_incidents())


def test_an_incident_stays_in_its_area(store: Store) -> None:
    store.write_incident("a", "montevideo", "one")
    with pytest.raises(StoreError, match="belongs to the area montevideo"):
        store.write_incident("a", "three_rivers", "two")
    assert [saved.document for saved in store.list_versions("a")] == ["one"]


def test_many_at_once_lose_nothing(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store.write_incident(f"i{n % 3}", "montevideo", str(n)), range(60)))
    kept = [saved for name in ("i0", "i1", "i2") for saved in store.list_versions(name)]
    assert sorted(int(saved.document) for saved in kept) == list(range(60))
    assert [s.number for s in store.list_versions("i0")] == list(range(1, 21))


def test_who_writes_first_while_another_is_making_the_file_waits(tmp_path: Path) -> None:
    """The file is made by the first who writes; SQLite itself refuses the second at once, some 1 in 100."""
    for name in range(40):
        store, start = Store(tmp_path / f"{name}.sqlite"), threading.Barrier(6)

        def first(incident: int, store: Store = store, start: threading.Barrier = start) -> None:
            start.wait()
            store.write_incident(f"i{incident}", "montevideo", "one")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(first, range(6)))
        assert len(store.list_incidents()) == 6


def test_a_file_that_stays_locked_is_told_and_not_waited_for_without_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner.store, "_WAIT_S", 0.05)
    store.path.parent.mkdir()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("CREATE TABLE t (x)")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"):
            store.write_incident("a", "montevideo", "one")
        other.execute("COMMIT")
    assert store.write_incident("a", "montevideo", "one") is not None


def test_what_goes_on_from_a_version_is_not_written_over_a_later_one(store: Store) -> None:
    first = store.write_incident("a", "montevideo", "one", after=0)
    assert first is not None
    assert first.number == 1
    assert store.write_incident("a", "montevideo", "late", after=0) is None
    assert store.write_incident("b", "montevideo", "other", after=0) is not None
    second = store.write_incident("a", "montevideo", "two", after=1)
    assert second is not None
    assert second.number == 2
    assert [saved.document for saved in store.list_versions("a")] == ["one", "two"]


def test_a_file_of_another_schema_is_refused_and_left_alone(store: Store) -> None:
    store.write_incident("a", "montevideo", "one")
    with sqlite3.connect(store.path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="schema 99"):
        store.write_incident("a", "montevideo", "two")
    assert store.path.read_bytes() == before


def test_a_file_that_is_no_store_is_told_in_one_line(store: Store) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(StoreError, match="cannot be used") as told:
        store.read_incident("a")
    assert "\n" not in str(told.value)


def test_hostile_text_is_only_text(store: Store) -> None:
    nasty = "'); DROP TABLE version; --\u0000\U0001f600"
    store.write_incident(nasty, nasty, nasty)
    saved = store.read_incident(nasty)
    assert saved is not None
    assert saved.document == nasty


def test_ids_differ_and_fit_an_address() -> None:
    ids = {new_incident_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 12 and one.replace("-", "").replace("_", "").isalnum() for one in ids)


def test_a_version_says_what_was_done_and_can_be_read_again(store: Store) -> None:
    store.write_incident("a", "montevideo", "one", "drew on the map")
    store.write_incident("a", "montevideo", "two")
    first = store.read_incident("a", 1)
    assert first is not None
    assert (first.document, first.what) == ("one", "drew on the map")
    assert store.read_incident("a", 3) is None
    assert [saved.what for saved in store.list_versions("a")] == ["drew on the map", ""]


def test_a_file_of_the_first_schema_is_taken_further_and_loses_nothing(store: Store) -> None:
    store.path.parent.mkdir()
    with sqlite3.connect(store.path) as database:
        database.executescript(_MIGRATIONS[0])
        database.execute("INSERT INTO incident VALUES ('a', 'montevideo', '2024-05-14T09:32:00.000+00:00')")
        database.execute("INSERT INTO version VALUES ('a', 1, '2024-05-14T09:32:00.000+00:00', 'one')")
        database.execute("PRAGMA user_version = 1")
    database.close()
    store.write_incident("a", "montevideo", "two", "again")
    assert [(s.document, s.what) for s in store.list_versions("a")] == [("one", ""), ("two", "again")]


def test_the_environment_says_where_incidents_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    monkeypatch.delenv("PLANNER_STORE", raising=False)
    assert read_settings().incidents.parent == tmp_path
    monkeypatch.setenv("PLANNER_STORE", f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert read_settings().incidents == tmp_path / "elsewhere.db"
    for other in ("postgresql://desk/incidents", "sqlite:///", "sqlite:file", str(tmp_path)):
        monkeypatch.setenv("PLANNER_STORE", other)
        with pytest.raises(StoreError, match="only a SQLite file"):
            _ = read_settings().incidents
