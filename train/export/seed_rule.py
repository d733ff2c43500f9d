"""The seed rule as an ONNX graph of 64-bit integers; in torch it is `train.noise.seed_rule`.

torch's own export of the 64-bit arithmetic has 1,195 nodes; this one has 81. Blocks are the first
dimension and seeds the second, so that onnxruntime's elementwise loops run along the seeds.

Its operators are those that onnxruntime 1.14, the first with opset 18, has for their types: uint64
has no Mul there, so numbers are int64, whose products have the same 64 bits; float64 has no Cos.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import onnx
from onnxscript import GraphBuilder, OpBuilder, ir

from train.noise.philox import DROPPED_BITS, KEPT_BITS, MASK, MULTIPLIER, ROUNDS, WEYL

OPSET = 18
IR_VERSION = 8  # The latest that onnxruntime 1.14 reads.

# onnxruntime computes Log and Sin in vectors of up to 8 numbers and what is left over one by
# one, with another last bit. Spare seeds at the end take the place of what is left over, so that a
# seed's noise has the same bytes at every batch size.
SPARE_SEEDS = 7

TOP_BIT = 1 << 63


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
    flipped = _philox(op, seeds, keys)
    words = op.BitwiseXor(flipped, _bits(op, TOP_BIT, "top_bit"))
    words = op.Cast(words, to=ir.DataType.UINT64)
    return _model(graph, words, _value("words", ir.DataType.UINT64, [len(keys), "n"]))


def _philox(op: OpBuilder, seeds: ir.Value, keys: Sequence[int]) -> ir.Value:
    """Returns Philox2x32-10's words of each block and seed, int64 [blocks, n].

    Word 0 is in the upper half, with its top bit flipped: what is negative as an int64 is then what
    is below 2^63 as a uint64, and a signed number keeps the order of the words.

    A round maps the words (right, left) to (high(right · M) ^ key ^ left, low(right · M)). Here
    `left` is kept in the upper half of a 64-bit number, where the high word of the product is, so
    that one XOR of 64 bits meets it. A key of an odd round is mixed in one round early, into the
    low word that this round will meet as `left`: one XOR then does for two rounds.
    """
    multiplier = _bits(op, MULTIPLIER, "multiplier")
    to_upper_half = _bits(op, 1 << 32, "to_upper_half")
    half = op.initializer(ir.tensor(np.uint64(32)), "half")
    right = op.BitwiseAnd(seeds, _bits(op, MASK, "low_word"))
    # Its lower half is of no use to a round: only the last one keeps that of its result.
    left = seeds
    first_keys = np.array(keys, np.uint64)[:, np.newaxis]
    for number in range(ROUNDS):
        product = op.Mul(right, multiplier)
        if number % 2 == 0:
            even = first_keys + np.uint64(number * WEYL) & np.uint64(MASK)
            odd = first_keys + np.uint64((number + 1) * WEYL) & np.uint64(MASK)
            both = even << np.uint64(32) | odd
            if number == ROUNDS - 2:
                both ^= np.uint64(TOP_BIT >> 32)
            product = op.BitwiseXor(product, _bits(op, both, f"keys_{number}_{number + 1}"))
        words: ir.Value = op.BitwiseXor(product, left)
        if number < ROUNDS - 1:
            # Only unsigned numbers have a shift; to the left, a product does the same. To tract the
            # int64 that a Cast makes is the size of a dimension, and gets wrong or fails.
            unsigned = op.Cast(words, to=ir.DataType.UINT64)
            right = op.CastLike(op.BitShift(unsigned, half, direction="RIGHT"), seeds)
            left = op.Mul(product, to_upper_half)
    return words


def _box_muller(op: OpBuilder, words: ir.Value, n_noise: int) -> ir.Value:
    """Returns `n_noise` standard normals of each seed, float64 [n_noise, n].

    `words` are as `_philox` returns them. Every block's cosine comes first, then every block's
    sine; a sine past `n_noise` is never computed.
    """
    # The bits that do not count are cleared, not shifted out: the scale makes up for it.
    kept = MASK >> DROPPED_BITS << DROPPED_BITS
    bits0 = op.BitwiseAnd(words, _bits(op, kept << 32, "bits0"))
    bits1 = op.BitwiseAnd(words, _bits(op, kept, "bits1"))
    scaled = op.Mul(op.Cast(bits0, to=ir.DataType.DOUBLE), _float64(op, 2.0**-64, "uniform_scale"))
    # Half of a kept bit, and the half that the flipped top bit takes away.
    uniform = op.Add(scaled, _float64(op, 2.0 ** -(KEPT_BITS + 1) + 0.5, "centre"))
    radius = op.Sqrt(op.Mul(op.Log(uniform), _float64(op, -2.0, "minus_two")))
    angle = op.Mul(
        op.Cast(bits1, to=ir.DataType.DOUBLE), _float64(op, 2 * np.pi * 2.0**-32, "angle_scale")
    )
    # cos θ is sin(θ + π/2), so one Sin does for all; adding 0 to the others changes no bit.
    n_blocks, n_sines = (n_noise + 1) // 2, n_noise // 2
    blocks = _int64(op, [*range(n_blocks), *range(n_sines)], "blocks")
    turns = np.array([[np.pi / 2]] * n_blocks + [[0.0]] * n_sines)
    angle = op.Add(op.Gather(angle, blocks, axis=0), _float64(op, turns, "turns"))
    normals: ir.Value = op.Mul(op.Gather(radius, blocks, axis=0), op.Sin(angle))
    return normals


def _graph(name: str, source: ir.Value) -> tuple[ir.Graph, OpBuilder]:
    graph = ir.Graph(inputs=[source], outputs=[], nodes=[], opset_imports={"": OPSET}, name=name)
    return graph, GraphBuilder(graph).op


def _model(graph: ir.Graph, result: ir.Value, declared: ir.Value) -> onnx.ModelProto:
    result.name, result.type, result.shape = declared.name, declared.type, declared.shape
    graph.outputs.append(result)
    return ir.to_proto(ir.Model(graph, ir_version=IR_VERSION))


def _value(name: str, data_type: ir.DataType, shape: Sequence[int | str]) -> ir.Value:
    return ir.Value(name=name, type=ir.TensorType(data_type), shape=ir.Shape(shape))


def _bits(op: OpBuilder, value: int | npt.NDArray[np.uint64], name: str) -> ir.Value:
    """Returns 64 bits as the int64 that has them."""
    return op.initializer(ir.tensor(np.asarray(value, np.uint64).view(np.int64)), name)


def _int64(op: OpBuilder, values: Sequence[int], name: str) -> ir.Value:
    return op.initializer(ir.tensor(np.array(values, np.int64)), name)


def _float64(op: OpBuilder, value: float | npt.NDArray[np.float64], name: str) -> ir.Value:
    return op.initializer(ir.tensor(np.asarray(value, np.float64)), name)
