"""Curves into a file: `curvegan generate`.

Read in this order: `seed_text` (seeds as people write them), `answer` (their curves, as they
arrive) and `output` (the file).
"""
