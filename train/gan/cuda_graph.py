"""CUDA graphs: many small operations launched as one."""

import warnings
from collections.abc import Callable

import torch

Play = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class CapturedPlay:
    """Does what `play` does to its inputs, in one launch of a CUDA graph.

    `play` may change tensors that outlive a call, but must not read values back. The first call
    runs it directly, which also allocates what is allocated once; the second captures it. Inputs
    of another shape than the first call's, such as those of a last, shorter block, are played
    directly too.
    """

    def __init__(self, play: Play) -> None:
        self._play = play
        self._shape: torch.Size | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Returns what `play` returns; a replay's result is valid until the next call."""
        if inputs[0].shape != self._shape:
            self._shape = self._shape or inputs[0].shape
            return self._play_uncaptured(*inputs)
        if self._graph is None:
            self._capture(*inputs)
        assert self._graph is not None
        for target, tensor in zip(self._inputs, inputs, strict=True):
            target.copy_(tensor)
        self._graph.replay()
        return self._output

    def _play_uncaptured(self, *inputs: torch.Tensor) -> torch.Tensor:
        with warnings.catch_warnings():
            # Adam is set up to be captured, and warns each time that it is not.
            warnings.filterwarnings("ignore", message=".*capturable.*")
            return self._play(*inputs)

    def _capture(self, *inputs: torch.Tensor) -> None:
        """Records what `play` does, without computing it."""
        self._inputs = tuple(tensor.clone() for tensor in inputs)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = self._play(*self._inputs)
