"""TLS and tokens: CurveClient and its command on servers that have them."""

import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from curvegan import CurveClient, Retry, ServiceError, Tls
from curvegan.client.credentials import read_token
from curvegan.errors import CurveganError
from serve.running import RunningServer, running_server
from tests.support.authority import Authority, of_server
from tests.support.commands import error_line, try_command


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "others")


@pytest.fixture(scope="module")
def with_tls(published: Path, ours: Authority) -> Iterator[RunningServer]:
    with running_server(published, *of_server(ours)) as running:
        yield running


@pytest.fixture(scope="module")
def mutual(published: Path, ours: Authority) -> Iterator[RunningServer]:
    """A server that asks its clients for a certificate."""
    options = [*of_server(ours), "--tls-client-ca", str(ours.ca_file)]
    with running_server(published, *options) as running:
        yield running


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens"
    path.write_text("first-token\n")
    return path


@pytest.fixture
def guarded(published: Path, tokens: Path) -> Iterator[RunningServer]:
    with running_server(published, "--token-file", str(tokens)) as running:
        yield running


def generate(server: RunningServer, folder: Path, *options: str):
    arguments = ["generate", "--server", server.address, "--seeds", "0-9", "--out", "c.npy"]
    return try_command("curvegan", *arguments, *options, cwd=folder)


def refusal(server: RunningServer, **options) -> str:
    with CurveClient(server.address, **options) as client, pytest.raises(ServiceError) as caught:
        client.model()
    return str(caught.value)


def test_tls_calls_and_streams(with_tls: RunningServer, ours: Authority):
    with CurveClient(with_tls.address, tls=Tls(ours.ca_file)) as client:
        assert len(client.generate(range(10))) == 10
        assert sum(map(len, client.stream(range(100_000)))) == 100_000


def test_the_command_speaks_tls(with_tls: RunningServer, ours: Authority, tmp_path: Path):
    done = generate(with_tls, tmp_path, "--tls-ca", str(ours.ca_file))
    assert done.returncode == 0, done.stderr


def test_the_command_trusts_whom_the_system_trusts(
    with_tls: RunningServer, ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert "is not trusted" in error_line(generate(with_tls, tmp_path, "--tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.ca_file))
    assert generate(with_tls, tmp_path, "--tls").returncode == 0


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_a_url_of_tls_is_asked_by_tls(
    with_tls: RunningServer, ours: Authority, monkeypatch: pytest.MonkeyPatch, scheme: str
):
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.ca_file))
    with CurveClient(f"{scheme}://{with_tls.address}") as client:
        assert client.model().version == 1


def test_a_url_without_tls_and_tls_contradict_each_other(ours: Authority):
    with pytest.raises(CurveganError, match=r"'http://here:1' asks for no TLS.*https://here:1"):
        CurveClient("http://here:1", tls=Tls(ours.ca_file))


@pytest.mark.timeout(60)
def test_a_server_of_another_ca_is_not_trusted(with_tls: RunningServer, others: Authority):
    problem = refusal(with_tls, tls=Tls(others.ca_file), retry=Retry(seconds=150))
    assert "is not trusted (unable to get local issuer certificate): give the cert" in problem


def test_a_certificate_of_another_host_is_not_taken(published: Path, ours: Authority):
    with running_server(published, *of_server(ours, "example.org")) as server:
        assert "is for another host" in refusal(server, tls=Tls(ours.ca_file))


def test_without_tls_a_server_with_tls_says_what_to_give(with_tls: RunningServer, tmp_path: Path):
    line = error_line(generate(with_tls, tmp_path))
    assert "where the server has TLS, give --tls-ca or --tls" in line


def test_tls_on_a_server_without_is_said(server: RunningServer, ours: Authority):
    assert "does not speak TLS: ask it without" in refusal(server, tls=Tls(ours.ca_file))


def test_the_address_of_http_is_said_to_be_one(server: RunningServer, tmp_path: Path):
    done = try_command(
        "curvegan", "generate", "--server", server.http, "--seeds", "1", "--out", "c.npy",
        cwd=tmp_path,
    )  # fmt: skip
    assert "speaks HTTP and not gRPC" in error_line(done)


def test_mutual_tls_lets_in_whom_the_server_s_ca_signed(
    mutual: RunningServer, ours: Authority, others: Authority, tmp_path: Path
):
    cert, key = ours.issue("client")
    with CurveClient(mutual.address, tls=Tls(ours.ca_file, cert, key)) as client:
        assert len(client.generate(range(10))) == 10
    options = ["--tls-ca", str(ours.ca_file), "--tls-cert", str(cert), "--tls-key", str(key)]
    assert generate(mutual, tmp_path, *options).returncode == 0
    for tls in (Tls(ours.ca_file), Tls(ours.ca_file, *others.issue("client"))):
        assert "wants a certificate of the client" in refusal(mutual, tls=tls)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--tls-ca", "none.pem"], "can't read none.pem: No such file"),
        (["--tls-ca", "empty"], "empty holds no certificate: give one in PEM"),
        (["--tls-cert", "empty"], "--tls-cert and --tls-key"),
        (["--tls-cert", "empty", "--tls-key", "empty"], "are not a certificate and its key"),
        (["--token-file", "none"], "can't read the token file none: No such file"),
        (["--token-file", "empty"], "the token file empty is empty"),
        (["--token-file", "spaced"], "the first line of spaced is not a valid token"),
    ],
)
def test_wrong_files_are_one_line(server: RunningServer, tmp_path: Path, options, expected):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "token").write_text("a-secret\n")
    (tmp_path / "spaced").write_text("a secret\n")
    line = error_line(generate(server, tmp_path, *options))
    assert expected in line
    assert "secret" not in line
    assert not (tmp_path / "c.npy").exists()


def test_the_command_sends_no_token_in_the_clear(tmp_path: Path):
    (tmp_path / "token").write_text("a-secret\n")
    done = try_command(
        "curvegan", "generate", "--server", "192.0.2.1:1", "--seeds", "1", "--out", "c.npy",
        "--token-file", "token", cwd=tmp_path,
    )  # fmt: skip
    assert "the token would go to 192.0.2.1:1 unencrypted" in error_line(done)


def test_a_token_lets_in(guarded: RunningServer, tokens: Path, tmp_path: Path):
    with CurveClient(guarded.address, token="first-token") as client:
        assert len(client.generate(range(10))) == 10
        assert sum(map(len, client.stream(range(10)))) == 10
    assert generate(guarded, tmp_path, "--token-file", str(tokens)).returncode == 0


def test_no_token_and_a_wrong_one_are_said(guarded: RunningServer, tmp_path: Path):
    assert "UNAUTHENTICATED: no token" in refusal(guarded)
    problem = refusal(guarded, token="another-token")
    assert "UNAUTHENTICATED: the token is not valid" in problem
    assert "another-token" not in problem
    assert "by --token-file" in error_line(generate(guarded, tmp_path))


def test_the_health_is_open_without_a_token(guarded: RunningServer):
    with grpc.insecure_channel(guarded.address) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert check.status == health_pb2.HealthCheckResponse.SERVING


def test_a_token_is_replaced_without_a_pause(guarded: RunningServer, tokens: Path):
    with (
        CurveClient(guarded.address, token="first-token") as old,
        CurveClient(guarded.address, token="second-token") as new,
    ):
        tokens.write_text("first-token\nsecond-token\n")
        time.sleep(1.5)
        assert old.model().version == 1
        assert new.model().version == 1
        tokens.write_text("second-token\n")
        time.sleep(1.5)
        assert new.model().version == 1
        with pytest.raises(ServiceError, match="UNAUTHENTICATED"):
            old.model()


def test_a_token_crosses_the_network_only_by_tls_or_if_asked_to(ours: Authority):
    with pytest.raises(CurveganError, match="unencrypted") as caught:
        CurveClient("example.org:8001", token="a-secret")
    assert "a-secret" not in str(caught.value)
    for options in ({"tls": Tls(ours.ca_file)}, {"insecure": True}):
        CurveClient("example.org:8001", token="a-secret", **options).close()


@pytest.mark.parametrize("token", ["", "a secret", "secret\n", "sécret"])
def test_an_invalid_token_is_not_shown(token: str):
    with pytest.raises(ValueError, match="the token is not valid") as caught:
        CurveClient(token=token)
    assert not token or token not in str(caught.value)


def test_a_client_does_not_show_its_token():
    with CurveClient(token="a-secret") as client:
        assert "a-secret" not in repr(client)


def test_a_token_file_may_be_the_server_s(tmp_path: Path):
    (tmp_path / "tokens").write_bytes(b"\n  one\r\ntwo\n")
    assert read_token(tmp_path / "tokens") == "one"
