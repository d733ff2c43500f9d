"""gRPC's standard services, health and reflection, with limits of their own."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from serve.calls.status import Context, RequestError, abort, invalid_argument, unknown_method
from serve.rpc.handlers import Handler, read

# These requests are only a few bytes, so few of them are incomplete at the same time.
_MAX_INCOMPLETE = 64


class StandardServices:
    """Collects the methods of the standard services, and applies limits to them.

    The generated stubs add their services to it as if it were a server. These calls do not count as
    calls in flight and do not delay a shutdown. But health needs no token, and watching it is an
    endless call, so the number of streams and of incomplete requests is limited. Invalid bytes give
    INVALID_ARGUMENT, where grpcio would return UNKNOWN with the text of an exception.
    """

    def __init__(self, max_streams: int, max_wait: float) -> None:
        """`max_wait` is the timeout for receiving a request, in seconds."""
        self.methods: dict[str, Handler] = {}
        self._streams = _Limit(max_streams, "streams of gRPC's standard services")
        self._incomplete = _Limit(
            _MAX_INCOMPLETE, "incomplete requests to gRPC's standard services"
        )
        self._max_wait = max_wait

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Handler]) -> None:
        """Adds the methods of a service. Called by generated stubs."""
        for method, handler in handlers.items():
            self.methods[f"/{service}/{method}"] = self._limited(handler)

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Does nothing: stubs also register the same methods by name."""

    def _limited(self, handler: Handler) -> Handler:
        parse, serialize = _parser(handler.request_deserializer), handler.response_serializer
        answer: Any = handler.unary_unary or handler.unary_stream or handler.stream_stream

        async def unary(_: AsyncIterator[bytes], context: Context) -> Any:
            try:
                return await answer(parse(await self._read(context)), context)
            except RequestError as error:
                await abort(context, error)
            except NotImplementedError:  # Raised by the stubs for methods that are not implemented.
                await abort(context, unknown_method())

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
        with self._incomplete.one():
            return await read(context, self._max_wait)


class _Limit:
    """A limit on how many things, named `what` in the error, exist at one time."""

    def __init__(self, limit: int, what: str) -> None:
        self._limit = limit
        self._what = what
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Counts one until the `with` block ends. Raises RequestError at the limit."""
        if self._count >= self._limit:
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
    """Wraps `parse` so that it raises RequestError instead of protobuf's error."""

    def parsed(content: bytes) -> Any:
        try:
            return parse(content)
        except DecodeError:
            raise invalid_argument("request", "does not parse") from None

    return parsed
