"""gRPC's own services, health and reflection: beside ours, and bounded by themselves."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from serve.status import Context, RequestError, abort, invalid_argument, not_offered

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class Aside:
    """Takes the place of a server where stubs add their services, and guards their handlers.

    Their calls are not counted among ours and hold up no shutdown. But a health that is watched is
    a call without end, and needs no token, so streams are bounded here too. Bytes that do not parse
    are INVALID_ARGUMENT, where grpcio would answer UNKNOWN with the words of an exception.
    """

    def __init__(self, max_streams: int) -> None:
        self.methods: dict[str, Handler] = {}
        self._max_streams = max_streams
        self._streams = 0

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Handler]) -> None:
        """Collects a service's methods by their paths."""
        for method, handler in handlers.items():
            self.methods[f"/{service}/{method}"] = self._guarded(handler)

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Does nothing: the same methods come as registered ones."""

    def _guarded(self, handler: Handler) -> Handler:
        parse, serialize = _parser(handler.request_deserializer), handler.response_serializer
        answer: Any = handler.unary_unary or handler.unary_stream or handler.stream_stream

        async def unary(request: bytes, context: Context) -> Any:
            try:
                return await answer(parse(request), context)
            except RequestError as error:
                await abort(context, error)
            except NotImplementedError:  # So the stubs have a method that nobody wrote.
                await abort(context, not_offered())

        async def streaming(request: bytes, context: Context) -> None:
            try:
                with self._stream():
                    await answer(parse(request), context)
            except RequestError as error:
                await abort(context, error)

        async def bidi(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
            try:
                with self._stream():
                    async for made in answer((parse(one) async for one in requests), context):
                        yield made
            except RequestError as error:
                await abort(context, error)

        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(bidi, response_serializer=serialize)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(streaming, response_serializer=serialize)
        return grpc.unary_unary_rpc_method_handler(unary, response_serializer=serialize)

    @contextmanager
    def _stream(self) -> Iterator[None]:
        """Counts a stream. Raises RequestError if it is one too many."""
        if self._streams >= self._max_streams:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                None,
                f"the server is full: it has {self._streams} streams of gRPC's services in flight",
                retry_after=1.0,
            )
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1


def _parser(parse: Any) -> Callable[[bytes], Any]:
    """Returns `parse`, with RequestError in the place of protobuf's error."""

    def parsed(content: bytes) -> Any:
        try:
            return parse(content)
        except DecodeError:
            raise invalid_argument("request", "does not parse") from None

    return parsed
