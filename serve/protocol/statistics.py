"""What has been asked of the models, as the protocol's messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from serve.manifest import ModelName
from serve.protocol.inference import inference_pb2


@dataclass(frozen=True)
class ModelUse:
    """What has been asked of one version of a model since the server started.

    Counts, and times in nanoseconds, each a sum over the requests that succeeded (`fail_ns`: over
    those that failed). `rows` counts curves, `runs` the times that the engine ran. `last_ms` is
    when it was last asked, in milliseconds since 1970-01-01 UTC; 0 for never.
    """

    rows: int = 0
    runs: int = 0
    success_count: int = 0
    success_ns: int = 0
    fail_count: int = 0
    fail_ns: int = 0
    queue_ns: int = 0
    compute_ns: int = 0
    last_ms: int = 0


_NEVER = ModelUse()


def model_statistics(
    models: Iterable[ModelName],
    versions: Iterable[int],
    use: Mapping[tuple[ModelName, int], ModelUse],
) -> inference_pb2.ModelStatisticsResponse:
    """Returns the statistics of each of `models` in each of `versions`.

    `use` maps model and version to what was asked of it; of one it lacks, nothing was.
    """
    numbers = sorted(versions)
    return inference_pb2.ModelStatisticsResponse(
        model_stats=[
            _statistics(name, number, use.get((name, number), _NEVER))
            for name in models
            for number in numbers
        ]
    )


def _statistics(name: ModelName, number: int, use: ModelUse) -> inference_pb2.ModelStatistics:
    duration = inference_pb2.StatisticDuration
    return inference_pb2.ModelStatistics(
        name=name,
        version=str(number),
        last_inference=use.last_ms,
        inference_count=use.rows,
        execution_count=use.runs,
        inference_stats=inference_pb2.InferStatistics(
            success=duration(count=use.success_count, ns=use.success_ns),
            fail=duration(count=use.fail_count, ns=use.fail_ns),
            queue=duration(count=use.success_count, ns=use.queue_ns),
            compute_input=duration(count=use.success_count),
            compute_infer=duration(count=use.success_count, ns=use.compute_ns),
            compute_output=duration(count=use.success_count),
        ),
    )
