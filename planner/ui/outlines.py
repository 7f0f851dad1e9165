"""Where the installed areas lie, as a folium map that is one page of its own and asks no host for anything.

folium would load Leaflet, jQuery, Bootstrap and two sets of icons from four hosts; here Leaflet is written
into the page from the scripts that the incident map uses, and nothing else is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

import folium
import streamlit as st

from planner.packs import Listing
from planner.ui.frontend import STATIC, frontend_ready

Json = dict[str, Any]

HEIGHT_PX = 380
_FACTS = {"name": "Area", "dated": "Map of", "streets": "Stretches of street", "buildings": "Buildings"}
_GRID_STEP_DEG = 10
_GRID_EDGE_LAT_DEG = 80
_MARK_PX = 10
_PADDING_PX = (60, 60)
_OFFSETS = {"right": (12, 0), "left": (-12, 0), "bottom": (0, 12), "top": (0, -12)}
_NAME_WIDE, _NAME_HIGH = 0.25, 0.12
"""About how much of the map a name takes up, as a share of what is seen at the start."""
_NAME_SHARES = {"right": (0.14, 0.0), "left": (-0.14, 0.0), "bottom": (0.0, -0.12), "top": (0.0, 0.12)}
"""Where the middle of a name on each side of its mark lies, in the same shares."""
_CLOSEST_ZOOM = 13
_GO_THERE = """
(feature, layer) => layer.on("click", () => layer._map.fitBounds(feature.properties.bounds))
"""
_INK = {"light": "#0b5cad", "dark": "#6fb3ff"}
_GROUND = {"light": "#eef1f4", "dark": "#171b21"}
_GRID = {"light": "#c3cad2", "dark": "#3a424c"}
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_COLOURS = """<style>
.folium-map {{ background: {ground} !important; }}
.leaflet-tooltip {{ font-size: 16px; }}
.leaflet-touch .leaflet-bar a {{ width: 48px; height: 48px; line-height: 48px; font-size: 24px; }}
</style>"""


def show_outlines(listings: Sequence[Listing]) -> None:
    """Show where the imported areas lie; nothing where none is, or where the scripts are not installed."""
    manifests = [listing.manifest for listing in listings if listing.manifest is not None]
    if manifests and frontend_ready():
        theme = "dark" if st.context.theme.type == "dark" else "light"
        names = ", ".join(manifest["name"] for manifest in manifests)
        alt = f"Map of where the areas lie: {names}. The list below tells the same"
        st.iframe(_page(manifests, theme), height=HEIGHT_PX, alt=alt)


@st.cache_data(max_entries=4, show_spinner=False)
def _page(manifests: list[Json], theme: str) -> str:
    """Keep the page: folium names its parts at random, and other text would load the frame anew."""
    return outlines_page(manifests, theme)


def outlines_page(manifests: Sequence[Json], theme: str) -> str:
    """Return a page with the outline of each area.

    Parameters
    ----------
    manifests : sequence of dict
        Of packs, at least one: name, ``bbox_deg``, ``data_date``, counts.
    theme : {"light", "dark"}

    Returns
    -------
    str
        HTML. A pointer on an outline shows name, date and counts; a tap on it moves the view there.
    """
    whole = folium.Figure()
    page = folium.Map(tiles=None, zoom_snap=0.5, world_copy_jump=True, attribution_control=False)
    page.default_js, page.default_css = [], []
    page.add_to(whole)
    for part in _head(theme):
        whole.header.add_child(folium.Element(part))
    _draw_grid(page, _GRID[theme])
    _draw_outlines(page, manifests, _INK[theme])
    page.fit_bounds(_bounds(manifests), padding=_PADDING_PX, max_zoom=_CLOSEST_ZOOM)
    return whole.render()


def _head(theme: str) -> Iterator[str]:
    """Leaflet itself, written into the page, under a policy that forbids it to ask anyone for more."""
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    # Pictures of controls that are not used here: their addresses lead nowhere from this page.
    style = re.sub(r"url\([^)]*\)", "none", (STATIC / "leaflet.css").read_text(encoding="utf-8"))
    script = (STATIC / "leaflet.js").read_text(encoding="utf-8")
    # An Element is a template: nothing in Leaflet may be read as one.
    yield f"{{% raw %}}<style>{style}</style><script>{script}</script>{{% endraw %}}"
    yield _COLOURS.format(ground=_GROUND[theme])


def _draw_grid(page: folium.Map, colour: str) -> None:
    """Draw meridians and parallels, the equator stronger: without a network there is no map of the world."""
    edge = _GRID_EDGE_LAT_DEG
    meridians = [[(-edge, lon), (edge, lon)] for lon in range(-180, 181, _GRID_STEP_DEG)]
    parallels = [[(lat, -180), (lat, 180)] for lat in range(-edge, edge + 1, _GRID_STEP_DEG)]
    for lines, weight in (([*meridians, *parallels], 1), ([[(0, -180), (0, 180)]], 3)):
        folium.PolyLine(lines, color=colour, weight=weight).add_to(page)  # type: ignore[no-untyped-call]


def _sides(manifests: Sequence[Json]) -> list[str]:
    """Choose for each name the side of its mark where fewest names of others lie, as seen at the start."""
    (south, west), (north, east) = _bounds(manifests)
    wide, high = max(east - west, 1e-9), max(north - south, 1e-9)
    taken: list[tuple[float, float]] = []
    sides = []
    for manifest in manifests:
        lat, lon = _middle(manifest)
        x, y = (lon - west) / wide, (lat - south) / high
        places = {side: (x + right, y + up) for side, (right, up) in _NAME_SHARES.items()}
        side = min(
            places, key=lambda one: sum(_near(places[one], other) for other in taken)
        )  # the first where all are as good
        taken.append(places[side])
        sides.append(side)
    return sides


def _near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < _NAME_WIDE and abs(one[1] - other[1]) < _NAME_HIGH


def _draw_outlines(page: folium.Map, manifests: Sequence[Json], colour: str) -> None:
    style = {"color": colour, "fillColor": colour, "weight": 3, "fillOpacity": 0.15}
    features = [*map(_outline, manifests), *map(_mark, manifests)]  # marks above, where a thumb finds them
    folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=lambda _feature: style,
        marker=folium.CircleMarker(radius=_MARK_PX, fill=True),
        tooltip=folium.GeoJsonTooltip(list(_FACTS), aliases=list(_FACTS.values())),
        on_each_feature=folium.JsCode(_GO_THERE),
    ).add_to(page)
    for manifest, side in zip(manifests, _sides(manifests), strict=True):
        name = folium.Tooltip(_inert(manifest["name"]), permanent=True, direction=side, offset=_OFFSETS[side])
        folium.CircleMarker(_middle(manifest), tooltip=name, radius=0, stroke=False).add_to(page)


def _outline(manifest: Json) -> Json:
    west, south, east, north = manifest["bbox_deg"]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return _feature(manifest, "Polygon", [ring])


def _mark(manifest: Json) -> Json:
    """Mark the middle: a county is less than a pixel on a map of the world."""
    lat, lon = _middle(manifest)
    return _feature(manifest, "Point", [lon, lat])


def _feature(manifest: Json, kind: str, coordinates: list[Any]) -> Json:
    west, south, east, north = manifest["bbox_deg"]
    told = {key: _inert(text) for key, text in _facts(manifest).items()}
    properties = {**told, "bounds": [[south, west], [north, east]]}
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _inert(text: str) -> str:
    """Return text that stays text: a manifest may hold what a stranger wrote into a map.

    folium writes it into markup, into a JavaScript template literal, and reads all of that once more as a
    Jinja template: braces, dollars, backticks and backslashes are as dangerous there as angle brackets.
    """
    return re.sub(r"[{}$`\\]", lambda sign: f"&#{ord(sign[0])};", escape(text))


def _facts(manifest: Json) -> dict[str, str]:
    counts = manifest["counts"]
    return {
        "name": manifest["name"],
        "dated": manifest["data_date"][:10] or "unknown date",
        "streets": f"{counts['edges']:,}",
        "buildings": f"{counts['buildings']:,}",
    }


def _middle(manifest: Json) -> tuple[float, float]:
    west, south, east, north = manifest["bbox_deg"]
    return (south + north) / 2, (west + east) / 2


def _bounds(manifests: Sequence[Json]) -> list[tuple[float, float]]:
    boxes = [manifest["bbox_deg"] for manifest in manifests]
    west, south = (min(box[i] for box in boxes) for i in (0, 1))
    east, north = (max(box[i] for box in boxes) for i in (2, 3))
    return [(south, west), (north, east)]
