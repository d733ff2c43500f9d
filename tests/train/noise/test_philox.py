"""Philox2x32-10 and the noise of seeds, in torch and in the exported graphs."""

import numpy as np
import onnx
import pytest
import torch

from curvegan.engine import ort
from curvegan.repository.repository import Repository
from train.export.seed_rule import seed_rule_model, words_model
from train.noise import philox
from train.noise.seed_rule import SeedNoise

# Counter (low, high), key, words: Random123's known answers.
KNOWN_WORDS = [
    (0x00000000, 0x00000000, 0x00000000, 0xFF1DAE59, 0x6CD10DF2),
    (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x2C3F628B, 0xAB4FD7AD),
    (0x243F6A88, 0x85A308D3, 0x13198A2E, 0xDD7CE038, 0xF62A4C12),
]
KNOWN_NOISE = {
    0: [-0.07412785, -0.6990696, -0.8643423, 0.03773198, 0.7841453],
    1: [-0.3769027, 0.5025861, 0.4998793, 0.3914266, -0.1367032],
    -1: [-1.075598, -1.124473, 1.544057, 1.022343, 1.264637],
    172304: [1.131618, 0.0002420299, -1.384592, 1.053672, -3.20336e-05],
    2**63 - 1: [0.6130641, -0.08720228, -0.9244195, -0.08993635, -0.9130944],
    -(2**63): [0.552586, -0.5269005, -0.1872829, -0.4456961, 0.686696],
}
SEEDS = np.array(list(KNOWN_NOISE), np.int64)
NOISE = np.array(list(KNOWN_NOISE.values()))


def run_onnx(model: onnx.ModelProto | bytes, seeds: np.ndarray, output: str) -> np.ndarray:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run([output], {"seeds": seeds})[0]


def noise_of(seeds: np.ndarray, n_noise: int = 5) -> np.ndarray:
    return run_onnx(seed_rule_model(n_noise), seeds, "noise")


@pytest.mark.parametrize(("low", "high", "key", "word0", "word1"), KNOWN_WORDS)
def test_words_in_torch_are_the_published_ones(low, high, key, word0, word1):
    found = philox.philox(*(torch.tensor(word) for word in (low, high, key)))
    assert [int(word) for word in found] == [word0, word1]


@pytest.mark.parametrize(("low", "high", "key", "word0", "word1"), KNOWN_WORDS)
def test_words_in_the_built_graph_are_the_published_ones(low, high, key, word0, word1):
    seed = np.array([high << 32 | low], np.uint64).view(np.int64)
    assert run_onnx(words_model([key]), seed, "words").item() == word0 << 32 | word1


def test_words_are_the_same_in_torch_and_onnx_for_random_seeds_and_keys():
    rng = np.random.default_rng(1)
    seeds = rng.integers(-(2**63), 2**63, 10_000, np.int64)
    keys = rng.integers(0, 2**32, 4).tolist()
    low, high = philox.split_seed(torch.from_numpy(seeds))
    word0, word1 = philox.philox(low, high, torch.tensor(keys)[:, None])
    words = run_onnx(words_model(keys), seeds, "words")
    np.testing.assert_array_equal(words >> np.uint64(32), word0.numpy())
    np.testing.assert_array_equal(words & np.uint64(0xFFFFFFFF), word1.numpy())


def test_noise_inside_the_published_sampler_is_the_rule_s(repository: Repository):
    sampler = onnx.load_from_string(repository.load(1).sampler_onnx)
    sampler.graph.output.append(onnx.ValueInfoProto(name="noise"))
    noise = run_onnx(sampler, SEEDS, "noise")
    assert noise.dtype == np.float32
    np.testing.assert_allclose(noise, NOISE, rtol=1e-6)


def test_noise_in_torch_is_the_rule_s():
    np.testing.assert_allclose(SeedNoise(5)(torch.from_numpy(SEEDS)), NOISE, rtol=1e-6)


@pytest.mark.parametrize("n_noise", [1, 2, 3, 4, 6, 9])
def test_noise_of_any_width_is_the_same_in_torch_and_onnx(n_noise):
    expected = SeedNoise(n_noise)(torch.from_numpy(SEEDS)).numpy()
    found = noise_of(SEEDS, n_noise)
    assert found.shape == (len(SEEDS), n_noise)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_noise_is_the_same_to_the_last_bit_of_float64_at_every_batch_size():
    """Rounding to float32 hides nearly every difference of float64, so look before it."""
    model = seed_rule_model(5)
    [before_rounding] = (
        node.input[0]
        for node in model.graph.node
        if node.op_type == "Cast" and node.attribute[0].i == onnx.TensorProto.FLOAT
    )
    model.graph.output.append(onnx.ValueInfoProto(name=before_rounding))
    seeds = np.random.default_rng(2).integers(-(2**63), 2**63, 41, np.int64)
    whole = run_onnx(model, seeds, before_rounding)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for size in range(1, len(seeds)):
        for start in range(0, len(seeds) - size + 1, size):
            part = slice(start, start + size)
            found = session.run([before_rounding], {"seeds": seeds[part]})[0][:, :size]
            np.testing.assert_array_equal(found.view(np.uint64), whole[:, part].view(np.uint64))
