"""Random numbers that are a pure function of a counter: Philox2x32-10 and the Box-Muller transform.

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. It has no
state: the noise of a seed does not depend on what was drawn before it, nor on the device.

The words are unsigned 32-bit integers, held in int64 tensors because torch computes those on
every device and in TorchScript.
"""

import math

import torch

MULTIPLIER = 0xD256D193
WEYL = 0x9E3779B9
ROUNDS = 10
MASK = 0xFFFFFFFF

# A word's upper 24 bits make a number. The 1/2 that is added needs one bit more than float32
# has, where the largest number would round to 1; so the arithmetic is float64's.
KEPT_BITS = 24
DROPPED_BITS = 32 - KEPT_BITS


def philox(
    low: torch.Tensor, high: torch.Tensor, key: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the two words of the block with counter (low, high) and `key`.

    All are int64 tensors of words that broadcast against each other.
    """
    for _ in range(ROUNDS):
        product = low * MULTIPLIER  # 64 bits: it wraps, and its halves are what is wanted
        low = ((product >> 32) & MASK) ^ key ^ high
        high = product & MASK
        key = (key + WEYL) & MASK
    return low, high


def below(word: torch.Tensor, n: int) -> torch.Tensor:
    """Returns a whole number from 0 to n - 1 for each word, int64; n is at most 2^31."""
    return (word * n) >> 32


def uniform(word: torch.Tensor) -> torch.Tensor:
    """Returns a number in (0, 1) for each word: (its upper 24 bits + 1/2) / 2^24, float64."""
    return ((word >> DROPPED_BITS).double() + 0.5) * 2.0**-KEPT_BITS


def box_muller(word0: torch.Tensor, word1: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns two independent standard normals for each pair of words, float64."""
    angle = (word1 >> DROPPED_BITS).double() * (2 * math.pi * 2.0**-KEPT_BITS)
    radius = torch.sqrt(-2 * torch.log(uniform(word0)))
    return radius * torch.cos(angle), radius * torch.sin(angle)


def normals(low: torch.Tensor, high: torch.Tensor, keys: torch.Tensor, size: int) -> torch.Tensor:
    """Returns `size` standard normals for each counter: float32 [..., size].

    The counters (low, high) are int64 tensors that broadcast to [...]. The normals come from the
    blocks with `keys`, int64 [ceil(size / 2)]: every block's cosine, then every block's sine, cut
    to `size`.
    """
    cosines, sines = box_muller(*philox(low.unsqueeze(-1), high.unsqueeze(-1), keys))
    return torch.cat([cosines, sines], dim=-1)[..., :size].float()


def block_keys(first_key: int, size: int) -> torch.Tensor:
    """Returns the keys of the blocks that make `size` normals: first_key, first_key + 1, ..."""
    return first_key + torch.arange((size + 1) // 2)


def split_seed(seeds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the low and the high word of each seed, int64 [n]: the counter of its blocks."""
    return seeds & MASK, (seeds >> 32) & MASK
