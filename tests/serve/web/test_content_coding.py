"""Compressed requests are read within the limits; responses are compressed on request."""

import asyncio
import contextlib
import gzip
import http.client
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.calls.status import RequestError
from serve.running import RunningServer, running_server
from serve.settings import MIB, Limits
from serve.web.content_coding import CODINGS, accepted, decoded, encoded
from tests.serve.web.test_server import INFER, ONE_SEED, ask
from tests.soak.observe import peak_memory

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}
REQUEST = json.dumps(ONE_SEED).encode()
LIMIT = Limits().max_request_bytes


def read(*pieces: bytes, coding: str) -> bytes:
    """Returns a request that was sent in `pieces`, decompressed by `decoded`."""

    async def sent() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def received() -> bytes:
        return b"".join([part async for part in decoded(sent(), coding)])

    return asyncio.run(received())


def infer(
    server: RunningServer, rows: int = 1, raw: bool = False, **headers: str
) -> tuple[bytes, http.client.HTTPMessage]:
    """Requests the curves of the seeds 0, 1, 2 ... Returns the response's body and headers."""
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [rows], "data": list(range(rows))}
    body = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": raw}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, content, found = ask(server, "POST", INFER, body, named)
    assert status == 200, content
    return content, found


@given(st.lists(st.binary(max_size=50)), st.integers(1, 9), st.sampled_from(CODINGS))
def test_a_body_is_decompressed_however_it_was_split(pieces, size, coding):
    sent = b"".join(encoded(pieces, coding))
    cut = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert read(*cut, b"", coding=coding) == b"".join(pieces)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [0, 1, 2**18 - 1, 2**18, 2**18 + 1, 2**20])
def test_a_highly_compressed_body_is_decompressed_completely(coding: str, size: int):
    assert read(COMPRESS[coding](bytes(size)), coding=coding) == bytes(size)


def test_other_tasks_run_while_a_request_is_decompressed():
    iterations = 0

    async def count() -> None:
        nonlocal iterations
        while True:
            iterations += 1
            await asyncio.sleep(0)

    async def sent() -> AsyncIterator[bytes]:
        yield gzip.compress(bytes(16 * MIB))

    async def decompress() -> None:
        other = asyncio.create_task(count())
        async for part in decoded(sent(), "gzip"):
            assert len(part) <= MIB
        other.cancel()

    asyncio.run(decompress())
    assert iterations > 16


@pytest.mark.parametrize("coding", ["gzip", "deflate", "GZip", "x-gzip", "identity", ""])
def test_a_compressed_request_gets_the_same_response(server: RunningServer, coding: str):
    compress = COMPRESS.get(coding.lower().removeprefix("x-"), lambda body: body)
    headers = {"Content-Encoding": coding} if coding else {}
    _, expected, _ = ask(server, "POST", INFER, REQUEST)
    assert ask(server, "POST", INFER, compress(REQUEST), headers)[:2] == (200, expected)


@pytest.mark.parametrize("coding", CODINGS)
def test_the_json_length_is_that_of_the_uncompressed_json(server: RunningServer, coding: str):
    """Like in Triton's client."""
    seeds = np.arange(1000)
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [1000]}
    head = json.dumps(
        {"inputs": [tensor | {"parameters": {"binary_data_size": seeds.nbytes}}]}
    ).encode()
    headers = {"Content-Encoding": coding, "Inference-Header-Content-Length": str(len(head))}
    body = COMPRESS[coding](head + seeds.tobytes())
    status, answer, _ = ask(server, "POST", INFER, body, headers)
    assert (status, json.loads(answer)["outputs"][0]["shape"]) == (200, [1000, 15])


@pytest.mark.parametrize("header", ["Content-Encoding", "Inference-Header-Content-Length"])
def test_a_repeated_header_counts_as_a_list(server: RunningServer, header: str):
    host, _, port = server.http.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    with contextlib.closing(connection):
        connection.putrequest("POST", INFER)
        for value in ("gzip", "identity"):
            connection.putheader(header, value)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        answer = json.loads(connection.getresponse().read())
    assert answer["error"].startswith(f"{header} is 'gzip, identity'")


@pytest.mark.parametrize("path", [INFER, "/v2/repository/index"])
@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, deflate", "gzip, gzip", "compress"])
def test_an_unknown_coding_gets_415_and_the_list_of_codings(
    server: RunningServer, path: str, coding: str
):
    status, answer, headers = ask(server, "POST", path, b"\0", {"Content-Encoding": coding})
    assert (status, headers["Accept-Encoding"]) == (415, "gzip, deflate")
    assert json.loads(answer) == {
        "error": f"Content-Encoding is {coding!r}: send gzip, deflate or identity"
    }


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lambda _: REQUEST, "request is not valid CODING: Error -3 while decompressing data"),
        (lambda _: os.urandom(1000), "request is not valid CODING"),
        (lambda sent: sent[:-1], "request is truncated: its CODING stream is incomplete"),
        (lambda _: b"", "request is truncated: its CODING stream is incomplete"),
        (lambda sent: sent + b"x", "request has data after the end of its CODING stream"),
        (lambda sent: sent + sent, "request has data after the end of its CODING stream"),
        (lambda sent: sent[:-1] + bytes([sent[-1] ^ 1]), "request is not valid CODING"),
    ],
)
def test_an_invalid_compressed_body_gets_400_and_the_reason(
    server: RunningServer, coding: str, wrong: Callable[[bytes], bytes], problem: str
):
    body = wrong(COMPRESS[coding](REQUEST))
    status, answer, _ = ask(server, "POST", INFER, body, {"Content-Encoding": coding})
    assert status == 400
    assert problem.replace("CODING", coding) in json.loads(answer)["error"]


def test_data_after_the_compressed_stream_is_rejected_even_in_a_later_piece():
    with pytest.raises(RequestError, match="has data after the end of its gzip stream"):
        read(gzip.compress(b"{}"), b"", b"x", coding="gzip")


@pytest.mark.parametrize("coding", CODINGS)
def test_the_size_limit_applies_to_the_decompressed_request(server: RunningServer, coding: str):
    headers = {"Content-Encoding": coding}
    fits = COMPRESS[coding](REQUEST.ljust(LIMIT))
    assert ask(server, "POST", INFER, fits, headers)[0] == 200
    over = COMPRESS[coding](REQUEST.ljust(LIMIT + 1))
    status, answer, _ = ask(server, "POST", INFER, over, headers)
    assert (status, json.loads(answer)["error"]) == (413, f"request is larger than {LIMIT} bytes")


def test_a_decompression_bomb_is_not_expanded(published: Path):
    """Each would take 500 MB."""
    bomb = zlib.compress(bytes(500 * MIB), 9)
    with running_server(published) as server:
        ask(server, "POST", INFER, REQUEST)
        with peak_memory(server) as before:
            ask(server, "GET", "/v2")
        with peak_memory(server) as peak:
            for _ in range(4):
                status, _, _ = ask(server, "POST", INFER, bomb, {"Content-Encoding": "deflate"})
                assert status == 413
        assert peak.bytes - before.bytes < 32 * MIB


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("rows", [1, 64, 65, 3000])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_response_is_compressed_on_request(
    server: RunningServer, coding: str, rows: int, raw: bool
):
    expected, plain = infer(server, rows, raw)
    assert "Content-Encoding" not in plain
    content, headers = infer(server, rows, raw, Accept_Encoding=coding)
    assert headers["Content-Encoding"] == coding
    assert zlib.decompress(content, wbits=47) == expected
    length = "Inference-Header-Content-Length"
    assert headers.get(length) == plain.get(length)
    assert headers["Vary"] == plain["Vary"] == "Accept-Encoding"
    assert raw or rows == 1 or len(content) < 0.7 * len(expected)


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/models", "/v2/models/sampler/config", "/v2/models/stats", "/nothing"]
)
def test_other_responses_are_not_compressed(server: RunningServer, path: str):
    """Triton's asyncio client accepts gzip, but does not decompress these."""
    _, body, headers = ask(server, "GET", path, headers={"Accept-Encoding": "gzip, deflate"})
    assert "Content-Encoding" not in headers
    assert json.loads(body)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("deflate, gzip", "gzip"),
        ("br, zstd", None),
        ("br, deflate", "deflate"),
        ("*", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", "deflate"),
        ("gzip; q=0.2, deflate; q=0.5", "deflate"),
        ("gzip;q=0.5, identity", None),
        ("identity;q=0.5, gzip", "gzip"),
        ("*;q=0", None),
        ("gzip;q=x", None),
        ("gzip;q=nan", None),
        (",;,=", None),
    ],
)
def test_a_client_gets_the_coding_that_it_prefers(header: str, coding: str | None):
    assert accepted(header) == coding


@given(st.text())
def test_no_accept_encoding_header_raises_an_error(header: str):
    assert accepted(header) in (None, *CODINGS)
