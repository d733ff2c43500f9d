"""CurveClient with a labelled model: labels by name or index, one or one a row."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from curvegan import CurveClient, ServiceError
from curvegan.engine import Engine
from serve.running import RunningServer
from tests.support.labelled.days import LABELS, N_NOISE

SEEDS = [7, -1, 9]


@pytest.fixture
def asking(labelled_server: RunningServer) -> Iterator[CurveClient]:
    with CurveClient(labelled_server.address) as connected:
        yield connected


@pytest.mark.parametrize(
    ("labels", "indices"),
    [
        (LABELS[1], [1]),
        (2, [2]),
        (np.int64(2), [2]),
        ([LABELS[2]], [2]),
        ([LABELS[2], LABELS[0], LABELS[1]], [2, 0, 1]),
        ([0, LABELS[1], np.int32(2)], [0, 1, 2]),
        (np.array([2, 1, 0], np.uint8), [2, 1, 0]),
        (np.array(LABELS), [0, 1, 2]),
        (tuple(LABELS), [0, 1, 2]),
    ],
)
def test_labels_by_name_and_index_give_the_engine_s_bytes(
    asking: CurveClient, labelled_engine: Engine, labels: object, indices: list[int]
):
    each = np.broadcast_to(indices, 3).astype(np.int64)
    expected = labelled_engine.curves_from_seeds(np.array(SEEDS), each).tobytes()
    assert asking.generate(SEEDS, labels=labels).tobytes() == expected
    assert asking.generate(SEEDS, labels=labels, version=1).tobytes() == expected
    assert np.concatenate(list(asking.stream(SEEDS, labels=labels))).tobytes() == expected
    noise = np.random.default_rng(0).standard_normal((3, N_NOISE), np.float32)
    of_noise = labelled_engine.curves_from_noise(noise, each).tobytes()
    assert asking.generate_from_noise(noise, labels=labels).tobytes() == of_noise
    parts = asking.stream_from_noise(noise, labels=labels)
    assert np.concatenate(list(parts)).tobytes() == of_noise


@pytest.mark.parametrize("seeds", [range(300_000), np.arange(300_000)[::-1]])
def test_a_list_of_labels_is_cut_along_with_the_seeds(
    asking: CurveClient, labelled_engine: Engine, seeds: range | np.ndarray
):
    labels = np.arange(300_000) % 3
    curves = np.concatenate(list(asking.stream(seeds, labels=labels)))
    expected = labelled_engine.curves_from_seeds(np.array(seeds), labels)
    assert curves.tobytes() == expected.tobytes()


WRONG = [
    ("Monday", r"label 'Monday' is not .*: 0 'working day', 1 'Sünd- & Feiertag, “ruhig”', 2 '夏'"),
    (["working day", "", "夏"], "label '' is not one of"),
    ([0, 3, 1], "label 3 is not one of"),
    (-1, "label -1 is not one of"),
    (True, "label True is not one of"),
    ([1.5], r"label 1\.5 is not one of"),
    (2**31, "label 2147483648 is not one of"),
    ([0, 1], "there are 2 labels: give one, or one for each of the 3 curves"),
    ([], "there are 0 labels"),
    ([[0, 1, 2]], r"labels have shape \(1, 3\)"),
]


@pytest.mark.parametrize(("labels", "problem"), WRONG)
def test_wrong_labels_of_a_known_model_are_refused_before_they_are_sent(
    asking: CurveClient, labels: object, problem: str
):
    asking.model(1)
    asking.close()  # Whatever was sent now would fail otherwise.
    for ask in (asking.generate, asking.stream):
        with pytest.raises(ValueError, match=problem):
            ask(SEEDS, labels=labels, version=1)


def test_the_server_lists_its_classes_to_a_client_that_does_not_know_them(asking: CurveClient):
    for labels, problem in ((None, "is empty: give the class"), (7, "is 7 in row 0")):
        with pytest.raises(ServiceError, match=rf"source\.labels {problem}.*0 'working day', 1"):
            asking.generate(SEEDS, labels=labels)


def test_labels_for_a_model_without_are_refused(client: CurveClient):
    with pytest.raises(ValueError, match="this model makes curves without labels"):
        client.generate(SEEDS, labels="working day")
    with pytest.raises(ServiceError, match=r"source\.labels is set: this model makes curves wi"):
        client.generate(SEEDS, labels=0, version=0)


def test_names_cost_a_call_once_for_a_version_and_without_labels_there_is_none(
    asking: CurveClient, client: CurveClient
):
    asked = methods_asked(asking)
    for _ in range(3):
        asking.generate(SEEDS, labels="夏", version=1)
    assert asked == ["GetModel", "GenerateCurves", "GenerateCurves", "GenerateCurves"]
    asked.clear()
    asking.generate(SEEDS, labels=1)
    asking.generate(SEEDS, labels="夏")
    assert asked == ["GenerateCurves", "GetModel", "GenerateCurves"]
    of_unlabelled = methods_asked(client)
    client.generate(SEEDS)
    assert of_unlabelled == ["GenerateCurves"]


def methods_asked(client: CurveClient) -> list[str]:
    """Returns a list that grows by the method of each unary call of `client`."""
    asked: list[str] = []
    ask: Callable = client._ask

    def noted(method: str, request: object) -> object:
        asked.append(method)
        return ask(method, request)

    client._ask = noted
    return asked
