"""Streets that the user says nobody can drive: what a tap, a line or a shape on the map closes.

Too much is as wrong as too little: a street taken as closed gets no post, a street taken as open gets routes.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m
from planner.doctrine import Doctrine
from planner.model import Closure, Incident, Notice
from planner.outlines import enclosed
from planner.streets.network import StreetNetwork
from planner.terms import NoticeLevel

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_ALONG = 3.0
"""A line that only crosses a street is beside it for twice its reach; along it, for more."""
_MOSTLY = 0.8
_SAME_LINE_M, _LEAST_M = 1.0, 5.0
"""A street so near to another for most of its length is the same, unless it is too short to tell."""
_BLOCKED = "Blocked: "
_NAMED = 6
"""So many streets are named in a notice; more would not be read."""


def blocked_streets(incident: Incident, area: Area, doctrine: Doctrine) -> Bools:
    """Find the streets that the user says nobody can drive.

    A tap closes the street it lies on, as often as the map draws it. A line closes the streets that it runs
    along, or crosses away from their junctions, as often as the map draws them; if there are none, the street
    nearest to its middle. A shape closes whatever it meets.

    Returns
    -------
    (E,) bool array
        Mask over the edges of the area's network.
    """
    mask = area.network.no_closures()
    for closure in incident.closures:
        mask |= _closed(closure, area, doctrine)
    return mask


def closure_notices(incident: Incident, area: Area, doctrine: Doctrine) -> tuple[Notice, ...]:
    """Tell what each mark closes; that it closes nothing is a danger, for the user believes that it does."""
    return tuple(
        _told(number, _closed(closure, area, doctrine), area, doctrine)
        for number, closure in enumerate(incident.closures, start=1)
    )


def blocked_names(incident: Incident, area: Area, doctrine: Doctrine) -> tuple[str, ...]:
    """Name the streets that each mark closes, in the order of the marks; "" where one closes nothing."""
    return tuple(
        told.text.removeprefix(_BLOCKED) if told.level is NoticeLevel.INFO else ""
        for told in closure_notices(incident, area, doctrine)
    )


def _closed(closure: Closure, area: Area, doctrine: Doctrine) -> Bools:
    mask = area.network.no_closures()
    for part in geometries_m(closure.shape, area.frame):
        mask |= _closed_by(part, area, doctrine)
    return mask


def _closed_by(part: BaseGeometry, area: Area, doctrine: Doctrine) -> Bools:
    reach_m = doctrine.perimeters.blocked_here_m
    if isinstance(part, Point):
        return _at(part, area.network, reach_m)
    if isinstance(part, LineString):
        on_line = _on(part, area.network, doctrine.perimeters.blocked_line_m)
        middle = shapely.line_interpolate_point(part, 0.5, normalized=True)
        return on_line if on_line.any() else _at(middle, area.network, reach_m)
    return area.network.edges_meeting(enclosed(part))


def _told(number: int, closed: Bools, area: Area, doctrine: Doctrine) -> Notice:
    streets = sorted({area.network.street(int(e)) for e in np.flatnonzero(closed & area.network.drivable)})
    if streets:
        more = f" and {len(streets) - _NAMED} more" if len(streets) > _NAMED else ""
        return Notice(NoticeLevel.INFO, f"{_BLOCKED}{', '.join(streets[:_NAMED])}{more}", "closures")
    text = (
        f"'Blocked here' mark {number} closes nothing: no street lies within "
        f"{doctrine.perimeters.blocked_here_m:.0f} m of it. Tap nearer, or draw a line across the street"
    )
    return Notice(NoticeLevel.DANGER, text, "closures")


def _at(spot: Point, network: StreetNetwork, reach_m: float) -> Bools:
    mask = network.no_closures()
    for snap in network.snap([(spot.x, spot.y)], network.drivable):
        if snap is not None and snap.offset_m <= reach_m:
            mask[snap.edge] = True
            mask[_drawn_again(snap.edge, network)] = True
    return mask


def _drawn_again(edge: int, network: StreetNetwork) -> NDArray[np.int64]:
    """Return the streets on the line of another: some maps draw a street twice, and both are shut."""
    (line,) = network.lines([edge])
    beside = line.buffer(_SAME_LINE_M)
    near = network.edges_in_box(beside.bounds)
    level = (network.layer[near] == network.layer[edge]) & (network.tunnel[near] == network.tunnel[edge])
    near = near[network.drivable[near] & level & (near != edge) & (network.length_m[near] >= _LEAST_M)]
    on_it_m = shapely.length(shapely.intersection(network.lines(near), beside))
    shorter_m = np.minimum(network.length_m[near], network.length_m[edge])
    return np.asarray(near[on_it_m >= _MOSTLY * shorter_m])


def _on(line: LineString, network: StreetNetwork, reach_m: float) -> Bools:
    """Mask of the drivable streets that a line runs along or crosses."""
    mask = network.no_closures()
    beside = line.buffer(reach_m)
    near = np.flatnonzero(network.edges_meeting(beside) & network.drivable)
    streets = network.lines(near)
    inside_m = shapely.length(shapely.intersection(streets, beside))
    length_m = network.length_m[near]
    along = (length_m >= reach_m) & (inside_m > np.minimum(_ALONG * reach_m, _MOSTLY * length_m))
    meant = near[along | _across(line, streets, reach_m)]
    mask[meant] = True
    for edge in meant.tolist():  # its other line may have a junction just there
        mask[_drawn_again(edge, network)] = True
    return mask


def _across(line: BaseGeometry, streets: NDArray[np.object_], reach_m: float) -> Bools:
    """Tell which streets a line crosses away from their ends, where it may only pass a junction."""
    ends = shapely.union(shapely.get_point(streets, 0), shapely.get_point(streets, -1))
    where = shapely.intersection(streets, line)
    return np.asarray(~shapely.is_empty(where) & (shapely.distance(where, ends) > reach_m))
