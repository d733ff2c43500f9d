"""python -m bench.serve.servers.canned FOLDER [THREADS]: grpcio returning canned bytes.

The upper limit for a server on grpcio: no parsing, no computing. The method `/canned/NAME` returns
the file NAME of the folder. Uses grpc.aio, or a pool of THREADS threads. Prints its address as the
first line.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import grpc.aio


def main(folder: Path, threads: int) -> None:
    """Serves until the process is terminated."""
    answers = {path.name: path.read_bytes() for path in folder.iterdir()}
    if threads:
        server = grpc.server(ThreadPoolExecutor(threads))
        server.add_generic_rpc_handlers((_handler({n: _respond(a) for n, a in answers.items()}),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        print(f"127.0.0.1:{port}", flush=True)
        server.wait_for_termination()
    else:
        asyncio.run(_serve(answers))


async def _serve(answers: dict[str, bytes]) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_handler({n: _respond_async(a) for n, a in answers.items()}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


def _handler(methods: dict[str, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        "canned",
        {name: grpc.unary_unary_rpc_method_handler(respond) for name, respond in methods.items()},
    )


def _respond(answer: bytes) -> Any:
    return lambda _request, _context: answer


def _respond_async(answer: bytes) -> Any:
    async def respond(_request: bytes, _context: object) -> bytes:
        return answer

    return respond


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
