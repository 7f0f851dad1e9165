"""Sites: candidates for each purpose, judged by hard rules and criteria, chosen together, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Incident, Notice, Route, Site
from planner.sites.between import Between
from planner.sites.candidates import STREET, Candidate, Scene
from planner.sites.drawn import Drawn
from planner.sites.facts import Facts
from planner.sites.gathering import gather_besides
from planner.sites.judging import OUTSIDE, Judge, Judged
from planner.sites.kerbs import carriageways, roadsides
from planner.sites.pins import pinned
from planner.sites.purposes import ASKS, asks_for
from planner.sites.selection import POOL, Choice, choose_together
from planner.sites.settling import settle_beside, view_notices
from planner.sites.sights import Sights
from planner.sites.survey import Paths
from planner.sites.telling import Settled, Writer, told
from planner.streets.drives import Drives
from planner.terms import Purpose

__all__ = ["ChosenSites", "Scene", "choose_sites"]

_NEAR = 12
"""So many more candidates near by road to what they serve take part where the best ones lie far off."""

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChosenSites:
    """What was chosen; written down when it is asked for.

    Parameters
    ----------
    draft : Writer
        Of the choice before anything gives way.
    sights : Sights
    routes : sequence of Route
        What the sites give way to, as far as it is known.
    """

    draft: Writer
    sights: Sights
    routes: Sequence[Route] = ()

    @cached_property
    def write(self) -> Writer:
        """The writer, once what can give way has; of a choice that is only weighed, nobody asks for it."""
        draft = self.draft
        settled, conflicts = settle_beside(
            draft.settled, self.routes, self.sights, draft.area.frame, draft.siting
        )
        return replace(draft, settled=settled, against=conflicts.of)

    @cached_property
    def firsts(self) -> tuple[Site, ...]:
        """The suggestions, one for each purpose that has any."""
        return tuple(self.write.firsts())

    def entrance_m(self, purpose: Purpose) -> tuple[float, float] | None:
        """Return where the suggestion for a purpose is entered, as written; None where there is none.

        Of purposes that give way to routes alone, if to anything.
        """
        draft, frame = self.draft, self.draft.area.frame
        if purpose not in draft.chosen:
            return None
        spot = draft.facts.candidates[draft.chosen[purpose]].entrance
        return frame.point_m(frame.place(spot.x_m, spot.y_m))

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Sites by purpose and rank: suggestion first, then runners-up."""
        return tuple(self.write.sites())

    @property
    def officers(self) -> int:
        """Officers who guard the suggestions."""
        write = self.write
        return sum(int(getattr(write.siting, asks.officers)) for asks in ASKS if asks.purpose in write.chosen)

    @cached_property
    def notices(self) -> tuple[Notice, ...]:
        """What could not be found, is poor, assumed or unknown."""
        settled = self.write.settled
        return (*told(settled, self.write.demand), *view_notices(settled))

    def beside(self, routes: Sequence[Route]) -> ChosenSites:
        """Return the sites once the ways are known: what can give way to them does, and the rest says so."""
        return ChosenSites(self.write, self.sights, routes)


def choose_sites(
    incident: Incident, scene: Scene, area: Area, doctrine: Doctrine, known: Between | None = None
) -> ChosenSites:
    """Choose a site for every purpose. *No site found* is a Notice, not an error.

    Parameters
    ----------
    incident : Incident
        Pins outrank every suggestion; rejected places are not suggested again.
    scene : Scene
        Zones, perimeters, posts, closed streets.
    area : Area
    doctrine : Doctrine
    known : Between or None
        What was found out of the same before.

    Raises
    ------
    IncidentError
        If a pin lies nowhere in the area.
    """
    about = known or Between(incident, scene, area, doctrine)
    siting, demand, streets = doctrine.siting, about.demand, about.streets
    asked = asks_for(demand, {pin.purpose for pin in incident.pins})
    besides = gather_besides(
        scene,
        area,
        doctrine,
        about.shunned,
        streets.joined,
        streets.working,
        streets.public,
        by_night=demand.by_night(siting),
    )

    def last_resort() -> list[Candidate]:
        return carriageways(scene, area, doctrine, streets.exits.joined)

    def by_the_road() -> list[Candidate]:
        return roadsides(scene, area, doctrine, streets.working)

    pins = pinned(
        incident.pins,
        [*about.found, *besides],
        lambda: last_resort() + by_the_road(),
        streets.working,
        area,
        doctrine,
    )
    held = {purpose: k for k, (purpose, _) in enumerate(pins)}

    def look(facts: Facts, paths: Paths, *, more: bool = False) -> tuple[Settled, Judge]:
        """Judge places for every purpose, and choose; ``more``: take carriageways where it is in want."""
        facts.find_sight(np.array(list(held.values()), dtype=np.int64))
        judge = Judge(facts, demand, siting, POOL)
        judged = judge.all_of(asked)
        if more and any(_in_want(one) for purpose, one in judged.items() if purpose not in held):
            lanes = last_resort()
            return look(facts.and_of(about.look_at(lanes, paths)) if lanes else facts, paths)
        side = streets.exits.sides(np.array([c.entrance.edge for c in facts.candidates], dtype=np.int64))
        return _apart(_settle(judged, judge, held, side), judge), judge

    paths = about.paths
    facts = about.facts.and_of(about.look_at(besides, paths)) if besides else about.facts
    if pins:
        facts = about.look_at([pin for _, pin in pins], paths).and_of(facts)
    settled, judge = look(facts, paths, more=True)
    if _has_none(settled):
        further = by_the_road()
        if further:
            paths = Paths(scene, area, doctrine, siting.roadside_reach_m)
            facts = about.look_at([*settled.facts.candidates, *further], paths)
            facts.learn_sight(settled.facts)
            settled, judge = look(facts, paths)
        else:
            settled = replace(settled, no_road_beyond=True)
    facts = settled.facts
    drives = streets.drives([c.entrance for c in facts.candidates], area, doctrine)
    settled = _near_by_road(settled, judge, drives)
    sights, drawn = Sights(facts, scene, area, siting), Drawn(facts.candidates, area.frame)
    return ChosenSites(Writer(settled, scene, area, siting, demand, doctrine.landing, drawn), sights)


def _settle(
    judged: Mapping[Purpose, Judged], judge: Judge, held: Mapping[Purpose, int], side: Ints | None
) -> Settled:
    """Choose together; where others take all that keeps the rules, what may yield yields."""
    judged = dict(judged)
    choice = Choice.among(judged, judge, held, side)
    chosen = choose_together(choice)
    left = [p for p, verdict in judged.items() if p not in chosen and not verdict.asks.optional]
    if left:
        for purpose in left:
            judged[purpose] = judge.of(judged[purpose].asks, give_up_all=True)
        choice = Choice.among(judged, judge, held, side)
        chosen = choose_together(choice)
    return Settled(judge.facts, judged, choice, chosen, held)


def _apart(settled: Settled, judge: Judge) -> Settled:
    """Stage fire and police away from the ambulances where one place does not hold all."""
    row = settled.chosen.get(Purpose.STAGING)
    if row is None or settled.short(Purpose.STAGING, judge.demand, judge.siting) <= 0:
        return settled
    asked = asks_for(judge.demand, settled.held, apart=True)
    more = {asks.purpose for asks in asked} - settled.judged.keys()
    if not more:
        return settled
    anew = [asks for asks in asked if asks.purpose in more or asks.purpose is Purpose.STAGING]
    judged = dict(settled.judged) | {asks.purpose: judge.of(asks) for asks in anew}
    again = _settle(judged, judge, settled.held, settled.choice.side)
    lost = settled.chosen.keys() - again.chosen.keys()
    return again if more & again.chosen.keys() and not lost else settled


def _near_by_road(settled: Settled, judge: Judge, drives: Drives) -> Settled:
    """Choose again where ambulances drive long from staging to their exchange point, with more that lie near.

    A choice with a short drive loses nothing by it, so it stays the best there is.
    """
    choice, chosen = replace(settled.choice, drives=drives), settled.chosen
    pair = (Purpose.STAGING, Purpose.AMBULANCE_EXCHANGE)
    if not all(purpose in chosen for purpose in pair):
        return replace(settled, choice=choice)
    staging, exchange = (chosen[purpose] for purpose in pair)
    if not choice.transfer_losses([staging], [exchange]).any():
        return replace(settled, choice=choice)
    judged, pools = dict(settled.judged), dict(choice.pools)
    for purpose, other in ((pair[0], exchange), (pair[1], staging)):
        asks = judged[purpose].asks
        if purpose not in settled.held and not judged[purpose].given_up:
            near = drives.seconds(other) <= 60 * judge.siting.transfer_near_min
            more = judge.of(asks, among=near, pool=_NEAR).best(_NEAR)
            judged[purpose] = judge.of(asks)  # sight of those is known now
            rows = np.union1d(judged[purpose].best(POOL), more[judged[purpose].fit[more]])
            pools[purpose] = rows[np.lexsort((rows, -judged[purpose].score[rows]))].tolist()
    scores = {purpose: verdict.score for purpose, verdict in judged.items()}
    choice = replace(choice, pools=pools, scores=scores)
    return replace(settled, judged=judged, choice=choice, chosen=choose_together(choice))


def _in_want(verdict: Judged) -> bool:
    """Whether a working site is only found where it ought not to be, or not at all."""
    if verdict.asks.optional or verdict.asks.inside is False:
        return False
    outside = OUTSIDE in verdict.given_up and verdict.asks.purpose is not Purpose.COMMAND_POST
    return outside or not verdict.fit.any()


def _has_none(settled: Settled) -> bool:
    """Whether a purpose that a stretch of road could serve has no place at all."""
    return any(
        purpose not in settled.chosen and not verdict.asks.optional and STREET in verdict.asks.kinds
        for purpose, verdict in settled.judged.items()
    )
