"""What people see of a run on its way from the training to the published model."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from curvegan.command.signals import signal_of
from curvegan.errors import Interrupted
from train import pipeline
from train.run.folder import Run
from train.run.quality import load_left_out
from train.run.table import Warn
from train.run.training import Keeping, Watch
from train.search.records import TrialResult
from train.terminal.tables import print_population, print_quality

# Of a search's trials, in its folder.
SEARCH_PICTURE = "search.png"


def show_whole_way(run: Run, models: Path | None, keep: Keeping, watch: Watch, warn: Warn) -> None:
    """Trains what is left of `run`, publishes it into `models`, or those that it was started with,
    and prints and draws what came out. Raises what `pipeline.train_and_publish` does."""
    models = models or Path(run.settings.models)
    version, description = pipeline.train_and_publish(run, models, keep, watch, warn)
    print_population(run.members, description.measures)
    print(f"published version {version} in {models}: {description.verdict}", flush=True)
    print_quality(description, load_left_out(run))
    if keep.pictures:
        draw_pictures(run.folder)


def draw_pictures(run_folder: Path) -> None:
    """Draws a run's pictures, and prints their paths. Raises Interrupted on Ctrl-C."""
    from train.pictures import draw_run  # matplotlib takes its time.

    try:
        for path in draw_run(Run(run_folder)):
            print(f"drew {path}", flush=True)
    except (KeyboardInterrupt, SystemExit) as error:
        raise Interrupted(
            "interrupted while drawing; the model is safe, draw the pictures with: "
            f"python -m train draw {shlex.quote(str(run_folder))}",
            signal_of(error),
        ) from None


def draw_trials(run: Run, results: Sequence[TrialResult]) -> None:
    """Draws the trials of a search, the best first, into its folder, and prints the path."""
    from train.pictures import draw_search

    print(f"drew {draw_search(results, run.folder / SEARCH_PICTURE)}", flush=True)
