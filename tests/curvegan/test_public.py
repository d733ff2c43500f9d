"""What `curvegan` gives to programs of others."""

import subprocess
import sys
from pathlib import Path

import pytest

import curvegan
from serve.running import RunningServer
from tests.support.commands import try_command


def test_the_public_names_are_in_one_list():
    assert sorted(curvegan._HOMES) == curvegan.__all__
    for name in curvegan.__all__:
        assert getattr(curvegan, name).__name__ == name


@pytest.mark.parametrize("folder", ["serve", "train"])
def test_a_project_may_have_folders_of_our_names(
    folder: str, server: RunningServer, tmp_path: Path
):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "__init__.py").write_text("raise ImportError('this is not curvegan')\n")
    program = (
        "import sys; from curvegan import CurveClient; "
        "print(CurveClient(sys.argv[1]).generate(7).shape)"
    )
    command = [sys.executable, "-c", program, server.address]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "(1, 15)\n", done.stderr


def test_the_client_s_former_place_still_works_and_warns():
    program = "from serve.client import CurveClient, Retry, Tls; import curvegan; "
    program += "assert CurveClient is curvegan.CurveClient"
    command = [sys.executable, "-W", "always::DeprecationWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "serve.client has moved: write `from curvegan import CurveClient`" in done.stderr


def test_the_command_s_former_name_still_works_and_warns(server: RunningServer, tmp_path: Path):
    done = try_command(
        "serve.client", "generate", "--server", server.address, "--seeds", "1", "--out", "c.csv",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.stdout == "wrote 1 curves of model version 1 to c.csv\n"
    assert done.stderr.startswith("warning: python -m serve.client goes with the next release")
