"""What both make-scripts share: fetch one pinned npm package, write one .osm.pbf."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Relation, Way

HERE = Path(__file__).resolve().parent


def fetch_package(spec: str, sha256: str) -> bytes:
    """Download one npm package and make sure that it is the one we know.

    Parameters
    ----------
    spec : str
        Name and exact version, ``name@version``.
    sha256 : str
        Expected hash of the tarball, in hexadecimal.

    Returns
    -------
    bytes
        The tarball.

    Raises
    ------
    ValueError
        If the tarball is another one.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed; it is needed only to make this file anew")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", spec]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, all of it ours
        (tarball,) = Path(folder).glob("*.tgz")
        content = tarball.read_bytes()
    seen = hashlib.sha256(content).hexdigest()
    if seen != sha256:
        raise ValueError(f"{spec} has sha256 {seen}, expected {sha256}")
    return content


def write_osm(
    path: Path,
    nodes: Iterable[Node],
    ways: Iterable[Way],
    relations: Iterable[Relation],
    *,
    date: datetime,
    bbox: tuple[float, float, float, float],
) -> None:
    """Write objects to a .osm.pbf: sorted by id, without metadata, dated in the header.

    The same objects give the same bytes. `date` is when the map was true, not when the file was written; an
    importer finds it as ``osmosis_replication_timestamp``, as in the extracts that agencies download.

    Parameters
    ----------
    path : Path
        File to write; replaced if it is there.
    nodes, ways, relations : iterable
        The objects, in any order.
    date : datetime
        Date of the map, with its time zone.
    bbox : tuple of float
        West, south, east, north of what the file covers, in degrees.
    """
    header = osmium.io.Header()
    header.set("generator", "planner")  # not the version of a library: it would change the bytes
    header.set("sorting", "Type_then_ID")
    header.set("osmosis_replication_timestamp", date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    header.add_box(osmium.osm.Box(*bbox))
    form = osmium.io.File(str(path), "pbf,add_metadata=none,pbf_compression_level=9")
    with osmium.SimpleWriter(form, header=header, overwrite=True) as writer:
        for kind in (nodes, ways, relations):
            for thing in sorted(kind, key=lambda it: int(it.id)):
                writer.add(thing)
