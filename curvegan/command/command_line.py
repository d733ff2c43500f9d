"""What the project's commands share: `--version`, one line for an error, the exit codes, and how
whole numbers are read."""

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import cyclopts
from cyclopts.validators import Number
from rich.console import Console
from rich.text import Text

from curvegan.command import signals
from curvegan.errors import CurveganError, Interrupted


def whole_number(_type: type, tokens: Sequence[cyclopts.Token]) -> int:
    """Reads a whole number, where cyclopts itself would round 1.5. Raises ValueError."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise ValueError(f"{tokens[0].value!r} is not a whole number") from None


# A number of things, at least one.
Count = Annotated[int, cyclopts.Parameter(converter=whole_number, validator=Number(gte=1))]


def make_app(name: str, summary: str, config: Callable[..., None] | None = None) -> cyclopts.App:
    """Returns a command line application called `name`, with `--help` and `--version`.

    `config` reads further sources of settings, as cyclopts's `App.config` does.
    """
    return cyclopts.App(
        name,
        help=summary,
        version=f"curvegan {version('curvegan')}",
        help_format="plaintext",
        config=config,
        error_console=Console(stderr=True, soft_wrap=True),
        error_formatter=_format_error,
        suppress_keyboard_interrupt=False,
    )


def run(app: cyclopts.App, clean_up: Callable[[], None] | None = None) -> NoReturn:
    """Runs `app` on this process's arguments and exits.

    The exit code is 0, 1 after an error, 2 for arguments that can't be read, 130 after Ctrl-C, 143
    after SIGTERM; `clean_up` is that of `signals.handle`.
    """
    signals.handle(clean_up)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path that the terminal can't show must not make the command fail.
            stream.reconfigure(errors="backslashreplace")
    # What gRPC's core has to say about an address, our own errors say in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        app()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except Interrupted as interrupt:
        print(interrupt, file=sys.stderr)
        sys.exit(128 + interrupt.signal_number)
    except CurveganError as error:
        sys.exit(f"error: {_on_one_line(error)}")
    except MemoryError as error:
        sys.exit(f"error: not enough memory: {_on_one_line(error)}")
    except BrokenPipeError:
        # The reader of our output has gone (`... | head`): there is nowhere to say so.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(f"error: {error.strerror or error}{place}")
    sys.exit(0)


def _format_error(error: cyclopts.CycloptsError) -> Text:
    return Text(f"error: {_on_one_line(error)}")


def _on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
