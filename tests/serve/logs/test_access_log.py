"""The access log: one line per request, as JSON and as text."""

import re
import urllib.error
import urllib.request

import pytest

from tests.serve.logs.logged import (
    CURVES,
    INFERENCE,
    OURS,
    TOKEN,
    WRONG_TOKEN,
    Logged,
    generate,
    infer,
    rest_infer,
)


def test_a_request_is_one_line_with_its_outcome(in_json: Logged):
    (line,) = in_json.lines_of(lambda: in_json.call(f"{CURVES}/GenerateCurves", generate(1, 2, 3)))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert 0 < line.pop("ms") < 20_000
    assert line.pop("client").startswith("ipv4:127.0.0.1:")
    assert line == {
        "level": "INFO",
        "process": "worker-0",
        "logger": "serve.access",
        "message": "request",
        "method": "curvegan.v1.CurveService/GenerateCurves",
        "code": "OK",
        "model": "sampler",
        "version": 1,
        "rows": 3,
    }


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (
            lambda to: to.call(f"{INFERENCE}/ModelInfer", infer("mine")),
            [("inference.GRPCInferenceService/ModelInfer", "OK", "mine")],
        ),
        (
            lambda to: to.call(f"{INFERENCE}/ModelInfer", infer("mine", version="7")),
            [("inference.GRPCInferenceService/ModelInfer", "NOT_FOUND", "mine")],
        ),
        (
            lambda to: to.http("/v2/models/sampler/infer", rest_infer("mine")),
            [("POST /v2/models/{model}/infer", "OK", "mine")],
        ),
        (
            lambda to: to.http("/v2/models/sampler/infer", b"{"),
            [("POST /v2/models/{model}/infer", "INVALID_ARGUMENT", None)],
        ),
        (
            lambda to: to.call(f"{CURVES}/GetModel", token=WRONG_TOKEN),
            [("curvegan.v1.CurveService/GetModel", "UNAUTHENTICATED", None)],
        ),
        (
            lambda to: to.http("/metrics", token=WRONG_TOKEN),
            [("GET /metrics", "UNAUTHENTICATED", None)],
        ),
        (lambda to: to.http("/paintings"), [("other", "UNIMPLEMENTED", None)]),
        (lambda to: to.call(f"{CURVES}/PaintCurves"), [("other", "UNIMPLEMENTED", None)]),
        # Probes and metrics are not logged.
        (lambda to: to.http("/readyz"), []),
        (lambda to: to.http("/metrics"), []),
        (lambda to: to.call("/grpc.health.v1.Health/Check"), []),
    ],
)
def test_every_request_has_a_line_with_its_code_and_its_id(in_json: Logged, ask, expected):
    lines = in_json.lines_of(lambda: ask(in_json), len(expected))
    assert [(line["method"], line["code"], line.get("id")) for line in lines] == expected


def test_each_request_of_a_stream_has_a_line_and_the_stream_one(in_json: Logged):
    requests = [infer("a"), infer("b", name="painter"), infer("c")]
    call = in_json.channel.stream_stream(f"{INFERENCE}/ModelStreamInfer")
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    lines = in_json.lines_of(lambda: list(call(iter(requests), metadata=metadata, timeout=20)), 4)
    method = "inference.GRPCInferenceService/ModelStreamInfer"
    assert [(line["method"], line["code"], line.get("id")) for line in lines] == [
        (f"{method}/request", "OK", "a"),
        (f"{method}/request", "NOT_FOUND", "b"),
        (f"{method}/request", "OK", "c"),
        (method, "OK", None),
    ]


def test_a_request_can_not_forge_its_client_address(in_json: Logged):
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "192.0.2.1"}
    request = urllib.request.Request(f"http://{in_json.server.http}/v2", headers=headers)
    (line,) = in_json.lines_of(lambda: urllib.request.urlopen(request, timeout=20).close())
    assert line["client"].startswith("http:127.0.0.1:")


def test_a_long_id_is_cut_off(in_json: Logged):
    request = infer("x" * 100_000)
    (line,) = in_json.lines_of(lambda: in_json.call(f"{INFERENCE}/ModelInfer", request))
    assert line["id"] == "x" * 200 + "…"


def test_the_text_format_has_the_same_fields(in_text: Logged):
    in_text.new_lines()
    in_text.call(f"{INFERENCE}/ModelInfer", infer("my id"))
    (line,) = in_text.new_lines(1)
    assert re.fullmatch(
        OURS.pattern + r"request method='inference\.GRPCInferenceService/ModelInfer' code=OK "
        r"ms=[\d.]+ client='ipv4:127\.0\.0\.1:\d+' model=sampler version=1 rows=2 id='my id'",
        line,
    )
