"""Files that are whole or untouched, whatever happens meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def put_whole(target: Path) -> Iterator[Path]:
    """Give a file beside the target to write, which takes its place at the end, if nothing fails.

    Whoever reads sees the old file or the new one, never a part.

    Raises
    ------
    OSError
        If the disk refuses; the target is as it was then.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)  # of one that was killed: in a container each run has the same number
    try:
        yield beside
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file whole, or leave it untouched: see :func:`put_whole`."""
    with put_whole(target) as beside, beside.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
