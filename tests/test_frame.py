"""The project's own promises: licences, lock, layers, packaging, and documents that tell the truth."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections import deque
from email.message import Message
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
)


@cache
def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- licences and lock ------------------------------------------------------------------------------------


def _needed(roots: list[str]) -> set[str]:
    """Names of everything that these requirements bring in on this machine."""
    found: set[str] = set()
    waiting = deque(Requirement(line) for line in roots)
    while waiting:
        need = waiting.popleft()
        name = canonicalize_name(need.name)
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or []:
            further = Requirement(line)
            if further.marker is None or any(
                further.marker.evaluate({"extra": extra}) for extra in ("", *need.extras)
            ):
                waiting.append(further)
    return found


def _licence(name: str) -> str:
    """What a distribution says its licence is: expression, classifiers, or a short licence field."""
    about: Message = cast("Message", metadata.metadata(name))  # it is one, says its documentation
    said = [about.get("License-Expression") or ""]
    said += [line for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    if not any(said):
        said = [(about.get("License") or "").strip().partition("\n")[0]]
    return "; ".join(part for part in said if part)


def _is_copyleft(licence: str) -> bool:
    """GPL or AGPL, and no other choice; the LGPL lets a program link."""
    parts = [part for part in re.split(r";|\bOR\b", licence) if part.strip()]
    strict = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
    return bool(parts) and all(strict.search(part) for part in parts)


def test_nothing_that_runs_is_gpl() -> None:
    copyleft = {name: _licence(name) for name in _needed(_pyproject()["project"]["dependencies"])}
    assert {name: said for name, said in copyleft.items() if _is_copyleft(said)} == {}


def test_everything_that_runs_says_its_licence() -> None:
    silent = [name for name in sorted(_needed(_pyproject()["project"]["dependencies"])) if not _licence(name)]
    assert silent == []


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [
        ("GPL-3.0-or-later", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("AGPL-3.0-only", True),
        ("LGPL-2.1-only", False),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MIT OR GPL-2.0-only", False),
        ("BSD-3-Clause", False),
    ],
)
def test_the_licence_check_knows_copyleft(licence: str, copyleft: bool) -> None:
    assert _is_copyleft(licence) is copyleft


def _locked() -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", _text("requirements.lock"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def test_lock_holds_all_that_is_needed_at_the_version_that_runs() -> None:
    project = _pyproject()
    locked = _locked()
    needed = _needed([*project["project"]["dependencies"], *project["dependency-groups"]["dev"]])
    assert sorted(needed - set(locked)) == []
    assert {name: metadata.version(name) for name in needed} == {name: locked[name] for name in needed}


def test_lock_pins_every_package_by_hash_and_names_no_host() -> None:
    text = _text("requirements.lock")
    stanzas = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert all("--hash=sha256:" in stanza for stanza in stanzas)
    assert not re.search(r"https?:|file:|find-links|index-url|trusted-host|^-", text, re.MULTILINE)
    assert not re.search(r'"resolved"', _text("package-lock.json"))


# --- layers -----------------------------------------------------------------------------------------------


def _rows() -> list[list[str]]:
    contract = next(c for c in _pyproject()["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    return [[name.strip(" ()") for name in re.split(r"[|:]", row)] for row in contract["layers"]]


def test_pure_core_is_every_file_below_the_rim() -> None:
    rows = _rows()
    rim = next(i for i, row in enumerate(rows) if "sources" in row)
    core = {name for row in rows[rim + 1 :] for name in row} - {"settings"}
    files = {path.stem for path in (ROOT / "planner").glob("*.py")}
    folders = {path.parent.name for path in (ROOT / "planner").glob("*/__init__.py")}
    written = (files | folders) & core
    contract = next(c for c in _pyproject()["tool"]["importlinter"]["contracts"] if c["id"] == "pure-core")
    assert {name.removeprefix("planner.") for name in contract["source_modules"]} == written


def test_core_brings_in_no_screen_or_network() -> None:
    """Also not through a third party: what make_plan loads is what the command line waits for."""
    script = (
        "import sys, planner.plan\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules}"
        " & {'streamlit', 'folium', 'osmnx', 'requests', 'sqlite3', 'click', 'matplotlib', 'networkx'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


# --- documents --------------------------------------------------------------------------------------------


def _commands() -> list[str]:
    """Every ``planner ...`` line of an indented or fenced block in what users read."""
    lines = []
    for name in ("README.md", "CONTRIBUTING.md"):
        lines += re.findall(r"^ {4}(planner .+)$", _text(name), re.MULTILINE)
    return lines


@pytest.mark.parametrize("line", _commands())
def test_command_in_the_documents_parses(line: str) -> None:
    command: click.Command = importlib.import_module("planner.cli").main
    words = shlex.split(line)
    context: click.Context | None = None
    while True:
        context = click.Context(command, parent=context, info_name=words[0])
        given, rest, _order = command.make_parser(context).parse_args(words[1:])
        if not isinstance(command, click.Group):
            break
        assert rest, f"{line}: ends at a group"
        found = command.get_command(context, rest[0])
        assert found is not None, f"{line}: no command {rest[0]}"
        command, words = found, rest
    assert rest == [], f"{line}: too many arguments"
    for part in command.params:
        value = given.get(part.name or "")
        if value is not None and not isinstance(part.type, click.Path | click.File):
            part.type_cast_value(context, value)
    required = {option.name for option in command.params if option.required}
    assert required <= {name for name, value in given.items() if value is not None}


def test_documents_show_commands() -> None:
    assert len(_commands()) >= 5


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_in_documents_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", _text(name))
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in local if not ((ROOT / name).parent / link).exists()] == []


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"`make ([a-z]+)`", _text("README.md") + _text("CONTRIBUTING.md"))))
)
def test_make_target_in_the_documents_exists(target: str) -> None:
    assert re.search(rf"^{target}:", _text("Makefile"), re.MULTILINE)


def _sections(text: str) -> dict[str, str]:
    """Bodies of a document by the number in their heading, points of a numbered list as sub-sections."""
    found: dict[str, str] = {}
    for body in re.split(r"^(?=#{2,3} \d)", text, flags=re.MULTILINE)[1:]:
        number = body.split()[1].rstrip(".")
        found[number] = body
        found |= {f"{number}.{point}": body for point in re.findall(r"^(\d+)\. ", body, re.MULTILINE)}
    return found


def test_sources_of_doctrine_are_explained() -> None:
    sources = " ".join(re.findall(r'source = "([^"]*)"', _text("data/doctrine.toml")))
    named = set(re.findall(r"\[([A-Z0-9][A-Z0-9.-]+)\]", sources))
    assert named
    assert sorted(key for key in named if f"[{key}]" not in _sections(_text("docs/domain.md"))["8"]) == []


def test_sections_of_the_domain_that_are_cited_exist() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "planner").rglob("*.py"))]
    texts.append(_text("data/doctrine.toml"))
    cited = {hit for text in texts for hit in re.findall(r"domain(?:\.md)?`{0,2},? (\d+(?:\.\d+)?)", text)}
    assert cited
    assert sorted(cited - set(_sections(_text("docs/domain.md")))) == []


def test_changelog_tells_of_this_version_or_of_what_is_coming() -> None:
    version = metadata.version("planner")
    assert version == _pyproject()["project"]["version"]
    assert re.search(rf"^## \[({re.escape(version)}|Unreleased)\]", _text("CHANGELOG.md"), re.MULTILINE)


# --- set-up and suite -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ci", "passes"), [("true", False), ("", True)])
def test_a_skipped_test_fails_in_ci_alone(ci: str, passes: bool, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\ndef test_fine():\n    pass\n\n\n"
        "def test_skipped():\n    pytest.skip('no browser')\n\n\n"
        "@pytest.mark.xfail(reason='known')\ndef test_known():\n    assert False\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--rootdir={tmp_path}",
        str(tmp_path),
    ]
    run = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False
    )
    assert (run.returncode == 0) is passes, run.stdout
    assert ("1 skipped" in run.stdout) is passes
    assert "1 xfailed" in run.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("venv", "/nonexistent/python", "{tmp}/venv"), "Python 3.11 or 3.12 is needed"),
        (("bake",), "usage:"),
        ((), "usage:"),
    ],
)
def test_set_up_says_in_one_line_what_is_wrong(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    given = [word.format(tmp=tmp_path) for word in words]
    run = subprocess.run(
        ["bash", "scripts/setup.sh", *given], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert says in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize("system_makes_one", [True, False])
def test_the_systems_own_python_comes_first_and_the_next_where_it_makes_no_environment(
    system_makes_one: bool, tmp_path: Path
) -> None:
    system, path, venv = (tmp_path / name for name in ("system", "path", "venv"))
    _stand_in(system / "python3.11", "system", makes=system_makes_one)
    _stand_in(path / "python3.11", "path", makes=True)
    told = os.environ | {
        "SYSTEM_BIN": str(system),
        "PATH": f"{path}:{tmp_path / 'no-apt'}:{os.environ['PATH']}",
    }
    _stand_in(tmp_path / "no-apt" / "id", "1000", makes=True)  # who is not root installs nothing
    step = ["bash", "scripts/setup.sh", "venv", "", str(venv)]
    subprocess.run(step, cwd=ROOT, env=told, capture_output=True, text=True, check=True)
    assert (venv / "made-by").read_text() == ("system" if system_makes_one else "path")


def _stand_in(program: Path, name: str, makes: bool) -> None:
    """A fit Python that makes an environment with its name in it, or fails to; called as id, it prints it."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(
        f'#!/bin/sh\n[ "$1" = -u ] && echo {name} && exit\n[ "$1" = -c ] && exit\n[ "$2" = venv ] || exit 1\n'
        + (
            f'for last; do :; done\nmkdir -p "$last" && printf {name} >"$last/made-by"\n'
            if makes
            else "exit 1\n"
        )
    )
    program.chmod(0o755)


@pytest.mark.parametrize("trouble", ["none", "0", "1"])
def test_two_pips_install_all_of_the_lock_and_neither_fails_unheard(trouble: str, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(
        '#!/bin/sh\n[ "$2" = pip ] || exit 0\nfor last; do :; done\n'
        f'cat "$last" >>"$0.$$"\n[ "${{last##*-}}" != {trouble} ]\n'
    )
    python.chmod(0o755)
    step = ["bash", "scripts/setup.sh", "packages", str(tmp_path)]
    run = subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) is (trouble == "none")
    first, second = (path.read_text() for path in python.parent.glob("python.*"))
    assert _stanzas(first) | _stanzas(second) == _stanzas(_text("requirements.lock"))
    assert not _stanzas(first) & _stanzas(second)


def test_what_is_installed_is_compiled_but_for_what_nothing_here_starts(tmp_path: Path) -> None:
    python, packages = tmp_path / "bin" / "python", tmp_path / "lib" / "python3.11" / "site-packages"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\n[ "$2" = pip ] || exec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    started = {"some/__init__.py", "some/testing/plain.py", "alone.py"}
    for name in (*started, "some/tests/test_it.py", "mypy/build.py", "mypyc/build.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("HERE = 1\n", encoding="utf-8")
    (packages / "some" / "template.py").write_text("{{ no Python }}", encoding="utf-8")
    step = ["bash", "scripts/setup.sh", "packages", str(tmp_path)]
    subprocess.run(step, cwd=ROOT, capture_output=True, text=True, check=True)
    compiled = {importlib.util.source_from_cache(str(path)) for path in packages.rglob("*.pyc")}
    assert compiled == {str(packages / name) for name in started}


def _stanzas(lock: str) -> set[str]:
    """Each package with its hashes."""
    return set(re.findall(r"^[A-Za-z0-9].*(?:\n .*)*", lock, re.MULTILINE))


def test_nothing_committed_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    machine = re.compile(rb"(?<![\w.])/(?:work|root)/|registry\.npmjs|pypi\.org/simple|deb\.debian")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert [str(path) for path in files if path.is_file() and machine.search(path.read_bytes())] == []


# --- packaging --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_carries_the_page_its_scripts_and_the_shipped_areas(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = "planner/_shipped"
    wanted = {f"{shipped}/streamlit_app.py", f"{shipped}/.streamlit/config.toml"}
    wanted |= {
        f"{shipped}/data/{path.name}"
        for path in (ROOT / "data").iterdir()
        if path.suffix in {".pbf", ".toml", ".csv", ".md"}
    }
    wanted |= {f"{shipped}/pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    wanted |= {
        f"planner/ui/incident_map/static/{name}"
        for name in ("leaflet.js", "leaflet.css", "protomaps-leaflet.js")
    }
    wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "planner").rglob("*.py")}
    assert sorted(wanted - names) == []


def test_wheel_carries_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    strays = [name for name in names if not name.startswith(("planner/", "planner-"))]
    assert strays == []
    assert not [name for name in names if "__pycache__" in name or name.endswith(".built")]


def test_wheel_finds_what_it_carries(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, the package reads its own doctrine and areas, not those of the source tree."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    script = (
        "from planner.settings import shipped\n"
        "from planner.packs import shipped_doctrine\n"
        "for name in ('doctrine.toml', 'montevideo.osm.pbf', 'three_rivers_mi.osm.pbf'):\n"
        "    print(shipped('data', name))\n"
        "print(shipped('streamlit_app.py'))\n"
        "assert shipped_doctrine().name == 'default'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert all(Path(line).is_relative_to(tmp_path / "planner" / "_shipped") for line in run.stdout.split())
