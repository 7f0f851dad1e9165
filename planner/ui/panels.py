"""The right-hand side: a plan in words, as HTML made from a :class:`~planner.model.Plan`.

Pure functions from plan to markup. Every text from the map data goes through :func:`html.escape`; none goes
through Markdown, in which a street's name could ask for a picture from somewhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any

from planner import words
from planner.area import Area
from planner.briefing.measures import in_units
from planner.briefing.verdict import Standing, nearest_care, not_as_explosive, standing, verdict_lines
from planner.geo import Frame, on_globe
from planner.ground.coverage import STALE_DAYS
from planner.model import Notice, Plan
from planner.packs import Listing
from planner.terms import NoticeLevel, PerimeterName
from planner.ui.panel_care import hospitals, ways
from planner.ui.panel_facts import facts
from planner.ui.panel_posts import posts
from planner.ui.panel_sites import sites, strip

_LEVEL_MARKS = {NoticeLevel.DANGER: "!!", NoticeLevel.CAUTION: "!", NoticeLevel.INFO: "i"}
_LEVEL_NAMES = {
    NoticeLevel.DANGER: "Danger",
    NoticeLevel.CAUTION: "Caution",
    NoticeLevel.INFO: "Not known or assumed",
}
_MONTH_DAYS, _YEAR_DAYS = 30.44, 365.25
_FEW = 0.1
"""Share of buildings with a height below which a plan hardly knows any."""
_HELD = (("hospital", "hospital"), ("school", "school"), ("parking", "car park"))
_NEWS_SHOWN = 3


@dataclass(frozen=True)
class Beside:
    """What the board says beside the plan.

    Parameters
    ----------
    units : {"m", "ft"}
    facts : mapping
        Of the incident document: what was said of casualties, units, time.
    features : tuple of GeoJSON features
        Of the incident document: what was rejected and changed by hand.
    changes : tuple of str
        What is other than in the plan before.
    texts : str
        Markup of what is to be copied and sent.
    suggested : mapping of str to str
        Since when each suggestion stands: site id to ISO time.
    bomb_unsaid : bool
        Whether a bomb was named and not yet which one.
    """

    units: str = words.METRES
    facts: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[Mapping[str, Any], ...] = ()
    changes: tuple[str, ...] = ()
    texts: str = ""
    suggested: Mapping[str, str] = field(default_factory=dict)
    bomb_unsaid: bool = False


def plan_panel(plan: Plan, beside: Beside) -> str:
    """Return the whole board of a plan: verdict, figures and strip always; the rest by tabs."""
    units = beside.units
    dangers = [notice for notice in plan.notices if notice.level is NoticeLevel.DANGER]
    warned = sum(notice.level is not NoticeLevel.INFO for notice in plan.notices)
    officers = dict(plan.incident.units).get("officers")
    tabs = (
        ("Sites", sites(plan, units, beside.features)),
        ("Posts", posts(plan, units, officers, beside.features)),
        ("Care", hospitals(plan) + ways(plan.routes, units)),
        (f"Notices {warned}", _notices(plan.notices, units)),
        ("Send", beside.texts),
        ("Facts", facts(beside.facts)),
    )
    parts = (
        _verdict(plan, officers, beside.bomb_unsaid),
        _threats(plan),
        _figures(plan),
        strip(plan, beside.suggested),
        _urgent(dangers, units),
        _changes(beside.changes, units),
        _tabbed(tabs),
    )
    return f'<div class="pl">{"".join(parts)}</div>'


def _tabbed(parts: Sequence[tuple[str, str]]) -> str:
    """Return tabs and what they show; all of it is in the page, so that nothing waits for a server."""
    names = [title.split()[0].lower() for title, _ in parts]
    tabs = "".join(
        f'<button type="button" role="tab" id="tab-{name}" data-tab="{name}" aria-controls="panel-{name}" '
        f'aria-selected="{"true" if first else "false"}" tabindex="{0 if first else -1}">'
        f"{escape(title)}</button>"
        for (title, _), name, first in zip(parts, names, _first_only(len(parts)), strict=True)
    )
    panels = "".join(
        f'<section role="tabpanel" id="panel-{name}" aria-labelledby="tab-{name}" tabindex="0"'
        f"{'' if first else ' hidden'}>{markup}</section>"
        for (_, markup), name, first in zip(parts, names, _first_only(len(parts)), strict=True)
    )
    return f'<div class="tabs" role="tablist" aria-label="Parts of the plan">{tabs}</div>{panels}'


def _first_only(count: int) -> list[bool]:
    return [True] + [False] * (count - 1)


def _changes(changes: Sequence[str], units: str) -> str:
    """Return what is other than before: the first in view, the rest one press away."""
    if not changes:
        return ""
    first, *rest = (escape(in_units(text, units)) for text in changes)
    title = f"<b>Changed since the last plan:</b> {first}"
    if not rest:
        return f'<p class="changes">{title}</p>'
    rows = "".join(f"<li>{text}</li>" for text in rest)
    return (
        f'<details id="changes" class="changes"><summary>{title}, and {len(rest)} more</summary>'
        f"<ul>{rows}</ul></details>"
    )


def exercise_mark(said: Mapping[str, Any]) -> str:
    """Return the mark of an exercise, where there is one (F38)."""
    if said.get("exercise") is not True:
        return ""
    return f'<div class="pl"><p class="exercise">{escape(words.EXERCISE)}</p></div>'


def problem(text: str) -> str:
    """Return what stands in the way of a plan, and what to do about it."""
    return f'<div class="pl"><p class="verdict open" role="alert">{escape(text)}</p></div>'


def past_the_map() -> str:
    """Return links past the map, for whoever works by keys: it has a stop for each of its signs."""
    links = (("find-place", "To the search"), ("plan-in-words", "To the plan in words"))
    return "".join(
        f'<div class="pl past"><a href="#{ident}">{escape(text)}</a></div>' for ident, text in links
    )


def told(lines: Sequence[str], lists: Sequence[str] = ()) -> str:
    """Return what came of something that was asked for, to be read out once; long lists folded away."""
    rows = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f'<div class="pl"><div class="told">{rows}</div>{"".join(map(_folded, lists))}</div>'


def taken_over(news: Sequence[tuple[str, str]]) -> str:
    """Return what another browser said of the incident, each with its time, the last first; "" if nothing."""
    if not news:
        return ""
    said = "; ".join(f"{what or 'saved'} ({moment})" for moment, what in news[: -_NEWS_SHOWN - 1 : -1])
    more = len(news) - _NEWS_SHOWN
    return told([f"Taken over from another screen: {said}{f'; {more} more before' if more > 0 else ''}."])


def _folded(text: str) -> str:
    """Return a list that is seen, and read out, when it is asked for: what it is of, and the rest."""
    head, _, rest = text.partition(": ")
    return (
        f'<details class="long"><summary>{escape(head)}</summary><p tabindex="0">{escape(rest)}</p></details>'
    )


def welcome(area: Area, said: Mapping[str, Any]) -> str:
    """Return what to do first, how old the map is, and the facts that may be said already."""
    dated = f"Map data of {area.data_date[:10]}." if area.data_date else "The age of the map data is unknown."
    return (
        '<div class="pl"><p class="told verdict asked">Tap where it happens: the plan follows.</p>'
        "<p>Choose the threat above the map. Then refine: draw HOT, WARM or COLD ground, mark BLOCKED "
        "streets; tap a shape to move its corners, change it or delete it.</p>"
        f"<p>{escape(dated)} {escape(words.ADVICE)}.</p>{facts(said)}</div>"
    )


def _verdict(plan: Plan, officers: int | None, bomb_unsaid: bool) -> str:
    look = Standing.OPEN if bomb_unsaid else standing(plan, officers)
    lines = verdict_lines(plan, officers)
    if bomb_unsaid:  # a bomb's scene shall not be run on another threat's distances
        lines = [not_as_explosive(plan), *lines]
    sign = {Standing.OPEN: "!!", Standing.ASKED: "?", Standing.HELD: "✓"}[look]
    asked = ""
    if look is Standing.ASKED:
        asked = (
            '<button type="button" id="say-officers" class="act" data-tab="posts" data-focus="officers">'
            "SAY HOW MANY OFFICERS</button>"
        )
    return (
        f'<p class="told verdict {look}"><span class="sign" aria-hidden="true">{sign}</span>'
        f"{' '.join(f'<span>{escape(line)}</span>' for line in lines)}</p>{asked}"
        f'<p class="advice">Open ground between posts is not closed. {escape(words.ADVICE)}.</p>'
    )


def _threats(plan: Plan) -> str:
    """Name every threat that the plan counts with, where the choice above the map does not."""
    incident = plan.incident
    if not incident.threats and incident.threat not in words.BOMBS:
        return ""
    further = Counter(words.THREATS[one.threat] for one in incident.threats)
    named = [f"{count} x {name}" if count > 1 else name for name, count in further.items()]
    beside = f"; further: {', '.join(named)}" if named else ""
    return f'<p class="threats"><b>Threat:</b> {escape(words.THREATS[incident.threat] + beside)}</p>'


def _figures(plan: Plan) -> str:
    officers = plan.officers
    by_line = {name: [p for p in plan.posts if p.perimeter is name] for name in PerimeterName}
    posted, beside = officers["inner"] + officers["outer"], officers["sites"]
    shown = (
        (len(by_line[PerimeterName.INNER]), "inner posts"),
        (len(by_line[PerimeterName.OUTER]), "outer posts"),
        (f"{posted}+{beside}" if beside else posted, "officers: posts, sites" if beside else "officers"),
    )
    cells = "".join(f"<div>{_figure(value, text)}</div>" for value, text in shown)
    return f'<div class="figures three">{cells}<div class="wide">{_figure(*nearest_care(plan))}</div></div>'


def _figure(value: object, text: str) -> str:
    return f"<b>{escape(str(value))}</b><span>{escape(text)}</span>"


# --- notices ---------------------------------------------------------------------------------------


def _urgent(dangers: Sequence[Notice], units: str) -> str:
    if not dangers:
        return ""
    rows = "".join(_notice(notice, units) for notice in dangers)
    return f'<ul class="notices urgent" aria-label="Dangers">{rows}</ul>'


def _notices(notices: Sequence[Notice], units: str) -> str:
    """Return every notice, worst first, under its level."""
    if not notices:
        return "<h2>Notices</h2><p>None.</p>"
    parts = []
    for level in (NoticeLevel.DANGER, NoticeLevel.CAUTION, NoticeLevel.INFO):
        rows = "".join(_notice(notice, units) for notice in notices if notice.level is level)
        if rows:
            parts.append(f'<h2>{_LEVEL_NAMES[level]}</h2><ul class="notices">{rows}</ul>')
    return "".join(parts)


def _notice(notice: Notice, units: str) -> str:
    mark = f'<span class="level {notice.level}" aria-hidden="true">{_LEVEL_MARKS[notice.level]}</span>'
    said = f'<span class="unseen">{_LEVEL_NAMES[notice.level]}: </span>'
    return f"<li>{mark}<span>{said}{escape(in_units(notice.text, units))}</span></li>"


# --- areas ----------------------------------------------------------------------------------------


def area_card(listing: Listing, today: date) -> str:
    """Return what an area holds, what it lacks, how old its map is; all that is known of it folded away."""
    title = f"<h2>{escape(listing.name)}{' (comes with the program)' if listing.shipped else ''}</h2>"
    if listing.problem and listing.shipped:
        text = f"It is made again when it is next opened: {listing.problem.partition('. ')[0]}."
        return f'<div class="pl">{title}<p>{escape(text)}</p></div>'
    if listing.problem:
        return f'<div class="pl">{title}<p class="verdict open">{escape(listing.problem)}</p></div>'
    if listing.manifest is None:
        return f'<div class="pl">{title}<p>Imported when it is first opened.</p></div>'
    holds = (
        f"{_area_size(listing.manifest)}: {', '.join(_area_holds(listing.manifest['counts']))}. "
        f"{_age(listing.manifest['data_date'], today)}."
    )
    lacks = "".join(
        f'<li><span class="level caution" aria-label="Caution">!</span><span>{escape(text)}</span></li>'
        for text in _area_lacks(listing.manifest, listing.shipped, today)
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>'
        for name, value in _area_facts(listing.manifest, today)
    )
    return (
        f'<div class="pl">{title}<p>{escape(holds)}</p>'
        f'<ul class="notices urgent">{lacks}</ul>'
        f"<details><summary>All that is known of it</summary><table>{rows}</table></details></div>"
    )


def _area_size(manifest: Mapping[str, Any]) -> str:
    """Say how far an area reaches, as the crow flies through its middle."""
    west, south, east, north = manifest["bbox_deg"]
    frame = Frame(on_globe((west + east) / 2, (south + north) / 2))
    (left, _), (right, _) = frame.to_m([(west, (south + north) / 2), (east, (south + north) / 2)])
    (_, low), (_, high) = frame.to_m([((west + east) / 2, south), ((west + east) / 2, north)])
    sides = [
        " by ".join(words.distance(length_m, units) for length_m in (right - left, high - low))
        for units in (words.METRES, words.FEET)
    ]
    return f"{sides[0]} ({sides[1]})"


def _area_holds(counts: Mapping[str, Any]) -> Iterator[str]:
    places = counts["places"]
    yield f"{counts['edges']:,} stretches of street"
    yield f"{counts['buildings']:,} buildings"
    yield from (words.count(places.get(kind, 0), one) for kind, one in _HELD)


def _area_lacks(manifest: Mapping[str, Any], shipped: bool, today: date) -> Iterator[str]:
    """Tell what a plan on an area will not know, in the order of what it costs."""
    counts, then = manifest["counts"], manifest["data_date"][:10]
    days = (today - date.fromisoformat(then)).days if then else None
    if days is None:
        yield "Nobody knows how old this map is: check the streets that matter"
    elif days < -1:  # a day of leeway: it is tomorrow already elsewhere
        yield f"The map says to be of {then}, which is to come: nobody knows how old it is"
    elif days > STALE_DAYS:
        newer = "import a newer one" + ("" if shipped else " under this name")
        yield f"The map is {_old(days)} old: check what has changed, or {newer}"
    unread = counts.get("unread_rules")
    if unread is None:
        yield "Rules of streets that hold at times only are not known: import its map again"
    elif told := words.unread_rules(unread):
        yield f"Rules that hold at times or under conditions are in no plan: of {told}"
    tall, buildings = counts["buildings_with_height"] + counts["buildings_with_levels"], counts["buildings"]
    if not buildings:
        yield "No buildings: what can be seen from where is not known"
    elif not tall:
        yield "No building heights: who looks down on whom is not known"
    elif tall < _FEW * buildings:
        yield f"Few building heights: {tall:,} of {buildings:,} at most"
    hospitals = counts["places"].get("hospital", 0)
    if not hospitals:
        yield "No hospitals: load a hospital table (planner hospitals import FILE.csv)"
    else:
        yield f"{words.count(hospitals, 'hospital')}, trauma levels unknown unless a hospital table tells"


def _area_facts(manifest: Mapping[str, Any], today: date) -> Iterator[tuple[str, str]]:
    counts = manifest["counts"]
    west, south, east, north = manifest["bbox_deg"]
    tall = counts["buildings_with_height"] + counts["buildings_with_levels"]
    yield (
        "Streets",
        f"{counts['streets']:,} in {counts['edges']:,} stretches, {counts['drivable_edges']:,} drivable",
    )
    yield "Buildings", f"{counts['buildings']:,}; height or storeys known for at most {tall:,}"
    yield "Map data", f"{_age(manifest['data_date'], today)}, from {manifest['source']}"
    yield "On disk", f"{sum(file['bytes'] for file in manifest['files'].values()) / 1e6:.1f} MB"
    ends = f"east {on_globe(east, 0).lon_deg:.3f}, north {north:.3f}"
    yield "Covers", f"west {west:.3f}, south {south:.3f}, {ends}"
    yield "Credit", f"{manifest['attribution']} ({manifest['licence']})"


def _age(data_date: str, today: date) -> str:
    if not data_date:
        return "Map of unknown age"
    then = date.fromisoformat(data_date[:10])
    days = (today - then).days
    return f"Map of {then.isoformat()}, {_old(days)} old" if days >= -1 else f"Map of unknown age ({then})"


def _old(days: int) -> str:
    """Say an age as people do: in days, months, years, rounded down."""
    if days < 2 * _MONTH_DAYS:
        return words.count(max(days, 0), "day")
    if days < 2 * _YEAR_DAYS:
        return words.count(int(days / _MONTH_DAYS), "month")
    return words.count(int(days / _YEAR_DAYS), "year")
