"""The Open Inference Protocol (KServe v2) with Triton's extensions, for gRPC and HTTP.

Read in this order: `models` (models and their tensors), `tensors` (protobuf messages to sources,
curves to messages), `rest_numbers` and `rest` (the same for JSON), `describe`, `statistics` and
`lookup` (metadata, statistics and readiness). `inference_pb2` contains the generated messages.

The protocol: https://github.com/kserve/open-inference-protocol. The extensions:
https://github.com/triton-inference-server/server/tree/main/docs/protocol.
"""
