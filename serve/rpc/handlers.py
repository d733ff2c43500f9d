"""What all gRPC methods have in common: limits, authentication, reading and parsing requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from serve.calls.calls import Call, Calls
from serve.calls.status import (
    Context,
    RequestError,
    abort,
    invalid_argument,
    request_too_slow,
    unknown_method,
)
from serve.calls.tokens import Tokens

Request = TypeVar("Request", bound=Message)
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# Kubernetes probes have no token, and must get a response even under overload and while draining.
_HEALTH = "/grpc.health.v1.Health/"
# The metrics label of unknown methods. Their real names would make an unlimited number of labels.
OTHER = "other"


class Handlers:
    """Makes gRPC handlers from coroutines.

    Handlers read and parse requests themselves. So a call counts, and has a timeout, from its first
    byte, and invalid bytes give INVALID_ARGUMENT instead of grpcio's INTERNAL. They return bytes,
    which `curvegan.wire` serializes.
    """

    def __init__(self, calls: Calls, max_wait: float) -> None:
        """`max_wait` is the timeout for receiving a request, in seconds."""
        self._calls = calls
        self._max_wait = max_wait

    def unary(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], Awaitable[bytes]],
    ) -> Handler:
        """Returns a handler for a unary call."""

        async def handle(_: AsyncIterator[bytes], context: Context) -> bytes:
            call = Call(method, context.peer())
            try:
                with self._calls.counted(call, context, until_sent=True):
                    return await answer(
                        _parse(request_type, await read(context, self._max_wait)), call
                    )
            except RequestError as error:
                await abort(context, error)

        return grpc.stream_unary_rpc_method_handler(handle)

    def probe(self, method: str, answer: Callable[[], Message]) -> Handler:
        """Returns a handler that responds without reading the request.

        Probes need no token, so a client could otherwise use up all calls by sending nothing.
        """

        async def handle(_: AsyncIterator[bytes], context: Context) -> bytes:
            with self._calls.counted(Call(method, context.peer()), context):
                return answer().SerializeToString()

        return grpc.stream_unary_rpc_method_handler(handle)

    def streaming(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], AsyncIterator[bytes]],
    ) -> Handler:
        """Returns a handler for a server-streaming call."""

        async def handle(_: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            call = Call(method, context.peer(), is_stream=True)
            try:
                with self._calls.counted(call, context):
                    async for message in answer(
                        _parse(request_type, await read(context, self._max_wait)), call
                    ):
                        yield message
            except RequestError as error:
                await abort(context, error)

        return grpc.stream_stream_rpc_method_handler(handle)

    def bidi(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], Awaitable[bytes]],
    ) -> Handler:
        """Returns a handler for a bidirectional stream, with one response per request, in order.

        Each request counts as a call, in addition to the stream itself.
        """

        async def handle(_: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            stream = Call(method, context.peer(), is_stream=True)
            try:
                with self._calls.counted(stream, context):
                    while (
                        content := await self._calls.next_request(context.read())
                    ) is not grpc.aio.EOF:
                        call = Call(f"{method}/request", stream.peer)
                        with self._calls.counted(call, context):
                            answering = answer(_parse(request_type, content), call)
                            del content
                            yield await answering
            except RequestError as error:
                await abort(context, error)

        return grpc.stream_stream_rpc_method_handler(handle)


class Dispatcher(grpc.GenericRpcHandler):
    """Selects the handler of a call, or rejects the call before reading its request."""

    def __init__(
        self,
        methods: Mapping[str, Handler],
        calls: Calls,
        tokens: Tokens | None,
        *,
        probes: Collection[str],
        while_draining: Collection[str],
    ) -> None:
        """`methods` maps the paths of all services' methods to their handlers.

        The paths in `probes` are never rejected, those in `while_draining` not while the server
        drains.
        """
        self.methods = methods
        self._probes = probes
        self._while_draining = while_draining
        self._calls = calls
        self._tokens = tokens

    def service(self, details: grpc.HandlerCallDetails) -> Handler:
        """Returns the handler of a call's method, or a handler that rejects the call."""
        method = details.method
        handler = self.methods.get(method)
        if handler is not None and (method in self._probes or method.startswith(_HEALTH)):
            return handler
        # Limits are checked first, so that overload does not cost comparing tokens.
        refusal = self._calls.refusal(is_stream=bool(handler and handler.response_streaming))
        if refusal and self._calls.draining and method in self._while_draining:
            refusal = None
        if refusal is None and self._tokens:
            refusal = self._tokens.refusal(dict(details.invocation_metadata).get("authorization"))
        if handler is None:
            return _reject(OTHER, refusal or unknown_method(), self._calls)
        return handler if refusal is None else _reject(method, refusal, self._calls)


def _reject(method: str, refusal: RequestError, calls: Calls) -> Handler:
    """Returns a handler that rejects a call. It is a stream handler, which fits every type of call
    and does not read the request first."""

    async def handle(_: AsyncIterator[bytes], context: Context) -> None:
        try:
            with calls.counted(Call(method.lstrip("/"), context.peer()), context):
                raise refusal
        except RequestError as error:
            await abort(context, error)

    return grpc.stream_stream_rpc_method_handler(handle)


async def read(context: Context, max_wait: float) -> bytes:
    """Returns the request of a call. Raises RequestError if it is missing or takes too long."""
    try:
        async with asyncio.timeout(max_wait):
            content = await context.read()
    except TimeoutError:
        raise request_too_slow(max_wait) from None
    if content is grpc.aio.EOF:
        raise invalid_argument("request", "is missing: the call ended without one")
    return cast(bytes, content)


def _parse(request_type: type[Request], content: bytes) -> Request:
    try:
        return request_type.FromString(content)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "request", f"is not a valid {name} message"
        ) from None
