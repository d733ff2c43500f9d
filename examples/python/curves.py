"""Prints the curves of seeds, using only onnxruntime and numpy.

python curves.py MODEL SEEDS...      SEEDS: 7, -1, 0-63

MODEL is the `model.onnx` of a sampler, which contains the seed rule, or of a generator, whose noise
`seed_noise` makes. Runtimes without 64-bit integers need the generator.
"""

import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import onnxruntime

MOST_SEEDS = 1_000_000
# The tensors of a sampler and of a generator: name, type and number of dimensions.
SEEDS = [("seeds", "tensor(int64)", 1)]
NOISE = [("noise", "tensor(float)", 2)]
CURVES = [("curves", "tensor(float)", 2)]


def seed_noise(seeds, n_noise):
    """Returns the noise of seeds, int64 [n], as float32 [n, n_noise]: the seed rule.

    Philox2x32-10 with the seed as counter and the block as key, then Box-Muller in float64.
    """
    mask = np.uint64(0xFFFFFFFF)
    counter = seeds.astype(np.uint64)[:, np.newaxis]
    low, high = counter & mask, counter >> np.uint64(32)
    key = np.arange((n_noise + 1) // 2, dtype=np.uint64)
    for _ in range(10):
        product = low * np.uint64(
            0xD256D193
        )  # Both factors are below 2^32, so this can't overflow.
        low, high = product >> np.uint64(32) ^ key ^ high, product & mask
        key = key + np.uint64(0x9E3779B9) & mask
    u = ((low >> np.uint64(8)) + 0.5) * 2.0**-24
    theta = (high >> np.uint64(8)) * (2 * np.pi * 2.0**-24)
    rho = np.sqrt(-2 * np.log(u))
    both = np.concatenate([rho * np.cos(theta), rho * np.sin(theta)], axis=1)
    return both[:, :n_noise].astype(np.float32)


def curves_of(path, seeds):
    """Returns the curves of seeds, int64 [n], as float32 [n, n_points]."""
    try:
        session = onnxruntime.InferenceSession(Path(path).read_bytes())
    except OSError as error:
        sys.exit(f"error: can't read {path}: {error.strerror}")
    except Exception:  # onnxruntime raises various exceptions without a common class.
        sys.exit(f"error: {path} is not an ONNX model: give a curvegan model.onnx")
    inputs = [(tensor.name, tensor.type, len(tensor.shape)) for tensor in session.get_inputs()]
    outputs = [(tensor.name, tensor.type, len(tensor.shape)) for tensor in session.get_outputs()]
    not_ours = f"{path} maps neither seeds nor noise to curves: give a curvegan model.onnx"
    if inputs not in (SEEDS, NOISE) or outputs != CURVES:
        sys.exit(f"error: {not_ours}")
    try:
        rows = seeds if inputs == SEEDS else seed_noise(seeds, session.get_inputs()[0].shape[1])
        (curves,) = session.run(["curves"], {inputs[0][0]: rows})
    except Exception as error:  # Another model with the same inputs, or out of memory.
        sys.exit(f"error: {path} can't make the curves: {str(error).splitlines()[0]}")
    if len(curves) != len(seeds):
        sys.exit(f"error: {not_ours}")
    return curves


def parse_seeds(texts):
    """Parses seeds written as 7, -1 or 0-63. Returns int64 [n]."""
    seeds = []
    for text in texts:
        match = re.fullmatch(r"(-?[0-9]{1,30})(?:-(-?[0-9]{1,30}))?", text)
        if not match:
            sys.exit(f"error: {text!r} is not a seed: write 7, -1 or 0-63")
        first, last = int(match[1]), int(match[2] or match[1])
        if not -(2**63) <= first <= last < 2**63:
            sys.exit(f"error: {text!r} is not a 64-bit seed or an ascending range of them")
        if len(seeds) + last - first >= MOST_SEEDS:
            sys.exit(f"error: that is more than {MOST_SEEDS:,} seeds: request fewer at once")
        seeds.extend(range(first, last + 1))
    return np.array(seeds, np.int64)


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends the program without a traceback.
    onnxruntime.set_default_logger_severity(4)  # We print errors ourselves, as one line.
    if len(sys.argv) < 3:
        sys.exit("error: usage: python curves.py MODEL SEEDS...")
    seeds = parse_seeds(sys.argv[2:])
    curves = curves_of(sys.argv[1], seeds)
    try:
        for seed, curve in zip(seeds, curves, strict=True):
            print(seed, *(f"{value:.9g}" for value in curve))
        sys.stdout.flush()
    except OSError as error:
        # Otherwise Python would flush again at exit, and print another error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        pipe_closed = isinstance(error, BrokenPipeError)  # as in `... | head`
        sys.exit(1 if pipe_closed else f"error: can't write the curves: {error.strerror}")


if __name__ == "__main__":
    main()
