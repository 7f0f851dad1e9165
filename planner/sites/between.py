"""What lies between the lines of a scene: looked at first, for it tells whether command has room there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import shapely

from planner.area import Area
from planner.doctrine import Doctrine
from planner.model import Incident
from planner.sites.candidates import Candidate, Scene, Shunned
from planner.sites.demand import Demand
from planner.sites.facts import Facts
from planner.sites.gathering import gather_between
from planner.sites.judging import SMALL, Judge, Judged
from planner.sites.purposes import asks_for
from planner.sites.selection import POOL, Choice, choose_together
from planner.sites.survey import OpenStreets, Paths, survey
from planner.terms import Purpose


@dataclass(frozen=True, eq=False)
class Between:
    """Streets of a scene, and the ground between its lines; each worked out when it is asked for.

    Parameters
    ----------
    incident : Incident
    scene : Scene
    area : Area
    doctrine : Doctrine
    """

    incident: Incident
    scene: Scene
    area: Area
    doctrine: Doctrine

    @cached_property
    def demand(self) -> Demand:
        """What the incident wants room for."""
        return Demand.of(self.incident, self.doctrine.siting)

    @cached_property
    def streets(self) -> OpenStreets:
        """By which sites are entered."""
        return OpenStreets.around(self.scene, self.area, self.doctrine)

    @cached_property
    def shunned(self) -> Shunned:
        """Ground that sites keep off."""
        return Shunned.by(self.scene, self.area, self.doctrine.siting)

    @cached_property
    def found(self) -> list[Candidate]:
        """Usable ground and kerbs between the lines."""
        return gather_between(self.scene, self.area, self.doctrine, self.shunned, self.streets.working)

    @cached_property
    def paths(self) -> Paths:
        """Ways of the scene, on foot and by road."""
        return Paths(self.scene, self.area, self.doctrine)

    @cached_property
    def facts(self) -> Facts:
        """What is known of that ground."""
        return self.look_at(self.found, self.paths)

    def look_at(self, places: Sequence[Candidate], paths: Paths) -> Facts:
        """Find out about places of this scene."""
        return survey(places, self.incident, self.scene, self.area, self.doctrine, self.streets, paths)


def command_without_room(between: Between) -> bool:
    """Whether the command post is the one site without room between the lines, told before all are chosen.

    What else belongs there has room, each its own, so no carriageway is taken for a site, of which the
    command post could be one. False says nothing: there may be no room for others either, or what is chosen
    may be entered from beyond the line.
    """
    if not between.found:
        return False
    judge = Judge(between.facts.asked_apart(), between.demand, between.doctrine.siting, POOL)
    asked = [asks for asks in asks_for(between.demand) if asks.inside and not asks.optional]
    command = judge.all_of([asks for asks in asked if asks.purpose is Purpose.COMMAND_POST])
    if any(map(_has_room, command.values())):
        return False
    others = judge.all_of([asks for asks in asked if asks.purpose is not Purpose.COMMAND_POST])
    if not all(_has_room(judged, SMALL) and _entered_within(judged, between) for judged in others.values()):
        return False
    return len(choose_together(Choice.among(others, judge))) == len(others)


def _has_room(judged: Judged, but_for: Sequence[str] = ()) -> bool:
    """Whether any ground keeps all rules of a purpose, but for some that yield first."""
    return bool(judged.fit.any()) and set(judged.given_up) <= set(but_for)


def _entered_within(judged: Judged, between: Between) -> bool:
    """Whether the best places are all entered from within the outer line."""
    spots = [between.facts.candidates[row].entrance for row in judged.best(POOL).tolist()]
    within = shapely.contains_xy(between.scene.outer_m, [(spot.x_m, spot.y_m) for spot in spots])
    return bool(within.all())
