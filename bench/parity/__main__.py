"""python -m bench.parity [--models DIR]: every runtime against torch in float64."""

import platform
import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from bench.parity.rows import N_ROWS
from bench.parity.runtimes import RUNTIMES, Outcome, run_all
from bench.timing import print_table
from curvegan.command.command_line import make_app, run
from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.repository.repository import DEFAULT_MODELS

MODELS = ("sampler", "generator")
COLUMNS = (
    "runtime",
    "version",
    "language",
    *(name for model in MODELS for name in (model, "curves/s")),
)
TITLE = f"{N_ROWS:,} seeds and their noise, against torch in float64"

app = make_app("python -m bench.parity", "Compare every runtime with torch in float64.")


@app.default
def main(
    *,
    models: Path = DEFAULT_MODELS,
    out: Path = Path("docs/parity.md"),
    seconds: Annotated[float, Parameter(validator=Number(gte=0))] = 1.0,
) -> None:
    """Compare every runtime with torch in float64.

    Parameters
    ----------
    models
        The model repository; its newest version is compared.
    out
        The file that keeps the table.
    seconds
        How long each model is timed in each runtime.
    """
    with replacing(out) as aside:
        outcomes = run_all(models, seconds, RUNTIMES)
        rows = [_row(list(of)) for _, of in groupby(outcomes, lambda outcome: outcome.runtime)]
        print_table(TITLE, COLUMNS, rows)
        aside.write_text(_page(rows), encoding="utf-8")
    apart = [outcome for outcome in outcomes if not outcome.is_as_expected]
    if apart:
        names = ", ".join(f"{outcome.runtime.name} ({outcome.model})" for outcome in apart)
        raise CurveganError(f"failed, too far from torch in float64, or unexpectedly near: {names}")


def _row(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Returns the row of a runtime, from its outcomes."""
    runtime = outcomes[0].runtime
    version = max(outcome.version for outcome in outcomes)
    cells = {outcome.model: _cells(outcome) for outcome in outcomes}
    of_models = [cell for model in MODELS for cell in cells.get(model, ("", ""))]
    return (runtime.name, version, runtime.language, *of_models)


def _cells(outcome: Outcome) -> tuple[str, str]:
    """Returns the largest difference, or why there is none, and the speed."""
    if outcome.not_run:
        return f"not run: {outcome.not_run}", ""
    if outcome.failed:
        return f"failed: {outcome.failed}", ""
    if outcome.is_known_wrong:
        return f"wrong ({outcome.difference:.2g}): {outcome.runtime.no_sampler}", ""
    return f"{outcome.difference:.1e}", f"{outcome.curves_per_second:,.0f}"


def _processor() -> str:
    names = re.findall(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0] if names else platform.machine()


def _page(rows: list[tuple[str, ...]]) -> str:
    lines = [
        "# The same curves in every runtime: `make parity`",
        "",
        f"What `python -m bench.parity` wrote: {N_ROWS:,} seeds (int64's ends, small ones of both",
        "signs, random ones) through the sampler, their noise through the generator, in batches",
        f"of 1,000 on one core ({_processor()}). Below each model stands the largest difference of",
        "any number of any curve to what torch computes in float64, and the speed. The old",
        "versions are the oldest that pip, npm and Debian 12 offer, and some in between.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(app)
