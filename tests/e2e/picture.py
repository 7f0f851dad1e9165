"""Take pictures from the running app: ``python -m tests.e2e.picture docs/incident.png``, or ``--all docs``.

Options ``--area``, ``--at LAT,LON``, ``--threat``, ``--size WxH`` and ``--theme`` take others. Colours are
reduced to a palette, so that a picture stays small in the repository.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import Screen, free_port, launch, serving

_SETTLED_MS = 2500
_COLOURS = 256
_ALL = {
    "incident.png": ("1280x800", "light"),
    "incident-dark.png": ("1280x800", "dark"),
    "incident-tablet.png": ("1024x768", "light"),
    "incident-tablet-dark.png": ("1024x768", "dark"),
    "incident-tablet-night.png": ("1024x768", "night"),
    "incident-phone.png": ("390x844", "light"),
    "incident-phone-dark.png": ("390x844", "dark"),
}


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--all", "each", is_flag=True, help="Three sizes in each theme; TARGET is a folder.")
@click.option("--area", default="montevideo")
@click.option("--at", default="-34.8945,-56.1665", help="LAT,LON")
@click.option("--threat", default="Handgun", help="As the page names it.")
@click.option("--size", default="1280x800")
@click.option("--theme", default="light", type=click.Choice(["light", "dark", "night"]))
@click.option(
    "--home", type=click.Path(path_type=Path), help="Keep the imported area here for the next picture."
)
def main(
    target: Path, each: bool, area: str, at: str, threat: str, size: str, theme: str, home: Path | None
) -> None:
    """Plan one incident on the page, and write what the screen shows."""
    wanted = {target / name: look for name, look in _ALL.items()} if each else {target: (size, theme)}
    with tempfile.TemporaryDirectory() as fresh, sync_playwright() as playwright:
        folder = home or Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        with serving(folder, free_port()) as address:
            browser = launch(playwright)
            for file, (extent, light) in wanted.items():
                for screen in _open(browser, address, area, extent, light):
                    _plan(screen, at, threat)
                    _write(screen.page.screenshot(), file)
            browser.close()


def _open(browser: Browser, address: str, area: str, size: str, theme: str) -> Iterator[Screen]:
    width, height = (int(part) for part in size.split("x"))
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="light" if theme == "light" else "dark"
    )
    if theme == "night":
        context.add_init_script("localStorage.setItem('planner.map', '{\"theme\": \"night\"}')")
    yield Screen(context.new_page(), address).open(f"?area={area}")
    context.close()


def _plan(screen: Screen, at: str, threat: str) -> None:
    screen.page.get_by_text(threat, exact=True).first.click()
    screen.page.get_by_label("Find:").fill(at)
    screen.page.keyboard.press("Enter")
    screen.wait_for_plan()
    screen.page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollTo(0, 0)")
    screen.page.evaluate("document.activeElement?.blur()")
    screen.page.mouse.move(3, 3)
    screen.page.wait_for_timeout(_SETTLED_MS)


def _write(picture: bytes, file: Path) -> None:
    with Image.open(BytesIO(picture)) as shot:
        shot.convert("RGB").quantize(_COLOURS, kmeans=2, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()
