"""GeoJSON (RFC 7946): the plan document itself, for any GIS."""

from __future__ import annotations

from planner.area import Area
from planner.document import write_plan
from planner.exports.exporter import Options
from planner.model import Plan


def export_geojson(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the plan document: no clock in it, so the same bytes whenever it is made."""
    return write_plan(plan)
