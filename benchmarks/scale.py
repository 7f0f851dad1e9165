"""``python -m benchmarks.scale [CITY.osm.pbf]``: from a small city to a metro: docs/performance.md.

Every part on every map runs in a process of its own (:mod:`benchmarks.one_map`), so that none holds memory
or garbage of another's; what fails is told in the table. Without a city's extract the larger maps are made of
the shipped one. The peers' maps are prepared once, which takes long for the largest, and kept, as is what was
measured last.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import one_map, peers
from benchmarks.report import Size, page, plot
from benchmarks.script import SCRIPTS
from benchmarks.tiled import amid, laid_out
from planner import packs, settings
from planner.words import joined

CITY_TIMES, SHIPPED_TIMES = (1, 2, 7), (3, 5, 17)
"""How often a city of 153,000 edges, and the shipped one of 62,000, is laid out to come to 150 and 300
thousand and a million at least."""
PAGE_FILE = Path(__file__).parents[1] / "docs" / "performance.md"
_PACKAGES = ("numpy", "shapely", "scipy", "numba", "networkx", "osmium")
PAGE = "page"
"""A part of no measuring: the page is written anew."""
_SMALL = "montevideo"
Part = tuple[Sequence[str], Sequence[str]]
"""Who is measured, and the words by which :mod:`benchmarks.one_map` is asked for it."""


class Bench:
    """Runs parts, one after the other, and says what it is at."""

    def __init__(
        self, home: Path, limit_s: float, only: Sequence[str] = (), last: Mapping[str, Any] | None = None
    ) -> None:
        self.limit_s, self.only, self.last = limit_s, only, dict(last or {})
        self.began = time.perf_counter()
        self.environment = {**os.environ, "PLANNER_HOME": str(home)}

    def tell(self, what: str) -> None:
        """Say what is done now."""
        sys.stdout.write(f"[{time.perf_counter() - self.began:5.0f} s] {what}\n")
        sys.stdout.flush()

    def run(self, *words: str) -> tuple[one_map.Figures, str]:
        """Measure one part; returns what was found, or why nothing was."""
        self.tell(f"  {' '.join(Path(word).name if '/' in word else word for word in words)}")
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.one_map", *words],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
        )
        if ran.returncode:
            lines = ran.stderr.strip().splitlines() or [f"ended with {ran.returncode}"]
            self.tell(f"  failed: {lines[-1]}")
            return {}, lines[-1][:300]
        found: one_map.Figures = json.loads(ran.stdout.splitlines()[-1])
        return found, ""

    def measure(self, name: str, file: Path, parts: Iterable[Part], kept: Path) -> Size:
        """Measure some parts on one map, beside what was measured there before; keep it in a file.

        What was kept stays there till all these parts are measured: who breaks off loses none of it.
        """
        known = self.last.get(name, {})
        parts = list(parts)
        anew = set() if self.only else {who for whom, _ in parts for who in whom}
        figures: one_map.Figures = {
            work: stays
            for work, by in known.get("figures", {}).items()
            if (stays := {who: told for who, told in by.items() if who not in anew})
        }
        failures: dict[str, str] = dict(known.get("failures", {}))
        self.tell(f"{name}: {file.name}, {file.stat().st_size / 1e6:.0f} MB")
        for whom, words in parts:
            if self.only and words[0] not in self.only:
                continue
            for who in whom:
                failures.pop(who, None)
            found, why = self.run(*words)
            for who, reasons in found.pop(one_map.FAILED, {}).items():
                failures[who] = "; ".join(f"{what}: {reason}" for what, reason in reasons.items())
                self.tell(f"  failed: {failures[who]}")
            for work, told in found.items():
                figures.setdefault(work, {}).update(told)
            if why:
                failures.update(dict.fromkeys(whom, why))
        self.last[name] = {"figures": figures, "failures": failures}
        kept.write_text(json.dumps(self.last), encoding="utf-8")
        edges = figures.get(one_map.SIZE, {}).get(one_map.OURS, {}).get("edges", 0)
        return Size(name, edges, figures, failures, file.stat().st_size / 1e6)

    def ours(self, name: str, file: Path) -> Iterator[Part]:
        """Yield who is measured on a map, and how that is asked for: the planner, osmium, scripts."""
        yield (one_map.OURS,), ("import", str(file), name)
        yield (one_map.BARE,), ("read", str(file))
        yield (one_map.OURS,), ("plan", name)
        yield tuple(SCRIPTS), ("script", name)

    def routers(self, name: str, file: Path) -> Iterator[Part]:
        """Yield the routers, and how they are asked: an hour goes by while they prepare a large map."""
        for router in peers.ROUTERS:
            yield (router,), ("ask", name, router, str(file), str(self.limit_s))


def maps(city: Path | None, times: Sequence[int], bench: Bench) -> Iterator[tuple[str, Path]]:
    """Yield the middle of the shipped city, all of it, and the larger maps."""
    small = settings.shipped("data", packs.SHIPPED[_SMALL].file)
    yield f"bench_{_SMALL}_amid", amid(small, bench.tell)
    yield f"bench_{_SMALL}", laid_out(small, 1, bench.tell)  # its ids are too large for OSRM
    for count in times:
        name = f"bench_{_plain(city) if city else _SMALL}_{count}"
        yield name, city if city and count == 1 else laid_out(city or small, count, bench.tell)


def _plain(city: Path) -> str:
    """Return how an area made of a city's file is called."""
    return re.sub(r"[^a-z0-9]+", "_", city.name.split(".")[0].lower()).strip("_") or "city"


def about(command: str, source: str, sizes: Sequence[Size]) -> dict[str, str]:
    """Say by which command, when, on what, of which maps."""
    known = {
        who: told["version"] for size in sizes for who, told in size.figures.get(one_map.VERSION, {}).items()
    }
    versions = [*(f"{name} {version(name)}" for name in _PACKAGES), *(f"{k} {v}" for k, v in known.items())]
    return {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": ", ".join(versions),
        "maps": f"The first is the middle of the shipped {_SMALL}, then all of it; the others are {source}.",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return " ".join([*models[:1], platform.machine(), platform.system()])


def write(sizes: Sequence[Size], told: Mapping[str, str], file: Path) -> None:
    """Write the page, and the picture beside it."""
    picture = file.with_suffix(".svg")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(sizes, {**told, "picture": picture.name}), encoding="utf-8")
    plot(sizes, picture)


def main() -> int:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("city", type=Path, nargs="?", help="a real city's extract, some 100,000 edges")
    parser.add_argument("--times", type=int, nargs="*", help="how often it is laid out")
    parser.add_argument("--out", type=Path, default=PAGE_FILE, help="the page; its picture lies beside it")
    parser.add_argument(
        "--peers-limit",
        type=float,
        default=3600.0,
        help="seconds in which a peer has to prepare a map and answer",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[*one_map.PARTS, PAGE],
        help="measure this part alone anew, beside the last run on the same maps; may be repeated",
    )
    asked = parser.parse_args()
    if asked.city is not None and not asked.city.is_file():
        parser.error(f"{asked.city} is no file: give an extract, .osm.pbf")
    times = asked.times if asked.times is not None else CITY_TIMES if asked.city else SHIPPED_TIMES
    kept = peers.folder() / "last-run.json"
    last = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    bench = Bench(peers.folder() / "home", asked.peers_limit, asked.only, last)
    if PAGE not in asked.only:
        small = settings.shipped("data", packs.SHIPPED[_SMALL].file)
        bench.run("import", str(small), "bench_warm")  # all that an import runs is compiled from here on
    often = joined(list(map(str, times)))
    source = f"{asked.city.name} {often} times" if asked.city else f"it {often} times"
    files = list(maps(asked.city, times, bench))
    measured: list[Size] = []
    # The routers last, and the page before them, too: should nobody wait for these, all else is told.
    for parts in (bench.ours, bench.routers):
        sizes = [bench.measure(name, file, parts(name, file), kept) for name, file in files]
        measured = sorted((size for size in sizes if size.edges), key=lambda size: size.edges)
        if not measured:
            sys.stderr.write("nothing could be measured: see above\n")
            return 1
        write(measured, about(_command(asked), source, measured), asked.out)
        bench.tell(f"written: {asked.out}")
    return 0 if len(measured) == len(files) else 1


def _command(asked: argparse.Namespace) -> str:
    """Say how the same is asked for again."""
    city = asked.city.name if asked.city else ""
    if asked.times is None and not asked.only:
        return f"make bench CITY={city}" if city else "make bench"
    parts = ["python -m benchmarks.scale", *filter(None, [city])]
    parts += ["--times", *map(str, asked.times)] if asked.times is not None else []
    return " ".join([*parts, *(f"--only {part}" for part in asked.only)])


if __name__ == "__main__":
    raise SystemExit(main())
