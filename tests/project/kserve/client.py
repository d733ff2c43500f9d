"""Asks a server for curves by KServe's clients: client.py GRPC_ADDRESS HTTP_ADDRESS FOLDER.

Runs in an environment that has kserve, but not this project. Reads seeds.npy and noise.npy in the
folder, and writes each answer into MODEL-HOW.npy.
"""

import asyncio
import sys
from pathlib import Path

import numpy as np
from kserve import InferInput, InferRequest
from kserve.inference_client import InferenceGRPCClient, InferenceRESTClient, RESTConfig

MODELS = {"sampler": ("seeds", "INT64"), "generator": ("noise", "FP32")}


def request(model, folder, binary):
    """Returns a request for the numbers of a file, raw if `binary`."""
    name, datatype = MODELS[model]
    rows = np.load(folder / f"{name}.npy")
    given = InferInput(name, list(rows.shape), datatype)
    given.set_data_from_numpy(rows, binary_data=binary)
    return InferRequest(model, [given])


async def ask_rest(url, folder):
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert not await client.is_model_ready(url, "painter")
        for model in MODELS:
            assert await client.is_model_ready(url, model)
            for how, binary in (("json", False), ("binary", True)):
                asked = request(model, folder, binary)
                answer = await client.infer(url, asked, model_name=model)
                np.save(folder / f"{model}-{how}.npy", answer.outputs[0].as_numpy())


async def ask_grpc(address, folder):
    async with InferenceGRPCClient(address) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        for model in MODELS:
            assert await client.is_model_ready(model)
            for how, binary in (("typed", False), ("raw", True)):
                answer = await client.infer(request(model, folder, binary))
                np.save(folder / f"{model}-{how}.npy", answer.outputs[0].as_numpy())


async def main(grpc_address, http_address, folder):
    await ask_rest(f"http://{http_address}", Path(folder))
    await ask_grpc(grpc_address, Path(folder))


asyncio.run(main(*sys.argv[1:]))
