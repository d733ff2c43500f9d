"""The statistics of the models, as the protocol's messages."""

from collections.abc import Iterable

from curvegan.repository.description import ModelName
from serve.calls.metrics import ModelTotals, Totals
from serve.inference import inference_pb2

_NEVER = ModelTotals()


def model_statistics(
    models: Iterable[ModelName],
    versions: Iterable[int],
    totals: Totals,
) -> inference_pb2.ModelStatisticsResponse:
    """Returns the statistics of `models` in `versions`. They are zero for those not in `totals`."""
    numbers = sorted(versions)
    return inference_pb2.ModelStatisticsResponse(
        model_stats=[
            _statistics(name, number, totals.get((name, number), _NEVER))
            for name in models
            for number in numbers
        ]
    )


def _statistics(name: ModelName, number: int, totals: ModelTotals) -> inference_pb2.ModelStatistics:
    def duration(count: float, seconds: float = 0.0) -> inference_pb2.StatisticDuration:
        return inference_pb2.StatisticDuration(count=int(count), ns=round(1e9 * seconds))

    waited = max(0.0, totals.succeeded_seconds - totals.compute_seconds)
    return inference_pb2.ModelStatistics(
        name=name,
        version=str(number),
        last_inference=round(1e3 * totals.last_request),
        inference_count=int(totals.rows),
        execution_count=int(totals.succeeded),
        inference_stats=inference_pb2.InferStatistics(
            success=duration(totals.succeeded, totals.succeeded_seconds),
            fail=duration(totals.failed, totals.failed_seconds),
            queue=duration(totals.succeeded, waited),
            compute_input=duration(totals.succeeded),
            compute_infer=duration(totals.succeeded, totals.compute_seconds),
            compute_output=duration(totals.succeeded),
        ),
    )
