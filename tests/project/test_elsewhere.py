"""On other systems, and without the extras: the client works, and all else says what it needs.

An interpreter that passes for one of macOS or Windows is as near to them as a test on Linux gets.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from curvegan import CurveClient, Engine
from serve.running import RunningServer
from tests.support.commands import error_line

ROOT = Path(__file__).parents[2]
ELSEWHERE = ROOT / "tests" / "support" / "elsewhere"
# What the extras bring.
EXTRAS = [
    *("grpc_health", "grpc_reflection", "msgspec", "onnxruntime", "prometheus_client"),
    *("starlette", "uvicorn", "uvloop"),
    *("matplotlib", "onnx", "onnxscript", "torch"),
]


def run_elsewhere(
    *arguments: str, cwd: Path, pretend: str = "", without: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Runs Python as if on another system, or without some modules."""
    paths = [str(ELSEWHERE), str(ROOT)]
    variables = {
        "PYTHONPATH": os.pathsep.join(paths),
        "PRETEND": pretend,
        "WITHOUT": ",".join(without),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | variables,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize(("system", "name"), [("darwin", "macOS"), ("win32", "Windows")])
def test_the_server_says_that_it_needs_linux(command: str, system: str, name: str, tmp_path: Path):
    done = run_elsewhere("-m", command, cwd=tmp_path, pretend=system)
    assert error_line(done).startswith(f"error: the server needs Linux, and this is {name}: ")
    assert done.stdout == ""


def test_training_says_that_it_does_not_run_on_windows(tmp_path: Path):
    done = run_elsewhere("-m", "train", cwd=tmp_path, pretend="win32")
    assert "error: training needs Linux or macOS, and this is Windows" in error_line(done)


@pytest.mark.parametrize(("command", "extra"), [("serve", "serve"), ("train", "train")])
def test_a_command_names_the_extra_that_it_lacks(command: str, extra: str, tmp_path: Path):
    done = run_elsewhere("-m", command, cwd=tmp_path, without=EXTRAS)
    assert error_line(done).endswith(f": pip install 'curvegan[{extra}]'")


def test_curves_of_one_s_own_name_the_extra_that_they_lack(tmp_path: Path):
    done = run_elsewhere("-m", "train", "--data", "a.csv", cwd=tmp_path, without=["pyarrow"])
    assert error_line(done).endswith(": pip install 'curvegan[data]'")


@pytest.mark.parametrize(
    ("name", "missing"), [("Repository", "msgspec"), ("Engine", "onnxruntime")]
)
def test_a_name_that_needs_an_extra_says_so(name: str, missing: str, tmp_path: Path):
    done = run_elsewhere(
        "-c", f"from curvegan import {name}", cwd=tmp_path, without=[missing, "torch"]
    )
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: curvegan.{name} needs {missing}: pip install 'curvegan[serve]'"
    )


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_the_engine_needs_not_linux(system: str, published: Path, engine: Engine, tmp_path: Path):
    program = (
        "import sys, pathlib, numpy as np; from curvegan import Engine, Repository; "
        "model = Repository(pathlib.Path(sys.argv[1])).load(1); "
        "np.save('curves.npy', Engine.of(model).curves_from_seeds(np.arange(64)))"
    )
    done = run_elsewhere("-c", program, str(published), cwd=tmp_path, pretend=system)
    assert done.stderr == ""
    curves = np.load(tmp_path / "curves.npy")
    assert curves.tobytes() == engine.curves_from_seeds(np.arange(64)).tobytes()


@pytest.mark.parametrize("system", ["", "darwin", "win32"])
def test_the_client_needs_no_extra_and_not_linux(
    system: str, server: RunningServer, client: CurveClient, tmp_path: Path
):
    done = run_elsewhere(
        *("-m", "curvegan", "generate", "--server", server.address),
        *("--seeds", "0-63", "--out", "curves.csv"),
        cwd=tmp_path,
        pretend=system,
        without=EXTRAS,
    )
    assert done.stderr == ""
    rows = np.loadtxt(tmp_path / "curves.csv", delimiter=",", skiprows=1)
    assert rows[:, 0].tolist() == list(range(64))
    assert (rows[:, 1:].astype(np.float32) == client.generate(range(64))).all()
