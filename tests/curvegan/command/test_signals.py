"""Signals, held back while a command finishes what it is doing."""

import signal

import pytest

from curvegan.command.signals import holding_interrupts

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def _handled():
    """Either signal raises KeyboardInterrupt, as Ctrl-C does."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("first", SIGNALS)
@pytest.mark.parametrize("second", SIGNALS)
def test_the_first_signal_is_noted_and_the_second_acts(first: int, second: int):
    with holding_interrupts() as held:
        assert held.signal is None
        signal.raise_signal(first)
        assert held.signal == first
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_acts_again_after_an_error(number: int):
    with pytest.raises(ZeroDivisionError), holding_interrupts():
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)


def test_a_signal_that_was_ignored_stays_so():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with holding_interrupts() as held:
        signal.raise_signal(signal.SIGINT)
    assert held.signal is None
