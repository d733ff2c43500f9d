"""Tools that are not ours, without which a test is skipped."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench.environment import InstallationError
from bench.tools import MissingToolError


@contextmanager
def or_skip() -> Iterator[None]:
    """Skips the test, saying which, where a tool is missing."""
    try:
        yield
    except (InstallationError, MissingToolError) as error:
        pytest.skip(str(error))
