"""The page for a browser: its files, and what it needs of the models that are served.

The files are built from `page/` by `make page` into `serve/web/page/`, each gzipped. They hold
nothing secret, and a browser can't send a token with the address that it opens, so they need none;
the models do, and so do the curves, which the page asks for by the Open Inference Protocol. Where
clients need a certificate, the page needs one as well: a browser has it before it asks.
"""

import asyncio
import gzip
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curvegan.repository.manifest import sha256
from curvegan.repository.model import Model
from serve.calls.status import RequestError
from serve.compute.plane import Plane
from serve.compute.versions import Loaded, Versions
from serve.inference import lookup
from serve.web.content_coding import accepted
from serve.web.inference_routes import error_response

FOLDER = Path(__file__).with_name("page")

_INDEX = "index.html"
# Not what the system says of them: a module that is not JavaScript by its type is not run.
_MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
}
_ASSETS = "/assets/"
_NOT_BUILT = (
    "The page is not built. With node and npm, `make page` builds it; then restart the "
    "server.\nWhat else is here: /v2 (Open Inference Protocol), /metrics, /healthz, /readyz.\n"
)
# Nothing from elsewhere, nothing inline, no frame around it. 'wasm-unsafe-eval' lets WebAssembly
# be compiled, and no script be made from text.
_SECURITY = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ASK_EACH_TIME = "no-cache"
# A year: these are named by their content.
_FOR_GOOD = "public, max-age=31536000, immutable"


def is_open(path: str) -> bool:
    """Returns whether what stands at `path` needs no token."""
    return path == "/" or path.startswith(_ASSETS)


@dataclass(frozen=True)
class _File:
    """A file of the page: its content gzipped, and what HTTP says of it."""

    gzipped: bytes
    etag: str
    media_type: str


class PageRoutes:
    """The page, and the versions that are loaded, as it needs them."""

    def __init__(self, versions: Versions, plane: Plane, folder: Path = FOLDER) -> None:
        """Reads the page's files from `folder`, which need not exist."""
        self._versions = versions
        self._plane = plane
        self._files = {path.stem: _read(path) for path in folder.glob("*.gz")}

    def routes(self) -> list[Route]:
        """Returns the routes: the page's own, and those below /page/model."""
        return [
            Route("/", self._index),
            Route(_ASSETS + "{name}", self._asset),
            Route("/page/model", self._description),
            Route("/page/model/{version}", self._description),
            Route("/page/model/{version}/{name}.onnx", self._onnx),
        ]

    async def _index(self, request: Request) -> Response:
        if _INDEX not in self._files:
            return Response(_NOT_BUILT, 404, headers=_SECURITY, media_type="text/plain")
        return await _file(request, self._files[_INDEX], _ASK_EACH_TIME)

    async def _asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name == _INDEX or name not in self._files:
            return _not_found(f"{name} is not a file of the page")
        # Only the licences keep their name when their content changes.
        caching = _FOR_GOOD if "-" in name else _ASK_EACH_TIME
        return await _file(request, self._files[name], caching)

    async def _description(self, request: Request) -> Response:
        try:
            loaded = self._loaded(request)
        except RequestError as error:
            return _refused(error)
        model = Model.of(loaded.model, self._plane.max_rows(loaded.engine))
        content = msgspec.json.encode(model, enc_hook=np.ndarray.tolist)
        return _tagged(request, content, sha256(content), "application/json")

    async def _onnx(self, request: Request) -> Response:
        name = request.path_params["name"]
        try:
            model = self._loaded(request).model
        except RequestError as error:
            return _refused(error)
        files = {
            "sampler": (model.sampler_onnx, model.sampler_sha256),
            "generator": (model.generator_onnx, model.generator_sha256),
        }
        if name not in files:
            return _not_found(f"{name} is not served: sampler and generator are")
        return _tagged(request, *files[name], "application/octet-stream")

    def _loaded(self, request: Request) -> Loaded:
        version = request.path_params.get("version", "")
        return lookup.find(self._versions, "sampler", version)[0]


def _read(path: Path) -> _File:
    gzipped = path.read_bytes()
    return _File(gzipped, sha256(gzipped), _MEDIA_TYPES[Path(path.stem).suffix])


async def _file(request: Request, file: _File, caching: str) -> Response:
    headers = _SECURITY | {"Vary": "Accept-Encoding", "Cache-Control": caching}
    if accepted(request.headers.get("Accept-Encoding", ""), ("gzip",)):
        headers["Content-Encoding"] = "gzip"
        return _answer(request, file.gzipped, f"{file.etag}-gzip", file.media_type, headers)
    content = b""
    if not _has(request, file.etag):
        # In a thread: it takes milliseconds, which would hold other calls up.
        content = await asyncio.to_thread(gzip.decompress, file.gzipped)
    return _answer(request, content, file.etag, file.media_type, headers)


def _tagged(request: Request, content: bytes, etag: str, media_type: str) -> Response:
    headers = _SECURITY | {"Cache-Control": f"private, {_ASK_EACH_TIME}"}
    return _answer(request, content, etag, media_type, headers)


def _answer(
    request: Request, content: bytes, etag: str, media_type: str, headers: dict[str, str]
) -> Response:
    """Returns `content`, or that the client has it."""
    headers = headers | {"ETag": f'"{etag}"'}
    if _has(request, etag):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


def _has(request: Request, etag: str) -> bool:
    """Returns whether the client says that it has what `etag` names."""
    known = request.headers.get("If-None-Match", "")
    return etag in (tag.strip().removeprefix("W/").strip('"') for tag in known.split(","))


def _refused(error: RequestError) -> Response:
    response = error_response(error)
    response.headers.update(_SECURITY)
    return response


def _not_found(problem: str) -> Response:
    content = msgspec.json.encode({"error": problem})
    return Response(content, 404, headers=_SECURITY, media_type="application/json")
