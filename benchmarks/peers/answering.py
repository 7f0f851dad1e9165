"""How a peer answers: reads the question, asks its router, times it, tells. Runs on the peer's own Python."""

import fcntl
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

Question = dict[str, Any]
Part = tuple[list[int], float, float]
"""Of a way: the OSM nodes that it lies between, or the OSM way that it is of; seconds and metres."""
Leg = tuple[float | None, float | None, list[Part]]
"""Seconds and metres of a way, None where there is none; its parts, without what is lost at junctions."""
NO_WAY: Leg = (None, None, [])

_TIMED_ROUTES = 5


def question() -> Question:
    """Read the question on standard input."""
    asked: Question = json.load(sys.stdin)
    return asked


def answer(
    asked: Question,
    route: Callable[[list[int], bool], Leg],
    matrix: Callable[[], object],
    more: dict[str, float],
    package: str,
) -> None:
    """Find every way, time the first few and the whole matrix, warm, and write it on standard output.

    ``route`` is asked for a pair, and whether its parts are wanted;
    ``more`` is told besides, and the version of the ``package`` that the router comes in.
    """
    found = [route(pair, bool(asked["parts"])) for pair in asked["pairs"]]
    matrix()
    timed_pairs, repeat = asked["pairs"][:_TIMED_ROUTES], asked["repeat"]
    told = {
        **more,
        "routes_wall_s": _timed_s(time.perf_counter, lambda: [route(p, False) for p in timed_pairs]),
        "matrix_wall_s": _timed_s(time.perf_counter, lambda: [matrix() for _ in range(repeat)]) / repeat,
        "seconds": [seconds for seconds, _, _ in found],
        "metres": [metres for _, metres, _ in found],
        "parts": [parts for _, _, parts in found],
        "routes_s": _timed_s(time.process_time, lambda: [route(p, False) for p in timed_pairs]),
        "matrix_s": _timed_s(time.process_time, lambda: [matrix() for _ in range(repeat)]) / repeat,
        "peak_mb": peak_mb(),
        "version": version(package),
    }
    print(json.dumps(told))


def _timed_s(clock: Callable[[], float], work: Callable[[], object]) -> float:
    """Return the seconds that some work takes by a clock."""
    began = clock()
    work()
    return clock() - began


@contextmanager
def alone(prepared: Path) -> Iterator[None]:
    """Wait until nobody else prepares the same map: it may take an hour, and is done once."""
    prepared.mkdir(parents=True, exist_ok=True)
    with (prepared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def peak_mb() -> float:
    """Return the most memory that this process held; not what its parent held when it started it."""
    status = Path("/proc/self/status")
    if status.is_file():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024
