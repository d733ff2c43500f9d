"""Attacks on a running server: `make soak` runs them for a minute each, the suite for seconds.

Each takes a server and how long to go on, and returns what it saw; what is right is said where they
are called. Beside them stands what a server's owners do to it, which its clients must not notice.
"""
