"""Serves exported generators: model repository -> engine -> service -> client. Never needs torch.

Read in this order: `manifest`, `repository` and `publish` (the files on disk), `engine` (seeds or
noise to curves), `pool` (the engine behind an event loop), `sources` and `wire` (requests and
answers), `status`, `in_flight` and `handlers` (what every call has), `service` (our contract),
`protocol` (the Open Inference Protocol), `listening`, `stop` and `server` (all of it on a port, to
an orderly end), `client`. Shared by all: `arrays`, `seeds`, `address`, `files`, `errors`,
`picture_style`, `early_interrupt` and `command_line`, and `process`, which runs a server beside a
program.
"""
