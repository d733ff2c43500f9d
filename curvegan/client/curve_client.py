"""`CurveClient`: numpy in, numpy out."""

import math
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import grpc
import numpy.typing as npt

from curvegan.address import DEFAULT_ADDRESS
from curvegan.arrays import Float32Array
from curvegan.client import MAX_TIMEOUT
from curvegan.client.answers import broken_answer, curves_of, out_of_order
from curvegan.client.connection import Channel, Connection
from curvegan.client.credentials import Tls, metadata_of
from curvegan.client.failures import Failure, ServiceError
from curvegan.client.labels import Labels, has_names, labelled_rows
from curvegan.client.retry import Attempts, Retry
from curvegan.client.rows import Rows, Seeds, noise_rows, seed_rows
from curvegan.client.target import parse_target
from curvegan.errors import CurveganError
from curvegan.repository.model import Model
from curvegan.v1 import curves_pb2


class CurveClient:
    """A connection to a curve server; a context manager, and for any number of threads.

        with CurveClient() as client:
            curves = client.generate(range(64))      # float32 [64, n_points]

    `target` is host:port, or another address that `curvegan.client.target` reads, such as
    unix:/run/curvegan.sock. `timeout` is how long to wait for an answer, and for each part of a
    stream, in seconds, with all repeats; None waits for ever. `retry` says when a call that failed
    is repeated, None never. `tls` None is a connection without TLS, unless `target` is a URL of
    https or grpcs. `token` is sent with every call, without TLS only to this machine; `insecure`
    allows it to any.

    Each method takes `version`, the model version, where 0 is the newest that the server serves.
    What makes curves also takes `labels`, if the model has any: the class of all curves, or a list
    with that of each, by name or by index. Names are looked up in the model's description, which
    costs a call of its own: the first time for a version, each time for version 0.

    All raise ServiceError when the server refuses or can't be reached, and ValueError for numbers
    that can't be sent, for unknown labels, and for a client that is closed. A client that no server
    has ever answered gives up after two seconds.
    """

    def __init__(
        self,
        target: str = DEFAULT_ADDRESS,
        *,
        timeout: float | None = 30.0,
        retry: Retry | None = Retry(),  # noqa: B008  (frozen)
        tls: Tls | None = None,
        token: str | None = None,
        insecure: bool = False,
    ) -> None:
        """Raises CurveganError for a target that is not an address, for files of `tls` that can't
        be used, for `tls` with a target of http or grpc, and for a token that would cross the
        network unencrypted; ValueError for a token that is not valid and for a timeout that is not
        above 0 and at most a year."""
        server = parse_target(target)
        if tls is not None and server.tls is False:
            raise CurveganError(
                f"{target.strip()!r} asks for no TLS, and TLS is given: leave one out, or write "
                f"{server} or https://{server}"
            )
        if tls is None and server.tls:
            tls = Tls()
        if token is not None and tls is None and not insecure and not server.is_local:
            raise CurveganError(
                f"the token would go to {server} unencrypted: connect by TLS (--tls, --tls-ca or "
                "tls=Tls()), or allow it (--insecure or insecure=True)"
            )
        self.target = server.name
        self.timeout = _checked(timeout)
        self.retry = retry
        self._metadata = metadata_of(token)
        self._connection = Connection(server, tls.credentials() if tls else None)
        self._is_met = False
        # The classes of each version that was asked about.
        self._classes: dict[int, list[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; calls in flight end."""
        self._connection.close()

    def model(self, version: int = 0) -> Model:
        """Returns the description of a model version."""
        answer = self._ask("GetModel", curves_pb2.GetModelRequest(version=version))
        model = Model.from_message(answer)
        self._classes[model.version] = model.labels
        return model

    def generate(
        self, seeds: Seeds, *, labels: Labels | None = None, version: int = 0
    ) -> Float32Array:
        """Returns the curves of `seeds` from one call, in their order: float32 [n, n_points].

        Seeds are any 64-bit integers. For more than the model's `max_rows` use `stream`.
        """
        return self._generate(*self._labelled(seed_rows(seeds), labels, version))

    def generate_from_noise(
        self, noise: npt.ArrayLike, *, labels: Labels | None = None, version: int = 0
    ) -> Float32Array:
        """Returns the curve of each row of `noise`, float32 [n, n_noise]: float32 [n, n_points].

        For more than the model's `max_rows` use `stream_from_noise`.
        """
        return self._generate(*self._labelled(noise_rows(noise), labels, version))

    def stream(
        self,
        seeds: Seeds,
        *,
        labels: Labels | None = None,
        version: int = 0,
        timeout: float | None = None,
    ) -> Iterator[Float32Array]:
        """Returns the curves of any number of seeds, in their order, part by part, each
        float32 [some, n_points].

        A `range` with step 1 crosses the wire as two numbers, whatever its length; a long list is
        cut into several calls. The version that answers first answers for all. A stream that breaks
        off goes on after the last row received. `timeout` is how long the whole may take, in
        seconds, with what the reader takes.
        """
        seconds = _checked(timeout)
        return self._stream(*self._labelled(seed_rows(seeds), labels, version), seconds)

    def stream_from_noise(
        self,
        noise: npt.ArrayLike,
        *,
        labels: Labels | None = None,
        version: int = 0,
        timeout: float | None = None,
    ) -> Iterator[Float32Array]:
        """Returns the curve of each row of `noise`, float32 [n, n_noise], as `stream` does."""
        seconds = _checked(timeout)
        return self._stream(*self._labelled(noise_rows(noise), labels, version), seconds)

    def _labelled(self, rows: Rows, labels: Labels | None, version: int) -> tuple[Rows, int]:
        """Returns `rows` with `labels`, and the version to ask, in which names were looked up."""
        if labels is None:
            return rows, version
        known = self._classes.get(version)
        if known is None and has_names(labels):
            model = self.model(version)
            known, version = model.labels, model.version
        return labelled_rows(rows, labels, known), version

    def _generate(self, rows: Rows, version: int) -> Float32Array:
        source = rows.source(0, rows.count)
        request = curves_pb2.GenerateCurvesRequest(version=version, source=source)
        curves = curves_of(self._ask("GenerateCurves", request))
        if len(curves) != rows.count:
            raise broken_answer(f"{len(curves)} curves for {rows.count} rows")
        return curves

    def _ask(self, method: str, request: Any) -> Any:
        """Returns the answer to one request, repeated where that may help."""
        attempts = Attempts(self.retry, _moment(self.timeout))
        while True:
            with self._connection.channel() as channel:
                try:
                    call = getattr(channel.stub, method)
                    answer = call(request, timeout=attempts.begin(), metadata=self._metadata)
                except grpc.RpcError as error:
                    self._pause(attempts, channel, error)
                else:
                    self._note_answer(channel)
                    return answer

    def _stream(self, rows: Rows, version: int, timeout: float | None) -> Iterator[Float32Array]:
        until, done = _moment(timeout), 0
        attempts = Attempts(self.retry, min(until, _moment(self.timeout)))
        while True:
            stop = min(done + rows.per_call, rows.count)
            request = curves_pb2.StreamCurvesRequest(
                version=version, source=rows.source(done, stop)
            )
            begin = done
            with self._connection.channel() as channel:
                answers = channel.stub.StreamCurves(
                    request, timeout=_left(until), metadata=self._metadata
                )
                try:
                    while (answer := self._next(answers, attempts, channel)) is not None:
                        self._note_answer(channel)
                        version = answer.version
                        curves = curves_of(answer)
                        if begin + answer.first_row != done or done + len(curves) > stop:
                            raise out_of_order(begin + answer.first_row, done, stop)
                        done += len(curves)
                        yield curves
                        # The wait for the next part begins.
                        attempts = Attempts(self.retry, min(until, _moment(self.timeout)))
                    if done != stop:
                        raise out_of_order(stop, done, stop)
                except grpc.RpcError as error:
                    if done < rows.count or not rows.count:
                        self._pause(attempts, channel, error)
                finally:
                    answers.cancel()
            if done == rows.count:
                return

    def _next(self, answers: Any, attempts: Attempts, channel: Channel) -> Any:
        """Returns a stream's next message, or None after the last.

        A gRPC deadline would be one of the whole call, and the curves may take their time; so a
        call whose next message is late is cancelled from here.
        """
        seconds = attempts.begin()
        if seconds is None:
            return next(answers, None)
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            answers.cancel()

        late = threading.Timer(max(0.0, seconds), give_up)
        late.daemon = True  # Nobody waits for it when the program ends.
        try:
            late.start()
            return next(answers, None)
        except grpc.RpcError:
            if not is_late.is_set():
                raise
            self._renew_if_silent(channel, attempts)
            raise attempts.error(Failure.late(attempts.taken())) from None
        finally:
            late.cancel()

    def _pause(self, attempts: Attempts, channel: Channel, error: grpc.RpcError) -> None:
        """Waits until the call on `channel` that ended with `error` may be repeated.

        Raises ServiceError if it may not.
        """
        failure = Failure.of(error, self._connection.target, self._connection.proxy)
        if failure.is_timeout:
            self._renew_if_silent(channel, attempts)
        elif not failure.is_unreachable:
            self._note_answer(channel)
        seconds = attempts.pause_after(failure, is_met=self._is_met)
        if seconds is None:
            raise attempts.error(failure) from error
        if failure.is_leaving:
            self._connection.renew(channel)
        if self._connection.is_closed_within(seconds):
            raise ServiceError(grpc.StatusCode.CANCELLED, "the client was closed") from error

    def _note_answer(self, channel: Channel) -> None:
        self._is_met = True
        channel.note_answer()

    def _renew_if_silent(self, channel: Channel, attempts: Attempts) -> None:
        """Leaves a connection on which nothing came while a call waited in vain: it may have been
        dropped without a word, and further calls would wait on it too."""
        if channel.is_silent_since(attempts.waits_since):
            self._connection.renew(channel)


def _checked(timeout: float | None) -> float | None:
    if timeout is not None and not 0 < timeout <= MAX_TIMEOUT:
        raise ValueError(
            f"timeout is {timeout}: give seconds above 0, at most {MAX_TIMEOUT:.0f}, or None for "
            "no limit"
        )
    return timeout


def _moment(seconds: float | None) -> float:
    """Returns when `seconds` from now will be, on the clock of `time.monotonic`."""
    return math.inf if seconds is None else time.monotonic() + seconds


def _left(moment: float) -> float | None:
    return None if moment == math.inf else moment - time.monotonic()
