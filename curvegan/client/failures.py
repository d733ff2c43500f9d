"""What went wrong with a call: gRPC's status, read for people and for whoever may try again."""

import contextlib
from dataclasses import dataclass
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from curvegan.errors import CurveganError

# In words of gRPC's core, which has no codes for them.
_OUT_OF_TIME = "Deadline Exceeded"
_UNREACHABLE = ("failed to connect", "errors resolving")
# What a server of this project sends beside a refusal; below 0 it means that no repeat helps.
_PUSHBACK = "grpc-retry-pushback-ms"
# Where gRPC carries a google.rpc.Status.
_DETAILS = "grpc-status-details-bin"

# What repeating does not mend, by what gRPC's core says of it.
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
    earliest, if the server said so. `is_unreachable` says that there was no connection at all.
    """

    code: grpc.StatusCode
    message: str
    field: str
    hint: float | None
    may_pass: bool
    is_unreachable: bool

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
        )

    @classmethod
    def of(cls, error: grpc.RpcError, target: str) -> "Failure":
        """Reads what gRPC raised for a call to `target`."""
        call = cast(grpc.Call, error)
        code, details = call.code(), call.details() or "no reason given"
        field, hint = _read_details(call)
        is_unavailable = code is grpc.StatusCode.UNAVAILABLE
        return cls(
            code=code,
            message=_explained(code, details, target),
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
        )

    @property
    def is_leaving(self) -> bool:
        """Whether a server answered that it is going: another may be there for a new connection."""
        return self.code is grpc.StatusCode.UNAVAILABLE and self.hint is not None


def _explained(code: grpc.StatusCode, details: str, target: str) -> str:
    """Returns `details` or, where gRPC's core has its own words, what a user can do about it."""
    for sign, explanation in (_OF_A_PROXY | _CUT_OFF).items():
        if sign in details:
            return explanation.format(target=target)
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return f"{details}; a client gets it by --token-file or CurveClient(token=...)"
    if details == _OUT_OF_TIME:
        return "no answer came within the timeout"
    if code is not grpc.StatusCode.UNAVAILABLE:
        return details
    for sign, explanation in _HOPELESS.items():
        if sign in details:
            _, _, rest = details.partition(f"{sign}: ")
            return explanation.format(target=target, reason=rest.partition(":")[0])
    if not any(sign in details for sign in _UNREACHABLE):
        return details
    if "Socket closed" in details or "Connection reset" in details:
        return (
            f"{target} takes no connection of this kind: where the server has TLS, give --tls-ca "
            "or --tls; where it wants a certificate of the client, --tls-cert and --tls-key"
        )
    return f"no server answers at {target}: start one with `python -m serve`"


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
        if key == _DETAILS:
            with contextlib.suppress(DecodeError):  # Then it is not what gRPC defines by this name.
                return Status.FromString(value)
    return Status()


def _is_final(call: grpc.Call) -> bool:
    return any(
        key == _PUSHBACK and str(value).startswith("-")
        for key, value in call.trailing_metadata() or ()
    )


def _is_cut_off(code: grpc.StatusCode, details: str) -> bool:
    return code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN) and any(
        sign in details for sign in _CUT_OFF
    )
