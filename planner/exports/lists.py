"""The short lists beside a map: posts by rank, sites, ways, hospitals. One line each, cut to its width.

Row counts are reckoned here, so that a brief is one page whatever the plan holds: what does not fit is
counted in a last line, never dropped in silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from planner import words
from planner.briefing.phrases import (
    along,
    began,
    end_of,
    entry_side,
    exposed,
    listed_hospitals,
    one_way_each,
    patients,
    place,
    scene,
    site_name,
    suggested,
    threat,
    through,
)
from planner.exports.labels import width_mm
from planner.exports.map_plan import way_tag
from planner.geo import usng
from planner.model import HospitalOption, Plan, Post, Site
from planner.perimeters.staffing import staffing_order
from planner.terms import Control, NoticeLevel, PerimeterName, PostMode, RouteKind

Json = dict[str, Any]
_POINT_MM = 0.3528
_FACT_PT = 7.6
_WAY_LINES = 2
_EDGE_LINES = 4
"""More lines for all ways to the edge of the map together: to say that takes one of each."""
_CAUTION_LINES = 4
_GUESSED = "~"
"""Before a drive that is an estimate; the title of the list says so."""
_REGULAR = 0.9
"""Regular letters are about this share of bold ones, for which widths are known."""


@dataclass(frozen=True)
class Table:
    """A list as far as it is shown: ``rows`` cut to ``widths``; ``more`` says what is not shown."""

    title: str
    widths: tuple[float, ...]
    rows: list[list[str]]
    more: str = ""
    bold: bool = True
    """Whether the first cell of each row is bold."""

    @property
    def lines(self) -> int:
        """Lines that it takes, with its title."""
        return 1 + len(self.rows) + bool(self.more)

    def shown(self) -> Json:
        """Return it as the template reads it."""
        return {
            "title": self.title,
            "widths": list(self.widths),
            "rows": self.rows,
            "more": self.more,
            "bold": self.bold,
        }

    def first(self, lines: int, what: str) -> Table:
        """Return as much of it as takes so many lines, and count the rest."""
        if self.lines <= lines:
            return self
        kept = self.rows[: max(0, lines - 2)]
        more = f"+ {len(self.rows) - len(kept)} more: {what}"
        return replace(self, rows=kept, more=more)


def fit(said: str, width: float, size_pt: float, *, bold: bool = False) -> str:
    """Cut a text so that it fits a width in millimetres at a size in points."""
    if _wide(said, size_pt, bold) <= width:
        return said
    kept = said
    while kept and _wide(kept + "…", size_pt, bold) > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _wide(said: str, size_pt: float, bold: bool) -> float:
    return width_mm(said, size_pt * _POINT_MM) * (1.0 if bold else _REGULAR)


def wrapped(said: str, width: float, size_pt: float, most: int) -> list[str]:
    """Break a text at its spaces into at most so many lines; the last is cut."""
    lines: list[str] = []
    rest = said
    while rest and len(lines) < most - 1 and _wide(rest, size_pt, False) > width:
        cut = max(
            (k for k, c in enumerate(rest) if c == " " and _wide(rest[:k], size_pt, False) <= width),
            default=0,
        )
        if not cut:
            break
        lines.append(rest[:cut])
        rest = rest[cut + 1 :]
    return [*lines, fit(rest, width, size_pt)]


def _cut(
    rows: Iterable[Sequence[str]], widths: Sequence[float], size_pt: float, *, bold: bool = True
) -> list[list[str]]:
    """Cut cells to their widths; ``bold`` is the first of each row."""
    return [
        [
            fit(words.plain(cell, 160), width - 0.8, size_pt, bold=bold and at == 0)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]


def digits_of(reference: str) -> str:
    """Return the eight digits of a reference: the square stands above the map."""
    return " ".join(reference.split()[-2:])


# --- headlines --------------------------------------------------------------------------------------


def facts(plan: Plan, width: float) -> list[str]:
    """Return the lines under the title, cut to a width: what and where, and what it takes."""
    incident, at, officers = plan.incident, scene(plan), plan.officers
    counted = incident.casualties
    hurt = (
        f"; casualties {counted.red} red, {counted.yellow} yellow, {counted.green} green" if counted else ""
    )
    since = f"; began {began(incident)}" if incident.began_at else ""
    where = f" at {place(at)}" if at else ""
    lines = [f"{threat(incident)}{where}{since}{hurt}"]
    if plan.posts:
        leaks = [words.PERIMETERS[line.perimeter] for line in plan.perimeters if not line.sealed]
        seal = f"NOT SEALED: {', '.join(leaks)}" if leaks else "streets sealed on the map; open ground is not"
        need = (
            f"{words.count(len(plan.posts), 'post')}, {words.count(officers['total'], 'officer')} with sites"
        )
        lines.append(f"{need}; {seal}. {words.ADVICE}.")
        cautions = sum(notice.level is NoticeLevel.CAUTION for notice in plan.notices)
        told = f" {words.count(cautions, 'caution')} in the plan: read them." if cautions else ""
        lines.append(f"Posts: G gate, f on foot, ! in view of the hot zone: hold from cover.{told}")
    return [fit(words.plain(line, 400), width, _FACT_PT) for line in lines]


def dangers(plan: Plan, width: float, most: int = 2) -> list[str]:
    """Return the gravest notices, cut to a width, and how many more there are."""
    told = [words.plain(n.text, 300) for n in plan.notices if n.level is NoticeLevel.DANGER]
    shown = [fit(f"DANGER: {text}", width - 2, _FACT_PT, bold=True) for text in told[:most]]
    if len(told) > most:
        rest = f" (+ {len(told) - most} more)"
        shown[-1] = fit(shown[-1], width - 22, _FACT_PT, bold=True) + rest
    return shown


# --- the lists ----------------------------------------------------------------------------------------


def caution_table(plan: Plan, width: float, size_pt: float, lines: int) -> Table:
    """List the cautions whole, as many as so many lines take with their title; without rows, if none fits."""
    told = [words.plain(n.text, 400) for n in plan.notices if n.level is NoticeLevel.CAUTION]
    across = width - 1.2
    blocks = [wrapped(f"- {text}", across, size_pt, _CAUTION_LINES) for text in told]
    rows: list[list[str]] = []
    shown = 0
    for block in blocks:
        counted = shown + 1 < len(blocks)
        if 1 + len(rows) + len(block) + counted > lines:
            break
        rows += [[line] for line in block]
        shown += 1
    more = f"+ {words.count(len(told) - shown, 'caution')} more in the plan" if shown < len(told) else ""
    return Table("CAUTIONS", (across,), rows, more, bold=False)


def post_table(plan: Plan, line: PerimeterName, width: float, size_pt: float) -> Table:
    """List a line's posts in the order to staff them."""
    posts = [post for post in staffing_order(plan.posts) if post.perimeter is line]
    widths = (7.0, width - 31.2, 15.0, 3.5, 5.0)
    held = f"{words.count(len(posts), 'post')}, {words.count(sum(p.officers for p in posts), 'officer')}"
    title = f"{words.PERIMETERS[line].upper()}: {held}; by rank"
    return Table(title, widths, _cut(map(_post_row, posts), widths, size_pt))


def _post_row(post: Post) -> list[str]:
    mark = "G" if post.control is Control.GATE else ""
    mark += "f" if post.mode is PostMode.FOOT else ""
    mark += "!" if exposed(post) else ""
    return [post.id, post.street, digits_of(usng(post.location)), f"{post.officers}", mark]


def watch_table(plan: Plan, width: float, size_pt: float) -> Table:
    """List the observation posts in the order to staff them."""
    widths = (9.0, width - 29.2, 15.0, 3.5)
    posts = sorted(plan.observations, key=lambda post: (post.rank, post.id))
    rows = [
        [
            post.id,
            f"sees {', '.join(post.sees) or 'part'}",
            digits_of(usng(post.location)),
            f"{post.officers}",
        ]
        for post in posts
    ]
    title = f"CONTAINMENT: {words.count(plan.officers['containment'], 'officer')} more; by rank"
    return Table(title, widths, _cut(rows, widths, size_pt))


def site_table(plan: Plan, width: float, size_pt: float) -> Table:
    """List the first site of each purpose, with its grid and the side to enter by."""
    widths = (13.0, width - 36.2, 15.0, 7.0)
    rows = [_site_row(site) for site in suggested(plan)]
    return Table("SITES: entrance, grid, side to enter", widths, _cut(rows, widths, size_pt))


def _site_row(site: Site) -> list[str]:
    side = "".join(part[0].upper() for part in entry_side(site).split("-") if part)
    label = words.PURPOSES[site.purpose][0]
    return [label, site_name(site), digits_of(usng(site.entrance)), side]


def way_table(plan: Plan, width: float, size_pt: float) -> Table:
    """List the ways: where to, by which streets, through which posts, how long."""
    widths = (13.0, width - 23.2, 9.0)
    rows = []
    gathered = one_way_each(plan.routes)
    beyond = sum(bool(same[0].towards) for same in gathered)
    for same in gathered:
        way = same[0]
        whole = f"{along(way)}; {through(way)}" if way.posts_crossed else along(way)
        if way.route is RouteKind.EGRESS:
            more = f" and {len(same) - 1} more" if len(same) > 1 else ""
            whole = f"{way.towards}{end_of(plan, way.end)}{more}: {whole}"
        most = _WAY_LINES + (min(_WAY_LINES, _EDGE_LINES // beyond) if way.towards else 0)
        first, *others = wrapped(words.plain(whole, 400), widths[1] - 0.8, size_pt, most)
        # The drive to what lies beyond the map stands with the hospitals.
        time = "" if way.towards else f"{max(1, math.ceil(way.time_s / 60))} min"
        rows.append([way_tag(same), first, time])
        rows += [["", line, ""] for line in others]
    return Table("WAYS: keep clear, tow", widths, _cut(rows, widths, size_pt))


def hospital_table(hospitals: Sequence[HospitalOption], width: float, size_pt: float, most: int) -> Table:
    """List the hospitals that are sent patients, then the nearest: level, drive, air, first hour."""
    shown = listed_hospitals(hospitals, most)[:most]
    guessed = any(map(_is_guessed, shown))
    drive_mm = 1.8 * size_pt if guessed else 10.0
    widths = (width - 24.7 - drive_mm, 10.5, drive_mm, 8.0, 5.0)
    rows = _cut(map(_hospital_row, shown), widths, size_pt, bold=False)
    more = len(hospitals) - len(shown)
    rest = f"+ {more} more: ICS 206" if more else ""
    title = f"HOSPITALS: level, drive min{f' ({_GUESSED} estimate)' if guessed else ''}, R/Y/G, pad"
    return Table(title, widths, rows, rest, bold=False)


def _is_guessed(hospital: HospitalOption) -> bool:
    return hospital.off_map and hospital.time_range_min is not None


def _hospital_row(hospital: HospitalOption) -> list[str]:
    sent = hospital.assigned
    adult = hospital.adult_level or words.UNKNOWN
    level = f"{adult}, ped {hospital.pediatric_level}" if hospital.pediatric_level else f"{adult}"
    told = f"{sent.red}/{sent.yellow}/{sent.green}" if patients(hospital) else "-"
    guessed = _GUESSED if _is_guessed(hospital) else ""
    drive = guessed + words.minutes(hospital.time_range_min).removesuffix(" min")
    pad = words.UNKNOWN if hospital.helipad is None else ("yes" if hospital.helipad else "no")
    closed = "CLOSED: " if hospital.closed else ("DIVERTS: " if hospital.diversion else "")
    return [closed + hospital.name, level, drive, told, pad]
