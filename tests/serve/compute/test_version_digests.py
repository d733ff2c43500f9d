"""A version number always gives the same curves, from any worker, even if its files change."""

import fcntl
import itertools
import os
import random
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.errors import RepositoryError
from curvegan.repository import repository as reading
from curvegan.repository.repository import ONNX, Repository
from curvegan.v1 import curves_pb2_grpc
from curvegan.v1.curves_pb2 import CurveSource, GenerateCurvesRequest, SeedList
from serve.calls.status import RequestError
from serve.compute.version_digests import VersionDigests
from serve.running import RunningServer, running_server
from tests.support.commands import workers_of
from tests.support.models import (
    curves_of,
    damage,
    delete,
    point,
    publish_as,
    publish_raised,
)
from tests.support.observe import kill, metric, own_connection, standard_error_in, wait_until
from tests.support.watched import Watched

SEEDS = range(5)


@pytest.fixture
def other(published: Path, tmp_path: Path) -> Path:
    """A repository whose version 1 differs from that of `models`."""
    other = tmp_path / "other"
    shutil.copytree(published, other)
    publish_as(other, 1, published, by=1)
    return other


@pytest.fixture
def link(models: Path, tmp_path: Path) -> Path:
    """A link to `models`."""
    link = tmp_path / "link"
    point(link, models)
    return link


def both_models(engine: Engine) -> bytes:
    """Returns curves of the sampler and of the generator."""
    noise = np.ones((1, engine.n_noise), np.float32)
    return (
        engine.curves_from_seeds(np.array(SEEDS)).tobytes()
        + engine.curves_from_noise(noise).tobytes()
    )


def content_of(watched: Watched) -> bytes:
    """Returns curves of the version that is served."""
    return both_models(watched.versions.get(0).engine)


def content_in(models: Path) -> bytes:
    """Returns curves of version 1 of a repository."""
    return both_models(Engine.of(Repository(models).load(1)))


def answers(server: RunningServer, connections: int = 8) -> set[tuple[int, bytes]]:
    """Requests the newest version over new connections. Returns the versions and curves."""
    request = GenerateCurvesRequest(source=CurveSource(seeds=SeedList(values=SEEDS)))
    found = set()
    for _ in range(connections):
        with own_connection(server) as channel:
            answer = curves_pb2_grpc.CurveServiceStub(channel).GenerateCurves(request, timeout=20)
            found.add((answer.version, np.array(answer.values, np.float32).tobytes()))
    return found


def is_mentioned(reason: str, version: int) -> bool:
    return (
        f"sampler/{version} is not the version {version} that this server loaded before" in reason
    )


def test_the_first_of_many_concurrent_records_wins(tmp_path: Path):
    digests = VersionDigests(tmp_path)
    for number in range(1, 100):
        barrier = threading.Barrier(8)

        def record(candidate: int, number: int = number, barrier=barrier) -> str:
            barrier.wait()
            return digests.record(number, f"{candidate:064x}")

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(record, range(8)))) == 1
    assert digests.has(99)
    assert not digests.has(100)


@pytest.mark.parametrize("moves_back", [False, True])
def test_a_version_read_while_a_link_moves_comes_from_one_repository(
    moves_back: bool, models: Path, other: Path, link: Path, monkeypatch: pytest.MonkeyPatch
):
    """The link moves before each of the files in turn, and stays or moves back."""
    read = reading.read_regular
    contents = content_in(models), content_in(other)
    for moved_at in itertools.count():
        point(link, models)
        count = itertools.count()

        def read_or_move(path: Path, count=count, moved_at=moved_at) -> bytes:
            position = next(count)
            if position == moved_at:
                point(link, other)
            if position == moved_at + 1 and moves_back:
                point(link, models)
            return read(path)

        monkeypatch.setattr(reading, "read_regular", read_or_move)
        content = content_in(link)
        monkeypatch.undo()
        assert content in contents
        if next(count) <= moved_at:  # All files were read before the link moved.
            assert content == contents[0]
            break
    assert moved_at > 1


def test_workers_that_load_while_a_link_moves_serve_the_same_curves(
    models: Path, other: Path, link: Path
):
    """Some may fail to start. When the link points to what the first one loaded, all serve that."""
    contents = {content_in(models): models, content_in(other): other}
    rng = random.Random(0)
    for _ in range(25):
        shutil.rmtree(link.with_name("shared"), ignore_errors=True)
        barrier = threading.Barrier(3)
        stop = threading.Event()

        def move(barrier=barrier, stop=stop) -> None:
            barrier.wait()
            for target in itertools.cycle((other, models)):
                if stop.wait(rng.random() * 0.02):
                    return
                point(link, target)

        def load(barrier=barrier) -> Watched | None:
            barrier.wait()
            try:
                return Watched(link)
            except RepositoryError:
                return None

        with ThreadPoolExecutor(3) as pool:
            moving = pool.submit(move)
            workers = [pool.submit(load) for _ in range(2)]
            loaded = [worker.result() for worker in workers]
            stop.set()
            moving.result()
        served = {content_of(worker) for worker in loaded if worker}
        assert len(served) <= 1
        for content in served:
            point(link, contents[content])
            assert content_of(Watched(link)) == content
            for worker in filter(None, loaded):
                worker.versions.refresh()
                assert content_of(worker) == content


def test_a_version_restored_with_other_content_is_refused(models: Path, published: Path):
    publish_raised(models, by=1)
    workers = [Watched(models) for _ in range(2)]
    delete(models, 2)
    for worker in workers:
        worker.versions.refresh()
        assert worker.versions.numbers() == [1]
    publish_as(models, 2, published, by=2)
    for worker in (*workers, Watched(models)):
        worker.versions.refresh()
        ((version, reason),) = worker.refused
        assert (version, worker.versions.numbers()) == (2, [1])
        assert is_mentioned(reason, 2)
        assert "publish it under a new number, or restart the server" in reason
    assert publish_raised(models, by=3) == 3
    workers[0].versions.refresh()
    assert workers[0].versions.numbers() == [3]


def test_a_version_restored_unchanged_is_served_again(models: Path, tmp_path: Path):
    publish_raised(models, by=1)
    backup = shutil.copytree(models, tmp_path / "backup")
    worker = Watched(models)
    expected = content_of(worker)
    delete(models, 2)
    worker.versions.refresh()
    for model in ("generator", "sampler"):
        shutil.copytree(backup / model / "2", models / model / "2")
    for served in (worker, Watched(models)):
        served.versions.refresh()
        assert (served.versions.numbers(), served.refused) == ([2], [])
        assert content_of(served) == expected


def test_a_loaded_version_stays_served_when_its_files_are_replaced(models: Path, published: Path):
    worker = Watched(models)
    expected = content_of(worker)
    publish_as(models, 1, published, by=1)
    for _ in range(3):
        worker.versions.refresh()
    ((version, reason),) = worker.refused
    assert (version, worker.versions.numbers()) == (1, [1])
    assert is_mentioned(reason, 1)
    assert content_of(worker) == expected
    with pytest.raises(RepositoryError, match="sampler/1 is not the version 1"):
        Watched(models)


def test_a_refused_version_may_be_replaced_under_its_number(models: Path, published: Path):
    """No client can have received a curve of it."""
    worker = Watched(models)
    publish_raised(models, by=1)
    damage(models / "sampler" / "2" / ONNX)
    worker.versions.refresh()
    assert worker.versions.numbers() == [1]
    publish_as(models, 2, published, by=2)
    worker.versions.refresh()
    assert worker.versions.numbers() == [2]


def test_a_version_that_only_another_worker_may_serve_is_unavailable(models: Path):
    publish_raised(models, by=1)
    first = Watched(models)
    damage(models / "sampler" / "2" / ONNX)
    late = Watched(models)
    first.versions.refresh()
    assert (first.versions.numbers(), late.versions.numbers()) == ([2], [1])
    with pytest.raises(RequestError, match="another worker may serve it: retry") as caught:
        late.versions.get(2)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.retry_after == 0.1
    # When its files are gone, no worker can have it.
    delete(models, 2)
    late.versions.refresh()
    with pytest.raises(RequestError, match="version 2 is not served") as caught:
        late.versions.get(2)
    assert caught.value.code is grpc.StatusCode.NOT_FOUND


def test_a_client_gets_a_version_from_the_worker_that_still_has_it(models: Path):
    publish_raised(models, by=1)
    expected = curves_of(models, 2, SEEDS)
    with running_server(models, "--workers", "2") as server:
        damage(models / "sampler" / "2" / ONNX)
        kill(workers_of(server)[0])
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        assert metric(server, "curvegan_loaded_versions", version="2") == 1
        for _ in range(8):
            with CurveClient(server.address) as client:
                assert client.generate(SEEDS, version=2).tobytes() == expected


def test_a_restarted_worker_refuses_a_repository_that_was_swapped(
    models: Path, other: Path, link: Path, tmp_path: Path
):
    log = tmp_path / "log"
    expected = {(1, curves_of(models, 1, SEEDS))}
    with standard_error_in(log), running_server(link, "--workers", "2") as server:
        assert answers(server) == expected
        point(link, other)
        wait_until(lambda: metric(server, "curvegan_versions_refused_total") == 1)
        kill(workers_of(server)[0])
        wait_until(lambda: "worker-0: " in log.read_text())
        assert answers(server) == expected
        point(link, models)
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        assert answers(server) == expected
        assert metric(server, "curvegan_versions_refused_total") == 1
    refused, *_ = log.read_text().splitlines()
    assert "version 1 is refused: " in refused
    assert is_mentioned(refused, 1)


def test_a_restored_backup_with_other_content_is_refused(models: Path, tmp_path: Path):
    """The backup is older than version 2, so the next training uses the number 2 again."""
    backup = shutil.copytree(models, tmp_path / "backup")
    publish_raised(models, by=1)
    with running_server(models, "--workers", "2") as server:
        assert answers(server) == {(2, curves_of(models, 2, SEEDS))}
        models.rename(tmp_path / "moved")
        shutil.copytree(backup, models)
        wait_until(lambda: metric(server, "curvegan_loaded_versions", version="1") == 2)
        assert publish_raised(models, by=2) == 2
        wait_until(lambda: metric(server, "curvegan_versions_refused_total") == 1)
        kill(workers_of(server)[0])
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        assert answers(server) == {(1, curves_of(models, 1, SEEDS))}
        assert publish_raised(models, by=3) == 3
        wait_until(lambda: metric(server, "curvegan_loaded_versions", version="3") == 2)
        assert answers(server) == {(3, curves_of(models, 3, SEEDS))}


def test_a_worker_killed_while_it_starts_leaves_no_incomplete_record(models: Path):
    """Kills workers at several points of their startup."""
    expected = {(1, curves_of(models, 1, SEEDS))}
    with running_server(models, "--workers", "2") as server:
        (stays, killed) = workers_of(server)
        for milliseconds in (0, 50, 200, 400):
            kill(killed)
            wait_until(lambda: len(workers_of(server)) == 2)
            (killed,) = set(workers_of(server)) - {stays}
            time.sleep(milliseconds / 1000)
        kill(killed)
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        assert answers(server) == expected


def test_the_shared_folder_is_locked_against_cleanup(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise systemd-tmpfiles would delete it while a server runs for weeks."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_server(published):
        (folder,) = tmp_path.glob("curvegan-*")
        cleaner = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(cleaner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(cleaner)
