"""The real Chromium of this machine, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from bench.tools import MissingToolError

# It runs as any user, without a GPU, and asks for nothing of its own.
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
    """Returns where Chromium is. Raises MissingToolError where there is none."""
    path = shutil.which("chromium")
    if not path:
        raise MissingToolError("no chromium (Debian: chromium)")
    return path


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Starts Chromium without a window, and ends it afterwards.

    Raises MissingToolError where there is none.
    """
    path = need_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
