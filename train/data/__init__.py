"""Real curves.

Read in this order: `source` (what a training needs of them), `quadratics` (the tutorial's), `drawn`
with `sines`, `logistic` and `damped` (further families), `x_grid` (x as users write it), and
`table` (a user's file).
"""
