"""The supervisor: claims the ports, starts the workers, and starts again those that die.

It loads neither gRPC nor onnxruntime and has one thread, so that it can fork at any time.
"""

import contextlib
import fcntl
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from curvegan import tls
from curvegan.address import Address, SocketFile
from curvegan.errors import ServerError
from serve.calls import logs
from serve.calls.metrics import Metrics
from serve.process import signals
from serve.process.listening import Claim, claim
from serve.process.messages import Failed, Ready, Refused, WorkerMessage
from serve.process.place import Place
from serve.settings import Access, Settings, check_exposure

logger = logging.getLogger(__name__)

_fork = multiprocessing.get_context("fork")

# Seconds that all workers have to start.
_START_SECONDS = 60.0
# Files that a process may have open, where the system lets it: every connection is one, and takes
# some 16 KB. Many systems start at 1,024, which clients could use up just by connecting.
_FILES = 32_768
# Seconds that a worker has beyond the grace to close its connections, before it is killed.
_SPARE_SECONDS = 5.0


@dataclass(frozen=True)
class Started:
    """What a server that takes calls has to say: which version it serves, and where."""

    version: int
    grpc: Address | SocketFile
    http: Address | SocketFile | None


def supervise(settings: Settings, on_ready: Callable[[Started], None]) -> None:
    """Serves with `settings` until SIGTERM or SIGINT.

    Calls `on_ready` once every worker takes calls. On the signal workers refuse new calls with
    UNAVAILABLE and finish those in flight; a second signal ends them.

    Raises ServerError if the settings contradict each other, a port can't be had, or a worker
    can't start.
    """
    settings.check()
    _check_tls(settings.access)
    grpc_address, http_address = settings.addresses()
    logs.set_up(settings.log_format, "supervisor")
    _allow_files()
    with contextlib.ExitStack() as stack:
        grpc_claim = stack.enter_context(contextlib.closing(claim(grpc_address, "--listen")))
        http_claim = None
        if http_address:
            http_claim = stack.enter_context(contextlib.closing(claim(http_address, "--http")))
        for held in filter(None, (grpc_claim, http_claim)):
            check_exposure(settings.access, [endpoint.host for endpoint in held.endpoints])
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="curvegan-")))
        stack.callback(os.close, _marked_in_use(folder))
        heard = stack.enter_context(signals.heard())
        supervisor = _Supervisor(settings, grpc_claim, http_claim, folder, heard)
        stack.callback(supervisor.close)
        supervisor.run(on_ready)


def _check_tls(access: Access) -> None:
    """Raises ServerError if a file of TLS can't be read or is not what it should be."""
    if not access.tls_cert or not access.tls_key:
        return
    tls.read_pair(access.tls_cert, access.tls_key)
    if access.tls_client_ca:
        tls.read_ca(access.tls_client_ca)


class _Supervisor:
    def __init__(
        self,
        settings: Settings,
        grpc_claim: Claim,
        http_claim: Claim | None,
        shared_folder: Path,
        heard_signals: int,
    ) -> None:
        self._settings = settings
        self._grpc_claim = grpc_claim
        self._http_claim = http_claim
        self._shared_folder = shared_folder
        self._metrics = Metrics(shared_folder, "supervisor")
        self._heard = heard_signals
        self._places = [Place(f"worker-{index}") for index in range(settings.workers)]
        self._refused: list[Refused] = []
        self._lifeline, self._lifeline_end = os.pipe()
        self._messages, self._messages_end = os.pipe()
        self._unread = b""
        self._failure = ""
        self._version = 0
        self._started = False
        self._ending = False

    def run(self, on_ready: Callable[[Started], None]) -> None:
        """Runs the workers until a signal comes, and ends them."""
        if self._start():
            self._started = True
            for refused in self._refused:
                _log_refused(refused)
            http = self._http_claim.address if self._http_claim else None
            on_ready(Started(self._version, self._grpc_claim.address, http))
            while not self._signalled(self._next_begin()):
                self._fill_places()
        self._end()

    def close(self) -> None:
        """Ends what is left of the workers at once."""
        for process in self._processes():
            process.kill()
            process.join()
        for pipe in (self._lifeline, self._lifeline_end, self._messages, self._messages_end):
            os.close(pipe)

    def _start(self) -> bool:
        """Starts all workers. Returns whether they are ready, rather than a signal came.

        Raises ServerError if one can't start.
        """
        self._fill_places()
        until = time.monotonic() + _START_SECONDS
        while not all(place.is_ready for place in self._places):
            if self._signalled(until):
                return False
            if self._failure:
                raise ServerError(self._failure)
            if any(place.process is None for place in self._places):
                raise ServerError("a worker could not start; the lines above say more")
            if time.monotonic() > until:
                raise ServerError(f"the workers were not ready within {_START_SECONDS:g} s")
        return True

    def _end(self) -> None:
        """Ends all workers: SIGTERM at once and for each further signal, SIGKILL in the end."""
        self._ending = True
        until = time.monotonic() + self._settings.grace + _SPARE_SECONDS
        self._terminate()
        while self._processes() and time.monotonic() < until:
            if self._signalled(until):
                self._terminate()
        if self._processes():
            logger.error("workers did not end in time and are killed")

    def _signalled(self, until: float) -> bool:
        """Waits for something to happen, not longer than `until`, and sees to it. Returns whether
        it was a signal."""
        sentinels = [process.sentinel for process in self._processes()]
        seconds = max(0.0, until - time.monotonic())
        happened = wait([self._heard, self._messages, *sentinels], seconds)
        if self._messages in happened:
            self._read_messages()
        for place in self._places:
            if place.process and place.process.exitcode is not None:
                # Read first: the worker may have written a message before it exited.
                self._read_messages()
                if place.process.exitcode or (self._started and not self._ending):
                    logger.error("%s ended: %s", place.name, place.how_it_ended())
                place.emptied()
                self._metrics.worker_ended(place.name)
                self._count_workers()
        if self._heard not in happened:
            return False
        os.read(self._heard, 1)
        return True

    def _next_begin(self) -> float:
        empty = [place.begin_at for place in self._places if place.process is None]
        return min(empty, default=time.monotonic() + 3600)

    def _fill_places(self) -> None:
        """Starts workers where one is due."""
        for place in self._places:
            if place.process is None and time.monotonic() >= place.begin_at:
                if place.begin_at:
                    self._metrics.worker_restarted()
                place.began = time.monotonic()
                place.process = _fork.Process(
                    target=self._work, args=(place.name,), name=place.name, daemon=True
                )
                with signals.blocked():
                    place.process.start()

    def _work(self, name: str) -> None:
        """The forked process: becomes a worker."""
        signals.become_worker()
        # With no other writer than the supervisor it ends when the supervisor does.
        os.close(self._lifeline_end)
        # Nor does it wait for a reader that has gone.
        os.close(self._messages)
        from serve.process.worker import Job, work

        work(
            Job(
                name,
                self._settings,
                self._grpc_claim,
                self._http_claim,
                self._shared_folder,
                self._lifeline,
                self._messages_end,
            )
        )

    def _read_messages(self) -> None:
        os.set_blocking(self._messages, False)
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._messages, 65536):
                self._unread += chunk
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._handle(msgspec.json.decode(line, type=WorkerMessage))

    def _handle(self, message: WorkerMessage) -> None:
        match message:
            case Ready(worker, version):
                self._version = max(self._version, version)
                for place in self._places:
                    place.is_ready = place.is_ready or place.name == worker
            case Refused():
                # Every worker meets it, and so does each that is started again.
                if message not in self._refused:
                    self._refused.append(message)
                    self._metrics.version_refused()
                    # A server that does not start says why in one line of its own.
                    if self._started:
                        _log_refused(message)
            case Failed(worker, reason):
                self._failure = reason
                if self._started:
                    logger.error("%s: %s", worker, reason)
        self._count_workers()

    def _count_workers(self) -> None:
        self._metrics.workers(sum(place.is_ready for place in self._places))

    def _processes(self) -> list[BaseProcess]:
        return [place.process for place in self._places if place.process]

    def _terminate(self) -> None:
        for process in self._processes():
            process.terminate()


def _log_refused(refused: Refused) -> None:
    logger.error("version %d is refused: %s", refused.version, refused.reason)


def _allow_files() -> None:
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    if resource.RLIM_INFINITY != now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _marked_in_use(folder: Path) -> int:
    """Locks a folder, so that what removes old temporary files passes over it (systemd-tmpfiles
    does, after ten days). Returns what holds the lock until it is closed."""
    held = os.open(folder, os.O_RDONLY)
    with contextlib.suppress(OSError):  # Not every drive has locks.
        fcntl.flock(held, fcntl.LOCK_SH)
    return held
