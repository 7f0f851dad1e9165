"""Candidates of one incident: usable ground cut to where a site may be, stretches of street, cover."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Doctrine, Siting
from planner.ground.regions import ACROSS, OUTSIDE, WITHIN, cut_to, where_boxes_lie
from planner.ground.targets import HALL_KINDS, thin, tidy
from planner.memory import kept_with, kept_with_tables
from planner.sites.blocks import between_streets
from planner.sites.candidates import (
    COVER,
    LANDING,
    STREET,
    Candidate,
    Lanes,
    Scene,
    Shunned,
    entrances,
    streets_beside,
    streets_near,
    usable_streets,
)
from planner.sites.grounds import GROUND_KINDS, LEAST_M2, MEDIA_KINDS, Grounds, grounds_of, largest
from planner.sites.kerbs import KERB_CLASSES, on_streets
from planner.sites.landing import LandingSpot, landing_grounds, sides_m
from planner.streets.network import Snap, StreetNetwork
from planner.terms import PlaceKind

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

_PAVED_KINDS = (PlaceKind.PARKING, PlaceKind.FUEL, PlaceKind.BUS_STATION, PlaceKind.MARKETPLACE, STREET)
_SOFT_KINDS = (PlaceKind.PARK, PlaceKind.OPEN_GROUND)
_PAVED = ("asphalt", "paved", "concrete", "paving_stones", "sett", "cobblestone", "concrete:plates")
_SOFT = ("grass", "ground", "dirt", "earth", "sand", "mud", "unpaved", "gravel", "fine_gravel", "pebblestone")
_POCKET_TRIALS = 48
_POCKETS = 6
_COVERS = 40
_POLYGON = 3
_LANDING_GROUNDS = 40
_RIM_STEPS = 4
_FAR_STEPS = 6
_MOSTLY = 0.4
"""Ground of which this share lies beyond the rim is used without it."""


def gather_between(
    scene: Scene, area: Area, doctrine: Doctrine, shunned: Shunned, working: Bools
) -> list[Candidate]:
    """Gather what lies between the lines: usable ground, and kerbs.

    Parameters
    ----------
    scene : Scene
    area : Area
    doctrine : Doctrine
    shunned : Shunned
    working : (E,) bool array
        Streets by which working sites can be entered.
    """
    siting, region = doctrine.siting, shunned.between(scene)
    grounds = grounds_of(area, siting)
    lanes = Lanes.among(area, working, scene.outer_m.bounds)
    hits = _of_kind(grounds, GROUND_KINDS, region)
    rim = _rim(shunned, siting)
    found = [spot for _, spot in _on_ground(grounds, hits, region, lanes, area, siting, rim=rim)]
    if len(found) < siting.mapped_enough:
        near = shapely.buffer(scene.inner_m, siting.found_reach_m, quad_segs=4)
        close = shapely.difference(shapely.intersection(region, near), rim)
        found += between_streets(close, scene.ground.target_m, lanes, area, siting)
    return found + on_streets(region, lanes, area, siting, siting.kerb_stretch_m, inside=True)


def gather_besides(
    scene: Scene,
    area: Area,
    doctrine: Doctrine,
    shunned: Shunned,
    joined: Bools,
    working: Bools,
    public: Bools,
    *,
    by_night: bool | None = None,
) -> list[Candidate]:
    """Gather the other candidates of an incident: cover, squares for a helicopter, ground beyond the lines.

    Parameters
    ----------
    scene : Scene
    area : Area
    doctrine : Doctrine
    shunned : Shunned
    joined : (E,) bool array
        Streets joined to the scene for emergency vehicles, closed or not.
    working, public : (E,) bool arrays
        Streets by which working sites, and sites for the public, can be entered.
    by_night : bool or None
        Whether it may be dark, which a helicopter needs more room for; None where it is not known.
    """
    siting, grounds = doctrine.siting, grounds_of(area, doctrine.siting)
    found = _in_cover(scene, area, doctrine, joined)
    found += _for_helicopters(scene, area, doctrine, working, shunned, by_night)
    taken = shapely.union(_with(scene.outer_m, shunned.danger), shunned.spots)
    hull = shapely.convex_hull(scene.outer_m)  # whatever is too far by more than its dents is judged later
    for kinds, far_m in ((HALL_KINDS, siting.reunification_far_m), (MEDIA_KINDS, siting.search_m)):
        reach = shapely.buffer(hull, far_m, quad_segs=_FAR_STEPS)
        beyond = shapely.difference(reach, taken)
        hits = _of_kind(grounds, kinds, beyond)
        streets = Lanes.among(area, public, scene.outer_m.bounds, far_m)
        found += _beyond(grounds, hits, beyond, streets, area, siting)
    around = shapely.buffer(scene.outer_m, siting.kerb_reach_m, quad_segs=_FAR_STEPS)
    verge = shapely.difference(around, taken)
    streets = Lanes.among(area, public & working, scene.outer_m.bounds, siting.kerb_reach_m)
    return found + on_streets(verge, streets, area, siting, siting.kerb_column_m, inside=False)


def _with(ground: BaseGeometry, part: BaseGeometry) -> BaseGeometry:
    """Return ground with a part that it mostly covers already."""
    shapely.prepare(ground)
    return ground if shapely.covers(ground, part) else shapely.union(ground, part)


class _Hits(NamedTuple):
    """Grounds that meet a region: their rows, ascending, and which of them lie wholly in it."""

    rows: Ints
    clear: Bools


def _of_kind(grounds: Grounds, kinds: tuple[str, ...], where: BaseGeometry) -> _Hits:
    """Return the grounds of some kinds that meet a region."""
    near = np.sort(grounds.tree.query(shapely.box(*where.bounds)))
    near = near[grounds.among(kinds)[near]]
    lie = where_boxes_lie(grounds.bounds_m[near], where)
    across, shapes = np.flatnonzero(lie == ACROSS), grounds.whole_m
    shapely.prepare(where)
    meets = shapely.intersects(where, shapes[near[across]])
    lie[across[~meets]] = OUTSIDE
    across = across[meets]
    lie[across[shapely.covers(where, shapes[near[across]])]] = WITHIN
    met = lie != OUTSIDE
    return _Hits(near[met], lie[met] == WITHIN)


@dataclass(eq=False)
class _WholeGrounds:
    """What whole grounds beyond the perimeters are as candidates, by their rows.

    With the streets near each, and which of them were usable: where the same are, it is the same.

    Parameters
    ----------
    found : dict of int to list of Candidate
    begin, end : (n,) int array
        Where the streets near each ground lie in ``edges``; -1 where nothing is known.
    edges : (k,) int array
    usable : (k,) bool array
    """

    found: dict[int, list[Candidate]]
    begin: Ints
    end: Ints
    edges: Ints
    usable: Bools

    def unchanged(self, rows: Ints, lanes: Lanes) -> Bools:
        """Tell of some rows whether they are kept and the same streets lead to them."""
        same = self.begin[rows] >= 0
        known = np.flatnonzero(same)
        begin = self.begin[rows[known]]
        counts = self.end[rows[known]] - begin
        owner = np.repeat(known, counts)
        place = np.arange(len(owner)) + np.repeat(begin - (np.cumsum(counts) - counts), counts)
        same[owner[lanes.hold(self.edges[place]) != self.usable[place]]] = False
        return same

    def keep(self, found: Mapping[int, tuple[Ints, list[Candidate]]], lanes: Lanes) -> None:
        """Keep what some grounds are, with all streets near each."""
        more, at = [], len(self.edges)
        for row, (edges, candidates) in found.items():
            self.found[row] = candidates
            if self.begin[row] < 0:  # which streets are near never changes
                self.begin[row], self.end[row] = at, at + len(edges)
                more.append(edges)
                at += len(edges)
        self.edges = np.concatenate([self.edges, *more])
        self.usable = np.append(self.usable, np.zeros(at - len(self.usable), dtype=bool))
        for row, (edges, _) in found.items():
            self.usable[self.begin[row] : self.end[row]] = lanes.hold(edges)


@kept_with
def _whole_grounds(area: Area, siting: Siting) -> _WholeGrounds:
    """Keep what is known of whole grounds with their area."""
    unknown = np.full(len(grounds_of(area, siting).kind), -1, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    return _WholeGrounds({}, unknown, unknown.copy(), none, none.astype(bool))


def _beyond(
    grounds: Grounds, met: _Hits, where: BaseGeometry, lanes: Lanes, area: Area, siting: Siting
) -> list[Candidate]:
    """Usable ground beyond the perimeters: as it was found before, where the same streets lead to it."""
    if len(met.rows) == 0:
        return []
    kept = _whole_grounds(area, siting)
    same = met.clear & kept.unchanged(met.rows, lanes)
    rest = _Hits(met.rows[~same], met.clear[~same])
    found = {row: kept.found[row] for row in met.rows[same].tolist()}
    found |= {row: [] for row in rest.rows.tolist()}
    for row, candidate in _on_ground(grounds, rest, where, lanes, area, siting):
        found[row].append(candidate)
    beside = streets_near(area, siting.street_reach_m)
    whole = {row: (beside.around(row), found[row]) for row in rest.rows[rest.clear].tolist()}
    kept.keep(whole, lanes)
    return [candidate for row in met.rows.tolist() for candidate in found[row]]


def _on_ground(
    grounds: Grounds,
    met: _Hits,
    where: BaseGeometry,
    lanes: Lanes,
    area: Area,
    siting: Siting,
    *,
    rim: BaseGeometry | None = None,
) -> list[tuple[int, Candidate]]:
    """Usable ground in a region, in pieces of fit size, with its entrance, each with its row of the grounds.

    Between the perimeters, ``rim`` is the ground against the inner one and against warm ground.
    """
    hits, inside = met.rows, rim is not None
    if len(hits) == 0 or (inside and len(lanes.edges) == 0):
        return []
    pieces = _pieces(grounds, met, where, lanes, siting, rim)
    shapes = np.array([piece.shape_m for piece in pieces], dtype=object)
    beside = streets_beside(shapes, lanes, area, siting.street_reach_m, [piece.key for piece in pieces])
    snaps = entrances(shapes, beside, area.network)
    halls = hits[grounds.among(HALL_KINDS)[hits]] if not inside else hits[:0]
    parking_m2 = dict(zip(halls.tolist(), grounds.parking_m2(halls).tolist(), strict=True))
    fronts_m2 = _frontages(pieces, beside, area.network, siting) if inside else np.zeros(len(pieces))
    return [
        (
            piece.ground,
            _candidate(
                grounds,
                piece,
                streets,
                entrance,
                inside,
                parking_m2.get(piece.ground, 0.0),
                front_m2,
            ),
        )
        for piece, streets, entrance, front_m2 in zip(pieces, beside, snaps, fronts_m2.tolist(), strict=True)
        if entrance is not None
    ]


def _frontages(
    pieces: Sequence[Piece], beside: Sequence[Ints], network: StreetNetwork, siting: Siting
) -> Floats:
    """Kerb in front of each hall, in square metres: of its best street, where that is wide enough."""
    fronts = np.zeros(len(pieces))
    rows = [k for k, piece in enumerate(pieces) if piece.shelter_m2 > 0 and len(beside[k])]
    if not rows:
        return fronts
    first = np.array([beside[k][0] for k in rows], dtype=np.int64)
    near = shapely.buffer([pieces[k].shape_m for k in rows], siting.frontage_m, quad_segs=2)
    along_m = shapely.length(shapely.intersection(network.lines(first), near))
    narrow = network.width_m[first] < siting.kerb_width_m
    fast = ~np.isin(network.road_class[first], KERB_CLASSES)
    along_m[narrow | fast] = 0.0
    fronts[rows] = np.minimum(along_m, siting.kerb_stretch_m) * siting.kerb_width_m
    return fronts


class Piece(NamedTuple):
    """Part of a ground: its row, what a site on it would occupy, its usable open ground and its roofs.

    ``key`` names a piece that is the same in every incident; None for one cut to this one.
    """

    ground: int
    shape_m: BaseGeometry
    open_m2: float
    shelter_m2: float
    key: tuple[int, bool] | None = None


def _pieces(
    grounds: Grounds, met: _Hits, where: BaseGeometry, lanes: Lanes, siting: Siting, rim: BaseGeometry | None
) -> list[Piece]:
    """Cut grounds to a region: whole ones with their roofs, large ones also in pieces by the street."""
    hits, clear = met
    usable, shelter_m2 = grounds.open_m(hits), grounds.shelter_m2(hits)
    cut, inside, back = usable.copy(), rim is not None, np.zeros(len(hits), dtype=bool)
    cut[~clear] = cut_to(usable[~clear], where)
    if rim is not None:
        cut, back = _set_back(cut, rim)
    whole = clear & ~back
    opens = [shape if same else largest(shape) for shape, same in zip(cut, whole.tolist(), strict=True)]
    opens_m2 = shapely.area(opens).tolist()
    pieces: list[Piece] = []
    for index, open_m, open_m2, whole_inside, same, roofs_m2 in zip(
        hits.tolist(), opens, opens_m2, clear.tolist(), whole.tolist(), shelter_m2.tolist(), strict=True
    ):
        sizes_m2 = (siting.pocket_m2, siting.nook_m2) if inside else ()
        parts = [
            Piece(index, part, part.area, 0.0)
            for size_m2 in sizes_m2
            if open_m2 > 2 * size_m2
            for part in _pockets(open_m, lanes, size_m2, siting)
        ]
        if whole_inside and roofs_m2 >= siting.shelter_min_m2:
            ground = largest(grounds.whole_m[index])
            pieces.append(Piece(index, ground, open_m2, roofs_m2, (index, True)))
        elif open_m2 >= LEAST_M2 and not (inside and open_m2 > 2 * siting.pocket_m2):
            parts.append(Piece(index, open_m, open_m2, 0.0, (index, False) if same else None))
        pieces += parts
    return pieces


def _rim(shunned: Shunned, siting: Siting) -> BaseGeometry:
    """Return the inner perimeter and all danger with the ground against them."""
    # Corners in few steps, so much wider that they hold the round ones.
    width_m = siting.line_m / float(np.cos(np.pi / (4 * _RIM_STEPS)))
    return shapely.buffer(shunned.held, width_m, quad_segs=_RIM_STEPS)


def _set_back(shapes: Shapes, rim: BaseGeometry) -> tuple[Shapes, Bools]:
    """Take the rim off the grounds that mostly lie beyond it; which were cut."""
    shapely.prepare(rim)
    near = np.flatnonzero(shapely.intersects(rim, shapes))
    beyond = np.array([largest(part) for part in shapely.difference(shapes[near], rim)], dtype=object)
    mostly = shapely.area(beyond) >= np.maximum(_MOSTLY * shapely.area(shapes[near]), LEAST_M2)
    cut, back = shapes.copy(), np.zeros(len(shapes), dtype=bool)
    cut[near[mostly]], back[near[mostly]] = beyond[mostly], True
    return cut, back


def _pockets(ground: BaseGeometry, lanes: Lanes, size_m2: float, siting: Siting) -> list[BaseGeometry]:
    """Cut pieces of a large ground along the streets that pass it, some way apart."""
    radius = float(np.sqrt(size_m2 / np.pi))
    marks = shapely.segmentize(shapely.get_exterior_ring(ground), 2 * radius)
    xy = thin(np.unique(shapely.get_coordinates(marks), axis=0), _POCKET_TRIALS)
    centres = np.asarray(shapely.points(xy))
    at = lanes.tree.query_nearest(centres, max_distance=siting.street_reach_m, all_matches=False)[0]
    chosen: list[BaseGeometry] = []
    for centre in centres[np.unique(at)]:
        if len(chosen) < _POCKETS and all(centre.distance(other) >= 2 * radius for other in chosen):
            chosen.append(centre)
    parts = shapely.intersection(ground, shapely.buffer(np.array(chosen, dtype=object), radius, quad_segs=4))
    return [part for part in map(largest, parts) if part.area >= LEAST_M2]


def _candidate(
    grounds: Grounds,
    piece: Piece,
    edges: Ints,
    entrance: Snap,
    inside: bool,
    parking_m2: float,
    frontage_m2: float,
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
        edges=tuple(edges.tolist()),
        inside=inside,
        near=grounds.near[ground],
        parking_m2=parking_m2,
        care=bool(grounds.care[ground]),
        lot=kind == PlaceKind.PARKING,
        stadium=kind == PlaceKind.STADIUM,
        frontage_m2=frontage_m2,
    )


def _firmness(kind: str, surface: str) -> float:
    if surface in _PAVED:
        return 1.0
    if surface in _SOFT:
        return 0.4
    if kind in _PAVED_KINDS:
        return 1.0
    return 0.4 if kind in _SOFT_KINDS else 0.7


class _LargeBuildings(NamedTuple):
    """Buildings of one outline, large enough for patients: their rows, and their shapes made valid."""

    rows: Ints
    shapes: Shapes
    tree: shapely.STRtree


@kept_with_tables
def _large_buildings(area: Area, siting: Siting) -> _LargeBuildings:
    shapes = area.buildings.shapes
    rows = np.flatnonzero(
        (shapely.area(shapes) >= siting.forward_least_m2) & (shapely.get_type_id(shapes) == _POLYGON)
    )
    valid = shapely.make_valid(shapes[rows])
    whole = shapely.get_type_id(valid) == _POLYGON
    return _LargeBuildings(rows[whole], valid[whole], shapely.STRtree(valid[whole]))


def _in_cover(scene: Scene, area: Area, doctrine: Doctrine, joined: Bools) -> list[Candidate]:
    """Find buildings in warm ground, the nearest to the attack: for a forward casualty collection point.

    Entered from a street within the inner perimeter, which is held: what lies beyond it nobody guards.
    """
    ground, siting = scene.ground, doctrine.siting
    if ground.warm_m.is_empty or len(area.buildings) == 0:
        return []
    large = _large_buildings(area, siting)
    met = np.sort(large.tree.query(ground.warm_m, predicate="intersects"))
    core = ground.hot_m.union(ground.target_m)
    shapely.prepare(core)
    met = met[~shapely.intersects(core, large.shapes[met])]
    rows, shapes = large.rows[met], large.shapes[met]
    order = np.argsort(shapely.distance(shapes, ground.target_m), kind="stable")[: 2 * _COVERS]
    rows, shapes = rows[order], shapes[order]
    within = cut_to(shapes, ground.warm_m)
    mostly = shapely.area(within) >= shapely.area(shapes) / 2
    rows, shapes = rows[mostly][:_COVERS], shapes[mostly][:_COVERS]
    shut = area.network.edges_meeting(ground.hot_m)
    if scene.blocked is not None:
        shut = shut | scene.blocked
    usable = usable_streets(area.network, joined, shut)
    lanes = Lanes.among(area, usable, scene.outer_m.bounds)
    beside = streets_beside(shapes, lanes, area, siting.street_reach_m)
    beside = _with_clear_way(shapes, rows, beside, area, scene.inner_m)
    return [
        _cover(tidy(area.buildings["name"][row]), shape, streets, entrance)
        for row, shape, streets, entrance in zip(
            rows, shapes, beside, entrances(shapes, beside, area.network), strict=True
        )
        if entrance is not None and shapely.contains_xy(scene.inner_m, entrance.x_m, entrance.y_m)
    ]


def _with_clear_way(
    shapes: Shapes, rows: Ints, beside: Sequence[Ints], area: Area, within: BaseGeometry
) -> list[Ints]:
    """Leave the streets from which one comes straight to a building, past no other one, the nearest first.

    Only where one leaves them within some ground.
    """
    counts = [len(streets) for streets in beside]
    if not sum(counts):
        return list(beside)
    owner, street = np.repeat(np.arange(len(shapes)), counts), np.concatenate(beside)
    ways = shapely.shortest_line(area.network.lines(street), shapes[owner])
    shapely.prepare(within)
    held = np.flatnonzero(shapely.contains(within, shapely.get_point(ways, 0)))
    way, other = area.buildings.tree.query(ways[held], predicate="intersects")
    past = np.zeros(len(held), dtype=bool)
    past[way[other != rows[owner[held[way]]]]] = True
    clear = held[~past]
    order = clear[np.lexsort((shapely.length(ways[clear]), owner[clear]))]
    ends = np.searchsorted(owner[order], np.arange(len(shapes) + 1))
    return [street[order[a:b]] for a, b in itertools.pairwise(ends.tolist())]


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


# --- squares for a helicopter -------------------------------------------------------------------


def _for_helicopters(
    scene: Scene,
    area: Area,
    doctrine: Doctrine,
    working: Bools,
    shunned: Shunned,
    by_night: bool | None,
) -> list[Candidate]:
    """Find squares clear of obstacles, near the scene and on no dangerous ground."""
    rules, siting = doctrine.landing, doctrine.siting
    places = landing_grounds(area, siting, rules)
    reach = shapely.buffer(scene.ground.target_m, rules.search_m, quad_segs=4)
    barred = shunned.held
    shapely.prepare(barred)
    lanes = Lanes.among(area, working, reach.bounds)
    spots: list[LandingSpot] = []
    near = places.rows_near(reach)[:_LANDING_GROUNDS]
    for row in near[~shapely.covers(barred, places.grounds.whole_m[near])].tolist():
        for side_m in sides_m(rules, by_night):
            fit = [spot for spot in places.on(row, side_m) if not barred.intersects(spot.square_m)]
            if fit:
                spots += fit
                break
    for side_m in sides_m(rules, by_night):
        pads = [spot for spot in places.pads_near(reach, side_m) if not barred.intersects(spot.square_m)]
        known = [spot.square_m for spot in spots if spot.ground < 0]
        spots += [spot for spot in pads if not shapely.intersects(known, spot.square_m).any()]
    if not spots:
        return []
    shapes = np.array([spot.square_m for spot in spots], dtype=object)
    # One walks or drives over the rest of the ground to its square.
    beside = streets_beside(shapes, lanes, area, rules.link_m, [spot.square_m for spot in spots])
    inside = shapely.intersects(scene.outer_m, shapes)
    grounds = places.grounds
    return [
        Candidate(
            kind=LANDING,
            name="" if spot.ground < 0 else str(grounds.name[spot.ground]),
            shape_m=spot.square_m,
            open_m2=float(spot.square_m.area),
            shelter_m2=0.0,
            stalls=float("nan"),
            firmness=1.0
            if spot.ground < 0
            else _firmness(str(grounds.kind[spot.ground]), str(grounds.surface[spot.ground])),
            access="" if spot.ground < 0 else str(grounds.access[spot.ground]),
            entrance=entrance,
            edges=tuple(streets.tolist()),
            inside=bool(within),
            near="" if spot.ground < 0 else grounds.near[spot.ground],
            landing=spot,
        )
        for spot, streets, entrance, within in zip(
            spots, beside, entrances(shapes, beside, area.network), inside, strict=True
        )
        if entrance is not None
    ]
