"""A plan document laid on the raw map: its ground in metres, its closures as stretches of street."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m
from planner.audit.streets import Bools, Ints, RawStreets
from planner.closures import blocked_streets
from planner.doctrine import Doctrine
from planner.geo import LonLat
from planner.model import Perimeter, Plan, Post, Rings, Shape
from planner.terms import PerimeterName, PostEditKind, PostMode, ZoneKind

_AT_POST_M = 1.0
"""A street this near to a post is the one that it stands on."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a plan says, where it can be measured. Nothing in it comes from how the plan was made."""

    plan: Plan
    area: Area
    doctrine: Doctrine
    streets: RawStreets

    def ground(self, kind: ZoneKind) -> BaseGeometry:
        """Return all zones of one kind, in metres."""
        zones = [self.polygon(zone.rings) for zone in self.plan.zones if zone.zone is kind]
        return shapely.union_all(zones) if zones else Polygon()

    @cached_property
    def hot_m(self) -> BaseGeometry:
        """Hot ground."""
        return self.ground(ZoneKind.HOT)

    @cached_property
    def warm_m(self) -> BaseGeometry:
        """Warm ground, less what is hot."""
        return self.ground(ZoneKind.WARM).difference(self.hot_m)

    @cached_property
    def danger_m(self) -> BaseGeometry:
        """Hot and warm ground."""
        return shapely.union_all([self.hot_m, self.ground(ZoneKind.WARM)])

    def perimeter(self, name: PerimeterName) -> Perimeter | None:
        """Return the perimeter of that name, if the plan has it."""
        return next((p for p in self.plan.perimeters if p.perimeter is name), None)

    def held_m(self, name: PerimeterName) -> BaseGeometry:
        """Return the ground inside a perimeter; empty where the plan has none."""
        return self._held_m[name]

    @cached_property
    def _held_m(self) -> dict[PerimeterName, BaseGeometry]:
        found = {name: self.perimeter(name) for name in PerimeterName}
        return {name: self.polygon(line.rings) if line else Polygon() for name, line in found.items()}

    def polygon(self, rings: Rings) -> BaseGeometry:
        """Return a polygon in metres, repaired if need be: whether it needed it is asked elsewhere."""
        return _whole(self.raw_polygon(rings))

    def raw_polygon(self, rings: Rings) -> BaseGeometry:
        """Return a polygon in metres, as the document has it."""
        (polygon,) = geometries_m(Shape(polygons=(rings,)), self.area.frame)
        return polygon

    def shape(self, shape: Shape) -> BaseGeometry:
        """Return a shape in metres, repaired if need be."""
        return shapely.union_all([_whole(part) for part in geometries_m(shape, self.area.frame)])

    def point(self, place: LonLat) -> Point:
        """Return a place in metres."""
        return Point(self.area.frame.point_m(place))

    # --- posts and closures ---------------------------------------------------------------------

    def posts(self, name: PerimeterName) -> tuple[Post, ...]:
        """Return the posts of one perimeter."""
        return tuple(post for post in self.plan.posts if post.perimeter is name)

    @cached_property
    def closes(self) -> dict[str, Ints]:
        """Segments that each post closes, by its id; what the map does not have is left out."""
        return {post.id: self._closed_by(post) for post in self.plan.posts}

    def _closed_by(self, post: Post) -> Ints:
        found = [self.streets.stretch(*stretch) for stretch in post.closes]
        parts = [part for part in found if part is not None]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    def closed_by(self, posts: tuple[Post, ...]) -> Bools:
        """Segments that the posts close to vehicles. Who stands on a footway does not stop a car."""
        mask = np.zeros(len(self.streets.edge), dtype=bool)
        for post in posts:
            if post.mode is PostMode.VEHICLE:
                mask[self.closes[post.id]] = True
        return mask

    def held_at(
        self,
        posts: tuple[Post, ...],
        around: BaseGeometry,
        far: Collection[str] = (),
        *,
        on_foot: bool = False,
    ) -> RawStreets:
        """Return the streets around, cut where officers stand: stricter than to take whole stretches away.

        Of each stretch that a post closes only the place nearest to the post is barred, so that two posts on
        one long stretch do not hold for each other. The posts ``far`` beyond the line bar no tunnel or bridge
        but where they stand: that part of it is not held by anybody who stands in it.
        """
        cuts: list[tuple[int, float]] = []
        for post in posts:
            if on_foot or post.mode is PostMode.VEHICLE:
                cuts += self._barred_by(post, beyond=post.id in far)
        return self.streets.cut_at(cuts, self.streets.near(around))

    def _barred_by(self, post: Post, *, beyond: bool) -> Iterator[tuple[int, float]]:
        """Yield where a post bars each stretch that it closes: the segment, and how far along it."""
        network, spot = self.area.network, self.point(post.location)
        for stretch in post.closes:
            segments = self.streets.stretch(*stretch)
            if segments is None:
                continue
            lines = self.streets.lines(segments)
            away = shapely.distance(lines, spot)
            nearest = int(np.argmin(away))
            edge = self.streets.edge[segments[nearest]]
            if beyond and away[nearest] > _AT_POST_M and (network.tunnel[edge] or network.bridge[edge]):
                continue
            share = shapely.line_locate_point(lines[nearest], spot, normalized=True)
            yield int(segments[nearest]), float(share)

    @cached_property
    def left_open(self) -> Bools:
        """Segments of streets that the user marked, so that no post is to stand there."""
        marked = [edit.shape for edit in self.plan.incident.post_edits if edit.edit is not PostEditKind.ADD]
        places = [[*shape.points, *(place for way in shape.lines for place in way)] for shape in marked]
        spots = [self.area.frame.point_m(given[0]) for given in places if given]
        found = self.area.network.snap(spots, self.area.network.drivable)
        reach_m = self.doctrine.perimeters.blocked_here_m
        edges = [snap.edge for snap in found if snap is not None and snap.offset_m <= reach_m]
        return np.isin(self.streets.edge, edges)

    @cached_property
    def blocked(self) -> Bools:
        """Segments that nobody can drive, because the user says so."""
        return self.blocked_edges[self.streets.edge]

    @cached_property
    def blocked_edges(self) -> Bools:
        """Edges that nobody can drive, because the user says so."""
        return blocked_streets(self.plan.incident, self.area, self.doctrine) & self.area.network.drivable


def _whole(part: BaseGeometry) -> BaseGeometry:
    """Repair a polygon; what collapses to a line is dropped, so that ground stays ground."""
    if part.is_valid:
        return part
    return shapely.make_valid(part, method="structure", keep_collapsed=False)
