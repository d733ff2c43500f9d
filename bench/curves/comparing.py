"""Trains all candidates on a set, in turns, and compares their curves with held-out ones."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bench.curves.candidates import Made, Peer, make_ours
from bench.curves.judging import COLUMNS, Split, judge, yardsticks
from bench.curves.real_sets import RealSet
from bench.timing import print_table
from curvegan.errors import CurveganError


def compare(
    real_set: RealSet, peers: Sequence[Peer], recipe: str, seeds: Sequence[int], seconds: int | None
) -> None:
    """Prints a table with a row for each yardstick and each candidate: medians over seeds.

    Each peer may train for `seconds` of processor time; None gives it those that ours took.
    A candidate that can't be installed, or fails, is left out, and the reason is printed.
    """
    comparison = _Comparison()
    ours = f"curvegan, recipe {recipe}"
    for seed in seeds:
        split = Split.of(real_set.curves, seed)
        n = split.n_to_judge
        for name, figures in yardsticks(split).items():
            comparison.figures[name].append(figures)
        took = comparison.add(ours, split, partial(make_ours, split, recipe, n))
        budget = seconds or took
        for peer in peers:
            if budget is None:
                comparison.skipped[peer.name] = "how long ours takes is not known: give --seconds"
            else:
                comparison.add(peer.name, split, partial(peer.make, split, n, budget))
    n, n_points = real_set.curves.shape
    comparison.print(f"{real_set.name}: {n:,} curves of {n_points} points", len(seeds))


class _Comparison:
    """The figures of each seed by yardstick and candidate, and why some have none."""

    def __init__(self) -> None:
        self.figures: dict[str, list[dict[str, float]]] = defaultdict(list)
        self.skipped: dict[str, str] = {}

    def add(self, name: str, split: Split, make: Callable[[], Made]) -> float | None:
        """Adds what a candidate makes. Returns the seconds that it took, or None if it failed."""
        if name in self.skipped:
            return None
        try:
            made = make()
            if not np.isfinite(made.curves).all():
                raise CurveganError("its curves are not finite")
        except CurveganError as problem:
            self.skipped[name] = str(problem)
            self.figures.pop(name, None)
            return None
        self.figures[name].append(judge(made.curves, split) | {"seconds": made.seconds})
        return made.seconds

    def print(self, title: str, n_seeds: int) -> None:
        """Prints the medians, and what was left out."""
        columns = ("", *COLUMNS.values(), "seconds")
        rows = [(name, *_medians(of_seeds)) for name, of_seeds in self.figures.items()]
        print_table(f"{title}; medians of {n_seeds} seeds", columns, rows)
        for name, reason in self.skipped.items():
            print(f"skipped {name}: {reason}")


def _medians(of_seeds: Sequence[dict[str, float]]) -> list[str]:
    """Returns the cells of a row. Yardsticks take no seconds; what has no figure is left empty."""
    cells = []
    for name, form in (*((name, ".4f") for name in COLUMNS), ("seconds", ".0f")):
        figures = [of_seed[name] for of_seed in of_seeds if name in of_seed]
        cells.append(f"{np.median(figures):{form}}" if figures else "")
    return cells
