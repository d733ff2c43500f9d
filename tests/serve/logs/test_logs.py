"""Clients can't forge log lines, and the log contains no secrets."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import grpc
import pytest

from curvegan.v1.curves_pb2 import (
    CurveSource,
    SeedRange,
    StreamCurvesRequest,
)
from serve.running import running_server
from tests.serve.logs.logged import (
    CURVES,
    INFERENCE,
    NOISE,
    OURS,
    SEED,
    TOKEN,
    WRONG_TOKEN,
    Logged,
    generate,
    generate_from,
    infer,
    rest_infer,
)
from tests.support.commands import workers_of
from tests.support.http2 import raw_call
from tests.support.observe import (
    json_lines,
    kill,
    own_connection,
    standard_error_in,
    wait_until,
)

FORGED = "2030-01-02 03:04:05,678 ERROR supervisor serve.process.supervisor: forged"
FORGED_JSON = json.dumps({"level": "ERROR", "message": "forged"})
INJECTED = [
    f"{end}{forged}{end}"
    for end in ("\n", "\r\n", "\r", "\u2028")
    for forged in (FORGED, FORGED_JSON)
] + ["\x1b[2K\x1b[1G", "id' code=OK x='", 'a"},{"b":"', "\0", "\udcff"]


def provoke(to: Logged) -> None:
    """Sends requests that try to inject lines into the log."""
    for text in INJECTED:
        tries: list[Callable[[], object]] = []
        if text != "\udcff":  # Not possible in a protobuf string or in a path.
            tries += [
                lambda text=text: to.call(f"{INFERENCE}/ModelInfer", infer(text)),
                lambda text=text: to.call(f"{INFERENCE}/ModelInfer", infer("x", name=text)),
                lambda text=text: to.call(f"{INFERENCE}/ModelInfer", infer("x", version=text)),
                lambda text=text: to.http(f"/v2/models/{urllib.request.quote(text)}/infer", b"{}"),
                lambda text=text: to.http(f"/{urllib.request.quote(text)}"),
                lambda text=text: raw_call(
                    to.server.address, b"/" + text.encode(), (b"authorization", text.encode())
                ),
            ]
        tries.append(lambda text=text: to.http("/v2/models/sampler/infer", rest_infer(text)))
        for attempt in tries:
            with suppress(grpc.RpcError, urllib.error.HTTPError):
                attempt()


def test_no_line_of_text_can_be_forged(in_text: Logged):
    in_text.new_lines()
    provoke(in_text)
    lines = in_text.new_lines()
    assert len(lines) > 6 * len(INJECTED)
    for line in lines:
        assert OURS.match(line)
        assert line.isprintable()
        # Values that contain spaces are quoted.
        assert len(re.findall(r" code=\w+ ms=", line)) == 1
        assert "supervisor serve.process.supervisor" not in line.partition(" request ")[0]


def test_no_line_in_json_can_be_forged(in_json: Logged):
    in_json.new_lines()
    provoke(in_json)
    lines = [json.loads(line) for line in in_json.new_lines()]
    assert len(lines) > 6 * len(INJECTED)
    assert {line["message"] for line in lines} == {"request"}
    assert set(INJECTED) - {"\udcff"} <= {line.get("id") for line in lines}


@pytest.mark.parametrize("log", ["in_text", "in_json"])
def test_the_log_contains_no_tokens_seeds_or_noise(log: str, request):
    to: Logged = request.getfixturevalue(log)
    count = len(to.text())
    for token in (TOKEN, WRONG_TOKEN):
        for method, body in (
            ("GenerateCurves", generate(SEED)),
            ("GenerateCurves", generate_from([NOISE] * 5)),
            ("GenerateCurves", generate_from([NOISE] * 6)),
            ("GenerateCurves", generate_from([NOISE * 1e8] * 5)),
            ("GenerateCurves", generate_from([NOISE, float("nan")] * 5)),
            ("GenerateCurves", generate(SEED)[:-1]),
            (
                "StreamCurves",
                StreamCurvesRequest(
                    source=CurveSource(range=SeedRange(first=SEED, count=2**62))
                ).SerializeToString(),
            ),
            ("GetModel", token.encode()),
        ):
            with suppress(grpc.RpcError):
                to.call(f"{CURVES}/{method}", body, token)
        for content in (infer("x"), infer("x", name="painter"), infer("x", n=0)):
            with suppress(grpc.RpcError):
                to.call(f"{INFERENCE}/ModelInfer", content, token)
        for path, body in (
            ("/v2/models/sampler/infer", rest_infer("x")),
            ("/v2/models/sampler/infer", rest_infer("x")[:-1]),
            ("/v2/models/generator/infer", rest_infer("x")),
            (f"/v2?token={token}", None),
            (f"/{token}", None),
        ):
            with suppress(urllib.error.HTTPError):
                to.http(path, body, token)
        secret = token.encode()
        for name, value in (
            (b"authorization", b"Basic " + secret),
            (b"authorization", b"Bearer \xff" + secret),
            (b"authorization-bin", secret),
            (b"grpc-timeout", secret),
            (b"grpc-encoding", secret),
        ):
            raw_call(to.server.address, f"{CURVES}/GetModel".encode(), (name, value))
    new = to.text()[count:]
    assert len(new.splitlines()) > 30
    for secret in (TOKEN, WRONG_TOKEN, str(SEED), str(NOISE)[:6], "78125987"):
        assert secret not in new


def test_every_line_is_json_whichever_process_writes_it(models: Path, tmp_path: Path):
    """The supervisor, workers that exit, restart or fail, and invalid requests."""
    with standard_error_in(tmp_path / "log"):
        running = running_server(models, "--workers", "2", "--log-format", "json", "--access-log")
        server = running.__enter__()
    try:
        (models / "sampler" / "2").mkdir()  # an invalid version
        for _ in range(24):
            with own_connection(server) as channel:
                channel.unary_unary(f"{CURVES}/GetModel")(b"", timeout=20)
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(f"http://{server.http}/nothing", timeout=20)
        kill(workers_of(server)[0])
        wait_until(lambda: "version 2 is refused" in (tmp_path / "log").read_text())
        wait_until(lambda: len(workers_of(server)) == 2)
        stream = StreamCurvesRequest(source=CurveSource(range=SeedRange(count=10**8)))
        with own_connection(server) as channel:
            call = channel.unary_stream(f"{CURVES}/StreamCurves")
            answers = call(stream.SerializeToString(), timeout=60)
            next(answers)
            server.process.terminate()
            wait_until(lambda: "calls in flight have" in (tmp_path / "log").read_text())
            answers.cancel()
            assert server.process.wait(timeout=20) == 0
    finally:
        running.__exit__(None, None, None)
    lines = json_lines((tmp_path / "log").read_text())
    assert {line["process"] for line in lines} == {"supervisor", "worker-0", "worker-1"}
    for line in lines:
        assert {"time", "level", "process", "logger", "message"} <= set(line)


def written(log_format: str, program: str) -> str:
    """Returns the log of a process that runs `program`."""
    begin = (
        f"import logging, warnings; from serve.calls import logs; logs.set_up({log_format!r}, 'me')"
    )
    command = [sys.executable, "-c", f"{begin}\n{program}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stderr


def test_an_exception_can_not_forge_a_line():
    text = f"{FORGED}\n{FORGED}"
    program = f"try:\n  raise ValueError({text!r})\nexcept ValueError: logging.exception('a\\nb')"
    first, *rest = written("text", program).split("\n")[:-1]
    assert OURS.match(first)
    assert first.endswith(r"a\nb")
    assert rest[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") for line in rest)
    (line,) = json_lines(written("json", program))
    assert line["message"] == "a\nb"
    assert line["exception"].count(FORGED) == 2


def test_invalid_text_and_python_warnings_are_logged_as_json():
    program = "logging.error('a path: %s', chr(0xDCFF))\nwarnings.warn('old')"
    path, warning = json_lines(written("json", program))
    assert path["message"] == r"a path: \udcff"
    assert "old" in warning["message"]


def test_the_first_line_says_what_is_served_where(published: Path):
    command = [sys.executable, "-m", "serve", "--models", str(published)]
    for options, pattern in (
        (["--http=localhost:0"], r"gRPC on 127\.0\.0\.1:\d+, HTTP on localhost:\d+"),
        (["--http=off"], r"gRPC on 127\.0\.0\.1:\d+"),
    ):
        ports = ["--listen=127.0.0.1:0", *options]
        with subprocess.Popen(command + ports, stdout=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline()
            finally:
                process.terminate()
            assert re.fullmatch(rf"serving version 1 of {published}: {pattern}\n", line)
            assert process.stdout.read() == ""
