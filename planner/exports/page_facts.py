"""What every print says at its rim: for whom, of which plan, who decides, and from what, how old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from planner import words
from planner.briefing.phrases import Edition, identity, title
from planner.exports.exporter import Options, Paper
from planner.exports.typeset import FACES, NO_FONTS, fonts_missing
from planner.model import Plan

Json = dict[str, Any]
_PAPERS = {
    (Paper.LETTER, False): "us-letter",
    (Paper.A4, False): "a4",
    (Paper.LETTER, True): "us-tabloid",
    (Paper.A4, True): "a3",
}
SIZES_MM = {
    "us-letter": (215.9, 279.4),
    "a4": (210.0, 297.0),
    "us-tabloid": (279.4, 431.8),
    "a3": (297.0, 420.0),
}
"""Width and height, upright."""
PUBLIC = "DRAFT FOR THE PUBLIC: released only by the IC or PIO"
_OLD_MAP_DAYS, _OLD_TABLE_DAYS = 180, 90
"""Ages at which a map, and a hospital table, are called old (``domain.md`` 6.8)."""


def edition(options: Options) -> Edition:
    """Return when and as what an export is made, as texts say it."""
    return Edition(options.created_at, None, options.exercise)


def paper(options: Options, *, double: bool = False) -> str:
    """Name the paper as Typst does."""
    return _PAPERS[options.paper, double]


def page_facts(plan: Plan, options: Options, *, flipped: bool = False, double: bool = False) -> Json:
    """Return what the page template reads as ``data.page``."""
    exercise = words.EXERCISE if options.exercise else ""
    name = words.plain(plan.incident.name, 30) or "Incident"
    return {
        "paper": paper(options, double=double),
        "flipped": flipped,
        "fonts": list(FACES),
        "title": title(plan.incident),
        "software": words.plain(plan.software),
        "label": PUBLIC if options.public else words.SENSITIVE,
        "exercise": exercise,
        "watermark": "EXERCISE" if options.exercise else "",
        "identity": f"{name}. {identity(plan, edition(options))}",
        "advice": words.ADVICE,
        "sources": " ".join(sources(plan, options)),
    }


def sources(plan: Plan, options: Options) -> Iterator[str]:
    """Yield where what is printed came from, and how old each source was when it was printed."""
    today = options.created_at.date()
    area = plan.area
    aged = _age(area.data_date, today, _OLD_MAP_DAYS)
    yield f"Map: {words.plain(area.attribution)}, {words.plain(area.source)}, {aged}."
    tables = {(words.plain(h.source), h.as_of) for h in plan.hospitals if h.source != "OpenStreetMap"}
    by_source: dict[str, list[str]] = {}
    for source, as_of in sorted(tables):
        by_source.setdefault(source or "unknown source", []).append(as_of)
    for source, dates in by_source.items():
        yield f"Hospitals: {source}, {_age(min(dates), today, _OLD_TABLE_DAYS)}."
    yield f"Doctrine: {words.plain(plan.doctrine.name)} {words.plain(plan.doctrine.digest[:8])}."
    yield f"{words.plain(plan.software)}. Times know no traffic."
    if fonts_missing():
        yield f"Note: {NO_FONTS}."


def _age(as_of: str, today: date, old_days: int) -> str:
    late = {4: f"{as_of}-12-28", 7: f"{as_of}-28"}.get(len(as_of))  # a year, or a year and month
    try:
        then = date.fromisoformat(late or as_of[:10])
    except ValueError:
        return f"as of {words.plain(as_of, 20)}, age not known" if as_of else "age not known"
    days = (today - then).days
    told, about = (words.plain(as_of, 20), "about ") if late else (str(then), "")
    if days < 0:
        return f"as of {told}"
    check = ": check what has changed" if days > old_days else ""
    return f"as of {told}, {about}{days:,} days old{check}"
