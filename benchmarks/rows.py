"""One measured piece of work, and how it is timed.

Wall time and processor time are both kept: on a machine that others use too, only the second can be compared
between runs. Ratios are taken within one run.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Timed:
    """Seconds that a piece of work took: medians, and the wall time that 95 of 100 runs stay under.

    ``each_s`` is what it took at each of the places of which this is the median, if of several.
    """

    wall_s: float
    cpu_s: float
    p95_s: float
    each_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    work : str
        What was done, with its size ("both perimeters, 40 zones").
    ours : Timed
    peer : str
        Who did the same work, "" where nobody is compared.
    theirs : Timed or None
    target_s : float or None
        What was to be reached.
    note : str
        What differs between the two, if anything.
    """

    work: str
    ours: Timed
    peer: str = ""
    theirs: Timed | None = None
    target_s: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times longer the peer took, by processor time; at the same places, if told of each."""
        if self.theirs and self.ours.each_s and self.theirs.each_s:
            return ratio_at_each(self.ours.each_s, self.theirs.each_s)
        return self.theirs.cpu_s / self.ours.cpu_s if self.theirs and self.ours.cpu_s else None


def ratio_at_each(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return how many times longer the one took, the median over the places at which both worked."""
    return median(other / own for own, other in zip(ours, theirs, strict=False))


def timed(
    work: Callable[[], object], repeat: int = 9, warm: int = 1, before: Callable[[], object] | None = None
) -> Timed:
    """Time a piece of work.

    Parameters
    ----------
    work : callable
        Takes nothing; what it returns is dropped.
    repeat, warm : int
        Runs that count, and runs before them that do not.
    before : callable, optional
        Is done before each run and does not count: puts back what a run leaves for the next to profit from.
    """
    for _ in range(warm):
        work()
    walls, cpus = [], []
    for _ in range(repeat):
        if before is not None:
            before()
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    ordered = sorted(walls)
    return Timed(median(walls), median(cpus), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))])


def median_of(runs: list[Timed]) -> Timed:
    """Return the medians of the same work at several places, and the longest of their tails."""
    return Timed(
        median(run.wall_s for run in runs),
        median(run.cpu_s for run in runs),
        max(run.p95_s for run in runs),
        tuple(min(run.wall_s, run.cpu_s) for run in runs),
    )


def of_runs(runs: list[Timed]) -> str:
    """Say of how many places a median is, and how far the others go."""
    cpu = sorted(run.cpu_s for run in runs)
    return (
        f"median of {len(runs)} (cpu: nine of ten under {1000 * cpu[int(0.9 * (len(cpu) - 1))]:.0f} ms, "
        f"slowest {1000 * cpu[-1]:.0f} ms)"
    )
