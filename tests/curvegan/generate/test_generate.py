"""curvegan generate, as users run it."""

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan.generate.seed_text import batches, parse_seeds
from serve.running import RunningServer
from tests.support.commands import error_line, run_command, try_command


@pytest.fixture
def ask(server: RunningServer, tmp_path: Path):
    """Runs the command in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return try_command(
            "curvegan", "generate", "--server", server.address, *arguments, cwd=tmp_path
        )

    return run


def test_csv_npy_and_the_client_hold_the_same_curves(ask, client, tmp_path: Path):
    for name in ("c.csv", "c.npy"):
        done = ask("--seeds", "0-63,-5--1,1000000", "--out", name)
        assert done.stdout == f"wrote 70 curves of model version 1 to {name}\n", done.stderr
    seeds = [*range(64), *range(-5, 0), 1_000_000]
    expected = client.generate(seeds)
    header, *rows = (tmp_path / "c.csv").read_text().splitlines()
    assert header.split(",")[:2] == ["seed", "x=-1"]
    assert [int(row.partition(",")[0]) for row in rows] == seeds
    from_csv = np.array([row.split(",")[1:] for row in rows], np.float32)
    np.testing.assert_array_equal(from_csv, expected)
    np.testing.assert_array_equal(np.load(tmp_path / "c.npy"), expected)


def test_png_is_a_picture(ask, tmp_path: Path):
    assert ask("--seeds", "0-63", "--out", "c.png").returncode == 0
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_png_without_matplotlib_says_what_to_install(server: RunningServer, tmp_path: Path):
    program = (
        "import sys\nsys.modules['matplotlib'] = None\nfrom curvegan.__main__ import main\nmain()\n"
    )
    arguments = ["generate", "--seeds", "1", "--out", "c.png", "--server", server.address]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "pip install 'curvegan[plot]'" in error_line(done)


def test_a_million_curves_are_written(ask, engine, tmp_path: Path):
    assert ask("--seeds", "0-999999", "--out", "c.npy").returncode == 0
    curves = np.load(tmp_path / "c.npy")
    assert curves.tobytes() == engine.curves_from_seeds(np.arange(1_000_000)).tobytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--seeds", "6x", "--out", "c.csv"], "'6x' is neither a seed nor a range"),
        (["--seeds", "", "--out", "c.csv"], "'' is neither a seed nor a range"),
        (["--seeds", "1,,2", "--out", "c.csv"], "'' is neither a seed nor a range"),
        (["--seeds", "9-0", "--out", "c.csv"], "write the seeds 0-9 rather than 9-0"),
        (["--seeds", "9223372036854775808", "--out", "c.csv"], "is not a 64-bit integer"),
        (["--seeds", "9" * 5000, "--out", "c.csv"], "is neither a seed nor a range"),
        (["--seeds", "1", "--out", "c.csv", "--model-version", "9" * 20], "--model-version"),
        (["--seeds", "1", "--out", "c.txt"], "must end in .csv, .npy or .png"),
        (["--seeds", "1", "--out", "no/c.csv"], "can't write no/c.csv: No such file"),
        (["--seeds", "1", "--out", "c.csv", "--model-version", "9"], "NOT_FOUND: version 9"),
        (["--seeds", "0-2000", "--out", "c.png"], "at most 1000 curves, not 2001"),
        (["--seeds", "1"], "--out"),
        (["--seeds", "1", "--out", "c.csv", "--timeout", "nan"], "give seconds above 0"),
        (["--seeds", "1", "--out", "c.csv", "--timeout", "0"], "give seconds above 0"),
        (["--seeds", "1", "--out", "c.csv", "--timeout", "1e300"], "give seconds above 0"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_no_file(ask, tmp_path: Path, arguments, expected):
    assert expected in error_line(ask(*arguments))
    assert not list(tmp_path.iterdir())


def test_no_server_is_one_line(tmp_path: Path):
    done = try_command(
        "curvegan", "generate", "--server", "127.0.0.1:9", "--seeds", "1", "--out", "c.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert "no server answers at 127.0.0.1:9" in error_line(done)


def test_without_retry_no_server_is_one_line(tmp_path: Path):
    done = try_command(
        "curvegan", "generate", "--server", "127.0.0.1:9", "--seeds", "1", "--out", "c.csv",
        "--no-retry", cwd=tmp_path,
    )  # fmt: skip
    assert "no server answers at 127.0.0.1:9" in error_line(done)


def test_a_full_disk_keeps_the_old_file(server: RunningServer, tmp_path: Path):
    """The kernel refuses to let a file grow past a limit, as a full disk does."""
    (tmp_path / "c.npy").write_text("the old file")
    limit = 100_000
    done = subprocess.run(
        [sys.executable, "-c",
         "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
         "from curvegan.__main__ import main; main()",
         "generate", "--server", server.address, "--seeds", "0-99999", "--out", "c.npy"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert error_line(done) == "error: can't write c.npy: File too large"
    assert [path.name for path in tmp_path.iterdir()] == ["c.npy"]
    assert (tmp_path / "c.npy").read_text() == "the old file"


def test_sigterm_leaves_no_file(server: RunningServer, tmp_path: Path):
    command = [
        *(sys.executable, "-m", "curvegan", "generate", "--server", server.address),
        *("--seeds", f"0-{2**62}", "--out", "c.npy"),
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        process.terminate()
        _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (128 + signal.SIGTERM, "")
    assert not list(tmp_path.iterdir())


def test_a_signal_at_any_moment_ends_it_and_leaves_no_file(server: RunningServer, tmp_path: Path):
    """From its first import on to the middle of a stream; one has to come within 20 seconds."""
    # A signal before this line is Python's own affair.
    program = "print(flush=True); import runpy; runpy.run_module('curvegan', None, '__main__')"
    command = [
        *(sys.executable, "-c", program, "generate", "--server", server.address),
        *("--seeds", f"0-{2**62}", "--out", "c.npy"),
    ]
    moments = random.Random(0)
    for turn in range(16):
        number = (signal.SIGTERM, signal.SIGINT)[turn % 2]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.9))
            process.send_signal(number)
            assert process.wait(timeout=20) in (128 + number, -number)
        assert not list(tmp_path.iterdir())


def test_ctrl_c_says_that_it_was_interrupted(server: RunningServer, tmp_path: Path):
    command = [
        *(sys.executable, "-m", "curvegan", "generate", "--server", server.address),
        *("--seeds", f"0-{2**62}", "--out", "c.npy"),
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.iterdir()):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (128 + signal.SIGINT, "interrupted\n")
    assert not list(tmp_path.iterdir())


def test_help_shows_every_default(tmp_path: Path):
    text = run_command("curvegan", "generate", "--help", cwd=tmp_path).stdout
    for default in ("127.0.0.1:8001", "default: 0", "default: 30.0"):
        assert default in text


@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 3000)), min_size=1, max_size=8
    )
)
def test_seeds_written_as_text_are_read_and_batched_in_order(parts):
    ranges = [range(first, min(first + length, 2**63 - 1) + 1) for first, length in parts]
    text = ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in ranges)
    assert list(parse_seeds(text)) == ranges
    batched = [seed for batch in batches(parse_seeds(text)) for seed in batch]
    assert batched == [seed for part in ranges for seed in part]
