"""python -m bench.serve.servers.canned FOLDER [THREADS]: grpcio answering bytes that are ready.

The limit of what a server on grpcio can reach: no parsing, no computing. A call of the method
`/canned/NAME` is answered with the file NAME of the folder; by grpc.aio, or by so many threads.
Its first line says its address.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import grpc.aio


def main(folder: Path, threads: int) -> None:
    """Serves until it is killed."""
    answers = {path.name: path.read_bytes() for path in folder.iterdir()}
    if threads:
        server = grpc.server(ThreadPoolExecutor(threads))
        server.add_generic_rpc_handlers((_handler({n: _said(a) for n, a in answers.items()}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        print(f"127.0.0.1:{port}", flush=True)
        server.wait_for_termination()
    else:
        asyncio.run(_serve(answers))


async def _serve(answers: dict[str, bytes]) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_handler({n: _said_later(a) for n, a in answers.items()}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


def _handler(behaviours: dict[str, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        "canned",
        {name: grpc.unary_unary_rpc_method_handler(said) for name, said in behaviours.items()},
    )


def _said(answer: bytes) -> Any:
    return lambda _request, _context: answer


def _said_later(answer: bytes) -> Any:
    async def say(_request: bytes, _context: object) -> bytes:
        return answer

    return say


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
