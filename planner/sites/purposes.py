"""What each purpose asks of a site: kinds of ground, room, rules, criteria (``domain.md`` 2.4-2.10).

A purpose is one entry in :data:`ASKS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

import numpy as np

from planner.doctrine import Siting
from planner.ground.targets import HALL_KINDS
from planner.sites import criteria as by
from planner.sites import room as holds
from planner.sites.candidates import COVER, FOUND, LANDING, STREET, Candidate
from planner.sites.criteria import Criterion, Measure
from planner.sites.demand import Agency, Demand
from planner.sites.facts import Facts
from planner.sites.grounds import MEDIA_KINDS
from planner.sites.room import Capacity, Floats
from planner.terms import PUBLIC, PlaceKind, Purpose

_HALLS = HALL_KINDS
_OPEN = (
    PlaceKind.PARKING,
    PlaceKind.PARK,
    PlaceKind.PITCH,
    PlaceKind.OPEN_GROUND,
    PlaceKind.MARKETPLACE,
    PlaceKind.BUS_STATION,
    PlaceKind.FUEL,
    FOUND,
)
_TRADE = (PlaceKind.MALL, PlaceKind.SUPERMARKET)
_SERVICES = (PlaceKind.FIRE_STATION, PlaceKind.POLICE)


def is_working(purpose: Purpose) -> bool:
    """Whether responders work there; else it is for the public."""
    return purpose not in PUBLIC


@dataclass(frozen=True, eq=False)
class Asks:
    """All that one purpose asks.

    Parameters
    ----------
    purpose : Purpose
    kinds : tuple of str
        Kinds of ground that serve.
    inside : bool or None
        Between the perimeters, or outside both; None where either will do.
    unseen : bool
        Whether a site in sight of the hot zone is excluded.
    capacity : callable
        How many it holds, NaN where not known.
    unit : str
        Of what.
    need : callable
        How many it has to hold.
    criteria : tuple of Criterion
    officers : str
        Doctrine's field for its security.
    least : str
        Doctrine's share of the need below which a site is too small.
    counts_open, counts_roofs : bool
        Which ground of a site its capacity is counted on.
    optional : bool
        Whether a plan is whole without it.
    engines : bool
        Whether fire apparatus has to come in.
    floor : callable or None
        What ``least`` is a share of, where that is not the need.
    """

    purpose: Purpose
    kinds: tuple[str, ...]
    inside: bool | None
    unseen: bool
    capacity: Capacity
    unit: str
    need: Callable[[Demand, Siting], int]
    criteria: tuple[Criterion, ...]
    officers: str
    least: str = "room_least"
    counts_open: bool = True
    counts_roofs: bool = False
    optional: bool = False
    engines: bool = False
    floor: Callable[[Demand, Siting], int] | None = None

    def ground(self, candidate: Candidate) -> float:
        """Return the square metres of a candidate that serve this purpose."""
        open_m2 = candidate.open_m2 if self.counts_open else 0.0
        return open_m2 + (candidate.shelter_m2 if self.counts_roofs else 0.0)


_WAYS = Criterion("ways out", "ways", "weight_ways", by.ways)
_WITHIN = Criterion("within the outer perimeter", "yes/no", "weight_within", by.within)
_FIRM = Criterion("firm ground", "ratio", "weight_firm", by.firm)
_SHELTER = Criterion("shelter", "m2", "weight_shelter", by.shelter)
_OFF_STREET = Criterion("off the street", "yes/no", "weight_off_street", by.off_street)
_OFF_LINE = Criterion("distance to the inner perimeter and warm ground", "m", "weight_line", by.off_the_line)
_UNSEEN = Criterion("in sight of the hot zone", "yes/no", "weight_sight", by.unseen, of_sight=True)


def _gate_distance(measure: Measure) -> Criterion:
    return Criterion("walk from the inner perimeter", "m", "weight_distance", measure)


def _stalls_needed(_: Demand, siting: Siting) -> int:
    return siting.command_stalls


def _bays_needed(demand: Demand, siting: Siting) -> int:
    return demand.bays(siting)


def _bays_least(_: Demand, siting: Siting) -> int:
    return siting.ambulance_bays


def _media_needed(_: Demand, siting: Siting) -> int:
    return siting.media_vehicles


def _all_staged(demand: Demand, siting: Siting) -> int:
    """Return all vehicles to be staged, as so many patrol cars."""
    ground_m2 = sum(demand.ground_m2(agency, siting) for agency in Agency)
    return math.ceil(ground_m2 / siting.patrol_m2)


def _staged(agency: Agency) -> Callable[[Demand, Siting], int]:
    def need(demand: Demand, _: Siting) -> int:
        return demand.vehicles(agency)

    return need


def _patients_placed(demand: Demand, _: Siting) -> int:
    return demand.patients


def _people_placed(demand: Demand, _: Siting) -> int:
    return demand.people


def _bereaved_placed(demand: Demand, siting: Siting) -> int:
    return max(1, math.ceil(demand.people * siting.bereaved_share))


def _one(_: Demand, __: Siting) -> int:
    return 1


def _one_helicopter(facts: Facts, _: Siting) -> Floats:
    return np.full(len(facts.candidates), 1.0)


def _staging(purpose: Purpose, capacity: Capacity, unit: str, need: Callable[[Demand, Siting], int]) -> Asks:
    return Asks(
        purpose,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=None,
        unseen=True,
        capacity=capacity,
        unit=unit,
        need=need,
        criteria=(
            _gate_distance(by.staging_distance),
            Criterion("room", unit, "weight_room", by.room(capacity, need)),
            _WITHIN,
            _UNSEEN,
            _WAYS,
            _FIRM,
            _OFF_STREET,
        ),
        officers="officers_staging",
    )


def _families(purpose: Purpose) -> Asks:
    return Asks(
        purpose,
        _HALLS,
        inside=False,
        unseen=True,
        capacity=holds.people_indoors,
        unit="people indoors",
        need=_people_placed,
        criteria=(
            Criterion("drive from the outer perimeter", "m", "weight_distance", by.reunification_distance),
            Criterion("room indoors", "people", "weight_room", by.room(holds.people_indoors, _people_placed)),
            Criterion("parking for families", "stalls", "weight_parking", by.family_parking),
            Criterion("kind of hall that families are used to", "yes/no", "weight_kind", by.kind_of_hall),
            _UNSEEN,
            _WAYS,
        ),
        officers="officers_reunification",
        counts_open=False,
        counts_roofs=True,
    )


ASKS: tuple[Asks, ...] = (
    Asks(
        Purpose.COMMAND_POST,
        (*_OPEN, *_TRADE, *_SERVICES, *_HALLS, STREET),
        inside=True,
        unseen=True,
        capacity=holds.command_cars,
        unit="patrol cars",
        need=_stalls_needed,
        criteria=(
            _gate_distance(by.command_distance),
            Criterion("room", "patrol cars", "weight_room", by.room(holds.command_cars, _stalls_needed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
            _SHELTER,
            _OFF_STREET,
        ),
        officers="officers_command_post",
        least="command_least",
    ),
    Asks(
        Purpose.CASUALTY_COLLECTION,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=True,
        unseen=True,
        capacity=holds.patients,
        unit="patients",
        need=_patients_placed,
        criteria=(
            _gate_distance(by.casualty_distance),
            _OFF_LINE,
            Criterion("room", "patients", "weight_room", by.room(holds.patients, _patients_placed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
            _OFF_STREET,
        ),
        officers="officers_casualty",
        least="casualty_least",
    ),
    Asks(
        Purpose.AMBULANCE_EXCHANGE,
        (
            PlaceKind.PARKING,
            PlaceKind.BUS_STATION,
            PlaceKind.FUEL,
            PlaceKind.MARKETPLACE,
            *_TRADE,
            *_HALLS,
            STREET,
        ),
        inside=True,
        unseen=True,
        capacity=holds.ambulances,
        unit="ambulances",
        need=_bays_needed,
        criteria=(
            _gate_distance(by.casualty_distance),
            Criterion("room", "ambulances", "weight_room", by.room(holds.ambulances, _bays_needed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
        ),
        officers="officers_exchange",
        least="exchange_least",
        floor=_bays_least,
    ),
    _staging(Purpose.STAGING, holds.patrol_cars, "patrol cars", _all_staged),
    Asks(
        Purpose.EVACUATION,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=None,
        unseen=False,
        capacity=holds.people_outdoors,
        unit="people",
        need=_people_placed,
        criteria=(
            _gate_distance(by.evacuation_distance),
            _OFF_LINE,
            Criterion("room", "people", "weight_room", by.room(holds.people_outdoors, _people_placed)),
            _WITHIN,
            _UNSEEN,
            _SHELTER,
            _OFF_STREET,
        ),
        officers="officers_evacuation",
        counts_roofs=True,
    ),
    _families(Purpose.REUNIFICATION),
    Asks(
        Purpose.MEDIA,
        (*MEDIA_KINDS, STREET),
        inside=False,
        unseen=True,
        capacity=holds.large_vehicles,
        unit="broadcast vehicles",
        need=_media_needed,
        criteria=(
            Criterion("distance from the outer perimeter", "m", "weight_distance", by.media_distance),
            Criterion(
                "room", "broadcast vehicles", "weight_room", by.room(holds.large_vehicles, _media_needed)
            ),
            Criterion("backdrop", "m", "weight_backdrop", by.backdrop),
            Criterion("view of the roof line", "yes/no", "weight_backdrop", by.roof_view),
            Criterion("free sky for a dish", "ratio", "weight_sky", by.free_sky),
            _FIRM,
        ),
        officers="officers_media",
    ),
    Asks(
        Purpose.CASUALTY_COLLECTION_FORWARD,
        (COVER,),
        inside=True,
        unseen=False,
        capacity=holds.patients_indoors,
        unit="patients",
        need=_patients_placed,
        criteria=(
            Criterion("distance to the place of attack", "m", "weight_distance", by.close_to_attack),
            Criterion("room", "patients", "weight_room", by.room(holds.patients_indoors, _patients_placed)),
            _UNSEEN,
        ),
        officers="officers_casualty",
        counts_open=False,
        counts_roofs=True,
        optional=True,
    ),
    replace(_families(Purpose.REUNIFICATION_BEREAVED), need=_bereaved_placed, optional=True),
    replace(
        _staging(Purpose.STAGING_FIRE, holds.fire_engines, "fire engines", _staged(Agency.FIRE)),
        engines=True,
        optional=True,
    ),
    replace(
        _staging(Purpose.STAGING_POLICE, holds.patrol_cars, "patrol cars", _staged(Agency.POLICE)),
        optional=True,
    ),
    Asks(
        Purpose.HELISPOT,
        (LANDING,),
        inside=None,
        unseen=True,
        capacity=_one_helicopter,
        unit="helicopter",
        need=_one,
        criteria=(
            _gate_distance(by.landing_distance),
            Criterion("room to land by night", "m", "weight_room", by.landing_side),
            Criterion("mapped helipad", "yes/no", "weight_helipad", by.mapped_helipad),
            _UNSEEN,
            _FIRM,
        ),
        officers="officers_helispot",
        optional=True,
    ),
)
"""What each purpose asks, in the order in which they are chosen."""

_ALWAYS = (
    Purpose.COMMAND_POST,
    Purpose.AMBULANCE_EXCHANGE,
    Purpose.STAGING,
    Purpose.EVACUATION,
    Purpose.REUNIFICATION,
    Purpose.MEDIA,
    Purpose.HELISPOT,
)


def asks_for(demand: Demand, held: Container[Purpose] = (), *, apart: bool = False) -> list[Asks]:
    """Return what the purposes ask that an incident wants sites for, in the order of choosing.

    Parameters
    ----------
    demand : Demand
    held : container of Purpose
        What the commander pinned: always wanted.
    apart : bool
        Whether fire and police are to be staged away from the ambulances; so they are once they are pinned.
    """
    apart = apart or Purpose.STAGING_FIRE in held or Purpose.STAGING_POLICE in held
    purposes = set(_ALWAYS)
    if not demand.no_ccp:
        purposes |= {Purpose.CASUALTY_COLLECTION, Purpose.CASUALTY_COLLECTION_FORWARD}
    if demand.bereaved:
        purposes.add(Purpose.REUNIFICATION_BEREAVED)
    if apart and demand.fire:
        purposes.add(Purpose.STAGING_FIRE)
    if apart and demand.police and demand.ems:
        purposes.add(Purpose.STAGING_POLICE)
    asked = [asks for asks in ASKS if asks.purpose in purposes or asks.purpose in held]
    own = _staging_apart(demand)
    return [own if apart and asks.purpose is Purpose.STAGING else asks for asks in asked]


def _staging_apart(demand: Demand) -> Asks:
    """Return what staging asks where others wait elsewhere: then it is the ambulances', or the police's."""
    if demand.ems:
        return _staging(Purpose.STAGING, holds.ambulances, "ambulances", _staged(Agency.EMS))
    return _staging(Purpose.STAGING, holds.patrol_cars, "patrol cars", _staged(Agency.POLICE))
