"""Calls all methods of Triton's client: triton_client.py GRPC_ADDRESS [HTTP_ADDRESS].

Runs in an environment that has tritonclient, but not this project. Exits with 0 if every response
is correct.
"""

import asyncio
import queue
import sys

import numpy as np
import tritonclient.grpc as grpc_client
import tritonclient.grpc.aio as aio_client
import tritonclient.http as http_client
import tritonclient.http.aio as aio_http_client
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

SEEDS = np.arange(-32, 32, dtype=np.int64)
OUTPUTS = [grpc_client.InferRequestedOutput("curves")]


def tensor(client, name, array):
    """Returns an input for `client`, a module of tritonclient, with the numbers of `array`."""
    datatype = {"int64": "INT64", "float32": "FP32"}[array.dtype.name]
    made = client.InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array)
    return made


def seeds_input(client=grpc_client, seeds=SEEDS):
    return [tensor(client, "seeds", seeds)]


def error_of(call):
    """Returns the error that `call` raises."""
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("no error was raised")


def check_calls(client):
    """Checks everything but inference. Returns the numbers per curve and per row of noise."""
    assert client.is_server_live()
    assert client.is_server_ready()
    server = client.get_server_metadata()
    assert server.name == "curvegan"
    assert server.version
    assert {"model_configuration", "statistics"} <= set(server.extensions)

    sampler = client.get_model_metadata("sampler")
    assert (sampler.name, sampler.platform) == ("sampler", "onnxruntime_onnx")
    [seeds], [curves] = sampler.inputs, sampler.outputs
    assert (seeds.name, seeds.datatype, list(seeds.shape)) == ("seeds", "INT64", [-1])
    assert (curves.name, curves.datatype, curves.shape[0]) == ("curves", "FP32", -1)
    [noise] = client.get_model_metadata("generator").inputs
    assert (noise.name, noise.datatype, noise.shape[0]) == ("noise", "FP32", -1)

    config = client.get_model_config("generator").config
    assert (config.name, config.backend, config.max_batch_size) == ("generator", "onnxruntime", 0)
    assert list(config.input[0].dims) == [-1, noise.shape[1]]
    assert list(config.output[0].dims) == [-1, curves.shape[1]]

    newest = sampler.versions[-1]
    for model in ("sampler", "generator"):
        assert client.is_model_ready(model)
        assert client.is_model_ready(model, newest)
    assert not client.is_model_ready("painter")
    assert not client.is_model_ready("sampler", "999999")
    index = client.get_model_repository_index().models
    assert {(model.name, model.version, model.state) for model in index} == {
        (model, version, "READY")
        for model in ("sampler", "generator")
        for version in sampler.versions
    }
    every = client.get_inference_statistics().model_stats
    assert {(model.name, model.version) for model in every} == {
        (model.name, model.version) for model in index
    }
    one = client.get_inference_statistics("sampler", newest).model_stats
    assert [(model.name, model.version) for model in one] == [("sampler", newest)]
    return curves.shape[1], noise.shape[1]


def check_inference(client, n_points, n_noise):
    """Checks seeds, noise and versions. Returns the curves of SEEDS."""
    result = client.infer("sampler", seeds_input(), request_id="first", outputs=OUTPUTS)
    response = result.get_response()
    newest = client.get_model_metadata("sampler").versions[-1]
    assert (response.id, response.model_name, response.model_version) == (
        "first",
        "sampler",
        newest,
    )
    curves = result.as_numpy("curves")
    assert (curves.shape, curves.dtype) == ((len(SEEDS), n_points), np.float32)
    named = client.infer("sampler", seeds_input(), model_version=newest)
    assert named.as_numpy("curves").tobytes() == curves.tobytes()
    alone = client.infer("sampler", seeds_input(seeds=SEEDS[5:6]))
    assert alone.as_numpy("curves").tobytes() == curves[5].tobytes()

    noise = np.random.default_rng(0).standard_normal((7, n_noise), np.float32)
    generated = client.infer("generator", [tensor(grpc_client, "noise", noise)])
    assert generated.as_numpy("curves").shape == (7, n_points)
    again = client.infer("generator", [tensor(grpc_client, "noise", noise[3:])])
    assert again.as_numpy("curves").tobytes() == generated.as_numpy("curves")[3:].tobytes()

    pending = queue.Queue()
    client.async_infer("sampler", seeds_input(), lambda result, error: pending.put((result, error)))
    result, error = pending.get(timeout=20)
    assert error is None
    assert result.as_numpy("curves").tobytes() == curves.tobytes()
    return curves


def check_errors(client):
    wrong = [tensor(grpc_client, "seeds", np.zeros((2, 2), np.int64))]
    error = error_of(lambda: client.infer("sampler", wrong))
    assert error.status() == "StatusCode.INVALID_ARGUMENT"
    assert "inputs[0].shape" in error.message()
    for call in (
        lambda: client.infer("painter", seeds_input()),
        lambda: client.infer("sampler", seeds_input(), model_version="999999"),
        lambda: client.get_model_metadata("painter"),
        lambda: client.get_model_config("painter"),
        lambda: client.get_inference_statistics("painter"),
    ):
        assert error_of(call).status() == "StatusCode.NOT_FOUND"
    unknown = [grpc_client.InferRequestedOutput("paintings")]
    error = error_of(lambda: client.infer("sampler", seeds_input(), outputs=unknown))
    assert error.status() == "StatusCode.INVALID_ARGUMENT"


def check_typed(address, curves):
    """Checks typed fields, which tritonclient itself does not send: the response is raw."""
    with grpc_client.grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = service_pb2.ModelInferRequest(model_name="sampler")
        given = request.inputs.add(name="seeds", datatype="INT64", shape=[len(SEEDS)])
        given.contents.int64_contents.extend(SEEDS.tolist())
        response = stub.ModelInfer(request, timeout=20)
        assert response.raw_output_contents[0] == curves.tobytes()


def check_stream(client, curves):
    """Checks that an invalid request gets an error and the stream continues."""
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    client.async_stream_infer("sampler", seeds_input(), request_id="a")
    client.async_stream_infer("painter", seeds_input(), request_id="b")
    client.async_stream_infer("sampler", seeds_input(), request_id="c")
    (first, no), (_, wrong), (last, none) = (answers.get(timeout=20) for _ in range(3))
    client.stop_stream()
    assert no is None
    assert none is None
    assert [result.get_response().id for result in (first, last)] == ["a", "c"]
    assert first.as_numpy("curves").tobytes() == last.as_numpy("curves").tobytes()
    assert last.as_numpy("curves").tobytes() == curves.tobytes()
    assert "model_name" in wrong.message()


async def check_aio(address, curves):
    """Checks the asynchronous client."""
    async with aio_client.InferenceServerClient(address) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("sampler")
        assert (await client.get_server_metadata()).name == "curvegan"
        assert (await client.get_model_metadata("sampler")).name == "sampler"
        assert (await client.get_model_config("sampler")).config.name == "sampler"
        assert (await client.get_model_repository_index()).models
        assert (await client.get_inference_statistics("sampler")).model_stats
        results = await asyncio.gather(*(client.infer("sampler", seeds_input()) for _ in range(8)))
        for result in results:
            assert result.as_numpy("curves").tobytes() == curves.tobytes()

        async def requests():
            for model in ("sampler", "painter", "sampler"):
                yield {"model_name": model, "inputs": seeds_input()}

        answers = [answer async for answer in client.stream_infer(requests())]
        assert [error is None for _, error in answers] == [True, False, True]
        assert answers[2][0].as_numpy("curves").tobytes() == curves.tobytes()


def check_http(address, curves, n_noise):
    """Checks the same over HTTP, with numbers raw and in JSON."""
    client = http_client.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("sampler")
    assert not client.is_model_ready("painter")
    assert client.get_server_metadata()["name"] == "curvegan"
    metadata = client.get_model_metadata("generator")
    assert metadata["inputs"] == [{"name": "noise", "datatype": "FP32", "shape": [-1, n_noise]}]
    newest = metadata["versions"][-1]
    assert client.get_model_metadata("generator", newest)["versions"] == [newest]
    assert client.get_model_config("sampler")["input"][0]["data_type"] == "TYPE_INT64"
    assert {model["name"] for model in client.get_model_repository_index()} == {
        "sampler",
        "generator",
    }
    assert client.get_inference_statistics("sampler")["model_stats"][0]["name"] == "sampler"

    for raw_input in (True, False):
        for raw_output in (True, False):
            given = http_client.InferInput("seeds", [len(SEEDS)], "INT64")
            given.set_data_from_numpy(SEEDS, binary_data=raw_input)
            wanted = http_client.InferRequestedOutput("curves", binary_data=raw_output)
            result = client.infer("sampler", [given], request_id="r", outputs=[wanted])
            assert result.as_numpy("curves").tobytes() == curves.tobytes()
            assert result.get_response()["id"] == "r"
            assert ("data" in result.get_output("curves")) is not raw_output
    default = client.infer("sampler", seeds_input(http_client))
    assert default.as_numpy("curves").tobytes() == curves.tobytes()

    noise = np.random.default_rng(0).standard_normal((7, n_noise), np.float32)
    raw, typed = (http_client.InferInput("noise", list(noise.shape), "FP32") for _ in range(2))
    raw.set_data_from_numpy(noise)
    typed.set_data_from_numpy(noise, binary_data=False)
    answers = [client.infer("generator", [given]).as_numpy("curves") for given in (raw, typed)]
    assert answers[0].tobytes() == answers[1].tobytes()

    for algorithm in ("gzip", "deflate"):
        for raw in (True, False):
            given = http_client.InferInput("seeds", [len(SEEDS)], "INT64")
            given.set_data_from_numpy(SEEDS, binary_data=raw)
            result = client.infer(
                "sampler",
                [given],
                outputs=[http_client.InferRequestedOutput("curves", binary_data=raw)],
                request_compression_algorithm=algorithm,
                response_compression_algorithm=algorithm,
            )
            assert result.as_numpy("curves").tobytes() == curves.tobytes()

    error = error_of(lambda: client.infer("painter", seeds_input(http_client)))
    assert error.status() == "404"
    assert "sampler and generator are" in error.message()
    wrong = [tensor(http_client, "seeds", np.zeros((2, 2), np.int64))]
    assert error_of(lambda: client.infer("sampler", wrong)).status() == "400"
    client.close()


async def check_http_aio(address, curves):
    """Checks the asynchronous client, which always accepts gzip."""
    async with aio_http_client.InferenceServerClient(address) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert (await client.get_server_metadata())["name"] == "curvegan"
        assert (await client.get_model_metadata("sampler"))["name"] == "sampler"
        assert (await client.get_model_config("sampler"))["name"] == "sampler"
        assert await client.get_model_repository_index()
        assert (await client.get_inference_statistics("sampler"))["model_stats"]
        # Compressing requests fails in this client, because it lacks an import.
        for algorithm in (None, "gzip", "deflate"):
            result = await client.infer(
                "sampler", seeds_input(http_client), response_compression_algorithm=algorithm
            )
            assert result.as_numpy("curves").tobytes() == curves.tobytes()


def main(grpc_address, http_address=None):
    with grpc_client.InferenceServerClient(grpc_address) as client:
        n_points, n_noise = check_calls(client)
        curves = check_inference(client, n_points, n_noise)
        check_errors(client)
        check_stream(client, curves)
    check_typed(grpc_address, curves)
    asyncio.run(check_aio(grpc_address, curves))
    if http_address:
        check_http(http_address, curves, n_noise)
        asyncio.run(check_http_aio(http_address, curves))


if __name__ == "__main__":
    main(*sys.argv[1:])
