"""Curves, within the server's bounds.

Read in this order: `settled` and `versions` (those that are loaded), `sources` (what a request asks
for), `cores` and `fair_share`, `batching`, and `plane`, which all services ask.
"""
