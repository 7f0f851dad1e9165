"""KML 2.2 and KMZ: folders, styles, and a balloon with the reason for each item.

Nothing is fetched when it is opened: KMZ carries its own icons, and KML alone uses the viewer's. What a
balloon shows is escaped twice, for a balloon is HTML.
"""

from __future__ import annotations

import io
import zipfile
from html import escape

from planner.area import Area
from planner.briefing.phrases import title
from planner.exports.exporter import Options
from planner.exports.features import LAYERS, LOOKS, Item, Look, items
from planner.exports.icons import ICONS, icon
from planner.exports.xml import Element, add, lon_lat_list, to_bytes
from planner.model import Plan, Rings
from planner.seam import cut_at_180
from planner.words import ADVICE

_NAMESPACE = "http://www.opengis.net/kml/2.2"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def export_kml(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write KML: valid by the OGC's schema, opened by Google Earth, ATAK, QGIS, GDAL."""
    return _kml(plan, options, icons=False)


def export_kmz(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write KMZ: the KML with its icons, in a zip that is the same for the same plan."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        add_to_zip(archive, "doc.kml", _kml(plan, options, icons=True))
        for style in ICONS:
            add_to_zip(archive, f"icons/{style}.png", icon(style))
    return packed.getvalue()


def add_to_zip(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file without a clock in it."""
    entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)


def _kml(plan: Plan, options: Options, *, icons: bool) -> bytes:
    root = Element("kml", {"xmlns": _NAMESPACE})
    document = add(root, "Document")
    add(document, "name", title(plan.incident))
    add(document, "open", "1")
    add(document, "description", _about(plan, options))
    for style, look in LOOKS.items():
        _style(document, style, look, icons=icons)
    found = items(plan, options.units)
    for layer, called in LAYERS.items():
        chosen = [item for item in found if item.layer == layer]
        if not chosen:
            continue
        folder = add(document, "Folder")
        add(folder, "name", called)
        add(folder, "open", "0")
        for item in chosen:
            _placemark(folder, item)
    return to_bytes(root)


def _about(plan: Plan, options: Options) -> str:
    """Say what this is, in HTML."""
    lines = [
        f"{ADVICE}.",
        f"Plan {plan.id}, {plan.software}, written {options.time()}.",
        f"Map of {plan.area.name} as of {plan.area.data_date or 'unknown date'}. {plan.area.attribution}",
        *(f"{notice.level.value}: {notice.text}" for notice in plan.notices),
    ]
    return _html(lines)


def _html(lines: list[str]) -> str:
    # ``$[name]`` in a balloon would be filled in by the viewer.
    return "".join(f"<p>{escape(line).replace('$[', '$ [')}</p>" for line in lines if line)


def _style(document: Element, style: str, look: Look, *, icons: bool) -> None:
    own = add(document, "Style", id=style)
    marker = add(own, "IconStyle")
    if style in ICONS and icons:
        add(marker, "scale", "0.9")
        add(add(marker, "Icon"), "href", f"icons/{style}.png")
    else:
        add(marker, "color", _colour(look.colour, 1.0))
    line = add(own, "LineStyle")
    add(line, "color", _colour(look.colour, 1.0))
    add(line, "width", f"{look.width:g}")
    ground = add(own, "PolyStyle")
    add(ground, "color", _colour(look.colour, look.fill))
    add(ground, "fill", "1" if look.fill else "0")
    balloon = add(own, "BalloonStyle")
    add(balloon, "text", "<h3>$[name]</h3>$[description]")


def _colour(rgb: str, opacity: float) -> str:
    """Write ``#rrggbb`` as KML has it: ``aabbggrr``."""
    red, green, blue = rgb[1:3], rgb[3:5], rgb[5:7]
    return f"{round(255 * opacity):02x}{blue}{green}{red}"


def _placemark(folder: Element, item: Item) -> None:
    mark = add(folder, "Placemark")
    add(mark, "name", item.label)
    add(mark, "description", _html([item.title, *item.lines, item.advice]))
    add(mark, "styleUrl", f"#{item.style}")
    facts = add(mark, "ExtendedData")
    for name, value in (("id", item.id), *item.facts):
        if value is not None:
            # GDAL would take a fact called name for the placemark's own
            add(add(facts, "Data", name="full_name" if name == "name" else name), "value", _text(value))
    shape = cut_at_180(item.shape)
    count = len(shape.points) + len(shape.lines) + len(shape.polygons)
    home = add(mark, "MultiGeometry") if count > 1 else mark
    for place in shape.points:
        add(add(home, "Point"), "coordinates", lon_lat_list([place]))
    for line in shape.lines:
        add(add(home, "LineString"), "coordinates").text = lon_lat_list(line)
    for rings in shape.polygons:
        _polygon(home, rings)


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _polygon(home: Element, rings: Rings) -> None:
    ground = add(home, "Polygon")
    for number, ring in enumerate(rings):
        rim = add(ground, "outerBoundaryIs" if number == 0 else "innerBoundaryIs")
        add(add(rim, "LinearRing"), "coordinates").text = lon_lat_list(ring)
