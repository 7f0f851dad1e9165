"""What can go wrong, and what to do about it.

Every error carries a ``message`` (what is wrong) and a ``remedy`` (what the user can do). Each class is
also the builtin that a caller would catch who has never heard of this package.
"""

from __future__ import annotations


class PlannerError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    remedy : str
        What the user can do about it, in one line.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.remedy = " ".join(remedy.split())

    def __str__(self) -> str:
        """Return the one line that the command line and the page show."""
        return f"{self.message}. {self.remedy}" if self.remedy else self.message


class IncidentError(PlannerError, ValueError):
    """An incident or plan document, or an :class:`~planner.model.Incident`, that makes no sense."""


class DoctrineError(PlannerError, ValueError):
    """A doctrine file with a missing, unknown or impossible number."""


class AreaError(PlannerError, ValueError):
    """An area that cannot be planned on: no streets, an impossible value."""


class SourceError(PlannerError, ValueError):
    """A source file (OSM extract, hospital table) that cannot be read."""


class NoStreetsError(SourceError):
    """A source that was read, and has no streets where they were looked for."""


class PackError(PlannerError, OSError):
    """An area pack on disk that is broken, of another schema, or cannot be written."""


class AreaNotFoundError(PlannerError, LookupError):
    """No area of that name is installed here."""


class ExportError(PlannerError, ValueError):
    """An export that was asked for in a way that cannot be written."""


class StoreError(PlannerError, OSError):
    """The store of incidents cannot be read or written."""


class BatchError(PlannerError, RuntimeError):
    """Many places that cannot be planned as asked: none of the kind, no workers, a folder of others."""
