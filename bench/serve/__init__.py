"""Benchmarks of the server, compared with others.

`inference`: perf_analyzer with our server, a plain server, Triton and MLServer. `clients`: our
client and tritonclient. `side_by_side` and `stream`: compared with grpcio returning canned bytes.
"""
