"""The demo: from training to a picture of served curves."""
