"""A job for all parts, on this machine: a process for each worker, with one part at a time.

A worker that is killed costs the part that it had, which another makes. If the command itself is
killed, its workers see that and end after their part.
"""

import contextlib
import multiprocessing
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait

from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import Part
from curvegan.generate.bulk.jobs import MAX_ATTEMPTS, Done, Job, attempt

# Seconds until the caller hears that nothing has happened.
_HEARTBEAT = 0.1

# Not forked: pyarrow and onnxruntime have threads.
_spawn = multiprocessing.get_context("spawn")


def run_in_processes(job: Job, parts: Iterator[Part], n_workers: int) -> Generator[Done | None]:
    """Calls `job` with all `parts` in `n_workers` processes; yields each with its outcome, as they
    are done, and None when nothing was for a while. Closing it ends the workers at once.

    Raises the CurveganError of a job, or one about a part whose workers were killed each time.
    """
    attempts = Counter[Part]()
    again: list[Part] = []
    with contextlib.ExitStack() as stack:
        busy: dict[Connection, Part] = {}

        def assign(connection: Connection | None) -> None:
            """Gives the next part, if any is left, to a worker; None starts one for it."""
            part = again.pop() if again else next(parts, None)
            if part is not None:
                connection = connection or stack.enter_context(_worker(job))
                busy[connection] = part
                # If it was killed, that is found when its answer is read.
                with contextlib.suppress(ConnectionError):
                    connection.send(part)

        for _ in range(n_workers):
            assign(None)
        while busy:
            ready = wait(busy, _HEARTBEAT)
            if not ready:
                yield None
            for connection in ready:
                assert isinstance(connection, Connection)
                part = busy.pop(connection)
                try:
                    answer = connection.recv()
                except (EOFError, OSError):  # OSError in the middle of an answer
                    attempts[part] += 1
                    if attempts[part] == MAX_ATTEMPTS:
                        raise CurveganError(
                            f"{MAX_ATTEMPTS} workers were killed, one after the other, at {part}: "
                            "is there enough memory?"
                        ) from None
                    again.append(part)
                    assign(None)
                    continue
                if isinstance(answer, CurveganError):
                    raise answer
                assign(connection)
                yield part, answer


@contextlib.contextmanager
def _worker(job: Job) -> Iterator[Connection]:
    """Starts a worker, and kills it at the end."""
    ours, theirs = _spawn.Pipe()
    with ours:
        process = _spawn.Process(target=_work, args=(job, theirs), daemon=True)
        with theirs, _ctrl_c_held_back():
            process.start()
        try:
            yield ours
        finally:
            process.kill()
            process.join()


@contextlib.contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Processes that are started meanwhile never hear of Ctrl-C: the command ends them."""
    # It is started with the first process, and then lets Ctrl-C through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(job: Job, connection: Connection) -> None:
    """What a worker does, until the command is gone."""
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            connection.send(attempt(job, connection.recv()))
