"""Who may enter which room."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "serve").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_serve_imports_neither_torch_nor_train(module: str):
    imported = set()
    for node in ast.walk(ast.parse((ROOT / module).read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert not imported & {"torch", "train", "onnx", "onnxscript"}


def test_the_client_loads_nothing_of_the_server():
    """The protocol's stubs above all, whose names other clients register too."""
    program = (
        "import sys; from serve.client import CurveClient; "
        "print(*(name for name in sys.modules if name.startswith('serve.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "serve.client" in loaded
    assert not [name for name in loaded if name.startswith(("serve.protocol", "serve.worker"))]


def test_torch_jit_is_used_in_one_file():
    users = [
        path.name for path in (ROOT / "train").rglob("*.py") if "torch.jit." in path.read_text()
    ]
    assert users == ["torchscript.py"]
