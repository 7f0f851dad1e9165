"""Many places at once: a library of plans made ahead, on any executor."""

from __future__ import annotations

from planner.batch.executors import Executors, open_executor
from planner.batch.preplanning import Report, Wish, preplan

__all__ = ["Executors", "Report", "Wish", "open_executor", "preplan"]
