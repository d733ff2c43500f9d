"""Computes curves, within the server's limits.

Read in this order: `version_digests` and `versions` (the loaded model versions), `sources` and
`labels` (what a request asks for), `fair_share` (CPU and memory), `batching`, and `plane`, which
all services call.
"""
