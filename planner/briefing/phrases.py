"""Records of a plan in words, one line each: for the radio, for dispatch and for print. Plain text.

Names from the map pass :func:`planner.words.plain`; whoever writes HTML, XML or Typst escapes them there too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import shapely

from planner import words
from planner.geo import LonLat, usng
from planner.model import HospitalOption, Incident, Plan, Post, Route, Site
from planner.perimeters.exposure import IN_VIEW
from planner.terms import Control, PostMode, Purpose, RouteKind, ThreatName, ZoneKind

_SIDES = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_KINDS_IN_ORDER = (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS, RouteKind.PUBLIC)
CORRIDOR = (RouteKind.EGRESS, RouteKind.TRANSFER, RouteKind.INGRESS)
"""Ways that ambulances and arriving units need free; the public's way is not among them."""


@dataclass(frozen=True)
class Edition:
    """As which version, and when, something made from a plan goes out. The core has no clock: it is told.

    Parameters
    ----------
    at : datetime or None
        With its UTC offset; None leaves the time blank.
    version : int or None
        Of the incident in the store; None where the plan is not kept.
    exercise : bool
        Marks all that goes out as EXERCISE.
    """

    at: datetime | None = None
    version: int | None = None
    exercise: bool = False


UNDATED = Edition()


def heading(plan: Plan, edition: Edition, *, public: bool = False) -> list[str]:
    """Return the first lines of any text: what it is, of which incident, version and time."""
    lines = [words.EXERCISE] if edition.exercise else []
    if not public:
        lines.append(words.SENSITIVE)
    lines += [title(plan.incident), f"{identity(plan, edition)}. {words.ADVICE}."]
    return lines


def title(incident: Incident) -> str:
    """Name an incident: what it was called, else the threat and where."""
    if incident.name.strip():
        return words.plain(incident.name)
    where = f" at {words.degrees(incident.location)}" if incident.location else ""
    return f"Incident{where}"


def identity(plan: Plan, edition: Edition) -> str:
    """Say which plan: its id, version and time, as far as they are known."""
    parts = [f"Plan {words.plain(plan.id[:8])}"]
    if edition.version is not None:
        parts.append(f"version {edition.version}")
    if edition.at is not None:
        parts.append(words.moment(edition.at))
    return ", ".join(parts)


def began(incident: Incident) -> str:
    """Say when an incident began as people read times, "" where nobody said."""
    return words.moment(datetime.fromisoformat(incident.began_at)) if incident.began_at else ""


def threat(incident: Incident) -> str:
    """Say the threat in words."""
    name = words.THREATS[incident.threat]
    return "Threat not known" if incident.threat is ThreatName.UNKNOWN else name


def scene(plan: Plan) -> LonLat | None:
    """Return where the incident is: the place given, else the middle of the hot ground, else None."""
    if plan.incident.location is not None:
        return plan.incident.location
    hot = [corner for zone in plan.zones if zone.zone is ZoneKind.HOT for corner in zone.rings[0]]
    if not hot:
        return None
    middle = shapely.MultiPoint(hot).convex_hull.centroid
    return LonLat(float(middle.x), float(middle.y)).rounded()


def place(at: LonLat) -> str:
    """Write a place as USNG to 10 m and as degrees: what every reader has."""
    grid = usng(at)
    return f"USNG {grid}, {words.degrees(at)}" if grid else words.degrees(at)


# --- sites ------------------------------------------------------------------------------------------


def suggested(plan: Plan) -> Iterator[Site]:
    """Yield the first site of each purpose, in the order of the purposes."""
    first = {site.purpose: site for site in plan.sites if site.rank == 1}
    return (first[purpose] for purpose in Purpose if purpose in first)


def site_name(site: Site) -> str:
    """Name a site; one without a name by its purpose."""
    return words.plain(site.name) or words.PURPOSES[site.purpose][1]


def entry_side(site: Site) -> str:
    """Say on which side of a site its entrance lies, "" where its shape does not tell."""
    if not site.shape.polygons:
        return ""
    middle = shapely.MultiPoint(site.shape.polygons[0][0]).convex_hull.centroid
    north = site.entrance.lat_deg - middle.y
    east = (site.entrance.lon_deg - middle.x) * math.cos(math.radians(middle.y))
    if math.hypot(north, east) < 1e-5:  # a metre: in the middle
        return ""
    return _SIDES[round(math.degrees(math.atan2(east, north)) / 45) % 8]


def way_to(plan: Plan, site: Site) -> Route | None:
    """Return the way that leads to a site, if one is drawn."""
    return next((route for route in plan.routes if route.end == site.id), None)


# --- routes and streets -------------------------------------------------------------------------------


def along(route: Route, most: int = 0) -> str:
    """Name a route's streets in order; with ``most``, so many and how many more."""
    names = [words.plain(street) for street in route.streets]
    if most and len(names) > most + 1:  # to say that one more there is takes as long as to name it
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return ", ".join(names) or "unnamed streets"


def end_of(plan: Plan, name: str) -> str:
    """Say a route's end in words: a site by its purpose and name, all else as it is named."""
    for site in plan.sites:
        if site.id == name:
            return f"{words.PURPOSES[site.purpose][1].lower()} ({site_name(site)})"
    return words.plain(name)


def ends_of(plan: Plan, same: Sequence[Route], longest: int = 120) -> str:
    """Say where ways of one line lead: "Town General", "the edge of the map, towards East Hospital, West"."""
    ways = ("", *words.TO_THE_EDGE)
    by_edge = {way: [end_of(plan, r.end) for r in same if r.towards == way] for way in ways}
    named = {way: ", ".join(words.plain(end, longest) for end in ends) for way, ends in by_edge.items()}
    return "; ".join(f"{way}{names}" for way, names in named.items() if names)


def stretch(route: Route, length: str) -> str:
    """Write the length of a way, and that it is the length to the edge of the map where it is."""
    return f"{length} to {words.EDGE}" if route.towards else length


def span(route: Route, length: str) -> str:
    """Write the length and time of a way; of one to the edge of the map no time: the drive goes on."""
    told = stretch(route, length)
    return told if route.towards else f"{told}, {words.about(route.time_s)}"


def one_way_each(routes: Iterable[Route]) -> list[list[Route]]:
    """Gather routes that follow the same line, in the order of the corridor: they are told once."""
    ordered = sorted(routes, key=lambda route: _KINDS_IN_ORDER.index(route.route))
    gathered: dict[tuple[RouteKind, tuple[LonLat, ...]], list[Route]] = {}
    for route in ordered:
        gathered.setdefault((route.route, route.line), []).append(route)
    return list(gathered.values())


def through(route: Route) -> str:
    """Say which posts a route passes: "through post O1", "" where none."""
    if not route.posts_crossed:
        return ""
    passed = ", ".join(words.plain(post, 12) for post in route.posts_crossed)
    return f"through {'posts' if len(route.posts_crossed) > 1 else 'post'} {passed}"


# --- posts and hospitals --------------------------------------------------------------------------------


def post_task(post: Post) -> str:
    """Say what a post does: "gate, vehicles", "closed, on foot"."""
    control = "gate" if post.control is Control.GATE else "closed"
    return f"{control}, {'on foot' if post.mode is PostMode.FOOT else 'vehicles'}"


def exposed(post: Post) -> bool:
    """Whether a post stands in view of the hot zone, as its reason says."""
    return IN_VIEW in post.reason


def trauma(hospital: HospitalOption) -> str:
    """Say the trauma levels that a source states: "Level I, pediatric II", or that none does."""
    parts = [f"Level {hospital.adult_level}"] if hospital.adult_level else []
    if hospital.pediatric_level:
        parts.append(f"pediatric {hospital.pediatric_level}")
    return ", ".join(parts) or "level not known"


def drive(hospital: HospitalOption) -> str:
    """Say the drive in whole minutes, and that it is an estimate where it is one."""
    told = words.minutes(hospital.time_range_min)
    return f"{told}, estimate" if hospital.off_map and hospital.time_range_min else told


def patients(hospital: HospitalOption) -> str:
    """Say who is planned for a hospital in the first hour: "4 red, 2 yellow", "" for nobody."""
    sent = hospital.assigned
    told = ((sent.red, "red"), (sent.yellow, "yellow"), (sent.green, "green"))
    return ", ".join(f"{count} {colour}" for count, colour in told if count)


def listed_hospitals(hospitals: Sequence[HospitalOption], most: int) -> list[HospitalOption]:
    """Choose which hospitals fit on a page: all that are sent patients, then the nearest as they come."""
    sent = {id(place) for place in hospitals if patients(place)}
    near = [id(place) for place in hospitals if id(place) not in sent][: max(0, most - len(sent))]
    chosen = sent | set(near)
    return [place for place in hospitals if id(place) in chosen]
