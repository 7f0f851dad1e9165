"""The drive to each hospital: on the map by its streets, beyond it as an estimate; and the flight."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Transport as Rules
from planner.hospitals.known import KnownHospital
from planner.hospitals.listing import said_of, seconds_beyond
from planner.memory import Memory, kept_with
from planner.model import UNNAMED_HOSPITAL, HospitalStatus, SiteTime
from planner.routes.driving import Driving
from planner.routes.keeping import range_min
from planner.streets.network import Search, Snap
from planner.streets.search import BARRED
from planner.terms import RoadClass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_NO_STREET = "the map shows no street near it"
_ON_ISLAND = "the scene's streets are joined to few on this map, so what leads beyond it is not known"
LEADS_AWAY = "leaves the map away from it: ask dispatch for the way"
_RIM_OF_ONE_ROAD_M = 1.0
_DOORS_KEPT = 8
"""For so many sets of streets the doors of a map's hospitals are remembered: they are few parts of it."""
NOT_TOLD = "no source says that it has an emergency department"
_LEAVING = RoadClass.TERTIARY_LINK
"""Road classes up to this code are the streets by which one leaves a map."""


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
        Straight line from the goal to the hospital when it lies off the map, else 0. Where that would run
        back over the map, the way round it.
    leads_away : bool
        Whether it would, so that the way leaves the map away from the hospital: no other exit is reached.
    why_not : str
        Why there is no way, "" when there is.
    second_scene : str
        Why it may become a second scene: where it lies by the danger; "" where it lies well away.
    unsure : str
        Why others come first: no source says that it takes emergencies, and of others that can be reached,
        none of them an hour further, one does. "" where that is said, or of none.
    status : HospitalStatus or None
        What the coordinator says of it.
    times : tuple of SiteTime
        From each place that ambulances leave from or wait at.
    air_range_min : (int, int) or None
        Whole minutes of flight where it has a helipad.
    """

    hospital: KnownHospital
    goal: Snap | None
    time_s: float | None
    range_min: tuple[int, int] | None
    beyond_m: float = 0.0
    leads_away: bool = False
    why_not: str = ""
    second_scene: str = ""
    unsure: str = ""
    status: HospitalStatus | None = None
    times: tuple[SiteTime, ...] = ()
    air_range_min: tuple[int, int] | None = None

    @property
    def spared(self) -> str:
        """Why patients are driven a little further to spare it, "" where nothing speaks against it."""
        return self.second_scene or self.hospital.special or self.unsure

    @property
    def shut(self) -> str:
        """What the coordinator says against sending ambulances there, "" if nothing."""
        if self.status is None:
            return ""
        return "closed" if self.status.closed else "on diversion" if self.status.diversion else ""

    @property
    def rank(self) -> int:
        """In which turn it is listed: general hospitals, those in doubt, places for one kind, by danger.

        Last those that take no ambulances, and those that cannot be reached.
        """
        if self.time_s is None or self.shut:
            return 5 if self.time_s is None else 4
        return 3 if self.second_scene else 2 if self.hospital.special else int(bool(self.unsure))


# --- times --------------------------------------------------------------------------------------


def drives_on_map(
    hospitals: Sequence[KnownHospital],
    doors: Sequence[Snap | str],
    dangers: Sequence[str | None],
    driving: Driving,
    search: Search,
) -> list[Drive]:
    """Find the drive from where a search began to each hospital on the map.

    Parameters
    ----------
    hospitals : sequence of KnownHospital
    doors : sequence of Snap or str
        From :func:`find_doors`.
    dangers : sequence of str or None
        From :func:`find_dangers`.
    driving : Driving
    search : Search
    """
    goals = [door for door in doors if isinstance(door, Snap)]
    times_s = dict(zip(goals, search.times_s(goals).tolist(), strict=True))
    return [
        _drive(hospital, door, driving, search, times_s, danger)
        for hospital, door, danger in zip(hospitals, doors, dangers, strict=True)
    ]


def find_doors(hospitals: Sequence[KnownHospital], driving: Driving) -> list[Snap | str]:
    """Find the street of each hospital, or say why it has none that leads there from the scene.

    The nearest street, open or not, unless an open one is as good. Where a street that the scene is not
    joined to lies nearer, as on the other bank, the hospital is not reached over the scene's own streets.
    """
    network, reach_m = driving.network, driving.doctrine.transport.entrance_reach_m
    points = [(h.x_m, h.y_m) for h in hospitals]
    joined = _nearest(points, driving.scene_edges, driving.area)
    any_part = _nearest(points, driving.scene_edges | _elsewhere(driving), driving.area)
    doors = [_door(own, nearest, reach_m, driving) for own, nearest in zip(joined, any_part, strict=True)]
    shut = [k for k, d in enumerate(doors) if isinstance(d, Snap) and driving.streets.closed[d.edge]]
    for k, other in zip(shut, network.snap([points[k] for k in shut], driving.open_edges), strict=True):
        own = joined[k]
        if own is not None and other is not None and other.offset_m <= own.offset_m + reach_m:
            doors[k] = other
    return doors


def _nearest(
    points: Sequence[tuple[float, float]], usable: NDArray[np.bool_], area: Area
) -> list[Snap | None]:
    """Return the nearest usable street of each hospital: most incidents of a map ask for the same."""
    network, which = area.network, hashlib.sha256(np.packbits(usable).tobytes()).digest()
    return _known_doors(area).once(lambda: network.snap(points, usable), tuple(points), which)


@kept_with
def _known_doors(area: Area) -> Memory:
    return Memory(_DOORS_KEPT)


def _elsewhere(driving: Driving) -> NDArray[np.bool_]:
    """Streets, (E,), of other parts of the network that are too long to be gaps in the mapping."""
    least_m = driving.doctrine.transport.part_least_m
    long = driving.network.long_parts(driving.travel, driving.doctrine.travelling, least_m)
    return long & ~driving.scene_edges


def _door(own: Snap | None, nearest: Snap | None, reach_m: float, driving: Driving) -> Snap | str:
    if nearest is None:
        return _NO_STREET
    if own is None or own.offset_m > nearest.offset_m + reach_m:
        return driving.why_not_joined(nearest.edge, "it")
    return own


def _drive(
    hospital: KnownHospital,
    door: Snap | str,
    driving: Driving,
    search: Search,
    times_s: Mapping[Snap, float],
    second: str | None,
) -> Drive:
    if second is None:
        return Drive(hospital, None, None, None, why_not="it lies in hot or warm ground")
    if isinstance(door, str):
        return Drive(hospital, None, None, None, why_not=door)
    time_s = times_s[door]
    if not math.isfinite(time_s):
        return Drive(hospital, None, None, None, why_not=driving.why_not(search.start, door))
    rules = driving.doctrine.transport
    if door.offset_m > rules.hospital_reach_m:  # in a corner of the map that shows no streets
        time_s += seconds_beyond(door.offset_m, rules)
        span = range_min(time_s, rules, rules.off_map_late)
        return Drive(hospital, door, time_s, span, door.offset_m, second_scene=second)
    return Drive(hospital, door, time_s, range_min(time_s, rules), second_scene=second)


def find_dangers(hospitals: Sequence[KnownHospital], driving: Driving) -> list[str | None]:
    """Say of each hospital where it lies when that is by the danger, else ""; None of one that lies in it."""
    streets, rules = driving.streets, driving.doctrine.transport
    spots = shapely.points(np.array([(h.x_m, h.y_m) for h in hospitals]).reshape(-1, 2))
    in_danger = np.asarray(shapely.intersects(streets.hot_m, spots))
    within = np.asarray(shapely.intersects(streets.outer_m, spots))
    gaps_m = np.asarray(shapely.distance(streets.hot_m, spots))  # NaN where there is no danger
    return [
        None if hot else _second_scene(inside, gap_m, rules)
        for hot, inside, gap_m in zip(in_danger.tolist(), within.tolist(), gaps_m.tolist(), strict=True)
    ]


def _second_scene(inside: bool, gap_m: float, rules: Rules) -> str:
    if inside:
        return "inside the outer perimeter"
    if gap_m <= rules.hospital_stand_off_m:
        return f"{max(10, round(gap_m, -1)):.0f} m from hot or warm ground"
    return ""


def in_order(drive: Drive) -> tuple[int, float, str, float, float]:
    """Return the key by which hospitals are listed: their turn, then the time."""
    time_s = math.inf if drive.time_s is None else drive.time_s
    return drive.rank, time_s, drive.hospital.name, drive.hospital.x_m, drive.hospital.y_m


def with_names(drives: Sequence[Drive], driving: Driving) -> list[Drive]:
    """Name the nameless by their street, so that a radio can tell them apart."""
    named = []
    for drive in drives:
        hospital = drive.hospital
        if not hospital.name:
            street = "" if drive.goal is None else f" on {driving.network.street(drive.goal.edge)}"
            drive = replace(drive, hospital=replace(hospital, name=f"{UNNAMED_HOSPITAL}{street}"))
        named.append(drive)
    return named


def with_doubts(drives: Sequence[Drive], rules: Rules) -> list[Drive]:
    """Mark the hospitals of which no source says that they take emergencies, where of others one does.

    Not those that are nearer by ``others_further_min`` than any such other: a city's own come before one that
    is known to be a trauma centre hours away. What the coordinator says that it takes counts as a source.
    """
    sure_s = min(
        (
            drive.time_s
            for drive in drives
            if drive.hospital.emergencies and drive.time_s is not None and not drive.hospital.special
        ),
        default=math.inf,
    )
    least_s = sure_s - 60 * rules.others_further_min
    return [
        drive if _is_sure(drive) or _nearer(drive, least_s) else replace(drive, unsure=NOT_TOLD)
        for drive in drives
    ]


def _nearer(drive: Drive, least_s: float) -> bool:
    return math.isinf(least_s) or (drive.time_s is not None and drive.time_s < least_s)


def _is_sure(drive: Drive) -> bool:
    said = drive.status
    return drive.hospital.emergencies or (
        said is not None
        and any(n is not None for n in (said.red_per_h, said.child_red_per_h, said.others_per_h))
    )


# --- beyond the map -----------------------------------------------------------------------------


def drives_off_map(hospitals: Sequence[KnownHospital], driving: Driving, search: Search) -> list[Drive]:
    """Estimate the drive to hospitals beyond the map: to its edge by street, then straight with a detour.

    An exit that leads away from a hospital is taken only where no other is reached.
    """
    if not hospitals:
        return []
    if not driving.joins_map:
        return [Drive(h, None, None, None, why_not=_ON_ISLAND) for h in hospitals]
    rules = driving.doctrine.transport
    exits = _exits(driving, search)
    if len(exits) == 0:
        return [Drive(h, None, None, None, why_not="no open street leads out of the map") for h in hospitals]
    drives, cost_s = [], search.costs_s(exits)
    exits_m = driving.network.node_xy_m[exits]
    for hospital in hospitals:
        best, beyond_m, leads_away = _exit_for(hospital, exits_m, cost_s, driving)
        goal = search.at_node(int(exits[best]))
        time_s = search.time_s(goal) + beyond_m * seconds_beyond(1.0, rules)
        span = range_min(time_s, rules, rules.off_map_late)
        drives.append(Drive(hospital, goal, time_s, span, beyond_m, leads_away))
    return drives


def _exit_for(
    hospital: KnownHospital, exits_m: Floats, cost_s: Floats, driving: Driving
) -> tuple[int, float, bool]:
    """Return by which exit a hospital is reached soonest, the metres from there, and whether it leads away.

    It does where the bearing to the hospital is off by more than 90 degrees from that by which one came from
    the map's middle, and the straight line runs back over the map's own ground for more than twice
    ``map_rim_m``: exits lie so far within the rim, and a line that leaves at a slant of 60 degrees runs twice
    as far. A road there would be on the map, and found. Were the line believed, the exit nearest to the scene
    were the best on whichever side it is: a kilometre of street takes longer than one beyond.
    """
    rules, streets_m = driving.doctrine.transport, _ground(driving.area)
    away_m = exits_m - (hospital.x_m, hospital.y_m)
    straight_m = np.hypot(away_m[:, 0], away_m[:, 1])
    seconds = cost_s + straight_m * seconds_beyond(1.0, rules)
    middle = streets_m.centroid
    inward = ((exits_m - (middle.x, middle.y)) * away_m).sum(axis=1) > 0
    best, spot = int(np.argmin(seconds)), shapely.Point(hospital.x_m, hospital.y_m)
    # nothing tells in a part of the map without streets
    if not inward[best] or streets_m.convex_hull.covers(spot):
        return best, float(straight_m[best]), False
    for k in np.argsort(seconds, kind="stable").tolist():
        line = shapely.LineString([exits_m[k], (spot.x, spot.y)])
        if not inward[k] or line.intersection(streets_m).length <= 2 * rules.map_rim_m:
            return k, float(straight_m[k]), False
    round_m = np.maximum(straight_m, _round_m(exits_m, spot, streets_m))
    best = int(np.argmin(cost_s + round_m * seconds_beyond(1.0, rules)))
    return best, float(round_m[best]), True


@kept_with
def _ground(area: Area) -> BaseGeometry:
    """Return the ground of a map's streets, on which a line along its only road lies, too."""
    return area.streets_m.buffer(_RIM_OF_ONE_ROAD_M, quad_segs=2)


def _round_m(exits_m: Floats, spot: shapely.Point, streets_m: BaseGeometry) -> Floats:
    """Return the metres from each exit to a place beyond the map, round its streets."""
    exits, hull = np.asarray(shapely.points(exits_m)), streets_m.union(spot).convex_hull
    if not isinstance(hull, shapely.Polygon):  # all in one line
        return np.asarray(shapely.distance(exits, spot))
    ring = hull.exterior
    along_m = np.abs(shapely.line_locate_point(ring, exits) - ring.project(spot))
    return np.asarray(shapely.distance(ring, exits) + np.minimum(along_m, ring.length - along_m))


@dataclass(frozen=True, eq=False)
class _Rim:
    """Junctions near where a map ends, where land goes on.

    Parameters
    ----------
    nodes : (n,) int array
        Ascending.
    near, leads_out : (n,) bool arrays
        Whether each lies within the rim; whether its streets seem to go on where the map ends.
    edges, owner : (k,) int arrays
        Streets that end there, and which of the junctions (0..) each is at.
    """

    nodes: Ints
    near: NDArray[np.bool_]
    leads_out: NDArray[np.bool_]
    edges: Ints
    owner: Ints


@kept_with
def _rim(area: Area, rim_m: float, edge_m: float) -> _Rim:
    to_rim_m = area.to_rim_m(max(rim_m, edge_m))
    nodes = np.flatnonzero((to_rim_m <= max(rim_m, edge_m)) & ~area.ashore)
    near, at_edge = to_rim_m[nodes] <= rim_m, to_rim_m[nodes] <= edge_m
    arcs, owner = area.network.arcs_into(nodes)
    leads_out = ((area.streets_at[nodes] == 1) & near) | at_edge
    return _Rim(nodes, near, leads_out, arcs % area.network.edge_count, owner)


def _exits(driving: Driving, search: Search) -> Ints:
    """Return where one leaves the map: ends of main streets near its rim, else any junctions there."""
    network, count = driving.network, driving.network.edge_count
    rim = _rim(driving.area, driving.doctrine.transport.map_rim_m, driving.doctrine.perimeters.map_edge_m)
    arcs = np.concatenate([rim.edges, rim.edges + count])
    usable = (driving.timing.ms_along(arcs) < BARRED).reshape(2, -1).any(axis=0)
    usable &= ~driving.streets.closed[rim.edges]
    outside = rim.near & ~shapely.contains_xy(driving.streets.outer_m, network.node_xy_m[rim.nodes])
    classes = network.road_class[rim.edges]
    for most, good in ((_LEAVING, rim.leads_out), (RoadClass.ROAD, rim.leads_out), (RoadClass.ROAD, outside)):
        at = np.zeros(len(rim.nodes), dtype=bool)
        at[rim.owner[usable & (classes <= most)]] = True
        nodes = rim.nodes[at & good]
        reached = np.isfinite(search.costs_s(nodes))
        if reached.any():
            return nodes[reached]
    return np.empty(0, dtype=np.int64)


# --- what the coordinator says ------------------------------------------------------------------------


def with_statuses(
    drives: Sequence[Drive], statuses: Sequence[HospitalStatus], driving: Driving
) -> tuple[list[Drive], list[HospitalStatus]]:
    """Give each drive what the coordinator said last of its hospital.

    Returns
    -------
    drives : list of Drive
    unknown : list of HospitalStatus
        Of hospitals that neither map nor tables have.
    """
    spots_m = [driving.area.frame.point_m(status.location) for status in statuses]
    reach_m = driving.doctrine.transport.same_hospital_m
    said, unknown = said_of([drive.hospital for drive in drives], statuses, spots_m, reach_m)
    return [replace(drive, status=said.get(k)) for k, drive in enumerate(drives)], unknown


# --- in words ---------------------------------------------------------------------------------------


def level_text(hospital: KnownHospital) -> str:
    """Say which levels are stated, by whom and when, or that none is known."""
    known = [f"Level {hospital.adult_level} adult"] if hospital.adult_level else []
    known += [f"Level {hospital.pediatric_level} paediatric"] if hospital.pediatric_level else []
    if known:
        return f"{', '.join(known)} trauma centre ({hospital.source}, {hospital.as_of or 'no date'})"
    if hospital.designation:
        return f"trauma level unknown; its table says '{hospital.designation}'"
    return "trauma level unknown"


def time_text(drive: Drive) -> str:
    """Say how long the drive takes, that it is an estimate, or why there is no way."""
    if drive.range_min is None:
        return f"no way to drive there: {drive.why_not}"
    low, high = drive.range_min
    text = f"{low}-{high} min" if low != high else f"{low} min"
    if drive.beyond_m:
        how = "round the map" if drive.leads_away else "in a straight line off the map"
        return f"about {text}, an estimate: {drive.beyond_m / 1000:.0f} km of it {how}"
    return text
