"""The alternating game: one step of the discriminator, then one of the generator."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from train.data.source import Source
from train.gan.cuda_graph import CapturedPlay
from train.gan.loss import discriminator_gradient, discriminator_loss, generator_gradient
from train.gan.networks import make_discriminator, make_generator
from train.gan.perceptrons import Perceptrons
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
        self._recipe = recipe
        numbers = len(seeds) * recipe.numbers_per_step(source.n_points)
        self._steps_per_block = max(1, min(STEPS_PER_BLOCK, _NUMBERS_PER_BLOCK // numbers))
        self._identity = f"{recipe}, seeds {list(seeds)}"
        self._stream = TrainingStream(seeds, source, recipe.batch_size, recipe.n_noise, device)
        generators, discriminators = zip(
            *(_initial(recipe.n_noise, source.n_points, seed) for seed in seeds), strict=True
        )
        self._g = Perceptrons(generators, device)
        self._d = Perceptrons(discriminators, device)
        self._g_adam = _adam(self._g, recipe.beta1_g, recipe.beta2_g)
        self._d_adam = _adam(self._d, recipe.beta1_d, recipe.beta2_d)
        # What is exported: the last weights, or their moving average.
        self._average = self._g.parameters.clone() if recipe.ema else self._g.parameters
        self._play = CapturedPlay(self.play_block) if device.type == "cuda" else self.play_block

    @property
    def device(self) -> torch.device:
        """Where it is trained."""
        return self._g.parameters.device

    def fit(self) -> Iterator[Report]:
        """Trains on to the recipe's last step, and yields a report after every block of steps."""
        while self.step < self._recipe.steps:
            n_steps = min(self._steps_per_block, self._recipe.steps - self.step)
            # Always a whole block, also of a last one that is shorter: its bits do not depend on
            # how many steps are asked for.
            real, noise = self._stream.block(self.step, self._steps_per_block)
            factors = [self._recipe.lr_factor(self.step + i) for i in range(n_steps)]
            lr_factors = torch.tensor(factors, device=real.device)
            logits = self._play(real[:n_steps], noise[:n_steps], lr_factors)
            self.step += n_steps
            yield self.report(logits)

    def _play_step(self, real: torch.Tensor, noise: torch.Tensor, logits: torch.Tensor) -> None:
        """Updates each D on its `real` curves, float32 [K, n, n_points], and on the curves of its
        G from `noise`, [K, n, n_noise]; then each G through its updated D.

        Writes D's logits of the real and then of the generated curves, from before its update,
        into `logits`, [K, 2n, 1].
        """
        g, d = self._g, self._d
        g_hidden, fake = g.forward(noise)
        curves = torch.cat([real, fake], dim=1)
        d_hidden, _ = d.forward(curves, out=logits)
        d.backward(curves, d_hidden, discriminator_gradient(logits))
        self._d_adam.step()

        d_hidden, fake_logits = d.forward(fake)
        d_fake = d.input_gradient(d_hidden, generator_gradient(fake_logits))
        g.backward(noise, g_hidden, d_fake)
        self._g_adam.step()

        if self._recipe.ema:
            self._average.lerp_(g.parameters, 1 - self._recipe.ema)

    def play_block(
        self, real: torch.Tensor, noise: torch.Tensor, lr_factors: torch.Tensor
    ) -> torch.Tensor:
        """Plays a step for each of the first dimension of `real` and `noise`, with the recipe's
        learning rates times `lr_factors`, [n_steps]; returns D's logits, [n_steps, K, 2n, 1]."""
        logits = real.new_empty(*real.shape[:2], 2 * real.shape[2], 1)
        lr_g, lr_d = self._recipe.lr_g * lr_factors, self._recipe.lr_d * lr_factors
        for step in range(len(real)):
            self._g_adam.param_groups[0]["lr"] = lr_g[step]
            self._d_adam.param_groups[0]["lr"] = lr_d[step]
            self._play_step(real[step], noise[step], logits[step])
        return logits

    @torch.no_grad()
    def curves(self, noise: torch.Tensor) -> torch.Tensor:
        """Returns what each generator, as it would be exported now, makes of `noise`, float32
        [n, n_noise]: [K, n, n_points]."""
        return self._g.outputs(noise, self._average)

    def report(self, logits: torch.Tensor) -> Report:
        """Returns how the game stands, given D's logits in some steps, [n_steps, K, 2n, 1]."""
        real, fake = logits.chunk(2, dim=2)
        d_real = real.sigmoid().mean(dim=(0, 2, 3))
        score = -discriminator_loss(real, fake).mean(dim=0)
        # The logits are from before each update; what the last one did, only the weights tell.
        score[~(self._g.are_finite() & self._d.are_finite())] = torch.nan
        return Report(self.step, d_real.tolist(), score.tolist())

    def generators(self) -> tuple[nn.Sequential, ...]:
        """Returns the K generators as they would be exported now, on the CPU."""
        return self._g.networks(self._average)

    def discriminators(self) -> tuple[nn.Sequential, ...]:
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
        for name, networks, adam in (
            ("generators", self._g, self._g_adam),
            ("discriminators", self._d, self._d_adam),
        ):
            for kind, tensor in adam.state[networks.parameters].items():
                tensors[f"{name}_{kind}"] = tensor
        return tensors


def _initial(n_noise: int, n_points: int, seed: int) -> tuple[nn.Sequential, nn.Sequential]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = make_generator(n_noise, n_points)
        return generator, make_discriminator(n_points)


def _adam(networks: Perceptrons, beta1: float, beta2: float) -> torch.optim.Adam:
    parameters = networks.parameters
    adam = torch.optim.Adam(
        [parameters],
        betas=(beta1, beta2),
        fused=True,
        # A CUDA graph holds what stands on the device: the count of the steps, too.
        capturable=parameters.is_cuda,
    )
    # Made here rather than at the first step, so that a checkpoint can be copied into it.
    adam.state[parameters] = {
        "step": torch.zeros((), device=parameters.device),
        "exp_avg": torch.zeros_like(parameters),
        "exp_avg_sq": torch.zeros_like(parameters),
    }
    return adam
