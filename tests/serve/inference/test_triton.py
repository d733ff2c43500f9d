"""Triton's clients, in a separate environment, work with the server."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message

from bench.environment import InstallationError
from bench.serve.perf_analyzer import need_libb64, run_perf_analyzer, tritonclient
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from serve.calls.metrics import ModelTotals
from serve.inference import describe, inference_pb2, tensors
from serve.inference.models import model_spec
from serve.inference.statistics import model_statistics
from serve.running import RunningServer
from tests.docs.pages import blocks

FOLDER = Path(__file__).parent

# The first test waits for pip.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def triton() -> Path:
    """The `bin` of an environment with tritonclient, kept between runs."""
    try:
        return tritonclient()
    except InstallationError as problem:
        pytest.skip(str(problem))


def run(*command: object, **environment: str) -> str:
    """Runs a command that can't import this project's modules. Returns its output."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)),
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def messages(engine: Engine) -> list[Message]:
    """One of each response message that has fields."""
    sampler = model_spec("sampler", engine, "name")
    curves = np.arange(30, dtype=np.float32).reshape(2, 15)
    answer = tensors.answer("first", sampler, 3, curves)
    return [
        describe.server_metadata(),
        describe.model_metadata(sampler, [1, 3]),
        inference_pb2.ModelConfigResponse(config=describe.model_config(sampler)),
        describe.repository_index([1, 3]),
        model_statistics(
            ["sampler"], [3], {("sampler", 3): ModelTotals(rows=7, succeeded_seconds=2.0**30)}
        ),
        answer,
        inference_pb2.ModelStreamInferResponse(infer_response=answer),
    ]


def test_our_messages_match_tritons(triton: Path, engine: Engine, tmp_path: Path):
    contract = inference_pb2.DESCRIPTOR.serialized_pb
    (tmp_path / "contract.bin").write_bytes(contract)
    made = messages(engine)
    for message in made:
        (tmp_path / f"{message.DESCRIPTOR.name}.bin").write_bytes(message.SerializeToString())
    run(triton / "python", FOLDER / "triton_wire.py", tmp_path)
    for message in made:
        text = (tmp_path / f"{message.DESCRIPTOR.name}.json").read_text()
        assert MessageToDict(Parse(text, type(message)())) == MessageToDict(message)


def test_tritons_python_clients_get_correct_responses(triton: Path, server: RunningServer):
    run(triton / "python", FOLDER / "triton_client.py", server.address, server.http)


def test_the_page_s_program_gets_curves(triton: Path, server: RunningServer):
    page = blocks("docs/protocol.md")
    (program,) = [block.text for block in page if "import tritonclient" in block.text]
    asking = program.replace("127.0.0.1:8001", server.address)
    assert run(triton / "python", "-c", asking) == "(3, 15)\n"


@pytest.mark.parametrize(
    "options",
    [
        ("-m", "sampler", "--shape", "seeds:16"),
        ("-m", "sampler", "--shape", "seeds:16", "-a", "--streaming"),
        # Random noise would be random bits: huge numbers or NaN.
        ("-m", "generator", "--shape", "noise:16,5", "--input-data", "zero"),
    ],
)
@pytest.mark.usefixtures("triton")
def test_perf_analyzer_measures_the_server(server: RunningServer, options):
    try:
        need_libb64()
    except CurveganError as problem:
        pytest.skip(str(problem))
    printed = run_perf_analyzer(
        *options,
        *("-i", "grpc", "-u", server.address, "--concurrency-range", "2"),
        # Three short measurements, its minimum, whether they are stable or not.
        *("-p", "300", "-r", "3", "--stability-percentage", "999"),
    )
    assert "Successful request count" in printed
