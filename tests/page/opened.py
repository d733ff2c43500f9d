"""The page, opened in a real browser, and what can be read from it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from serve.running import RunningServer

MINUS = "\N{MINUS SIGN}"
DRAWN = "() => document.querySelector('#difference').dataset.state === 'agrees'"


@contextmanager
def opened(
    browser: Browser, server: RunningServer, fragment: str = "", **context: object
) -> Iterator[Page]:
    """Opens the page. Fails the test if it asks another server for anything, or has an error.

    Excused is that a server does not answer or refuses: that, Chromium itself reports.
    """
    inside = browser.new_context(**context)
    inside.set_default_timeout(20_000)
    page = inside.new_page()
    origin = f"http://{server.http}/"
    elsewhere: list[str] = []
    page.errors = []

    def note_request(url: str) -> None:
        if not url.removeprefix("blob:").startswith(origin):
            elsewhere.append(url)

    page.on("request", lambda request: note_request(request.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda line: page.errors.append(line.text) if line.type == "error" else None)
    try:
        page.goto(origin + fragment)
        yield page
        assert elsewhere == []
        assert [error for error in page.errors if "Failed to load resource" not in error] == []
    finally:
        inside.close()


@contextmanager
def drawn(
    browser: Browser, server: RunningServer, fragment: str = "", **context: object
) -> Iterator[Page]:
    """Opens the page, and waits until its curves are drawn and compared. No error is excused."""
    with opened(browser, server, fragment, **context) as page:
        page.wait_for_function(DRAWN)
        yield page
        assert page.errors == []


def picture(page: Page) -> bytes:
    """Returns what is drawn of the curves."""
    return page.locator("#chart canvas").screenshot()


def shown_values(page: Page) -> list[float]:
    """Returns the y of the curve that is picked, with five decimals."""
    texts = page.locator("#values td:nth-child(2)").all_text_contents()
    return [float(text.replace(MINUS, "-")) for text in texts]


def ask_for(page: Page, seeds: str) -> None:
    page.get_by_label("Seeds", exact=True).fill(seeds)
    page.get_by_role("button", name="Draw").click()
