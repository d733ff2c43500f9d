"""The server's processes, and what is in them.

Read in this order: `listening` (the ports), `messages` (what workers report), `supervisor` (which
starts, watches and ends workers), `stop` and `memory`, and `worker` (which puts all parts
together).
"""
