"""Get ready before anyone asks: ``python -m planner.ui.ready``, the last step of the set-up.

Searches and lines of sight are compiled when they are first used, a shipped area is imported and its base map
drawn when they are first opened: half a minute that nobody has at an incident, so it is spent at set-up. A
plan that nobody sees is made and thrown away; what it compiled is kept beside the code. So is the code as
Python reads it, which no later start need do again, not even where Python is told to keep nothing.
"""

from __future__ import annotations

import compileall
import sys
from pathlib import Path

import numpy as np

import planner
from planner import packs, settings
from planner.area import Area
from planner.errors import PlannerError
from planner.memory import one_at_a_time
from planner.model import Incident, Plan
from planner.perimeters import mesh
from planner.plan import make_plan
from planner.terms import Travel
from planner.ui.basemap import BaseMapFiles, base_map


@one_at_a_time
def first_plan(area: Area) -> Plan:
    """Plan an incident in the middle of an area, for no other end than to have planned once."""
    for travel in (Travel.EMERGENCY, Travel.PUBLIC):
        area.network.make_ready(travel, packs.shipped_doctrine().travelling)
    mesh.make_ready()
    middle = area.network.node_xy_m.mean(axis=0)
    nearest = int(np.argmin(np.hypot(*(area.network.node_xy_m - middle).T)))
    place = area.frame.place(*area.network.node_xy_m[nearest])
    return make_plan(Incident(location=place), area, packs.shipped_doctrine())


def base_map_at_home(area: Area) -> BaseMapFiles:
    """Return an area's base map, in this installation's home."""
    return base_map(area, settings.read_settings().home / "base_maps")


def main() -> int:
    """Get the default area ready; say in one line what was done, or what stands in the way."""
    if not compileall.compile_dir(Path(planner.__file__).parent, quiet=2):
        print("what Python makes of the code cannot be kept: commands start a little later", file=sys.stderr)
    try:
        area = packs.open_area()
        first_plan(area)
        base_map_at_home(area)
    except PlannerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"area {area.name} and its base map are in {settings.read_settings().home}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
