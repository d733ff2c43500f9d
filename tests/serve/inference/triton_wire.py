"""Reads our messages with Triton's classes: triton_wire.py FOLDER.

FOLDER contains `contract.bin`, a FileDescriptorProto, and `MESSAGE.bin` for each message. Every
field of the contract must exist in Triton's. Writes the messages as JSON to `MESSAGE.json`.
"""

import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToJson
from tritonclient.grpc import model_config_pb2, service_pb2

FILES = [
    FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
    for module in (service_pb2, model_config_pb2)
]


def fields(messages, outer=""):
    """Returns the number, type and kind of each field, by its full name."""
    found = {}
    for message in messages:
        name = f"{outer}{message.name}"
        for field in message.field:
            found[f"{name}.{field.name}"] = (
                field.number,
                field.type,
                field.label,
                field.type_name,
                field.HasField("oneof_index"),
            )
        found |= fields(message.nested_type, f"{name}.")
    return found


def methods(file):
    return {
        method.name: (
            method.input_type,
            method.output_type,
            method.client_streaming,
            method.server_streaming,
        )
        for method in file.service[0].method
    }


def main(folder):
    ours = FileDescriptorProto.FromString((folder / "contract.bin").read_bytes())
    theirs = fields([message for file in FILES for message in file.message_type])
    for name, field in fields(ours.message_type).items():
        assert theirs[name] == field, f"{name}: {field}, Triton has {theirs.get(name)}"
    known = {value.name: value.number for enum in FILES[1].enum_type for value in enum.value}
    for enum in ours.enum_type:
        for value in enum.value:
            assert known[value.name] == value.number, value.name
    for name, method in methods(ours).items():
        assert methods(FILES[0])[name] == method, name
    for path in folder.glob("*.bin"):
        if path.stem != "contract":
            message = getattr(service_pb2, path.stem).FromString(path.read_bytes())
            text = MessageToJson(message, preserving_proto_field_name=True)
            path.with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
