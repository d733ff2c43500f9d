"""Curves into files: `curvegan generate` asks a server, `curvegan bulk` computes.

Read in this order: `seed_text` (seeds as people write them), `labels` (classes likewise), `answer`
(their curves, as they arrive), `output` (the file) and `bulk` (files without end).
"""
