"""A training, and what is kept of it.

Read in this order: `history`, `machine`, `checkpoint` and `folder` (what is on disk),
`tensorboard`, and `training`, from its start or from where it was left.
"""
