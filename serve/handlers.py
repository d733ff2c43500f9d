"""Handlers that parse, count and answer calls, and turn errors into status codes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from serve.in_flight import InFlight
from serve.status import Context, RequestError, abort

Request = TypeVar("Request", bound=Message)


class Handlers:
    """Makes gRPC handlers of coroutines; calls of all of them are counted by `in_flight`.

    A handler parses by itself because grpcio answers INTERNAL for bytes that do not parse, and
    sends bytes because `serve.wire` writes them.
    """

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    def unary(
        self, request_type: type[Request], answer: Callable[[Request], Awaitable[bytes]]
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Returns a handler that answers a request with one message."""

        async def handle(request: bytes, context: Context) -> bytes:
            try:
                with self._in_flight.call():
                    return await answer(_parse(request_type, request))
            except Exception as error:
                await abort(context, error)

        return grpc.unary_unary_rpc_method_handler(handle)

    def streaming(
        self, request_type: type[Request], answer: Callable[[Request], AsyncIterator[bytes]]
    ) -> "grpc.RpcMethodHandler[Any, Any]":
        """Returns a handler that answers a request with a stream of messages."""

        async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
            try:
                with self._in_flight.call():
                    async for message in answer(_parse(request_type, request)):
                        yield message
            except Exception as error:
                await abort(context, error)

        return grpc.unary_stream_rpc_method_handler(handle)


def _parse(request_type: type[Request], content: bytes) -> Request:
    try:
        return request_type.FromString(content)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "request", f"is not a {name}: its bytes do not parse"
        ) from None
