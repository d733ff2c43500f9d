"""Side-by-side benchmarks; each module is a command that prints a table.

Machines are noisy, so the candidates of a table take turns in one run, and what counts is the
ratio of their medians.
"""
