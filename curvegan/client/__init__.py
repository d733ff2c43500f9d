"""Curves from a server.

Read in this order: `rows` and `labels` (what is asked for), `target`, `proxy`, `credentials` and
`connection` (how a server is reached), `failures` and `retry` (what happens when a call fails),
`answers` and `curve_client`.
"""

# Seconds, a year: gRPC takes a longer deadline for one that has passed.
MAX_TIMEOUT = 365 * 24 * 3600.0
