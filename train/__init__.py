"""Trains a GAN on a family of curves and exports its generator.

Read in this order: `families` (real curves), `philox` and `streams` (random numbers), `networks`,
`loss`, `loop`, `export` (the files, and their parity), `quality`, `runs` (all of it as one run).
"""
