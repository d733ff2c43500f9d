"""Ray takes a second to load, and an extra to install: only what asks for it loads it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("curvegan", ["bulk", "--check", "nothing"]), ("train", ["--seed", "-1"])],
)
def test_a_command_that_does_not_ask_for_ray_does_not_load_it(command: str, arguments: list[str]):
    program = (
        f"import sys; sys.argv[1:] = {arguments}\n"
        f"from {command}.__main__ import app\n"
        "try: app()\n"
        "except (Exception, SystemExit): print('ray' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
