"""The minimax losses of Goodfellow et al., "Generative adversarial nets", 2014, from logits.

With D(x) = sigmoid(logit): -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit). So
no probability is ever rounded to 0 or 1, and no logarithm is infinite.
"""

import torch
from torch.nn.functional import softplus


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Returns -mean(log D(x) + log(1 - D(G(z)))), which D minimises: logits [n, 1] to a scalar.

    It is 2·ln 2 ≈ 1.386 for a D that can't tell real curves from generated ones.
    """
    return softplus(-real_logits).mean() + softplus(fake_logits).mean()


def generator_loss(fake_logits: torch.Tensor) -> torch.Tensor:
    """Returns mean(log(1 - D(G(z)))), which G minimises: logits [n, 1] to a scalar."""
    return -softplus(fake_logits).mean()
