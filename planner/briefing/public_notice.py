"""The public information officer's draft: the seven items of IACP H.2 (``domain.md`` F36).

It holds no post, no command post and no casualty collection point. What the plan knows is offered; what it
does not know stays blank, and so does what must be confirmed by a person first. While anything is open the
notice is a DRAFT and :func:`finished_notice` refuses it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from planner import words
from planner.briefing.phrases import UNDATED, Edition, along, scene, site_name, suggested, way_to
from planner.errors import IncidentError
from planner.geo import Frame
from planner.model import Plan, Site
from planner.terms import NoticeItemName, PerimeterName, Purpose, ZoneKind

BLANK = "____________________"
DRAFT, COMPLETE = "DRAFT", "COMPLETE: not released until the IC or PIO approves it"
ASKED: Mapping[str, str] = MappingProxyType(
    {
        NoticeItemName.SENDER: "Who sends this",
        NoticeItemName.WHY: "Why",
        NoticeItemName.WHEN: "Date and time",
        NoticeItemName.SHELTER: "Shelter in place",
        NoticeItemName.AVOID: "Keep away, roads closed",
        NoticeItemName.DIRECTIONS: "If you must come",
        NoticeItemName.REUNIFICATION: "Families and reunification",
    }
)
"""The seven items (IACP P H.2 a-g) in their order: key, and what is asked."""
_SHELTER = (
    "If you are inside {where}: go indoors and stay there, lock doors, keep away from windows and outer walls"
)
_MOST_STREETS = 12
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class NoticeItem:
    """One of the seven: ``text`` "" while blank; ``open`` says what is still to do, "" if nothing."""

    key: str
    asks: str
    text: str
    open: str


@dataclass(frozen=True)
class PublicNotice:
    """The notice as far as it is written."""

    items: tuple[NoticeItem, ...]
    edition: Edition

    @property
    def open(self) -> tuple[NoticeItem, ...]:
        """What is blank or unconfirmed."""
        return tuple(item for item in self.items if item.open)

    @property
    def status(self) -> str:
        """DRAFT while anything is open; an exercise says so whatever its state."""
        state = DRAFT if self.open else COMPLETE
        return f"EXERCISE, {state}" if self.edition.exercise else state


def public_notice(
    plan: Plan,
    edition: Edition = UNDATED,
    said: Mapping[str, str] = _NOTHING,
    closed: Sequence[str] = (),
) -> PublicNotice:
    """Draft the notice.

    Parameters
    ----------
    plan : Plan
    edition : Edition
        Its time is item c.
    said : mapping of str to str
        What is written now, by the keys of :data:`ASKED`; it goes before what the incident's notice has.
        Either replaces what the plan offers, and confirms it. A text of spaces counts as blank.
    closed : sequence of str
        Names of the streets that the outer perimeter closes, by the map; without, those of the posts.

    Raises
    ------
    IncidentError
        If ``said`` has a key that is none of the seven.
    """
    odd = sorted(set(said) - set(ASKED))
    if odd:
        raise IncidentError(f"the notice has no item {odd[0][:40]!r}", f"Use: {', '.join(ASKED)}")
    written: dict[str, str] = {item.value: text for item, text in plan.incident.notice}
    written |= {key: text for key, text in said.items() if text.strip()}
    offered = {
        "sender": ("", ""),
        "why": (_why(plan), ""),
        "when": (words.moment(edition.at) if edition.at else "", ""),
        "shelter": (_shelter(plan), ""),
        "avoid": (_avoid(plan, closed), ""),
        "directions": ("", ""),
        "reunification": _reunification(plan),
    }
    return PublicNotice(
        tuple(_item(key, offered[key], written.get(key, "")) for key in ASKED),
        edition,
    )


def _item(key: str, offered: tuple[str, str], said: str) -> NoticeItem:
    written = words.plain(said, 1000)
    if written:
        return NoticeItem(key, ASKED[key], written, "")
    text, unconfirmed = offered
    return NoticeItem(key, ASKED[key], text, unconfirmed if text else "blank")


def finished_notice(notice: PublicNotice) -> str:
    """Return the text of a notice with nothing open.

    Raises
    ------
    IncidentError
        If an item is blank or unconfirmed: the notice stays a draft.
    """
    if notice.open:
        named = "; ".join(f"{item.asks}: {item.open}" for item in notice.open)
        raise IncidentError(
            f"the public notice stays a DRAFT ({named})", "Write what is missing, then try again"
        )
    return notice_text(notice)


def notice_text(notice: PublicNotice) -> str:
    """Return the notice as it stands, blanks as blanks and marked as what it is."""
    mark = [words.EXERCISE] if notice.edition.exercise else []
    lines = [*mark, f"PUBLIC NOTICE. Status: {notice.status}", ""]
    for letter, item in zip("abcdefg", notice.items, strict=True):
        lines.append(f"{letter}) {item.asks}: {item.text or BLANK}")
        if item.text and item.open:
            lines.append(f"   NOT CONFIRMED: {item.open}")
    if notice.open:
        lines += ["", f"Still open: {', '.join(item.asks for item in notice.open)}. Not for release."]
    lines += [f"{words.ADVICE}.", *mark]
    return words.lines_of(lines)


# --- what the plan offers -------------------------------------------------------------------------------


def _why(plan: Plan) -> str:
    name = words.plain(plan.incident.name)
    return f"Police are responding to a reported attack: {name}" if name else ""


def _shelter(plan: Plan) -> str:
    """Say how far shelter in place reaches: all hot and warm ground, never less."""
    centre = scene(plan)
    ground = [zone for zone in plan.zones if zone.zone is not ZoneKind.COLD]
    if centre is None or not ground:
        return ""
    xy_m = Frame(centre).to_m([corner for zone in ground for corner in zone.rings[0]])
    furthest_m = float(np.ceil(np.hypot(xy_m[:, 0], xy_m[:, 1]).max() / 50) * 50)
    name = words.plain(plan.incident.name) or "the place of the attack"
    feet = math.ceil(furthest_m / 0.3048 / 50) * 50
    return _SHELTER.format(where=f"{furthest_m:,.0f} m ({feet:,} ft) of {name}")


def _avoid(plan: Plan, closed: Sequence[str]) -> str:
    """Name the streets that are closed, not where on them the posts stand."""
    outer = [post for post in plan.posts if post.perimeter is PerimeterName.OUTER]
    by_flow = sorted(outer, key=lambda post: (post.rank, post.id))
    streets = closed or [post.street.rsplit(" at ", 1)[0] for post in by_flow if not _nameless(post.street)]
    named = [name for name in dict.fromkeys(map(words.plain, streets)) if not name.startswith("unnamed ")]
    if not named:
        return ""
    more = (
        f" and {words.count(len(named) - _MOST_STREETS, 'more street')}" if len(named) > _MOST_STREETS else ""
    )
    name = words.plain(plan.incident.name) or "the place of the attack"
    return f"Keep away from {name}. Closed to traffic: {', '.join(named[:_MOST_STREETS])}{more}"


def _nameless(street: str) -> bool:
    """Whether a post's street has no name of its own: "footway off Avenida Italia" does not close that."""
    return street[:1].islower() and (" off " in street or " m " in street)


def _reunification(plan: Plan) -> tuple[str, str]:
    site = next((site for site in suggested(plan) if site.purpose is Purpose.REUNIFICATION), None)
    if site is None:
        return "", ""
    return _where_families_go(
        plan, site
    ), "telephone the place and write this item before its name is given out"


def _where_families_go(plan: Plan, site: Site) -> str:
    way = way_to(plan, site)
    by = f", by {along(way, 4)}" if way is not None and way.streets else ""
    return f"{site_name(site)}{by}"
