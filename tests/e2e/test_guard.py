"""The offline proof proves something: a page that asked another host would be stopped, and noticed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.e2e.browser import Screen, emptied

pytestmark = pytest.mark.e2e

ASK = "address => fetch(address, {mode: 'no-cors'}).then(() => 'answered', () => 'refused')"


@pytest.mark.parametrize("stranger", ["http://tiles.example/1.png", "http://192.0.2.1/1.png"])
def test_another_host_is_refused_and_noticed(stranger: str, browser: Browser, address: str) -> None:
    context = browser.new_context()
    screen = Screen(context.new_page(), address)
    screen.page.goto(f"{address}/_stcore/health")
    assert screen.page.evaluate(ASK, stranger) == "refused"
    assert screen.page.evaluate(ASK, f"{address}/_stcore/health") == "answered"
    context.close()
    assert screen.strangers == [stranger]


def test_a_page_finds_nothing_that_an_earlier_one_kept(returning: BrowserContext, address: str) -> None:
    kept = "() => [localStorage.getItem('a'), document.cookie.includes('c=d')]"
    with emptied(returning, address) as screen:
        screen.page.goto(f"{address}/_stcore/health")
        screen.page.evaluate("() => { localStorage.setItem('a', 'b'); document.cookie = 'c=d'; }")
        assert screen.page.evaluate(kept) == ["b", True]
    with emptied(returning, address) as screen:
        screen.page.goto(f"{address}/_stcore/health")
        assert screen.page.evaluate(kept) == [None, False]
