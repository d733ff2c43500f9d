"""Sends random JSON over REST: each request must get a response or an error status."""

import http.client
import json
import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from serve.running import RunningServer
from tests.soak.garbage import LEAKS

_TEXTS = st.sampled_from(["seeds", "noise", "curves", "INT64", "FP32", ""]) | st.text(max_size=20)
_NUMBERS = (
    st.sampled_from([0, 1, 2, 5, -1, 2**63, 10**400, 1e39]) | st.integers() | st.floats(width=32)
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=20,
)
_PARAMETERS = st.dictionaries(
    st.sampled_from(["binary_data", "binary_data_output", "binary_data_size", "classification"]),
    st.booleans() | _NUMBERS,
    max_size=2,
)
_RIGHT = [
    {"name": "seeds", "datatype": "INT64", "shape": [2], "data": [7, -1]},
    {"name": "noise", "datatype": "FP32", "shape": [1, 5], "data": [[0, 1, 2, 3, 4]]},
]
_TENSORS = st.builds(
    lambda right, changed: right | changed,
    st.sampled_from(_RIGHT),
    st.fixed_dictionaries(
        {},
        optional={
            "name": _TEXTS,
            "datatype": _TEXTS,
            "shape": st.lists(_NUMBERS, max_size=3),
            "data": st.lists(_NUMBERS, max_size=6) | _ANYTHING,
            "parameters": _PARAMETERS | _ANYTHING,
        },
    ),
)
_DOCUMENTS = _ANYTHING | st.fixed_dictionaries(
    {"inputs": st.lists(_TENSORS, min_size=1, max_size=2) | _ANYTHING},
    optional={
        "id": _TEXTS | _ANYTHING,
        "parameters": _PARAMETERS | _ANYTHING,
        "outputs": st.lists(_ANYTHING, max_size=2),
    },
)
_PATHS = st.sampled_from(
    [
        *(f"/v2/models/{model}/infer" for model in ("sampler", "sampler", "generator", "painter")),
        "/v2/models/sampler/versions/1/infer",
        "/v2/models/sampler/versions/x/infer",
        "/v2/repository/index",
    ]
)
_LENGTHS = st.none() | st.sampled_from(["0", "10", "-1", "x", "9" * 30])


def send_random_documents(
    server: RunningServer, seconds: float
) -> tuple[Counter[int], list[bytes]]:
    """Posts random documents for `seconds`. Returns the counts by status, and responses that leak
    internals."""
    assert server.http is not None
    connection = http.client.HTTPConnection(server.http, timeout=20)
    until = time.monotonic() + seconds
    found: Counter[int] = Counter()
    leaks: list[bytes] = []

    def post(data: st.DataObject) -> None:
        path, document = data.draw(_PATHS), data.draw(_DOCUMENTS)
        length = data.draw(_LENGTHS)
        headers = {} if length is None else {"Inference-Header-Content-Length": length}
        connection.request("POST", path, _encoded(document), headers)
        answer = connection.getresponse()
        content = answer.read()
        found[answer.status] += 1
        leaks.extend(content for leak in LEAKS if leak in content)

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
            )(given(st.data())(post))
        )()
    connection.close()
    return found, leaks


def _encoded(document: Any) -> bytes:
    """Encodes a document as JSON, including NaN and lone surrogates, which are invalid."""
    return json.dumps(document).encode(errors="surrogatepass")
