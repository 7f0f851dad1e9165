"""What each purpose asks of a site: kinds of ground, room, criteria that score (``domain.md`` 2.4-2.10).

A purpose is one entry in :data:`ASKS`. Rules and criteria are functions over all candidates at once; each
gives one value per candidate, so that what decided can be told in numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.candidates import COVER, STREET, Candidate
from planner.doctrine import Siting
from planner.grounds import HALL_KINDS, MEDIA_KINDS
from planner.model import Incident
from planner.terms import PlaceKind, Purpose

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_HALLS = HALL_KINDS
_OPEN = (
    PlaceKind.PARKING,
    PlaceKind.PARK,
    PlaceKind.PITCH,
    PlaceKind.OPEN_GROUND,
    PlaceKind.MARKETPLACE,
    PlaceKind.BUS_STATION,
    PlaceKind.FUEL,
)
_TRADE = (PlaceKind.MALL, PlaceKind.SUPERMARKET)
_GATHERING = (
    PlaceKind.SCHOOL,
    PlaceKind.WORSHIP,
    PlaceKind.COMMUNITY_CENTRE,
    PlaceKind.CONFERENCE_CENTRE,
    PlaceKind.STADIUM,
    PlaceKind.HOTEL,
    PlaceKind.LIBRARY,
)
"""Halls that families are best sent to (``domain.md`` 2.9)."""
_SERVICES = (PlaceKind.FIRE_STATION, PlaceKind.POLICE)


UNMAPPED = -1
"""Sight is not known: no buildings are mapped between."""

FAR = -2
"""Sight is not known: the place lies further off than sight was looked for."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known about all candidates of an incident. Arrays are (n,).

    Parameters
    ----------
    candidates : tuple of Candidate
    walk_m : float array
        Along streets and paths that are not hot, from the nearest inner post, or where none leads there from
        the line of the inner perimeter; infinite where there is no way.
    gate : tuple of str
        Id of that post, "" where there is none.
    off_street_m : float array
        How much of the walk from the line is over open ground; NaN where one walks from a gate.
    has_gates : bool
        Whether the inner perimeter has any post.
    drive_m : float array
        Along streets open to the public, from the outer perimeter; infinite where there is no way.
    target_m, outer_m : float array
        Straight from the place of attack, and from the outer perimeter (0 inside it).
    in_sight : int array
        1 in sight of the hot zone, 0 out of sight; :data:`UNMAPPED` and :data:`FAR` where not known.
    unseen_m : float
        Within this of the place of attack, a site that must not be seen must not be.
    sight_m : float
        How far sight was looked for.
    drives_out : bool array
        Whether vehicles can come to its entrance from outside, and leave again.
    ways : int array
        Ways out that share no street: 2 or more count as 2.
    rejected : (n,) object array of frozenset of Purpose
    """

    candidates: tuple[Candidate, ...]
    walk_m: Floats
    gate: tuple[str, ...]
    off_street_m: Floats
    has_gates: bool
    drive_m: Floats
    target_m: Floats
    outer_m: Floats
    in_sight: NDArray[np.int64]
    unseen_m: float
    sight_m: float
    drives_out: NDArray[np.bool_]
    ways: NDArray[np.int64]
    rejected: tuple[frozenset[Purpose], ...]

    def of(self, field: str) -> Floats:
        """Return a number of every candidate."""
        return np.array([getattr(c, field) for c in self.candidates], dtype=np.float64)

    def is_kind(self, *kinds: str) -> Bools:
        """Return which candidates are of the given kinds."""
        return np.array([c.kind in kinds for c in self.candidates], dtype=bool)


@dataclass(frozen=True)
class Demand:
    """How much each purpose has to hold, from the incident or assumed by doctrine."""

    vehicles: int
    patients: int
    people: int
    assumed: tuple[str, ...]

    @classmethod
    def of(cls, incident: Incident, siting: Siting) -> Demand:
        """Read the incident; what it does not say is assumed, and said to be."""
        assumed = []
        vehicles = sum(count for _, count in incident.units)
        if vehicles == 0:
            vehicles = siting.staging_units
            assumed.append(f"{vehicles} vehicles to stage")
        given = incident.casualties
        patients = 0 if given is None else given.red + given.yellow + given.green
        if patients == 0:
            patients = siting.casualties_assumed
            assumed.append(f"{patients} casualties")
        people = incident.on_site or 0
        if people == 0:
            people = siting.people_assumed
            assumed.append(f"{people} people on site")
        return cls(vehicles, patients, people, tuple(assumed))


Measure = Callable[[Facts, Demand, Siting], tuple[Floats, Floats]]
Capacity = Callable[[Facts, Siting], Floats]


@dataclass(frozen=True)
class Criterion:
    """One thing that makes a site better: what it is called, its unit, its weight's name in doctrine."""

    name: str
    unit: str
    weight: str
    measure: Measure


@dataclass(frozen=True)
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

    def ground(self, candidate: Candidate) -> float:
        """Return the square metres of a candidate that serve this purpose."""
        open_m2 = candidate.open_m2 if self.counts_open else 0.0
        return open_m2 + (candidate.shelter_m2 if self.counts_roofs else 0.0)


# --- how much fits ------------------------------------------------------------------------------


def free_m2(facts: Facts, siting: Siting) -> Floats:
    """Open ground that is free: part of every car park and kerb is taken (``domain.md`` 2.5)."""
    share = np.where(facts.is_kind(PlaceKind.PARKING, STREET), siting.lot_free, siting.ground_free)
    return facts.of("open_m2") * share


def patrol_cars(facts: Facts, siting: Siting) -> Floats:
    """Patrol cars: by ground, or by marked stalls where the map counts them."""
    return _vehicles(facts, siting, siting.patrol_m2, 1.0)


def ambulances(facts: Facts, siting: Siting) -> Floats:
    """Ambulances: by ground, or by marked stalls in proportion to a patrol car."""
    return _vehicles(facts, siting, siting.ambulance_m2, siting.ambulance_m2 / siting.patrol_m2)


def large_vehicles(facts: Facts, siting: Siting) -> Floats:
    """Broadcast vehicles, buses: by ground, or by marked stalls in proportion to a patrol car."""
    return _vehicles(facts, siting, siting.large_m2, siting.large_m2 / siting.patrol_m2)


def _vehicles(facts: Facts, siting: Siting, gross_m2: float, stalls_each: float) -> Floats:
    by_ground = free_m2(facts, siting) / gross_m2
    stalls = np.fmin(facts.of("stalls"), facts.of("open_m2") / siting.stall_m2) * siting.lot_free
    return np.floor(np.where(np.isfinite(facts.of("stalls")), stalls / stalls_each, by_ground))


def patients(facts: Facts, siting: Siting) -> Floats:
    """Return litter patients with room to work and move."""
    return np.floor(free_m2(facts, siting) / siting.litter_m2)


def patients_indoors(facts: Facts, siting: Siting) -> Floats:
    """Return litter patients under a roof, with room to work and move."""
    return np.floor(facts.of("shelter_m2") * siting.ground_free / siting.litter_m2)


def people_outdoors(facts: Facts, siting: Siting) -> Floats:
    """People standing, on open ground and under roofs."""
    return np.floor((free_m2(facts, siting) + facts.of("shelter_m2")) / siting.standing_m2)


def people_indoors(facts: Facts, siting: Siting) -> Floats:
    """People under a roof; not known where no building is mapped on the ground."""
    shelter = facts.of("shelter_m2")
    return np.where(shelter > 0, np.floor(shelter / siting.standing_m2), np.nan)


# --- criteria -----------------------------------------------------------------------------------


def falling(value: Floats, full: float, zero: float) -> Floats:
    """1 up to ``full``, down to 0 at ``zero``; 0 where not known."""
    return np.nan_to_num(np.clip((zero - value) / (zero - full), 0.0, 1.0), nan=0.0)


def rising(value: Floats, zero: float, full: float) -> Floats:
    """0 up to ``zero``, up to 1 at ``full``; 0 where not known."""
    return np.nan_to_num(np.clip((value - zero) / (full - zero), 0.0, 1.0), nan=0.0)


def band(value: Floats, near: float, far: float) -> Floats:
    """1 between ``near`` and ``far``, less nearer by, 0 from three times ``far`` on."""
    return np.minimum(rising(value, 0.0, near), falling(value, far, 3 * far))


def _command_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.walk_m, band(facts.walk_m, siting.command_near_m, siting.command_far_m)


def _staging_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.walk_m, band(facts.walk_m, siting.staging_near_m, siting.staging_far_m)


def _casualty_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.walk_m, falling(facts.walk_m, siting.casualty_walk_m, siting.casualty_walk_far_m)


def _evacuation_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.walk_m, falling(facts.walk_m, siting.evacuation_walk_m, 3 * siting.evacuation_walk_m)


def _reunification_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    nearer = rising(facts.drive_m, 0.0, siting.reunification_near_m)
    further = falling(facts.drive_m, siting.reunification_best_m, 2 * siting.reunification_far_m)
    return facts.drive_m, np.minimum(nearer, further)


def _media_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.outer_m, falling(facts.outer_m, siting.search_m / 5, siting.search_m)


def _ways(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    ways = facts.ways.astype(np.float64)
    return ways, rising(ways, 1.0, 2.0)


def _within(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    inside = facts.of("inside")
    return inside, inside


def _firm(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    firmness = facts.of("firmness")
    return firmness, firmness


def _shelter(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    shelter = facts.of("shelter_m2")
    return shelter, rising(shelter, 0.0, siting.shelter_min_m2)


def _off_street(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    off = (~facts.is_kind(STREET)).astype(np.float64)
    return off, off


def _unseen(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    value = np.where(facts.in_sight < 0, np.nan, facts.in_sight)
    return value, np.where((facts.in_sight == 0) | (facts.in_sight == FAR), 1.0, 0.0)


def _family_parking(facts: Facts, demand: Demand, siting: Siting) -> tuple[Floats, Floats]:
    stalls = np.floor(facts.of("parking_m2") * siting.lot_free / siting.stall_m2)
    return stalls, rising(stalls, 0.0, demand.people * siting.family_stalls)


def _kind_of_hall(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    known = facts.is_kind(*_GATHERING).astype(np.float64)
    return known, np.where(known > 0, 1.0, 0.5)


def _close_to_attack(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.target_m, falling(facts.target_m, siting.casualty_walk_m, siting.casualty_walk_far_m)


def _backdrop(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    return facts.target_m, falling(facts.target_m, siting.media_backdrop_m, 2 * siting.media_backdrop_m)


def _room(capacity: Capacity, need: Callable[[Demand, Siting], int]) -> Measure:
    def measure(facts: Facts, demand: Demand, siting: Siting) -> tuple[Floats, Floats]:
        holds = capacity(facts, siting)
        return holds, rising(holds, 0.0, float(need(demand, siting)))

    return measure


_WAYS = Criterion("ways out", "ways", "weight_ways", _ways)
_WITHIN = Criterion("within the outer perimeter", "yes/no", "weight_within", _within)
_FIRM = Criterion("firm ground", "ratio", "weight_firm", _firm)
_SHELTER = Criterion("shelter", "m2", "weight_shelter", _shelter)
_OFF_STREET = Criterion("off the street", "yes/no", "weight_off_street", _off_street)
_UNSEEN = Criterion("in sight of the hot zone", "yes/no", "weight_sight", _unseen)


def _gate_distance(measure: Measure) -> Criterion:
    return Criterion("walk from the inner gate", "m", "weight_distance", measure)


def _stalls_needed(_: Demand, siting: Siting) -> int:
    return siting.command_stalls


def _bays_needed(_: Demand, siting: Siting) -> int:
    return siting.ambulance_bays


def _media_needed(_: Demand, siting: Siting) -> int:
    return siting.media_vehicles


def _vehicles_staged(demand: Demand, _: Siting) -> int:
    return demand.vehicles


def _patients_placed(demand: Demand, _: Siting) -> int:
    return demand.patients


def _people_placed(demand: Demand, _: Siting) -> int:
    return demand.people


def _one(_: Demand, __: Siting) -> int:
    return 1


def _one_helicopter(facts: Facts, _: Siting) -> Floats:
    # No obstacles are looked at yet: whether one fits is not known.
    return np.full(len(facts.candidates), np.nan)


ASKS: tuple[Asks, ...] = (
    Asks(
        Purpose.COMMAND_POST,
        (*_OPEN, *_TRADE, *_SERVICES, *_HALLS, STREET),
        inside=True,
        unseen=True,
        capacity=patrol_cars,
        unit="patrol cars",
        need=_stalls_needed,
        criteria=(
            _gate_distance(_command_distance),
            Criterion("room", "patrol cars", "weight_room", _room(patrol_cars, _stalls_needed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
            _SHELTER,
            _OFF_STREET,
        ),
        officers="officers_command_post",
    ),
    Asks(
        Purpose.CASUALTY_COLLECTION,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=True,
        unseen=True,
        capacity=patients,
        unit="patients",
        need=_patients_placed,
        criteria=(
            _gate_distance(_casualty_distance),
            Criterion("room", "patients", "weight_room", _room(patients, _patients_placed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
            _OFF_STREET,
        ),
        officers="officers_casualty",
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
        capacity=ambulances,
        unit="ambulances",
        need=_bays_needed,
        criteria=(
            _gate_distance(_casualty_distance),
            Criterion("room", "ambulances", "weight_room", _room(ambulances, _bays_needed)),
            _UNSEEN,
            _WAYS,
            _FIRM,
        ),
        officers="officers_exchange",
        least="exchange_least",
    ),
    Asks(
        Purpose.STAGING,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=None,
        unseen=True,
        capacity=patrol_cars,
        unit="patrol cars",
        need=_vehicles_staged,
        criteria=(
            _gate_distance(_staging_distance),
            Criterion("room", "patrol cars", "weight_room", _room(patrol_cars, _vehicles_staged)),
            _WITHIN,
            _UNSEEN,
            _WAYS,
            _FIRM,
            _OFF_STREET,
        ),
        officers="officers_staging",
    ),
    Asks(
        Purpose.EVACUATION,
        (*_OPEN, *_TRADE, *_HALLS, STREET),
        inside=None,
        unseen=False,
        capacity=people_outdoors,
        unit="people",
        need=_people_placed,
        criteria=(
            _gate_distance(_evacuation_distance),
            Criterion("room", "people", "weight_room", _room(people_outdoors, _people_placed)),
            _WITHIN,
            _UNSEEN,
            _SHELTER,
            _OFF_STREET,
        ),
        officers="officers_evacuation",
        counts_roofs=True,
    ),
    Asks(
        Purpose.REUNIFICATION,
        _HALLS,
        inside=False,
        unseen=True,
        capacity=people_indoors,
        unit="people indoors",
        need=_people_placed,
        criteria=(
            Criterion("drive from the outer perimeter", "m", "weight_distance", _reunification_distance),
            Criterion("room indoors", "people", "weight_room", _room(people_indoors, _people_placed)),
            Criterion("parking for families", "stalls", "weight_parking", _family_parking),
            Criterion("kind of hall that families are used to", "yes/no", "weight_kind", _kind_of_hall),
            _WAYS,
        ),
        officers="officers_reunification",
        counts_open=False,
        counts_roofs=True,
    ),
    Asks(
        Purpose.MEDIA,
        (*MEDIA_KINDS, STREET),
        inside=False,
        unseen=True,
        capacity=large_vehicles,
        unit="broadcast vehicles",
        need=_media_needed,
        criteria=(
            Criterion("distance from the outer perimeter", "m", "weight_distance", _media_distance),
            Criterion("room", "broadcast vehicles", "weight_room", _room(large_vehicles, _media_needed)),
            Criterion("backdrop", "m", "weight_backdrop", _backdrop),
            _FIRM,
        ),
        officers="officers_media",
    ),
    Asks(
        Purpose.CASUALTY_COLLECTION_FORWARD,
        (COVER,),
        inside=True,
        unseen=False,
        capacity=patients_indoors,
        unit="patients",
        need=_patients_placed,
        criteria=(
            Criterion("distance to the place of attack", "m", "weight_distance", _close_to_attack),
            Criterion("room", "patients", "weight_room", _room(patients_indoors, _patients_placed)),
            _UNSEEN,
        ),
        officers="officers_casualty",
        counts_open=False,
        counts_roofs=True,
        optional=True,
    ),
    Asks(
        Purpose.HELISPOT,
        (),
        inside=None,
        unseen=False,
        capacity=_one_helicopter,
        unit="helicopter",
        need=_one,
        criteria=(_FIRM,),
        officers="officers_helispot",
        optional=True,
    ),
)
"""What each purpose asks, in the order in which they are chosen."""
