"""The page in a real Chromium: one server, and a page that refuses every other host and notes faults."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Frame,
    FrameLocator,
    Page,
    Playwright,
    Request,
    expect,
)
from playwright.sync_api import TimeoutError as Overdue

PROJECT = Path(__file__).parents[2]
MAP_TITLE = "planner.ui.map.incident_map"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name and no address but this machine's leads anywhere. Not by a route handler: one turns the
    # browser's cache off, and every test would load Streamlit's scripts anew.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)  # its own 5 s are few for a page that loads on a busy machine
AXE = PROJECT / "node_modules/axe-core/axe.min.js"
_RUN_AXE = """
async () => {
  const result = await axe.run(document, { resultTypes: ["violations"], iframes: false });
  const told = (node) => `${node.html.slice(0, 160)} ${node.failureSummary}`;
  return result.violations.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${told(node)}`));
}
"""


def chromium() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(home: Path, port: int, **more: str) -> Iterator[str]:
    """Run the app on a home, with more in its environment, and yield its address once it answers."""
    command = [sys.executable, "-m", "planner.ui.serve", "run", "streamlit_app.py"]
    command += ["--server.port", str(port)]
    environment = {**os.environ, "PLANNER_HOME": str(home), "PLANNER_OFFLINE": "1", **more}
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, server)
            yield address
        finally:
            server.kill()  # no good-bye: whatever was promised to be on disk must be there
            server.wait(20)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, "the server stopped"
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not answer within 60 s")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))


def launch_with_cache(playwright: Playwright, folder: Path) -> BrowserContext:
    """Start a browser that keeps in a folder what it loaded, and what it made of the scripts."""
    return playwright.chromium.launch_persistent_context(
        folder,
        executable_path=chromium(),
        args=list(FLAGS),
        viewport={"width": 1280, "height": 800},
        has_touch=True,
    )


_BARE = """
(zone) => {
  const path = document.querySelector(`path.drawn-${zone}`);
  const [whole, map] = [path, document.getElementById("map")].map((one) => one.getBoundingClientRect());
  const shares = [...Array(19).keys()].map((k) => (k + 1) / 20);
  const spots = shares.flatMap((right) => shares.map((down) => [right, down]));
  const off = ([right, down]) => Math.hypot(right - 0.5, down - 0.5);
  for (const [right, down] of spots.sort((a, b) => off(a) - off(b))) {
    const [x, y] = [whole.left + right * whole.width, whole.top + down * whole.height];
    if (document.elementFromPoint(x, y) === path) return [x - map.left, y - map.top];
  }
  throw new Error(`marks lie on all of the ${zone} zone`);
}
"""
"""The place on a drawn zone nearest to its middle where no mark of the plan lies on it."""


@dataclass
class Screen:
    """One browser page on the incident, and the ways to work it that a person has."""

    page: Page
    address: str
    strangers: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._note)
        self.page.set_default_timeout(PATIENCE_MS)

    def _ours(self, url: str) -> bool:
        return url.startswith(
            (self.address, self.address.replace("http", "ws", 1), "data:", "blob:", "about:")
        )

    def _note(self, request: Request) -> None:
        if not self._ours(request.url):
            self.strangers.append(request.url)

    # --- what is on the screen ---

    def judge(self) -> None:
        """Fail if the page asked another host, or threw."""
        assert self.strangers == []
        assert self.faults == []

    @property
    def map(self) -> FrameLocator:
        return self.page.frame_locator(f"iframe[title='{MAP_TITLE}']")

    def open(self, query: str = "") -> Screen:
        self.page.goto(f"{self.address}/{query}")
        return self.ready()

    def ready(self) -> Screen:
        """Wait for the map and its base map."""
        self.map.locator("#tools").get_by_text("HOT", exact=True).wait_for()
        self.map.locator(".leaflet-tile-container canvas").first.wait_for(state="attached")
        self.idle()  # no map comes anew under a stroke
        return self

    def idle(self) -> None:
        """Wait until the page's script has run to its end."""
        self.page.locator("[data-test-script-state='notRunning']").wait_for()

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until what is read off the page holds: for what none of Playwright's own waits is made."""
        end = time.monotonic() + PATIENCE_MS / 1000
        while not holds():
            assert time.monotonic() < end, f"waited in vain: {what}"
            self.page.wait_for_timeout(100)

    def plan_id(self) -> str:
        return self.map.locator("body").get_attribute("data-plan") or ""

    def wait_for_plan(self, other_than: str = "") -> str:
        """Wait for a plan on the map that is not the given one, and for its words beside it."""
        try:
            self.map.locator(
                f"body[data-plan]:not([data-plan='']):not([data-plan='{other_than}'])"
            ).wait_for()
        except Overdue as error:
            raise AssertionError(f"no plan came: {self.standing()}") from error
        if self.page.locator(".board").count():
            self.page.locator(f".board[data-plan='{self.plan_id()}']").wait_for()
        else:
            self.page.get_by_text("Suggestion: IC decides").first.wait_for()
        return self.plan_id()

    def standing(self) -> str:
        """What the map says, what is in the hand and where the keys go: for who looks why nothing came."""
        told: str = self.frame().evaluate(
            """() => JSON.stringify({
              hint: document.getElementById("hint").textContent,
              pressed: [...document.querySelectorAll("[aria-pressed=true]")].map((one) => one.textContent),
              drawn: [...document.querySelectorAll("path")].map((one) => one.classList.value).slice(0, 9),
              focus: [document.hasFocus(), document.activeElement?.outerHTML.slice(0, 80)],
              plan: document.body.dataset.plan,
            })"""
        )
        return f"{told}; {self.page.locator('.stMain').inner_text()[-600:]}"

    def posts(self) -> list[str]:
        """Names of the posts on the map."""
        names: list[str] = self.map.locator("#map .post").evaluate_all(
            "all => all.map((one) => one.getAttribute('aria-label') ?? '').sort()"
        )
        return names

    def frame(self) -> Frame:
        """The frame that the map lives in, to run scripts there."""
        (frame,) = (one for one in self.page.frames if "incident_map/index.html" in one.url)
        return frame

    def findings(self) -> list[str]:
        """What axe-core finds on the page and in every frame of it, one line each."""
        self.page.locator("[data-stale='true']").first.wait_for(state="detached")  # fading, about to go
        found = []
        for frame in self.page.frames:
            if not frame.url.startswith("http"):
                continue
            frame.evaluate(AXE.read_text(encoding="utf-8"))
            found += [f"{frame.url.split('?')[0]}: {line}" for line in frame.evaluate(_RUN_AXE)]
        return found

    def drawn(self) -> list[dict[str, Any]]:
        """The features that the map holds, as kept by the store: what a reload would bring back."""
        rows = sqlite3.connect(Path(os.environ["PLANNER_HOME"]) / "incidents.sqlite").execute(
            "SELECT document FROM version WHERE incident = ? ORDER BY number DESC LIMIT 1",
            (self.page.url.rpartition("incident=")[2],),
        )
        features: list[dict[str, Any]] = json.loads(rows.fetchone()[0])["features"]
        return features

    # --- what a hand does ---

    def find(self, text: str) -> None:
        """Type where it is, and choose the first that is suggested."""
        self.page.get_by_label("Find:").fill(text)
        self.page.locator(".found").first.click()

    def at(self, right: float, down: float) -> tuple[float, float]:
        """A point of the map in page pixels, from shares of its width and height."""
        box = self.map.locator("#map").bounding_box()
        assert box is not None
        return box["x"] + right * box["width"], box["y"] + down * box["height"]

    def tap(self, right: float = 0.55, down: float = 0.5) -> None:
        self.page.mouse.click(*self.at(right, down))

    def press(self, tool: str) -> None:
        self.map.locator("#tools").get_by_text(tool, exact=True).click()

    def draw_loop(self, corners: list[tuple[float, float]]) -> None:
        """One stroke with the mouse button held."""
        first, *others = [self.at(*corner) for corner in corners]
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for corner in others:
            self.page.mouse.move(*corner, steps=8)
        self.page.mouse.up()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=8)
        self.page.mouse.up()

    def select_drawn(self, zone: str) -> None:
        """Select a drawn zone, if it is not selected still, where no mark of the plan lies on it."""
        if self.map.locator("#selected").is_hidden():
            x, y = self.frame().evaluate(_BARE, zone)
            self.map.locator("#map").click(position={"x": x, "y": y})
        self.map.get_by_role("button", name="DELETE").wait_for()

    def zoom_in(self, times: int) -> None:
        for _ in range(times):
            self.map.get_by_role("button", name="Zoom in").click()
            self.page.wait_for_timeout(400)
            self.map.locator(".leaflet-zoom-anim").wait_for(
                state="detached"
            )  # a press meanwhile is not heard


_KEPT_BY_PAGES = "cookies,local_storage,indexeddb,cache_storage,service_workers"


@contextmanager
def emptied(context: BrowserContext, address: str) -> Iterator[Screen]:
    """Open a page that finds nothing an earlier one kept but the files it loaded; it fails as one watched.

    A context of its own would load and compile a hundred scripts anew: a quarter of the work of each test.
    """
    context.clear_permissions()
    screen = Screen(context.new_page(), address)
    session = context.new_cdp_session(screen.page)
    session.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": _KEPT_BY_PAGES})
    session.detach()
    yield screen
    screen.page.close()
    screen.judge()


@contextmanager
def watched(browser: Browser, address: str, width: int, height: int) -> Iterator[Screen]:
    """Open a page in a context of its own: it fails who asks another host or throws in the page."""
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    screen = Screen(context.new_page(), address)
    yield screen
    context.close()
    screen.judge()
