"""Errors as gRPC status codes, with google.rpc.BadRequest details that name the field."""

import logging
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

logger = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[Any, Any]


class RequestError(Exception):
    """A request that can't be answered: a status code, the field at fault, and what is wrong.

    `field` is None where no field is at fault.
    """

    def __init__(self, code: grpc.StatusCode, field: str | None, problem: str) -> None:
        super().__init__(f"{field} {problem}" if field else problem)
        self.code = code
        self.field = field
        self.problem = problem


def invalid_argument(field: str, problem: str) -> RequestError:
    """Returns the error of a request whose field `field` has a `problem`."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, field, problem)


async def abort(context: Context, error: Exception) -> NoReturn:
    """Ends the call of `context` with the status that `error` stands for.

    An error that is no RequestError is a mistake of ours: it goes to the log, not over the wire.
    """
    if not isinstance(error, RequestError):
        logger.error("internal error", exc_info=error)
        await context.abort(grpc.StatusCode.INTERNAL, "internal error; the server's log has it")
    status = Status(code=error.code.value[0], message=str(error))
    if error.field is not None:
        violation = BadRequest.FieldViolation(field=error.field, description=error.problem)
        detail = AnyMessage()
        detail.Pack(BadRequest(field_violations=[violation]))
        status.details.append(detail)
    await context.abort_with_status(rpc_status.to_status(status))
