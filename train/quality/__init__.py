"""How good a generator is, and which of a population is the best.

Read in this order: `measures` (the list, and what a measure is), `quadratics` (those of the
tutorial's family) and `selection`.
"""
