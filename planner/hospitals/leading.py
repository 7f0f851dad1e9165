"""Which hospital is named first when somebody asks how far care is, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.doctrine import Transport as Rules
from planner.hospitals.drives import Drive, level_text, time_text
from planner.hospitals.patients import HIGH_LEVELS
from planner.model import Notice
from planner.terms import NoticeLevel

_ABOUT = "hospitals"
_HIGH = "trauma centre of Level I or II"


@dataclass(frozen=True)
class Lead:
    """The hospital that is named first: which of the drives, why, and what the user must hear of it."""

    number: int
    why: str
    notice: Notice | None


def leading_care(drives: Sequence[Drive], rules: Rules) -> Lead | None:
    """Choose the hospital that is named first; None where none can be reached.

    It is the nearest trauma centre of known Level I or II, unless that is further by ``reds_further_min``
    than the first hospital in the plan's order: nobody is driven for hours past what may be a trauma centre.

    Parameters
    ----------
    drives : sequence of Drive
        In the order in which the plan lists them.
    rules : Transport
    """
    first, best = _first_for_adults(drives), nearest_of_level(drives)
    if first is None:
        return None
    nearest_s = drives[first].time_s or 0.0
    if best is not None and (drives[best].time_s or 0.0) <= nearest_s + 60 * rules.reds_further_min:
        return Lead(best, f"the nearest {_HIGH} that is known", _told_of_centre(drives[best]))
    ask = "" if drives[first].hospital.adult_level else ", and ask: its level is unknown"
    if best is None:
        return Lead(first, f"first in order{ask}; no {_HIGH} is known in reach", None)
    why = f"the nearest known {_HIGH} is over {rules.reds_further_min:.0f} min further"
    return Lead(first, f"first in order{ask}; {why}", _told_of_first(drives[first], drives[best], why))


def nearest_of_level(drives: Sequence[Drive]) -> int | None:
    """Return which is the nearest trauma centre of Level I or II, by the danger only where none else is."""
    centres = [
        k
        for k, d in enumerate(drives)
        if d.goal is not None and not d.shut and d.hospital.adult_level in HIGH_LEVELS
    ]
    return min(centres, key=lambda k: (bool(drives[k].second_scene), drives[k].time_s, k), default=None)


def _first_for_adults(drives: Sequence[Drive]) -> int | None:
    """Return which comes first in the plan's order, one for children only where no other can be reached."""
    reached = [k for k, drive in enumerate(drives) if drive.time_s is not None and not drive.shut]
    return min(reached, key=lambda k: (drives[k].hospital.for_children, k), default=None)


def _told_of_centre(best: Drive) -> Notice:
    text = f"Nearest {_HIGH}: {best.hospital.name}, Level {best.hospital.adult_level}, {time_text(best)}"
    return Notice(NoticeLevel.INFO, text, _ABOUT)


def _told_of_first(first: Drive, best: Drive, why: str) -> Notice:
    text = (
        f"{first.hospital.name}, {level_text(first.hospital)}, {time_text(first)}, is named first: {why} "
        f"({best.hospital.name}, Level {best.hospital.adult_level}, {time_text(best)}). Ask what it takes"
    )
    return Notice(NoticeLevel.CAUTION, text, _ABOUT)
