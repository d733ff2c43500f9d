"""The alternating game: one step of the discriminator, then one of the generator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from train.data.scaling import Scaling, fit_scaling
from train.data.source import Source
from train.gan.adam import Adam
from train.gan.loss import (
    discriminator_gradient,
    discriminator_loss,
    generator_gradient,
    gradient_penalty,
)
from train.gan.networks import make_discriminator, make_generator
from train.gan.perceptrons import Perceptrons
from train.gan.scale import Scale
from train.noise.streams import TrainingStream
from train.recipes import Recipe

# Steps whose random numbers are made at once, and of which there is one report. The tutorial
# redraws its picture as often. They are fewer where the numbers would fill the memory.
STEPS_PER_BLOCK = 50
_NUMBERS_PER_BLOCK = 20_000_000


@dataclass(frozen=True)
class Report:
    """How the game of each of K GANs stands after `step` steps: means over the last block's steps.

    `d_real` is the mean D(x) of the real curves, the tutorial's "D accuracy"; `score` is -D_loss,
    its "D score"; [K] each. They come to 0.5 and -2·ln 2 ≈ -1.386 when D can't tell the curves
    apart, and are not finite once a GAN has diverged.
    """

    step: int
    d_real: list[float]
    score: list[float]


class Population:
    """K GANs of different seeds, trained side by side; K may be 1.

    A GAN's seed decides its initial weights and, with the step, all its random numbers, so it
    takes the same course in any population, except for float32 rounding; see `Perceptrons` for
    how little of that there is.
    """

    def __init__(
        self, recipe: Recipe, source: Source, seeds: Sequence[int], device: torch.device
    ) -> None:
        self.step = 0
        self._recipe = recipe = recipe.sized(source.n_points, source.n_rows)
        self._seeds = list(seeds)
        numbers = len(seeds) * recipe.numbers_per_step(source.n_points)
        self._steps_per_block = max(1, min(STEPS_PER_BLOCK, _NUMBERS_PER_BLOCK // numbers))
        self._identity = f"{recipe}, seeds {list(seeds)}{recipe.changed_since_first}"
        self._stream = TrainingStream(seeds, source, recipe.batch_size, recipe.n_noise, device)
        self._n_labels = len(source.labels)
        scaling = fit_scaling(source, recipe.explained) if recipe.standardise else None
        self._scale = Scale(recipe, source, scaling, device)
        generators, discriminators = zip(
            *(self._initial(source.n_points, scaling, seed) for seed in seeds), strict=True
        )
        self._g = Perceptrons(generators, recipe.slope, device)
        self._d = Perceptrons(discriminators, recipe.slope, device)
        self._g_adam = Adam(self._g.parameters, recipe.beta1_g, recipe.beta2_g)
        self._d_adam = Adam(self._d.parameters, recipe.beta1_d, recipe.beta2_d)
        # What is exported: the last weights, or their moving average.
        self._average = self._g.parameters.clone() if recipe.ema else self._g.parameters

    @property
    def device(self) -> torch.device:
        """Where it is trained."""
        return self._g.parameters.device

    @property
    def n_noise(self) -> int:
        """Numbers that a generator turns into a curve."""
        return self._recipe.n_noise

    def fit(self) -> Iterator[Report]:
        """Trains on to the recipe's last step, and yields a report after every block of steps."""
        while self.step < self._recipe.steps:
            n_steps = min(self._steps_per_block, self._recipe.steps - self.step)
            # Always a whole block, also of a last one that is shorter: its bits do not depend on
            # how many steps are asked for.
            real, noise, classes = self._stream.block(self.step, self._steps_per_block)
            classes = None if classes is None else classes[:n_steps]
            yield self.report(self.play_block(real[:n_steps], noise[:n_steps], classes))

    def play_block(
        self, real: torch.Tensor, noise: torch.Tensor, classes: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Plays a step for each of the first dimension of `real`, float32 [n_steps, K, batch_size,
        n_points], `noise` and `classes`, which are a `Block`'s; returns D's logits, [n_steps, K,
        2 · batch_size / packing, 1], of the real curves and then of the generated ones."""
        real = self._scale.standardised(real)
        logits = []
        for number in range(len(real)):
            factor = self._recipe.lr_factor(self.step)
            of_step = None if classes is None else classes[number]
            self.step += 1
            logits.append(self._play_step(real[number], noise[number], of_step, factor))
        return torch.stack(logits)

    def _play_step(
        self,
        real: torch.Tensor,
        noise: torch.Tensor,
        classes: torch.Tensor | None,
        lr_factor: float,
    ) -> torch.Tensor:
        """Updates each D on its `real` curves, float32 [K, n, n_points], and on the curves of its
        G from `noise`, [K, n, n_noise], of the same `classes`; then each G through its updated D.

        The recipe's learning rates are multiplied by `lr_factor`. Returns D's logits of the real
        and then of the generated curves, from before its update, [K, 2n / packing, 1].
        """
        recipe, scale, g, d = self._recipe, self._scale, self._g, self._d
        fake = scale.drawn(g.outputs(scale.inputs(noise, classes)))
        shown_real, shown_fake = scale.shown(real, classes), scale.shown(fake, classes)
        shown = torch.cat([shown_real, shown_fake.detach()], dim=1)
        logits = d.outputs(shown.requires_grad_(recipe.penalty > 0))
        gradient = discriminator_gradient(logits.detach())
        if recipe.penalty:
            penalty = gradient_penalty(logits, shown)
            weights = torch.full_like(penalty, recipe.penalty * recipe.n_points)
            d.write_gradient((logits, penalty), (gradient, weights))
        else:
            d.write_gradient((logits,), (gradient,))
        self._d_adam.step(self.step, recipe.lr_d * lr_factor)

        fake_logits = d.outputs(shown_fake, d.constants)
        gradient = generator_gradient(fake_logits.detach())
        g.write_gradient((fake_logits,), (gradient,))
        self._g_adam.step(self.step, recipe.lr_g * lr_factor)

        if recipe.ema:
            self._average.lerp_(g.parameters, 1 - recipe.ema)
        return logits.detach()

    @torch.no_grad()
    def curves(self, noise: torch.Tensor) -> torch.Tensor:
        """Returns what each generator, as it would be exported now, makes of `noise`, float32
        [n, n_noise]: [K, n, n_points]. Labelled curves are of one class after the other."""
        noise = noise.expand(len(self._seeds), *noise.shape)
        classes = None
        if self._n_labels:
            classes = torch.arange(noise.shape[1], device=noise.device) % self._n_labels
            classes = classes.expand(noise.shape[:2])
        outputs = self._g.outputs(self._scale.inputs(noise, classes), self._g.views(self._average))
        return self._scale.in_units(self._scale.drawn(outputs))

    def report(self, logits: torch.Tensor) -> Report:
        """Returns how the game stands, given the logits that `play_block` returned."""
        real, _ = logits.chunk(2, dim=2)
        d_real = real.sigmoid().mean(dim=(0, 2, 3))
        score = -discriminator_loss(logits).mean(dim=0)
        # The logits are from before each update; what the last one did, only the weights tell.
        score[~(self._g.are_finite() & self._d.are_finite())] = torch.nan
        return Report(self.step, d_real.tolist(), score.tolist())

    def generators(self) -> list[nn.Module]:
        """Returns the K generators as they would be exported now, on the CPU: noise, and the labels
        of labelled curves, to curves in their own units."""
        return self._g.networks(self._average)

    def discriminators(self) -> list[nn.Module]:
        """Returns the K discriminators as they are now, on the CPU."""
        return self._d.networks(self._d.parameters)

    def state(self) -> dict[str, Any]:
        """Returns all that the rest of the training depends on; tensors are not copied."""
        return {"training": self._identity, "step": self.step, **self._tensors()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes back to a `state` of the same training, from whatever device.

        Raises KeyError, RuntimeError, TypeError or ValueError if it is not one.
        """
        if state["training"] != self._identity:
            raise ValueError("the state is one of another training")
        for name, tensor in self._tensors().items():
            tensor.copy_(state[name])
        self.step = state["step"]

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {
            "generators": self._g.parameters,
            "discriminators": self._d.parameters,
            "average": self._average,
        }
        for name, adam in (("generators", self._g_adam), ("discriminators", self._d_adam)):
            for kind, tensor in adam.state.items():
                tensors[f"{name}_{kind}"] = tensor
        return tensors

    def _initial(
        self, n_points: int, scaling: Scaling | None, seed: int
    ) -> tuple[nn.Module, nn.Module]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            generator = make_generator(
                self._recipe.n_noise, n_points, self._recipe, self._n_labels, scaling
            )
            return generator, make_discriminator(self._recipe, self._scale.n_features)
