"""Authentication on the server: tokens, certificates, and what needs neither."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest

from curvegan.v1.curves_pb2 import CurveSource, SeedRange, StreamCurvesRequest
from serve.rpc.curve_service import SERVICE
from serve.running import RunningServer, running_server
from tests.support.authority import Authority, of_server
from tests.support.commands import error_line, try_command
from tests.support.http2 import raw_call
from tests.support.observe import own_connection, standard_error_in, wait_until

CURVES = "/curvegan.v1.CurveService"
GET_MODEL = f"{CURVES}/GetModel"
INFERENCE = "/inference.GRPCInferenceService"
CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
SERVING = b"\x08\x01"

METHODS = [
    *(f"/{SERVICE.full_name}/{method.name}" for method in SERVICE.methods),
    *(
        f"{INFERENCE}/{method}"
        for method in (
            "ModelReady",
            "ServerMetadata",
            "ModelMetadata",
            "ModelInfer",
            "ModelStreamInfer",
            "ModelConfig",
            "ModelStatistics",
            "RepositoryIndex",
        )
    ),
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/what.is.not/Offered",
    f"{CURVES}/PaintCurves",
]
PAGES = ["/metrics", "/v2", "/v2/models", "/v2/models/sampler", "/v2/health", "/nothing"]
PROBES = ["/healthz", "/readyz", "/v2/health/live", "/v2/health/ready", "/v2/health/live/"]


@pytest.fixture(scope="module")
def guarded(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with two tokens and a limit of eight calls."""
    tokens = tmp_path_factory.mktemp("access") / "tokens"
    tokens.write_text("first-token\nsecond-token\n")
    with running_server(published, "--token-file", str(tokens), "--max-calls", "8") as running:
        yield running


@pytest.fixture
def channel(guarded: RunningServer) -> Iterator[grpc.Channel]:
    with own_connection(guarded) as connected:
        yield connected


def bearer(token: str) -> tuple[tuple[str, str]]:
    return (("authorization", f"Bearer {token}"),)


def code_of(channel: grpc.Channel, method: str, metadata: object = ()) -> grpc.StatusCode:
    """Calls a method of any kind with one empty message. Returns the status code."""
    call = channel.stream_stream(method)(iter([b""]), metadata=metadata, timeout=20)
    try:
        list(call)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def page(server: RunningServer, path: str, authorization: bytes | None = None) -> int:
    """Returns the HTTP status of a path."""
    host, _, port = server.http.partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    try:
        headers = {} if authorization is None else {"Authorization": authorization}
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_but_the_probes_needs_a_token(channel: grpc.Channel, method: str):
    assert code_of(channel, method) is grpc.StatusCode.UNAUTHENTICATED
    assert code_of(channel, method, bearer("wrong")) is grpc.StatusCode.UNAUTHENTICATED
    assert code_of(channel, method, bearer("second-token")) is not grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("path", PAGES)
def test_every_page_but_the_probes_needs_a_token(guarded: RunningServer, path: str):
    assert page(guarded, path) == 401
    assert page(guarded, path, b"Bearer wrong") == 401
    assert page(guarded, path, b"Bearer second-token") in (200, 404)


def test_health_and_probes_need_no_token(guarded: RunningServer, channel: grpc.Channel):
    assert channel.unary_unary(CHECK)(b"", timeout=20) == SERVING
    watch = channel.unary_stream(WATCH)(b"", timeout=20)
    assert next(watch) == SERVING
    watch.cancel()
    for probe in ("ServerLive", "ServerReady"):
        assert channel.unary_unary(f"{INFERENCE}/{probe}")(b"", timeout=20) == b"\x08\x01"
    assert {page(guarded, path) for path in PROBES} == {200}


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"first-token",
        b"Basic first-token",
        b"Bearer first-toke",
        b"Bearer first-token2",
        b"Bearer FIRST-TOKEN",
        b"Bearer first-token second-token",
        b"Bearer first-token\xff",
        b"Bearer \xc3\xa9\xed\xa0\x80",
        b"Bearer " + b"first-token" * 500,
    ],
)
def test_a_wrong_or_malformed_token_is_rejected(guarded: RunningServer, authorization: bytes):
    assert raw_status(guarded, authorization) == grpc.StatusCode.UNAUTHENTICATED
    assert page(guarded, "/v2", authorization) == 401


def raw_status(server: RunningServer, authorization: bytes) -> grpc.StatusCode | None:
    """Returns the status of a call with these bytes as authorization; None if it was reset."""
    answer = raw_call(server.address, GET_MODEL.encode(), (b"authorization", authorization))
    for status in grpc.StatusCode:
        number = str(status.value[0]).encode()
        if b"grpc-status" + bytes([len(number)]) + number in answer:
            return status
    return None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_every_token_of_the_file_is_accepted(guarded: RunningServer, scheme: str):
    for token in ("first-token", "second-token"):
        authorization = f"{scheme} {token}".encode()
        assert raw_status(guarded, authorization) == grpc.StatusCode.OK
        assert page(guarded, "/v2", authorization) == 200


@pytest.mark.parametrize("size", [30_000, 1_000_000])
def test_a_huge_header_is_rejected_without_affecting_others(guarded: RunningServer, size: int):
    huge = b"Bearer " + b"first-token".ljust(size, b"x")
    with own_connection(guarded) as other:
        assert code_of(other, GET_MODEL, bearer("first-token")) is grpc.StatusCode.OK
        assert raw_status(guarded, huge) is not grpc.StatusCode.OK
        assert code_of(other, GET_MODEL, bearer("first-token")) is grpc.StatusCode.OK
    with suppress(OSError, http.client.HTTPException):  # It may close the connection early.
        assert page(guarded, "/v2", huge) in (400, 401)
    assert page(guarded, "/v2", b"Bearer first-token") == 200


def test_a_full_server_rejects_calls_before_checking_tokens(guarded: RunningServer):
    """Even without a token the call is rejected as over the limit, and health still responds."""
    source = CurveSource(range=SeedRange(count=10**8))
    request = StreamCurvesRequest(source=source).SerializeToString()
    with own_connection(guarded) as busy, own_connection(guarded) as other:
        call = busy.unary_stream(f"{CURVES}/StreamCurves")
        streams = [call(request, metadata=bearer("first-token"), timeout=60) for _ in range(8)]
        for stream in streams:
            next(stream)
        for metadata in ((), bearer("wrong"), bearer("first-token")):
            assert code_of(other, GET_MODEL, metadata) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert other.unary_unary(CHECK)(b"", timeout=20) == SERVING
        assert {page(guarded, path) for path in PROBES} == {200}
        for stream in streams:
            stream.cancel()
        wait_until(
            lambda: code_of(other, GET_MODEL, bearer("first-token")) is grpc.StatusCode.OK, 5
        )


def test_clients_without_a_token_can_not_use_up_the_limits(guarded: RunningServer):
    """Watching the health is an endless call, so the number of watches is limited."""
    with ExitStack() as stack:
        strangers = [stack.enter_context(own_connection(guarded)) for _ in range(25)]
        watches = [
            stranger.unary_stream(WATCH)(b"", timeout=20)
            for stranger in strangers
            for _ in range(4)
        ]
        refused = []
        for watch in watches:
            try:
                next(watch)
            except grpc.RpcError as error:
                refused.append(error.code())
        assert refused == [grpc.StatusCode.RESOURCE_EXHAUSTED] * (len(watches) - 8)
        with own_connection(guarded) as channel:
            assert code_of(channel, GET_MODEL, bearer("first-token")) is grpc.StatusCode.OK
            assert channel.unary_unary(CHECK)(b"", timeout=20) == SERVING


def test_tokens_are_reloaded_and_kept_when_the_file_is_invalid(published: Path, tmp_path: Path):
    tokens, log = tmp_path / "tokens", tmp_path / "log"
    tokens.write_text("one-token\n")

    names = ("one-token", "two-token", "three-token", "four-token")

    def accepted() -> list[set[str]]:
        """Returns the tokens that each port accepts."""
        ok = grpc.StatusCode.OK
        return [
            {name for name in names if code_of(channel, GET_MODEL, bearer(name)) is ok},
            {name for name in names if page(server, "/v2", f"Bearer {name}".encode()) == 200},
        ]

    def becomes(*expected: str) -> None:
        wait_until(lambda: accepted() == [set(expected)] * 2, 5)

    def stays(problem: str, *expected: str) -> None:
        wait_until(lambda: accepted() and problem in log.read_text(), 5)
        assert accepted() == [set(expected)] * 2

    with standard_error_in(log):
        running = running_server(published, "--token-file", str(tokens))
        server = running.__enter__()
    try:
        with own_connection(server) as channel:
            becomes("one-token")
            with tokens.open("a") as file:
                file.write("two-token\n")
            becomes("one-token", "two-token")
            replacement = tmp_path / "replacement"
            replacement.write_text("three-token\n")
            replacement.rename(tokens)
            becomes("three-token")
            tokens.write_text("")
            stays("tokens is empty", "three-token")
            tokens.unlink()
            stays("tokens: No such file or directory", "three-token")
            tokens.write_text("four-token\nfive token\n")
            stays("line 2 of the token file", "three-token")
            tokens.write_text("four-token\n")
            becomes("four-token")
    finally:
        running.__exit__(None, None, None)
    lines = log.read_text()
    assert lines.count("the old tokens stay valid") == 3
    for secret in ("one-token", "two-token", "three-token", "four-token", "five"):
        assert secret not in lines


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "can't read the token file tokens: No such file or directory"),
        ("\n \n", "the token file tokens is empty"),
        (
            "fine\nsécret\n",
            "line 2 of the token file tokens is not a valid token: use printable ASCII",
        ),
        ("fine\n\na secret\n", "line 3 of the token file tokens is not a valid token"),
    ],
)
def test_a_server_does_not_start_with_an_invalid_token_file(
    content: str | None, expected: str, published: Path, tmp_path: Path
):
    if content is not None:
        (tmp_path / "tokens").write_text(content)
    ports = ["--listen=127.0.0.1:0", "--http=127.0.0.1:0"]
    line = error_line(
        try_command("serve", f"--models={published}", "--token-file=tokens", *ports, cwd=tmp_path)
    )
    assert expected in line
    assert "cret" not in line


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def mutual(
    published: Path, ours: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server that requires a certificate and a token."""
    tokens = tmp_path_factory.mktemp("mutual") / "tokens"
    tokens.write_text("first-token\n")
    options = [*of_server(ours), "--tls-client-ca", str(ours.ca_file), "--token-file", str(tokens)]
    with running_server(published, *options) as running:
        yield running


def https(server: RunningServer, path: str, tls: ssl.SSLContext, token: str = "") -> int:
    """Returns the HTTP status of a path over TLS."""
    host, _, port = server.http.partition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=20, context=tls)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


def client_tls(ours: Authority, signed_by: Authority | None) -> ssl.SSLContext:
    """Returns the TLS context of a client that trusts us, with a certificate by `signed_by`."""
    made = ssl.create_default_context(cafile=ours.ca_file)
    if signed_by:
        made.load_cert_chain(*signed_by.issue("client.example"))
    return made


def test_a_certificate_and_a_token_are_both_asked_for(mutual: RunningServer, ours: Authority):
    known = client_tls(ours, ours)
    assert https(mutual, "/v2", known, "first-token") == 200
    assert https(mutual, "/v2", known, "wrong") == 401
    assert https(mutual, "/v2", client_tls(ours, None), "first-token") == 403
    assert https(mutual, "/metrics", client_tls(ours, None), "first-token") == 403
    cert, key = (path.read_bytes() for path in ours.issue("grpc.example"))
    credentials = grpc.ssl_channel_credentials(ours.ca_file.read_bytes(), key, cert)
    with grpc.secure_channel(mutual.address, credentials) as channel:
        assert code_of(channel, GET_MODEL, bearer("first-token")) is grpc.StatusCode.OK
        assert code_of(channel, GET_MODEL, bearer("wrong")) is grpc.StatusCode.UNAUTHENTICATED


def test_probes_need_neither(mutual: RunningServer, ours: Authority):
    for path in PROBES:
        assert https(mutual, path, client_tls(ours, None)) == 200


def test_a_certificate_of_another_ca_is_rejected(
    mutual: RunningServer, ours: Authority, tmp_path: Path
):
    others = Authority.make(tmp_path / "others")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        https(mutual, "/v2", client_tls(ours, others), "first-token")
    cert, key = (path.read_bytes() for path in others.issue("grpc.example"))
    for pair in ((key, cert), (None, None)):
        credentials = grpc.ssl_channel_credentials(ours.ca_file.read_bytes(), *pair)
        with grpc.secure_channel(mutual.address, credentials) as channel:
            for method in (GET_MODEL, CHECK):
                code = code_of(channel, method, bearer("first-token"))
                assert code is grpc.StatusCode.UNAVAILABLE


def test_with_tls_neither_port_accepts_plain_text(mutual: RunningServer):
    with grpc.insecure_channel(mutual.address) as channel:
        assert code_of(channel, CHECK) is grpc.StatusCode.UNAVAILABLE
    with pytest.raises((OSError, http.client.HTTPException)):
        page(mutual, "/healthz")
