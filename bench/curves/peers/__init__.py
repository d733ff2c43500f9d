"""Other people's generators of curves, each in an environment of its own."""
