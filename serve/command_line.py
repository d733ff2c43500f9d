"""What the project's commands share: `--version`, one line for an error, and the exit codes."""

import os
import sys
from importlib.metadata import version
from typing import NoReturn

import cyclopts
from rich.console import Console
from rich.text import Text

from serve.errors import CurveganError, Interrupted

INTERRUPTED = 130


def make_app(name: str, summary: str) -> cyclopts.App:
    """Returns a command line application called `name`, with `--help` and `--version`."""
    return cyclopts.App(
        name,
        help=summary,
        version=f"curvegan {version('curvegan')}",
        help_format="plaintext",
        error_console=Console(stderr=True, soft_wrap=True),
        error_formatter=_one_line,
        suppress_keyboard_interrupt=False,
    )


def run(app: cyclopts.App) -> NoReturn:
    """Runs `app` on this process's arguments and exits.

    The exit code is 0, 1 after an error, 2 for arguments that can't be read, 130 after Ctrl-C.
    """
    # What gRPC's core has to say about an address, our own errors say in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        app()
    except (KeyboardInterrupt, Interrupted) as interrupt:
        print(str(interrupt) or "interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except CurveganError as error:
        sys.exit(f"error: {error}")
    except BrokenPipeError:
        # The reader of our output has gone (`... | head`); there is nobody left to tell.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(f"error: {error.strerror or error}{place}")
    sys.exit(0)


def _one_line(error: cyclopts.CycloptsError) -> Text:
    return Text(f"error: {' '.join(str(error).split())}")
