"""Care in words: hospitals in order with who takes how many, and the ways there."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from planner import words
from planner.briefing.measures import in_units
from planner.briefing.phrases import drive, span
from planner.model import HospitalOption, Incident, Plan, Route
from planner.terms import TraumaLevel
from planner.ui.panel_parts import on_map, why

_SHOWN = 12
_STREETS = 6


def hospitals(plan: Plan) -> str:
    """Return the hospitals in the order of the plan."""
    found = plan.hospitals
    if not found:
        return "<h2>Hospitals</h2><p>No hospital is known here. Load a hospital table.</p>"
    rows = "".join(_hospital(place) for place in found[:_SHOWN])
    more = f"<p>{len(found) - _SHOWN} more in the plan document.</p>" if len(found) > _SHOWN else ""
    titles = (("Trauma level",), ("Drive",), ("R/Y/G", "Red, yellow and green patients sent"))
    head = "".join(f'<th scope="col">{_heading(*title)}</th>' for title in titles)
    sent = "" if any(_sent(place) for place in found) else f"<p>{_why_nobody(plan.incident)}</p>"
    table = f'<table class="hospitals"><thead><tr>{head}</tr></thead>{rows}</table>'
    return f"<h2>Hospitals, first to ask first</h2>{sent}{table}{more}"


def _heading(short: str, long: str = "") -> str:
    if not long:
        return short
    return f'<span aria-hidden="true">{short}</span><span class="unseen">{long}</span>'


def _why_nobody(incident: Incident) -> str:
    """Nobody allocated is not "send nobody": say which it is."""
    if incident.casualties is None:
        return "No patients are allocated: the number of casualties has not been said."
    return "No patients are allocated: no hospital here is known to take trauma. Ask each before sending."


def _sent(place: HospitalOption) -> int:
    return place.assigned.red + place.assigned.yellow + place.assigned.green


def _hospital(place: HospitalOption) -> str:
    sent = place.assigned
    told = f"{sent.red} / {sent.yellow} / {sent.green}" if _sent(place) else "-"
    name = f"{escape(place.name)} (off the map)" if place.off_map else on_map(_on_the_map(place), place.name)
    return (
        f'<tbody><tr><th scope="rowgroup" colspan="3">{name}{why(place.reason)}</th></tr>'
        f"<tr><td>{_levels(place.adult_level, place.pediatric_level)}</td>"
        f"<td>{escape(drive(place))}</td>"
        f"<td>{told}</td></tr></tbody>"
    )


def _on_the_map(place: HospitalOption) -> str:
    """Return the name that the map knows a hospital by: two may be called the same."""
    lon, lat = (round(degrees, 6) for degrees in place.location)
    return f"hospital {place.name} {[lon, lat]}"


def _levels(adult: TraumaLevel | None, pediatric: TraumaLevel | None) -> str:
    levels = [level.value for level in (adult,) if level] + ([f"ped. {pediatric.value}"] if pediatric else [])
    return ", ".join(levels) or words.UNKNOWN


def ways(routes: Iterable[Route], units: str) -> str:
    """Return the ways in and out."""
    rows = "".join(_way(route, units) for route in routes)
    return f'<h2>Ways</h2><ul class="sites">{rows}</ul>' if rows else ""


def _way(route: Route, units: str) -> str:
    told = span(route, words.distance(route.length_m, units))
    along = " - ".join(route.streets[:_STREETS])
    more = f" and {len(route.streets) - _STREETS} more" if len(route.streets) > _STREETS else ""
    return (
        f'<li><div class="head">{on_map(route.id, words.ROUTES[route.route], route.id)}</div>{escape(told)}'
        f"{why(in_units(route.reason, units))}{why(along + more)}</li>"
    )
