"""Files put in order on disk: object by object what is put in order in memory, in pieces of bounded size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import osmium
import pytest
from osmium.osm import mutable

from planner.errors import SourceError
from planner.sources import ordering, stretches
from planner.sources.ordering import put_in_order
from planner.sources.pbf import read_osm
from planner.sources.pbf_blocks import DATA, blocks, first_object
from planner.sources.stretches import ORDERED
from tests.town import town_objects

Told = tuple[str, int, int, bool, tuple[Any, ...]]
_HALF_BLOCK = 4000  # objects: osmium writes 8,000 of a kind in one


def told(thing: Any) -> Told:
    """Say all of an object that a map is made of."""
    if thing.is_node():
        inner: tuple[Any, ...] = (thing.location.x, thing.location.y) if thing.visible else ()
    elif thing.is_way():
        inner = tuple(node.ref for node in thing.nodes)
    else:
        inner = tuple((member.type, member.ref, member.role) for member in thing.members)
    return (
        thing.type_str(),
        thing.id,
        thing.version,
        thing.visible,
        (*inner, *sorted(dict(thing.tags).items())),
    )


def objects_of(path: Path) -> list[Told]:
    """Return what a file holds."""
    things: Any = osmium.FileProcessor(osmium.io.File(str(path), ORDERED))
    return [told(thing) for thing in things]


def made(rng: random.Random, count: int, version: int = 1) -> list[Any]:
    """Make objects in no order, ids below zero and what is deleted among them."""
    things: list[Any] = []
    for _ in range(count):
        ident = rng.choice((1, -1)) * rng.randrange(1, count)
        number = version + rng.randrange(3)
        kept: dict[str, Any] = {"id": ident, "version": number, "visible": rng.random() > 0.1}
        tags = {"name": f"{ident} {number}"}
        kind = rng.randrange(8)
        if kind == 0:
            things.append(mutable.Way(**kept, nodes=[ident, ident + 1], tags=tags))
        elif kind == 1:
            things.append(mutable.Relation(**kept, members=[("w", ident, "outer")], tags=tags))
        else:
            place = (ident / 1e4, number) if kept["visible"] else None
            things.append(mutable.Node(**kept, location=place, tags=tags if kind == 2 else {}))
    return things


def copied(thing: Any) -> Any:
    """Copy an object out of the file that it is read from."""
    tags = dict(thing.tags)
    if thing.is_node():
        return mutable.Node(
            id=thing.id, version=1, location=(thing.location.lon, thing.location.lat), tags=tags
        )
    if thing.is_way():
        return mutable.Way(id=thing.id, version=1, nodes=[node.ref for node in thing.nodes], tags=tags)
    members = [(member.type, member.ref, member.role) for member in thing.members]
    return mutable.Relation(id=thing.id, version=1, members=members, tags=tags)


def written(path: Path, things: Sequence[Any]) -> Path:
    """Write objects as they stand."""
    with osmium.SimpleWriter(osmium.io.File(str(path), ORDERED), overwrite=True) as writer:
        for thing in things:
            writer.add(thing)
    return path


def nothing(_share: float, _text: str) -> None:
    """Report to nobody."""


def ordered(files: Sequence[Path], folder: Path) -> list[Told]:
    """Put files in order, and return what is written."""
    folder.mkdir()
    return objects_of(put_in_order(files, ["pbf"] * len(files), [False] * len(files), folder, nothing))


@pytest.mark.parametrize("seed", range(4))
def test_on_disk_the_same_is_written_as_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = random.Random(seed)
    files = [written(tmp_path / f"{k}.osh.pbf", made(rng, 60, k)) for k in range(3)]
    wanted = ordered(files, tmp_path / "memory")
    assert len({(kind, ident) for kind, ident, *_ in wanted}) == len(wanted) > 60
    monkeypatch.setattr(ordering, "_IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(stretches, "_AT_ONCE_BYTES", (1, 500, 2000, 1 << 20)[seed])
    assert ordered(files, tmp_path / "disk") == wanted


def test_large_blocks_are_cut_where_spans_end_and_no_piece_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = [mutable.Node(id=k, version=1, location=(k / 1e5, 1)) for k in range(1, 12 * _HALF_BLOCK)]
    random.Random(0).shuffle(nodes)
    file = written(tmp_path / "all.osh.pbf", nodes)
    merging, sizes, told_shares = stretches._merging, [], []

    def counted(path: Path, *parts: bytes) -> Any:
        sizes.append(sum(map(len, parts)))
        return merging(path, *parts)

    def report(share: float, _text: str) -> None:
        told_shares.append(share)

    monkeypatch.setattr(stretches, "_merging", counted)
    monkeypatch.setattr(ordering, "_IN_MEMORY_BYTES", 0)
    whole = sum(block.size for block in blocks(file))
    monkeypatch.setattr(stretches, "_AT_ONCE_BYTES", whole // 3)
    folder = tmp_path / "disk"
    folder.mkdir()
    found = objects_of(put_in_order([file], ["pbf"], [False], folder, report))
    assert [ident for _, ident, *_ in found] == list(range(1, 12 * _HALF_BLOCK))
    assert len(sizes) > 6
    assert max(sizes) < 0.6 * whole  # with blocks this large beside it
    assert told_shares == sorted(told_shares)
    assert [path.name for path in folder.iterdir()] == [f"ordered.{ORDERED}"]


def test_the_first_object_of_a_block_is_told(tmp_path: Path) -> None:
    for thing in (*made(random.Random(5), 40), mutable.Way(id=-(1 << 40), version=1)):
        if thing.visible is False:
            continue
        path = tmp_path / "one.osh.pbf"
        with osmium.SimpleWriter(osmium.io.File(str(path), stretches.UNPACKED), overwrite=True) as writer:
            writer.add(thing)
        (found,) = (first_object(block) for block in blocks(path) if block.kind == DATA)
        kind = (mutable.Node, mutable.Way, mutable.Relation).index(type(thing))
        assert found == (kind, thing.id >= 0, abs(thing.id))


@pytest.mark.parametrize("ending", [".osm.pbf", ".osm", ".osm.bz2"])
def test_a_large_file_out_of_order_is_read_as_one_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    town = town_objects().write(tmp_path / "town.osm.pbf")
    wanted = read_osm(town, "town").digest
    things: Any = osmium.FileProcessor(str(town))
    mixed = [copied(thing) for thing in things]
    random.Random(1).shuffle(mixed)
    path = tmp_path / f"mixed{ending}"
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in mixed:
            writer.add(thing)
    monkeypatch.setattr(ordering, "_IN_MEMORY_BYTES", 0)
    monkeypatch.setattr(stretches, "_AT_ONCE_BYTES", 4000)
    area = read_osm(path, "town")
    assert (area.digest, area.network.edge_count > 0) == (wanted, True)
    assert read_osm([path, town], "town").digest == wanted


def test_what_ends_amid_a_block_or_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "_IN_MEMORY_BYTES", 0)
    whole = town_objects().write(tmp_path / "town.osm.pbf").read_bytes()
    for number, content in enumerate((whole[:-20], whole + b"xyz", whole[:3000] + b"\0" * 3000)):
        path = tmp_path / f"{number}.osm.pbf"
        path.write_bytes(content)
        with pytest.raises(SourceError, match="cannot be read as OpenStreetMap data"):
            read_osm([path, tmp_path / "town.osm.pbf"], "town")
