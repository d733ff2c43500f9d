"""One number is one content, whichever worker answers and whatever becomes of the files."""

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
from serve.compute.settled import Settled
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
    """A repository with another version 1 than `models`."""
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
    """Asks for the newest version by so many connections. Returns the versions and curves that
    came."""
    request = GenerateCurvesRequest(source=CurveSource(seeds=SeedList(values=SEEDS)))
    found = set()
    for _ in range(connections):
        with own_connection(server) as channel:
            answer = curves_pb2_grpc.CurveServiceStub(channel).GenerateCurves(request, timeout=20)
            found.add((answer.version, np.array(answer.values, np.float32).tobytes()))
    return found


def is_mentioned(reason: str, version: int) -> bool:
    return f"sampler/{version} is not the version {version} that this server has loaded" in reason


def test_of_many_that_settle_a_number_at_once_one_is_first(tmp_path: Path):
    settled = Settled(tmp_path)
    for number in range(1, 100):
        together = threading.Barrier(8)

        def settle(candidate: int, number: int = number, together=together) -> str:
            together.wait()
            return settled.settle(number, f"{candidate:064x}")

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(settle, range(8)))) == 1
    assert settled.holds(99)
    assert not settled.holds(100)


@pytest.mark.parametrize("moves_back", [False, True])
def test_what_is_read_while_a_link_moves_is_of_one_repository(
    moves_back: bool, models: Path, other: Path, link: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whichever of its files is the first to come from the other, or the only one."""
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
        if next(count) <= moved_at:  # It was over before the link was to move.
            assert content == contents[0]
            break
    assert moved_at > 1


def test_workers_that_load_while_a_link_moves_serve_the_same(models: Path, other: Path, link: Path):
    """Or refuse; once the link rests where the first of them loaded from, all serve that."""
    contents = {content_in(models): models, content_in(other): other}
    rng = random.Random(0)
    for _ in range(25):
        shutil.rmtree(link.with_name("shared"), ignore_errors=True)
        together = threading.Barrier(3)
        over = threading.Event()

        def move(together=together, over=over) -> None:
            together.wait()
            for target in itertools.cycle((other, models)):
                if over.wait(rng.random() * 0.02):
                    return
                point(link, target)

        def load(together=together) -> Watched | None:
            together.wait()
            try:
                return Watched(link)
            except RepositoryError:
                return None

        with ThreadPoolExecutor(3) as pool:
            moving = pool.submit(move)
            workers = [pool.submit(load) for _ in range(2)]
            loaded = [worker.result() for worker in workers]
            over.set()
            moving.result()
        served = {content_of(worker) for worker in loaded if worker}
        assert len(served) <= 1
        for content in served:
            point(link, contents[content])
            assert content_of(Watched(link)) == content
            for worker in filter(None, loaded):
                worker.versions.refresh()
                assert content_of(worker) == content


def test_a_version_put_back_with_other_content_is_refused(models: Path, published: Path):
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


def test_a_version_put_back_as_it_was_is_served_again(models: Path, tmp_path: Path):
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


def test_a_version_that_is_replaced_while_it_is_served_goes_on_and_the_new_one_is_refused(
    models: Path, published: Path
):
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
    """Nobody has had a curve of it."""
    worker = Watched(models)
    publish_raised(models, by=1)
    damage(models / "sampler" / "2" / ONNX)
    worker.versions.refresh()
    assert worker.versions.numbers() == [1]
    publish_as(models, 2, published, by=2)
    worker.versions.refresh()
    assert worker.versions.numbers() == [2]


def test_a_version_that_only_another_worker_can_still_have_may_be_asked_for_again(models: Path):
    publish_raised(models, by=1)
    first = Watched(models)
    damage(models / "sampler" / "2" / ONNX)
    late = Watched(models)
    first.versions.refresh()
    assert (first.versions.numbers(), late.versions.numbers()) == ([2], [1])
    with pytest.raises(RequestError, match="another worker may have it: ask again") as caught:
        late.versions.get(2)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.retry_after == 0.1
    # Nobody can have it any more when its files have gone.
    delete(models, 2)
    late.versions.refresh()
    with pytest.raises(RequestError, match="version 2 is not served") as caught:
        late.versions.get(2)
    assert caught.value.code is grpc.StatusCode.NOT_FOUND


def test_a_client_gets_a_version_that_one_worker_can_load_no_more_from_the_other(models: Path):
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


def test_a_worker_that_finds_another_repository_under_the_link_does_not_serve_it(
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


def test_a_restored_folder_with_another_version_of_a_number_is_not_mixed_in(
    models: Path, tmp_path: Path
):
    """The backup is of before version 2, whose number the next training takes again."""
    backup = shutil.copytree(models, tmp_path / "backup")
    publish_raised(models, by=1)
    with running_server(models, "--workers", "2") as server:
        assert answers(server) == {(2, curves_of(models, 2, SEEDS))}
        models.rename(tmp_path / "aside")
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


def test_a_worker_killed_while_it_starts_leaves_nothing_unsettled(models: Path):
    """Wherever in its start it is, and whatever stands on the disk by then."""
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


def test_the_folder_of_what_is_settled_is_marked_in_use(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What removes old temporary files would else forget it for a server that runs for weeks."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_server(published):
        (folder,) = tmp_path.glob("curvegan-*")
        cleaner = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(cleaner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(cleaner)
