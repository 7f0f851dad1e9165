"""Plans to export: one of the made town, with everything in it that a format may stumble over."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from planner.area import Area
from planner.exports import Options
from planner.model import (
    Casualties,
    Closure,
    FieldRoad,
    HospitalOption,
    Incident,
    Pin,
    Plan,
    Shape,
    ThreatPoint,
    Zone,
)
from planner.packs import shipped_doctrine
from planner.plan import make_plan
from planner.terms import Purpose, ThreatName, ThreatStatus, TraumaLevel, ZoneKind
from tests.town import town

MADE = Options(datetime(2024, 5, 14, 9, 32, 7, tzinfo=timezone(timedelta(hours=-5))), valid_min=240)
"""Options of an export, with a clock that stands."""


def made_town() -> Area:
    """Return the town that the plan is of."""
    return town(footways=False)


@lru_cache(maxsize=1)
def town_plan() -> Plan:
    """Return a plan with points, lines, polygons with holes and in several parts, unknowns and marks."""
    area = made_town()

    def at(x_m: float, y_m: float) -> Any:
        return area.frame.place(x_m, y_m)

    def block(x_m: float, y_m: float, half_m: float) -> Any:
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        return tuple(at(x_m + i * half_m, y_m + j * half_m) for i, j in corners)

    incident = Incident(
        location=at(-350.0, -200.0),
        threat=ThreatName.KNIFE,
        name="Maple St",
        began_at="2024-05-14T09:20:00-05:00",
        units=(("officers", 8),),
        pins=(Pin(Purpose.MEDIA, Shape(points=(at(800.0, 300.0),))),),
        threats=(ThreatPoint(at(-320.0, -260.0), ThreatName.PIPE_BOMB, ThreatStatus.REPORTED),),
        closures=(
            Closure(Shape(points=(at(600.0, 600.0),))),
            Closure(Shape(lines=((at(500.0, 700.0), at(700.0, 700.0)),))),
            Closure(Shape(polygons=((block(700.0, 500.0, 20.0),),))),
        ),
        field_roads=(FieldRoad(Shape(lines=((at(600.0, 0.0), at(600.0, 60.0)),)), "Farm gate"),),
    )
    plan = make_plan(incident, area, shipped_doctrine())
    parts = Shape(polygons=((block(850.0, -300.0, 15.0),), (block(900.0, -300.0, 15.0),)))
    ring = Zone(
        ZoneKind.COLD, (block(300.0, 300.0, 60.0), block(300.0, 300.0, 20.0)[::-1]), True, "Cold, drawn"
    )
    known = HospitalOption(
        name="St. Mary's",
        location=at(0.0, 3000.0),
        adult_level=TraumaLevel.II,
        pediatric_level=None,
        helipad=True,
        source="table",
        as_of="2024-01",
        time_s=400.0,
        time_range_min=(5, 9),
        off_map=True,
        red_per_h=3.0,
        assigned=Casualties(1, 2, 3),
        route=None,
        reason="Level II",
    )
    more = replace(plan.sites[0], id="command_post-9", rank=9, shape=parts)
    return replace(
        plan, zones=(*plan.zones, ring), sites=(*plan.sites, more), hospitals=(*plan.hospitals, known)
    )


def renamed(value: Any, name: str) -> Any:
    """Return a plan with a name in place of every free text in it; ids, words and places stay."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(renamed(one, name) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return name if type(value) is str else value
    kept = {"id", "began_at", "digest", "data_date", "as_of", "start", "end", "route", "sees", "unit", "usng"}
    kept |= {"posts_crossed", "units"}
    changes = {f.name: renamed(getattr(value, f.name), name) for f in fields(value) if f.name not in kept}
    return replace(value, **changes)
