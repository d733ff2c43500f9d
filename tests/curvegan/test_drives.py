"""Drives that have no locks, or can't flush a folder: what is written is written, and nothing else
is said of it."""

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.files import flush_folder
from curvegan.repository.repository import Repository
from serve.running import RunningServer
from tests.support.commands import error_line
from tests.support.drives import Drive

# Publishes a run's export again, by what publishing alone needs.
PUBLISH = """
import sys
from pathlib import Path
from curvegan.repository.publish import publish
from curvegan.repository.repository import Repository

description = Repository(Path(sys.argv[1])).load(1).sampler_manifest.description
files = {"model.onnx": b"onnx", "model.pt": b"torchscript"}
print(publish(Path(sys.argv[1]), description, files, files))
"""


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    return Drive.build(tmp_path_factory.mktemp("drive"))


def start(drive: Drive, *arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Starts `python ARGUMENTS` on a drive."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=drive.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    with process:
        stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def generate(drive: Drive, server: RunningServer, out: Path) -> subprocess.CompletedProcess[str]:
    arguments = ("--seeds", "0-63", "--server", server.address, "--out", out.name)
    return end(start(drive, "-m", "curvegan", "generate", *arguments, cwd=out.parent))


def curves_in(csv: Path) -> np.ndarray:
    _, *rows = csv.read_text().splitlines()
    return np.array([row.split(",")[1:] for row in rows], np.float32)


def leftovers(folder: Path) -> list[Path]:
    return [path for pattern in (".part-*", "*.held") for path in folder.rglob(pattern)]


def test_a_training_without_locks_and_flushed_folders_is_published(drive: Drive, tmp_path: Path):
    poor = drive.without_locks().failing_to_flush_folders(errno.EINVAL)
    steps = ("--steps", "20", "--no-pictures")
    done = end(start(poor, "-m", "train", "--recipe", "quick", *steps, cwd=tmp_path))
    assert "published version 1 in models" in done.stdout, done.stderr
    assert Repository(tmp_path / "models").load(1)
    assert not leftovers(tmp_path)


def test_without_locks_a_run_is_still_trained_by_one_process_at_a_time(
    drive: Drive, tmp_path: Path
):
    """Of a process that was killed nobody can tell that from another machine: the user is asked."""
    poor = drive.without_locks()
    options = ("--steps", "1000000", "--no-pictures")
    with start(poor, "-m", "train", *options, cwd=tmp_path) as process:
        while not list(tmp_path.glob("runs/*/log.jsonl")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.kill()
        process.communicate()
    (run,) = tmp_path.glob("runs/*")
    resume = ("-m", "train", "--resume", str(run))
    line = error_line(end(start(poor, *resume, cwd=tmp_path)))
    assert f"is being trained by another process (process {process.pid} on " in line
    assert line.endswith(f"; if that no longer runs, remove {run}/settings.json.held")


@pytest.mark.parametrize("lacking", ["locks", "fcntl"])
def test_without_locks_publishers_take_turns(drive: Drive, models: Path, lacking: str):
    """`fcntl`, the module of locks, is missing on Windows."""
    poor, program = drive, "import sys; sys.modules['fcntl'] = None\n" + PUBLISH
    if lacking == "locks":
        poor, program = drive.without_locks(), PUBLISH
    started = [start(poor, "-c", program, str(models), cwd=models) for _ in range(4)]
    done = [end(process) for process in started]
    assert {d.stdout for d in done} == {"2\n", "3\n", "4\n", "5\n"}, [d.stderr for d in done]
    assert Repository(models).versions() == [1, 2, 3, 4, 5]
    assert not leftovers(models)


def test_without_locks_a_killed_publisher_is_named(drive: Drive, models: Path):
    (models / ".lock.held").write_text("process 7 on another.machine")
    program = "import curvegan.files\ncurvegan.files._PATIENCE = 0.1\n" + PUBLISH
    done = end(start(drive.without_locks(), "-c", program, str(models), cwd=models))
    assert done.stderr.rstrip().endswith(
        f"can't publish into {models}, which is locked by another process (process 7 on "
        f"another.machine); if that no longer runs, remove {models}/.lock.held; nothing was "
        "published"
    )
    assert Repository(models).versions() == [1]


@pytest.mark.parametrize("spares", range(5))
def test_what_is_published_on_a_failing_drive_is_not_called_unpublished(
    drive: Drive, models: Path, spares: int
):
    """Folders are flushed five times: for the number, both new folders, and both renames."""
    failing = drive.failing_to_flush_folders(errno.EIO, spares)
    done = end(start(failing, "-c", PUBLISH, str(models), cwd=models))
    line = done.stderr.splitlines()[-1]
    assert "Input/output error" in line
    if spares < 4:
        assert "can't publish" in line
        assert line.endswith("; nothing was published")
        assert Repository(models).versions() == [1]
    else:
        assert f"{models}/sampler/2 was written, but then its drive failed" in line
        assert Repository(models).versions() == [1, 2]
    assert not leftovers(models)


def test_a_client_s_file_is_written_where_folders_can_t_be_flushed(
    drive: Drive, server: RunningServer, client: CurveClient, tmp_path: Path
):
    poor = drive.failing_to_flush_folders(errno.EINVAL)
    done = generate(poor, server, tmp_path / "c.csv")
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_array_equal(curves_in(tmp_path / "c.csv"), client.generate(range(64)))


def test_a_client_s_file_that_a_failing_drive_may_lose_is_not_called_unwritten(
    drive: Drive, server: RunningServer, client: CurveClient, tmp_path: Path
):
    failing = drive.failing_to_flush_folders(errno.EIO)
    line = error_line(generate(failing, server, tmp_path / "c.csv"))
    assert line == (
        "error: c.csv was written, but then its drive failed (Input/output error): a power cut may "
        "undo that; check the drive"
    )
    np.testing.assert_array_equal(curves_in(tmp_path / "c.csv"), client.generate(range(64)))


def test_a_kernel_that_can_t_flush_a_folder_is_no_error():
    with pytest.raises(OSError, match="Invalid argument"):
        fsync("/proc")
    flush_folder(Path("/proc"))


def test_a_folder_that_may_be_written_but_not_read_is_no_error():
    """Windows says the same of every folder."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o300)
        if user == 0:  # Root may read anything.
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        try:
            with pytest.raises(PermissionError):
                fsync(folder)
            flush_folder(Path(folder))
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o700)


def fsync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
