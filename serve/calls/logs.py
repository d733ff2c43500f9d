"""Logging as text or JSON, and the access log, which has one structured line per request."""

import logging
import sys
import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:  # The supervisor uses this module too, and must not load gRPC.
    from serve.calls.calls import Call


_access = logging.getLogger("serve.access")

# Clients choose the request id, which may be as long as the request.
_MAX_ID = 200


def set_up(log_format: Literal["text", "json"], process: str) -> None:
    """Sends the log to standard error, with the name `process` in every line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(process) if log_format == "json" else _Text(process))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    # gRPC logs an error when a client disconnects during a response. Our own errors are logged by
    # serve.calls.status.
    logging.getLogger("grpc._cython.cygrpc").setLevel(logging.CRITICAL)
    # uvicorn logs a warning for every malformed request.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


def log_access(call: "Call") -> None:
    """Logs a call that has ended. Never logs the request's content or token."""
    fields: dict[str, object] = {
        "method": call.method,
        "code": call.code.name,
        "ms": round(1000 * (call.ended - call.began), 3),
        "client": call.peer,
    }
    if call.model:
        fields |= {"model": call.model, "version": call.version, "rows": call.rows}
    if call.request_id:
        cut = len(call.request_id) > _MAX_ID
        fields["id"] = f"{call.request_id[:_MAX_ID]}…" if cut else call.request_id
    _access.info("request", extra={"fields": fields})


class _Text(logging.Formatter):
    """Escapes control characters and indents tracebacks, so that clients can't forge log lines."""

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)s {process} %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        fields: dict[str, object] = getattr(record, "fields", {})
        return _printable(super().formatMessage(record)) + "".join(
            f" {name}={value!r}" if isinstance(value, str) and not value.isidentifier()
            else f" {name}={value}"
            for name, value in fields.items()
        )  # fmt: skip

    def formatException(self, ei: Any) -> str:  # noqa: N802
        lines = super().formatException(ei).split("\n")
        return "\n".join(f"  {_printable(line)}" for line in lines)


class _Json(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{record.msecs:03.0f}Z",
            "level": record.levelname,
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        line |= getattr(record, "fields", {})
        try:
            return msgspec.json.encode(line).decode()
        except UnicodeEncodeError:  # A path may contain bytes that are not valid UTF-8.
            for name, value in line.items():
                line[name] = _printable(value) if isinstance(value, str) else value
            return msgspec.json.encode(line).decode()


def _printable(text: str) -> str:
    """Returns `text` with control characters escaped."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
