"""A candidate: ground that could serve, with its entrance, and the streets by which it is entered."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Siting
from planner.geo import widened
from planner.ground.apart import Outlines
from planner.ground.zones import Ground
from planner.memory import kept_with
from planner.model import Post
from planner.sites.grounds import BESIDE_M
from planner.sites.landing import LandingSpot
from planner.streets.network import Snap, StreetNetwork

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

STREET = "street"
"""Kind of a candidate that is a stretch of street, not ground off it."""

LANDING = "landing"
"""Kind of a candidate that is a square for a helicopter."""

FOUND = "found_ground"
"""Kind of a candidate that is ground which nobody mapped, only left free between streets and buildings."""

COVER = "building"
"""Kind of a candidate that is a building in warm ground."""

_CLEAR_M = 1.0
_ROUNDED_M = 0.05
"""Gaps are told to 0.1 m: so much more than told they may be."""
_POST_CORNERS = 4


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
    never_gates : frozenset of str
        Ids of posts of the inner perimeter that nobody is led out by, as those in tunnels.
    blocked : (E,) bool array or None
        Those of the closed streets that the user blocked; None: none is known to be.
    """

    ground: Ground
    inner_m: Polygon
    outer_m: Polygon
    posts: tuple[Post, ...]
    closed: Bools
    never_gates: frozenset[str] = frozenset()
    blocked: Bools | None = None


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
    stadium : bool
        Whether it is a stadium, of which the map does not tell what is under a roof.
    landing : LandingSpot or None
        What is known of a square for a helicopter.
    frontage_m2 : float
        Kerb of the street in front of a hall between the perimeters, where cars can stand.
    unbuilt : bool
        Whether no building is mapped near open ground that nobody mapped: it may be built over.
    likely_built : bool
        Whether such ground lies in a dense grid of streets where few buildings are mapped.
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
    stadium: bool = False
    landing: LandingSpot | None = None
    frontage_m2: float = 0.0
    unbuilt: bool = False
    likely_built: bool = False


# --- where sites may be ---


def danger_of(scene: Scene) -> BaseGeometry:
    """Ground that no site may touch: a hair wider than drawn, so that rounding leaves none on its rim."""
    ground = scene.ground
    return shapely.union(ground.danger_m, ground.target_m).buffer(_CLEAR_M, quad_segs=2)


def post_spots(posts: Sequence[Post], area: Area, siting: Siting) -> BaseGeometry:
    """Return the ground about posts that sites keep off."""
    if not posts:
        return MultiPoint()
    # A circle of few corners, so much wider that it holds the true one.
    radius_m = siting.post_separation_m / float(np.cos(np.pi / (4 * _POST_CORNERS)))
    points = shapely.points(area.frame.to_m([post.location for post in posts]))
    # Most of them lie by themselves: only those that meet are laid together.
    return shapely.disjoint_subset_union_all(shapely.buffer(points, radius_m, quad_segs=_POST_CORNERS))


@dataclass(frozen=True, eq=False)
class Shunned:
    """Ground on which no site of an incident lies, or none but some.

    Parameters
    ----------
    danger : geometry
        Dangerous ground.
    spots : geometry
        About the posts.
    held : geometry
        The inner perimeter and all danger.
    """

    danger: BaseGeometry
    spots: BaseGeometry
    held: BaseGeometry

    @classmethod
    def by(cls, scene: Scene, area: Area, siting: Siting) -> Shunned:
        """Return what sites of a scene keep off."""
        danger = danger_of(scene)
        held = shapely.union(scene.inner_m, danger)
        return cls(danger, post_spots(scene.posts, area, siting), held)

    def between(self, scene: Scene) -> BaseGeometry:
        """Return the ground between the perimeters that is neither dangerous nor a post's."""
        return shapely.difference(scene.outer_m, shapely.union(self.held, self.spots))


# --- by which streets they are entered ---


@dataclass(frozen=True, eq=False)
class Lanes:
    """Streets by which sites can be entered.

    Parameters
    ----------
    network : StreetNetwork
    mask : (E,) bool array
    box_m : tuple of float
        Those whose boxes meet it: xmin, ymin, xmax, ymax.
    """

    network: StreetNetwork
    mask: Bools
    box_m: tuple[float, float, float, float]

    @classmethod
    def among(
        cls, area: Area, mask: Bools, bounds: tuple[float, float, float, float], beyond_m: float = 0.0
    ) -> Lanes:
        """Streets of a mask whose boxes meet the bounds, or reach so far beyond them."""
        return cls(area.network, mask, widened(bounds, beyond_m))

    @cached_property
    def edges(self) -> Ints:
        """All of them, ascending; few ask for them."""
        near = self.network.edges_in_box(self.box_m)
        return near[self.mask[near]]

    @cached_property
    def tree(self) -> shapely.STRtree:
        """A tree over the lines of all."""
        return shapely.STRtree(self.network.lines(self.edges))

    def hold(self, edges: Ints) -> Bools:
        """Tell which streets are among them."""
        west, south, east, north = self.box_m
        xmin, ymin, xmax, ymax = self.network.bounds_m[edges].T
        meets = (xmin <= east) & (xmax >= west) & (ymin <= north) & (ymax >= south)
        return np.asarray(self.mask[edges] & meets)


def usable_streets(network: StreetNetwork, joined: Bools, closed: Bools) -> Bools:
    """Mask (E,) of streets on which a site may be entered: joined to the scene, open, not a motorway."""
    return joined & ~closed & network.enterable


def streets_beside(
    shapes: Shapes,
    lanes: Lanes,
    area: Area,
    reach_m: float,
    keys: Sequence[Hashable | None] = (),
) -> list[Ints]:
    """Streets of the lanes within reach of each ground, the best entrance first.

    ``keys`` name the shapes that are the same in every incident: for these all streets near by are kept.
    """
    if len(shapes) == 0:
        return []
    network, known = area.network, keys or [None] * len(shapes)
    cut = np.array([k for k, key in enumerate(known) if key is None], dtype=np.int64)
    shape, street, gap = _pairs_near(shapes[cut], network, lanes.mask, reach_m)
    shape = cut[shape]
    kept = [(k, key) for k, key in enumerate(known) if key is not None]
    if kept:
        memo = streets_near(area, reach_m)
        memo.learn([(key, shapes[k]) for k, key in kept])
        found = [memo.of[key] for _, key in kept]
        owner = np.repeat([k for k, _ in kept], [len(edges) for edges, _ in found])
        shape = np.concatenate([shape, owner])
        street = np.concatenate([street, *(edges for edges, _ in found)])
        gap = np.concatenate([gap, *(gaps for _, gaps in found)])
    usable = lanes.hold(street)
    shape, street, gap = shape[usable], street[usable], gap[usable]
    least = np.full(len(shapes), np.inf)
    np.minimum.at(least, shape, gap)
    # A named street about as near as the nearest is what people can find and say on the radio.
    nameless = network.name_index[street] == 0
    further = gap > least[shape] + BESIDE_M
    order = np.lexsort((street, gap, nameless, further, shape))
    ends = np.searchsorted(shape[order], np.arange(len(shapes) + 1))
    return [street[order[a:b]] for a, b in itertools.pairwise(ends)]


def _pairs_near(
    shapes: Shapes, network: StreetNetwork, wanted: Bools, reach_m: float
) -> tuple[Ints, Ints, Floats]:
    """Which shape has which of the streets of a mask within reach, and how far off (to 0.1 m)."""
    reach = reach_m + _ROUNDED_M
    boxes_m = shapely.bounds(shapes).reshape(-1, 4) + np.array([-reach, -reach, reach, reach])
    shape, street = network.box_grid.pairs(boxes_m, wanted)
    gap = Outlines.of(shapes).to_lines(shape, street, network.shape_xy_m, network.shape_start, reach)
    gap = np.round(gap, 1)
    near = gap <= reach_m
    return shape[near], street[near], gap[near]


@dataclass(frozen=True, eq=False)
class NearStreets:
    """All streets near grounds that are the same in every incident, found when first asked for."""

    area: Area
    reach_m: float
    of: dict[Hashable, tuple[Ints, Floats]]

    def learn(self, shapes: Sequence[tuple[Hashable, BaseGeometry]]) -> None:
        """Find the streets near those shapes that are not known yet."""
        new = {key: shape for key, shape in shapes if key not in self.of}
        if not new:
            return
        grounds = np.array(list(new.values()), dtype=object)
        network = self.area.network
        shape, street, gap = _pairs_near(grounds, network, network.drivable, self.reach_m)
        ends = np.searchsorted(shape, np.arange(len(new) + 1))
        for key, (a, b) in zip(new, itertools.pairwise(ends.tolist()), strict=True):
            self.of[key] = (street[a:b], gap[a:b])

    def around(self, ground: int) -> Ints:
        """Return the streets near a ground, with its roofs or without, where that was asked for."""
        known = [self.of[key][0] for key in ((ground, True), (ground, False)) if key in self.of]
        return np.concatenate([np.empty(0, dtype=np.int64), *known])


@kept_with
def streets_near(area: Area, reach_m: float) -> NearStreets:
    """Return the streets within reach of grounds of an area, kept while it lives."""
    return NearStreets(area, reach_m, {})


def entrances(shapes: Shapes, beside: Sequence[Ints], network: StreetNetwork) -> list[Snap | None]:
    """Where each ground is entered from its best street: the nearest place, or midway where they meet."""
    out: list[Snap | None] = [None] * len(shapes)
    rows = np.array([k for k, streets in enumerate(beside) if len(streets)], dtype=np.int64)
    if len(rows) == 0:
        return out
    first = np.array([beside[k][0] for k in rows], dtype=np.int64)
    lines, grounds = network.lines(first), shapes[rows]
    spots = shapely.get_point(shapely.shortest_line(lines, grounds), 0)
    meet = np.flatnonzero(shapely.intersects(lines, grounds))
    spots[meet] = shapely.point_on_surface(shapely.intersection(lines[meet], grounds[meet]))
    along = shapely.line_locate_point(lines, spots)
    places = shapely.line_interpolate_point(lines, along)
    gaps = shapely.distance(places, grounds)
    xy = shapely.get_coordinates(places)
    for k, edge, metres, (x, y), gap in zip(
        rows.tolist(), first.tolist(), along.tolist(), xy.tolist(), gaps.tolist(), strict=True
    ):
        out[k] = Snap(edge, metres, x, y, gap)
    return out
