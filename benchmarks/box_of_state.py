"""A box out of a large file: what it takes, and whether memory grows with what lies outside the box.

The file of a shipped area is laid side by side eleven times, which is larger than what keeps its places in
memory; its own box is then imported out of it, and out of the file alone, each in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row, Timed
from benchmarks.tiled import tile
from planner import packs, settings
from planner.area import Area

TIMES = 11
_READ = """
import json, resource, sys, time
from pathlib import Path
from planner.sources.pbf import read_osm
wall, cpu = time.perf_counter(), time.process_time()
area = read_osm(Path(sys.argv[1]), "box", bbox_deg=tuple(json.loads(sys.argv[2])))
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, area.network.edge_count]))
"""


def measure(area: Area) -> Iterator[Row]:
    """Import the box of a shipped area; nothing of others, whose files nobody knows."""
    if area.name not in packs.SHIPPED:
        return
    file = settings.shipped("data", packs.SHIPPED[area.name].file)
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.osm.pbf"
        tile(file, large, TIMES)
        ours, ours_mb, edges = _read(large, area.bbox_deg)
        size_mb = large.stat().st_size / 1e6
    alone, alone_mb, _ = _read(file, area.bbox_deg)
    yield Row(
        f"a box of {edges:,} edges out of {size_mb:.0f} MB",
        ours,
        f"out of its own {file.stat().st_size / 1e6:.0f} MB",
        alone,
        note=f"at most {ours_mb:.0f} MB of memory, {alone_mb:.0f} out of its own file",
    )


def _read(file: Path, box: tuple[float, float, float, float]) -> tuple[Timed, float, int]:
    """Read a box of a file: time, the most memory in MB, and edges."""
    command = [sys.executable, "-c", _READ, str(file), json.dumps(box)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    wall_s, cpu_s, peak_mb, edges = json.loads(ran.stdout.splitlines()[-1])
    return Timed(wall_s, cpu_s, wall_s), peak_mb, edges
