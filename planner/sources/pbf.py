"""Files of OpenStreetMap data to an :class:`~planner.area.Area`: .osm.pbf, .osm, .osm.gz, .osm.bz2.

The one file that imports osmium. Its cost is Python access per object, so C++ filters keep out all that the
planner has no use for, streets are set aside and read by the thousand (:mod:`planner.sources.opl`), of the
rest tags are asked one by one, and coordinates come as one WKB.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import osmium
import osmium.filter
import osmium.geom
import osmium.io
import osmium.osm
import shapely
from shapely.geometry.base import BaseGeometry

from planner.area import Area, iso_date
from planner.errors import NoStreetsError, SourceError
from planner.memory import give_back
from planner.sources import opl
from planner.sources.coast import COASTLINE
from planner.sources.meridian import BBox, checked_box, common_ground, parts_of, told_box
from planner.sources.ordering import (
    MAKE_ROOM,
    OnTheGlobe,
    check_room,
    is_edited,
    put_in_order,
    true_id,
    true_ids,
)
from planner.sources.osm import Draft
from planner.sources.pbf_blocks import has_new_nodes
from planner.sources.restrictions import UNREAD_KEYS, read_restriction, read_unread_turns
from planner.sources.stretches import ORDERED
from planner.sources.tables import line_wkb, point_wkb
from planner.sources.tags import (
    LINE_KEYS,
    ROADS,
    Street,
    read_building,
    read_obstacle,
    read_place,
    read_street_again,
)

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
    "railway",
    "public_transport",
)
KEYS = (*_AREA_KEYS, "highway", "restriction", *UNREAD_KEYS)
"""Keys of the tags of all that is read."""
_WKB_HEAD = 9  # bytes of WKB before a line's coordinates: byte order, type, number of points
_REPORT_EVERY = 2000
PLACES_ON_DISK_BYTES = 64 << 20
"""Files larger than this keep their nodes' places on disk while they are read."""
_SHARE_ORDERED = 0.4  # of the progress of reading a file that has to be put in order
_STREETS_AT_ONCE = 1 << 11
# Three times what so many of OSM's longest ways take, those of 2,000 nodes: see _Aside.
_STREETS_BYTES = 256 << 20
_OBJECTS_PER_BYTE = {"pbf": 0.024, ORDERED: 0.024, "osm": 0.0016, "osm.gz": 0.016, "osm.bz2": 0.02}


def read_osm(
    path: Path | Sequence[Path],
    name: str,
    *,
    bbox_deg: BBox | None = None,
    within_deg: BaseGeometry | None = None,
    source: str = "",
    data_date: str = "",
    covered_deg: BBox | None = None,
    progress: Progress | None = None,
) -> Area:
    """Read a file of OpenStreetMap data, or several that lie side by side or over each other.

    One pass over the file: what lies outside the box is dropped as it comes, so that a part of a state's
    extract needs the memory of that part; the places of a large file's nodes are kept on disk meanwhile.

    Parameters
    ----------
    path : Path or sequence of Path
        Endings name the formats: .osm.pbf, .osm, .osm.gz or .osm.bz2. Of several files, the latest version of
        each object counts, and a way cut off in one is completed from another; large ones are joined on disk.
    name : str
        Of the area.
    bbox_deg : tuple of float, optional
        West, south, east, north: keep only what meets this box, streets as whole ways.
    within_deg : shapely geometry, optional
        A polygon in degrees: keep only what meets it too.
    source : str, optional
        Where the map came from, for people; the file's name when "".
    data_date : str, optional
        ISO date of the map, where the caller knows it better than the file.
    covered_deg : tuple of float, optional
        The box that the files are whole in, to its edges, where the caller knows it: where they show no
        street there is none. One file's own header says else where it ends, not that all to there is mapped.
    progress : callable, optional

    Returns
    -------
    Area

    Raises
    ------
    NoStreetsError
        If the file has no streets, or none there.
    SourceError
        If the file is missing, broken, of another format, or there is no room to read it.
    """
    files = [path] if isinstance(path, Path) else list(path)
    formats = [_checked_format(file) for file in files]
    told = source or ", ".join(file.name for file in files)
    report = progress or _silent
    box = None if bbox_deg is None else checked_box(bbox_deg)
    if within_deg is not None:
        box, within_deg = common_ground(box, within_deg)
    edited = [
        has_new_nodes(file) if kind == "pbf" else is_edited(file, kind)
        for file, kind in zip(files, formats, strict=True)
    ]
    try:
        reading = _read_in_any_order(files, formats, box, report, edited)
    except SourceError:
        raise
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        remedy = "Download the extract again, or convert it with 'osmium cat'"
        if "Write failed" in str(error):  # of what is set aside
            remedy = MAKE_ROOM.format(tempfile.gettempdir())
        raise SourceError(
            f"{told} cannot be read as OpenStreetMap data ({_first_line(error)})", remedy
        ) from error
    report(0.9, "building streets and tables")
    if box is not None and reading.draft.street_count == 0:
        raise reading.lies_elsewhere(told, box)
    draft, newest = reading.draft, reading.data_date()
    inside = covered_deg or (reading.covered_deg() if len(files) == 1 else None)
    del reading
    give_back()
    try:
        area = draft.finish(
            name,
            source=told,
            data_date=data_date or newest,
            bbox_deg=box,
            within_deg=within_deg,
            covered_deg=inside,
            to_its_edges=covered_deg is not None,
        )
    except SourceError as error:
        kind = NoStreetsError if isinstance(error, NoStreetsError) else SourceError
        raise kind(f"{source or told}: {error.message}", error.remedy) from error
    report(1.0, f"{area.network.edge_count} streets, {len(area.buildings)} buildings")
    return area


def check_readable(file: Path, kind: str) -> None:
    """See that a file is whole and understood to its end, by the reader that areas are read with.

    ``kind`` is osmium's name of its format; the file's own may end in anything.

    Raises
    ------
    SourceError
        If it is not.
    """
    try:
        for _thing in osmium.FileProcessor(osmium.io.File(str(file), kind)):
            pass  # each in Python: osmium alone would keep all other threads waiting until it is done
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        raise SourceError(f"{file.name} cannot be read ({_first_line(error)})", "Get it again") from error


def _read_in_any_order(
    files: Sequence[Path],
    formats: Sequence[str],
    box: BBox | None,
    report: Progress,
    edited: Sequence[bool],
) -> _Reading:
    try:
        if len(files) > 1 or any(edited):
            reading = _read_sorted(files, formats, box, report, edited)
        else:
            reading = _read_as_it_is(files[0], formats[0], box, report)
    except (_NegativeIdError, osmium.InvalidLocationError):  # the latter of a street's node
        all_of_them = [True] * len(files)
        reading = _read_sorted(files, formats, box, report, all_of_them, OnTheGlobe())
    if reading.lacks_nodes():
        raise NoStreetsError(
            f"{files[0].name} has {reading.without_nodes} streets but no nodes for them to run through",
            "Use an extract with its nodes",
        )
    return reading


def _read_as_it_is(file: Path, kind: str, box: BBox | None, report: Progress) -> _Reading:
    """Read a file as it is; sorted, where it is out of order or has an object twice."""
    try:
        with _Reading(file, kind, box, report) as reading:
            reading.read()
    except RuntimeError as error:
        if not any(told in str(error) for told in ("out of order", "twice in input")):
            raise
        return _read_sorted([file], [kind], box, report, [False])
    return _read_sorted([file], [kind], box, report, [False]) if reading.lacks_nodes() else reading


def _read_sorted(
    files: Sequence[Path],
    formats: Sequence[str],
    box: BBox | None,
    report: Progress,
    edited: Sequence[bool],
    *filters: object,
) -> _Reading:
    """Read files that have to be put in order and joined first, or that an editor has been at."""

    def of_ordering(share: float, text: str) -> None:
        report(_SHARE_ORDERED * share, text)

    def of_reading(share: float, text: str) -> None:
        report(_SHARE_ORDERED + (1 - _SHARE_ORDERED) * share, text)

    with tempfile.TemporaryDirectory() as folder:
        ordered = put_in_order(files, formats, edited, Path(folder), of_ordering, *filters)
        with _Reading(ordered, ORDERED, box, of_reading) as reading:
            reading.headers = [
                osmium.FileProcessor(osmium.io.File(str(file), kind)).header
                for file, kind in zip(files, formats, strict=True)
            ]
            reading.read()
    return reading


class _NegativeIdError(Exception):
    """An object has an id below zero, as editors give to what is new: osmium keeps no places for those."""


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


class _Aside:
    """Streets as they come, set aside in a file as text.

    osmium's writer ends the whole process when it is deleted with something in it that it cannot write, as
    when a part of it could not be written before. So it has room for all that it gets: nothing is written
    before it is closed, and then whatever goes wrong is an error like any other.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "streets.opl"
        self._pool = osmium.io.ThreadPool()
        self._writer: Any = None
        self.count = 0

    def add(self, way: Any) -> None:
        """Set a way aside."""
        if self._writer is None:
            file = osmium.io.File(str(self._path), opl.FORMAT)
            self._writer = osmium.SimpleWriter(
                file, bufsz=_STREETS_BYTES, overwrite=True, thread_pool=self._pool
            )
        self._writer.add_way(way)
        self.count += 1

    def close(self) -> None:
        """Write what there is."""
        writer, self._writer = self._writer, None
        self.count = 0
        if writer is None:
            return
        try:
            writer.close()
        except IndexError as error:  # a text that ends amid a character
            raise ValueError(_first_line(error)) from error

    def take(self) -> opl.Ways:
        """Read what was set aside, and begin again."""
        count = self.count
        self.close()
        return opl.read_ways(self._path.read_bytes() if count else b"")


class _Reading:
    """One pass over a file into a draft."""

    def __init__(self, path: Path, file_format: str, box: BBox | None, report: Progress) -> None:
        self.draft = Draft()
        self._boxes = None if box is None else parts_of(box)
        self.without_nodes = 0
        self.broken_areas = 0
        self._street = lru_cache(maxsize=1 << 14)(_street)  # the same come again all through a file
        self._newest = ""  # of the streets: date and time of the latest change
        self._low_deg, self._high_deg = np.full(2, np.inf), np.full(2, -np.inf)  # of all streets, kept or not
        self._report = report
        self._expected = max(1.0, path.stat().st_size * _OBJECTS_PER_BYTE[file_format])
        self._wkb = osmium.geom.WKBFactory()
        self._file = osmium.FileProcessor(osmium.io.File(str(path), file_format))
        self.headers = [self._file.header]
        large = path.stat().st_size > PLACES_ON_DISK_BYTES
        if large:
            check_room(3 * path.stat().st_size)  # 16 bytes a node, which takes six and more in the file
        self._folder = tempfile.TemporaryDirectory()
        self._aside = _Aside(Path(self._folder.name))
        if large:
            self._file = self._file.with_locations(f"sparse_file_array,{self._folder.name}/places")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        try:
            self._aside.close()
        finally:
            self._folder.cleanup()

    def read(self) -> None:
        """Read everything."""
        take: dict[str, Callable[[Any], None]] = {
            "n": self._node,
            "w": self._way,
            "r": self._relation,
            "a": self._area,
        }
        wanted, lines = osmium.filter.KeyFilter(*KEYS), osmium.filter.KeyFilter(*LINE_KEYS)
        lines.enable_for(osmium.osm.WAY)  # closed ways come again as areas
        areas = self._file.with_areas(osmium.filter.KeyFilter(*_AREA_KEYS))
        things: Iterator[Any] = iter(areas.with_filter(wanted).with_filter(lines))
        for number, thing in enumerate(things):
            if thing.visible:  # else it is deleted, as a file with the history of objects tells
                take[thing.type_str()](thing)
            if number % _REPORT_EVERY == 0:
                # how many objects are to come is guessed from the file's size: never past the end
                done = 1 - math.exp(-2 * number / self._expected)
                self._report(
                    0.85 * done,
                    f"reading: {self.draft.street_count:,} ways"
                    if self.draft.street_count
                    else "reading the places of nodes",
                )
        del areas, self._file  # with them the places of all nodes
        self._streets()

    def lacks_nodes(self) -> bool:
        """Whether no street has nodes: they come later, have negative ids, or are left out."""
        return self.without_nodes > 0 and self.draft.street_count == 0

    def lies_elsewhere(self, told: str, box: BBox) -> NoStreetsError:
        """Say that no street lies in a box, where they lie, and whether latitude was given first."""
        if not np.isfinite(self._low_deg).all():
            return NoStreetsError(
                f"{told} has no streets at all", "Choose a place, or an extract, with streets in it"
            )
        own = (*self._low_deg.tolist(), *self._high_deg.tolist())
        west, south, east, north = box
        remedy = f"Its streets lie within {_told(own)}: choose a part of that"
        if _boxes_meet((south, west, north, east), own):
            remedy = f"Longitude comes first: {_told((south, west, north, east))}"
        return NoStreetsError(f"{told}: there are no streets in the box {_told(box)}", remedy)

    # --- kinds of objects -----------------------------------------------------------------------

    def _node(self, node: Any) -> None:
        tags, ident = node.tags, _checked_id(node.id)
        if "barrier" in tags or "highway" in tags:
            self.draft.add_node(ident, tags)
        place, obstacle = read_place(tags), read_obstacle(tags, "point")
        if (place is None and obstacle is None) or not node.location.valid():
            return
        if not self._wants((node.location.lon, node.location.lat) * 2):
            return
        point = point_wkb(node.location.lon, node.location.lat)
        if place is not None:
            self.draft.add_place("n", ident, place, point)
        if obstacle is not None:
            self.draft.add_obstacle("n", ident, obstacle, point)

    def _way(self, way: Any) -> None:
        tags = way.tags
        highway = tags.get("highway")
        if highway in ROADS:
            self._aside.add(way)
            if self._aside.count == _STREETS_AT_ONCE:
                self._streets()
            return
        if highway not in (None, "construction") or "building" in tags:
            return
        if tags.get("natural", "") == COASTLINE:
            for coordinates in self._parts(way):
                if self._wants(_reach(coordinates)):
                    self.draft.add_coast(shapely.linestrings(_pairs(coordinates)))
        obstacle = read_obstacle(tags, "line")
        if obstacle is not None:
            for coordinates in self._parts(way):
                if self._wants(_reach(coordinates)):
                    self.draft.add_obstacle("w", _checked_id(way.id), obstacle, line_wkb(coordinates))

    def _streets(self) -> None:
        """Take the streets that were set aside: those that meet the box."""
        ways = self._aside.take()
        if (ways.way_id < 0).any() or (ways.ref < 0).any():
            raise _NegativeIdError
        runs = ways.runs()
        if len(runs.lonlat_deg):
            self._low_deg = np.minimum(self._low_deg, runs.lonlat_deg.min(axis=0))
            self._high_deg = np.maximum(self._high_deg, runs.lonlat_deg.max(axis=0))
        self._newest = max(self._newest, ways.newest)
        self.without_nodes += len(ways.size) - len(np.unique(runs.way))
        if self._boxes is not None:
            runs = runs.meeting(self._boxes)
        kept, row = np.unique(runs.way, return_inverse=True)
        texts = [ways.tags[way] for way in kept.tolist()]
        known = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self.draft.add_streets(
            true_ids(ways.way_id[kept]),
            np.array([known[text] for text in texts], dtype=np.int64),
            [self._street(text) for text in known],
            runs._replace(way=row, ref=true_ids(runs.ref), cut=true_ids(runs.cut)),
        )

    def _relation(self, relation: Any) -> None:
        tags = relation.tags
        if any(key in tags for key in ("restriction", *UNREAD_KEYS)):
            members = [(m.type, _checked_id(m.ref), m.role) for m in relation.members]
            self.draft.add_restrictions(read_restriction(tags, members))
            self.draft.add_unread_turns(read_unread_turns(tags, members))

    def _area(self, area: Any) -> None:
        tags = area.tags
        building, place, obstacle = read_building(tags), read_place(tags), read_obstacle(tags, "area")
        if building is None and place is None and obstacle is None:
            return
        _checked_id(area.orig_id())
        try:
            shape = bytes.fromhex(self._wkb.create_multipolygon(area))
        except (
            osmium.InvalidLocationError,
            RuntimeError,
        ):  # a multipolygon whose rings do not close: osmium gives it without rings
            self.broken_areas += 1
            return
        if self._boxes is not None and not self._wants(_bounds_of(shape)):
            return
        owner, ident = "w" if area.from_way() else "r", true_id(area.orig_id())
        if building is not None:
            self.draft.add_building(owner, ident, building, shape)
        if place is not None:
            self.draft.add_place(owner, ident, place, shape)
        if obstacle is not None:
            self.draft.add_obstacle(owner, ident, obstacle, shape)

    # --- coordinates ----------------------------------------------------------------------------

    def _wants(self, reach: BBox) -> bool:
        """Whether what reaches so far meets the box."""
        return self._boxes is None or any(_boxes_meet(reach, box) for box in self._boxes)

    def _parts(self, way: Any) -> list[bytes]:
        """Return the runs of a way's nodes that the file holds: nearly always one, the whole way."""
        try:
            line = self._wkb.create_linestring(way, osmium.geom.use_nodes.ALL)
        except (osmium.InvalidLocationError, RuntimeError):  # a node outside the extract, or a single node
            return list(_runs(way))
        return [bytes.fromhex(line)[_WKB_HEAD:]]

    # --- what the file says of itself -----------------------------------------------------------

    def _header_date(self) -> str:
        """Return the date of the oldest file, "" where one has none, or another word."""
        dates = [str(header.get("osmosis_replication_timestamp"))[:10] for header in self.headers]
        return min(dates) if all(map(iso_date, dates)) else ""

    def data_date(self) -> str:
        """ISO date of the map: the header's, of several files the oldest; else of the newest street, else "".

        A date to come is a clock that was wrong: the map's age is unknown.
        """
        known = self._header_date() or self._newest[:10]
        # a file without metadata gives every object the start of the epoch, or no date
        return known if "2001" < known <= _tomorrow() else ""

    def covered_deg(self) -> BBox | None:
        """Box in the header, if it has a sensible one."""
        box = self.headers[0].box()
        if not box.valid():
            return None
        low, high = box.bottom_left, box.top_right
        return low.lon, low.lat, high.lon, high.lat


def _street(text: str) -> Street:
    street = read_street_again(opl.read_tags(text))
    assert street is not None, "only streets are set aside"
    return street


def _checked_id(ident: int) -> int:
    """Return the id that an object has in its file."""
    if ident < 0:
        raise _NegativeIdError
    return true_id(ident)


def _pairs(coordinates: bytes) -> Any:
    return memoryview(coordinates).cast("d", (len(coordinates) // 16, 2))


def _runs(way: Any) -> Iterator[bytes]:
    """Yield the runs of two nodes and more with a place, around those that the extract left out."""
    run: list[tuple[float, float]] = []
    for node in [*way.nodes, None]:
        if node is not None and node.location.valid():
            run.append((node.lon, node.lat))
            continue
        if len(run) > 1:
            yield shapely.to_wkb(shapely.linestrings(run), byte_order=1)[_WKB_HEAD:]
        run = []


def _reach(coordinates: bytes) -> BBox:
    """Return the box of a run of longitudes and latitudes."""
    values = memoryview(coordinates).cast("d")
    lons, lats = values[::2].tolist(), values[1::2].tolist()
    return min(lons), min(lats), max(lons), max(lats)


def _tomorrow() -> str:
    """Return the ISO date of the day that it may be already elsewhere."""
    return (datetime.now(UTC) + timedelta(days=1)).date().isoformat()


def _told(box: BBox) -> str:
    return ",".join(f"{degrees:.4f}" for degrees in told_box(box))


def _boxes_meet(a: BBox, b: BBox) -> bool:
    return a[0] <= b[2] and a[2] >= b[0] and a[1] <= b[3] and a[3] >= b[1]


def _bounds_of(wkb: bytes) -> BBox:
    west, south, east, north = shapely.from_wkb(wkb).bounds
    return west, south, east, north
