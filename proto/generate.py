"""Generates the Python stubs of proto/ into a folder: python proto/generate.py [FOLDER]."""

import sys
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent


def generate(folder: Path) -> None:
    """Writes the message classes, their types and the client stubs below `folder`."""
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    outputs = [f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")]
    status = protoc.main(["protoc", f"--proto_path={PROTO}", *outputs, *sources])
    if status:
        sys.exit(status)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO.parent)
