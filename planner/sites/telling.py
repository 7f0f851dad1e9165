"""Sites written down: what a commander can repeat, what to look out for, why a runner-up lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner import words
from planner.area import Area, rings_of
from planner.doctrine import Landing, Siting
from planner.ground.targets import HALL_KINDS, tidy
from planner.model import Lot, Notice, Room, Score, Site
from planner.sites import room as holds
from planner.sites.candidates import COVER, FOUND, LANDING, STREET, Candidate, Scene
from planner.sites.demand import Agency, Demand
from planner.sites.drawn import Drawn
from planner.sites.facts import FAR, UNMAPPED, Facts
from planner.sites.judging import LINE_KEEPERS, OUTSIDE, Judged
from planner.sites.lots import mark_out
from planner.sites.motorway_walks import along_motorway, traffic_on_walk
from planner.sites.pins import PINNED
from planner.sites.purposes import ASKS, Asks, is_working
from planner.sites.selection import Choice, runners_up, separation_m
from planner.streets.network import StreetNetwork
from planner.terms import (
    FAMILIES,
    OPEN_BY_MAP,
    NoticeLevel,
    PlaceKind,
    Purpose,
    RoadClass,
    SiteSource,
    ZoneKind,
)

Floats = NDArray[np.float64]

_ALTERNATES = 3
_ASKED_FOR = (
    Purpose.REUNIFICATION_BEREAVED,
    Purpose.HELISPOT,
    Purpose.STAGING_FIRE,
    Purpose.STAGING_POLICE,
)
_HAZARDS_TOLD = 6
_RIM_M = 0.5
_SOFT = 0.5
_OVER_GROUND_M = 10.0
_ASK_OWNER = ("private", "no", "permit", "customers")
_FAST = (RoadClass.MOTORWAY, RoadClass.MOTORWAY_LINK, RoadClass.TRUNK, RoadClass.TRUNK_LINK)


def _nothing(_: Purpose, __: int) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, eq=False)
class Settled:
    """What was judged and chosen, before it is written down.

    Parameters
    ----------
    facts : Facts
    judged : mapping of Purpose to Judged
    choice : Choice
    chosen : mapping of Purpose to int
        Row of the candidate for each purpose that has one.
    held : mapping of Purpose to int
        What the commander pinned.
    no_road_beyond : bool
        A purpose has no place, and the map shows no open road further out where it could stand.
    """

    facts: Facts
    judged: Mapping[Purpose, Judged]
    choice: Choice
    chosen: Mapping[Purpose, int]
    held: Mapping[Purpose, int]
    no_road_beyond: bool = False

    def short(self, purpose: Purpose, demand: Demand, siting: Siting) -> float:
        """Return how many a chosen site lacks of what is needed; unknown room counts as enough."""
        verdict = self.judged[purpose]
        holds = float(verdict.capacity[self.chosen[purpose]])
        return verdict.asks.need(demand, siting) - holds if np.isfinite(holds) else 0.0


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes the sites of a settled choice."""

    settled: Settled
    scene: Scene
    area: Area
    siting: Siting
    demand: Demand
    landing: Landing
    drawn: Drawn
    against: Callable[[Purpose, int], tuple[str, ...]] = _nothing
    _written: dict[tuple[object, ...], Site] = field(default_factory=dict)
    _scored: dict[tuple[Purpose, int], tuple[Score, ...]] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """What is known about all candidates."""
        return self.settled.facts

    @property
    def judged(self) -> Mapping[Purpose, Judged]:
        """What the rules and criteria say, by purpose."""
        return self.settled.judged

    @property
    def choice(self) -> Choice:
        """The joint choice."""
        return self.settled.choice

    @property
    def chosen(self) -> Mapping[Purpose, int]:
        """The chosen rows."""
        return self.settled.chosen

    @property
    def held(self) -> Mapping[Purpose, int]:
        """The pinned rows."""
        return self.settled.held

    def firsts(self) -> list[Site]:
        """Write the suggestion for each purpose that has one."""
        self.drawn.learn(list(self.chosen.values()))
        return [self.site(purpose, row, 1, row) for purpose, row in self._in_order().items()]

    def sites(self) -> list[Site]:
        """Write the suggestion for each purpose and its runners-up."""
        rows_of = {purpose: self._ranked(purpose) for purpose in self._in_order()}
        self.drawn.learn([row for rows in rows_of.values() for row in rows])
        return [
            self.site(purpose, row, rank, rows[0])
            for purpose, rows in rows_of.items()
            for rank, row in enumerate(rows, 1)
        ]

    def _in_order(self) -> dict[Purpose, int]:
        return {asks.purpose: self.chosen[asks.purpose] for asks in ASKS if asks.purpose in self.chosen}

    def _ranked(self, purpose: Purpose) -> list[int]:
        """Return the suggestion for a purpose, and its runners-up."""
        rows = [self.chosen[purpose]]
        if purpose not in self.held:
            # An alternate may fail where the suggestion does, of which a notice tells, and nowhere else.
            failings = set(self.judged[purpose].failings(rows[0]))
            others = runners_up(self.choice, purpose, self.chosen, _ALTERNATES)
            rows += [row for row in others if failings.issuperset(self.judged[purpose].failings(row))]
        return rows

    def site(self, purpose: Purpose, row: int, rank: int, best: int) -> Site:
        """Write one site; but for its cautions, it is the same whatever routes are laid."""
        beside = self.chosen.get(Purpose.CASUALTY_COLLECTION)
        key = (purpose, row, rank, best, beside)
        if key not in self._written:
            self._written[key] = self._site(purpose, row, rank, best)
        written, cautions = self._written[key], self.cautions(purpose, row)
        if written.cautions != cautions:
            written = self._written[key] = replace(written, cautions=cautions)
        return written

    def _site(self, purpose: Purpose, row: int, rank: int, best: int) -> Site:
        candidate, verdict = self.facts.candidates[row], self.judged[purpose]
        pinned = self.held.get(purpose) == row
        capacity = float(verdict.capacity[row])
        area_m2 = verdict.asks.ground(candidate)
        spot = self.drawn.of(row)
        seen = int(self.facts.in_sight[row])
        reason = self.reason(purpose, row)
        return Site(
            id=f"{purpose}-{rank}",
            purpose=purpose,
            rank=rank,
            source=SiteSource.PINNED if pinned else SiteSource.SUGGESTED,
            name=self.label(candidate),
            shape=spot.shape,
            entrance=spot.entrance,
            zone=self.zone(candidate, pinned=pinned),
            area_m2=round(area_m2, 1) if np.isfinite(area_m2) else None,
            capacity=int(capacity) if np.isfinite(capacity) else None,
            usng=spot.usng,
            in_sight=None if seen < 0 else bool(seen),
            scores=self.scores(purpose, row),
            score=round(self.choice.score(purpose, row, self.chosen), 4),
            reason=reason if rank == 1 else f"{reason} {self.why_lost(purpose, row, best)}",
            unit=verdict.asks.unit,
            room=self.room(row),
            ways_out=int(self.facts.ways[row]),
            fire_apparatus=self.fire_apparatus(candidate),
            lots=self.lots(purpose, row) if rank == 1 else (),
            hazards=candidate.landing.hazards if candidate.landing else (),
            approaches_deg=candidate.landing.approaches_deg if candidate.landing else (),
        )

    def room(self, row: int) -> Room:
        """Return how many of each would fit on a place."""
        return Room(*(_whole(counts[row]) for counts in self._rooms))

    @cached_property
    def _rooms(self) -> tuple[Floats, Floats, Floats, Floats]:
        facts, siting = self.facts, self.siting
        return (
            holds.patrol_cars(facts, siting),
            holds.ambulances(facts, siting),
            holds.fire_engines(facts, siting),
            holds.people_outdoors(facts, siting),
        )

    def fire_apparatus(self, candidate: Candidate) -> bool | None:
        """Return whether engines can come in, by width and height of the street at the entrance."""
        network, edge = self.area.network, candidate.entrance.edge
        width_m = float(np.fmin(network.width_m[edge], network.maxwidth_m[edge]))
        height_m = float(network.maxheight_m[edge])
        if width_m < self.siting.engine_width_m or height_m < self.siting.engine_height_m:
            return False
        return True if np.isfinite(width_m) else None

    def lots(self, purpose: Purpose, row: int) -> tuple[Lot, ...]:
        """Mark a staging ground out among the agencies that share it, the ambulances by the entrance."""
        apart = Purpose.STAGING_FIRE in self.judged or Purpose.STAGING_POLICE in self.judged
        agencies = [agency for agency in Agency if self.demand.vehicles(agency)]
        candidate = self.facts.candidates[row]
        if purpose is not Purpose.STAGING or apart or len(agencies) < 2 or candidate.shape_m.area == 0:
            return ()
        entrance = (candidate.entrance.x_m, candidate.entrance.y_m)
        needs_m2 = [self.demand.ground_m2(agency, self.siting) for agency in agencies]
        parts = mark_out(candidate.shape_m, entrance, needs_m2)
        return tuple(
            Lot(
                str(agency),
                self.demand.vehicles(agency),
                round(part.area, 1),
                rings_of(part, self.area.frame),
            )
            for agency, part in zip(agencies, parts, strict=True)
            if not part.is_empty
        )

    def scores(self, purpose: Purpose, row: int) -> tuple[Score, ...]:
        """Return what each criterion says, with what only the joint choice decides."""
        if (purpose, row) not in self._scored:
            self._scored[purpose, row] = self.judged[purpose].scores(row)
        own = self._scored[purpose, row]
        if purpose is not Purpose.AMBULANCE_EXCHANGE:
            return own
        gap, points = self.choice.together(row, self.chosen)
        value = None if gap is None else round(gap, 1)
        weight = float(self.siting.weight_together)
        return (
            *own,
            Score("distance to the casualty collection point", value, "m", round(points, 3), weight),
        )

    def zone(self, candidate: Candidate, *, pinned: bool) -> ZoneKind:
        """Return the hottest zone that a site lies in; its rim may touch one."""
        if not pinned:  # what is suggested was cut to where it may be
            return ZoneKind.WARM if candidate.kind == COVER else ZoneKind.COLD
        ground, shape = self.scene.ground, candidate.shape_m
        core = shape if shape.area == 0 else shape.buffer(-_RIM_M, quad_segs=2)
        if core.intersects(ground.hot_m):
            return ZoneKind.HOT
        return ZoneKind.WARM if core.intersects(ground.warm_m) else ZoneKind.COLD

    def label(self, candidate: Candidate) -> str:
        """Name a place as one would say it on the radio."""
        street = self.street(candidate)
        if candidate.kind == STREET:
            road = int(self.area.network.road_class[candidate.entrance.edge])
            return f"{'Carriageway' if road in _FAST else 'Kerb'} of {street}"
        if candidate.name:
            return candidate.name
        square = "Mapped helipad" if candidate.landing and candidate.landing.ground < 0 else "Landing square"
        told = {PINNED: "Pinned place", LANDING: square, FOUND: OPEN_BY_MAP}
        word = told.get(candidate.kind) or candidate.kind.replace("_", " ").capitalize()
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
            "not mapped as ground for use" if candidate.kind == FOUND else "",
            self._where(purpose, row),
            self._sight(row),
            self._room(purpose, row),
            _ways(int(facts.ways[row])),
        ]
        if purpose is Purpose.HELISPOT:
            said[3:] = [self._landing_words(candidate)]
        if purpose is Purpose.MEDIA:
            said.insert(4, self._outlook(row))
        if purpose in FAMILIES:
            said.insert(4, self._family_stalls(row))
        if _is_forward(purpose):
            said.pop()
        sentence = ", ".join(part for part in said if part)
        return f"{self.label(candidate)}: {sentence}. Suggestion: IC decides."

    def _where(self, purpose: Purpose, row: int) -> str:
        facts = self.facts
        if is_working(purpose):
            if not np.isfinite(facts.walk_m[row]):
                return "no way from the inner perimeter is known"
            side = "" if facts.candidates[row].inside else ", outside the outer perimeter"
            over = along_motorway(*self._motorways(row))
            return f"{_tens(facts.walk_m[row])} m on foot from {self._gate(row)}{over}{side}"
        if np.isfinite(facts.drive_m[row]):
            return f"{_tens(facts.drive_m[row])} m by road from the outer perimeter"
        return "no way by road is known"

    def _motorways(self, row: int) -> tuple[NDArray[np.int64], StreetNetwork]:
        return self.facts.motorways_walked(self.facts.candidates[row].entrance), self.area.network

    def _gate(self, row: int) -> str:
        """Say where the walk is counted from."""
        over_m = self.facts.off_street_m[row]
        if not np.isfinite(over_m):
            return f"gate {self.facts.gate[row]}"
        over = f", {_tens(over_m)} m of it over open ground" if over_m >= _OVER_GROUND_M else ""
        return f"the line of the inner perimeter{over}"

    def _sight(self, row: int) -> str:
        seen = int(self.facts.in_sight[row])
        if seen == UNMAPPED:
            return "sight of the hot zone unknown (no buildings mapped between)"
        if seen == FAR:
            return f"over {_tens(self.facts.sight_m)} m from the attack, where sight is not looked for"
        return f"{'in' if seen else 'out of'} sight of the hot zone (map estimate)"

    def _room(self, purpose: Purpose, row: int) -> str:
        asks, capacity = self.judged[purpose].asks, self.judged[purpose].capacity[row]
        if not np.isfinite(capacity):
            return f"room for {asks.unit} not known"
        on_ground = self._rooms[0][row]
        front = purpose is Purpose.COMMAND_POST and capacity > on_ground
        where = " with the kerb in front" if front else ""
        return f"room for {words.amount(_fives(capacity), asks.unit)}{where}"

    def _family_stalls(self, row: int) -> str:
        stalls = int(self.facts.candidates[row].parking_m2 * self.facts.lot_free // self.siting.stall_m2)
        return (
            f"{words.count(_fives(stalls), 'free stall')} near by" if stalls else "no car park mapped near by"
        )

    def _outlook(self, row: int) -> str:
        view, sky = self.facts.view[row], self.facts.sky[row]
        seen = "view not known"
        if np.isfinite(view):
            seen = "roof line in view" if view else "no view of the place"
        free = "sky not known"
        if np.isfinite(sky):
            free = "sky free for a dish" if sky >= _SOFT else "sky mostly hidden"
        return f"{seen}, {free} (map estimate)"

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
            how = "Accepted" if candidate.kind != PINNED else "Pinned by the commander"
            said += [f"{how}: {fault}" for fault in self.pin_faults(purpose, row)]
        said += self.shortfalls(purpose, row)
        said += self.against(purpose, row)
        if is_working(purpose) and not candidate.inside:
            said.append("Outside the outer perimeter: needs its own security, and a way in through the posts")
        if candidate.kind == STREET:
            said.append("A stretch of street, not ground off it: keep one lane free for ambulances")
        said += _unmapped(candidate)
        said += _by_kind(purpose, candidate)
        if not self.area.knows(candidate.shape_m):
            said.append(
                "Beyond the edge of the map: what lies around it, and other ways to it, are not known"
            )
        if candidate.access in _ASK_OWNER:
            said.append(f"Access is mapped as {candidate.access}: ask the owner")
        if candidate.firmness < _SOFT:
            said.append("Soft ground, or its surface is not mapped: check that vehicles can stand")
        if facts.ways[row] < 2:
            said.append("One way in and out: one-way flow, keep it free")
        if candidate.kind in (PlaceKind.PARKING, STREET, FOUND):
            free = facts.lot_free if candidate.kind == PlaceKind.PARKING else self.siting.lot_free
            said.append(f"{free:.0%} of it taken as free: how much really is, is not known")
        if purpose in FAMILIES:
            said.append("Telephone the place before its name is given out")
        if _is_forward(purpose):
            said.append("Warm ground: police guard it; its doors and walls are not mapped, check both")
        if purpose is Purpose.HELISPOT:
            said += self._landing_cautions(candidate)
        said.append("Not known: searched for a secondary device")
        return tuple(said)

    def _landing_cautions(self, candidate: Candidate) -> list[str]:
        """Say what a pilot must know, and what no map tells."""
        if candidate.landing is None:
            return ["Wires, poles, slope and approach are not checked: the pilot has the final say"]
        said = [self._for_the_pilot(candidate)]
        if candidate.landing.side_m < self.landing.night_m:
            said.append(f"By day only: by night it takes {self.landing.night_m:.0f} m")
        said.append("Slope is not on the map, and wires may not be: look first; the pilot has the final say")
        said.append("Name a landing officer and a channel before a helicopter is called")
        return said

    def _for_the_pilot(self, candidate: Candidate) -> str:
        """Say where a square is as aviators read it, how to fly in, and what stands around it."""
        spot = candidate.landing
        assert spot is not None  # asked only of squares
        middle = spot.square_m.centroid
        place = words.degrees_minutes(self.area.frame.place(middle.x, middle.y))
        around = [
            f"{hazard.kind} {_tens(hazard.distance_m)} m at {_bearing(hazard.bearing_deg)}"
            + (f", {hazard.height_m:.0f} m high" if hazard.height_m is not None else "")
            for hazard in spot.hazards[:_HAZARDS_TOLD]
        ]
        ways = words.joined([_bearing(way) for way in spot.approaches_deg])
        stands = "; ".join(around) or "nothing mapped within reach"
        return f"For the pilot: {place} (WGS 84), in and out over {ways} true. Around it: {stands}"

    def _landing_words(self, candidate: Candidate) -> str:
        """Say how large a square is, how to fly in, and what stands nearest."""
        spot = candidate.landing
        if spot is None:
            return ""
        pad = "helicopters land here by the map, " if spot.ground < 0 else ""
        ways = words.joined([_bearing(way) for way in spot.approaches_deg])
        said = f"{pad}{spot.side_m:.0f} m square, ways in over {ways}"
        if spot.hazards:
            near = spot.hazards[0]
            said += f", nearest {near.kind} {_tens(near.distance_m)} m at {_bearing(near.bearing_deg)}"
        return said

    def shortfalls(self, purpose: Purpose, row: int) -> list[str]:
        """Say which planning figures a place does not meet."""
        asks, siting = self.judged[purpose].asks, self.siting
        need, holds = asks.need(self.demand, siting), self.judged[purpose].capacity[row]
        said = []
        if holds < need:
            said.append(f"Holds {_fives(holds)} of the {words.amount(need, asks.unit)} planned for")
        walk, drive = self.facts.walk_m[row], self.facts.drive_m[row]
        if is_working(purpose) and np.isfinite(self.facts.off_street_m[row]):
            how = "No street joins it to an inner gate" if self.facts.has_gates else "There is no inner gate"
            said.append(f"{how}: check that the ground between can be walked")
        if is_working(purpose):
            said += traffic_on_walk(*self._motorways(row), self.scene.outer_m)
        line_m, commands = self.facts.danger_m[row], purpose is Purpose.COMMAND_POST
        if purpose in LINE_KEEPERS and line_m < (siting.command_line_m if commands else siting.line_m):
            said.append(
                f"Its ground comes within {math.ceil(line_m)} m of the inner perimeter or warm ground: use "
                "the part furthest off"
            )
        if asks.unseen and self.facts.in_sight[row] == 1 and not self.facts.in_view(row):
            far_m = _tens(self.facts.unseen_m)
            said.append(f"In sight of the hot zone from over {far_m} m: keep behind cover")
        if purpose is Purpose.EVACUATION and self.facts.in_view(row):
            off_m = self.facts.candidates[row].shape_m.distance(self.scene.ground.hot_m)
            said.append(f"In sight of the hot zone, {off_m:.0f} m from it: hold people behind cover")
        if purpose is Purpose.CASUALTY_COLLECTION and walk > siting.casualty_walk_m:
            said.append(f"A walk of over {siting.casualty_walk_m:.0f} m: carry casualties by vehicle")
        if purpose in FAMILIES and drive < siting.reunification_near_m:
            near = f"Nearer than {siting.reunification_near_m:.0f} m by road: families and units may jam"
            said.append(near)
        return said

    def pin_faults(self, purpose: Purpose, row: int) -> list[str]:
        """Say which hard rules a pinned place breaks."""
        shape = self.facts.candidates[row].shape_m
        rules = [rule for rule in self.judged[purpose].rules if rule.words not in (OUTSIDE, "inside")]
        faults = [rule.words for rule in rules if rule.breaks[row]]
        zone = self.zone(self.facts.candidates[row], pinned=True)
        if zone is ZoneKind.HOT or (zone is ZoneKind.WARM and not _is_forward(purpose)):
            faults.append(f"in the {zone} zone")
        if is_working(purpose):
            if shape.intersects(self.scene.inner_m) and not _is_forward(purpose):
                faults.append("inside the inner perimeter")
            if self.facts.candidates[row].inside and not shape.intersects(self.scene.outer_m):
                faults.append("outside the outer perimeter")
        elif shape.intersects(self.scene.outer_m):
            faults.append("inside the outer perimeter")
        if self.facts.candidates[row].entrance.offset_m > self.siting.street_reach_m:
            faults.append("far from any street that vehicles can use")
        return faults + self._pins_too_near(purpose, row)

    def _pins_too_near(self, purpose: Purpose, row: int) -> list[str]:
        """Say from which other pins one does not keep its distance."""
        return [
            f"{_tens(self.choice.gaps.metres(row, other))} m from the pin for {_words(other_purpose)}, "
            f"{least_m:.0f} m is the rule"
            for other_purpose, other in self.held.items()
            if other_purpose is not purpose
            and not self.choice.gaps.keep(
                row, other, least_m := separation_m(purpose, other_purpose, self.siting)
            )
        ]


def _unmapped(candidate: Candidate) -> list[str]:
    """Say what is not known of ground that nobody mapped."""
    if candidate.kind != FOUND:
        return []
    said = [f"{OPEN_BY_MAP}: what covers it is not known, look first"]
    if candidate.likely_built:
        said.append("In a dense grid of streets where few buildings are mapped: likely built over")
    if candidate.unbuilt:
        said.append("No building is mapped near it: it may be built over")
    return said


def _by_kind(purpose: Purpose, candidate: Candidate) -> list[str]:
    """Say what a place's name may not tell of it."""
    if candidate.kind == PlaceKind.FUEL:
        return ["A petrol station: shut its pumps off, and keep people, engines and flames off them"]
    if purpose in FAMILIES and candidate.stadium:
        return ["A stadium, often open to the sky: how much of it is under a roof is not known"]
    return []


def _whole(count: float) -> int | None:
    return int(count) if np.isfinite(count) else None


def _is_forward(purpose: Purpose) -> bool:
    return purpose is Purpose.CASUALTY_COLLECTION_FORWARD


def _ways(count: int) -> str:
    return "two ways out" if count > 1 else "one way in and out"


def _bearing(degrees: float) -> str:
    return f"{round(degrees) % 360:03d}°"


def _tens(metres: float) -> int:
    return int(round(float(metres), -1))


def _fives(count: float) -> int:
    """Round down to 5 from 10 on: room is an estimate, and never to be overstated (``domain.md`` 6.9)."""
    whole = int(count)
    return whole if whole < 10 else whole - whole % 5


def _words(purpose: Purpose) -> str:
    return purpose.replace("_", " ")


def told(settled: Settled, demand: Demand) -> tuple[Notice, ...]:
    """Return the notices about a choice: what was not found, what is poor, assumed or unknown."""
    return (
        *_as_asked(settled, demand),
        *_missing(settled),
        *_poor(settled.judged, settled.chosen, settled.held),
        *_assumed(demand),
        *_sight_notice(settled.facts),
    )


def _as_asked(settled: Settled, demand: Demand) -> list[Notice]:
    if not demand.no_ccp or Purpose.CASUALTY_COLLECTION in settled.chosen:
        return []
    text = (
        "No casualty collection point, as asked: patients go straight to the ambulance exchange point and "
        f"are transported at once, {demand.patients} planned for"
    )
    return [Notice(NoticeLevel.INFO, text, str(Purpose.CASUALTY_COLLECTION))]


def _missing(settled: Settled) -> list[Notice]:
    """Say for which purposes no place was found, and which rule excluded most."""
    return [
        _none_suitable(verdict, no_road_beyond=settled.no_road_beyond)
        for purpose, verdict in settled.judged.items()
        if purpose not in settled.chosen and (not verdict.asks.optional or purpose in _ASKED_FOR)
    ]


def _none_suitable(verdict: Judged, *, no_road_beyond: bool) -> Notice:
    asks: Asks = verdict.asks
    where = {True: "between the perimeters", False: "outside the outer perimeter", None: "near the scene"}[
        asks.inside
    ]
    text = f"No suggestion for {_words(asks.purpose)}: "
    if verdict.considered == 0 and asks.kinds == HALL_KINDS:
        text += f"the map shows no school, place of worship, hotel or other hall {where}"
    elif verdict.considered == 0:
        text += f"the map shows no ground for it {where}"
    elif verdict.fit.any():
        text += "every suitable place is taken by another purpose or too near to one"
    else:
        rule, most = max(verdict.excluded, key=lambda told: told[1])
        text += f"none of {verdict.considered} places {where} is suitable, {most} of them: {rule}"
    if no_road_beyond and STREET in asks.kinds:
        text += "; no open road that leads out is mapped beyond the outer perimeter"
    return Notice(NoticeLevel.CAUTION, f"{text}. IC decides: pin a place", str(asks.purpose))


def _poor(
    judged: Mapping[Purpose, Judged], chosen: Mapping[Purpose, int], held: Mapping[Purpose, int]
) -> list[Notice]:
    """Say for which purposes only a place was found that breaks a rule."""
    return [
        Notice(
            NoticeLevel.CAUTION,
            f"No free place for {_words(purpose)} keeps every rule. What speaks against the suggestion: "
            f"{words.joined(failings)}. IC decides",
            f"{purpose}-1",
        )
        for purpose, row in chosen.items()
        if purpose not in held and (failings := judged[purpose].failings(row))
    ]


def _assumed(demand: Demand) -> list[Notice]:
    if not demand.assumed:
        return []
    text = f"Not said, so sites are sized for: {', '.join(demand.assumed)} (planning defaults)"
    return [Notice(NoticeLevel.INFO, text, "sites")]


def _sight_notice(facts: Facts) -> list[Notice]:
    unknown = int((facts.in_sight[facts.looked] == UNMAPPED).sum())
    if unknown == 0:
        return []
    text = (
        f"For {unknown} of {int(facts.looked.sum())} places in question, sight of the hot zone is not known: "
        "no buildings are mapped between"
    )
    return [Notice(NoticeLevel.INFO, text, "sight")]
