"""Long work behind the page: one job at a time for the whole server, with its progress and a way to stop it.

A job outlives a reload and the browser that began it: whoever opens the page sees how far it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import streamlit as st

from planner.errors import PlannerError

Report = Callable[[float, str], None]
Work = Callable[[Report, Callable[[], bool]], list[str]]
"""Does the work and says lines; is given where to report, and whom to ask whether it was stopped."""


@dataclass
class Job:
    """A piece of work that takes long.

    Parameters
    ----------
    title : str
        What is done, for people.
    share : float
        How much is done, 0..1.
    doing : str
        What is being done now.
    lines : list of str
        What came of it, once it is done.
    trouble : str
        Why nothing came of it, "" if something did.
    area : str
        Name of the area that it brings, "" if none.
    resumed_by : Work, optional
        What goes on with it after it was stopped or broke off, where that can be.
    """

    title: str
    share: float = 0.0
    doing: str = ""
    lines: list[str] = field(default_factory=list)
    trouble: str = ""
    done: bool = False
    area: str = ""
    resumed_by: Work | None = field(default=None, repr=False)
    stopped: threading.Event = field(default_factory=threading.Event)

    def report(self, share: float, doing: str) -> None:
        """Take note of how far it is."""
        self.share, self.doing = share, doing


class Desk:
    """Where jobs are done, one after the other; the last one can be looked at until the next begins."""

    def __init__(self) -> None:
        self._room = ThreadPoolExecutor(max_workers=1, thread_name_prefix="area-job")
        self._lock = threading.Lock()
        self.job: Job | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is not done yet."""
        return self.job is not None and not self.job.done

    def begin(self, title: str, work: Work, *, area: str = "", resumable: bool = False) -> bool:
        """Begin a job; False, and nothing begun, while another is not done."""
        with self._lock:
            if self.busy:
                return False
            job = self.job = Job(title, area=area, resumed_by=work if resumable else None)
        self._room.submit(_do, job, work)
        return True

    def clear(self) -> None:
        """Forget a job that is done."""
        with self._lock:
            if not self.busy:
                self.job = None

    def forget_trouble(self) -> None:
        """Forget a job that failed, as another is asked for."""
        if self.job is not None and self.job.trouble:
            self.clear()


def _do(job: Job, work: Work) -> None:
    try:
        job.lines = work(job.report, job.stopped.is_set)
    except PlannerError as error:
        job.trouble = str(error)
    except Exception as error:  # a fault of ours ends the job, not the server
        logging.getLogger(__name__).exception("job %s", job.title)
        job.trouble = (
            f"The program failed ({type(error).__name__}). Nothing was changed. See the server's log."
        )
    finally:
        job.done = True


@st.cache_resource(show_spinner=False)
def desk() -> Desk:
    """Return the desk of this server."""
    return Desk()
