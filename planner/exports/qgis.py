"""How QGIS (QML) and others (OGC SLD) draw a layer: a colour, line and mark for each style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from planner.exports.features import LOOKS, Look
from planner.exports.xml import Element, add

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_SLD = {
    "version": "1.0.0",
    "xmlns": "http://www.opengis.net/sld",
    "xmlns:ogc": "http://www.opengis.net/ogc",
}
_MARK_PX = 14
_SYMBOLS = {
    "polygons": ("fill", "SimpleFill"),
    "lines": ("line", "SimpleLine"),
    "points": ("marker", "SimpleMarker"),
}
_MARKS = {
    "post-foot": "triangle",
    "observation": "diamond",
    "hospital": "cross_fill",
    "threat": "triangle",
    "incident": "star",
    "closure": "cross2",
    "command_post": "diagonal_half_square",
}
_SLD_MARKS = {"cross_fill": "cross", "cross2": "x", "diamond": "square", "diagonal_half_square": "square"}
"""SLD knows few marks by name."""


def layer_qml(family: str, styles: Iterable[str], *, labelled: bool) -> str:
    """Return the QML of a layer, drawn by its ``style`` column and named by its ``label`` column.

    Parameters
    ----------
    family : {"points", "lines", "polygons"}
    styles : iterable of str
        Those that occur in the layer.
    labelled : bool
        Whether its items bear their names.
    """
    kind, symbol_layer = _SYMBOLS[family]
    root = Element(
        "qgis",
        {"version": "3.28.0", "styleCategories": "Symbology|Labeling", "labelsEnabled": str(int(labelled))},
    )
    renderer = add(
        root, "renderer-v2", type="categorizedSymbol", attr="style", symbollevels="0", forceraster="0"
    )
    categories, symbols = add(renderer, "categories"), add(renderer, "symbols")
    for number, style in enumerate(_occurring(styles)):
        name = style.replace("_", " ").replace("-", ", ").capitalize()
        add(
            categories,
            "category",
            symbol=str(number),
            value=style,
            type="string",
            label=name,
            render="true",
        )
        symbol = add(symbols, "symbol", name=str(number), type=kind, alpha="1", clip_to_extent="1")
        _qml_layer(symbol, symbol_layer, _properties(family, style))
    if labelled:
        _qml_labels(root)
    return _DOCTYPE + ET.tostring(root, encoding="unicode")


def _qml_labels(root: Element) -> None:
    """Label every item, also where labels meet: a post without its number is of no use."""
    settings = add(add(root, "labeling", type="simple"), "settings", calloutType="simple")
    font = {"fontSize": "9", "fontWeight": "75", "fontSizeUnit": "Point", "textColor": "20,22,26,255"}
    style = add(settings, "text-style", fieldName="label", isExpression="0", **font)
    halo = {"bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    add(style, "text-buffer", bufferDraw="1", **halo)
    add(settings, "placement", placement="1", quadOffset="2", dist="1.5", distUnits="MM")
    add(settings, "rendering", displayAll="1", obstacle="0")


def _occurring(styles: Iterable[str]) -> list[str]:
    found = set(styles)
    return [style for style in LOOKS if style in found]


def _qml_layer(symbol: Element, name: str, properties: dict[str, str]) -> None:
    """Write a symbol's properties both ways: QGIS to 3.16 reads ``prop``, later ones ``Option``."""
    layer = add(symbol, "layer", **{"class": name, "enabled": "1", "locked": "0", "pass": "0"})
    options = add(layer, "Option", type="Map")
    for key, value in properties.items():
        add(options, "Option", name=key, value=value, type="QString")
    for key, value in properties.items():
        add(layer, "prop", k=key, v=value)


def _properties(family: str, style: str) -> dict[str, str]:
    look = LOOKS[style]
    line = {"style": "dash" if look.dash else "solid"}
    width = {"width": f"{look.width}", "width_unit": "Pixel"}
    if family == "lines":
        return {
            "line_color": _rgba(look, 1.0),
            "line_style": line["style"],
            **{f"line_{k}": v for k, v in width.items()},
        }
    outline = {
        "outline_style": line["style"],
        "outline_width": f"{look.width}",
        "outline_width_unit": "Pixel",
    }
    if family == "polygons":
        filled = "solid" if look.fill else "no"
        return {
            "color": _rgba(look, look.fill),
            "style": filled,
            "outline_color": _rgba(look, 1.0),
            **outline,
        }
    return {
        "color": _rgba(look, 1.0),
        "name": _mark(style),
        "outline_color": "255,255,255,255",
        "outline_style": "solid",
        "outline_width": "1.5",
        "outline_width_unit": "Pixel",
        "size": str(_MARK_PX),
        "size_unit": "Pixel",
    }


def _mark(style: str) -> str:
    if style in _MARKS:
        return _MARKS[style]
    return "circle" if style.startswith("post-") else "square"


def _rgba(look: Look, opacity: float) -> str:
    red, green, blue = (int(look.colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def layer_sld(name: str, family: str, styles: Sequence[str]) -> str:
    """Return the same as an OGC Styled Layer Descriptor 1.0, a rule a style."""
    root = Element("StyledLayerDescriptor", _SLD)
    named = add(root, "NamedLayer")
    add(named, "Name", name)
    rules = add(add(named, "UserStyle"), "FeatureTypeStyle")
    for style in _occurring(styles):
        rule = add(rules, "Rule")
        add(rule, "Name", style)
        equal = add(add(rule, "ogc:Filter"), "ogc:PropertyIsEqualTo")
        add(equal, "ogc:PropertyName", "style")
        add(equal, "ogc:Literal", style)
        _SLD_SYMBOLS[family](rule, style)
    return ET.tostring(root, encoding="unicode")


def _sld_polygon(rule: Element, style: str) -> None:
    look = LOOKS[style]
    symbol = add(rule, "PolygonSymbolizer")
    if look.fill:
        _sld_fill(symbol, look.colour, look.fill)
    _sld_stroke(symbol, look)


def _sld_line(rule: Element, style: str) -> None:
    _sld_stroke(add(rule, "LineSymbolizer"), LOOKS[style])


def _sld_point(rule: Element, style: str) -> None:
    graphic = add(add(rule, "PointSymbolizer"), "Graphic")
    mark = add(graphic, "Mark")
    shape = _mark(style)
    add(mark, "WellKnownName", _SLD_MARKS.get(shape, shape))
    _sld_fill(mark, LOOKS[style].colour, 1.0)
    add(graphic, "Size", str(_MARK_PX))


def _sld_fill(symbol: Element, colour: str, opacity: float) -> None:
    fill = add(symbol, "Fill")
    add(fill, "CssParameter", colour, name="fill")
    add(fill, "CssParameter", f"{opacity:g}", name="fill-opacity")


def _sld_stroke(symbol: Element, look: Look) -> None:
    stroke = add(symbol, "Stroke")
    add(stroke, "CssParameter", look.colour, name="stroke")
    add(stroke, "CssParameter", f"{look.width:g}", name="stroke-width")
    if look.dash:
        add(stroke, "CssParameter", "8 6", name="stroke-dasharray")


_SLD_SYMBOLS = {"polygons": _sld_polygon, "lines": _sld_line, "points": _sld_point}
