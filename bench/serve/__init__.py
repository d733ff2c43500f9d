"""The server under load, beside others.

`inference`: perf_analyzer on ours, a plain server, Triton and MLServer; `clients`: what our client
and tritonclient see; `side_by_side` and `stream`: beside grpcio that answers with canned bytes.
"""
