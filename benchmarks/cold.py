"""What one command costs from its start to its end, in a process of its own, set up and run before.

Where several processors are shared, compare the processor time: the wall time is that of a busy machine.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.rows import Row, Timed
from planner.area import Area
from planner.geo import LonLat

RUNS = 5
_PLAN_S, _HELP_S = 2.0, 0.3
_TAPPED = {"montevideo": LonLat(-56.1665, -34.8945)}
"""The place by which the program is judged; elsewhere the junction nearest to the middle of all."""
_PEER = "loading a script's libraries alone"
_LIBRARIES = "import geopandas, networkx, osmnx, scipy.spatial, shapely"


def measure(area: Area) -> Iterator[Row]:
    """Plan, check what was planned, and ask for help, each five times from nothing."""
    place = _TAPPED.get(area.name) or _middle(area)
    at = f"{place.lat_deg},{place.lon_deg}"
    libraries = ended([sys.executable, "-c", _LIBRARIES])
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "plan.geojson")
        plan = ["plan", "--at", at, "--threat", "handgun", "--area", area.name, "-o", file]
        yield Row("planner plan, as a process", ended(_ours(plan)), _PEER, libraries, _PLAN_S)
        yield Row("planner check, as a process", ended(_ours(["check", file])), target_s=_PLAN_S)
    yield Row("planner --help, as a process", ended(_ours(["--help"])), target_s=_HELP_S)


def _ours(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", "from planner.cli import main; main()", *arguments]


def _middle(area: Area) -> LonLat:
    xy_m = area.network.node_xy_m
    return area.frame.place(*xy_m[int(np.argmin(np.hypot(*(xy_m - xy_m.mean(axis=0)).T)))])


def ended(command: Sequence[str], runs: int = RUNS) -> Timed:
    """Run a command to its end, once to warm up and then so often; medians, and the slowest run.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails: then it has done no work that could be timed.
    """
    # What a module was compiled to is kept, as it is wherever the program is in use.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    walls, cpus = [], []
    for _ in range(1 + runs):
        began, before = time.perf_counter(), _spent_s()
        subprocess.run(command, env=kept, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        walls.append(time.perf_counter() - began)
        cpus.append(_spent_s() - before)
    return Timed(median(walls[1:]), median(cpus[1:]), max(walls[1:]))


def _spent_s() -> float:
    """Return the processor time of all processes that have ended below this one."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
