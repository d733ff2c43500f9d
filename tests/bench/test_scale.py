"""The simulation of many machines: what slows them down, and what does not."""

from dataclasses import replace

import pytest

from bench.scale import Cluster, simulate

# Nothing but its cores is a limit.
IDEAL = Cluster(
    bandwidth=float("inf"),
    dispatch_rate=float("inf"),
    hours_to_failure=float("inf"),
    slow_share=0.0,
)
N_NODES, N_PARTS = 10, 16_000


def rate(cluster: Cluster) -> float:
    """Returns how fast it is, of the ideal."""
    return IDEAL.ideal_seconds(N_NODES, N_PARTS) / simulate(cluster, N_NODES, N_PARTS)[0]


def test_without_limits_all_cores_are_at_work():
    assert rate(IDEAL) == pytest.approx(1)


def test_a_command_that_hands_out_half_of_what_they_make_halves_the_rate():
    made = N_NODES * IDEAL.cores / IDEAL.part_seconds
    assert rate(replace(IDEAL, dispatch_rate=made / 2)) == pytest.approx(0.5, abs=0.01)


def test_a_network_that_takes_half_of_what_a_machine_makes_halves_the_rate():
    made = IDEAL.cores * IDEAL.core_rate * IDEAL.row_bytes
    assert rate(replace(IDEAL, bandwidth=made / 2)) == pytest.approx(0.5, abs=0.01)


def test_lost_parts_are_made_again():
    seconds, n_lost = simulate(replace(IDEAL, hours_to_failure=0.001), N_NODES, N_PARTS)
    assert n_lost > 0
    assert seconds > IDEAL.ideal_seconds(N_NODES, N_PARTS + n_lost)
