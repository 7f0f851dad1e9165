"""The commander's own choices as candidates: places pinned on the map, and suggestions that were accepted.

An accepted suggestion is the same ground as before, with the same entrance, room and cautions; a pinned place
is what was drawn, entered from the nearest street.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m
from planner.doctrine import Doctrine
from planner.errors import IncidentError
from planner.model import Pin
from planner.outlines import enclosed
from planner.sites.candidates import Candidate
from planner.sites.grounds import grounds_of
from planner.streets.network import Snap
from planner.terms import PUBLIC, PlaceKind, Purpose

Bools = NDArray[np.bool_]
Candidates = Sequence[Candidate]

PINNED = "pinned"
"""Kind of a candidate that is known only from what the commander drew."""

_FIRM_AS_FAR_AS_KNOWN = 0.7
_SAME_SHARE = 0.999
_HALF_SHARE = 0.5
_LEAST_M2 = 1e-6


def pinned(
    pins: Iterable[Pin],
    found: Candidates,
    last_resort: Callable[[], Candidates],
    working: Bools,
    area: Area,
    doctrine: Doctrine,
) -> list[tuple[Purpose, Candidate]]:
    """Return pins as candidates; the last pin for a purpose stands.

    Parameters
    ----------
    pins : iterable of Pin
    found : sequence of Candidate
        Ground that the planner would suggest: an accepted pin is looked for there.
    last_resort : function
        Gives what is only suggested where nothing else serves; asked for only where an accepted pin is not
        among ``found``.
    working : (E,) bool array
        Streets that working vehicles can use.
    area : Area
    doctrine : Doctrine

    Raises
    ------
    IncidentError
        If a pin lies nowhere in the area.
    """
    by_purpose = {pin.purpose: pin for pin in pins}
    chosen = []
    for purpose, pin in by_purpose.items():
        shape = _shape(pin, area)
        ground = _accepted(pin, shape, found, last_resort) if pin.accepted else None
        chosen.append((purpose, ground or _drawn(pin, shape, working, area, doctrine)))
    return chosen


def _shape(pin: Pin, area: Area) -> BaseGeometry:
    shape = shapely.union_all([enclosed(part) for part in geometries_m(pin.shape, area.frame)])
    if shape.is_empty or not shape.intersects(area.extent_m):
        raise IncidentError(
            f"the pin for {pin.purpose.replace('_', ' ')} lies outside the area {area.name}",
            "Move it onto the map, or take it away",
        )
    return shape


def _accepted(
    pin: Pin, shape: BaseGeometry, found: Candidates, last_resort: Callable[[], Candidates]
) -> Candidate | None:
    """Return the ground that an accepted suggestion was of, cut as it was accepted; None where it is gone."""
    ground = _same_ground(shape, found) or _same_ground(shape, last_resort())
    if ground is None:
        return None
    named = replace(ground, name=pin.name or ground.name)
    if _likeness(shape, [ground])[0] >= _SAME_SHARE:  # but for the decimals of documents
        return named
    share = min(1.0, shape.area / ground.shape_m.area)
    return replace(named, shape_m=shape, open_m2=share * ground.open_m2)


def _same_ground(shape: BaseGeometry, among: Candidates) -> Candidate | None:
    """Return the candidate that is most alike, None where none is half the same."""
    if not among or shape.area == 0:
        return None
    likeness = _likeness(shape, among)
    best = int(np.argmax(likeness))
    common_m2 = shapely.intersection(among[best].shape_m, shape).area
    return among[best] if common_m2 >= _HALF_SHARE * shape.area else None


def _likeness(shape: BaseGeometry, among: Candidates) -> NDArray[np.float64]:
    """Return which share of the ground of either is ground of both, 0..1 for each candidate."""
    shapes = np.array([candidate.shape_m for candidate in among], dtype=object)
    common_m2 = shapely.area(shapely.intersection(shapes, shape))
    either_m2 = shapely.area(shapes) + shape.area - common_m2
    share: NDArray[np.float64] = common_m2 / np.maximum(either_m2, _LEAST_M2)
    return share


def _drawn(pin: Pin, shape: BaseGeometry, working: Bools, area: Area, doctrine: Doctrine) -> Candidate:
    siting = doctrine.siting
    middle = shapely.point_on_surface(shape)
    snap = _entrance((middle.x, middle.y), working, area, doctrine)
    grounds = grounds_of(area, siting)
    around = np.sort(grounds.tree.query(middle, predicate="intersects"))
    row = int(around[np.argmin(shapely.area(grounds.whole_m[around]))]) if len(around) else -1
    is_point = shape.area == 0
    ground = grounds.whole_m[row] if is_point and row >= 0 else shape
    known = np.array([row] if row >= 0 else [], dtype=np.int64)
    open_m2 = (
        shapely.area(shapely.intersection(ground, grounds.open_m(known))).sum() if row >= 0 else shape.area
    )
    return Candidate(
        kind=PINNED,
        name=pin.name or (str(grounds.name[row]) if row >= 0 else ""),
        shape_m=shape,
        open_m2=float(open_m2) if not (is_point and row < 0) else float("nan"),
        shelter_m2=float(grounds.shelter_m2(known).sum()),
        stalls=float("nan"),
        firmness=_FIRM_AS_FAR_AS_KNOWN,
        access=str(grounds.access[row]) if row >= 0 else "",
        entrance=snap,
        edges=(snap.edge,),
        inside=pin.purpose not in PUBLIC,
        parking_m2=float(grounds.parking_m2(known).sum()),
        lot=row >= 0 and grounds.kind[row] == PlaceKind.PARKING,
        stadium=row >= 0 and grounds.kind[row] == PlaceKind.STADIUM,
    )


def _entrance(spot_m: tuple[float, float], working: Bools, area: Area, doctrine: Doctrine) -> Snap:
    """Find where a pinned place is entered: from a street near it, else no street leads there: at itself.

    Never from a street far off, as on the other bank: a way that ends there would not be a way to the pin.
    """
    network, reach_m = area.network, doctrine.transport.entrance_reach_m
    for usable in (working, network.drivable):
        (snap,) = network.snap([spot_m], usable)
        if snap is not None and snap.offset_m <= reach_m:
            return snap
    (nearest,) = network.snap([spot_m], np.ones_like(working))
    assert nearest is not None  # an area has streets
    return nearest._replace(x_m=spot_m[0], y_m=spot_m[1])
