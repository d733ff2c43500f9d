"""Trains GANs on curves and exports the best generator.

Read in this order: `recipes` (hyperparameters), `settings` (what a training is asked to be), `data`
(real curves), `noise` (random numbers), `gan` (networks, loss, and the game), `run` (a training,
and what is kept of it), `quality` (how good a generator is, and which is the best), `families`
(what can be learnt, and its measures), `export` (the files, and their parity), `pipeline` (all of
it), `importing` (generators that were trained elsewhere), `pictures`, `terminal`, `options` and
`__main__` (the command).
"""
