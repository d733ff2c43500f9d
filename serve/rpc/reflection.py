"""Server reflection, `grpc.reflection.v1` and `v1alpha`: lists the services and their messages.

grpcio has only v1alpha, but newer tools try v1 first. Both are the same on the wire except for the
name of the package, so one servicer serves both, and v1's descriptor is made from v1alpha's.
"""

from collections.abc import Iterable

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from grpc_reflection.v1alpha import reflection, reflection_pb2

from serve.rpc.standard_services import StandardServices

_V1 = "grpc.reflection.v1.ServerReflection"


def add_to(server: StandardServices, services: Iterable[str]) -> None:
    """Adds reflection to `server`, for `services` and for reflection itself."""
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
    """Adds v1's descriptor to the default descriptor pool, where reflection finds it."""
    v1alpha, v1 = descriptor_pb2.FileDescriptorProto(), descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(v1alpha)
    text_format.Parse(text_format.MessageToString(v1alpha).replace("v1alpha", "v1"), v1)
    v1.name = "grpc/reflection/v1/reflection.proto"
    v1.ClearField("options")  # They mark v1alpha as deprecated.
    try:
        descriptor_pool.Default().FindFileByName(v1.name)
    except KeyError:
        descriptor_pool.Default().Add(v1)
