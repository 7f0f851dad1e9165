"""Where a corridor is tight: stretches at which one vehicle standing badly stops all (``domain.md`` C3)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.doctrine import Transport
from planner.streets.network import Path, StreetNetwork
from planner.terms import Barrier

_GATES = (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE)


class Choke(NamedTuple):
    """A tight stretch of a corridor: its street, and what makes it tight."""

    street: str
    faults: tuple[str, ...]


def worst_chokes(path: Path, network: StreetNetwork, rules: Transport) -> tuple[Choke, ...]:
    """Return the tightest streets of a path: most faults first, then the narrowest, then the first passed.

    Only what the map states counts: a street whose width it does not give may be as tight.
    """
    ranked: list[tuple[int, float, int, Choke]] = []
    driven = np.flatnonzero(path.share > 0)
    for k in driven.tolist():
        edge = int(path.edges[k])
        faults = _faults(network, edge, rules) + _gates(path, k, network)
        if faults:
            width_m = float(np.nan_to_num(network.width_m[edge], nan=np.inf))
            ranked.append((-len(faults), width_m, k, Choke(network.street(edge), faults)))
    worst: dict[str, Choke] = {}
    for *_, choke in sorted(ranked):
        worst.setdefault(choke.street, choke)
    return tuple(worst.values())[: rules.choke_points]


def _faults(network: StreetNetwork, edge: int, rules: Transport) -> tuple[str, ...]:
    faults = []
    if 0 < network.width_m[edge] < rules.choke_width_m:
        faults.append(f"{network.width_m[edge]:g} m wide")
    if network.lanes[edge] == 1:
        faults.append("one lane")
    if network.maxheight_m[edge] < rules.choke_height_m:
        faults.append(f"{network.maxheight_m[edge]:g} m high")
    return tuple(faults)


def _gates(path: Path, k: int, network: StreetNetwork) -> tuple[str, ...]:
    """Tell of a gate at the far end of a stretch that is driven through."""
    if k + 1 >= len(path.edges) or path.share[k + 1] == 0:
        return ()
    edge = path.edges[k]
    end = network.edge_v[edge] if path.forward[k] else network.edge_u[edge]
    return ("a gate, perhaps locked",) if network.node_barrier[end] in _GATES else ()
