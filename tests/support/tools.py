"""Skips tests whose external tools are missing."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.environment import InstallationError
from bench.tools import MissingToolError


@contextmanager
def or_skip() -> Iterator[None]:
    """Skips the test if a tool is missing, with its name."""
    try:
        yield
    except (InstallationError, MissingToolError) as error:
        pytest.skip(str(error))
