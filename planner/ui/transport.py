"""The transport page in words: who goes where, times, what a blocked street changes. Plan to markup.

Every text from map or tables goes through :func:`html.escape`. No hospital is called the best: shown is what
each takes, how far it is, and what is kept there for those who come by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

from planner import words
from planner.briefing.concurrence import concurrence
from planner.briefing.phrases import CORRIDOR, drive, one_way_each, site_name, stretch, trauma
from planner.briefing.transport_text import NO_TRAFFIC, at_hand, counted, kept_places, to_ask, unplaced
from planner.doctrine import Transport as Rules
from planner.hospitals.patients import HIGH_LEVELS
from planner.model import HospitalOption, Plan, Route, Site
from planner.routes.alternatives import Alternative
from planner.terms import TRIAGE, NoticeLevel, Purpose
from planner.ui.hospital_words import Facts, called, said_of

_SHOWN = 12
_STALE_DAYS = 90
"""Age at which what is told of hospitals is called old (``domain.md`` 6.8)."""
_LETTERS = {"red": "R", "yellow": "Y", "green": "G"}
_ABOUT_HERE = {"hospitals", "routes", "ambulances", "corridor"}
_PARTS = (
    ("leaves", "Patient leaves"),
    ("who", "Who goes where"),
    ("hospitals", "What hospitals say"),
    ("times", "Times"),
    ("ways", "Ways kept open"),
    ("streets", "What if"),
    ("radio", "Radio, print"),
)
"""Parts of the page by the ids of their headings."""
_DASHES = ("long dashes", "short dashes")
"""How the map draws other ways: see ``OTHER_WAYS`` in its overlay."""
_SITES_HERE = (Purpose.AMBULANCE_EXCHANGE, Purpose.CASUALTY_COLLECTION, Purpose.STAGING)


def summary(plan: Plan, rules: Rules) -> str:
    """Return the verdict and the figures: who has a place, ambulances, waves, time to the last red."""
    left = {colour: n for colour, n in unplaced(plan).items() if n}
    said = plan.incident.casualties
    if said is None:
        text, state = "Say the casualties below: then patients are shared out.", " open"
    elif left:
        told = ", ".join(f"{n} {colour}" for colour, n in left.items())
        asked = ", ".join(to_ask(plan)) or "hospitals"
        text, state = f"NO PLACE known for {told} in the first hour. Ask what they take: {asked}.", " open"
    else:
        far = sum(_sent(h) for h in plan.hospitals if band(h.time_s, rules)[0] == "late")
        beyond = f"; {far} of them further than {rules.golden_hour_min:.0f} min" if far else ""
        here = sum(_sent(h) for h in plan.hospitals)
        gone = sum(sum(vars(h.sent).values()) for h in plan.hospitals)
        who = f"All {words.count(here, 'patient')}" if here != 1 else "The 1 patient"
        who += " still here" * bool(gone)
        before = f" {gone} sent already." if gone else ""
        late = _late_arrivals(plan, rules)
        text = f"{who} {'has' if here == 1 else 'have'} a place in the first hour{beyond}.{late}{before}"
        state = " asked" if far or late else ""
    return (
        '<div class="pl"><h1 class="unseen">Transport</h1>'
        f'<p class="told verdict{state}">{escape(text)}</p>'
        f'<p class="advice">{escape(words.ADVICE)}. {NO_TRAFFIC}.</p>'
        f"{_figures(plan, rules)}{_first_hour(plan)}</div>"
    )


def departures(facts: Facts, chosen: str, last: str) -> str:
    """Return the presses by which patients are counted who leave, for the board.

    Parameters
    ----------
    facts : mapping
        Of the incident document.
    chosen : str
        Key of the hospital they leave for, "" while none is chosen.
    last : str
        Colour and key of the hospital of who was counted last, "" if nobody was.
    """
    presses = [
        _press(f"1 {colour}", "sends", f"{colour} {chosen}" if chosen else "", colour) for colour in TRIAGE
    ]
    presses.append(_press("Take back", "takes_back_sent", last, "back"))
    return (
        '<div class="pl leaving"><div class="acts" role="group" aria-label="Patient leaves">'
        f'{"".join(presses)}</div><p role="status">{_counted_last(facts, last)} '
        '<span class="level" data-unsaid="not saved yet"></span></p></div>'
    )


def _press(label: str, act: str, on: str, name: str) -> str:
    """Return a button that may be pressed again before the first press is heard: each counts."""
    able = f'data-act="{act}" data-each data-on="{escape(on)}"' if on else "disabled"
    return f'<button type="button" class="act" id="leaves-{name}" {able}>{escape(label)}</button>'


def _counted_last(facts: Facts, last: str) -> str:
    colour, _, key = last.partition(" ")
    if not key:
        return ""
    hospital = called(key)
    counts = said_of(facts, hospital).get("sent") or {}
    total = ", ".join(f"{counts[one]} {one}" for one in TRIAGE if counts.get(one)) or "nobody"
    name = escape(words.plain(hospital.name))
    return f"Counted: 1 {escape(colour)} to {name}. Sent there so far: {escape(total)}."


def jumps() -> str:
    """Return links to the parts of the page, which is long: at the top, for whoever is in a hurry."""
    links = "".join(f'<a href="#{ident}">{escape(text)}</a>' for ident, text in _PARTS)
    return f'<nav class="pl jumps" aria-label="Parts of this page">{links}</nav>'


def _late_arrivals(plan: Plan, rules: Rules) -> str:
    """Say when the last red arrives, where that may be beyond the golden hour: a place is not a ride."""
    need = plan.ambulances
    if need is None or not need.last_red_min or need.last_red_min[1] <= rules.golden_hour_min:
        return ""
    few = need.at_hand is not None and need.at_hand < need.needed
    why = f" with {need.at_hand} of {words.count(need.needed, 'ambulance')}" if few else ""
    why = f", {at_hand(need)}" if need.just_gone else why
    return f" The last red arrives only after {words.minutes(need.last_red_min)}{why}."


def _figures(plan: Plan, rules: Rules) -> str:
    need = plan.ambulances
    takers = sum(bool(_sent(h)) for h in plan.hospitals)
    waves = words.count(need.waves, "wave") if need else ""
    hand = f"{at_hand(need)}, {waves}" if need and need.at_hand is not None else "number at hand not said"
    last = need.last_red_min if need else None
    gone = bool(need and need.just_gone)
    until = "the last red still here is at a hospital, sooner if those that left are back"
    shown = (
        (need.needed if need else words.UNKNOWN, f"ambulances in one wave; {hand}"),
        (
            words.minutes(last) if last else words.UNKNOWN,
            f"until {until if gone else 'the last red is at a hospital'}",
        ),
        (takers, "hospitals take patients"),
        _late_reds(plan, rules),
    )
    cells = "".join(
        f"<div><b>{escape(str(value))}</b><span>{escape(text)}</span></div>" for value, text in shown
    )
    return f'<div class="figures">{cells}</div>'


def _first_hour(plan: Plan) -> str:
    """List who goes where in a line each: beside the map, above all that has to be asked."""
    lines = [
        f"<li><span>{escape(words.plain(one.name))}, {escape(drive(one))}</span>"
        f"<span>{_colours(one, [c for c in TRIAGE if getattr(one.assigned, c)])}</span></li>"
        for one in plan.hospitals
        if _sent(one)
    ]
    if not lines:
        return ""
    first = f'<ul class="who" aria-label="First hour, by hospital">{"".join(lines[:_SHOWN])}</ul>'
    more = lines[_SHOWN:]
    if not more:
        return first
    told = words.count(len(more), "more hospital that takes patients", "more hospitals that take patients")
    return f'{first}<details><summary>{told}</summary><ul class="who">{"".join(more)}</ul></details>'


def _late_reds(plan: Plan, rules: Rules) -> tuple[int | str, str]:
    """Count the reds that are driven beyond the golden hour as planned, and say how many if all goes late."""
    golden = rules.golden_hour_min
    sent = [h for h in plan.hospitals if h.assigned.red]
    planned = sum(h.assigned.red for h in sent if band(h.time_s, rules)[0] == "late")
    late = sum(h.assigned.red for h in sent if h.time_range_min and h.time_range_min[1] > golden)
    left = unplaced(plan)["red"]
    text = f"reds go beyond {golden:.0f} min as planned"
    text += f", {late} at the late end" if late > planned else ""
    text += f"; {left} without a place" if left else ""
    return words.UNKNOWN if left and not sent else planned, text


def band(time_s: float | None, rules: Rules) -> tuple[str, str]:
    """Return the band of a planning time: its class, and what it says. Bands, not promises."""
    if time_s is None:
        return "none", "no way"
    golden = rules.golden_hour_min
    minutes = math.ceil(time_s / 60)
    if minutes <= golden / 2:
        return "soon", f"within {golden / 2:.0f}"
    return ("hour", f"within {golden:.0f}") if minutes <= golden else ("late", f"beyond {golden:.0f}")


# --- who goes where ---------------------------------------------------------------------------------


def distribution(plan: Plan, rules: Rules, unlisted: int = 0) -> str:
    """Return the table of hospitals: drive, who is sent, what each takes in an hour, walk-ins kept.

    Last how many others are known, that the plan does not list.
    """
    if not plan.hospitals:
        text = "No hospital is known here. Load a hospital table: planner hospitals import FILE.csv"
        return f'<div class="pl"><h2 id="who">Who goes where</h2><p>{escape(text)}</p></div>'
    told = [h for h in plan.hospitals if _sent(h) or kept_places(h) or h.closed or h.diversion]
    others = [h for h in plan.hospitals if h not in told]
    room = max(0, _SHOWN - len(told))
    first = [h for h in plan.hospitals if h in told or h in others[:room]]
    more = others[room:]
    folded, reds_s = "", _reds_drive_s(plan)
    if more:
        inner = _distribution_table(more, rules, reds_s)
        folded = f"<details><summary>{words.count(len(more), 'more hospital')}</summary>{inner}</details>"
    return (
        f'<div class="pl"><h2 id="who">Who goes where, first hour</h2>{_why_nobody(plan)}'
        f"{_distribution_table(first, rules, reds_s)}{folded}{_not_listed(unlisted)}{_legend(rules)}</div>"
    )


def _not_listed(count: int) -> str:
    if not count:
        return ""
    told = words.count(count, "more hospital is known", "more hospitals are known")
    text = f"{told} and not listed, as further off: find and list any by name under What hospitals say."
    return f"<p>{escape(text)}</p>"


def age(plan: Plan, today: date) -> str:
    """Say how old what is told of hospitals is, where that is too old to be relied on; "" else."""
    dated = [h.as_of for h in plan.hospitals if h.as_of]
    oldest, undated = min(dated, default=""), len(plan.hospitals) - len(dated)
    limit = (today - timedelta(days=_STALE_DAYS)).isoformat()
    parts = []
    if oldest and oldest < limit[: len(oldest)]:
        parts.append(f"as of {oldest} and later, over {_STALE_DAYS} days old")
    if undated:
        parts.append(f"{words.count(undated, 'hospital')} without a date")
    if not parts:
        return ""
    text = f"What is told of these hospitals: {'; '.join(parts)}. Call to confirm."
    return f'<div class="pl"><p><span class="level caution">!</span>{escape(text)}</p></div>'


def _why_nobody(plan: Plan) -> str:
    if any(_sent(h) for h in plan.hospitals):
        return ""
    if plan.incident.casualties is None:
        return "<p>No patients are shared out: the number of casualties has not been said.</p>"
    return "<p>No patients are shared out: nobody is said to need it, or no place is known.</p>"


def _legend(rules: Rules) -> str:
    return (
        "<p>Reds an hour by trauma level, yellow and green by beds, or as you say below. Reds go to Levels I "
        f"and II within {rules.golden_hour_min:.0f} min before any other, though it is nearer and you wrote "
        "what it takes: to change that, write fewer reds an hour there. Each centre is sent "
        f"{rules.first_wave_red} reds before one is sent more; a red child first to a paediatric centre. "
        "Kept for walk-ins = places for patients who come by themselves: at the nearest, or as you say. "
        "? = no source says; nothing is guessed.</p>"
    )


def _reds_drive_s(plan: Plan) -> float:
    """Return the longest drive to a Level I or II that reds are planned for, 0 where there is none."""
    full_care = [
        h for h in plan.hospitals if h.adult_level in HIGH_LEVELS or h.pediatric_level in HIGH_LEVELS
    ]
    return max((h.time_s or 0.0 for h in full_care if h.assigned.red), default=0.0)


def _distribution_table(hospitals: Sequence[HospitalOption], rules: Rules, reds_s: float) -> str:
    rows = "".join(_distribution_row(h, rules, reds_s) for h in hospitals)
    titles = ("Hospital", "Drive, min", "Send R / Y / G", "Takes an hour", "Kept for walk-ins")
    return _table(titles, rows)


def _table(titles: Sequence[str], rows: str) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    return f'<table class="stack"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _cell(title: str, markup: str) -> str:
    return f'<td data-label="{escape(title)}">{markup}</td>'


def _distribution_row(hospital: HospitalOption, rules: Rules, reds_s: float) -> str:
    cells = (
        _cell("Drive, min", _drive(hospital, rules)),
        _cell("Send R / Y / G", _send(hospital, reds_s)),
        _cell("Takes an hour", _takes(hospital)),
        _cell("Kept for walk-ins", kept_places(hospital) or "-"),
    )
    shut = ' class="shut"' if hospital.closed or hospital.diversion else ""
    return f'<tr{shut}><th scope="row">{_name(hospital)}</th>{"".join(cells)}</tr>'


def _name(hospital: HospitalOption) -> str:
    marks = []
    if hospital.closed:
        marks.append("CLOSED")
    elif hospital.diversion:
        marks.append("ON DIVERSION")
    if hospital.off_map:
        marks.append("off the map: estimate")
    if hospital.children_only:
        marks.append("children only")
    if hospital.spared:
        marks.append(hospital.spared)
    told = "".join(f'<span class="mark">{escape(mark)}</span>' for mark in marks)
    source = f"{hospital.source}, {hospital.as_of or 'no date'}" if hospital.source else "source not known"
    facts = [trauma(hospital)]
    facts += ["burn centre"] if hospital.burn else []
    facts += [words.count(hospital.beds, "bed")] if hospital.beds is not None else []
    return (
        f"<b>{escape(hospital.name)}</b>{told}"
        f'<span class="why">{escape(", ".join(facts))} ({escape(source)})</span>'
    )


def _drive(hospital: HospitalOption, rules: Rules) -> str:
    air = hospital.air_range_min
    offered = "consider air" if hospital.air_offer else "air"
    flight = f'<span class="why">{offered} {escape(words.minutes(air))}</span>' if air else ""
    if hospital.time_s is None or hospital.time_range_min is None:
        return f'<b>{words.UNKNOWN}</b><span class="why">no way to drive there</span>{flight}'
    kind, told = band(hospital.time_s, rules)
    low, high = hospital.time_range_min
    plan_min = math.ceil(hospital.time_s / 60)
    return (
        f"<b>{low}-{high}</b> <span class='band {kind}'>{escape(told)}</span>"
        f'<span class="why">plan {plan_min}, best {low}</span>{flight}'
    )


def _send(hospital: HospitalOption, reds_s: float) -> str:
    gone = counted(hospital.sent)
    already = f'<span class="why">sent already: {escape(gone)}</span>' if gone else ""
    nobody = not _sent(hospital)
    why = _why_none(hospital, reds_s) if nobody else _why_no_reds(hospital, reds_s)
    reason = f'<span class="why">{escape(why)}</span>' if why else ""
    if nobody:
        return "-" + already + reason
    young = sum(vars(hospital.children).values())
    return (
        _colours(hospital, TRIAGE)
        + already
        + (f'<span class="why">{words.count(young, "child", "children")} of them</span>' if young else "")
        + reason
    )


def _colours(hospital: HospitalOption, shown: Sequence[str]) -> str:
    return " / ".join(
        f'<span class="to {colour}"><i>{_LETTERS[colour]}</i> {getattr(hospital.assigned, colour)}</span>'
        for colour in shown
    )


def _why_no_reds(hospital: HospitalOption, reds_s: float) -> str:
    """Say why no red is driven to an open hospital that takes some: others come first, or it is kept."""
    shut = hospital.closed or hospital.diversion or hospital.time_s is None
    if shut or hospital.assigned.red or hospital.children_only:
        return ""
    rate, kept = math.floor(hospital.red_per_h or 0.0), hospital.walk_ins.red
    if 0 < rate - hospital.sent.red <= kept:
        return "no reds: its room for them is kept for walk-ins"
    passed = (hospital.time_s or 0.0) < reds_s and hospital.adult_level not in HIGH_LEVELS
    if not passed or rate - hospital.sent.red <= kept:
        return ""
    though = f"you wrote {rate} an hour, level not known" if hospital.adult_level is None else "nearer"
    return f"no reds, though {though}: Levels I and II come first"


def _why_none(hospital: HospitalOption, reds_s: float) -> str:
    """Say why nobody is driven to a hospital that is open: most of all to the nearest."""
    if hospital.closed or hospital.diversion or hospital.time_s is None:
        return ""
    unknown = hospital.red_per_h is None and not hospital.children_only
    no_reds = "no reds: level not known" if unknown else _why_no_reds(hospital, reds_s)
    parts = [no_reds] if no_reds else []
    room = math.floor(hospital.others_per_h or 0.0) - hospital.sent.yellow - hospital.sent.green
    parts += ["its room is kept for walk-ins"] if 0 < room <= hospital.walk_ins.others else []
    parts += ["ask what it takes"] if unknown else []
    return "; ".join(parts)


def _takes(hospital: HospitalOption) -> str:
    def rate(value: float | None) -> str:
        return words.UNKNOWN if value is None else str(math.floor(value))

    parts = [f"red {rate(hospital.red_per_h)}"]
    if hospital.child_red_per_h is not None:
        parts.append(f"red children {rate(hospital.child_red_per_h)}")
    parts.append(f"other {rate(hospital.others_per_h)}")
    return escape(", ".join(parts))


def _sent(hospital: HospitalOption) -> int:
    return hospital.assigned.red + hospital.assigned.yellow + hospital.assigned.green


# --- times --------------------------------------------------------------------------------------------


def matrix(plan: Plan) -> str:
    """Return the drives from each site that ambulances leave from or wait at, to each hospital."""
    if not plan.hospitals:
        return ""
    names = [time.site for time in plan.hospitals[0].times]
    sites = {site.id: site for site in plan.sites}
    titles = ["Hospital", *(_origin(name, sites.get(name)) for name in names), "Air, straight line"]
    rows = "".join(_matrix_row(h, titles) for h in plan.hospitals[: 2 * _SHOWN])
    more = len(plan.hospitals) - 2 * _SHOWN
    rest = f"<p>{more} more in the plan document.</p>" if more > 0 else ""
    return (
        f'<div class="pl"><h2 id="times">Times, minutes</h2>{_table(titles, rows)}{rest}'
        f"<p>From best case, lights and siren, to late. {NO_TRAFFIC}. Air: in flight to lift-off, approach "
        "and landing; how long the helicopter takes to come is not in it.</p></div>"
    )


def _origin(name: str, site: Site | None) -> str:
    if site is None:
        return "The scene"
    return f"{words.PURPOSES[site.purpose][0]}: {site_name(site)}"


def _matrix_row(hospital: HospitalOption, titles: Sequence[str]) -> str:
    estimate = " (estimate)" if hospital.off_map else ""
    cells = [
        _cell(title, escape(words.minutes(time.range_min) + (estimate if time.range_min else "")))
        for title, time in zip(titles[1:], hospital.times, strict=False)
    ]
    cells.append(
        _cell(titles[-1], escape(words.minutes(hospital.air_range_min)) if hospital.air_range_min else "-")
    )
    return f'<tr><th scope="row">{escape(hospital.name)}</th>{"".join(cells)}</tr>'


def by_air(plan: Plan) -> str:
    """Return where air is worth asking for: far by road, a helipad known, shorter in flight."""
    offered = [h for h in plan.hospitals if h.air_offer]
    if not offered:
        return ""
    rows = "".join(
        f"<li><b>{escape(h.name)}</b>, {escape(trauma(h))}: {escape(h.air_offer)}"
        f'<span class="why">by road {escape(drive(h) if h.time_range_min else "no way")}'
        f"{escape(f'; planned by road: {counted(h.assigned)}' if _sent(h) else '')}</span></li>"
        for h in offered
    )
    return f'<div class="pl"><h2>By air, to ask for</h2><ul>{rows}</ul></div>'


# --- ways ---------------------------------------------------------------------------------------------


def lanes(plan: Plan) -> str:
    """Return the ways kept open for ambulances and arriving units: by where, through which gates, how tight.

    Last what traffic officers keep clear, by street.
    """
    kept = one_way_each(route for route in plan.routes if route.route in CORRIDOR)
    if not kept:
        return ""
    rows = "".join(_lane(same) for same in kept)
    clear: dict[str, float] = {}
    for street, length_m in (part for same in kept for route in same for part in route.keep_clear):
        clear[street] = clear.get(street, 0.0) + length_m  # as the plan's notice says it
    towed = ", ".join(f"{street} {words.both(length_m)}" for street, length_m in clear.items())
    parking = f"<p><b>No parking, tow what stands:</b> {escape(towed)}.</p>" if towed else ""
    agreed = f"<p><b>{escape(told)}.</b></p>" if (told := concurrence(plan)) else ""
    return f'<div class="pl"><h2 id="ways">Ways kept open</h2><ul>{rows}</ul>{parking}{agreed}</div>'


def _lane(same: Sequence[Route]) -> str:
    way = same[0]
    also = ", ".join(words.plain(route.end) for route in same[1:])
    more = f'<span class="why">The same way: {escape(also)}</span>' if also else ""
    return f'<li>{escape(way.reason)}<span class="why">{escape(" - ".join(way.streets))}</span>{more}</li>'


def ways(plan: Plan, hospital: HospitalOption, others: Sequence[Alternative], units: str) -> str:
    """Return the way to one hospital and the other ways there, each with what it has in common."""
    first = next((route for route in plan.routes if route.id == hospital.route), None)
    rows = []
    if first is not None:
        along = " - ".join(first.streets)
        rows.append(
            f"<li><b>Way in the plan</b>: {escape(drive(hospital))}, "
            f"{escape(stretch(first, words.distance(first.length_m, units)))}"
            f'<span class="why">{escape(along)}</span><span class="why">{escape(first.reason)}</span></li>'
        )
    else:
        rows.append("<li>No way is drawn: nobody is planned for it. Its time counts the soonest.</li>")
    estimate = ", estimate" if hospital.off_map else ""
    for number, other in enumerate(others, 1):
        later_min = math.ceil(other.later_s / 60)
        later = f"{later_min} min longer" if later_min > 0 else "about as long"
        common = words.distance(other.common_m, units) if other.common_m >= 1 else "nothing"
        posts = f", through {', '.join(other.route.posts_crossed)}" if other.route.posts_crossed else ""
        along = " - ".join(other.route.streets)
        length = words.distance(other.route.length_m, units)
        dashes = _DASHES[min(number, len(_DASHES)) - 1]
        rows.append(
            f"<li><b>Other way {number}</b>, {dashes} on the map: {escape(words.minutes(other.range_min))}"
            f"{estimate}, {later}, {escape(stretch(other.route, length))}; in common with the ways above: "
            f'{escape(common)}{escape(posts)}<span class="why">{escape(along)}</span></li>'
        )
    if not others:
        rows.append("<li>No other way that is mostly on streets of its own.</li>")
    return f'<div class="pl"><ul>{"".join(rows)}</ul></div>'


# --- what is wrong ----------------------------------------------------------------------------------------


def cautions(plan: Plan) -> str:
    """Return what is unknown, assumed or wrong about hospitals, ways and where ambulances load and wait."""
    sites = {site.id for site in plan.sites if site.rank == 1 and site.purpose in _SITES_HERE}
    found = [n for n in plan.notices if n.about in _ABOUT_HERE | sites]
    rows = "".join(
        f'<li><span class="level {n.level}">{"!!" if n.level is NoticeLevel.DANGER else "!"}</span>'
        f"{escape(n.text)}</li>"
        for n in found
        if n.level is not NoticeLevel.INFO
    )
    return f'<div class="pl"><h2>Cautions</h2><ul class="notices">{rows}</ul></div>' if rows else ""
