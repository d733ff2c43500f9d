"""nginx and HAProxy in front of the server, with the configurations of docs/proxies.md."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from curvegan import CurveClient, Retry, ServiceError, Tls
from curvegan.engine import Engine
from serve.running import RunningServer, running_server
from tests.support.authority import Authority, of_server
from tests.support.commands import workers_of

PAGE = Path(__file__).parents[3] / "docs" / "proxies.md"
BEHIND_TLS = "curves.example.org"
N_CURVES = 500_000

# As Debian's nginx.conf, but for one process in the foreground that keeps its files together.
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {page}
}}
"""


def blocks(language: str) -> list[str]:
    """Returns the page's configurations in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Proxy:
    """A proxy that is not started, with the page's configuration for a server at `upstream`."""

    kind: str
    folder: Path
    authority: Authority
    upstream: str
    port: int
    config: str

    @classmethod
    def make(cls, kind: str, authority: Authority, folder: Path, upstream: str) -> "Proxy":
        if not shutil.which(kind):
            pytest.skip(f"{kind} is missing: install the Debian package {kind}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        cert, key = authority.issue("127.0.0.1")
        if kind == "nginx":
            where = (
                ("listen 443", f"listen 127.0.0.1:{port}"),
                ("/etc/nginx/tls.pem", str(cert)),
                ("/etc/nginx/tls.key", str(key)),
            )
        else:
            both = folder / "both.pem"
            both.write_bytes(cert.read_bytes() + key.read_bytes())
            where = (
                ("bind :443", f"bind 127.0.0.1:{port}"),
                ("/etc/haproxy/curvegan.pem", str(both)),
            )
        config = replaced(blocks(kind)[0], *where, ("127.0.0.1:8001", upstream))
        return cls(kind, folder, authority, upstream, port, config)

    def changed(self, *pairs: tuple[str, str]) -> "Proxy":
        """Returns it with other words in its configuration."""
        config = replaced(self.config, *pairs)
        return Proxy(self.kind, self.folder, self.authority, self.upstream, self.port, config)

    def without_retries(self) -> "Proxy":
        """Returns it so that it tries once to reach the server; HAProxy takes three seconds."""
        if self.kind == "nginx":
            return self
        return self.changed(("mode http\n", "mode http\n    retries 0\n"))

    def between_machines(self) -> "Proxy":
        """Returns it with what the page says of a server with TLS."""
        if self.kind == "nginx":
            old = "        grpc_pass grpc://curvegan;\n"
            ca = "/etc/nginx/ca.pem"
        else:
            old = f"    server curvegan {self.upstream} proto h2\n"
            ca = "/etc/haproxy/ca.pem"
        new = blocks(self.kind)[1].replace("127.0.0.1:8001", self.upstream)
        return self.changed((old, replaced(new, (ca, str(self.authority.ca_file)))))

    def client(self, retry: Retry | None = None, token: str | None = None) -> CurveClient:
        tls = Tls(ca=self.authority.ca_file)
        return CurveClient(f"127.0.0.1:{self.port}", tls=tls, retry=retry, token=token)

    def start(self) -> subprocess.Popen[bytes]:
        """Starts it, and waits until it takes connections."""
        path = self.folder / "config"
        if self.kind == "nginx":
            path.write_text(NGINX.format(folder=self.folder, page=self.config))
            command = ["nginx", "-p", str(self.folder), "-e", "error.log", "-c", str(path)]
        else:
            path.write_text(self.config)
            command = ["haproxy", "-db", "-f", str(path)]
        process = subprocess.Popen(command)
        while True:
            assert process.poll() is None, f"{self.kind} did not start"
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.01)
            else:
                return process

    @contextmanager
    def running(self) -> Iterator[None]:
        with self.start() as process:
            try:
                yield
            finally:
                process.terminate()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("proxies") / "ca")


Making = Callable[[str], Proxy]


@pytest.fixture(params=["nginx", "haproxy"])
def make(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Making:
    """Returns a function that makes a proxy for a server at an address."""
    return lambda upstream: Proxy.make(request.param, authority, tmp_path, upstream)


@pytest.fixture(scope="module")
def own_server(published: Path) -> Iterator[RunningServer]:
    """A server whose worker may be killed."""
    with running_server(published) as running:
        yield running


@pytest.fixture(scope="module")
def expected(engine: Engine) -> bytes:
    """The curves of the seeds from 0 to N_CURVES."""
    return engine.curves_from_seeds(np.arange(N_CURVES)).tobytes()


def stream(client: CurveClient, after_first_part: Callable[[], None] | None = None) -> bytes:
    """Returns the curves of the seeds from 0 to N_CURVES."""
    parts = []
    for part in client.stream(range(N_CURVES)):
        parts.append(part)
        if after_first_part and len(parts) == 1:
            after_first_part()
    return np.concatenate(parts).tobytes()


def test_curves_pass_unchanged(
    make: Making, server: RunningServer, client: CurveClient, expected: bytes
):
    noise = np.random.default_rng(1).standard_normal((69_000, 5), np.float32)
    assert noise.nbytes > 2**20  # nginx's own limit
    seeds = list(range(0, 300_000, 2))
    proxy = make(server.address)
    with proxy.running(), proxy.client() as through:
        assert through.generate([7, -1]).tobytes() == client.generate([7, -1]).tobytes()
        large = through.generate_from_noise(noise)
        assert large.tobytes() == client.generate_from_noise(noise).tobytes()
        assert stream(through) == expected
        listed = np.concatenate(list(through.stream(seeds)))
        assert listed.tobytes() == np.concatenate(list(client.stream(seeds))).tobytes()


def test_a_description_passes_unchanged(make: Making, server: RunningServer, client: CurveClient):
    proxy = make(server.address)
    with proxy.running(), proxy.client() as through:
        assert repr(through.model()) == repr(client.model())


def test_an_error_passes_with_its_details(make: Making, server: RunningServer, client: CurveClient):
    proxy = make(server.address)
    with proxy.running(), proxy.client() as through:
        with pytest.raises(ServiceError) as here:
            client.generate([])
        with pytest.raises(ServiceError) as there:
            through.generate([])
    assert there.value.field == here.value.field == "source.seeds.values"
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("method", ["generate_from_noise", "stream_from_noise"])
def test_a_request_above_nginx_s_limit_says_what_to_raise(
    authority: Authority, server: RunningServer, tmp_path: Path, method: str
):
    """For a stream gRPC's core sometimes reports a broken answer first: hence the repeats."""
    proxy = Proxy.make("nginx", authority, tmp_path, server.address)
    by_default = proxy.changed(("client_max_body_size 4m;", ""))
    noise = np.zeros((69_000, 5), np.float32)
    with (
        by_default.running(),
        by_default.client(Retry()) as through,
        pytest.raises(ServiceError, match=r"raise its limit \(nginx: client_max_body_size\)"),
    ):
        list(getattr(through, method)(noise))


def test_a_proxy_without_a_server_says_so(make: Making):
    proxy = make("127.0.0.1:1").without_retries()
    with (
        proxy.running(),
        proxy.client() as through,
        pytest.raises(ServiceError, match=r"reaches no server: .* \(HTTP 50[23]\)"),
    ):
        through.generate([1])


def test_a_server_that_is_silent_for_too_long_is_named(make: Making, own_server: RunningServer):
    proxy = make(own_server.address)
    limit = "grpc_read_timeout" if proxy.kind == "nginx" else "timeout server"
    if proxy.kind == "nginx":
        proxy = proxy.changed(("send_timeout 1h;", "grpc_read_timeout 200ms;"))
    else:
        proxy = proxy.changed(("timeout server 1m", "timeout server 200ms"))
    (worker,) = workers_of(own_server)
    with proxy.running(), proxy.client() as through:
        through.generate([1])  # so that there is a connection to the server
        os.kill(worker, signal.SIGSTOP)
        try:
            with pytest.raises(ServiceError, match=rf"did not wait .*504.*{limit}"):
                through.generate([1])
        finally:
            os.kill(worker, signal.SIGCONT)


def test_a_stream_goes_on_after_the_server_s_worker_was_killed(
    make: Making, own_server: RunningServer, expected: bytes
):
    def kill() -> None:
        (worker,) = workers_of(own_server)
        os.kill(worker, signal.SIGKILL)

    proxy = make(own_server.address)
    with proxy.running(), proxy.client(Retry()) as through:
        assert stream(through, kill) == expected


def test_a_stream_goes_on_after_the_proxy_was_restarted(
    make: Making, server: RunningServer, expected: bytes
):
    proxy = make(server.address)
    processes = [proxy.start()]

    def restart() -> None:
        processes[0].kill()
        processes[0].wait()
        processes.append(proxy.start())

    try:
        with proxy.client(Retry()) as through:
            assert stream(through, restart) == expected
        assert len(processes) == 2
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_proxy_on_another_machine_checks_the_server_and_passes_tokens(
    make: Making, authority: Authority, published: Path, tmp_path: Path
):
    (tmp_path / "tokens").write_text("secret\n")
    options = (*of_server(authority, BEHIND_TLS), "--token-file", str(tmp_path / "tokens"))
    with running_server(published, *options) as secured:
        proxy = make(secured.address).between_machines()
        with proxy.running():
            with proxy.client(token="secret") as through:
                assert through.generate([1]).shape == (1, 15)
            with (
                proxy.client(token="wrong") as through,
                pytest.raises(ServiceError, match="UNAUTHENTICATED"),
            ):
                through.generate([1])
        stranger = proxy.changed((BEHIND_TLS, "elsewhere.example.org")).without_retries()
        with (
            stranger.running(),
            stranger.client(token="secret") as through,
            pytest.raises(ServiceError, match=r"HTTP 50[23]"),
        ):
            through.generate([1])
