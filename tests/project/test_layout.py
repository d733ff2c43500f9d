"""Which way imports point, and how full a room may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FORBIDDEN = {
    "curvegan": {"train", "serve", "torch", "onnx", "onnxscript"},
    "serve": {"train", "torch", "onnx", "onnxscript"},
    "train": {"serve"},
}

MODULES_A_FOLDER = 10
GENERATED = ("_pb2.py", "_pb2_grpc.py")


def imported_by(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package: str):
    against = {
        str(module.relative_to(ROOT)): found
        for module in (ROOT / package).rglob("*.py")
        if (found := FORBIDDEN[package].intersection(imported_by(module)))
    }
    assert not against


def test_no_folder_holds_more_than_ten_modules():
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folders: dict[str, list[str]] = {}
    for module in map(Path, listed.stdout.split()):
        if module.name != "__init__.py" and not module.name.endswith(GENERATED):
            folders.setdefault(str(module.parent), []).append(module.name)
    assert folders
    assert not {name: len(m) for name, m in folders.items() if len(m) > MODULES_A_FOLDER}


def test_the_client_loads_nothing_of_the_server_and_no_onnxruntime():
    """The protocol's stubs above all, whose names other clients register too."""
    program = "import sys; from curvegan import CurveClient; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "curvegan" in loaded
    assert not loaded & {"serve", "train", "onnxruntime", "torch", "matplotlib"}


def test_torch_jit_is_used_in_one_file():
    users = [
        path.name for path in (ROOT / "train").rglob("*.py") if "torch.jit." in path.read_text()
    ]
    assert users == ["torchscript.py"]
