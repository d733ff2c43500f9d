"""gRPC's side of a call: what every method of every service has in common."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeAlias, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message

from serve.calls import Call, Calls
from serve.status import Context, RequestError, abort, as_request_error
from serve.tokens import Tokens

Request = TypeVar("Request", bound=Message)
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

# Health says that the server is full or shuts down; it needs no token, so that a cluster can ask.
_ALWAYS_OPEN = "/grpc.health.v1.Health/"


class Handlers:
    """Makes gRPC handlers of coroutines, whose calls `calls` counts.

    A handler parses by itself because grpcio answers INTERNAL for bytes that do not parse, and
    sends bytes because `serve.wire` writes them.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def unary(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], Awaitable[bytes]],
    ) -> Handler:
        """Returns a handler that answers a request with one message."""

        async def handle(request: bytes, context: Context) -> bytes:
            call = Call(method, context.peer)
            self._calls.begin(call)
            try:
                made = await answer(_parse(request_type, request), call)
            except Exception as error:
                call.release()
                await _refuse(context, call, error)
            except BaseException:
                call.release()
                call.code = grpc.StatusCode.CANCELLED
                raise
            finally:
                self._calls.end(call)
            if call.held:
                context.add_done_callback(lambda _: call.release())  # type: ignore[arg-type]
            return made

        return grpc.unary_unary_rpc_method_handler(handle)

    def streaming(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], AsyncIterator[bytes]],
    ) -> Handler:
        """Returns a handler that answers a request with a stream of messages."""

        async def handle(request: bytes, context: Context) -> AsyncIterator[bytes]:
            call = Call(method, context.peer, is_stream=True)
            self._calls.begin(call)
            try:
                async for message in answer(_parse(request_type, request), call):
                    yield message
            except Exception as error:
                await _refuse(context, call, error)
            except BaseException:
                call.code = grpc.StatusCode.CANCELLED
                raise
            finally:
                self._calls.end(call)

        return grpc.unary_stream_rpc_method_handler(handle)

    def bidi(
        self,
        method: str,
        request_type: type[Request],
        answer: Callable[[Request, Call], Awaitable[bytes]],
    ) -> Handler:
        """Returns a handler that answers each request of a stream with one message, in turn."""

        async def handle(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
            stream = Call(method, context.peer, is_stream=True)
            self._calls.begin(stream)
            try:
                async for request in requests:
                    call = Call(method, context.peer)
                    self._calls.begin(call)
                    try:
                        yield await answer(_parse(request_type, request), call)
                    finally:
                        call.release()
                        self._calls.end(call)
            except Exception as error:
                await _refuse(context, stream, error)
            except BaseException:
                stream.code = grpc.StatusCode.CANCELLED
                raise
            finally:
                self._calls.end(stream)

        return grpc.stream_stream_rpc_method_handler(handle)


class Gate(grpc.GenericRpcHandler):
    """All services behind one door: a call that can't be taken is refused before it is read."""

    def __init__(self, methods: Mapping[str, Handler], calls: Calls, tokens: Tokens | None) -> None:
        """`methods` are those of all services, by their paths."""
        self.methods = methods
        self._calls = calls
        self._tokens = tokens

    def service(self, details: grpc.HandlerCallDetails) -> Handler:
        """Returns who handles a call: its method, or one that refuses it."""
        handler = self.methods[details.method]
        if details.method.startswith(_ALWAYS_OPEN):
            return handler
        # In this order, so that a flood costs no comparison of tokens.
        refusal = self._calls.refusal(is_stream=bool(handler.response_streaming))
        if refusal is None and self._tokens is not None:
            refusal = self._tokens.refusal(dict(details.invocation_metadata).get("authorization"))
        return handler if refusal is None else _refusing(details.method, refusal, self._calls)


def _refusing(method: str, refusal: RequestError, calls: Calls) -> Handler:
    """Returns a handler that refuses a call of any kind: one of streams is not read first."""

    async def handle(_: AsyncIterator[bytes], context: Context) -> None:
        call = Call(method.lstrip("/"), context.peer)
        calls.begin(call)
        try:
            await _refuse(context, call, refusal)
        finally:
            calls.end(call)

    return grpc.stream_stream_rpc_method_handler(handle)


async def _refuse(context: Context, call: Call, error: Exception) -> None:
    refusal = as_request_error(error)
    call.code = refusal.code
    await abort(context, refusal)


def _parse(request_type: type[Request], content: bytes) -> Request:
    try:
        return request_type.FromString(content)
    except DecodeError:
        name = request_type.DESCRIPTOR.full_name
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "request", f"is not a {name}: its bytes do not parse"
        ) from None
