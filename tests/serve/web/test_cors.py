"""CORS: requests from web pages of other origins."""

import http.client
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from curvegan.errors import ServerError
from serve.running import RunningServer, running_server
from serve.settings import Access, Settings
from tests.serve.calls.test_overload import http_connection
from tests.serve.web.test_server import INFER, ask
from tests.support.commands import error_line, try_command

APP, OTHER = "https://app.example.org", "http://localhost:3000"
STRANGER = "https://stranger.example.org"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,inference-header-content-length",
}


@pytest.fixture(scope="module")
def server(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for pages of two origins, with a token, for two connections."""
    tokens = tmp_path_factory.mktemp("cors") / "tokens"
    tokens.write_text("secret\n")
    options = ["--token-file", str(tokens), "--cors-origin", APP, "--cors-origin", OTHER]
    with running_server(published, *options, "--max-calls", "2") as running:
        yield running


def of_page(
    server: RunningServer,
    origin: str,
    method: str = "GET",
    path: str = "/v2",
    body: bytes | None = None,
    **headers: str,
) -> tuple[int, http.client.HTTPMessage]:
    """Sends a request as a browser does for a page of `origin`. Returns the status and headers."""
    status, _, found = ask(server, method, path, body, {"Origin": origin, **headers})
    return status, found


@pytest.mark.parametrize("origin", [APP, OTHER])
@pytest.mark.parametrize("path", [INFER, "/v2", "/metrics", "/healthz", "/v2/repository/index/"])
def test_a_preflight_request_needs_no_token(server: RunningServer, origin: str, path: str):
    status, headers = of_page(server, origin, "OPTIONS", path, **PREFLIGHT)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert {"GET", "POST"} <= set(headers["Access-Control-Allow-Methods"].split(", "))
    allowed = headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "inference-header-content-length", "content-type"} <= set(allowed)


@pytest.mark.parametrize(
    ("method", "path", "body", "token", "status"),
    [
        ("GET", "/v2", None, "secret", 200),
        ("GET", "/healthz", None, "", 200),
        ("GET", "/v2", None, "", 401),
        ("GET", "/nothing", None, "secret", 404),
        ("POST", "/v2", b"", "secret", 405),
        ("POST", INFER, b"{", "secret", 400),
        ("POST", INFER, bytes(3 * 2**20), "secret", 413),
    ],
)
def test_a_page_may_read_responses_and_errors(
    server: RunningServer, method: str, path: str, body: bytes | None, token: str, status: int
):
    found, headers = of_page(server, APP, method, path, body, Authorization=f"Bearer {token}")
    assert (found, headers["Access-Control-Allow-Origin"]) == (status, APP)
    assert "Origin" in headers["Vary"]
    exposed = headers["Access-Control-Expose-Headers"].split(", ")
    assert "Inference-Header-Content-Length" in exposed
    strangers, headers = of_page(
        server, STRANGER, method, path, body, Authorization=f"Bearer {token}"
    )
    assert (strangers, headers["Access-Control-Allow-Origin"]) == (status, None)


def test_a_page_may_read_that_the_server_is_full(server: RunningServer):
    with ExitStack() as connections:
        for _ in range(2):
            connections.enter_context(http_connection(server))
        status, headers = of_page(server, APP)
        assert (status, headers["Access-Control-Allow-Origin"]) == (503, APP)
        assert "Retry-After" in headers["Access-Control-Expose-Headers"]


def test_another_origin_gets_no_cors_headers(server: RunningServer):
    status, headers = of_page(server, STRANGER, "OPTIONS", INFER, **PREFLIGHT)
    assert (status, headers["Access-Control-Allow-Origin"]) == (400, None)


def test_a_star_allows_all_origins(published: Path):
    with running_server(published, "--cors-origin", "*") as server:
        for origin in (APP, STRANGER, "null"):
            assert of_page(server, origin)[1]["Access-Control-Allow-Origin"] == "*"
            _, headers = of_page(server, origin, "OPTIONS", INFER, **PREFLIGHT)
            assert headers["Access-Control-Allow-Origin"] == "*"


def test_without_the_option_no_other_origin_is_allowed(published: Path):
    with running_server(published) as server:
        status, headers = of_page(server, APP)
        assert (status, headers["Access-Control-Allow-Origin"]) == (200, None)
        assert of_page(server, APP, "OPTIONS", INFER, **PREFLIGHT)[0] == 405


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "app.example.org",
        "localhost:3000",
        "https://",
        "https://app.example.org/",
        "https://app.example.org/page",
        "https://app.example.org?x",
        "https://user@app.example.org",
        "https://app.example.org:443",
        "http://app.example.org:80",
        "https://app.example.org:",
        "https://*.example.org",
        "HTTPS://app.example.org",
        "https://App.example.org",
        "https://bücher.example.org",
        "https://a.example.org,https://b.example.org",
        "https://a.example.org https://b.example.org",
        "null",
        "**",
    ],
)
def test_an_origin_that_no_browser_sends_is_an_error(origin: str):
    with pytest.raises(ServerError, match="is not an origin as browsers write it: give scheme"):
        Settings(access=Access(cors_origin=(APP, origin))).check()


@pytest.mark.parametrize("origin", [APP, OTHER, "http://[::1]:3000", "app+x://a_b.c", "*"])
def test_an_origin_as_browsers_send_it_is_accepted(origin: str):
    Settings(access=Access(cors_origin=(origin,))).check()


def test_an_invalid_origin_is_a_one_line_error_before_anything_starts(tmp_path: Path):
    line = error_line(try_command("serve", "--cors-origin", f"{APP}/page", cwd=tmp_path))
    assert line.startswith(f"error: --cors-origin '{APP}/page' is not an origin")
