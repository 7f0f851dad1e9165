"""Degrees to metres and back, and US National Grid references. The only file that imports pyproj."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar, cast

import mgrs
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj, Transformer
from shapely.geometry.base import BaseGeometry

from planner.errors import IncidentError

_HALF_TURN_DEG = 180.0
_Lon = TypeVar("_Lon", float, NDArray[np.float64])

_AT_ONCE = 1 << 16  # places projected together: of a city's there are parts enough for all cores
DECIMALS = 7
"""Decimals of a degree in documents (contract): about 1 cm."""


class LonLat(NamedTuple):
    """A place on WGS 84, longitude first, in degrees."""

    lon_deg: float
    lat_deg: float

    def checked(self) -> LonLat:
        """Return itself, or say what is wrong.

        Raises
        ------
        IncidentError
            If a coordinate is not finite or out of range.
        """
        lon, lat = self
        if not (math.isfinite(lon) and math.isfinite(lat)):
            raise IncidentError("a coordinate is not a number", "Give longitude and latitude in degrees")
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise IncidentError(
                f"coordinate {lon:g}, {lat:g} is not on the globe",
                "Give longitude first, then latitude, in degrees",
            )
        return self

    def rounded(self) -> LonLat:
        """Return the place as documents write it (7 decimals, no minus zero)."""
        return LonLat(round(self.lon_deg, DECIMALS) + 0.0, round(self.lat_deg, DECIMALS) + 0.0)


def on_globe(lon_deg: float, lat_deg: float) -> LonLat:
    """Return a place with a longitude that runs on past 180 degrees put back between -180 and 180."""
    return LonLat(lon_deg if abs(lon_deg) <= _HALF_TURN_DEG else float(near_deg(lon_deg, 0.0)), lat_deg)


def near_deg(lon_deg: _Lon, about_deg: float) -> _Lon:
    """Return longitudes as they run on from another, past 180 degrees where that is nearer: 180.1 for -179.9.

    What lies within 180 degrees already is left as it is, to the bit.
    """
    turns = np.round((about_deg - np.asarray(lon_deg)) / 360.0)
    return cast(Any, lon_deg) + 360.0 * turns if np.any(turns) else lon_deg


def run_on(lonlat_deg: NDArray[np.float64], about: LonLat) -> NDArray[np.float64]:
    """Return places (n, 2) with their longitudes as they run on from another place's."""
    return np.column_stack([near_deg(lonlat_deg[:, 0], about.lon_deg), lonlat_deg[:, 1]])


def degrees_of(line: Sequence[LonLat]) -> NDArray[np.float64]:
    """Return places as an array (n, 2), which numpy itself makes of tuples in ten times the time."""
    return np.fromiter(chain.from_iterable(line), dtype=np.float64, count=2 * len(line)).reshape(-1, 2)


def widened(box: tuple[float, float, float, float], by: float) -> tuple[float, float, float, float]:
    """Return a box, as west, south, east, north, so much larger on each side."""
    west, south, east, north = box
    return west - by, south - by, east + by, north + by


def corners(
    shapes: Sequence[BaseGeometry] | NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the corners of all shapes, one after the other, and where in them each begins, (n + 1,)."""
    xy, of = shapely.get_coordinates(shapes, return_index=True)
    return xy, np.searchsorted(of, np.arange(len(shapes) + 1))


@dataclass(frozen=True)
class Frame:
    """Metres about a centre: azimuthal equidistant on WGS 84, x east, y north.

    Errs by millimetres on a kilometre within 25 km of the centre (``engine.md``).

    Parameters
    ----------
    centre : LonLat
        Where x = y = 0.
    """

    centre: LonLat

    @cached_property
    def crs(self) -> CRS:
        """The frame as a coordinate reference system, for GeoParquet."""
        return CRS.from_proj4(_proj4(self.centre))

    def to_m(self, lonlat_deg: ArrayLike) -> NDArray[np.float64]:
        """Project (n, 2) degrees, longitude first, to (n, 2) metres."""
        lonlat = degrees_of(lonlat_deg) if isinstance(lonlat_deg, tuple) else np.asarray(lonlat_deg, float)
        lonlat = lonlat.reshape(-1, 2)
        if len(lonlat) <= _AT_ONCE:
            return self._to_m(lonlat)
        parts = [lonlat[at : at + _AT_ONCE] for at in range(0, len(lonlat), _AT_ONCE)]
        with ThreadPoolExecutor(min(len(parts), os.cpu_count() or 1), thread_name_prefix="frame") as pool:
            return np.concatenate(list(pool.map(self._to_m, parts)))

    def _to_m(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(_PROJECTIONS.about(self.centre)(lonlat[:, 0], lonlat[:, 1]))

    def to_deg(self, xy_m: ArrayLike) -> NDArray[np.float64]:
        """Unproject (n, 2) metres to (n, 2) degrees, longitude first."""
        xy = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
        return np.column_stack(_PROJECTIONS.about(self.centre)(xy[:, 0], xy[:, 1], inverse=True))

    def point_m(self, place: LonLat) -> tuple[float, float]:
        """Project one place to x, y in metres."""
        x, y = self.to_m([place])[0]
        return float(x), float(y)

    def place(self, x_m: float, y_m: float) -> LonLat:
        """Unproject one point, rounded as documents write it."""
        return self.places([(x_m, y_m)])[0]

    def places(self, xy_m: ArrayLike) -> list[LonLat]:
        """Unproject (n, 2) metres, each point as :meth:`place` does."""
        return [LonLat(lon, lat).rounded() for lon, lat in self.to_deg(xy_m).tolist()]

    def geometry_to_m(self, geometry: BaseGeometry) -> BaseGeometry:
        """Project a shapely geometry from degrees to metres (2-D)."""
        return shapely.transform(geometry, self.to_m)


def _proj4(centre: LonLat) -> str:
    lon, lat = centre
    return f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m +no_defs"


class _Projections(threading.local):
    """The projections that a thread has used: PROJ's objects belong to one thread.

    The page runs each time in a new one, where a ``Transformer`` would be made anew in seven milliseconds: it
    asks a database what WGS 84 is. A projection takes half of one, and gives the same numbers to the bit.
    """

    def __init__(self) -> None:
        self.about = lru_cache(maxsize=64)(lambda centre: Proj(_proj4(centre)))


_PROJECTIONS = _Projections()

_MGRS = mgrs.MGRS()


def usng(place: LonLat, digits: int = 8) -> str:
    """Write a place as a US National Grid reference with spaces.

    Parameters
    ----------
    place : LonLat
        Where, on WGS 84.
    digits : {2, 4, 6, 8, 10}
        8 digits name a 10 m square, the planner's default: no false precision (``domain.md`` 4, USNG).

    Returns
    -------
    str
        For example ``"21H WC 7618 3779"``; empty beyond 84 N and 80 S, where the grid has no zones.
    """
    if not -80 <= place.lat_deg <= 84:
        return ""
    half = digits // 2
    text = _MGRS.toMGRS(place.lat_deg, place.lon_deg, MGRSPrecision=half).strip()
    zone, square, rest = text[: -(2 * half) - 2], text[-(2 * half) - 2 : -(2 * half)], text[-(2 * half) :]
    return f"{zone} {square} {rest[:half]} {rest[half:]}"


class GridLine(NamedTuple):
    """One line of the US National Grid, in metres of a frame: shapely-ready coordinates and how it is called.

    ``label`` has the digits that a reference to that line begins with: kilometres, and hundreds of metres
    where the step asks for them ("74", "743"). ``northing`` tells a line that runs east-west.
    """

    xy_m: NDArray[np.float64]
    label: str
    northing: bool


def usng_grid(frame: Frame, bounds_m: tuple[float, float, float, float], step_m: int) -> tuple[GridLine, ...]:
    """Return the grid lines that cross a box, each within its own UTM zone.

    Parameters
    ----------
    frame : Frame
    bounds_m : tuple of float
        West, south, east, north in the frame.
    step_m : int
        100 or 1000: one of the steps in which references are read.

    Returns
    -------
    tuple of GridLine
        Empty beyond 84 N and 80 S.
    """
    west, south, east, north = bounds_m
    across = np.linspace(west, east, _GRID_SAMPLES)
    up = np.linspace(south, north, _GRID_SAMPLES)
    rim_m = np.concatenate(
        [np.column_stack([across, np.full_like(across, y)]) for y in (south, (south + north) / 2, north)]
        + [np.column_stack([np.full_like(up, x), up]) for x in (west, east)]
    )
    rim = frame.to_deg(rim_m)
    zones = sorted({_utm_zone(LonLat(*place)) for place in rim.tolist()} - {(0, False)})
    lines: list[GridLine] = []
    for zone in zones:
        lines += _zone_lines(frame, rim, zone, step_m, alone=len(zones) == 1)
    return tuple(lines)


_GRID_SAMPLES = 33


@lru_cache(maxsize=8)
def _utm(zone: int, south: bool) -> Transformer:
    return Transformer.from_crs("EPSG:4326", f"EPSG:{(32700 if south else 32600) + zone}", always_xy=True)


def _utm_zone(place: LonLat) -> tuple[int, bool]:
    """Return the UTM zone of a place and whether it lies south, as the grid has it; (0, False) beyond."""
    reference = usng(place, 2)
    if not reference:
        return 0, False
    return int(reference.split()[0][:-1]), place.lat_deg < 0


def _zone_lines(
    frame: Frame, rim: NDArray[np.float64], zone: tuple[int, bool], step_m: int, *, alone: bool
) -> list[GridLine]:
    """Draw one zone's lines over a box given by places on its rim, and cut them where the zone ends."""
    transformer = _utm(*zone)
    easting, northing = transformer.transform(rim[:, 0], rim[:, 1])
    low = [math.floor(metres.min() / step_m) for metres in (easting, northing)]
    high = [math.ceil(metres.max() / step_m) for metres in (easting, northing)]
    lines = []
    for axis in (0, 1):
        along = np.linspace(low[1 - axis] * step_m, high[1 - axis] * step_m, _GRID_SAMPLES)
        for number in range(low[axis], high[axis] + 1):
            fixed = np.full_like(along, number * step_m)
            pair = (fixed, along) if axis == 0 else (along, fixed)
            lonlat = np.column_stack(transformer.transform(*pair, direction="INVERSE"))
            digits = 2 if step_m >= 1000 else 3
            label = f"{number * step_m % 100_000 // (1000 if digits == 2 else 100):0{digits}d}"
            lines += [
                GridLine(frame.to_m(part), label, northing=axis == 1)
                for part in ([lonlat] if alone else _within_zone(lonlat, zone))
            ]
    return lines


def _within_zone(lonlat: NDArray[np.float64], zone: tuple[int, bool]) -> list[NDArray[np.float64]]:
    inside = np.array([_utm_zone(LonLat(*place)) == zone for place in lonlat.tolist()])
    breaks = np.flatnonzero(np.diff(inside)) + 1
    return [
        part
        for part, kept in zip(np.split(lonlat, breaks), np.split(inside, breaks), strict=True)
        if kept[0] and len(part) > 1
    ]


def from_usng(text: str) -> LonLat:
    """Read a USNG or MGRS string, spaces or not.

    Raises
    ------
    IncidentError
        If the string is no grid reference.
    """
    squeezed = "".join(text.split()).upper()
    try:
        lat, lon = _MGRS.toLatLon(squeezed)
    except Exception as error:  # the C library raises its own bare class
        raise IncidentError(f"'{text}' is no USNG reference", "Write it like 16T FM 0884 3972") from error
    return LonLat(float(lon), float(lat)).checked()
