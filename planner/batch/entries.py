"""What a library says of each place: the facts of its plan that a pre-planner sorts by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import shapely

from planner import words
from planner.audit import Audit
from planner.briefing.verdict import (
    Standing,
    holds,
    standing,
    to_trauma_min,
    ungraded_nearer,
    verdict,
    ways_out,
)
from planner.ground.gatherings import KINDS, Gathering
from planner.model import Plan
from planner.terms import NoticeLevel, PerimeterName, Purpose

_SLUG_LENGTH = 40
_SEALS = ("seal", "foot_seal")


class State(StrEnum):
    """What there is of a place in a library."""

    PLANNED = "planned"
    OLDER = "older"
    """Planned, but on another map, or by another doctrine or version, than the latest run's."""
    FAILED = "failed"
    WAITING = "waiting"
    """Not planned yet: the run was limited, or stopped."""
    GONE = "gone"
    """Planned before; the map does not have the place any more."""


@dataclass(frozen=True)
class Summary:
    """The facts of one plan that matter when many are looked over.

    Parameters
    ----------
    standing : Standing
        How the verdict is meant.
    verdict : str
        As the page heads the plan.
    sealed : bool
    ways_out : int
        Ways out for ambulances that differ.
    dangers : tuple of str
        Notices of danger.
    cautions : int
        Notices of danger and caution together.
    posts_inner, posts_outer, officers : int
        ``officers`` are those for posts and sites.
    missing : tuple of Purpose
        For which no site was found.
    to_trauma_min, to_hospital_min : (int, int) or None
        Whole minutes by road: to a hospital that a source calls level I or II, and to the nearest of any
        level, outside the perimeters and for adults too. None = not known.
    faults : tuple of str or None
        What the program's own check found that does not hold, and the plan does not say; None = not checked.
    ungraded_nearer : int or None
        Hospitals nearer than the first of level I or II whose level no source tells; None = not counted.
    """

    standing: Standing
    verdict: str
    sealed: bool
    ways_out: int
    dangers: tuple[str, ...]
    cautions: int
    posts_inner: int
    posts_outer: int
    officers: int
    missing: tuple[Purpose, ...]
    to_trauma_min: tuple[int, int] | None
    to_hospital_min: tuple[int, int] | None
    faults: tuple[str, ...] | None = None
    ungraded_nearer: int | None = None


@dataclass(frozen=True)
class Entry(Gathering):
    """One place of a library.

    Parameters
    ----------
    state : State
    plan_file, print_file : str
        Within the library's folder; "" where there is none.
    plan_id : str
    made_by : str
        Digest of map, doctrine and version of the program.
    sha256 : str
        Of the plan's file as it was written here.
    print_made : str
        What the print was made for: plan, paper, units.
    by_hand : bool
        Whether a person has put something into the plan: it is kept when the plan is made again.
    summary : Summary or None
    changes : tuple of str
        What became other when the plan was last made again.
    error, remedy : str
        Why there is no plan, and what to do about it.
    """

    state: State = State.WAITING
    plan_file: str = ""
    print_file: str = ""
    plan_id: str = ""
    made_by: str = ""
    sha256: str = ""
    print_made: str = ""
    by_hand: bool = False
    summary: Summary | None = None
    changes: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""

    @property
    def key(self) -> str:
        """By which it is known in the library: an entry of the map may be of two kinds."""
        return f"{self.kind}/{self.osm}"

    @property
    def title(self) -> str:
        """What people call it."""
        return title_of(self.kind, self.osm, self.name)


def title_of(kind: str, osm: str, name: str) -> str:
    """Name a place; one without a name by its kind and the map's id."""
    return words.plain(name) or f"{KINDS[kind].title} without a name ({osm})"


def entry_of(place: Gathering) -> Entry:
    """Return the entry of a place that nothing is known of yet."""
    return Entry(place.kind, place.osm, place.name, place.location, place.also, place.notes)


def stem_of(place: Gathering) -> str:
    """Name a place's files: its kind's folder, a plain name, its OSM type and id, which are never another's.

    For example ``school/maple-street-school_w1234``: ASCII, whatever the name.
    """
    plain = unicodedata.normalize("NFKD", place.name[:200]).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_SLUG_LENGTH].strip("-")
    return f"{place.kind}/{slug or 'unnamed'}_{place.osm}"


def sum_up(plan: Plan, audit: Audit | None) -> Summary:
    """Return the facts of a plan."""
    warned = [notice for notice in plan.notices if notice.level is not NoticeLevel.INFO]
    placed = {site.purpose for site in plan.sites}
    asked_about = {notice.about for notice in warned}
    by_line = {name: sum(post.perimeter is name for post in plan.posts) for name in PerimeterName}
    return Summary(
        standing=standing(plan, dict(plan.incident.units).get("officers")),
        verdict=verdict(plan, dict(plan.incident.units).get("officers")),
        sealed=holds(plan),
        ways_out=len(ways_out(plan)),
        dangers=tuple(n.text for n in warned if n.level is NoticeLevel.DANGER),
        cautions=len(warned),
        posts_inner=by_line[PerimeterName.INNER],
        posts_outer=by_line[PerimeterName.OUTER],
        officers=plan.officers["total"],
        missing=tuple(p for p in Purpose if p not in placed and p.value in asked_about),
        to_trauma_min=to_trauma_min(plan),
        to_hospital_min=_to_nearest_hospital_min(plan),
        faults=None if audit is None else _faults(plan, audit),
        ungraded_nearer=ungraded_nearer(plan),
    )


def _faults(plan: Plan, audit: Audit) -> tuple[str, ...]:
    """Say what does not hold, but for a seal of which the plan itself says that it does not."""
    told = {(check, line.perimeter) for check in _SEALS for line in plan.perimeters if not line.sealed}
    found = [check for check in audit.failures if (check.check, check.about) not in told]
    return tuple(f"{check.check}, {check.about}: {check.detail}" for check in found)


def _to_nearest_hospital_min(plan: Plan) -> tuple[int, int] | None:
    """Return the shortest drive to a hospital; one within the perimeters is part of the scene."""
    held = shapely.union_all([shapely.Polygon(line.rings[0]) for line in plan.perimeters])
    drives = (
        hospital.time_range_min
        for hospital in plan.hospitals
        if not (hospital.closed or hospital.diversion or hospital.children_only)
        and not held.intersects(shapely.Point(hospital.location))
    )
    return min((span for span in drives if span), default=None)


# --- what needs attention ---------------------------------------------------------------------------

NO_PLAN, FAULTY, NOT_SEALED, NO_WAY_OUT, DANGER, GONE, OLDER, WAITING, SEALS = (
    "NO PLAN",
    "CHECK FAILS",
    "NOT SEALED",
    "NO WAY OUT",
    "DANGER",
    "GONE FROM THE MAP",
    "OLDER MAP OR RULES",
    "NOT PLANNED YET",
    "Seals on the map",
)
LABELS = (NO_PLAN, FAULTY, NOT_SEALED, NO_WAY_OUT, DANGER, GONE, OLDER, WAITING, SEALS)
"""What is said of a place at a glance, what needs a person most first."""

_BY_STATE = {
    State.FAILED: NO_PLAN,
    State.GONE: GONE,
    State.OLDER: OLDER,
    State.WAITING: WAITING,
}


def label_of(entry: Entry) -> str:
    """Say at a glance how it stands with a place."""
    facts = entry.summary
    if entry.state is not State.PLANNED or facts is None:
        return _BY_STATE.get(entry.state, NO_PLAN)
    for wrong, label in (
        (facts.faults, FAULTY),
        (not facts.sealed, NOT_SEALED),
        (facts.ways_out == 0, NO_WAY_OUT),
        (facts.standing is Standing.OPEN, DANGER),
    ):
        if wrong:
            return label
    return SEALS


def attention(entry: Entry) -> tuple[int, int, int, int, str, str, int]:
    """Order entries by how much they need a person: first what has no plan, or one that does not hold."""
    facts = entry.summary
    told = (len(facts.dangers), len(facts.missing), facts.cautions) if facts else (0, 0, 0)
    dangers, missing, cautions = (-count for count in told)
    rank = LABELS.index(label_of(entry))
    return rank, dangers, missing, cautions, entry.kind, entry.osm[0], int(entry.osm[1:])


def map_order(entry: Entry) -> tuple[str, str, int]:
    """Order entries by what never changes: kind, OSM type and id."""
    return entry.kind, entry.osm[0], int(entry.osm[1:])
