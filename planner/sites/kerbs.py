"""Stretches of street where the map shows no ground off it: kerbs, and carriageways as the last resort."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.ground.regions import LineParts, lines_within
from planner.memory import kept_with
from planner.sites.candidates import STREET, Candidate, Lanes, Scene, Shunned, danger_of, post_spots
from planner.streets.network import Snap, StreetNetwork
from planner.terms import Access, RoadClass, Service

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

KERB_CLASSES = (
    RoadClass.SECONDARY,
    RoadClass.TERTIARY,
    RoadClass.UNCLASSIFIED,
    RoadClass.RESIDENTIAL,
    RoadClass.LIVING_STREET,
    RoadClass.SERVICE,
)
_ANY_CLASSES = tuple(RoadClass)
_RIM_M = 0.5
_QUAD_SEGS = 16
_MOST_ROADSIDES = 120


def on_streets(
    where: BaseGeometry,
    lanes: Lanes,
    area: Area,
    siting: Siting,
    length_m: float,
    *,
    inside: bool,
    classes: tuple[RoadClass, ...] = KERB_CLASSES,
) -> list[Candidate]:
    """Stretches of wide enough streets, lesser ones unless told: one for each cell of a coarse grid."""
    network = area.network
    edges = lanes.edges[_fit(area, siting, length_m, classes)[lanes.edges]]
    # The line is the middle of what vehicles take.
    where = where.buffer(-siting.kerb_width_m / 2 - _RIM_M, quad_segs=4)
    parts = lines_within(network.shape_xy_m, network.shape_start, edges, network.bounds_m, where)
    stretches = _stretches(parts, edges, length_m)
    cell = (stretches.middle_m // length_m).astype(np.int64)
    # In each cell the longest stretch (to the centimetre), of the street of the lowest number.
    order = np.lexsort(
        (np.arange(len(cell)), stretches.edge, -np.round(stretches.length_m, 2), cell[:, 1], cell[:, 0])
    )
    ranked = cell[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ranked[1:] != ranked[:-1]).any(axis=1)
    return _kerbs(stretches.only(order[first]), network, siting, inside)


@kept_with
def _fit(area: Area, siting: Siting, length_m: float, classes: tuple[RoadClass, ...]) -> Bools:
    """Mask (E,) of the streets of some classes that are wide and long enough, off bridges and for all."""
    network = area.network
    fit = np.isin(network.road_class, classes) & ~(network.width_m < siting.kerb_width_m)
    fit &= ~(network.bridge | network.tunnel)
    fit &= np.isin(network.service, (Service.NONE, Service.OTHER))
    fit &= ~np.isin(network.access, (Access.PRIVATE, Access.NO))
    fit &= network.length_m >= length_m / 2
    fit.flags.writeable = False
    return fit


def carriageways(scene: Scene, area: Area, doctrine: Doctrine, leads_out: Bools) -> list[Candidate]:
    """Find stretches of closed street of any class, motorways too: the last resort where nothing else serves.

    Parameters
    ----------
    scene : Scene
    area : Area
    doctrine : Doctrine
    leads_out : (E,) bool array
        Open streets by which one comes out of the scene.
    """
    siting, network = doctrine.siting, area.network
    open_street = leads_out & network.drivable & ~scene.closed & ~network.tunnel & ~network.bridge
    lanes = Lanes.among(area, open_street, scene.outer_m.bounds)
    region = Shunned.by(scene, area, siting).between(scene)
    return on_streets(region, lanes, area, siting, siting.kerb_stretch_m, inside=True, classes=_ANY_CLASSES)


def roadsides(scene: Scene, area: Area, doctrine: Doctrine, working: Bools) -> list[Candidate]:
    """Find stretches of road further out than kerbs are looked for, where a purpose has no place at all.

    In a one-road town there is nothing but the road: what leads waits along it, behind the outer posts.

    Parameters
    ----------
    scene : Scene
    area : Area
    doctrine : Doctrine
    working : (E,) bool array
        Streets by which working sites can be entered.

    Returns
    -------
    list of Candidate
        The nearest to the outer perimeter first, at most :data:`_MOST_ROADSIDES`.
    """
    siting = doctrine.siting
    reach = shapely.buffer(scene.outer_m, siting.roadside_reach_m)
    taken = [scene.outer_m, danger_of(scene), post_spots(scene.posts, area, siting)]
    where = shapely.difference(reach, shapely.union_all(taken))
    lanes = Lanes.among(area, working, scene.outer_m.bounds, siting.roadside_reach_m)
    found = on_streets(where, lanes, area, siting, siting.kerb_stretch_m, inside=False, classes=_ANY_CLASSES)
    beyond_m = shapely.distance([one.shape_m for one in found], scene.outer_m)
    nearest = np.argsort(np.round(beyond_m), kind="stable")[:_MOST_ROADSIDES]
    return [found[k] for k in nearest.tolist()]


class _Stretches(NamedTuple):
    """Parts of lines, each from one mark to another; marks run on from line to line.

    Parameters
    ----------
    edge : (n,) int array
        Of which street each is a part.
    from_m, to_m : (n,) float array
    marks_m : (m,) float array
        Marks of all points of all lines.
    xy_m : (m, 2) float array
    """

    edge: Ints
    from_m: Floats
    to_m: Floats
    marks_m: Floats
    xy_m: Floats

    @property
    def length_m(self) -> Floats:
        """How long each is."""
        return self.to_m - self.from_m

    @property
    def middle_m(self) -> Floats:
        """Where the middle of each lies, (n, 2)."""
        return self._at((self.from_m + self.to_m) / 2)

    def only(self, chosen: Ints) -> _Stretches:
        """Return some of them."""
        return self._replace(edge=self.edge[chosen], from_m=self.from_m[chosen], to_m=self.to_m[chosen])

    def lines(self) -> Shapes:
        """Return them as lines."""
        first = np.searchsorted(self.marks_m, self.from_m, side="right")
        counts = np.maximum(np.searchsorted(self.marks_m, self.to_m, side="left") - first, 0)
        owner = np.repeat(np.arange(len(counts)), counts)
        between = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + first[owner]
        own = np.arange(len(counts))
        xy = np.vstack([self._at(self.from_m), self.xy_m[between], self._at(self.to_m)])
        owner = np.concatenate([own, owner, own])
        order = np.argsort(owner, kind="stable")
        lines: Shapes = np.asarray(shapely.linestrings(xy[order], indices=owner[order]), dtype=object)
        return lines

    def _at(self, mark_m: Floats) -> Floats:
        return np.column_stack([np.interp(mark_m, self.marks_m, column) for column in self.xy_m.T])


def _stretches(parts: LineParts, edges: Ints, length_m: float) -> _Stretches:
    """Cut the parts of streets that lie where they may into even stretches of about a length."""
    xy, owner = parts.xy_m, np.repeat(np.arange(len(parts.line)), np.diff(parts.start))
    if len(xy) == 0:
        none = np.empty(0)
        return _Stretches(edges[:0], none, none, np.zeros(1), np.zeros((1, 2)))
    step_m = np.hypot(*np.diff(xy, axis=0).T)
    step_m[owner[1:] != owner[:-1]] = 1.0  # so that no mark belongs to two lines
    marks_m = np.concatenate([[0.0], np.cumsum(step_m)])
    begin_m, end_m = marks_m[parts.start[:-1]], marks_m[parts.start[1:] - 1]
    fit = end_m - begin_m >= length_m / 2
    edge, begin_m, end_m = edges[parts.line[fit]], begin_m[fit], end_m[fit]
    counts = np.maximum(1, (end_m - begin_m) // length_m).astype(np.int64)
    each_m = (end_m - begin_m) / counts
    margin_m = np.maximum(0.0, (each_m - length_m) / 2)
    which = np.repeat(np.arange(len(edge)), counts)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    from_m = begin_m[which] + nth * each_m[which] + margin_m[which]
    to_m = begin_m[which] + (nth + 1) * each_m[which] - margin_m[which]
    return _Stretches(edge[which], from_m, to_m, marks_m, xy)


def _kerbs(stretches: _Stretches, network: StreetNetwork, siting: Siting, inside: bool) -> list[Candidate]:
    if len(stretches.edge) == 0:
        return []
    lines, middles = stretches.lines(), stretches.middle_m
    shapes = shapely.buffer(lines, siting.kerb_width_m / 2, quad_segs=_QUAD_SEGS, cap_style="flat")
    along_m = shapely.line_locate_point(network.lines(stretches.edge), shapely.points(middles))
    return [
        Candidate(
            kind=STREET,
            name="",
            shape_m=shape,
            open_m2=open_m2,
            shelter_m2=0.0,
            stalls=float("nan"),
            firmness=1.0,
            access="",
            entrance=Snap(edge, along, x, y, 0.0),
            edges=(edge,),
            inside=inside,
        )
        for shape, open_m2, edge, along, (x, y) in zip(
            shapes,
            shapely.area(shapes).tolist(),
            stretches.edge.tolist(),
            along_m.tolist(),
            middles.tolist(),
            strict=True,
        )
    ]
