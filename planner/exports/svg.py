"""SVG as text: paths and escaped labels, and nothing that could run. One line an element."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner import words

FONTS = "DejaVu Sans, DejaVu Sans Mono, Arial, sans-serif"
Value = str | float


def element(name: str, content: str = "", /, **attributes: Value) -> str:
    """Write an element; ``stroke_width`` becomes ``stroke-width``, and every value is escaped."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}={_value(value)}" for key, value in attributes.items()
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def _value(value: Value) -> str:
    return quoteattr(value) if isinstance(value, str) else f'"{number(value)}"'


def number(value: float) -> str:
    """Write a length to a hundredth of a millimetre."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def escaped(text: str) -> str:
    """Escape text for the inside of an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text(at: tuple[float, float], said: str, size_mm: float, /, **attributes: Value) -> str:
    """Write a label, its middle at a place unless ``text_anchor`` says else; names pass as plain text."""
    face: dict[str, Value] = {"font_family": FONTS, "font_stretch": "condensed", "font_size": size_mm}
    given: dict[str, Value] = {"text_anchor": "middle", **face, **attributes}
    return element("text", escaped(words.plain(said)), x=at[0], y=at[1], **given)


def haloed(at: tuple[float, float], said: str, size_mm: float, /, **attributes: Value) -> str:
    """Write a label twice: a white rim first, so that it reads over whatever lies beneath."""
    rim: dict[str, Value] = {"stroke": "#fff", "stroke_width": size_mm * 0.28, "stroke_linejoin": "round"}
    return text(at, said, size_mm, **{**attributes, **rim, "fill": "#fff"}) + text(
        at, said, size_mm, **attributes
    )


def path_of(geometry: BaseGeometry | Sequence[BaseGeometry] | NDArray[np.object_]) -> str:
    """Write the lines and rings of geometries (in millimetres) as path data; points are left out."""
    parts = shapely.get_parts(np.asarray(geometry, dtype=object).ravel())
    parts = parts[shapely.get_dimensions(parts) > 0]
    polygons = parts[shapely.get_dimensions(parts) == 2]
    lines = parts[shapely.get_dimensions(parts) == 1]
    rings = shapely.get_rings(polygons) if len(polygons) else lines[:0]
    return _written(rings, "Z") + _written(lines, "")


def _written(lines: NDArray[np.object_], end: str) -> str:
    if not len(lines):
        return ""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    said = [f"{x:.2f} {y:.2f}" for x, y in xy.tolist()]
    bounds = [*starts.tolist(), len(said)]
    return "".join(f"M{'L'.join(said[first:after])}{end}" for first, after in pairwise(bounds))


def path(
    geometry: BaseGeometry | Sequence[BaseGeometry] | NDArray[np.object_], /, **attributes: Value
) -> str:
    """Write geometries as one path element, "" where there is nothing to draw."""
    drawn = path_of(geometry)
    if not drawn:
        return ""
    given: dict[str, Value] = {"fill": "none", **attributes}
    return element("path", d=drawn, **given)


def group(parts: Iterable[str], /, **attributes: Value) -> str:
    """Write elements as a group, one a line."""
    inside = "\n".join(part for part in parts if part)
    return element("g", f"\n{inside}\n", **attributes) if inside else ""


def picture(width_mm: float, height_mm: float, parts: Iterable[str], title: str) -> str:
    """Write a whole picture of a size in millimetres, cut at its rim."""
    inside = "\n".join(part for part in parts if part)
    size: dict[str, Value] = {"width": f"{number(width_mm)}mm", "height": f"{number(height_mm)}mm"}
    box = f"0 0 {number(width_mm)} {number(height_mm)}"
    clip = element("clipPath", element("rect", width=width_mm, height=height_mm), id="rim")
    body = f"{element('title', escaped(words.plain(title)))}\n{element('defs', clip)}\n"
    body += f'<g clip-path="url(#rim)">\n{inside}\n</g>'
    return element("svg", f"\n{body}\n", xmlns="http://www.w3.org/2000/svg", viewBox=box, role="img", **size)
