"""The index of a library for other programs: JSON, a table for spreadsheets, points for maps."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from planner import words
from planner.batch.entries import Entry, label_of
from planner.geo import usng
from planner.geojson import position
from planner.model import AreaStamp, DoctrineStamp
from planner.records import to_record
from planner.terms import Purpose, ThreatName

INDEX_SCHEMA = "library/1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class About:
    """What the latest run of a library was made on and by."""

    area: AreaStamp
    doctrine: DoctrineStamp
    software: str
    threat: ThreatName


def index_json(entries: Sequence[Entry], about: About) -> bytes:
    """Write the index that the next run reads."""
    places = [to_record(entry) for entry in entries]
    return _dump({"schema": INDEX_SCHEMA, **to_record(about), "places": places})


def index_geojson(entries: Sequence[Entry]) -> bytes:
    """Write the places as points, each with its facts."""
    features = [
        {
            "type": "Feature",
            "id": entry.key,
            "geometry": {"type": "Point", "coordinates": position(entry.location)},
            "properties": _row(entry),
        }
        for entry in entries
    ]
    return _dump({"type": "FeatureCollection", "features": features})


def index_csv(entries: Sequence[Entry]) -> bytes:
    """Write the places as a table; a name that a spreadsheet would take for a formula is kept from it."""
    text = io.StringIO(newline="")
    text.write("\ufeff")  # by which spreadsheets know UTF-8
    table = csv.writer(text, lineterminator="\r\n")
    rows = [_row(entry) for entry in entries]
    if rows:
        table.writerow(rows[0])
    table.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    return f"'{value}" if value.startswith(_FORMULA) else value


def _row(entry: Entry) -> dict[str, Any]:
    facts = entry.summary
    return {
        "state": label_of(entry),
        "kind": entry.kind,
        "name": entry.title,
        "osm": entry.osm,
        "lat": position(entry.location)[1],
        "lon": position(entry.location)[0],
        "usng": usng(entry.location),
        "verdict": facts.verdict if facts else entry.error,
        "posts_inner": facts.posts_inner if facts else None,
        "posts_outer": facts.posts_outer if facts else None,
        "officers": facts.officers if facts else None,
        "to_trauma_min": words.minutes(facts.to_trauma_min) if facts and facts.to_trauma_min else None,
        "nearer_of_unknown_level": facts.ungraded_nearer if facts else None,
        "to_hospital_min": words.minutes(facts.to_hospital_min) if facts and facts.to_hospital_min else None,
        "dangers": len(facts.dangers) if facts else None,
        "cautions": facts.cautions if facts else None,
        "no_site_for": ", ".join(purposes(facts.missing)) if facts else None,
        "changes": "; ".join(entry.changes),
        "also": "; ".join(words.plain(name) for name in entry.also),
        "notes": "; ".join((*entry.notes, *([entry.remedy] if entry.remedy else []))),
        "by_hand": entry.by_hand,
        "plan": entry.plan_file,
        "print": entry.print_file,
    }


def purposes(missing: Sequence[Purpose]) -> list[str]:
    """Name purposes as people do."""
    return [words.PURPOSES[purpose][1].lower() for purpose in missing]


def _dump(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"
