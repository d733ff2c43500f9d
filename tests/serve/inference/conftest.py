"""Fixtures for the tests of the Open Inference Protocol."""

import pytest

from curvegan.engine import Engine
from serve.inference.models import NAMES, ModelSpec, model_spec


@pytest.fixture(scope="module")
def models(engine: Engine) -> dict[str, ModelSpec]:
    """The two models as the protocol describes them."""
    return {name: model_spec(name, engine, "model_name") for name in NAMES}
