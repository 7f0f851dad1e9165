"""Files that are no plain extracts: histories, what an editor saved, duplicates, texts that end osmium."""

from __future__ import annotations

import itertools
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import osmium
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from osmium.osm import mutable

from planner.area import Area
from planner.errors import SourceError
from planner.sources import pbf_blocks
from planner.sources.pbf import read_osm

HEAD = '<?xml version="1.0"?><osm version="0.6">'
JOSM = "<?xml version='1.0' encoding='UTF-8'?><osm version='0.6' generator='JOSM'>"
NODES = "".join(
    f'<node id="{k}" version="1" lat="1" lon="{2 + k / 1000:.3f}" visible="true"/>' for k in range(1, 5)
)


def way(ident: int, *refs: int, attributes: str = 'version="1"', **tags: str) -> str:
    told = {"highway": "residential", **tags}
    nodes = "".join(f'<nd ref="{ref}"/>' for ref in refs)
    return (
        f'<way id="{ident}" {attributes}>{nodes}'
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in told.items())
        + "</way>"
    )


def read(folder: Path, *texts: str) -> Area:
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.osm")
        files[-1].write_text(f"{text}</osm>", encoding="utf-8")
    return read_osm(files if len(files) > 1 else files[0], "a")


def streets(area: Area) -> dict[int, str]:
    network = area.network
    return {int(network.way_id[edge]): network.street(edge) for edge in range(network.edge_count)}


# --- what is deleted ------------------------------------------------------------------------------


def test_what_is_deleted_is_not_there(tmp_path: Path) -> None:
    ring = way(4, 1, 2, 3, 1, attributes='version="2" visible="false"', building="yes").replace("high", "x")
    gate = (
        '<node id="9" version="2" lat="1" lon="2.002" visible="false"><tag k="amenity" v="hospital"/></node>'
    )
    gone = way(2, 2, 3, attributes='version="2" visible="false"')
    area = read(tmp_path, HEAD + NODES + gate + way(1, 1, 2) + gone + ring)
    assert streets(area).keys() == {1}
    assert len(area.buildings) == len(area.places) == 0


def test_of_a_file_with_history_the_latest_version_counts(tmp_path: Path) -> None:
    path = tmp_path / "town.osh.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for k in range(1, 5):
            writer.add_node(mutable.Node(id=k, version=1, location=(k / 1000, 1)))
        for version, name in ((1, "Old Lane"), (2, "New Lane")):
            tags = {"highway": "residential", "name": name}
            writer.add_way(mutable.Way(id=1, version=version, nodes=[1, 2], tags=tags))
        writer.add_way(mutable.Way(id=2, version=1, nodes=[2, 3], tags={"highway": "residential"}))
        writer.add_way(mutable.Way(id=2, version=2, visible=False))
    assert streets(read_osm(path, "a")) == {1: "New Lane"}


def test_what_a_newer_file_deletes_is_gone_when_files_are_joined(tmp_path: Path) -> None:
    newer = HEAD + way(2, 2, 3, attributes='version="5" visible="false"')
    assert streets(read(tmp_path, HEAD + NODES + way(1, 1, 2) + way(2, 2, 3), newer)).keys() == {1}


def test_an_object_that_stands_twice_in_a_file_is_read_once(tmp_path: Path) -> None:
    later = way(1, 1, 2, attributes='version="3"', name="Later")
    assert streets(read(tmp_path, HEAD + NODES + way(1, 1, 2) + later + way(2, 2, 3))) == {
        1: "Later",
        2: "unnamed residential street",
    }


# --- what an editor saved -------------------------------------------------------------------------


def test_new_streets_with_ids_below_zero_are_read_among_the_others(tmp_path: Path) -> None:
    new = '<node id="-7" lat="1.001" lon="2.002"/><node id="-5" lat="1.001" lon="2.003"/>'
    text = HEAD + new + NODES + way(-3, 2, -7, -5, attributes="", name="New Road") + way(1, 1, 2, 3)
    area = read(tmp_path, text)
    assert streets(area) == {-3: "New Road", 1: "unnamed residential street"}
    assert set(area.network.node_id.tolist()) == {1, 2, 3, -5}
    assert set(area.network.shape_node.tolist()) == {1, 2, 3, -5, -7}


def test_ground_and_turns_with_ids_below_zero_are_read(tmp_path: Path) -> None:
    corners = "".join(
        f'<node id="{-k}" lat="{lat}" lon="{lon}"/>'
        for k, (lat, lon) in enumerate(((1.0, 2.0), (1.0, 2.01), (1.01, 2.01)), 1)
    )
    ring = way(-9, -1, -2, -3, -1, attributes="", building="school").replace("highway", "note")
    lake = way(-1, -1, -2, -3, -1, attributes="", natural="water").replace("highway", "note")
    rule = "".join(
        f'<member type="{kind}" ref="{ref}" role="{role}"/>'
        for kind, ref, role in (("way", 1, "from"), ("node", 2, "via"), ("way", 2, "to"))
    )
    tags = '<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/>'
    ends = "".join(f'<node id="{k}" version="1" lat="0.999" lon="{k / 10}"/>' for k in (19, 21))
    coast = way(7, 19, 21, natural="coastline").replace("highway", "note")
    text = (
        HEAD + corners + NODES + ends + lake + ring + way(1, 1, 2) + way(2, 2, 3) + coast
        + f'<relation id="-2">{rule}{tags}</relation>'
    )  # fmt: skip
    area = read(tmp_path, text)
    assert area.buildings["osm_id"].tolist() == [-9]
    assert -1 in area.obstacles["osm_id"].tolist()
    assert len(area.obstacles["osm_id"]) == len(set(area.obstacles["osm_id"].tolist())) > 1, "lake and sea"
    assert len(area.network.restriction_rule) == 1


@pytest.mark.parametrize(
    ("order", "dense"),
    [("first", "true"), ("last", "true"), ("by number", "true"), ("first", "false"), ("by number", "false")],
)
def test_new_ground_on_new_nodes_of_a_packed_file_is_read(tmp_path: Path, order: str, dense: str) -> None:
    new = [
        mutable.Node(id=-k, location=(2 + x, 1 + y)) for k, x, y in ((1, 0, 0), (2, 0.01, 0), (3, 0, 0.01))
    ]
    old = [mutable.Node(id=k, version=1, location=(2 + k / 1000, 1)) for k in range(1, 5)]
    nodes = {"first": new + old, "last": old + new, "by number": new[::-1] + old}[order]
    path = tmp_path / "new.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), f"pbf,pbf_dense_nodes={dense}")) as writer:
        for node in nodes:
            writer.add_node(node)
        writer.add_way(mutable.Way(id=1, version=1, nodes=[1, 2], tags={"highway": "residential"}))
        writer.add_way(mutable.Way(id=7, version=2, nodes=[-1, -2, -3, -1], tags={"building": "school"}))
        writer.add_way(mutable.Way(id=8, version=2, nodes=[4, -2, -3, 4], tags={"natural": "water"}))
    area = read_osm(path, "a")
    assert area.buildings["osm_id"].tolist() == [7]
    assert area.obstacles["osm_id"].tolist() == [8]
    assert streets(area).keys() == {1}


@given(st.lists(st.integers(-(2**40), 2**40), max_size=50), st.booleans())
def test_ids_below_zero_are_found_in_any_order(ids: list[int], up: bool) -> None:
    ids = sorted(ids) if up else ids
    steps = [b - a for a, b in itertools.pairwise([0, *ids])]
    told = b"".join(varint(2 * step if step >= 0 else -2 * step - 1) for step in steps)
    assert pbf_blocks._is_below_zero(told) == any(ident < 0 for ident in ids)


def test_what_the_user_of_an_editor_changed_or_deleted_is_later_than_the_map(tmp_path: Path) -> None:
    map_ = HEAD + NODES + way(1, 1, 2, name="Old Lane") + way(2, 2, 3) + way(3, 3, 4)
    edits = (
        JOSM
        + way(1, 1, 2, attributes="action='modify' visible='true' version='1'", name="New Lane")
        + way(2, 2, 3, attributes="action='delete' visible='true' version='1'")
    )
    for files in ((map_, edits), (edits, map_)):
        assert streets(read(tmp_path, *files)) == {1: "New Lane", 3: "unnamed residential street"}
    alone = JOSM + NODES + edits.removeprefix(JOSM)
    assert streets(read(tmp_path, alone)) == {1: "New Lane"}


def test_new_objects_of_two_editors_are_not_taken_for_one(tmp_path: Path) -> None:
    texts = []
    for lat in (1.0, 1.1):
        nodes = "".join(f'<node id="-{k}" lat="{lat}" lon="{2 + k / 1000:.3f}"/>' for k in (1, 2))
        texts.append(JOSM + nodes + way(-1, -1, -2, attributes=""))
    area = read(tmp_path, *texts)
    assert area.network.edge_count == 2
    assert len(set(area.network.way_id.tolist())) == 2
    assert len(set(area.network.node_id.tolist())) == 4


def test_an_id_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has the id -4000000000000000, which is none"):
        read(tmp_path, JOSM + NODES + way(-4000000000000000, 1, 2, attributes=""))


ENTITY = JOSM.replace("?>", "?><!DOCTYPE x [<!ENTITY a 'b'>]>", 1)


@pytest.mark.parametrize("text", [JOSM, JOSM + "<way id='1'", ENTITY])
def test_a_broken_file_of_an_editor_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    assert "0.osm" in str(caught.value)
    assert "\n" not in str(caught.value)


# --- texts that end osmium ------------------------------------------------------------------------


def written(path: Path, packing: str, **texts: str) -> Path:
    """A map with "QQQQ" among its texts."""
    file = osmium.io.File(str(path), f"pbf,pbf_compression={packing}")
    with osmium.SimpleWriter(file, overwrite=True) as writer:
        for k in (1, 2):
            tags = {"highway": "traffic_signals", "note": texts.get("node", "")}
            writer.add_node(mutable.Node(id=k, version=1, location=(k / 1000, 1), tags=tags))
        writer.add_way(
            mutable.Way(id=3, nodes=[1, 2], tags={"highway": "primary", "name": texts.get("way", "")})
        )
        members = [("w", 3, texts.get("role", "from"))]
        tags = {"type": "restriction", "restriction": "no_left_turn", "name": texts.get("relation", "")}
        writer.add_relation(mutable.Relation(id=4, members=members, tags=tags))
    return path


@pytest.mark.parametrize("whose", ["node", "way", "role", "relation"])
def test_a_nul_in_any_text_is_told_in_one_line(tmp_path: Path, whose: str) -> None:
    path = written(tmp_path / "nul.osm.pbf", "none", **{whose: "QQQQ"})
    assert read_osm(path, "a").network.edge_count == 1
    content = path.read_bytes()
    for nul in (b"\0QQQ", b"Q\0QQ", b"QQQ\0", b"\n\0\n\0"):
        path.write_bytes(content.replace(b"QQQQ", nul))
        with pytest.raises(SourceError, match=r"nul\.osm\.pbf has a text with a NUL in it"):
            read_osm(path, "a")
        with pytest.raises(SourceError, match="NUL"):
            read_osm([written(tmp_path / "good.osm.pbf", "none"), path], "a")


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def repacked(content: bytes, field: int, pack: Callable[[bytes], bytes]) -> bytes:
    """An uncompressed file with its blocks packed in another way, which is told by a field of its own."""
    made, at = b"", 0
    while at < len(content):
        head = content[at + 4 : at + 4 + int.from_bytes(content[at : at + 4])]
        kind = head[: 2 + head[1]]  # the first field of the head; its size comes last
        body = at + 4 + len(head)
        size = number(head[len(kind) + 1 :])
        blob = content[body : body + size]
        raw = blob[size - number(blob[1:]) :]
        packed = pack(raw)
        new = b"\x10" + varint(len(raw)) + bytes([field << 3 | 2]) + varint(len(packed)) + packed
        told = kind + b"\x18" + varint(len(new))
        made += len(told).to_bytes(4) + told + new
        at = body + size
    return made


def number(told: bytes) -> int:
    """The number at the begin of some bytes."""
    return (told[0] & 0x7F) | (number(told[1:]) << 7 if told[0] & 0x80 else 0)


PACKINGS = {
    "zlib": (3, zlib.compress),
    "lzma": (4, lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE)),
    "lz4": (6, lambda raw: pa.compress(raw, codec="lz4_raw", asbytes=True)),
}


@pytest.mark.parametrize("packing", sorted(PACKINGS))
def test_a_nul_is_found_in_what_is_packed(tmp_path: Path, packing: str) -> None:
    path = written(tmp_path / "nul.osm.pbf", "none", way="QQQQ", node="other " * 100)
    content = path.read_bytes()
    path.write_bytes(repacked(content, *PACKINGS[packing]))
    if packing == "lzma":  # which osmium does not read
        with pytest.raises(SourceError, match="lzma"):
            read_osm(path, "a")
    else:
        assert read_osm(path, "a").network.edge_count == 1
    path.write_bytes(repacked(content.replace(b"QQQQ", b"Q\0QQ"), *PACKINGS[packing]))
    with pytest.raises(SourceError, match="NUL"):
        read_osm(path, "a")
