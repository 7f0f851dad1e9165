"""Take the README's picture from the running app: ``python -m tests.e2e.picture docs/incident.png``.

Options ``--area``, ``--at LAT,LON``, ``--threat``, ``--size WxH`` and ``--theme`` take others.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.browser import Screen, free_port, launch, serving

_SETTLED_MS = 2500


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--area", default="montevideo")
@click.option("--at", default="-34.8945,-56.1665", help="LAT,LON")
@click.option("--threat", default="Handgun", help="As the page names it.")
@click.option("--size", default="1280x800")
@click.option("--theme", default="light", type=click.Choice(["light", "dark"]))
@click.option(
    "--home", type=click.Path(path_type=Path), help="Keep the imported area here for the next picture."
)
def main(target: Path, area: str, at: str, threat: str, size: str, theme: str, home: Path | None) -> None:
    """Plan one incident on the page, and write what the screen shows."""
    with tempfile.TemporaryDirectory() as fresh, sync_playwright() as playwright:
        folder = home or Path(fresh)
        folder.mkdir(parents=True, exist_ok=True)
        with serving(folder, free_port()) as address:
            browser = launch(playwright)
            screen = _open(browser, address, area, size, theme)
            _plan(screen, at, threat)
            screen.page.screenshot(path=target)
            browser.close()


def _open(browser: Browser, address: str, area: str, size: str, theme: str) -> Screen:
    width, height = (int(part) for part in size.split("x"))
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    return Screen(page, address).open(f"?area={area}")


def _plan(screen: Screen, at: str, threat: str) -> None:
    screen.page.get_by_text(threat, exact=True).first.click()
    screen.find(at)
    screen.wait_for_plan()
    screen.page.wait_for_timeout(_SETTLED_MS)


if __name__ == "__main__":
    main()
