"""A whole set is made, or what is left of it."""

from curvegan.command.signals import holding_interrupts
from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import SET, CurveSet
from curvegan.generate.bulk.jobs import Making, RunJob
from curvegan.generate.bulk.place import Place
from curvegan.generate.bulk.progress import all_done
from curvegan.repository.repository import ModelVersion


def make_set(place: Place, curve_set: CurveSet, model: ModelVersion, run_job: RunJob) -> int:
    """Makes all parts of a set that are not at `place`. Returns how many curves were made.

    Raises CurveganError if another set lies there, or a part can't be made; Interrupted after
    Ctrl-C or SIGTERM. What is finished stays.
    """
    n_made = n_there = 0
    with holding_interrupts() as held, place.held():
        _begin(place, curve_set)
        try:
            for part, outcome in all_done(Making(place, curve_set, model), run_job, held):
                n_made += outcome.n_rows
                n_there += len(part.seeds) - outcome.n_rows
        except CurveganError as error:
            error.args = (
                f"{error}; {n_made + n_there} of {curve_set.n_rows} curves are in {place}, and "
                "the same command makes the others",
            )
            raise
    return n_made


def _begin(place: Place, curve_set: CurveSet) -> None:
    """Writes down what the set is, before any part. Raises CurveganError if there is another, or
    files that are not a set's."""
    found = place.read(SET)
    if found is not None:
        CurveSet.from_json(found, f"{SET} in {place}").check_same(curve_set, str(place))
        return
    if strangers := place.names():
        raise CurveganError(
            f"{place} holds files of something else, such as {min(strangers)!r}: give an empty "
            "folder"
        )
    with place.writing(SET) as file:
        file.write(curve_set.to_json())
