"""MLServer with the methods that perf_analyzer needs in addition: start.py start FOLDER.

perf_analyzer requires ModelConfig and ModelStatistics, which MLServer lacks. They return the files
FOLDER/MODEL/METHOD.
"""

import sys
from pathlib import Path

import grpc
import mlserver.cli
import mlserver.server
from mlserver.grpc import GRPCServer


class AnsweringServer(GRPCServer):
    """MLServer's gRPC server with two more methods."""

    folder = Path(sys.argv[-1])

    def _create_server(self):
        server = super()._create_server()
        handlers = {name: self._handler(name) for name in ("ModelConfig", "ModelStatistics")}
        service = "inference.GRPCInferenceService"
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        return server

    def _handler(self, method):
        answers = {path.parent.name: path.read_bytes() for path in self.folder.glob(f"*/{method}")}

        async def answer(request, _context):
            # The request contains only the model's name and version.
            return next(answers[model] for model in answers if model.encode() in request)

        return grpc.unary_unary_rpc_method_handler(answer)


mlserver.server.GRPCServer = AnsweringServer
mlserver.cli.main()
