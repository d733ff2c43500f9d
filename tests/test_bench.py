"""The benchmarks run; what they measure is for people to read."""

import shutil
from pathlib import Path

import grpc
import pytest

from bench import engine, population, search, train_step
from bench.serve.load import Load, apply
from bench.serve.others import canned
from curvegan.v1.curves_pb2 import CurveSource, GenerateCurvesRequest, SeedRange
from serve.process import RunningServer
from tests.commands import error_line, try_command

needs_h2load = pytest.mark.skipif(
    not shutil.which("h2load"), reason="no h2load (Debian: nghttp2-client)"
)


def test_the_engine_s_table_has_a_row_for_each_batch(
    published: Path, capsys: pytest.CaptureFixture[str]
):
    engine.main(models=published, rounds=1)
    printed = capsys.readouterr().out
    assert "65,536 seeds" in printed
    assert "65,536 rows of noise" in printed


def test_the_training_step_s_table_compares_with_the_plain_loop(
    capsys: pytest.CaptureFixture[str],
):
    train_step.main(rounds=1, blocks=2)
    printed = capsys.readouterr().out
    for loop in ("plain tutorial loop", "Lightning", "recipe default", "recipe tutorial"):
        assert loop in printed


def test_the_populations_table_has_a_row_for_each_size(capsys: pytest.CaptureFixture[str]):
    population.main(device="cpu", rounds=1)
    printed = capsys.readouterr().out
    assert "plain tutorial loop" in printed
    assert all(f"population of {size} " in printed for size in population.SIZES["cpu"])


def test_the_search_leads_from_the_tutorial_s_recipe_to_the_default_one(
    capsys: pytest.CaptureFixture[str],
):
    search.main(seeds=2, steps=50)
    printed = capsys.readouterr().out
    for recipe in ("the tutorial's recipe", *search.WAY, "beta2_d 0.99"):
        assert recipe in printed


@needs_h2load
def test_a_load_says_how_fast_a_server_answers(server: RunningServer):
    request = GenerateCurvesRequest(source=CurveSource(range=SeedRange(first=0, count=10)))
    call = Load("curvegan.v1.CurveService/GenerateCurves", request.SerializeToString(), 2, 10)
    rate = apply(call, server.address, seconds=1)
    assert rate.per_second > 0
    assert 0 < rate.p50 <= rate.p99


@needs_h2load
@pytest.mark.parametrize("threads", [0, 1])
def test_canned_bytes_are_answered_as_they_are(tmp_path: Path, threads: int):
    (tmp_path / "ready").write_bytes(b"made before")
    with canned(tmp_path, threads) as address, grpc.insecure_channel(address) as channel:
        assert channel.unary_unary("/canned/ready")(b"whatever") == b"made before"


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("bench.engine", ["--models", "nothing"], "no model in nothing: train one with"),
        ("bench.serve", ["--models", "nothing"], "no model in nothing: train one with"),
        ("bench.serve", ["--seconds", "0"], '"0" for --seconds. Must be >= 1'),
        ("bench.engine", ["--rounds", "1.5"], "--rounds: '1.5' is no whole number"),
        ("bench.population", ["--device", "cuda"], "finds no CUDA device: use --device cpu"),
        ("bench.population", ["--rounds", "0"], '"0" for --rounds. Must be >= 1'),
        ("bench.search", ["--seeds", "0"], '"0" for --seeds. Must be >= 1'),
        ("bench.search", ["--steps", "0"], '"0" for --steps. Must be >= 1'),
        ("bench.train_step", ["--rounds", "0"], '"0" for --rounds. Must be >= 1'),
        ("bench.train_step", ["--blocks", "-1"], '"-1" for --blocks. Must be >= 1'),
    ],
)
def test_a_wrong_option_is_one_line_that_says_what_to_give(
    module: str,
    arguments: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert expected in error_line(try_command(module, *arguments, cwd=tmp_path))
