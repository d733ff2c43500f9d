"""The benchmarks run; what they measure is for people to read."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest

from bench import engine
from bench.environment import InstallationError
from bench.serve.calls import unary_loads
from bench.serve.clients import compare_clients
from bench.serve.inference import compare_inference
from bench.serve.load import Load, apply, need_h2load
from bench.serve.perf_analyzer import InferLoad, measure, need_libb64, tritonclient
from bench.serve.process_time import processor_seconds
from bench.serve.rates import Rate, interleaved
from bench.serve.servers.others import start_others
from bench.serve.servers.ours import Server, canned, curvegan, onnx_files, plain
from bench.serve.side_by_side import compare_with_canned
from bench.serve.stream import time_stream
from bench.train import found, population, search
from bench.train import step as train_step
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.repository.repository import Repository
from curvegan.v1.curves_pb2 import CurveSource, GenerateCurvesRequest, SeedRange
from serve.inference import inference_pb2
from serve.running import RunningServer
from tests.support.commands import error_line, try_command


@pytest.fixture
def h2load() -> None:
    skip_without(need_h2load)


@pytest.fixture
def perf_analyzer() -> None:
    skip_without(need_libb64, tritonclient)


def skip_without(*needed: Callable[[], object]) -> None:
    """Skips a test if something is not there; what, the exception says."""
    try:
        for need in needed:
            need()
    except CurveganError as problem:
        pytest.skip(str(problem))


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


def test_what_a_search_finds_stands_beside_the_recipe_as_it_is(
    capsys: pytest.CaptureFixture[str],
):
    found.main(sets=("quadratics",), seeds=1, trials=2, population=1, steps=60)
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    steps = {row[1].strip(): row[2].strip() for row in rows}
    # As near as whole trainings come.
    assert abs(int(steps["search"]) - int(steps["recipe as it is"])) <= 60 / 2


@pytest.mark.usefixtures("h2load")
def test_a_load_says_how_fast_a_server_answers(server: RunningServer):
    request = GenerateCurvesRequest(source=CurveSource(range=SeedRange(first=0, count=10)))
    call = Load("curvegan.v1.CurveService/GenerateCurves", request.SerializeToString(), 2, 10)
    rate = apply(call, server.address, seconds=1)
    assert rate.per_second > 0
    assert 0 < rate.p50 <= rate.p99


@pytest.mark.parametrize("threads", [0, 1])
def test_canned_bytes_are_answered_as_they_are(tmp_path: Path, threads: int):
    (tmp_path / "ready").write_bytes(b"made before")
    with canned(tmp_path, threads) as server, grpc.insecure_channel(server.address) as channel:
        assert channel.unary_unary("/canned/ready")(b"whatever") == b"made before"


@pytest.mark.parametrize(("model", "tensor"), [("sampler", "seeds"), ("generator", "noise")])
def test_the_plain_server_answers_as_ours(
    repository: Repository, server: RunningServer, engine: Engine, model: str, tensor: str
):
    rows = {"seeds": np.arange(9), "noise": np.ones((9, engine.n_noise), np.float32)}[tensor]
    given = inference_pb2.ModelInferRequest.InferInputTensor(
        name=tensor,
        datatype={"seeds": "INT64", "noise": "FP32"}[tensor],
        shape=rows.shape,
    )
    request = inference_pb2.ModelInferRequest(
        model_name=model, inputs=[given], raw_input_contents=[rows.tobytes()]
    )
    with plain(onnx_files(repository, 1)) as other:
        answers = [infer(address, request) for address in (other.address, server.address)]
    assert answers[0] == answers[1]


def infer(
    address: str, request: inference_pb2.ModelInferRequest
) -> inference_pb2.ModelInferResponse:
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        answer = call(request.SerializeToString(), timeout=20)
    return inference_pb2.ModelInferResponse.FromString(answer)


def test_processor_time_is_that_of_all_descendants():
    busy = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True); input()"
    shell = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, busy]
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert processor_seconds(process.pid) >= 0.48  # Counted in steps of 0.01.
        process.communicate(b"\n")


def test_candidates_take_turns_and_medians_count():
    turns = []

    def candidate(name: str, *rates: float) -> Callable[[float], Rate]:
        results = iter(rates)

        def measured(seconds: float) -> Rate:
            turns.append((name, seconds))
            return Rate(next(results), 1.0, 2.0)

        return measured

    candidates = {"a": candidate("a", 0, 1, 3, 50), "b": candidate("b", 0, 7, 9, 8)}
    medians = interleaved(candidates, rounds=3, seconds=4)
    assert turns == [("a", 1), ("b", 1)] + [("a", 4), ("b", 4)] * 3
    assert {name: rate.per_second for name, rate in medians.items()} == {"a": 3, "b": 8}


def test_a_server_that_can_not_be_had_is_left_out_with_the_reason(
    capsys: pytest.CaptureFixture[str],
):
    @contextmanager
    def missing(_: Mapping[str, Path]) -> Iterator[Server]:
        raise InstallationError("pip can't install it")
        yield

    with ExitStack() as stack:
        assert start_others(stack, {"Rare": missing}, {}) == {}
    assert capsys.readouterr().out == "skipped Rare: pip can't install it\n"


# The first of these waits for pip.
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("perf_analyzer")
@pytest.mark.parametrize(("rows", "at_once"), [(1, 1), (1000, 8)])
def test_perf_analyzer_says_how_fast_a_server_answers(published: Path, rows: int, at_once: int):
    with curvegan(published) as server:
        rate = measure(InferLoad("sampler", "seeds", (rows,), at_once), server, seconds=1)
    assert rate.per_second > 0
    assert 0 < rate.p50 <= rate.p99
    assert rate.processor > 0


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("perf_analyzer")
def test_a_load_that_fails_is_one_line(published: Path):
    with curvegan(published) as server, pytest.raises(CurveganError, match="painter") as caught:
        measure(InferLoad("painter", "seeds", (1,), 1), server, seconds=1)
    assert "\n" not in str(caught.value)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("perf_analyzer")
def test_the_table_of_perf_analyzer_has_a_row_for_each_load_and_server(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    compare_inference(repository, {}, rounds=1, seconds=1)
    printed = " ".join(capsys.readouterr().out.replace("|", " ").split())
    for load in ("1 x 1", "1 x 8", "1,000 x 8"):
        # Of both models.
        assert printed.count(f" {load} curvegan ") == 2
        assert printed.count(f" {load} plain server ") == 2


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("perf_analyzer")
def test_the_table_of_clients_has_a_row_for_each(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    compare_clients(repository, {}, rounds=1, seconds=0.3)
    printed = " ".join(capsys.readouterr().out.replace("|", " ").split())
    for client in (
        "CurveClient",
        "tritonclient gRPC, curvegan",
        "tritonclient HTTP, curvegan",
        "tritonclient gRPC, plain server",
    ):
        assert f" 1 {client} " in printed
        assert f" 1,000 {client} " in printed
    assert " 1,000,000 CurveClient, stream " in printed


@pytest.mark.usefixtures("h2load")
def test_the_tables_of_canned_bytes_have_a_row_for_each(
    repository: Repository, capsys: pytest.CaptureFixture[str]
):
    name, load = next(iter(unary_loads(repository).items()))
    compare_with_canned(repository.root, {name: load}, rounds=1, seconds=1)
    time_stream(repository.root, rounds=1, seconds=1)
    printed = " ".join(capsys.readouterr().out.replace("|", " ").split())
    for row in (f"{name} curvegan", f"{name} canned, aio", f"{name} canned, one thread"):
        assert row in printed
    assert "by the clock" in printed


@pytest.mark.parametrize(
    ("module", "arguments", "expected"),
    [
        ("bench.engine", ["--models", "nothing"], "no model in nothing: train one with"),
        ("bench.serve", ["--models", "nothing"], "no model in nothing: train one with"),
        ("bench.serve", ["--seconds", "0"], '"0" for --seconds. Must be >= 1'),
        ("bench.serve", ["--tables", "rare"], "perf_analyzer"),
        ("bench.curves", ["--seeds", "0"], '"0" for --seeds. Must be >= 1'),
        ("bench.curves", ["--sets", "rare"], "Choose from: "),
        ("bench.curves.real_sets", ["rare", "rare.csv"], "Choose from: "),
        ("bench.engine", ["--rounds", "1.5"], "--rounds: '1.5' is not a whole number"),
        ("bench.train.population", ["--device", "cuda"], "finds no CUDA device: use --device cpu"),
        ("bench.train.population", ["--rounds", "0"], '"0" for --rounds. Must be >= 1'),
        ("bench.train.search", ["--seeds", "0"], '"0" for --seeds. Must be >= 1'),
        ("bench.train.step", ["--rounds", "0"], '"0" for --rounds. Must be >= 1'),
        ("bench.scale", ["--curves", "inf"], "curves is inf: give at least 1048576, one part"),
        ("bench.scale", ["--cluster.cores", "0"], "cores is 0: give a number above 0"),
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
