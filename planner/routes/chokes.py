"""Where a corridor is tight: stretches at which one vehicle standing badly stops all (``domain.md`` C3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.doctrine import Transport
from planner.memory import kept_with
from planner.streets.network import Path, StreetNetwork
from planner.terms import FIRST_BLOCKING_BARRIER, Barrier, Parked, RoadClass

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_IS_GATE = np.isin(np.arange(256), (Barrier.GATE, Barrier.LIFT_GATE, Barrier.SWING_GATE))
"""By the codes of Barrier."""
_BROAD = int(RoadClass.SECONDARY_LINK)
"""Bridges of road classes up to this code are wide enough for two, where the map does not say how wide."""
_MANY_LANES = 2
_POCKET_STREETS = 60
"""A dead end with more streets than this is a quarter with one way in, which the single access tells."""


class Choke(NamedTuple):
    """A tight stretch of a corridor: its street, and what makes it tight."""

    street: str
    faults: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Fault:
    """One thing that may be wrong: on which stretches it is, and in what words.

    Grave where one vehicle standing badly stops all, light where it is soon in the way.
    """

    grave: bool
    at: Bools
    told: Callable[[int], str]


@dataclass(frozen=True, eq=False)
class _Stretches:
    """What paths drive, laid end to end: as of :class:`~planner.streets.network.Path`.

    ``owner`` is which path each stretch is of, ``last`` where the stretches of each path end.
    """

    edges: Ints
    forward: Bools
    share: Floats
    owner: Ints
    last: Ints

    @classmethod
    def of(cls, paths: Sequence[Path]) -> _Stretches:
        """Return the stretches of some paths."""
        counts = [len(path.edges) for path in paths]
        return cls(
            np.concatenate([path.edges for path in paths]),
            np.concatenate([path.forward for path in paths]),
            np.concatenate([path.share for path in paths]),
            np.repeat(np.arange(len(paths)), counts),
            np.cumsum(counts),
        )


def worst_chokes(
    paths: Sequence[Path],
    network: StreetNetwork,
    rules: Transport,
    *,
    both_ends: Sequence[bool],
) -> list[tuple[Choke, ...]]:
    """Return the tightest streets of each path: most grave faults first, then light ones, then the narrowest.

    Only what the map states counts: a street whose width it does not give may be as tight.

    Parameters
    ----------
    paths : sequence of Path
    network : StreetNetwork
    rules : Transport
    both_ends : sequence of bool
        Whether the end of each counts too where it lies in a dead end, not only its beginning. A hospital's
        own drive does not.
    """
    if not paths:
        return []
    driven = _Stretches.of(paths)
    width_m = _width_m(driven.edges, network)
    faults = _faults(driven, width_m, network, rules)
    ends = [
        _dead_ends(path, network, rules, both_ends=both) for path, both in zip(paths, both_ends, strict=True)
    ]
    faults.append(_Fault(False, np.concatenate(ends), lambda _: "dead end"))
    at = np.array([fault.at for fault in faults])
    tight = np.flatnonzero((driven.share > 0) & at.any(axis=0))
    is_grave = np.array([fault.grave for fault in faults])
    grave, light = at[is_grave][:, tight].sum(axis=0), at[~is_grave][:, tight].sum(axis=0)
    narrow_m = np.where(np.isnan(width_m[tight]), np.inf, width_m[tight])
    order = tight[np.lexsort((narrow_m, -light, -grave, driven.owner[tight]))]
    of_paths = np.split(order, np.searchsorted(driven.owner[order], np.arange(1, len(paths))))
    return [_told(rows, driven.edges, faults, network, rules.choke_points) for rows in of_paths]


def _told(
    rows: Ints, edges: Ints, faults: Sequence[_Fault], network: StreetNetwork, most: int
) -> tuple[Choke, ...]:
    """Tell the first streets of some stretches, and what makes them tight."""
    worst: dict[str, Choke] = {}
    for k in rows.tolist():
        street = network.street(edges[k])
        if street not in worst:
            told = [fault.told(k) for fault in faults if fault.at[k]]
            worst[street] = Choke(street, tuple(told))
        if len(worst) == most:
            break
    return tuple(worst.values())


def _width_m(edges: Ints, network: StreetNetwork) -> Floats:
    """Metres that a vehicle has: of the carriageway, or what a sign or a bollard leaves; NaN if unknown."""
    width_m = network.width_m[edges]
    return np.asarray(np.fmin(np.where(width_m > 0, width_m, np.nan), network.maxwidth_m[edges]))


def _faults(driven: _Stretches, width_m: Floats, network: StreetNetwork, rules: Transport) -> list[_Fault]:
    """Return what may be wrong with streets, in the order in which it is told: what is grave first."""
    edges = driven.edges
    height_m, lanes, parked = network.maxheight_m[edges], network.lanes[edges], network.parked[edges]
    by_sign = width_m == network.maxwidth_m[edges]
    # Two lanes at most, by the lanes or, where they are unknown, by the class.
    slim = np.where(lanes > 0, lanes <= _MANY_LANES, network.road_class[edges] > _BROAD)
    through = _through(driven, network)
    return [
        _Fault(
            True,
            width_m < rules.choke_width_m,
            lambda k: f"{width_m[k]:.3g} m {'at most' if by_sign[k] else 'wide'}",
        ),
        _Fault(True, lanes == 1, lambda _: "one lane"),
        _Fault(True, height_m < rules.choke_height_m, lambda k: f"{height_m[k]:.3g} m high"),
        _Fault(True, parked == Parked.BOTH_SIDES, lambda _: "cars park on both sides"),
        _Fault(True, network.works[edges], lambda _: "under construction"),
        _Fault(True, _IS_GATE[through], lambda _: "a gate, perhaps locked"),
        _Fault(False, parked == Parked.ONE_SIDE, lambda _: "cars park on one side"),
        _Fault(False, network.bridge[edges] & slim, lambda _: "a bridge"),
        _Fault(False, through == Barrier.KERB, lambda _: "a kerb across it"),
    ]


def _through(driven: _Stretches, network: StreetNetwork) -> NDArray[np.uint8]:
    """Return what stands at the far end of each stretch that is driven through, as codes of Barrier."""
    far = np.where(driven.forward, network.edge_v[driven.edges], network.edge_u[driven.edges])
    on = np.append(driven.share[1:] > 0, False)
    on[driven.last - 1] = False
    return np.where(on, network.node_barrier[far], np.uint8(Barrier.NONE))


# --- dead ends --------------------------------------------------------------------------------------


def _ends_of(path: Path, k: int, network: StreetNetwork) -> tuple[int, int]:
    """Return the nodes from and to which a stretch of a path is driven."""
    edge = path.edges[k]
    ends = int(network.edge_u[edge]), int(network.edge_v[edge])
    return ends if path.forward[k] else ends[::-1]


def _dead_ends(path: Path, network: StreetNetwork, rules: Transport, *, both_ends: bool) -> Bools:
    """Mask of the stretches at the beginning, and the end, behind which there is no way on."""
    found = np.zeros(len(path.edges), dtype=bool)
    runs = [range(len(path.edges))]
    runs += [range(len(path.edges) - 1, -1, -1)] if both_ends else []
    for number, run in enumerate(runs):
        for k in run:
            near, far = _ends_of(path, k, network)[:: -1 if number else 1]
            if not _is_pocket(network, near, far, int(path.edges[k]), rules.map_rim_m):
                break
            found[k] = True
    return found


@kept_with
def _is_pocket(network: StreetNetwork, near: int, far: int, edge: int, rim_m: float) -> bool:
    """Whether all that lies behind a street's near end is left by that street alone.

    At the rim of the map streets go on that it does not show: nothing is said there.
    """
    west_m, south_m, east_m, north_m = _mapped_m(network)
    seen, waiting, streets = {near}, [near], {edge}
    while waiting:
        node = waiting.pop()
        x_m, y_m = network.node_xy_m[node].tolist()
        if node == far or min(x_m - west_m, east_m - x_m, y_m - south_m, north_m - y_m) <= rim_m:
            return False
        if network.node_barrier[node] >= FIRST_BLOCKING_BARRIER:
            continue
        for street in network.edges_at(node).tolist():
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


@kept_with
def _mapped_m(network: StreetNetwork) -> tuple[float, float, float, float]:
    """Return the box that the map's streets fill."""
    low, high = network.node_xy_m.min(axis=0), network.node_xy_m.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
