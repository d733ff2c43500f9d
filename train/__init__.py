"""Trains GANs on a family of curves and exports the best generator.

Read in this order: `recipes` (hyperparameters), `families` (real curves), `philox` and `streams`
(random numbers), `networks` and `perceptrons` (their gradient), `loss`, `loop` (the game) and
`cuda_graph`, `history`, `checkpoint` and `runs` (what is kept of it), `interrupts`, `tensorboard`
and `training` (a run's training, from its start or from where it was left), `quality` and
`selection` (which GAN is the best), `export` (the files, and their parity), `pipeline` (all of
it), `pictures`, and what people see: `progress`, `reports`, `__main__` (the command).
"""
