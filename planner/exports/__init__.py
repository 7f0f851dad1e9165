"""Plans in the formats that others open: one file a format, each a function from a plan to bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from planner.errors import ExportError
from planner.exports.geojson import export_geojson
from planner.model import Plan

Exporter = Callable[[Plan], bytes]

EXPORTERS: Mapping[str, Exporter] = MappingProxyType({"geojson": export_geojson})
"""Format name, as ``planner export --to`` takes it, to what writes it."""


def export_plan(plan: Plan, to: str) -> bytes:
    """Write a plan in a format.

    Parameters
    ----------
    plan : Plan
    to : str
        One of :data:`EXPORTERS`.

    Raises
    ------
    ExportError
        If there is no such format.
    """
    if to not in EXPORTERS:
        raise ExportError(
            f"a plan cannot be exported to {to[:40]!r}", f"Choose one of: {', '.join(EXPORTERS)}"
        )
    return EXPORTERS[to](plan)
