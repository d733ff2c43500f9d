"""Runs the installed Chromium with Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from bench.tools import MissingToolError

# Works for every user and without a GPU, and makes no network requests of its own.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def need_chromium() -> str:
    """Returns the path of Chromium. Raises MissingToolError if it is not installed."""
    path = shutil.which("chromium")
    if not path:
        raise MissingToolError("no chromium (Debian: chromium)")
    return path


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Runs headless Chromium. Raises MissingToolError if it is not installed."""
    path = need_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
