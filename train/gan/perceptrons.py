"""Two-layer perceptrons side by side, with their gradient written out."""

import copy
from collections.abc import Sequence

import torch
from torch import nn

# The gradient of ReLU: it lets through what comes back where the output was above the threshold.
_through_relu = torch.ops.aten.threshold_backward

# Elementwise operations take whole multiples of so many numbers, and may round those left over at
# the end otherwise. So the parameters are filled up to a whole multiple.
_VECTOR = 64


class Perceptrons:
    """K networks Linear → ReLU → Linear of one shape, computed together.

    Networks as small as these spend half of a training step on the bookkeeping of autograd; the
    gradient of a perceptron is six products and sums, which this class spells out. One network or
    many, the number of operations is the same.

    `parameters` holds the parameters of all K, one kind after the other, and a filler; likewise
    `parameters.grad` their gradients. So an optimiser, or an average over time, is one operation.

    Operations are chosen so that a network's bits do not depend on whether others are computed
    with it. That holds for the project's recipes on the processors it was tried on; for other
    shapes the last bits may differ.
    """

    def __init__(self, networks: Sequence[nn.Sequential], device: torch.device) -> None:
        """Copies the parameters of `networks` to `device`."""
        self._k = len(networks)
        self._template = networks[0]
        parts = [
            torch.stack(
                [part.detach().T if part.ndim == 2 else part.detach()[None] for part in kind]
            )
            for kind in zip(*(network.parameters() for network in networks), strict=True)
        ]
        used = sum(part.numel() for part in parts)
        parts.append(torch.zeros(-used % _VECTOR))
        self._shapes = [part.shape for part in parts]
        self.parameters = torch.cat([part.flatten() for part in parts]).to(device)
        self.parameters.grad = torch.zeros_like(self.parameters)
        # A lone product of a matrix and a vector is added up in another order than a batch of them,
        # and a network's last bits would depend on whether others are computed with it. Separate
        # products and sums do not differ, and cost as much.
        self._has_one_output = self._shapes[3][2] == 1
        # Weights [K, n_inputs, n_hidden] and [K, n_hidden, n_outputs], biases [K, 1, ...].
        self._w1, self._b1, self._w2, self._b2 = self._views(self.parameters)
        self._d_w1, self._d_b1, self._d_w2, self._d_b2 = self._views(self.parameters.grad)

    def forward(
        self, inputs: torch.Tensor, out: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the hidden layer, [K, n, n_hidden], and the outputs, [K, n, n_outputs], of
        `inputs`, [K, n, n_inputs]; the outputs are written into `out` if it is given."""
        hidden = torch.baddbmm(self._b1, inputs, self._w1).relu_()
        if self._has_one_output:
            return hidden, torch.add((hidden * self._w2.mT).sum(2, True), self._b2, out=out)
        return hidden, torch.baddbmm(self._b2, hidden, self._w2, out=out)

    def backward(self, inputs: torch.Tensor, hidden: torch.Tensor, d_outputs: torch.Tensor) -> None:
        """Writes the gradient of a loss into `parameters.grad`, given that of the outputs,
        [K, n, n_outputs], and what went through `forward`."""
        if self._has_one_output:
            torch.sum(hidden * d_outputs, 1, out=self._d_w2.squeeze(2))
        else:
            torch.bmm(hidden.mT, d_outputs, out=self._d_w2)
        torch.sum(d_outputs, dim=1, keepdim=True, out=self._d_b2)
        d_hidden = self._hidden_gradient(hidden, d_outputs)
        torch.bmm(inputs.mT, d_hidden, out=self._d_w1)
        torch.sum(d_hidden, dim=1, keepdim=True, out=self._d_b1)

    def input_gradient(self, hidden: torch.Tensor, d_outputs: torch.Tensor) -> torch.Tensor:
        """Returns the gradient of a loss in the inputs, [K, n, n_inputs], given that of the
        outputs, [K, n, n_outputs]."""
        return self._hidden_gradient(hidden, d_outputs) @ self._w1.mT

    def outputs(self, inputs: torch.Tensor, parameters: torch.Tensor) -> torch.Tensor:
        """Returns what the K networks make of the same `inputs`, [n, n_inputs], with `parameters`
        that are laid out like this object's own: [K, n, n_outputs]."""
        w1, b1, w2, b2 = self._views(parameters)
        return torch.baddbmm(b2, torch.relu(inputs @ w1 + b1), w2)

    def are_finite(self) -> torch.Tensor:
        """Returns whether all parameters of each network are finite: bool [K]."""
        views = self._views(self.parameters)
        return torch.stack([view.isfinite().all(dim=2).all(dim=1) for view in views]).all(dim=0)

    def networks(self, parameters: torch.Tensor) -> tuple[nn.Sequential, ...]:
        """Returns K networks on the CPU with `parameters`, laid out like this object's own."""
        views = self._views(parameters.cpu())
        return tuple(self._network([view[number] for view in views]) for number in range(self._k))

    def _network(self, parts: Sequence[torch.Tensor]) -> nn.Sequential:
        network = copy.deepcopy(self._template)
        for target, part in zip(network.parameters(), parts, strict=True):
            target.data.copy_(part.T if target.ndim == 2 else part[0])
        return network

    def _hidden_gradient(self, hidden: torch.Tensor, d_outputs: torch.Tensor) -> torch.Tensor:
        gradient: torch.Tensor = _through_relu(d_outputs @ self._w2.mT, hidden, 0)
        return gradient

    def _views(self, flat: torch.Tensor) -> list[torch.Tensor]:
        parts = torch.split(flat, [shape.numel() for shape in self._shapes])
        return [part.view(shape) for part, shape in zip(parts, self._shapes, strict=True)][:4]
