"""Perceptrons side by side: one batched computation, by autograd."""

import copy
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import leaky_relu, pad

# Elementwise operations take whole multiples of so many numbers, and may round those left over at
# the end otherwise. So the parameters are filled up to a whole multiple.
_VECTOR = 64
# A product of matrices takes up to twice the time and more if it is narrow, and its width no whole
# multiple of the processor's vectors. So curves, as D takes and G makes them, are filled up with
# zeros.
_LANES, _LEAST = 8, 16


class Perceptrons:
    """K perceptrons of one shape, computed together: Linear layers with (leaky) ReLU between them.

    `parameters` holds the parameters of all K, one kind after the other, and a filler; likewise
    `parameters.grad` their gradients. So an optimiser, or an average over time, is one operation.

    Operations are chosen so that a network's bits do not depend on whether others are computed
    with it. That holds for the project's recipes on the processors it was tried on; for other
    shapes the last bits may differ.
    """

    def __init__(self, networks: Sequence[nn.Module], slope: float, device: torch.device) -> None:
        """Copies the parameters of `networks`, weight and bias of each layer, to `device`."""
        self._k = len(networks)
        self._slope = slope
        self._template = networks[0]
        parts = [
            torch.stack(
                [part.detach().T if part.ndim == 2 else part.detach()[None] for part in kind]
            )
            for kind in zip(*(network.parameters() for network in networks), strict=True)
        ]
        self._n_outputs = parts[-1].shape[2]
        filled_up = _filled_up(self._n_outputs) - self._n_outputs
        parts[-2:] = (pad(part, (0, filled_up)) for part in parts[-2:])
        parts[0] = pad(parts[0], (0, 0, 0, _filled_up(parts[0].shape[1]) - parts[0].shape[1]))
        self._filler = torch.zeros(-sum(part.numel() for part in parts) % _VECTOR, device=device)
        self._shapes = [part.shape for part in parts]
        self.parameters = torch.cat([*(part.to(device).flatten() for part in parts), self._filler])
        self.parameters.grad = torch.zeros_like(self.parameters)
        # Leaves of autograd's graph that share the parameters' memory: weights [K, n_inputs,
        # n_outputs] and biases [K, 1, n_outputs].
        self._leaves = [view.detach().requires_grad_() for view in self.views(self.parameters)]
        for leaf, gradient in zip(self._leaves, self.views(self.parameters.grad), strict=True):
            leaf.grad = gradient
        # The same parameters for what is not to be differentiated by them.
        self.constants = self.views(self.parameters)

    def outputs(
        self, inputs: torch.Tensor, parts: list[torch.Tensor] | None = None
    ) -> torch.Tensor:
        """Returns what the K networks make of their `inputs`, [K, n, n_inputs]: [K, n, n_outputs].

        `parts` stand in for the parameters that `write_gradient` differentiates by: `constants`, or
        the `views` of others.
        """
        parts = parts or self._leaves
        weights, biases = parts[::2], parts[1::2]
        fill = weights[0].shape[1] - inputs.shape[2]
        hidden = pad(inputs, (0, fill)) if fill else inputs
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            hidden = torch.baddbmm(bias, hidden, weight)
            hidden = leaky_relu(hidden, self._slope) if self._slope else hidden.relu_()
        if weights[-1].shape[2] == 1:
            # A lone product of a matrix and a vector is added up in another order than a batch of
            # them, and a network's last bits would depend on whether others are computed with it.
            # Separate products and sums do not differ, and cost as much.
            return (hidden * weights[-1].mT).sum(2, keepdim=True) + biases[-1]
        return torch.baddbmm(biases[-1], hidden, weights[-1])[:, :, : self._n_outputs]

    def write_gradient(
        self, results: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor]
    ) -> None:
        """Writes the gradient of a loss into `parameters.grad`, given those in `results`."""
        assert self.parameters.grad is not None
        self.parameters.grad.zero_()
        torch.autograd.backward(results, gradients, inputs=self._leaves)

    def are_finite(self) -> torch.Tensor:
        """Returns whether all parameters of each network are finite: bool [K]."""
        of_each = [part.view(self._k, -1) for part in self.constants]
        return torch.cat(of_each, dim=1).isfinite().all(dim=1)

    def networks(self, parameters: torch.Tensor) -> list[nn.Module]:
        """Returns K networks on the CPU with `parameters`, laid out like this object's own."""
        views = self.views(parameters.cpu())
        return [self._network([view[number] for view in views]) for number in range(self._k)]

    def _network(self, parts: Sequence[torch.Tensor]) -> nn.Module:
        network = copy.deepcopy(self._template)
        for target, part in zip(network.parameters(), parts, strict=True):
            whole = part.T if target.ndim == 2 else part[0]
            target.data.copy_(whole[tuple(map(slice, target.shape))])
        return network

    def views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        """Returns the parts of a tensor that is laid out like `parameters`: weights [K, n_inputs,
        n_outputs] and biases [K, 1, n_outputs], filled up."""
        used = flat[: len(flat) - len(self._filler)]
        parts = torch.split(used, [shape.numel() for shape in self._shapes])
        return [part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)]


def _filled_up(size: int) -> int:
    """Returns how many numbers of so many are computed; it does not pay for a few."""
    return size if size < _LANES else max(_LEAST, -(-size // _LANES) * _LANES)
