"""A server that logs to a file, and requests to it."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedList,
)
from serve.inference.inference_pb2 import ModelInferRequest
from serve.running import RunningServer, running_server
from tests.support.observe import own_connection, standard_error_in, wait_until

CURVES = "/curvegan.v1.CurveService"
INFERENCE = "/inference.GRPCInferenceService"
TOKEN, WRONG_TOKEN = "right-token-5e0f", "wrong-token-77aa"
SEED = 8_123_456_789_012_345_678
NOISE = 0.78125987
# The start of every line in text format.
OURS = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING|ERROR) [\w-]+ [\w.]+: ")


@dataclass
class Logged:
    """A server that logs to a file."""

    server: RunningServer
    path: Path
    channel: grpc.Channel
    read: int = field(default=0)

    def text(self) -> str:
        return self.path.read_text()

    def new_lines(self, at_least: int = 0) -> list[str]:
        """Returns the lines since the last call. Waits until there are at least this many."""
        # A call is logged a moment after its client has the response.
        wait_until(lambda: self.text().count("\n") >= self.read + at_least)
        size = -1
        while size != (size := self.path.stat().st_size):
            time.sleep(0.2)
        lines = self.text().split("\n")[:-1]
        new, self.read = lines[self.read :], len(lines)
        return new

    def lines_of(self, ask: Callable[[], object], expected: int = 1) -> list[dict[str, Any]]:
        """Returns the JSON lines of the requests that `ask` sends, `expected` of them."""
        self.new_lines()
        with suppress(grpc.RpcError, urllib.error.HTTPError):
            ask()
        return [json.loads(line) for line in self.new_lines(expected)]

    def call(self, method: str, request: bytes = b"", token: str = TOKEN, **options: Any) -> bytes:
        metadata = (("authorization", f"Bearer {token}"),)
        call = self.channel.unary_unary(method)
        return call(request, metadata=metadata, timeout=20, **options)

    def http(self, path: str, body: bytes | None = None, token: str = TOKEN) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://{self.server.http}{path}", body, headers)
        urllib.request.urlopen(request, timeout=20).close()


def logged(published: Path, folder: Path, *options: str) -> Iterator[Logged]:
    (folder / "tokens").write_text(f"{TOKEN}\n")
    path = folder / "log"
    with standard_error_in(path):
        running = running_server(
            published, "--access-log", "--token-file", str(folder / "tokens"), *options
        )
        server = running.__enter__()
    try:
        with own_connection(server) as channel:
            yield Logged(server, path, channel)
    finally:
        running.__exit__(None, None, None)


def generate(*seeds: int) -> bytes:
    source = CurveSource(seeds=SeedList(values=seeds))
    return GenerateCurvesRequest(source=source).SerializeToString()


def generate_from(values: list[float], width: int = 5) -> bytes:
    source = CurveSource(noise=NoiseRows(values=values, width=width))
    return GenerateCurvesRequest(source=source).SerializeToString()


def infer(request_id: str, name: str = "sampler", version: str = "", n: int = 2) -> bytes:
    given = ModelInferRequest.InferInputTensor(name="seeds", datatype="INT64", shape=[n])
    return ModelInferRequest(
        model_name=name,
        model_version=version,
        id=request_id,
        inputs=[given],
        raw_input_contents=[np.full(n, SEED).tobytes()],
    ).SerializeToString()


def rest_infer(request_id: str) -> bytes:
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [2], "data": [SEED, SEED]}
    return json.dumps({"id": request_id, "inputs": [tensor]}).encode()
