"""Closures in the shape of the Work Zone Data Exchange (WZDx 4.2), for traffic centres that read it.

A police closure is no work zone, and WZDx has no word for it (``event_type`` is ``work-zone`` or ``detour``):
it is called ``incident`` here, all else is as the standard has it, and the file says that it is shaped so.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from planner.area import Area
from planner.exports.cifs import numbered, refuse_exercise
from planner.exports.closed_streets import ClosedStreet
from planner.exports.exporter import Options
from planner.geojson import geometry
from planner.model import Plan, Shape
from planner.seam import cut_at_180
from planner.words import plain

_NOT_SAID = "not stated"
_DESCRIPTION = "Closed by police. Shaped as WZDx 4.2; event_type is not of that standard"


def export_wzdx(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the feed, a feature a closed street and direction; times in UTC, as the standard has them.

    Raises
    ------
    ExportError
        For an exercise, as with CIFS.
    """
    assert area is not None, "the registry says that it needs the area"
    refuse_exercise(options)
    moment = _utc(options.created_at)
    sender = plain(options.sender, 200) or _NOT_SAID
    source = {"data_source_id": plan.id, "organization_name": sender, "update_date": moment}
    about = {"publisher": sender, "version": "4.2", "update_date": moment, "data_sources": [source]}
    features = [_dump(_feature(id_, closed, plan, options)) for id_, closed in numbered(plan, area)]
    lines = ",\n".join(features)
    text = f'{{"type":"FeatureCollection","feed_info":{_dump(about)},"features":[\n{lines}\n]}}\n'
    return text.encode("utf-8", errors="replace")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _feature(id_: str, closed: ClosedStreet, plan: Plan, options: Options) -> dict[str, Any]:
    core = {
        "event_type": "incident",
        "data_source_id": plan.id,
        "road_names": [closed.street],
        "direction": f"{closed.heading}bound" if closed.heading else "unknown",
        "description": _DESCRIPTION,
        "creation_date": _utc(options.created_at),
        "update_date": _utc(options.created_at),
    }
    details = {
        "core_details": core,
        "start_date": _utc(options.created_at),
        "end_date": _utc(options.expires_at),
        "is_start_date_verified": False,
        "is_end_date_verified": False,
        "is_start_position_verified": False,
        "is_end_position_verified": False,
        "location_method": "junction-method",
        "vehicle_impact": "all-lanes-closed",
    }
    line = geometry(cut_at_180(Shape(lines=(closed.line,))))
    return {"type": "Feature", "id": id_, "properties": details, "geometry": line}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
