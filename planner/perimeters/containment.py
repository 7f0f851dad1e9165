"""Containment: the fewest observation posts that together see every side of the target building(s).

The diagonal rule of ``domain.md`` 2.3, made general: officers at opposite corners of a block see all four
sides.
Posts are looked for at corners of other buildings, on streets and on open ground around the outline; what
each sees of the outline is asked of :mod:`planner.ground.sightline`; the fewest that see all that can be seen
are chosen by :mod:`planner.perimeters.set_cover`. Whoever sees a side can be seen from it: every post is in a
line of fire.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area
from planner.doctrine import Containment, Doctrine
from planner.ground.sightline import Walls, sees, walls_of
from planner.ground.stands import Stands, find_stands
from planner.ground.targets import buildings_meeting
from planner.ground.zones import Ground
from planner.model import Incident, Notice, Observation
from planner.perimeters.set_cover import Cover, least_cover
from planner.terms import BOMBS, NoticeLevel, ZoneKind

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SIDES = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Sides of a building by where they face, to the nearest of eight."""

_ABOUT = "containment"
_GAP_M = 0.5
"""Points of a side lie so far outside it: where whoever comes out is first seen."""
_OUTLINE_TOLERANCE_M = 1.0
_MOST_POINTS = 160
"""More points of the sides than this change the choice little; long outlines are sampled wider."""
_SEES_SHARE = 0.5
"""A post is said to see a side of which it sees at least so much; smaller parts count, but go unnamed."""
# What makes one of two equally good posts preferable; larger is worse.
_IN_HOT, _FAR_PER_M = 30, 0.1


@dataclass(frozen=True, eq=False)
class Watched:
    """Observation posts by rank, and what is to be said about them."""

    observations: tuple[Observation, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, eq=False)
class Facade:
    """Points along the sides of a target, all that is to be seen.

    Parameters
    ----------
    outline_m : geometry
        The target's buildings with narrow recesses and gaps filled.
    xy_m : (n, 2) array
        A hair outside each stretch of wall.
    weight_m : (n,) array
        Metres of wall that each stands for.
    side : (n,) int array
        Which of :data:`SIDES` each belongs to.
    walled : (n,) bool array
        Points where another building stands against the wall: nobody comes out there into the open.
    """

    outline_m: BaseGeometry
    xy_m: Floats
    weight_m: Floats
    side: NDArray[np.int64]
    walled: Bools

    @property
    def free_m(self) -> float:
        """Metres of wall that face open ground."""
        return float(self.weight_m[~self.walled].sum())


def watch_target(incident: Incident, ground: Ground, area: Area, doctrine: Doctrine) -> Watched:
    """Choose observation posts around the target buildings.

    Where there is no building, the outline is a whole district, or the threat is a bomb, a notice says why
    there are none.
    """
    rules = doctrine.containment
    if incident.threat in BOMBS:
        text = "No observation posts: nobody is to stay in sight of a bomb"
        return _none(NoticeLevel.INFO, text)
    outline = target_outline(ground, area, rules)
    if outline.is_empty:
        text = "No building is mapped at the place of the attack: no observation posts can be suggested"
        return _none(NoticeLevel.CAUTION, text)
    if outline.length > rules.facade_most_m:
        text = (
            f"The target's buildings have {outline.length:.0f} m of outline: too long to be watched as one. "
            "Tap the building, or draw the hot zone around it alone, for observation posts"
        )
        return _none(NoticeLevel.INFO, text)
    facade = sample_facade(outline, area, rules)
    stands = find_stands(outline, _barred(incident, area, doctrine), area, rules)
    walls = walls_of(area, doctrine.siting)
    seen, hidden = _seen(walls, facade, stands, doctrine)
    covered = stands.covered(hidden)
    cover = _choose(seen, covered, facade, stands, ground, rules)
    scene = _Scene(facade, stands, seen, covered, ground, area, doctrine)
    return scene.told(cover)


def _none(level: NoticeLevel, text: str) -> Watched:
    return Watched((), (Notice(level, text, _ABOUT),))


def target_outline(ground: Ground, area: Area, rules: Containment) -> BaseGeometry:
    """Return the outline of the target's buildings; recesses and gaps narrower than doctrine says are filled.

    Empty where no building is mapped. Courts inside count as inside.
    """
    shapes = buildings_meeting(ground.target_m, area)
    if not len(shapes):
        return Point()
    inside = shapely.area(shapely.intersection(shapes, ground.target_m)) > 0.5 * shapely.area(shapes)
    whole = shapely.union_all(shapes[inside])
    closed = whole.buffer(rules.join_m, join_style="mitre").buffer(-rules.join_m, join_style="mitre")
    joined = shapely.simplify(shapely.union(whole, closed), _OUTLINE_TOLERANCE_M)
    parts = [p for p in shapely.get_parts(joined) if p.geom_type == "Polygon" and not p.is_empty]
    return shapely.union_all([shapely.Polygon(part.exterior) for part in parts])


def sample_facade(outline_m: BaseGeometry, area: Area, rules: Containment) -> Facade:
    """Lay points along the sides of an outline, and find where another building stands against them."""
    step_m = max(rules.facade_step_m, outline_m.length / _MOST_POINTS)
    starts, ends = _sides(outline_m)
    along = ends - starts
    length = np.hypot(*along.T)
    pieces = np.maximum(1, np.round(length / step_m)).astype(np.int64)
    row = np.repeat(np.arange(len(length)), pieces)
    part = (np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[row]
    outward = np.column_stack([along[:, 1], -along[:, 0]]) / length[:, None]  # rings run counter-clockwise
    xy = starts[row] + part[:, None] * along[row] + _GAP_M * outward[row]
    bearing = np.degrees(np.arctan2(outward[:, 0], outward[:, 1]))
    side = (np.round(bearing / 45).astype(np.int64) % len(SIDES))[row]
    points = shapely.points(xy)
    walled = np.zeros(len(xy), dtype=bool)
    walled[area.buildings.tree.query(points, predicate="intersects")[0]] = True
    walled |= shapely.intersects(outline_m, points)  # between two parts that touch
    return Facade(outline_m, xy, (length / pieces)[row], side, walled)


def _sides(outline_m: BaseGeometry) -> tuple[Floats, Floats]:
    """Return starts and ends (n, 2) of the outline's straight stretches, counter-clockwise."""
    parts = shapely.get_parts(outline_m)
    rings = [shapely.get_coordinates(shapely.geometry.polygon.orient(part).exterior) for part in parts]
    starts = np.vstack([ring[:-1] for ring in rings])
    ends = np.vstack([ring[1:] for ring in rings])
    moved = (starts != ends).any(axis=1)
    return starts[moved], ends[moved]


def _barred(incident: Incident, area: Area, doctrine: Doctrine) -> BaseGeometry:
    """Ground where nobody may stand whatever they see: around further threats that may explode."""
    return shapely.union_all(
        [
            Point(area.frame.point_m(threat.location)).buffer(doctrine.preset(threat.threat).hot_m)
            for threat in incident.threats
            if threat.threat in BOMBS
        ]
    )


def _seen(walls: Walls, facade: Facade, stands: Stands, doctrine: Doctrine) -> tuple[Bools, Bools]:
    """Which stand sees which point of the sides, and which places beside cover see none of them."""
    height, limit = doctrine.siting.person_height_m, doctrine.containment.sight_m
    targets = _raised(facade.xy_m, height)
    seen = sees(walls, _raised(stands.xy_m, height), targets, limit) & ~facade.walled
    worth = stands.beside[:, 0] >= 0
    worth &= seen.any(axis=1)
    hidden = np.zeros(len(stands.step_back_m), dtype=bool)
    asked = np.unique(stands.beside[worth])
    hidden[asked] = ~sees(walls, _raised(stands.step_back_m[asked], height), targets, np.inf).any(axis=1)
    return seen, hidden


def _raised(xy_m: Floats, height_m: float) -> Floats:
    return np.column_stack([xy_m, np.full(len(xy_m), height_m)])


def _choose(
    seen: Bools, covered: Bools, facade: Facade, stands: Stands, ground: Ground, rules: Containment
) -> Cover:
    """Choose the fewest stands; among as few, with cover, off hot ground, at middle distance."""
    hot = shapely.intersects_xy(ground.hot_m, stands.xy_m)
    middle_m = (rules.near_m + rules.far_m) / 2
    price = np.where(covered, 0, stands.price) + _IN_HOT * hot
    price = price + np.round(_FAR_PER_M * np.abs(stands.distance_m - middle_m)).astype(np.int64)
    bits = [int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little") for row in seen]
    return least_cover(
        bits, price.astype(np.int64).tolist(), facade.weight_m.tolist(), rules.facade_left * facade.free_m
    )


# --- what is said of it -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Scene:
    facade: Facade
    stands: Stands
    seen: Bools
    covered: Bools
    ground: Ground
    area: Area
    doctrine: Doctrine

    def told(self, cover: Cover) -> Watched:
        ranked = self._ranked(cover.chosen)
        together = np.zeros(len(self.facade.xy_m), dtype=bool)
        posts = []
        for rank, stand in enumerate(ranked, 1):
            together |= self.seen[stand]
            posts.append(self._observation(rank, stand, self._share(together)))
        return Watched(tuple(posts), self._notices(posts, together, cover.proved))

    def _ranked(self, chosen: Sequence[int]) -> list[int]:
        """Order the chosen stands so that each adds the most to those before."""
        rest, ranked = list(chosen), []
        left = ~self.facade.walled
        while rest:
            best = max(rest, key=lambda s: (self.facade.weight_m[self.seen[s] & left].sum(), -s))
            rest.remove(best)
            ranked.append(best)
            left &= ~self.seen[best]
        return ranked

    def _share(self, seen: Bools) -> float:
        free = self.facade.free_m
        return float(self.facade.weight_m[seen & ~self.facade.walled].sum()) / free if free else 0.0

    def _observation(self, rank: int, stand: int, share: float) -> Observation:
        x, y = self.stands.xy_m[stand].tolist()
        reach = np.hypot(*(self.facade.xy_m[self.seen[stand]] - (x, y)).T)
        sides = self._sides_seen(self.seen[stand])
        zone = self._zone(x, y)
        cover = bool(self.covered[stand])
        behind = (
            f"{self.doctrine.containment.step_back_m:.0f} steps beside the corner hide it from the target"
            if cover
            else "no cover is known here: behind a vehicle's engine block, or not at all"
        )
        told = ", ".join(f"{SIDES[k]} {part:.0%}" for k, part in sides)
        return Observation(
            id=f"OP{rank}",
            location=self.area.frame.place(x, y),
            rank=rank,
            sees=tuple(SIDES[k] for k, part in sides if part >= _SEES_SHARE),
            officers=self.doctrine.containment.officers,
            distance_m=round(float(self.stands.distance_m[stand]), 1),
            longest_m=round(float(reach.max()), 1),
            covered_share=share,
            cover=cover,
            zone=zone,
            reason=f"{self.stands.words[stand]}, {self.stands.distance_m[stand]:.0f} m from the target; "
            f"sees {told} of its sides, up to {reach.max():.0f} m away (map estimate). In {zone} ground; "
            f"{behind}.",
        )

    def _sides_seen(self, seen: Bools) -> list[tuple[int, float]]:
        """Return the share of each side that is seen, where any is, clockwise from north."""
        free = ~self.facade.walled
        whole = np.bincount(self.facade.side[free], self.facade.weight_m[free], len(SIDES))
        part = np.bincount(self.facade.side[seen], self.facade.weight_m[seen], len(SIDES))
        return [(k, float(part[k] / whole[k])) for k in range(len(SIDES)) if part[k] > 0]

    def _zone(self, x_m: float, y_m: float) -> ZoneKind:
        for kind, shape in ((ZoneKind.HOT, self.ground.hot_m), (ZoneKind.WARM, self.ground.warm_m)):
            if shapely.intersects_xy(shape, x_m, y_m):
                return kind
        return ZoneKind.COLD

    def _notices(self, posts: Sequence[Observation], together: Bools, proved: bool) -> tuple[Notice, ...]:
        notices = []
        unseen = ~together & ~self.facade.walled
        lost = self.facade.weight_m[unseen].sum()
        if lost > self.doctrine.containment.facade_left * self.facade.free_m:
            sides = ", ".join(SIDES[k] for k in np.unique(self.facade.side[unseen]).tolist())
            text = (
                f"Observation posts cannot see {lost:.0f} m of the target's sides ({sides}): "
                "whoever leaves there is not seen"
            )
            notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
        if self.facade.walled.any():
            walled = self.facade.weight_m[self.facade.walled].sum()
            text = (
                f"Other buildings stand against {walled:.0f} m of the target's sides: "
                "a way out through them is not seen"
            )
            notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
        bare = [post.id for post in posts if not post.cover]
        if bare:
            text = (
                f"No cover is mapped at {', '.join(bare)}: whoever sees the target there can be shot from it"
            )
            notices.append(Notice(NoticeLevel.CAUTION, text, _ABOUT))
        if not proved:
            text = (
                f"{len(posts)} observation posts see all that can be seen; whether fewer could is not known"
            )
            notices.append(Notice(NoticeLevel.INFO, text, _ABOUT))
        return tuple(notices)
