"""What every test stands on: a home of its own, repeatable Hypothesis, and no silent skips in CI."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import planner

# Repeatable on a busy machine: the same examples every run, and no deadline that load could break.
settings.register_profile(
    "house", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
# For a search by hand (pytest --hypothesis-profile=wide): other examples each run, and more of them.
settings.register_profile(
    "wide", settings.get_profile("house"), derandomize=False, max_examples=200, print_blob=True
)
settings.load_profile("house")

_HOME = pytest.StashKey[Path]()
_LOOK_FOR_GARBAGE_EVERY = 10_000
"""New objects, in place of Python's 700."""


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def _worker(config: pytest.Config) -> int | None:
    """Return which worker of pytest-xdist this is, None where there are none or it deals the tests out."""
    own: dict[str, Any] | None = getattr(config, "workerinput", None)
    return None if own is None else int(own["workerid"].removeprefix("gw"))


def pytest_configure(config: pytest.Config) -> None:
    """Give the run one PLANNER_HOME, shared by its workers and subprocesses: shipped areas import once."""
    if _worker(config) is not None:  # inherits the home of the process that started it
        sys.dont_write_bytecode = False  # what it makes of the tests' asserts, the other workers read
        return
    home = Path(tempfile.mkdtemp(prefix="planner-tests-"))
    config.stash[_HOME] = home
    os.environ["PLANNER_HOME"] = str(home)
    os.environ["PLANNER_OFFLINE"] = "1"
    os.environ.pop("PLANNER_STORE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal whole files, those with a browser to half the workers."""
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.dealing import Dealing  # pytest-xdist is there, since it asks

    return Dealing(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the tests of each worker in one order, from whichever end it came to them."""
    if _worker(config) is not None:
        items.sort(key=lambda item: item.path)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Load all of the planner first: Hypothesis draws words and numbers out of the local modules it finds
    loaded, so that which tests ran before would decide which examples the next one sees."""
    if session.config.rootpath == Path(planner.__file__).parents[1]:  # and no suite made up by a test
        for module in pkgutil.walk_packages(planner.__path__, "planner."):
            if not module.name.endswith(".__main__") and not session.config.option.collectonly:
                importlib.import_module(module.name)
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)
    _look_no_more_for_garbage_among_what_stays()


def _look_no_more_for_garbage_among_what_stays() -> None:
    """Leave all that is loaded out of every later search for garbage: it goes through some 300,000 objects
    of libraries and tests each time, a fifth of the work of a test that makes many, and finds none. And look
    less often for what comes after: Hypothesis, for one, takes the time of every search."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_LOOK_FOR_GARBAGE_EVERY, *gc.get_threshold()[1:])


@pytest.fixture(scope="session", autouse=True)
def packages_looked_through_once() -> Iterator[None]:
    """Look once which installed packages bring parts for pages: each new page of Streamlit's test runner
    reads what all hundred of them say of themselves, two fifths of the work of a test of the pages."""
    if "streamlit" not in sys.modules:  # nobody here tests a page
        yield
        return
    from streamlit.components.v2 import manifest_scanner  # here: who deals the tests out needs no Streamlit

    with pytest.MonkeyPatch.context() as patch:
        found = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", found)
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    home = config.stash.get(_HOME, None)
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)


def _failed_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI a skipped test is a failed one: a suite that quietly tests less must not pass."""
    if report.skipped and not hasattr(report, "wasxfail") and _in_ci():
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped, and CI skips nothing. {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge a test's own skip."""
    report = yield
    _failed_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge the skip of a whole file. And let every other worker come to the files from the end: what pytest
    makes of their asserts is half of the work of loading them all, and is made once where two workers
    meet in the middle."""
    report = yield
    if isinstance(collector, pytest.Directory) and (_worker(collector.config) or 0) % 2:
        report.result.reverse()
    _failed_if_skipped(report)
    return report
