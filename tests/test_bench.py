"""The benchmarks run; what they measure is for people to read."""

from pathlib import Path

import pytest

from bench import engine, train_step


def test_the_engine_s_table_has_a_row_for_each_batch(
    published: Path, capsys: pytest.CaptureFixture[str]
):
    engine.main(models=published, rounds=1)
    printed = capsys.readouterr().out
    assert "65,536 seeds" in printed
    assert "65,536 rows of noise" in printed


def test_the_training_step_s_table_compares_with_the_plain_loop(
    capsys: pytest.CaptureFixture[str],
):
    train_step.main(rounds=1)
    printed = capsys.readouterr().out
    assert "plain tutorial loop" in printed
    assert "train.loop" in printed
