"""Ray for commands: a cluster that runs already, or this machine's cores.

Only what needs Ray imports this module, and says before that it needs the extra `scale`.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

# Before Ray is loaded, which would tell its maker that it runs.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray.exceptions import RayError

from curvegan.cores import usable_cores
from curvegan.errors import CurveganError

# Seconds to wait for the first piece of work to begin: a cluster may have to grow first.
PATIENCE = 300.0
_CONNECT_SECONDS = 10.0


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Connects to the Ray cluster at `address`: host:port of its head, ray://host:port, or auto for
    the one of this machine. No cluster is ever started there; None starts Ray on this machine, with
    the cores that this process may use, until the end.

    Raises CurveganError if there is none.
    """
    with ExitStack() as stack:
        own: dict[str, Any] = {}
        if address is not None:
            check_reachable(address)
        else:
            # Ray itself would leave its logs. By a short path: its sockets lie in there.
            folder = TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True)
            own["_temp_dir"] = stack.enter_context(folder)
            own |= {"num_cpus": usable_cores(), "include_dashboard": False}
        stack.callback(ray.shutdown)
        try:
            ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
        except (RayError, OSError, ValueError, RuntimeError) as error:
            problem = f"can't start Ray on this machine: {reason(error)}"
            if address:
                # Ray itself looks for its token only on a machine whose cluster it found itself.
                problem = (
                    f"can't connect to Ray at {address}: {reason(error)}; if `ray start` said that "
                    "token authentication is enabled there, set RAY_AUTH_MODE=token"
                )
            raise CurveganError(problem) from error
        yield


def taken(patience: float) -> CurveganError:
    """Returns the error of a cluster on which nothing has begun for so many seconds."""
    free = _cpus(ray.available_resources)
    return CurveganError(
        f"the cluster has done nothing in {patience:.0f} seconds: {free} of its {n_all_cpus()} "
        "CPUs are free; is it taken by other jobs?"
    )


def n_all_cpus() -> int:
    """Returns how many CPUs the cluster has."""
    return _cpus(ray.cluster_resources)


def _cpus(resources: Callable[[], dict[str, float]]) -> int:
    return int(resources().get("CPU", 0))


def reason(error: BaseException, extras: str = "scale") -> str:
    """Returns the line of Ray's text that says what is wrong, which stands below a traceback.
    `extras` are those of the package that each machine needs."""
    line = next(filter(None, reversed(str(error).splitlines())), type(error).__name__)
    if "ModuleNotFoundError" in line:
        return f"{line}; install 'curvegan[{extras}]' on each of the cluster's machines"
    return line


def check_reachable(address: str) -> None:
    """Raises CurveganError unless something listens there, for which Ray would wait minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise CurveganError(
            f"{address!r} is not a Ray cluster's address: give host:port, ray://host:port or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise CurveganError(
            f"nothing answers at {address} ({error}): is Ray running there? `ray status` says"
        ) from error
