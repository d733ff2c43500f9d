"""The addresses on which a server listens are the same for both ports."""

import contextlib
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from curvegan.address import Address
from curvegan.errors import ServerError
from serve.process.listening import claim
from serve.running import RunningServer, running_server

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "[::1]"}
IPV4, IPV6 = {socket.AF_INET}, {socket.AF_INET6}
# The IP addresses of each host.
FAMILIES = {
    "127.0.0.1": IPV4,
    "[::1]": IPV6,
    "localhost": {found[0] for found in socket.getaddrinfo("localhost", None)},
    "0.0.0.0": IPV4 | IPV6,
    "[::]": IPV4 | IPV6,
}


@pytest.fixture(scope="module", params=FAMILIES)
def host(request: pytest.FixtureRequest) -> str:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error.strerror}")
    return request.param


@pytest.fixture(scope="module")
def server(host: str, published: Path) -> Iterator[RunningServer]:
    """A server of two workers that listens on `host` with both ports."""
    ports = (f"--listen={host}:0", f"--http={host}:0", "--insecure")
    with running_server(published, "--workers=2", *ports) as running:
        yield running


def port(address: str | None) -> int:
    assert address is not None
    return int(address.rpartition(":")[2])


def answers_grpc(address: str) -> bool:
    with (
        grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel,
        contextlib.suppress(grpc.RpcError),
    ):
        return bool(channel.unary_unary("/curvegan.v1.CurveService/GetModel")(b"", timeout=20))
    return False


def answers_http(address: str) -> bool:
    with (
        contextlib.suppress(urllib.error.URLError),
        urllib.request.urlopen(f"http://{address}/healthz", timeout=20) as answer,
    ):
        return answer.status == 200
    return False


def families_that_answer(server: RunningServer) -> list[set[int]]:
    """Returns the address families on which gRPC responds, and those of HTTP."""
    ports = ((answers_grpc, port(server.address)), (answers_http, port(server.http)))
    return [
        {family for family, loopback in LOOPBACK.items() if answers(f"{loopback}:{number}")}
        for answers, number in ports
    ]


def test_both_ports_listen_on_the_same_addresses(server: RunningServer, host: str):
    assert families_that_answer(server) == [FAMILIES[host]] * 2


@pytest.mark.parametrize("other", FAMILIES)
@pytest.mark.parametrize("option", ["--listen", "--http"])
def test_a_second_server_is_refused_where_the_addresses_overlap(
    server: RunningServer, host: str, other: str, option: str
):
    address = Address(other, port({"--listen": server.address, "--http": server.http}[option]))
    if FAMILIES[host] & FAMILIES[other]:
        refused = re.escape(f"can't listen on {address}: Address already in use; ")
        with pytest.raises(ServerError, match=f"{refused}.* with {option}"):
            claim(address, option)
    else:
        claim(address, option).close()


def test_another_program_is_refused_where_the_addresses_overlap(server: RunningServer, host: str):
    for family in FAMILIES[host]:
        for number in (port(server.address), port(server.http)):
            with pytest.raises(OSError, match="in use"):
                socket.create_server((LOOPBACK[family].strip("[]"), number), family=family)
