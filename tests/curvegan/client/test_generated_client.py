"""A client that knows nothing of this project but its .proto."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.environment import environment
from curvegan import CurveClient
from serve.running import RunningServer
from tests.support.tools import or_skip

PROTO = Path(__file__).parents[3] / "proto"

GENERATED_CLIENT = """
import json, sys
import grpc
from curvegan.v1 import curves_pb2, curves_pb2_grpc

assert curves_pb2.__file__.startswith(sys.argv[1]), curves_pb2.__file__
with grpc.insecure_channel(sys.argv[2]) as channel:
    stub = curves_pb2_grpc.CurveServiceStub(channel)
    source = curves_pb2.CurveSource(range=curves_pb2.SeedRange(first=0, count=64))
    answer = stub.GenerateCurves(curves_pb2.GenerateCurvesRequest(source=source))
    streamed = stub.StreamCurves(curves_pb2.StreamCurvesRequest(source=source))
    values = [value for message in streamed for value in message.values]
    assert values == list(answer.values)
    print(json.dumps([answer.version, answer.n_points, list(answer.values)]))
"""


def test_values_are_plain_repeated_floats(server: RunningServer, tmp_path: Path):
    with or_skip():
        protoc = environment("protoc", PROTO / "requirements.txt")
    subprocess.run(
        [
            protoc / "python", "-m", "grpc_tools.protoc", f"--proto_path={PROTO}",
            f"--python_out={tmp_path}", f"--grpc_python_out={tmp_path}",
            "curvegan/v1/curves.proto",
        ],
        check=True,
    )  # fmt: skip
    for folder in ("curvegan", "curvegan/v1"):
        (tmp_path / folder / "__init__.py").touch()  # to come before the installed package
    done = subprocess.run(
        [sys.executable, "-c", GENERATED_CLIENT, str(tmp_path), server.address],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    version, n_points, values = json.loads(done.stdout)
    with CurveClient(server.address) as client:
        assert client.generate(range(64)).ravel().tolist() == values
    assert (version, n_points) == (1, 15)
