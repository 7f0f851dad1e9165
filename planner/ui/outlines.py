"""Where the installed areas lie, as a folium map that is one page of its own and asks no host for anything.

folium would load Leaflet, jQuery, Bootstrap and two sets of icons from four hosts; here Leaflet is written
into the page from the scripts that the incident map uses, and nothing else is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import folium
import streamlit as st
from folium.template import Template

from planner.packs import Listing
from planner.ui.frontend import STATIC, frontend_ready

Json = dict[str, Any]

HEIGHT_PX = 380
_FACTS = {"name": "Area", "dated": "Map of", "streets": "Stretches of street", "buildings": "Buildings"}
_GRID_STEP_DEG = 10
_GRID_EDGE_LAT_DEG = 80
_MARK_PX = 10
_PADDING_PX = (60, 60)
_CLOSEST_ZOOM = 13
_GO_THERE = """
(feature, layer) => layer.on("click", () => layer._map.fitBounds(feature.properties.bounds))
"""
_INK = {"light": "#0b5cad", "dark": "#6fb3ff"}
_GROUND = {"light": "#eef1f4", "dark": "#171b21"}
_GRID = {"light": "#c3cad2", "dark": "#3a424c"}
_TEXT = {"light": "#14161a", "dark": "#f2f2ee"}
_PAPER = {"light": "#ffffff", "dark": "#1d2026"}
_GRID_TEXT = {"light": "#4b4f56", "dark": "#c3c6cb"}
_LABELS = Path(__file__).parent / "incident_map" / "labels.js"
_SCRIPT = Path(__file__).with_suffix(".js")
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
_COLOURS = """<style>
.folium-map {{ background: {ground} !important; }}
.leaflet-tooltip {{ font-size: 16px; }}
.put span {{ display: flex; width: 100%; height: 100%; align-items: center; justify-content: center;
  box-sizing: border-box; font: 16px sans-serif; white-space: nowrap; color: {text}; }}
.put .name {{ background: {paper}; border: 1px solid {ink}; border-radius: 4px; }}
.put .crowd {{ background: {ink}; color: {paper}; border-radius: 50%; font-weight: bold; cursor: pointer; }}
.put .degrees {{ color: {grid_text}; }}
path.lead {{ stroke: {ink}; }}
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
    """Return a page with the outline of each area; what lies in a heap is one mark, and a tap goes nearer.

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
    _Script(_names_script(page, manifests)).add_to(page)
    return whole.render()


class _Script(folium.MacroElement):
    """A script that runs when the map is there."""

    _template = Template("{% macro script(this, kwargs) %}{{ this.text }}{% endmacro %}")

    def __init__(self, text: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        # What a macro says is read once more as a template.
        self.text = f"{{% raw %}}{text}{{% endraw %}}"


def _names_script(page: folium.Map, manifests: Sequence[Json]) -> str:
    """Put names where they hide no other, by the rules of the incident map."""
    areas = ", ".join(
        f"[{lat:.6f}, {lon:.6f}, {_literal(manifest['name'])}]"
        for manifest, (lat, lon) in ((one, _middle(one)) for one in manifests)
    )
    labels = _LABELS.read_text(encoding="utf-8").replace("export function", "function")
    script = _SCRIPT.read_text(encoding="utf-8")
    known = f"const map = {page.get_name()};\nconst areas = [{areas}];"
    return f"(() => {{\n{known}\n{labels}\n{script}\n}})();"


def _literal(text: str) -> str:
    """Return a text as JavaScript, in which nothing but letters and digits stands as it is."""
    units = text.encode("utf-16-be", "replace")
    codes = (int.from_bytes(units[k : k + 2], "big") for k in range(0, len(units), 2))
    letters = (chr(code) if code < 128 and chr(code).isalnum() else f"\\u{code:04x}" for code in codes)
    return f'"{"".join(letters)}"'


def _head(theme: str) -> Iterator[str]:
    """Leaflet itself, written into the page, under a policy that forbids it to ask anyone for more."""
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    # Pictures of controls that are not used here: their addresses lead nowhere from this page.
    style = re.sub(r"url\([^)]*\)", "none", (STATIC / "leaflet.css").read_text(encoding="utf-8"))
    script = (STATIC / "leaflet.js").read_text(encoding="utf-8")
    # An Element is a template: nothing in Leaflet may be read as one.
    yield f"{{% raw %}}<style>{style}</style><script>{script}</script>{{% endraw %}}"
    yield _COLOURS.format(
        ground=_GROUND[theme],
        text=_TEXT[theme],
        paper=_PAPER[theme],
        ink=_INK[theme],
        grid_text=_GRID_TEXT[theme],
    )


def _draw_grid(page: folium.Map, colour: str) -> None:
    """Draw meridians and parallels, the equator stronger: without a network there is no map of the world."""
    edge = _GRID_EDGE_LAT_DEG
    meridians = [[(-edge, lon), (edge, lon)] for lon in range(-180, 181, _GRID_STEP_DEG)]
    parallels = [[(lat, -180), (lat, 180)] for lat in range(-edge, edge + 1, _GRID_STEP_DEG)]
    for lines, weight in (([*meridians, *parallels], 1), ([[(0, -180), (0, 180)]], 3)):
        folium.PolyLine(lines, color=colour, weight=weight).add_to(page)  # type: ignore[no-untyped-call]


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
