"""Sites: candidates, sight, scoring and joint choice; and lines of sight beside an STRtree of footprints."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.made_incidents import made_incidents
from benchmarks.rows import Row, median_of, of_runs, timed
from planner import packs
from planner.area import Area
from planner.closures import blocked_streets
from planner.ground.sightline import OPEN_KINDS, sees, walls_of
from planner.ground.zones import Ground, draw_zones
from planner.model import Incident
from planner.perimeters.tracing import trace_perimeters
from planner.sites.candidates import Scene
from planner.sites.choosing import choose_sites
from planner.terms import PlaceKind, ThreatName

_PLACES = 24
_TARGET_S = 0.1
_SITES = 200
_SAMPLES = 64
_REACH_M = 400.0


def measure(area: Area) -> Iterator[Row]:
    """Measure the choice at random places, in the thick of the buildings, and sight of many sites there."""
    doctrine = packs.shipped_doctrine()
    runs = []
    for _, incident, ground in made_incidents(area, doctrine, _PLACES):
        scene = _scene(incident, ground, area)
        runs.append(timed(lambda i=incident, s=scene: choose_sites(i, s, area, doctrine)))  # type: ignore[misc]
    yield Row(f"sites, {of_runs(runs)}", median_of(runs), target_s=_TARGET_S)
    x_m, y_m = _middle(area)
    for threat in (ThreatName.HANDGUN, ThreatName.RIFLE):
        incident = Incident(location=area.frame.place(x_m, y_m), threat=threat)
        scene = _scene(incident, draw_zones(incident, area, doctrine), area)
        chosen = choose_sites(incident, scene, area, doctrine)
        facts = chosen.write.facts
        yield Row(
            work=f"sites where most buildings are, {threat}: {len(facts.candidates)} candidates",
            ours=timed(lambda i=incident, s=scene: choose_sites(i, s, area, doctrine)),  # type: ignore[misc]
            target_s=_TARGET_S,
            note=f"writing {len(chosen.sites)} sites down comes after",
        )
    yield _sight(area, x_m, y_m)


def _scene(incident: Incident, ground: Ground, area: Area) -> Scene:
    doctrine = packs.shipped_doctrine()
    blocked = blocked_streets(incident, area, doctrine)
    inner, outer = trace_perimeters(ground, area, doctrine, blocked, incident)
    closed = area.network.edges_meeting(ground.danger_m) | inner.inside | blocked
    return Scene(ground, inner.polygon_m, outer.polygon_m, inner.posts + outer.posts, closed)


def _middle(area: Area) -> tuple[float, float]:
    """Return a mall or school among the most buildings, else the middle of all buildings."""
    spots = shapely.get_coordinates(shapely.centroid(area.buildings.shapes))
    places = area.places_of(PlaceKind.MALL, PlaceKind.SCHOOL)
    tries = shapely.get_coordinates(shapely.centroid(places.shapes))
    if not len(tries):
        tries = spots.mean(axis=0, keepdims=True)
    near = [(np.hypot(*(spots - spot).T) < _REACH_M).sum() for spot in tries]
    x_m, y_m = tries[int(np.argmax(near))]
    return float(x_m), float(y_m)


def _sight(area: Area, x_m: float, y_m: float) -> Row:
    siting = packs.shipped_doctrine().siting
    turns = np.linspace(0, 2 * np.pi, _SITES, endpoint=False)
    reach = _REACH_M * (0.3 + 0.7 * ((np.arange(_SITES) * 7) % 10) / 10)
    height = siting.person_height_m
    sites = np.column_stack(
        [x_m + reach * np.cos(turns), y_m + reach * np.sin(turns), np.full(_SITES, height)]
    )
    around = np.linspace(0, 2 * np.pi, _SAMPLES, endpoint=False)
    eyes = np.column_stack([x_m + 40 * np.cos(around), y_m + 40 * np.sin(around), np.full(_SAMPLES, height)])
    walls = walls_of(area, siting)
    shapes = area.buildings.shapes
    solid = (shapely.get_dimensions(shapes) == 2) & ~area.buildings.among("kind", OPEN_KINDS)
    rings = shapely.boundary(shapes[solid])
    tree = shapely.STRtree(rings)

    starts = np.repeat(eyes[:, :2], _SITES, axis=0)
    ends = np.stack([starts, np.tile(sites[:, :2], (_SAMPLES, 1))], axis=1)

    def by_tree() -> NDArray[np.bool_]:
        """In plan only: it does not even look at heights."""
        lines: NDArray[np.object_] = np.asarray(shapely.linestrings(ends))
        clear = np.ones(len(lines), dtype=np.bool_)
        clear[np.unique(tree.query(lines, predicate="intersects")[0])] = False
        return clear.reshape(_SAMPLES, _SITES)

    same = float((by_tree() == sees(walls, eyes, sites)).mean())
    return Row(
        work=f"sight of {_SITES} sites x {_SAMPLES} samples, {int(solid.sum())} buildings",
        ours=timed(lambda: sees(walls, eyes, sites)),
        peer="shapely STRtree, in plan",
        theirs=timed(by_tree, repeat=3),
        target_s=0.005,
        note=f"{same:.1%} of the answers alike; the rest look over low walls",
    )
