"""What a command needs of its machine, said in one line before an import fails.

For modules that a command imports before the rest: `serve.requirements`, `train.requirements`.
"""

import sys
from collections.abc import Iterable
from importlib.util import find_spec

_SYSTEMS = {"darwin": "macOS", "win32": "Windows"}


def need_packages(what: str, extra: str, modules: Iterable[str]) -> None:
    """Exits with one line, naming the extra of the package, unless all `modules` are installed."""
    missing = next((module for module in modules if find_spec(module) is None), None)
    if missing:
        sys.exit(
            f"error: {what} needs packages that are not installed, such as {missing}: "
            f"pip install 'curvegan[{extra}]'"
        )


def exit_for_system(what: str, systems: str) -> None:
    """Exits with one line: this is not one of the `systems` that `what` needs."""
    sys.exit(
        f"error: {what} needs {systems}, and this is {_SYSTEMS.get(sys.platform, sys.platform)}: "
        "use a Linux machine or a container; the client runs here too"
    )
