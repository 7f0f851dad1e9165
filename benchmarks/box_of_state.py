"""A box out of a state's extract: what it takes, and whether memory grows with what lies outside the box.

The shipped city is laid out to a million streets (the largest map of :mod:`benchmarks.scale`, made once
and kept), thirty times what is wanted of it: large enough that the places of its nodes are kept on disk while
it is read, as those of a state are. The city's own box is then imported out of it, and out of its own file,
each in a process of its own.

Memory is told twice: the process's own, which must not grow with the file, and with it all that is mapped
from files, the places of nodes among them, which the system takes back when it needs the room.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.rows import Row, Timed
from benchmarks.tiled import laid_out
from planner import packs, settings
from planner.area import Area
from planner.sources import pbf

TIMES = 31
_READ = """
import json, sys, threading, time
from pathlib import Path
from planner.sources.pbf import read_osm
def kept_mb(what):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))
own_mb, done = [], threading.Event()
def watch():
    while not done.wait(0.02):
        own_mb.append(kept_mb("RssAnon"))
watching = threading.Thread(target=watch)
watching.start()
wall, cpu = time.perf_counter(), time.process_time()
area = read_osm(Path(sys.argv[1]), "box", bbox_deg=tuple(json.loads(sys.argv[2])))
spent = [time.perf_counter() - wall, time.process_time() - cpu]
done.set()
watching.join()
print(json.dumps([*spent, max(own_mb), kept_mb("VmHWM"), area.network.edge_count]))
"""


class _Read(NamedTuple):
    """What a read took."""

    spent: Timed
    own_mb: float
    all_mb: float
    edges: int


def measure(area: Area) -> Iterator[Row]:
    """Import the box of the shipped city; of others nothing: a state made of them would not fit the globe."""
    if area.name != packs.DEFAULT_AREA:
        return
    file = settings.shipped("data", packs.SHIPPED[area.name].file)
    large = laid_out(file, TIMES)
    size = large.stat().st_size
    if size < 2 * pbf.PLACES_ON_DISK_BYTES:
        raise RuntimeError(f"{large} is too small to be read as a state is")
    state, alone = _read(large, area.bbox_deg), _read(file, area.bbox_deg)
    yield Row(
        f"a box of {state.edges:,} edges out of {size / 1e6:.0f} MB",
        state.spent,
        f"out of its own {file.stat().st_size / 1e6:.0f} MB",
        alone.spent,
        note=(
            f"at most {state.own_mb:.0f} MB of its own memory ({alone.own_mb:.0f} out of its own file), "
            f"{state.all_mb:.0f} with mapped files ({alone.all_mb:.0f})"
        ),
    )


def _read(file: Path, box: tuple[float, float, float, float]) -> _Read:
    """Read a box of a file."""
    command = [sys.executable, "-c", _READ, str(file), json.dumps(box)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    wall_s, cpu_s, own_mb, all_mb, edges = json.loads(ran.stdout.splitlines()[-1])
    return _Read(Timed(wall_s, cpu_s, wall_s), own_mb, all_mb, edges)
