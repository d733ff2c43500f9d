"""A table of curves for those who have none at hand: made-up daily load profiles of households."""

import csv
import sys
from pathlib import Path

import numpy as np

from curvegan.arrays import Float64Array
from curvegan.command.command_line import make_app, run
from curvegan.files import replacing

N_DAYS = 800
HOURS = np.arange(24)

app = make_app("python -m demo.loads", "Write a table of made-up load profiles.")


@app.default
def loads(out: Path) -> None:
    """Write a table of made-up load profiles: a row a day, a column an hour, kilowatts.

    Parameters
    ----------
    out
        The .csv file to write.
    """
    write_loads(out)
    print(f"wrote {out}: {N_DAYS} days", file=sys.stderr)


def write_loads(path: Path) -> None:
    """Writes the table, the same each time."""
    rng = np.random.default_rng(0)
    with replacing(path) as aside, aside.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", *(f"{hour:02d}:00" for hour in HOURS)])
        for number in range(N_DAYS):
            day = np.datetime64("2030-01-01") + number
            load = _load(rng, is_weekend=not np.is_busday(day))
            writer.writerow([day, *(f"{kilowatts:.3f}" for kilowatts in load)])


def _load(rng: np.random.Generator, is_weekend: bool) -> Float64Array:
    """Returns one day's load: a base, a morning and an evening peak, and what is left to chance."""
    morning = _peak(rng.normal(10 if is_weekend else 7.5, 0.7), 1.8, rng.gamma(8, 0.06))
    evening = _peak(rng.normal(19, 0.8), 2.4, rng.gamma(12, 0.08))
    chance = np.convolve(rng.normal(0, 0.04, len(HOURS) + 2), [0.3, 0.4, 0.3], mode="valid")
    load: Float64Array = rng.uniform(0.2, 0.4) + morning + evening + np.abs(chance)
    return load


def _peak(hour: float, width: float, height: float) -> Float64Array:
    peak: Float64Array = height * np.exp(-(((HOURS - hour) / width) ** 2) / 2)
    return peak


if __name__ == "__main__":
    run(app)
