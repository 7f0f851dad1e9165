"""What an export is: a function from a plan to bytes, and what is said about it.

The core has no clock: when an export is made, how long it holds and for whom it is are :class:`Options`, set
by whoever has a clock (the command line, the page).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from planner.area import Area
from planner.errors import ExportError
from planner.model import Plan


class Audience(StrEnum):
    """Whom a format is for."""

    RESPONDERS = "responders"
    """Only those who hold the perimeter: has no public version."""
    EITHER = "either"
    """Responders, unless the public version is asked for."""
    PUBLIC = "public"
    """Always made from the public version: what leaves in it is meant to be passed on."""


class Paper(StrEnum):
    """Sizes that offices have; posters are printed on the double size of the same family."""

    LETTER = "letter"
    A4 = "a4"


@dataclass(frozen=True)
class Options:
    """What an export is told besides the plan.

    Parameters
    ----------
    created_at : datetime
        When it is made, with its offset from UTC: shown, and written where a format asks for a time.
    valid_min : int
        How long a feed that states an end holds after that (``exports.valid_min`` of the doctrine).
    public : bool
        Without posts, command post, casualty collection and all else that the public is not told.
    exercise : bool
        Marked EXERCISE wherever it is shown.
    paper : Paper
    units : {"m", "ft"}
        Which unit comes first in texts.
    sender, contact : str
        Who sends a notice, and how they are reached; "" where not said, never invented.
    """

    created_at: datetime
    valid_min: int
    public: bool = False
    exercise: bool = False
    paper: Paper = Paper.LETTER
    units: str = "m"
    sender: str = ""
    contact: str = ""

    def __post_init__(self) -> None:
        """Refuse a time that could mean any hour of the day.

        Raises
        ------
        ExportError
            If ``created_at`` has no offset, or nothing would hold for any time.
        """
        if self.created_at.utcoffset() is None:
            raise ExportError(
                "the time of an export has no time zone", "Write it like 2024-05-14T09:32-05:00"
            )
        if self.valid_min <= 0:
            raise ExportError(
                "an export that holds for no time says nothing", "Set exports.valid_min above 0"
            )

    @property
    def expires_at(self) -> datetime:
        """When a feed that states an end stops holding, unless sent again."""
        return self.created_at + timedelta(minutes=self.valid_min)

    def time(self, moment: datetime | None = None) -> str:
        """Write a time as feeds do: to the second, with a numeric offset, never ``Z`` (CAP 1.2)."""
        shown = (moment or self.created_at).astimezone(self.created_at.tzinfo)
        return shown.isoformat(timespec="seconds")


Writer = Callable[[Plan, Area | None, Options], bytes]


@dataclass(frozen=True)
class Exporter:
    """One format.

    Parameters
    ----------
    write : callable
        From plan, area and options to the file's bytes. The area is None unless ``needs_area``; the same
        arguments give the same bytes.
    suffix : str
        Of the file's name, with its dot.
    media_type : str
    title : str
        What it is, for a list to choose from.
    needs_area : bool
        Whether it shows streets, so that the map that the plan was made on must be at hand.
    audience : Audience
    """

    write: Writer
    suffix: str
    media_type: str
    title: str
    needs_area: bool = False
    audience: Audience = Audience.EITHER
