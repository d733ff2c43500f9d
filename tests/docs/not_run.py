"""What a page shows but no test runs: why, and what is checked instead."""

import importlib.util
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass

from tests.docs.pages import ROOT


def _nothing(shown: str) -> None:
    """For what only a foreign program reads."""


@dataclass(frozen=True)
class Kind:
    """Commands, or programs, that are not run: how they begin, why, and a check that raises for
    one that can't be right."""

    begin: str
    why: str
    check: Callable[[str], None] = _nothing


def kind_of(shown: str) -> Kind | None:
    """Returns the kind of a command or a program that is not run, None for one that is."""
    return next((kind for kind in KINDS if re.match(kind.begin, shown)), None)


def _can_be_made(command: str) -> None:
    words = [*shlex.split(command, comments=True), "--dry-run"]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)


def _has_extras(command: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extras in re.findall(r"(?:\.|curvegan)\[([\w,]+)\]", command):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def _is_module(command: str) -> None:
    assert importlib.util.find_spec(shlex.split(command, comments=True)[2])


def _has_known_options(command: str) -> None:
    from train.__main__ import app

    options = shlex.split(command, comments=True)[3:]
    app.parse_args(options, exit_on_error=False, print_error=False)


def _is_in_ci_service(command: str) -> None:
    script = (ROOT / ".ci" / "service").read_text().replace("/source/", "")
    # There it may have further options.
    assert any(set(shlex.split(command)) <= set(line.split()) for line in script.splitlines())


def _has_contract(command: str) -> None:
    assert (ROOT / "proto" / shlex.split(command)[-1]).exists()


def _has_tests(command: str) -> None:
    for word in shlex.split(command, comments=True):
        assert not word.startswith("tests/") or (ROOT / word).exists()


KINDS = (
    Kind("make ", "trains, tests or builds for minutes: .ci/run makes it", _can_be_made),
    Kind(r"(\S+ -m )?pip install ", "downloads: .ci/packaging installs the extras", _has_extras),
    Kind(r"\. \.venv/bin/activate$", "the tests run in that environment"),
    Kind(r"python -m (bench|demo|tests)\b", "takes minutes: tests/bench runs less", _is_module),
    Kind(r"python -m train search\b", "searches: tests/train/search does", _has_known_options),
    Kind(r"python -m train *(--|#|$)", "trains: tests/train does, shorter", _has_known_options),
    Kind(
        r"python -m serve --models loads-models",
        "needs a training that is not run: make demo-data serves what it trained",
    ),
    Kind(
        r"python3 -m venv /opt|/opt/|install -|systemctl ",
        "changes the machine: .ci/service runs it on one of its own",
        _is_in_ci_service,
    ),
    Kind("pre-commit install", "changes git's hooks: .ci/run runs the checks themselves"),
    Kind("podman ", "builds an image: .ci/deploy does, and runs it"),
    Kind("kubectl ", "needs a cluster: tests/project/test_deploy.py checks the manifest"),
    Kind(r"python -m pytest|\.ci/run", "would run these tests again", _has_tests),
    Kind(
        r"python -m grpc_tools\.protoc ",
        "needs a protobuf of its own: tests/curvegan/client/test_generated_client.py runs it",
        _has_contract,
    ),
    Kind(
        r".*unix:/run/|curl --unix-socket /run/",
        "writes outside of a test's folder: tests/serve/process/test_socket_file.py runs it",
    ),
    Kind(
        r"(?s).*tls=Tls\(",
        "needs a server's CA: tests/curvegan/client/test_credentials.py makes one",
    ),
    Kind(
        r"(?s).*labels=|curvegan generate .*--label",
        "needs a labelled model: tests/curvegan/labels asks one",
    ),
    Kind(
        "curvegan bulk .*--ray",
        "needs a cluster: tests/curvegan/generate/bulk/test_ray.py starts one",
    ),
    Kind(
        r"(?s).*import tritonclient",
        "needs an older protobuf: tests/serve/inference/test_triton.py runs it",
    ),
)
