"""A population: each GAN goes the way that it would go alone, and the best one is exported."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.train.array_source import ArraySource
from curvegan.errors import CurveganError
from train.data.quadratics import Quadratics
from train.data.source import Source
from train.gan.loop import Population, Report
from train.noise.streams import TrainingStream
from train.quality.quadratics import MEASURES
from train.quality.selection import choose
from train.recipes import RECIPES, Recipe
from train.run.history import History
from train.settings import Settings

CPU = torch.device("cpu")
SOURCE = Quadratics(15)
ROUGH = ArraySource(
    np.random.default_rng(0).lognormal(size=(300, 12)).cumsum(1),
    np.arange(300) % 3,
    ("a", "b", "c"),
)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def trained(
    recipe: Recipe, seeds: list[int], device: torch.device = CPU, source: Source = SOURCE
) -> Population:
    population = Population(recipe, source, seeds, device)
    for _ in population.fit():
        pass
    return population


def weights(generator: torch.nn.Sequential) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in generator.parameters()])


@pytest.mark.parametrize("name", RECIPES)
def test_a_member_follows_the_trajectory_that_it_follows_alone(name: str):
    """To the bit, on the processors that this was tried on."""
    recipe = replace(RECIPES[name], steps=100)
    source = ROUGH if name == "curves" else SOURCE
    together = trained(recipe, [3, 4, 5, 2**32 - 1], source=source)
    for number, seed in enumerate([3, 4, 5, 2**32 - 1]):
        alone = trained(recipe, [seed], source=source)
        for kind in (Population.generators, Population.discriminators):
            torch.testing.assert_close(
                weights(kind(together)[number]), weights(kind(alone)[0]), atol=1e-5, rtol=0
            )


def test_reports_tell_each_member_by_itself():
    reports = [list(Population(Recipe(steps=100), SOURCE, s, CPU).fit()) for s in ([3, 4], [4])]
    for both, alone in zip(*reports, strict=True):
        assert (both.step, both.d_real[1:]) == (alone.step, pytest.approx(alone.d_real, abs=1e-5))
        assert both.score[1:] == pytest.approx(alone.score, abs=1e-5)
        assert both.score[0] != both.score[1]


def test_a_last_block_that_is_short_plays_the_steps_of_a_long_one():
    short = Population(Recipe(steps=70), SOURCE, [1], CPU)
    assert [report.step for report in short.fit()] == [50, 70]
    long = Population(Recipe(steps=100), SOURCE, [1], CPU)
    next(long.fit())
    real, noise, _ = TrainingStream([1], SOURCE, 64, 5, CPU).block(50, 50)
    long.play_block(real[:20], noise[:20])
    assert torch.equal(weights(short.generators()[0]), weights(long.generators()[0]))


def test_a_member_that_diverges_leaves_the_others_alone():
    population = Population(Recipe(steps=50), SOURCE, [1, 2], CPU)
    state = population.state()
    state["generators"][0] = torch.nan  # a weight of the first generator
    (report,) = population.fit()
    assert not math.isfinite(report.score[0])
    assert math.isfinite(report.score[1])
    torch.testing.assert_close(
        weights(population.generators()[1]),
        weights(trained(Recipe(steps=50), [2]).generators()[0]),
        atol=1e-5,
        rtol=0,
    )


def test_the_best_on_held_out_noise_is_chosen_and_one_that_diverged_never():
    settings = Settings("quick", RECIPES["quick"], 7, "cpu", population=3)
    population = Population(Recipe(steps=500, lr_g=2e-3, lr_d=2e-3), SOURCE, settings.seeds, CPU)
    for _ in population.fit():
        pass
    untrained = Population(settings.recipe, SOURCE, [7, 8, 9], CPU).generators()
    broken = Population(settings.recipe, SOURCE, [7], CPU).generators()[0]
    broken[0].weight.data.fill_(torch.nan)
    history = History([Report(500, [0.5, 0.5, 0.5], [-1.3, -1.3, -1.3])])
    generators = [broken, population.generators()[1], untrained[2]]
    best, members = choose(generators, SOURCE, MEASURES, settings, history)
    assert best == 1
    assert [member.seed for member in members] == [7, 8, 9]
    assert [member.exported for member in members] == [False, True, False]
    assert members[0].quality is None
    assert members[1].quality["w1_a"] < members[2].quality["w1_a"]
    with pytest.raises(CurveganError, match="no generator makes finite curves"):
        choose([broken, broken, broken], SOURCE, MEASURES, settings, history)


@pytest.mark.parametrize(("name", "source"), [("default", SOURCE), ("curves", ROUGH)])
def test_a_state_holds_all_that_the_rest_of_a_training_depends_on(name: str, source: Source):
    recipe = replace(RECIPES[name], steps=300)
    whole = trained(recipe, [1, 2], source=source)
    half = Population(recipe, source, [1, 2], CPU)
    reports = half.fit()
    for _ in range(3):
        next(reports)
    rest = Population(recipe, source, [1, 2], CPU)
    with pytest.raises(ValueError, match="another training"):
        rest.restore(Population(recipe, source, [1, 3], CPU).state())
    rest.restore(half.state())
    assert [report.step for report in rest.fit()] == [200, 250, 300]
    for kind in (Population.generators, Population.discriminators):
        for expected, found in zip(kind(whole), kind(rest), strict=True):
            assert torch.equal(weights(expected), weights(found))


def test_a_state_of_the_first_release_is_one_of_the_same_training():
    """Its repr did not have the hyperparameters that later releases added."""
    population = Population(replace(RECIPES["tutorial"], steps=100), SOURCE, [1, 2], CPU)
    state = population.state()
    assert state["training"] == (
        "Recipe(steps=100, batch_size=64, lr_g=0.0001, lr_d=0.0001, lr_decay='constant', "
        "beta1_g=0.9, beta1_d=0.9, beta2_g=0.999, beta2_d=0.999, ema=0.0, n_noise=5, "
        "n_points=15), seeds [1, 2]"
    )
    # Weights and biases, [K, n_inputs, n_outputs] and [K, n_outputs], then a filler.
    first, _ = population.generators()
    n_weights = 2 * 5 * 128
    stacked = state["generators"][:n_weights].view(2, 5, 128)
    assert torch.equal(stacked[0].T, first[0].weight)
    assert torch.equal(state["generators"][n_weights:][:128], first[0].bias)
    assert len(state["generators"]) % 64 == 0
    assert {"exp_avg", "exp_avg_sq"} == {
        name.removeprefix("generators_") for name in state if name.startswith("generators_")
    }
    # It counted Adam's steps by themselves.
    population.restore(state | {"generators_step": torch.tensor(0.0)})


@pytest.mark.parametrize(("name", "source"), [("default", SOURCE), ("curves", ROUGH)])
def test_frames_are_drawn_by_the_weights_that_would_be_exported(name: str, source: Source):
    population = trained(replace(RECIPES[name], steps=100), [1, 2], source=source)
    n_noise = 5 if source is SOURCE else 12
    noise = torch.randn(8, n_noise, generator=torch.Generator().manual_seed(0))
    labels = [torch.arange(8) % 3] if source.labels else []
    curves = population.curves(noise)
    for number, generator in enumerate(population.generators()):
        expected = generator(noise, *labels).detach()
        np.testing.assert_allclose(curves[number], expected, rtol=1e-5, atol=1e-5)


@needs_cuda
def test_cuda_follows_the_trajectory_of_the_cpu():
    recipe = replace(RECIPES["default"], steps=160)
    cuda = trained(recipe, [1, 2], torch.device("cuda"))
    cpu = trained(recipe, [1, 2])
    for kind in (Population.generators, Population.discriminators):
        for expected, found in zip(kind(cpu), kind(cuda), strict=True):
            torch.testing.assert_close(weights(found), weights(expected), atol=1e-3, rtol=0)


@needs_cuda
def test_a_training_that_began_on_the_cpu_goes_on_on_cuda():
    recipe = replace(RECIPES["default"], steps=210)
    cpu = Population(recipe, SOURCE, [1], CPU)
    next(cpu.fit())
    cuda = Population(recipe, SOURCE, [1], torch.device("cuda"))
    cuda.restore(cpu.state())
    assert [report.step for report in cuda.fit()] == [100, 150, 200, 210]
