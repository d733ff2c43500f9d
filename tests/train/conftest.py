"""What the tests of the training share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As trainings run: with more threads, sums are cut elsewhere and round otherwise."""
    torch.set_num_threads(1)
