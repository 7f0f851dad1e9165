"""Ways written as routes: the line, the streets by name, the posts passed, what is shared, where it is tight.

Ways to many hospitals run together over most of a metro: what a place, a post or a dead end is, is worked out
once for all of them, and streets that are driven from end to end are not looked at one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString

from planner import words
from planner.area import Area, rounded_deg
from planner.doctrine import Transport as Rules
from planner.geo import LonLat
from planner.model import Route
from planner.routes.chokes import worst_chokes
from planner.routes.driving import PostOnStreet, Streets, Way, listed, metres
from planner.streets.network import Path, StreetNetwork
from planner.terms import RouteKind

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_SAME_PLACE_M = 0.5
_ALONG_M = np.array([-3.0, 0.0, 3.0])
"""A street that is drawn over another is on its line here too, one that crosses it is not."""
_NOTHING: Ints = np.empty(0, dtype=np.int64)
_NOWHERE = np.empty((0, 2))


def write_routes(
    ways: Sequence[Way], streets: Streets, area: Area, rules: Rules, kept: Bools | None = None
) -> tuple[Route, ...]:
    """Write ways as routes, each with what it passes and what it shares with those that run the other way.

    ``kept`` (E,) are the streets of the corridor, which are kept clear.
    """
    if not ways:
        return ()
    network = area.network
    cleared = [()] * len(ways) if kept is None else _keep_clear(ways, kept, network)
    lines = _lines([way.path for way in ways], area)
    out, into = (
        [w.path for w in ways if (w.kind is RouteKind.EGRESS) is leaving] for leaving in (True, False)
    )
    scene = _Scene(
        streets, network, rules, _Driven(out, network), _Driven(into, network), _Posts(streets, network)
    )
    shapely.prepare(streets.hot_m)
    numbers = dict.fromkeys(RouteKind, 0)
    routes = []
    for way, line, keep_clear, tight in zip(ways, lines, cleared, _tight(ways, scene), strict=True):
        numbers[way.kind] += 1
        route = _route(way, f"{way.kind}-{numbers[way.kind]}", line, tight, scene)
        routes.append(replace(route, keep_clear=keep_clear) if keep_clear else route)
    return tuple(routes)


@dataclass(frozen=True, eq=False)
class _Scene:
    """What all ways have in common: what those drive that leave and that come, and posts."""

    streets: Streets
    network: StreetNetwork
    rules: Rules
    out: _Driven
    into: _Driven
    posts: _Posts


def _route(way: Way, ident: str, line: tuple[LonLat, ...], tight: str, scene: _Scene) -> Route:
    path, network = way.path, scene.network
    shared_m = (scene.into if way.kind is RouteKind.EGRESS else scene.out).shared_m(path)
    against_m = _against_m(path, network)
    names, posts = street_names(path, network), scene.posts.crossed(path)
    parts = [f"{way.purpose}: {_minutes(path.time_s)}, {metres(path.length_m)}{_by(names)}"]
    parts += [f"through {listed(posts)}"] if posts else []
    parts += [_shared_text(way.kind, shared_m)]
    if against_m >= 0.5:
        parts.append(f"{metres(against_m)} against one-way traffic, which must be held back")
    if path.against_signs:
        parts.append(f"turns {words.count(len(path.against_signs), 'time')} against a sign, with care")
    parts += [tight] if tight else []
    return Route(
        id=ident,
        route=way.kind,
        start=way.start,
        end=way.end,
        line=line,
        time_s=path.time_s,
        length_m=path.length_m,
        streets=names,
        nodes=path.nodes,
        shared_m=shared_m,
        hot_m=_hot_m(path, scene.streets),
        posts_crossed=posts,
        reason="; ".join(parts),
        against_signs=path.against_signs,
    )


def _against_m(path: Path, network: StreetNetwork) -> float:
    """Metres that a path drives against one-way traffic."""
    against = network.oneway[path.edges] * np.where(path.forward, 1, -1) < 0
    return float((path.span_m[against, 1] - path.span_m[against, 0]).sum())


def _hot_m(path: Path, streets: Streets) -> float:
    """Metres of a path on hot and warm ground, which is made ready for such questions."""
    line = LineString(path.xy_m)
    return float(line.intersection(streets.hot_m).length) if streets.hot_m.intersects(line) else 0.0


def _tight(ways: Sequence[Way], scene: _Scene) -> list[str]:
    """Name the tightest streets of each ambulance's way, so that traffic officers keep them clear first (C3).

    "" where none is tight, and for all who drive elsewhere than ambulances.
    """
    kinds = RouteKind.EGRESS, RouteKind.TRANSFER
    own = [k for k, way in enumerate(ways) if way.kind in kinds]
    both_ends = [ways[k].kind is RouteKind.TRANSFER for k in own]
    found = worst_chokes([ways[k].path for k in own], scene.network, scene.rules, both_ends=both_ends)
    told = [""] * len(ways)
    for k, chokes in zip(own, found, strict=True):
        if chokes:
            told[k] = (
                f"tightest at {listed([f'{choke.street} ({listed(choke.faults)})' for choke in chokes])}"
            )
    return told


def street_names(path: Path, network: StreetNetwork) -> tuple[str, ...]:
    """Name the streets of a path in order, each once; the kind of way where none has a name."""
    driven = path.edges[path.share > 0]
    index = network.name_index[driven]
    index = index[np.diff(index, prepend=0) != 0]  # where another name begins; 0 is none
    named = dict.fromkeys(network.names[k] for k in index.tolist() if k > 0)
    return tuple(named) or tuple(dict.fromkeys(network.street(edge) for edge in driven.tolist()))


def _lines(paths: Sequence[Path], area: Area) -> list[tuple[LonLat, ...]]:
    """Return the lines of paths as places: two at least, none twice in a row."""
    rows = [path.rows if len(path.rows) == len(path.xy_m) else np.full(len(path.xy_m), -1) for path in paths]
    every = np.concatenate([_NOTHING, *rows])
    # Each shape point of the streets is worked out once, whichever path comes by it.
    every = np.where(every < 0, -1 - np.arange(len(every)), every)
    _, own, number = np.unique(every, return_index=True, return_inverse=True)
    degrees = rounded_deg(np.concatenate([_NOWHERE, *(path.xy_m for path in paths)])[own], area.frame)
    places = list(map(LonLat, *degrees.T.tolist()))
    lines = []
    for part in np.split(number, np.cumsum([len(path.xy_m) for path in paths])[:-1]):
        # Rounded, two places may be one.
        moves = np.append(True, (degrees[part[1:]] != degrees[part[:-1]]).any(axis=1))
        line = [places[k] for k in part[moves].tolist()]
        lines.append(tuple(line if len(line) > 1 else line * 2))
    return lines


# --- what is kept clear, and what is shared -----------------------------------------------------------


def _keep_clear(
    ways: Sequence[Way], kept: Bools, network: StreetNetwork
) -> list[tuple[tuple[str, float], ...]]:
    """Metres on each street of the corridor that each way drives, in order of travel, to 10 m.

    A stretch that several drive is counted at one of them only, on the way in before the ways out, so that
    the sum over all is what has to be kept clear.
    """
    found: list[tuple[tuple[str, float], ...]] = [()] * len(ways)
    counted: dict[int, list[tuple[float, float]]] = {}
    for kind in (RouteKind.TRANSFER, RouteKind.EGRESS):
        for k, way in enumerate(ways):
            if way.kind is kind:
                found[k] = _not_yet(way.path, kept, network, counted)
    return found


def _not_yet(
    path: Path, kept: Bools, network: StreetNetwork, counted: dict[int, list[tuple[float, float]]]
) -> tuple[tuple[str, float], ...]:
    """Metres by street of what a path drives and none counted before, which is counted from now on."""
    by_street: dict[str, float] = {}
    for edge, low_m, high_m in _stretches(path, kept):
        further_m = high_m - low_m - _covered_m((low_m, high_m), counted.get(edge, ()))
        counted.setdefault(edge, []).append((low_m, high_m))
        if further_m > _SAME_PLACE_M:
            name = network.street(edge)
            by_street[name] = by_street.get(name, 0.0) + further_m
    return tuple((name, max(10.0, round(length_m, -1))) for name, length_m in by_street.items())


def _stretches(path: Path, among: Bools) -> list[tuple[int, float, float]]:
    """Return what a path drives of some streets, in order of travel: which, from where to where."""
    on = np.flatnonzero(among[path.edges])
    return list(zip(path.edges[on].tolist(), *path.span_m[on].T.tolist(), strict=True))


class _Driven:
    """What some paths drive, in either direction: streets from end to end, and stretches of others."""

    def __init__(self, paths: Sequence[Path], network: StreetNetwork) -> None:
        self._length_m = network.length_m
        self._whole, self._part = network.no_closures(), network.no_closures()
        for path in paths:
            whole = (path.span_m[:, 0] == 0.0) & (path.span_m[:, 1] == self._length_m[path.edges])
            self._whole[path.edges[whole]] = True
            self._part[path.edges[~whole]] = True
        self._spans: dict[int, list[tuple[float, float]]] = {}
        for path in paths:
            for edge, *span in _stretches(path, self._part):
                self._spans.setdefault(edge, []).append((span[0], span[1]))

    def shared_m(self, path: Path) -> float:
        """Metres of a path on stretches that these drive too."""
        low_m, high_m = path.span_m.T
        within_m = np.minimum(high_m, self._length_m[path.edges]) - np.maximum(low_m, 0.0)
        common_m = np.where(self._whole[path.edges], np.maximum(within_m, 0.0), 0.0)
        for k in np.flatnonzero(self._part[path.edges]).tolist():
            low, high = path.span_m[k].tolist()
            common_m[k] = _covered_m((low, high), self._spans[int(path.edges[k])])
        return float(np.cumsum(common_m)[-1])  # in order of travel, as one adds them up by hand


def _covered_m(span: tuple[float, float], others: Sequence[tuple[float, float]]) -> float:
    """Metres of a span that others cover together."""
    (low_m, high_m), covered_m = span, 0.0
    for from_m, to_m in sorted(others):
        covered_m += max(0.0, min(high_m, to_m) - max(low_m, from_m))
        low_m = max(low_m, to_m)
    return covered_m


# --- posts --------------------------------------------------------------------------------------------


class _Posts:
    """Which posts a way passes."""

    def __init__(self, streets: Streets, network: StreetNetwork) -> None:
        self._streets, self._network = streets, network

    def crossed(self, path: Path) -> tuple[str, ...]:
        """Return the posts that a path passes, in order."""
        crossed = dict[str, None]()
        for k in np.flatnonzero(self._streets.post_edge[path.edges]).tolist():
            low_m, high_m = path.span_m[k].tolist()
            on = self._on[int(path.edges[k])]
            passed = [post for along_m, post in on if low_m <= along_m <= high_m]
            for post in passed if path.forward[k] else reversed(passed):
                crossed[post.id] = None
                crossed.update(dict.fromkeys(self._beside(post)))
        return tuple(crossed)

    def _beside(self, post: PostOnStreet) -> list[str]:
        """Find the posts where one stands: some maps draw a street twice, and close it twice."""
        x_m, y_m = self._places[post]
        near = self._places.items()
        return [other.id for other, (x, y) in near if math.hypot(x - x_m, y - y_m) <= _SAME_PLACE_M]

    @cached_property
    def _on(self) -> dict[int, list[tuple[float, PostOnStreet]]]:
        """How far along each street which posts stand, from its ``u`` end on.

        Also those of a street that the map draws over it, in part maybe: their cars stand on this one too.
        """
        on: dict[int, list[tuple[float, PostOnStreet]]] = {}
        for post in self._streets.posts:
            on.setdefault(post.edge, []).append((post.along_m, post))
        for post in self._streets.posts:
            for edge in self._drawn_over(post):
                along_m = shapely.line_locate_point(self._line(edge), shapely.Point(self._places[post]))
                on[edge].append((float(along_m), post))
        return {edge: sorted(posts, key=lambda one: one[0]) for edge, posts in on.items()}

    def _drawn_over(self, post: PostOnStreet) -> list[int]:
        """Return the other streets with a post that run where a post stands, along its street and as high."""
        network, edges = self._network, self._streets.post_edges
        x, y = self._places[post]
        low, high = network.bounds_m[edges, :2] - _SAME_PLACE_M, network.bounds_m[edges, 2:] + _SAME_PLACE_M
        there = ((low <= (x, y)) & (high >= (x, y))).all(axis=1) & (edges != post.edge)
        there &= network.layer[edges] == network.layer[post.edge]
        if not there.any():
            return []
        along_m = np.clip(post.along_m + _ALONG_M, 0.0, network.length_m[post.edge])
        spots = shapely.line_interpolate_point(self._line(post.edge), along_m)
        near = (
            (edge, shapely.distance(spots, self._line(edge)) <= _SAME_PLACE_M)
            for edge in edges[there].tolist()
        )
        return [edge for edge, (before, at, beyond) in near if at and (before or beyond)]

    def _line(self, edge: int) -> LineString:
        (line,) = self._network.lines([edge])
        assert isinstance(line, LineString)
        return line

    @cached_property
    def _places(self) -> dict[PostOnStreet, tuple[float, float]]:
        """Where each post stands, in metres."""
        return {post: self._network.at(post.edge, post.along_m) for post in self._streets.posts}


# --- words --------------------------------------------------------------------------------------------


def _shared_text(kind: RouteKind, shared_m: float) -> str:
    other = "the ways in" if kind is RouteKind.EGRESS else "the ambulances' way out"
    return f"shares {metres(shared_m)} with {other}" if shared_m >= 0.5 else f"apart from {other}"


def _by(names: Sequence[str]) -> str:
    return f" by {listed(names[:3])}{' and others' if len(names) > 3 else ''}" if names else ""


def _minutes(time_s: float) -> str:
    """Write a planning time as everywhere: rounded up, and nothing said of seconds."""
    return "under 1 min" if time_s < 60 else f"{math.ceil(time_s / 60)} min"
