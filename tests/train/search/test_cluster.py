"""A search on a real Ray cluster of several nodes on this machine."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curvegan.command.ray_cluster import connected
from curvegan.command.signals import HeldInterrupt
from curvegan.errors import CurveganError
from tests.curvegan.command.ray_nodes import processes
from tests.project.test_elsewhere import ELSEWHERE, ROOT
from tests.train.search.searches import STEPS, agree, begin, no_show, points, undisturbed, watched
from train import families
from train.data.table.data_file import DataFile
from train.recipes import RECIPES
from train.search import searching
from train.search.on_ray import run_trials
from train.search.records import Point, Records
from train.settings import Settings

import ray  # isort: skip  (after ray_nodes, which sees to its reports)
from ray.cluster_utils import Cluster  # isort: skip

pytestmark = [pytest.mark.timeout(300), pytest.mark.cluster]

RECIPE = replace(RECIPES["default"], steps=STEPS, batch_size=64)
SETTINGS = Settings("default", RECIPE, device="cpu", population=2)


def test_a_node_and_processes_are_lost_in_the_middle(
    cluster: Cluster, nodes: list[object], tmp_path: Path
):
    lost: list[int] = []

    def show(number: int, _: Point) -> None:
        lost.append(number)
        if len(lost) == 1:
            cluster.remove_node(nodes[0], allow_graceful=False)
        if len(lost) == 5:
            for process in processes("_TuneTrial"):
                os.kill(process, signal.SIGKILL)

    run = begin(tmp_path, SETTINGS)
    results = searching.search(run, cluster.address, watched(show))
    assert {result.state for result in results} <= {"whole", "stopped"}
    assert results[0].score == min(r.score for r in results if r.state == "whole")
    trials = Records(run.folder).trials
    assert agree(points(run), undisturbed(trials))
    assert run.settings == trials[results[0].number]


@pytest.mark.usefixtures("nodes")
def test_trials_that_are_behind_are_stopped(cluster: Cluster, tmp_path: Path):
    hopeless = replace(SETTINGS, recipe=replace(RECIPE, lr_g=1e-6))
    run = begin(tmp_path, SETTINGS)
    Records(run.folder).begin([SETTINGS, SETTINGS, hopeless, hopeless])
    results = searching.search(run, cluster.address, watched(no_show))
    by_number = sorted(results, key=lambda result: result.number)
    assert [result.state for result in by_number] == ["whole", "whole", "stopped", "stopped"]
    assert [len(result.points) for result in by_number] == [6, 6, 2, 2]


@pytest.mark.usefixtures("nodes")
def test_a_cluster_learns_curves_of_one_s_own(cluster: Cluster, tmp_path: Path):
    x = np.linspace(0, 1, 12)
    shift = np.random.default_rng(0).random((200, 1))
    rows = [",".join([*(f"{value}" for value in x), "kind"])]
    rows += [
        ",".join([*(f"{value:.6f}" for value in curve), "ab"[number % 2]])
        for number, curve in enumerate(np.sin(6 * x + shift))
    ]
    (tmp_path / "waves.csv").write_text("\n".join(rows))
    data = DataFile(str(tmp_path / "waves.csv"), label_column="kind")
    recipe = replace(RECIPES["curves"], steps=120)
    run = begin(tmp_path, Settings("curves", recipe, device="cpu", data=data), n_trials=2)
    results = searching.search(run, cluster.address, watched(no_show))
    assert results[0].state == "whole"
    assert results[0].steps == 120
    assert run.settings.data == data


def test_a_node_without_the_package_is_one_line(cluster: Cluster, tmp_path: Path):
    run = begin(tmp_path, SETTINGS, n_trials=1)  # Each would fail three times.
    without = {"PYTHONPATH": f"{ELSEWHERE}:{ROOT}", "WITHOUT": "train"}
    node = cluster.add_node(num_cpus=1, env_vars=without)
    try:
        with pytest.raises(CurveganError) as raised:
            searching.search(run, cluster.address, watched(no_show))
    finally:
        cluster.remove_node(node)
    assert str(raised.value).startswith("no trial came to its end: trial 0 failed: Module")
    assert "install 'curvegan[train,scale]' on each of the cluster's machines" in str(raised.value)


@pytest.mark.usefixtures("nodes")
def test_a_cluster_that_is_taken_is_said_to_be(cluster: Cluster, tmp_path: Path):
    curves = families.source_of(SETTINGS, None)
    with connected(cluster.address):
        sleeper = ray.remote(num_cpus=1)(lambda: time.sleep(1000))
        busy = [sleeper.remote() for _ in range(2)]
        time.sleep(3)
        with pytest.raises(CurveganError, match=r"^the cluster has done nothing in 1 seconds: 0 "):
            run_trials(tmp_path, [SETTINGS], curves, HeldInterrupt(), no_show, patience=1)
        for one in busy:
            ray.cancel(one, force=True)
