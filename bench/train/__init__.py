"""Training beside the plain loop and Lightning, and the search for the recipe."""
