"""The example for the browser, in real Chromium."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from bench.tools import npm_install
from curvegan.engine import Engine
from tests.examples.example import (
    EXAMPLES,
    SEED_TEXTS,
    SEEDS,
    WRONG_SEEDS,
    assert_curves,
    last_command,
)
from tests.support.browser import chromium
from tests.support.tools import or_skip


@pytest.fixture(scope="module")
def address(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the README's server serves the example and the models."""
    with or_skip():
        npm_install(EXAMPLES / "browser")
    root = tmp_path_factory.mktemp("site")
    (root / "examples").symlink_to(EXAMPLES)
    (root / "models").symlink_to(published)
    (root / "text.onnx").write_text("curves")
    command = last_command("browser")
    assert command[-3:] == ["--directory", "../..", "8080"]
    command = [sys.executable, "-u", *command[1:-2], str(root), "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            port = re.search(r"port (\d+)", server.stdout.readline())
            assert port
            yield f"http://127.0.0.1:{port[1]}/examples/browser/"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, opened; the test fails if it asked for what is not on this machine."""
    opened = browser.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(address)
    yield opened
    opened.close()
    outside = [url for url in asked if not url.startswith((address[:-18], "data:", "blob:"))]
    assert not outside


def make(page: Page, seeds: str, model: str = "") -> None:
    page.get_by_label("Seeds").fill(seeds)
    if model:
        page.get_by_label("Model").fill(model)
    page.get_by_role("button").click()


def test_the_page_opens_with_the_engine_s_curves(page: Page, engine: Engine):
    expect(page.locator("pre")).to_contain_text("\n63 ")
    assert_curves(page.locator("pre").inner_text(), np.array([7, -1, *range(64)]), engine)


def test_seeds_are_written_as_for_the_command_lines(page: Page, engine: Engine):
    make(page, " ".join(SEED_TEXTS))
    expect(page.locator("pre")).to_contain_text(f"\n{-(2**63)} ")
    assert_curves(page.locator("pre").inner_text(), SEEDS, engine)


@pytest.mark.parametrize("text", WRONG_SEEDS)
def test_a_wrong_seed_is_one_line(page: Page, text: str):
    make(page, text)
    expect(page.get_by_role("alert")).to_have_text(re.compile("^error: .*seed"))
    expect(page.locator("pre")).to_be_empty()


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("nothing.onnx", "can't read nothing.onnx: 404"),
        ("http://127.0.0.1:9/model.onnx", "can't reach http://127.0.0.1:9/model.onnx"),
        ("../../text.onnx", "../../text.onnx is not an ONNX model"),
        ("../../models/generator/1/model.onnx", "does not map seeds to curves"),
    ],
)
def test_what_is_no_sampler_is_one_line(browser: Browser, address: str, model: str, error: str):
    page = browser.new_page()
    page.goto(address)
    make(page, "7", model)
    expect(page.get_by_role("alert")).to_contain_text(error)
    expect(page.locator("pre")).to_be_empty()
    page.close()
