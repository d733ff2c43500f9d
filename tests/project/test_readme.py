"""What README.md says of the server is so: its tables, and the commands that it shows."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from curvegan import CurveClient
from serve.inference.rest import http_status
from serve.running import RunningServer, running_server
from tests.project.readme import ROOT, commands, section, table
from tests.support.commands import run_command, serving
from tests.support.observe import http_get, metric, wait_until

# The project's commands by their short names, as if the environment were active.
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def shell(command: str, cwd: Path) -> str:
    """Runs a command as a person would. Returns what it printed."""
    done = subprocess.run(
        ["bash", "-c", command],
        env=ENVIRONMENT,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def need(*programs: str) -> None:
    """Skips the test where one of some programs is missing."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program} (Debian: {program})")


def test_every_option_is_named_with_its_default(tmp_path: Path):
    printed = run_command("serve", "--print-config", cwd=tmp_path).stdout
    defaults = dict.fromkeys(re.findall(r"^# (\w+) is not set", printed, re.M), "not set")
    for name, value in tomllib.loads(printed).items():
        defaults[name] = json.dumps(value) if isinstance(value, bool) else str(value)
    named = {option: default for option, default, _ in table("### Settings")}
    assert named == {f"--{name.replace('_', '-')}": of for name, of in defaults.items()}


def test_settings_are_printed_as_shown(tmp_path: Path):
    command, *shown, dots = commands("### Settings")
    assert dots == "..."
    assert shell(command.removeprefix("$ "), tmp_path).splitlines()[: len(shown)] == shown


def test_every_metric_is_named(published: Path):
    with running_server(published) as server:
        with CurveClient(server.address) as client:
            client.generate([1])
        wait_until(lambda: metric(server, "curvegan_requests_total") == 1)
        _, text = http_get(server, "/metrics")
    shown = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }
    assert {name for name, _ in table("### Watching it")} == shown


def test_every_error_is_named_with_its_http_status():
    named = {(code, status) for code, status, _ in table("### What an error means")}
    for_good = {("RESOURCE_EXHAUSTED", "413")}
    of_the_path = {("UNIMPLEMENTED", "404")}
    of_the_coding = {("INVALID_ARGUMENT", "415")}
    special = for_good | of_the_path | of_the_coding
    assert special < named
    for code, status in named - special:
        assert str(http_status(grpc.StatusCode[code])) == status


def test_curl_gets_curves(server: RunningServer, tmp_path: Path):
    need("curl")
    (command,) = [line for line in commands("## Serve, and ask") if line.startswith("curl")]
    answer = json.loads(shell(command.replace("127.0.0.1:8000", server.http), tmp_path))
    assert answer["outputs"][0]["shape"] == [2, 15]


def test_tls_and_tokens_work_as_shown(published: Path, tmp_path: Path):
    need("openssl", "curl")
    (tmp_path / "models").symlink_to(published)
    certificate, token, serve, generate, curl = commands("### TLS and tokens")
    shell(certificate, tmp_path)
    shell(token, tmp_path)
    free = [re.sub(r"^0\.0\.0\.0:\d+$", "0.0.0.0:0", word) for word in shlex.split(serve)]
    with serving(free, ENVIRONMENT, tmp_path) as ports:
        assert "wrote 64 curves" in shell(generate.replace(":8001", ports.grpc), tmp_path)
        assert "curvegan_requests_total{" in shell(curl.replace(":8000", ports.http), tmp_path)


def test_every_folder_is_named():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    folders = {line.partition("/")[0] for line in listed.splitlines() if "/" in line}
    assert folders == set(
        re.findall(r"(?:^ {4}| {2})([\w.]+)/ ", section("## Find your way"), re.M)
    )
