"""Where a corridor is tight: stretches at which one vehicle standing badly stops all (``domain.md`` C3)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Transport
from planner.streets.network import Path, StreetNetwork
from planner.terms import FIRST_BLOCKING_BARRIER, Barrier, Parked, RoadClass

_GATES = (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE)
_BROAD = RoadClass.SECONDARY_LINK
"""Bridges of road classes up to this code are wide enough for two, where the map does not say how wide."""
_MANY_LANES = 2
_POCKET_STREETS = 60
"""A dead end with more streets than this is a quarter with one way in, which the single access tells."""


class Choke(NamedTuple):
    """A tight stretch of a corridor: its street, and what makes it tight."""

    street: str
    faults: tuple[str, ...]


class _Faults(NamedTuple):
    """What is wrong: grave where one vehicle standing badly stops all, light where it is soon in the way."""

    grave: tuple[str, ...]
    light: tuple[str, ...]


def worst_chokes(
    path: Path, network: StreetNetwork, rules: Transport, *, both_ends: bool = False
) -> tuple[Choke, ...]:
    """Return the tightest streets of a path: most grave faults first, then light ones, then the narrowest.

    Only what the map states counts: a street whose width it does not give may be as tight.

    Parameters
    ----------
    path : Path
    network : StreetNetwork
    rules : Transport
    both_ends : bool
        Whether its end counts too where it lies in a dead end, not only its beginning. A hospital's own
        drive does not.
    """
    ranked: list[tuple[int, int, float, int, Choke]] = []
    driven = np.flatnonzero((path.share > 0) & _worth_a_look(path, network, rules))
    ends = _dead_ends(path, network, rules, both_ends=both_ends)
    for k in sorted({*driven.tolist(), *(k for k in ends if path.share[k] > 0)}):
        edge = int(path.edges[k])
        grave, light = _faults(network, edge, rules)
        grave += _gates(path, k, network)
        light += _kerbs(path, k, network) + (("dead end",) if k in ends else ())
        if grave or light:
            width_m = float(np.nan_to_num(_width_m(network, edge), nan=np.inf))
            choke = Choke(network.street(edge), grave + light)
            ranked.append((-len(grave), -len(light), width_m, k, choke))
    worst: dict[str, Choke] = {}
    for *_, choke in sorted(ranked):
        worst.setdefault(choke.street, choke)
    return tuple(worst.values())[: rules.choke_points]


def _worth_a_look(path: Path, network: StreetNetwork, rules: Transport) -> NDArray[np.bool_]:
    """Mask of the stretches of a path with anything about them that may be a fault: few, of a long way."""
    edges = path.edges
    width_m = np.fmin(
        np.where(network.width_m[edges] > 0, network.width_m[edges], np.nan), network.maxwidth_m[edges]
    )
    barrier = np.maximum(
        network.node_barrier[network.edge_u[edges]], network.node_barrier[network.edge_v[edges]]
    )
    return np.asarray(
        (width_m < rules.choke_width_m)
        | (network.lanes[edges] == 1)
        | (network.maxheight_m[edges] < rules.choke_height_m)
        | (network.parked[edges] >= Parked.ONE_SIDE)
        | network.works[edges]
        | network.bridge[edges]
        | (barrier != Barrier.NONE)
    )


def _width_m(network: StreetNetwork, edge: int) -> float:
    """Metres that a vehicle has: of the carriageway, or what a sign or a bollard leaves; NaN if unknown."""
    width_m = float(network.width_m[edge])
    return float(np.fmin(width_m if width_m > 0 else np.nan, network.maxwidth_m[edge]))


def _faults(network: StreetNetwork, edge: int, rules: Transport) -> _Faults:
    grave, light = [], []
    width_m = _width_m(network, edge)
    if width_m < rules.choke_width_m:
        at_most = width_m == network.maxwidth_m[edge]
        grave.append(f"{width_m:.3g} m {'at most' if at_most else 'wide'}")
    if network.lanes[edge] == 1:
        grave.append("one lane")
    if network.maxheight_m[edge] < rules.choke_height_m:
        grave.append(f"{network.maxheight_m[edge]:.3g} m high")
    if network.parked[edge] == Parked.BOTH_SIDES:
        grave.append("cars park on both sides")
    if network.works[edge]:
        grave.append("under construction")
    if network.parked[edge] == Parked.ONE_SIDE:
        light.append("cars park on one side")
    if network.bridge[edge] and _is_slim(network, edge):
        light.append("a bridge")
    return _Faults(tuple(grave), tuple(light))


def _is_slim(network: StreetNetwork, edge: int) -> bool:
    """Whether a street has two lanes at most, by its lanes or, where they are unknown, by its class."""
    lanes = int(network.lanes[edge])
    return lanes <= _MANY_LANES if lanes else bool(network.road_class[edge] > _BROAD)


def _through(path: Path, k: int, network: StreetNetwork) -> int:
    """Return what stands at the far end of a stretch that is driven through, as a code of Barrier."""
    if k + 1 >= len(path.edges) or path.share[k + 1] == 0:
        return Barrier.NONE
    return int(network.node_barrier[_ends_of(path, k, network)[1]])


def _gates(path: Path, k: int, network: StreetNetwork) -> tuple[str, ...]:
    return ("a gate, perhaps locked",) if _through(path, k, network) in _GATES else ()


def _kerbs(path: Path, k: int, network: StreetNetwork) -> tuple[str, ...]:
    return ("a kerb across it",) if _through(path, k, network) == Barrier.KERB else ()


# --- dead ends --------------------------------------------------------------------------------------


def _ends_of(path: Path, k: int, network: StreetNetwork) -> tuple[int, int]:
    """Return the nodes from and to which a stretch of a path is driven."""
    edge = path.edges[k]
    ends = int(network.edge_u[edge]), int(network.edge_v[edge])
    return ends if path.forward[k] else ends[::-1]


def _dead_ends(path: Path, network: StreetNetwork, rules: Transport, *, both_ends: bool) -> set[int]:
    """Return the stretches at the beginning, and the end, behind which there is no way on."""
    found: set[int] = set()
    runs = [range(len(path.edges))]
    runs += [range(len(path.edges) - 1, -1, -1)] if both_ends else []
    for number, run in enumerate(runs):
        for k in run:
            near, far = _ends_of(path, k, network)[:: -1 if number else 1]
            if not _is_pocket(near, far, int(path.edges[k]), network, rules):
                break
            found.add(k)
    return found


def _is_pocket(near: int, far: int, edge: int, network: StreetNetwork, rules: Transport) -> bool:
    """Whether all that lies behind a street's near end is left by that street alone.

    At the rim of the map streets go on that it does not show: nothing is said there.
    """
    west_m, south_m, east_m, north_m = _mapped_m(network)
    seen, waiting, streets = {near}, [near], {edge}
    while waiting:
        node = waiting.pop()
        x_m, y_m = network.node_xy_m[node].tolist()
        if node == far or min(x_m - west_m, east_m - x_m, y_m - south_m, north_m - y_m) <= rules.map_rim_m:
            return False
        if network.node_barrier[node] >= FIRST_BLOCKING_BARRIER:
            continue
        for street in (network.arcs_at(node) % network.edge_count).tolist():
            if street in streets or not network.drivable[street]:
                continue
            streets.add(street)
            if len(streets) > _POCKET_STREETS:
                return False
            for other in (int(network.edge_u[street]), int(network.edge_v[street])):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return True


@lru_cache(maxsize=4)
def _mapped_m(network: StreetNetwork) -> tuple[float, float, float, float]:
    """Return the box that the map's streets fill."""
    low, high = network.node_xy_m.min(axis=0), network.node_xy_m.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
