"""With what you have: which posts to staff first, how much that seals, and what is still open.

Posts are staffed in one fixed order, inner perimeter first, each line by rank; nobody is ever moved from
a post that is staffed. So each further officer can only add to what is sealed, and all of them seal
everything.

What a post stops is the flow of its streets (:mod:`planner.perimeters.flows`). Each line is its own barrier:
the share sealed is one minus the greatest flow that can still pass the open posts, over the flow through all
of them, where no street between is taken to be narrower than the posts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import floor
from typing import Any

from planner.model import Post
from planner.terms import PerimeterName

ORDER_REASON = (
    "Inner posts first: they keep the attacker in and people out of the area of risk, and the outer "
    "perimeter only keeps traffic away. On each line vehicle posts come before foot posts, and the streets "
    "that carry most come first."
)
FLOW_BASIS = "by road class and lanes; no traffic counts"
ARRIVALS = (("officers", 0), ("officers_5_min", 5), ("officers_10_min", 10))
"""Names in an incident's ``units`` of officers at hand now, and of those who come later, with the minutes."""

_LINES = tuple(PerimeterName)
_PARTS = 10_000


@dataclass(frozen=True)
class Staffing:
    """What so many officers hold.

    Parameters
    ----------
    officers : int
        Officers at hand for posts.
    staffed, open : tuple of str
        Post ids in the order to staff them: those with all their officers, and the rest.
    waiting : int
        Officers at hand who are too few for the next post. They wait for it as a reserve: to send them on to
        a smaller post would take the next one's cover.
    share_sealed, inner, outer : float or None
        Share of the flow through all posts, and through each line's, that is stopped; 0..1. A line without
        posts has nothing open: 1. None where nothing is known of what the streets carry.
    """

    officers: int
    staffed: tuple[str, ...]
    open: tuple[str, ...]
    waiting: int
    share_sealed: float | None
    inner: float | None
    outer: float | None


def staffing_order(posts: Iterable[Post]) -> tuple[Post, ...]:
    """Return the posts in the order to staff them: inner before outer, each line by rank."""
    return tuple(sorted(posts, key=lambda post: (_LINES.index(post.perimeter), post.rank, post.id)))


def staff_posts(posts: Iterable[Post], officers: int) -> Staffing:
    """Staff posts with the officers at hand.

    Parameters
    ----------
    posts : iterable of Post
        Of a whole plan, in any order.
    officers : int
        Zero or more; more than are needed stay ``waiting``.
    """
    return _Queue.of(posts).staffed_by(officers)


def staff_waves(posts: Iterable[Post], arriving: Iterable[int]) -> tuple[Staffing, ...]:
    """Staff posts as officers come, wave by wave: each answer counts all who have come by then."""
    queue = _Queue.of(posts)
    return tuple(queue.staffed_by(officers) for officers in accumulate(arriving))


def staffing_steps(posts: Iterable[Post]) -> tuple[Staffing, ...]:
    """Return what officers hold at each number at which they hold one post more, from none to all."""
    queue = _Queue.of(posts)
    return tuple(queue.first(count, queue.officers[count]) for count in range(len(queue.ids) + 1))


def arriving_officers(units: Mapping[str, int]) -> tuple[int, ...]:
    """Return the officers that an incident says are there now and come later; empty where it says nothing."""
    if not any(name in units for name, _ in ARRIVALS):
        return ()
    return tuple(units.get(name, 0) for name, _ in ARRIVALS)


@dataclass(frozen=True)
class _Queue:
    """Posts in the order to staff them, with running sums: entry k is that of the first k posts."""

    ids: tuple[str, ...]
    officers: tuple[int, ...]
    flow: tuple[float, ...]
    line_flow: tuple[tuple[float, ...], ...]
    line_count: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, posts: Iterable[Post]) -> _Queue:
        ordered = staffing_order(posts)
        return cls(
            ids=tuple(post.id for post in ordered),
            officers=tuple(accumulate((post.officers for post in ordered), initial=0)),
            flow=_running(post.flow for post in ordered),
            line_flow=tuple(
                _running(post.flow if post.perimeter is line else 0.0 for post in ordered) for line in _LINES
            ),
            line_count=tuple(
                tuple(accumulate((int(post.perimeter is line) for post in ordered), initial=0))
                for line in _LINES
            ),
        )

    def staffed_by(self, officers: int) -> Staffing:
        return self.first(bisect_right(self.officers, officers) - 1, officers)

    def first(self, count: int, officers: int) -> Staffing:
        inner, outer = (
            _share(flow, count, held[count] == held[-1])
            for flow, held in zip(self.line_flow, self.line_count, strict=True)
        )
        return Staffing(
            officers=officers,
            staffed=self.ids[:count],
            open=self.ids[count:],
            waiting=officers - self.officers[count],
            share_sealed=_share(self.flow, count, count == len(self.ids)),
            inner=inner,
            outer=outer,
        )


def _running(flows: Iterable[float]) -> tuple[float, ...]:
    return tuple(accumulate(flows, initial=0.0))


def _share(flow: tuple[float, ...], count: int, whole: bool) -> float | None:
    if whole:
        return 1.0
    return flow[count] / flow[-1] if flow[-1] > 0 else None


# --- as documents write it ----------------------------------------------------------------------


def staffing_record(posts: Iterable[Post], units: Mapping[str, int]) -> dict[str, Any]:
    """Write, as JSON, what any number of officers holds: whoever reads it needs no computation.

    Returns
    -------
    dict
        ``order``: post ids, staffed first to last. ``table``: a row for each number of officers at which one
        post more is held, from none to all; k officers hold what the last row with ``officers`` at most k
        says. ``waves``: what is staffed and open as officers come, where the incident's ``units`` say how
        many do. Shares are rounded down: what is not sealed never reads as 1.
    """
    ordered = staffing_order(posts)
    waves = staff_waves(ordered, arriving_officers(units))
    return {
        "flow": FLOW_BASIS,
        "reason": ORDER_REASON,
        "order": [post.id for post in ordered],
        "table": [_row(staffing) for staffing in staffing_steps(ordered)],
        "waves": [
            {"after_min": minutes, **_row(wave), "waiting": wave.waiting, "open": list(wave.open)}
            for (_, minutes), wave in zip(ARRIVALS, waves, strict=False)
        ],
    }


def _row(staffing: Staffing) -> dict[str, Any]:
    return {
        "officers": staffing.officers,
        "posts": len(staffing.staffed),
        "share_sealed": _rounded_down(staffing.share_sealed),
        "inner": _rounded_down(staffing.inner),
        "outer": _rounded_down(staffing.outer),
    }


def _rounded_down(share: float | None) -> float | None:
    return None if share is None else floor(share * _PARTS) / _PARTS
