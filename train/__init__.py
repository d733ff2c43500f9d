"""Trains a GAN on a family of curves and exports its generator.

Read in this order: `recipes` (hyperparameters), `families` (real curves), `philox` and `streams`
(random numbers), `networks`, `loss`, `loop`, `export` (the files, and their parity), `quality`,
`runs` (the folder that a run leaves), `pipeline` (all of it), `progress` and `__main__` (the
command).
"""
