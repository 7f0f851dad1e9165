"""ICS 201, incident briefing: map sketch, situation, objectives, organization, resources; four parts."""

from __future__ import annotations

from collections.abc import Iterator

from planner import words
from planner.area import Area
from planner.briefing.phrases import (
    along,
    began,
    one_way_each,
    place,
    scene,
    site_name,
    suggested,
    threat,
    through,
    way_to,
)
from planner.exports import forms
from planner.exports.exporter import Options
from planner.exports.forms import Json
from planner.exports.map_svg import draw_map
from planner.exports.page_facts import SIZES_MM, paper
from planner.model import Plan
from planner.perimeters.staffing import staffing_order
from planner.terms import NoticeLevel, PerimeterName, RouteKind

_TITLE = "Incident Briefing"
_FREE_MM, _LINE_MM, _LINE_LETTERS = 66.0, 4.3, 122
"""Height of the first page that the rim and the other blocks need, and each line of the situation."""
_LEAST_MAP_MM = 90.0
_SIDES_MM = 23.0
_ROLES = (
    ("Incident Commander(s)", "unified command"),
    ("Liaison Officer", ""),
    ("Safety Officer", ""),
    ("Public Information Officer", ""),
    ("Operations Section Chief", ""),
    ("Planning Section Chief", ""),
    ("Logistics Section Chief", ""),
    ("Finance/Administration Section Chief", ""),
)
_RESOURCES = (
    ("Resource", 2),
    ("Resource identifier", 1.2),
    ("Date and time ordered", 1.2),
    ("ETA", 0.7),
    ("Arrived", 0.7),
    ("Notes (location, assignment, status)", 3.2),
)
_UNITS = {"officers": "now", "officers_5_min": "in 5 min", "officers_10_min": "in 10 min"}


def export_ics201(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the form as PDF."""
    assert area is not None
    wide, high = SIZES_MM[paper(options)]
    lines = sum(1 + len(words.plain(said, 700)) // _LINE_LETTERS for said in situation(plan))
    high = max(_LEAST_MAP_MM, high - _FREE_MM - lines * _LINE_MM)
    picture = draw_map(plan, area, wide - _SIDES_MM, high, options.units)
    told = f"1:{picture.sheet.scale:,}; grid {picture.grid_square}, lines every {picture.grid_step_m:,} m"
    return forms.set_form(plan, options, ics201(plan, picture.sheet.width_mm, told), {"map": picture.svg})


def ics201(plan: Plan, map_width_mm: float, map_note: str) -> list[Json]:
    """Return the form's four parts."""
    signed = forms.prepared_block("6", "Prepared by")
    head = [forms.name_block(plan, 2), forms.text_block("2", "Incident Number", [""]), _initiated(plan)]
    return [
        forms.part(
            "ICS 201, part 1 of 4",
            _TITLE,
            head,
            [forms.map_block("4", "Map / Sketch", "map", map_width_mm, map_note)],
            [
                forms.text_block(
                    "5",
                    "Situation Summary and Health and Safety Briefing",
                    situation(plan),
                    note="As the plan knows it; the IC adds what it does not.",
                )
            ],
            [signed],
        ),
        forms.part(
            "ICS 201, part 2 of 4",
            _TITLE,
            head,
            [
                forms.text_block(
                    "7",
                    "Current and Planned Objectives",
                    [*objectives(plan), "", "", ""],
                    note=f"{words.ADVICE}.",
                )
            ],
            [
                forms.table_block(
                    "8",
                    "Current and Planned Actions, Strategies, and Tactics",
                    (("Time", 1), ("Actions", 6)),
                    [],
                    blank_rows=14,
                )
            ],
            [signed],
        ),
        forms.part(
            "ICS 201, part 3 of 4",
            _TITLE,
            head,
            [
                forms.table_block(
                    "9",
                    "Current Organization",
                    (("Position", 2), ("Name", 2), ("Agency", 1.5), ("Contact", 1.5)),
                    [*([role, "", note, ""] for role, note in _ROLES), *_leaders(plan)],
                    blank_rows=4,
                    note="Nobody is named in the plan: fill in who holds each position.",
                )
            ],
            [signed],
        ),
        forms.part(
            "ICS 201, part 4 of 4",
            _TITLE,
            head,
            [
                forms.table_block(
                    "10", "Resource Summary", _RESOURCES, [*_at_hand(plan), *_needed(plan)], blank_rows=8
                )
            ],
            [signed],
        ),
    ]


def _initiated(plan: Plan) -> Json:
    return forms.text_block("3", "Date/Time Initiated", [began(plan.incident)], share=1.4)


def situation(plan: Plan) -> Iterator[str]:
    """Yield what is known of the situation, dangers first."""
    incident, at = plan.incident, scene(plan)
    counted = incident.casualties
    hurt = f"{counted.red} red, {counted.yellow} yellow, {counted.green} green" if counted else "not told"
    inside = f"{incident.on_site:,}" if incident.on_site is not None else "not told"
    where = place(at) if at else "not told"
    yield f"Threat: {threat(incident)}. Scene: {where}. Casualties: {hurt}. People on site: {inside}."
    for notice in plan.notices:
        if notice.level is NoticeLevel.DANGER:
            yield f"DANGER: {notice.text}."
    for line in plan.perimeters:
        if line.leaks:
            where = ", ".join(line.leaks[:6])
            yield f"NOT SEALED: the {words.PERIMETERS[line.perimeter].lower()} is open at {where}."
    told = {zone.reason: None for zone in plan.zones if zone.reason}
    yield from list(told)[:3]
    cautions = [notice.text for notice in plan.notices if notice.level is NoticeLevel.CAUTION]
    yield from (f"Caution: {text}." for text in cautions[:5])
    if len(cautions) > 5:
        yield f"{words.count(len(cautions) - 5, 'more caution')} in the plan."


def objectives(plan: Plan) -> Iterator[str]:
    """Yield what the plan suggests to reach, with the numbers it takes."""
    for line in plan.perimeters:
        state = "" if line.sealed else " NOT SEALED: see the plan's leaks."
        need = f"{words.count(line.posts, 'post')}, {words.count(line.officers, 'officer')}"
        first = ", ".join(
            p.id for p in staffing_order(plan.posts) if p.perimeter is line.perimeter and p.rank <= 4
        )
        yield f"Hold the {words.PERIMETERS[line.perimeter].lower()}: {need}; staff {first} first.{state}"
    for same in one_way_each(
        route for route in plan.routes if route.route in (RouteKind.EGRESS, RouteKind.INGRESS)
    ):
        way = same[0]
        passed = f", {through(way)}" if way.posts_crossed else ""
        yield f"Keep {words.ROUTES[way.route].lower()} open: {along(way, 6)}{passed}. No parking on it."
    for site in suggested(plan):
        leading = way_to(plan, site)
        by = f", by {along(leading, 3)}" if leading is not None else ""
        where = site.usng or words.degrees(site.entrance)
        yield f"{words.PURPOSES[site.purpose][1]}: {site_name(site)}, {where}{by}."


def _leaders(plan: Plan) -> Iterator[list[str]]:
    """Yield a line for whoever leads what the plan has; nobody is named."""
    for name in PerimeterName:
        if any(post.perimeter is name for post in plan.posts):
            yield [f"{words.PERIMETERS[name]} leader", "", "", ""]
    for site in suggested(plan):
        yield [f"{words.PURPOSES[site.purpose][1]} leader", "", "", ""]


def _at_hand(plan: Plan) -> Iterator[list[str]]:
    for name, count in plan.incident.units:
        plain = words.plain(name.replace("_", " "), 40)
        if name in _UNITS:
            yield ["Officers", f"{count}", "", "" if name == "officers" else _UNITS[name], "", "as told"]
        else:
            yield [plain.capitalize(), f"{count}", "", "", "", "as told"]


def _needed(plan: Plan) -> Iterator[list[str]]:
    """Yield what the plan needs: resources not yet ordered, as far as it knows."""
    officers = plan.officers
    for name in PerimeterName:
        if officers[name.value]:
            posts = words.count(sum(post.perimeter is name for post in plan.posts), "post")
            told = f"{words.PERIMETERS[name]}: {posts}; see ICS 204"
            yield ["Officers, needed", f"{officers[name.value]}", "", "", "", told]
    if officers["sites"]:
        yield ["Officers, needed", f"{officers['sites']}", "", "", "", "Security at sites"]
    if officers["containment"]:
        yield ["Officers, needed", f"{officers['containment']}", "", "", "", "Containment: observation posts"]
    if plan.ambulances is not None:
        yield [
            "Ambulances, needed",
            f"{plan.ambulances.needed}",
            "",
            "",
            "",
            words.plain(plan.ambulances.reason, 160),
        ]
