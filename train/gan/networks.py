"""The tutorial's two networks."""

from torch import nn

HIDDEN = 128


def make_generator(n_noise: int, n_points: int) -> nn.Sequential:
    """Returns an untrained generator: noise, float32 [n, n_noise], to curves [n, n_points]."""
    return nn.Sequential(nn.Linear(n_noise, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_points))


def make_discriminator(n_points: int) -> nn.Sequential:
    """Returns an untrained discriminator: curves, float32 [n, n_points], to logits [n, 1].

    The sigmoid of a logit is the probability that the curve is real. The tutorial's Sigmoid layer
    stands in the loss, which is computed from logits.
    """
    return nn.Sequential(nn.Linear(n_points, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
