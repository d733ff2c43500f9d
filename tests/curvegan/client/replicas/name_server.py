"""A DNS server that knows one name, whose addresses a test can change: a headless Service."""

import socket
import threading
from collections.abc import Sequence
from typing import Self

_A, _IN = b"\x00\x01", b"\x00\x01"


class NameServer:
    """Answers every question for IPv4 with `addresses`, which nobody may keep, and all others with
    nothing."""

    def __init__(self, *addresses: str) -> None:
        self.addresses: Sequence[str] = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            asked, asker = self._socket.recvfrom(512)
            if not asked:
                return
            self._socket.sendto(self._answer(asked), asker)

    def _answer(self, asked: bytes) -> bytes:
        """Returns the message for a question (RFC 1035, section 4.1)."""
        end = asked.index(b"\x00", 12) + 5  # After the name: two bytes of type, two of class.
        question = asked[12:end]
        found = self.addresses if question[-4:-2] == _A else ()
        # An authoritative answer without an error; how many questions, answers and others.
        head = asked[:2] + b"\x84\x00" + b"\x00\x01" + len(found).to_bytes(2) + bytes(4)
        # 0xc00c points at the name in the question; then time to live 0 and 4 bytes of address.
        record = b"\xc0\x0c" + _A + _IN + bytes(4) + b"\x00\x04"
        return head + question + b"".join(record + socket.inet_aton(each) for each in found)
