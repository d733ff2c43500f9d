"""Where a server is, as people write it."""

import ipaddress
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan import CurveClient, CurveganError
from curvegan.client.target import parse_target
from serve.running import RunningServer
from tests.support.commands import error_line, try_command

labels = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=12).filter(
    lambda label: not label.startswith("-")
)
names = (
    st.lists(labels, min_size=1, max_size=4)
    .map(".".join)
    .filter(lambda name: not name.rpartition(".")[2].isdecimal())
)
ipv4s = st.ip_addresses(v=4).map(str)
ipv6s = st.ip_addresses(v=6).map(str)
ports = st.integers(1, 2**16 - 1)
blanks = st.text(" \t\n", max_size=3)


@given(st.one_of(names, ipv4s), ports, blanks, blanks, st.sampled_from(["", "/"]))
def test_every_way_to_write_host_and_port_is_the_same_server(host, port, before, after, slash):
    plain = parse_target(f"{host}:{port}")
    assert (plain.name, plain.host, plain.tls) == (f"{host}:{port}", host, None)
    assert plain.uri == f"dns:///{host}:{port}"
    for scheme in ("", "dns:", "dns:///", "http://", "HTTP://", "grpc://"):
        other = parse_target(f"{before}{scheme}{host}:{port}{slash}{after}")
        assert (other.uri, other.name, other.is_local) == (plain.uri, plain.name, plain.is_local)
    assert parse_target(host.upper()) == parse_target(f"{host}:8001")


def name_or_problem(text: str) -> tuple[str, str]:
    """Returns the name of the server that a text stands for, or what is wrong with it."""
    try:
        return parse_target(text).name, ""
    except CurveganError as error:
        return "", str(error)


@given(ipv6s, ports)
def test_ipv6_needs_no_brackets_where_it_is_clear_what_is_the_port(host, port):
    assert parse_target(f"[{host}]:{port}").uri == f"dns:///[{host}]:{port}"
    assert parse_target(f"[{host}]") == parse_target(f"[{host}]:8001")
    for text, meant in ((host, f"[{host}]:8001"), (f"{host}:{port}", f"[{host}]:{port}")):
        name, problem = name_or_problem(text)
        assert name == meant or f" or [{text}]:8001" in problem


@given(st.text(max_size=40))
def test_any_text_is_a_server_or_an_error_of_one_line(text):
    name, problem = name_or_problem(text)
    if name:
        assert name_or_problem(name) == (name, "")
    else:
        assert any(advice in problem for advice in ("give", "leave out", "name one"))
        assert "\n" not in problem


# With digits in front, for the letters alone might be a word of the message.
@given(st.text(string.ascii_letters).map("4711{}".format), names, ports)
def test_a_password_is_never_shown(password, host, port):
    with pytest.raises(CurveganError, match="leave out what stands before the @") as caught:
        parse_target(f"http://user:{password}@{host}:{port}")
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("unix:/run/x.sock", "unix:/run/x.sock"),
        ("unix:///run/x.sock", "unix:/run/x.sock"),
        ("unix:x.sock", "unix:x.sock"),
        ("unix:/run/a b%20c@d.sock", "unix:/run/a%20b%2520c%40d.sock"),
        ("unix-abstract:x", "unix-abstract:x"),
        ("dns://name:8001", "dns:///name:8001"),
        ("dns://192.0.2.1/name", "dns://192.0.2.1:53/name:8001"),
        ("dns:8001", "dns:///dns:8001"),
        ("ipv4:127.0.0.1:1,127.0.0.1", "ipv4:127.0.0.1:1,127.0.0.1:8001"),
        ("ipv6:[::1]:1", "ipv6:[::1]:1"),
        ("fe80::1%eth0", "dns:///[fe80::1%25eth0]:8001"),
        ("Büro.example", "dns:///xn--bro-hoa.example:8001"),
    ],
)
def test_what_grpc_itself_takes_is_taken(text: str, uri: str):
    assert parse_target(text).uri == uri


WRONG = {
    "": "is empty: give host:port, such as 127.0.0.1:8001",
    " ": "is empty",
    "8001": "is a port without a host; give host:port, such as 127.0.0.1:8001",
    ":8001": "has no host; give host:port",
    "host:": "port '' is not a number from 1 to 65535; give host:port",
    "host:http": "port 'http' is not a number",
    "host:0": "port '0' is not a number from 1",
    "host:65536": "port '65536' is not a number from 1 to 65535",
    "host:٨٠٠١": "is not a number",
    "http://host": "has no port; give one, such as http://host:8001",
    "https://host": "has no port; give one, such as https://host:8001",
    "http://": "has no host",
    "host:8001/path": "has a path, and gRPC has none; leave out what follows the port",
    "host:8001?x=1": "has a path",
    "/run/x.sock": "give unix:/run/x.sock for a socket file",
    "ftp://host:1": "gRPC has no scheme ftp://",
    "one:1,two:2": "names several servers; give a name that stands for all, or a list",
    "::1:8001": "give [::1]:8001 or [::1:8001]:8001",
    "[::1": "brackets do not enclose its host",
    "[host]:1": "is not an IPv6 address",
    "host:8001:8002": "more than one colon",
    "999.0.0.1:1": "999.0.0.1 is not an IPv4 address",
    "two words:1": "neither a host's name nor an IP address",
    "a..b:1": "neither a host's name nor an IP address",
    "//x": "give unix:/x for a socket file",
    "unix-abstract:": "has no name; give unix-abstract:name",
    "unix:": "has no path; give a socket file, such as unix:/run/curvegan.sock",
    "unix://run/x": "give unix:/run/x",
    f"unix:{'x' * 108}": "longer than 107 bytes",
    "unix:a\0b": "null byte",
    "ipv4:host:1": "host is not an IPv4 address",
    "dns://name/other:1": "DNS server name is not an IP address",
}


@pytest.mark.parametrize(("text", "problem"), WRONG.items())
def test_what_is_missing_is_said_without_asking_anybody(text: str, problem: str):
    with pytest.raises(CurveganError) as caught:
        CurveClient(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("text", ["", "host:http", "http://host"])
def test_the_command_says_the_same(text: str, tmp_path: Path):
    done = try_command(
        "curvegan", "generate", f"--server={text}", "--seeds", "1", "--out", "c.csv", cwd=tmp_path
    )
    assert WRONG[text] in error_line(done)


@given(st.one_of(ipv4s, ipv6s))
def test_an_address_is_local_if_it_is_of_loopback(host):
    target = parse_target(f"[{host}]:1" if ":" in host else f"{host}:1")
    address = ipaddress.ip_address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    assert target.is_local == (address.is_loopback or address.is_unspecified)


@pytest.mark.parametrize("text", ["localhost.", "0.0.0.0", "[::]", "::ffff:127.0.0.1"])
def test_every_name_of_this_machine_s_own_is_local(text: str):
    assert parse_target(text).is_local


@pytest.mark.parametrize("given", [8001, None, b"host:1", ("host", 1)])
def test_an_address_that_is_not_text_is_one_line(given):
    with pytest.raises(CurveganError, match="which is not text: give"):
        CurveClient(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:1", True),
        ("localhost:1", True),
        ("http://LOCALHOST:1", True),
        ("::1", True),
        ("dns:///localhost:1", True),
        ("unix:/tmp/socket", True),
        ("unix-abstract:socket", True),
        ("ipv4:127.0.0.1:1,127.0.0.2:1", True),
        ("192.0.2.1:1", False),
        ("localhost.example.org:1", False),
        ("[2001:db8::1]:1", False),
        ("ipv4:127.0.0.1:1,192.0.2.1:1", False),
        ("dns://192.0.2.1/localhost:1", False),
    ],
)
def test_only_what_surely_is_this_machine_counts_as_it(text: str, expected: bool):
    assert parse_target(text).is_local is expected


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_url_is_asked_as_well_as_host_and_port(server: RunningServer, scheme: str):
    with CurveClient(f" {scheme}://{server.address}/ ") as client:
        assert client.target == server.address
        assert client.model().version == 1


def test_the_command_takes_a_url(server: RunningServer, tmp_path: Path):
    done = try_command(
        "curvegan", "generate", "--server", f"http://{server.address}/", "--seeds", "1",
        "--out", "c.csv", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
