"""What went wrong with a call: gRPC's status in plain words, and whether a repeat may help."""

import contextlib
from dataclasses import dataclass
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from curvegan.client.proxy import Proxy, no_proxy_variable
from curvegan.client.target import Target
from curvegan.errors import CurveganError
from curvegan.wire import RETRY_PUSHBACK, STATUS_DETAILS

# What gRPC's core says, which has no codes for it.
_TIMEOUT = "Deadline Exceeded"
_UNKNOWN_NAME = "errors resolving"
_UNREACHABLE = ("failed to connect", "connections to all backends failing", _UNKNOWN_NAME)
_REFUSED_BY_PROXY = "HTTP proxy returned response code "

# What no repeat helps against, by what gRPC's core says of it.
_HOPELESS = {
    "CERTIFICATE_VERIFY_FAILED": (
        "the certificate of {target} is not trusted ({reason}): give the certificate of the CA "
        "that signed it, by --tls-ca or Tls(ca=...)"
    ),
    "Hostname Verification Check failed": (
        "the certificate of {target} is for another host: ask for the server by a name or an "
        "address that stands in it"
    ),
    "WRONG_VERSION_NUMBER": "{target} does not speak TLS: ask it without",
    "http1.x server": (
        "{target} speaks HTTP and not gRPC: give the address that the server names after 'gRPC on'"
    ),
}

# What a proxy in front of the server answers in its place: no status of gRPC, but one of HTTP.
_NO_SERVER = (
    "the proxy at {target} reaches no server: start the server, or correct its address in the proxy"
)
_OF_A_PROXY = {
    "http2 header with status: 413": (
        "the proxy at {target} takes no request of this size (HTTP 413): raise its limit (nginx: "
        "client_max_body_size) above the server's --max-request-bytes, or ask for less at once"
    ),
    "http2 header with status: 502": f"{_NO_SERVER} (HTTP 502)",
    "http2 header with status: 503": f"{_NO_SERVER} (HTTP 503)",
    "http2 header with status: 504": (
        "the proxy at {target} did not wait for the server's answer (HTTP 504): raise its limit "
        "(nginx: grpc_read_timeout, HAProxy: timeout server)"
    ),
}
# How it ends an answer that has begun, after the server went away, or a reader was too slow.
_CUT_OFF = dict.fromkeys(
    ("Received RST_STREAM with error code", "Data frame with END_STREAM flag received"),
    "the answer of {target} was cut off: a proxy lost the server behind it, or one of its timeouts "
    "was over",
)


class ServiceError(CurveganError):
    """The server refused a call, or could not be reached.

    `code` is the gRPC status code; `field` names the request's field at fault, or is empty.
    """

    def __init__(self, code: grpc.StatusCode, message: str, field: str = "") -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.field = field


@dataclass(frozen=True)
class Failure:
    """How a call failed.

    `may_pass` says that the same call may succeed later, `hint` after how many seconds at the
    earliest, if the server said so. `is_unreachable` says that there was no connection at all,
    `is_timeout` that the call's time was over before the server said anything.
    """

    code: grpc.StatusCode
    message: str
    field: str
    hint: float | None
    may_pass: bool
    is_unreachable: bool
    is_timeout: bool

    @classmethod
    def late(cls, seconds: float) -> "Failure":
        """Returns the failure of a stream whose next message did not come for `seconds`."""
        return cls(
            code=grpc.StatusCode.DEADLINE_EXCEEDED,
            message=f"no curves came for {seconds:g} s",
            field="",
            hint=None,
            may_pass=False,
            is_unreachable=False,
            is_timeout=True,
        )

    @classmethod
    def of(cls, error: grpc.RpcError, target: Target, proxy: Proxy | None) -> "Failure":
        """Reads what gRPC raised for a call to `target`, through `proxy` if there is one."""
        call = cast(grpc.Call, error)
        code, details = call.code(), call.details() or "no reason given"
        field, hint = _read_details(call)
        is_unavailable = code is grpc.StatusCode.UNAVAILABLE
        return cls(
            code=code,
            message=_explained(code, details, target, proxy),
            field=field,
            hint=hint,
            may_pass=(
                is_unavailable
                or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and hint is not None)
                or _is_cut_off(code, details)
            )
            and not _is_final(call)
            and not any(sign in details for sign in _HOPELESS),
            is_unreachable=is_unavailable and any(sign in details for sign in _UNREACHABLE),
            is_timeout=_is_timeout(code, details),
        )

    @property
    def is_leaving(self) -> bool:
        """Whether the server said that it shuts down: a new connection may reach another."""
        return self.code is grpc.StatusCode.UNAVAILABLE and self.hint is not None


def _is_timeout(code: grpc.StatusCode, details: str) -> bool:
    return code is grpc.StatusCode.DEADLINE_EXCEEDED and _TIMEOUT in details


def _explained(code: grpc.StatusCode, details: str, target: Target, proxy: Proxy | None) -> str:
    """Returns `details` or, where gRPC's core has its own words, what a user can do about it."""
    for sign, explanation in (_OF_A_PROXY | _CUT_OFF).items():
        if sign in details:
            return explanation.format(target=target)
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return f"{details}; a client gets it by --token-file or CurveClient(token=...)"
    if _is_timeout(code, details):
        return f"no answer came{_through(proxy)} within the timeout"
    if code is not grpc.StatusCode.UNAVAILABLE:
        return details
    for sign, explanation in _HOPELESS.items():
        if sign in details:
            _, _, rest = details.partition(f"{sign}: ")
            return explanation.format(target=target, reason=rest.partition(":")[0])
    if not any(sign in details for sign in _UNREACHABLE):
        return details
    if _REFUSED_BY_PROXY in details:
        status = details.partition(_REFUSED_BY_PROXY)[2][:3]
        return f"{proxy} did not connect to {target}: HTTP {status}; {_without(target)}"
    if "Socket closed" in details or "Connection reset" in details:
        return (
            f"{target} takes no connection of this kind{_through(proxy)}: where the server has "
            "TLS, give --tls-ca or --tls; where it wants a certificate of the client, --tls-cert "
            "and --tls-key"
        )
    if proxy:
        return (
            f"no server answers at {target}{_through(proxy)}: check the proxy; {_without(target)}"
        )
    if _UNKNOWN_NAME in details:
        return f"no server is found at {target}: check the name {target.host}"
    if "Permission denied" in details:
        return f"{target} does not let this user in: ask for the right to write to that file"
    return f"no server answers at {target}: start one with `python -m serve`"


def _through(proxy: Proxy | None) -> str:
    return f" through {proxy}" if proxy else ""


def _without(target: Target) -> str:
    return f"to go without the proxy, add {target.host} to {no_proxy_variable()}"


def _read_details(call: grpc.Call) -> tuple[str, float | None]:
    """Returns the field that an error's details name, or "", and in how many seconds to retry."""
    field, hint = "", None
    bad_request, retry_info = BadRequest(), RetryInfo()
    for detail in _status(call).details:
        if detail.Unpack(bad_request) and bad_request.field_violations:
            field = str(bad_request.field_violations[0].field)
        elif detail.Unpack(retry_info):
            hint = max(0.0, retry_info.retry_delay.ToMilliseconds() / 1000)
    return field, hint


def _status(call: grpc.Call) -> Status:
    for key, value in call.trailing_metadata() or ():
        if key == STATUS_DETAILS:
            with contextlib.suppress(DecodeError):  # Then it is not what gRPC defines by this name.
                return Status.FromString(value)
    return Status()


def _is_final(call: grpc.Call) -> bool:
    return any(
        key == RETRY_PUSHBACK and str(value).startswith("-")
        for key, value in call.trailing_metadata() or ()
    )


def _is_cut_off(code: grpc.StatusCode, details: str) -> bool:
    return code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN) and any(
        sign in details for sign in _CUT_OFF
    )
