"""CurveClient where the environment names an HTTP proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from curvegan import CurveClient, CurveganError, ServiceError
from serve.running import RunningServer
from tests.support.commands import error_line, try_command
from tests.support.relays import HttpProxy

VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
EXCEPTIONS = ("no_grpc_proxy", "no_proxy")
ELSEWHERE = "curves.example.org:8001"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (*VARIABLES, *EXCEPTIONS):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def proxy(server: RunningServer) -> Iterator[HttpProxy]:
    with HttpProxy(server.address) as relay:
        yield relay


@pytest.fixture
def refusing(server: RunningServer) -> Iterator[HttpProxy]:
    with HttpProxy(server.address, status=403) as relay:
        yield relay


def refusal(target: str = ELSEWHERE) -> str:
    with CurveClient(target, retry=None, timeout=5) as client, pytest.raises(ServiceError) as error:
        client.model()
    return str(error.value)


@pytest.mark.parametrize("variable", VARIABLES)
def test_calls_to_another_host_go_through_the_proxy(proxy, environment, variable: str):
    environment.setenv(variable, f"http://{proxy.address}")
    with CurveClient(ELSEWHERE) as client:
        assert len(client.generate(range(10))) == 10
        assert sum(map(len, client.stream(range(10)))) == 10
    assert proxy.asked == [ELSEWHERE]


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("form", ["127.0.0.1:{}", "localhost:{}", "ipv4:127.0.0.1:{}"])
def test_calls_to_this_machine_go_straight(server, refusing, environment, variable, form):
    environment.setenv(variable, f"http://{refusing.address}")
    port = server.address.rpartition(":")[2]
    with CurveClient(form.format(port)) as client:
        assert len(client.generate(range(10))) == 10
    assert not refusing.asked


def test_the_command_asks_this_machine_straight(server, refusing, tmp_path: Path, environment):
    environment.setenv("http_proxy", f"http://{refusing.address}")
    done = try_command(
        "curvegan", "generate", "--server", server.address, "--seeds", "1", "--out", "c.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_proxy_that_refuses_is_named_without_its_password(refusing, environment):
    environment.setenv("https_proxy", f"http://user:secret@{refusing.address}")
    assert refusal() == (
        f"UNAVAILABLE: the proxy http://{refusing.address} (https_proxy) did not connect to "
        f"{ELSEWHERE}: HTTP 403; to go without the proxy, add curves.example.org to no_proxy"
    )


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://proxy.invalid:3128"])
def test_a_proxy_that_is_not_there_is_named(environment, tmp_path: Path, url: str):
    environment.setenv("http_proxy", url)
    expected = f"no server answers at {ELSEWHERE} through the proxy {url} (http_proxy): check the"
    assert expected in refusal()
    done = try_command(
        "curvegan", "generate", "--server", ELSEWHERE, "--no-retry", "--seeds", "1",
        "--out", "c.csv", cwd=tmp_path,
    )  # fmt: skip
    assert expected in error_line(done)


def test_a_proxy_that_says_nothing_is_named(proxy, environment):
    environment.setenv("http_proxy", f"http://{proxy.address}")
    proxy.is_open.clear()
    with (
        CurveClient(ELSEWHERE, timeout=0.5) as client,
        pytest.raises(
            ServiceError, match=rf"no answer came through the proxy http://{proxy.address}"
        ),
    ):
        client.model()


@pytest.mark.parametrize("variable", EXCEPTIONS)
@pytest.mark.parametrize(
    ("exceptions", "target", "is_straight"),
    [
        ("curves.example.org", ELSEWHERE, True),
        ("else.org, .EXAMPLE.org ,", ELSEWHERE, True),
        ("*", ELSEWHERE, True),
        ("192.0.2.0/24", "192.0.2.7:8001", True),
        ("192.0.2.0/24", "192.0.3.7:8001", False),
        ("other.example.org", ELSEWHERE, False),
        ("", ELSEWHERE, False),
        ("other.example.org, ", ELSEWHERE, False),
    ],
)
def test_no_proxy_goes_straight_and_does_not_name_the_proxy(
    refusing, environment, variable: str, exceptions: str, target: str, is_straight: bool
):
    environment.setenv("http_proxy", f"http://{refusing.address}")
    environment.setenv(variable, exceptions)
    with (
        CurveClient(target, retry=None, timeout=0.5) as client,
        pytest.raises(ServiceError) as error,
    ):
        client.model()
    assert ("proxy" in str(error.value)) is not is_straight
    assert (not refusing.asked) is is_straight


def test_a_proxy_that_is_not_a_url_is_one_line_that_names_its_variable(environment):
    environment.setenv("http_proxy", "http://[::1")
    with pytest.raises(CurveganError, match="http_proxy is not a URL: give the proxy as http://"):
        CurveClient(ELSEWHERE)


@pytest.mark.parametrize("url", ["", "https://127.0.0.1:9", "nonsense"])
def test_what_grpc_does_not_take_for_a_proxy_is_not_named(environment, url: str):
    environment.setenv("http_proxy", url)
    assert "proxy" not in refusal("curves.invalid:8001")


def test_an_unknown_name_is_said():
    assert "no server is found at curves.invalid:8001: check the name curves.invalid" in refusal(
        "curves.invalid:8001"
    )
