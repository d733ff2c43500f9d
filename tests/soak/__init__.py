"""Attacks on a running server: `make soak` runs each for a minute, the test suite for seconds.

Each attack takes a server and a duration, and returns what it observed; callers check it.
`changes` does what operators do: publish and delete versions, restart workers.
"""
