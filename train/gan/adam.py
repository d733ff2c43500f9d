"""Adam on the parameters of K networks in one tensor."""

import math

import torch

_EPSILON = 1e-8


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015.

    torch's own optimiser spends more time on its bookkeeping than these networks' update takes.
    """

    def __init__(self, parameters: torch.Tensor, beta1: float, beta2: float) -> None:
        self._parameters = parameters
        self._betas = beta1, beta2
        # All that it depends on besides the gradients and the number of the step.
        self.state = {
            "exp_avg": torch.zeros_like(parameters),
            "exp_avg_sq": torch.zeros_like(parameters),
        }

    def step(self, number: int, lr: float) -> None:
        """Updates the parameters by their `grad`, with the learning rate `lr`; the first step has
        the number 1."""
        gradient = self._parameters.grad
        assert gradient is not None
        beta1, beta2 = self._betas
        mean, square = self.state["exp_avg"], self.state["exp_avg_sq"]
        mean.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # The bias corrections, on numbers instead of tensors.
        root = math.sqrt(1 - beta2**number)
        size = lr * root / (1 - beta1**number)
        self._parameters.addcdiv_(mean, square.sqrt().add_(_EPSILON * root), value=-size)
