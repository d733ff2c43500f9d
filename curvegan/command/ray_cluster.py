"""Ray for commands: a cluster that runs already, or this machine's cores.

Only what needs Ray imports this module, and says before that it needs the extra `scale`.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryDirectory
from typing import Any

# Before Ray is loaded, which would tell its maker that it runs.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import grpc
import ray
from ray.exceptions import RayError

from curvegan.cores import usable_cores
from curvegan.errors import CurveganError

# Seconds to wait for the first piece of work to begin: a cluster may have to grow first.
PATIENCE = 300.0
_CONNECT_SECONDS = 10.0
# A resource that marks the Ray which a command has started for itself.
_OWN = "curvegan_own"
# What only the head of a cluster answers, and what only the server of Ray's client does.
_OF_HEAD = "/ray.rpc.NodeInfoGcsService/CheckAlive"
_OF_CLIENT = "/ray.rpc.RayletDriver/ClusterInfo"


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Connects to the Ray cluster at `address`: host:port of its head, ray://host:port, or auto for
    the one of this machine. No cluster is ever started there; None starts Ray on this machine, with
    the cores that this process may use, until the end.

    Raises CurveganError if there is none, or only one that another command has started for itself.
    """
    with ExitStack() as stack:
        own: dict[str, Any] = {}
        if address is not None:
            _check_reachable(address)
        else:
            # Ray itself would leave its logs. By a short path: its sockets lie in there.
            folder = TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True)
            own["_temp_dir"] = stack.enter_context(folder)
            own |= {"num_cpus": usable_cores(), "include_dashboard": False}
            own["resources"] = {_OWN: 1}
        stack.callback(ray.shutdown)
        terminate = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
        except (RayError, OSError, ValueError, RuntimeError) as error:
            verb = f"connect to Ray at {address}" if address else "start Ray on this machine"
            raise CurveganError(f"can't {verb}: {reason(error)}") from error
        except SystemExit:  # Ray's answer to SIGTERM, with a code of its own
            sys.exit(128 + signal.SIGTERM)
        finally:
            signal.signal(signal.SIGTERM, terminate)
        if address and _number_of(_OWN, ray.cluster_resources):
            raise CurveganError(
                f"Ray at {address} is what another command started for itself, and ends with it: "
                "start a cluster with `ray start`, or leave out --ray"
            )
        yield


def taken(patience: float) -> CurveganError:
    """Returns the error of a cluster on which nothing has begun for so many seconds."""
    free = _number_of("CPU", ray.available_resources)
    return CurveganError(
        f"the cluster has done nothing in {patience:.0f} seconds: {free} of its {n_all_cpus()} "
        "CPUs are free; is it taken by other jobs?"
    )


def n_all_cpus() -> int:
    """Returns how many CPUs the cluster has."""
    return _number_of("CPU", ray.cluster_resources)


def _number_of(resource: str, resources: Callable[[], dict[str, float]]) -> int:
    return int(resources().get(resource, 0))


def reason(error: BaseException, extras: str = "scale") -> str:
    """Returns the line of Ray's text that says what is wrong, which stands below a traceback.
    `extras` are those of the package that each machine needs."""
    line = next(filter(None, reversed(str(error).splitlines())), type(error).__name__)
    line = line.removeprefix(f"{CurveganError.__module__}.{CurveganError.__name__}: ")
    if "ModuleNotFoundError" in line:
        return f"{line}; install 'curvegan[{extras}]' on each of the cluster's machines"
    return line


def _check_reachable(address: str) -> None:
    """Raises CurveganError unless a cluster can be there, for which Ray itself would wait long."""
    if address == "auto":
        return
    place = address.removeprefix("ray://")
    host, _, port = place.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise CurveganError(
            f"{address!r} is not a Ray cluster's address: give host:port, ray://host:port or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise CurveganError(
            f"nothing answers at {address} ({error}): is Ray running there? `ray status` says"
        ) from error
    _check_port(address, place, _OF_HEAD if place == address else _OF_CLIENT)


def _check_port(address: str, place: str, method: str) -> None:
    """Raises CurveganError if `place` does not know `method`, or wants a token."""
    with grpc.insecure_channel(place) as channel:
        ask: Any = channel.unary_unary(method)
        try:
            ask(b"", timeout=_CONNECT_SECONDS)
        except grpc.RpcError as error:
            code = error.code()
        else:
            return
    if code == grpc.StatusCode.UNIMPLEMENTED:
        raise CurveganError(
            f"{address} has the wrong port: give host:port, as `ray start` printed it, on one of "
            "the cluster's machines, and ray://host:port elsewhere, with 10001 for the port unless "
            "`ray start` set another"
        )
    # Ray itself looks for its token only on a machine whose cluster it found itself.
    if code == grpc.StatusCode.UNAUTHENTICATED and os.environ.get("RAY_AUTH_MODE") != "token":
        raise CurveganError(f"Ray at {address} wants a token: set RAY_AUTH_MODE=token")
