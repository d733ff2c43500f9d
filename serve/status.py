"""Errors as gRPC status codes, with google.rpc.BadRequest details that name the field."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

logger = logging.getLogger(__name__)

# Where gRPC carries a google.rpc.Status beside the code and the text.
DETAILS_KEY = "grpc-status-details-bin"

Request = TypeVar("Request", bound=Message)
Context = grpc.aio.ServicerContext[Any, Any]


class RequestError(Exception):
    """A request that can't be answered: a status code, the field at fault, and what is wrong."""

    def __init__(self, code: grpc.StatusCode, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.code = code
        self.field = field
        self.problem = problem


def unary(
    request_type: type[Request], answer: Callable[[Request], Awaitable[bytes]]
) -> "grpc.RpcMethodHandler[Any, Any]":
    """Returns a handler that parses a request, answers it, and turns errors into status codes.

    It parses by itself because grpcio answers INTERNAL for bytes that do not parse.
    """

    async def handle(request: bytes, context: Context) -> bytes:
        try:
            return await answer(_parse(request_type, request))
        except Exception as error:
            await _abort(context, error)

    return grpc.unary_unary_rpc_method_handler(handle)


def streaming(
    request_type: type[Request], answer: Callable[[Request], AsyncIterator[bytes]]
) -> "grpc.RpcMethodHandler[Any, Any]":
    """Returns a handler like `unary`'s whose answer is a stream of messages."""

    async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
        try:
            async for message in answer(_parse(request_type, request)):
                yield message
        except Exception as error:
            await _abort(context, error)

    return grpc.unary_stream_rpc_method_handler(handle)


def _parse(request_type: type[Request], content: bytes) -> Request:
    try:
        return request_type.FromString(content)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "request", f"is not a {name}: its bytes do not parse"
        ) from None


async def _abort(context: Context, error: Exception) -> NoReturn:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if not isinstance(error, RequestError):
        logger.error("internal error", exc_info=error)
        await context.abort(grpc.StatusCode.INTERNAL, "internal error; the server's log has it")
    violation = BadRequest.FieldViolation(field=error.field, description=error.problem)
    detail = AnyMessage()
    detail.Pack(BadRequest(field_violations=[violation]))
    status = Status(code=error.code.value[0], message=str(error), details=[detail])
    await context.abort(
        error.code, str(error), trailing_metadata=((DETAILS_KEY, status.SerializeToString()),)
    )
