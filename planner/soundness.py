"""Whether the values of an area can be those of a map: asked once, of a pack that comes from elsewhere.

What opening asks each time (forms, codes, ranges: :mod:`planner.streets.street_arrays`) keeps searches within
their arrays. This asks what takes longer: whether streets meet where they say, and stand where a map can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from planner.area import BUILDING_COLUMNS, OBSTACLE_COLUMNS, PLACE_COLUMNS, Area
from planner.errors import AreaError
from planner.streets.network import StreetNetwork
from planner.table import Table
from planner.terms import ObstacleKind, PlaceKind

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_REMEDY = "Import the area again from its source file"
_FURTHEST_M = 2.1e7
"""Half way round the globe: no frame has a place further out."""
_WIDEST_DEG, _POLE_DEG, _TURN_DEG = 5.001, 90.0, 360.0
_MOST = 1e7
"""No length in metres, no speed and no number of beds is larger."""
_LEAST_AREA_DIMENSIONS = 2
_SIZES = ("width_m", "maxspeed_kmh", "maxheight_m", "maxwidth_m")
"""Of streets: above zero, NaN where unknown."""
_NUMBERS = frozenset({"height_m", "levels", "min_height_m", "capacity", "beds"})
_KINDS: dict[str, frozenset[str]] = {
    "places": frozenset(kind.value for kind in PlaceKind),
    "obstacles": frozenset(kind.value for kind in ObstacleKind),
}
_COLUMNS = {"buildings": BUILDING_COLUMNS, "places": PLACE_COLUMNS, "obstacles": OBSTACLE_COLUMNS}


def check_values(area: Area) -> None:
    """Check all values of an area.

    Raises
    ------
    AreaError
        If one is none that a map can have.
    """
    _check_ground(area)
    _check_streets(area.network)
    for name, columns in _COLUMNS.items():
        _check_table(name, getattr(area, name), columns)


def _refuse(what: str) -> NoReturn:
    raise AreaError(what, _REMEDY)


def _check_ground(area: Area) -> None:
    west, south, east, north = area.bbox_deg
    off_globe = max(-south, north) > _POLE_DEG or abs(west) > _TURN_DEG
    if off_globe or max(east - west, north - south) > _WIDEST_DEG:
        _refuse("its bounding box is none of an area")
    if not area.covers(area.frame.centre):
        _refuse("its centre lies outside its bounding box")
    outline = area.outline_deg
    if outline is None:
        return
    inside = box(west, south, east, north).buffer(1e-6)
    if shapely.get_dimensions(outline) != _LEAST_AREA_DIMENSIONS or not _lies_within(outline, inside):
        _refuse("the ground that it shows is none, or lies outside its bounding box")


def _lies_within(ground: BaseGeometry, limits: BaseGeometry) -> bool:
    low_x, low_y, high_x, high_y = limits.bounds
    xy = shapely.get_coordinates(ground)
    return bool(((xy >= (low_x, low_y)) & (xy <= (high_x, high_y))).all())  # NaN is nowhere


# --- streets --------------------------------------------------------------------------------------


def _check_streets(network: StreetNetwork) -> None:
    for xy_m in (network.node_xy_m, network.shape_xy_m):
        if not (xy_m.min() >= -_FURTHEST_M and xy_m.max() <= _FURTHEST_M):
            _refuse("a street lies nowhere on the globe")
    if len(np.unique(network.node_id)) != network.node_count:
        _refuse("two junctions are the same node")
    for name in _SIZES:
        sizes = getattr(network, name)
        if (sizes <= 0).any() or (sizes > _MOST).any():
            _refuse(f"street array {name} holds a value that no street has")
    if not _are_texts(network.names):
        _refuse("a street has a name that is no text")
    if network.names[0] or len(set(network.names)) != len(network.names):
        _refuse("its streets' names are not each there once, none first")
    first, last = network.shape_start[:-1], network.shape_start[1:] - 1
    for ends, row in ((network.edge_u, first), (network.edge_v, last)):
        same_place = (network.shape_xy_m[row] == network.node_xy_m[ends]).all()
        if not same_place or (network.shape_node[row] != network.node_id[ends]).any():
            _refuse("a street ends elsewhere than at its junction")
    if not _turns_are_driven(network):
        _refuse("a turn restriction names streets that do not meet")


def _turns_are_driven(network: StreetNetwork) -> bool:
    """Whether each street of a turn restriction begins where the one before it ends."""
    edge, ahead = network.restriction_edge, network.restriction_ahead
    u, v = network.edge_u[edge], network.edge_v[edge]
    begin, end = np.where(ahead, u, v), np.where(ahead, v, u)
    first = np.zeros(len(edge), dtype=bool)
    first[network.restriction_start[:-1]] = True
    return bool((first[1:] | (begin[1:] == end[:-1])).all())


# --- tables ---------------------------------------------------------------------------------------


def _check_table(name: str, table: Table, columns: Iterable[str]) -> None:
    for column in columns:
        for wrong in _wrong_with(column, table[column], _KINDS.get(name) if column == "kind" else None):
            _refuse(f"{column} of its {name} {wrong}")
    for wrong in _wrong_with_shapes(table.shapes, only_ground=name == "buildings"):
        _refuse(f"one of its {name} {wrong}")


def _wrong_with(column: str, values: NDArray[Any], kinds: frozenset[str] | None) -> Iterator[str]:
    if column == "osm_id":
        if values.dtype != np.int64:
            yield "is no number"
    elif column in _NUMBERS:
        if values.dtype != np.float64:
            yield "is no number"
        elif (values < 0).any() or (values > _MOST).any():
            yield "is less than nothing, or more than there can be"
    else:
        known = set(values.tolist())
        if not _are_texts(known):
            yield "is no text"
        elif kinds is not None and not known <= kinds:
            yield "is of a kind that means nothing"
        elif column == "osm_type" and not known <= {"n", "w", "r"}:
            yield "is neither node, way nor relation"


def _are_texts(values: Iterable[Any]) -> bool:
    try:
        "".join(values).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _wrong_with_shapes(shapes: NDArray[np.object_], *, only_ground: bool) -> Iterator[str]:
    dimensions = shapely.get_dimensions(shapes)
    if (dimensions < (_LEAST_AREA_DIMENSIONS if only_ground else 0)).any() or shapely.is_empty(shapes).any():
        yield "has no ground, or no place"
    xy_m = shapely.get_coordinates(shapes)
    if not (np.abs(xy_m) <= _FURTHEST_M).all():  # NaN is nowhere
        yield "lies nowhere on the globe"
