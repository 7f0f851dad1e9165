"""One server for all tests of the page, two browsers, with a cache and without; each test has a page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from planner import packs
from planner.area import Area
from planner.table import Table
from tests.e2e.browser import Screen, chromium, emptied, free_port, launch, launch_with_cache, serving
from tests.town import town

HOSTILE = "<img src=x onerror=alert(1)>![x](https://evil.example/x.png)"


@pytest.fixture(scope="session")
def home() -> Path:
    """The run's home, with a town whose every name is an attack."""
    packs.write_area(_hostile_town())
    return Path(os.environ["PLANNER_HOME"])


def _hostile_town() -> Area:
    made = town()
    network = replace(made.network, names=tuple(name and f"{HOSTILE} {name}" for name in made.network.names))
    buildings, places = _attacking(made.buildings), _attacking(made.places)
    return replace(made, name="hostile", network=network, buildings=buildings, places=places)


def _attacking(table: Table) -> Table:
    return table.with_column("name", np.array([f"{HOSTILE} {name}" for name in table["name"]], dtype=object))


@pytest.fixture(scope="session")
def address(home: Path) -> Iterator[str]:
    with serving(home, free_port()) as address:
        yield address


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    if chromium() is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """A browser for contexts that know nothing of each other."""
    chrome = launch(driver)
    yield chrome
    chrome.close()


@pytest.fixture(scope="session")
def returning(driver: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser that was here before: scripts and styles of the page are in its cache."""
    context = launch_with_cache(driver, tmp_path_factory.mktemp("chromium"))
    yield context
    context.close()


@pytest.fixture
def screen(returning: BrowserContext, address: str) -> Iterator[Screen]:
    """A page that nobody has worked on."""
    with emptied(returning, address) as screen:
        yield screen
