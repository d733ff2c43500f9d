"""What makes curves like real ones: our GAN, and other people's generators.

Each is trained in a process of its own, on one thread.
"""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.curves.judging import Split
from bench.environment import environment
from curvegan.arrays import Float64Array
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.repository.repository import Repository

_ROOT = Path(__file__).parents[2]
_PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Made:
    """Curves, float64 [n, n_points], and the seconds of processor time that the process took, with
    all that it did."""

    curves: Float64Array
    seconds: float


def make_ours(split: Split, recipe: str, n: int) -> Made:
    """Trains, exports and publishes as users do it, and returns `n` curves of the sampler.

    Raises CurveganError if that fails.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        data, models = folder / "curves.npy", folder / "models"
        np.save(data, split.curves)
        options = ("--data", data, "--recipe", recipe, "--seed", str(split.seed), "--no-pictures")
        folders = ("--models", models, "--runs", folder / "runs")
        took = _run(sys.executable, "train", *options, *folders)
        curves = Engine.of(Repository(models).load(1)).curves_from_seeds(np.arange(n))
    return Made(curves.astype(np.float64), took)


@dataclass(frozen=True)
class Peer:
    """Somebody else's generator.

    `bench.curves.peers` has the module that runs it, and its requirements; `alone` is a package
    that is installed without what it asks for.
    """

    name: str
    module: str
    alone: str = ""

    def make(self, split: Split, n: int, seconds: float) -> Made:
        """Trains for so many seconds of processor time, and returns `n` curves.

        Raises InstallationError if it can't be installed, and CurveganError if it fails.
        """
        python = environment(self.module, _PEERS / f"{self.module}.txt", self.alone) / "python"
        with TemporaryDirectory() as name:
            training, curves = Path(name) / "training.npy", Path(name) / "curves.npy"
            np.save(training, split.training)
            module = f"bench.curves.peers.{self.module}"
            numbers = (f"{seconds:.1f}", str(split.seed), str(n))
            took = _run(python, module, training, *numbers, curves)
            return Made(np.load(curves), took)


PEERS = (
    Peer("DGAN (gretel-synthetics)", "dgan", alone="gretel-synthetics==0.22.20"),
    Peer("VAE (tsgm)", "tsgm_vae"),
)


def _run(python: str | Path, module: str, *arguments: str | Path) -> float:
    """Runs a module, and returns the processor time that it took, in seconds.

    Raises CurveganError with the last line that it wrote if it fails.
    """
    before = _seconds_of_children()
    done = subprocess.run(
        [python, "-W", "ignore", "-m", module, *arguments],
        cwd=_ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CurveganError(lines[-1].removeprefix("error: ")[:300])
    return _seconds_of_children() - before


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
