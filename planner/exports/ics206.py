"""ICS 206, medical plan: every block; what the plan does not know stays blank."""

from __future__ import annotations

from collections.abc import Iterator

from planner import words
from planner.area import Area
from planner.briefing.concurrence import TO_AGREE, concurrence
from planner.briefing.phrases import (
    along,
    drive,
    ends_of,
    one_way_each,
    patients,
    place,
    site_name,
    suggested,
    through,
    trauma,
)
from planner.briefing.transport_text import kept_places
from planner.exports import forms
from planner.exports.exporter import Options
from planner.exports.forms import Json
from planner.model import HospitalOption, Plan, Site
from planner.terms import NoticeLevel, Purpose, RouteKind

YES, NO = "Yes", "No"
_AID = (Purpose.CASUALTY_COLLECTION_FORWARD, Purpose.CASUALTY_COLLECTION, Purpose.AMBULANCE_EXCHANGE)
_AID_COLUMNS = (
    ("Name", 2.2),
    ("Location", 3),
    ("Contact, frequency", 1.6),
    ("Paramedics on site? (Yes / No)", 1.2),
)
_RIDE_COLUMNS = (
    ("Ambulance service", 2.2),
    ("Location", 3),
    ("Contact, frequency", 1.6),
    ("Level of service (ALS / BLS)", 1.2),
)
_HOSPITAL_COLUMNS = (
    ("Hospital name", 2.5),
    ("Address; latitude and longitude", 2.2),
    ("Contact, frequency", 1.3),
    ("Travel time, air", 1),
    ("Travel time, ground", 1),
    ("Trauma center, level", 1.35),
    ("Burn center", 0.75),
    ("Helipad", 0.85),
    ("First hour (red / yellow / green)", 1.2),
    ("Kept for walk-ins", 1.1),
)
_BLANK_HOSPITALS = 2


def export_ics206(plan: Plan, area: Area | None, options: Options) -> bytes:
    """Write the form as PDF."""
    return forms.set_form(plan, options, [ics206(plan)])


def ics206(plan: Plan) -> Json:
    """Return the form's blocks."""
    aid = [[f"{words.PURPOSES[s.purpose][1]}: {site_name(s)}", place(s.entrance), "", ""] for s in _aid(plan)]
    return forms.part(
        "ICS 206",
        "Medical Plan",
        [forms.name_block(plan), forms.period_block()],
        [forms.table_block("3", "Medical Aid Stations", _AID_COLUMNS, aid, blank_rows=1)],
        [
            forms.table_block(
                "4",
                "Transportation (air and ground)",
                _RIDE_COLUMNS,
                _rides(plan),
                blank_rows=2,
                note=_need(plan),
            )
        ],
        [
            forms.table_block(
                "5",
                "Hospitals",
                _HOSPITAL_COLUMNS,
                [hospital_row(hospital) for hospital in plan.hospitals],
                blank_rows=_BLANK_HOSPITALS,
                note="Blank: no source states it. Ground: no traffic known. Air: straight line.",
            )
        ],
        [forms.text_block("6", "Special Medical Emergency Procedures", [*procedures(plan), "", ""])],
        [
            forms.text_block(
                "",
                "Aviation assets used for rescue",
                ["[   ] Check box if so; coordinate with Air Operations"],
            )
        ],
        [forms.prepared_block("7", "Prepared by (Medical Unit Leader)")],
        [forms.prepared_block("8", "Approved by (Safety Officer)")],
    )


def _aid(plan: Plan) -> Iterator[Site]:
    return (site for site in suggested(plan) if site.purpose in _AID)


def _rides(plan: Plan) -> Iterator[list[str]]:
    """Yield what stands by, where: numbers as the incident states them; services and levels are not known."""
    first = {site.purpose: site for site in suggested(plan)}
    counted = dict(plan.incident.units).get("ambulances")
    waiting = first.get(Purpose.STAGING)
    if counted is not None or waiting is not None:
        told = f"{words.count(counted, 'ambulance')}, as told" if counted is not None else "Ambulances"
        yield [told, f"{site_name(waiting)}, {place(waiting.entrance)}" if waiting else "", "", ""]
    spot = first.get(Purpose.HELISPOT)
    if spot is not None:
        yield [
            "Air: helispot",
            f"{site_name(spot)}, {place(spot.entrance)}",
            "",
            "",
        ]


def _need(plan: Plan) -> str:
    return words.plain(plan.ambulances.reason, 240) if plan.ambulances else ""


def hospital_row(hospital: HospitalOption) -> list[str]:
    """Return one line of block 5. "" where no source states it."""
    sent = hospital.assigned
    told = f"{sent.red} / {sent.yellow} / {sent.green}" if patients(hospital) else ""
    state = " CLOSED" if hospital.closed else (" ON DIVERSION" if hospital.diversion else "")
    graded = hospital.adult_level is not None or hospital.pediatric_level is not None
    return [
        words.plain(hospital.name) + state,
        words.degrees(hospital.location),
        "",
        words.minutes(hospital.air_range_min) if hospital.air_range_min else "",
        drive(hospital) if hospital.time_range_min else "",
        f"{YES}, {trauma(hospital)}" if graded else "",
        _yes_no(hospital.burn),
        _yes_no(hospital.helipad),
        told,
        kept_places(hospital),
    ]


def _yes_no(known: bool | None) -> str:
    return "" if known is None else (YES if known else NO)


def procedures(plan: Plan) -> Iterator[str]:
    """Yield what the plan knows of moving patients: ways out, who is not placed, what else is wrong."""
    for same in one_way_each(route for route in plan.routes if route.route is RouteKind.EGRESS):
        way = same[0]
        passed = f", {through(way)}" if way.posts_crossed else ""
        yield f"Way out to {ends_of(plan, same, 60)}: {along(way)}{passed}."
    told = concurrence(plan)
    if told == TO_AGREE:
        yield "[   ] EMS agrees with the ambulances' ways. Name, time:"
    elif told:
        yield f"{told}."
    for notice in plan.notices:
        lane = notice.about == "corridor" and notice.level is not NoticeLevel.INFO
        if lane or notice.about == "hospitals":
            yield f"{notice.level.value.upper()}: {notice.text}."
    if plan.hospitals:
        yield "Walk-in patients fill the nearest hospitals first: call before sending."
