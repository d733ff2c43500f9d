"""The minimax loss of Goodfellow et al., "Generative adversarial nets", 2014, from logits.

With D(x) = sigmoid(logit): -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit). So no
probability is ever rounded to 0 or 1, and no logarithm is infinite.

Training needs only the losses' gradients in the logits, which are probabilities; the loss itself is
for people to watch. Logits are [..., n, 1] of n curves, or packs of curves; where real and
generated ones are together, [..., 2n, 1], the real ones come first.
"""

import torch
from torch.nn.functional import softplus


def discriminator_loss(logits: torch.Tensor) -> torch.Tensor:
    """Returns -mean(log D(x) + log(1 - D(G(z)))), which D minimises: [..., 2n, 1] to [...].

    It is 2·ln 2 ≈ 1.386 for a D that can't tell real curves from generated ones.
    """
    real, fake = logits.chunk(2, dim=-2)
    return softplus(-real).mean(dim=(-2, -1)) + softplus(fake).mean(dim=(-2, -1))


def discriminator_gradient(logits: torch.Tensor) -> torch.Tensor:
    """Returns the gradient of D's loss in the logits: [..., 2n, 1]."""
    gradient = logits.sigmoid()
    real, _ = gradient.chunk(2, dim=-2)
    real.sub_(1)
    return gradient.div_(real.shape[-2])


def generator_gradient(fake: torch.Tensor) -> torch.Tensor:
    """Returns the gradient of mean(log(1 - D(G(z)))), which G minimises, in the logits of n
    generated curves: [..., n, 1]."""
    return fake.sigmoid().div_(-fake.shape[-2])


def gradient_penalty(logits: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Returns (R1 + R2) / 2 of Mescheder et al., "Which training methods for GANs do actually
    converge?", 2018: the squared gradient of each logit, [K, 2n, 1], in its `inputs`,
    [K, 2n, size], summed over the inputs and averaged over real and generated ones: [K]."""
    (gradient,) = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return gradient.square().sum(dim=2).mean(dim=1)
