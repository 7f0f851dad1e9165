"""docs/performance.md and its picture, out of what was measured: one table, and which targets are met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from statistics import median

import matplotlib as mpl
import numpy as np

from benchmarks import one_map as on
from benchmarks.listed import HOSPITALS, LIST_SCRIPT, LISTED, PLACES, POINTS
from benchmarks.peers import ROUTERS
from benchmarks.pieces import FAR_APART
from benchmarks.pieces import TARGETS_S as PIECES_S
from benchmarks.pieces import target_s as piece_s
from benchmarks.routing import TARGET_S as ZONE_S
from benchmarks.rows import ratio_at_each
from benchmarks.script import SCRIPTS
from benchmarks.whole_plan import (
    FEWER_TAPS,
    FIRST,
    METRO,
    SCRIPT_TAPS,
    SLOWEST,
    STEPS,
    TAPS,
    WHOLE,
    target_s,
)
from planner import words

IMPORT_ALONE = "import: reading + writing"
BY = (on.OURS, LIST_SCRIPT, *SCRIPTS, *ROUTERS, on.BARE, on.BARER, on.MACHINE)
WORKS = (
    *(WHOLE, FIRST, SLOWEST, *STEPS, LISTED, *PIECES_S, FAR_APART, on.ROUTE, on.MATRIX, on.ZONE, on.OPEN),
    *(on.IMPORT, on.READ, on.ORDER, on.WRITE, IMPORT_ALONE, on.IMPORT_MB, on.HOLD_MB),
    *(on.YARDSTICK, on.SEARCH),
)
_IN_SECONDS = {on.IMPORT, on.READ, on.ORDER, on.WRITE, IMPORT_ALONE}
_CITY = (100_000, 200_000)
"""Sizes for which the targets for a city are told."""
_FILE_MB = 10.0, 60.0
"""So large a city's or a metro's file may be for the seconds in which it is read: they are told for one of
30 MB with a million edges. Beyond, as where all buildings are mapped, bare osmium alone is the measure."""
_BARE_TIMES, _GROWTH = 2.0, 1.5
_SEARCH_S = (0, 95_000, 307_000, 1_070_000), (0.0, 0.009, 0.033, 0.115)
"""Edges, and the seconds of scipy's search from one place to all where the targets were set."""
MET, MISSED = "met", "missed"
_MARKS = ("o-", "s-", "s--", "s:", "d--", "^--", "v--", "")


@dataclass(frozen=True)
class Size:
    """What was measured on one map: its edges, figures, and what did not answer, and why."""

    name: str
    edges: int
    figures: on.Figures
    failures: Mapping[str, str] = field(default_factory=dict)
    file_mb: float = 0.0

    @property
    def streets(self) -> int:
        """How many streets, driven or walked, the map has between junctions."""
        return int(self.figures.get(on.SIZE, {}).get(on.OURS, {}).get("streets", 0))

    def limit(self, work: str) -> float | None:
        """Return the most that a work of ours may take on this map: seconds or megabytes."""
        if work == IMPORT_ALONE and self.file_mb > _FILE_MB[self.edges >= METRO]:
            return None
        return limit(work, self.edges)

    def value(self, work: str, who: str) -> float | None:
        """Return seconds or megabytes, None where there is none."""
        if work == IMPORT_ALONE:
            if who in (on.BARE, on.BARER):
                return self.value(on.READ, who)
            parts = [self.value(part, who) for part in (on.READ, on.WRITE)]
            return None if None in parts else sum(part for part in parts if part is not None)
        told = self.figures.get(work, {}).get(who)
        return None if told is None else counted(told)


def counted(told: Mapping[str, float]) -> float:
    """Return what counts of a figure: megabytes, else wall or processor seconds, whichever are less.

    On a busy machine the wall time grows by what others do; of several threads the processor time is more
    than anybody waits.
    """
    return told["mb"] if "mb" in told else min(told["s"], told.get("cpu_s", told["s"]))


# --- targets ------------------------------------------------------------------------------------------


def limit(work: str, edges: int) -> float | None:
    """Return the most that a work of ours may take on a map of some size: seconds or megabytes."""
    city, metro = _CITY[0] <= edges < _CITY[1], edges >= METRO
    if work == IMPORT_ALONE:
        return 21.0 if metro else 3.0 if city else None
    if work == on.ORDER:
        return 30.0 if metro else 3.0 if city else None
    if work == on.IMPORT_MB:
        return 1000.0
    if work == LISTED:  # the work for which the whole plan's target was told
        return target_s(WHOLE, edges)
    if work == on.ZONE:  # told for a city and for a metro: what is smaller keeps no hierarchy
        return ZONE_S if edges >= _CITY[0] else None
    return 0.2 if work == on.OPEN else piece_s(work, edges) or target_s(work, edges)


def least_ratio(work: str, who: str, edges: int) -> float | None:
    """Return how many times as long as we a script should take at least: beside a plan, and like for like."""
    if work not in (WHOLE, LISTED) or who != LIST_SCRIPT or edges < _CITY[0]:
        return None
    return 200.0 if edges >= METRO else 30.0


def most_ratio(work: str, who: str) -> float | None:
    """Return how many times as long as a peer we may take at most."""
    return _BARE_TIMES if (work, who) == (IMPORT_ALONE, on.BARE) else None


def growth(sizes: Sequence[Size], work: str, who: str) -> tuple[float, float] | None:
    """Return how many times as long the largest map takes as the smallest, and of which power that is."""
    first, last = sizes[0].value(work, who), sizes[-1].value(work, who)
    if not first or not last or sizes[0].edges >= sizes[-1].edges:
        return None
    times = last / first
    return times, math.log(times) / math.log(sizes[-1].edges / sizes[0].edges)


def slower(size: Size) -> float | None:
    """Return how many times as long scipy's search took as it did where the targets were set."""
    took_s = size.value(on.SEARCH, on.MACHINE)
    return None if took_s is None else took_s / float(np.interp(size.edges, *_SEARCH_S))


def judged(sizes: Sequence[Size]) -> Iterator[tuple[bool, str]]:
    """Yield every target: whether it is met, and in words what was to be reached and what was."""
    for size in sizes:
        at = f"at {size.edges:,} edges"
        for work in WORKS:
            ours, most = size.value(work, on.OURS), size.limit(work)
            if ours is not None and most is not None:
                unit = _unit(work)
                yield ours <= most, f"{work} {at}: {_number(work, ours)} {unit} of {_number(work, most)}"
            for who in BY[1:]:
                ratio = ratio_of(size, work, who)
                least, far = least_ratio(work, who, size.edges), most_ratio(work, who)
                if ratio is not None and least is not None:
                    yield ratio >= least, f"{work} against the {who} {at}: {_times(ratio)} of {least:.0f}x"
                if ratio is not None and far is not None:
                    yield 1 / ratio <= far, f"{work} against {who} {at}: {1 / ratio:.1f} of {far:.0f} times"
    grown = growth(sizes, WHOLE, on.OURS)
    if grown is not None:
        spread = f"from {sizes[0].edges:,} to {sizes[-1].edges:,} edges"
        yield grown[0] < _GROWTH, f"growth of the whole plan {spread}: {grown[0]:.2f} times of {_GROWTH}"


def ratio_of(size: Size, work: str, who: str) -> float | None:
    """Return how many times as long, or as much, as we another takes: at the same places, where told of each.

    Who plans at fewer places is held against us at these alone; the median of the ratios.
    """
    each = [size.figures.get(work, {}).get(by, {}).get("each_s", ()) for by in (on.OURS, who)]
    if all(each):
        return ratio_at_each(*each)
    ours, theirs = size.value(work, on.OURS), size.value(work, who)
    return theirs / ours if ours and theirs else None


# --- the page -----------------------------------------------------------------------------------------

_PAGE = """# Performance

Made by `{command}`: {date}, {machine}, Python {python}; {versions}.

![Seconds for a whole plan, and for ways around a closed zone, by the size of the map]({picture})

{verdict}
{machine_then}
## The table

Warm, in milliseconds, for imports in seconds: wall or processor time, whichever is less, since the wall
time is that of a busy machine, and processor time that of all threads. Megabytes for memory. In bold
what misses its target. The last column is the power of the number of streets by which it grows from the
first map to the last. In this run the wall time of a whole plan was {shared:.2f} times its processor time.

{table}

{failures}## Ratios

How many times as long as the planner, or as much memory; under 1 the peer is quicker.

{ratios}

## What is compared

- **Maps.** {maps} An edge is a street in a direction in which ambulances may drive it, as osmnx counts and
  as the sizes were counted for which targets were told: the maps hold {streets} streets.
  A metro is the same city beside itself, joined by trunk roads (`benchmarks/tiled.py`): its size is
  real, its streets repeat.
- **A whole plan** is made at {taps} places where people gather, of each kind one in turn (a school,
  a university, a mall, a church ...; `planner.ground.gatherings`), which is where buildings stand
  close and grounds are many; three times each, with threats in turn and fifty casualties; what the
  map remembers of former plans is forgotten before each (`area.memory.forget()`). Of each place the
  median counts, and of these the median. *A place's first* plan, for which the map's shapes there are
  made, is what an incident gets that comes where nobody planned before: it has a row and the same
  target, as has the slowest place a row. Compiled code is warm; garbage is collected between plans.
  Each script plans once at each of the first {script_taps} of these places, on the two larger maps at the
  first {fewer_taps}, the first draft and the whole list on the largest at the first alone; a ratio is the
  median of those at the places where both planned.
- **The scripts** (`benchmarks/script.py`) have graph, search trees and hospitals in memory and do
  the same work in short: two rings of fewest streets and their lines, 400 grounds judged, sight,
  places for ten purposes, times to all hospitals, patients shared out, six ways in. What they are
  spared is written there. The *networkx script* is as good as we could make it: nothing is copied,
  searches stop when all is reached, walls are one prepared shape. Its *first draft* copies the graph
  and calls networkx's own searches. The *scipy script* leaves networkx for scipy's compiled
  searches. All three find the same (`tests/test_benchmarks.py`).
- **The whole list** (`benchmarks/listed.py`) is what one writes down who is asked for a plan: the zone
  closed, two rings, {places} places looked at from {points} points, from all of them the times to
  {hospitals} hospitals, five ways apart (to the nearest hospitals beyond 5 km, as in the piece of that
  name), 100 patients. By such a list the targets of 0.3 and 0.4 s and of 30 and 200 times were set, when a
  script took 15.5 and 90 s for it and the best chain of libraries 0.47 and 0.43 s. A script does it as it
  is first written: on the graph that osmnx makes, by networkx's searches, shapely's tree and scipy's linear
  program; graph and tree are in memory; on a metro it plans once. The targets are judged twice: for the
  whole plan, which is not the same work (it needs less than the list and says more), and for the same list
  done whole by us, which is.
- **Pieces** (`benchmarks/pieces.py`) are the sizes for which targets were told when the planner was begun,
  for a hundred thousand edges and for a million; between, they lie on a straight line: a matrix of 200 by
  20, five ways apart (without a target also to some hospitals all over the map), streets made ready after
  opening ... A plan drives from three origins, not 200, and begins to make streets ready when its map is
  opened, so it can be in time where a piece is not. Streets are made ready in each process, to the first
  way across the map: what turns weigh is worked out anew, for a doctrine may say other speeds; turns and
  shortcuts are kept with the pack, but on the largest metros with what they weigh for ambulances by the
  doctrine that comes with the program.
- **Which script** decides the ratio, more than anything we do. This one is the slowest of four and was
  made last, when the others had been seen to miss the targets; against those that are pared down to what
  a plan needs, they are missed at every size.
- **OSRM and Valhalla** give a part of a plan: ways and times for a private car, with profiles of
  their own. OSRM's weights are fixed before anybody asks (contraction hierarchy), so that nothing
  is quicker while nothing is closed; to close a zone it customizes the whole map anew and loads it
  (multi-level Dijkstra), which counts, with the quarter of a second that its process takes to start.
  Valhalla is given the zone as `exclude_polygons` with each question. Preparing a map for them does
  not count.
- **Import** runs as `planner area import` does, in a process of its own, with its peak memory; the
  order of contraction is found once and kept. Bare osmium reads the same file with the same
  filters, takes tags, node ids and shapes, as anyone must who uses them, and keeps nothing: against it the
  target is judged. Where *nothing is taken* it only passes over the objects. Seconds have a target where
  the file is of the size for which that was told, some 30 MB for a million edges.
- **The yardstick** is the same on each map, taken before and after its plans: a machine that others use,
  too, is quicker at some hours than at others, by up to two times where these pages were made. Figures of
  one map may be compared with those of another, or of another day, by it.
- **Memory** is the most that a process held: ours with its interpreter, libraries and map after all
  these plans; the script's is what graph and trees add to that; OSRM and Valhalla with the map
  loaded.
"""


def page(sizes: Sequence[Size], about: Mapping[str, str]) -> str:
    """Write the page; ``about``: by which command, when, on what, which versions, maps and picture."""
    verdicts = list(judged(sizes))
    whole = [size.figures[WHOLE][on.OURS] for size in sizes if WHOLE in size.figures]
    failures = [
        f"- {size.edges:,} edges, {who}: {why}" for size in sizes for who, why in size.failures.items()
    ]
    return _PAGE.format(
        **about,
        verdict="\n".join(_verdict(verdicts)),
        machine_then=_machine_then(sizes),
        shared=median([told["s"] / told["cpu_s"] for told in whole]) if whole else math.nan,
        table="\n".join(_table(sizes)),
        failures="".join(f"{line}\n" for line in ["What did not answer:", "", *failures, ""])
        if failures
        else "",
        ratios="\n".join(_ratios(sizes)),
        streets=words.joined([f"{size.streets:,}" for size in sizes]),
        taps=TAPS,
        fewer_taps=FEWER_TAPS,
        script_taps=SCRIPT_TAPS,
        places=PLACES,
        points=POINTS,
        hospitals=HOSPITALS,
    )


def _machine_then(sizes: Sequence[Size]) -> str:
    """Say how quick this machine is beside that on which the targets were set; "" where it was not asked."""
    times = [f"{more:.1f}" for size in sizes if (more := slower(size)) is not None]
    if not times:
        return ""
    return (
        "\nTargets are judged as they were told. On the machine where they were set scipy's search from one\n"
        "place to all took 9, 33 and 115 ms at 95,000, 307,000 and 1,070,000 edges; in this run it took\n"
        f"{words.joined(times)} times as long, by the size of the map.\n"
    )


def _verdict(verdicts: Sequence[tuple[bool, str]]) -> Iterator[str]:
    missed = [text for good, text in verdicts if not good]
    yield f"Of {len(verdicts)} targets {len(verdicts) - len(missed)} are met" + (
        ", missed are:" if missed else "."
    )
    if missed:
        yield ""
    for text in missed:
        yield f"- {text}"


def _table(sizes: Sequence[Size]) -> Iterator[str]:
    yield _line("work", "by", *(f"{size.edges:,} edges" for size in sizes), "target", "power")
    yield _line(*["---"] * (4 + len(sizes)))
    for work, who in _rows(sizes):
        grown = growth(sizes, work, who)
        yield _line(
            f"{work}, {_unit(work)}",
            who,
            *(_cell(size, work, who) for size in sizes),
            _target(sizes, work) if who == on.OURS else "",
            "" if grown is None else f"{grown[1]:.2f}",
        )


def _ratios(sizes: Sequence[Size]) -> Iterator[str]:
    yield _line("work", "by", *(f"{size.edges:,} edges" for size in sizes), "target")
    yield _line(*["---"] * (3 + len(sizes)))
    for work, who in _rows(sizes):
        if who == on.OURS or not any(ratio_of(size, work, who) for size in sizes):
            continue
        wanted = sorted({f"{least:.0f}x" for size in sizes if (least := least_ratio(work, who, size.edges))})
        far = most_ratio(work, who)
        wanted = wanted[::-1] if far is None else [f"over {1 / far:.1f}x"]
        yield _line(work, who, *(_ratio_cell(size, work, who) for size in sizes), ", ".join(wanted))


def _rows(sizes: Sequence[Size]) -> Iterator[tuple[str, str]]:
    for work in WORKS:
        for who in BY:
            if any(size.value(work, who) is not None for size in sizes) and (work, who) != (
                on.IMPORT,
                on.BARE,
            ):
                yield work, who


def _cell(size: Size, work: str, who: str) -> str:
    value = size.value(work, who)
    if value is None:
        return "no answer" if who in size.failures else ""
    most = size.limit(work) if who == on.OURS else None
    return _marked(_number(work, value), None if most is None else value <= most)


def _ratio_cell(size: Size, work: str, who: str) -> str:
    ratio = ratio_of(size, work, who)
    if ratio is None:
        return "no answer" if who in size.failures else ""
    least, far = least_ratio(work, who, size.edges), most_ratio(work, who)
    good = None if least is None else ratio >= least
    return _marked(_times(ratio), good if far is None else 1 / ratio <= far)


def _marked(text: str, good: bool | None) -> str:
    if good is None:
        return text
    return f"{text} {MET}" if good else f"**{text} {MISSED}**"


def _target(sizes: Sequence[Size], work: str) -> str:
    limits = [size.limit(work) for size in sizes]
    numbers = list(dict.fromkeys(_number(work, most) for most in limits if most is not None))
    return ", ".join(numbers)


def _times(ratio: float) -> str:
    return f"{ratio:.0f}x" if ratio >= 10 else f"{ratio:.1f}x" if ratio >= 0.1 else f"{ratio:.2g}x"


def _unit(work: str) -> str:
    return "MB" if work in (on.IMPORT_MB, on.HOLD_MB) else "s" if work in _IN_SECONDS else "ms"


def _number(work: str, value: float) -> str:
    number = value * 1000 if _unit(work) == "ms" else value
    whole = number >= 100 or _unit(work) == "MB" or number == int(number)
    return f"{number:,.0f}" if whole else f"{number:.1f}" if number >= 1 else f"{number:.2f}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def plot(sizes: Sequence[Size], target: Path) -> None:
    """Draw the whole plan, and the ways around a closed zone, by all who did them, by the number of edges."""
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "planner"  # the same picture for the same figures
    from matplotlib import pyplot as plt

    figure, both = plt.subplots(1, 2, figsize=(11, 4.2), sharex=True)
    for axes, work in zip(both, (WHOLE, on.ZONE), strict=True):
        for k, (who, mark) in enumerate(zip_longest(BY, _MARKS, fillvalue="")):
            told = [(size.edges, value) for size in sizes if (value := size.value(work, who)) is not None]
            if told:
                axes.loglog(*zip(*told, strict=True), mark, color=f"C{k}", label=who)
        limits = [(size.edges, most) for size in sizes if (most := size.limit(work)) is not None]
        axes.loglog(*zip(*limits, strict=True), color="grey", linewidth=0.8, label="target")
        axes.set(xlabel="edges of the map", ylabel="seconds", title=work)
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
