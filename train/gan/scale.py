"""Between the curves as they are and what the networks give and take, K GANs side by side."""

import torch
from torch.nn.functional import one_hot

from train.data.scaling import Scaling
from train.data.source import Source
from train.gan.networks import scaled_basis
from train.recipes import Recipe


class Scale:
    """What G's outputs are made into, and what D is shown.

    Without a scaling both are the curves as they are.
    """

    def __init__(
        self, recipe: Recipe, source: Source, scaling: Scaling | None, device: torch.device
    ) -> None:
        self._n_labels = len(source.labels)
        self._packing = recipe.packing
        self._mean = self._spread = self._basis = self._whitening = None
        # How many numbers of one curve D is shown.
        self.n_features = source.n_points + self._n_labels
        if scaling:
            self._mean = torch.from_numpy(scaling.mean).to(device)
            self._spread = torch.from_numpy(scaling.spread).to(device)
            if recipe.explained:
                self._basis = scaled_basis(scaling).float().to(device)
            if recipe.coefficients:
                whitening = torch.from_numpy(scaling.basis.T / scaling.sizes)
                self._whitening = whitening.float().to(device)
                self.n_features += len(scaling.basis)

    def standardised(self, curves: torch.Tensor) -> torch.Tensor:
        """Returns real curves, float32 [..., n_points], as the networks see them."""
        if self._mean is None or self._spread is None:
            return curves
        divisor = torch.where(self._spread > 0, self._spread, 1)
        return ((curves.double() - self._mean) / divisor).float()

    def in_units(self, curves: torch.Tensor) -> torch.Tensor:
        """Returns generated curves, float32 [..., n_points], in the units of the real ones."""
        if self._mean is None or self._spread is None:
            return curves
        return curves * self._spread.float() + self._mean.float()

    def inputs(self, noise: torch.Tensor, classes: torch.Tensor | None) -> torch.Tensor:
        """Returns what G takes: noise, float32 [K, n, n_noise], and the classes, int64 [K, n], of
        labelled curves."""
        return noise if classes is None else torch.cat([noise, self._one_hot(classes)], dim=2)

    def drawn(self, outputs: torch.Tensor) -> torch.Tensor:
        """Returns the curves that G's outputs are, [K, n, n_outputs] to [K, n, n_points]."""
        if self._basis is None:
            return outputs
        return _product(outputs, self._basis)

    def shown(self, curves: torch.Tensor, classes: torch.Tensor | None) -> torch.Tensor:
        """Returns what D takes, [K, n / packing, packing · n_features], of curves, [K, n,
        n_points], and of their classes, int64 [K, n], if they have labels."""
        parts = [curves]
        if self._whitening is not None:
            parts.append(_product(curves, self._whitening))
        if classes is not None:
            parts.append(self._one_hot(classes))
        shown = torch.cat(parts, dim=2) if len(parts) > 1 else curves
        if self._packing > 1:
            shown = shown.reshape(len(shown), -1, self._packing * self.n_features)
        return shown

    def _one_hot(self, classes: torch.Tensor) -> torch.Tensor:
        return one_hot(classes, self._n_labels).float()


def _product(rows: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """Returns the product of rows, [K, n, size], and a matrix: each GAN's by itself, as a product
    of all rows at once could round otherwise."""
    return torch.bmm(rows, matrix.expand(len(rows), -1, -1))
