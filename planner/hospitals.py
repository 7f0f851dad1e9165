"""Hospitals: trauma levels, travel times, ways there, who takes how many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point

from planner.area import Area
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.known_hospitals import KnownHospital, find_hospitals
from planner.model import Casualties, HospitalFact, HospitalOption, Incident, Notice, Site
from planner.network import Path, Search, Snap
from planner.patients import Shares, Ward, red_per_h, share_patients
from planner.routes import Driving, Streets, Way, ambulance_point, range_min
from planner.terms import NoticeLevel, Purpose, RoadClass, RouteKind, TraumaLevel, Travel

Ints = NDArray[np.int64]

_ABOUT = "hospitals"
_HIGHEST = (TraumaLevel.I, TraumaLevel.II, TraumaLevel.III)
_LEAVING = RoadClass.TERTIARY_LINK
"""Road classes up to this code are the streets by which one leaves a map."""


@dataclass(frozen=True, eq=False)
class Transport:
    """Hospitals by travel time, the ambulances' ways out, what is not known."""

    hospitals: tuple[HospitalOption, ...]
    ways: tuple[Way, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, eq=False)
class Drive:
    """One hospital with the drive there.

    Parameters
    ----------
    hospital : KnownHospital
    goal : Snap or None
        Where the drive ends on the map: at the hospital, or where one leaves the map for it.
    time_s, range_min
        Planning time and whole minutes from best case to late; None where there is no way.
    beyond_m : float
        Straight line from the goal to the hospital when it lies off the map, else 0.
    why_not : str
        Why there is no way, "" when there is.
    inside : bool
        Whether it lies inside the outer perimeter.
    """

    hospital: KnownHospital
    goal: Snap | None
    time_s: float | None
    range_min: tuple[int, int] | None
    beyond_m: float = 0.0
    why_not: str = ""
    inside: bool = False


def send_patients(
    incident: Incident,
    sites: Sequence[Site],
    streets: Streets,
    area: Area,
    doctrine: Doctrine,
    hospitals: Sequence[HospitalFact] = (),
) -> Transport:
    """Find the times and ways from where ambulances load to the hospitals, and share out the patients.

    Parameters
    ----------
    incident : Incident
        Its casualties are shared out; none given, none are assigned.
    sites : sequence of Site
        Ambulances load at the exchange point, else at casualty collection, else at staging.
    streets : Streets
        What is closed, and where posts stand.
    area : Area
        With the hospitals that its map shows.
    doctrine : Doctrine
    hospitals : sequence of HospitalFact
        From the installation's tables: levels, and hospitals beyond the map.
    """
    rules = doctrine.transport
    driving = Driving(area, streets, doctrine, Travel.EMERGENCY)
    on_map, off_map = find_hospitals(area, hospitals, rules)
    start_name, start, notices = _loading_point(sites, driving)
    if start is None:
        return Transport((), (), (*notices, _no_start()))
    search = driving.search(start)
    drives = _drives_on_map(on_map, driving, search)
    drives += _drives_off_map(_worth_listing(off_map, on_map, start, rules), driving, search)
    drives.sort(key=_soonest)
    drives = _with_names(drives, driving)

    shares = share_patients(incident.casualties or Casualties(), [_ward(d) for d in drives], rules)
    ways, route_of = _ways_out(drives, shares, start_name, driving, search)
    options = tuple(
        _option(drive, assigned, route_of.get(k), driving, rules)
        for k, (drive, assigned) in enumerate(zip(drives, shares.assigned, strict=True))
    )
    notices += _map_notices(drives, area) + _patient_notices(incident, drives, shares, rules)
    return Transport(options, ways, tuple(notices))


# --- where ambulances load ----------------------------------------------------------------------


def _loading_point(sites: Sequence[Site], driving: Driving) -> tuple[str, Snap | None, list[Notice]]:
    site = ambulance_point(sites)
    if site is None:
        text = "No place for ambulances to load is chosen: hospital times count from the nearest open street"
        return "scene", _edge_of_danger(driving), [Notice(NoticeLevel.CAUTION, text, _ABOUT)]
    if site.purpose is Purpose.STAGING:
        text = "No casualty collection point is chosen: hospital times count from staging"
        return site.id, driving.enter(site), [Notice(NoticeLevel.CAUTION, text, _ABOUT)]
    return site.id, driving.enter(site), []


def _edge_of_danger(driving: Driving) -> Snap | None:
    if driving.streets.hot_m.is_empty:
        return None
    middle = driving.streets.hot_m.centroid
    (snap,) = driving.network.snap([(middle.x, middle.y)], driving.open_edges)
    return snap


def _no_start() -> Notice:
    return Notice(
        NoticeLevel.DANGER,
        "No street is open to ambulances near the scene: hospital times are unknown",
        _ABOUT,
    )


# --- times --------------------------------------------------------------------------------------


def _drives_on_map(hospitals: Sequence[KnownHospital], driving: Driving, search: Search) -> list[Drive]:
    return [
        _drive(hospital, goal, driving, search)
        for hospital, goal in zip(hospitals, _doors(hospitals, driving), strict=True)
    ]


def _doors(hospitals: Sequence[KnownHospital], driving: Driving) -> list[Snap | None]:
    """Find the street of each hospital: the nearest one, open or not, unless an open one is as good."""
    network, rules = driving.network, driving.doctrine.transport
    points = [(h.x_m, h.y_m) for h in hospitals]
    main = network.main_edges(driving.travel, driving.doctrine.travelling)
    doors = network.snap(points, main)
    shut = [k for k, door in enumerate(doors) if door is not None and driving.streets.closed[door.edge]]
    for k, other in zip(shut, network.snap([points[k] for k in shut], driving.open_edges), strict=True):
        door = doors[k]
        if (
            door is not None
            and other is not None
            and other.offset_m <= door.offset_m + rules.entrance_reach_m
        ):
            doors[k] = other
    return doors


def _drive(hospital: KnownHospital, goal: Snap | None, driving: Driving, search: Search) -> Drive:
    if driving.streets.hot_m.intersects(Point(hospital.x_m, hospital.y_m)):
        return Drive(hospital, None, None, None, why_not="it lies in hot or warm ground")
    if goal is None:
        return Drive(hospital, None, None, None, why_not="no street leads there on the map")
    time_s = search.time_s(goal)
    if not math.isfinite(time_s):
        return Drive(hospital, None, None, None, why_not=driving.why_not(search.start, goal))
    inside = bool(shapely.contains_xy(driving.streets.outer_m, hospital.x_m, hospital.y_m))
    return Drive(hospital, goal, time_s, range_min(time_s, driving.doctrine.transport), inside=inside)


def _soonest(drive: Drive) -> tuple[bool, float, str, float, float]:
    time_s = math.inf if drive.time_s is None else drive.time_s
    return drive.time_s is None, time_s, drive.hospital.name, drive.hospital.x_m, drive.hospital.y_m


def _with_names(drives: Sequence[Drive], driving: Driving) -> list[Drive]:
    """Name the nameless by their street, so that a radio can tell them apart."""
    named = []
    for drive in drives:
        hospital = drive.hospital
        if not hospital.name:
            street = "" if drive.goal is None else f" on {driving.network.street(drive.goal.edge)}"
            drive = replace(drive, hospital=replace(hospital, name=f"Unnamed hospital{street}"))
        named.append(drive)
    return named


# --- beyond the map -----------------------------------------------------------------------------


def _worth_listing(
    beyond: Sequence[KnownHospital], on_map: Sequence[KnownHospital], start: Snap, rules: Rules
) -> list[KnownHospital]:
    """Choose the nearest of what the map lacks: trauma centres, a Level I, a paediatric one, any hospital."""

    def apart_m(hospital: KnownHospital) -> float:
        return math.hypot(hospital.x_m - start.x_m, hospital.y_m - start.y_m)

    near = sorted(beyond, key=lambda h: (apart_m(h), h.name))
    centres = [h for h in near if h.adult_level in _HIGHEST]
    lacking = max(0, rules.off_map_hospitals - sum(h.adult_level in _HIGHEST for h in on_map))
    chosen = centres[:lacking]
    if not any(h.adult_level is TraumaLevel.I for h in on_map):
        chosen += [h for h in centres if h.adult_level is TraumaLevel.I][:1]
    if not any(h.pediatric_level in _HIGHEST[:2] for h in on_map):
        chosen += [h for h in near if h.pediatric_level in _HIGHEST[:2]][:1]
    if not on_map:
        chosen += near[: rules.off_map_hospitals]
    return list(dict.fromkeys(chosen))


def _drives_off_map(hospitals: Sequence[KnownHospital], driving: Driving, search: Search) -> list[Drive]:
    if not hospitals:
        return []
    rules = driving.doctrine.transport
    exits = _exits(driving, search)
    if len(exits) == 0:
        return [Drive(h, None, None, None, why_not="no open street leads out of the map") for h in hospitals]
    drives = []
    for hospital in hospitals:
        away = driving.network.node_xy_m[exits] - (hospital.x_m, hospital.y_m)
        beyond_m = np.hypot(away[:, 0], away[:, 1])
        beyond_s = beyond_m * rules.off_map_detour / (rules.off_map_kmh / 3.6)
        best = int(np.argmin(search.cost[exits] + beyond_s))
        goal = search.at_node(int(exits[best]))
        time_s = search.time_s(goal) + float(beyond_s[best])
        span = range_min(time_s, rules, rules.off_map_late)
        drives.append(Drive(hospital, goal, time_s, span, float(beyond_m[best])))
    return drives


def _exits(driving: Driving, search: Search) -> Ints:
    """Return where one leaves the map: ends of main streets near its rim, else any junctions there."""
    network, area = driving.network, driving.area
    usable = np.isfinite(driving.timing.arc_s).reshape(2, -1).any(axis=0) & ~driving.streets.closed
    ends = np.concatenate([network.edge_u, network.edge_v])
    streets_at = np.bincount(ends[np.tile(network.drivable, 2)], minlength=network.node_count)
    reached = np.isfinite(search.cost)
    outside = ~shapely.contains_xy(driving.streets.outer_m, network.node_xy_m)
    to_rim_m = _to_rim_m(network.node_xy_m, network.node_xy_m[streets_at > 0], area)
    rim_m, edge_m = driving.doctrine.transport.map_rim_m, driving.doctrine.perimeters.map_edge_m
    leads_out = ((streets_at == 1) & (to_rim_m <= rim_m)) | (to_rim_m <= edge_m)
    for classes, good in (
        (_LEAVING, leads_out),
        (RoadClass.ROAD, leads_out),
        (RoadClass.ROAD, outside & (to_rim_m <= rim_m)),
    ):
        at = np.zeros(network.node_count, dtype=bool)
        at[ends[np.tile(usable & (network.road_class <= classes), 2)]] = True
        nodes = np.flatnonzero(at & reached & good)
        if len(nodes):
            return nodes
    return np.empty(0, dtype=np.int64)


def _to_rim_m(xy_m: NDArray[np.float64], mapped_m: NDArray[np.float64], area: Area) -> NDArray[np.float64]:
    """Metres from places to where the map ends: the hull of what is mapped, or the area's box; 0 beyond."""
    points = shapely.points(xy_m)
    ground = shapely.MultiPoint(mapped_m).convex_hull.intersection(area.extent_m)
    gap_m = shapely.distance(points, ground.boundary)
    return np.where(shapely.contains_xy(ground, xy_m), gap_m, 0.0)


# --- ways and options ---------------------------------------------------------------------------


def _ways_out(
    drives: Sequence[Drive], shares: Shares, start_name: str, driving: Driving, search: Search
) -> tuple[tuple[Way, ...], dict[int, str]]:
    """Ways to the nearest hospitals, the nearest outside and of the best level, and all that take reds."""
    reached = [k for k, drive in enumerate(drives) if drive.goal is not None]
    wanted = reached[: driving.doctrine.transport.routed_hospitals]
    wanted += [k for k in reached if shares.assigned[k].red]
    wanted += [k for k in reached if not drives[k].inside][:1]
    levels = [
        (list(TraumaLevel).index(level), k) for k in reached if (level := drives[k].hospital.adult_level)
    ]
    wanted += [min(levels)[1]] if levels else []
    ways: list[Way] = []
    route_of: dict[int, str] = {}
    paths: dict[Snap, Path | None] = {}
    for k in sorted(set(wanted)):
        drive = drives[k]
        if drive.goal is None:
            continue
        if drive.goal not in paths:  # beyond the map, several leave it by one exit
            paths[drive.goal] = search.path(drive.goal)
        path = paths[drive.goal]
        if path is not None and path.length_m > 0:
            towards = "the edge of the map, towards " if drive.beyond_m else ""
            purpose = f"Ambulances to {towards}{drive.hospital.name}"
            ways.append(Way(RouteKind.EGRESS, start_name, drive.hospital.name, path, purpose))
            route_of[k] = f"{RouteKind.EGRESS}-{len(ways)}"
    if not reached:
        ways += _way_off(start_name, driving, search)
    return tuple(ways), route_of


def _way_off(start_name: str, driving: Driving, search: Search) -> list[Way]:
    """With no hospital to go to: the way out to the nearest main road outside the outer perimeter."""
    ends = driving.main_road_from(search.start)
    if ends is None:
        return []
    goal, road = ends
    path = search.path(goal)
    if path is None or path.length_m == 0:
        return []
    return [Way(RouteKind.EGRESS, start_name, road, path, f"Ambulances out to {road}")]


def _ward(drive: Drive) -> Ward:
    return Ward(drive.time_s, drive.hospital.adult_level, drive.hospital.beds, drive.hospital.for_children)


def _option(
    drive: Drive, assigned: Casualties, route: str | None, driving: Driving, rules: Rules
) -> HospitalOption:
    hospital = drive.hospital
    return HospitalOption(
        name=hospital.name,
        location=hospital.location,
        adult_level=hospital.adult_level,
        pediatric_level=hospital.pediatric_level,
        helipad=hospital.helipad,
        source=hospital.source,
        as_of=hospital.as_of,
        time_s=drive.time_s,
        time_range_min=drive.range_min,
        off_map=not driving.area.covers(hospital.location),
        red_per_h=red_per_h(_ward(drive), rules),
        assigned=assigned,
        route=route or "",
        reason=_reason(drive, assigned),
    )


def _reason(drive: Drive, assigned: Casualties) -> str:
    parts = [_level_text(drive.hospital), _time_text(drive)]
    if drive.hospital.for_children:
        parts.append("for children: no adults are planned there")
    if drive.inside:
        parts.append("inside the outer perimeter")
    taken = [f"{n} {colour}" for colour, n in vars(assigned).items() if n]
    if taken:
        parts.append(f"planned for {', '.join(taken)} in the first hour")
    return "; ".join(parts)


def _level_text(hospital: KnownHospital) -> str:
    known = [f"Level {hospital.adult_level} adult"] if hospital.adult_level else []
    known += [f"Level {hospital.pediatric_level} paediatric"] if hospital.pediatric_level else []
    if known:
        return f"{', '.join(known)} trauma centre ({hospital.source}, {hospital.as_of or 'no date'})"
    if hospital.designation:
        return f"trauma level unknown; its table says '{hospital.designation}'"
    return "trauma level unknown"


def _time_text(drive: Drive) -> str:
    if drive.range_min is None:
        return f"no way to drive there: {drive.why_not}"
    low, high = drive.range_min
    text = f"{low}-{high} min" if low != high else f"{low} min"
    if drive.beyond_m:
        return (
            f"about {text}, an estimate: {drive.beyond_m / 1000:.0f} km of it in a straight line off the map"
        )
    return text


# --- what is not known --------------------------------------------------------------------------


def _map_notices(drives: Sequence[Drive], area: Area) -> list[Notice]:
    remedy = "load a hospital table (planner hospitals import)"
    if not drives:
        text = f"No hospital is known for {area.name}: {remedy}"
        return [Notice(NoticeLevel.DANGER, text, _ABOUT)]
    notices = [Notice(NoticeLevel.INFO, "Travel times know no traffic data", _ABOUT)]
    found = [d.hospital for d in drives]
    if not any(h.has_level for h in found):
        text = f"No trauma level is known for any hospital here, and none is guessed: {remedy}"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    elif unknown := sum(not h.has_level for h in found):
        text = f"No trauma level is known for {unknown} of {len(found)} hospitals"
        notices.append(Notice(NoticeLevel.INFO, text, _ABOUT))
    if all(d.beyond_m for d in drives if d.time_s is not None):
        text = f"The map of {area.name} shows no hospital that can be reached: times beyond it are estimates"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    inside = [d.hospital.name for d in drives if d.inside]
    if inside:
        text = f"Inside the outer perimeter: {', '.join(inside)}; staff and walk-in patients need a gate"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    for drive in drives:
        if drive.time_s is None:
            text = f"No way to drive to {drive.hospital.name}: {drive.why_not}"
            notices.append(Notice(NoticeLevel.DANGER, text, _ABOUT))
    return notices


def _patient_notices(
    incident: Incident, drives: Sequence[Drive], shares: Shares, rules: Rules
) -> list[Notice]:
    notices: list[Notice] = []
    if incident.casualties is None or incident.casualties == Casualties():
        return notices
    children = [d.hospital.name for d in drives if d.hospital.for_children and d.time_s is not None]
    if children:
        text = f"Ages are not known, so nobody is planned for {', '.join(children)}: consider it for children"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    left = [f"{n} {colour}" for colour, n in vars(shares.left).items() if n]
    if left:
        text = (
            f"{', '.join(left)} patients find no place within the first hour at hospitals of known level and "
            "capacity: ask the EMS coordinator where they can go"
        )
        notices.append(Notice(NoticeLevel.DANGER, text, _ABOUT))
    if any(
        d.hospital.beds is None for d, a in zip(drives, shares.assigned, strict=True) if a.yellow + a.green
    ):
        text = (
            f"Beds are unknown for some hospitals: {rules.assumed_beds} assumed for yellow and green patients"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    late = [d for d, a in zip(drives, shares.assigned, strict=True) if a.red and _is_late(d, rules)]
    if late:
        text = f"Some reds go further than {rules.golden_hour_min:.0f} min: nearer trauma centres are full"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices


def _is_late(drive: Drive, rules: Rules) -> bool:
    return drive.time_s is not None and drive.time_s > rules.golden_hour_min * 60
