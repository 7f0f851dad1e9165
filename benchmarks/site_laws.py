"""Laws of the sites on random zones: ``python -m benchmarks.site_laws [--zones N] [--seed S] AREA ...``.

N zones an area. Every plan is audited from its document alone (zone, side, distance, sight, separation, room,
lanes), and some lines of sight of each are asked of the footprints again. Every fifth joint choice is held to
the exact optimum of an integer program. Then scenes among the buildings are looked at, until so many command
posts were found that buildings hide: where those are taken away, it must leave the place that came in view.
What fails is written out, one line each; at the end, a row for docs/sites.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point

from benchmarks.__main__ import open_or_import
from planner import packs
from planner.area import Area
from planner.audit.scene import Scene as AuditScene
from planner.audit.sight import hiding, sees_by_footprints
from planner.audit.sites import check_sites
from planner.audit.streets import RawStreets
from planner.doctrine import Doctrine
from planner.errors import PlannerError
from planner.geo import LonLat
from planner.ground.sightline import sees, walls_of
from planner.ground.targets import thin
from planner.model import Casualties, Incident
from planner.plan import HeldScene, hold_scene, make_plan
from planner.sites.facts import UNMAPPED
from planner.sites.lookout import site_points
from planner.sites.selection import choose_together
from planner.terms import Purpose, ThreatName
from tests.optimum import best_total

Floats = NDArray[np.float64]

_THREATS = tuple(ThreatName)
_EVERY_OPTIMUM = 5
_EVERY_TOLD = 20
_TRIES = 12
"""Scenes looked at, at most, for each command post that buildings are to hide."""
_FAR_THREATS = (ThreatName.HANDGUN, ThreatName.RIFLE, ThreatName.UNKNOWN, ThreatName.VEHICLE)
_BESIDE_M = 3.0
_FACADE_M = 0.5
_LINES = 12
_EYES = 64
_NUDGE_M = 0.05
"""A line that only brushes a corner is seen or not by the last digit: such are not counted."""
_SLACK = 0.01


def incident_at(area: Area, random: np.random.Generator) -> Incident:
    """Make a random incident: on a random street, so that zones fall where people are."""
    edge = int(random.integers(area.network.edge_count))
    x_m, y_m = area.network.at(edge, float(area.network.length_m[edge]) / 2)
    place = area.frame.place(x_m + float(random.normal(0, 40)), y_m + float(random.normal(0, 40)))
    return Incident(
        location=LonLat(*place),
        threat=_THREATS[int(random.integers(len(_THREATS)))],
        casualties=Casualties(*(int(n) for n in random.integers(0, 30, 3))),
        on_site=int(random.integers(0, 1500)),
        hour=int(random.integers(0, 24)),
        no_ccp=bool(random.random() < 0.15),
        bereaved_site=bool(random.random() < 0.3),
    )


@dataclass
class Tally:
    """What was counted on one area."""

    area: str
    plans: int = 0
    refused: int = 0
    sites: int = 0
    checks: int = 0
    lines: int = 0
    optima: int = 0
    worst: float = 0.0
    deletions: int = 0
    hidden_tried: int = 0
    unknown: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)

    def fail(self, check: str, where: str) -> None:
        """Count a failure, and write it out at once."""
        self.failed[check] += 1
        sys.stdout.write(f"{self.area} {where}: {check}\n")
        sys.stdout.flush()

    def row(self) -> str:
        """Return a row of the table."""
        faults = ", ".join(f"{name} {count}" for name, count in self.failed.items()) or "0"
        return (
            f"| {self.area} | {self.plans} | {self.sites} | {self.checks} | {self.lines} | {self.optima} "
            f"| {self.worst:.2%} | {self.deletions} ({self.unknown}) of {self.hidden_tried} | {faults} |"
        )


def run(area: Area, doctrine: Doctrine, zones: int, seed: int, deletions: int) -> Tally:
    """Hold the laws to random zones of one area."""
    random, tally, streets = np.random.default_rng(seed), Tally(area.name), RawStreets.of(area.network)
    for number in range(zones):
        incident = incident_at(area, random)
        where = f"{number} {tuple(incident.location or ())} {incident.threat}"
        try:
            held = hold_scene(incident, area, doctrine)
            plan = make_plan(incident, area, doctrine, held=held)
        except PlannerError as error:
            tally.refused += 1
            sys.stdout.write(f"{area.name} {where}: refused: {error}\n")
            continue
        tally.plans += 1
        tally.sites += len(plan.sites)
        tally.served.update(site.purpose.value for site in plan.sites if site.rank == 1)
        for check in check_sites(AuditScene(plan, area, doctrine, streets)):
            tally.checks += 1
            if not check.ok:
                tally.fail(check.check, f"{where} {check.about}: {check.detail}")
        for told in _wrong_lines(held, area, doctrine, random, tally):
            tally.fail("sight", f"{where} {told}")
        if number % _EVERY_OPTIMUM == 0:
            _hold_to_optimum(held, tally, where)
        if tally.plans % _EVERY_TOLD == 0:
            sys.stderr.write(f"{tally.row()}\n")
    _take_away_what_hides(area, doctrine, random, tally, deletions)
    return tally


def _wrong_lines(
    held: HeldScene, area: Area, doctrine: Doctrine, random: np.random.Generator, tally: Tally
) -> Iterator[str]:
    """Compare some lines from the hot zone to candidates with what the footprints themselves say."""
    facts, siting = held.chosen.write.facts, doctrine.siting
    near = [c.shape_m for c, far in zip(facts.candidates, facts.target_m, strict=True) if far < facts.sight_m]
    if not near or not len(area.buildings):
        return
    eyes = held.ground.samples_xyz_m
    points, _ = site_points(np.array([near[int(random.integers(len(near)))]]), siting.person_height_m)
    for _ in range(_LINES):
        a, b = eyes[int(random.integers(len(eyes)))], points[int(random.integers(len(points)))]
        nudges = [
            np.array([dx, dy, 0.0]) for dx, dy in ((0, 0), (_NUDGE_M, 0), (0, _NUDGE_M), (-_NUDGE_M, 0))
        ]
        ours = {bool(sees(walls_of(area, siting), [a], [b + nudge])[0, 0]) for nudge in nudges}
        theirs = {sees_by_footprints(_xyz(a), _xyz(b + nudge), area, siting) for nudge in nudges}
        tally.lines += 1
        if not ours & theirs:
            yield f"from {_xyz(a)} to {_xyz(b)}: ours {ours}, footprints {theirs}"


def _xyz(place: Floats) -> tuple[float, float, float]:
    x, y, z = place.tolist()
    return x, y, z


def _hold_to_optimum(held: HeldScene, tally: Tally, where: str) -> None:
    choice = held.chosen.write.settled.choice
    best = best_total(choice.beside_pins())
    short = 1.0 - choice.total(choose_together(choice)) / best if best > 0 else 0.0
    tally.optima += 1
    tally.worst = max(tally.worst, short)
    if short > _SLACK:
        tally.fail("optimum", f"{where} {short:.1%} below it")


def _take_away_what_hides(
    area: Area, doctrine: Doctrine, random: np.random.Generator, tally: Tally, wanted: int
) -> None:
    """Look among the buildings for scenes whose command post they hide, and take those away that hide it."""
    for number in range(_TRIES * wanted):
        if tally.deletions >= wanted or not len(area.buildings):
            return
        incident = _among_buildings(area, random)
        where = f"deletion {number} {tuple(incident.location or ())} {incident.threat}"
        try:
            held = hold_scene(incident, area, doctrine)
        except PlannerError:
            continue
        tally.hidden_tried += 1
        for told in _take_away(incident, held, area, doctrine, tally):
            tally.fail("deletion", f"{where} {told}")


def _among_buildings(area: Area, random: np.random.Generator) -> Incident:
    """Make an incident in front of a random building, of a threat that looks further than its own ground."""
    shape = area.buildings.shapes[int(random.integers(len(area.buildings)))]
    x_m, y_m = shape.bounds[:2]
    return Incident(
        location=LonLat(*area.frame.place(x_m - _BESIDE_M, y_m - _BESIDE_M)),
        threat=_FAR_THREATS[int(random.integers(len(_FAR_THREATS)))],
    )


def _take_away(
    incident: Incident, held: HeldScene, area: Area, doctrine: Doctrine, tally: Tally
) -> Iterator[str]:
    """Delete the fewest buildings that hide a place of the command post: that place must be given up.

    Or, where no building is mapped between any more, its sight must be said not to be known. Nothing is held
    against a plan whose hot ground changes with the buildings, so that the eye is gone.
    """
    write = held.chosen.write
    row = write.chosen.get(Purpose.COMMAND_POST)
    if row is None or write.facts.in_sight[row] != 0 or write.facts.target_m[row] > write.facts.unseen_m:
        return
    shape, siting = write.facts.candidates[row].shape_m, doctrine.siting
    points, _ = site_points(np.array([shape]), siting.person_height_m)
    eyes = thin(held.ground.samples_xyz_m, _EYES)
    lines = [(a, b) for a in thin(eyes, 8) for b in thin(points, 4)]
    within = [(a, b) for a, b in lines if np.hypot(*(a - b)[:2]) < write.facts.unseen_m]
    hidden = [(rows, a, b) for a, b in within if (rows := hiding(_xyz(a), _xyz(b), area, siting))]
    if not hidden:
        return
    rows, eye, place = min(hidden, key=lambda line: len(line[0]))
    kept = ~np.isin(np.arange(len(area.buildings)), rows)
    open_area = replace(area, buildings=area.buildings.rows(kept), digest=f"{area.digest}-less")
    again = hold_scene(incident, open_area, doctrine)
    if np.hypot(*(thin(again.ground.samples_xyz_m, _EYES) - eye)[:, :2].T).min() > _NUDGE_M:
        return
    tally.deletions += 1
    now = again.chosen.write.chosen.get(Purpose.COMMAND_POST)
    if now is None:
        return
    facts = again.chosen.write.facts
    there = facts.candidates[now].shape_m
    if facts.in_sight[now] == UNMAPPED:
        tally.unknown += 1
    elif there.equals(shape) or there.distance(Point(place[:2])) < _FACADE_M:
        yield f"the command post stayed, {len(rows)} buildings taken away"


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site_laws", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo"])
    parser.add_argument("--zones", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deletions", type=int, default=20, help="command posts that buildings hide")
    asked = parser.parse_args()
    doctrine = packs.shipped_doctrine()
    tallies = [
        run(open_or_import(name), doctrine, asked.zones, asked.seed, asked.deletions) for name in asked.areas
    ]
    sys.stdout.write(
        "| place | plans | sites | checks | lines of sight | optima | furthest below "
        "| deletions | faults |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    for tally in tallies:
        served = ", ".join(f"{purpose} {count}" for purpose, count in tally.served.most_common())
        sys.stdout.write(f"{tally.row()}\n{tally.refused} refused; first choices: {served}\n")
    return 1 if any(tally.failed for tally in tallies) else 0


if __name__ == "__main__":
    raise SystemExit(main())
