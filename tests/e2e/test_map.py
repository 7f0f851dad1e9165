"""The map itself: readable in each size and light, in words too, quiet on the line, silent to strangers."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace
from pathlib import Path

import mgrs
import pytest
from playwright.sync_api import Browser, expect

from planner import packs
from planner.geo import LonLat
from tests.e2e.browser import Screen, free_port, serving
from tests.e2e.test_incident import LOOP, SMALL_TOWN
from tests.town import town

pytestmark = pytest.mark.e2e

PLACES = [
    (-34.8945, -56.1665),
    (41.94, -85.63),
    (59.9, 4.2),
    (78.2, 15.6),
    (0.0001, 0.0001),
    (-0.0001, 179.99),
    (35.6, 139.7),
]
BADGES = ", ".join(
    f"#map .{sign}:not(.dot)"
    for sign in ("site", "post", "observation", "hospital", "zone-letter", "scene-mark")
)
_OVERLAPS = """
(all) => {
  const boxes = all.map((one) => [one.getAttribute("aria-label"), one.getBoundingClientRect()]);
  const found = [];
  boxes.forEach(([name, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
    const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (x > 3 && y > 3) found.push(`${name} / ${other}`);
  }));
  return found;
}
"""


def test_nothing_on_a_dark_phone_covers_another_and_axe_finds_nothing(screen: Screen) -> None:
    screen.page.emulate_media(color_scheme="dark")
    screen.page.set_viewport_size({"width": 390, "height": 844})
    screen.open(SMALL_TOWN)
    screen.tap(0.45, 0.4)
    screen.wait_for_plan()
    assert screen.map.locator("body.dark").count() == 1
    shown = screen.map.locator(BADGES)
    assert shown.count() >= 12
    assert shown.evaluate_all(_OVERLAPS) == []
    post = screen.map.locator("#map .site-command_post")
    assert "bare-sign" not in (post.get_attribute("class") or ""), "its word is shown"
    signs = screen.map.locator("#map .site, #tools, #views")
    assert [pair for pair in signs.evaluate_all(_OVERLAPS) if "View" in pair or "Draw" in pair] == []
    screen.map.locator("#map .site").first.dispatch_event("click")
    screen.map.locator("#selected").get_by_role("button", name="ACCEPT").wait_for()
    assert screen.findings() == []


_PLACED = """
async () => {
  const { around, beside, place } = await import("./labels.js");
  const view = { left: 0, right: 390, top: 0, bottom: 400 };
  const overlap = (a, b) =>
    Math.min(a.r, b.r) > Math.max(a.l, b.l) && Math.min(a.b, b.b) > Math.max(a.t, b.t);
  let state = 7;
  const next = (top) => (state = (state * 48271) % 2147483647) % top;
  const problems = [];
  let late = 0; // words come late where there is room within reach: in most rounds
  for (let round = 0; round < 60; round += 1) {
    const [word, sign] = [90, 36].map((width) => ({ width, height: 32, places: around(width, 32) }));
    const sites = [...Array(8).keys()].map((k) => ({
      x: 40 + next(300), y: 40 + next(300), must: true, reach: 120, dot: 9,
      forms: k < 4 ? [word] : [{ ...word, late: true }, sign],
    }));
    const posts = [...Array(40).keys()].map(() => ({
      x: next(390), y: next(400), dot: 11, forms: [{ width: 42, height: 27, places: beside(42, 27, 8) }],
    }));
    const items = [...sites, ...posts];
    const found = place(items, view);
    const boxes = found.map((one, k) => {
      if (!one) return null;
      const { width, height } = items[k].forms[one.form];
      const [x, y] = [items[k].x + one.offset[0], items[k].y + one.offset[1]];
      return { l: x - width / 2, r: x + width / 2, t: y - height / 2, b: y + height / 2 };
    });
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b, j) => {
      if (a && b && overlap(a, b)) problems.push(`round ${round}: ${i} lies on ${i + 1 + j}`);
    }));
    if (found.slice(0, 8).some((one) => !one)) problems.push(`round ${round}: a site is not shown`);
    if (found.slice(4, 8).some((one) => one?.form === 0)) late += 1;
    items.forEach((one, k) => boxes.slice(8).forEach((a, j) => {
      const end = { l: one.x - 3, r: one.x + 3, t: one.y - 3, b: one.y + 3 };
      if (a && k !== j + 8 && overlap(a, end)) problems.push(`round ${round}: post ${j} hides dot ${k}`);
    }));
  }
  if (late < 40) problems.push(`words came late in ${late} rounds`);
  return problems;
}
"""


def test_labels_lie_on_no_other_and_posts_on_no_dot_the_first_first(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    assert screen.frame().evaluate(_PLACED) == []


_NEAR = """
async () => {
  const { around, place } = await import("./labels.js");
  const view = { left: 0, right: 390, top: 0, bottom: 400 };
  const forms = [118, 36].map((width) => ({ width, height: 32, places: around(width, 32) }));
  const reach = 70;
  let state = 11;
  const next = (top) => (state = (state * 48271) % 2147483647) % top;
  const problems = [];
  const bare = new Set();
  for (let round = 0; round < 60; round += 1) {
    // Three sites in a crowd of dots, in the corner of a view; nothing may stand to their west.
    const [x, y] = [next(2) ? 330 : 40, 40 + next(320)];
    const poor = (form, [dx]) => (dx < -form.width / 2 ? 1 : 0);
    const sites = [0, 1, 2].map((k) => ({
      x: x + 9 * k, y: y + next(12), forms, must: true, reach, poor, dot: 9, may: [0],
    }));
    const posts = [...Array(next(40)).keys()].map(() => ({
      x: x - 60 + next(120), y: y - 60 + next(120), dot: 11, forms: [{ width: 11, height: 11, places: [] }],
    }));
    place([...sites, ...posts], view).slice(0, 3).forEach((one, k) => {
      const { x, y } = sites[k];
      const { width } = forms[one.form];
      bare.add(one.form);
      const [left, top] = [x + one.offset[0] - width / 2, y + one.offset[1] - 16];
      const off = (axis, size) => Math.max(0, Math.abs(one.offset[axis]) - size / 2);
      const far = Math.hypot(...one.offset) > reach && Math.hypot(off(0, width), off(1, 32)) > reach / 2;
      const cut = left < 0 || top < 0 || left + width > 390 || top + 32 > 400;
      const west = x < 200 && poor(forms[one.form], one.offset) > 0;
      if (far || cut || west) problems.push(`${round}, ${k}: far ${far}, cut off ${cut}, west ${west}`);
    });
  }
  return [problems, [...bare].sort()];
}
"""


def test_a_site_stands_near_its_place_wholly_in_view_if_only_as_its_symbol(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    assert screen.frame().evaluate(_NEAR) == [[], [0, 1]]


_ON_WARM = """
(posts) => {
  const warm = document.querySelector("path.zone-warm");
  const on = (x, y) => warm.isPointInFill(new DOMPoint(x, y).matrixTransform(warm.getScreenCTM().inverse()));
  const corners = (box) => [box.left, box.right].flatMap((x) => [box.top, box.bottom].map((y) => [x, y]));
  return posts.filter((one) => corners(one.getBoundingClientRect()).some(([x, y]) => on(x, y)))
    .map((one) => one.getAttribute("aria-label"));
}
"""
_CLEARED = """
async () => {
  const { clearest } = await import("./fit.js");
  const [covers, size] = [[{ left: 0, top: 0, right: 150, bottom: 640 }], { x: 800, y: 670 }];
  const room = { left: 40, right: 40, up: 0, down: 100 };
  return [
    clearest([{ x: 400, y: 300 }], covers, room, size), // nothing is covered: it stays
    clearest([{ x: 130, y: 300 }, { x: 500, y: 100 }], covers, room, size), // out to the right
    clearest([{ x: 40, y: 600 }], covers, room, size), // out below
    clearest([{ x: 15, y: 300 }], covers, room, size), // better out of sight than under a button
    clearest([{ x: 70, y: 300 }], covers, room, size), // no way out: it stays
    clearest([{ x: 400, y: 665 }], covers, room, size), // cut off at the edge is no better
  ];
}
"""


def test_on_a_tablet_each_gate_has_its_name_and_no_outer_post_is_named_on_warm_ground(screen: Screen) -> None:
    screen.page.set_viewport_size({"width": 1180, "height": 820})
    screen.open(SMALL_TOWN)
    screen.page.get_by_text("Knife", exact=True).first.click()
    screen.page.get_by_label("Find:").fill("41.944, -85.632")
    screen.page.keyboard.press("Enter")
    screen.wait_for_plan()
    screen.page.wait_for_timeout(500)
    gates = screen.map.locator("#map .post-gate")
    expect(gates.nth(2)).to_be_attached()
    assert [
        one for one in gates.evaluate_all("all => all.map((one) => one.className)") if " dot" in one
    ] == []
    assert screen.map.locator("#map .post-outer:not(.dot)").evaluate_all(_ON_WARM) == []
    stays, right, below, away, shut, edge = screen.frame().evaluate(_CLEARED)
    assert (stays, shut) == ([0, 0], [0, 0])
    assert right[0] >= 34
    assert right[1] == 0
    assert below[1] >= 54
    assert away[0] < 0
    assert edge[1] > 0
    screen.zoom_in(3)  # what is out of sight is not named at the edge
    named = screen.map.locator("#map .site:not(.dot)")
    assert 0 < named.count() < screen.map.locator("#map .site").count()


def test_a_tip_opens_under_a_pointer_that_moves_and_not_under_one_at_rest(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})  # a mouse: fingers get no tips
    screen = Screen(context.new_page(), address).open(SMALL_TOWN)
    screen.tap()
    screen.wait_for_plan()
    post = screen.map.locator("#map .post:not(.dot)").first
    box = post.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    screen.page.mouse.move(*at, steps=4)
    tip = screen.map.locator(".leaflet-tooltip.tip")
    expect(tip).to_be_visible()
    screen.map.locator("#map").focus()
    screen.page.keyboard.press("Control+z")
    expect(screen.map.locator("#map .post")).to_have_count(0)
    expect(tip).to_have_count(0)
    screen.page.keyboard.press("Control+Shift+z")
    expect(post).to_be_visible()
    screen.page.wait_for_timeout(500)
    expect(tip).to_have_count(0)
    screen.page.mouse.move(at[0] + 3, at[1] + 2)
    expect(tip).to_be_visible()
    context.close()
    assert screen.faults == []


def test_what_is_found_lies_above_the_plan_at_night_too(screen: Screen) -> None:
    screen.page.add_init_script("localStorage.setItem('planner.map', '{\"theme\": \"night\"}')")
    screen.page.set_viewport_size({"width": 1024, "height": 768})
    screen.open(SMALL_TOWN)
    screen.page.locator("html[data-night]").wait_for(state="attached")
    screen.find("high school")  # a tap: it fails where anything lies above
    screen.wait_for_plan()
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 1024


def test_the_key_the_table_and_the_night_are_accessible(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    screen.tap()
    screen.wait_for_plan()
    assert screen.findings() == []

    screen.map.get_by_role("button", name="KEY:").click()
    posts = screen.map.locator("#map .post")
    expect(posts.nth(5)).to_be_attached()
    screen.map.get_by_label("Posts, numbered").uncheck()
    expect(posts).to_have_count(0)
    screen.map.get_by_label("Posts, numbered").check()
    expect(posts.nth(5)).to_be_attached()
    screen.map.get_by_label("Night").check()
    assert screen.findings() == []

    screen.map.get_by_role("button", name="Read the map as a table").click()
    rows = screen.map.locator("#told tbody tr")
    named = [text for text in rows.all_inner_texts() if "Post O1:" in text]
    assert len(named) == 1
    assert screen.findings() == []
    screen.map.locator("#told").get_by_role("button", name="Command post:").first.click()
    expect(screen.map.locator("#map .site-command_post").first).to_be_focused()
    screen.page.get_by_role("link", name="Areas").click()
    screen.page.get_by_text("comes with the program").first.wait_for()
    assert screen.findings() == []


def test_the_grid_reads_as_others_read_it_and_the_ruler_in_both_systems(screen: Screen) -> None:
    screen.open(SMALL_TOWN)
    read = """async (places) => {
      const { usng, toUtm, fromUtm } = await import("./usng.js");
      return places.map(([lat, lon]) => [usng(lat, lon), fromUtm(toUtm(lat, lon))]);
    }"""
    told = screen.frame().evaluate(read, PLACES)
    peer = mgrs.MGRS()
    for (lat, lon), (text, back) in zip(PLACES, told, strict=True):
        assert text.replace(" ", "") == peer.toMGRS(lat, lon, MGRSPrecision=4).replace(" ", "")
        assert back == pytest.approx([lat, lon], abs=1e-9)
    assert screen.map.locator(".grid-label").count() > 1

    screen.map.get_by_role("button", name="RULER:").click()
    for spot in ((0.4, 0.5), (0.6, 0.5), (0.6, 0.5)):
        screen.tap(*spot)
        screen.page.wait_for_timeout(350)
    line = screen.map.locator("#hint").inner_text()
    metres, feet = (float(part.split()[0].replace(",", "")) for part in line.split(" / "))
    assert " m / " in line
    assert " ft" in line
    assert feet == pytest.approx(metres / 0.3048, rel=0.01)


def test_a_new_plan_costs_little_on_the_line_and_moves_nothing(screen: Screen) -> None:
    """Under 100 kB for a plan after a dragged corner; the same plan again, next to nothing."""
    received: list[int] = []
    screen.page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame)))
    )
    screen.open(SMALL_TOWN)
    screen.tap()
    first = screen.wait_for_plan()
    scene = screen.map.locator(".scene-mark").bounding_box()
    received.clear()
    screen.press("WARM")
    screen.draw_loop(LOOP)
    screen.wait_for_plan(other_than=first)
    assert 1000 < sum(received) < 100_000
    assert screen.map.locator(".scene-mark").bounding_box() == scene


ASKED: list[str] = []
_REFUSED = """
(url) => new Promise((done) => {
  Object.assign(new Image(), { src: url, onload: () => done(false), onerror: () => done(true) });
})
"""


class _Tiles(http.server.BaseHTTPRequestHandler):
    """An empty picture, whatever is asked."""

    def do_GET(self) -> None:
        ASKED.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "image/svg+xml")
        self.end_headers()
        self.wfile.write(b'<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"/>')

    def log_message(self, *_told: object) -> None:
        """Nothing."""


def test_an_online_map_is_asked_only_by_who_chose_it(browser: Browser, home: Path) -> None:
    tiles = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Tiles)
    threading.Thread(target=tiles.serve_forever, daemon=True).start()
    host = f"http://127.0.0.1:{tiles.server_port}"
    with serving(home, free_port(), PLANNER_TILES_URL=host + "/{z}/{x}/{y}.png") as address:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        screen = Screen(context.new_page(), address).open(SMALL_TOWN)
        assert ASKED == []
        assert screen.frame().evaluate(_REFUSED, f"{host}/9/9/9.png"), "only the choice opens the policy"
        screen.map.get_by_role("button", name="KEY:").click()
        screen.map.get_by_label("Online map").check()
        screen.map.locator("img.leaflet-tile-loaded").first.wait_for(state="attached")
        assert ASKED != []
        assert all(one.startswith(host) for one in screen.strangers)
        screen.map.get_by_role("button", name="KEY:").click()
        screen.map.get_by_label("Online map").uncheck()
        screen.ready()
        context.close()
    tiles.shutdown()
    tiles.server_close()


_COLOURS_BEYOND = """
() => [...document.querySelectorAll(".leaflet-tile-container canvas")].flatMap((tile) => {
  const { left, width } = tile.getBoundingClientRect();
  if (!tile.width || left + width / 2 < innerWidth * 0.55 || left > innerWidth * 0.8) return [];
  const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height);
  const colours = new Set();
  for (let k = 0; k < data.length; k += 4) colours.add(`${data[k]} ${data[k + 1]} ${data[k + 2]}`);
  return [colours.size];
})
"""
"""How many colours each tile has in the eastern half of the map."""


def test_a_town_across_longitude_180_is_one_on_the_map(screen: Screen) -> None:
    """Its base map goes on beyond, a tap there is planned on, and a zone across is drawn as one."""
    packs.write_area(replace(town(centre=LonLat(180.0, -17.0)), name="across_180"))
    screen.open("?area=across_180")

    def drawn_beyond() -> bool:
        beyond = screen.frame().evaluate(_COLOURS_BEYOND)
        return len(beyond) >= 2 and min(beyond) > 4

    screen.until(drawn_beyond, "a base map east of longitude 180")
    screen.tap(0.6, 0.5)
    first = screen.wait_for_plan()
    (scene,) = screen.drawn()
    assert -180 <= scene["geometry"]["coordinates"][0] < -179.9
    screen.press("WARM")
    screen.draw_loop([(0.4, 0.3), (0.65, 0.3), (0.65, 0.6), (0.4, 0.6), (0.4, 0.3)])
    screen.wait_for_plan(other_than=first)
    ring = screen.drawn()[1]["geometry"]["coordinates"][0]
    assert {lon > 0 for lon, _ in ring} == {True, False}
    drawn, frame = (screen.map.locator(one).bounding_box() for one in ("path.drawn-warm", "#map"))
    assert drawn is not None
    assert frame is not None
    assert 0.05 < drawn["width"] / frame["width"] < 0.6
    packs.delete_area("across_180")
