"""The minimax losses of Goodfellow et al., "Generative adversarial nets", 2014, from logits.

With D(x) = sigmoid(logit): -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit). So
no probability is ever rounded to 0 or 1, and no logarithm is infinite. Training needs only the
losses' gradients in the logits, which are probabilities; the loss itself is for people to watch.

Logits are [..., n, 1], those of n curves.
"""

import torch
from torch.nn.functional import softplus


def discriminator_loss(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Returns -mean(log D(x) + log(1 - D(G(z)))), which D minimises: [..., n, 1] to [...].

    It is 2·ln 2 ≈ 1.386 for a D that can't tell real curves from generated ones.
    """
    return softplus(-real_logits).mean(dim=(-2, -1)) + softplus(fake_logits).mean(dim=(-2, -1))


def discriminator_gradient(logits: torch.Tensor) -> torch.Tensor:
    """Returns the gradient of `discriminator_loss` in the logits of n real curves and, after
    them, n generated ones: [..., 2n, 1]."""
    n = logits.shape[-2] // 2
    gradient = logits.sigmoid()
    gradient[..., :n, :] -= 1
    return gradient.div_(n)


def generator_gradient(fake_logits: torch.Tensor) -> torch.Tensor:
    """Returns the gradient of mean(log(1 - D(G(z)))), which G minimises, in the logits of n
    generated curves: [..., n, 1]."""
    return fake_logits.sigmoid().div_(-fake_logits.shape[-2])
