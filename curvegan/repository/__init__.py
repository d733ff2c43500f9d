"""The models on disk.

Read in this order: `manifest` (what a version is), `repository` (which versions there are, and
their files, verified) and `publish` (the next version, whole or not at all).
"""
