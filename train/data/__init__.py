"""Real curves."""
