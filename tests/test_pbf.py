"""Files to areas: every format the same, broken files in one line, ways that leave the extract clipped."""

from __future__ import annotations

import bz2
import gzip
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import osmium
import pytest
import shapely
from osmium.osm import mutable

from planner import settings
from planner.errors import SourceError
from planner.sources import pbf
from planner.sources.pbf import read_osm
from tests.town import DATA_DATE, Objects, Tags, town_objects

THREE_RIVERS = settings.shipped("data", "three_rivers_mi.osm.pbf")
HEAD = '<?xml version="1.0"?><osm version="0.6">'
NODES = '<node id="1" version="1" lat="1" lon="2"/><node id="2" version="1" lat="1" lon="2.001"/>'
WAY = '<way id="1" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way>'


@pytest.fixture(scope="module")
def town_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return town_objects().write(tmp_path_factory.mktemp("town") / "town.osm.pbf")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# --- formats --------------------------------------------------------------------------------------


def test_file_gives_the_same_area_as_its_objects(town_file: Path) -> None:
    area = read_osm(town_file, "town")
    assert area.digest == town_objects().area().digest
    assert area.data_date == DATA_DATE
    assert area.source == "town.osm.pbf"
    assert area.attribution == "© OpenStreetMap contributors"


@pytest.mark.parametrize("ending", [".osm", ".osm.gz", ".osm.bz2", ".OSM.PBF", ".pbf"])
def test_every_format_gives_the_same_area(town_file: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"town{ending}"
    if ending.lower().endswith("pbf"):
        path.write_bytes(town_file.read_bytes())
    else:
        plain = town_objects().write(tmp_path / "plain.osm").read_bytes()
        packed = {".osm": plain, ".osm.gz": gzip.compress(plain), ".osm.bz2": bz2.compress(plain)}
        path.write_bytes(packed[ending])
    assert read_osm(path, "town").digest == read_osm(town_file, "town").digest


def test_progress_rises_to_one(town_file: Path) -> None:
    told: list[tuple[float, str]] = []
    read_osm(town_file, "town", progress=lambda share, text: told.append((share, text)))
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert 0 <= shares[0] < 0.5
    assert all(text for _, text in told)


def test_box_narrows(town_file: Path) -> None:
    whole = read_osm(town_file, "town")
    west, south, east, north = whole.bbox_deg
    box = (west, south, (west + east) / 2, (south + north) / 2)
    part = read_osm(town_file, "town", bbox_deg=box)
    assert 0 < part.network.edge_count < whole.network.edge_count
    assert 0 < len(part.buildings) < len(whole.buildings)
    assert part.bbox_deg == pytest.approx(box, abs=1e-6)


def test_polygon_narrows_to_what_meets_it(town_file: Path) -> None:
    whole = read_osm(town_file, "town")
    west, south, east, north = whole.bbox_deg
    corner = shapely.Polygon([(west, south), (east, south), (west, north)])
    part = read_osm(town_file, "town", within_deg=corner)
    assert 0 < part.network.edge_count < whole.network.edge_count
    ground_m = shapely.Polygon(part.frame.to_m(corner.exterior.coords))
    assert shapely.distance(ground_m, part.buildings.shapes).max() < 1.0
    nothing = shapely.box(west - 2, south - 2, west - 1, south - 1)
    with pytest.raises(SourceError, match="no streets"):
        read_osm(town_file, "town", within_deg=nothing)


def test_box_cut_while_reading_is_the_box_cut_afterwards(
    town_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    west, south, east, north = read_osm(town_file, "town").bbox_deg
    box = (west, south, west * 0.7 + east * 0.3, south * 0.4 + north * 0.6)
    wanted = town_objects().area(bbox_deg=box)  # a draft of everything, cut when it is finished
    assert read_osm(town_file, "town", bbox_deg=box).digest == wanted.digest
    monkeypatch.setattr(pbf, "PLACES_ON_DISK_BYTES", 0)  # as for a large file
    assert read_osm(town_file, "town", bbox_deg=box).digest == wanted.digest


def test_files_are_joined_and_complete_each_other(town_file: Path, tmp_path: Path) -> None:
    middle = sum(read_osm(town_file, "town").bbox_deg[::2]) / 2
    halves = [tmp_path / "west.osm.pbf", tmp_path / "east.osm"]
    for half, is_west in zip(halves, (True, False), strict=True):
        with osmium.SimpleWriter(str(half)) as writer:
            things: Any = osmium.FileProcessor(str(town_file))
            for thing in things:  # each has every street, and the nodes of its own side
                if not thing.is_node() or (thing.location.lon < middle) == is_west:
                    writer.add(thing)
    whole = read_osm(town_file, "town", bbox_deg=(-180, -90, 180, 90))
    joined = read_osm(halves, "town", bbox_deg=(-180, -90, 180, 90))
    assert joined.digest == whole.digest
    assert joined.source == "west.osm.pbf, east.osm"


def timed_objects() -> tuple[Objects, dict[str, list[Any]]]:
    """A cross with rules that hold at times on each of its arms, and where they are."""
    made = Objects()
    hours = "no @ (Mo-Fr 07:00-09:00)"
    west = made.way([(-200, 0), (0, 0)], highway="residential", access__conditional=hours)
    east = made.way([(0, 0), (200, 0)], highway="primary", maxspeed__conditional="30 @ (22:00-06:00)")
    made.way([(0, 0), (0, 200)], highway="footway", access__conditional=hours)
    gate = made.node(0, -100, barrier="gate", access="no", access__conditional="yes @ (07:00-19:00)")
    made.way([(0, 0), (0, -100), (0, -200)], highway="service")
    made.node(50, 50, barrier="gate", access__conditional=hours)  # on no street
    members = [("w", west, "from"), ("n", made.node(0, 0), "via"), ("w", east, "to")]
    made.relation(members, type="restriction", restriction__conditional="no_straight_on @ (Mo-Fr)")
    made.relation(
        [*members[:2], ("w", 999, "to")], type="restriction", restriction__conditional="no_exit @ (Su)"
    )
    told: dict[str, list[Any]] = {
        "passage": [west],
        "speed": [east],
        "barriers": [gate],
        "turns": [[west, east]],
    }
    return made.settle(), told


@pytest.mark.parametrize("ending", [".osm", ".osm.pbf"])
def test_rules_that_hold_at_times_are_kept_apart_where_vehicles_drive(tmp_path: Path, ending: str) -> None:
    made, told = timed_objects()
    area = read_osm(made.write(tmp_path / f"timed{ending}"), "timed")
    assert area.unread is not None
    assert {kind: getattr(area.unread, kind).tolist() for kind in told} == told
    assert area.network.restriction_count == 0
    assert area.digest == made.area("timed").digest
    made.ways = {ident: (refs, _at_all_times(tags)) for ident, (refs, tags) in made.ways.items()}
    assert made.area("timed").digest != area.digest  # for plans on it say something else


def _at_all_times(tags: Tags) -> Tags:
    return {key: value for key, value in tags.items() if not key.endswith(":conditional")}


# --- what real extracts do ------------------------------------------------------------------------


def test_multipolygon_keeps_its_hole(tmp_path: Path) -> None:
    made = Objects()
    made.way([(0, 0), (100, 0)], highway="residential")
    outer = made.polygon([(0, 0), (50, 0), (50, 50), (0, 50)])
    inner = made.polygon([(20, 20), (30, 20), (30, 30), (20, 30)])
    tags = {"type": "multipolygon", "building": "school", "building:levels": "3"}
    relation = made.relation([("w", outer, "outer"), ("w", inner, "inner")], **tags)
    area = read_osm(made.settle().write(tmp_path / "hole.osm.pbf"), "hole")
    table = area.buildings
    (row,) = zip(*(table[name] for name in ("osm_type", "osm_id", "kind", "levels")), strict=True)
    assert row == ("r", relation, "school", 3.0)
    (shape,) = table.shapes
    assert shape.geom_type == "Polygon"
    assert len(shape.interiors) == 1
    assert shape.area == pytest.approx(2400, abs=2)


def test_multipolygon_that_does_not_close_is_left_out(tmp_path: Path) -> None:
    made = Objects()
    made.way([(0, 0), (100, 0)], highway="residential")
    part = made.way([(0, 10), (50, 10), (50, 50)])
    made.relation([("w", part, "outer"), ("w", 999, "outer")], type="multipolygon", natural="water")
    area = read_osm(made.settle().write(tmp_path / "open.osm.pbf"), "open")
    assert len(area.obstacles) == 0


def test_way_that_leaves_the_extract_is_clipped(tmp_path: Path) -> None:
    ways = (
        '<way id="7" version="1"><nd ref="1"/><nd ref="2"/><nd ref="77"/><nd ref="3"/>'
        '<nd ref="4"/><nd ref="78"/><nd ref="5"/><tag k="highway" v="primary"/></way>'
        '<way id="8" version="1"><nd ref="79"/><nd ref="80"/><tag k="highway" v="primary"/></way>'
    )
    nodes = "".join(f'<node id="{k}" version="1" lat="1" lon="2.00{k}"/>' for k in range(1, 6))
    area = read_osm(written(tmp_path / "cut.osm", f"{HEAD}{nodes}{ways}</osm>"), "cut")
    network = area.network
    assert network.way_id.tolist() == [7, 7]
    assert [network.shape(e)[1].tolist() for e in (0, 1)] == [[1, 2], [3, 4]]


def test_way_is_clipped_at_a_node_that_is_not_on_the_globe(tmp_path: Path) -> None:
    way = '<way id="7" version="1">' + "".join(f'<nd ref="{k}"/>' for k in range(1, 6))
    nodes = "".join(f'<node id="{k}" version="1" lat="1" lon="{200 if k == 3 else k}"/>' for k in range(1, 6))
    text = f'{HEAD}{nodes}{way}<tag k="highway" v="primary"/></way></osm>'
    network = read_osm(written(tmp_path / "off.osm", text), "off").network
    assert [network.shape(e)[1].tolist() for e in range(network.edge_count)] == [[1, 2], [4, 5]]


def test_streets_are_the_same_however_many_are_read_at_once(
    town_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = read_osm(town_file, "town").digest
    for count in (1, 3):
        monkeypatch.setattr(pbf, "_STREETS_AT_ONCE", count)
        assert read_osm(town_file, "town").digest == wanted


@pytest.mark.parametrize("ending", [".osm", ".osm.bz2"])
def test_ways_before_their_nodes_are_put_in_order(tmp_path: Path, ending: str) -> None:
    text = f"{HEAD}{WAY}{NODES}</osm>".encode()
    path = tmp_path / f"backwards{ending}"
    path.write_bytes(bz2.compress(text) if ending.endswith("bz2") else text)
    assert read_osm(path, "backwards").network.edge_count == 1


def test_ids_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    ring = "".join(f'<nd ref="{k}"/>' for k in (1, 2, 3, 1))
    closed = f'<way id="9" version="1">{ring}<tag k="building" v="yes"/></way>'
    text = f'{HEAD}{NODES}<node id="3" version="1" lat="1.001" lon="2"/>{closed}{WAY}</osm>'
    area = read_osm(written(tmp_path / "shuffled.osm", text), "shuffled")
    assert (area.network.edge_count, len(area.buildings)) == (1, 1)


def test_date_of_the_newest_street_serves_where_the_header_has_none(tmp_path: Path) -> None:
    dated = WAY.replace('version="1"', 'version="1" timestamp="2021-03-04T05:06:07Z"', 1)
    assert read_osm(written(tmp_path / "a.osm", f"{HEAD}{NODES}{dated}</osm>"), "a").data_date == "2021-03-04"
    assert read_osm(written(tmp_path / "b.osm", f"{HEAD}{NODES}{WAY}</osm>"), "b").data_date == ""
    to_come = dated.replace("2021", "2061")  # an editor's clock was wrong
    assert read_osm(written(tmp_path / "c.osm", f"{HEAD}{NODES}{to_come}</osm>"), "c").data_date == ""


def test_files_of_two_dates_are_as_old_as_the_older(town_file: Path, tmp_path: Path) -> None:
    newer = osmium.io.Header()
    newer.set("osmosis_replication_timestamp", "2025-06-07T00:00:00Z")
    later = tmp_path / "later.osm.pbf"
    with osmium.SimpleWriter(str(later), header=newer) as writer:
        writer.add_node(mutable.Node(id=1 << 33, version=1, location=(2, 1)))
    assert DATA_DATE < "2025-06-07"
    for files in ([town_file, later], [later, town_file]):
        assert read_osm(files, "town").data_date == DATA_DATE


def test_a_box_that_misses_the_file_is_told_where_its_streets_lie(town_file: Path) -> None:
    west, south, east, north = read_osm(town_file, "town").bbox_deg
    with pytest.raises(
        SourceError, match=r"no streets in the box 10\.0000,10\.0000,11\.0000,11\.0000"
    ) as caught:
        read_osm(town_file, "town", bbox_deg=(10, 10, 11, 11))
    told = caught.value.remedy.split("within ")[1].split(":")[0]
    assert [float(degrees) for degrees in told.split(",")] == pytest.approx(
        [west, south, east, north], abs=2e-4
    )
    with pytest.raises(SourceError) as caught:
        read_osm(town_file, "town", bbox_deg=(south, west, north, east))  # longitude -93 is no latitude
    assert caught.value.remedy.startswith("Longitude comes first: give west,south,east,north")
    with pytest.raises(SourceError) as caught:
        read_osm(THREE_RIVERS, "town", bbox_deg=(41.94, -85.64, 41.95, -85.63))
    assert caught.value.remedy == "Longitude comes first: -85.6400,41.9400,-85.6300,41.9500"
    with pytest.raises(SourceError, match="no streets at all"):
        read_osm(_without_streets(town_file), "town", bbox_deg=(west, south, east, north))


def _without_streets(file: Path) -> Path:
    bare = file.with_name("bare.osm.pbf")
    with osmium.SimpleWriter(str(bare), overwrite=True) as writer:
        for thing in osmium.FileProcessor(str(file)):
            if "highway" not in thing.tags:
                writer.add(thing)
    return bare


def test_box_of_the_header_bounds_the_area(tmp_path: Path) -> None:
    bounds = '<bounds minlon="2.0002" minlat="0.9" maxlon="2.0008" maxlat="1.1"/>'
    area = read_osm(written(tmp_path / "a.osm", f"{HEAD}{bounds}{NODES}{WAY}</osm>"), "a")
    assert area.bbox_deg == pytest.approx((2.0002, 0.9999, 2.0008, 1.0001))
    assert area.network.length_m.sum() == pytest.approx(111.3, abs=0.1)  # the street is kept whole


def test_names_are_kept_as_they_are(tmp_path: Path) -> None:
    name = "&lt;script&gt;alert(1)&lt;/script&gt; \u202e Ωθ"
    way = WAY.replace("</way>", f'<tag k="name" v="{name}"/></way>')
    network = read_osm(written(tmp_path / "a.osm", f"{HEAD}{NODES}{way}</osm>"), "a").network
    assert network.street(0) == "<script>alert(1)</script> \u202e Ωθ"


# --- files that are none --------------------------------------------------------------------------


def broken_files(folder: Path, good: bytes) -> dict[str, Path]:
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 0xFF
    contents = {
        "empty.osm.pbf": b"",
        "text.osm.pbf": b"this is no map\n" * 50,
        "cut.osm.pbf": good[: len(good) // 2],
        "flipped.osm.pbf": bytes(flipped),
        "random.pbf": np.random.default_rng(1).bytes(3000),
        "half.osm": f"{HEAD}{NODES}".encode(),
        "html.osm": b"<html><body>429 Too Many Requests</body></html>",
        "text.osm.gz": b"plain text",
        "cut.osm.gz": gzip.compress(f"{HEAD}{NODES}{WAY}</osm>".encode())[:-20],
        "nothing.osm": f"{HEAD}</osm>".encode(),
        "no-streets.osm": f"{HEAD}{NODES}</osm>".encode(),
        "no-nodes.osm": f"{HEAD}{WAY}</osm>".encode(),
        "off-the-globe.osm": f"{HEAD}{NODES}{WAY}</osm>".replace('lat="1"', 'lat="95"').encode(),
        "table.csv": b"a,b\n1,2\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.osm.pbf").mkdir()
    return {name: folder / name for name in [*contents, "folder.osm.pbf", "missing.osm.pbf"]}


BROKEN = {
    "empty.osm.pbf": "is empty",
    "text.osm.pbf": "cannot be read",
    "cut.osm.pbf": "cannot be read",
    "flipped.osm.pbf": "cannot be read",
    "random.pbf": "cannot be read",
    "half.osm": "cannot be read",
    "html.osm": "cannot be read",
    "text.osm.gz": "cannot be read",
    "cut.osm.gz": "cannot be read",
    "nothing.osm": "no streets",
    "no-streets.osm": "no streets",
    "no-nodes.osm": "no nodes for them",
    "off-the-globe.osm": "no nodes for them",
    "table.csv": "of no format",
    "folder.osm.pbf": "there is no file",
    "missing.osm.pbf": "there is no file",
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_file_is_told_in_one_line(town_file: Path, tmp_path: Path, name: str) -> None:
    path = broken_files(tmp_path, town_file.read_bytes())[name]
    with pytest.raises(SourceError) as caught:
        read_osm(path, "broken")
    line = str(caught.value)
    assert BROKEN[name] in line
    assert name in line
    assert "\n" not in line
    assert caught.value.remedy


@pytest.mark.parametrize("name", [b"\xff\xfe\xfd\xfc", b"abc\xc3", b"\xed\xa0\x80a", b"\xc0\x80ab"])
def test_names_that_are_not_in_utf8_are_refused_in_one_line(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "name.osm.pbf"
    with osmium.SimpleWriter(osmium.io.File(str(path), "pbf,pbf_compression=none")) as writer:
        for ident in (1, 2):
            writer.add_node(mutable.Node(id=ident, location=(ident, 1)))
        writer.add_way(mutable.Way(id=3, nodes=[1, 2], tags={"highway": "primary", "name": "QQQQ"}))
    path.write_bytes(path.read_bytes().replace(b"QQQQ", name))
    with pytest.raises(SourceError, match=r"name\.osm\.pbf cannot be read"):
        read_osm(path, "name")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from planner.errors import SourceError
from planner.sources.pbf import read_osm

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    read_osm(Path(sys.argv[1]), "town")
except SourceError as error:
    sys.stdout.write(f"{error.message}. {error.remedy}.")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="files are bounded by Linux' own means")
def test_full_disk_is_told_and_ends_nothing(town_file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(town_file)], capture_output=True, text=True, check=True
    )
    assert "Write failed" in done.stdout
    assert "room" in done.stdout


@pytest.mark.parametrize("count", [1, 2])
def test_what_has_no_room_on_disk_is_refused_before_it_is_begun(
    town_file: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(pbf, "PLACES_ON_DISK_BYTES", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=1000))
    with pytest.raises(SourceError, match="0 MB are free") as caught:
        read_osm([town_file] * count, "town")
    assert caught.value.remedy.startswith("Make room in ")


def test_what_is_told_may_end_the_reading(town_file: Path) -> None:
    def cancel(_share: float, text: str) -> None:
        if text.startswith("reading"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_osm(town_file, "town", progress=cancel)
