"""What an area's map is told to hold and to lack."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from planner.ground.coverage import Finding, count_contents, find_coverage
from planner.packs import shipped_doctrine
from planner.streets.unread import UnreadRules
from planner.terms import NoticeLevel
from tests.town import Objects, town


def found(area) -> dict[str, Finding]:
    return {finding.check: finding for finding in find_coverage(area, shipped_doctrine().travelling)}


def test_counts_agree_with_the_tables() -> None:
    area = town()
    counts = count_contents(area)
    assert sum(counts["places"].values()) == len(area.places)
    assert sum(counts["obstacles"].values()) == len(area.obstacles)
    assert counts["edges"] == area.network.edge_count
    assert counts["drivable_edges"] == int(area.network.drivable.sum()) < counts["edges"]
    assert counts["streets"] == len(set(area.network.way_id.tolist()))
    assert counts["barriers"] == 2
    assert 0 < counts["buildings_with_levels"] < counts["buildings"]


def test_good_map() -> None:
    told = found(town())
    assert all(finding.ok for finding in told.values())
    assert {name for name, f in told.items() if f.level is NoticeLevel.CAUTION} == {"heights"}


@pytest.mark.parametrize(
    ("area", "check"),
    [
        (town(buildings=False), "buildings"),
        (town(hospitals=False), "hospitals"),
        (replace(town(), data_date=""), "data_date"),
    ],
)
def test_what_is_missing_is_told(area, check: str) -> None:
    finding = found(area)[check]
    assert finding.ok
    assert finding.level is NoticeLevel.CAUTION
    assert finding.detail


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (None, None),
        (date(2025, 7, 1), None),
        (
            date(2025, 12, 31),
            "map of 2025-01-02, 363 days old: check what has changed, or import a newer one",
        ),
        (date(2024, 12, 1), "map of 2025-01-02, which is to come: nobody knows how old it is"),
    ],
)
def test_an_old_map_is_told_where_the_day_is_known(today: date | None, told: str | None) -> None:
    area = replace(town(), data_date="2025-01-02")
    (finding,) = (
        finding
        for finding in find_coverage(area, shipped_doctrine().travelling, today)
        if finding.check == "data_date"
    )
    assert finding.level is (NoticeLevel.INFO if told is None else NoticeLevel.CAUTION)
    assert finding.detail == (told or "map of 2025-01-02")


def test_rules_that_hold_at_times_are_told_by_kind_and_so_is_that_they_are_not_known() -> None:
    ids = np.arange(3)
    unread = UnreadRules(ids, ids[:0], ids[:1], np.array([[1, 2], [2, 1]]))
    told = found(replace(town(), unread=unread))["unread_rules"]
    assert (told.ok, told.level) == (True, NoticeLevel.CAUTION)
    assert told.detail == (
        "rules that hold at times or under conditions are in no plan: of 3 streets, 1 barrier and 2 turns; "
        "heed the signs"
    )
    unknown = found(replace(town(), unread=None))["unread_rules"]
    assert (unknown.ok, unknown.level) == (True, NoticeLevel.CAUTION)
    assert "not known" in unknown.detail
    assert found(town())["unread_rules"].level is NoticeLevel.INFO


def test_islands_are_told() -> None:
    made = Objects()
    for k in range(4):
        made.way([(0, 300 * k), (200, 300 * k), (200, 300 * k + 100)], highway="residential")
    finding = found(made.settle().area())["connected"]
    assert finding.level is NoticeLevel.CAUTION
    assert finding.detail.startswith("25% of the drivable length")


def test_map_that_cannot_be_driven_is_no_area_to_plan_on() -> None:
    made = Objects()
    made.way([(0, 0), (200, 0)], highway="footway")
    told = found(made.settle().area())
    assert not told["streets"].ok
    assert told["streets"].level is NoticeLevel.DANGER
