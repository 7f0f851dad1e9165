"""How a peer answers: reads the question, asks its router, times it, tells. Runs on the peer's own Python."""

import json
import sys
import time
from collections.abc import Callable
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
) -> None:
    """Find every way, time the first few and the whole matrix, warm, and write it on standard output.

    ``route`` is asked for a pair, and whether its parts are wanted;
    ``more`` is told besides.
    """
    found = [route(pair, bool(asked["parts"])) for pair in asked["pairs"]]
    matrix()
    told = {
        **more,
        "seconds": [seconds for seconds, _, _ in found],
        "metres": [metres for _, metres, _ in found],
        "parts": [parts for _, _, parts in found],
        "routes_s": _spent_s(lambda: [route(pair, False) for pair in asked["pairs"][:_TIMED_ROUTES]]),
        "matrix_s": _spent_s(lambda: [matrix() for _ in range(asked["repeat"])]) / asked["repeat"],
    }
    print(json.dumps(told))


def _spent_s(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began
