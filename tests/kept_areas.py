"""Areas that stay open from one test of the pages to the next, and what is made of them once for all."""

from __future__ import annotations

from functools import lru_cache

import pytest

from planner import packs
from planner.area import Area
from planner.model import Plan
from planner.ui import state, warm
from planner.ui.ready import base_map_at_home, first_plan


def keep_areas(patch: pytest.MonkeyPatch) -> None:
    """Let a test that clears what the page keeps open no area anew: none is ever changed. Nor is the first
    plan made again, behind the scenes of each test: what it works out stays with the area."""
    for module in (warm, state):
        patch.setattr(module, "kept_area", _open)
    patch.setattr(warm, "first_plan", _plan_first)


@lru_cache(maxsize=warm.AREAS_KEPT)
def _open(name: str, digest: str) -> Area:
    """Open an area as the page does, which keeps one no longer than to the end of a test."""
    return packs.open_area(name)


@lru_cache(maxsize=warm.AREAS_KEPT)
def _plan_first(area: Area) -> Plan:
    """Make the plan that nobody sees."""
    return first_plan(area)


@lru_cache
def draw_base_map(name: str) -> None:
    """Draw a base map while nobody waits: else each test begins to, and most end before it is there."""
    base_map_at_home(packs.open_area(name))
