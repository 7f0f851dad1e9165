"""Copy the map's scripts and the prints' fonts from npm's folder: ``python -m planner.ui.frontend``.

Run at set-up after ``npm ci``. The versions are those of ``package-lock.json``; nothing is fetched here, and
nothing at all while the page runs.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from planner.errors import PlannerError, SourceError

COMPONENT = Path(__file__).parent / "incident_map"
"""The map's own page, and beside it ``static/``: third-party scripts, never committed."""
STATIC = COMPONENT / "static"
PROJECT = Path(__file__).parents[2]
FILES = {
    "leaflet": (
        "dist/leaflet.js",
        "dist/leaflet.css",
        "dist/images/layers.png",
        "dist/images/layers-2x.png",
        "LICENSE",
    ),
    "pmtiles": ("dist/pmtiles.js",),
    "protomaps-leaflet": ("dist/protomaps-leaflet.js", "LICENSE"),
    "dejavu-fonts-ttf": (
        "ttf/DejaVuSansCondensed.ttf",
        "ttf/DejaVuSansCondensed-Bold.ttf",
        "ttf/DejaVuSansCondensed-Oblique.ttf",
        "LICENSE",
    ),
}
FONT_PACKAGE = "dejavu-fonts-ttf"
FONTS = Path(__file__).parents[1] / "exports" / "fonts"
"""Where :mod:`planner.exports.typeset` looks for the fonts of the prints; never committed either."""
SCRIPTS = ("leaflet.js", "leaflet.css", "pmtiles.js", "protomaps-leaflet.js")


def frontend_ready() -> bool:
    """Whether every script that the map needs is in place."""
    return all((STATIC / name).is_file() for name in SCRIPTS)


def copy_frontend(project: Path = PROJECT, static: Path = STATIC, fonts: Path = FONTS) -> list[str]:
    """Copy each package's files, and return what was copied as ``name version``.

    Raises
    ------
    SourceError
        If a package is not there, or not of the version in the lock file.
    """
    lock = json.loads((project / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for home in (static, fonts):
        home.mkdir(parents=True, exist_ok=True)
    copied = []
    for name, files in FILES.items():
        folder = project / "node_modules" / name
        wanted = lock[f"node_modules/{name}"]["version"]
        _check_version(folder, name, wanted)
        for file in files:
            called = (
                f"{name}.LICENSE" if file == "LICENSE" else file.removeprefix("dist/").removeprefix("ttf/")
            )
            target = (fonts if name == FONT_PACKAGE else static) / called
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / file, target)
        copied.append(f"{name} {wanted}")
    return copied


def _check_version(folder: Path, name: str, wanted: str) -> None:
    manifest = folder / "package.json"
    found = json.loads(manifest.read_text(encoding="utf-8"))["version"] if manifest.is_file() else "nothing"
    if found != wanted:
        raise SourceError(f"{name} {wanted} is needed, and {found} is here", "Run npm ci")


def main() -> int:
    """Copy, and say in one line what was done or what is wrong."""
    try:
        copied = copy_frontend()
    except PlannerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"map scripts and fonts in place: {', '.join(copied)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
