"""The same seeds and the same noise through every runtime: python -m bench.parity.

`rows` makes them and what torch computes of them in float64, `runtimes` lists the runtimes, and
each `with_*` runs one of them as a process of its own, in an environment of its own where its
packages do not go with ours (`measure` says what it is given and what it leaves).
"""
