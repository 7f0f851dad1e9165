"""How long streets and junctions take: an ambulance, the public, people on foot (``domain.md`` 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.doctrine import Travelling
from planner.street_arrays import Bools, Floats, StreetArrays
from planner.terms import Access, Barrier, RoadClass, Service, Travel


@dataclass(frozen=True, eq=False)
class Timing:
    """How long one traveller takes.

    Parameters
    ----------
    arc_s : (2E,) float array
        Seconds along each arc; infinite where that traveller may not or cannot go.
    node_s : (N,) float array
        Seconds lost when passing *through* a junction (signals, gates); infinite at a barrier. A place on
        the street before the barrier can still be reached: only going on is barred.
    """

    arc_s: Floats
    node_s: Floats

    @property
    def open_edges(self) -> Bools:
        """Mask (E,) of edges that can be used in at least one direction."""
        along, against = np.split(np.isfinite(self.arc_s), 2)
        either: Bools = along | against
        return either

    def reversed(self) -> Timing:
        """Return the timing of the streets driven backwards: a search *from* a place becomes one *to* it."""
        along, against = np.split(self.arc_s, 2)
        return Timing(np.concatenate([against, along]), self.node_s)

    def weighted(self, factor: Floats, extra_s: Floats) -> Timing:
        """Return weights for a search that likes some edges less: both directions times (E,), plus (E,)."""
        return Timing(self.arc_s * np.tile(factor, 2) + np.tile(extra_s, 2), self.node_s)


def find_timing(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Timing:
    """Return how long each arc and junction takes a traveller.

    Parameters
    ----------
    streets : StreetArrays
    travel : Travel
        Who travels.
    travelling : Travelling
        Speeds and delays, from doctrine (``domain.md`` 3.3).
    """
    if travel is Travel.FOOT:
        arc_s, node_s = _foot_times(streets, travelling), np.zeros(streets.node_count)
    else:
        arc_s, node_s = _arc_times(streets, travel, travelling), _node_times(streets, travel, travelling)
    arc_s.flags.writeable = node_s.flags.writeable = False
    return Timing(arc_s, node_s)


def _arc_times(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Floats:
    speed_kmh = travelling.speeds_kmh(streets.road_class, streets.maxspeed_kmh)
    seconds = streets.length_m / (speed_kmh / 3.6)
    passable = _passable(streets, travel, travelling)
    along = passable & (streets.oneway >= 0)
    against = passable & (streets.oneway <= 0)
    along_s, against_s = np.where(along, seconds, np.inf), np.where(against, seconds, np.inf)
    if travel is Travel.EMERGENCY:
        contraflow_s = _contraflow_times(streets, speed_kmh, passable, travelling)
        along_s, against_s = np.fmin(along_s, contraflow_s), np.fmin(against_s, contraflow_s)
    return np.concatenate([along_s, against_s])


def _contraflow_times(
    streets: StreetArrays, speed_kmh: Floats, passable: Bools, travelling: Travelling
) -> Floats:
    """Seconds against a oneway: slowly; never on motorways, roundabouts or where traffic is fast [ORS]."""
    barred = np.isin(streets.road_class, (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)) | streets.roundabout
    allowed = passable & ~barred & (speed_kmh <= travelling.contraflow_max_kmh)
    crawl_kmh = np.fmin(speed_kmh, travelling.contraflow_kmh)
    return np.where(allowed, streets.length_m / (crawl_kmh / 3.6), np.inf)


def _node_times(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Floats:
    gate = _is_gate(streets)
    delay = np.where(streets.node_signal, travelling.signal_s(travel), 0.0)
    delay += np.where(gate, travelling.gate_s, 0.0)
    delay[streets.blocked_node] = np.inf
    if travel is Travel.PUBLIC:
        delay[gate & np.isin(streets.node_access, (Access.NO, Access.PRIVATE))] = np.inf
    return delay


def _is_gate(streets: StreetArrays) -> Bools:
    return np.isin(streets.node_barrier, (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE))


def _passable(streets: StreetArrays, travel: Travel, travelling: Travelling) -> Bools:
    if travel is Travel.EMERGENCY:
        low = streets.maxheight_m < travelling.ambulance_height_m  # False where the height is unknown
        return streets.drivable & (streets.emergency >= 0) & ~low
    barred = np.isin(streets.access, (Access.NO, Access.PRIVATE, Access.PERMIT))
    barred |= streets.service == Service.EMERGENCY_ACCESS
    barred |= streets.road_class == RoadClass.BUSWAY
    return streets.drivable & ~barred


def _foot_times(streets: StreetArrays, travelling: Travelling) -> Floats:
    no_foot = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK)
    walkable = ~np.isin(streets.road_class, no_foot) & (streets.foot_access != Access.NO)
    seconds = np.where(walkable, streets.length_m / (travelling.walking_kmh / 3.6), np.inf)
    return np.concatenate([seconds, seconds])
