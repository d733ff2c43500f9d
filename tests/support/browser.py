"""The real Chromium of this machine, or a skip where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect

from bench.browser import open_chromium
from tests.support.tools import or_skip


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts Chromium without a window, and ends it afterwards."""
    expect.set_options(timeout=30_000)  # milliseconds; a loaded machine may need seconds
    with or_skip(), open_chromium() as browser:
        yield browser
