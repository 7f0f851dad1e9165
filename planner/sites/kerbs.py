"""Stretches of street where the map shows no ground off it: kerbs, and carriageways as the last resort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.sites.candidates import STREET, Candidate, Lanes, Scene, between, cut_to, danger_of, post_spots
from planner.streets.network import Snap
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


def on_streets(
    where: BaseGeometry,
    lanes: Lanes,
    area: Area,
    siting: Siting,
    length_m: float,
    *,
    inside: bool,
    classes: Sequence[RoadClass] = KERB_CLASSES,
) -> list[Candidate]:
    """Stretches of wide enough streets, lesser ones unless told: one for each cell of a coarse grid."""
    network = area.network
    width = network.width_m[lanes.edges]
    fit = np.isin(network.road_class[lanes.edges], classes) & ~(width < siting.kerb_width_m)
    fit &= ~(network.bridge | network.tunnel)[lanes.edges]
    fit &= np.isin(network.service[lanes.edges], (Service.NONE, Service.OTHER))
    fit &= ~np.isin(network.access[lanes.edges], (Access.PRIVATE, Access.NO))
    best: dict[tuple[int, int], tuple[float, int, _Stretch]] = {}
    rows = np.flatnonzero(fit & (network.length_m[lanes.edges] >= length_m / 2))
    where = where.buffer(-siting.kerb_width_m / 2 - _RIM_M)  # the line is the middle of what vehicles take
    for row, piece in zip(rows.tolist(), cut_to(lanes.lines[rows], where), strict=True):
        for stretch in _stretches(piece, length_m):
            cell = (int(stretch.middle[0] // length_m), int(stretch.middle[1] // length_m))
            if cell not in best or (stretch.length_m, -row) > best[cell][:2]:
                best[cell] = (stretch.length_m, -row, stretch)
    chosen = [best[cell] for cell in sorted(best)]
    return _kerbs([-key for _, key, _ in chosen], [s for _, _, s in chosen], lanes, siting, inside)


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
    region = between(scene, danger_of(scene), post_spots(scene.posts, area, siting))
    return on_streets(region, lanes, area, siting, siting.kerb_stretch_m, inside=True, classes=_ANY_CLASSES)


class _Stretch(NamedTuple):
    """Part of a line, from one mark along it to another, in metres."""

    xy: Floats
    marks_m: Floats
    from_m: float
    to_m: float

    @property
    def length_m(self) -> float:
        """How long it is."""
        return self.to_m - self.from_m

    @property
    def middle(self) -> tuple[float, float]:
        """Where its middle lies."""
        return self.at((self.from_m + self.to_m) / 2)

    def at(self, along_m: float) -> tuple[float, float]:
        """Return x, y at a mark along the line."""
        x_m, y_m = (float(np.interp(along_m, self.marks_m, column)) for column in self.xy.T)
        return x_m, y_m

    def line(self) -> LineString:
        """Return it as a line."""
        between = (self.marks_m > self.from_m) & (self.marks_m < self.to_m)
        return LineString([self.at(self.from_m), *self.xy[between].tolist(), self.at(self.to_m)])


def _stretches(piece: BaseGeometry, length_m: float) -> list[_Stretch]:
    """Cut the parts of a street that lie where they may into even stretches of about a length."""
    out: list[_Stretch] = []
    for line in [piece] if isinstance(piece, LineString) else shapely.get_parts(piece):
        if not isinstance(line, LineString) or line.length < length_m / 2:
            continue
        xy = shapely.get_coordinates(line)
        marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        count = max(1, int(marks[-1] // length_m))
        step = float(marks[-1]) / count
        margin = max(0.0, (step - length_m) / 2)
        out += [_Stretch(xy, marks, k * step + margin, (k + 1) * step - margin) for k in range(count)]
    return out


def _kerbs(
    rows: Sequence[int], stretches: Sequence[_Stretch], lanes: Lanes, siting: Siting, inside: bool
) -> list[Candidate]:
    if not rows:
        return []
    lines = np.array([stretch.line() for stretch in stretches], dtype=object)
    shapes = shapely.buffer(lines, siting.kerb_width_m / 2, quad_segs=_QUAD_SEGS, cap_style="flat")
    middles = np.array([stretch.middle for stretch in stretches])
    along_m = shapely.line_locate_point(lanes.lines[list(rows)], shapely.points(middles))
    return [
        Candidate(
            kind=STREET,
            name="",
            shape_m=shape,
            open_m2=float(shape.area),
            shelter_m2=0.0,
            stalls=float("nan"),
            firmness=1.0,
            access="",
            entrance=Snap(edge, along, x, y, 0.0),
            edges=(edge,),
            inside=inside,
        )
        for shape, edge, along, (x, y) in zip(
            shapes, lanes.edges[list(rows)].tolist(), along_m.tolist(), middles.tolist(), strict=True
        )
    ]
