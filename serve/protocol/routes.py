"""The protocol's REST side as routes: finds out what is asked, counts the call, translates."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serve.calls import Call, Calls
from serve.plane import Plane
from serve.protocol import describe, lookup, rest
from serve.protocol.servicer import Totals
from serve.settings import Bounds
from serve.status import RequestError
from serve.versions import Versions

_MODEL = "/v2/models/{model}"
_JSON = "application/json"

Answer = Callable[[Request, Call], Awaitable[Response]]
Result = TypeVar("Result")


class InferenceRoutes:
    """Answers for all versions that are loaded."""

    def __init__(
        self,
        versions: Versions,
        plane: Plane,
        calls: Calls,
        totals: Callable[[], Awaitable[Totals]],
        bounds: Bounds,
    ) -> None:
        self._versions = versions
        self._plane = plane
        self._calls = calls
        self._totals = totals
        self._bounds = bounds

    def routes(self) -> list[Route]:
        """Returns the routes, all below /v2."""
        return [
            self._route("GET", "/v2", self._server),
            self._route("GET", "/v2/health/live", self._live, while_draining=True),
            self._route("GET", "/v2/health/ready", self._ready),
            self._route("POST", "/v2/repository/index", self._index),
            self._route("GET", "/v2/models/stats", self._statistics),
            *self._model_routes("GET", "", self._metadata),
            *self._model_routes("GET", "/ready", self._model_ready),
            *self._model_routes("GET", "/config", self._config),
            *self._model_routes("GET", "/stats", self._statistics),
            *self._model_routes("POST", "/infer", self._infer),
        ]

    def _model_routes(self, method: str, what: str, answer: Answer) -> list[Route]:
        """Returns the routes to one thing about a model, with and without a version."""
        version = "/versions/{version}"
        return [
            self._route(method, f"{_MODEL}{between}{what}", answer) for between in ("", version)
        ]

    def _route(
        self, method: str, path: str, answer: Answer, *, while_draining: bool = False
    ) -> Route:
        endpoint = _Endpoint(f"{method} {path}", answer, self._calls, self._bounds, while_draining)
        return Route(path, endpoint, methods=[method])

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
            request.state.body, request.headers.get(rest.JSON_LENGTH_HEADER), model
        )
        call.request_id, call.rows = asked.id, len(asked.source.values)
        curves = await _unless_gone(request, self._plane.curves(loaded, asked.source, call))
        answer = rest.infer_answer(asked, model, loaded.number, curves)
        headers, media_type = {}, _JSON
        if answer.json_length is not None:
            headers[rest.JSON_LENGTH_HEADER] = str(answer.json_length)
            media_type = "application/octet-stream"
        if len(curves) <= rest.ROWS_OF_A_PIECE:
            return Response(b"".join(answer.pieces), headers=headers, media_type=media_type)
        # Its pieces are written in a thread, each when the one before has left.
        return StreamingResponse(answer.pieces, headers=headers, media_type=media_type)


@dataclass(frozen=True)
class _Endpoint:
    """An ASGI application for one route: reads the request, counts the call, answers it.

    It is answered also `while_draining`, or refused then: also a question whether the server is
    ready, for a refusal says that it is not.
    """

    name: str
    answer: Answer
    calls: Calls
    bounds: Bounds
    while_draining: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal: RequestError | None = None
        try:
            request.state.body = await self._body(request)
        except RequestError as error:
            refusal = error
        except ClientDisconnect:
            return
        # It counts only now that it has come as a whole: slow ones shut out no others. And until
        # its answer has left: until then it takes memory.
        if not (self.while_draining and self.calls.draining):
            refusal = refusal or self.calls.refusal(is_stream=False)
        call = Call(self.name, peer(request))
        try:
            with self.calls.counted(call):
                if refusal:
                    raise refusal
                response = await self.answer(request, call)
                await response(scope, receive, send)
        except RequestError as error:
            await error_response(error)(scope, receive, send)

    async def _body(self, request: Request) -> bytes:
        """Returns a request's body. Raises RequestError as soon as it is found to be too long, or
        to come too slowly."""
        body = bytearray()
        try:
            async with asyncio.timeout(self.bounds.max_wait):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self.bounds.max_request_bytes:
                        raise RequestError(
                            grpc.StatusCode.RESOURCE_EXHAUSTED,
                            "request",
                            f"is longer than {self.bounds.max_request_bytes} bytes",
                        )
        except TimeoutError:
            raise RequestError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                None,
                f"the request did not arrive within {self.bounds.max_wait:g} s",
            ) from None
        return bytes(body)


async def _unless_gone(request: Request, computing: Coroutine[Any, Any, Result]) -> Result:
    """Returns what `computing` does. Ends it, and raises RequestError, if the client of `request`,
    whose body has been read, goes away."""

    async def disconnect() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    computed, gone = asyncio.create_task(computing), asyncio.create_task(disconnect())
    try:
        await asyncio.wait((computed, gone), return_when=asyncio.FIRST_COMPLETED)
        if not computed.done():
            raise RequestError(grpc.StatusCode.CANCELLED, None, "the client went away")
        return await computed
    finally:
        computed.cancel()
        gone.cancel()


def _named(request: Request) -> tuple[str, str]:
    """Returns the model and the version that a path names; both may be empty."""
    return request.path_params.get("model", ""), request.path_params.get("version", "")


def peer(request: Request) -> str:
    """Returns the address that a request came from."""
    return f"http:{request.client.host}:{request.client.port}" if request.client else "http"


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type=_JSON)


def error_response(error: RequestError) -> Response:
    """Returns `error` as HTTP has it: its status, when to come again, and what is wrong."""
    status = rest.http_status(error.code)
    if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED and error.retry_after is None:
        status = 413  # It will never fit.
    headers = (
        {} if error.retry_after is None else {"Retry-After": str(math.ceil(error.retry_after))}
    )
    if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        headers["Connection"] = "close"  # The rest of the request may still come.
    return problem_response(status, str(error), headers)


def problem_response(status: int, problem: str, headers: Mapping[str, str] | None) -> Response:
    """Returns an answer that says what is wrong, as the protocol writes it."""
    return Response(rest.error_document(problem), status, headers=headers, media_type=_JSON)
