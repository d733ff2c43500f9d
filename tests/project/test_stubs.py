"""The committed stubs are what proto/ generates, and run with the oldest packages we allow."""

import re
import subprocess
import tomllib
from pathlib import Path

from bench.environment import environment
from tests.support.tools import or_skip

ROOT = Path(__file__).parents[2]


def committed_stubs() -> set[Path]:
    return {path for room in ("curvegan", "serve") for path in (ROOT / room).rglob("*_pb2*.py*")}


def test_the_stubs_are_not_stale(tmp_path: Path):
    proto = ROOT / "proto"
    with or_skip():
        protoc = environment("protoc", proto / "requirements.txt")
    subprocess.run([protoc / "python", proto / "generate.py", tmp_path], check=True)
    generated = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*_pb2*")}
    committed = {path.relative_to(ROOT) for path in committed_stubs() if path.suffix != ".pyc"}
    assert set(generated) == committed
    for name, path in generated.items():
        assert (ROOT / name).read_bytes() == path.read_bytes(), f"{name} is stale: make stubs"


def test_the_stubs_ask_for_no_newer_grpcio_and_protobuf_than_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = dict(
        re.findall(r"^(grpcio|protobuf)>=([\d.]+)", "\n".join(project["dependencies"]), re.M)
    )
    asked = set()
    for path in committed_stubs():
        text = path.read_text() if path.suffix == ".py" else ""
        asked |= {("grpcio", of) for of in re.findall(r"GENERATED_VERSION = '(.*)'", text)}
        asked |= {("protobuf", of) for of in re.findall(r"# Protobuf Python Version: (.*)", text)}
    assert asked == set(oldest.items())
