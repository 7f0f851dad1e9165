"""Make montevideo.osm.pbf from OSM-QA tiles: one map again out of pieces cut at the edges of tiles.

Run ``python data/make_montevideo.py``. It needs npm, the network and ``mapbox-vector-tile``; README.md beside
this file says where the map comes from, how old it is and under which licence.

The tiles keep what is needed to undo the cutting. They have all tags, the ids of ways and of tagged nodes, no
simplified lines, and a grid finer than OpenStreetMap's own, so that its coordinates come back exactly. They
lack the ids of untagged nodes and all relations.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import mapbox_vector_tile
import shapely
from _osmfile import HERE, fetch_package, write_osm
from osmium.osm.mutable import Node, Way

PACKAGE = "@mapbox/mvt-fixtures@4.0.0"
SHA256 = "214047a8e5df8dd0470515fbacf79dfafa88affc24cf41b83e23bfacaa30e7bd"

ZOOM = 12
TILE = re.compile(rf"package/real-world/osm-qa-montevideo/{ZOOM}-(\d+)-(\d+)\.mvt")
EXTENT = 1 << 20  # steps across a tile
WORLD = EXTENT << ZOOM  # steps around the earth: one is 0.84e-7 degree of longitude

# Ids for what the tiles left unnamed: above any that OpenStreetMap will give out in our time, so that nothing
# here passes for an object of theirs.
FIRST_OWN_ID = 100_000_000_000

Vertex = tuple[int, int]
"""A place in steps of the grid, from the world's north-west corner, y to the south."""

Edge = tuple[Vertex, Vertex]
Line = list[Vertex]  # closed, last vertex as the first, where it is the ring of an area
Tags = dict[str, str]


@dataclass
class Feature:
    """One OpenStreetMap node or way as the tiles tell it, all pieces together."""

    tags: Tags
    pieces: list[Line] = field(default_factory=list)
    is_area: bool = False


@dataclass
class Tiles:
    """Everything that the tiles hold."""

    nodes: dict[int, Feature] = field(default_factory=dict)
    ways: dict[int, Feature] = field(default_factory=dict)
    newest_edit_s: int = 0
    numbers: list[tuple[int, int]] = field(default_factory=list)


# --- reading ----------------------------------------------------------------------------------------------


def read_tiles(tarball: bytes) -> Tiles:
    """Decode every tile of the place in the package."""
    tiles = Tiles()
    with tarfile.open(fileobj=io.BytesIO(tarball)) as package:
        for name in sorted(package.getnames()):
            found = TILE.fullmatch(name)
            content = package.extractfile(name) if found else None
            if found is None or content is None:
                continue
            number = int(found[1]), int(found[2])
            layer = mapbox_vector_tile.decode(content.read(), default_options={"y_coord_down": True})["osm"]
            assert layer["extent"] == EXTENT
            tiles.numbers.append(number)
            for feature in layer["features"]:
                add_feature(tiles, number, feature)
    return tiles


def add_feature(tiles: Tiles, number: tuple[int, int], feature: Mapping[str, Any]) -> None:
    """Put one feature of one tile with the other pieces of the same object."""
    properties: dict[str, Any] = feature["properties"]
    kind = tiles.nodes if properties["@type"] == "node" else tiles.ways
    tags = {key: value for key, value in properties.items() if not key.startswith("@")}
    known = kind.setdefault(properties["@id"], Feature(tags))
    known.is_area = feature["geometry"]["type"].endswith("Polygon")
    known.pieces += [
        [(number[0] * EXTENT + x, number[1] * EXTENT + y) for x, y in piece]
        for piece in pieces_of(feature["geometry"])
    ]
    tiles.newest_edit_s = max(tiles.newest_edit_s, properties["@timestamp"])


def pieces_of(geometry: Mapping[str, Any]) -> Iterator[Sequence[Sequence[int]]]:
    """Yield every path of a GeoJSON geometry. No ring is a hole: a way has none."""
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Point":
            yield [coordinates]
        case "LineString":
            yield coordinates
        case "MultiLineString" | "Polygon":
            yield from coordinates
        case "MultiPolygon":
            yield from itertools.chain.from_iterable(coordinates)
        case other:
            raise ValueError(f"unknown geometry {other}")


# --- undoing the cutting ----------------------------------------------------------------------------------


def on_seam(vertex: Vertex) -> bool:
    """Whether a vertex lies on the edge of a tile, where the cutting put one."""
    return vertex[0] % EXTENT == 0 or vertex[1] % EXTENT == 0


def off_line(before: Vertex, here: Vertex, after: Vertex) -> float:
    """How many steps a vertex lies beside the line of its neighbours."""
    along = after[0] - before[0], after[1] - before[1]
    aside = here[0] - before[0], here[1] - before[1]
    length = math.hypot(*along)
    return abs(along[0] * aside[1] - along[1] * aside[0]) / length if length else math.inf


def drop_seam_vertices(path: Line) -> Line:
    """Take out the vertices that only cutting made.

    The writer of the tiles rounded them down to the grid, hence within one step of the true line. A bend on
    the seam is a vertex of the map itself and stays.
    """
    if path[0] == path[-1]:
        start = next((i for i, vertex in enumerate(path) if not on_seam(vertex)), 0)
        path = path[start:-1] + path[:start] + [path[start]]  # an end is never taken out
    kept = path[:1]
    for here, after in itertools.pairwise(path[1:]):
        if not (on_seam(here) and off_line(kept[-1], here, after) < 1):
            kept.append(here)
    return [*kept, path[-1]]


def join_line(pieces: Sequence[Line]) -> Line:
    """Join the pieces of one line, each end to the next start: its direction is that of a one-way street.

    Raises
    ------
    ValueError
        If the line leaves the map and comes back: no line of this map does.
    """
    waiting = list(pieces)
    starts, ends = (Counter(piece[i] for piece in pieces) for i in (0, -1))
    path = [next(iter(starts - ends), pieces[0][0])]
    while waiting:
        following = [piece for piece in waiting if piece[0] == path[-1]]
        piece = min(following, key=lambda it: it[0] != it[-1])  # a loop first, or there is no way back to it
        waiting.remove(piece)
        path += piece[1:]
    return drop_seam_vertices(path)


def join_area(pieces: Sequence[Line]) -> Line:
    """Unite the pieces of one area along the seams.

    Raises
    ------
    ValueError
        If that gives several areas, or holes: a closed way of OpenStreetMap has neither.
    """
    if len(pieces) == 1:
        return pieces[0]
    united = shapely.union_all([shapely.Polygon(piece) for piece in pieces])
    if not isinstance(united, shapely.Polygon) or united.interiors:
        raise ValueError(f"an area in pieces does not come together: {united.wkt[:200]}")
    return drop_seam_vertices([(int(x), int(y)) for x, y in united.exterior.coords])


def nodes_on_edges(rings: Iterable[Line], places: Iterable[Vertex]) -> dict[Edge, list[Vertex]]:
    """Find the places that lie exactly on the edge of an area without being its vertex.

    The writer of the tiles dropped such vertices from areas, and the entrance of a building is often one.
    """
    edges = [edge for ring in rings for edge in itertools.pairwise(ring)]
    points = sorted(places)
    tree = shapely.STRtree([shapely.LineString(edge) for edge in edges])
    found: dict[Edge, list[Vertex]] = defaultdict(list)
    for point, edge in tree.query(shapely.points(points), predicate="intersects").T:
        if points[point] not in edges[edge]:
            found[edges[edge]].append(points[point])
    return found


def with_nodes(ring: Line, between: Mapping[Edge, Sequence[Vertex]]) -> Line:
    """Give a ring back the vertices that belong on its edges."""
    return [
        vertex
        for edge in itertools.pairwise(ring)
        for vertex in (edge[0], *sorted(between.get(edge, ()), key=lambda it: math.dist(edge[0], it)))
    ] + ring[-1:]


# --- drawing ----------------------------------------------------------------------------------------------


def draw(ways: Mapping[int, Feature], places: Iterable[Vertex]) -> dict[int, Line]:
    """Undo the cutting of all ways: the path of each, in the order of their ids."""
    areas = {way_id: join_area(it.pieces) for way_id, it in ways.items() if it.is_area}
    between = nodes_on_edges(areas.values(), places)
    return {
        way_id: with_nodes(areas[way_id], between) if feature.is_area else join_line(feature.pieces)
        for way_id, feature in sorted(ways.items())
    }


def number_vertices(paths: Iterable[Line], named: Mapping[Vertex, int]) -> dict[Vertex, int]:
    """Give every vertex one node id, the known one where a tagged node lies.

    Vertices of different ways at the same place are one node: this is what joins streets at a corner again.
    Ids run along the ways, which makes the file small.
    """
    own_ids = itertools.count(FIRST_OWN_ID)
    ids: dict[Vertex, int] = {}
    for path in paths:
        for vertex in path:
            if vertex not in ids:
                ids[vertex] = named[vertex] if vertex in named else next(own_ids)
    return ids


def degrees_of(vertex: Vertex) -> tuple[float, float]:
    """Longitude and latitude of a vertex.

    The writer of the tiles rounded down, so the middle of the step is meant. Half a step is less than half of
    OpenStreetMap's own 1e-7 degree: rounding to that brings its coordinates back without loss.
    """
    x, y = ((value + 0.5) / WORLD for value in vertex)
    return round(360 * x - 180, 7), round(math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y)))), 7)


def bbox_of(numbers: Sequence[tuple[int, int]]) -> tuple[float, float, float, float]:
    """West, south, east, north of all tiles, in degrees."""
    x, y = zip(*numbers, strict=True)
    west, north = degrees_of((min(x) * EXTENT, min(y) * EXTENT))
    east, south = degrees_of(((max(x) + 1) * EXTENT, (max(y) + 1) * EXTENT))
    return west, south, east, north


def main() -> None:
    """Make the file."""
    tiles = read_tiles(fetch_package(PACKAGE, SHA256))
    place_of = {node_id: feature.pieces[0][0] for node_id, feature in tiles.nodes.items()}
    # Where several nodes lie at one place, the oldest is on the way.
    named = {place: node_id for node_id, place in sorted(place_of.items(), reverse=True)}
    paths = draw(tiles.ways, named)
    ids = number_vertices(paths.values(), named)
    untagged = {node_id: vertex for vertex, node_id in ids.items() if vertex not in named}
    tagged = {node_id: feature.tags for node_id, feature in tiles.nodes.items()}
    write_osm(
        HERE / "montevideo.osm.pbf",
        [
            Node(id=node_id, location=degrees_of(vertex), tags=tagged.get(node_id, {}))
            for node_id, vertex in (place_of | untagged).items()
        ],
        [
            Way(id=way_id, nodes=[ids[vertex] for vertex in path], tags=tiles.ways[way_id].tags)
            for way_id, path in paths.items()
        ],
        [],
        date=datetime.fromtimestamp(tiles.newest_edit_s, UTC),
        bbox=bbox_of(tiles.numbers),
    )


if __name__ == "__main__":
    main()
