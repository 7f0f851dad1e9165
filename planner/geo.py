"""Degrees to metres and back, and US National Grid references. The only file that imports pyproj."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import mgrs
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from planner.errors import IncidentError

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
        lon, lat = self.centre
        return CRS.from_proj4(f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m +no_defs")

    @cached_property
    def _forward(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)

    @cached_property
    def _inverse(self) -> Transformer:
        return Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)

    def to_m(self, lonlat_deg: ArrayLike) -> NDArray[np.float64]:
        """Project (n, 2) degrees, longitude first, to (n, 2) metres."""
        lonlat = np.asarray(lonlat_deg, dtype=np.float64).reshape(-1, 2)
        return np.column_stack(self._forward.transform(lonlat[:, 0], lonlat[:, 1]))

    def to_deg(self, xy_m: ArrayLike) -> NDArray[np.float64]:
        """Unproject (n, 2) metres to (n, 2) degrees, longitude first."""
        xy = np.asarray(xy_m, dtype=np.float64).reshape(-1, 2)
        return np.column_stack(self._inverse.transform(xy[:, 0], xy[:, 1]))

    def point_m(self, place: LonLat) -> tuple[float, float]:
        """Project one place to x, y in metres."""
        x, y = self.to_m([place])[0]
        return float(x), float(y)

    def place(self, x_m: float, y_m: float) -> LonLat:
        """Unproject one point, rounded as documents write it."""
        lon, lat = self.to_deg([(x_m, y_m)])[0]
        return LonLat(float(lon), float(lat)).rounded()

    def geometry_to_m(self, geometry: BaseGeometry) -> BaseGeometry:
        """Project a shapely geometry from degrees to metres (2-D)."""
        return shapely.transform(geometry, self.to_m)

    def geometry_to_deg(self, geometry: BaseGeometry) -> BaseGeometry:
        """Unproject a shapely geometry from metres to degrees (2-D)."""
        return shapely.transform(geometry, self.to_deg)


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
