"""Fixtures for the tests of the Open Inference Protocol."""

import pytest

from curvegan.engine import Engine
from curvegan.repository.description import ModelSpec


@pytest.fixture(scope="module")
def models(engine: Engine) -> dict[str, ModelSpec]:
    """The two models as the protocol describes them."""
    return {**engine.specs}
