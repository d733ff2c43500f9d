"""Arrays and whole messages as protobuf fields, written by their wire form.

A message class copies numbers in one by one (`extend` takes 64 ms for 150,000 floats); here the
array's own bytes are the field. Reading needs no help: `np.array(message.values)` copies at once.
See the protobuf encoding guide, "Packed repeated fields".
"""

import ctypes
import sys

import numpy as np
import numpy.typing as npt

_LENGTH_DELIMITED = 2


def packed(
    field_number: int,
    numbers: npt.NDArray[np.float32] | npt.NDArray[np.int64],
    head: bytes = b"",
) -> bytes:
    """Returns `numbers` as the packed field `field_number`: float, or sfixed64 for int64.

    A message is the concatenation of its fields: `head`, the bytes of others, goes before.
    """
    order = numbers.dtype
    if not order.isnative or sys.byteorder == "big":
        order = order.newbyteorder("<")
    return delimited(field_number, np.ascontiguousarray(numbers, order).data, head)


def unfilled(
    field_number: int, shape: tuple[int, int], head: bytes
) -> tuple[bytes, npt.NDArray[np.float32]]:
    """Returns a message, `head` and a packed field of floats, and the memory of that field as an
    array, float32 `shape`: what is written there stands in the message.

    It saves a stream one of its copies of every number. To be filled before anyone else sees the
    message; numbers lie in it as they do in memory, which must be little-endian.
    """
    n_bytes = 4 * shape[0] * shape[1]
    start = b"".join(_begun(field_number, n_bytes, head))
    message = start.ljust(len(start) + n_bytes, b"\0")
    address = np.frombuffer(message, np.uint8).ctypes.data + len(start)
    memory = (ctypes.c_char * n_bytes).from_address(address)
    # Kept for as long as someone may write there.
    memory.message = message  # type: ignore[attr-defined]
    return message, np.frombuffer(memoryview(memory), np.float32).reshape(shape)


def delimited(field_number: int, content: bytes | memoryview, head: bytes = b"") -> bytes:
    """Returns `content`, a message's bytes or plain ones, as the field `field_number` after
    `head`."""
    return b"".join((*_begun(field_number, memoryview(content).nbytes, head), content))


def _begun(field_number: int, n_bytes: int, head: bytes) -> tuple[bytes, bytes, bytes]:
    """Returns what stands before the content of a field of `n_bytes` bytes."""
    return head, _varint(field_number << 3 | _LENGTH_DELIMITED), _varint(n_bytes)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
