"""The calls of the benchmarks."""

import numpy as np

from bench.serve.load import Load
from curvegan.engine import Engine
from curvegan.repository.repository import Repository
from curvegan.v1 import curves_pb2
from serve.inference import inference_pb2

CURVES = "curvegan.v1.CurveService/GenerateCurves"
STREAM = "curvegan.v1.CurveService/StreamCurves"
INFER = "inference.GRPCInferenceService/ModelInfer"


def unary_loads(repository: Repository) -> dict[str, Load]:
    """Returns the unary calls, by their names in the table."""
    engine = Engine.of(repository.load(repository.newest()))
    rng = np.random.default_rng(0)
    seeds = rng.integers(-(2**63), 2**63, 1000, np.int64)
    noise = rng.standard_normal((1000, engine.n_noise), np.float32)

    def by_seeds(rows: int) -> bytes:
        source = curves_pb2.CurveSource(seeds=curves_pb2.SeedList(values=seeds[:rows]))
        return curves_pb2.GenerateCurvesRequest(source=source).SerializeToString()

    by_noise = curves_pb2.GenerateCurvesRequest(
        source=curves_pb2.CurveSource(
            noise=curves_pb2.NoiseRows(values=noise.ravel(), width=engine.n_noise)
        )
    ).SerializeToString()
    tensor = inference_pb2.ModelInferRequest.InferInputTensor(
        name="seeds", datatype="INT64", shape=[1]
    )
    infer = inference_pb2.ModelInferRequest(
        model_name="sampler", inputs=[tensor], raw_input_contents=[seeds[:1].tobytes()]
    ).SerializeToString()
    return {
        "one seed, 8 calls at once": Load(CURVES, by_seeds(1), 8, 1),
        "one seed, one call at a time": Load(CURVES, by_seeds(1), 1, 1),
        "1,000 seeds, 8 calls at once": Load(CURVES, by_seeds(1000), 8, 1000),
        "1,000 rows of noise, 8 calls at once": Load(CURVES, by_noise, 8, 1000),
        "one seed by ModelInfer, 8 calls at once": Load(INFER, infer, 8, 1),
    }


def stream_load(seeds: int) -> Load:
    """Returns a call for one stream of `seeds` seeds."""
    source = curves_pb2.CurveSource(range=curves_pb2.SeedRange(first=0, count=seeds))
    request = curves_pb2.StreamCurvesRequest(source=source).SerializeToString()
    return Load(STREAM, request, 1, seeds)
