"""A training, and what is kept of it.

Read in this order: `history`, `machine`, `checkpoint`, `documents` and `folder` (what is on disk),
`table` (the user's curves), `tensorboard`, `training` (from its start or from where it was left)
and `quality` (how good its curves are).
"""
