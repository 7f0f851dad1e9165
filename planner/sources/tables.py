"""Buildings, places and obstacles: from rows as they come to tables of an area, and their digest. Pure.

Of a metro there are some hundred thousand of each, and a shape takes three times the memory of its WKB: they
are told by that, before and after, and made and mended a stretch of them at a time.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterable, MutableSequence, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.geo import Frame
from planner.sources.digest import feed_rows
from planner.sources.meridian import shapes_run_on
from planner.sources.noding import UNIT_DEG
from planner.streets.network import Bools, Floats, Ints
from planner.table import Table

NUMBER_COLUMNS = frozenset({"height_m", "levels", "min_height_m", "capacity", "beds"})
"""Columns of the tables that hold numbers (NaN = unknown); all others but ``osm_id`` are text."""

_AT_ONCE = 1 << 14
"""Shapes made together."""
_POINT, _LINE = struct.Struct("<BIdd"), struct.Struct("<BII")
_LITTLE_ENDIAN, _POINT_TYPE, _LINE_TYPE, _XY_BYTES = 1, 1, 2, 16


def point_wkb(lon_deg: float, lat_deg: float) -> bytes:
    """Return a point as WKB."""
    return _POINT.pack(_LITTLE_ENDIAN, _POINT_TYPE, lon_deg, lat_deg)


def line_wkb(coordinates: bytes) -> bytes:
    """Return a line as WKB, of its longitudes and latitudes."""
    return _LINE.pack(_LITTLE_ENDIAN, _LINE_TYPE, len(coordinates) // _XY_BYTES) + coordinates


class Drafted:
    """Rows of one table as they come: whose they are, what the tags said, where (degrees).

    Kept by columns: of a metro's rows, objects that the garbage collector would look through again and again.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.osm_type: list[str] = []
        self.osm_id = array("q")
        self.columns: dict[str, MutableSequence[Any]] = {
            name: array("d") if name in NUMBER_COLUMNS else [] for name in names
        }
        self.shape: list[bytes] = []

    def add(self, osm_type: str, osm_id: int, row: Iterable[Any], shape: BaseGeometry | bytes) -> None:
        """Add a row, its shape a geometry or WKB."""
        self.osm_type.append(osm_type)
        self.osm_id.append(osm_id)
        for column, value in zip(self.columns.values(), row, strict=True):
            column.append(value)
        self.shape.append(shape if isinstance(shape, bytes) else shapely.to_wkb(shape))


class _Made(NamedTuple):
    """What was made of some rows: which of them are left, and their shapes."""

    row: Ints
    wkb_m: NDArray[np.object_]
    unit: Ints  # (P, 2) of all their points, in units
    owner: Ints  # (P,) which of the shapes each point is of


def table_of(
    drafted: Drafted,
    columns: Sequence[str],
    largest_m2: float,
    ground_deg: BaseGeometry | None,
    about_deg: float | None,
    frame: Frame,
    sha: Any,
) -> Table:
    """Make a table in metres of what was drafted, and put it into the digest; takes the draft over.

    Parameters
    ----------
    drafted : Drafted
    columns : sequence of str
        Of the table, in their order.
    largest_m2 : float
        Outlines larger than what they are of can be are left out: a quarter mapped as one building would hide
        whatever lies behind it.
    ground_deg : shapely geometry or None
        Keep only what meets it.
    about_deg : float or None
        The longitude that those of a map across longitude 180 run on from.
    frame : Frame
    sha : hash
    """
    osm_type, osm_id = np.array(drafted.osm_type, dtype="U1"), np.array(drafted.osm_id, dtype=np.int64)
    order = np.lexsort((osm_id, osm_type))  # stable: the later version of an object comes last
    owner = osm_type[order], osm_id[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (owner[0][1:] != owner[0][:-1]) | (owner[1][1:] != owner[1][:-1])
    number = np.cumsum(last) - last

    def shapes_deg(rows: Ints) -> NDArray[np.object_]:
        told = [drafted.shape[row] for row in rows.tolist()]
        for row in rows.tolist():
            drafted.shape[row] = b""  # no longer needed, and large
        return _shapes(told, about_deg)

    parts = [
        _made(order[begin:end], number[begin:end], shapes_deg, largest_m2, ground_deg, frame)
        for begin, end in _stretches(last)
    ]
    row = np.concatenate([np.empty(0, dtype=np.int64), *(part.row for part in parts)])
    wkb_m = np.concatenate([np.empty(0, dtype=object), *(part.wkb_m for part in parts)])
    content: dict[str, Any] = {"osm_type": osm_type[row].astype(object), "osm_id": osm_id[row]}
    told = {name: [values[k] for k in row.tolist()] for name, values in drafted.columns.items()}
    drafted.columns.clear()
    _feed_rows(sha, content, told, parts)
    for name, values in told.items():
        content[name] = np.array(values, dtype=np.float64 if name in NUMBER_COLUMNS else object)
    return Table.of_wkb({name: content[name] for name in columns}, wkb_m)


def _stretches(last: Bools) -> Iterable[tuple[int, int]]:
    """Yield where stretches of rows begin and end, all versions of an object in the same."""
    ends = np.flatnonzero(last) + 1
    begin = 0
    while begin < len(last):
        end = int(ends[np.searchsorted(ends, min(begin + _AT_ONCE, len(last)))])
        yield begin, end
        begin = end


def _made(
    row: Ints,
    owner: Ints,
    shapes_deg: Callable[[Ints], NDArray[np.object_]],
    largest_m2: float,
    ground_deg: BaseGeometry | None,
    frame: Frame,
) -> _Made:
    """Make the shapes of some rows, of each owner the latest that is any good."""
    shape = shapes_deg(row)
    good = ~shapely.is_empty(shape) & np.isfinite(shapely.bounds(shape)).all(axis=1)
    if ground_deg is not None:
        good[good] = shapely.intersects(ground_deg, shape[good])
    row, owner, shape = row[good], owner[good], shape[good]
    latest = np.ones(len(row), dtype=bool)
    latest[:-1] = owner[1:] != owner[:-1]
    row, shape = row[latest], shapely.normalize(shape[latest])
    shape_m = shapely.transform(shape, frame.to_m) if len(shape) else shape
    if largest_m2 < math.inf:
        real = shapely.area(shape_m) <= largest_m2
        row, shape, shape_m = row[real], shape[real], shape_m[real]
    points, of = shapely.get_coordinates(shape, return_index=True)
    return _Made(
        row,
        np.asarray(shapely.to_wkb(shape_m), dtype=object),
        np.rint(points / UNIT_DEG).astype(np.int64),
        of,
    )


def _shapes(wkb: Sequence[bytes], about_deg: float | None) -> NDArray[np.object_]:
    """Make shapes in degrees of what tells them, plain and mended."""
    shape = np.asarray(shapely.from_wkb(np.array(wkb, dtype=object)), dtype=object)
    deep = shapely.has_z(shape)
    shape[deep] = shapely.force_2d(shape[deep])
    if about_deg is not None:
        shape = shapes_run_on(shape, about_deg)
    return _simplest(shape)


def _simplest(shape: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons mended where they cross themselves, and taken out of a collection of one."""
    broken = ~shapely.is_valid(shape)
    if broken.any():
        shape[broken] = [_mended(g) for g in shape[broken]]
    single = (shapely.get_type_id(shape) == shapely.GeometryType.MULTIPOLYGON) & (
        shapely.get_num_geometries(shape) == 1
    )
    shape[single] = shapely.get_geometry(shape[single], 0)
    return shape


def _mended(geometry: BaseGeometry) -> BaseGeometry:
    """Return a valid geometry of the same dimension; empty where nothing of it is left (a flat polygon)."""
    parts = shapely.get_parts(shapely.make_valid(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == shapely.get_dimensions(geometry)])


def middles_m(table: Table, most_m: float = math.inf) -> Floats:
    """Return the middle of the box of each row that is no wider and no higher than that, (n, 2)."""
    wkb = table.wkb()
    found = [np.empty((0, 2))]
    for begin in range(0, len(wkb), _AT_ONCE):
        bounds = shapely.bounds(shapely.from_wkb(wkb[begin : begin + _AT_ONCE])).reshape(-1, 4)
        bounds = bounds[(bounds[:, 2:] - bounds[:, :2] <= most_m).all(axis=1)]
        found.append((bounds[:, :2] + bounds[:, 2:]) / 2)
    return np.concatenate(found)


# --- digest ---------------------------------------------------------------------------------------


def _feed_rows(sha: Any, owners: dict[str, Any], told: dict[str, list[Any]], parts: Sequence[_Made]) -> None:
    """Add a table, of which the shapes were made in parts."""
    begin = np.cumsum([0, *(len(part.row) for part in parts)])
    units = np.concatenate([np.empty((0, 2), dtype=np.int64), *(part.unit for part in parts)])
    starts = (first + part.owner for first, part in zip(begin.tolist(), parts, strict=False))
    start = np.concatenate([np.empty(0, dtype=np.int64), *starts])
    feed_rows(sha, list(owners["osm_type"]), owners["osm_id"], told, units, start)
