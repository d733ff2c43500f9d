"""The HTTP port: its paths, authentication, and invalid requests."""

import contextlib
import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.running import RunningServer, running_server
from serve.settings import Limits
from tests.support.authority import Authority, of_server
from tests.support.observe import samples

PROBES = ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
INFER = "/v2/models/sampler/infer"
ONE_SEED = {
    "id": "mine",
    "inputs": [{"name": "seeds", "datatype": "INT64", "shape": [1], "data": [7]}],
}


def ask(
    server: RunningServer,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Sends a request. Returns the status, body and headers of the response."""
    host, _, port = server.http.partition(":")
    connection = (
        http.client.HTTPSConnection(host, int(port), timeout=30, context=tls)
        if tls
        else http.client.HTTPConnection(host, int(port), timeout=30)
    )
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def test_a_response_names_its_model_version_and_request(server: RunningServer):
    status, body, headers = ask(server, "POST", INFER, json.dumps(ONE_SEED).encode())
    answer = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert (answer["model_name"], answer["model_version"]) == ("sampler", "1")
    assert answer["id"] == "mine"
    assert answer["outputs"][0]["shape"] == [1, 15]


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/sampler",
        "/v2/models/generator/versions/1",
        "/v2/models/sampler/ready",
        "/v2/models/sampler/config",
        "/v2/models/sampler/stats",
        "/v2/models/stats",
    ],
)
def test_every_endpoint_of_the_protocol_exists(server: RunningServer, path: str):
    status, body, _ = ask(server, "GET", path)
    assert status == 200
    assert json.loads(body)


@pytest.mark.parametrize("path", ["/v2/models", "/v2/repository/index"])
def test_the_models_are_listed_for_get_and_post(server: RunningServer, path: str):
    status, listed, _ = ask(server, "POST", "/v2/repository/index")
    assert status == 200
    assert ask(server, "GET", path)[:2] == (200, listed)


def test_a_wrong_method_gets_405_and_the_allowed_methods(server: RunningServer):
    status, _, headers = ask(server, "DELETE", "/v2/repository/index")
    assert status == 405
    assert set(headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/v2"),
        ("GET", "/v2/models/generator/versions/1/config"),
        ("GET", "/page/model"),
        ("HEAD", "/v2/models/sampler"),
        ("POST", INFER),
        ("POST", "/v2/repository/index"),
        ("POST", "/nothing"),
    ],
)
def test_a_trailing_slash_does_not_matter(server: RunningServer, method: str, path: str):
    body = json.dumps(ONE_SEED).encode() if path == INFER else None
    expected = ask(server, method, path, body)
    assert expected[0] == (404 if path == "/nothing" else 200)
    assert ask(server, method, f"{path}/", body)[:2] == expected[:2]


@pytest.mark.parametrize("path", ["//", "/v2//", "//v2"])
def test_other_slashes_matter(server: RunningServer, path: str):
    assert ask(server, "GET", path)[0] == 404


def test_a_request_is_counted_by_its_route_however_it_is_spelled(published: Path):
    with running_server(published) as server:
        for method, path in (("GET", "/v2"), ("GET", "/v2/"), ("HEAD", "/v2"), ("HEAD", "/v2/")):
            assert ask(server, method, path)[0] == 200
        found = {
            sample.labels["method"]: sample.value
            for sample in samples(server)
            if sample.name == "curvegan_requests_total"
        }
        assert found == {"GET /v2": 4}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "problem"),
    [
        ("POST", INFER, b"{", 400, "request does not parse"),
        ("POST", INFER, b"{}", 400, "inputs"),
        ("POST", "/v2/models/painter/infer", b"{}", 404, "'painter' is not served"),
        ("POST", "/v2/models/sampler/versions/9/infer", b"{}", 404, "version 9 is not served"),
        ("GET", "/v2/models/sampler/versions/x", None, 400, "version"),
        ("POST", INFER, bytes(Limits().max_request_bytes + 1), 413, "request is larger than"),
    ],
)
def test_an_invalid_request_gets_a_status_and_a_reason(
    server: RunningServer, method: str, path: str, body: bytes | None, status: int, problem: str
):
    found, answer, _ = ask(server, method, path, body)
    assert found == status
    assert problem in json.loads(answer)["error"]


def test_too_many_curves_are_rejected_without_retry(server: RunningServer):
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [70_000], "data": [1] * 70_000}
    status, body, headers = ask(server, "POST", INFER, json.dumps({"inputs": [tensor]}).encode())
    assert status == 413
    assert "a response holds at most 69888" in json.loads(body)["error"]
    assert headers["Retry-After"] is None


@pytest.mark.parametrize("path", [INFER, "/nothing"])
def test_an_invalid_chunked_body_gets_400_and_no_traceback(
    published: Path, capfd: pytest.CaptureFixture[str], path: str
):
    with running_server(published) as server:
        host, _, port = server.http.partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head.encode() + b"1\r\n[\r\nzz\r\n")
            assert connection.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
        assert ask(server, "GET", "/v2")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def guarded(published: Path, tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "tokens").write_text("first\nsecond\n")
    with running_server(published, "--token-file", str(tmp_path / "tokens")) as running:
        yield running


@pytest.mark.parametrize("path", PROBES)
def test_probes_need_no_token(guarded: RunningServer, path: str):
    assert ask(guarded, "GET", path)[0] == 200


@pytest.mark.parametrize("path", ["/metrics", "/v2", "/v2/models", "/nothing"])
def test_everything_else_needs_a_token(guarded: RunningServer, path: str):
    status, body, headers = ask(guarded, "GET", path)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "no token" in json.loads(body)["error"]
    assert ask(guarded, "GET", path, headers={"Authorization": "Bearer wrong"})[0] == 401
    assert ask(guarded, "GET", path, headers={"Authorization": "Bearer second"})[0] in (200, 404)


def test_mutual_tls_requires_a_certificate_except_for_probes(published: Path, tmp_path: Path):
    ours = Authority.make(tmp_path / "ours")
    options = [*of_server(ours), "--tls-client-ca", str(ours.ca_file)]
    with running_server(published, *options) as server:
        stranger = ssl.create_default_context(cafile=ours.ca_file)
        assert {ask(server, "GET", path, tls=stranger)[0] for path in PROBES} == {200}
        status, body, _ = ask(server, "GET", "/v2", tls=stranger)
        assert (status, json.loads(body)) == (403, {"error": "no client certificate"})
        known = ssl.create_default_context(cafile=ours.ca_file)
        known.load_cert_chain(*ours.issue("client.example"))
        assert ask(server, "GET", "/v2", tls=known)[0] == 200


def test_probes_are_answered_however_many_connections_there_are(published: Path):
    with (
        running_server(published, "--max-calls", "2") as server,
        contextlib.ExitStack() as connections,
    ):
        host, _, port = server.http.partition(":")
        for _ in range(3):
            connections.enter_context(socket.create_connection((host, int(port))))
        status, body, headers = ask(server, "GET", "/v2")
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "the server is full" in json.loads(body)["error"]
        assert {ask(server, "GET", path)[0] for path in PROBES} == {200}


def test_http_can_be_switched_off(published: Path):
    with running_server(published, "--http", "off") as server:
        assert server.http is None
