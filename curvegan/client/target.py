"""The server that a client asks, as people write it."""

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from curvegan.address import DEFAULT_PORT, EXAMPLE, UNIX, Address, SocketFile
from curvegan.errors import CurveganError

_ABSTRACT = "unix-abstract:"
_GRPC_SCHEMES = ("dns", "ipv4", "ipv6")
# Schemes of URLs, and whether they mean TLS.
_URL_SCHEMES = {"http": False, "https": True, "grpc": False, "grpcs": True}
_DNS_PORT = 53
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?", re.ASCII)


@dataclass(frozen=True)
class Target:
    """A server, or several of the same kind, as a client finds them.

    `name` is what messages call it, and `uri` what gRPC connects to. `host` is its one host, a name
    or an IP address without brackets, or "" where there is none or several. `is_local` says that it
    surely is on this machine, `may_be_several` that more than one server may stand behind it, and
    `tls` what its scheme says of TLS: None where it says nothing.
    """

    name: str
    uri: str
    host: str
    is_local: bool
    may_be_several: bool
    tls: bool | None = None

    def __str__(self) -> str:
        return self.name


def parse_target(text: str) -> Target:
    """Returns the server that `text` names.

    That is host:port, or a host, whose port is then 8001; a URL of http, https, grpc or grpcs; or
    what gRPC itself takes: unix, unix-abstract, dns, ipv4 and ipv6. Blanks around it do not
    matter, nor does a slash at its end.

    Raises CurveganError for anything else.
    """
    if not isinstance(text, str):
        raise CurveganError(f"the server's address is {text!r}, which is not text: {EXAMPLE}")
    given = text.strip()
    if not given:
        raise CurveganError(f"the server's address is empty: {EXAMPLE}")
    if "@" in given and not given.startswith("unix"):
        # It is not shown: there may be a password in it.
        raise CurveganError(
            "the server's address has a user in it, which gRPC does not send: leave out what "
            "stands before the @, and give a token by --token-file or CurveClient(token=...)"
        )
    try:
        return _target(given)
    except ValueError as error:
        raise CurveganError(f"{given!r} is not a server's address: {error}") from None


def _target(given: str) -> Target:
    """Returns what `given` names. Raises ValueError, which says what is wrong and what to do."""
    if given.startswith(UNIX):
        file = SocketFile.parse(given)
        return Target(str(file), file.uri(), "", is_local=True, may_be_several=False)
    if given == _ABSTRACT:
        raise _wrong("it has no name", f"give {_ABSTRACT}name")
    if given.startswith(_ABSTRACT):
        uri = _ABSTRACT + quote(os.fsencode(given.removeprefix(_ABSTRACT)))
        return Target(given, uri, "", is_local=True, may_be_several=False)
    scheme, is_url, rest = given.partition("://")
    if not is_url:
        scheme, _, rest = given.partition(":")
        if scheme.lower() not in _GRPC_SCHEMES or rest.isdecimal():
            return _server(*_host_and_port(given))
    scheme = scheme.lower()
    match scheme:
        case "http" | "https" | "grpc" | "grpcs":
            host, port = _host_and_port(rest)
            if port is None and scheme.startswith("http"):
                # Its usual port, 80 or 443, or ours?
                raise _wrong("it has no port", f"give one, such as {scheme}://{_joined(host)}")
            return _server(host, port, tls=_URL_SCHEMES[scheme])
        case "dns":
            resolver, _, name = rest.partition("/") if is_url else ("", "", rest)
            if not name.strip("/"):  # dns://name, to which gRPC wants one more slash
                resolver, name = "", resolver
            return _server(*_host_and_port(name), resolver=_resolver(resolver))
        case "ipv4" | "ipv6":
            return _servers(scheme, rest.lstrip("/"))
    raise _wrong(f"gRPC has no scheme {scheme}://")


def _server(host: str, port: int | None, *, tls: bool | None = None, resolver: str = "") -> Target:
    """Returns one host as a target; `resolver` is the DNS server that knows it, "" for any."""
    name = _joined(host, port)
    uri = f"dns://{resolver}/{quote(name, safe='[]:')}"
    return Target(
        name=uri if resolver else name,
        uri=uri,
        host=host,
        is_local=not resolver and _is_local(host),
        may_be_several=not _is_ip(host),
        tls=tls,
    )


def _servers(scheme: str, listed: str) -> Target:
    """Returns a list of IP addresses as a target."""
    found = [_host_and_port(one) for one in listed.split(",")]
    hosts = [host for host, _ in found]
    for host in hosts:
        if not (_is_ipv6(host) if scheme == "ipv6" else _is_ipv4(host)):
            raise _wrong(f"{host} is not an {scheme.replace('ip', 'IP')} address")
    name = f"{scheme}:{','.join(_joined(host, port) for host, port in found)}"
    return Target(
        name=name,
        uri=quote(name, safe="[]:,"),
        host=hosts[0] if len(hosts) == 1 else "",
        is_local=all(map(_is_local, hosts)),
        may_be_several=len(hosts) > 1,
    )


def _resolver(text: str) -> str:
    """Returns a DNS server as gRPC takes it, "" for none."""
    if not text:
        return ""
    host, port = _host_and_port(text)
    if not _is_ip(host):
        raise _wrong(f"its DNS server {host} is not an IP address", "give dns:///name:port")
    return _joined(host, port or _DNS_PORT)


def _host_and_port(text: str) -> tuple[str, int | None]:
    """Returns the host, in lower case and without brackets, and the port, if there is one."""
    text = text.rstrip("/")
    if text.startswith("/"):
        raise _wrong("it is a path", f"give {UNIX}/{text.lstrip('/')} for a socket file")
    if set("/?#") & set(text):
        raise _wrong("it has a path, and gRPC has none", "leave out what follows the port")
    if "," in text:
        raise _wrong(
            "it names several servers",
            "give a name that stands for all, or a list such as ipv4:127.0.0.1:8001,127.0.0.1:8002",
        )
    host, port = _split(text.lower())
    if not host:
        raise _wrong("it has no host")
    if port is None and host.isdecimal():
        raise _wrong("it is a port without a host")
    if port is not None and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 2**16):
        raise _wrong(f"port {port!r} is not a number from 1 to 65535")
    return host if ":" in host else _name(host), None if port is None else int(port)


def _split(text: str) -> tuple[str, str | None]:
    """Returns the host without brackets and what follows its colon, None if there is no colon."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or rest[:1] not in ("", ":"):
            raise _wrong("its brackets do not enclose its host")
        if not _is_ipv6(host):
            raise _wrong(f"{host!r}, in brackets, is not an IPv6 address")
        return host, rest[1:] if rest else None
    host, colon, port = text.rpartition(":")
    if ":" not in host:
        return (host, port) if colon else (port, None)
    # IPv6 without brackets: what follows its last colon may be a port.
    if not _is_ipv6(text):
        if not _is_ipv6(host):
            raise _wrong("it has more than one colon and is not an IPv6 address")
        return host, port
    if port.isdecimal() and _is_ipv6(host):
        raise _wrong(
            "its end may be a port, or part of the IPv6 address",
            f"give [{host}]:{port} or {_joined(text)}",
        )
    return text, None


def _name(host: str) -> str:
    """Returns a host's name, or an IPv4 address, in ASCII."""
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise _wrong(f"{host!r} is neither a host's name nor an IP address")
    if name.rstrip(".").rpartition(".")[2].isdecimal() and not _is_ipv4(name):
        raise _wrong(f"{host} is not an IPv4 address")
    return name


def _joined(host: str, port: int | None = None) -> str:
    return str(Address(f"[{host}]" if ":" in host else host, port or DEFAULT_PORT))


def _wrong(problem: str, advice: str = EXAMPLE) -> ValueError:
    return ValueError(f"{problem}; {advice}")


def _is_ip(host: str) -> bool:
    return _is_ipv4(host) or _is_ipv6(host)


def _is_ipv4(host: str) -> bool:
    return _is_of(ipaddress.IPv4Address, host)


def _is_ipv6(host: str) -> bool:
    return _is_of(ipaddress.IPv6Address, host)


def _is_of(kind: type[ipaddress.IPv4Address | ipaddress.IPv6Address], host: str) -> bool:
    try:
        kind(host)
    except ValueError:
        return False
    return True


def _is_local(host: str) -> bool:
    if not _is_ip(host):
        return host.rstrip(".") == "localhost"
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # To connect to 0.0.0.0 or :: is to connect to this machine.
    return address.is_loopback or address.is_unspecified
