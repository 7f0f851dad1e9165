"""Plans side by side in words: what a blocked street changes, or would. Plans to markup.

Every text from map or tables goes through :func:`html.escape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from planner import words
from planner.briefing.side_by_side import Line, Told, side_by_side
from planner.briefing.transport_text import unplaced
from planner.model import Casualties, Plan
from planner.terms import TRIAGE, NoticeLevel

_LETTERS = {"red": "R", "yellow": "Y", "green": "G"}
_MOST_NEWS = 6


def compared(plans: Sequence[Plan], labels: Sequence[str]) -> str:
    """Return plans of one incident side by side: the first is the one that the others are held against.

    Parameters
    ----------
    plans : sequence of Plan
    labels : sequence of str
        What each is: "Now", "If High Street is blocked".
    """
    lines = side_by_side(plans)
    first = [line for line in lines if _matters(line)]
    others = [line for line in lines if line not in first]
    same = "" if lines else "<p>No way, no time and no patient changes.</p>"
    main = _table([_summary_row(plans, labels), *(_row(line, labels) for line in first)], labels)
    folded = ""
    if others:
        told = words.count(len(others), "hospital that nobody is sent to", "hospitals that nobody is sent to")
        table = _table([_row(line, labels) for line in others], labels)
        folded = f"<details><summary>{told}: other times</summary>{table}</details>"
    news = "".join(_news(plans[0], plan, label) for plan, label in zip(plans[1:], labels[1:], strict=True))
    return f'<div class="pl">{same}{main}{folded}{news}</div>'


def _matters(line: Line) -> bool:
    """Whether a line is a way of the scene's own, a hospital that takes patients, or one that is lost."""
    if any(told is None or told.patients is None or told.range_min is None for told in line.told):
        return True
    return any(told.patients != Casualties() for told in line.told if told)


def _table(rows: Sequence[str], labels: Sequence[str]) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in ("", *labels))
    return (
        f'<table class="stack abreast"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )


def _summary_row(plans: Sequence[Plan], labels: Sequence[str]) -> str:
    cells = "".join(_cell(label, _verdict(plan)) for plan, label in zip(plans, labels, strict=True))
    return f'<tr><th scope="row"><b>All patients</b></th>{cells}</tr>'


def _verdict(plan: Plan) -> str:
    need = plan.ambulances
    last = need.last_red_min if need else None
    left = ", ".join(f"{n} {colour}" for colour, n in unplaced(plan).items() if n)
    text = f"last red at a hospital {words.minutes(last)}" if last else "last red: not known"
    placed = f"<b>NO PLACE for {escape(left)}</b>" if left else "all have a place"
    if plan.incident.casualties is None:
        return "casualties not said"
    return f'{placed}<span class="why">{escape(text)}</span>'


def _row(line: Line, labels: Sequence[str]) -> str:
    first = line.told[0]
    cells = "".join(
        _cell(label, _told(told, first if number else None))
        for number, (told, label) in enumerate(zip(line.told, labels, strict=True))
    )
    return f'<tr><th scope="row"><b>{escape(line.what)}</b></th>{cells}</tr>'


def _cell(label: str, markup: str) -> str:
    return f'<td data-label="{escape(label)}">{markup}</td>'


def _told(told: Told | None, first: Told | None) -> str:
    """Write what a plan says; where it is held against a first one, what is other stands out in words."""
    if told is None:
        return '<b>NO WAY</b><span class="why">none is kept in this plan</span>'
    if first is not None and told == first:
        return '<span class="why">as in the first column</span>'
    if told.range_min is None:
        drive = f'<b>NO WAY</b><span class="why">{escape(told.why_not)}</span>'
    else:
        drive = f"<b>{escape(words.minutes(told.range_min))}</b>{', estimate' * told.estimate}"
    moved = first is not None and first.to != told.to
    to = f" to {'<b>' if moved else ''}{escape(told.to)}{'</b>' if moved else ''}" if told.to else ""
    return drive + to + _patients(told.patients) + _by(told, first)


def _patients(patients: Casualties | None) -> str:
    if patients is None:
        return ""
    if patients == Casualties():
        return ' <span class="send">nobody sent</span>'
    counts = " / ".join(
        f'<span class="to {colour}"><i>{_LETTERS[colour]}</i> {getattr(patients, colour)}</span>'
        for colour in TRIAGE
    )
    return f' <span class="send">{counts}</span>'


def _by(told: Told, first: Told | None) -> str:
    if told.range_min is None:
        return ""
    if not told.streets:
        return '<span class="why">no way drawn</span>' if first is None or first.streets else ""
    known = set(first.streets) if first else set(told.streets)
    named = " - ".join(
        escape(street) if street in known else f"<b>{escape(street)}</b>" for street in told.streets
    )
    posts = f", through {escape(', '.join(told.posts))}" if told.posts else ""
    left = [street for street in first.streets if street not in told.streets] if first else []
    gone = f'<span class="why">no more by {escape(", ".join(left))}</span>' if left else ""
    return f'<span class="why">by {named}{posts}</span>{gone}'


def _news(first: Plan, other: Plan, label: str) -> str:
    known = {notice.text for notice in first.notices}
    fresh = [n for n in other.notices if n.text not in known and n.level is not NoticeLevel.INFO]
    if not fresh:
        return ""
    listed = "".join(
        f'<li><span class="level {n.level}">{"!!" if n.level is NoticeLevel.DANGER else "!"}</span>'
        f"{escape(n.text)}</li>"
        for n in fresh[:_MOST_NEWS]
    )
    more = f"<li>and {len(fresh) - _MOST_NEWS} more</li>" if len(fresh) > _MOST_NEWS else ""
    return f'<p><b>{escape(label)}, new to say:</b></p><ul class="notices">{listed}{more}</ul>'
