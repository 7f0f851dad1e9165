"""The map's scripts: of the versions in the lock, complete, and asking nothing of anyone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from planner.errors import SourceError
from planner.ui.frontend import COMPONENT, FILES, PROJECT, SCRIPTS, copy_frontend


def make_project(folder: Path, version: str) -> Path:
    packages = {f"node_modules/{name}": {"version": "1.0.0"} for name in FILES}
    (folder / "package-lock.json").write_text(json.dumps({"packages": packages}))
    for name, files in FILES.items():
        root = folder / "node_modules" / name
        for file in files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(f"{name} {file}")
        (root / "package.json").write_text(json.dumps({"version": version}))
    return folder


def test_every_script_is_copied(tmp_path: Path) -> None:
    copied = copy_frontend(make_project(tmp_path, "1.0.0"), tmp_path / "static", tmp_path / "fonts")
    assert copied == [f"{name} 1.0.0" for name in FILES]
    assert all((tmp_path / "static" / name).is_file() for name in SCRIPTS)
    fonts = sorted(file.name for file in (tmp_path / "fonts").iterdir())
    assert [name for name in fonts if name.endswith(".ttf")] == [
        "DejaVuSansCondensed-Bold.ttf",
        "DejaVuSansCondensed-Oblique.ttf",
        "DejaVuSansCondensed.ttf",
    ]
    assert "dejavu-fonts-ttf.LICENSE" in fonts
    assert not any((tmp_path / "static" / name).exists() for name in fonts)


def test_another_version_than_the_lock_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"1\.0\.0 is needed, and 2\.0\.0 is here"):
        copy_frontend(make_project(tmp_path, "2.0.0"), tmp_path / "static", tmp_path / "fonts")


def test_a_missing_package_is_told(tmp_path: Path) -> None:
    project = make_project(tmp_path, "1.0.0")
    (project / "node_modules" / "leaflet" / "package.json").unlink()
    with pytest.raises(SourceError, match="nothing is here"):
        copy_frontend(project, tmp_path / "static", tmp_path / "fonts")


def test_the_maps_page_names_no_other_host_and_only_scripts_that_are_copied() -> None:
    ours = sorted(file for file in COMPONENT.iterdir() if file.suffix in {".html", ".js", ".css"})
    assert len(ours) >= 6
    for file in ours:
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", file.read_text("utf-8")), file.name
    asked = re.findall(r'(?:src|href)="static/([^"]+)"', (COMPONENT / "index.html").read_text("utf-8"))
    assert set(asked) == set(SCRIPTS)


def test_the_lock_pins_each_version_and_names_no_registry() -> None:
    lock = (PROJECT / "package-lock.json").read_text("utf-8")
    wanted = json.loads((PROJECT / "package.json").read_text("utf-8"))["dependencies"]
    packages = json.loads(lock)["packages"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in FILES} == wanted
    assert "resolved" not in lock
    assert all("integrity" in entry for name, entry in packages.items() if name)
