"""What makes one site better than another, as functions over all candidates at once (``domain.md`` 2.4-2.10).

Each gives one value and its points for every candidate, so that what decided can be told in numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Siting
from planner.sites.candidates import FOUND, STREET
from planner.sites.demand import Demand
from planner.sites.facts import FAR, UNMAPPED, Facts
from planner.sites.room import Capacity
from planner.terms import PlaceKind

Floats = NDArray[np.float64]

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

Measure = Callable[[Facts, Demand, Siting], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Criterion:
    """One thing that makes a site better.

    Parameters
    ----------
    name : str
        What it is called.
    unit : str
    weight : str
        Doctrine's field for its weight.
    measure : callable
    of_sight : bool
        Whether it hangs on sight of the hot zone, which is looked for bit by bit.
    """

    name: str
    unit: str
    weight: str
    measure: Measure
    of_sight: bool = False


def falling(value: Floats, full: float, zero: float) -> Floats:
    """1 up to ``full``, down to 0 at ``zero``; 0 where not known."""
    return np.fmin(np.fmax((zero - value) / (zero - full), 0.0), 1.0)


def rising(value: Floats, zero: float, full: float) -> Floats:
    """0 up to ``zero``, up to 1 at ``full``; 0 where not known."""
    return np.fmin(np.fmax((value - zero) / (full - zero), 0.0), 1.0)


def band(value: Floats, near: float, far: float) -> Floats:
    """1 between ``near`` and ``far``, less nearer by, 0 from three times ``far`` on."""
    return np.minimum(rising(value, 0.0, near), falling(value, far, 3 * far))


def command_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Walk from the inner gate: near enough to command, not at the gate."""
    return facts.walk_m, band(facts.walk_m, siting.command_near_m, siting.command_far_m)


def staging_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Walk from the inner gate: a few minutes, a block or two away."""
    return facts.walk_m, band(facts.walk_m, siting.staging_near_m, siting.staging_far_m)


def casualty_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Walk from the inner gate: as short as can be for those who carry."""
    return facts.walk_m, falling(facts.walk_m, siting.casualty_walk_m, siting.casualty_walk_far_m)


def evacuation_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Walk from the inner gate for people who are not hurt."""
    return facts.walk_m, falling(facts.walk_m, siting.evacuation_walk_m, 3 * siting.evacuation_walk_m)


def off_the_line(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Straight distance to the inner perimeter and to warm ground: where people stay, not against them."""
    value = np.where(np.isfinite(facts.danger_m), facts.danger_m, np.nan)
    return value, rising(np.where(np.isnan(value), siting.line_m, value), 0.0, siting.line_m)


def reunification_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Drive from the outer perimeter: not round the corner, not far."""
    nearer = rising(facts.drive_m, 0.0, siting.reunification_near_m)
    further = falling(facts.drive_m, siting.reunification_best_m, 2 * siting.reunification_far_m)
    return facts.drive_m, np.minimum(nearer, further)


def media_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Distance from the outer perimeter."""
    return facts.outer_m, falling(facts.outer_m, siting.search_m / 5, siting.search_m)


def ways(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Ways out that share no street."""
    count = facts.ways.astype(np.float64)
    return count, rising(count, 1.0, 2.0)


def within(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether it lies between the perimeters, where it is guarded."""
    inside = facts.of("inside")
    return inside, inside


def firm(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Paved, firm as far as known, or soft."""
    firmness = facts.of("firmness")
    return firmness, firmness


def shelter(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Roofs on the same ground."""
    roofs_m2 = facts.of("shelter_m2")
    return roofs_m2, rising(roofs_m2, 0.0, siting.shelter_min_m2)


def off_street(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether lanes stay free; ground that nobody mapped counts half, or not if it may be built over."""
    off = (~facts.is_kind(STREET)).astype(np.float64)
    return off, np.where(facts.is_kind(FOUND), np.where(facts.of("unbuilt") > 0, 0.0, 0.5), off)


def unseen(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether it is out of sight of the hot zone; unknown counts half at most, less near by."""
    value = np.where(facts.in_sight < 0, np.nan, facts.in_sight)
    hidden = (facts.in_sight == 0) | (facts.in_sight == FAR)
    hoped = np.where(
        facts.in_sight == UNMAPPED, 0.5 * rising(facts.target_m, 0.0, max(facts.sight_m, 1.0)), 0.0
    )
    return value, np.where(hidden, 1.0, hoped)


def family_parking(facts: Facts, demand: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Free stalls within a walk of the hall."""
    stalls = np.floor(facts.of("parking_m2") * facts.lot_free / siting.stall_m2)
    return stalls, rising(stalls, 0.0, demand.people * siting.family_stalls)


def kind_of_hall(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether families are used to such a hall."""
    known = facts.is_kind(*_GATHERING).astype(np.float64)
    return known, np.where(known > 0, 1.0, 0.5)


def close_to_attack(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Distance to the place of attack."""
    return facts.target_m, falling(facts.target_m, siting.casualty_walk_m, siting.casualty_walk_far_m)


def backdrop(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Distance to the place of attack, as cameras see it."""
    return facts.target_m, falling(facts.target_m, siting.media_backdrop_m, 2 * siting.media_backdrop_m)


def room(capacity: Capacity, need: Callable[[Demand, Siting], int]) -> Measure:
    """Room for what is needed; more than that scores no more."""

    def measure(facts: Facts, demand: Demand, siting: Siting) -> tuple[Floats, Floats]:
        holds = capacity(facts, siting)
        return holds, rising(holds, 0.0, float(max(1, need(demand, siting))))

    return measure


def landing_distance(facts: Facts, _: Demand, siting: Siting) -> tuple[Floats, Floats]:
    """Walk from the inner gate to a landing square: patients are carried or driven there."""
    return facts.walk_m, falling(facts.walk_m, siting.helispot_near_m, 3 * siting.helispot_near_m)


def landing_side(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Side of a landing square; a larger one serves by night and in wind."""
    side_m = np.array([c.landing.side_m if c.landing else np.nan for c in facts.candidates])
    return side_m, rising(side_m, 0.0, max(1.0, float(np.nanmax(side_m, initial=1.0))))


def mapped_helipad(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether helicopters land there anyway."""
    pad = np.array(
        [c.landing is not None and c.landing.ground < 0 for c in facts.candidates], dtype=np.float64
    )
    return pad, pad


def roof_view(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Whether the roof line of the place of attack is in view; what is not known counts half."""
    return facts.view, np.nan_to_num(facts.view, nan=0.5)


def free_sky(facts: Facts, _: Demand, __: Siting) -> tuple[Floats, Floats]:
    """Share of the sky towards the equator that is free; what is not known counts half."""
    return facts.sky, np.nan_to_num(facts.sky, nan=0.5)
