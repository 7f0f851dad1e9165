"""``python -m benchmarks.scale CITY.osm.pbf``: a city, two of it, a metro: docs/performance.md.

Import and bare reading run in processes of their own, for their peak memory; everything else in this one.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl

from benchmarks import whole_plan
from benchmarks.rows import Row, timed
from benchmarks.tiled import tile
from planner import packs

TIMES = (1, 2, 7)
DOCS = Path(__file__).parents[1] / "docs"
_READ = """
import json, resource, sys, time
from pathlib import Path
wall, cpu = time.perf_counter(), time.process_time()
{work}
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu,
                  resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
_OURS = "from planner.sources.pbf import read_osm\nread_osm(Path(sys.argv[1]), 'x')"
_BARE = """
import osmium, osmium.filter, osmium.geom
from planner.sources.pbf import _AREA_KEYS, KEYS
wkb = osmium.geom.WKBFactory()
file = osmium.FileProcessor(sys.argv[1]).with_areas(osmium.filter.KeyFilter(*_AREA_KEYS))
for thing in file.with_filter(osmium.filter.KeyFilter(*KEYS)):
    tags = dict(thing.tags)
    try:
        if thing.is_way():
            wkb.create_linestring(thing)
            refs = [node.ref for node in thing.nodes]
        elif thing.is_area():
            wkb.create_multipolygon(thing)
    except (osmium.InvalidLocationError, RuntimeError):
        pass
"""


@dataclass(frozen=True)
class Size:
    """What was measured on one map."""

    name: str
    edges: int
    read_s: float
    read_mb: float
    bare_s: float | None
    open_s: float
    rows: tuple[Row, ...]

    @property
    def plan(self) -> Row:
        """The row of the whole plan."""
        return self.rows[0]


def measure_size(name: str, file: Path, script_up_to: int) -> Size:
    """Measure everything on one file; the script plans where it has no more edges than that."""
    _, read_s, read_mb = _in_process(_OURS, file)
    _, bare_s, _ = _in_process(_BARE, file)
    packs.import_area(file, name)
    area = packs.open_area(name)
    opened = timed(lambda: packs.open_area(name), repeat=7)
    rows = list(whole_plan.measure(area, 2 if area.network.edge_count <= script_up_to else 0))
    return Size(name, area.network.edge_count, read_s, read_mb, bare_s, opened.wall_s, tuple(rows))


def _in_process(work: str, file: Path) -> tuple[float, float, float]:
    """Return wall seconds, processor seconds and peak megabytes of some work on a file."""
    ran = subprocess.run(
        [sys.executable, "-c", _READ.format(work=work), str(file)], capture_output=True, text=True, check=True
    )
    wall_s, cpu_s, peak_mb = json.loads(ran.stdout.splitlines()[-1])
    return wall_s, cpu_s, peak_mb


def report(sizes: Sequence[Size]) -> str:
    """Write the page."""
    first, last = sizes[0], sizes[-1]
    growth = last.plan.ours.cpu_s / first.plan.ours.cpu_s
    exponent = math.log(growth) / math.log(last.edges / first.edges)
    packages = ("numpy", "shapely", "numba", "networkx", "osmium")
    return _PAGE.format(
        date=datetime.now(UTC).date().isoformat(),
        machine=f"{platform.machine()}, {os.cpu_count()} cores",
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in packages),
        sizes="\n".join(map(_size_line, sizes)),
        first=first.edges,
        last=last.edges,
        growth=growth,
        exponent=exponent,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        steps="\n".join(line for size in sizes for line in _steps(size)),
    )


_PAGE = """# Performance

Made by `python -m benchmarks.scale CITY.osm.pbf` (a real city's extract; the larger maps are it, side by
side). Ratios are taken within one run; times are milliseconds of wall, in brackets of processor.

{date}, {machine}, Python {python}, {versions}

![Seconds for a whole plan by the size of the map](performance.svg)

## By size

| edges | import s | peak MB | bare osmium s | ratio | open ms | whole plan ms | script ms | ratio |
|---|---|---|---|---|---|---|---|---|
{sizes}

From {first:,} to {last:,} edges the whole plan takes {growth:.2f} times as long: growth with the power
{exponent:.2f} of the size. This process with all maps in it took {peak_mb:.0f} MB at most.

Bare osmium reads the same file with the same filters, takes tags, node ids and shapes, and keeps nothing. The
script (`benchmarks/script.py`) has its networkx graph in memory and does the least that answers the same
questions.

{steps}"""


def _size_line(size: Size) -> str:
    bare = f"{size.bare_s:.1f} | {size.read_s / size.bare_s:.1f}x" if size.bare_s else " | "
    plan = size.plan
    theirs = f"{plan.theirs.cpu_s * 1000:.0f} | {plan.ratio:.0f}x" if plan.theirs and plan.ratio else " | "
    return (
        f"| {size.edges:,} | {size.read_s:.1f} | {size.read_mb:.0f} | {bare} | {size.open_s * 1000:.0f} "
        f"| {plan.ours.wall_s * 1000:.0f} ({plan.ours.cpu_s * 1000:.0f}) | {theirs} |"
    )


def _steps(size: Size) -> Iterable[str]:
    yield f"## Steps at {size.edges:,} edges"
    yield ""
    yield "| work | ours | target | peer | theirs | ratio | note |"
    yield "|---|---|---|---|---|---|---|"
    for row in size.rows:
        target = f"{row.target_s * 1000:.0f}" if row.target_s else ""
        theirs = f"{row.theirs.wall_s * 1000:.1f} ({row.theirs.cpu_s * 1000:.1f})" if row.theirs else ""
        ratio = f"{row.ratio:.0f}x" if row.ratio is not None else ""
        ours = f"{row.ours.wall_s * 1000:.1f} ({row.ours.cpu_s * 1000:.1f})"
        yield f"| {row.work} | {ours} | {target} | {row.peer} | {theirs} | {ratio} | {row.note} |"
    yield ""


def plot(sizes: Sequence[Size], target: Path) -> None:
    """Draw the whole plan, ours and the script's, against the number of edges."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "planner"  # the same picture for the same figures
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    edges = [size.edges for size in sizes]
    axes.loglog(edges, [size.plan.ours.cpu_s for size in sizes], "o-", label="planner")
    told = [(size.edges, size.plan.theirs.cpu_s) for size in sizes if size.plan.theirs]
    axes.loglog(*zip(*told, strict=True), "s--", label="networkx, shapely, scipy script")
    axes.set(xlabel="edges", ylabel="processor seconds for a whole plan")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("city", type=Path)
    parser.add_argument("--small", default="montevideo", help="an installed area to begin with")
    parser.add_argument("--script-up-to", type=int, default=10_000_000, help="edges; a metro takes minutes")
    parser.add_argument("--times", type=int, nargs="*", default=list(TIMES))
    asked = parser.parse_args()
    began = time.perf_counter()
    small = packs.open_area(asked.small)
    sizes = [_installed(small.name, asked.script_up_to)]
    with tempfile.TemporaryDirectory() as folder:
        for times in asked.times:
            file = asked.city if times == 1 else Path(folder) / f"times{times}.osm.pbf"
            if times > 1:
                tile(asked.city, file, times)
            sizes.append(measure_size(f"bench_{times}", file, asked.script_up_to))
    DOCS.mkdir(exist_ok=True)
    (DOCS / "performance.md").write_text(report(sizes), encoding="utf-8")
    plot(sizes, DOCS / "performance.svg")
    sys.stdout.write(f"{DOCS / 'performance.md'}, after {time.perf_counter() - began:.0f} s\n")


def _installed(name: str, script_up_to: int) -> Size:
    """Measure a shipped area from its own file."""
    from planner import settings

    return measure_size(f"bench_{name}", settings.shipped("data", packs.SHIPPED[name].file), script_up_to)


if __name__ == "__main__":
    main()
