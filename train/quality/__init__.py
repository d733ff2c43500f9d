"""How good a generator is, and which of a population is the best."""
