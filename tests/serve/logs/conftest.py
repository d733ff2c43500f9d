"""Servers that log every request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.logs.logged import Logged, logged


@pytest.fixture(scope="module")
def in_json(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """A server with one worker that logs requests, in JSON."""
    yield from logged(published, tmp_path_factory.mktemp("json"), "--log-format", "json")


@pytest.fixture(scope="module")
def in_text(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """A server with one worker that logs requests as text."""
    yield from logged(published, tmp_path_factory.mktemp("text"))
