"""The shipped maps are what data/README.md says; the scripts that made them put a cut map together again."""

from __future__ import annotations

import csv
import importlib
import math
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import osmium
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from osmium.filter import EntityFilter, KeyFilter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

DATA = Path(__file__).parents[1] / "data"

# fmt: off
DRIVABLE = {
    "motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street",
    "service", "road", "track", "busway",
}
# fmt: on
KEYS = ("highway", "building", "amenity", "shop", "leisure", "barrier", "entrance")


class Line(NamedTuple):
    """A way: its tags, its nodes, where they are."""

    tags: dict[str, str]
    refs: list[int]
    places: list[tuple[float, float]]


class Map(NamedTuple):
    """What the tests look at. Of the nodes, those with one of KEYS."""

    header: osmium.io.Header
    ways: dict[int, Line]
    nodes: dict[int, dict[str, str]]

    def count(self, key: str, value: str | None = None) -> int:
        """Objects with this tag."""
        objects = [*(way.tags for way in self.ways.values()), *self.nodes.values()]
        return sum(key in tags and value in {None, tags[key]} for tags in objects)

    def drivable(self) -> list[Line]:
        """Streets for cars."""
        return [
            way
            for way in self.ways.values()
            if way.tags.get("highway", "").removesuffix("_link") in DRIVABLE and way.tags.get("area") != "yes"
        ]


def read_map(name: str) -> Map:
    """Read a shipped map. A way with a node that has no place raises."""
    path = DATA / name
    with_places = osmium.FileProcessor(path).with_locations().with_filter(EntityFilter(osmium.osm.WAY))
    ways = {}
    for way in with_places:
        assert isinstance(way, osmium.osm.Way)
        places = [(it.location.lon, it.location.lat) for it in way.nodes]
        ways[way.id] = Line(dict(way.tags), [it.ref for it in way.nodes], places)
    tagged = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(KeyFilter(*KEYS))
    return Map(with_places.header, ways, {node.id: dict(node.tags) for node in tagged})


@pytest.fixture(scope="module")
def montevideo() -> Map:
    """Montevideo, read once."""
    return read_map("montevideo.osm.pbf")


@pytest.fixture(scope="module")
def three_rivers() -> Map:
    """Three Rivers, read once."""
    return read_map("three_rivers_mi.osm.pbf")


def largest_share(streets: list[Line], *, directed: bool) -> float:
    """Share of the nodes that the largest connected part has."""
    hops = [hop for way in streets for hop in pairwise(way.refs)]
    if directed:
        one_way = {"yes", "-1"}
        hops = []
        for way in streets:
            direction = way.tags.get("oneway", "yes" if way.tags.get("junction") == "roundabout" else "no")
            hops += [hop for hop in pairwise(way.refs) if direction != "-1"]
            hops += [hop[::-1] for hop in pairwise(way.refs) if direction not in one_way or direction == "-1"]
    names, ends = np.unique(np.array(hops), return_inverse=True)
    tails, heads = ends.reshape(-1, 2).T
    graph = coo_array((np.ones(len(hops)), (tails, heads)), shape=(len(names), len(names)))
    _, parts = connected_components(graph, directed=directed, connection="strong")
    return float(np.bincount(parts).max() / len(names))


# --- the maps ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (("building",), 4437),
        (("amenity", "hospital"), 35),
        (("amenity", "school"), 225),
        (("amenity", "parking"), 133),
        (("shop", "mall"), 8),
        (("highway", "traffic_signals"), 1077),
        (("barrier", "bollard"), 29),
    ],
)
def test_montevideo_has_what_its_source_has(montevideo, tag, expected):
    assert montevideo.count(*tag) == expected


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (("building",), 357),
        (("amenity", "hospital"), 0),
        (("amenity", "school"), 5),
        (("amenity", "parking"), 38),
        (("leisure", "pitch"), 10),
        (("amenity", "fire_station"), 1),
    ],
)
def test_three_rivers_has_what_its_source_has(three_rivers, tag, expected):
    assert three_rivers.count(*tag) == expected


def test_streets_are_whole(montevideo, three_rivers):
    assert sum("highway" in way.tags for way in montevideo.ways.values()) == 13136
    assert sum("highway" in way.tags for way in three_rivers.ways.values()) == 329
    assert max(montevideo.ways) < 10**11  # each way kept its own id: none was left in parts


def test_streets_meet(montevideo, three_rivers):
    assert largest_share(montevideo.drivable(), directed=False) >= 0.997
    assert largest_share(three_rivers.drivable(), directed=False) == 1


def test_streets_lead_the_right_way(montevideo, three_rivers):
    assert largest_share(montevideo.drivable(), directed=True) >= 0.99
    assert largest_share(three_rivers.drivable(), directed=True) == 1
    # Uruguay drives on the right: counter-clockwise around.
    rings = [
        shapely.LinearRing(way.places)
        for way in montevideo.ways.values()
        if way.tags.get("junction") == "roundabout" and way.refs[0] == way.refs[-1]
    ]
    assert len(rings) == 7
    assert all(ring.is_ccw for ring in rings)


@pytest.mark.parametrize("name", ["montevideo", "three_rivers"])
def test_buildings_are_valid_areas(name, request):
    buildings = [way for way in request.getfixturevalue(name).ways.values() if "building" in way.tags]
    assert all(way.refs[0] == way.refs[-1] for way in buildings)
    assert all(shapely.Polygon(way.places).is_valid for way in buildings)


def test_levels_are_kept(montevideo):
    buildings = [way.tags for way in montevideo.ways.values() if "building" in way.tags]
    assert sum("building:levels" in tags for tags in buildings) == 863


def test_names_survive(montevideo, three_rivers):
    assert montevideo.ways[180467243].tags["name"] == "Shopping Tres Cruces"
    assert montevideo.ways[252213766].tags["name"] == "Asociación Española"
    names = {way.tags.get("name") for way in three_rivers.ways.values()}
    assert {"Three Rivers Middle School", "Three Rivers High School", "Andrews Elementary School"} <= names


def test_tagged_nodes_are_part_of_their_ways(montevideo):
    on_streets = {ref for way in montevideo.ways.values() if "highway" in way.tags for ref in way.refs}
    signals = {it for it, tags in montevideo.nodes.items() if tags.get("highway") == "traffic_signals"}
    bollards = {it for it, tags in montevideo.nodes.items() if tags.get("barrier") == "bollard"}
    assert signals <= on_streets
    assert bollards <= on_streets
    on_ways = {ref for way in montevideo.ways.values() for ref in way.refs}
    entrances = {it for it, tags in montevideo.nodes.items() if "entrance" in tags}
    assert (len(entrances), len(entrances - on_ways)) == (387, 0)


@pytest.mark.parametrize(
    ("name", "date", "west_south_east_north"),
    [
        ("montevideo", "2017-12-04", (-56.3379, -34.9580, -55.9863, -34.8138)),
        ("three_rivers", "2017-05-09", (-85.6443, 41.9374, -85.5877, 41.9609)),
    ],
)
def test_header_tells_date_and_box(name, date, west_south_east_north, request):
    header = request.getfixturevalue(name).header
    assert header.get("osmosis_replication_timestamp")[:10] == date
    box = header.box()
    corners = box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat
    assert corners == pytest.approx(west_south_east_north, abs=1e-4)


def test_hospital_rows_say_only_what_is_known_and_from_where():
    with (DATA / "three_rivers_hospitals.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 37
    for row in rows:
        assert (row["source"], row["as_of"]) == ("HIFLD Open Hospitals", "2020-04")
        assert row["name"]
        assert {row["adult_level"], row["pediatric_level"]} <= {"", "I", "II", "III", "IV", "V"}
        assert row["helipad"] in {"Y", "N", ""}
        assert row["beds"] == "" or int(row["beds"]) > 0
        assert math.dist((float(row["lat"]), float(row["lon"])), (41.94, -85.63)) < 1.6
    assert Counter(row["adult_level"] for row in rows) == {"": 28, "I": 2, "II": 5, "III": 2}


def test_readme_tells_the_source_of_every_file():
    told = (DATA / "README.md").read_text(encoding="utf-8")
    files = [
        it.name for it in DATA.iterdir() if it.is_file() and it.name != "README.md" and it.name[0] != "."
    ]
    assert len(files) >= 6
    assert [name for name in files if f"`{name}`" not in told] == []


# --- the scripts that made them ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maker() -> Any:
    """Give the script that makes Montevideo; it stands beside the map, outside of any package."""
    return import_script("make_montevideo")


def import_script(name: str) -> ModuleType:
    """Import a script of data/."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DATA))
        return importlib.import_module(name)


TILE_WIDTH = 1 << 20
STEPS = st.integers(1, TILE_WIDTH - 1)


def cut(path: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Cut a path that runs east at the seams of the tiles, rounding down as the writer of the tiles did."""
    pieces = [path[:1]]
    for (x, y), (to_x, to_y) in pairwise(path):
        for seam in range((x // TILE_WIDTH + 1) * TILE_WIDTH, to_x, TILE_WIDTH):
            clip = seam, math.floor(y + Fraction((to_y - y) * (seam - x), to_x - x))
            pieces[-1].append(clip)
            pieces.append([clip])
        pieces[-1].append((to_x, to_y))
    return pieces


eastward_paths = st.lists(st.tuples(st.integers(0, 2), STEPS, STEPS), min_size=2, max_size=8).map(
    lambda places: sorted(
        {tile * TILE_WIDTH + x: (tile * TILE_WIDTH + x, y) for tile, x, y in places}.values()
    )
)


@given(path=eastward_paths.filter(lambda it: len(it) > 1), backwards=st.booleans(), shuffle=st.randoms())
def test_a_cut_line_comes_together_as_it_was(maker, path, backwards, shuffle):
    pieces = cut(path)
    if backwards:
        path, pieces = path[::-1], [piece[::-1] for piece in pieces]
    shuffle.shuffle(pieces)
    assert maker.join_line(pieces) == path


def test_a_cut_roundabout_keeps_its_direction(maker):
    x = TILE_WIDTH
    west = [(x, 20), (x - 30, 50), (x, 80)]
    east_from_start = [(x + 30, 50), (x, 20)]
    east_to_start = [(x, 80), (x + 20, 70), (x + 30, 50)]
    ring = maker.join_line([west, east_from_start, east_to_start])
    assert ring[0] == ring[-1]
    assert {*pairwise(ring)} >= {((x + 20, 70), (x + 30, 50))}
    assert shapely.LinearRing(ring).is_ccw == shapely.LinearRing([*west, *east_to_start[1:], (x, 20)]).is_ccw


def test_a_bend_on_the_seam_stays(maker):
    x = TILE_WIDTH
    assert maker.join_line([[(x - 9, 5), (x, 50)], [(x, 50), (x + 9, 5)]]) == [
        (x - 9, 5),
        (x, 50),
        (x + 9, 5),
    ]


def test_a_loop_that_starts_on_the_seam_comes_before_the_line_that_leaves_it(maker):
    start = TILE_WIDTH, 50
    loop = [start, (TILE_WIDTH - 9, 60), (TILE_WIDTH - 9, 40), start]
    leaving = [start, (TILE_WIDTH + 9, 50)]
    assert maker.join_line([leaving, loop]) == [*loop, leaving[1]]


def test_a_line_that_leaves_the_map_is_refused_not_bridged(maker):
    with pytest.raises(ValueError, match="empty"):
        maker.join_line([[(5, 5), (0, 5)], [(0, 9), (5, 9)]])


def test_a_cut_area_comes_together_without_the_seam(maker):
    x = TILE_WIDTH
    west = [(x - 10, 5), (x, 5), (x, 15), (x - 10, 15), (x - 10, 5)]
    east = [(x, 5), (x + 10, 5), (x + 10, 15), (x, 15), (x, 5)]
    ring = maker.join_area([west, east])
    assert {*ring} == {(x - 10, 5), (x + 10, 5), (x + 10, 15), (x - 10, 15)}
    assert len(ring) == 5


def test_areas_that_do_not_touch_are_refused(maker):
    with pytest.raises(ValueError, match="does not come together"):
        maker.join_area([[(0, 0), (0, 9), (9, 9), (0, 0)], [(20, 0), (20, 9), (29, 9), (20, 0)]])


def test_an_entrance_dropped_from_a_straight_wall_is_put_back_in_order(maker):
    house = [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]
    between = maker.nodes_on_edges([house], [(6, 0), (3, 0), (9, 9), (5, 5)])
    assert maker.with_nodes(house, between) == [(0, 0), (3, 0), (6, 0), (9, 0), (9, 9), (0, 9), (0, 0)]


def test_vertices_at_one_place_are_one_node_and_named_nodes_keep_their_ids(maker):
    ids = maker.number_vertices([[(1, 1), (2, 2)], [(2, 2), (3, 3)]], {(3, 3): 7, (8, 8): 9})
    assert ids == {(1, 1): maker.FIRST_OWN_ID, (2, 2): maker.FIRST_OWN_ID + 1, (3, 3): 7}


@given(st.integers(-563378906, -559863281), st.integers(-349579953, -348138034))
def test_coordinates_come_back_exactly(maker, lon, lat):
    lon_deg, lat_deg = lon / 1e7, lat / 1e7
    x = math.floor((lon_deg + 180) / 360 * maker.WORLD)
    y = math.floor((1 - math.asinh(math.tan(math.radians(lat_deg))) / math.pi) / 2 * maker.WORLD)
    assert maker.degrees_of((x, y)) == (lon_deg, lat_deg)


def test_tiles_are_read_piece_by_piece(maker):
    tiles = maker.Tiles()
    way = {"@id": 1, "@type": "way", "@timestamp": 5, "highway": "residential", "name": "Calle <b>1</b>"}
    first = {"geometry": {"type": "LineString", "coordinates": [[7, 7], [TILE_WIDTH, 7]]}, "properties": way}
    second = {
        "geometry": {"type": "MultiLineString", "coordinates": [[[0, 7], [4, 7]]]},
        "properties": way | {"@timestamp": 6},
    }
    maker.add_feature(tiles, (0, 0), first)
    maker.add_feature(tiles, (1, 0), second)
    assert tiles.newest_edit_s == 6
    assert tiles.ways[1].tags == {"highway": "residential", "name": "Calle <b>1</b>"}
    assert maker.draw(tiles.ways, [(9, 9)]) == {1: [(7, 7), (TILE_WIDTH + 4, 7)]}


def test_writing_twice_gives_the_same_bytes_and_a_dated_header(maker, tmp_path):
    file = import_script("_osmfile")
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        file.write_osm(
            folder / "map.osm.pbf",
            [maker.Node(id=2, location=(1.0, 2.0)), maker.Node(id=1, location=(1.0, 2.1), tags={"a": "b"})],
            [maker.Way(id=1, nodes=[1, 2], tags={"highway": "service"})],
            [],
            date=maker.datetime(2017, 1, 2, tzinfo=maker.UTC),
            bbox=(0.0, 1.0, 2.0, 3.0),
        )
    one, two = ((tmp_path / name / "map.osm.pbf") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    read = osmium.FileProcessor(one)
    assert [(it.type_str(), it.id, dict(it.tags)) for it in read] == [
        ("n", 1, {"a": "b"}),
        ("n", 2, {}),
        ("w", 1, {"highway": "service"}),
    ]
    assert read.header.get("osmosis_replication_timestamp") == "2017-01-02T00:00:00Z"


def test_the_example_town_is_written_as_it_is():
    maker = import_script("make_three_rivers")
    graph = {
        "n5": {"id": "n5", "loc": [-85.6, 41.9]},
        "n7": {"id": "n7", "loc": [-85.5, 42.0], "tags": {"highway": "stop"}},
        "n9": {"id": "n9", "loc": [-85.0, 43.0]},
        "w2": {"id": "w2", "nodes": ["n7", "n5"], "tags": {"highway": "service"}},
        "w4": {"id": "w4", "nodes": ["n5", "n9"], "tags": {"waterway": "river"}},
        "r3": {"id": "r3", "members": [{"id": "w2", "role": "outer", "type": "way"}], "tags": {"type": "x"}},
    }
    assert maker.bbox_of(graph) == (-85.6, 41.9, -85.5, 42.0)
    assert maker.node_of(graph["n7"]).tags == {"highway": "stop"}
    assert maker.way_of(graph["w2"]).nodes == [7, 5]
    assert maker.relation_of(graph["r3"]).members == [("w", 2, "outer")]
