"""ICS 204, 205 and 214: assignments, channels and the log, as far as the plan has facts for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner import words
from planner.area import Area
from planner.briefing.phrases import (
    along,
    began,
    place,
    post_task,
    site_name,
    suggested,
    through,
    title,
    way_to,
)
from planner.exports import forms
from planner.exports.exporter import Options
from planner.exports.forms import Json
from planner.geo import usng
from planner.model import Observation, Plan, Post, Site
from planner.perimeters.staffing import ORDER_REASON, staffing_order
from planner.terms import PerimeterName, Purpose

_RESOURCES = (
    ("Resource identifier", 0.8),
    ("Leader", 1.0),
    ("# of persons", 0.6),
    ("Contact", 0.9),
    ("Reporting location", 2.4),
    ("Assignment, remarks", 4.3),
)
_CHANNELS = (
    ("Zone, group", 0.8),
    ("Ch #", 0.5),
    ("Function", 1.5),
    ("Channel name, trunked system talkgroup", 1.8),
    ("Assignment", 2.2),
    ("RX freq (N or W)", 1),
    ("RX tone, NAC", 0.8),
    ("TX freq (N or W)", 1),
    ("TX tone, NAC", 0.8),
    ("Mode (A, D, M)", 0.7),
    ("Remarks", 1.2),
)
_OFFICERS = (("Position", 2), ("Name", 2.4), ("Contact number(s)", 1.8))


# --- ICS 204 ----------------------------------------------------------------------------------------


def export_ics204(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write an assignment list for each perimeter, for containment and for the sites, as PDF."""
    return forms.set_form(plan, options, list(ics204(plan)))


def ics204(plan: Plan) -> Iterator[Json]:
    """Yield one list a group; a plan without any has one blank list."""
    groups = [group for group in _groups(plan) if group[1]]
    for name, rows, tasks in groups or [("", [], [])]:
        yield forms.part(
            "ICS 204",
            "Assignment List",
            [
                forms.name_block(plan),
                forms.period_block(),
                forms.text_block("3", "Branch, Division, Group", [name]),
            ],
            [
                forms.table_block(
                    "4", "Operations Personnel", _OFFICERS, [[role, "", ""] for role in _personnel(name)]
                )
            ],
            [forms.table_block("5", "Resources Assigned", _RESOURCES, rows, blank_rows=2)],
            [forms.text_block("6", "Work Assignments", tasks or ["", ""])],
            [forms.text_block("7", "Special Instructions", [*_instructions(plan), ""])],
            [
                forms.table_block(
                    "8", "Communications", (("Name, function", 3), ("Primary contact", 3)), [], blank_rows=2
                )
            ],
            [forms.prepared_block("9", "Prepared by")],
        )


def _personnel(group: str) -> tuple[str, ...]:
    return ("Operations Section Chief", "Branch Director", f"{group or 'Division or group'} supervisor")


def _groups(plan: Plan) -> Iterator[tuple[str, list[list[str]], list[str]]]:
    for line in PerimeterName:
        posts = [post for post in staffing_order(plan.posts) if post.perimeter is line]
        reasons = [one.reason for one in plan.perimeters if one.perimeter is line]
        yield words.PERIMETERS[line], [_post_row(post) for post in posts], [*reasons, ORDER_REASON]
    watching = [_watch_row(post) for post in plan.observations]
    yield "Containment", watching, ["Watch the sides of the target. Whoever sees it can be seen from it."]
    sites = [_site_row(plan, site) for site in suggested(plan)]
    yield "Sites", sites, ["Each site has security of its own, and is searched for a secondary device first."]


def _post_row(post: Post) -> list[str]:
    where = f"{words.plain(post.street, 70)}, {usng(post.location) or words.degrees(post.location)}"
    return [
        words.plain(post.id, 12),
        "",
        f"{post.officers}",
        "",
        where,
        f"{post.rank}. {post_task(post)}. {post.reason}",
    ]


def _watch_row(post: Observation) -> list[str]:
    where = usng(post.location) or words.degrees(post.location)
    return [words.plain(post.id, 12), "", f"{post.officers}", "", where, post.reason]


def _site_row(plan: Plan, site: Site) -> list[str]:
    way = way_to(plan, site)
    by = f"Way in: {along(way, 4)} {through(way)}. " if way is not None else ""
    name = f"{site_name(site)}, {place(site.entrance)}"
    return [words.PURPOSES[site.purpose][0], "", "", "", name, f"{by}{site.reason}"]


def _instructions(plan: Plan) -> Iterator[str]:
    for notice in plan.notices:
        if notice.about in ("inner", "outer", "containment", "sites"):
            yield f"{notice.level.value.upper()}: {notice.text}."
    yield f"{words.ADVICE}."


# --- ICS 205 ----------------------------------------------------------------------------------------


def export_ics205(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the radio plan as PDF: who needs a channel; no frequency is known to the plan."""
    return forms.set_form(plan, options, [ics205(plan)])


def ics205(plan: Plan) -> Json:
    """Return the form: a line for each function that the plan has."""
    rows = [["", "", function, "", assigned, *[""] * 6] for function, assigned in _functions(plan)]
    printed = "Channels are the agency's to assign: the plan holds none."
    return forms.part(
        "ICS 205",
        "Incident Radio Communications Plan",
        [forms.name_block(plan), forms.text_block("2", "Date/Time Prepared", [""]), forms.period_block("3")],
        [forms.table_block("4", "Basic Radio Channel Use", _CHANNELS, rows, blank_rows=4, note=printed)],
        [forms.text_block("5", "Special Instructions", ["", ""])],
        [forms.prepared_block("6", "Prepared by (Communications Unit Leader)")],
    )


def _functions(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "Command", "Incident Commander, Unified Command"
    for line in PerimeterName:
        posts = [post for post in plan.posts if post.perimeter is line]
        if posts:
            yield words.PERIMETERS[line], words.count(len(posts), "post")
    if plan.observations:
        yield "Containment", words.count(len(plan.observations), "observation post")
    for site in suggested(plan):
        air = "Ground to air" if site.purpose is Purpose.HELISPOT else words.PURPOSES[site.purpose][1]
        yield air, site_name(site)
    if plan.hospitals:
        yield "Medical, hospitals", words.count(len(plan.hospitals), "hospital")


# --- ICS 214 ----------------------------------------------------------------------------------------


def export_ics214(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the activity log as PDF: what the plan can date, and lines for the rest."""
    return forms.set_form(plan, options, [ics214(plan, options)])


def ics214(plan: Plan, options: Options) -> Json:
    """Return the form."""
    columns = (("Date/Time", 1.4), ("Notable Activities", 5))
    resources = (("Name", 2), ("ICS Position", 1.6), ("Home Agency (and Unit)", 2))
    you = [
        forms.text_block(number, name, [""])
        for number, name in (("3", "Name"), ("4", "ICS Position"), ("5", "Home Agency (and Unit)"))
    ]
    return forms.part(
        "ICS 214",
        "Activity Log",
        [forms.name_block(plan), forms.period_block()],
        you,
        [forms.table_block("6", "Resources Assigned", resources, [], blank_rows=6)],
        [forms.table_block("7", "Activity Log", columns, _dated(plan, options), blank_rows=20)],
        [forms.prepared_block("8", "Prepared by")],
    )


def _dated(plan: Plan, options: Options) -> Iterator[Sequence[str]]:
    if plan.incident.began_at:
        yield began(plan.incident), f"Incident began, as told: {title(plan.incident)}"
    for pin in sorted(plan.incident.pins, key=lambda pin: pin.set_at):
        if pin.set_at:
            done = "accepted" if pin.accepted else "set"
            named = f": {words.plain(pin.name)}" if pin.name else ""
            yield pin.set_at, f"{words.PURPOSES[pin.purpose][1]} {done}{named}"
    yield words.moment(options.created_at), f"Plan {words.plain(plan.id[:8])} printed. {words.ADVICE}."
