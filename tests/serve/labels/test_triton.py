"""Triton's clients, in a separate environment, work with a labelled model."""

from pathlib import Path

import numpy as np
import pytest

from bench.environment import InstallationError
from bench.serve.perf_analyzer import tritonclient
from curvegan.engine import Engine
from serve.running import RunningServer
from tests.serve.inference.test_triton import run

# The first test waits for pip.
pytestmark = pytest.mark.timeout(600)


def test_tritons_python_clients_ask_with_labels(
    labelled_server: RunningServer, labelled_engine: Engine, tmp_path: Path
):
    try:
        triton = tritonclient()
    except InstallationError as problem:
        pytest.skip(str(problem))
    seeds = np.arange(-32, 32)
    curves = labelled_engine.curves_from_seeds(seeds, seeds % 3)
    (tmp_path / "curves").write_bytes(curves.tobytes())
    program = Path(__file__).with_name("triton_client.py")
    address, http = labelled_server.address, labelled_server.http
    run(triton / "python", program, address, http, tmp_path / "curves")
