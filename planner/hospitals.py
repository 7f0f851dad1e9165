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
_SCENE = "scene"
"""Where a route begins when no site for loading is chosen."""
_NO_START = "no street that ambulances could start from is open near the scene"
_NOT_JOINED = "no street on this map joins the scene to it"
_CALL_FIRST = "possible second scene and walk-in surge: call before sending"
_ON_ISLAND = "the scene's streets are joined to few on this map, so what leads beyond it is not known"
_MOST_NAMES = 6
_HIGHEST = (TraumaLevel.I, TraumaLevel.II, TraumaLevel.III)
_BEST = _HIGHEST[:2]
"""Levels whose nearest centre is always named, with a route."""
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
    second_scene : str
        Why it may become a second scene: where it lies by the danger; "" where it lies well away.
    """

    hospital: KnownHospital
    goal: Snap | None
    time_s: float | None
    range_min: tuple[int, int] | None
    beyond_m: float = 0.0
    why_not: str = ""
    second_scene: str = ""

    @property
    def rank(self) -> int:
        """In which turn it is listed: general hospitals, then places for one kind of patient, then by danger.

        Last those that cannot be reached.
        """
        if self.time_s is None:
            return 3
        return 2 if self.second_scene else int(bool(self.hospital.special))


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
    listed = _worth_listing(off_map, on_map, _middle(start, area, streets), rules)
    if start is None:
        notices.append(_no_start(start_name))
        drives = [Drive(h, None, None, None, why_not=_NO_START) for h in (*on_map, *listed)]
    else:
        search = driving.search(start)
        drives = _drives_on_map(on_map, driving, search) + _drives_off_map(listed, driving, search)
    drives = _with_names(sorted(drives, key=_in_order), driving)

    shares = share_patients(incident.casualties or Casualties(), [_ward(d, rules) for d in drives], rules)
    ways, route_of = ((), {}) if start is None else _ways_out(drives, shares, start_name, driving, search)
    options = tuple(
        _option(drive, assigned, route_of.get(k), driving, rules)
        for k, (drive, assigned) in enumerate(zip(drives, shares.assigned, strict=True))
    )
    notices += _best_centre(drives) + _map_notices(drives, area)
    notices += _patient_notices(incident, drives, shares, rules)
    return Transport(options, ways, tuple(notices))


# --- where ambulances load ----------------------------------------------------------------------


def _loading_point(sites: Sequence[Site], driving: Driving) -> tuple[str, Snap | None, list[Notice]]:
    site = ambulance_point(sites)
    if site is None:
        text = "No place for ambulances to load is chosen: hospital times count from the nearest open street"
        return _SCENE, _edge_of_danger(driving), [Notice(NoticeLevel.CAUTION, text, _ABOUT)]
    if site.purpose is Purpose.STAGING:
        text = "No casualty collection point is chosen: hospital times count from staging"
        return site.id, driving.enter(site), [Notice(NoticeLevel.CAUTION, text, _ABOUT)]
    return site.id, driving.enter(site), []


def _edge_of_danger(driving: Driving) -> Snap | None:
    """Find the open street nearest to the danger, None where it lies out of reach of the perimeters."""
    streets = driving.streets
    if streets.hot_m.is_empty:
        return None
    middle = streets.hot_m.centroid
    (snap,) = driving.network.snap([(middle.x, middle.y)], driving.open_edges)
    held_m = streets.hot_m.union(streets.outer_m)
    reach_m = driving.doctrine.transport.entrance_reach_m
    return snap if snap and held_m.distance(Point(snap.x_m, snap.y_m)) <= reach_m else None


def _middle(start: Snap | None, area: Area, streets: Streets) -> Point:
    """Whence hospitals are near: where ambulances load, else the middle of the danger, else of the map."""
    if start is not None:
        return Point(start.x_m, start.y_m)
    return (area.extent_m if streets.hot_m.is_empty else streets.hot_m).centroid


def _no_start(start_name: str) -> Notice:
    where = "near the scene" if start_name == _SCENE else f"within reach of {start_name}"
    text = f"No street that is open and joined to the scene lies {where}: hospital times are unknown"
    return Notice(NoticeLevel.DANGER, text, _ABOUT)


# --- times --------------------------------------------------------------------------------------


def _drives_on_map(hospitals: Sequence[KnownHospital], driving: Driving, search: Search) -> list[Drive]:
    return [
        _drive(hospital, door, driving, search)
        for hospital, door in zip(hospitals, _doors(hospitals, driving), strict=True)
    ]


def _doors(hospitals: Sequence[KnownHospital], driving: Driving) -> list[Snap | str]:
    """Find the street of each hospital, or say why it has none that leads there from the scene.

    The nearest street, open or not, unless an open one is as good. Where a street that the scene is not
    joined to lies nearer, as on the other bank, the hospital is not reached over the scene's own streets.
    """
    network, reach_m = driving.network, driving.doctrine.transport.entrance_reach_m
    points = [(h.x_m, h.y_m) for h in hospitals]
    joined = network.snap(points, driving.scene_edges)
    any_part = network.snap(points, driving.scene_edges | _elsewhere(driving))
    doors = [_door(own, nearest, reach_m, driving) for own, nearest in zip(joined, any_part, strict=True)]
    shut = [k for k, d in enumerate(doors) if isinstance(d, Snap) and driving.streets.closed[d.edge]]
    for k, other in zip(shut, network.snap([points[k] for k in shut], driving.open_edges), strict=True):
        own = joined[k]
        if own is not None and other is not None and other.offset_m <= own.offset_m + reach_m:
            doors[k] = other
    return doors


def _elsewhere(driving: Driving) -> NDArray[np.bool_]:
    """Streets, (E,), of other parts of the network that are too long to be gaps in the mapping."""
    network = driving.network
    part = network.parts(driving.travel, driving.doctrine.travelling)
    within = np.flatnonzero(part >= 0)
    long = (
        np.bincount(part[within], weights=network.length_m[within]) >= driving.doctrine.transport.part_least_m
    )
    mask = network.no_closures()
    mask[within] = long[part[within]]
    return mask & ~driving.scene_edges


def _door(own: Snap | None, nearest: Snap | None, reach_m: float, driving: Driving) -> Snap | str:
    if own is None or nearest is None or own.offset_m > nearest.offset_m + reach_m:
        return _NOT_JOINED
    far_m = driving.doctrine.transport.hospital_reach_m
    if own.offset_m > far_m:
        return f"the map shows no street within {far_m:.0f} m of it"
    return own


def _drive(hospital: KnownHospital, door: Snap | str, driving: Driving, search: Search) -> Drive:
    spot = Point(hospital.x_m, hospital.y_m)
    if driving.streets.hot_m.intersects(spot):
        return Drive(hospital, None, None, None, why_not="it lies in hot or warm ground")
    if isinstance(door, str):
        return Drive(hospital, None, None, None, why_not=door)
    time_s = search.time_s(door)
    if not math.isfinite(time_s):
        return Drive(hospital, None, None, None, why_not=driving.why_not(search.start, door))
    span = range_min(time_s, driving.doctrine.transport)
    return Drive(hospital, door, time_s, span, second_scene=_second_scene(spot, driving))


def _second_scene(spot: Point, driving: Driving) -> str:
    """Say where a hospital lies when that is in or by the danger, else ""."""
    streets = driving.streets
    if streets.outer_m.intersects(spot):
        return "inside the outer perimeter"
    gap_m = math.inf if streets.hot_m.is_empty else float(streets.hot_m.distance(spot))
    if gap_m <= driving.doctrine.transport.hospital_stand_off_m:
        return f"{max(10, round(gap_m, -1)):.0f} m from hot or warm ground"
    return ""


def _in_order(drive: Drive) -> tuple[int, float, str, float, float]:
    time_s = math.inf if drive.time_s is None else drive.time_s
    return drive.rank, time_s, drive.hospital.name, drive.hospital.x_m, drive.hospital.y_m


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
    beyond: Sequence[KnownHospital], on_map: Sequence[KnownHospital], start: Point, rules: Rules
) -> list[KnownHospital]:
    """Choose the nearest of what the map lacks: trauma centres, a Level I, a paediatric one, any hospital."""

    def apart_m(hospital: KnownHospital) -> float:
        return math.hypot(hospital.x_m - start.x, hospital.y_m - start.y)

    near = sorted(beyond, key=lambda h: (apart_m(h), h.name))
    centres = [h for h in near if h.adult_level in _HIGHEST]
    lacking = max(0, rules.off_map_hospitals - sum(h.adult_level in _HIGHEST for h in on_map))
    chosen = centres[:lacking]
    if not any(h.adult_level in _BEST for h in on_map):
        chosen += [h for h in centres if h.adult_level in _BEST][:1]
    if not any(h.adult_level is TraumaLevel.I for h in on_map):
        chosen += [h for h in centres if h.adult_level is TraumaLevel.I][:1]
    if not any(h.pediatric_level in _BEST for h in on_map):
        chosen += [h for h in near if h.pediatric_level in _BEST][:1]
    if not on_map:
        chosen += near[: rules.off_map_hospitals]
    return list(dict.fromkeys(chosen))


def _drives_off_map(hospitals: Sequence[KnownHospital], driving: Driving, search: Search) -> list[Drive]:
    if not hospitals:
        return []
    if not driving.joins_map:
        return [Drive(h, None, None, None, why_not=_ON_ISLAND) for h in hospitals]
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
    ground = shapely.MultiPoint(mapped_m).convex_hull.intersection(area.extent_m)
    gap_m = shapely.distance(shapely.points(xy_m), ground.boundary)
    return np.where(shapely.contains_xy(ground, xy_m), gap_m, 0.0)


# --- ways and options ---------------------------------------------------------------------------


def _ways_out(
    drives: Sequence[Drive], shares: Shares, start_name: str, driving: Driving, search: Search
) -> tuple[tuple[Way, ...], dict[int, str]]:
    """Ways to the first hospitals, the nearest of the best levels, and all that take reds.

    One by the danger has a way only where every one of those that can be reached lies so, or reds go there.
    """
    reached = [k for k, drive in enumerate(drives) if drive.goal is not None]
    calm = [k for k in reached if not drives[k].second_scene]
    wanted = (calm or reached)[: driving.doctrine.transport.routed_hospitals]
    wanted += [k for k in reached if shares.assigned[k].red]
    best = _nearest_of_level(drives)
    wanted += [] if best is None else [best]
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
    if not calm:
        ways += _way_off(start_name, driving, search)
    return tuple(ways), route_of


def _nearest_of_level(drives: Sequence[Drive]) -> int | None:
    """Return which is the nearest trauma centre of Level I or II, by the danger only where none else is."""
    centres = [k for k, d in enumerate(drives) if d.goal is not None and d.hospital.adult_level in _BEST]
    return min(centres, key=lambda k: (bool(drives[k].second_scene), drives[k].time_s, k), default=None)


def _way_off(start_name: str, driving: Driving, search: Search) -> list[Way]:
    """With no hospital away from the danger: the way out to the nearest main road outside the perimeters."""
    ends = driving.main_road_from(search.start)
    if ends is None:
        return []
    goal, road = ends
    path = search.path(goal)
    if path is None or path.length_m == 0:
        return []
    return [Way(RouteKind.EGRESS, start_name, road, path, f"Ambulances out to {road}")]


def _ward(drive: Drive, rules: Rules) -> Ward:
    hospital = drive.hospital
    spared = bool(hospital.special or drive.second_scene)
    detour_s = rules.second_choice_min * 60 if spared else 0.0
    return Ward(drive.time_s, hospital.adult_level, hospital.beds, hospital.for_children, detour_s)


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
        red_per_h=red_per_h(_ward(drive, rules), rules),
        assigned=assigned,
        route=route,
        reason=_reason(drive, assigned),
    )


def _reason(drive: Drive, assigned: Casualties) -> str:
    parts = [_level_text(drive.hospital), _time_text(drive)]
    if drive.hospital.for_children:
        parts.append("for children: no adults are planned there")
    if drive.hospital.special:
        parts.append(f"not a general hospital: {drive.hospital.special}")
    if drive.second_scene:
        parts.append(f"{drive.second_scene}: {_CALL_FIRST}")
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
    timed = [d for d in drives if d.time_s is not None]
    if timed and all(d.beyond_m for d in timed):
        text = f"The map of {area.name} shows no hospital that can be reached: times beyond it are estimates"
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    by_danger = [d.hospital.name for d in drives if d.second_scene]
    if by_danger:
        text = (
            f"By the danger, inside the outer perimeter or close to hot ground: {_several(by_danger)}; "
            f"{_CALL_FIRST}. Staff and walk-in patients need a gate"
        )
        notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
    return notices + _unreached(drives)


def _unreached(drives: Sequence[Drive]) -> list[Notice]:
    """Say once for each reason to which hospitals there is no way."""
    why: dict[str, list[str]] = {}
    for drive in drives:
        if drive.time_s is None:
            why.setdefault(drive.why_not, []).append(drive.hospital.name)
    return [
        Notice(NoticeLevel.DANGER, f"No way to drive to {_several(names)}: {reason}", _ABOUT)
        for reason, names in why.items()
    ]


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _best_centre(drives: Sequence[Drive]) -> list[Notice]:
    """Name the nearest trauma centre of Level I or II, where a table states any."""
    best = _nearest_of_level(drives)
    if best is None:
        return []
    drive = drives[best]
    text = (
        f"Nearest trauma centre of Level I or II: {drive.hospital.name}, Level {drive.hospital.adult_level}, "
        f"{_time_text(drive)}"
    )
    return [Notice(NoticeLevel.INFO, text, _ABOUT)]


def _patient_notices(
    incident: Incident, drives: Sequence[Drive], shares: Shares, rules: Rules
) -> list[Notice]:
    notices: list[Notice] = []
    if not drives:
        return notices
    if incident.casualties is None:
        return [Notice(NoticeLevel.INFO, "Casualties not said: no patients are allocated", _ABOUT)]
    if incident.casualties == Casualties():
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
