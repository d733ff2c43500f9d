"""The committed stubs are what proto/ generates."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_stubs_are_not_stale(tmp_path: Path):
    subprocess.run([sys.executable, ROOT / "proto" / "generate.py", tmp_path], check=True)
    generated = {path.relative_to(tmp_path): path for path in tmp_path.rglob("*_pb2*")}
    committed = {
        path.relative_to(ROOT)
        for room in ("curvegan", "serve")
        for path in (ROOT / room).rglob("*_pb2*.py*")
    }
    assert set(generated) == {path for path in committed if path.suffix != ".pyc"}
    for name, path in generated.items():
        assert (ROOT / name).read_bytes() == path.read_bytes(), f"{name} is stale: make stubs"
