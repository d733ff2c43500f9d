"""curvegan bulk, ended at any moment: only unfinished parts are lost."""

import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

from tests.curvegan.generate.bulk.command import (
    N_SCATTERED,
    SCATTERED,
    bulk,
    check,
    files,
    kill_workers,
    start,
    wait_for_parts,
    workers,
)
from tests.support.commands import is_running

# Says when it begins, for what comes before that is Python's own affair.
TELLING = "print(flush=True); import runpy; runpy.run_module('curvegan', None, '__main__')"


@pytest.fixture(scope="module")
def undisturbed(published: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    bulk(published, out, "--seeds", SCATTERED)
    return files(out)


def wait_until_gone(pids: list[int]) -> None:
    while any(map(is_running, pids)):
        time.sleep(0.02)


def test_killed_workers_are_replaced(published: Path, tmp_path: Path, undisturbed):
    out = tmp_path / "out"
    with start(published, "out", "--seeds", SCATTERED, cwd=tmp_path) as command:
        # Twice, for it may be the same part each time, and three workers are what one may cost.
        for n_parts in (1, 5):
            wait_for_parts(command, out, n_parts)
            kill_workers(command)
        stdout, stderr = command.communicate()
    # A part may have been finished by a worker that was killed before it said so.
    assert stdout.startswith(f"out holds {N_SCATTERED} curves of model version 1"), stderr
    assert stderr == ""
    assert files(out) == undisturbed


def test_workers_that_are_always_killed_end_it(published: Path, tmp_path: Path, undisturbed):
    out = tmp_path / "out"
    with start(published, "out", "--seeds", SCATTERED, cwd=tmp_path) as command:
        while command.poll() is None:
            kill_workers(command)
            time.sleep(0.005)
        stdout, stderr = command.communicate()
    assert (command.returncode, stdout) == (1, "")
    assert stderr.startswith("error: 3 workers were killed, one after the other, at seeds ")
    assert stderr.endswith("curves are in out, and the same command makes the others\n")
    bulk(published, out, "--seeds", SCATTERED)
    assert files(out) == undisturbed


def test_after_the_command_was_killed_it_is_run_again(published: Path, tmp_path: Path, undisturbed):
    out = tmp_path / "out"
    for n_parts in (0, 2, 5):
        with start(published, "out", "--seeds", SCATTERED, cwd=tmp_path) as command:
            out.mkdir(exist_ok=True)
            wait_for_parts(command, out, n_parts)
            orphans = workers(command)
            command.kill()
        wait_until_gone(orphans)
    bulk(published, out, "--seeds", SCATTERED)
    assert files(out) == undisturbed
    assert check(out).returncode == 0


def test_workers_whose_answers_nobody_read_end_without_a_word(published: Path, tmp_path: Path):
    with start(published, "out", "--seeds", SCATTERED, cwd=tmp_path) as command:
        wait_for_parts(command, tmp_path / "out", 1)
        command.send_signal(signal.SIGSTOP)
        time.sleep(1)
        command.kill()
        _, stderr = command.communicate()
    assert stderr == ""


def test_ctrl_c_says_what_is_kept(published: Path, tmp_path: Path, undisturbed):
    """As a terminal sends it: to the command and all its workers."""
    out = tmp_path / "out"
    with start(published, "out", "--seeds", SCATTERED, cwd=tmp_path) as command:
        wait_for_parts(command, out, 2)
        running = workers(command)
        os.killpg(command.pid, signal.SIGINT)
        stdout, stderr = command.communicate()
    assert (command.returncode, stdout) == (128 + signal.SIGINT, "")
    told = re.fullmatch(
        rf"interrupted; (\d+) of {N_SCATTERED} curves are in out, and the same command makes the "
        "others\n",
        stderr,
    )
    assert told, stderr
    # A part may have been finished just then, and not been counted.
    assert int(told[1]) <= 50_000 * len(list(out.glob("seeds_*"))) < N_SCATTERED
    assert not [worker for worker in running if is_running(worker)]
    assert not list(out.glob(".part-*"))
    bulk(published, out, "--seeds", SCATTERED)
    assert files(out) == undisturbed


def test_a_signal_at_any_moment_ends_it_without_a_traceback(published: Path, tmp_path: Path):
    moments = random.Random(0)
    for turn in range(8):
        number = (signal.SIGINT, signal.SIGTERM)[turn % 2]
        out = tmp_path / f"out{turn}"
        with start(
            published, out, "--seeds", f"0-{2**40}", cwd=tmp_path, program=TELLING
        ) as command:
            assert command.stdout is not None
            command.stdout.readline()
            time.sleep(moments.uniform(0, 4))
            running = workers(command)
            os.killpg(command.pid, number)
            _, stderr = command.communicate(timeout=60)
        # A process that has not come to its own handlers yet is ended by the system.
        assert command.returncode in (128 + number, -number), stderr
        assert "Traceback" not in stderr
        assert stderr.count("\n") <= 1, stderr
        wait_until_gone(running)
        assert not out.exists() or not list(out.glob(".part-*"))
