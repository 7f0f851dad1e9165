"""Which extracts of OpenStreetMap to download for a place in the United States: by outlines of its states.

For when Overpass refuses; the outlines are good to some two kilometres (``data/README.md``).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from planner import settings
from planner.sources.meridian import BBox, parts_of

STATES_FILE = "us_states.geojson"
GEOFABRIK = "https://download.geofabrik.de"
_NEAR_DEG = 0.03
"""A state's outline may lie so far beside its border."""


def extracts_of(box: BBox) -> list[str]:
    """Return the addresses of the extracts of the states that a box meets; none outside the United States."""
    names, outlines = _states()
    ground: Any = shapely.union_all([shapely.box(*part) for part in parts_of(box)])
    met = shapely.dwithin(outlines, ground, _NEAR_DEG)
    return [
        f"{GEOFABRIK}/north-america/us/{name.lower().replace(' ', '-')}-latest.osm.pbf" for name in names[met]
    ]


@lru_cache(maxsize=1)
def _states() -> tuple[NDArray[Any], NDArray[Any]]:
    told = json.loads(settings.shipped("data", STATES_FILE).read_text(encoding="utf-8"))["features"]
    names = np.array([feature["properties"]["name"] for feature in told], dtype=object)
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in told]
    return names, np.array(shapes, dtype=object)
