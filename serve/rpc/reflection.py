"""`grpc.reflection.v1` and `v1alpha`: says which services there are, and what their messages are.

grpcio has v1alpha alone; newer tools ask v1 first. Both are the same on the wire but for the name
of the package, so one servicer answers for both, and v1's description is made from v1alpha's.
"""

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection, reflection_pb2

from serve.rpc.standard_services import Aside

_V1 = "grpc.reflection.v1.ServerReflection"


def add_to(server: Aside, services: Iterable[str]) -> None:
    """Adds the reflection of `services`, and of itself, to a server."""
    names = (reflection.SERVICE_NAME, _V1)
    servicer = reflection.aio.ReflectionServicer((*services, *names))
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    _describe_v1()
    for name in names:
        server.add_registered_method_handlers(name, {"ServerReflectionInfo": handler})


def _describe_v1() -> None:
    """Adds v1's description to what reflection can tell."""
    v1alpha, v1 = descriptor_pb2.FileDescriptorProto(), descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(v1alpha)
    text_format.Parse(text_format.MessageToString(v1alpha).replace("v1alpha", "v1"), v1)
    v1.name = "grpc/reflection/v1/reflection.proto"
    v1.ClearField("options")  # They say that it is deprecated, which v1alpha alone is.
    try:
        descriptor_pool.Default().FindFileByName(v1.name)
    except KeyError:
        descriptor_pool.Default().Add(v1)
