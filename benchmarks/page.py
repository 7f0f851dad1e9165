"""What a plan costs on the page: ``python -m benchmarks.page [--area NAME]``, in a real Chromium.

Starts the app on a home of its own, taps 20 scenes on the map, then drags a corner of a drawn zone 20 times.
Seconds run from the finger's lift to the frame in which the plan is on the map. Bytes are what the browser
got over the websocket in between, and what it fetched besides. On a busy machine only the server's processor
time can be compared between runs (told on Linux).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Response, WebSocket, sync_playwright

from tests.e2e.browser import Screen, free_port, launch, serving

_RUNS = 20
_TAP_TARGET_S, _DRAG_TARGET_S, _BYTES_TARGET = 1.0, 0.7, 100_000
_SPOTS = [(0.35 + 0.08 * (k % 5), 0.35 + 0.09 * (k // 5)) for k in range(_RUNS)]
_WATCH = """
() => {
  window.planned = new Promise((resolve) => {
    const before = document.body.dataset.plan;
    const watch = new MutationObserver(() => {
      if (!document.body.dataset.plan || document.body.dataset.plan === before) return;
      watch.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
    });
    watch.observe(document.body, { attributes: true, attributeFilter: ["data-plan"] });
  });
  window.lifted = new Promise((resolve) => {
    document.addEventListener("pointerup", () => resolve(performance.now()), { once: true, capture: true });
  });
}
"""
_TAKEN = "async () => ((await window.planned) - (await window.lifted)) / 1000"


@dataclass
class Traffic:
    """Bytes that the page was sent, and by how many messages."""

    socket: int = 0
    fetched: int = 0
    largest: list[int] = field(default_factory=list)

    def watch(self, socket: WebSocket) -> None:
        """Count what comes over a websocket."""
        socket.on("framereceived", self._count)

    def _count(self, frame: bytes | str) -> None:
        self.socket += len(frame)
        self.largest.append(len(frame))

    def note(self, response: Response) -> None:
        """Count what is fetched."""
        self.fetched += int(response.headers.get("content-length", 0))

    def reset(self) -> None:
        """Begin anew."""
        self.socket, self.fetched = 0, 0
        self.largest.clear()


@dataclass(frozen=True)
class Taken:
    """One plan: seconds, bytes over the websocket and besides, the server's processor time."""

    seconds: float
    socket: int
    fetched: int
    server_cpu_s: float | None


def _once(screen: Screen, traffic: Traffic, act: object) -> Taken:
    """Do something that leads to a new plan, and say what it took."""
    assert callable(act)
    (frame,) = (one for one in screen.page.frames if "incident_map/index.html" in one.url)
    traffic.reset()
    before = _server_cpu_s()
    frame.evaluate(_WATCH)
    act()
    seconds = float(frame.evaluate(_TAKEN))
    _settle(screen, traffic)
    after = _server_cpu_s()
    spent = None if before is None or after is None else after - before
    return Taken(seconds, traffic.socket, traffic.fetched, spent)


def _server_cpu_s() -> float | None:
    """Processor time of the app's process so far, a child of this one; None where that is not told."""
    for told in Path("/proc").glob("[0-9]*/stat"):
        try:
            if b"planner.ui.serve" not in (told.parent / "cmdline").read_bytes():
                continue
            fields = told.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(fields[1]) == os.getpid():
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return None


def _settle(screen: Screen, traffic: Traffic) -> None:
    """Wait until the run is over: nothing more has come for a while."""
    before = -1
    while before != traffic.socket:
        before = traffic.socket
        screen.page.wait_for_timeout(400)


def measure_page(area: str, runs: int, screen: Screen, traffic: Traffic) -> dict[str, list[Taken]]:
    """Tap, and drag; one list of what each took."""
    screen.open(f"?area={area}")
    screen.tap(0.5, 0.5)
    screen.wait_for_plan()
    _settle(screen, traffic)
    taps = [_once(screen, traffic, lambda spot=spot: _tap(screen, spot)) for spot in _SPOTS[:runs]]
    screen.open(f"?area={area}")
    screen.zoom_in(2)
    screen.press("HOT")
    screen.draw_loop([(0.42, 0.42), (0.56, 0.4), (0.58, 0.56), (0.44, 0.58)])
    screen.wait_for_plan()
    screen.select_drawn("hot")
    _settle(screen, traffic)
    drags = [_once(screen, traffic, lambda k=k: _drag(screen, k)) for k in range(runs)]
    return {"tap": taps, "drag of a corner": drags}


def _tap(screen: Screen, spot: tuple[float, float]) -> None:
    screen.press("SCENE")
    screen.tap(*spot)


def _drag(screen: Screen, k: int) -> None:
    box = screen.map.locator(".handle.corner").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    way = 1 if k % 2 else -1
    screen.drag((x, y), (x + way * (14 + k), y + way * (14 + k // 2)))  # never where it was before


def _report(work: str, taken: Sequence[Taken], target_s: float) -> str:
    seconds = sorted(one.seconds for one in taken)
    total = sorted(one.socket + one.fetched for one in taken)
    cpu = [one.server_cpu_s for one in taken if one.server_cpu_s is not None]
    spent = f"{statistics.median(cpu):.2f}" if cpu else "-"
    p95 = seconds[min(len(seconds) - 1, int(0.95 * len(seconds)))]
    return (
        f"| {work} | {len(taken)} | {statistics.median(seconds):.2f} | {p95:.2f} | {target_s} | {spent} "
        f"| {statistics.median(total) / 1000:.0f} | {max(total) / 1000:.0f} | {_BYTES_TARGET / 1000:.0f} |"
    )


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--area", default="montevideo")
    parser.add_argument("--runs", type=int, default=_RUNS)
    parser.add_argument("--home", type=Path, help="keep the imported area here for the next time")
    parser.add_argument("--json", type=Path, help="write each figure here too")
    asked = parser.parse_args()
    with ExitStack() as stack:
        home = asked.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        address = stack.enter_context(serving(home, free_port()))
        browser = launch(stack.enter_context(sync_playwright()))
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        traffic = Traffic()
        page.on("websocket", traffic.watch)
        page.on("response", traffic.note)
        began = time.perf_counter()
        found = measure_page(asked.area, asked.runs, Screen(page, address), traffic)
        browser.close()
    print("| work | runs | median s | p95 s | target s | server cpu s | median kB | most kB | target kB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (work, taken), target_s in zip(found.items(), (_TAP_TARGET_S, _DRAG_TARGET_S), strict=True):
        print(_report(f"{asked.area}: {work} to the plan on the map", taken, target_s))
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if asked.json:
        asked.json.write_text(
            json.dumps({work: [vars(one) for one in taken] for work, taken in found.items()})
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
