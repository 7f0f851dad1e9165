"""The parts of an ICS form as the template reads them: numbered blocks of text, fields or a table.

A value that the plan does not hold is "": it is printed as room to write, never as a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from planner import words
from planner.exports.exporter import Options
from planner.exports.page_facts import page_facts
from planner.exports.typeset import set_pages
from planner.model import Plan

Json = dict[str, Any]
BLANK_ROW = ""
_LONGEST_CELL = 700


def text_block(number: str, title: str, lines: Iterable[str], *, note: str = "", share: float = 1) -> Json:
    """Return a block of paragraphs; "" is a line to write on."""
    said = [words.plain(line, 700) for line in lines]
    return {"kind": "text", "number": number, "title": title, "note": note, "share": share, "lines": said}


def fields_block(
    number: str, title: str, fields: Sequence[tuple[str, str]], *, share: float = 1, note: str = ""
) -> Json:
    """Return a block of named values."""
    shown = [
        {"name": name, "value": words.plain(value, 160), "wide": name in ("Signature", "Name")}
        for name, value in fields
    ]
    return {"kind": "fields", "number": number, "title": title, "note": note, "share": share, "fields": shown}


def table_block(
    number: str,
    title: str,
    columns: Sequence[tuple[str, float]],
    rows: Iterable[Sequence[str]],
    *,
    blank_rows: int = 0,
    note: str = "",
) -> Json:
    """Return a table: columns with their shares of the width, rows, and empty rows to write in."""
    filled = [[words.plain(cell, _LONGEST_CELL) for cell in row] for row in rows]
    return {
        "kind": "table",
        "number": number,
        "title": title,
        "note": note,
        "share": 1,
        "columns": [name for name, _ in columns],
        "widths": [share for _, share in columns],
        "rows": filled + [[""] * len(columns)] * blank_rows,
    }


def map_block(number: str, title: str, picture: str, width_mm: float, note: str) -> Json:
    """Return a block with a map."""
    given = {
        "picture": picture,
        "width": width_mm,
        "alt": "Map of the plan: see the lists for its posts and sites",
    }
    return {"kind": "map", "number": number, "title": title, "note": note, "share": 1, **given}


def part(name: str, title: str, *rows: Sequence[Json]) -> Json:
    """Return one part of a form, that begins on a page of its own: rows of blocks."""
    return {"name": name, "title": title, "rows": [list(row) for row in rows]}


def name_block(plan: Plan, share: float = 1) -> Json:
    """Return block 1 of every form."""
    return text_block("1", "Incident Name", [words.plain(plan.incident.name) or BLANK_ROW], share=share)


def period_block(number: str = "2", share: float = 1.6) -> Json:
    """Return the operational period: the plan knows none, so it is blank."""
    fields = [("Date from", ""), ("Date to", ""), ("Time from", ""), ("Time to", "")]
    return fields_block(number, "Operational Period", fields, share=share)


def prepared_block(number: str, title: str) -> Json:
    """Return a signature block: nobody has signed yet."""
    fields = [("Name", ""), ("Position", ""), ("Signature", ""), ("Date and time", "")]
    return fields_block(number, title, fields)


def set_form(
    plan: Plan, options: Options, parts: Sequence[Json], pictures: dict[str, str] | None = None
) -> bytes:
    """Set a form as PDF."""
    shown = {"page": page_facts(plan, options), "form": {"parts": list(parts)}}
    return set_pages("form.typ", shown, options.created_at, pictures)
