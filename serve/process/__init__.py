"""The server's processes, and what is in them.

Read in this order: `listening` (the ports), `messages` (what workers report), `signals`,
`supervisor` (which starts, watches and ends workers), `memory`, and `worker` (which puts all parts
together).
"""
