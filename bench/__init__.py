"""Benchmarks. Each command prints a table.

Machines are noisy, so the candidates of a table take turns in one run: compare the ratios of their
medians.
"""
