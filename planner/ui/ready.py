"""Get ready before anyone asks: ``python -m planner.ui.ready``, the last step of the set-up.

``python -m planner.ui.ready --base-map AREA`` draws the base map of one area and nothing else.

Searches and lines of sight are compiled when they are first used, a shipped area is imported and its base map
drawn when they are first opened: half a minute that nobody has at an incident, so it is spent at set-up. A
plan that nobody sees is made and thrown away; what it compiled is kept beside the code. The shipped city is
too small for its ways to be searched for over shortcuts: that is done once as on a larger map, whose first
plan would wait for it as long again. So is the code as Python reads it kept, which no later start need do
again, not even where Python is told to keep nothing.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely

import planner
from planner import packs, settings
from planner.area import Area
from planner.errors import PackError, PlannerError
from planner.ground.sightline import sees, walls_of
from planner.model import Casualties, Incident, Plan
from planner.perimeters import mesh
from planner.plan import make_plan
from planner.streets.contraction import Kept
from planner.streets.hierarchy import TABLE_STARTS, Order
from planner.streets.network import StreetNetwork, Timing
from planner.streets.turns import to_keep
from planner.terms import Travel
from planner.ui.basemap import BaseMapFiles, base_map, base_map_files

_BASE_MAP = "--base-map"
_RANK = 5
_CLOSED_M, _AWAY_M, _PLACES, _LIKED_LESS = 300.0, (500.0, 1200.0, 4000.0), 8, 5.0
_SOME = Casualties(red=2, yellow=3, green=5)
"""Who has nobody to send leaves the sharing out to hospitals unused."""


def first_plan(area: Area) -> Plan:
    """Plan an incident in the middle of an area, for no other end than to have planned once.

    What takes longest is done first, and nobody's tap waits for it who does not need the same.
    """
    area.network.make_ready(packs.shipped_doctrine().travelling)
    mesh.make_ready()
    middle = area.network.node_xy_m.mean(axis=0)
    nearest = int(np.argmin(np.hypot(*(area.network.node_xy_m - middle).T)))
    place = area.frame.place(*area.network.node_xy_m[nearest])
    return make_plan(Incident(location=place, casualties=_SOME), area, packs.shipped_doctrine())


def look_about(area: Area) -> None:
    """Look from a place to a place, for no other end: the sides of buildings alone are looked at so."""
    spot = np.zeros((1, 3))
    sees(walls_of(area, packs.shipped_doctrine().siting), spot, spot)


class _AsOfAMetro(StreetNetwork):
    """Streets whose shortcuts are asked for every way, as those of a larger map are."""

    def has_hierarchy(self, timing: Timing, starts: int = 1) -> bool:
        """Whether there is one, however few start."""
        return super().has_hierarchy(timing, max(starts, TABLE_STARTS))


def find_far_ways(area: Area) -> None:
    """Find ways over the shortcuts of an area's streets, for no other end than to have found some.

    Far ones and near ones, a table and many from one place, with streets closed and streets liked less.
    """
    order = area.network.order
    if order is None:
        return
    network = _as_of_a_metro(area.network, order)
    travelling = packs.shipped_doctrine().travelling
    network.make_ready(travelling)
    timing = network.timing(Travel.EMERGENCY, travelling)
    middle_m = np.median(network.node_xy_m, axis=0)
    closed = network.edges_meeting(shapely.Point(middle_m).buffer(_CLOSED_M))
    turn = np.linspace(0, 2 * np.pi, _PLACES, endpoint=False)
    away = np.column_stack([np.cos(turn), np.sin(turn)])
    spots_m = np.concatenate([middle_m + far_m * away for far_m in _AWAY_M])
    usable = network.main_edges(Travel.EMERGENCY, travelling) & ~closed
    places = [place for place in network.snap(spots_m, usable) if place is not None]
    network.times(places[:_PLACES], places, timing, closed)
    network.search(places[0], timing, closed, ends=places).times_s(places)
    network.search(places[0], timing, closed, ends=places).path(places[-1])
    used = network.no_closures()
    for start, end in pairwise(places):
        path = network.find_path(
            start, end, timing, closed, timing.weighted(np.flatnonzero(used), _LIKED_LESS)
        )
        if path is not None:
            used[path.edges] = True


def _as_of_a_metro(network: StreetNetwork, order: Order) -> _AsOfAMetro:
    """Return streets as if they were more."""
    found = _AsOfAMetro(**{entry.name: getattr(network, entry.name) for entry in fields(StreetNetwork)})
    kept = network.find_shortcuts()
    found.keep_turns(to_keep(network.turns))
    found.use_order(order)
    found.keep_shortcuts(lambda: kept if isinstance(kept, Kept) else None)
    return found


def base_map_at_home(area: Area) -> BaseMapFiles:
    """Return an area's base map, in this installation's home."""
    return base_map(area, _base_maps())


def base_map_drawn_apart(area: Area) -> BaseMapFiles:
    """Return an installed area's base map, drawn by a process of its own if it is not there: plans go on.

    That of a metro takes a minute, in which a thread beside the plans would hold up every one of them.

    Raises
    ------
    PackError
        If it could not be drawn.
    """
    files = base_map_files(area, _base_maps())
    if files.there():
        return files
    command = [sys.executable, "-m", "planner.ui.ready", _BASE_MAP, area.name]
    run = subprocess.run(  # noqa: S603 ourselves, and a name that was checked
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if run.returncode or not files.there():
        told = run.stderr.strip().splitlines()[-1:] or [f"its process ended with {run.returncode}"]
        raise PackError(f"the base map of {area.name} could not be drawn: {told[0]}", "Open the area again")
    return files


def _base_maps() -> Path:
    return settings.read_settings().home / "base_maps"


def main(said: Sequence[str] = ()) -> int:
    """Get the default area ready; say in one line what was done, or what stands in the way."""
    if said[:1] == [_BASE_MAP]:
        return _draw_base_map(said[1])
    if not compileall.compile_dir(Path(planner.__file__).parent, quiet=2):
        print("what Python makes of the code cannot be kept: commands start a little later", file=sys.stderr)
    try:
        area = packs.open_area()
        first_plan(area)
        look_about(area)
        find_far_ways(area)
        base_map_at_home(area)
    except PlannerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"area {area.name} and its base map are in {settings.read_settings().home}", file=sys.stderr)
    return 0


def _draw_base_map(name: str) -> int:
    with suppress(OSError):  # a machine that grants no lower rank draws at this one
        os.nice(_RANK)
    try:
        base_map_at_home(packs.open_area(name))
    except (PlannerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
