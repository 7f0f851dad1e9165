"""What an audit says: one check, what it found, about which part of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NAMED = 6


@dataclass(frozen=True)
class Check:
    """One claim of a plan, tested.

    Parameters
    ----------
    check : str
        Which rule.
    ok : bool
        Whether it holds.
    detail : str
        What was found, with the figures.
    about : str
        Which part of the plan: "inner", "outer", or the id of a post, site or route.
    """

    check: str
    ok: bool
    detail: str
    about: str = ""


@dataclass(frozen=True)
class Audit:
    """All checks of one plan, in a fixed order."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if not check.ok)


def judge(check: str, about: str, problems: Sequence[str], fine: str) -> Check:
    """Make a check that holds when there are no problems, and lists the first few when there are."""
    return Check(check, not problems, listed(problems) if problems else fine, about)


def listed(items: Iterable[str]) -> str:
    """List the first few of many, and say how many more there are."""
    once = list(dict.fromkeys(items))
    more = f" and {len(once) - _NAMED} more" if len(once) > _NAMED else ""
    return "; ".join(once[:_NAMED]) + more
