"""Where this installation keeps things, from the environment. Rim only: no plan depends on it.

============================ ===========================================================================
``PLANNER_HOME``             folder of the area packs and the database; default: the platform's data folder
``PLANNER_DEBUG``            ``1``: a fault of the program shows its whole traceback on the command line
``PLANNER_STORE``            ``sqlite:///FILE``, where incidents are kept; a file in the home unless set
``PLANNER_OVERPASS_URL``     Overpass interpreter that areas are fetched from; the public one unless set
``PLANNER_NOMINATIM_URL``    server that finds places by name for fetching; the public one unless set
``PLANNER_TILES_URL``        online map for those who choose one on the page; OpenStreetMap's unless set
``PLANNER_OFFLINE``          ``1`` forbids fetching, and offers no online map but one that is set
============================ ===========================================================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from planner.errors import PackError, StoreError

_PACKAGE = Path(__file__).resolve().parent
_INCIDENTS = "incidents.sqlite"
_FALSE = frozenset({"", "0", "no", "false", "off"})


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    Parameters
    ----------
    home : Path
        Folder of packs and database; perhaps not there yet.
    store_url : str
        "" means the SQLite file in the home.
    overpass_url, nominatim_url : str
        "" means the public ones.
    tiles_url : str
        With ``{z}``, ``{x}``, ``{y}``; "" means the public one.
    offline : bool
        Never reach for the network.
    """

    home: Path
    store_url: str
    overpass_url: str
    nominatim_url: str
    tiles_url: str
    offline: bool

    @property
    def areas(self) -> Path:
        """Folder of the area packs."""
        return self.home / "areas"

    @property
    def incidents(self) -> Path:
        """SQLite file of the incidents; perhaps not there yet.

        Raises
        ------
        StoreError
            If ``PLANNER_STORE`` names a database of another kind: incidents kept anywhere else than where
            somebody said would be lost to whoever looks there.
        """
        if not self.store_url:
            return self.home / _INCIDENTS
        scheme, _, file = self.store_url.partition(":///")
        if scheme != "sqlite" or not file:
            raise StoreError(
                "PLANNER_STORE names no place that this version can keep incidents in: only a SQLite file",
                f"Set it to sqlite:///FILE, or unset it: incidents are then kept in {self.home / _INCIDENTS}",
            )
        return Path(file).expanduser().absolute()


def read_settings() -> Settings:
    """Read the environment, afresh each time: tests and servers change it."""
    home = os.environ.get("PLANNER_HOME", "")
    return Settings(
        home=Path(home).expanduser().absolute() if home else platformdirs.user_data_path("planner"),
        store_url=os.environ.get("PLANNER_STORE", ""),
        overpass_url=os.environ.get("PLANNER_OVERPASS_URL", ""),
        nominatim_url=os.environ.get("PLANNER_NOMINATIM_URL", ""),
        tiles_url=os.environ.get("PLANNER_TILES_URL", ""),
        offline=os.environ.get("PLANNER_OFFLINE", "").lower() not in _FALSE,
    )


def shipped(*parts: str) -> Path:
    """Return the path of something that ships with the program.

    Parameters
    ----------
    *parts : str
        For example ``"data", "doctrine.toml"`` or ``"streamlit_app.py"``.

    Raises
    ------
    PackError
        If it is missing: the installation is broken.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):  # in a wheel, in the source tree
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise PackError(f"{'/'.join(parts)} is missing from this installation", "Install the program again")
