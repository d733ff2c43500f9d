"""The runtimes of the matrix, and how each is started."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.browser import need_chromium
from bench.environment import InstallationError, environment
from bench.parity.rows import Rows, seeds_and_noise
from bench.tools import MissingToolError, cmake_build, npm_install
from curvegan.errors import CurveganError
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT, Repository

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = ROOT / "examples"

Command = list[str | Path]


@dataclass(frozen=True)
class Runtime:
    """A runtime: which of a version's files it loads, and the command of its process.

    `prepare` returns the command, and builds what that needs. `no_sampler` says why the runtime
    gets the sampler wrong, and is empty where it does not.
    """

    name: str
    language: str
    file: str
    prepare: Callable[[], Command]
    no_sampler: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a runtime made of a model's rows: the largest difference of any number to what torch
    computes in float64, and what share it is of what is allowed at that point.

    Or why it did not run, where what it takes is missing, or why it failed.
    """

    runtime: Runtime
    model: str
    version: str = ""
    difference: float = float("nan")
    share_of_allowed: float = float("nan")
    curves_per_second: float = float("nan")
    not_run: str = ""
    failed: str = ""

    @property
    def is_known_wrong(self) -> bool:
        """Whether the runtime can't get this model right."""
        return self.model == "sampler" and bool(self.runtime.no_sampler)

    @property
    def is_as_expected(self) -> bool:
        """Whether it is as near as all should be, or as wrong as is known, or could not run."""
        if self.failed or self.not_run:
            return not self.failed
        is_near = self.share_of_allowed <= 1
        return not is_near if self.is_known_wrong else is_near


def run_all(models: Path, seconds: float, runtimes: Sequence[Runtime]) -> list[Outcome]:
    """Returns the outcome of each of `runtimes` on each model of the newest version in `models`.

    The speed of each is measured for `seconds`. Raises RepositoryError if there is no version, or
    it is damaged.
    """
    repository = Repository(models)
    version = repository.newest()
    description = repository.load(version).description
    weights = (models / "generator" / str(version) / TORCHSCRIPT).read_bytes()
    rows = seeds_and_noise(weights, description.specs, len(description.family.labels))
    return [
        outcome
        for runtime in runtimes
        for outcome in run_both(runtime, models.resolve(), version, rows, seconds)
    ]


def run_both(
    runtime: Runtime, models: Path, version: int, rows: dict[str, Rows], seconds: float
) -> Iterator[Outcome]:
    """Yields the outcome of a runtime on each model of `version`, whose `rows` are by model."""
    try:
        command = runtime.prepare()
    except (InstallationError, MissingToolError) as error:
        for model in rows:
            yield Outcome(runtime, model, not_run=str(error))
        return
    except CurveganError as error:
        for model in rows:
            yield Outcome(runtime, model, failed=str(error))
        return
    for model, wanted in rows.items():
        file = models / model / str(version) / runtime.file
        if file.exists():
            yield _run(runtime, model, [*command, file], wanted, seconds)
        else:
            yield Outcome(runtime, model, not_run=f"version {version} has no {runtime.file}")


def _run(runtime: Runtime, model: str, command: Command, rows: Rows, seconds: float) -> Outcome:
    with TemporaryDirectory() as folder:
        curves = Path(folder) / "curves"
        inputs: Command = []
        for spec, numbers in zip(rows.specs, rows.inputs, strict=True):
            numbers.tofile(Path(folder) / spec.name)
            shape = ",".join(map(str, spec.shape))
            inputs += [spec.name, spec.datatype, shape, Path(folder) / spec.name]
        done = subprocess.run(
            [*command, curves, str(seconds), *inputs],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_on_one_core,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            return Outcome(runtime, model, failed=last[:200])
        report = json.loads(done.stdout.splitlines()[-1])
        found = np.fromfile(curves, np.float32).reshape(rows.curves.shape)
    differences = np.abs(found - rows.curves)
    return Outcome(
        runtime,
        model,
        report["version"],
        float(differences.max()),
        float((differences / rows.allowed).max()),
        report["curves_per_second"],
    )


def _on_one_core() -> None:
    """For the process to come and all that it starts: threads beyond one are of no use to it."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _python(module: str, *arguments: str) -> Callable[[], Command]:
    return lambda: [sys.executable, "-m", f"bench.parity.{module}", *arguments]


def _python_apart(name: str, version: str = "") -> Callable[[], Command]:
    def prepare() -> Command:
        packages = f"{name}-{version}" if version else name
        folder = environment(f"parity-{packages}", HERE / f"{packages}.txt")
        return [folder / "python", "-m", f"bench.parity.with_{name}"]

    return prepare


def _cpp() -> Command:
    return [cmake_build(HERE / "cpp") / "parity"]


def _torch_of_debian() -> Command:
    if not Path("/usr/lib/python3/dist-packages/torch").exists():
        raise MissingToolError("no torch of Debian's (Debian: python3-torch)")
    return ["/usr/bin/python3", "-m", "bench.parity.with_torch", "torchscript"]


def _node(packages: Path) -> Callable[[], Command]:
    def prepare() -> Command:
        npm_install(packages)
        return ["node", HERE / "with_onnxruntime_node.mjs", packages]

    return prepare


def _web(packages: Path) -> Callable[[], Command]:
    def prepare() -> Command:
        need_chromium()
        npm_install(packages)
        return _python("with_onnxruntime_web", str(packages))()

    return prepare


# npm has builds of the first onnxruntime with opset 18, pip has none before 1.15 for Python 3.11.
OLDEST_PACKAGES = HERE / "onnxruntime-1.14"

RUNTIMES = (
    Runtime("TorchScript", "Python", TORCHSCRIPT, _python("with_torch", "torchscript")),
    Runtime("TorchScript, Debian's torch", "Python", TORCHSCRIPT, _torch_of_debian),
    Runtime("TorchScript, libtorch", "C++", TORCHSCRIPT, _cpp),
    Runtime("torch.export", "Python", EXPORTED_PROGRAM, _python("with_torch", "torch.export")),
    Runtime("onnxruntime", "Python", ONNX, _python("with_onnxruntime")),
    *(
        Runtime(f"onnxruntime {version}", "Python", ONNX, _python_apart("onnxruntime", version))
        for version in ("1.20", "1.17", "1.15")
    ),
    Runtime("onnxruntime-node", "JavaScript, Node.js", ONNX, _node(EXAMPLES / "node")),
    Runtime("onnxruntime-node 1.14", "JavaScript, Node.js", ONNX, _node(OLDEST_PACKAGES)),
    Runtime("onnxruntime-web, wasm", "JavaScript, Chromium", ONNX, _web(EXAMPLES / "browser")),
    Runtime("onnxruntime-web 1.14, wasm", "JavaScript, Chromium", ONNX, _web(OLDEST_PACKAGES)),
    Runtime("onnx's reference evaluator", "Python", ONNX, _python("with_onnx_reference")),
    Runtime("tract", "Rust, from Python", ONNX, _python_apart("tract")),
    Runtime(
        "OpenVINO",
        "C++, from Python",
        ONNX,
        _python_apart("openvino"),
        no_sampler="computes 64-bit integers in 32 bits",
    ),
)
