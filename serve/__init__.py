"""Serves exported generators: model repository -> engine -> service -> client. Never needs torch.

Read in this order: `settings` and `settings_origins` (what was asked for), `process` (the
processes), `rpc` and `web` (what calls come in by), `inference` (a protocol that both speak),
`calls` (what every call has) and `compute` (the curves). `running` runs a server beside a program.
"""
