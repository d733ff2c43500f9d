"""Real sets of curves, and the comparison of generators on them."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bench.curves import __main__ as command
from bench.curves import comparing, real_sets, wheels
from bench.curves.candidates import PEERS, Made, Peer
from bench.curves.judging import Split
from bench.curves.real_sets import RealSet, SetName, real_set, write_csv
from bench.environment import InstallationError
from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError


def fetched(name: SetName) -> RealSet:
    """Returns a set; the test is skipped if its package can't be downloaded."""
    try:
        return real_set(name)
    except InstallationError as problem:
        pytest.skip(str(problem))


def waves(n: int, n_points: int = 24) -> Float64Array:
    """Returns sines of random height and phase, float64 [n, n_points]."""
    rng = np.random.default_rng(0)
    height, phase = rng.uniform(2.5, 3, (n, 1)), rng.uniform(0, 1, (n, 1))
    return np.asarray(100 + height * np.sin(2 * np.pi * (np.linspace(0, 1, n_points) + phase)))


# The first test of a package downloads it.
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("name", "shape", "n_labels", "first"),
    [
        ("italy", (1096, 24), 2, -0.71051757),
        ("vowels", (640, 25), 9, 1.860936),
        ("temps", (728, 24), 2, 39.4),
        ("gunpoint", (200, 150), 2, -0.6478854),
        ("arrowhead", (211, 251), 3, -1.9630089),
        ("trace", (200, 275), 4, None),
        ("osuleaf", (442, 427), 6, 0.55067091),
        ("tecator", (215, 100), 0, 2.61776),
    ],
)
def test_a_set_has_the_curves_that_its_package_ships(
    name: SetName, shape: tuple[int, int], n_labels: int, first: float | None
):
    found = fetched(name)
    assert found.curves.shape == shape
    assert found.curves.dtype == np.float64
    assert np.isfinite(found.curves).all()
    assert len(found.x_grid) == shape[1]
    assert len(set(found.labels)) == n_labels
    assert len(found.labels) == (shape[0] if n_labels else 0)
    assert first is None or found.curves[0, 0] == first


@pytest.mark.timeout(600)
def test_a_set_as_csv_has_hours_above_its_numbers_and_the_label_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    found = fetched("temps")
    real_sets.main("temps", tmp_path / "temps.csv")
    assert "728 curves of 24 points from vega_datasets" in capsys.readouterr().out
    with (tmp_path / "temps.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*map(str, range(24)), "label"]
    assert [row[-1] for row in rows] == found.labels
    assert np.array_equal(np.array([row[:-1] for row in rows], float), found.curves)


def test_a_csv_of_curves_without_labels_has_no_label(tmp_path: Path):
    x_grid = np.array([0.5, 1.25])
    curves = RealSet("tecator", "", "", x_grid, np.array([[1.0, 0.1]]), [])
    write_csv(curves, tmp_path / "two.csv")
    assert (tmp_path / "two.csv").read_text().split() == ["0.5,1.25", "1.0,0.1"]


@pytest.mark.timeout(600)
def test_a_csv_that_can_not_be_written_is_told(tmp_path: Path):
    fetched("temps")
    with pytest.raises(CurveganError, match=r"can't write .*: No such file"):
        real_sets.main("temps", tmp_path / "missing" / "temps.csv")


def test_a_wheel_that_is_not_what_it_was_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(wheels, "_FOLDER", tmp_path)
    path = tmp_path / "aeon-1.6.0-py3-none-any.whl"
    path.write_bytes(b"something else")
    with pytest.raises(InstallationError, match=r"has the SHA-256 .* it was deleted"):
        real_set("italy")
    assert not path.exists()


def test_a_set_that_can_not_be_had_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(wheels, "_FOLDER", tmp_path)
    for option, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(tmp_path))):
        monkeypatch.setenv(f"PIP_{option}", value)
    command.main(sets=("italy",))
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("skipped italy: pip can't download aeon==1.6.0: ERROR: No matching")


@pytest.mark.installs
@pytest.mark.timeout(600)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.module)
def test_a_peer_trains_for_its_seconds_and_makes_curves_of_the_real_ones_size(peer: Peer):
    split = Split.of(waves(200), seed=1)
    try:
        made = peer.make(split, n=30, seconds=3)
    except InstallationError as problem:
        pytest.skip(str(problem))
    assert made.curves.shape == (30, 24)
    assert made.curves.min() >= split.training.min() - 1
    assert made.curves.max() <= split.training.max() + 1
    assert made.curves.std(axis=0).min() > 0
    assert made.seconds > 3


class FromTraining(Peer):
    """Returns training curves, after the budget or what is left of it."""

    def make(self, split: Split, n: int, seconds: float) -> Made:
        """Takes more seconds with each seed."""
        return Made(split.training[:n], seconds + split.seed)


class Broken(Peer):
    """Makes what is not a number."""

    def make(self, split: Split, n: int, seconds: float) -> Made:
        """Returns a curve that is not finite."""
        return Made(np.full((n, split.curves.shape[1]), np.nan), seconds)


class Missing(Peer):
    """Can't be installed."""

    def make(self, *_: object) -> Made:
        """Raises InstallationError."""
        raise InstallationError("pip can't install it")


def one_set() -> RealSet:
    return RealSet("italy", "", "", np.arange(24.0), waves(100), [])


def test_the_table_has_medians_and_what_can_not_be_had_is_left_out_with_the_reason(
    capsys: pytest.CaptureFixture[str],
):
    peers = [FromTraining("Copies", ""), Missing("Rare", ""), Broken("Broken", "")]
    comparing.compare(one_set(), peers, "rare", seeds=(1, 2, 9), seconds=40)
    printed = " ".join(capsys.readouterr().out.replace("|", " ").split())
    assert "italy: 100 curves of 24 points; medians of 3 seeds" in printed
    assert "skipped Rare: pip can't install it" in printed
    assert "skipped Broken: its curves are not finite" in printed
    for row in ("other real curves", "training curves, 5 % noise", "fitted Gaussian", "Copies"):
        assert f" {row} " in printed
    assert " 42 skipped" in printed  # Seconds: the row of Copies is the last one.


def test_without_a_time_for_ours_the_others_have_no_budget(capsys: pytest.CaptureFixture[str]):
    comparing.compare(one_set(), [FromTraining("Copies", "")], "rare", seeds=(1,), seconds=None)
    printed = capsys.readouterr().out
    assert "skipped curvegan, recipe rare: " in printed
    assert "skipped Copies: how long ours takes is not known: give --seconds" in printed
