"""Ground that could serve in one incident: usable ground cut to where a site may be, with its entrance.

Where the map shows no ground there are stretches of street; for a forward casualty collection point,
buildings in warm ground.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.grounds import (
    BESIDE_M,
    GROUND_KINDS,
    HALL_KINDS,
    LEAST_M2,
    MEDIA_KINDS,
    Grounds,
    grounds_of,
    largest,
)
from planner.model import Post
from planner.network import Snap, StreetNetwork
from planner.targets import thin, tidy
from planner.terms import Access, PlaceKind, RoadClass, Service, Travel
from planner.zones import Ground

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

STREET = "street"
"""Kind of a candidate that is a stretch of street, not ground off it."""

COVER = "building"
"""Kind of a candidate that is a building in warm ground."""

_PAVED_KINDS = (PlaceKind.PARKING, PlaceKind.FUEL, PlaceKind.BUS_STATION, PlaceKind.MARKETPLACE, STREET)
_SOFT_KINDS = (PlaceKind.PARK, PlaceKind.OPEN_GROUND)
_PAVED = ("asphalt", "paved", "concrete", "paving_stones", "sett", "cobblestone", "concrete:plates")
_SOFT = ("grass", "ground", "dirt", "earth", "sand", "mud", "unpaved", "gravel", "fine_gravel", "pebblestone")
_KERB_CLASSES = (
    RoadClass.SECONDARY,
    RoadClass.TERTIARY,
    RoadClass.UNCLASSIFIED,
    RoadClass.RESIDENTIAL,
    RoadClass.LIVING_STREET,
    RoadClass.SERVICE,
)
_ANY_CLASSES = tuple(RoadClass)
_RIM_M = 0.5
_CLEAR_M = 1.0
_CELL_M = 50.0
_MOST_CELLS = 2_000
_POCKET_TRIALS = 48
_POCKETS = 6
_COVERS = 40


@dataclass(frozen=True, eq=False)
class Scene:
    """What sites are judged against, in the frame.

    Parameters
    ----------
    ground : Ground
    inner_m, outer_m : Polygon
        The two perimeters.
    posts : tuple of Post
        Of both.
    closed : (E,) bool array
        Streets that working vehicles cannot use: hot, warm, inside the inner perimeter, blocked by the user.
    """

    ground: Ground
    inner_m: Polygon
    outer_m: Polygon
    posts: tuple[Post, ...]
    closed: Bools


@dataclass(frozen=True, eq=False)
class Candidate:
    """Ground that could serve for something.

    Parameters
    ----------
    kind : str
        A :class:`~planner.terms.PlaceKind` value, or ``"street"``.
    name : str
        From the map, "" where nameless.
    shape_m : geometry
        What a site here would occupy.
    open_m2 : float
        Usable open ground in it.
    shelter_m2 : float
        Footprint of buildings on the same ground.
    stalls : float
        Marked stalls, NaN where the map does not count them.
    firmness : float
        1 paved, 0.7 firm as far as known, 0.4 soft.
    access : str
        OSM ``access`` of the ground.
    entrance : Snap
        On a street that vehicles can use.
    edges : tuple of int
        The usable streets beside it, the entrance's first.
    inside : bool
        Between the perimeters (True), or outside both.
    near : str
        Name of the gathering place that a nameless car park belongs to, or "".
    parking_m2 : float
        Open ground of car parks for the public on it or within a family's walk; of halls outside only.
    care : bool
        Whether a hospital is on the same ground.
    lot : bool
        Whether it is a car park, of which part is taken.
    """

    kind: str
    name: str
    shape_m: BaseGeometry
    open_m2: float
    shelter_m2: float
    stalls: float
    firmness: float
    access: str
    entrance: Snap
    edges: tuple[int, ...]
    inside: bool
    near: str = ""
    parking_m2: float = 0.0
    care: bool = False
    lot: bool = False


# --- for an incident ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Lanes:
    """Streets by which sites can be entered.

    Parameters
    ----------
    edges : (k,) int array
    lines : (k,) array of LineString
    tree : STRtree
    """

    edges: Ints
    lines: Shapes
    tree: shapely.STRtree

    @classmethod
    def among(cls, area: Area, mask: Bools, bounds: tuple[float, float, float, float]) -> Lanes:
        """Streets of a mask whose boxes meet the bounds."""
        near = area.network.edges_in_box(bounds)
        edges = near[mask[near]]
        lines = area.network.lines(edges)
        return cls(edges, lines, shapely.STRtree(lines))


def gather(scene: Scene, area: Area, doctrine: Doctrine, working: Bools, public: Bools) -> list[Candidate]:
    """Gather the candidates of an incident.

    Parameters
    ----------
    scene : Scene
    area : Area
    doctrine : Doctrine
    working, public : (E,) bool arrays
        Streets by which working sites, and sites for the public, can be entered.
    """
    siting = doctrine.siting
    danger, spots = _danger(scene), shapely.buffer(_post_points(scene.posts, area), siting.post_separation_m)
    between = _between(scene, area, siting)
    grounds = grounds_of(area, siting)
    lanes = Lanes.among(area, working, scene.outer_m.bounds)
    hits = _of_kind(grounds, GROUND_KINDS, between)
    found = _on_ground(grounds, hits, between, lanes, area, siting, inside=True)
    found += _on_streets(between, lanes, area, siting, siting.kerb_stretch_m, inside=True)
    found += _in_cover(scene, area, doctrine)
    for kinds, far_m in ((HALL_KINDS, siting.reunification_far_m), (MEDIA_KINDS, siting.search_m)):
        reach = shapely.buffer(scene.outer_m, far_m)
        beyond = shapely.difference(reach, shapely.union_all([scene.outer_m, danger, spots]))
        hits = _of_kind(grounds, kinds, beyond)
        beside = public & _passing(grounds.whole_m[hits], area.network, siting.street_reach_m)
        streets = Lanes.among(area, beside, reach.bounds)
        found += _on_ground(grounds, hits, beyond, streets, area, siting, inside=False)
    near = shapely.buffer(scene.outer_m, siting.kerb_reach_m)
    verge = shapely.difference(near, shapely.union_all([scene.outer_m, danger, spots]))
    streets = Lanes.among(area, public & working, near.bounds)
    return found + _on_streets(verge, streets, area, siting, siting.kerb_column_m, inside=False)


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
    between = _between(scene, area, siting)
    return _on_streets(between, lanes, area, siting, siting.kerb_stretch_m, inside=True, classes=_ANY_CLASSES)


def _danger(scene: Scene) -> BaseGeometry:
    """Ground that no site may touch: a hair wider than drawn, so that rounding leaves none on its rim."""
    ground = scene.ground
    return shapely.union_all([ground.hot_m, ground.warm_m, ground.target_m]).buffer(_CLEAR_M)


def _between(scene: Scene, area: Area, siting: Siting) -> BaseGeometry:
    """Ground between the perimeters that is neither dangerous nor a post's."""
    spots = shapely.buffer(_post_points(scene.posts, area), siting.post_separation_m)
    return shapely.difference(scene.outer_m, shapely.union_all([scene.inner_m, _danger(scene), spots]))


def _post_points(posts: Sequence[Post], area: Area) -> BaseGeometry:
    return MultiPoint(area.frame.to_m([post.location for post in posts])) if posts else MultiPoint()


def _of_kind(grounds: Grounds, kinds: Sequence[str], where: BaseGeometry) -> Ints:
    """Return the grounds of some kinds that meet a region."""
    shapely.prepare(where)
    hits = np.sort(grounds.tree.query(where, predicate="intersects"))
    return hits[np.isin(grounds.kind[hits], kinds)] if len(hits) else hits


def _passing(shapes: Shapes, network: StreetNetwork, reach_m: float) -> Bools:
    """Mask (E,) that holds all streets within reach of any of the shapes, and some that are a little further.

    Told by the cells of a grid that boxes meet, counted in a table of sums: of a city's streets most pass no
    ground at all, and to lay out the lines of all of them takes longer than all the rest.
    """
    if len(shapes) == 0:
        return network.no_closures()
    boxes = shapely.bounds(shapes) + np.array([-1, -1, 1, 1]) * reach_m
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    cell_m = max(_CELL_M, float((high - low).max()) / _MOST_CELLS)
    columns, rows = (int(k) + 1 for k in (high - low) // cell_m)
    taken = np.zeros((columns, rows), dtype=np.int64)
    for x0, y0, x1, y1 in ((boxes - np.tile(low, 2)) // cell_m).astype(np.int64).tolist():
        taken[x0 : x1 + 1, y0 : y1 + 1] = 1
    sums = np.zeros((columns + 1, rows + 1), dtype=np.int64)
    sums[1:, 1:] = taken.cumsum(axis=0).cumsum(axis=1)
    cells = ((network.bounds_m - np.tile(low, 2)) // cell_m).astype(np.int64)
    x0, x1 = np.clip(cells[:, 0], 0, columns), np.clip(cells[:, 2] + 1, 0, columns)
    y0, y1 = np.clip(cells[:, 1], 0, rows), np.clip(cells[:, 3] + 1, 0, rows)
    passing: Bools = (sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0]) > 0
    return passing


def _on_ground(
    grounds: Grounds,
    hits: Ints,
    where: BaseGeometry,
    lanes: Lanes,
    area: Area,
    siting: Siting,
    *,
    inside: bool,
) -> list[Candidate]:
    """Usable ground in a region, in pieces of fit size, with its entrance."""
    if len(lanes.edges) == 0 or len(hits) == 0:
        return []
    pieces = _pieces(grounds, hits, where, lanes, siting, inside)
    shapes = np.array([piece.shape_m for piece in pieces], dtype=object)
    beside = _streets_beside(shapes, lanes, area, siting)
    entrances = _entrances(shapes, beside, lanes)
    halls = hits[np.isin(grounds.kind[hits], HALL_KINDS)] if not inside else hits[:0]
    parking_m2 = dict(zip(halls.tolist(), grounds.parking_m2(halls).tolist(), strict=True))
    return [
        _candidate(
            grounds, piece, lanes.edges[streets], entrance, inside, parking_m2.get(int(piece.ground), 0.0)
        )
        for piece, streets, entrance in zip(pieces, beside, entrances, strict=True)
        if entrance is not None
    ]


class Piece(NamedTuple):
    """Part of a ground: its row, what a site on it would occupy, its usable open ground and its roofs."""

    ground: int
    shape_m: BaseGeometry
    open_m2: float
    shelter_m2: float


def _pieces(
    grounds: Grounds, hits: Ints, where: BaseGeometry, lanes: Lanes, siting: Siting, inside: bool
) -> list[Piece]:
    """Cut grounds to a region: whole ones with their roofs, large ones also in pieces by the street."""
    shapely.prepare(where)
    clear = shapely.covers(where, grounds.whole_m[hits])
    cut, shelter_m2 = _inside(grounds.open_m(hits), where), grounds.shelter_m2(hits)
    pieces: list[Piece] = []
    for index, shape, whole_inside, roofs_m2 in zip(
        hits.tolist(), cut, clear, shelter_m2.tolist(), strict=True
    ):
        open_m = shape if whole_inside else largest(shape)
        parts = []
        if inside:
            for size_m2 in (siting.pocket_m2, siting.nook_m2):
                if open_m.area > 2 * size_m2:
                    parts += _pockets(open_m, lanes, size_m2, siting)
        if whole_inside and roofs_m2 >= siting.shelter_min_m2:
            pieces.append(Piece(index, largest(grounds.whole_m[index]), open_m.area, roofs_m2))
        elif open_m.area >= LEAST_M2 and not (inside and open_m.area > 2 * siting.pocket_m2):
            parts.append(open_m)
        pieces += [Piece(index, part, part.area, 0.0) for part in parts]
    return pieces


def _pockets(ground: BaseGeometry, lanes: Lanes, size_m2: float, siting: Siting) -> list[BaseGeometry]:
    """Cut pieces of a large ground along the streets that pass it, some way apart."""
    radius = float(np.sqrt(size_m2 / np.pi))
    marks = shapely.segmentize(shapely.get_exterior_ring(ground), 2 * radius)
    xy = thin(np.unique(shapely.get_coordinates(marks), axis=0), _POCKET_TRIALS)
    centres = np.array([Point(x, y) for x, y in xy], dtype=object)
    at = lanes.tree.query_nearest(centres, max_distance=siting.street_reach_m, all_matches=False)[0]
    chosen: list[BaseGeometry] = []
    for centre in centres[np.unique(at)]:
        if len(chosen) < _POCKETS and all(centre.distance(other) >= 2 * radius for other in chosen):
            chosen.append(centre)
    parts = shapely.intersection(ground, shapely.buffer(np.array(chosen, dtype=object), radius, quad_segs=4))
    return [part for part in map(largest, parts) if part.area >= LEAST_M2]


def _candidate(
    grounds: Grounds, piece: Piece, edges: Ints, entrance: Snap, inside: bool, parking_m2: float
) -> Candidate:
    ground, kind = piece.ground, str(grounds.kind[piece.ground])
    return Candidate(
        kind=kind,
        name=str(grounds.name[ground]),
        shape_m=piece.shape_m,
        open_m2=float(piece.open_m2),
        shelter_m2=piece.shelter_m2,
        stalls=float(grounds.stalls[ground]),
        firmness=_firmness(kind, str(grounds.surface[ground])),
        access=str(grounds.access[ground]),
        entrance=entrance,
        edges=tuple(int(edge) for edge in edges),
        inside=inside,
        near=grounds.near[ground],
        parking_m2=parking_m2,
        care=bool(grounds.care[ground]),
        lot=kind == PlaceKind.PARKING,
    )


def _firmness(kind: str, surface: str) -> float:
    if surface in _PAVED:
        return 1.0
    if surface in _SOFT:
        return 0.4
    if kind in _PAVED_KINDS:
        return 1.0
    return 0.4 if kind in _SOFT_KINDS else 0.7


def _streets_beside(shapes: Shapes, lanes: Lanes, area: Area, siting: Siting) -> list[Ints]:
    """Rows of the lanes within reach of each ground, the best entrance first."""
    if len(shapes) == 0:
        return []
    reach = siting.street_reach_m
    boxes = shapely.box(*(shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach])).T)
    shape, lane = lanes.tree.query(boxes)
    gap = np.round(shapely.distance(lanes.lines[lane], shapes[shape]), 1)
    shape, lane, gap = (column[gap <= reach] for column in (shape, lane, gap))
    least = np.full(len(shapes), np.inf)
    np.minimum.at(least, shape, gap)
    # A named street about as near as the nearest is what people can find and say on the radio.
    nameless = area.network.name_index[lanes.edges[lane]] == 0
    further = gap > least[shape] + BESIDE_M
    order = np.lexsort((lanes.edges[lane], gap, nameless, further, shape))
    ends = np.searchsorted(shape[order], np.arange(len(shapes) + 1))
    return [lane[order[a:b]] for a, b in itertools.pairwise(ends)]


def _entrances(shapes: Shapes, beside: Sequence[Ints], lanes: Lanes) -> list[Snap | None]:
    """Where each ground is entered from its best street: the nearest place, or midway where they meet."""
    out: list[Snap | None] = [None] * len(shapes)
    rows = np.array([k for k, streets in enumerate(beside) if len(streets)], dtype=np.int64)
    if len(rows) == 0:
        return out
    first = np.array([beside[k][0] for k in rows], dtype=np.int64)
    lines, grounds = lanes.lines[first], shapes[rows]
    spots = shapely.get_point(shapely.shortest_line(lines, grounds), 0)
    meet = np.flatnonzero(shapely.intersects(lines, grounds))
    spots[meet] = shapely.point_on_surface(shapely.intersection(lines[meet], grounds[meet]))
    along = shapely.line_locate_point(lines, spots)
    places = shapely.line_interpolate_point(lines, along)
    gaps = shapely.distance(places, grounds)
    for k, lane, metres, place, gap in zip(rows, first, along, places, gaps, strict=True):
        out[k] = Snap(int(lanes.edges[lane]), float(metres), float(place.x), float(place.y), float(gap))
    return out


# --- where the map shows no ground --------------------------------------------------------------


def _on_streets(
    where: BaseGeometry,
    lanes: Lanes,
    area: Area,
    siting: Siting,
    length_m: float,
    *,
    inside: bool,
    classes: Sequence[RoadClass] = _KERB_CLASSES,
) -> list[Candidate]:
    """Stretches of wide enough streets, lesser ones unless told: one for each cell of a coarse grid."""
    network = area.network
    width = network.width_m[lanes.edges]
    fit = np.isin(network.road_class[lanes.edges], classes) & ~(width < siting.kerb_width_m)
    fit &= ~(network.bridge | network.tunnel)[lanes.edges]
    fit &= np.isin(network.service[lanes.edges], (Service.NONE, Service.OTHER))
    fit &= ~np.isin(network.access[lanes.edges], (Access.PRIVATE, Access.NO))
    best: dict[tuple[int, int], tuple[float, int, LineString]] = {}
    rows = np.flatnonzero(fit & (network.length_m[lanes.edges] >= length_m / 2))
    where = where.buffer(-siting.kerb_width_m / 2 - _RIM_M)  # the line is the middle of what vehicles take
    for row, piece in zip(rows.tolist(), _inside(lanes.lines[rows], where), strict=True):
        for stretch in _stretches(piece, length_m):
            middle = stretch.centroid
            cell = (int(middle.x // length_m), int(middle.y // length_m))
            if cell not in best or (stretch.length, -row) > best[cell][:2]:
                best[cell] = (stretch.length, -row, stretch)
    return [
        _kerb(-key, stretch, lanes, siting, inside)
        for _, key, stretch in (best[cell] for cell in sorted(best))
    ]


def _inside(shapes: Shapes, where: BaseGeometry) -> Shapes:
    """Cut shapes to a region; most lie wholly in it or out of it, which is told apart faster."""
    shapely.prepare(where)
    meets = shapely.intersects(where, shapes)
    cut = shapes.copy()
    cut[~meets] = Polygon()
    crosses = meets & ~shapely.covers(where, shapes)
    cut[crosses] = shapely.intersection(shapes[crosses], where)
    return cut


def _stretches(piece: BaseGeometry, length_m: float) -> list[LineString]:
    """Cut the parts of a street that lie where they may into even stretches of about a length."""
    out: list[LineString] = []
    for line in shapely.get_parts(piece):
        if not isinstance(line, LineString) or line.length < length_m / 2:
            continue
        count = max(1, int(line.length // length_m))
        step = line.length / count
        margin = max(0.0, (step - length_m) / 2)
        cuts = [substring(line, k * step + margin, (k + 1) * step - margin) for k in range(count)]
        out += [cut for cut in cuts if isinstance(cut, LineString)]
    return out


def _kerb(row: int, stretch: LineString, lanes: Lanes, siting: Siting, inside: bool) -> Candidate:
    shape = stretch.buffer(siting.kerb_width_m / 2, cap_style="flat")
    middle = shapely.line_interpolate_point(stretch, 0.5, normalized=True)
    along = float(shapely.line_locate_point(lanes.lines[row], middle))
    edge = int(lanes.edges[row])
    return Candidate(
        kind=STREET,
        name="",
        shape_m=shape,
        open_m2=float(shape.area),
        shelter_m2=0.0,
        stalls=float("nan"),
        firmness=1.0,
        access="",
        entrance=Snap(edge, along, float(middle.x), float(middle.y), 0.0),
        edges=(edge,),
        inside=inside,
    )


# --- cover in warm ground -----------------------------------------------------------------------


def _in_cover(scene: Scene, area: Area, doctrine: Doctrine) -> list[Candidate]:
    """Find buildings in warm ground, the nearest to the attack: for a forward casualty collection point."""
    ground, siting = scene.ground, doctrine.siting
    if ground.warm_m.is_empty or len(area.buildings) == 0:
        return []
    rows = np.sort(area.buildings.sindex.query(ground.warm_m, predicate="intersects"))
    shapes = shapely.make_valid(np.asarray(area.buildings.geometry.array, dtype=object)[rows])
    bad = shapely.intersects(shapes, ground.hot_m.union(ground.target_m))
    bad |= shapely.area(shapely.intersection(shapes, ground.warm_m)) < shapely.area(shapes) / 2
    fit = ~bad & (shapely.area(shapes) >= siting.forward_least_m2) & (shapely.get_type_id(shapes) == 3)
    order = np.argsort(shapely.distance(shapes[fit], ground.target_m), kind="stable")[:_COVERS]
    rows, shapes = rows[fit][order], shapes[fit][order]
    hot = area.network.edges_meeting(ground.hot_m)
    usable = usable_streets(area, doctrine, Travel.EMERGENCY, hot, scene.outer_m)
    lanes = Lanes.among(area, usable, scene.outer_m.bounds)
    if len(lanes.edges) == 0:
        return []
    beside = _streets_beside(shapes, lanes, area, siting)
    return [
        _cover(tidy(area.buildings["name"].iloc[row]), shape, lanes.edges[streets], entrance)
        for row, shape, streets, entrance in zip(
            rows, shapes, beside, _entrances(shapes, beside, lanes), strict=True
        )
        if entrance is not None
    ]


def _cover(name: str, shape: BaseGeometry, edges: Ints, entrance: Snap) -> Candidate:
    return Candidate(
        kind=COVER,
        name=name,
        shape_m=shape,
        open_m2=0.0,
        shelter_m2=float(shape.area),
        stalls=float("nan"),
        firmness=1.0,
        access="",
        entrance=entrance,
        edges=tuple(int(edge) for edge in edges),
        inside=True,
    )


def usable_streets(
    area: Area, doctrine: Doctrine, travel: Travel, closed: Bools, ground_m: BaseGeometry
) -> Bools:
    """Mask (E,) of streets on which a site may be entered: joined to the scene, open, not a motorway."""
    network = area.network
    main = network.scene_edges(travel, doctrine.travelling, ground_m) & ~closed & network.drivable
    main &= network.emergency >= 0
    fast = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK, RoadClass.TRUNK_LINK)
    return main & ~np.isin(network.road_class, fast) & ~network.tunnel & ~network.bridge
