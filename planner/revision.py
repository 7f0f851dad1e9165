"""What is different between two maps of one place: told when an area comes in anew over an older one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.area import Area
from planner.closures import blocked_streets
from planner.doctrine import Doctrine
from planner.model import Incident
from planner.streets.network import StreetNetwork

_WHAT_DECIDES = (
    "road_class", "service", "access", "foot_access", "emergency", "oneway", "layer", "bridge", "tunnel",
    "area_way", "roundabout", "lanes", "width_m", "maxspeed_kmh", "maxheight_m", "maxwidth_m",
    "parked", "works",
)  # fmt: skip
_NAMED = 5

Ints = NDArray[np.int64]
Ints16 = NDArray[np.int16]


@dataclass(frozen=True)
class Revision:
    """Streets, as OSM ways, and buildings of the newer map against the older.

    Parameters
    ----------
    same : bool
        Nothing is different.
    added, removed, changed : tuple of int
        Way ids: new, gone, and those whose nodes or tags that matter here differ.
    named : tuple of str
        Names of streets among them, in the order of the alphabet.
    buildings_added, buildings_removed : int
    older, newer : str
        ISO dates, "" if unknown.
    """

    same: bool
    added: tuple[int, ...]
    removed: tuple[int, ...]
    changed: tuple[int, ...]
    named: tuple[str, ...]
    buildings_added: int
    buildings_removed: int
    older: str
    newer: str

    def sentence(self) -> str:
        """Say it in one line."""
        dates = f"the map of {self.older or 'unknown date'} before"
        if self.same:
            return f"nothing changed against {dates}"
        names = f" ({', '.join(self.named[:_NAMED])}{' ...' if len(self.named) > _NAMED else ''})"
        return (
            f"against {dates}: {len(self.added)} ways new, {len(self.removed)} gone, "
            f"{len(self.changed)} changed{names if self.named else ''}; "
            f"{self.buildings_added} buildings new, {self.buildings_removed} gone"
        )


def compare_areas(older: Area, newer: Area) -> Revision:
    """Compare two maps of one place by the ids of their ways and buildings."""
    if older.digest == newer.digest:
        return Revision(True, (), (), (), (), 0, 0, older.data_date, newer.data_date)
    was, now = _ways(older.network), _ways(newer.network)
    added = tuple(sorted(now.keys() - was.keys()))
    removed = tuple(sorted(was.keys() - now.keys()))
    changed = tuple(sorted(way for way in was.keys() & now.keys() if was[way].digest != now[way].digest))
    named = {_name(way, now, newer.network) for way in (*added, *changed)}
    named |= {_name(way, was, older.network) for way in removed}
    houses_were, houses_are = _owners(older), _owners(newer)
    return Revision(
        False,
        added,
        removed,
        changed,
        tuple(sorted(named - {""})),
        len(houses_are - houses_were),
        len(houses_were - houses_are),
        older.data_date,
        newer.data_date,
    )


def shifted_closures(
    incidents: Iterable[tuple[str, Incident]], older: Area, newer: Area, doctrine: Doctrine
) -> list[str]:
    """Name the incidents whose "blocked here" closes other streets on the newer map than on the older.

    Parameters
    ----------
    incidents : iterable of (str, Incident)
        Each with what to call it.
    older, newer : Area
    doctrine : Doctrine
    """
    return [
        name
        for name, incident in incidents
        if incident.closures and _closed(incident, older, doctrine) != _closed(incident, newer, doctrine)
    ]


def _closed(incident: Incident, area: Area, doctrine: Doctrine) -> set[tuple[int, int, int]]:
    """Return what an incident closes, in OSM ids."""
    network = area.network
    edges = np.flatnonzero(blocked_streets(incident, area, doctrine))
    ends = np.sort(network.node_id[np.column_stack([network.edge_u[edges], network.edge_v[edges]])], axis=1)
    return {(int(w), int(a), int(b)) for w, (a, b) in zip(network.way_id[edges], ends, strict=True)}


class _Way(NamedTuple):
    """One of a way's edges; a digest of its name, its nodes with their barriers, and the tags that matter."""

    edge: int
    digest: bytes


def _name(way: int, ways: dict[int, _Way], network: StreetNetwork) -> str:
    name: str = network.names[network.name_index[ways[way].edge]]
    return name


def _ways(network: StreetNetwork) -> dict[int, _Way]:
    """Return what there is to compare of each way; of a metro there are a quarter of a million."""
    order = np.argsort(network.way_id, kind="stable")
    starts = np.flatnonzero(np.diff(network.way_id[order], prepend=network.way_id.min() - 1))
    edges = order[starts]
    tags = np.concatenate(
        [getattr(network, name)[edges, None].view(np.uint8) for name in _WHAT_DECIDES], axis=1
    )
    nodes, barriers, bounds = _points(network, order, starts)
    ways: dict[int, _Way] = {}
    for k, (edge, begin, end) in enumerate(zip(edges, bounds[:-1], bounds[1:], strict=True)):
        digest = hashlib.blake2b(nodes[begin:end].tobytes(), digest_size=16)
        digest.update(barriers[begin:end].tobytes())
        digest.update(tags[k].tobytes())
        digest.update(network.names[network.name_index[edge]].encode("utf-8", "surrogatepass"))
        ways[int(network.way_id[edge])] = _Way(int(edge), digest.digest())
    return ways


def _points(network: StreetNetwork, order: Ints, starts: Ints) -> tuple[Ints, Ints16, Ints]:
    """Return the nodes of each way, the barrier at each with who may pass it, and where each way begins.

    Each node once, wherever a way is cut: a new street that joins another does not change it.
    """
    rows, _ = network.points_of(order)
    nodes = network.shape_node[rows]
    last = np.cumsum(np.diff(network.shape_start)[order])
    first = np.concatenate([[0], last[:-1]])
    held = network.node_barrier.astype(np.int16) << 8 | network.node_access
    held[network.node_barrier == 0] = 0
    barriers = np.zeros(len(nodes), dtype=np.int16)
    barriers[first], barriers[last - 1] = held[network.edge_u[order]], held[network.edge_v[order]]
    once = np.ones(len(nodes), dtype=bool)
    once[1:] = nodes[1:] != nodes[:-1]
    once[first[starts]] = True
    bounds = np.concatenate([[0], np.cumsum(once)])[[*first[starts], len(nodes)]]
    return nodes[once], barriers[once], bounds


def _owners(area: Area) -> set[tuple[str, int]]:
    ids: Sequence[int] = area.buildings["osm_id"].tolist()
    return set(zip(area.buildings["osm_type"].tolist(), ids, strict=True))
