"""The browser that the page is opened in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from serve.web.page_routes import FOLDER
from tests.support.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not FOLDER.is_dir():
        pytest.skip("the page is not built: make page")
    with chromium() as running:
        yield running
