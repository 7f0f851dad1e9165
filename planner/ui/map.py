"""The incident map: one function, so that what draws it can be swapped.

A component of our own, with Leaflet from npm: measured against streamlit-folium in ``ui.md`` it redraws
three times as fast, keeps the view and the drawings where they are when a plan arrives, and lets the user
switch from one drawing tool to the next without asking the server.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import streamlit as st
import streamlit.components.v1 as components

from planner import settings, words
from planner.area import Area
from planner.geo import LonLat, run_on
from planner.ui.basemap import BaseMapFiles
from planner.ui.frontend import COMPONENT, frontend_ready
from planner.ui.panels import problem
from planner.ui.show import show_html

Json = dict[str, Any]

MAP_KEY = "map"
"""Key of the map's value in ``st.session_state``."""
LEAST_HEIGHT_PX = 420
ABOVE_PX = 149
"""What the page keeps above and below the map on a wide screen."""

_CORE_PERCENT = (10, 90)
_PURPOSES = {purpose.value: list(told) for purpose, told in words.PURPOSES.items()}
_THREATS = {threat.value: told for threat, told in words.THREATS.items()}
_PUBLIC_TILES = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
_PUBLIC_CREDIT = "© OpenStreetMap contributors"


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    """Declare the map: while a page runs, or it would not be served."""
    return components.declare_component("incident_map", path=str(COMPONENT))


@st.cache_resource(max_entries=8)
def _served(folder: Path) -> str:
    """Serve a folder of base maps beside the map itself, and return its address from there."""
    name = "base_maps"
    components.declare_component(name, path=str(folder))
    return f"../{__name__}.{name}"


@lru_cache(maxsize=4)
def _core(area: Area) -> list[float]:
    """Return west, south, east, north of where most streets meet: the view to begin with."""
    low, high = np.percentile(area.network.node_xy_m, _CORE_PERCENT, axis=0)
    west, _, east, _ = area.bbox_deg
    corners = run_on(area.frame.to_deg([low, high]), LonLat((west + east) / 2, 0.0))
    return [float(value) for value in corners.ravel()]


def packed(plan: Json) -> str:
    """Return a plan as the map unpacks it: a fifth of the bytes, the same each time."""
    text = json.dumps(plan, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"))).decode("ascii")


def _tiles() -> Json | None:
    """Return the online map that the user may choose: none where the installation must not reach out."""
    known = settings.read_settings()
    if known.offline and not known.tiles_url:
        return None
    url = known.tiles_url or _PUBLIC_TILES
    parts = urlsplit(url)
    credit = _PUBLIC_CREDIT if url == _PUBLIC_TILES else parts.netloc
    return {"url": url, "host": f"{parts.scheme}://{parts.netloc}", "attribution": credit}


def show_map(
    area: Area,
    base: BaseMapFiles | None,
    *,
    incident: str,
    authority: int,
    others: int,
    features: list[Json],
    facts: Json,
    plan: Json | None,
    units: str,
    acknowledged: Json | None,
    message: str,
    focus: Json | None = None,
) -> None:
    """Show the map; what is drawn on it arrives in ``st.session_state[MAP_KEY]`` with the next run.

    Parameters
    ----------
    area : Area
        Where.
    base : BaseMapFiles or None
        The base map, None while it is still being made.
    incident : str
        Id of the open incident.
    authority : int
        Raised whenever the server itself changed ``features``; only then, on a fresh page and for another
        incident does the map take them over.
    others : int
        The authority at which features of another browser were taken over, which no UNDO here takes back.
    features : list of GeoJSON features
        What the user drew.
    facts : dict
        Those that are undone with it, from :func:`planner.ui.decide.undone`.
    plan : dict or None
        From :func:`planner.ui.layers.map_layers`.
    units : {"m", "ft"}
        Of the table of what is on the map.
    acknowledged : dict or None
        Session and number of the last stroke that is on disk.
    message : str
        A line to show on the map, "" for none.
    focus : dict or None
        ``id`` of a post, site or route to bring into view, a ``number`` that is another each time, and
        whether the next tap is to ``move`` the site.
    """
    if not frontend_ready():
        # Without them the frame would stay blank without a word; a place can still be found by its name.
        show_html(problem("The map's scripts are not installed. Run make setup, with Node 20 and npm"))
        return
    basemap = None
    if base is not None:
        folder = _served(base.near.parent)
        near, far = f"{folder}/{base.near.name}", f"{folder}/{base.far.name}"
        basemap = {"near": near, "far": far, "attribution": area.attribution}
    _component()(
        key=MAP_KEY,
        default=None,
        area={"id": f"{area.name} {area.digest[:12]}", "bbox": list(area.bbox_deg), "core": _core(area)},
        basemap=basemap,
        incident=incident,
        authority=authority,
        others=others,
        features=features,
        facts=facts,
        plan=packed(plan) if plan else None,
        plan_id=f"{plan['id']} {units}" if plan else "",
        purposes=_PURPOSES,
        threats=_THREATS,
        tiles=_tiles(),
        focus=focus,
        units=units,
        acknowledged=acknowledged,
        message=message,
        height=LEAST_HEIGHT_PX,
        above=ABOVE_PX,
    )
