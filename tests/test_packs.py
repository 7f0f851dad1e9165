"""Packs: what was written comes back, what was damaged is refused, a crash harms nothing."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import pack_files, packs
from planner import settings as installation
from planner.area import Area
from planner.errors import AreaNotFoundError, PackError, SourceError
from planner.sources import pbf
from planner.streets.network import StreetNetwork
from planner.streets.unread import UnreadRules
from planner.table import Table
from tests.town import town, town_objects


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def pack(home: Path) -> Path:
    packs.write_area(town())
    return home / "areas" / "town"


def assert_same(one: Area, other: Area) -> None:
    for entry in fields(Area):
        if entry.name in ("network", "buildings", "places", "obstacles", "unread"):
            continue
        assert getattr(one, entry.name) == getattr(other, entry.name), entry.name
    for entry in fields(StreetNetwork):
        mine, theirs = getattr(one.network, entry.name), getattr(other.network, entry.name)
        if entry.name == "names":
            assert mine == theirs
        else:
            assert mine.dtype == theirs.dtype
            assert np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f")
    for name in packs.TABLES:
        assert_same_table(getattr(one, name), getattr(other, name))
    assert unread_in(one) == unread_in(other)


def unread_in(area: Area) -> dict[str, list[int]] | None:
    told = area.unread
    return None if told is None else {f.name: getattr(told, f.name).tolist() for f in fields(UnreadRules)}


def assert_same_table(mine: Table, theirs: Table) -> None:
    assert list(mine.columns) == list(theirs.columns)
    for name, values in mine.columns.items():
        assert values.dtype == theirs[name].dtype, name
        assert np.array_equal(values, theirs[name], equal_nan=values.dtype.kind == "f"), name
    assert shapely.equals_identical(mine.shapes, theirs.shapes).all()


# --- there and back -------------------------------------------------------------------------------


def test_what_is_written_comes_back(pack: Path) -> None:
    assert_same(packs.open_area("town"), town())


def test_the_ground_that_a_map_shows_comes_back_and_is_read_as_it_was_written_before(pack: Path) -> None:
    west, south, east, north = town().bbox_deg
    edge = (north - south) / 4
    ground = shapely.box(west, south, east, north).difference(
        shapely.box(west + edge, south + edge, east - edge, north - edge)
    )
    packs.write_area(replace(town(), outline_deg=ground))
    assert_same(packs.open_area("town"), replace(town(), outline_deg=ground))
    remade(pack, lambda manifest: manifest.update(outline_deg=json.loads(shapely.to_geojson(ground))))
    assert_same(packs.open_area("town"), replace(town(), outline_deg=ground))


def test_rules_that_hold_at_times_come_back_and_are_unknown_in_a_pack_without_them(home: Path) -> None:
    ids = np.array([3, 8], dtype=np.int64)
    for unread in (UnreadRules(ids, ids[:1], ids[:0], np.array([[3, 8]])), None):
        packs.write_area(replace(town(), unread=unread))
        assert_same(packs.open_area("town"), replace(town(), unread=unread))
        counts = packs.read_manifest("town")["counts"]["unread_rules"]
        assert counts == (unread and {"passage": 2, "speed": 1, "barriers": 0, "turns": 1})


def test_area_without_anything_but_streets_comes_back(home: Path) -> None:
    bare = replace(town(buildings=False, hospitals=False), name="bare")
    empty = {name: getattr(bare, name).rows(slice(0)) for name in packs.TABLES}
    bare = replace(bare, **empty)
    packs.write_area(bare)
    assert_same(packs.open_area("bare"), bare)


def test_tables_written_in_several_groups_come_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        in_groups = partial(pq.write_table, row_group_size=5)
        patched.setattr("planner.pack_files.pq.write_table", in_groups)
        packs.write_area(town())
    assert_same(packs.open_area("town"), town())


def test_other_programs_read_the_tables_of_a_pack(pack: Path) -> None:
    for name in packs.TABLES:
        (file,) = pack.glob(f"{name}-*.parquet")
        theirs, table = gpd.read_parquet(file), getattr(town(), name)
        assert theirs.crs == town().frame.crs
        assert theirs["kind"].tolist() == table["kind"].tolist()
        assert theirs.geometry.geom_equals(gpd.GeoSeries(table.shapes, crs=theirs.crs)).all()


def test_arrays_that_come_back_cannot_be_written(pack: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        packs.open_area("town").network.edge_u[0] = 5


def test_names_of_every_alphabet_come_back(home: Path) -> None:
    made = town_objects()
    hostile = ("<script>alert(1)</script>", "a\x00b", "\u202eevil", "Ωθ 東京 🏫", "'; DROP TABLE", '"quoted"')
    for name, ident in zip(hostile, sorted(made.ways), strict=False):
        made.ways[ident][1]["name"] = name
    area = made.area()
    packs.write_area(area)
    assert set(hostile) <= set(packs.open_area("town").network.names)
    assert_same(packs.open_area("town"), area)


def test_writing_twice_gives_the_same_bytes_and_leaves_nothing_else(pack: Path) -> None:
    before = {f.name: f.read_bytes() for f in pack.iterdir()}
    packs.write_area(town())
    assert {f.name: f.read_bytes() for f in pack.iterdir()} == before
    assert len(before) == 5


def test_one_byte_changed_in_any_stretch_of_a_file_is_found(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack_files, "_STRETCH_BYTES", 4000)
    packs.write_area(town())
    entry = packs.read_manifest("town")["files"]["streets"]
    assert len(entry["sha256"]) == -(-entry["bytes"] // 4000) > 3
    packs.open_area("town")
    file = pack / entry["file"]
    whole = file.read_bytes()
    for at in (0, 3999, 4000, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(PackError, match="not what was written"):
            packs.open_area("town")
    file.write_bytes(whole[:-4000])
    with pytest.raises(PackError, match="not what was written"):
        packs.open_area("town")


def test_shapes_are_made_when_they_are_asked_for_and_travel_made(
    pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    from_wkb = shapely.from_wkb

    def counted(wkb: np.ndarray) -> np.ndarray:
        made.append(len(wkb))
        return from_wkb(wkb)

    monkeypatch.setattr("planner.pack_files.shapely.from_wkb", counted)
    area = packs.open_area("town")
    assert not made
    renamed = area.buildings.with_column("name", area.buildings["kind"])
    assert len(renamed) == len(town().buildings)
    assert not made
    assert shapely.equals_exact(renamed.shapes, town().buildings.shapes, 0.0).all()
    assert area.buildings.shapes is renamed.shapes
    assert made == [len(area.buildings)]
    monkeypatch.undo()
    monkeypatch.setenv("PLANNER_HOME", str(pack.parents[1]))
    away = pickle.loads(pickle.dumps(area.places))
    assert shapely.equals_exact(away.shapes, town().places.shapes, 0.0).all()
    for name, column in town().places.columns.items():
        assert np.array_equal(away[name], column, equal_nan=column.dtype.kind == "f")


@pytest.mark.parametrize("none", [b"none", None])
def test_shapes_that_are_none_are_told_also_when_they_are_asked_for_late(
    home: Path, monkeypatch: pytest.MonkeyPatch, none: bytes | None
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Table, "wkb", lambda table: np.full(len(table), none, dtype=object))
        packs.write_area(town())
    area = packs.open_area("town")
    with pytest.raises(PackError, match="cannot be understood"):
        _ = area.buildings.shapes


HEAD = b"\x01"
WITHIN_MANY = {
    kind: HEAD + struct.pack("<II", kind, 1) + HEAD + struct.pack("<II", kind, 0) for kind in (4, 5, 6, 7)
}


@pytest.mark.parametrize(
    ("wkb", "told"),
    [
        (shapely.to_wkb(shapely.GeometryCollection([shapely.Point(1, 2)])), "of a form"),
        (shapely.to_wkb(shapely.Point(1, 2, 3)), "of a form"),
        (shapely.to_wkb(shapely.set_srid(shapely.Point(1, 2), 4326), include_srid=True), "of a form"),
        (HEAD + struct.pack("<II", 0x80000007, 1), "of a form"),
        (HEAD + struct.pack("<II", 1007, 1), "of a form"),
        (b"\x00" + struct.pack(">II", 7, 1), "of a form"),
        (HEAD + struct.pack("<II", 10, 1), "of a form"),  # a polygon of curves
        (b"", "of a form"),
        (WITHIN_MANY[4], "of another kind"),
        (WITHIN_MANY[5], "of another kind"),
        (WITHIN_MANY[6], "of another kind"),
        (WITHIN_MANY[7], "of a form"),
        (shapely.to_wkb(shapely.MultiPoint([(1, 2), (3, 4)])) + WITHIN_MANY[4], ""),  # nobody reads beyond
        (
            HEAD + struct.pack("<II", 4, 2) + shapely.to_wkb(shapely.Point(1, 2)) + WITHIN_MANY[4],
            "of another",
        ),
        (HEAD + struct.pack("<II", 5, 2**32 - 1), "of another kind"),
    ],
)
def test_shapes_that_hold_shapes_are_not_given_to_geos_which_would_call_itself_without_end(
    wkb: bytes, told: str
) -> None:
    given = pa.array([shapely.to_wkb(shapely.Point(0, 0)), wkb], type=pa.binary())
    if not told:
        assert len(pack_files.shapes_of(given)) == 2
        return
    with pytest.raises(ValueError, match=told):
        pack_files.shapes_of(given)


def test_shapes_of_every_form_that_a_map_has_are_made_in_either_order_of_bytes() -> None:
    hole = shapely.box(0, 0, 9, 9).difference(shapely.box(2, 2, 4, 4))
    line = shapely.LineString([(0, 0), (1, 2), (5, 5)])
    shapes = [
        *(shapely.Point(1, 2), shapely.Point(), line, hole, shapely.Polygon(), shapely.MultiPolygon()),
        shapely.MultiPoint([(1, 2), (3, 4)]),
        shapely.MultiLineString([line, shapely.LineString([(7, 7), (8, 9)])]),
        shapely.union_all([hole, shapely.box(20, 20, 21, 22)]),
    ]
    for order in (0, 1):
        told = pa.chunked_array([pa.array([shapely.to_wkb(shape, byte_order=order)]) for shape in shapes])
        assert shapely.equals_identical(pack_files.shapes_of(told), shapes).all()
    both = HEAD + struct.pack("<II", 5, 1) + shapely.to_wkb(line, byte_order=0)
    assert pack_files.shapes_of(pa.array([both]))[0] == shapely.MultiLineString([line])


def test_manifest_tells_all_of_the_contract(pack: Path) -> None:
    manifest = packs.read_manifest("town")
    assert manifest["schema"] == "pack/5"
    assert manifest["counts"]["buildings"] == len(town().buildings)
    assert manifest["counts"]["places"]["school"] == 2
    for part, entry in manifest["files"].items():
        content = (pack / entry["file"]).read_bytes()
        assert entry["sha256"] == [hashlib.sha256(content).hexdigest()], part
        assert entry["bytes"] == len(content)
    told = {k: manifest[k] for k in ("name", "digest", "data_date", "source", "attribution", "licence")}
    assert told == {k: getattr(town(), k) for k in told}


# --- damage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["streets", "buildings", "places", "obstacles", "manifest"])
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bit_is_refused(pack: Path, part: str, share: float, bit: int) -> None:
    (path,) = pack.glob(f"{part}*")
    good = path.read_bytes()
    bad = bytearray(good)
    bad[int(share * len(good))] ^= 1 << bit
    path.write_bytes(bytes(bad))
    try:
        with pytest.raises(PackError) as caught:
            packs.open_area("town")
        assert "planner area import FILE --name town" in caught.value.remedy
        assert "\n" not in str(caught.value)
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("part", ["streets", "buildings", "places", "obstacles"])
def test_missing_file_is_told(pack: Path, part: str) -> None:
    next(pack.glob(f"{part}*")).unlink()
    with pytest.raises(PackError, match=f"lacks its file {part}-"):
        packs.open_area("town")


COLLECTED = shapely.GeometryCollection([shapely.box(*town().bbox_deg)])


def remade(pack: Path, change: Callable[[dict], object]) -> None:
    """Change the manifest and put its own digest right, as a hostile hand would."""
    manifest = packs.read_manifest("town")
    change(manifest)
    manifest["sha256"] = packs._manifest_digest(manifest)
    (pack / packs.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m.update(schema="pack/9"), "is of schema 'pack/9'"),
        (lambda m: m.update(schema=None), "is of schema"),
        (lambda m: m.pop("files"), "which file holds its streets"),
        (lambda m: m["files"].pop("places"), "which file holds its places"),
        (lambda m: m["files"]["places"].update(file="../../../etc/passwd"), "none of a pack"),
        (lambda m: m.update(centre_deg=["a", "b"]), "cannot be understood"),
        (lambda m: m.update(centre_deg=[1]), "cannot be understood"),
        (lambda m: m.update(centre_deg=[10**400, 0]), "cannot be understood"),
        (lambda m: m.update(outline_deg="zz"), "cannot be understood"),
        (lambda m: m.update(outline_deg=shapely.to_wkb(COLLECTED, hex=True)), "cannot be understood"),
        (lambda m: m.update(outline_deg=json.loads(shapely.to_geojson(COLLECTED))), "cannot be understood"),
        (lambda m: m.update(bbox_deg=[3, 0, 1, 1]), "bounding box is empty"),
        (lambda m: m.pop("digest"), "cannot be understood"),
        (lambda m: m.update(data_date="<b>someday"), "'<b>someday', is no date"),
        (lambda m: m.update(data_date=7), "is no text"),
        (lambda m: m.update(attribution=None), "is no text"),
        (lambda m: m["files"]["streets"].update(m["files"]["places"]), "cannot be understood"),
        (lambda m: m["files"]["places"].update(m["files"]["obstacles"]), "lacks address"),
    ],
)
def test_manifest_that_is_wrong_is_told(pack: Path, change: Callable[[dict], object], told: str) -> None:
    remade(pack, change)
    with pytest.raises(PackError, match=told):
        packs.open_area("town")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_manifest_that_is_no_object_is_told(pack: Path, content: bytes) -> None:
    (pack / packs.MANIFEST).write_bytes(content)
    with pytest.raises(PackError, match="pack of area 'town'"):
        packs.open_area("town")


# --- crashes --------------------------------------------------------------------------------------


class Crash(BaseException):
    """The power goes."""


@pytest.mark.parametrize("step", range(5))
def test_crash_at_any_step_leaves_the_old_area_whole(
    pack: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Four files and the manifest are put in place, one after the other; the last makes the new area."""
    new = replace(town(river=False), name="town")
    real = pack_files.to_disk
    before = {file.name: file.read_bytes() for file in pack.iterdir()}
    done: list[BinaryIO] = []

    def fail_at(file: BinaryIO) -> None:
        if len(done) == step:
            file.truncate(file.tell() // 2)
            raise Crash
        done.append(file)
        real(file)

    with monkeypatch.context() as patched:
        patched.setattr(packs, "to_disk", fail_at)
        with pytest.raises(Crash):
            packs.write_area(new)
    assert_same(packs.open_area("town"), town())
    assert {file.name: file.read_bytes() for file in pack.iterdir()} == before, (
        "of a full disk nothing is lost"
    )
    packs.write_area(new)
    assert_same(packs.open_area("town"), new)
    assert len(list(pack.iterdir())) == 5


def test_crash_of_a_first_write_leaves_no_area(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise Crash

    monkeypatch.setattr(packs, "_manifest", fail)
    with pytest.raises(Crash):
        packs.write_area(town())
    assert "town" not in [entry.name for entry in packs.list_areas()]
    with pytest.raises(AreaNotFoundError, match="no area 'town'"):
        packs.open_area("town")


def test_staging_left_by_a_killed_writer_is_cleared(pack: Path) -> None:
    (pack / ".new-left").mkdir()
    (pack / ".new-left" / "half").write_bytes(b"x")
    (pack / "streets-0123456789abcdef.npz").write_bytes(b"x")
    packs.write_area(town())
    assert len(list(pack.iterdir())) == 5


def test_an_import_is_done_when_it_is_written(home: Path, tmp_path: Path) -> None:
    file = town_objects().write(tmp_path / "town.osm.pbf")
    told: list[tuple[float, str, bool]] = []
    written = home / "areas" / "mine" / packs.MANIFEST
    packs.import_area(
        file, "mine", progress=lambda share, text: told.append((share, text, written.is_file()))
    )
    shares = [share for share, _, _ in told]
    assert shares == sorted(shares)
    assert [there for share, _, there in told if share < 1.0] == [False] * (len(told) - 1)
    assert told[-1][0] == 1.0
    assert told[-1][2]


def test_failed_import_leaves_the_old_area(pack: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"no map")
    with pytest.raises(SourceError):
        packs.import_area(bad, "town")
    assert_same(packs.open_area("town"), town())


def test_home_that_is_a_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path / "file"))
    with pytest.raises(PackError, match="cannot write area 'town'"):
        packs.write_area(town())


def test_pack_replaced_while_it_is_opened_is_opened_anew(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = packs.read_manifest("town")
    new = replace(town(river=False), name="town")
    packs.write_area(new)
    answers = [old]
    real = packs.read_manifest
    monkeypatch.setattr(packs, "read_manifest", lambda name: answers.pop() if answers else real(name))
    assert_same(packs.open_area("town"), new)


# --- names ----------------------------------------------------------------------------------------

BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/etc",
    "a/b",
    "a\\b",
    "-a",
    ".a",
    "a b",
    "a\n",
    "é",
    "a" * 65,
    "a\x00",
    "<b>",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_unsafe_name_is_refused_everywhere(home: Path, tmp_path: Path, name: str) -> None:
    for verb in (
        lambda: packs.open_area(name),
        lambda: packs.delete_area(name),
        lambda: packs.write_area(replace(town(), name=name)),
        lambda: packs.import_area(tmp_path / "x.osm.pbf", name),
        lambda: packs.read_manifest(name),
    ):
        with pytest.raises(PackError, match="cannot be the name of an area"):
            verb()
    assert list(tmp_path.iterdir()) == []


def test_unknown_area_is_told_with_those_that_are_there(pack: Path) -> None:
    with pytest.raises(AreaNotFoundError, match="montevideo, three_rivers, town"):
        packs.open_area("nowhere")


# --- list and delete ------------------------------------------------------------------------------


def test_list_names_shipped_areas_first_and_broken_ones_too(pack: Path) -> None:
    packs.write_area(replace(town(), name="aaa"))
    (pack / packs.MANIFEST).write_bytes(b"{")
    (pack.parent / "not a name").mkdir()
    (pack.parent / "not a name" / packs.MANIFEST).write_bytes(b"{}")
    listed = packs.list_areas()
    assert [(e.name, e.shipped) for e in listed] == [
        ("montevideo", True),
        ("three_rivers", True),
        ("aaa", False),
        ("town", False),
    ]
    assert [bool(e.problem) for e in listed] == [False, False, False, True]


@pytest.mark.parametrize(("content", "told"), [(None, "lacks its file places-"), (b"PAR1", "is not whole")])
def test_list_says_which_pack_lost_a_file(pack: Path, content: bytes | None, told: str) -> None:
    file = next(pack.glob("places*"))
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    (listed,) = (one for one in packs.list_areas() if one.name == "town")
    assert listed.manifest is None
    assert told in listed.problem
    remade(pack, lambda manifest: manifest.update(files=[1]))
    (listed,) = (one for one in packs.list_areas() if one.name == "town")
    assert "cannot be understood" in listed.problem


def test_shipped_area_that_lost_a_file_is_made_again(home: Path) -> None:
    made = packs.open_area("three_rivers")
    next((installation.read_settings().areas / "three_rivers").glob("streets*")).unlink()
    assert_same(packs.open_area("three_rivers"), made)


def test_deleted_area_is_gone(pack: Path) -> None:
    packs.delete_area("town")
    assert not pack.exists()
    with pytest.raises(AreaNotFoundError):
        packs.open_area("town")
    with pytest.raises(AreaNotFoundError):
        packs.delete_area("town")


# --- shipped areas --------------------------------------------------------------------------------


def test_shipped_area_is_imported_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = packs.open_area("three_rivers")
    assert "data/three_rivers_mi.osm.pbf" in first.source
    monkeypatch.setattr(pbf, "read_osm", lambda *_, **__: pytest.fail("imported again"))
    assert_same(packs.open_area("three_rivers"), first)


@pytest.mark.parametrize("change", ["file_sha256", "reader_sha256"])
def test_shipped_area_is_imported_again_when_its_origin_changes(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    stale = replace(town(), name="three_rivers")
    origin = packs._shipped_origin("three_rivers")
    with packs._locked("three_rivers"):
        packs._write(stale, origin | {change: "of another time"})
    assert packs.open_area("three_rivers").digest != stale.digest
    assert packs.read_manifest("three_rivers")["origin"] == origin


def test_all_that_reads_a_map_decides_whether_a_shipped_area_is_of_this_version() -> None:
    script = "import sys, planner.sources.pbf; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    read_by = [name for name in ran.stdout.split() if name.startswith("planner.sources.")]
    assert sorted(read_by) == sorted(f"planner.sources.{name}" for name in packs._READERS)


def test_shipped_area_of_another_schema_is_imported_again(home: Path) -> None:
    area = packs.open_area("three_rivers")
    path = home / "areas" / "three_rivers" / packs.MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace('"pack/5"', '"pack/0"'), encoding="utf-8")
    assert packs.open_area("three_rivers").digest == area.digest


def test_damaged_shipped_area_says_how_to_mend_it(home: Path) -> None:
    area = packs.open_area("three_rivers")
    (path,) = (home / "areas" / "three_rivers").glob("streets*")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 255]))
    with pytest.raises(PackError, match="planner area delete three_rivers"):
        packs.open_area("three_rivers")
    packs.delete_area("three_rivers")
    assert_same(packs.open_area("three_rivers"), area)


def test_name_of_a_shipped_area_is_not_given_to_another(home: Path, tmp_path: Path) -> None:
    with pytest.raises(PackError, match="comes with the program"):
        packs.import_area(tmp_path / "x.osm.pbf", "montevideo")


def test_two_processes_at_once_get_the_same_area(home: Path) -> None:
    script = "from planner.packs import open_area; print(open_area('three_rivers').digest)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    assert told[0][0] == told[1][0]
    assert len(list((home / "areas" / "three_rivers").iterdir())) == 5


# --- settings -------------------------------------------------------------------------------------


def test_settings_read_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLANNER_HOME", str(tmp_path))
    monkeypatch.setenv("PLANNER_STORE", "postgresql://x")
    monkeypatch.setenv("PLANNER_OVERPASS_URL", "http://o")
    monkeypatch.setenv("PLANNER_OFFLINE", "0")
    read = installation.read_settings()
    assert (read.home, read.store_url, read.overpass_url, read.offline) == (
        tmp_path,
        "postgresql://x",
        "http://o",
        False,
    )
    monkeypatch.delenv("PLANNER_HOME")
    monkeypatch.setenv("PLANNER_OFFLINE", "1")
    assert installation.read_settings().home.name == "planner"
    assert installation.read_settings().offline


def test_missing_part_of_the_installation_is_told() -> None:
    with pytest.raises(PackError, match="data/nothing is missing"):
        installation.shipped("data", "nothing")


def test_doctrine_ships() -> None:
    assert packs.shipped_doctrine().name == "default"
