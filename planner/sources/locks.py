"""Locks between processes that are waited for aloud, so that whoever waits can be told, and can give up."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

HEED_S = 0.2
"""How long nobody hears that a wait was broken off."""


def take_lock(path: Path, waiting: Callable[[], None]) -> BinaryIO:
    """Take a lock that one process, and one thread of it, has at a time.

    Parameters
    ----------
    path : Path
        The lock's file; made where there is none, and left there.
    waiting : callable
        Called again and again while another has it; what it raises ends the wait.

    Returns
    -------
    BinaryIO
        To be closed, which gives the lock back, as a crash does.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab")
    try:
        while not _is_taken(file):
            waiting()
            time.sleep(HEED_S)
    except BaseException:
        file.close()
        raise
    return file


def _is_taken(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
