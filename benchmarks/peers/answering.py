"""How a peer answers: reads the question, asks its router, times it, tells. Runs on the peer's own Python."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Question = dict[str, Any]
Leg = tuple[float | None, float | None]
"""Seconds and metres of a way; None where there is none."""

_TIMED_ROUTES = 5


def question() -> Question:
    """Read the question on standard input."""
    asked: Question = json.load(sys.stdin)
    return asked


def answer(asked: Question, route: Callable[[list[int]], Leg], matrix: Callable[[], object]) -> None:
    """Find every way, time the first few and the whole matrix, warm, and write it on standard output."""
    found = [route(pair) for pair in asked["pairs"]]
    matrix()
    told = {
        "seconds": [seconds for seconds, _ in found],
        "metres": [metres for _, metres in found],
        "routes_s": _spent_s(lambda: [route(pair) for pair in asked["pairs"][:_TIMED_ROUTES]]),
        "matrix_s": _spent_s(lambda: [matrix() for _ in range(asked["repeat"])]) / asked["repeat"],
    }
    print(json.dumps(told))


def _spent_s(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that some work takes."""
    began = time.process_time()
    work()
    return time.process_time() - began
