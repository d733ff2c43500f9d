"""The matrix: every runtime gives the curves that torch gives in float64."""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bench.parity import __main__ as command
from bench.parity.rows import Rows, seeds_and_noise
from bench.parity.runtimes import RUNTIMES, Outcome, Runtime, run_both
from curvegan.repository.repository import Repository
from tests.support.commands import error_line, try_command

MODELS = ("sampler", "generator")
BETWEEN = ("onnxruntime 1.20", "onnxruntime 1.17")


# What runs where ours does; the others are first installed or built.
AT_HAND = (
    "TorchScript",
    "TorchScript, Debian's torch",
    "torch.export",
    "onnxruntime",
    "onnx's reference evaluator",
)
# Versions between the oldest and ours take time: `make parity` asks them too.
ASKED = [
    pytest.param(
        runtime, id=runtime.name, marks=() if runtime.name in AT_HAND else pytest.mark.installs
    )
    for runtime in RUNTIMES
    if runtime.name not in BETWEEN
]


@pytest.fixture(scope="module")
def outcomes(published: Path, labelled: Path) -> Callable[[str, Runtime], dict[str, Outcome]]:
    """What comes of a runtime by model, for each of two kinds of curves."""
    folders = {"quadratics": published.resolve(), "labelled days": labelled.resolve()}
    rows = {curves: rows_of(folder) for curves, folder in folders.items()}

    @cache
    def of(curves: str, runtime: Runtime) -> dict[str, Outcome]:
        both = run_both(runtime, folders[curves], 1, rows[curves], seconds=0)
        return {outcome.model: outcome for outcome in both}

    return of


def rows_of(published: Path) -> dict[str, Rows]:
    description = Repository(published).load(1).description
    weights = (published / "generator" / "1" / "model.pt").read_bytes()
    return seeds_and_noise(weights, description.specs, len(description.family.labels))


@pytest.mark.timeout(600)  # The first test of a runtime may build, and fetch packages.
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("runtime", ASKED)
@pytest.mark.parametrize("curves", ["quadratics", "labelled days"])
def test_a_runtime_gives_the_curves_of_torch_in_float64(
    outcomes: Callable[[str, Runtime], dict[str, Outcome]],
    curves: str,
    runtime: Runtime,
    model: str,
):
    found = outcomes(curves, runtime)[model]
    if found.not_run:
        pytest.skip(found.not_run)
    assert not found.failed
    assert found.version
    if found.is_known_wrong:
        assert found.difference > 0.1, "it computes 64-bit integers: say so in docs/embedding.md"
    else:
        assert found.share_of_allowed <= 1


def test_the_matrix_has_every_kind_of_seed(published: Path):
    rows = rows_of(published)
    seeds = set(rows["sampler"].inputs[0].tolist())
    assert {-(2**63), 2**63 - 1, -1, 0, 1} < seeds
    assert len(seeds) == len(rows["generator"].inputs[0]) == 2_000


def outcome(number: int, model: str, **fields: object) -> Outcome:
    return Outcome(RUNTIMES[number], model, "1.0", curves_per_second=1e6, **fields)  # type: ignore[arg-type]


def test_the_command_keeps_a_table_that_says_what_did_not_run_and_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    found = [
        outcome(0, "sampler", difference=1e-6, share_of_allowed=0.1),
        outcome(0, "generator", difference=2e-6, share_of_allowed=0.2),
        outcome(1, "generator", not_run="no c++ (Debian: g++)"),
        outcome(-1, "sampler", difference=2.5, share_of_allowed=1e5),
    ]
    monkeypatch.setattr(command, "run_all", lambda *_: found)
    command.main(models=tmp_path, out=tmp_path / "parity.md")
    kept = (tmp_path / "parity.md").read_text()
    assert "| TorchScript | 1.0 | Python | 1.0e-06 | 1,000,000 | 2.0e-06 | 1,000,000 |" in kept
    assert "| Python |  |  | not run: no c++ (Debian: g++) |  |" in kept
    assert "| wrong (2.5): computes 64-bit integers in 32 bits |  |" in kept
    assert "TorchScript" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("runtime", "fields"),
    [
        (0, {"share_of_allowed": 1.1}),
        (0, {"share_of_allowed": float("nan")}),
        (0, {"failed": "it crashed"}),
        (-1, {"share_of_allowed": 0.1}),  # Right where docs/embedding.md says that it is wrong.
    ],
)
def test_what_is_not_as_expected_is_told(runtime: int, fields: dict[str, object]):
    assert not outcome(runtime, "sampler", **fields).is_as_expected


def test_a_runtime_that_crashes_has_failed_and_is_not_skipped(published: Path):
    crashing = Runtime("crash", "Python", "model.onnx", lambda: [sys.executable, "-c", "1/0", "-"])
    [found, _] = run_both(crashing, published.resolve(), 1, rows_of(published), 0)
    assert found.failed == "ZeroDivisionError: division by zero"


def test_no_models_is_one_line(tmp_path: Path):
    line = error_line(try_command("bench.parity", "--models", "nothing", cwd=tmp_path))
    assert "no model in nothing: train one with" in line


def test_the_matrix_has_every_label(labelled: Path):
    for rows in rows_of(labelled).values():
        assert [spec.name for spec in rows.specs][1:] == ["labels"]
        assert set(rows.inputs[1].tolist()) == {0, 1, 2}
