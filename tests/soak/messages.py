"""Sends random valid messages to all methods: each must get a response or an error status."""

import time
from collections import Counter
from typing import Any

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from serve.rpc import curve_service as service
from serve.rpc import inference_service
from serve.running import RunningServer

_METHODS = [
    method
    for described in (service.SERVICE, inference_service.SERVICE)
    for method in described.methods
]
# Meaningful values, in addition to random ones.
_TEXTS = st.sampled_from(
    ["", "sampler", "generator", "1", "seeds", "noise", "INT64", "FP32", "curves"]
)
_NUMBERS = st.sampled_from([0, 1, 2, 5, -1])
_KINDS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: _TEXTS | st.text(max_size=50),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=200),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    **dict.fromkeys(
        (
            FieldDescriptor.TYPE_INT64,
            FieldDescriptor.TYPE_SINT64,
            FieldDescriptor.TYPE_SFIXED64,
        ),
        _NUMBERS | st.integers(-(2**63), 2**63 - 1),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_SINT32, FieldDescriptor.TYPE_ENUM),
        _NUMBERS | st.integers(-(2**31), 2**31 - 1),
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_FIXED32), st.integers(0, 2**32 - 1)
    ),
    **dict.fromkeys(
        (FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64), st.integers(0, 2**64 - 1)
    ),
}


def send_random_messages(server: RunningServer, seconds: float) -> Counter[grpc.StatusCode]:
    """Calls methods with random messages for `seconds`. Returns the counts by status."""
    until = time.monotonic() + seconds
    found: Counter[grpc.StatusCode] = Counter()
    with grpc.insecure_channel(server.address) as channel:

        def call(data: st.DataObject) -> None:
            method = data.draw(st.sampled_from(_METHODS))
            request = data.draw(_messages(method.input_type))
            path = f"/{method.containing_service.full_name}/{method.name}"
            found[_status(channel, method, path, request.SerializeToString())] += 1

        round_number = 0
        while time.monotonic() < until:
            round_number += 1
            # No database and no shrinking: hypothesis only generates requests here.
            seed(round_number)(
                settings(
                    max_examples=100,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )(given(st.data())(call))
            )()
    return found


def _status(channel: grpc.Channel, method: Any, path: str, request: bytes) -> grpc.StatusCode:
    try:
        if method.client_streaming:
            for _ in channel.stream_stream(path)(iter([request]), timeout=20):
                pass
        elif method.server_streaming:
            stream = channel.unary_stream(path)(request, timeout=20)
            next(stream)
            stream.cancel()
        else:
            channel.unary_unary(path)(request, timeout=20)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()  # type: ignore[attr-defined]
        return code
    return grpc.StatusCode.OK


def _messages(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    """Returns a strategy for messages with a random subset of fields set to random values."""
    fields = {
        field.name: st.none() | _values(field)
        for field in descriptor.fields
        # Maps (parameters) are covered by the tests of the tensors.
        if not (field.message_type and field.message_type.GetOptions().map_entry)
    }
    return st.fixed_dictionaries(fields).map(
        lambda values: GetMessageClass(descriptor)(
            **{name: value for name, value in values.items() if value is not None}
        )
    )


def _values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    one = _messages(field.message_type) if field.message_type else _KINDS[field.type]
    return st.lists(one, max_size=6) if field.is_repeated else one
