"""The HTTP routes of the Open Inference Protocol: read requests, count calls, translate JSON."""

import asyncio
import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import grpc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.calls.calls import Call, Calls
from serve.calls.metrics import Totals
from serve.calls.status import RequestError, request_too_slow
from serve.compute.plane import Plane
from serve.compute.versions import Versions
from serve.inference import describe, lookup, rest
from serve.settings import Limits
from serve.web.content_coding import (
    CODINGS,
    UnknownCodingError,
    accepted,
    decoded,
    encoded,
    request_coding,
)

_MODEL = "/v2/models/{model}"
_JSON = "application/json"
# Compressing this many curves takes less than half a millisecond. More are compressed in a thread.
_INLINE_COMPRESSED_ROWS = 64

Answer = Callable[[Request, Call], Awaitable[Response]]
Result = TypeVar("Result")


class InferenceRoutes:
    """The routes, for all loaded versions."""

    def __init__(
        self,
        versions: Versions,
        plane: Plane,
        calls: Calls,
        totals: Callable[[], Awaitable[Totals]],
        limits: Limits,
    ) -> None:
        self._versions = versions
        self._plane = plane
        self._calls = calls
        self._totals = totals
        self._limits = limits

    def routes(self) -> list[Route]:
        """Returns the routes, all below /v2."""
        return [
            self._route("GET", "/v2", self._server),
            # Never rejected under overload: Kubernetes restarts a server that fails this probe.
            self._route("GET", "/v2/health/live", self._live, refusal=lambda: None),
            self._route("GET", "/v2/health/ready", self._ready, refusal=self._refuse_draining),
            self._route("GET POST", "/v2/repository/index", self._index),
            self._route("GET", "/v2/models", self._index),
            self._route("GET", "/v2/models/stats", self._statistics),
            *self._model_routes("GET", "", self._metadata),
            *self._model_routes("GET", "/ready", self._model_ready),
            *self._model_routes("GET", "/config", self._config),
            *self._model_routes("GET", "/stats", self._statistics),
            *self._model_routes("POST", "/infer", self._infer),
        ]

    def _model_routes(self, methods: str, what: str, answer: Answer) -> list[Route]:
        """Returns the routes of an endpoint of a model, with and without a version."""
        version = "/versions/{version}"
        return [
            self._route(methods, f"{_MODEL}{between}{what}", answer) for between in ("", version)
        ]

    def _route(
        self,
        methods: str,
        path: str,
        answer: Answer,
        *,
        refusal: Callable[[], RequestError | None] | None = None,
    ) -> Route:
        refusal = refusal or partial(self._calls.refusal, is_stream=False)
        endpoint = _Endpoint(path, answer, self._calls, self._limits, refusal)
        return Route(path, endpoint, methods=methods.split())

    def _refuse_draining(self) -> RequestError | None:
        return self._calls.refusal(is_stream=False) if self._calls.draining else None

    async def _server(self, _: Request, __: Call) -> Response:
        return _json(rest.document(describe.server_metadata()))

    async def _live(self, _: Request, __: Call) -> Response:
        return _json(b'{"live":true}')

    async def _ready(self, _: Request, __: Call) -> Response:
        return _json(b'{"ready":true}')

    async def _index(self, request: Request, _: Call) -> Response:
        rest.check_index_request(request.state.body)
        return _json(rest.index_document(describe.repository_index(self._versions.numbers())))

    async def _metadata(self, request: Request, _: Call) -> Response:
        return _json(rest.document(lookup.metadata(self._versions, *_named(request))))

    async def _model_ready(self, request: Request, _: Call) -> Response:
        if lookup.is_ready(self._versions, *_named(request)):
            return _json(b'{"ready":true}')
        return _json(b'{"ready":false}', status=400)

    async def _config(self, request: Request, _: Call) -> Response:
        return _json(rest.document(lookup.config(self._versions, *_named(request))))

    async def _statistics(self, request: Request, _: Call) -> Response:
        totals = await self._totals()
        return _json(rest.document(lookup.statistics(self._versions, *_named(request), totals)))

    async def _infer(self, request: Request, call: Call) -> Response:
        call.source_field = "inputs[0].shape"
        loaded, model = lookup.find(self._versions, *_named(request))
        call.model, call.version = model.name, loaded.number
        asked = rest.parse_infer(
            request.state.body,
            _header(request, rest.JSON_LENGTH_HEADER),
            model,
            loaded.labels,
        )
        call.request_id = asked.id
        curves = await _unless_gone(request, self._plane.compute(loaded, asked.source, call))
        answer = rest.infer_answer(asked, model, loaded.number, curves)
        headers, media_type = {"Vary": "Accept-Encoding"}, _JSON
        if answer.json_length is not None:
            headers[rest.JSON_LENGTH_HEADER] = str(answer.json_length)
            media_type = "application/octet-stream"
        pieces, inline_rows = answer.pieces, rest.ROWS_OF_A_PIECE
        # Only inference responses are compressed: others are small, and Triton's asyncio client,
        # which accepts gzip everywhere, decompresses only these.
        if coding := accepted(request.headers.get("Accept-Encoding", "")):
            headers["Content-Encoding"] = coding
            pieces, inline_rows = encoded(pieces, coding), _INLINE_COMPRESSED_ROWS
        if len(curves) <= inline_rows:
            return Response(b"".join(pieces), headers=headers, media_type=media_type)
        # Starlette makes the pieces in a thread, each after the previous one was sent.
        return StreamingResponse(pieces, headers=headers, media_type=media_type)


@dataclass(frozen=True)
class _Endpoint:
    """The ASGI application of one route: reads the request, counts the call, and responds.

    `refusal` returns the error to reject a request with, or None. Readiness is rejected when the
    server is not ready.
    """

    path: str
    answer: Answer
    calls: Calls
    limits: Limits
    refusal: Callable[[], RequestError | None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal: RequestError | None = None
        try:
            # uvicorn discards the body of other methods.
            request.state.body = await self._body(request) if request.method == "POST" else b""
        except RequestError as error:
            refusal = error
        except ClientDisconnect:
            return
        # A call counts from here, so that slow uploads don't use up the limit, and until its
        # response is sent, because it takes memory until then.
        refusal = refusal or self.refusal()
        call = Call(call_name(scope, self.path), peer(scope))
        try:
            with self.calls.counted(call):
                if refusal:
                    raise refusal
                response = await self.answer(request, call)
                await response(scope, receive, send)
        except RequestError as error:
            await error_response(error)(scope, receive, send)

    async def _body(self, request: Request) -> bytes:
        """Returns a request's body, decompressed. Raises RequestError if it is too large, arrives
        too slowly, or can't be decompressed."""
        pieces = self._limited(request.stream())
        header = _header(request, "Content-Encoding")
        if header and (coding := request_coding(header)):
            pieces = self._limited(decoded(pieces, coding))
        body = bytearray()
        try:
            async with asyncio.timeout(self.limits.max_wait):
                async for piece in pieces:
                    body += piece
        except TimeoutError:
            raise request_too_slow(self.limits.max_wait) from None
        return bytes(body)

    async def _limited(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yields the pieces of a request. Raises RequestError when they exceed the limit."""
        size = 0
        async for piece in pieces:
            size += len(piece)
            if size > self.limits.max_request_bytes:
                raise RequestError(
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "request",
                    f"is larger than {self.limits.max_request_bytes} bytes",
                )
            yield piece


async def _unless_gone(request: Request, computing: Coroutine[Any, Any, Result]) -> Result:
    """Awaits and returns `computing`. If the client disconnects first, cancels it and raises
    RequestError. The body of `request` must have been read."""

    async def disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    computed, gone = asyncio.create_task(computing), asyncio.create_task(disconnect())
    try:
        await asyncio.wait((computed, gone), return_when=asyncio.FIRST_COMPLETED)
        if not computed.done():
            raise RequestError(grpc.StatusCode.CANCELLED, None, "the client disconnected")
        return await computed
    finally:
        computed.cancel()
        gone.cancel()


def _header(request: Request, name: str) -> str | None:
    """Returns the value of a header, joined if it is repeated (RFC 9110, section 5.3)."""
    return ", ".join(request.headers.getlist(name)) or None


def _named(request: Request) -> tuple[str, str]:
    """Returns the model and version in a request's path; both may be empty."""
    return request.path_params.get("model", ""), request.path_params.get("version", "")


def call_name(scope: Scope, path: str) -> str:
    """Returns the metrics label of a request for the route `path`. HEAD counts as GET."""
    return f"{'GET' if scope['method'] == 'HEAD' else scope['method']} {path}"


def peer(scope: Scope) -> str:
    """Returns the address of the client."""
    client = scope["client"]
    return f"http:{client[0]}:{client[1]}" if client else "http"


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type=_JSON)


def error_response(error: RequestError) -> Response:
    """Returns the HTTP response for `error`, with Retry-After if the client may retry."""
    status, headers = rest.http_status(error.code), {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    elif error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        status = 413  # Retrying can't help.
    if isinstance(error, UnknownCodingError):
        status, headers["Accept-Encoding"] = 415, ", ".join(CODINGS)
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        headers["Connection"] = "close"  # The rest of the request may still arrive.
    return problem_response(status, str(error), headers)


def problem_response(status: int, problem: str, headers: Mapping[str, str] | None) -> Response:
    """Returns an error response in the protocol's format."""
    return Response(rest.error_document(problem), status, headers=headers, media_type=_JSON)
