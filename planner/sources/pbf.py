"""Files of OpenStreetMap data to an :class:`~planner.area.Area`: .osm.pbf, .osm, .osm.gz, .osm.bz2.

The one file that imports osmium. Its cost is Python access per object, so a C++ filter keeps out all that the
planner has no use for, tags are asked one by one, and a way's coordinates come as one WKB (``engine.md``).
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import osmium
import osmium.filter
import osmium.geom
import osmium.io
import osmium.osm
import shapely

from planner.area import Area
from planner.errors import SourceError
from planner.sources.osm import BBox, Draft, read_restriction
from planner.sources.tags import Street, read_building, read_obstacle, read_place, read_street

Progress = Callable[[float, str], None]
"""Called with the share done (0 to 1) and what is being done."""

FORMATS = {".osm.pbf": "pbf", ".pbf": "pbf", ".osm": "osm", ".osm.gz": "osm.gz", ".osm.bz2": "osm.bz2"}
"""Endings of file names that are read, and osmium's names of their formats."""

_AREA_KEYS = (
    "building",
    "amenity",
    "leisure",
    "landuse",
    "natural",
    "man_made",
    "waterway",
    "shop",
    "office",
    "tourism",
    "emergency",
    "aeroway",
    "healthcare",
    "power",
    "barrier",
)
_KEYS = (*_AREA_KEYS, "highway", "railway", "restriction")
_WKB_HEAD = 9  # bytes of WKB before a line's coordinates: byte order, type, number of points
_REPORT_EVERY = 2000
_OBJECTS_PER_BYTE = {"pbf": 0.024, "osm": 0.0016, "osm.gz": 0.016, "osm.bz2": 0.02}


def read_osm(
    path: Path,
    name: str,
    *,
    bbox_deg: BBox | None = None,
    source: str = "",
    progress: Progress | None = None,
) -> Area:
    """Read a file of OpenStreetMap data.

    Parameters
    ----------
    path : Path
        Its ending names the format: .osm.pbf, .osm, .osm.gz or .osm.bz2.
    name : str
        Of the area.
    bbox_deg : tuple of float, optional
        West, south, east, north: keep only what meets this box, streets as whole ways.
    source : str, optional
        Where the map came from, for people; the file's name when "".
    progress : callable, optional

    Returns
    -------
    Area

    Raises
    ------
    SourceError
        If the file is missing, broken, of another format, or has no streets.
    """
    file_format = _checked_format(path)
    report = progress or _silent
    try:
        reading = _read_in_any_order(path, file_format, report)
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{path.name} cannot be read as OpenStreetMap data ({_first_line(error)})",
            "Download the extract again, or convert it with 'osmium cat'",
        ) from error
    report(0.9, "building streets and tables")
    try:
        area = reading.draft.finish(
            name,
            source=source or path.name,
            data_date=reading.data_date(),
            bbox_deg=bbox_deg,
            covered_deg=reading.covered_deg(),
        )
    except SourceError as error:
        raise SourceError(f"{path.name}: {error.message}", error.remedy) from error
    report(1.0, f"{area.network.edge_count} streets, {len(area.buildings)} buildings")
    return area


def _read_in_any_order(path: Path, file_format: str, report: Progress) -> _Reading:
    try:
        reading = _Reading(path, file_format, report)
        reading.read()
    except RuntimeError as error:
        if "out of order" not in str(error):
            raise
        return _read_sorted(path, file_format, report)
    if reading.lacks_nodes():
        reading = _read_sorted(path, file_format, report)
    if reading.lacks_nodes():
        raise SourceError(
            f"{path.name} has {reading.without_nodes} streets but no nodes for them to run through",
            "Use an extract with its nodes; one with negative ids needs 'osmium renumber' first",
        )
    return reading


def _checked_format(path: Path) -> str:
    for ending in sorted(FORMATS, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            break
    else:
        raise SourceError(
            f"{path.name} is of no format that can be read", "Give a .osm.pbf, .osm, .osm.gz or .osm.bz2 file"
        )
    if not path.is_file():
        raise SourceError(f"there is no file {path}", "Check the name and folder")
    if path.stat().st_size == 0:
        raise SourceError(f"{path.name} is empty", "Download the extract again")
    return FORMATS[ending]


def _silent(_share: float, _text: str) -> None:
    """Report to nobody."""


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


class _Reading:
    """One pass over a file into a draft."""

    def __init__(self, path: Path, file_format: str, report: Progress) -> None:
        self.draft = Draft()
        self.without_nodes = 0
        self.broken_areas = 0
        self._newest: datetime | None = None
        self._report = report
        self._expected = max(1.0, path.stat().st_size * _OBJECTS_PER_BYTE[file_format])
        self._wkb = osmium.geom.WKBFactory()
        self._file = osmium.FileProcessor(osmium.io.File(str(path), file_format))
        self.header = self._file.header

    def read(self) -> None:
        """Read everything."""
        take: dict[str, Callable[[Any], None]] = {
            "n": self._node,
            "w": self._way,
            "r": self._relation,
            "a": self._area,
        }
        wanted = osmium.filter.KeyFilter(*_KEYS)
        areas = self._file.with_areas(osmium.filter.KeyFilter(*_AREA_KEYS)).with_filter(wanted)
        for number, thing in enumerate(areas):
            take[thing.type_str()](thing)
            if number % _REPORT_EVERY == 0:
                # how many objects are to come is guessed from the file's size: never past the end
                done = 1 - math.exp(-2 * number / self._expected)
                self._report(0.85 * done, f"reading: {self.draft.street_count} ways")

    def lacks_nodes(self) -> bool:
        """Whether no street has nodes: they come later, have negative ids, or are left out."""
        return self.without_nodes > 0 and self.draft.street_count == 0

    # --- kinds of objects -----------------------------------------------------------------------

    def _node(self, node: Any) -> None:
        tags = node.tags
        if "barrier" in tags or "highway" in tags:
            self.draft.add_node(node.id, tags)
        place, obstacle = read_place(tags), read_obstacle(tags, "point")
        if (place is None and obstacle is None) or not node.location.valid():
            return
        point = shapely.Point(node.location.lon, node.location.lat)
        if place is not None:
            self.draft.add_place("n", node.id, place, point)
        if obstacle is not None:
            self.draft.add_obstacle("n", node.id, obstacle, point)

    def _way(self, way: Any) -> None:
        tags = way.tags
        if "highway" in tags:
            street = read_street(tags)
            if street is not None:
                self._street(way, street)
            return
        obstacle = None if "building" in tags else read_obstacle(tags, "line")
        if obstacle is not None:
            for _, coordinates in self._parts(way):
                line = shapely.linestrings(_pairs(coordinates))
                self.draft.add_obstacle("w", way.id, obstacle, line)

    def _street(self, way: Any, street: Street) -> None:
        parts = self._parts(way)
        if parts:
            self.draft.add_street(way.id, street, parts)
        else:
            self.without_nodes += 1
        if self._newest is None or way.timestamp > self._newest:
            self._newest = way.timestamp

    def _relation(self, relation: Any) -> None:
        if "restriction" in relation.tags:
            members = [(m.type, m.ref, m.role) for m in relation.members]
            self.draft.add_restrictions(read_restriction(relation.tags, members))

    def _area(self, area: Any) -> None:
        tags = area.tags
        building, place, obstacle = read_building(tags), read_place(tags), read_obstacle(tags, "area")
        if building is None and place is None and obstacle is None:
            return
        try:
            shape = bytes.fromhex(self._wkb.create_multipolygon(area))
        except (
            osmium.InvalidLocationError,
            RuntimeError,
        ):  # a multipolygon whose rings do not close: osmium gives it without rings
            self.broken_areas += 1
            return
        owner = "w" if area.from_way() else "r"
        if building is not None:
            self.draft.add_building(owner, area.orig_id(), building, shape)
        if place is not None:
            self.draft.add_place(owner, area.orig_id(), place, shape)
        if obstacle is not None:
            self.draft.add_obstacle(owner, area.orig_id(), obstacle, shape)

    # --- coordinates ----------------------------------------------------------------------------

    def _parts(self, way: Any) -> list[tuple[list[int], bytes]]:
        """Return the runs of a way's nodes that the file holds: nearly always one, the whole way."""
        try:
            line = self._wkb.create_linestring(way, osmium.geom.use_nodes.ALL)
        except (osmium.InvalidLocationError, RuntimeError):  # a node outside the extract, or a single node
            return list(_runs(way))
        return [([node.ref for node in way.nodes], bytes.fromhex(line)[_WKB_HEAD:])]

    # --- what the file says of itself -----------------------------------------------------------

    def _header_date(self) -> str:
        return str(self.header.get("osmosis_replication_timestamp"))[:10]

    def data_date(self) -> str:
        """ISO date of the map: the header's, else of the newest street, else ""."""
        known = self._header_date()
        if known:
            return known
        # a file without metadata gives every object the start of the epoch
        dated = self._newest is not None and self._newest.year > 2000
        return self._newest.date().isoformat() if dated and self._newest else ""

    def covered_deg(self) -> BBox | None:
        """Box in the header, if it has a sensible one."""
        box = self.header.box()
        if not box.valid():
            return None
        low, high = box.bottom_left, box.top_right
        return low.lon, low.lat, high.lon, high.lat


def _pairs(coordinates: bytes) -> Any:
    return memoryview(coordinates).cast("d", (len(coordinates) // 16, 2))


def _runs(way: Any) -> Iterator[tuple[list[int], bytes]]:
    """Yield the runs of two nodes and more with a place, around those that the extract left out."""
    run: list[tuple[int, float, float]] = []
    for node in [*way.nodes, None]:
        if node is not None and node.location.valid():
            run.append((node.ref, node.lon, node.lat))
            continue
        if len(run) > 1:
            line = shapely.linestrings([(lon, lat) for _, lon, lat in run])
            yield [ref for ref, _, _ in run], shapely.to_wkb(line, byte_order=1)[_WKB_HEAD:]
        run = []


def _read_sorted(path: Path, file_format: str, report: Progress) -> _Reading:
    """Read a file that is not in the order nodes, ways, relations, each by id: sort it first.

    Some Overpass answers have ways before their nodes, some joined extracts have ids in no order.
    """
    report(0.0, "sorting the file")
    merge = osmium.MergeInputReader()
    merge.add_file(str(path))
    with tempfile.TemporaryDirectory() as folder:
        ordered = Path(folder) / "ordered.osm.pbf"
        with osmium.SimpleWriter(str(ordered)) as writer:
            merge.apply(writer, simplify=True)
        del merge
        reading = _Reading(ordered, "pbf", report)
        reading.header = osmium.FileProcessor(osmium.io.File(str(path), file_format)).header
        reading.read()
    return reading
