"""deploy/kserve.yaml: a runtime that serves what KServe mounts, to KServe's own clients."""

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.environment import environment
from curvegan.engine import Engine
from tests.project.deployment import (
    KSERVE,
    here,
    image_command,
    image_variables,
    instructions,
    manifests,
)
from tests.support.commands import Ports, serving
from tests.support.tools import or_skip

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def runtime() -> dict[str, Any]:
    return manifests(KSERVE)["ServingRuntime/curvegan"]["spec"]


@pytest.fixture(scope="module")
def container(runtime: dict[str, Any]) -> dict[str, Any]:
    (only,) = runtime["containers"]
    return only


@pytest.fixture(scope="module")
def ports(container: dict[str, Any], published: Path) -> Iterator[Ports]:
    """A server that is started as the runtime says, with the models that KServe mounts."""
    arguments = [here(each, {"/mnt/models": str(published)}) for each in container["args"]]
    with serving([*image_command(), *arguments], image_variables(Path("/nothing"))) as ports:
        yield ports


@pytest.fixture(scope="module")
def kserve() -> Path:
    """The Python of an environment with kserve, kept between runs."""
    with or_skip():
        return environment("kserve", FOLDER / "requirements.txt") / "python"


def run(*command: object) -> None:
    """Runs a command that can't import this project's modules."""
    done = subprocess.run(
        list(map(str, command)), env={}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_service_has_the_runtime_and_the_models_of_the_manifests(runtime: dict[str, Any]):
    model = manifests(KSERVE)["InferenceService/curvegan"]["spec"]["predictor"]["model"]
    assert f"ServingRuntime/{model['runtime']}" in manifests(KSERVE)
    formats = [each["name"] for each in runtime["supportedModelFormats"]]
    assert model["modelFormat"]["name"] in formats
    assert model["protocolVersion"] in runtime["protocolVersions"]
    scheme, claim = model["storageUri"].split("://")
    assert scheme == "pvc"
    assert f"PersistentVolumeClaim/{claim}" in manifests()


def test_the_runtime_answers_its_probes(container: dict[str, Any], ports: Ports):
    http, grpc = (port["containerPort"] for port in container["ports"])
    assert [str(http), str(grpc)] == dict(instructions())["EXPOSE"].split()
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container[name]["httpGet"]
        assert probe["port"] == http
        url = f"http://127.0.0.1{ports.http}{probe['path']}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200


@pytest.mark.installs
@pytest.mark.timeout(600)
def test_kserves_models_know_every_field(kserve: Path):
    run(kserve, FOLDER / "manifest.py", KSERVE)


@pytest.mark.installs
@pytest.mark.timeout(600)
def test_kserves_clients_get_the_engines_curves(
    kserve: Path, ports: Ports, engine: Engine, tmp_path: Path
):
    seeds = np.array([0, -1, 2**63 - 1, -(2**63)])
    noise = np.linspace(-2, 2, 20, dtype=np.float32).reshape(4, 5)
    np.save(tmp_path / "seeds.npy", seeds)
    np.save(tmp_path / "noise.npy", noise)
    addresses = (f"127.0.0.1{port}" for port in (ports.grpc, ports.http))
    run(kserve, FOLDER / "client.py", *addresses, tmp_path)
    for how in ("json", "binary", "typed", "raw"):
        curves = np.load(tmp_path / f"sampler-{how}.npy")
        assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()
        curves = np.load(tmp_path / f"generator-{how}.npy")
        assert curves.tobytes() == engine.curves_from_noise(noise).tobytes()
