"""The Open Inference Protocol (KServe v2) with Triton's extensions, whatever it comes in by.

Read in this order: `models` (which models there are, and their tensors), `tensors` (messages to
sources, curves to messages), `rest` (the same in JSON), `describe`, `statistics` and `lookup`
(everything else that can be asked). `inference_pb2` holds the generated messages.

The protocol: https://github.com/kserve/open-inference-protocol. The extensions:
https://github.com/triton-inference-server/server/tree/main/docs/protocol.
"""
