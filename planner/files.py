"""Files that are whole or untouched, whatever happens meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(target: Path, content: bytes) -> None:
    """Write beside, then rename: whoever reads sees the old file or the new one, never a part.

    Raises
    ------
    OSError
        If the disk refuses; the file is as it was then.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    beside.unlink(missing_ok=True)  # of one that was killed: in a container each run has the same number
    try:
        with beside.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
