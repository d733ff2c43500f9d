"""The two networks of a GAN: how they begin, and what a generator is once it is exported."""

import torch
from torch import nn
from torch.nn.functional import embedding

from train.data.scaling import Scaling
from train.recipes import Recipe

_TUTORIAL = Recipe()


class Generator(nn.Module):
    """A generator that takes labels, or that draws standardised curves.

    The classes of labelled curves stand beside the noise, as 0s and a 1. What the network makes of
    them are the points of a standardised curve, or else its coefficients along the principal
    components. The way back to the curves' units ends it.
    """

    classes: torch.Tensor | None
    basis: torch.Tensor | None
    spread: torch.Tensor | None
    mean: torch.Tensor | None

    def __init__(
        self,
        network: nn.Sequential,
        n_labels: int,
        scaling: Scaling | None,
        has_basis: bool,
    ) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("classes", torch.eye(n_labels) if n_labels else None)
        constants: dict[str, torch.Tensor] = {}
        if scaling:
            constants["spread"] = torch.from_numpy(scaling.spread)
            constants["mean"] = torch.from_numpy(scaling.mean)
        if scaling and has_basis:
            constants["basis"] = scaled_basis(scaling)
        for name in ("basis", "spread", "mean"):
            self.register_buffer(name, constants[name].float() if name in constants else None)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Returns the curves, float32 [n, n_points], of noise, float32 [n, n_noise], and of labels,
        int64 [n], if it was trained with labels."""
        inputs = noise
        if self.classes is not None and labels is not None:
            inputs = torch.cat([noise, embedding(labels, self.classes)], dim=1)
        curves: torch.Tensor = self.network(inputs)
        if self.basis is not None:
            curves = curves @ self.basis
        if self.spread is not None and self.mean is not None:
            curves = curves * self.spread + self.mean
        return curves


def scaled_basis(scaling: Scaling) -> torch.Tensor:
    """Returns what coefficients of mean square 1 are multiplied by: float64 [n_components,
    n_points]."""
    return torch.from_numpy(scaling.sizes[:, None] * scaling.basis)


def make_generator(
    n_noise: int,
    n_points: int,
    recipe: Recipe = _TUTORIAL,
    n_labels: int = 0,
    scaling: Scaling | None = None,
) -> nn.Module:
    """Returns an untrained generator: noise, float32 [n, n_noise], to curves [n, n_points].

    It is an nn.Sequential wherever that is enough, as for the tutorial's. It takes labels as well
    if there are any. `scaling` is that of the curves, for a recipe that works on standardised ones.
    """
    has_basis = bool(recipe.explained)
    n_outputs = len(scaling.basis) if scaling and has_basis else n_points
    network = _perceptron(recipe, n_noise + n_labels, n_outputs)
    if not (n_labels or scaling):
        return network
    return Generator(network, n_labels, scaling, has_basis)


def make_discriminator(recipe: Recipe, n_features: int) -> nn.Sequential:
    """Returns an untrained discriminator: `recipe.packing` curves at once, each `n_features`
    numbers, float32 [n, packing · n_features], to logits [n, 1].

    The sigmoid of a logit is the probability that the curves are real. The tutorial's Sigmoid layer
    stands in the loss, which is computed from logits.
    """
    return _perceptron(recipe, recipe.packing * n_features, 1)


def _perceptron(recipe: Recipe, n_inputs: int, n_outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(recipe.depth):
        layers.append(nn.Linear(n_inputs, recipe.width))
        layers.append(nn.LeakyReLU(recipe.slope) if recipe.slope else nn.ReLU())
        n_inputs = recipe.width
    return nn.Sequential(*layers, nn.Linear(n_inputs, n_outputs))
