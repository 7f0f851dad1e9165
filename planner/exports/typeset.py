"""Typst sets the prints: templates of this package, with JSON and SVG to show, and the set-up's fonts.

Templates read their data through ``sys.inputs``: no name from a map becomes part of a program.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import typst

TEMPLATES = Path(__file__).parent / "templates"
FONTS = Path(__file__).parent / "fonts"
"""Put there from npm's lock by the set-up; never committed."""
FACES = ("DejaVu Sans", "Libertinus Serif")
"""The face of the prints, and what Typst itself carries where that is missing."""
NO_FONTS = "set without the program's own fonts: run make setup"
PNG_PPI = 200.0

Json = dict[str, Any]


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """Return the fonts: ours first, then the machine's for scripts that ours lack, then Typst's own."""
    return typst.Fonts(font_paths=[str(FONTS)] if FONTS.is_dir() else [])


def fonts_missing() -> bool:
    """Whether neither the set-up nor the machine has the face of the prints."""
    return FACES[0] not in _fonts().families()


def set_pages(
    template: str,
    shown: Json,
    made_at: datetime,
    pictures: Mapping[str, str] | None = None,
    form: Literal["pdf", "png"] = "pdf",
) -> bytes:
    """Set a template.

    Parameters
    ----------
    template : str
        File name in ``templates``.
    shown : dict
        What it reads as ``data``; strings in it are set as text.
    made_at : datetime
        Written into the PDF; the same arguments give the same bytes.
    pictures : mapping of str to str
        SVG by name.
    form : {"pdf", "png"}
        A PNG shows the first page.
    """
    inputs = {"data": json.dumps(shown, ensure_ascii=False), **(pictures or {})}
    # the template that is set comes first by its name: Typst takes "main" for the document
    written: object = typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        font_paths=_fonts(),
        format=form,
        ppi=PNG_PPI if form == "png" else None,
        sys_inputs=inputs,
        timestamp=int(made_at.timestamp()),
    )
    # pictures of several pages come as a list
    first = written[0] if isinstance(written, list) else written
    assert isinstance(first, bytes)
    return first
