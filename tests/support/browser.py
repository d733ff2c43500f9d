"""Chromium for tests, which are skipped if it is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from bench.browser import open_chromium
from tests.support.tools import or_skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Runs headless Chromium. Skips the test if it is not installed."""
    expect.set_options(timeout=30_000)  # milliseconds; a loaded machine may need seconds
    with or_skip(), open_chromium() as browser:
        yield browser
