"""How good a generator is, and which of a population is the best.

Read in this order: `measures` (a family's own list), `quadratics` (those of the tutorial's family),
`samples` (which curves are compared with which), `comparisons` (the measures of any curves, which
`distributions`, `classifiers` and `neighbours` compute), `judge` (all of them, beside what the
yardsticks score), `verdict` (a sentence of it) and `selection`.
"""
