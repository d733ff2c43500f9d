"""gRPC's side of a call: what every method of every service has in common."""

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
    not_offered,
)
from serve.calls.tokens import Tokens

Request = TypeVar("Request", bound=Message)
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# A cluster asks it without a token, and also a server that is full or shuts down.
_HEALTH = "/grpc.health.v1.Health/"
# Calls of what is not offered; their own names, of which there are any number, are counted nowhere.
OTHER = "other"


class Handlers:
    """Makes gRPC handlers of coroutines, whose calls `calls` counts.

    A handler reads by itself so that a call counts, and is bounded in time, from its first byte;
    parses by itself because grpcio answers INTERNAL for bytes that do not parse; and sends bytes
    because `curvegan.wire` writes them.
    """

    def __init__(self, calls: Calls, max_wait: float) -> None:
        """A request may take `max_wait` seconds to arrive."""
        self._calls = calls
        self._max_wait = max_wait

    def unary(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], Awaitable[bytes]],
    ) -> Handler:
        """Returns a handler that answers a request with one message."""

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
        """Returns a handler that answers at once, whatever is sent.

        Nothing that a client withholds keeps the call in flight: clients without a token could
        otherwise take the place of all others.
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
        """Returns a handler that answers a request with a stream of messages."""

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
        """Returns a handler that answers each request of a stream with one message, in turn.

        The requests are calls of their own, beside the one that the stream is.
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


class Gate(grpc.GenericRpcHandler):
    """Finds a call's handler, or refuses the call before it is read."""

    def __init__(
        self,
        methods: Mapping[str, Handler],
        calls: Calls,
        tokens: Tokens | None,
        *,
        probes: Collection[str],
        while_draining: Collection[str],
    ) -> None:
        """`methods` are those of all services, by their paths. `probes` are never refused; those
        `while_draining` are answered even while the server shuts down."""
        self.methods = methods
        self._probes = probes
        self._while_draining = while_draining
        self._calls = calls
        self._tokens = tokens

    def service(self, details: grpc.HandlerCallDetails) -> Handler:
        """Returns the handler of a call's method, or one that refuses the call."""
        method = details.method
        handler = self.methods.get(method)
        if handler is not None and (method in self._probes or method.startswith(_HEALTH)):
            return handler
        # In this order, so that a flood costs no comparison of tokens.
        refusal = self._calls.refusal(is_stream=bool(handler and handler.response_streaming))
        if refusal and self._calls.draining and method in self._while_draining:
            refusal = None
        if refusal is None and self._tokens:
            refusal = self._tokens.refusal(dict(details.invocation_metadata).get("authorization"))
        if handler is None:
            return _refusing(OTHER, refusal or not_offered(), self._calls)
        return handler if refusal is None else _refusing(method, refusal, self._calls)


def _refusing(method: str, refusal: RequestError, calls: Calls) -> Handler:
    """Returns a handler that refuses a call of any kind: one of streams is not read first."""

    async def handle(_: AsyncIterator[bytes], context: Context) -> None:
        try:
            with calls.counted(Call(method.lstrip("/"), context.peer()), context):
                raise refusal
        except RequestError as error:
            await abort(context, error)

    return grpc.stream_stream_rpc_method_handler(handle)


async def read(context: Context, max_wait: float) -> bytes:
    """Returns the one request of a call. Raises RequestError if it does not come in time."""
    try:
        async with asyncio.timeout(max_wait):
            content = await context.read()
    except TimeoutError:
        raise RequestError(
            grpc.StatusCode.DEADLINE_EXCEEDED,
            None,
            f"the request did not arrive within {max_wait:g} s",
        ) from None
    if content is grpc.aio.EOF:
        raise invalid_argument("request", "is missing: the call ended without one")
    return cast(bytes, content)


def _parse(request_type: type[Request], content: bytes) -> Request:
    try:
        return request_type.FromString(content)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "request", f"is not a {name}: its bytes do not parse"
        ) from None
