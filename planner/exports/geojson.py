"""GeoJSON (RFC 7946): the plan document itself, for any GIS."""

from __future__ import annotations

from planner.document import write_plan
from planner.model import Plan


def export_geojson(plan: Plan) -> bytes:
    """Write the plan document."""
    return write_plan(plan)
