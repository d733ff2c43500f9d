"""The game of two networks.

Read in this order: `networks`, `perceptrons` (many of them at once), `scale` (between them and the
curves), `loss`, `adam` and `loop` (the game).
"""
