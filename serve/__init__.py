"""Serves exported generators: model repository -> engine -> service -> client. Never needs torch.

Read in this order: `manifest`, `repository` and `publish` (the files on disk), `engine` (seeds or
noise to curves), `status`, `settled` and `versions` (those that are loaded), `sources` (what a
request asks for), `settings`, `calls`, `cores`, `share`, `batches` and `plane` (its curves, within
the bounds), `wire`, `tokens` and `handlers` (what every call has), `service` (our contract),
`content_coding` and `protocol` (the Open Inference Protocol), `health`, `reflection` and `aside`
(gRPC's own services), `grpc_server`, `page_routes` (the page, built from `page/`), `door` (who gets
in over HTTP), `http`, `metrics` and `logs`, `memory`, `stop` and `worker` (all of it in a process),
`origins`, `tls`, `listening`, `reports` and `supervisor` (processes on a port, to an orderly end),
`client`. Shared by all: `arrays`, `seeds`, `address`, `files`, `errors`, `ort`, `picture_style`,
`early_interrupt` and `command_line`, and `process`, which runs a server beside a program.
"""
