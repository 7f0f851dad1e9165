"""``python -m benchmarks [FILE.osm.pbf | AREA ...]``: every benchmark on each area, as one Markdown table.

A benchmark is a module of this folder with ``measure(area) -> iterable of Row``; it is found by its name.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import benchmarks
from benchmarks.rows import Row, Timed
from planner import packs
from planner.area import Area

_NOT_BENCHMARKS = {"rows", "__main__", "scale", "one_map", "report", "script", "tiled"}


def open_or_import(area: str) -> Area:
    """Open an area by its name, or import a file under its own name, once."""
    file = Path(area)
    if not file.is_file():
        return packs.open_area(area)
    name = file.name.split(".")[0].lower()
    if name not in {listing.name for listing in packs.list_areas()}:
        packs.import_area(file, name)
    return packs.open_area(name)


def modules(only: Sequence[str]) -> Iterator[str]:
    """Name the benchmarks, in order."""
    for found in sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__)):
        if found not in _NOT_BENCHMARKS and (not only or found in only):
            yield found


def line(area: Area, row: Row) -> str:
    """Write one row of the table."""
    ratio = f"{row.ratio:.0f}x" if row.ratio is not None else ""
    target = f"{row.target_s * 1000:.0f}" if row.target_s is not None else ""
    cells = (area.name, row.work, _ms(row.ours), target, row.peer, _ms(row.theirs), ratio, row.note)
    return f"| {' | '.join(cells)} |"


def _ms(timed: Timed | None) -> str:
    return f"{timed.wall_s * 1000:.1f} ({timed.cpu_s * 1000:.1f})" if timed else ""


def main() -> int:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("areas", nargs="*", default=["montevideo"])
    parser.add_argument("--only", action="append", default=[], help="name of a benchmark; may be repeated")
    asked = parser.parse_args()
    out = sys.stdout
    out.write("| area | work | ms: wall (cpu) | target | peer | ms: wall (cpu) | ratio | note |\n")
    out.write("|---|---|---|---|---|---|---|---|\n")
    for area in map(open_or_import, asked.areas):
        for name in modules(asked.only):
            module = importlib.import_module(f"benchmarks.{name}")
            if not hasattr(module, "measure"):
                continue
            for row in module.measure(area):
                out.write(line(area, row) + "\n")
                out.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
