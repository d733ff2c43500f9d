"""Serves exported generators: model repository -> engine -> service -> client. Never needs torch.

Read in this order: `manifest` and `repository` (the files on disk), `engine` (seeds or noise to
curves), `sources` and `service` (the gRPC contract), `server` (all of it on a port), `client`.
"""
