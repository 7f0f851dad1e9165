"""What is different between two maps of one place: told when an area comes in anew over an older one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner import words
from planner.area import Area
from planner.closures import blocked_streets
from planner.doctrine import Doctrine
from planner.model import Incident
from planner.streets.network import StreetNetwork
from planner.terms import PlaceKind

_WHAT_DECIDES = (
    "road_class", "service", "access", "foot_access", "emergency", "oneway", "layer", "bridge", "tunnel",
    "area_way", "roundabout", "lanes", "width_m", "maxspeed_kmh", "maxheight_m", "maxwidth_m",
    "parked", "works",
)  # fmt: skip
_NAMED = 5
_AT_ONCE = 1 << 14  # ways compared together

Bools = NDArray[np.bool_]
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
    hospitals_added, hospitals_removed : tuple of str
        What they are called, in the order of the alphabet.
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
    hospitals_added: tuple[str, ...] = ()
    hospitals_removed: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Say it in one line."""
        dates = f"the map of {self.older or 'unknown date'} before"
        if self.same:
            return f"nothing changed against {dates}"
        names = f" ({', '.join(self.named[:_NAMED])}{' ...' if len(self.named) > _NAMED else ''})"
        return (
            f"against {dates}: {words.count(len(self.added), 'way')} new, {len(self.removed)} gone, "
            f"{len(self.changed)} changed{names if self.named else ''}; "
            f"{words.count(self.buildings_added, 'building')} new, {self.buildings_removed} gone"
            f"{self._hospitals_told()}"
        )

    def _hospitals_told(self) -> str:
        """Name the hospitals that came or went, for patients are sent there."""
        told = (("new", self.hospitals_added), ("gone", self.hospitals_removed))
        return "".join(
            f"; {words.count(len(names), 'hospital')} {how} ({', '.join(names[:_NAMED])}"
            f"{' ...' if len(names) > _NAMED else ''})"
            for how, names in told
            if names
        )


def compare_areas(older: Area, newer: Area) -> Revision:
    """Compare two maps of one place by the ids of their ways and buildings."""
    if older.digest == newer.digest:
        return Revision(True, (), (), (), (), 0, 0, older.data_date, newer.data_date)
    was, now = _Ways(older.network), _Ways(newer.network)
    _, then, here = np.intersect1d(was.way_id, now.way_id, assume_unique=True, return_indices=True)
    parts = [slice(at, at + _AT_ONCE) for at in range(0, len(then), _AT_ONCE)]
    place = {name: at for at, name in enumerate(newer.network.names)}
    names = np.array([place.get(name, -1) for name in older.network.names])
    differ = np.concatenate(
        [np.zeros(0, bool), *(_differ(was, then[part], now, here[part], names) for part in parts)]
    )
    changed, added = here[differ], np.flatnonzero(~np.isin(now.way_id, was.way_id))
    removed = np.flatnonzero(~np.isin(was.way_id, now.way_id))
    named = now.names(added) | now.names(changed) | was.names(removed)
    houses_were, houses_are = _owners(older), _owners(newer)
    return Revision(
        False,
        tuple(now.way_id[added].tolist()),
        tuple(was.way_id[removed].tolist()),
        tuple(now.way_id[changed].tolist()),
        tuple(sorted(named - {""})),
        len(np.setdiff1d(houses_are, houses_were)),
        len(np.setdiff1d(houses_were, houses_are)),
        older.data_date,
        newer.data_date,
        _hospitals_beyond(older, newer),
        _hospitals_beyond(newer, older),
    )


def _hospitals_beyond(other: Area, area: Area) -> tuple[str, ...]:
    """Return the names of an area's hospitals, by object of OpenStreetMap, that the other one has not."""
    known, here = _hospitals(other), _hospitals(area)
    return tuple(sorted(here[one] or "one without a name" for one in here.keys() - known.keys()))


def _hospitals(area: Area) -> dict[tuple[str, int], str]:
    table = area.places_of(PlaceKind.HOSPITAL)
    ids = zip(table["osm_type"].tolist(), table["osm_id"].tolist(), strict=True)
    return dict(zip(ids, table["name"].tolist(), strict=True))


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


class _Ways:
    """The ways of a map, ascending, with the edges of each: of a metro half a million."""

    def __init__(self, network: StreetNetwork) -> None:
        self.network = network
        self._edges = np.argsort(network.way_id, kind="stable")
        owner = network.way_id[self._edges]
        self._first = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1))
        self._count = np.diff(self._first, append=len(owner))
        self.way_id = owner[self._first]

    def first_edges(self, rows: Ints) -> Ints:
        """Return an edge of each of some ways: what tags say is the same on all."""
        return self._edges[self._first[rows]]

    def names(self, rows: Ints) -> set[str]:
        """Return the names of some ways."""
        used = np.unique(self.network.name_index[self.first_edges(rows)]).tolist()
        return {self.network.names[name] for name in used}

    def points(self, rows: Ints) -> tuple[Ints, Ints16, Ints]:
        """Return the nodes of some ways, the barriers on them, and where each way begins."""
        count = self._count[rows]
        starts = np.cumsum(count) - count
        edges = self._edges[np.arange(count.sum()) + np.repeat(self._first[rows] - starts, count)]
        return _points(self.network, edges, starts)


def _differ(was: _Ways, then: Ints, now: _Ways, here: Ints, names: Ints) -> Bools:
    """Tell which of some ways, rows of both maps, have other names, tags that matter, nodes or barriers.

    ``names`` says which name of the newer map each of the older one is, -1 where it has none such.
    """
    old, new = was.first_edges(then), now.first_edges(here)
    differ: Bools = names[was.network.name_index[old]] != now.network.name_index[new]
    for column in _WHAT_DECIDES:
        one, other = getattr(was.network, column)[old], getattr(now.network, column)[new]
        differ |= (one != other) & ((one == one) | (other == other))  # unknown is as unknown
    nodes, barriers, bounds = was.points(then)
    nodes_now, barriers_now, bounds_now = now.points(here)
    size, size_now = np.diff(bounds), np.diff(bounds_now)
    alike = size == size_now
    kept, kept_now = np.repeat(alike, size), np.repeat(alike, size_now)
    other_point = (nodes[kept] != nodes_now[kept_now]) | (barriers[kept] != barriers_now[kept_now])
    differ |= ~alike
    differ[np.repeat(np.arange(len(size)), size)[kept][other_point]] = True
    return differ


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


def _owners(area: Area) -> Ints:
    """Return a number for each building: its id, and what sort of object it is."""
    sort = np.searchsorted(["n", "r", "w"], area.buildings["osm_type"].astype("U1"))
    return np.asarray(area.buildings["osm_id"] * 4 + sort)
