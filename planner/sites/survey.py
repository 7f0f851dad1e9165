"""What is known about each candidate: ways to it, distances, sight of the hot zone. Facts, no verdicts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.geo import widened
from planner.ground.apart import Outlines
from planner.ground.outlook import roof_views, sky_shares
from planner.ground.targets import thin
from planner.memory import kept_with
from planner.model import Incident, Post
from planner.sites.candidates import STREET, Candidate, Scene, danger_of, usable_streets
from planner.sites.demand import Demand
from planner.sites.facts import Facts
from planner.sites.gaps import Gaps
from planner.sites.grounds import MEDIA_KINDS
from planner.sites.lookout import lookout_over
from planner.sites.pins import PINNED
from planner.streets.drives import Drives
from planner.streets.joined import joined
from planner.streets.network import Snap, StreetNetwork
from planner.streets.reach import Distances, Exits, distances_from, find_exits
from planner.terms import PerimeterName, Purpose, RoadClass, Travel

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WALK_BOX_M = 600.0
_LINE_SPACING_M = 20.0
_LINE_POINTS = 120
_RIM_M = 0.5


# --- the streets --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class OpenStreets:
    """Which streets lead to sites. Masks (E,).

    Parameters
    ----------
    passable : bool array
        Open to emergency vehicles, and joined to the scene.
    box_m : tuple of float
        xmin, ymin, xmax, ymax of the streets about the scene.
    exits : Exits
        Streets that lead out of the scene, and those with two ways out.
    joined : bool array
        Streets joined to the scene for emergency vehicles, closed or not.
    working, public : bool array
        By which working sites, and sites for the public, can be entered.
    """

    passable: Bools
    box_m: tuple[float, float, float, float]
    exits: Exits
    joined: Bools
    working: Bools
    public: Bools

    @classmethod
    def around(cls, scene: Scene, area: Area, doctrine: Doctrine) -> OpenStreets:
        """Find the open streets around a scene."""
        network, least_m = area.network, doctrine.transport.part_least_m
        joined = network.scene_edges(Travel.EMERGENCY, doctrine.travelling, scene.outer_m, least_m)
        working = usable_streets(network, joined, scene.closed)
        families = network.scene_edges(Travel.PUBLIC, doctrine.travelling, scene.outer_m, least_m)
        public = usable_streets(network, families, scene.closed)
        passable = joined & ~scene.closed
        ways = network.timing(Travel.EMERGENCY, doctrine.travelling).open_arcs
        box = widened(scene.outer_m.bounds, doctrine.siting.search_m)
        exits = find_exits(network, passable, ways, box)
        own = np.flatnonzero(passable & network.edges_meeting(scene.outer_m))
        if not (exits.leads_on and exits.out[own].any()):
            # Nothing goes on beyond the box, as on a small map: what ends at the map's edge surely does.
            exits = find_exits(network, passable, ways, box, _leaving(area, doctrine.perimeters.map_edge_m))
            near = np.union1d(own, _behind_the_lines(scene, passable, network))
            cut_off = len(near) > 0 and not exits.out[near].any()
            if cut_off and (left := _part_of(near, scene.closed, area, doctrine)).any():
                # No way leads out, as where the only bridge is blocked: what is left to the scene serves it.
                passable = passable & left
                exits = find_exits(network, passable, ways, box)
        return cls(passable, box, exits, joined, working & exits.out, public)

    def drives(self, places: Sequence[Snap], area: Area, doctrine: Doctrine) -> Drives:
        """Return how long emergency vehicles drive between places on these streets."""
        timing = area.network.timing(Travel.EMERGENCY, doctrine.travelling)
        return Drives.among(area.network, timing, self.passable, self.box_m, places)


def _behind_the_lines(scene: Scene, passable: Bools, network: StreetNetwork) -> Ints:
    """Return the streets at the outer ends of those that the scene closes and that cross the outer perimeter.

    On the one road to a place of a few streets these are all by which one comes to the scene.
    """
    cut = scene.closed & network.drivable & network.edges_meeting(scene.outer_m.exterior)
    cut &= network.edges_meeting(scene.inner_m.union(danger_of(scene)))
    ends = np.concatenate([network.edge_u[cut], network.edge_v[cut]])
    ends = ends[~shapely.contains_xy(scene.outer_m, network.node_xy_m[ends])]
    return np.flatnonzero(passable & (np.isin(network.edge_u, ends) | np.isin(network.edge_v, ends)))


@kept_with
def _leaving(area: Area, edge_m: float) -> Bools:
    """Mask (N,) of the dead ends off the map, or so near to its edge that a street surely goes on."""
    ends = np.flatnonzero((area.streets_at == 1) & ~area.ashore)
    spots = shapely.points(area.network.node_xy_m[ends])
    mask = np.zeros(area.network.node_count, dtype=bool)
    mask[ends] = shapely.dwithin(area.extent_m.boundary, spots, edge_m)
    mask[ends] |= ~shapely.contains(area.extent_m, spots)
    return mask


def _part_of(own: Ints, closed: Bools, area: Area, doctrine: Doctrine) -> Bools:
    """Mask (E,) of the open streets between which most of the scene's own can be driven, both ways.

    None where all of those are driven through one way only, as carriageways are: that severs nobody.
    """
    network = area.network
    part = network.parts_left(Travel.EMERGENCY, doctrine.travelling, closed)
    within = own[part[own] >= 0]
    if not len(within):
        return network.no_closures()
    return np.asarray(part == int(np.argmax(np.bincount(part[within], weights=network.length_m[within]))))


# --- what is known about each candidate ---------------------------------------------------------


def survey(
    candidates: Sequence[Candidate],
    incident: Incident,
    scene: Scene,
    area: Area,
    doctrine: Doctrine,
    streets: OpenStreets,
    paths: Paths,
) -> Facts:
    """Find out what rules and criteria ask of each candidate."""
    siting = doctrine.siting
    shapes = np.array([c.shape_m for c in candidates], dtype=object)
    target, outlines = scene.ground.target_m, Outlines.of(shapes)
    entrances = [c.entrance for c in candidates]
    offset_m = np.array([spot.offset_m for spot in entrances])
    walk_m, gate, off_street_m = paths.walks(entrances)
    unseen_m = unseen_within_m(incident, doctrine)
    sight_m = max(siting.sight_m, unseen_m)
    twice = streets.exits.twice
    media = _for_media(candidates)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes[media]))
    return Facts(
        candidates=tuple(candidates),
        shapes=shapes,
        walk_m=walk_m + offset_m,
        gate=gate,
        off_street_m=off_street_m,
        has_gates=bool(_gates(scene)),
        drive_m=paths.drives.to_all(entrances)[0] + offset_m,
        target_m=_apart_m(outlines, np.arange(len(shapes)), target),
        outer_m=_at(media, outlines.apart_m(scene.outer_m, media), len(shapes)),
        danger_m=_danger_m(candidates, outlines, scene),
        in_sight=np.zeros(len(shapes), dtype=np.int64),
        unseen_m=unseen_m,
        sight_m=sight_m,
        drives_out=streets.exits.out[[spot.edge for spot in entrances]],
        ways=1 + _any_of(twice, [c.edges for c in candidates]),
        rejected=_rejected(shapes, incident, area, siting),
        lot_free=Demand.of(incident, siting).lot_free(siting),
        looked=np.zeros(len(shapes), dtype=bool),
        walk_line=lambda place: _walk_line(place, paths.from_gates),
        motorways_walked=paths.motorways_walked,
        view=_at(media, roof_views(middles, target, area, siting), len(shapes)),
        sky=_at(media, sky_shares(middles, area, siting), len(shapes)),
        look=lookout_over(scene.ground, area, doctrine, sight_m).look,
        gaps=Gaps(shapes),
    )


def _any_of(mask: Bools, edges: Sequence[tuple[int, ...]]) -> Ints:
    """Return 1 where any of the streets of a candidate is in a mask, else 0."""
    counts = np.fromiter(map(len, edges), dtype=np.int64, count=len(edges))
    rows = np.fromiter(itertools.chain.from_iterable(edges), dtype=np.int64, count=int(counts.sum()))
    owner = np.repeat(np.arange(len(edges)), counts)
    return (np.bincount(owner[mask[rows]], minlength=len(edges)) > 0).astype(np.int64)


def _apart_m(outlines: Outlines, rows: Ints, ground_m: BaseGeometry) -> Floats:
    """Return how far shapes lie from a ground, exactly also where they all but meet it."""
    metres = outlines.apart_m(ground_m, rows)
    meets = np.flatnonzero(metres == 0.0)
    metres[meets] = shapely.distance(outlines.shapes[rows[meets]], ground_m)
    return metres


def _danger_m(candidates: Sequence[Candidate], outlines: Outlines, scene: Scene) -> Floats:
    """Return how far what lies between the lines is from the inner one and warm ground, else infinite."""
    metres = np.full(len(candidates), np.inf)
    rows = np.flatnonzero([candidate.inside for candidate in candidates])
    for ground_m in (scene.inner_m, scene.ground.warm_m, scene.ground.hot_m):
        if not ground_m.is_empty:
            metres[rows] = np.minimum(metres[rows], _apart_m(outlines, rows, ground_m))
    return metres


def unseen_within_m(incident: Incident, doctrine: Doctrine) -> float:
    """Return within how far of the attack sites must be out of sight: the furthest of all its threats."""
    threats = (incident.threat, *(point.threat for point in incident.threats))
    return max(doctrine.preset(threat).unseen_m for threat in threats)


class Walks(NamedTuple):
    """Metres on foot to places, each from a gate, or, with no gate's id, from the line over open ground."""

    metres: Floats
    gate: tuple[str, ...]
    off_street_m: Floats


def _gates(scene: Scene) -> list[Post]:
    inner = (post for post in scene.posts if post.perimeter is PerimeterName.INNER)
    return [post for post in inner if post.id not in scene.never_gates]


@dataclass(frozen=True, eq=False)
class Paths:
    """Ways of one scene on foot and by road, measured once however many candidates there are."""

    scene: Scene
    area: Area
    doctrine: Doctrine
    reach_m: float = _WALK_BOX_M
    """How far beyond the outer perimeter one walks."""

    def walks(self, places: Sequence[Snap]) -> Walks:
        """Distances on foot from the inner gates along what is not hot; where none leads, from the line."""
        metres, whence = self.from_gates.to_all(places)
        ids = np.array([*(gate for _, gate in self._starts), ""], dtype=object)
        gate, off_street_m = tuple(ids[whence].tolist()), np.full(len(places), np.nan)
        astray = np.flatnonzero(~np.isfinite(metres))
        if self._joins(places, astray):
            line, from_line = self._line
            metres[astray], whence = from_line.to_all([places[k] for k in astray.tolist()])
            over_m = np.array([*(spot.offset_m for spot in line), np.nan])
            off_street_m[astray] = over_m[whence]
        return Walks(metres, gate, off_street_m)

    def _joins(self, places: Sequence[Snap], astray: Ints) -> bool:
        """Whether some that no gate leads to lie at streets that one may come to over the line.

        Streets that a gate leads to lead to no others. So the way from the line is only looked for where a
        street near by is joined to no gate, and so is one that the line comes to: most such places are halls
        out of reach.
        """
        network = self.area.network
        edges = np.array([places[k].edge for k in astray.tolist()], dtype=np.int64)
        ends = np.concatenate([network.edge_u[edges], network.edge_v[edges]])
        if not self.from_gates.leaves_out(ends).any():
            return False
        starts = np.array([spot.edge for spot in self._line_starts], dtype=np.int64)
        return bool(self.from_gates.leaves_out(network.edge_u[starts]).any())

    def motorways_walked(self, place: Snap) -> Ints:
        """Return the motorways, where nobody may walk, on the walk to a place that is reached on foot."""
        if not self._motorways.any():
            return np.empty(0, dtype=np.int64)
        walks = self.from_gates if np.isfinite(self.from_gates.to(place)[0]) else self._line[1]
        metres, start = walks.to(place)
        if not np.isfinite(metres):
            return np.empty(0, dtype=np.int64)
        edges: Ints = np.append(walks.edges_to(place), walks.starts[start].edge)
        return edges[self._motorways[edges]]

    @cached_property
    def _motorways(self) -> Bools:
        """Mask (E,) of the motorways and their ramps near by on which nobody may walk."""
        network, near, fast = self.area.network, self._near, self.area.network.no_closures()
        fast[near] = network.road_class[near] <= int(RoadClass.MOTORWAY_LINK)
        fast[near] &= network.drivable[near] & ~network.walkable[near]
        return fast

    @cached_property
    def from_gates(self) -> Distances:
        """Distances on foot from the inner gates."""
        starts = [snap for snap, _ in self._starts]
        return distances_from(self.area.network, starts, self._near, self._on_foot)

    @cached_property
    def drives(self) -> Distances:
        """Distances by road, for the public, from the posts of the outer perimeter, or from its line."""
        return _drives(self.scene, self.area, self.doctrine)

    @cached_property
    def _starts(self) -> list[tuple[Snap, str]]:
        """The inner gates on streets that are not hot, with their ids."""
        network, gates = self.area.network, _gates(self.scene)
        spots = (
            network.snap(self.area.frame.to_m([post.location for post in gates]), ~self._hot) if gates else []
        )
        return [(snap, post.id) for snap, post in zip(spots, gates, strict=True) if snap is not None]

    @cached_property
    def _hot(self) -> Bools:
        return self.area.network.edges_meeting(self.scene.ground.hot_m)

    @cached_property
    def _near(self) -> Ints:
        near = self.area.network.edges_in_box(self.scene.outer_m.bounds, self.reach_m)
        return near[~self._hot[near]]

    @cached_property
    def _on_foot(self) -> Bools:
        network = self.area.network
        # Streets within the outer perimeter carry no traffic: one can walk on any of them.
        quiet = network.walkable | (network.drivable & network.edges_meeting(self.scene.outer_m))
        # On a motorway nothing else leads on: one walks along it, or is driven, to where streets begin.
        return np.tile(quiet if self._leads_on(quiet) else quiet | network.drivable, 2)

    def _leads_on(self, on_foot: Bools) -> bool:
        """Whether from the gates, or from the line, some street beyond the outer perimeter is walked to."""
        network = self.area.network
        near = self._near[on_foot[self._near]]
        beyond = (network.walkable & network.enterable)[near] & ~network.edges_meeting(self.scene.outer_m)[
            near
        ]
        starts = [snap.edge for snap, _ in self._starts]
        starts = starts or [snap.edge for snap in self._to_line(on_foot)]
        label = joined(network.edge_u[near], network.edge_v[near], network.node_count)
        of_street = label[network.edge_u[near]]
        return not starts or bool(np.isin(of_street[beyond], label[network.edge_u[starts]]).any())

    def _to_line(self, on_foot: Bools) -> list[Snap]:
        """Return where one comes to a street on which one may walk, straight over the line."""
        return _from_line(self.scene.inner_m, self.area.network, self._past_line(on_foot))

    def _past_line(self, on_foot: Bools) -> Bools:
        usable = self.area.network.no_closures()
        usable[self._near] = True
        usable &= on_foot & ~_within(self.scene.inner_m, self.area.network)
        return usable

    @cached_property
    def _beyond_line(self) -> Bools:
        """Mask (E,) of the streets beyond the line on which one may walk."""
        return self._past_line(np.asarray(self._on_foot.reshape(2, -1).any(axis=0)))

    @cached_property
    def _line_starts(self) -> list[Snap]:
        """Where one comes to a street straight over the line."""
        return _from_line(self.scene.inner_m, self.area.network, self._beyond_line)

    @cached_property
    def _line(self) -> tuple[list[Snap], Distances]:
        """Where one comes to a street straight over the line, and distances from there."""
        network, line = self.area.network, self._line_starts
        return line, distances_from(network, line, np.flatnonzero(self._beyond_line), self._on_foot)


def _walk_line(place: Snap, from_gates: Distances) -> BaseGeometry | None:
    metres, _ = from_gates.to(place)
    if not np.isfinite(metres):
        return None
    walk = shapely.multilinestrings(from_gates.network.lines(from_gates.edges_to(place)))
    assert isinstance(walk, BaseGeometry)
    return walk


def _for_media(candidates: Sequence[Candidate]) -> Ints:
    """Return the candidates that media may use."""
    kinds = frozenset((*MEDIA_KINDS, STREET, PINNED))
    return np.flatnonzero([not c.inside and c.kind in kinds for c in candidates])


def _at(rows: Ints, values: Floats, count: int) -> Floats:
    """Return values at some rows of so many; NaN at all others."""
    out: Floats = np.full(count, np.nan)
    out[rows] = values
    return out


def _within(ground_m: BaseGeometry, network: StreetNetwork) -> Bools:
    """Streets that run inside a ground, more than touching its line."""
    return network.edges_meeting(ground_m.buffer(-_RIM_M, quad_segs=2))


def _from_line(ground_m: BaseGeometry, network: StreetNetwork, usable: Bools) -> list[Snap]:
    """Find where one comes to a street when one leaves a ground straight over its line."""
    if ground_m.is_empty:
        return []
    marks = shapely.segmentize(shapely.get_exterior_ring(ground_m), _LINE_SPACING_M)
    snaps = network.snap(thin(shapely.get_coordinates(marks), _LINE_POINTS), usable)
    return list(dict.fromkeys(snap for snap in snaps if snap is not None))


def _drives(scene: Scene, area: Area, doctrine: Doctrine) -> Distances:
    """Distances by road, for the public, from the posts of the outer perimeter, or from its line."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, doctrine.travelling)
    near = network.edges_in_box(scene.outer_m.bounds, doctrine.siting.reunification_far_m)
    near = near[~scene.closed[near] & timing.open_edges[near]]
    posts = [post for post in scene.posts if post.perimeter is PerimeterName.OUTER]
    open_street = timing.open_edges & ~scene.closed
    spots = network.snap(area.frame.to_m([post.location for post in posts]), open_street) if posts else []
    starts = [snap for snap in spots if snap is not None]
    if not starts:
        starts = _from_line(scene.outer_m, network, open_street & ~_within(scene.outer_m, network))
    return distances_from(network, starts, near, timing.open_arcs)


def _rejected(
    shapes: NDArray[np.object_], incident: Incident, area: Area, siting: Siting
) -> dict[Purpose, Bools]:
    """Return for each purpose that places were rejected for which candidates lie there."""
    near: dict[Purpose, Bools] = {}
    for reject in incident.rejects:
        spot = Point(area.frame.point_m(reject.location.checked()))
        there = shapely.dwithin(shapes, spot, siting.reject_reach_m)
        near[reject.purpose] = near.get(reject.purpose, False) | there
    return near
