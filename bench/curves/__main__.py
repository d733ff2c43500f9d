"""python -m bench.curves: our GAN beside other people's generators, on real sets of curves."""

from typing import Annotated

from cyclopts import Parameter

from bench.curves.candidates import PEERS
from bench.curves.comparing import compare
from bench.curves.real_sets import SETS, SetName, real_set
from curvegan.command.command_line import Count, make_app, run
from curvegan.errors import CurveganError

app = make_app("python -m bench.curves", "Compare generators on real sets of curves.")


@app.default
def main(
    *,
    sets: Annotated[tuple[SetName, ...], Parameter(consume_multiple=True)] = SETS,
    recipe: str = "curves",
    seeds: Count = 3,
    seconds: Count | None = None,
) -> None:
    """Compare generators on real sets of curves.

    Prints a table for each set: how near each generator's curves come to real ones that no training
    saw, beside yardsticks. A fifth of the curves is held out, another one for each seed; all
    generators train on the others.

    Parameters
    ----------
    sets
        Which sets.
    recipe
        The recipe of our training.
    seeds
        How often each generator is trained, with the seeds 1, 2, ...; the tables show medians.
    seconds
        Processor time that each of the others trains [default: as long as ours took].
    """
    for name in sets:
        try:
            found = real_set(name)
        except CurveganError as problem:
            print(f"skipped {name}: {problem}")
        else:
            compare(found, PEERS, recipe, range(1, seeds + 1), seconds)


if __name__ == "__main__":
    run(app)
