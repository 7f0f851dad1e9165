"""How much fits on each candidate: vehicles, patients, people (``domain.md`` 2.5, 2.6, 2.9)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Siting
from planner.sites.candidates import FOUND, STREET
from planner.sites.facts import Facts

Floats = NDArray[np.float64]
_HAIR = 1e-6

Capacity = Callable[[Facts, Siting], Floats]


def _once(count: Capacity) -> Capacity:
    """Count once for all purposes that ask for the same."""

    @wraps(count)
    def counted(facts: Facts, siting: Siting) -> Floats:
        return facts.once((count, siting), lambda: count(facts, siting))

    return counted


@_once
def free_m2(facts: Facts, siting: Siting) -> Floats:
    """Open ground that is free: part of every car park and kerb is taken (``domain.md`` 2.5)."""
    return facts.of("open_m2") * _free_share(facts, siting)


def _free_share(facts: Facts, siting: Siting) -> Floats:
    # Kerbs are taken at any hour: by night the cars of those who live there stand on them.
    # Of ground that nobody mapped no more is taken for granted.
    share = np.where(facts.is_kind(STREET, FOUND), siting.lot_free, siting.ground_free)
    return np.where(facts.of("lot") > 0, facts.lot_free, share)


def _whole(count: Floats) -> Floats:
    """Round down to whole ones; a hair below a whole number, as sums of metres come out, is that number."""
    return np.floor(count + _HAIR)


@_once
def patrol_cars(facts: Facts, siting: Siting) -> Floats:
    """Patrol cars: by ground, or by marked stalls where the map counts them."""
    return _vehicles(facts, siting, siting.patrol_m2, 1.0)


@_once
def ambulances(facts: Facts, siting: Siting) -> Floats:
    """Ambulances: by ground, or by marked stalls in proportion to a patrol car."""
    return _vehicles(facts, siting, siting.ambulance_m2, siting.ambulance_m2 / siting.patrol_m2)


@_once
def large_vehicles(facts: Facts, siting: Siting) -> Floats:
    """Broadcast vehicles, buses: by ground, or by marked stalls in proportion to a patrol car."""
    return _vehicles(facts, siting, siting.large_m2, siting.large_m2 / siting.patrol_m2)


def _vehicles(facts: Facts, siting: Siting, gross_m2: float, stalls_each: float) -> Floats:
    by_ground = free_m2(facts, siting) / gross_m2
    stalls = np.fmin(facts.of("stalls"), facts.of("open_m2") / siting.stall_m2) * facts.lot_free
    by_stalls = stalls / stalls_each
    if stalls_each > 1.0:  # stalls are marked for cars: what is larger needs its ground as well
        by_stalls = np.fmin(by_stalls, by_ground)
    return _whole(np.where(np.isfinite(facts.of("stalls")), by_stalls, by_ground))


@_once
def patients(facts: Facts, siting: Siting) -> Floats:
    """Return litter patients with room to work and move."""
    return _whole(free_m2(facts, siting) / siting.litter_m2)


@_once
def patients_indoors(facts: Facts, siting: Siting) -> Floats:
    """Return litter patients under a roof, with room to work and move."""
    return _whole(facts.of("shelter_m2") * siting.ground_free / siting.litter_m2)


@_once
def people_outdoors(facts: Facts, siting: Siting) -> Floats:
    """People standing, on open ground and under roofs."""
    floor_m2 = facts.of("shelter_m2") * siting.ground_free
    return _whole((free_m2(facts, siting) + floor_m2) / siting.standing_m2)


@_once
def people_indoors(facts: Facts, siting: Siting) -> Floats:
    """People under a roof; not known where no building is mapped on the ground, nor of a stadium.

    A stadium is mapped as one building with the field in it, which lies open to the sky more often than not.
    """
    floor_m2 = facts.of("shelter_m2") * siting.ground_free
    known = (floor_m2 > 0) & (facts.of("stadium") == 0)
    return np.where(known, _whole(floor_m2 / siting.standing_m2), np.nan)


@_once
def fire_engines(facts: Facts, siting: Siting) -> Floats:
    """Fire engines: by ground, or by marked stalls in proportion to a patrol car."""
    return _vehicles(facts, siting, siting.engine_m2, siting.engine_m2 / siting.patrol_m2)


@_once
def command_cars(facts: Facts, siting: Siting) -> Floats:
    """Patrol cars of a command post: on the ground, and at the kerb in front of a hall."""
    at_kerb = facts.of("frontage_m2") * siting.lot_free / siting.patrol_m2
    return _whole(patrol_cars(facts, siting) + at_kerb)
