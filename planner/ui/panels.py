"""The right-hand side: a plan in words, as HTML made from a :class:`~planner.model.Plan`.

Pure functions from plan to markup. Every text from the map data goes through :func:`html.escape`; none goes
through Markdown, in which a street's name could ask for a picture from somewhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from html import escape
from itertools import groupby
from typing import Any

from planner import words
from planner.area import Area
from planner.model import HospitalOption, Incident, Notice, Observation, Plan, Post, Route, Site
from planner.packs import Listing
from planner.staffing import FLOW_BASIS, ORDER_REASON, staffing_steps
from planner.terms import Control, NoticeLevel, PerimeterName, Purpose, RouteKind, SiteSource, TraumaLevel

_LEVEL_MARKS = {NoticeLevel.DANGER: "!!", NoticeLevel.CAUTION: "!", NoticeLevel.INFO: "i"}
_HIGH_LEVELS = (TraumaLevel.I, TraumaLevel.II)
_STALE_DAYS = 180
"""Age at which a map is called old (``domain.md`` 6.8)."""
_CORE_PURPOSES = (
    Purpose.COMMAND_POST,
    Purpose.STAGING,
    Purpose.CASUALTY_COLLECTION,
    Purpose.EVACUATION,
    Purpose.REUNIFICATION,
    Purpose.MEDIA,
)
"""What the strip shows as set or not set, whether or not a site was found."""


def plan_panel(plan: Plan, units: str) -> str:
    """Return the whole panel of a plan: verdict, figures, sites, posts, ways, hospitals, notices."""
    parts = (
        _verdict(plan),
        _figures(plan),
        _strip(plan),
        _notices([n for n in plan.notices if n.level is NoticeLevel.DANGER], ""),
        _sites(plan, units),
        _hospitals(plan),
        _ways(plan.routes, units),
        _posts(plan.posts),
        _staffing(plan.posts),
        _containment(plan.observations),
        _notices([n for n in plan.notices if n.level is not NoticeLevel.DANGER], "Cautions and unknowns"),
    )
    return f'<div class="pl">{"".join(parts)}</div>'


def problem(text: str) -> str:
    """Return what stands in the way of a plan, and what to do about it."""
    return f'<div class="pl"><p class="verdict open" role="alert">{escape(text)}</p></div>'


def welcome(area: Area, advice: str) -> str:
    """Return what to do first, and how old the map is."""
    dated = f"Map data of {area.data_date[:10]}." if area.data_date else "The age of the map data is unknown."
    return (
        '<div class="pl"><p class="verdict" role="status">Tap where it happens: the plan follows.</p>'
        "<p>Choose the threat above the map. Then refine: draw HOT, WARM or COLD ground, mark BLOCKED "
        "streets; tap a shape to move its corners, change it or delete it.</p>"
        f"<p>{escape(dated)} {escape(advice)}.</p></div>"
    )


def verdict(plan: Plan) -> str:
    """Say in one line whether the plan holds: the seal, the ways, the cautions."""
    parts = [_seal_line(plan), _ways_line(plan), _caution_line(plan)]
    if not _ways_out(plan):  # what failed most often comes first
        parts = [parts[1], parts[0], parts[2]]
    return " ".join(parts)


def _verdict(plan: Plan) -> str:
    warned = any(notice.level is NoticeLevel.DANGER for notice in plan.notices)
    state = "" if _holds(plan) and _ways_out(plan) and not warned else " open"
    return (
        f'<p class="verdict{state}" role="status">{escape(verdict(plan))}</p>'
        f'<p class="advice">{escape(words.ADVICE)}</p>'
    )


def _holds(plan: Plan) -> bool:
    return all(line.sealed for line in plan.perimeters) and bool(plan.perimeters)


def _ways_out(plan: Plan) -> int:
    return sum(route.route is RouteKind.EGRESS for route in plan.routes)


def _seal_line(plan: Plan) -> str:
    need = f"{words.count(len(plan.posts), 'post')}, {words.count(plan.officers['total'], 'officer')}."
    if _holds(plan):
        return f"Streets sealed on the map by {need} Open ground between posts is not closed."
    leaky = [words.PERIMETERS[line.perimeter].lower() for line in plan.perimeters if not line.sealed]
    return f"NOT sealed: {' and '.join(leaky) or 'no perimeter'}. {need}"


def _ways_line(plan: Plan) -> str:
    ways = _ways_out(plan)
    return f"{words.count(ways, 'way')} out for ambulances." if ways else "NO WAY OUT FOR AMBULANCES FOUND."


def _caution_line(plan: Plan) -> str:
    warned = sum(notice.level is not NoticeLevel.INFO for notice in plan.notices)
    return f"{words.count(warned, 'caution')}." if warned else "No cautions."


def _figures(plan: Plan) -> str:
    officers = plan.officers
    by_line = {name: [p for p in plan.posts if p.perimeter is name] for name in PerimeterName}
    timed = [h.time_range_min for h in plan.hospitals if h.adult_level in _HIGH_LEVELS and h.time_range_min]
    nearest = words.minutes(min(timed)) if timed else words.minutes(None)
    shown = (
        (len(by_line[PerimeterName.INNER]), f"inner posts, {officers['inner']} officers"),
        (len(by_line[PerimeterName.OUTER]), f"outer posts, {officers['outer']} officers"),
        (officers["total"], "officers in all"),
        (nearest, "to a trauma centre of level I or II" if timed else "trauma centre: level not known"),
    )
    cells = "".join(
        f"<div><b>{escape(str(value))}</b><span>{escape(text)}</span></div>" for value, text in shown
    )
    return f'<div class="figures">{cells}</div>'


def _strip(plan: Plan) -> str:
    found = {site.purpose: site.source for site in plan.sites if site.rank == 1}
    cells = []
    for purpose in Purpose:
        short, name = words.PURPOSES[purpose]
        if purpose in found:
            state = "pinned" if found[purpose] is SiteSource.PINNED else "suggested"
            cells.append(f'<span title="{escape(name)}">{short} {state}</span>')
        elif purpose in _CORE_PURPOSES:
            cells.append(f'<span class="missing" title="{escape(name)}">{short} NONE FOUND</span>')
    return f'<div class="strip" aria-label="Sites suggested, pinned and not found">{"".join(cells)}</div>'


# --- sites ----------------------------------------------------------------------------------------


def _sites(plan: Plan, units: str) -> str:
    ranked = sorted(plan.sites, key=lambda site: (list(Purpose).index(site.purpose), site.rank))
    items = "".join(_site(list(group), units) for _, group in groupby(ranked, key=lambda site: site.purpose))
    return f"<h3>Sites</h3><ul>{items}</ul>" if items else "<h3>Sites</h3><p>No site found.</p>"


def _site(ranked: Sequence[Site], units: str) -> str:
    best, others = ranked[0], ranked[1:]
    short, name = words.PURPOSES[best.purpose]
    pinned = " (your pin)" if best.source is SiteSource.PINNED else ""
    cautions = "".join(f'<span class="caution">{escape(text)}</span>' for text in best.cautions)
    return (
        f'<li><span class="tag {best.purpose}">{short}</span><b>{escape(best.name or name)}</b>{pinned}'
        f'<span class="why">{escape(best.reason)}</span>'
        f'<span class="why">{_site_facts(best, units)}</span>{cautions}{_others(others, units)}</li>'
    )


def _site_facts(site: Site, units: str) -> str:
    facts = [words.ground(site.area_m2, units)]
    if site.in_sight is None:
        facts.append("sight unknown")
    return f"{escape(', '.join(facts))}. <span class='grid'>{escape(site.usng)}</span>"


def _others(sites: Sequence[Site], units: str) -> str:
    if not sites:
        return ""
    rows = "".join(
        f"<li><b>{site.rank}. {escape(site.name or 'unnamed')}</b>"
        f'<span class="why">{escape(site.reason)}</span>'
        f'<span class="why">{_site_facts(site, units)}</span></li>'
        for site in sites
    )
    return f"<details><summary>{words.count(len(sites), 'alternate')}</summary><ul>{rows}</ul></details>"


# --- posts, ways, hospitals, notices ---------------------------------------------------------------


def _posts(posts: Iterable[Post]) -> str:
    parts = []
    for name in PerimeterName:
        ranked = sorted((p for p in posts if p.perimeter is name), key=lambda post: (post.rank, post.id))
        if ranked:
            rows = "".join(_post(post) for post in ranked)
            title = f"{words.PERIMETERS[name]}: {words.count(len(ranked), 'post')}, staff in this order"
            parts.append(f"<h3>{escape(title)}</h3><ul>{rows}</ul>")
    return "".join(parts)


def _post(post: Post) -> str:
    control = "GATE" if post.control is Control.GATE else "closed"
    return (
        f'<li><span class="tag {post.perimeter}">{escape(post.id)}</span><b>{escape(post.street)}</b> '
        f"{control}, {words.count(post.officers, 'officer')}"
        f'<span class="why">{escape(post.reason)}</span></li>'
    )


def _staffing(posts: Sequence[Post]) -> str:
    """Say what fewer officers hold: post by post in the order to staff them."""
    if not posts:
        return ""
    steps = staffing_steps(posts)
    rows = "".join(
        f"<tr><td>{now.officers}</td><td>{escape(now.staffed[-1])}</td>"
        f"<td>{_percent(now.inner)}</td><td>{_percent(now.outer)}</td></tr>"
        for now in steps[1:]
    )
    titles = ("Officers", "Next post", "Inner sealed", "Outer sealed")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        f"<h3>With what you have</h3><p>{escape(ORDER_REASON)} Share of the flow stopped, "
        f"{escape(FLOW_BASIS)}.</p><details><summary>{words.count(steps[-1].officers, 'officer')} for "
        f"{words.count(len(posts), 'post')}: which first</summary>"
        f"<table><tr>{head}</tr>{rows}</table></details>"
    )


def _percent(share: float | None) -> str:
    """Write a share rounded down: what is not sealed never reads as all."""
    return f"{words.UNKNOWN} %" if share is None else f"{int(share * 100)} %"


def _containment(posts: Sequence[Observation]) -> str:
    if not posts:
        return ""
    rows = "".join(
        f'<li><span class="tag outer">{escape(post.id)}</span>'
        f"<b>Sees {escape(', '.join(post.sees) or 'part')}</b>, {words.count(post.officers, 'officer')}"
        f'<span class="why">{escape(post.reason)}</span></li>'
        for post in posts
    )
    officers = words.count(sum(post.officers for post in posts), "officer")
    title = f"Containment: {words.count(len(posts), 'observation post')}, {officers} more"
    return f"<h3>{escape(title)}</h3><ul>{rows}</ul>"


def _ways(routes: Iterable[Route], units: str) -> str:
    rows = "".join(_way(route, units) for route in routes)
    return f"<h3>Ways</h3><ul>{rows}</ul>" if rows else ""


def _way(route: Route, units: str) -> str:
    told = f"{words.distance(route.length_m, units)}, {words.about(route.time_s)}"
    along = " - ".join(route.streets[:6])
    more = f" and {len(route.streets) - 6} more" if len(route.streets) > 6 else ""
    return (
        f"<li><b>{words.ROUTES[route.route]}</b>: {escape(told)}"
        f'<span class="why">{escape(route.reason)}</span>'
        f'<span class="why">{escape(along + more)}</span></li>'
    )


def _hospitals(plan: Plan) -> str:
    hospitals = plan.hospitals
    if not hospitals:
        return "<h3>Hospitals</h3><p>No hospital is known here. Load a hospital table.</p>"
    rows = "".join(_hospital(place) for place in hospitals[:12])
    more = f"<p>{len(hospitals) - 12} more in the plan document.</p>" if len(hospitals) > 12 else ""
    titles = ("Hospital", "Trauma", "Drive", "R / Y / G")
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    sent = "" if any(_sent(place) for place in hospitals) else f"<p>{_why_nobody(plan.incident)}</p>"
    return f"<h3>Hospitals, by time</h3>{sent}<table><tr>{head}</tr>{rows}</table>{more}"


def _why_nobody(incident: Incident) -> str:
    """Nobody allocated is not "send nobody": say which it is."""
    if incident.casualties is None:
        return "No patients are allocated: the number of casualties has not been said."
    return "No patients are allocated: no hospital here is known to take trauma. Ask each before sending."


def _sent(place: HospitalOption) -> int:
    return place.assigned.red + place.assigned.yellow + place.assigned.green


def _hospital(place: HospitalOption) -> str:
    sent = place.assigned
    where = " (off the map)" if place.off_map else ""
    told = f"{sent.red} / {sent.yellow} / {sent.green}" if _sent(place) else "-"
    return (
        f'<tr><td title="{escape(place.reason)}">{escape(place.name)}{where}</td>'
        f"<td>{_levels(place.adult_level, place.pediatric_level)}</td>"
        f"<td>{escape(words.minutes(place.time_range_min))}</td>"
        f"<td>{told}</td></tr>"
    )


def _levels(adult: TraumaLevel | None, pediatric: TraumaLevel | None) -> str:
    levels = [level.value for level in (adult,) if level] + ([f"ped. {pediatric.value}"] if pediatric else [])
    return ", ".join(levels) or f"{words.UNKNOWN}"


def _notices(notices: Sequence[Notice], title: str) -> str:
    if not notices:
        return ""
    rows = "".join(
        f'<li><span class="level {notice.level}" title="{notice.level}">{_LEVEL_MARKS[notice.level]}</span>'
        f"{escape(notice.text)}</li>"
        for notice in notices
    )
    return f"{f'<h3>{escape(title)}</h3>' if title else ''}<ul>{rows}</ul>"


# --- areas ----------------------------------------------------------------------------------------


def area_card(listing: Listing, today: date) -> str:
    """Return what an area holds, how old its map is, and what is not in it."""
    title = f"<h2>{escape(listing.name)}{' (comes with the program)' if listing.shipped else ''}</h2>"
    if listing.problem:
        return f'<div class="pl">{title}<p class="verdict open">{escape(listing.problem)}</p></div>'
    if listing.manifest is None:
        return f'<div class="pl">{title}<p>Imported when it is first opened.</p></div>'
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in _area_facts(listing.manifest, today)
    )
    return f'<div class="pl">{title}<table>{rows}</table></div>'


def _area_facts(manifest: Mapping[str, Any], today: date) -> Iterator[tuple[str, str]]:
    counts = manifest["counts"]
    places = counts["places"]
    west, south, east, north = manifest["bbox_deg"]
    tall = counts["buildings_with_height"] + counts["buildings_with_levels"]
    yield (
        "Streets",
        f"{counts['streets']:,} in {counts['edges']:,} stretches, {counts['drivable_edges']:,} drivable",
    )
    yield "Buildings", f"{counts['buildings']:,}; height or storeys known for at most {tall:,}"
    yield (
        "Hospitals",
        f"{places.get('hospital', 0)} in the map data; trauma levels come from a hospital table",
    )
    yield "Schools", f"{places.get('school', 0)}"
    yield "Parking", f"{places.get('parking', 0)}"
    yield "Map data", f"{_age(manifest['data_date'], today)}, from {manifest['source']}"
    yield "On disk", f"{sum(file['bytes'] for file in manifest['files'].values()) / 1e6:.1f} MB"
    yield "Covers", f"west {west:.3f}, south {south:.3f}, east {east:.3f}, north {north:.3f}"
    yield "Credit", f"{manifest['attribution']} ({manifest['licence']})"


def _age(data_date: str, today: date) -> str:
    if not data_date:
        return "of unknown age"
    then = date.fromisoformat(data_date[:10])
    days = (today - then).days
    stale = ": check what has changed" if days > _STALE_DAYS else ""
    return f"of {then.isoformat()}, {days:,} days old{stale}"
