"""Random numbers that a seed and a step decide.

Read in this order: `philox` (the generator of random words), `streams` (a training's numbers) and
`seed_rule` (from a seed to the noise of its curve).
"""
