"""Sites: candidates for each purpose, judged by hard rules and criteria, chosen together, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from planner.area import Area, geometries_m, shape_of
from planner.candidates import STREET, Candidate, Scene, gather, usable_streets
from planner.criteria import ASKS, Asks, Demand, Facts, Judged, judge
from planner.doctrine import Doctrine, Siting
from planner.errors import IncidentError
from planner.geo import usng
from planner.grounds import building_spots, grounds_of
from planner.model import Incident, Notice, Pin, Score, Site
from planner.network import Snap
from planner.reach import Distances, distances_from, find_exits
from planner.selection import POOL, Choice, choose_together, runners_up
from planner.sightline import seen_by_any, walls_of
from planner.targets import thin, tidy
from planner.terms import NoticeLevel, PerimeterName, PlaceKind, Purpose, SiteSource, Travel, ZoneKind

__all__ = ["ChosenSites", "Scene", "choose_sites"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PINNED = "pinned"
"""Kind of a candidate that the commander pinned."""

_ALTERNATES = 3
_EYES = 64
_SITE_POINTS = 8
_OUTLINE_SPACING_M = 20.0
_WALK_BOX_M = 600.0
_RIM_M = 0.5
_FACADE_GAP_M = 0.25
_SOFT = 0.5
_ASK_OWNER = ("private", "no", "permit", "customers")


@dataclass(frozen=True, eq=False)
class ChosenSites:
    """Sites by purpose and rank (suggestion first, then runners-up), and what could not be found."""

    sites: tuple[Site, ...]
    officers: int
    notices: tuple[Notice, ...]


def choose_sites(incident: Incident, scene: Scene, area: Area, doctrine: Doctrine) -> ChosenSites:
    """Choose a site for every purpose. *No site found* is a Notice, not an error.

    Parameters
    ----------
    incident : Incident
        Pins outrank every suggestion; rejected places are not suggested again.
    scene : Scene
        Zones, perimeters, posts, closed streets.
    area : Area
    doctrine : Doctrine

    Raises
    ------
    IncidentError
        If a pin lies nowhere in the area.
    """
    siting = doctrine.siting
    exits, working, public = _open_streets(scene, area, doctrine)
    candidates = gather(scene, area, doctrine, working, public)
    pins = _pinned(incident.pins, working, area, doctrine)
    facts = _facts(tuple(candidates + [pin for _, pin in pins]), incident, scene, area, doctrine, exits)
    demand = Demand.of(incident, siting)
    judged = {asks.purpose: judge(asks, facts, demand, siting) for asks in ASKS}
    held = {purpose: len(candidates) + k for k, (purpose, _) in enumerate(pins) if purpose in judged}
    choice = _choice(judged, facts, held, siting)
    chosen = choose_together(choice)
    write = _Writer(facts, judged, choice, chosen, held, scene, area, siting, demand)
    sites = tuple(site for asks in ASKS for site in write.sites(asks.purpose))
    officers = sum(int(getattr(siting, asks.officers)) for asks in ASKS if asks.purpose in chosen)
    notices = (*_missing(judged, chosen), *_assumed(demand), *_sight_notice(facts))
    return ChosenSites(sites, officers, notices)


# --- the streets --------------------------------------------------------------------------------


def _open_streets(scene: Scene, area: Area, doctrine: Doctrine) -> tuple[Bools, Bools, Bools]:
    """Streets with two ways out; those by which working sites, and public ones, can be entered."""
    network = area.network
    working = usable_streets(area, doctrine, Travel.EMERGENCY, scene.closed)
    open_to_all = usable_streets(area, doctrine, Travel.PUBLIC, scene.closed)
    passable = network.main_edges(Travel.EMERGENCY, doctrine.travelling) & ~scene.closed
    xmin, ymin, xmax, ymax = scene.outer_m.bounds
    margin = doctrine.siting.search_m
    exits = find_exits(network, passable, (xmin - margin, ymin - margin, xmax + margin, ymax + margin))
    return exits.twice, working & exits.out, open_to_all


# --- what is known about each candidate ---------------------------------------------------------


def _facts(
    candidates: tuple[Candidate, ...],
    incident: Incident,
    scene: Scene,
    area: Area,
    doctrine: Doctrine,
    twice: Bools,
) -> Facts:
    siting = doctrine.siting
    shapes = np.array([c.shape_m for c in candidates], dtype=object)
    target_m = shapely.distance(shapes, scene.ground.target_m)
    walk, gates = _walks(scene, area, doctrine)
    drive = _drives(scene, area, doctrine)
    walks = [walk.to(c.entrance) for c in candidates]
    offset_m = np.array([c.entrance.offset_m for c in candidates])
    return Facts(
        candidates=candidates,
        walk_m=np.array([metres for metres, _ in walks]) + offset_m,
        gate=tuple(gates[which] if which >= 0 else "" for _, which in walks),
        drive_m=np.array([drive.to(c.entrance)[0] for c in candidates]) + offset_m,
        target_m=target_m,
        outer_m=shapely.distance(shapes, scene.outer_m),
        in_sight=_in_sight(shapes, target_m, scene, area, siting),
        ways=np.array([1 + int(twice[list(c.edges)].any()) for c in candidates], dtype=np.int64),
        rejected=_rejected(shapes, incident, area, siting),
    )


def _walks(scene: Scene, area: Area, doctrine: Doctrine) -> tuple[Distances, list[str]]:
    """Distances on foot from the posts of the inner perimeter, along what is not hot."""
    network = area.network
    timing = network.timing(Travel.FOOT, doctrine.travelling)
    hot = network.edges_meeting(scene.ground.hot_m)
    near = network.edges_in_box(scene.outer_m.buffer(_WALK_BOX_M).bounds)
    near = near[~hot[near]]
    posts = [post for post in scene.posts if post.perimeter is PerimeterName.INNER]
    spots = network.snap(area.frame.to_m([post.location for post in posts]), ~hot) if posts else []
    starts = [(snap, post.id) for snap, post in zip(spots, posts, strict=True) if snap is not None]
    walk = distances_from(network, [snap for snap, _ in starts], near, np.isfinite(timing.arc_s))
    return walk, [gate for _, gate in starts]


def _drives(scene: Scene, area: Area, doctrine: Doctrine) -> Distances:
    """Distances by road, for the public, from the posts of the outer perimeter."""
    network = area.network
    timing = network.timing(Travel.PUBLIC, doctrine.travelling)
    near = network.edges_in_box(scene.outer_m.buffer(doctrine.siting.reunification_far_m).bounds)
    near = near[~scene.closed[near] & timing.open_edges[near]]
    posts = [post for post in scene.posts if post.perimeter is PerimeterName.OUTER]
    open_street = timing.open_edges & ~scene.closed
    spots = network.snap(area.frame.to_m([post.location for post in posts]), open_street) if posts else []
    return distances_from(
        network, [snap for snap in spots if snap is not None], near, np.isfinite(timing.arc_s)
    )


def _in_sight(
    shapes: NDArray[np.object_], from_target_m: Floats, scene: Scene, area: Area, siting: Siting
) -> Ints:
    """1 in sight, 0 out of sight or further than sight is looked for, -1 where the map shows too little."""
    result = np.full(len(shapes), 0 if len(area.buildings) else -1, dtype=np.int64)
    near = np.flatnonzero(from_target_m <= siting.sight_m)
    if len(near) == 0:
        return result
    eyes = thin(scene.ground.samples_xyz_m, _EYES)
    points, groups = _site_points(shapes[near], siting.person_height_m)
    seen = seen_by_any(walls_of(area, siting), groups, points, eyes, siting.sight_m)
    known = _mapped_between(shapes[near], scene, area, siting)
    result[near] = np.where(known, seen, -1)
    return result


def _site_points(shapes: NDArray[np.object_], height_m: float) -> tuple[Floats, Ints]:
    """Take a few points of each site's outline and one within it."""
    # A hair outside: a hall's outline is its own wall, which would hide every point on it.
    around = shapely.buffer(shapely.simplify(shapes, 1.0), _FACADE_GAP_M, join_style="mitre")
    outlines = shapely.segmentize(around, _OUTLINE_SPACING_M)
    outline, owner = shapely.get_coordinates(outlines, return_index=True)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
    parts = [np.vstack([middle, thin(outline[owner == k], _SITE_POINTS)]) for k, middle in enumerate(middles)]
    groups = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    xy = np.vstack(parts)
    return np.column_stack([xy, np.full(len(xy), height_m)]), groups


def _mapped_between(shapes: NDArray[np.object_], scene: Scene, area: Area, siting: Siting) -> Bools:
    """Whether any building but the place of attack itself is mapped between each site and that place."""
    target = scene.ground.target_m
    spots, own = building_spots(area), area.buildings.sindex.query(target, predicate="intersects")
    xmin, ymin, xmax, ymax = shapely.total_bounds([*shapes, target])
    near = (spots[:, 0] >= xmin) & (spots[:, 0] <= xmax) & (spots[:, 1] >= ymin) & (spots[:, 1] <= ymax)
    near[own] = False
    lines = shapely.shortest_line(shapely.centroid(shapes), target)
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    return _anything_near(spots[near], ends[:, 0], ends[:, 1], siting.street_reach_m)


def _anything_near(spots: Floats, starts: Floats, ends: Floats, reach_m: float) -> Bools:
    """Whether any of the spots lies within reach of each straight line, (n,)."""
    way = ends - starts
    length2 = np.maximum((way**2).sum(axis=1), 1e-9)
    offset = spots[None, :, :] - starts[:, None, :]
    share = np.clip((offset * way[:, None, :]).sum(axis=2) / length2[:, None], 0.0, 1.0)
    miss = offset - share[:, :, None] * way[:, None, :]
    found: Bools = ((miss**2).sum(axis=2) <= reach_m**2).any(axis=1)
    return found


def _rejected(
    shapes: NDArray[np.object_], incident: Incident, area: Area, siting: Siting
) -> tuple[frozenset[Purpose], ...]:
    out: list[set[Purpose]] = [set() for _ in shapes]
    for reject in incident.rejects:
        spot = Point(area.frame.point_m(reject.location.checked()))
        for row in np.flatnonzero(shapely.dwithin(shapes, spot, siting.reject_reach_m)):
            out[row].add(reject.purpose)
    return tuple(map(frozenset, out))


# --- pins ---------------------------------------------------------------------------------------


def _pinned(
    pins: Sequence[Pin], working: Bools, area: Area, doctrine: Doctrine
) -> list[tuple[Purpose, Candidate]]:
    """Pins as candidates; the last pin for a purpose stands."""
    return [
        (pin.purpose, _pin(pin, working, area, doctrine)) for pin in {p.purpose: p for p in pins}.values()
    ]


def _pin(pin: Pin, working: Bools, area: Area, doctrine: Doctrine) -> Candidate:
    shape = shapely.union_all(shapely.make_valid(np.array(geometries_m(pin.shape, area.frame), dtype=object)))
    if shape.is_empty or not shape.intersects(area.extent_m):
        raise IncidentError(
            f"the pin for {_words(pin.purpose)} lies outside the area {area.name}",
            "Move it onto the map, or take it away",
        )
    siting = doctrine.siting
    middle = shapely.point_on_surface(shape)
    snap = area.network.snap([(middle.x, middle.y)], working)[0]
    snap = (
        snap
        or area.network.snap([(middle.x, middle.y)], area.network.drivable)[0]
        or Snap(0, 0.0, 0.0, 0.0, np.inf)
    )
    grounds = grounds_of(area, siting)
    around = np.sort(grounds.tree.query(middle, predicate="intersects"))
    row = int(around[np.argmin(shapely.area(grounds.whole_m[around]))]) if len(around) else -1
    is_point = shape.area == 0
    ground = grounds.whole_m[row] if is_point and row >= 0 else shape
    open_m2 = shapely.area(shapely.intersection(ground, grounds.open_m[row])) if row >= 0 else shape.area
    return Candidate(
        kind=PINNED,
        name=str(grounds.name[row]) if row >= 0 else "",
        shape_m=shape,
        open_m2=float(open_m2) if not (is_point and row < 0) else float("nan"),
        shelter_m2=float(grounds.shelter_m2[row]) if row >= 0 else 0.0,
        stalls=float("nan"),
        firmness=0.7,
        access=str(grounds.access[row]) if row >= 0 else "",
        entrance=snap,
        edges=(snap.edge,),
        inside=_is_working(pin.purpose),
        parking_m2=float(grounds.parking_m2[row]) if row >= 0 else 0.0,
    )


def _is_working(purpose: Purpose) -> bool:
    return purpose not in (Purpose.REUNIFICATION, Purpose.MEDIA)


# --- choosing -----------------------------------------------------------------------------------


def _choice(
    judged: Mapping[Purpose, Judged], facts: Facts, held: Mapping[Purpose, int], siting: Siting
) -> Choice:
    pools: dict[Purpose, list[int]] = {}
    for purpose in sorted(judged, key=lambda p: p not in held):  # pins first: the rest settles around them
        verdict = judged[purpose]
        rows = np.flatnonzero(verdict.fit)
        order = rows[np.lexsort((rows, -verdict.score[rows]))]
        pools[purpose] = [held[purpose]] if purpose in held else [int(row) for row in order[:POOL]]
    exchange = judged[Purpose.AMBULANCE_EXCHANGE]
    return Choice(
        pools=pools,
        scores={purpose: verdict.score for purpose, verdict in judged.items()},
        shapes=np.array([c.shape_m for c in facts.candidates], dtype=object),
        siting=siting,
        exchange_weight=float(exchange.weights.sum()),
    )


# --- writing down -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Writer:
    facts: Facts
    judged: Mapping[Purpose, Judged]
    choice: Choice
    chosen: Mapping[Purpose, int]
    held: Mapping[Purpose, int]
    scene: Scene
    area: Area
    siting: Siting
    demand: Demand

    def sites(self, purpose: Purpose) -> list[Site]:
        """Write the suggestion for a purpose and its runners-up."""
        if purpose not in self.chosen:
            return []
        rows = [self.chosen[purpose]]
        if purpose not in self.held:
            rows += runners_up(self.choice, purpose, self.chosen, _ALTERNATES)
        return [self.site(purpose, row, rank, rows[0]) for rank, row in enumerate(rows, 1)]

    def site(self, purpose: Purpose, row: int, rank: int, best: int) -> Site:
        """Write one site."""
        candidate, verdict = self.facts.candidates[row], self.judged[purpose]
        pinned = self.held.get(purpose) == row
        capacity = float(verdict.capacity[row])
        area_m2 = verdict.asks.ground(candidate)
        spot = candidate.entrance
        middle = shapely.point_on_surface(candidate.shape_m)
        seen = int(self.facts.in_sight[row])
        reason = self.reason(purpose, row)
        return Site(
            id=f"{purpose}-{rank}",
            purpose=purpose,
            rank=rank,
            source=SiteSource.PINNED if pinned else SiteSource.SUGGESTED,
            name=self.label(candidate),
            shape=shape_of(candidate.shape_m, self.area.frame),
            entrance=self.area.frame.place(spot.x_m, spot.y_m),
            zone=self.zone(candidate.shape_m),
            area_m2=round(area_m2, 1) if np.isfinite(area_m2) else None,
            capacity=int(capacity) if np.isfinite(capacity) else None,
            usng=usng(self.area.frame.place(middle.x, middle.y)),
            in_sight=None if seen < 0 else bool(seen),
            scores=self.scores(purpose, row),
            score=round(self.choice.score(purpose, row, self.chosen), 4),
            reason=reason if rank == 1 else f"{reason} {self.why_lost(purpose, row, best)}",
            cautions=self.cautions(purpose, row),
        )

    def scores(self, purpose: Purpose, row: int) -> tuple[Score, ...]:
        """Return what each criterion says, with what only the joint choice decides."""
        own = self.judged[purpose].scores(row)
        if purpose is not Purpose.AMBULANCE_EXCHANGE:
            return own
        gap, points = self.choice.together(row, self.chosen)
        value = None if gap is None else round(gap, 1)
        weight = float(self.siting.weight_together)
        return (
            *own,
            Score("distance to the casualty collection point", value, "m", round(points, 3), weight),
        )

    def zone(self, shape: BaseGeometry) -> ZoneKind:
        """Return the hottest zone that a site lies in; its rim may touch one."""
        ground = self.scene.ground
        core = shape if shape.area == 0 else shape.buffer(-_RIM_M)
        if core.intersects(ground.hot_m):
            return ZoneKind.HOT
        return ZoneKind.WARM if core.intersects(ground.warm_m) else ZoneKind.COLD

    def label(self, candidate: Candidate) -> str:
        """Name a place as one would say it on the radio."""
        street = self.street(candidate)
        if candidate.kind == STREET:
            return f"Kerb of {street}"
        if candidate.name:
            return candidate.name
        word = "Pinned place" if candidate.kind == PINNED else candidate.kind.replace("_", " ").capitalize()
        return f"{word} of {candidate.near}" if candidate.near else f"{word} on {street}"

    def street(self, candidate: Candidate) -> str:
        """Name the street of a place: the nearest of those beside it that has a name."""
        network = self.area.network
        named = [edge for edge in candidate.edges if network.name_index[edge] > 0]
        street = tidy(network.street(named[0] if named else candidate.entrance.edge))
        return street if named else f"an {street}"

    def reason(self, purpose: Purpose, row: int) -> str:
        """Say in one sentence, with computed numbers, why a place serves."""
        facts, candidate = self.facts, self.facts.candidates[row]
        said = [
            self._where(purpose, row),
            self._sight(row),
            self._room(purpose, row),
            _ways(int(facts.ways[row])),
        ]
        if purpose is Purpose.REUNIFICATION:
            said.insert(3, self._family_stalls(row))
        if _is_forward(purpose):
            said.pop()
        sentence = ", ".join(part for part in said if part)
        return f"{self.label(candidate)}: {sentence}. Suggestion: IC decides."

    def _where(self, purpose: Purpose, row: int) -> str:
        facts = self.facts
        if _is_working(purpose):
            if not np.isfinite(facts.walk_m[row]):
                return "no way from an inner gate is known"
            side = "" if facts.candidates[row].inside else ", outside the outer perimeter"
            return f"{_tens(facts.walk_m[row])} m from the inner gate at {facts.gate[row]}{side}"
        if np.isfinite(facts.drive_m[row]):
            return f"{_tens(facts.drive_m[row])} m by road from the outer perimeter"
        return "no way by road is known"

    def _sight(self, row: int) -> str:
        seen = int(self.facts.in_sight[row])
        if seen < 0:
            return "sight of the hot zone unknown (no buildings mapped between)"
        return f"{'in' if seen else 'out of'} sight of the hot zone (map estimate)"

    def _room(self, purpose: Purpose, row: int) -> str:
        asks, capacity = self.judged[purpose].asks, self.judged[purpose].capacity[row]
        if not np.isfinite(capacity):
            return f"room for {asks.unit} not known"
        return f"room for {int(capacity)} {asks.unit}"

    def _family_stalls(self, row: int) -> str:
        stalls = int(self.facts.candidates[row].parking_m2 * self.siting.lot_free // self.siting.stall_m2)
        return f"{stalls} free stalls near by" if stalls else "no car park mapped near by"

    def why_lost(self, purpose: Purpose, row: int, best: int) -> str:
        """Say by which criterion a runner-up lost most."""
        mine, winner = self.scores(purpose, row), self.scores(purpose, best)
        losses = [(w.points - m.points) * m.weight for m, w in zip(mine, winner, strict=True)]
        worst = int(np.argmax(losses))
        if losses[worst] <= 0:
            return "Not first because it fits less well beside the other sites."
        return f"Behind the first for {mine[worst].criterion}."

    def cautions(self, purpose: Purpose, row: int) -> tuple[str, ...]:
        """Say what is not as it should be, and what is not known."""
        facts, candidate = self.facts, self.facts.candidates[row]
        said = []
        if self.held.get(purpose) == row:
            said += [f"Pinned by the commander: {words}" for words in self.pin_faults(purpose, row)]
        said += self.shortfalls(purpose, row)
        if _is_working(purpose) and not candidate.inside:
            said.append("Outside the outer perimeter: needs its own security, and a way in through the posts")
        if candidate.kind == STREET:
            said.append("A stretch of street, not ground off it: keep one lane free for ambulances")
        if candidate.access in _ASK_OWNER:
            said.append(f"Access is mapped as {candidate.access}: ask the owner")
        if candidate.firmness < _SOFT:
            said.append("Soft ground, or its surface is not mapped: check that vehicles can stand")
        if facts.ways[row] < 2:
            said.append("One way in and out: one-way flow, keep it free")
        if candidate.kind in (PlaceKind.PARKING, STREET):
            said.append(f"{self.siting.lot_free:.0%} of it taken as free: how much really is, is not known")
        if purpose is Purpose.REUNIFICATION:
            said.append("Telephone the place before its name is given out")
        if _is_forward(purpose):
            said.append("Warm ground: police guard it; its doors and walls are not mapped, check both")
        if purpose is Purpose.HELISPOT:
            said.append("Wires, poles, slope and approach are not checked: the pilot has the final say")
        said.append("Not known: searched for a secondary device")
        return tuple(said)

    def shortfalls(self, purpose: Purpose, row: int) -> list[str]:
        """Say which planning figures a place does not meet."""
        asks, siting = self.judged[purpose].asks, self.siting
        need, holds = asks.need(self.demand, siting), self.judged[purpose].capacity[row]
        said = []
        if holds < need:
            said.append(f"Holds {int(holds)} of the {need} {asks.unit} planned for")
        walk, drive = self.facts.walk_m[row], self.facts.drive_m[row]
        if purpose is Purpose.CASUALTY_COLLECTION and walk > siting.casualty_walk_m:
            said.append(f"Over {siting.casualty_walk_m:.0f} m from the gate: carry casualties by vehicle")
        if purpose is Purpose.REUNIFICATION and drive < siting.reunification_near_m:
            near = f"Nearer than {siting.reunification_near_m:.0f} m by road: families and units may jam"
            said.append(near)
        return said

    def pin_faults(self, purpose: Purpose, row: int) -> list[str]:
        """Say which hard rules a pinned place breaks."""
        shape = self.facts.candidates[row].shape_m
        faults = [words for words, breaks in self.judged[purpose].broken if breaks[row]]
        zone = self.zone(shape)
        if zone is ZoneKind.HOT or (zone is ZoneKind.WARM and not _is_forward(purpose)):
            faults.append(f"in the {zone} zone")
        if _is_working(purpose):
            if shape.intersects(self.scene.inner_m) and not _is_forward(purpose):
                faults.append("inside the inner perimeter")
            if not shape.intersects(self.scene.outer_m):
                faults.append("outside the outer perimeter")
        elif shape.intersects(self.scene.outer_m):
            faults.append("inside the outer perimeter")
        if self.facts.candidates[row].entrance.offset_m > self.siting.street_reach_m:
            faults.append("far from any street that vehicles can use")
        return faults


def _is_forward(purpose: Purpose) -> bool:
    return purpose is Purpose.CASUALTY_COLLECTION_FORWARD


def _ways(count: int) -> str:
    return "two ways out" if count > 1 else "one way in and out"


def _tens(metres: float) -> int:
    return int(round(float(metres), -1))


def _words(purpose: Purpose) -> str:
    return purpose.replace("_", " ")


def _missing(judged: Mapping[Purpose, Judged], chosen: Mapping[Purpose, int]) -> list[Notice]:
    """Say for which purposes no place was found, and which rule excluded most."""
    return [
        _none_suitable(verdict)
        for purpose, verdict in judged.items()
        if purpose not in chosen and not verdict.asks.optional
    ]


def _none_suitable(verdict: Judged) -> Notice:
    asks: Asks = verdict.asks
    where = {True: "between the perimeters", False: "outside the outer perimeter", None: "near the scene"}[
        asks.inside
    ]
    text = f"No suggestion for {_words(asks.purpose)}: "
    if verdict.considered == 0:
        text += f"the map shows no ground for it {where}"
    elif verdict.fit.any():
        text += "every suitable place is taken by another purpose or too near to one"
    else:
        words, most = max(verdict.excluded, key=lambda rule: rule[1])
        text += f"none of {verdict.considered} places {where} is suitable, {most} of them {words}"
    return Notice(NoticeLevel.CAUTION, f"{text}. IC decides: pin a place", str(asks.purpose))


def _assumed(demand: Demand) -> list[Notice]:
    if not demand.assumed:
        return []
    text = f"Not said, so sites are sized for: {', '.join(demand.assumed)} (planning defaults)"
    return [Notice(NoticeLevel.INFO, text, "sites")]


def _sight_notice(facts: Facts) -> list[Notice]:
    unknown = int((facts.in_sight < 0).sum())
    if unknown == 0:
        return []
    text = (
        f"For {unknown} of {len(facts.in_sight)} places considered, sight of the hot zone is not known: "
        "no buildings are mapped between"
    )
    return [Notice(NoticeLevel.INFO, text, "sight")]
