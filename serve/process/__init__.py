"""The server's processes: a supervisor and its workers.

Read in this order: `listening` (the ports) and `socket_file`, `messages` (from workers to the
supervisor), `signals`, `place` and `supervisor` (starts, watches and stops workers), `memory`, and
`worker` (assembles the server).
"""
