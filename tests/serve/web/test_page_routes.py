"""The page: its files, content security policy and models, and access to them."""

import asyncio
import gzip
import json
import re
import ssl
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from starlette.requests import Request

from curvegan import CurveClient
from curvegan.repository.repository import Repository
from serve.calls.calls import Calls
from serve.compute.plane import Plane
from serve.compute.version_digests import VersionDigests
from serve.compute.versions import Versions
from serve.running import RunningServer, running_server
from serve.settings import Limits
from serve.web.page_routes import FOLDER, PageRoutes
from tests.serve.web.test_server import ask
from tests.support.authority import Authority, of_server
from tests.support.models import publish_raised

PLANE = Plane(Limits(), Calls(Limits()))
built = pytest.mark.skipif(not FOLDER.is_dir(), reason="the page is not built: make page")


def assets(server: RunningServer) -> list[str]:
    """Returns the paths of the files that the page loads first."""
    _, html, _ = ask(server, "GET", "/")
    return [f"/{path}" for path in re.findall(r'(?:src|href)="(assets/[^"]+)"', html.decode())]


@pytest.mark.parametrize("model", ["sampler", "generator"])
def test_the_page_gets_the_model_files_that_are_served(
    server: RunningServer, repository: Repository, model: str
):
    loaded = repository.load(1)
    onnx = {"sampler": loaded.sampler_onnx, "generator": loaded.generator_onnx}[model]
    status, body, headers = ask(server, "GET", f"/page/model/1/{model}.onnx")
    assert (status, body) == (200, onnx)
    _, described, _ = ask(server, "GET", "/page/model")
    assert headers["ETag"] == f'"{json.loads(described)[f"{model}_sha256"]}"'


def test_the_page_gets_all_that_a_client_may_know(server: RunningServer, client: CurveClient):
    described = json.loads(ask(server, "GET", "/page/model")[1])
    told = asdict(client.model())
    assert described == {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in told.items()
    }
    assert ask(server, "GET", "/page/model/1")[1] == ask(server, "GET", "/page/model")[1]


@pytest.mark.parametrize(
    "path",
    [
        "/page/model/9",
        "/page/model/9/sampler.onnx",
        "/page/model/1/painter.onnx",
        "/assets/index.html",
        "/assets/nothing.js",
        "/assets/%2e%2e",
    ],
)
def test_unknown_paths_are_not_found(server: RunningServer, path: str):
    status, body, _ = ask(server, "GET", path)
    assert status == 404
    assert json.loads(body)["error"]


def test_a_version_that_is_being_loaded_may_be_retried(models: Path, tmp_path: Path):
    """Two workers may find a version at different times."""
    versions = Versions(Repository(models), VersionDigests(tmp_path), 1, None, lambda *_: None)
    versions.refresh()
    publish_raised(models, 0.25)
    _, _, _, description, onnx = PageRoutes(versions, PLANE).routes()
    for route in (description, onnx):
        request = Request(
            {"type": "http", "headers": [], "path_params": {"version": "2", "name": "sampler"}}
        )
        response = asyncio.run(route.endpoint(request))
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert "Content-Security-Policy" in response.headers


@built
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("gzip;q=0, *", False), ("*;q=0, gzip", True), ("br", False), ("*", True)],
)
def test_gzip_is_sent_only_to_clients_that_accept_it(
    server: RunningServer, accepted: str, packed: bool
):
    _, _, headers = ask(server, "GET", "/", headers={"Accept-Encoding": accepted})
    assert (headers["Content-Encoding"] == "gzip") == packed


def test_a_cached_file_is_not_sent_again(server: RunningServer):
    for path in ("/page/model", "/page/model/1/sampler.onnx", *(["/"] if FOLDER.is_dir() else [])):
        etag = ask(server, "GET", path)[2]["ETag"]
        status, body, _ = ask(server, "GET", path, headers={"If-None-Match": f'"other", {etag}'})
        assert (status, body) == (304, b"")
        assert ask(server, "GET", path, headers={"If-None-Match": '"other"'})[0] == 200


def test_without_its_files_the_page_says_how_to_build_them(repository: Repository, tmp_path: Path):
    versions = Versions(repository, VersionDigests(tmp_path), 1, None, lambda *_: None)
    index, *_ = PageRoutes(versions, PLANE, tmp_path / "nothing").routes()
    response = asyncio.run(index.endpoint(Request({"type": "http", "headers": []})))
    assert response.status_code == 404
    assert b"make page" in response.body


@built
def test_the_page_may_load_nothing_from_other_origins(server: RunningServer):
    for path in ("/", "/page/model", *assets(server)):
        _, _, headers = ask(server, "GET", path)
        policy = dict(
            directive.split(maxsplit=1)
            for directive in headers["Content-Security-Policy"].split("; ")
        )
        assert policy.pop("script-src") == "'self' 'wasm-unsafe-eval'"
        for directive in ("default-src", "base-uri", "form-action", "frame-ancestors"):
            assert policy.pop(directive) == "'none'"
        assert set(policy.values()) == {"'self'"}
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"


@built
def test_files_are_the_same_with_and_without_gzip(server: RunningServer):
    for path in ("/", *assets(server)):
        _, plain, headers = ask(server, "GET", path)
        assert headers["Content-Encoding"] is None
        assert headers["Vary"] == "Accept-Encoding"
        _, packed, packed_headers = ask(
            server, "GET", path, headers={"Accept-Encoding": "br, gzip"}
        )
        assert packed_headers["Content-Encoding"] == "gzip"
        assert packed_headers["ETag"] != headers["ETag"]
        assert gzip.decompress(packed) == plain
        refused = {"Accept-Encoding": "gzip;q=0"}
        assert ask(server, "GET", path, headers=refused)[2]["Content-Encoding"] is None


@built
def test_files_named_by_their_content_are_cached_forever(server: RunningServer):
    assert "no-cache" in ask(server, "GET", "/")[2]["Cache-Control"]
    for path in assets(server):
        named = "immutable" in ask(server, "GET", path)[2]["Cache-Control"]
        assert named == ("licences" not in path)


@built
def test_the_pages_own_script_is_small(server: RunningServer):
    (script,) = (path for path in assets(server) if path.startswith("/assets/main-"))
    assert len(ask(server, "GET", script)[1]) < 100_000


@pytest.fixture
def guarded(published: Path, tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "tokens").write_text("secret\n")
    with running_server(published, "--token-file", str(tmp_path / "tokens")) as running:
        yield running


def test_the_page_is_open_and_the_models_need_a_token(guarded: RunningServer):
    assert ask(guarded, "GET", "/")[0] in (200, 404)
    assert ask(guarded, "GET", "/assets/nothing.js")[0] == 404
    for path in ("/page/model", "/page/model/1", "/page/model/1/sampler.onnx", "/page", "//"):
        assert ask(guarded, "GET", path)[0] == 401
    known = {"Authorization": "Bearer secret"}
    assert ask(guarded, "GET", "/page/model", headers=known)[0] == 200


def test_under_mutual_tls_the_page_needs_a_certificate(published: Path, tmp_path: Path):
    ours = Authority.make(tmp_path / "ours")
    options = [*of_server(ours), "--tls-client-ca", str(ours.ca_file)]
    with running_server(published, *options) as server:
        stranger = ssl.create_default_context(cafile=ours.ca_file)
        for path in ("/", "/page/model"):
            assert ask(server, "GET", path, tls=stranger)[0] == 403
