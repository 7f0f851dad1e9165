"""All that is known about one place, checked once at birth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import Polygon, box

from planner.errors import AreaError
from planner.geo import Frame, LonLat
from planner.network import StreetNetwork

BUILDING_COLUMNS = ("osm_type", "osm_id", "name", "kind", "height_m", "levels", "min_height_m", "geometry")
"""Building table: ``osm_type`` n/w/r, ``kind`` = the ``building`` tag, heights NaN where untagged."""
PLACE_COLUMNS = (
    "osm_type",
    "osm_id",
    "name",
    "kind",
    "address",
    "capacity",
    "surface",
    "access",
    "parking",
    "emergency",
    "beds",
    "speciality",
    "geometry",
)
"""Place table: ``kind`` a PlaceKind value; point or polygon; text columns "" and numbers NaN where untagged."""
OBSTACLE_COLUMNS = ("osm_type", "osm_id", "kind", "height_m", "geometry")
"""Obstacle table: ``kind`` an ObstacleKind value; point, line or polygon; ``height_m`` NaN where untagged."""


@dataclass(frozen=True, eq=False)
class Area:
    """One place: streets, buildings, ground, hospitals, obstacles. Geometry in metres in ``frame``.

    Parameters
    ----------
    name : str
        As the user calls it.
    digest : str
        Of the contents; part of every plan made here.
    frame : Frame
        Metres about the area's centre.
    bbox_deg : tuple of float
        West, south, east, north.
    data_date : str
        ISO date of the map data, "" when unknown.
    source, attribution, licence : str
        Where the map came from, and how to credit it.
    network : StreetNetwork
    buildings, places, obstacles : GeoDataFrame
        With the columns named in this module, in the order of (osm_type, osm_id).
    """

    name: str
    digest: str
    frame: Frame
    bbox_deg: tuple[float, float, float, float]
    data_date: str
    source: str
    attribution: str
    licence: str
    network: StreetNetwork
    buildings: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    obstacles: gpd.GeoDataFrame

    def __post_init__(self) -> None:
        """Check the tables once.

        Raises
        ------
        AreaError
            If a table lacks a column or the box is empty.
        """
        west, south, east, north = self.bbox_deg
        if not (np.isfinite(self.bbox_deg).all() and west < east and south < north):
            raise AreaError("the area's bounding box is empty", "Import the area again from its source file")
        for table, columns in (
            (self.buildings, BUILDING_COLUMNS),
            (self.places, PLACE_COLUMNS),
            (self.obstacles, OBSTACLE_COLUMNS),
        ):
            missing = [c for c in columns if c not in table.columns]
            if missing:
                raise AreaError(f"a table lacks {', '.join(missing)}", "Import the area again from its source file")

    @cached_property
    def extent_m(self) -> Polygon:
        """The bounding box as a polygon in the frame, its sides subdivided so that they stay true."""
        ring = shapely.segmentize(box(*self.bbox_deg), 0.01)
        return self.frame.geometry_to_m(ring)

    def covers(self, place: LonLat) -> bool:
        """Whether a place lies in the area's bounding box."""
        west, south, east, north = self.bbox_deg
        return west <= place.lon_deg <= east and south <= place.lat_deg <= north

    def places_of(self, *kinds: str) -> gpd.GeoDataFrame:
        """Return the places of the given kinds."""
        return self.places[self.places["kind"].isin(kinds)]
