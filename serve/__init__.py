"""The server for exported generators, over gRPC and HTTP. Does not need torch.

Read in this order: `settings` and `settings_origins`, `process` (supervisor and workers), `rpc`
(gRPC) and `web` (HTTP), `inference` (the Open Inference Protocol, used by both), `calls` (limits,
authentication, metrics and logs) and `compute` (model versions and computing curves). `running`
runs a server as a subprocess.
"""
