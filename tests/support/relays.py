"""What may stand between a client and its server: a relay that drops connections without a word,
and an HTTP proxy."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """Relays TCP connections to a server, a context manager.

    `address` is where it listens, `accepted` how many connections it took. While `is_open` is not
    set, those that it takes have to wait.
    """

    def __init__(self, server: str) -> None:
        host, _, port = server.rpartition(":")
        self._server = (host, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.accepted = 0
        self.is_open = threading.Event()
        self.is_open.set()
        self._dropped = threading.Event()
        self._sockets: list[socket.socket] = [self._listening]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.is_open.set()
        for opened in self._sockets:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()
        for thread in self._threads:
            thread.join()

    def drop(self) -> None:
        """Relays nothing more on the connections that there are, and does not close them."""
        self._dropped.set()
        self._dropped = threading.Event()

    def begin(self, client: socket.socket) -> bool:
        """Says what comes before the first relayed byte. Returns whether there shall be one."""
        del client
        return self.is_open.wait()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.accepted += 1
                self._sockets.append(client)
                self._start(self._relay, client)

    def _relay(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if not self.begin(client):
                client.close()
                return
            server = socket.create_connection(self._server)
            self._sockets.append(server)
            self._start(self._copy, client, server, self._dropped)
            self._copy(server, client, self._dropped)

    def _copy(self, source: socket.socket, to: socket.socket, dropped: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                if not dropped.is_set():
                    to.sendall(content)
            if not dropped.is_set():
                to.shutdown(socket.SHUT_WR)


class HttpProxy(Relay):
    """An HTTP proxy that connects all who ask to one server, or answers `status` if that is not
    200. `asked` is for what hosts it was asked."""

    def __init__(self, server: str, status: int = 200) -> None:
        self.asked: list[str] = []
        self._status = status
        super().__init__(server)

    def begin(self, client: socket.socket) -> bool:
        """Reads the request, and answers it."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        method, host, _ = head.split(None, 2)
        assert method == b"CONNECT"
        self.asked.append(host.decode())
        super().begin(client)
        client.sendall(b"HTTP/1.1 %d as told\r\n\r\n" % self._status)
        return self._status == 200
