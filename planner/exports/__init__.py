"""Plans in the formats that others open: one file a format, each a function from a plan to bytes.

To add a format: its file here with its function, and its entry in :data:`EXPORTERS`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from planner.area import Area
from planner.briefing.measures import plan_in_units
from planner.errors import ExportError
from planner.exports.brief import export_brief, export_png, export_poster
from planner.exports.cap import export_cap
from planner.exports.cifs import export_cifs
from planner.exports.cot import export_cot, export_tak
from planner.exports.exporter import Audience, Exporter, Options, Paper, Writer
from planner.exports.geojson import export_geojson
from planner.exports.gpkg import export_gpkg
from planner.exports.gpx import export_gpx
from planner.exports.html_brief import export_html
from planner.exports.ics201 import export_ics201
from planner.exports.ics206 import export_ics206
from planner.exports.ics_lists import export_ics204, export_ics205, export_ics214
from planner.exports.kml import export_kml, export_kmz
from planner.exports.public import public_plan
from planner.exports.texts import export_airspace, export_notice, export_text, export_towing
from planner.exports.wzdx import export_wzdx
from planner.model import Notice, Plan
from planner.terms import NoticeLevel

__all__ = [
    "Audience",
    "EXPORTERS",
    "Exporter",
    "Options",
    "Paper",
    "Writer",
    "export_plan",
    "exporter",
    "file_name",
]

_PDF, _TEXT = "application/pdf", "text/plain; charset=utf-8"


def _pdf(write: Writer, title: str, *, streets: bool = False, either: bool = False) -> Exporter:
    audience = Audience.EITHER if either else Audience.RESPONDERS
    return Exporter(write, ".pdf", _PDF, title, needs_area=streets, audience=audience)


def _text(write: Writer, title: str, *, streets: bool = False, public: bool = False) -> Exporter:
    audience = Audience.PUBLIC if public else Audience.RESPONDERS
    return Exporter(write, ".txt", _TEXT, title, needs_area=streets, audience=audience)


EXPORTERS: Mapping[str, Exporter] = MappingProxyType(
    {
        "brief": _pdf(export_brief, "Brief: one page, map and lists", streets=True, either=True),
        "poster": _pdf(export_poster, "Poster map, tabloid or A3", streets=True, either=True),
        "html": Exporter(
            export_html, ".html", "text/html; charset=utf-8", "Brief as a page that opens offline", True
        ),
        "png": Exporter(export_png, ".png", "image/png", "Map as a picture", needs_area=True),
        "ics201": _pdf(export_ics201, "ICS 201, incident briefing", streets=True),
        "ics204": _pdf(export_ics204, "ICS 204, assignment lists"),
        "ics205": _pdf(export_ics205, "ICS 205, radio plan"),
        "ics206": _pdf(export_ics206, "ICS 206, medical plan"),
        "ics214": _pdf(export_ics214, "ICS 214, activity log"),
        "text": _text(export_text, "Text for radio and dispatch"),
        "towing": _text(export_towing, "Towing and no-parking list"),
        "airspace": _text(export_airspace, "Request for airspace, draft", streets=True),
        "notice": _text(export_notice, "Public notice, draft", streets=True, public=True),
        "geojson": Exporter(export_geojson, ".geojson", "application/geo+json", "Plan document (GeoJSON)"),
        "gpkg": Exporter(export_gpkg, ".gpkg", "application/geopackage+sqlite3", "GeoPackage for QGIS"),
        "kml": Exporter(export_kml, ".kml", "application/vnd.google-earth.kml+xml", "KML for Google Earth"),
        "kmz": Exporter(export_kmz, ".kmz", "application/vnd.google-earth.kmz", "KMZ, with icons"),
        "gpx": Exporter(export_gpx, ".gpx", "application/gpx+xml", "GPX for receivers and phones"),
        "cot": Exporter(export_cot, ".cot.xml", "application/xml", "Cursor on Target events"),
        "tak": Exporter(export_tak, ".zip", "application/zip", "TAK data package"),
        "cap": Exporter(
            export_cap,
            ".cap.xml",
            "application/cap+xml",
            "Public alert, draft (CAP 1.2)",
            audience=Audience.PUBLIC,
        ),
        "cifs": Exporter(
            export_cifs,
            ".cifs.xml",
            "application/xml",
            "Closed streets for navigation (CIFS)",
            needs_area=True,
            audience=Audience.PUBLIC,
        ),
        "wzdx": Exporter(
            export_wzdx,
            ".wzdx.geojson",
            "application/geo+json",
            "Closed streets, WZDx-shaped",
            needs_area=True,
            audience=Audience.PUBLIC,
        ),
    }
)
"""Format name, as ``planner export --to`` takes it, to what writes it."""

EXERCISE = "EXERCISE"
_NAME_LENGTH = 40
_AS_PLANNED = ("geojson",)
"""Formats that hold the plan itself, whose sentences are the planner's own."""


def exporter(to: str) -> Exporter:
    """Return a format by its name.

    Raises
    ------
    ExportError
        If there is no such format.
    """
    if to not in EXPORTERS:
        raise ExportError(
            f"a plan cannot be exported to {to[:40]!r}", f"Choose one of: {', '.join(EXPORTERS)}"
        )
    return EXPORTERS[to]


def export_plan(plan: Plan, to: str, options: Options, area: Area | None = None) -> bytes:
    """Write a plan in a format. The same arguments give the same bytes.

    Parameters
    ----------
    plan : Plan
    to : str
        One of :data:`EXPORTERS`.
    options : Options
    area : Area, optional
        The map that the plan was made on: needed by formats that show streets. If it has changed since, the
        export says so.

    Raises
    ------
    ExportError
        If there is no such format, it needs streets and has none, or it has no public version.
    """
    chosen = exporter(to)
    if options.public and chosen.audience is Audience.RESPONDERS:
        others = [name for name, one in EXPORTERS.items() if one.audience is not Audience.RESPONDERS]
        raise ExportError(
            f"{to} is for responders only", f"For the public, choose one of: {', '.join(others)}"
        )
    if chosen.needs_area and area is None:
        raise ExportError(
            f"{to} shows streets and was given no map", f"Open the area {plan.area.name} for it"
        )
    public = options.public or chosen.audience is Audience.PUBLIC
    shown = public_plan(plan) if public else plan
    if area is not None and chosen.needs_area:
        shown = _with_map_notice(shown, area)
    exercise = is_exercise(plan, options)
    if exercise:
        shown = _as_exercise(shown)
    told = replace(options, public=public, exercise=exercise)
    if to not in _AS_PLANNED:
        shown = plan_in_units(shown, options.units)
    return chosen.write(shown, area if chosen.needs_area else None, told)


def is_exercise(plan: Plan, options: Options) -> bool:
    """Whether an export is of an exercise: asked for, said by the incident, or exported as one before."""
    said = options.exercise or plan.incident.exercise
    return said or plan.incident.name.startswith(EXERCISE)


def file_name(plan: Plan, to: str, options: Options) -> str:
    """Name an export's file: incident, version of the plan, format, time; ASCII, whatever the name.

    For example ``maple-street-school_1f0c2ab3_ics206_20240514T0932-0500.pdf``.
    """
    chosen = exporter(to)
    plain = unicodedata.normalize("NFKD", plan.incident.name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_NAME_LENGTH].strip("-")
    marks = ["EXERCISE"] * is_exercise(plan, options) + ["public"] * options.public
    moment = options.created_at.strftime("%Y%m%dT%H%M%z")
    parts = (*marks, slug or "incident", plan.id[:8], to, moment)
    return "_".join(re.sub(r"[^A-Za-z0-9+-]+", "-", part) for part in parts) + chosen.suffix


def _with_map_notice(plan: Plan, area: Area) -> Plan:
    if area.digest == plan.area.digest:
        return plan
    text = (
        f"The map of {area.name} shown here, of {area.data_date or 'unknown date'}, is not the one "
        f"that the plan was made on, of {plan.area.data_date or 'unknown date'}: plan again first"
    )
    return replace(plan, notices=(Notice(NoticeLevel.CAUTION, text, "map"), *plan.notices))


def _as_exercise(plan: Plan) -> Plan:
    """Mark an exercise where every format shows it: in the incident's name, and as the first notice."""
    name = plan.incident.name
    if not name.startswith(EXERCISE):
        name = f"{EXERCISE}: {name}" if name else EXERCISE
    notice = Notice(NoticeLevel.INFO, "EXERCISE: nothing in this plan is happening", "exercise")
    others = tuple(other for other in plan.notices if other != notice)
    return replace(plan, incident=replace(plan.incident, name=name, exercise=True), notices=(notice, *others))
