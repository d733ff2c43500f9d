"""A server that listens on a socket file."""

import contextlib
import os
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.address import SocketFile
from curvegan.errors import ServerError
from serve.process.listening import claim
from serve.running import RunningServer, running_server
from tests.support.commands import run_command, workers_of
from tests.support.observe import kill, kill_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a blank in its name."""
    inside = tmp_path / "a b"
    inside.mkdir()
    return inside


@contextlib.contextmanager
def serving(models: Path, folder: Path) -> Iterator[RunningServer]:
    files = (f"--listen=unix:{folder}/grpc", f"--http=unix:{folder}/http")
    with running_server(models, *files) as running:
        yield running


@pytest.fixture(scope="module")
def sockets(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which a server listens, whose umask lets its group in."""
    folder = tmp_path_factory.mktemp("sockets")
    before = os.umask(0o007)
    try:
        with serving(published, folder):
            os.umask(before)
            yield folder
    finally:
        os.umask(before)


def get(path: Path, page: str) -> bytes:
    """Returns what HTTP answers on a socket file."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(f"GET {page} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_answers_there_and_says_so(sockets: Path, engine, monkeypatch: pytest.MonkeyPatch):
    expected = engine.curves_from_seeds(np.arange(10)).tobytes()
    monkeypatch.chdir(sockets)
    for target in (f"unix:{sockets}/grpc", f"unix://{sockets}/grpc", "unix:grpc"):
        with CurveClient(target, token="not-for-the-network") as client:
            assert client.generate(range(10)).tobytes() == expected
            assert sum(map(len, client.stream(range(10)))) == 10
    assert get(sockets / "http", "/readyz").endswith(b"ready: version 1\n")
    assert b'method="curvegan.v1.CurveService/GenerateCurves"' in get(sockets / "http", "/metrics")


def test_the_command_asks_it(sockets: Path, tmp_path: Path):
    server = f"--server=unix:{sockets}/grpc"
    run_command("curvegan", "generate", server, "--seeds=1", "--out=c.csv", cwd=tmp_path)


def test_no_proxy_is_asked_for_it(sockets: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with CurveClient(f"unix:{sockets}/grpc") as client:
        assert client.model().version == 1


def test_the_umask_says_who_may_connect(sockets: Path):
    for name in ("grpc", "http"):
        assert stat.S_IMODE((sockets / name).stat().st_mode) == 0o770


@pytest.mark.parametrize(("name", "option"), [("grpc", "--listen"), ("http", "--http")])
def test_a_second_server_is_refused(sockets: Path, name: str, option: str):
    refused = f"can't listen on unix:{sockets}/{name}: Address already in use; .* {option}"
    with pytest.raises(ServerError, match=refused):
        claim(SocketFile(f"{sockets}/{name}"), option)


def test_a_killed_worker_comes_back_and_the_file_is_never_free(published: Path, folder: Path):
    with serving(published, folder) as server, CurveClient(server.address) as client:
        assert (server.address, server.http) == (f"unix:{folder}/grpc", f"unix:{folder}/http")
        client.model()
        os.kill(server.process.pid, signal.SIGSTOP)  # It starts no other worker yet.
        kill(workers_of(server)[0])
        with pytest.raises(ServerError, match="Address already in use"):
            claim(SocketFile(f"{folder}/grpc"), "--listen")
        os.kill(server.process.pid, signal.SIGCONT)
        assert client.model().version == 1
        assert get(folder / "http", "/readyz").endswith(b"ready: version 1\n")


def test_a_killed_server_does_not_hinder_the_next_which_leaves_nothing(
    published: Path, folder: Path
):
    with serving(published, folder) as server:
        kill_server(server)
    assert {path.name for path in folder.iterdir()} >= {"grpc", "http"}
    with serving(published, folder) as server, CurveClient(server.address) as client:
        assert client.model().version == 1
        assert get(folder / "http", "/readyz").endswith(b"ready: version 1\n")
    assert server.process.wait() == 0
    assert not list(folder.iterdir())


def test_several_workers_share_the_file_of_http(published: Path, folder: Path):
    with running_server(published, f"--http=unix:{folder}/http", "--workers=2") as server:
        first, second = workers_of(server)
        for stopped, other in ((first, second), (second, first)):
            os.kill(stopped, signal.SIGSTOP)
            assert get(folder / "http", "/healthz").endswith(b"ok\n"), other
            os.kill(stopped, signal.SIGCONT)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_the_socket_of_another_program_is_left_alone(folder: Path, kind: int):
    with socket.socket(socket.AF_UNIX, kind) as other:
        other.bind(str(folder / "other"))
        if kind == socket.SOCK_STREAM:
            other.listen()
        with pytest.raises(ServerError, match="Address already in use"):
            claim(SocketFile(f"{folder}/other"), "--listen")
        assert (folder / "other").is_socket()


def test_a_file_that_is_not_a_socket_is_left_alone(folder: Path):
    (folder / "notes").write_text("mine")
    with pytest.raises(ServerError, match="that is not a socket; choose another address with"):
        claim(SocketFile(f"{folder}/notes"), "--listen")
    assert (folder / "notes").read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["notes"]


def test_a_folder_that_is_not_there_is_said(folder: Path):
    with pytest.raises(ServerError, match="No such file or directory; choose another"):
        claim(SocketFile(f"{folder}/none/socket"), "--listen")
