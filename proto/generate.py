"""Generates the Python stubs of proto/ into a folder: python proto/generate.py [FOLDER].

`make stubs` runs it with the compiler of proto/requirements.txt, in an environment of its own.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).parent


@dataclass(frozen=True)
class Contract:
    """A folder of proto/: where its stubs go, and which kinds of them."""

    folder: str
    target: str
    kinds: tuple[str, ...]


CONTRACTS = (
    # Ours: for whoever installs the package.
    Contract("curvegan", ".", ("python", "pyi", "grpc_python")),
    # The Open Inference Protocol: its clients bring their own stubs, the server needs the messages.
    Contract("inference", "serve", ("python", "pyi")),
)


def generate(folder: Path) -> None:
    """Writes the message classes, their types and the client stubs below `folder`."""
    for contract in CONTRACTS:
        target = folder / contract.target
        target.mkdir(parents=True, exist_ok=True)
        sources = sorted(map(str, (PROTO / contract.folder).rglob("*.proto")))
        outputs = [f"--{kind}_out={target}" for kind in contract.kinds]
        status = protoc.main(["protoc", f"--proto_path={PROTO}", *outputs, *sources])
        if status:
            sys.exit(status)


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else PROTO.parent)
