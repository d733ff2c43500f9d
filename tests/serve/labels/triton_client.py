"""Asks a labelled model by Triton's clients: triton_client.py GRPC_ADDRESS HTTP_ADDRESS CURVES.

Runs in an environment that has tritonclient, but not this project. CURVES is the file of what the
seeds below give with the classes below. Exits with 0 if every response is correct.
"""

import sys

import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.http as http_client
from tritonclient.utils import InferenceServerException

SEEDS = np.arange(-32, 32, dtype=np.int64)
CLASSES = SEEDS % 3


def tensor(client, name, array, **options):
    datatype = {"int64": "INT64", "float32": "FP32"}[array.dtype.name]
    made = client.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, **options)
    return made


def error_of(call):
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("no error was raised")


def check(library, client, options, expected, metadata):
    assert [(each["name"], each["datatype"], each["shape"]) for each in metadata["inputs"]] == [
        ("seeds", "INT64", [-1]),
        ("labels", "INT64", [-1]),
    ]
    for given in options:
        seeds, labels = (
            tensor(library, name, array, **given)
            for name, array in (("seeds", SEEDS), ("labels", CLASSES))
        )
        for inputs in ([seeds, labels], [labels, seeds]):
            curves = client.infer("sampler", inputs).as_numpy("curves")
            assert curves.shape == (len(SEEDS), 24)
            assert curves.tobytes() == expected
        noise = np.random.default_rng(0).standard_normal((len(SEEDS), 6)).astype(np.float32)
        of_noise = client.infer("generator", [tensor(library, "noise", noise, **given), labels])
        assert of_noise.as_numpy("curves").shape == (len(SEEDS), 24)

    missing = error_of(lambda: client.infer("sampler", [seeds]))
    assert "inputs has 1 tensors: this model takes 2 (seeds, labels)" in missing.message()
    unknown = tensor(library, "labels", np.full_like(SEEDS, 3))
    error = error_of(lambda: client.infer("sampler", [seeds, unknown]))
    assert "is 3 in row 0: this model's classes are 0 'working day', 1 " in error.message()
    assert error.status() in ("StatusCode.INVALID_ARGUMENT", "400")
    few = tensor(library, "labels", CLASSES[:2])
    assert "has 2 rows" in error_of(lambda: client.infer("sampler", [seeds, few])).message()


def main(grpc_address, http_address, curves_file):
    with open(curves_file, "rb") as file:  # noqa: PTH123
        expected = file.read()
    with grpc_client.InferenceServerClient(grpc_address) as client:
        found = client.get_model_metadata("sampler").inputs
        inputs = [
            {"name": each.name, "datatype": each.datatype, "shape": list(each.shape)}
            for each in found
        ]
        check(grpc_client, client, [{}], expected, {"inputs": inputs})
        config = client.get_model_config("generator").config
        assert [(each.name, list(each.dims)) for each in config.input] == [
            ("noise", [-1, 6]),
            ("labels", [-1]),
        ]
    client = http_client.InferenceServerClient(http_address)
    forms = [{"binary_data": True}, {"binary_data": False}]
    check(http_client, client, forms, expected, client.get_model_metadata("sampler"))
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
