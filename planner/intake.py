"""How areas come into this installation other than from a file: from Overpass, tile by tile.

:func:`planner.packs.import_area` takes files; what both make is the same pack.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from planner import packs, settings
from planner.area import Area
from planner.errors import PackError
from planner.packs import BBox, Progress
from planner.sources.overpass import Servers, fetch_osm
from planner.sources.pbf import read_osm

_FETCHED = "fetching"
_SHARE_FETCHED = 0.7  # of the progress bar: the rest is reading


def servers_here() -> Servers:
    """Return the servers that this installation's settings name."""
    told = settings.read_settings()
    return Servers(told.overpass_url, told.nominatim_url, told.offline)


def fetch_area(
    box: BBox,
    name: str,
    *,
    place: str = "",
    servers: Servers | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Area:
    """Fetch an area from Overpass, replacing one of that name only when all went well.

    What has come is kept beside the packs until the area is written, or for a day: the same call goes on
    where an earlier one broke off.

    Parameters
    ----------
    box : tuple of float
        West, south, east, north in degrees.
    name : str
    place : str, optional
        What the box is of, for people.
    servers : Servers, optional
        Those of the settings unless given.
    progress, cancelled : callable, optional

    Raises
    ------
    PackError
        If the name is unsafe or a shipped area's, or the disk refuses.
    SourceError
        If the server refuses, or what it sends makes no area.
    """
    packs.check_own_name(name)
    report = progress or _to_nobody
    folder = settings.read_settings().home / _FETCHED / name
    try:
        files, date = fetch_osm(
            box, folder, servers or servers_here(), _part(report, 0.0, _SHARE_FETCHED), cancelled
        )
    except OSError as error:
        if isinstance(error, PackError):
            raise
        raise PackError(
            f"what was fetched cannot be kept ({error.strerror or error})",
            f"Check that {folder.parent} can be written and has room, or set PLANNER_HOME to another folder",
        ) from error
    area = read_osm(
        files,
        name,
        bbox_deg=box,
        source=f"Overpass API, {place}" if place else "Overpass API",
        data_date=date,
        progress=_part(report, _SHARE_FETCHED, 1.0),
    )
    packs.write_area(area)
    shutil.rmtree(folder, ignore_errors=True)
    return area


def _part(report: Progress, low: float, high: float) -> Progress:
    return lambda share, text: report(low + (high - low) * share, text)


def _to_nobody(_share: float, _text: str) -> None:
    """Report to nobody."""
