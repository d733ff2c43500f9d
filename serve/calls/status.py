"""Errors as gRPC status codes, with google.rpc details: the invalid field and the retry delay."""

import logging
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from curvegan.wire import RETRY_PUSHBACK, STATUS_DETAILS

logger = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]


class RequestError(Exception):
    """A request failed: the status code, the invalid field, and the problem.

    `field` is None if the problem is not in a field. `retry_after` is the number of seconds after
    which the client may retry, or None if retrying can't help.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        field: str | None,
        problem: str,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{field} {problem}" if field else problem)
        self.code = code
        self.field = field
        self.problem = problem
        self.retry_after = retry_after


def invalid_argument(field: str, problem: str) -> RequestError:
    """Returns the error for an invalid field: `field` and `problem` together form the message."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, field, problem)


def request_too_slow(max_wait: float) -> RequestError:
    """Returns the error for a request that has not arrived within `max_wait` seconds."""
    problem = f"the request did not arrive within {max_wait:g} s"
    return RequestError(grpc.StatusCode.DEADLINE_EXCEEDED, None, problem)


def unknown_method() -> RequestError:
    """Returns the error for a call to an unknown method."""
    return RequestError(grpc.StatusCode.UNIMPLEMENTED, None, "there is no such method")


def as_request_error(error: Exception) -> RequestError:
    """Returns `error` if it is a RequestError.

    Any other error is a bug: logs it, and returns an INTERNAL error without its details.
    """
    if isinstance(error, RequestError):
        return error
    logger.error("internal error", exc_info=error)
    problem = "internal error: see the server's log"
    return RequestError(grpc.StatusCode.INTERNAL, None, problem)


async def abort(context: Context, error: RequestError) -> NoReturn:
    """Ends the call of `context` with the status and details of `error`."""
    status = Status(code=error.code.value[0], message=str(error))
    if error.field is not None:
        violation = BadRequest.FieldViolation(field=error.field, description=error.problem)
        _add_detail(status, BadRequest(field_violations=[violation]))
    pushback = "-1"
    if error.retry_after is not None:
        milliseconds = round(1000 * error.retry_after)
        delay = Duration()
        delay.FromMilliseconds(milliseconds)
        _add_detail(status, RetryInfo(retry_delay=delay))
        pushback = str(milliseconds)
    trailing = ((STATUS_DETAILS, status.SerializeToString()), (RETRY_PUSHBACK, pushback))
    await context.abort(error.code, str(error), trailing)


def _add_detail(status: Status, detail: Message) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)
