"""One trial of a search: a population that learns with its settings, part by part."""

import math
import time
from pathlib import Path

import torch

from train.data.source import Source
from train.gan.loop import Population
from train.quality.measures import Measures
from train.quality.selection import held_out_distances, measure_held_out
from train.run import checkpoint
from train.run.history import History
from train.run.training import Film
from train.search.records import Point
from train.settings import Settings

# A training is cut into so many parts: after each there is a score and a checkpoint.
N_PARTS = 6


class Trial:
    """The training of a trial, from its start or from a checkpoint's content."""

    def __init__(
        self, settings: Settings, source: Source, measures: Measures, begun: bytes | None
    ) -> None:
        """Raises CurveganError if the checkpoint is damaged."""
        # The networks are so small that a second thread costs more than it computes.
        torch.set_num_threads(1)
        device = torch.device("cpu")
        self._settings, self._source, self._measures = settings, source, measures
        self._population = Population(settings.recipe, source, settings.seeds, device)
        self._history = History()
        self._film = Film(settings, source, device)
        if begun:
            kept = checkpoint.from_bytes(begun, Path("the checkpoint of a trial"))
            self._population.restore(kept.population)
            self._history = kept.history

    def train(self, part: int) -> Point:
        """Trains to the end of a part, 1 to N_PARTS, or until the loss is no longer finite, and
        returns how good the best GAN is then: by the measures that choose the best of a
        population."""
        population, history = self._population, self._history
        start = time.perf_counter() - history.seconds
        target = self._settings.recipe.steps * part // N_PARTS
        if not history.frames:
            self._film.shoot(population, history)
        if population.step < target:
            for report in population.fit():
                history.reports.append(report)
                self._film.shoot(population, history)
                if report.step >= target or not any(map(math.isfinite, report.score)):
                    break
        history.seconds = time.perf_counter() - start
        qualities = measure_held_out(
            population.generators(), population.n_noise, self._source, self._measures
        )
        best = min(held_out_distances(qualities, self._measures))
        return Point(population.step, best if math.isfinite(best) else None)

    def checkpoint(self) -> bytes:
        """Returns the content of a checkpoint, which a run can go on from too."""
        return checkpoint.to_bytes(self._population, self._history)
