"""The number of usable cores: the CPU affinity, limited by a container's quota."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from curvegan.cores import usable_cores

ALL = len(os.sched_getaffinity(0))
PROGRAM = "from curvegan.cores import usable_cores; print(usable_cores())"


def system(root: Path, groups: str, quotas: dict[str, str]) -> Path:
    """Writes Linux's files on control groups below `root`: this process's groups, and the quotas by
    path."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for path, quota in quotas.items():
        group = root / "sys/fs/cgroup" / path
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.max").write_text(quota)
    return root


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", ALL),
        ("50000 100000\n", 1),
        ("1000 100000\n", 1),
        ("100000 100000\n", 1),
        ("25000 20000\n", min(ALL, 2)),
        ("99900000 100000\n", min(ALL, 999)),
    ],
)
def test_a_quota_is_rounded_up_to_whole_cores(tmp_path: Path, quota: str, cores: int):
    assert usable_cores(system(tmp_path, "0::/pod\n", {"pod": quota})) == cores


@pytest.mark.parametrize(
    "quotas",
    [
        {"pod/box": "50000 100000\n", "pod": "max 100000\n"},
        {"pod/box": "max 100000\n", "pod": "50000 100000\n"},
        {"pod": "50000 100000\n"},
        {"": "50000 100000\n"},  # A container sees its own group as the root.
    ],
)
def test_the_lowest_quota_of_a_group_and_its_parents_counts(tmp_path: Path, quotas: dict[str, str]):
    assert usable_cores(system(tmp_path, "0::/pod/box\n", quotas)) == 1


@pytest.mark.parametrize("groups", ["", "0::/\n", "4:cpu:/pod\n", "1:name=systemd:/pod\n0::/\n"])
def test_a_quota_of_another_group_does_not_count(tmp_path: Path, groups: str):
    assert usable_cores(system(tmp_path, groups, {"pod": "50000 100000\n"})) == ALL


def test_without_control_groups_the_cpu_affinity_counts(tmp_path: Path):
    assert usable_cores(tmp_path) == ALL
    one = {min(os.sched_getaffinity(0))}
    program = f"import os; os.sched_setaffinity(0, {one}); {PROGRAM}"
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "1\n"


@pytest.fixture
def half_a_core() -> Iterator[Path]:
    """A control group of this machine whose processes get half a core."""
    group = Path(f"/sys/fs/cgroup/curvegan-{os.getpid()}")
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup v2 of our own: {error}")
    try:
        if not (group / "cpu.max").exists():
            pytest.skip("no cgroup v2 of our own that has quotas")
        (group / "cpu.max").write_text("50000 100000")
        yield group
    finally:
        group.rmdir()


def test_the_quota_of_a_real_group_counts(half_a_core: Path):
    enter = f'echo $$ > {half_a_core}/cgroup.procs && exec "$@"'
    command = ["sh", "-c", enter, "sh", sys.executable, "-c", PROGRAM]
    assert subprocess.check_output(command, text=True) == "1\n"
