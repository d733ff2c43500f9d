"""Real sets of curves, and how near ours and other people's generators come to them."""
