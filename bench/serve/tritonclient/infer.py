"""Repeats a call to a server's sampler with tritonclient, one at a time.

infer.py grpc|http ADDRESS SHAPE SECONDS: SHAPE is the shape of the seeds, such as 1000 or 1000,1.
Prints the milliseconds that each call took, from array to array, as JSON. Runs in an environment
that has tritonclient, but not this project.
"""

import json
import sys
import time

import numpy as np
import tritonclient.grpc
import tritonclient.http

CLIENTS = {"grpc": tritonclient.grpc, "http": tritonclient.http}


def main(protocol, address, shape, seconds):
    library = CLIENTS[protocol]
    drawn = np.random.default_rng(0).integers(
        -(2**63), 2**63, tuple(map(int, shape.split(","))), np.int64
    )
    client = library.InferenceServerClient(address)

    def call():
        seeds = library.InferInput("seeds", list(drawn.shape), "INT64")
        seeds.set_data_from_numpy(drawn)
        return client.infer("sampler", [seeds]).as_numpy("curves")

    for _ in range(20):
        assert len(call()) == len(drawn)
    times = []
    end = time.perf_counter() + float(seconds)
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(times))


if __name__ == "__main__":
    main(*sys.argv[1:])
