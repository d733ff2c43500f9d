"""How a training went: its reports, and frames of what its generators drew on the way."""

from dataclasses import dataclass, field
from typing import Any

import torch

from train.gan.loop import Report

MAX_FRAMES = 100
# Curves of a frame, each from the same noise in all frames; fewer in a large population.
CURVES_PER_FRAME = 16
_MAX_FRAME_NUMBERS = 10_000_000


@dataclass
class History:
    """Reports and frames so far, and the seconds that the training took.

    A frame is the step after which it was taken, and float32 [K, n_curves, n_points].
    """

    reports: list[Report] = field(default_factory=list)
    frames: list[tuple[int, torch.Tensor]] = field(default_factory=list)
    seconds: float = 0.0

    def last_reports(self) -> list[Report]:
        """Returns the reports of the last tenth, whose mean tells how a training ended."""
        return self.reports[-max(1, len(self.reports) // 10) :]

    def mean_at_end(self, member: int) -> tuple[float, float]:
        """Returns one GAN's mean d_real and score over the last tenth, NaN if it diverged."""
        last = self.last_reports()
        d_real = sum(report.d_real[member] for report in last) / len(last)
        return d_real, sum(report.score[member] for report in last) / len(last)

    def state(self) -> dict[str, Any]:
        """Returns all of it as tensors and numbers."""
        return {
            "steps": [report.step for report in self.reports],
            "d_real": torch.tensor([report.d_real for report in self.reports]),
            "score": torch.tensor([report.score for report in self.reports]),
            "frame_steps": [step for step, _ in self.frames],
            "frames": [curves for _, curves in self.frames],
            "seconds": self.seconds,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "History":
        """Returns the history with the given `state`. Raises KeyError or ValueError."""
        numbers = (state["steps"], state["d_real"].tolist(), state["score"].tolist())
        reports = [Report(*report) for report in zip(*numbers, strict=True)]
        frames = list(zip(state["frame_steps"], state["frames"], strict=True))
        return cls(reports, frames, state["seconds"])


def curves_per_frame(population: int, n_points: int) -> int:
    """Returns how many curves of each GAN a frame holds, so that all frames fit into memory."""
    most = _MAX_FRAME_NUMBERS // (MAX_FRAMES * population * n_points)
    return max(1, min(CURVES_PER_FRAME, most))


def steps_between_frames(steps: int) -> int:
    """Returns how many steps lie between two frames."""
    return -(-steps // MAX_FRAMES)
