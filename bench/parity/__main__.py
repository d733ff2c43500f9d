"""python -m bench.parity [--models DIR]: every runtime against torch eager in float64."""

import platform
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from bench.parity.rows import N_ROWS
from bench.parity.runtimes import GOAL, Outcome, run_all
from bench.timing import print_table
from curvegan.command.command_line import make_app, run
from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.repository.repository import DEFAULT_MODELS

COLUMNS = ("runtime", "version", "language", "model", "largest difference", "curves/s")
TITLE = f"{N_ROWS:,} seeds and their noise, against torch eager in float64"

app = make_app("python -m bench.parity", "Compare every runtime with torch eager in float64.")


@app.default
def main(
    *,
    models: Path = DEFAULT_MODELS,
    out: Path = Path("docs/parity.md"),
    seconds: Annotated[float, Parameter(validator=Number(gte=0))] = 1.0,
) -> None:
    """Compare every runtime with torch eager in float64.

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
        outcomes = run_all(models, seconds)
        rows = [_row(outcome) for outcome in outcomes]
        print_table(TITLE, COLUMNS, rows)
        aside.write_text(_page(rows), encoding="utf-8")
    apart = [outcome for outcome in outcomes if not outcome.is_as_expected]
    if apart:
        names = ", ".join(f"{outcome.runtime.name} ({outcome.model})" for outcome in apart)
        raise CurveganError(
            f"failed, or not within {GOAL:g} of torch eager in float64, or unexpectedly so: {names}"
        )


def _row(outcome: Outcome) -> tuple[str, ...]:
    runtime, model = outcome.runtime, outcome.model
    start = (runtime.name, outcome.version, runtime.language, model)
    if outcome.not_run:
        return (*start, f"not run: {outcome.not_run}", "")
    if outcome.failed:
        return (*start, f"failed: {outcome.failed}", "")
    if outcome.is_known_wrong:
        return (*start, f"wrong ({outcome.difference:.2g}): {runtime.no_sampler}", "")
    return (*start, f"{outcome.difference:.1e}", f"{outcome.curves_per_second:,.0f}")


def _processor() -> str:
    names = re.findall(r"^model name\s*: (.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return names[0] if names else platform.machine()


def _page(rows: list[tuple[str, ...]]) -> str:
    lines = [
        "# The same curves in every runtime: `make parity`",
        "",
        f"What `python -m bench.parity` wrote: {N_ROWS:,} seeds (int64's ends, small ones of both",
        "signs, random ones) through the sampler, their noise through the generator, in batches",
        f"of 1,000 on one core ({_processor()}). The difference is the largest of any number of",
        "any curve to what torch eager computes in float64.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
        *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run(app)
