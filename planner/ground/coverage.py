"""What the map of an area holds and what it lacks: a plan is no better than its map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely

from planner import words
from planner.area import Area, iso_date
from planner.doctrine import Travelling
from planner.table import Table
from planner.terms import NoticeLevel, PlaceKind, Travel

STALE_DAYS = 180
"""Age at which a map is called old (``domain.md`` 6.8)."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Parameters
    ----------
    check : str
        What was looked at.
    ok : bool
        False when no plan can be made here.
    level : NoticeLevel
        How much it takes from a plan.
    detail : str
        What was found, and what follows from it.
    """

    check: str
    ok: bool
    level: NoticeLevel
    detail: str


def count_contents(area: Area) -> dict[str, Any]:
    """Count what an area holds, by name and kind."""
    network = area.network
    return {
        "streets": len(np.unique(network.way_id)),
        "edges": network.edge_count,
        "drivable_edges": int(network.drivable.sum()),
        "nodes": network.node_count,
        "barriers": int((network.node_barrier > 0).sum()),
        "signals": int(network.node_signal.sum()),
        "turn_restrictions": network.restriction_count,
        "unread_rules": None if area.unread is None else area.unread.counts(),
        "buildings": len(area.buildings),
        "buildings_with_height": int(np.isfinite(area.buildings["height_m"]).sum()),
        "buildings_with_levels": int(np.isfinite(area.buildings["levels"]).sum()),
        "places": _count_kinds(area.places),
        "obstacles": _count_kinds(area.obstacles),
    }


def _count_kinds(table: Table) -> dict[str, int]:
    kinds, counts = np.unique(table["kind"].astype(str), return_counts=True)
    return {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)}


def find_coverage(area: Area, travelling: Travelling, today: date | None = None) -> list[Finding]:
    """Look at everything that a plan stands on.

    Parameters
    ----------
    area : Area
    travelling : Travelling
        From doctrine: who may drive where decides what hangs together.
    today : date, optional
        The day by which the map is old or not; without it, its age is not judged.
    """
    return [
        _streets(area),
        _outline(area),
        _connected(area, travelling),
        _unread(area),
        _buildings(area),
        _heights(area),
        _hospitals(area),
        _date(area, today),
    ]


def _found(check: str, good: bool, fine: str, lacking: str) -> Finding:
    return Finding(check, True, NoticeLevel.INFO if good else NoticeLevel.CAUTION, fine if good else lacking)


def _streets(area: Area) -> Finding:
    drivable, edges = int(area.network.drivable.sum()), area.network.edge_count
    if drivable == 0:
        return Finding(
            "streets",
            False,
            NoticeLevel.DANGER,
            f"none of {words.count(edges, 'street')} can be driven: no plan can be made",
        )
    return Finding(
        "streets", True, NoticeLevel.INFO, f"{drivable} of {words.count(edges, 'street')} can be driven"
    )


def _outline(area: Area) -> Finding:
    ground, box = area.outline_deg, shapely.box(*area.bbox_deg)
    share = 1.0 if ground is None else shapely.area(ground) / shapely.area(box)
    lacking = (
        f"it shows {share:.0%} of its box: roads end in the open or are cut off where the rest would be; "
        "perimeters that reach there are not called sealed"
    )
    return _found("outline", ground is None, "the map shows all of its box", lacking)


def _connected(area: Area, travelling: Travelling) -> Finding:
    network = area.network
    length_m = network.length_m
    main = network.main_edges(Travel.EMERGENCY, travelling)
    drivable_m = float(length_m[network.drivable].sum())
    share = float(length_m[main].sum()) / drivable_m if drivable_m else 0.0
    told = f"{share:.0%} of the drivable length hangs together"
    lacking = (
        f"{told}: the rest is islands, or streets cut off where the map ends; plans there may find no way out"
    )
    return _found("connected", share > 0.5, told, lacking)


def _unread(area: Area) -> Finding:
    told = "" if area.unread is None else words.unread_rules(area.unread.counts())
    lacking = f"rules that hold at times or under conditions are in no plan: of {told}; heed the signs"
    if area.unread is None:
        lacking = (
            "whether streets have rules that hold at times or under conditions is not known: this area was "
            "made before that was asked, import its map again"
        )
    good = area.unread is not None and not told
    return _found("unread_rules", good, "no rules that hold at times", lacking)


def _buildings(area: Area) -> Finding:
    count = len(area.buildings)
    return _found(
        "buildings",
        count > 0,
        words.count(count, "building"),
        "no buildings: what is in sight of a threat is unknown here",
    )


def _heights(area: Area) -> Finding:
    table = area.buildings
    known = int((np.isfinite(table["height_m"]) | np.isfinite(table["levels"])).sum())
    told = f"{known} of {words.count(len(table), 'building')} have a height or levels"
    return _found("heights", known == len(table) > 0, told, f"{told}: heights are assumed for the rest")


def _hospitals(area: Area) -> Finding:
    count = len(area.places_of(PlaceKind.HOSPITAL))
    return _found(
        "hospitals", count > 0, words.count(count, "hospital"), "no hospitals: load a hospital table"
    )


def _date(area: Area, today: date | None) -> Finding:
    then = iso_date(area.data_date)
    if then is None:
        return _found("data_date", False, "", "the map does not say how old it is")
    days = 0 if today is None else (today - then).days
    old = f"map of {then}, {words.count(days, 'day')} old: check what has changed, or import a newer one"
    if days < -1:  # a day of leeway: it is tomorrow already elsewhere
        old = f"map of {then}, which is to come: nobody knows how old it is"
    return _found("data_date", -1 <= days <= STALE_DAYS, f"map of {area.data_date}", old)
