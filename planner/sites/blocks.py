"""Open ground that nobody mapped: what streets, buildings, water, woods and rails leave free between them.

Only where the map has little ground of its own. What covers such ground is on no map (yards, fences, crops, a
building that was never drawn), and every such candidate says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.memory import kept_with
from planner.sites.candidates import FOUND, Candidate, Lanes, entrances, streets_beside
from planner.terms import ObstacleKind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]
Cell = tuple[int, int]

_CELL_M = 150.0
_MOST_CELLS = 12
_ENOUGH = 12
_BARRED = (
    ObstacleKind.WATER,
    ObstacleKind.WOOD,
    ObstacleKind.TREE,
    ObstacleKind.TREE_ROW,
    ObstacleKind.MAST,
    ObstacleKind.WATERWAY,
    ObstacleKind.RAILWAY,
    ObstacleKind.FENCE,
    ObstacleKind.WALL,
    ObstacleKind.POWER_POLE,
)
_WALL_M = 0.1
_STREET_M = 6.0
"""Half the width of a street with its verge, where its width is not known."""
_FIRMNESS = 0.2
"""Less than soft ground, which at least is known to be ground."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Open ground between an area's streets, by cells of a grid, each worked out when first asked for."""

    area: Area
    siting: Siting
    solid: Shapes
    solid_tree: shapely.STRtree
    buildings: Shapes
    building_tree: shapely.STRtree
    _open: dict[Cell, tuple[BaseGeometry, ...]] = field(default_factory=dict)

    def pieces(self, where: BaseGeometry, nearest_to: BaseGeometry) -> list[BaseGeometry]:
        """Return pieces of open ground in a region, of the cells nearest to some ground, until enough."""
        found: list[BaseGeometry] = []
        for cell in _cells(where, nearest_to):
            if len(found) >= _ENOUGH:
                break
            for open_m in self._in(cell):
                cut = _polygons(self._broad(shapely.intersection(open_m, where)))
                found += [piece for piece in cut if piece.area >= self.siting.found_least_m2]
        return found

    def _broad(self, shape: BaseGeometry) -> BaseGeometry:
        """Return what is left of a cut shape without the parts that are too narrow."""
        half_m = self.siting.found_width_m / 2
        # Few corners on the way out keep the result within the shape.
        return shapely.buffer(shapely.buffer(shape, -half_m), half_m, quad_segs=1)

    def built_near(self, shapes: Shapes) -> NDArray[np.bool_]:
        """Tell beside which shapes any building is mapped."""
        built = np.zeros(len(shapes), dtype=bool)
        if len(self.buildings) and len(shapes):
            near = self.building_tree.query(shapes, predicate="dwithin", distance=self.siting.street_reach_m)
            built[near[0]] = True
        return built

    def likely_built(self, shapes: Shapes) -> NDArray[np.bool_]:
        """Tell which shapes lie in a dense grid of streets with few buildings mapped: some are missing."""
        siting, network, half_m = self.siting, self.area.network, self.siting.grid_m / 2
        likely = np.zeros(len(shapes), dtype=bool)
        for k, middle in enumerate(shapely.get_coordinates(shapely.centroid(shapes)).tolist()):
            x, y = middle
            around = (x - half_m, y - half_m, x + half_m, y + half_m)
            edges = network.edges_in_box(around)
            lines = network.lines(edges[network.drivable[edges]])
            hectares = siting.grid_m**2 / 10_000
            if shapely.length(shapely.clip_by_rect(lines, *around)).sum() >= siting.grid_streets_m * hectares:
                near = self.buildings[self.building_tree.query(box(*around))]
                built_m2 = shapely.area(shapely.clip_by_rect(near, *around)).sum()
                likely[k] = built_m2 < siting.grid_built * siting.grid_m**2
        return likely

    def crossed(self, lines: Shapes) -> NDArray[np.bool_]:
        """Tell which lines a building, water, a wood, a fence or a wall lies across."""
        across = np.zeros(len(lines), dtype=bool)
        if len(lines):
            across[self.solid_tree.query(lines, predicate="intersects")[0]] = True
        return across

    def _in(self, cell: Cell) -> tuple[BaseGeometry, ...]:
        if cell not in self._open:
            self._open[cell] = self._work_out(cell)
        return self._open[cell]

    def _work_out(self, cell: Cell) -> tuple[BaseGeometry, ...]:
        siting, network = self.siting, self.area.network
        x, y = (k * _CELL_M for k in cell)
        half_m = siting.found_width_m / 2
        wider_m = half_m + siting.found_clear_m + _STREET_M
        square, around = (box(x - m, y - m, x + _CELL_M + m, y + _CELL_M + m) for m in (0.0, wider_m))
        edges = network.edges_in_box(around.bounds)
        edges = edges[network.drivable[edges]]  # a path across a field leaves the field open
        if len(edges) == 0:  # nothing to drive in from
            return ()
        width_m = np.nan_to_num(network.width_m[edges] / 2, nan=_STREET_M)
        streets = shapely.buffer(network.lines(edges), width_m, quad_segs=1, cap_style="flat")
        solid = self.solid[self.solid_tree.query(around)]
        taken = shapely.union_all(np.concatenate([streets, solid]))
        clear_m = siting.found_clear_m + half_m
        core = shapely.buffer(shapely.difference(around, taken), -clear_m, quad_segs=4)
        if core.is_empty:
            return ()
        # Few corners on the way out keep the result within the margin.
        broad = shapely.intersection(shapely.buffer(core, half_m, quad_segs=1), square)
        return tuple(part for part in _polygons(broad) if part.area >= siting.found_least_m2)


def _cells(where: BaseGeometry, nearest_to: BaseGeometry) -> list[Cell]:
    """Return the cells that meet a region, the nearest to some ground first, so many at most."""
    if where.is_empty:
        return []
    xmin, ymin, xmax, ymax = (int(np.floor(m / _CELL_M)) for m in where.bounds)
    x, y = np.meshgrid(np.arange(xmin, xmax + 1), np.arange(ymin, ymax + 1))
    cells = np.column_stack([x.ravel(), y.ravel()])
    low = cells * _CELL_M
    squares = shapely.box(low[:, 0], low[:, 1], low[:, 0] + _CELL_M, low[:, 1] + _CELL_M)
    shapely.prepare(where)
    meets = shapely.intersects(where, squares)
    cells, squares = cells[meets], squares[meets]
    far_m = shapely.distance(squares, nearest_to)
    order = np.lexsort((cells[:, 1], cells[:, 0], far_m))[:_MOST_CELLS]
    return [(int(a), int(b)) for a, b in cells[order]]


def _polygons(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    return (part for part in shapely.get_parts(shape) if isinstance(part, Polygon))


@kept_with
def blocks_of(area: Area, siting: Siting) -> Blocks:
    """Return the open ground of an area, kept while it lives."""
    buildings = area.buildings.shapes
    barred = area.obstacles.among("kind", _BARRED)
    obstacles = area.obstacles.shapes[barred]
    places = area.places.shapes
    solid = shapely.make_valid(np.concatenate([buildings, obstacles, places]))
    thin = shapely.get_dimensions(solid) < 2
    solid[thin] = shapely.buffer(solid[thin], _WALL_M, quad_segs=1)  # so that they can be taken away
    return Blocks(area, siting, solid, shapely.STRtree(solid), buildings, area.buildings.tree)


def between_streets(
    where: BaseGeometry, nearest_to: BaseGeometry, lanes: Lanes, area: Area, siting: Siting
) -> list[Candidate]:
    """Find open ground in a region that one can drive onto from a street beside it, past no building.

    Parameters
    ----------
    where : geometry
        Where sites may be, between the perimeters.
    nearest_to : geometry
        Ground whose neighbourhood is looked at first.
    lanes : Lanes
        Streets by which sites may be entered.
    area : Area
    siting : Siting
    """
    if len(lanes.edges) == 0:
        return []
    blocks = blocks_of(area, siting)
    shapes = np.array(blocks.pieces(where, nearest_to), dtype=object)
    beside = streets_beside(shapes, lanes, area, siting.street_reach_m)
    snaps = entrances(shapes, beside, area.network)
    rows = [k for k, snap in enumerate(snaps) if snap is not None and snap.offset_m <= siting.found_street_m]
    spots = [(snap.x_m, snap.y_m) for k in rows if (snap := snaps[k]) is not None]
    ways = shapely.shortest_line(shapely.points(np.array(spots).reshape(-1, 2)), shapes[rows])
    built, likely = blocks.built_near(shapes[rows]), blocks.likely_built(shapes[rows])
    return [
        Candidate(
            kind=FOUND,
            name="",
            shape_m=shapes[k],
            open_m2=float(shapes[k].area),
            shelter_m2=0.0,
            stalls=float("nan"),
            firmness=_FIRMNESS if houses else 0.0,
            access="",
            entrance=snap,
            edges=tuple(beside[k].tolist()),
            inside=True,
            unbuilt=not houses,
            likely_built=bool(missing),
        )
        for k, barred, houses, missing in zip(rows, blocks.crossed(ways), built, likely, strict=True)
        if (snap := snaps[k]) is not None and not barred
    ]
