"""Other routers on the same extract, for comparison only: never a dependency of the program.

OSRM and Valhalla come as wheels for Python 3.12. :func:`ask` makes an environment of their own in the user's
cache, prepares the extract for a router once, and runs a script there as a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import osmium
import platformdirs

PYTHON = "python3.12"
WHEELS = ("osrm-bindings", "pyvalhalla")
ROUTERS = ("osrm", "valhalla")
_HERE = Path(__file__).parent


def folder() -> Path:
    """Where environment and prepared extracts are kept: outside the program's tree."""
    return Path(platformdirs.user_cache_dir("planner-peers"))


def environment() -> Path | None:
    """Return the python of the peers' environment, made if need be; None where there is no Python 3.12."""
    python = folder() / "env" / "bin" / "python"
    if python.is_file():
        return python
    found = shutil.which(PYTHON)
    if found is None or subprocess.run([found, "--version"], check=False, capture_output=True).returncode:
        return None
    subprocess.run([found, "-m", "venv", str(folder() / "env")], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "-q", *WHEELS], check=True)
    return python


def in_order(extract: Path, sha: str) -> Path:
    """Return the extract with its objects in the order of their ids, without which Valhalla fails."""
    ordered = folder() / f"extract-{sha}.osm.pbf"
    if not ordered.is_file():
        reader = osmium.MergeInputReader()
        reader.add_file(str(extract))
        part = ordered.with_name(f"part-{ordered.name}")
        writer = osmium.WriteHandler(str(part))
        reader.apply(writer, simplify=False)
        writer.close()
        part.rename(ordered)
    return ordered


def ask(
    router: str, extract: Path, question: Mapping[str, Any], limit_s: float | None = None
) -> dict[str, Any] | None:
    """Ask a router about an extract; None where the peers cannot be had.

    Parameters
    ----------
    router : str
        "osrm" or "valhalla".
    extract : Path
        The .osm.pbf that the area was imported from.
    question : mapping
        ``places`` as [lon, lat]; ``pairs`` of indices, timed one by one; ``starts``, ``ends``, ``repeat``
        for a matrix; whether ``parts`` of the ways are wanted; ``ring`` of [lon, lat] that is closed, and
        ``closed``, the OSM nodes of each street that it meets, or null.
    limit_s : float, optional
        How long it may take, with preparing the extract for the router where that was not done yet.

    Returns
    -------
    dict
        ``seconds`` of each pair (null: no way), ``metres``, ``parts``, ``matrix_s`` and ``routes_s`` of
        processor time; of OSRM ``closing_s`` where streets are closed; the same of wall time as
        ``matrix_wall_s`` and so on; ``peak_mb`` and ``version``.

    Raises
    ------
    RuntimeError
        If the router fails, or takes too long.
    """
    python = environment()
    if python is None:
        return None
    sha = hashlib.sha256(extract.read_bytes()).hexdigest()[:16]
    prepared = folder() / f"{router}-{sha}"
    asked = subprocess.Popen(
        [str(python), str(_HERE / f"{router}_peer.py"), str(in_order(extract, sha)), str(prepared)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, problem = asked.communicate(json.dumps(question), limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(asked.pid, signal.SIGKILL)  # what it started to prepare the extract, too
        asked.communicate()
        raise RuntimeError(f"{router} was not ready after {limit_s:.0f} s") from None
    if asked.returncode:
        raise RuntimeError(f"{router} failed: {problem.strip()[-2000:]}")
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer
