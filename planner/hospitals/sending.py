"""Hospitals: trauma levels, travel times, ways there, who takes how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from shapely.geometry import Point

from planner import words
from planner.area import Area
from planner.doctrine import Doctrine
from planner.doctrine import Transport as Rules
from planner.hospitals.ambulances import ambulances_for
from planner.hospitals.drives import (
    LEADS_AWAY,
    NOT_TOLD,
    Drive,
    drives_off_map,
    drives_on_map,
    find_dangers,
    find_doors,
    in_order,
    level_text,
    time_text,
    with_doubts,
    with_names,
    with_statuses,
)
from planner.hospitals.flights import air_notices, air_offer, with_flights
from planner.hospitals.known import KnownHospital, find_hospitals
from planner.hospitals.leading import leading_care, nearest_of_level
from planner.hospitals.listing import Wanted, said_of, wanted, worth_asking, worth_listing
from planner.hospitals.notices import (
    CALL_FIRST,
    childrens_centre,
    is_left_out,
    left_out_notices,
    map_notices,
    not_listed_notices,
    patient_notices,
    status_notices,
    transfer_text,
)
from planner.hospitals.patients import (
    Shares,
    Ward,
    child_red_per_h,
    others_per_h,
    red_per_h,
    share_patients,
)
from planner.model import (
    AmbulanceNeed,
    Casualties,
    HospitalFact,
    HospitalOption,
    Incident,
    KeptPlaces,
    Notice,
    Site,
    SiteTime,
)
from planner.routes.corridor import Corridor, lay_corridor
from planner.routes.driving import Driving, Streets, Way, ambulance_point
from planner.streets.network import Path, Search, Snap
from planner.terms import NoticeLevel, Purpose, RouteKind, Travel

_ABOUT = "hospitals"
_SCENE = "scene"
"""Where a route begins when no site for loading is chosen."""
_NO_START = "no street that ambulances could start from is open near the scene"
_ORIGINS = (Purpose.AMBULANCE_EXCHANGE, Purpose.CASUALTY_COLLECTION, Purpose.STAGING)
"""Sites from which the times to hospitals are given."""


@dataclass(frozen=True, eq=False)
class Transport:
    """Hospitals by travel time, the ambulances' ways out, what is not known."""

    hospitals: tuple[HospitalOption, ...]
    ways: tuple[Way, ...]
    notices: tuple[Notice, ...]
    ambulances: AmbulanceNeed | None = None
    corridor: Corridor | None = None


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
    found, off_map = find_hospitals(area, hospitals, rules)
    mapped = [hospital for hospital in found if not is_left_out(hospital, area)]
    start_name, start, notices = _loading_point(sites, driving)
    middle, patients = _middle(start, area, streets), incident.casualties or Casualties()
    asked = _asked([*mapped, *off_map], middle, incident, driving)
    on_map, doors = _near(mapped, find_doors(mapped, driving), asked)
    notices += not_listed_notices(len(mapped) - len(on_map), rules)
    dangers = find_dangers(on_map, driving)
    listed = worth_listing(off_map, _taking(on_map, doors, dangers, asked), asked)
    goals = [door for door in doors if isinstance(door, Snap)]

    def drives_of(search: Search) -> list[Drive]:
        near_by = drives_on_map(on_map, doors, dangers, driving, search)
        return near_by + drives_off_map(listed, driving, search)

    others = [(site, drives_of(search)) for site, search in _origins(sites, start_name, goals, driving)]
    corridor = lay_corridor(sites, driving, goals)
    leaving, search = (driving, None) if start is None else _outbound(corridor, start, goals, driving)
    if search is None:
        drives = [Drive(h, None, None, None, why_not=_NO_START) for h in (*on_map, *listed)]
    else:
        drives = drives_of(search)
    drives = _with_times(drives, (start_name, drives), *others)
    if start is None:
        notices.append(_no_start(start_name))
    drives, unknown = with_statuses(with_names(drives, driving), incident.hospitals, driving)
    drives = with_doubts(drives, rules)
    take_off, helispot = _take_off(sites, middle, area)
    drives = with_flights(sorted(drives, key=in_order), take_off, rules)

    wards = [_ward(drive, rules) for drive in drives]
    shares = share_patients(patients, wards, rules, incident.children)
    offers = [
        air_offer(drive, sent.red, helispot, rules)
        for drive, sent in zip(drives, shares.assigned, strict=True)
    ]
    ways, route_of = ((), {}) if search is None else _ways_out(drives, shares, start_name, leaving, search)
    onward, lead = _onward(drives, shares), leading_care(drives, rules)
    options = tuple(
        replace(
            _option(drive, wards[k], shares, k, route_of.get(k), driving),
            air_offer=offers[k],
            leads=lead.why if lead and lead.number == k else "",
            reason=_reason(drive, shares.assigned[k], shares.children[k], (offers[k], onward[k])),
        )
        for k, drive in enumerate(drives)
    )
    notices += [lead.notice] if lead and lead.notice else []
    notices += (
        map_notices(drives, area, rules)
        + left_out_notices(found, area)
        + status_notices(drives, unknown)
        + patient_notices(incident, drives, shares, rules)
        + air_notices(drives, offers, shares, rules)
    )
    need = ambulances_for(incident, drives, shares, rules)
    return Transport(options, ways, tuple(notices), need, corridor)


def _asked(known: Sequence[KnownHospital], middle: Point, incident: Incident, driving: Driving) -> Wanted:
    """Return who needs a place, and of which hospitals the coordinator says what."""
    rules = driving.doctrine.transport
    spots_m = [driving.area.frame.point_m(status.location) for status in incident.hospitals]
    said, _ = said_of(known, incident.hospitals, spots_m, rules.same_hospital_m)
    return wanted(incident, middle, {known[k]: status for k, status in said.items()}, rules)


def _near(
    mapped: Sequence[KnownHospital], doors: Sequence[Snap | str], asked: Wanted
) -> tuple[list[KnownHospital], list[Snap | str]]:
    """Return those of the map's hospitals that are listed, and their doors."""
    rows = worth_asking(mapped, [isinstance(door, Snap) for door in doors], asked)
    return [mapped[k] for k in rows], [doors[k] for k in rows]


def _taking(
    on_map: Sequence[KnownHospital],
    doors: Sequence[Snap | str],
    dangers: Sequence[str | None],
    asked: Wanted,
) -> list[KnownHospital]:
    """Return those off the danger that a street leads to, if nobody says that they take no ambulances."""
    return [
        hospital
        for hospital, door, danger in zip(on_map, doors, dangers, strict=True)
        if isinstance(door, Snap) and asked.takes_ambulances(hospital) and danger is not None
    ]


def _with_times(drives: Sequence[Drive], *rows: tuple[str, Sequence[Drive]]) -> list[Drive]:
    """Give each drive the times from all sites: rows of the drives to the same hospitals, by site."""
    return [
        replace(drive, times=tuple(SiteTime(site, row[k].time_s, row[k].range_min) for site, row in rows))
        for k, drive in enumerate(drives)
    ]


def _outbound(
    corridor: Corridor, start: Snap, goals: Sequence[Snap], driving: Driving
) -> tuple[Driving, Search]:
    """Leave by the corridor's way out, unless that cuts off a hospital that another way out reaches."""
    search = corridor.outbound.search(start, corridor.taken, goals)
    cut_off = [goal for goal in goals if not search.reaches(goal)]
    if not cut_off:
        return corridor.outbound, search
    times_s = driving.network.times([start], cut_off, driving.timing, driving.streets.closed)
    if np.isfinite(times_s).any():
        return driving, driving.search(start, corridor.taken, goals)
    return corridor.outbound, search


def _origins(
    sites: Sequence[Site], start_name: str, goals: Sequence[Snap], driving: Driving
) -> list[tuple[str, Search]]:
    """Search from the other sites that ambulances leave from or wait at."""
    chosen = [
        site
        for purpose in _ORIGINS
        for site in sites
        if site.purpose is purpose and site.rank == 1 and site.id != start_name
    ]
    entered = [(site.id, driving.enter(site)) for site in chosen]
    return [(site, driving.search(snap, ends=goals)) for site, snap in entered if snap is not None]


def _take_off(sites: Sequence[Site], middle: Point, area: Area) -> tuple[Point, str]:
    """Whence a helicopter flies: the helispot and its name, else from where ambulances load."""
    spots = [site for site in sites if site.purpose is Purpose.HELISPOT and site.rank == 1]
    return (Point(area.frame.point_m(spots[0].entrance)), spots[0].name) if spots else (middle, "")


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


# --- ways and options ---------------------------------------------------------------------------


def _ways_out(
    drives: Sequence[Drive], shares: Shares, start_name: str, driving: Driving, search: Search
) -> tuple[tuple[Way, ...], dict[int, str]]:
    """Ways to all that patients are planned for, then to the first hospitals and the nearest of a high level.

    One by the danger has a way only where all that can be reached lie so, or patients go there.
    """
    reached = [k for k, drive in enumerate(drives) if drive.goal is not None]
    reached = [k for k in reached if not drives[k].shut] or reached
    calm = [k for k in reached if not drives[k].second_scene]
    taking = [k for k in reached if shares.assigned[k] != Casualties()]
    rest = [k for k in calm or reached if k not in taking]
    further = set(rest[: max(0, driving.doctrine.transport.routed_hospitals - len(taking))])
    best = nearest_of_level(drives)
    further |= set() if best is None else {best}
    ways: list[Way] = []
    route_of: dict[int, str] = {}
    paths: dict[Snap, Path | None] = {}
    for k in [*taking, *sorted(further.difference(taking))]:
        drive = drives[k]
        if drive.goal is None:
            continue
        if drive.goal not in paths:  # beyond the map, several leave it by one exit
            paths[drive.goal] = search.path(drive.goal)
        path = paths[drive.goal]
        if path is not None and path.length_m > 0:
            edge = words.AWAY_FROM if drive.leads_away else words.TOWARDS
            towards = edge if drive.beyond_m else ""
            purpose = f"Ambulances to {towards}{drive.hospital.name}"
            ways.append(Way(RouteKind.EGRESS, start_name, drive.hospital.name, path, purpose))
            route_of[k] = f"{RouteKind.EGRESS}-{len(ways)}"
    if not calm:
        ways += _way_off(start_name, driving, search)
    return tuple(ways), route_of


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
    hospital, said = drive.hospital, drive.status
    return Ward(
        time_s=drive.time_s,
        adult_level=hospital.adult_level,
        beds=hospital.beds,
        for_children=hospital.for_children,
        detour_s=rules.second_choice_min * 60 if drive.spared else 0.0,
        pediatric_level=hospital.pediatric_level,
        closed=said is not None and said.closed,
        diversion=said is not None and said.diversion,
        red=said.red_per_h if said else None,
        child_red=said.child_red_per_h if said else None,
        others=said.others_per_h if said else None,
        sent=said.sent if said else Casualties(),
        keep=said.keep if said else KeptPlaces(),
    )


def _option(
    drive: Drive, ward: Ward, shares: Shares, k: int, route: str | None, driving: Driving
) -> HospitalOption:
    hospital, rules = drive.hospital, driving.doctrine.transport
    return HospitalOption(
        name=hospital.name,
        location=hospital.location.rounded(),
        adult_level=hospital.adult_level,
        pediatric_level=hospital.pediatric_level,
        helipad=hospital.helipad,
        source=hospital.source,
        as_of=hospital.as_of,
        time_s=drive.time_s,
        time_range_min=drive.range_min,
        off_map=drive.beyond_m > 0 or hospital.off_map or not driving.area.covers(hospital.location),
        red_per_h=red_per_h(ward, rules),
        assigned=shares.assigned[k],
        route=route,
        burn=hospital.burn,
        beds=hospital.beds,
        child_red_per_h=child_red_per_h(ward, rules),
        others_per_h=others_per_h(ward, rules),
        children=shares.children[k],
        sent=ward.sent,
        walk_ins=shares.walk_ins[k],
        spared=drive.spared,
        children_only=hospital.for_children,
        closed=ward.closed,
        diversion=ward.diversion,
        air_range_min=drive.air_range_min,
        times=drive.times,
    )


def _onward(drives: Sequence[Drive], shares: Shares) -> list[str]:
    """Say where red children go on to who are planned for the places of adults, "" where there are none."""
    centre = childrens_centre(drives)
    return [
        "" if centre is None or n.red <= cap.child_red else f"red children: {transfer_text(centre)}"
        for n, cap in zip(shares.children, shares.caps, strict=True)
    ]


def _reason(drive: Drive, assigned: Casualties, children: Casualties, advice: Sequence[str]) -> str:
    parts = [f"{drive.shut}, says the coordinator"] if drive.shut else []
    parts += [level_text(drive.hospital), time_text(drive)]
    parts += [LEADS_AWAY] if drive.leads_away else []
    if drive.hospital.for_children:
        parts.append("for children: no adults are planned there")
    if drive.hospital.special:
        parts.append(f"not a general hospital: {drive.hospital.special}")
    if not drive.hospital.emergencies:
        parts.append(f"{NOT_TOLD}: call first")
    if drive.second_scene:
        parts.append(f"{drive.second_scene}: {CALL_FIRST}")
    taken = [f"{n} {colour}" for colour, n in vars(assigned).items() if n]
    if taken:
        young = sum(vars(children).values())
        of_them = f", {young} of them children," if young else ""
        parts.append(f"planned for {', '.join(taken)}{of_them} in the first hour")
    parts += [text for text in advice if text]
    return "; ".join(parts)
