"""One server and one Chromium for all tests of the page; each test gets a page of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, sync_playwright

from planner import packs
from planner.area import Area
from planner.table import Table
from tests.e2e.browser import Screen, chromium, free_port, launch, serving, watched
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
def browser() -> Iterator[Browser]:
    if chromium() is None:
        pytest.skip("Chromium is not installed here: apt-get install chromium")
    with sync_playwright() as playwright:
        chrome = launch(playwright)
        yield chrome
        chrome.close()


@pytest.fixture
def screen(browser: Browser, address: str) -> Iterator[Screen]:
    """A page in a context of its own."""
    with watched(browser, address, 1280, 800) as screen:
        yield screen
