"""A library of plans made ahead, against a shell's loop of one ``planner plan`` for each place.

Both plan the same places, of the kind that the area has most of, without prints and checks; with them ours
does more than the loop. The processor time is that of all processes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.cold import ended
from benchmarks.rows import Row
from planner.area import Area
from planner.ground.gatherings import count_gatherings, find_gatherings
from planner.packs import shipped_doctrine

PLACES = 12
_KINDS = ("school", "worship", "university", "mall", "government")
_LOOP = """
import subprocess, sys
for place in sys.argv[2:]:
    ours = [sys.executable, "-c", "from planner.cli import main; main()"]
    plan = [*ours, "plan", "--at", place, "--area", sys.argv[1]]
    subprocess.run(plan, check=True, stdout=subprocess.DEVNULL)
"""


def measure(area: Area) -> Iterator[Row]:
    """Make one library with one worker and with two, and one with prints and checks."""
    counts = count_gatherings(area)
    kind = max(_KINDS, key=lambda name: counts.get(name, 0))
    places = find_gatherings(kind, area, shipped_doctrine().zones.target_max_m2)[:PLACES]
    at = [f"{place.location.lat_deg},{place.location.lon_deg}" for place in places]
    loop = ended([sys.executable, "-c", _LOOP, area.name, *at], runs=1)
    work = f"{len(places)} plans ahead ({kind})"
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            plain = ended(_ours(area, kind, folder, workers, "--no-prints", "--no-check"), runs=1)
        peer = f"{len(places)} x planner plan"
        yield Row(f"{work}, {workers} worker{'s' * (workers > 1)}", plain, peer, loop)
    with tempfile.TemporaryDirectory() as folder:
        yield Row(f"{work}, printed and checked, 2 workers", ended(_ours(area, kind, folder, 2), runs=1))


_AGAIN = """
import shutil, sys
from planner.cli import main
shutil.rmtree(sys.argv[1], ignore_errors=True)
if __name__ == "__main__":
    main(sys.argv[2:])
"""


def _ours(area: Area, kind: str, folder: str, workers: int, *more: str) -> list[str]:
    """Return the command that makes a library anew; from a file, which its workers can load as well."""
    script = Path(folder) / "again.py"
    script.write_text(_AGAIN, encoding="utf-8")
    library = str(Path(folder) / "library")
    asked = ["--area", area.name, "--kind", kind, "-o", library, "--limit", str(PLACES)]
    return [sys.executable, str(script), library, "preplan", *asked, "--workers", str(workers), *more]
