"""Curves from a server.

Read in this order: `rows` (what is asked for), `credentials` and `connection` (how a server is
reached), `failures` and `retry` (what becomes of a call that fails), `curve_client`.
"""

# Seconds, a year: gRPC counts a longer deadline as one that is over.
MAX_TIMEOUT = 365 * 24 * 3600.0
