"""gRPC's own services, health and reflection: beside ours, and bounded by themselves."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from serve.calls.status import Context, RequestError, abort, invalid_argument, not_offered
from serve.rpc.handlers import Handler, read

# Requests of a few bytes, which arrive at once; or they are none.
_MAX_ARRIVING = 64


class Aside:
    """Takes the place of a server where stubs add their services, and guards their handlers.

    Their calls are not counted among ours and hold up no shutdown. But health needs no token, and
    one that is watched is a call without end, so streams, and requests that have not arrived, are
    bounded here too. Bytes that do not parse are INVALID_ARGUMENT, where grpcio would answer
    UNKNOWN with the words of an exception.
    """

    def __init__(self, max_streams: int, max_wait: float) -> None:
        """A request may take `max_wait` seconds to arrive."""
        self.methods: dict[str, Handler] = {}
        self._streams = _Bound(max_streams, "streams of gRPC's services")
        self._arriving = _Bound(_MAX_ARRIVING, "requests of gRPC's services that have not arrived")
        self._max_wait = max_wait

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Handler]) -> None:
        """Collects a service's methods by their paths."""
        for method, handler in handlers.items():
            self.methods[f"/{service}/{method}"] = self._guarded(handler)

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Does nothing: the same methods come as registered ones."""

    def _guarded(self, handler: Handler) -> Handler:
        parse, serialize = _parser(handler.request_deserializer), handler.response_serializer
        answer: Any = handler.unary_unary or handler.unary_stream or handler.stream_stream

        async def unary(_: AsyncIterator[bytes], context: Context) -> Any:
            try:
                return await answer(parse(await self._read(context)), context)
            except RequestError as error:
                await abort(context, error)
            except NotImplementedError:  # So the stubs have a method that nobody wrote.
                await abort(context, not_offered())

        async def streaming(_: AsyncIterator[bytes], context: Context) -> None:
            try:
                request = parse(await self._read(context))
                with self._streams.one():
                    await answer(request, context)
            except RequestError as error:
                await abort(context, error)

        async def bidi(requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[Any]:
            try:
                with self._streams.one():
                    async for made in answer((parse(one) async for one in requests), context):
                        yield made
            except RequestError as error:
                await abort(context, error)

        if handler.stream_stream:
            return grpc.stream_stream_rpc_method_handler(bidi, response_serializer=serialize)
        if handler.unary_stream:
            return grpc.stream_stream_rpc_method_handler(streaming, response_serializer=serialize)
        return grpc.stream_unary_rpc_method_handler(unary, response_serializer=serialize)

    async def _read(self, context: Context) -> bytes:
        with self._arriving.one():
            return await read(context, self._max_wait)


class _Bound:
    """Of `what` there are at most so many at once."""

    def __init__(self, most: int, what: str) -> None:
        self._most = most
        self._what = what
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Counts one. Raises RequestError if it is one too many."""
        if self._count >= self._most:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                None,
                f"the server is full: it has {self._count} {self._what} in flight",
                retry_after=1.0,
            )
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


def _parser(parse: Any) -> Callable[[bytes], Any]:
    """Returns `parse`, with RequestError in the place of protobuf's error."""

    def parsed(content: bytes) -> Any:
        try:
            return parse(content)
        except DecodeError:
            raise invalid_argument("request", "does not parse") from None

    return parsed
