"""The digest of an area, as it is read and of what a pack holds: equal for equal maps on every machine. Pure.

Metres are left out, for their last bit may differ between processors; the degrees that they were computed
from are integers and go in instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.geo import LonLat, run_on
from planner.sources.meridian import BBox
from planner.sources.noding import UNIT_DEG
from planner.sources.tags import Building, Obstacle, Place
from planner.streets.network import Floats, Ints, StreetNetwork
from planner.streets.unread import UnreadRules
from planner.table import Table

_FED_AT_ONCE = 1 << 20


def digest_of(area: Area) -> str:
    """Work out the digest of an area from what it holds, whatever it says that its digest is.

    It is the one that the map's own reader gave, but where a corner that was worked out, as of an outline
    that was mended, lies half way between two units to a millionth: there the way to metres and back may
    round it to the other.

    Parameters
    ----------
    area : Area
        Of sound values (:func:`planner.soundness.check_values`).
    """
    sha = begun_digest(area.network, _units_of(area.network.shape_xy_m, area), area.bbox_deg)
    if area.unread is not None:
        feed_unread(sha, area.unread)
    for table, row in ((area.buildings, Building), (area.places, Place), (area.obstacles, Obstacle)):
        _feed_table(sha, table, row._fields, area)
    feed_outline(sha, area.outline_deg)
    return str(sha.hexdigest())


def _units_of(xy_m: Floats, area: Area) -> Ints:
    """Return places in the frame as they were read: in units, past longitude 180 where they run on there."""
    west, _, east, _ = area.bbox_deg
    about = LonLat((west + east) / 2, 0.0)
    unit = np.empty(xy_m.shape, dtype=np.int64)
    for at in range(0, len(xy_m), _FED_AT_ONCE):
        lonlat_deg = run_on(area.frame.to_deg(xy_m[at : at + _FED_AT_ONCE]), about)
        unit[at : at + _FED_AT_ONCE] = np.rint(lonlat_deg / UNIT_DEG)
    return unit


def _feed_table(sha: Any, table: Table, columns: Iterable[str], area: Area) -> None:
    xy_m, start = shapely.get_coordinates(table.shapes, return_index=True)
    told = {name: table[name].tolist() for name in columns}
    feed_rows(sha, table["osm_type"].tolist(), table["osm_id"], told, _units_of(xy_m, area), start)


# --- its parts, in their order --------------------------------------------------------------------


def begun_digest(network: StreetNetwork, units: NDArray[np.integer[Any]], box: BBox) -> Any:
    """Begin a digest with the streets, the units of their shape points and the area's box."""
    sha = hashlib.sha256(b"area/1\n")
    sha.update(repr(tuple(round(v / UNIT_DEG) for v in box)).encode())
    for entry in sorted(fields(network), key=lambda f: f.name):
        value = getattr(network, entry.name)
        if isinstance(value, np.ndarray) and not entry.name.endswith("xy_m"):
            _feed(sha, entry.name, value)
    _feed(sha, "unit", units, np.dtype(np.int64))
    sha.update(repr(network.names).encode())
    return sha


def feed_unread(sha: Any, unread: UnreadRules) -> None:
    """Add rules that are not planned with; a map without any keeps its digest."""
    for entry in fields(unread):
        if len(rows := getattr(unread, entry.name)):
            _feed(sha, f"unread {entry.name}", rows)


def feed_rows(
    sha: Any,
    osm_type: Sequence[str],
    osm_id: Ints,
    told: Mapping[str, Sequence[Any]],
    units: Ints,
    start: Ints,
) -> None:
    """Add a table: whose its rows are, what their tags say, their points, and which row each is of."""
    _feed(sha, "osm_id", osm_id)
    _feed(sha, "points", units)
    _feed(sha, "start", start)
    sha.update(repr((osm_type, told)).encode())


def feed_outline(sha: Any, outline_deg: BaseGeometry | None) -> None:
    """Add the ground that the map shows, where that is not all of its box."""
    if outline_deg is not None:
        sha.update(shapely.to_wkb(outline_deg, byte_order=1))


def _feed(sha: Any, name: str, value: NDArray[Any], kind: np.dtype[Any] | None = None) -> None:
    """Add an array, as one of a kind; a part at a time, for a metro's are large."""
    little = (kind or value.dtype).newbyteorder("<")
    sha.update(f"{name} {little.str} {value.shape}\n".encode())
    for first in range(0, len(value), _FED_AT_ONCE):
        sha.update(np.ascontiguousarray(value[first : first + _FED_AT_ONCE], dtype=little).tobytes())
