"""Runs what a page shows as a reader would: one after the other, in one folder."""

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serve.running import RunningServer
from tests.docs.pages import Block, Command
from tests.support.commands import Ports, serving

# The project's commands by their short names, as if the environment were active.
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

_INTERPRETERS = {"python": ["python", "-c"], "js": ["node", "--input-type=module", "--eval"]}
PROGRAMS = tuple(_INTERPRETERS)

_STARTS_A_SERVER = re.compile(r"(\w+=\S+ )*(?=(python -m serve|curvegan-serve)\b)")
_ASKS_A_SERVER = re.compile(r"(python -m curvegan|curvegan) generate\b")
# What the tests have, but not every machine.
_NEEDED = ("curl", "node", "openssl")


class Session(contextlib.ExitStack):
    """A folder, and the server that is asked in it: the last that was started there, or `server`.

    Servers listen on free ports; the default ports, which the pages name, are read as these.
    """

    def __init__(self, folder: Path, server: RunningServer) -> None:
        super().__init__()
        assert server.http
        self._folder = folder
        self._ports = Ports(_port(server.address), _port(server.http))

    def run(self, command: Command) -> None:
        """Runs a command; fails if it fails, or prints something else than is shown."""
        # A socket file has to be where anybody may make one, and by a short path.
        text = command.text.replace("/run/", "")
        begin = _STARTS_A_SERVER.match(text)
        if begin and "--print-config" not in text:
            printed = self._start_server(f"{begin[0]}exec {text[begin.end() :]}")
        elif text.startswith("python -m train "):
            printed = self._train(text)
        else:
            fails = bool(command.printed) and command.printed[-1].startswith("error: ")
            printed = self._run("bash", "-c", self._asking(text), fails=fails)
        if command.printed is not None:
            _compare(self._as_shown(printed).splitlines(), list(command.printed))

    def run_program(self, block: Block) -> None:
        """Runs a program of a page; fails if it fails."""
        self._run(*_INTERPRETERS[block.language], self._here(block.text))

    def _start_server(self, command: str) -> str:
        command = re.sub(r"(--(?:listen|http) \S+):\d+", r"\1:0", command)
        free = {"CURVEGAN_LISTEN": "127.0.0.1:0", "CURVEGAN_HTTP": "127.0.0.1:0"}
        starting = serving(["bash", "-c", command], ENVIRONMENT | free, self._folder)
        started = self.enter_context(starting)
        if started.grpc:
            self._ports = started
        return started.said

    def _train(self, command: str) -> str:
        """Runs a subcommand here, for it takes seconds to import torch."""
        from train.__main__ import app

        with contextlib.chdir(self._folder), contextlib.redirect_stdout(io.StringIO()) as printed:
            app(shlex.split(command, comments=True)[3:], result_action="return_value")
        return printed.getvalue()

    def _run(self, *command: str, fails: bool = False) -> str:
        done = subprocess.run(
            command,
            env=ENVIRONMENT,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    def _asking(self, command: str) -> str:
        """Returns the command with our server's ports, named or not."""
        asks = _ASKS_A_SERVER.match(command)
        if asks and "--server" not in command:
            command = f"{asks[0]} --server 127.0.0.1{self._ports.grpc}{command[asks.end() :]}"
        return self._here(command)

    def _here(self, text: str) -> str:
        ports = {":8001": self._ports.grpc, ":8000": self._ports.http}
        return re.sub(
            r"(127\.0\.0\.1|localhost|\[::1\])(:8001|:8000)\b",
            lambda found: found[1] + ports[found[2]],
            text,
        )

    def _as_shown(self, printed: str) -> str:
        return printed.replace(self._ports.grpc, ":8001").replace(self._ports.http, ":8000")


def need(shown: str) -> None:
    """Skips the test where a command's or a program's own program is missing."""
    for program in _NEEDED:
        if shown.startswith(program) and not shutil.which(program):
            pytest.skip(f"no {program} (Debian: {program})")


def _port(address: str) -> str:
    return address[address.rindex(":") :]


def _compare(printed: list[str], shown: list[str]) -> None:
    """Fails unless a command printed what is shown; "..." stands for any more lines."""
    if shown[-1] == "...":
        shown.pop()
        printed = printed[: len(shown)]
    assert printed == shown
