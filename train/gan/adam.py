"""Adam on the parameters of K networks in one tensor."""

import torch
from torch.optim.adam import adam


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015, as one operation.

    torch's own optimiser spends more time on its bookkeeping than these networks' update takes; its
    functional form does the same to the bit.
    """

    def __init__(self, parameters: torch.Tensor, beta1: float, beta2: float) -> None:
        self._parameters = parameters
        self._betas = beta1, beta2
        # All that it depends on besides the gradients.
        self.state = {
            "step": torch.zeros((), device=parameters.device),
            "exp_avg": torch.zeros_like(parameters),
            "exp_avg_sq": torch.zeros_like(parameters),
        }

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Updates the parameters by their `grad`, with the learning rate `lr`."""
        assert self._parameters.grad is not None
        adam(
            [self._parameters],
            [self._parameters.grad],
            [self.state["exp_avg"]],
            [self.state["exp_avg_sq"]],
            [],
            [self.state["step"]],
            fused=True,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=lr,
            weight_decay=0.0,
            eps=1e-8,
            maximize=False,
        )
