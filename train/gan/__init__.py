"""The game of two networks.

Read in this order: `networks`, `perceptrons` (many of them, with their gradient), `loss`, `loop`
(the game) and `cuda_graph`.
"""
