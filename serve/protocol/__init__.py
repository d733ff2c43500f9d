"""The Open Inference Protocol (KServe v2) with Triton's extensions, over gRPC and over REST.

Read in this order: `models` (which models there are, and their tensors), `tensors` (requests to
sources, curves to answers), `describe`, `statistics` and `lookup` (everything else that can be
asked), `servicer` (the gRPC service), `rest` (the same in JSON). `inference` holds the generated
messages.

The protocol: https://github.com/kserve/open-inference-protocol. The extensions:
https://github.com/triton-inference-server/server/tree/main/docs/protocol.
"""
