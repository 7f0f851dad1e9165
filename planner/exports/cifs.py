"""Closures for navigation: Waze's CIFS, one record a closed street and direction, along the road.

Only what is closed to everyone is in it, from the plan's outer perimeter alone. A file: nothing is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from planner.area import Area
from planner.errors import ExportError
from planner.exports.closed_streets import ClosedStreet, closed_streets
from planner.exports.exporter import Options
from planner.exports.features import scene_key
from planner.exports.xml import Element, add, degrees, to_bytes
from planner.model import Plan, Ring, Shape
from planner.seam import cut_at_180

_DESCRIPTION = "Closed by police"


def export_cifs(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write CIFS as XML: ``ROAD_CLOSED``, polyline in the direction of travel, street, start and end.

    Raises
    ------
    ExportError
        For an exercise: a closure feed has no word for it, and navigation would close the streets.
    """
    assert area is not None, "the registry says that it needs the area"
    refuse_exercise(options)
    root = Element("incidents")
    for id_, street, line in _on_each_side(numbered(plan, area)):
        record = add(root, "incident", id=id_)
        add(record, "creationtime", options.time())
        add(record, "updatetime", options.time())
        add(record, "type", "ROAD_CLOSED")
        add(record, "subtype", "ROAD_CLOSED_HAZARD")
        add(record, "description", _DESCRIPTION)
        add(record, "street", street)
        add(record, "polyline").text = " ".join(
            f"{degrees(place.lat_deg)} {degrees(place.lon_deg)}" for place in line
        )
        add(record, "direction", "ONE_DIRECTION")
        add(record, "starttime", options.time())
        add(record, "endtime", options.time(options.expires_at))
    return to_bytes(root)


def _on_each_side(records: Iterable[tuple[str, ClosedStreet]]) -> Iterator[tuple[str, str, Ring]]:
    """Cut streets at longitude 180: a polyline would run round the globe. The first part keeps the id."""
    for id_, closed in records:
        first, *others = cut_at_180(Shape(lines=(closed.line,))).lines
        yield id_, closed.street, first
        for number, line in enumerate(others, 2):
            yield f"{id_}-{number}", closed.street, line


def numbered(plan: Plan, area: Area) -> list[tuple[str, ClosedStreet]]:
    """Give each record an id that it keeps while the incident lasts: from street, heading and order."""
    scene = scene_key(plan.incident, plan.area.name)
    seen: dict[tuple[str, str], int] = {}
    records = []
    for closed in closed_streets(plan, area):
        key = (closed.street, closed.heading)
        seen[key] = seen.get(key, 0) + 1
        text = repr((scene, *key, seen[key]))
        records.append((hashlib.sha256(text.encode()).hexdigest()[:16], closed))
    return records


def refuse_exercise(options: Options) -> None:
    """Keep a pretended closure out of real navigation.

    Raises
    ------
    ExportError
        If the export is for an exercise.
    """
    if options.exercise:
        raise ExportError(
            "a closure feed cannot say that it is an exercise, and navigation would close the streets",
            "For an exercise, export cap, kml or another format",
        )
