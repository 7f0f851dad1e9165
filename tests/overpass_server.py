"""A server on loopback that speaks the part of Overpass that is asked here, from real data, or fails.

It understands one query: everything with one of the keys in a box, what holds the box's middle, and all their
nodes. What lies in the box it decides by shapely over the whole file, not by any code of the planner.
"""

from __future__ import annotations

import json
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import osmium
import shapely

_BASE = "2017-12-01T00:00:00Z"


@dataclass
class Fault:
    """What goes wrong with one request: a status, or a body that is not what was asked for."""

    status: int = 200
    body: bytes | None = None
    retry_after: str = ""
    location: str = ""
    cut: bool = False
    drip_s: float = 0.0
    think_s: float = 0.0


@dataclass
class Overpass:
    """The server's mind: its map, the faults to come (one a request), and what it was asked."""

    file: Path
    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    geocode: Any = None


class _Map:
    """A file of OpenStreetMap data, all of it, with a shape for each object."""

    def __init__(self, file: Path) -> None:
        self.nodes: dict[int, tuple[float, float]] = {}
        self.ways: dict[int, list[int]] = {}
        self.relations: dict[int, list[tuple[str, int]]] = {}
        self.keys: dict[tuple[str, int], set[str]] = {}
        things: Any = osmium.FileProcessor(str(file))
        for thing in things:
            kind = thing.type_str()
            tags = {tag.k for tag in thing.tags}
            if tags:
                self.keys[kind, thing.id] = tags
            if thing.is_node():
                self.nodes[thing.id] = (thing.location.lon, thing.location.lat)
            elif thing.is_way():
                self.ways[thing.id] = [node.ref for node in thing.nodes]
            elif thing.is_relation():
                self.relations[thing.id] = [(m.type, m.ref) for m in thing.members]
        lines = {i: [self.nodes[r] for r in refs if r in self.nodes] for i, refs in self.ways.items()}
        self.way_ids = [i for i, line in lines.items() if len(line) > 1]
        self.way_lines: Any = shapely.linestrings(
            [p for i in self.way_ids for p in lines[i]],
            indices=[k for k, i in enumerate(self.way_ids) for _ in lines[i]],
        )
        self.node_ids = list(self.nodes)
        self.node_points = shapely.points(list(self.nodes.values()))

    def asked(
        self, box: tuple[float, float, float, float], keys: set[str]
    ) -> tuple[set[int], set[int], set[int]]:
        """Ids of nodes, ways and relations of the answer."""
        west, south, east, north = box
        ground = shapely.box(west, south, east, north)
        shapely.prepare(ground)
        touched = set(np.array(self.way_ids)[shapely.intersects(ground, self.way_lines)].tolist())
        inside = set(np.array(self.node_ids)[shapely.intersects(ground, self.node_points)].tolist())
        middle = shapely.Point((west + east) / 2, (south + north) / 2)
        around = {
            i
            for i, line in zip(self.way_ids, self.way_lines, strict=True)
            if self.ways[i][0] == self.ways[i][-1] and shapely.Polygon(line.coords).contains(middle)
        }

        def tagged(kind: str, ids: set[int]) -> set[int]:
            return {i for i in ids if self.keys.get((kind, i), set()) & keys}

        near = {
            i
            for i, members in self.relations.items()
            if any((t == "w" and m in touched | around) or (t == "n" and m in inside) for t, m in members)
        }
        relations = tagged("r", near)
        ways = tagged("w", touched | around) | {
            m for i in relations for t, m in self.relations[i] if t == "w"
        }
        ways &= self.ways.keys()
        nodes = tagged("n", inside) | {m for i in relations for t, m in self.relations[i] if t == "n"}
        nodes |= {ref for i in ways for ref in self.ways[i]}
        return nodes, ways, relations


_maps: dict[Path, _Map] = {}


def _answer(file: Path, query: str) -> bytes:
    south, west, north, east = (float(v) for v in re.findall(r"\[bbox:([^\]]+)\]", query)[0].split(","))
    keys = set(re.findall(r"\^\(([^)]+)\)\$", query)[0].split("|"))
    assert "is_in(" in query
    assert "out meta" in query
    if file not in _maps:
        _maps[file] = _Map(file)
    nodes, ways, relations = _maps[file].asked((west, south, east, north), keys)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "answer.osm"
        with osmium.SimpleWriter(str(out)) as writer:
            for thing in osmium.FileProcessor(str(file)):
                kind = thing.type_str()
                if thing.id in {"n": nodes, "w": ways, "r": relations}[kind]:
                    writer.add(thing)
        text = out.read_bytes()
    return _with_meta(text)


def _with_meta(text: bytes) -> bytes:
    head = re.search(rb"<osm [^>]*>", text)
    assert head is not None
    return text[: head.end()] + b'<meta osm_base="%s"/>' % _BASE.encode() + text[head.end() :]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    overpass: Overpass

    def log_message(self, *_args: Any) -> None:
        pass

    def do_GET(self) -> None:
        """Answer a search for a place."""
        self.overpass.agents.append(self.headers.get("User-Agent", ""))
        fault = self.overpass.faults.pop(0) if self.overpass.faults else Fault()
        body = fault.body if fault.body is not None else json.dumps(self.overpass.geocode or []).encode()
        self._send(fault.status, body, fault)

    def do_POST(self) -> None:
        """Answer a query."""
        mind = self.overpass
        mind.at_once += 1
        mind.most_at_once = max(mind.most_at_once, mind.at_once)
        try:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            mind.queries.append(form["data"][0])
            mind.agents.append(self.headers.get("User-Agent", ""))
            fault = mind.faults.pop(0) if mind.faults else Fault()
            time.sleep(fault.think_s)
            body = fault.body if fault.body is not None else b""
            if fault.status == 200 and fault.body is None:
                body = _answer(mind.file, form["data"][0])
        finally:
            mind.at_once -= (
                1  # before the answer goes out: the next request may be here before this one is done
            )
        self._send(fault.status, body, fault)

    def _send(self, status: int, body: bytes, fault: Fault) -> None:
        self.send_response(status)
        if fault.retry_after:
            self.send_header("Retry-After", fault.retry_after)
        if fault.location:
            self.send_header("Location", fault.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault.cut:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif fault.drip_s:
            for at in range(0, len(body), 64):
                try:
                    self.wfile.write(body[at : at + 64])
                    self.wfile.flush()
                except OSError:  # the other side has had enough, as it should
                    return
                time.sleep(fault.drip_s)
        else:
            self.wfile.write(body)


@contextmanager
def overpass_server(file: Path) -> Iterator[Overpass]:
    """Serve a file's map on loopback."""
    mind = Overpass(file)
    handler = type("Handler", (_Handler,), {"overpass": mind})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    mind.url = f"http://127.0.0.1:{server.server_address[1]}/api/interpreter"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield mind
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
