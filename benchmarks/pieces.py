"""The pieces of a plan by themselves, in the sizes for which each has a target of its own.

The targets were set by what libraries need for these sizes when the planner was begun. A plan needs less of
most (three origins, not 200), so that one may be missed and the whole plan still be in time; both are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks import routing
from benchmarks.listed import HOSPITALS, PLACES, POINTS, WAYS, eyes_m, nearest_beyond, raised, ways_apart
from benchmarks.rows import Timed, timed
from benchmarks.whole_plan import places
from planner import packs
from planner.area import Area
from planner.doctrine import Doctrine
from planner.ground.sightline import sees, walls_of
from planner.hospitals.patients import Ward, share_patients
from planner.model import Casualties
from planner.streets.hierarchy import Hierarchy
from planner.streets.network import Snap, StreetNetwork
from planner.terms import PlaceKind, RoadClass, TraumaLevel, Travel

READY = "ready for ways"
CLOSED = "a zone closed"
SIGHT = f"{PLACES} places snapped, seen from {POINTS}"
TABLE = f"matrix {PLACES} x {HOSPITALS}, zone closed"
APART, FAR_APART = f"{WAYS} ways apart, zone closed", f"{WAYS} ways apart across the map"
PATIENTS = "100 patients shared out"
TARGETS_S = {
    READY: (0.06, 0.7),
    CLOSED: (0.005, 0.02),
    SIGHT: (0.02, 0.02),
    TABLE: (0.015, 0.03),
    APART: (0.02, 0.025),
    PATIENTS: (0.005, 0.005),
}
"""At the most, for a city of 100,000 edges and for a metro of a million."""
_TOLD_FOR = 100_000, 1_000_000
_AROUND_M = (routing.ZONE_M + 50.0, 1500.0)
_WARDS, _SEED = 15, 7


def target_s(work: str, edges: int) -> float | None:
    """Return how long a piece may take on a map of some size; nothing is told of small ones."""
    if work not in TARGETS_S or edges < _TOLD_FOR[0]:
        return None
    return float(np.interp(edges, _TOLD_FOR, TARGETS_S[work]))


def pieces(area: Area, doctrine: Doctrine) -> Iterator[tuple[str, Timed]]:
    """Time each piece, warm."""
    network = area.network
    timing = network.timing(Travel.EMERGENCY, doctrine.travelling)
    ready, forget = _ready(area, doctrine)
    yield READY, timed(ready, repeat=3, warm=0, before=forget)
    spot_m = np.asarray(area.frame.point_m(places(area, 1)[0]))
    around_m = _around(spot_m)
    usable = network.main_edges(Travel.EMERGENCY, doctrine.travelling)
    closed = routing.draw_zone(network, spot_m)
    starts = [snap for snap in network.snap(around_m, usable & ~closed) if snap is not None]
    ends = _hospitals(area, usable & ~closed)
    eyes, walls = raised(eyes_m(spot_m), doctrine), walls_of(area, doctrine.siting)

    def see() -> None:
        network.snap(around_m, usable)
        sees(walls, eyes, raised(around_m, doctrine))

    yield SIGHT, timed(see)
    hierarchy = network.hierarchy
    if isinstance(hierarchy, Hierarchy):
        yield (
            CLOSED,
            timed(
                lambda: hierarchy.expect(timing.closing(routing.draw_zone(network, spot_m))),
                before=lambda: hierarchy.expect(timing.closing(network.no_closures())),
            ),
        )
    yield TABLE, timed(lambda: network.times(starts, ends, timing, closed))
    out = _nearest_beyond(starts[0], _all_hospitals(area, usable & ~closed))
    yield APART, timed(lambda: ways_apart(network, timing, closed, starts[0], out))
    yield FAR_APART, timed(lambda: ways_apart(network, timing, closed, starts[0], ends))
    seconds = network.times(starts[:1], ends[:_WARDS], timing, network.no_closures())[0]
    wards = [Ward(float(s) if np.isfinite(s) else None, TraumaLevel.II, 300) for s in seconds]
    patients = Casualties(red=30, yellow=30, green=40)
    yield PATIENTS, timed(lambda: share_patients(patients, wards, doctrine.transport))


def _around(spot_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places all round a zone, in no order, (200, 2)."""
    dice = np.random.default_rng(_SEED)
    turn, far_m = dice.uniform(0, 2 * np.pi, PLACES), dice.uniform(*_AROUND_M, PLACES)
    return np.asarray(spot_m + far_m[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))


def _ready(area: Area, doctrine: Doctrine) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what finds a first way over streets that are just opened, and what forgets all of it."""
    fresh: list[StreetNetwork] = []
    start, *_, end = _hospitals(area, area.network.main_edges(Travel.EMERGENCY, doctrine.travelling))

    def forget() -> None:
        fresh[:] = [packs.open_area(area.name).network]

    def ready() -> None:
        timing = fresh[0].timing(Travel.EMERGENCY, doctrine.travelling)
        fresh[0].find_path(start, end, timing, fresh[0].no_closures())

    return ready, forget


def _nearest_beyond(start: Snap, ends: Sequence[Snap]) -> list[Snap]:
    """Return places in the order of :func:`benchmarks.listed.nearest_beyond`."""
    ends_m = np.array([(end.x_m, end.y_m) for end in ends])
    return [ends[k] for k in nearest_beyond(np.array([start.x_m, start.y_m]), ends_m)]


def _hospitals(area: Area, usable: NDArray[np.bool_]) -> list[Snap]:
    """Return some hospitals of a map, all over it, as places on streets; of a map without, other places."""
    found = _all_hospitals(area, usable)
    return found[:: max(1, (len(found) - HOSPITALS) // HOSPITALS)][:HOSPITALS]


def _all_hospitals(area: Area, usable: NDArray[np.bool_]) -> list[Snap]:
    """Return all hospitals of a map, and some other places."""
    network = area.network
    shapes = area.places.shapes[area.places.among("kind", (PlaceKind.HOSPITAL,))]
    spots_m = shapely.get_coordinates(shapely.centroid(shapes)).reshape(-1, 2)
    found = [snap for snap in network.snap(spots_m, usable) if snap is not None]
    return found + routing.places(network, Travel.EMERGENCY, HOSPITALS, 5, RoadClass.RESIDENTIAL)
