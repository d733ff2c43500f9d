"""python -m bench.scale: what a bulk run on many machines would come to, simulated."""

import heapq
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.timing import print_table
from curvegan.command.command_line import Count, make_app, run
from curvegan.errors import CurveganError

_HOUR = 3600.0
_GB = 1e9

app = make_app("python -m bench.scale", "Simulate curves in bulk on many machines.")


@dataclass(frozen=True)
class Cluster:
    """Machines that make parts of curves, and the command that hands parts out.

    Parameters
    ----------
    core_rate
        Curves a second of one core.
    cores
        Cores of a machine.
    bandwidth
        Bytes a second that a machine can send to the store.
    row_bytes
        Bytes of a curve and its seed.
    part_curves
        Curves of a part.
    dispatch_rate
        Parts a second that the command can hand out.
    hours_to_failure
        Mean time until a machine is lost, whatever it was at.
    repair_minutes
        Until another takes its place.
    slow_share
        Share of machines that are slow.
    slowness
        How many times longer these take.
    """

    core_rate: float = 4e6
    cores: int = 16
    bandwidth: float = 3.1 * _GB
    row_bytes: int = 68
    part_curves: int = 1 << 20
    dispatch_rate: float = 3000.0
    hours_to_failure: float = 24 * 30
    repair_minutes: float = 5.0
    slow_share: float = 0.02
    slowness: float = 3.0

    def __post_init__(self) -> None:
        """Raises CurveganError for what can't be."""
        for name, value in vars(self).items():
            if not (value > 0 or (name == "slow_share" and value == 0)):
                raise CurveganError(f"{name} is {value}: give a number above 0")

    @property
    def part_seconds(self) -> float:
        """What a part takes on a machine that is not slow, all of whose cores are at work."""
        sending = self.cores * self.part_curves * self.row_bytes / self.bandwidth
        return max(self.part_curves / self.core_rate, sending)

    def ideal_seconds(self, n_nodes: int, n_parts: int) -> float:
        """What `n_parts` would take if nothing but cores and networks were a limit."""
        return n_parts * self.part_seconds / (n_nodes * self.cores)


def simulate(cluster: Cluster, n_nodes: int, n_parts: int, seed: int = 0) -> tuple[float, int]:
    """Returns the seconds that `n_parts` take on `n_nodes` machines, and how many of the parts were
    lost with their machines and made again."""
    rng = np.random.default_rng(seed)
    seconds = np.full(n_nodes, cluster.part_seconds)
    seconds[rng.random(n_nodes) < cluster.slow_share] *= cluster.slowness
    mean = cluster.hours_to_failure * _HOUR
    failures = rng.exponential(mean, n_nodes)
    repair = 60 * cluster.repair_minutes
    # When each core is free again; cores begin in turns.
    cores = [(0.0, node) for _ in range(cluster.cores) for node in range(n_nodes)]
    heapq.heapify(cores)
    handed_out = end = 0.0
    n_lost, left = 0, n_parts
    while left:
        free, node = heapq.heappop(cores)
        if free >= failures[node] + repair:
            failures[node] = free + rng.exponential(mean)
        handed_out = max(handed_out, free) + 1 / cluster.dispatch_rate
        done = handed_out + seconds[node]
        if done > failures[node]:
            n_lost += 1
            done = failures[node] + repair
        else:
            left -= 1
            end = max(end, done)
        heapq.heappush(cores, (done, node))
    return end, n_lost


@app.default
def main(
    *,
    curves: float = 1e12,
    nodes: tuple[Count, ...] = (1, 10, 100, 1000),
    price: float = 0.8,
    cluster: Cluster = Cluster(),
) -> None:
    """Simulate curves in bulk on many machines.

    Parameters
    ----------
    curves
        Curves to make.
    nodes
        How many machines there are, in each row.
    price
        Of a machine, an hour.
    """
    if not cluster.part_curves <= curves < math.inf:
        raise CurveganError(f"curves is {curves:g}: give at least {cluster.part_curves}, one part")
    n_parts = round(curves / cluster.part_curves)
    without: dict[str, dict[str, Any]] = {
        "no slow machines": {"slow_share": 0.0},
        "no failures": {"hours_to_failure": float("inf")},
        "no limit to the parts handed out": {"dispatch_rate": float("inf")},
    }
    rows = []
    for n_nodes in nodes:
        ideal = cluster.ideal_seconds(n_nodes, n_parts)
        seconds, n_lost = simulate(cluster, n_nodes, n_parts)
        shares = [
            ideal / simulate(replace(cluster, **change), n_nodes, n_parts)[0]
            for change in without.values()
        ]
        cells = (
            f"{n_nodes:,}",
            f"{curves / seconds / 1e6:,.0f}",
            f"{n_parts / seconds:,.0f}",
            f"{seconds / _HOUR:,.2f}",
            f"{n_lost:,}",
            f"{n_nodes * seconds / _HOUR * price:,.2f}",
        )
        rows.append((*cells, *(f"{share:.2f}" for share in (ideal / seconds, *shares))))
    print_table(
        f"{curves:.0e} curves on machines of {cluster.cores} cores, simulated",
        ("machines", "million curves/s", "parts/s", "hours", "parts lost", "price",
         "of the ideal", *without),
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    run(app)
