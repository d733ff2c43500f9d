"""A whole set is checked: every curve is there once, and is what the model makes."""

from pathlib import Path

from curvegan.command.signals import holding_interrupts
from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import SET, CurveSet, Part
from curvegan.generate.bulk.jobs import Checking, RunJob
from curvegan.generate.bulk.place import Place
from curvegan.generate.bulk.progress import all_done
from curvegan.generate.seed_text import merged
from curvegan.repository.repository import ModelVersion, Repository


def check_set(place: Place, models: Path | None, run_job: RunJob) -> tuple[CurveSet, list[str]]:
    """Returns what the set at `place` is, and what is wrong with it, a line each: parts that are
    missing or damaged, and files that are not the set's. A few curves of each part are computed
    again if `models` is given.

    Raises CurveganError if there is no set, if the place can't be read, or if `models` do not hold
    its model; Interrupted after Ctrl-C or SIGTERM.
    """
    content = place.read(SET)
    if content is None:
        raise CurveganError(f"{place} holds no {SET}: `curvegan bulk` has made no curves there")
    curve_set = CurveSet.from_json(content, f"{SET} in {place}")
    model = _model_of(curve_set, models) if models else None
    strangers = place.names() - {SET}
    missing: dict[str | None, list[range]] = {}
    damaged: list[str] = []
    with holding_interrupts() as held:
        for part, outcome in all_done(Checking(place, curve_set, model), run_job, held):
            name = curve_set.file_name(part)
            strangers.discard(name)
            if not outcome.n_rows:
                missing.setdefault(part.label, []).append(part.seeds)
            elif outcome.problem:
                damaged.append(f"{name} {outcome.problem}")
    gaps = [Part(seeds, label) for label, gap in missing.items() for seeds in merged(gap)]
    return curve_set, [
        *(f"{gap} are missing" for gap in gaps),
        *sorted(damaged),
        *(f"{name} is not of this set" for name in sorted(strangers)),
    ]


def _model_of(curve_set: CurveSet, models: Path) -> ModelVersion:
    model = Repository(models).load(curve_set.model_version)
    if model.sampler_manifest.self_sha256 != curve_set.manifest_sha256:
        raise CurveganError(
            f"version {model.number} in {models} is not the one that made the curves: name their "
            "repository, or leave --models out"
        )
    return model
