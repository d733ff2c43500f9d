"""The seed rule as an ONNX graph over uint64: what `train.noise.seed_rule.SeedNoise` is in torch.

torch's own export of the 64-bit arithmetic has 1,195 nodes; this one has 67. Blocks are the first
dimension and seeds the second, so that onnxruntime's elementwise loops run along the seeds.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnxscript import GraphBuilder, OpBuilder, ir

from train.noise.philox import DROPPED_BITS, KEPT_BITS, MASK, MULTIPLIER, ROUNDS, WEYL

OPSET = 18
IR_VERSION = 10

# onnxruntime computes Log, Cos and Sin in vectors of up to 8 numbers and what is left over one by
# one, with another last bit. Spare seeds at the end take the place of what is left over, so that a
# seed's noise has the same bytes at every batch size.
SPARE_SEEDS = 7


def seed_rule_model(n_noise: int) -> onnx.ModelProto:
    """Returns the model seeds, int64 [n] -> noise, float32 [n, n_noise]."""
    seeds = _value("seeds", ir.DataType.INT64, ["n"])
    graph, op = _graph("seed_rule", seeds)
    keys = range((n_noise + 1) // 2)
    padded = op.Concat(seeds, _int64(op, [0] * SPARE_SEEDS, "spare_seeds"), axis=0)
    normals = _box_muller(op, _philox(op, padded, keys), n_noise)
    noise = op.Slice(
        op.Cast(normals, to=ir.DataType.FLOAT),
        _int64(op, [0], "first"),
        _int64(op, [-SPARE_SEEDS], "spare"),
        _int64(op, [1], "along_seeds"),
    )
    # onnxruntime joins this transposition with the generator's first Gemm.
    noise = op.Transpose(noise, perm=[1, 0])
    return _model(graph, noise, _value("noise", ir.DataType.FLOAT, ["n", n_noise]))


def words_model(keys: Sequence[int]) -> onnx.ModelProto:
    """Returns the model seeds, int64 [n] -> words, uint64 [blocks, n]: word 0 in the upper half.

    `keys` are the blocks' keys; the seed is the counter.
    """
    seeds = _value("seeds", ir.DataType.INT64, ["n"])
    graph, op = _graph("philox", seeds)
    words = _philox(op, seeds, keys)
    return _model(graph, words, _value("words", ir.DataType.UINT64, [len(keys), "n"]))


def _philox(op: OpBuilder, seeds: ir.Value, keys: Sequence[int]) -> ir.Value:
    """Returns Philox2x32-10's words of each block and seed, uint64 [blocks, n].

    A round maps the words (right, left) to (high(right · M) ^ key ^ left, low(right · M)). Here
    `left` is kept in the upper half of a 64-bit number, where the high word of the product is, so
    that one XOR of 64 bits meets it. A key of an odd round is mixed in one round early, into the
    low word that this round will meet as `left`: one XOR then does for two rounds.
    """
    multiplier = _uint64(op, MULTIPLIER, "multiplier")
    half = _uint64(op, 32, "half")
    counter = op.Cast(seeds, to=ir.DataType.UINT64)
    right = op.BitwiseAnd(counter, _uint64(op, MASK, "low_word"))
    left = op.BitwiseXor(counter, right)
    first_keys = np.array(keys, np.uint64)[:, np.newaxis]
    for number in range(ROUNDS):
        product = op.Mul(right, multiplier)
        if number % 2 == 0:
            even = first_keys + np.uint64(number * WEYL) & np.uint64(MASK)
            odd = first_keys + np.uint64((number + 1) * WEYL) & np.uint64(MASK)
            both = _uint64(op, even << np.uint64(32) | odd, f"keys_{number}_{number + 1}")
            product = op.BitwiseXor(product, both)
        words: ir.Value = op.BitwiseXor(product, left)
        if number < ROUNDS - 1:
            right = op.BitShift(words, half, direction="RIGHT")
            left = op.BitShift(product, half, direction="LEFT")
    return words


def _box_muller(op: OpBuilder, words: ir.Value, n_noise: int) -> ir.Value:
    """Returns `n_noise` standard normals of each seed, float64 [n_noise, n].

    Every block's cosine, then every block's sine; a sine past `n_noise` is never computed.
    """
    bits0 = op.BitShift(words, _uint64(op, 32 + DROPPED_BITS, "to_bits0"), direction="RIGHT")
    # The low word's dropped bits are cleared, not shifted out: the scale makes up for it.
    bits1 = op.BitwiseAnd(words, _uint64(op, MASK >> DROPPED_BITS << DROPPED_BITS, "bits1"))
    count = op.Add(op.Cast(bits0, to=ir.DataType.DOUBLE), _float64(op, 0.5, "centre"))
    uniform = op.Mul(count, _float64(op, 2.0**-KEPT_BITS, "uniform_scale"))
    angle = op.Mul(
        op.Cast(bits1, to=ir.DataType.DOUBLE), _float64(op, 2 * np.pi * 2.0**-32, "angle_scale")
    )
    radius = op.Sqrt(op.Mul(op.Log(uniform), _float64(op, -2.0, "minus_two")))
    cosines: ir.Value = op.Mul(radius, op.Cos(angle))
    n_sines = n_noise // 2
    if n_sines == 0:
        return cosines
    if n_noise % 2:
        first, last = _int64(op, [0], "first_block"), _int64(op, [n_sines], "n_sines")
        radius, angle = op.Slice(radius, first, last), op.Slice(angle, first, last)
    both: ir.Value = op.Concat(cosines, op.Mul(radius, op.Sin(angle)), axis=0)
    return both


def _graph(name: str, source: ir.Value) -> tuple[ir.Graph, OpBuilder]:
    graph = ir.Graph(inputs=[source], outputs=[], nodes=[], opset_imports={"": OPSET}, name=name)
    return graph, GraphBuilder(graph).op


def _model(graph: ir.Graph, result: ir.Value, declared: ir.Value) -> onnx.ModelProto:
    result.name, result.type, result.shape = declared.name, declared.type, declared.shape
    graph.outputs.append(result)
    return ir.to_proto(ir.Model(graph, ir_version=IR_VERSION))


def _value(name: str, data_type: ir.DataType, shape: Sequence[int | str]) -> ir.Value:
    return ir.Value(name=name, type=ir.TensorType(data_type), shape=ir.Shape(shape))


def _uint64(op: OpBuilder, value: int | npt.NDArray[np.uint64], name: str) -> ir.Value:
    return op.initializer(ir.tensor(np.asarray(value, np.uint64)), name)


def _int64(op: OpBuilder, values: Sequence[int], name: str) -> ir.Value:
    return op.initializer(ir.tensor(np.array(values, np.int64)), name)


def _float64(op: OpBuilder, value: float, name: str) -> ir.Value:
    return op.initializer(ir.tensor(np.float64(value)), name)
